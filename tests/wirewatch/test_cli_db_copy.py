"""`db copy`: the sample newsroom from SQLite to PostgreSQL and back, as people see it."""

from __future__ import annotations

import json

import pytest

from storage.address import SqliteFile
from storage.lock import DatabaseLock
from wirewatch.db_fields import DATABASE_COPIED

#: what is listed of each of the databases
LISTINGS = (
    ("articles",),
    ("articles", "--by", "published"),
    ("entries",),
    ("matches",),
    ("matches", "air-defence"),
    ("stories",),
    ("events",),
    ("rules", "list"),
    ("rules", "log"),
    ("feeds", "list"),
    ("search", "Ukraine"),
    ("search", "missil*"),
    *((command, str(ident), *more) for ident in (1, 5) for command, more in (("story", ()), ("show", ("--history",)))),
    ("why", "3"),
)


@pytest.fixture
def empty(server, postgresql_server):
    """The address of a database on a server, without tables."""
    with postgresql_server.new_database(server) as url:
        yield url


def test_the_newsroom_there_and_back_with_every_listing_the_same(wirewatch, copied, empty, tmp_path):
    file, back = copied / "wirewatch.db", tmp_path / "back.db"
    done = wirewatch("db", "copy", file, empty, "--json").json
    assert set(done) == {column.name for column in DATABASE_COPIED}
    assert done["rows"] == sum(each["rows"] for each in done["tables"]) > 100
    ended = wirewatch("db", "copy", empty, back)
    assert ended.code == 0
    assert f"{done['rows']:,} rows in {len(done['tables'])} tables, all the same" in ended.err
    for listing in LISTINGS:
        first, *others = (
            wirewatch("--config", copied, "--db", db, *listing, "--format", "json") for db in (file, empty, back)
        )
        assert first.code in {0, 1}, listing
        assert [(each.code, each.out) for each in others] == [(first.code, first.out)] * 2, listing
    assert any(json.loads(wirewatch("--db", back, "matches", "--json").out))


def test_what_is_wrong_is_one_clear_line(wirewatch, copied, empty, tmp_path):
    file = copied / "wirewatch.db"
    with DatabaseLock(SqliteFile(file)):
        assert wirewatch("db", "copy", file, empty).code == 5
    ended = wirewatch("db", "copy", file, file)
    assert (ended.code, ended.err.count("\n")) == (5, 1)
    assert "it is the one that is to be copied" in ended.err
    ended = wirewatch("db", "copy", tmp_path / "none.db", tmp_path / "new.db")
    assert ended.code == 5
    assert "there is no database" in ended.err
    assert wirewatch("db", "copy", file, "mysql://me:secret@x/y").code == 2
    assert "secret" not in wirewatch("db", "copy", file, "mysql://me:secret@x/y").err
