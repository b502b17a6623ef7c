"""A copy has its name only when it is whole; what would take its place meanwhile, or is no sound copy, is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from storage.address import SqliteFile
from storage.errors import BackupExists, BackupUnusable, DatabaseDamaged, DatabaseUnwritable
from storage.listings import Listings
from storage.upkeep.backup import PART, back_up, restore

A = "https://a.example/1"
B = "https://a.example/2"


@pytest.fixture
def database(file, store, newsroom):
    newsroom.save(A)
    return SqliteFile(file)


def articles(path):
    with Listings(f"sqlite:///{path}") as listings:
        return {row.url for row in listings.articles()}


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("copy"))


def test_until_it_is_whole_it_has_another_name(database, tmp_path):
    target, seen = tmp_path / "copy.db", []
    back_up(database, target, tell=lambda *_: seen.append(left(tmp_path)))
    assert seen
    assert all(names == [f"copy.db{PART}"] for names in seen)
    assert left(tmp_path) == ["copy.db"]


def test_what_it_replaces_stays_until_then(database, newsroom, tmp_path):
    target, seen = tmp_path / "copy.db", []
    before = back_up(database, target).path.read_bytes()
    newsroom.save(B)
    back_up(database, target, is_forced=True, tell=lambda *_: seen.append(target.read_bytes()))
    assert set(seen) == {before}
    assert articles(target) == {A, B}


def test_what_comes_there_meanwhile_is_not_replaced(database, tmp_path):
    target = tmp_path / "copy.db"
    with pytest.raises(BackupExists):
        back_up(database, target, tell=lambda *_: target.write_text("mine"))
    assert target.read_text() == "mine"
    assert left(tmp_path) == ["copy.db"]


def test_what_is_refused_is_so_before_it_is_copied(database, tmp_path):
    target, told = tmp_path / "copy.db", []
    target.write_text("mine")
    with pytest.raises(BackupExists):
        back_up(database, target, tell=lambda *given: told.append(given))
    assert told == []


def test_a_name_that_leads_nowhere_yet_is_not_replaced(database, tmp_path):
    (tmp_path / "copy.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(BackupExists):
        back_up(database, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").is_symlink()


def test_the_file_it_is_written_into_is_none_that_a_link_leads_to(database, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / f"copy.db{PART}").symlink_to(precious)
    with pytest.raises(DatabaseUnwritable):
        back_up(database, tmp_path / "copy.db")
    assert precious.read_text() == "mine"


def spoil(path):
    """A row that its table does not allow: it is copied as it is, and only a look through the copy finds it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE odd (number INTEGER)")
        connection.execute("INSERT INTO odd VALUES (NULL)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE odd (number NOT NULL)' WHERE name = 'odd'")
        connection.commit()


def test_a_copy_is_looked_through_before_it_gets_its_name(database, tmp_path):
    last_good = back_up(database, tmp_path / "copy.db").path.read_bytes()
    spoil(database.path)
    with pytest.raises(DatabaseDamaged, match="its copy is: NULL value in odd"):
        back_up(database, tmp_path / "copy.db", is_forced=True)
    assert (tmp_path / "copy.db").read_bytes() == last_good
    assert left(tmp_path) == ["copy.db"]


def test_a_backup_that_is_not_sound_takes_no_place(database, store, tmp_path):
    copy = back_up(database, tmp_path / "copy.db").path
    spoil(copy)
    store.close()
    with pytest.raises(BackupUnusable, match="NULL value in odd"):
        restore(database, copy, stamp="1")
    assert articles(database.path) == {A}
    assert not list(tmp_path.glob("*before-restore*"))
    assert not list(tmp_path.glob(f"*{PART}*"))


def test_what_is_put_in_place_is_read_while_it_is_written_from_the_first_moment(database, store, tmp_path):
    copy = back_up(database, tmp_path / "copy.db").path
    store.close()
    restored = restore(database, copy, stamp="1")
    assert articles(restored.kept) == {A}
    # https://www.sqlite.org/fileformat2.html#file_format_version_numbers: 2 is WAL
    assert restored.path.read_bytes()[18:20] == b"\2\2"
    assert restored.kept.stat().st_ino != restored.path.stat().st_ino
