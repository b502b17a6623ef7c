"""From every released schema, with rows in every table, to the present one: nothing is lost, alike on both of them."""

from __future__ import annotations

import json
import warnings
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, event, inspect, select, text
from sqlalchemy.exc import SAWarning

from storage import migrate, sqlite_file, tables
from storage.dialect import SEARCH_TABLE, is_described
from storage.listings import Listings
from storage.migrate import SchemaState
from storage.store import Store
from storage.views import VIEWS

RELEASED = ("0001", "0002", "0003", "0004", "0005")
ROWS = 3

#: what a column holds that takes some words alone; by table and column, or by column
WORDS = {
    ("feed", "state"): "active",
    ("entry", "state"): "done",
    ("relation", "kind"): "copy",
    ("story_change", "kind"): "joined",
    ("event", "kind"): "feed.gap",
    ("subscription", "state"): "active",
    "text_from": "page",
    ("match", "origin"): "live",
    ("event", "site"): None,
    "reason": None,
    "last_error": None,
    "error": None,
    "date_fault": None,
    "found_by": None,
    "retired_at": None,
    "finished_at": None,
}

#: what 0004 empties, since the hashes of another algorithm find nothing
EMPTIED = {"posting"}


def value_of(table, column, number):
    """A value for row *number*, 1, 2, …: distinct where it may have to be."""
    for key in ((table.name, column.name), column.name):
        if key in WORDS:
            return WORDS[key]
    if column.name in {"slots", "sections", "tags", "langs", "rules", "spans"}:
        return []
    kinds = {str: f"{table.name} {column.name} {number}", bytes: b"", bool: number == 1, float: number / 4}
    return number if column.foreign_keys else kinds.get(column.type.python_type, number)


def fill(connection):
    """Put rows into every table that there is; a reference of row n leads to row n."""
    with warnings.catch_warnings():
        # Tables that refer to each other have no order.
        warnings.simplefilter("ignore", SAWarning)
        metadata = MetaData()
        metadata.reflect(connection, only=lambda name, _: not name.startswith((SEARCH_TABLE, "alembic")))
        ordered = metadata.sorted_tables
    if connection.dialect.name == "postgresql":
        look_at_references(connection, "DEFERRABLE INITIALLY DEFERRED")
    for table in ordered:
        # Of a table that has but one row there is but one.
        rows = 1 if table.name == "posting_state" else ROWS
        for number in range(1, rows + 1):
            connection.execute(table.insert(), {c.name: value_of(table, c, number) for c in table.c})
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        look_at_references(connection, "NOT DEFERRABLE")
        for table in ordered:
            if (
                "id" in table.c
                and connection.execute(
                    text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{table.name}"'}
                ).scalar()
            ):
                connection.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), {ROWS}, true)")
                )
    return {table.name for table in ordered}


#: foreign keys, each with its table
REFERENCES = "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint WHERE contype = 'f'"


def look_at_references(connection, when):
    """Say when PostgreSQL looks whether references lead to a row; the owner of a table may."""
    for table, name in connection.execute(text(REFERENCES)).all():
        connection.execute(text(f"ALTER TABLE {table} ALTER CONSTRAINT {name} {when}"))


@contextmanager
def sqlite_of(revision, tmp_path, _request):
    file = tmp_path / "old.db"
    sqlite_file.create(file)
    with transaction(sqlite_file.migrating_engine(file)) as connection:
        migrate.run_scripts(connection, revision)
        names = fill(connection)
    yield f"sqlite:///{file}", names


@contextmanager
def postgresql_of(revision, _tmp_path, request):
    module, server = request.getfixturevalue("postgresql_server"), request.getfixturevalue("server")
    with module.new_database(server) as url:
        with transaction(create_engine(url)) as connection:
            migrate.run_scripts(connection, revision)
            names = fill(connection)
        yield url, names


@contextmanager
def transaction(engine):
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def dump(url):
    """All rows of all tables as the code knows them."""
    with transaction(create_engine(url)) as connection:
        return {
            table.name: [
                [bytes(value) if isinstance(value, (bytes, memoryview)) else value for value in row]
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in tables.metadata.sorted_tables
        }


def drift(url):
    """What differs between the database and the tables of the code."""
    with transaction(create_engine(url)) as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_object": lambda _, name, kind, *__: kind not in {"table", "index"} or is_described(name),
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)


KINDS = {"sqlite": sqlite_of, "postgresql": postgresql_of}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("revision", RELEASED)
def test_every_released_schema_is_brought_to_the_present_one(kind, revision, tmp_path, request, make):
    with KINDS[kind](revision, tmp_path, request) as (url, names):
        told = []
        found = migrate.upgrade(url, before=told.append)
        assert (found.state, found.revision) == (SchemaState.OUT_OF_DATE, revision)
        assert told == [found]
        assert migrate.status(url).state is SchemaState.CURRENT
        held = dump(url)
        assert {name: len(held[name]) for name in names - EMPTIED} == {
            name: 1 if name == "posting_state" else ROWS for name in names - EMPTIED
        }
        assert drift(url) == []
        check_references(url)
        with Listings(url) as listings, Store(url) as store:
            assert len(listings.feeds()) == ROWS
            assert len(listings.entries()) == ROWS
            assert {row.id for row in listings.articles()} == {1, 2, 3}
            assert listings.stats().versions == ROWS
            # No number is given out again.
            newsroom = make.Newsroom(store)
            newsroom.feed("https://new.example/")
            saved = newsroom.save("https://new.example/1")
            assert (newsroom.feed_id, saved.article_id) == (ROWS + 1, ROWS + 1)


def check_references(url):
    with transaction(create_engine(url)) as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA integrity_check").all() == [("ok",)]
            return
        # PostgreSQL has kept them, but for what `fill` did behind its back: that is looked at again.
        for name in inspect(connection).get_table_names():
            for key in inspect(connection).get_foreign_keys(name):
                (own,), (other,) = key["constrained_columns"], key["referred_columns"]
                lost = (
                    f'SELECT count(*) FROM "{name}" a LEFT JOIN "{key["referred_table"]}" b ON a."{own}" = b."{other}"'
                )
                lost += f' WHERE a."{own}" IS NOT NULL AND b."{other}" IS NULL'
                assert connection.execute(text(lost)).scalar_one() == 0, (name, own)


@pytest.mark.parametrize("revision", RELEASED)
def test_both_databases_hold_the_same_after_it(revision, tmp_path, request):
    held = []
    for of in KINDS.values():
        with of(revision, tmp_path, request) as (url, _):
            migrate.upgrade(url)
            held.append(dump(url))
    assert held[0] == held[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_called_before_can_stop_it(kind, tmp_path, request):
    def stop(_status):
        raise RuntimeError("no backup")

    with KINDS[kind]("0004", tmp_path, request) as (url, _):
        with pytest.raises(RuntimeError, match="no backup"):
            migrate.upgrade(url, before=stop)
        assert migrate.status(url).revision == "0004"
        assert migrate.upgrade(url).state is SchemaState.OUT_OF_DATE


def test_nothing_is_called_before_a_database_without_data_is_made(tmp_path, server, postgresql_server):
    with postgresql_server.new_database(server) as url:
        for each in (url, f"sqlite:///{tmp_path}/new.db"):
            told = []
            assert migrate.upgrade(each, before=told.append).state is SchemaState.MISSING
            assert migrate.upgrade(each, before=told.append).state is SchemaState.CURRENT
            assert told == []
            assert drift(each) == []
            with transaction(create_engine(each)) as connection:
                assert set(inspect(connection).get_view_names()) == {view.name for view in VIEWS}


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path, request):
    for of in KINDS.values():
        with of("0005", tmp_path, request) as (url, names):
            before = dump_old(url, names)
            engine = create_engine(url)

            @event.listens_for(engine, "after_cursor_execute")
            def _fail(_connection, _cursor, statement, *_):
                if "CREATE TABLE redo" in statement:
                    raise RuntimeError("the power is gone")

            with pytest.raises(RuntimeError):
                run_all(engine)
            engine.dispose()
            assert migrate.status(url).revision == "0005"
            assert dump_old(url, names) == before


def run_all(engine):
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        migrate.run_scripts(connection)


def dump_old(url, names):
    with transaction(create_engine(url)) as connection:
        return {
            name: json.dumps([list(map(str, row)) for row in connection.execute(text(f'SELECT * FROM "{name}"'))])
            for name in sorted(names)
        }
