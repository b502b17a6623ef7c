"""Copies of a database are whole or not there, and take its place only when nobody works on it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage import sqlite_file
from storage.address import SqliteFile
from storage.checking.examination import examine
from storage.errors import (
    BackupExists,
    BackupUnusable,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseUnwritable,
    NotEnoughSpace,
)
from storage.listings import Listings
from storage.sqlite_file import wal_bytes
from storage.store import Store
from storage.upkeep.backup import PART, back_up, restore
from storage.upkeep.exclusive import LOCKS

STAMP = "20260105T120000"
A, B = "https://a.example/1", "https://b.example/2"


@pytest.fixture
def database(file):
    return SqliteFile(file)


def articles(path):
    with Listings(f"sqlite:///{path}") as listings:
        return {row.url for row in listings.articles()}


def names(folder):
    """What lies in the folder but the locks."""
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


# --- a copy -----------------------------------------------------------------------------------------


def test_a_copy_is_the_database_in_one_file(database, store, newsroom, tmp_path):
    newsroom.save(A)
    told = []
    done = back_up(database, tmp_path / "copy.db", tell=lambda *given: told.append(given))
    assert articles(done.path) == {A}
    assert done.bytes == done.path.stat().st_size
    assert told[-1][0] == told[-1][1] > 0
    assert not list(examine(f"sqlite:///{done.path}"))
    assert not (tmp_path / f"copy.db{PART}").exists()


def test_a_copy_may_be_read_by_whom_the_database_may(database, store, newsroom, tmp_path):
    newsroom.save(A)
    database.path.chmod(0o600)
    assert back_up(database, tmp_path / "copy.db").path.stat().st_mode & 0o777 == 0o600


WRITE = """
import sys
from sqlalchemy import text
from storage import engine
from storage.address import SqliteFile
from pathlib import Path

writer = engine.Writer(engine.writing_engine(SqliteFile(Path(sys.argv[1]))), "x")

def write(connection):
    # Two tables in one transaction, each as long as the other at any time.
    connection.execute(text("INSERT INTO one (filling) VALUES (zeroblob(3000))"))
    connection.execute(text("INSERT INTO other (filling) VALUES (zeroblob(3000))"))

print("ready", flush=True)
while True:
    writer.run(write)
    print("wrote", flush=True)
"""


def test_a_copy_beside_a_writer_is_one_state_and_holds_nobody_up(database, tmp_path):
    with closing(sqlite3.connect(database.path)) as connection:
        for name in ("one", "other"):
            connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, filling BLOB)")
            connection.executemany(f"INSERT INTO {name} (filling) VALUES (?)", [(b"x" * 3000,)] * 300)  # ours
        connection.commit()
    command = [sys.executable, "-c", WRITE, str(database.path)]
    writer = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(20):
            assert writer.stdout.readline()
        sizes = []
        for number in range(5):
            done = back_up(database, tmp_path / f"{number}.db")
            # It writes on: what it says now it has written since.
            assert writer.stdout.readline()
            with closing(sqlite3.connect(done.path)) as copy:
                counts = [copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("one", "other")]
                assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert counts[0] == counts[1]
            sizes.append(counts[0])
        assert sizes == sorted(sizes)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()


def test_nothing_is_overwritten_unless_asked(database, store, newsroom, tmp_path):
    newsroom.save(A)
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(BackupExists, match=r"copy\.db"):
        back_up(database, target)
    assert target.read_text() == "mine"
    target.unlink()
    before = back_up(database, target).path.read_bytes()
    newsroom.save(B)
    with pytest.raises(BackupExists, match=r"copy\.db"):
        back_up(database, target)
    assert target.read_bytes() == before
    back_up(database, target, is_forced=True)
    assert articles(target) == {A, B}


@pytest.mark.parametrize("is_forced", [False, True])
def test_the_database_itself_a_folder_and_a_database_in_use_are_never_overwritten(database, tmp_path, is_forced):
    (tmp_path / "link.db").symlink_to(database.path)
    (tmp_path / "other.db").touch()
    (tmp_path / "other.db-wal").write_bytes(b"x")
    for name in (database.path.name, "link.db", ".", "other.db"):
        with pytest.raises(BackupExists):
            back_up(database, tmp_path / name, is_forced=is_forced)


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_pipe_or_a_device_is_not_replaced_by_a_copy(database, tmp_path, is_forced):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(BackupExists, match="no ordinary file"):
            back_up(database, tmp_path / name, is_forced=is_forced)
        assert (tmp_path / name).is_fifo()


def test_a_copy_that_has_no_room_is_not_begun(database, tmp_path):
    with pytest.raises(NotEnoughSpace, match=r"copy\.db.*MB are needed in .*, 0\.2 MB are free"):
        back_up(database, tmp_path / "copy.db", free=lambda _: 200_000)
    assert not [name for name in names(tmp_path) if name.startswith("copy")]


def test_a_copy_into_a_folder_that_is_not_there(database, tmp_path):
    with pytest.raises(DatabaseUnwritable, match="No such file"):
        back_up(database, tmp_path / "nowhere" / "copy.db")


def test_a_copy_of_nothing(tmp_path):
    with pytest.raises(DatabaseMissing):
        back_up(SqliteFile(tmp_path / "none.db"), tmp_path / "copy.db")


def test_what_a_killed_copy_left_behind_is_thrown_away(database, tmp_path):
    (tmp_path / f"copy.db{PART}").write_text("half")
    assert articles(back_up(database, tmp_path / "copy.db").path) == set()


def test_two_copies_to_one_file_are_not_made_at_once(database, tmp_path):
    script = f"""
import fcntl, os, sys
fcntl.flock(os.open({str(tmp_path / f"copy.db{PART}")!r}, os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
print("ready", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline()
        with pytest.raises(BackupExists, match="another process is writing it"):
            back_up(database, tmp_path / "copy.db")
        other.stdin.close()
    back_up(database, tmp_path / "copy.db")


def damage(path):
    """Overwrite pages in the middle of the file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as raw:
        raw.seek(3 * 4096)
        raw.write(b"\xff" * 4096 * 6)


def test_a_copy_of_what_is_damaged_is_none(database, tmp_path):
    damage(database.path)
    with pytest.raises(DatabaseDamaged):
        back_up(database, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not (tmp_path / f"copy.db{PART}").exists()


def test_an_interrupted_copy_leaves_nothing(database, tmp_path):
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("CREATE TABLE filling (it BLOB)")
        connection.executemany("INSERT INTO filling VALUES (?)", [(os.urandom(100_000),)] * 300)
        connection.commit()

    def interrupt(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(database, tmp_path / "copy.db", tell=interrupt)
    assert not [name for name in names(tmp_path) if name.startswith("copy")]


# --- put back ---------------------------------------------------------------------------------------


@pytest.fixture
def backup(file, url, make, tmp_path):
    """A copy with the article A; the database has B as well."""
    with Store(url) as store:
        newsroom = make.Newsroom(store)
        newsroom.save(A)
        path = back_up(SqliteFile(file), tmp_path / "copy.db").path
        newsroom.save(B)
    return path


def test_a_backup_takes_the_place_of_the_database_which_is_kept(database, backup):
    done = restore(database, backup, stamp=STAMP)
    assert articles(database.path) == {A}
    assert done.kept == database.path.with_name(f"{database.path.name}.before-restore-{STAMP}")
    assert articles(done.kept) == {A, B}
    assert articles(backup) == {A}


def test_the_log_of_a_killed_program_goes_with_its_database(database, backup, tmp_path):
    """What was written and is in the log alone is kept with what is set aside, and never read into another file."""
    script = f"""
import os, sqlite3
connection = sqlite3.connect({str(database.path)!r})
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("INSERT INTO site_memory VALUES ('killed.example', x'00')")
connection.commit()
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert wal_bytes(database.path)
    done = restore(database, backup, stamp=STAMP)
    assert not wal_bytes(database.path)
    for path, count in ((database.path, 0), (done.kept, 1)):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM site_memory WHERE site = 'killed.example'").fetchone() == (
                count,
            )


def test_a_damaged_database_is_replaced_and_kept_as_it_is(database, backup):
    damage(database.path)
    before = database.path.read_bytes()
    database.path.with_name(f"{database.path.name}-wal").write_bytes(b"some log")
    done = restore(database, backup, stamp=STAMP)
    assert articles(database.path) == {A}
    # But for its head, which says whether it has a log.
    assert done.kept.read_bytes()[100:] == before[100:]
    assert not wal_bytes(database.path)


def test_a_file_that_is_no_database_at_all_is_replaced_and_kept(database, backup):
    database.path.write_text("lost")
    done = restore(database, backup, stamp=STAMP)
    assert done.kept.read_text() == "lost"
    assert articles(database.path) == {A}


def test_where_there_is_no_database_the_backup_becomes_one(backup, tmp_path):
    path = tmp_path / "new" / "news.db"
    done = restore(SqliteFile(path), backup, stamp=STAMP)
    assert done.kept is None
    assert articles(path) == {A}


def test_the_log_of_a_database_that_is_gone_is_not_read_into_the_backup(database, backup):
    database.path.unlink()
    database.path.with_name(f"{database.path.name}-wal").write_bytes(b"some log")
    restore(database, backup, stamp=STAMP)
    assert articles(database.path) == {A}
    assert database.path.with_name(f"{database.path.name}.before-restore-{STAMP}-wal").read_bytes() == b"some log"


def test_a_database_that_somebody_has_open_is_not_replaced(database, backup, url):
    with Store(url) as store:
        store.versions_in_force()
        with pytest.raises(DatabaseBusy):
            restore(database, backup, stamp=STAMP)
    assert articles(database.path) == {A, B}
    assert not [name for name in names(database.path.parent) if "before-restore" in name or name.endswith(PART)]
    restore(database, backup, stamp=STAMP)


@pytest.mark.parametrize("kind", LOCKS)
def test_whoever_works_holds_a_restore_off(database, backup, kind):
    with kind(database), pytest.raises(DatabaseInUse):
        restore(database, backup, stamp=STAMP)
    assert articles(database.path) == {A, B}


def test_nobody_begins_beside_a_restore(database, backup):
    refused = []

    def begin(_done, _total):
        for kind in LOCKS:
            try:
                with kind(database):
                    pass
            except DatabaseInUse as error:
                refused.append(type(error))

    restore(database, backup, stamp=STAMP, tell=begin)
    assert len(set(refused)) == len(LOCKS)


def no_file(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def newer(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def of_another_program(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 5")


def text_file(path):
    path.write_text("Dear diary, " * 1000)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (no_file, BackupUnusable),
        (empty, BackupUnusable),
        (damage, BackupUnusable),
        (newer, DatabaseNewer),
        (of_another_program, BackupUnusable),
        (text_file, BackupUnusable),
    ],
)
def test_what_cannot_take_the_place_of_the_database_does_not(database, backup, spoil, error):
    spoil(backup)
    with pytest.raises(error) as caught:
        restore(database, backup, stamp=STAMP)
    assert str(backup) in str(caught.value)
    assert articles(database.path) == {A, B}
    assert not [name for name in names(database.path.parent) if "before-restore" in name or name.endswith(PART)]


def test_the_database_is_no_backup_of_itself(database, backup):
    with pytest.raises(BackupUnusable, match="itself"):
        restore(database, database.path, stamp=STAMP)


def test_a_backup_of_an_earlier_version_is_fine(database, backup):
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0005'")
        connection.commit()
    assert restore(database, backup, stamp=STAMP).revision == "0005"
    assert sqlite_file.read_revision(database.path) == "0005"


def test_a_restore_without_room_is_not_begun(database, backup):
    with pytest.raises(NotEnoughSpace):
        restore(database, backup, stamp=STAMP, free=lambda _: 0)
    assert articles(database.path) == {A, B}


def test_a_database_that_was_set_aside_is_never_overwritten(database, backup):
    kept = restore(database, backup, stamp=STAMP).kept
    with pytest.raises(BackupExists):
        restore(database, backup, stamp=STAMP)
    assert articles(kept) == {A, B}
    assert articles(database.path) == {A}
