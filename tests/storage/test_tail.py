"""What is held in memory of fingerprints is that of the file that is in use, whatever became of another."""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from ingest.copies.repeats import MIN_PAGES
from storage.address import SqliteFile
from storage.errors import DatabaseInUse
from storage.lock import DatabaseLock
from storage.store import Store
from storage.upkeep.backup import back_up, restore

A, B, C = (f"https://{name}.example/1" for name in "abc")


@pytest.fixture
def other(tmp_path, empty_file, make):
    """Another database, in which other articles have the same numbers."""
    (tmp_path / "other").mkdir()
    path = shutil.copy(empty_file, tmp_path / "other")
    with Store(f"sqlite:///{path}") as store:
        newsroom = make.Newsroom(store)
        newsroom.save(A, text="other one", fingerprint=make.hashes(*range(200, 230)))
        newsroom.save(B, text="other two", fingerprint=make.hashes(*range(1, 31)))
    return path


def put_in_place(file, other):
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.rename(file.with_name("away.db"))
    shutil.copy(other, file)


def like(store, make, *numbers):
    found = store.candidates(make.hashes(*numbers), site="x.example", since=make.T0)
    return [(row.article_id, row.text, row.shared) for row in found.rows]


def test_of_a_file_that_was_replaced_nothing_is_remembered(store, newsroom, file, make, other):
    newsroom.save(A, text="one", fingerprint=make.hashes(*range(1, 31)))
    newsroom.save(B, text="two", fingerprint=make.hashes(*range(100, 130)))
    newsroom.save(C, text="three", fingerprint=make.hashes(*range(100, 130)))
    assert like(store, make, *range(1, 31)) == [(1, "one", 30)]
    put_in_place(file, other)
    assert like(store, make, *range(1, 31)) == [(2, "other two", 30)]
    assert like(store, make, *range(200, 230)) == [(1, "other one", 30)]
    assert like(store, make, *range(100, 130)) == []


def test_of_a_site_neither(store, newsroom, file, make, other):
    """What is furniture in one file is a text in another."""
    for number in range(MIN_PAGES):
        own = range(100 * number + 100, 100 * number + 110)
        newsroom.save(f"{A}{number}", source="x.example", fingerprint=make.hashes(5, 6, 7, *own, title=number))
    assert like(store, make, 5, 6, 7) == []
    put_in_place(file, other)
    assert like(store, make, 5, 6, 7) == [(2, "other two", 3)]


def test_a_restore_waits_for_whoever_compares(database_in_use, make, tmp_path):
    """So that nobody who holds the lock ever sees another file."""
    database, store = database_in_use
    with pytest.raises(DatabaseInUse):
        restore(database, tmp_path / "copy.db", stamp="1")
    assert like(store, make, *range(1, 31)) == [(1, "one", 30)]


@pytest.fixture
def database_in_use(file, store, newsroom, make, tmp_path):
    newsroom.save(A, text="one", fingerprint=make.hashes(*range(1, 31)))
    database = SqliteFile(file)
    back_up(database, tmp_path / "copy.db")
    with DatabaseLock(database), closing(store):
        yield database, store
