"""Migration 0005 brings along what was polled, from every earlier schema, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ingest.errors import Reason
from ingest.polling import FeedState
from storage import migrate, sqlite_file, tables
from storage.dialect import is_described
from storage.listings import Listings
from storage.store import Store

EARLIER = ("0001", "0002", "0003", "0004")

spec = importlib.util.spec_from_file_location(
    "migration_0005", migrate.scripts() / "versions" / "0005_how_feeds_are_doing.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)

#: every kind that an earlier version could store → the kind now
KINDS = {
    **migration.REASONS,
    "gone": "gone",
    "rate_limited": "rate_limited",
    "unavailable": "unavailable",
    "timeout": "timeout",
    "too_large": "too_large",
    "robots": "robots",
    "paywall": "paywall",
    "no_link": "no_link",
    "too_complex": "too_complex",
    None: None,
}


#: the kinds that earlier versions could store and this one does not know
OLD_KINDS = """
address_refused bad_address bad_coding connect dns forbidden http_error internal_error not_a_feed not_a_page
not_an_article not_found protocol robots_unreachable server_error tls too_many_redirects too_slow worker_died
"""


def test_no_old_kind_is_left_over():
    assert set(migration.REASONS) == set(OLD_KINDS.split())
    assert migration.HOLDERS == (("entry", "reason"), ("feed", "last_error"), ("poll_log", "error"))


def test_every_kind_becomes_one_that_exists():
    assert {kind for kind in KINDS.values() if kind is not None} <= set(Reason)
    assert not set(migration.REASONS) & set(Reason)


@dataclass
class Old:
    """A database of an earlier schema, to be filled and upgraded."""

    connection: object
    names: tuple[str | None, ...] = tuple(KINDS)

    def insert(self, table, **columns):
        names = ", ".join(columns)
        marks = ", ".join(f":{name}" for name in columns)
        self.connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), columns)

    def fill(self):
        """A feed, an entry and a poll for each kind of error; every second feed fails."""
        for number, kind in enumerate(self.names, start=1):
            state = FeedState.ACTIVE.value if kind is None else ("failing" if number % 2 else "dormant")
            feed = {"id": number, "url": f"https://{number}.example/", "fetch_url": "https://moved.example/"}
            feed |= {"state": state, "interval_s": 1800, "failures": number, "last_error": kind, "etag": '"x"'}
            self.insert("feed", **feed, next_poll_at=number, added_at=1)
            entry = {"id": number, "feed_id": number, "identity": "i", "title": "t", "text": "x", "sections": "[]"}
            entry |= {"content_hash": "h", "state": "failed", "reason": kind, "attempts": 0, "checks": 0}
            entry |= {"first_seen_at": number, "last_seen_at": number, "is_changed": False, "revision": 0}
            self.insert("entry", **entry)
            log = {"id": number, "feed_id": number, "at": number, "error": kind, "listed": 0, "new": 0, "changed": 0}
            self.insert("poll_log", **log)

    def rows(self, columns, table):
        return [tuple(row) for row in self.connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY id"))]


@contextmanager
def old_sqlite(tmp_path, _request):
    file = tmp_path / "old.db"
    file.write_bytes(b"")
    engine = sqlite_file.migrating_engine(file)
    with engine.begin() as connection:
        yield Old(connection)
    engine.dispose()


@contextmanager
def old_postgresql(_tmp_path, request):
    engine = create_engine(request.getfixturevalue("server"))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA of_polling")
        connection.exec_driver_sql("SET search_path TO of_polling")
        yield Old(connection)
        connection.rollback()
    engine.dispose()


@pytest.mark.parametrize("revision", EARLIER)
@pytest.mark.parametrize("kind", [old_sqlite, old_postgresql])
def test_what_was_polled_is_brought_along(tmp_path, request, kind, revision):
    with kind(tmp_path, request) as old:
        migrate.run_scripts(old.connection, revision)
        old.fill()
        before = old.rows("id, url, fetch_url, failures, etag, next_poll_at, added_at", "feed")
        migrate.run_scripts(old.connection)
        numbered = list(enumerate(KINDS.values(), start=1))
        assert old.rows("id, last_error", "feed") == numbered
        assert old.rows("id, reason", "entry") == numbered
        assert old.rows("id, error", "poll_log") == numbered
        states = {state for (state,) in old.rows("state", "feed")}
        assert states == {FeedState.ACTIVE, FeedState.BACKING_OFF, FeedState.DORMANT}
        assert old.rows("id, url, fetch_url, failures, etag, next_poll_at, added_at", "feed") == before
        new = "last_document_at, last_new_at, longest_quiet_s, broken_since, silent_since, hub, self_url, feed_format"
        assert set(old.rows(f"{new}, plan_why", "feed")) == {(None,) * 9}
        assert set(old.rows("date_fault, found_by", "entry")) == {(None, None)}
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_object": lambda _item, name, kind, *_: kind not in {"table", "index"} or is_described(name),
        }
        assert compare_metadata(MigrationContext.configure(old.connection, opts=options), tables.metadata) == []


def test_a_database_of_0004_goes_on_where_it_was(tmp_path, make):
    """What was stored is read, polled and listed by the code of today."""
    with old_sqlite(tmp_path, None) as old:
        migrate.run_scripts(old.connection, "0004")
        old.fill()
    url = f"sqlite:///{tmp_path}/old.db"
    migrate.upgrade(url)
    with Store(url) as store, Listings(url) as listings:
        assert len(listings.feeds()) == len(KINDS)
        assert {row.found_by for row in listings.entries()} == {"feed"}
        assert store.feed(1).state is FeedState.BACKING_OFF
        store.record_poll(make.poll(1, make.new_entry()))
        assert store.feed(1).state is FeedState.ACTIVE
        assert listings.trail(1).reason == Reason.CONNECTION
