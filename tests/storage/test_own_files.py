"""What belongs to a database is never overwritten by a copy of it, by whatever name it is called."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.address import SqliteFile
from storage.errors import BackupExists
from storage.listings import Listings
from storage.upkeep.backup import PART, back_up


@pytest.fixture
def database(file):
    return SqliteFile(file)


def articles(path):
    with Listings(f"sqlite:///{path}") as listings:
        return {row.url for row in listings.articles()}


def test_only_a_database_of_ours_or_an_empty_file_is_replaced(database, tmp_path):
    target = tmp_path / "copy.db"
    with closing(sqlite3.connect(tmp_path / "others.db")) as connection:
        connection.execute("CREATE TABLE kept (by TEXT)")
    for held in (b"mine", b"SQLite format 3\0", (tmp_path / "others.db").read_bytes()):
        target.write_bytes(held)
        with pytest.raises(BackupExists, match="no database of wirewatch"):
            back_up(database, target, is_forced=True)
        assert target.read_bytes() == held
    target.write_bytes(b"")
    back_up(database, target, is_forced=True)
    target.write_bytes(target.read_bytes()[:5000])
    # Half a copy was one too.
    assert articles(back_up(database, target, is_forced=True).path) == set()


OWN = ["-wal", "-shm", "-journal", ".part", ".lock", ".rebuild.lock", ".leader.lock"]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("ending", OWN)
def test_what_belongs_to_the_database_is_never_overwritten(database, tmp_path, ending, is_there):
    name = f"{database.path.name}{ending}"
    if is_there:
        path = database.path.with_name(name)
        path.touch()
        inode = path.stat().st_ino
        (tmp_path / "link").symlink_to(path)
        (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "around").symlink_to(database.path.parent, target_is_directory=True)
    names = [name, f"sub/../{name}", f"around/{name}", *(["link", "hard"] if is_there else [])]
    for each in names:
        with pytest.raises(BackupExists, match="belongs to the database"):
            back_up(database, tmp_path / each, is_forced=True)
    # What SQLite keeps there while we look at the database, it may write.
    assert not is_there or path.stat().st_ino == inode


def test_a_database_behind_a_link_keeps_its_log_where_it_truly_is(database, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(database.path)
    for each in (database.path, link, database.path.with_name(f"{database.path.name}-wal"), f"{link}.lock"):
        with pytest.raises(BackupExists, match=r"itself|belongs"):
            back_up(SqliteFile(link), Path(each), is_forced=True)


def test_the_name_that_a_copy_has_until_it_is_whole_is_not_that_of_the_database(database, tmp_path):
    named = tmp_path / f"x{PART}"
    back_up(database, named)
    held = named.read_bytes()
    with pytest.raises(BackupExists, match="itself"):
        back_up(SqliteFile(named), tmp_path / "x", is_forced=True)
    assert named.read_bytes() == held
