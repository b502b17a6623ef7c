"""A database of before is brought to the present schema under a lock, after a copy of it, or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage import engine, sqlite_file
from storage.address import read_address
from storage.errors import DatabaseInUse, NotEnoughSpace
from storage.lock import DatabaseLock, is_locked
from storage.migrate import run_scripts
from storage.tables import SCHEMA_REVISION
from wirewatch import migration
from wirewatch.migration import upgrade

if TYPE_CHECKING:
    from storage.address import SqliteFile


@pytest.fixture
def old(tmp_path):
    """The address of a database of an early schema, with a feed in it."""
    address = read_address(f"sqlite:///{tmp_path}/news.db")
    sqlite_file.create(address.path)
    migrating = engine.migrating_engine(address)
    with migrating.begin() as connection:
        run_scripts(connection, "0003")
    migrating.dispose()
    return address


def url_of(address: SqliteFile) -> str:
    return f"sqlite:///{address.path}"


def test_the_copy_is_made_under_the_lock_and_before_anything_changes(old):
    seen = []

    def tell(_done, _total):
        seen.append((is_locked(old), sqlite_file.read_revision(old.path)))

    said = []
    upgrade(url_of(old), tell=tell, say=said.append)
    assert set(seen) == {(True, "0003")}
    assert sqlite_file.read_revision(old.path) == SCHEMA_REVISION
    (copy,) = old.path.parent.glob("*before*")
    assert sqlite_file.read_revision(copy) == "0003"
    assert str(copy) in said[0]
    assert not is_locked(old)


def test_beside_another_instance_nothing_is_copied_or_changed(old):
    with DatabaseLock(old), pytest.raises(DatabaseInUse):
        upgrade(url_of(old), say=lambda _: None)
    assert sqlite_file.read_revision(old.path) == "0003"
    assert not list(old.path.parent.glob("*before*"))


def test_without_a_copy_nothing_changes(old):
    """The copy cannot be made: something stands where it is written."""
    part = old.path.with_name(f"news.before-{SCHEMA_REVISION}.db.part")
    part.mkdir()
    with pytest.raises(Exception, match="before-"):
        upgrade(url_of(old), say=lambda _: None)
    assert sqlite_file.read_revision(old.path) == "0003"
    part.rmdir()
    upgrade(url_of(old), say=lambda _: None)
    assert sqlite_file.read_revision(old.path) == SCHEMA_REVISION


def test_a_present_one_is_not_copied(old):
    for _ in range(2):
        upgrade(url_of(old), say=lambda _: None)
    assert len(list(old.path.parent.glob("*before*"))) == 1
    with closing(sqlite3.connect(old.path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]


def test_that_there_is_no_room_says_how_to_do_without():
    assert issubclass(migration.NoRoomForBackup, NotEnoughSpace)
    assert "--no-backup" in migration.NoRoomForBackup.fix
