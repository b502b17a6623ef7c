"""Space that is free within the database is given back, on each kind of it."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from storage import engine
from storage.address import SqliteFile, read_address
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.errors import DatabaseInUse, DatabaseMissing, NotEnoughSpace
from storage.sqlite_file import connect, wal_bytes
from storage.store import Store
from storage.upkeep.exclusive import LOCKS
from storage.upkeep.vacuum import temporary_folder, vacuum
from storage.upkeep.wal import shrink


def fill_and_empty(file):
    with closing(connect(file, "rw")) as connection:
        connection.execute("INSERT INTO site_memory VALUES ('a.example', zeroblob(5000000))")
        connection.execute("DELETE FROM site_memory")


def test_what_is_free_is_given_back(file):
    fill_and_empty(file)
    done = vacuum(SqliteFile(file))
    assert done.before > 5_000_000 > done.after == file.stat().st_size
    assert not wal_bytes(file)
    assert not list(examine(f"sqlite:///{file}", Depth.FULL))


@pytest.mark.parametrize("kind", LOCKS)
def test_not_beside_whoever_works(file, kind):
    with kind(SqliteFile(file)), pytest.raises(DatabaseInUse):
        vacuum(SqliteFile(file))


def test_not_without_room(file):
    fill_and_empty(file)
    with pytest.raises(NotEnoughSpace):
        vacuum(SqliteFile(file), free=lambda _: 1_000_000)


def test_not_of_nothing(tmp_path):
    with pytest.raises(DatabaseMissing):
        vacuum(SqliteFile(tmp_path / "none.db"))


def test_the_temporary_folder_is_that_of_sqlite(tmp_path, monkeypatch):
    monkeypatch.delenv("SQLITE_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert temporary_folder() == tmp_path
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "nowhere"))
    assert temporary_folder() == tmp_path


def test_on_a_server_too(empty_postgresql):
    done = vacuum(read_address(empty_postgresql))
    assert min(done.before, done.after) > 0


# --- the log of writes ------------------------------------------------------------------------------


def test_the_log_is_cut_back_when_it_has_grown(file):
    with closing(connect(file, "rw")) as connection:
        connection.execute("INSERT INTO site_memory VALUES ('a.example', zeroblob(500000))")
        assert wal_bytes(file) > 500_000
        assert shrink(file).bytes > 500_000, "it is not large"
        found = shrink(file, limit=100_000)
        assert (found.bytes, found.held_bytes) == (0, 0)


def test_a_reader_holds_it_back_until_it_ends(file):
    with closing(connect(file, "rw")) as connection, closing(connect(file, "ro")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM feed").fetchall()
        connection.execute("INSERT INTO site_memory VALUES ('a.example', zeroblob(500000))")
        found = shrink(file, limit=100_000)
        assert min(found.bytes, found.held_bytes) > 500_000
        # Whoever writes does not wait for it.
        connection.execute("DELETE FROM site_memory")
        reader.execute("COMMIT")
        assert shrink(file, limit=100_000).bytes == 0


def test_statistics_are_counted_when_they_are_missing(file, url, make):
    with Store(url) as store:
        newsroom = make.Newsroom(store)
        for number in range(30):
            newsroom.save(f"https://news.example/{number}")
        store.refresh_statistics()
        store.refresh_statistics()
    with closing(connect(file, "ro")) as connection:
        tables = {row[0] for row in connection.execute("SELECT DISTINCT tbl FROM sqlite_stat1")}
    assert "entry" in tables


def test_who_meets_a_lock_at_the_beginning_tries_again(file, url):
    """SQLite says at once that it is busy where it cannot wait; that reaches nobody."""
    writing = engine.writing_engine(SqliteFile(file), busy_timeout_s=0)
    waiting = engine.writing_engine(SqliteFile(file), busy_timeout_s=30)
    with waiting.connect() as connection:
        # From now on SQLite itself does not wait.
        connection.connection.driver_connection.execute("PRAGMA busy_timeout = 0")
    with writing.connect() as first, first.begin():
        first.execute(text("UPDATE posting_state SET upto = upto"))
        done = []

        def write():
            with waiting.begin() as second:
                second.execute(text("INSERT INTO topic (name) VALUES ('late')"))
            done.append(True)

        thread = threading.Thread(target=write)
        thread.start()
        assert not done
    thread.join()
    assert done
    writing.dispose()
    waiting.dispose()
