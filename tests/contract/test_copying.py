"""A database that is copied to the other kind, and back, is the same: every row, number and search."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, NullPool, create_engine, insert, inspect, make_url, select, text, update

from ingest.hosts import HostWait
from rules.text import TOKENIZER_VERSION
from storage import migrate, tables
from storage.address import read_address
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.columns import UtcTime
from storage.copying import copier, plan
from storage.copying.rows import Sum
from storage.errors import CopyDiffers, CopyTargetTaken, CopyUnfinished, DatabaseInUse, DatabaseMissing
from storage.listings import Listings
from storage.lock import DatabaseLock
from storage.store import Store

ROOT = Path(__file__).parents[2]
A = "https://a.example/"
#: Copies FROM to TO, and is killed after so many ranges.
KILLED = """
import os, signal, sys
from storage.copying import copier, plan

left = int(sys.argv[3])

def tell(_table, _done, _total):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

plan.ROWS = 2
plan._ROWS_OF.clear()
copier.copy(sys.argv[1], sys.argv[2], tell_copied=tell)
"""


@pytest.fixture(scope="module")
def template(server, postgresql_server):
    """The name of a database as the migrations make it, of which copies are made in a moment."""
    with postgresql_server.new_database(server) as made:
        migrate.upgrade(made)
        yield make_url(made).database


@pytest.fixture
def empty_postgresql(server, template):
    """A database of its own: what is left of a copy is no database that others could use."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"{template}_copy"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def filled(newsroom, archives, url, store, make):
    """The address of a database of either kind, in which everything has happened."""
    archives.fill(newsroom, make)
    store.keep_host_waits([HostWait(address=A, host="a.example", until=make.T0, holds=True)])
    store.save_subscription(make.subscription(newsroom.feed_id))
    return url


def stored(url):
    """Every row of every table that is copied, as it stands there."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            of.name: sorted(map(repr, connection.execute(select(*of.table.c))))
            for of in plan.tables(engine.dialect.name)
        }
    engine.dispose()
    return found


def run(url, statement):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


def findings(url):
    """What is wrong with the database: the one that is filled here has an entry that cannot be."""
    found = [each.message for each in examine(url, Depth.FULL)]
    assert len(found) <= 1
    return found


# --- the same ---------------------------------------------------------------------------------------


def test_there_and_back_every_row_is_the_same(filled, other_url, tmp_path):
    back = f"sqlite:///{tmp_path}/back.db"
    done = copier.copy(filled, other_url)
    assert not done.is_resumed
    assert sum(each.rows for each in done.tables) == sum(map(len, stored(filled).values()))
    assert stored(other_url) == stored(filled)
    again = copier.copy(other_url, back)
    assert stored(back) == stored(filled)
    assert again.tables == done.tables


def test_the_copy_is_in_step_and_is_searched(filled, other_url):
    copier.copy(filled, other_url)
    assert findings(other_url) == findings(filled)
    with Listings(filled) as before, Listings(other_url) as after:
        for query in ("harbour", "Bridges", "money AND Ships"):
            assert list(after.search(query).rows) == list(before.search(query).rows) != []


def test_work_goes_on_in_the_copy_and_no_number_is_given_out_twice(filled, other_url, store, newsroom, make):
    gone = newsroom.entry(f"{A}last", at=make.T0)
    run(filled, text("DELETE FROM poll_log WHERE id = (SELECT max(id) FROM poll_log)"))
    run(filled, tables.entry.delete().where(tables.entry.c.id == gone))
    store.close()
    copier.copy(filled, other_url)
    with Store(other_url) as copied:
        later = make.Newsroom(copied, feed_id=newsroom.feed_id)
        assert later.entry(f"{A}next", at=make.T0 + timedelta(hours=9)) == gone + 1


def test_references_hold_in_the_copy(third_url, empty_postgresql):
    before = stored_references(empty_postgresql)
    copier.copy(third_url, empty_postgresql)
    assert stored_references(empty_postgresql) == before != []


def stored_references(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = inspect(connection)
        references = [
            (name, each["name"], each["constrained_columns"], each["referred_table"])
            for name in sorted(tables.metadata.tables)
            for each in sorted(found.get_foreign_keys(name), key=lambda each: each["name"])
        ]
    engine.dispose()
    return references


def test_rows_of_every_table_and_kind_of_value_go_over(empty_file, tmp_path, empty_postgresql):
    """Also of tables that no test fills by way of the store; a reference of row n leads to row n."""
    whole, back = tmp_path / "whole.db", tmp_path / "back.db"
    whole.write_bytes(empty_file.read_bytes())
    engine = create_engine(f"sqlite:///{whole}")
    with engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            if table.name not in plan.LEFT_OUT:
                for number in (1, 2, 3):
                    connection.execute(insert(table), {c.name: value_of(table, c, number) for c in table.c})
    engine.dispose()
    copier.copy(f"sqlite:///{whole}", empty_postgresql)
    copier.copy(empty_postgresql, f"sqlite:///{back}")
    assert stored(f"sqlite:///{back}") == stored(f"sqlite:///{whole}") == stored(empty_postgresql)
    assert all(len(rows) == 3 for rows in stored(empty_postgresql).values())


def value_of(table, column, number):
    if isinstance(column.type, UtcTime) and not (column.nullable and number == 2):
        return datetime(1968 + number, 1, 1, microsecond=1, tzinfo=UTC)
    kind = column.type.python_type
    if column.foreign_keys or (column.primary_key and kind is int):
        return number
    if column.name == "tokenizer_version":
        return TOKENIZER_VERSION
    if column.nullable and number == 2:
        return None
    if isinstance(column.type, JSON):
        return [number, "é\u2028", {"a": None, "b": 0.5}]
    kinds = {
        str: f"{table.name} {number} Ю\n\\N\t\x01",
        bytes: bytes(range(256)) * number,
        bool: number == 1,
        float: number / 3,
        int: -number if column.name in {"hash", "title", "line"} else number,
    }
    return kinds[kind]


def test_the_index_of_the_copy_is_of_the_present_tokenizer(filled, other_url, store):
    with_older = update(tables.article_version).values(tokenizer_version=TOKENIZER_VERSION - 1)
    store._write(lambda connection: connection.execute(with_older))
    copier.copy(filled, other_url)
    with Listings(other_url) as listings:
        assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == 0
        assert list(listings.search("harbour").rows)


def test_a_text_with_a_nul_can_be_copied(newsroom, url, other_url, make):
    newsroom.save(text="one\0 two", title="one")
    copier.copy(url, other_url)
    with Listings(other_url) as listings:
        assert [row.title for row in listings.search("two").rows] == ["one"]


# --- interrupted ------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 30])
def test_what_was_killed_goes_on_and_is_of_no_use_until_then(filled, other_url, store, after):
    store.close()
    done = subprocess.run([sys.executable, "-c", KILLED, filled, other_url, str(after)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    for use in (lambda: Store(other_url).last_topic_change(), lambda: migrate.upgrade(other_url)):
        with pytest.raises(CopyUnfinished, match="db copy FROM TO"):
            use()
    began = []
    resumed = copier.copy(filled, other_url, tell_copied=lambda _table, done, _total: began.append(done))
    assert resumed.is_resumed
    assert began[0] > after
    assert stored(other_url) == stored(filled)
    assert findings(other_url) == findings(filled)


def test_what_changed_since_it_was_interrupted_is_found(filled, other_url, store):
    interrupt(filled, other_url)
    store._write(lambda connection: connection.execute(update(tables.feed).values(title="another")))
    with pytest.raises(CopyDiffers, match="rows of feed are others"):
        copier.copy(filled, other_url)
    with pytest.raises(CopyUnfinished):
        migrate.status(other_url)


def test_the_copy_of_another_database_is_not_gone_on_with(filled, other_url, third_url):
    interrupt(filled, other_url)
    with pytest.raises(CopyUnfinished, match="of "):
        copier.copy(third_url, other_url)


def interrupt(source, target):
    def stop(table, _done, _total):
        if table == "entry":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copier.copy(source, target, tell_copied=stop)


# --- refused ----------------------------------------------------------------------------------------


def test_nothing_is_copied_over_what_is_there(filled, other_url):
    copier.copy(filled, other_url)
    with pytest.raises(CopyTargetTaken, match="there are rows in "):
        copier.copy(filled, other_url)
    with pytest.raises(CopyTargetTaken, match="the one that is to be copied"):
        copier.copy(filled, filled)


def test_nobody_may_work_on_either(filled, other_url):
    for taken in (filled, other_url):
        with DatabaseLock(read_address(taken)), pytest.raises(DatabaseInUse):
            copier.copy(filled, other_url)
    assert not any(stored(other_url).values())


def test_where_there_is_nothing_to_copy_nothing_is_made(tmp_path):
    with pytest.raises(DatabaseMissing):
        copier.copy(f"sqlite:///{tmp_path}/none.db", f"sqlite:///{tmp_path}/new.db")
    assert list(tmp_path.iterdir()) == []


# --- the checksum -----------------------------------------------------------------------------------

VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
ROWS = st.lists(st.tuples(VALUES | st.binary(), VALUES), max_size=4)


def checksum(*parts):
    summed = Sum()
    for rows in parts:
        summed.add(rows)
    return summed.rows, summed.hex


@given(ROWS, ROWS)
def test_rows_have_the_same_checksum_when_they_are_the_same_alone(one, other):
    assert (checksum(one) == checksum(other)) == (repr(one) == repr(other))
    assert checksum(one + other) == checksum(one, other)
