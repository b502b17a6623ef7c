"""Transactions that lose nothing, readers that cannot write."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import sqlite_file
from storage.address import SqliteFile, read_address
from storage.errors import DatabaseUnwritable
from storage.store import Store

ROOT = Path(__file__).parents[2]
PROCESSES = 4
INCREMENTS = 50

COUNT = """
import sys
from pathlib import Path
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from storage import engine, sqlite_file

writer = engine.Writer(sqlite_file.writing_engine(Path(sys.argv[1])), sys.argv[1])

def increment(connection):
    (value,) = connection.execute(text("SELECT value FROM counter")).one()
    connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

print("ready", flush=True)
sys.stdin.read()
for _ in range(int(sys.argv[2])):
    writer.run(increment)
writer.close()
"""


def test_no_update_of_several_processes_is_lost(file):
    """SQLAlchemy's default mode lost 462 of 800 updates, and a plain BEGIN fails at once."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE counter (value INTEGER)")
        connection.execute("INSERT INTO counter VALUES (0)")
        connection.commit()
    counters = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT, str(file), str(INCREMENTS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for counter in counters:
        assert counter.stdout.readline() == "ready\n"
    for counter in counters:
        counter.stdin.close()
    for counter in counters:
        counter.wait(60)
        assert counter.returncode == 0, counter.stderr.read()
        counter.stdout.close()
        counter.stderr.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT value FROM counter").fetchone() == (PROCESSES * INCREMENTS,)


def test_the_writer_is_opened_as_decided(file):
    writing = sqlite_file.writing_engine(file)
    pragmas = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
    pragmas |= {"busy_timeout": sqlite_file.BUSY_TIMEOUT_S * 1000}
    with writing.connect() as connection:
        for name, value in pragmas.items():
            assert connection.execute(text(f"PRAGMA {name}")).scalar_one() == value
    writing.dispose()
    careful = sqlite_file.writing_engine(file, synchronous="FULL")
    with careful.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    careful.dispose()


def test_a_reader_cannot_write(file, url):
    with Store(url) as store, pytest.raises(DatabaseUnwritable):
        store._read(lambda connection: connection.execute(text("DELETE FROM feed")))


def test_all_reads_of_one_transaction_see_one_state(file, url, make):
    reading = sqlite_file.reading_engine(file)
    count = text("SELECT count(*) FROM feed")
    with Store(url) as store, reading.begin() as connection:
        assert connection.execute(count).scalar_one() == 0
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
        assert connection.execute(count).scalar_one() == 0
    with reading.begin() as connection:
        assert connection.execute(count).scalar_one() == 1
    reading.dispose()


def test_what_fails_is_undone(file, url, make):
    def work(connection):
        connection.execute(text("INSERT INTO topic (name) VALUES ('x')"))
        raise KeyError("a bug")

    with Store(url) as store:
        with pytest.raises(KeyError, match="a bug"):
            store._write(work)
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM topic").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM feed").fetchone() == (1,)


def test_closing_folds_the_log_into_the_file(file, url, make):
    with Store(url) as store:
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
        assert len(store.due_feeds(make.T0, 9)) == 1
        assert file.with_name("news.db-wal").exists()
    assert not file.with_name("news.db-wal").exists()


def test_many_threads_may_use_one_store(url, make):
    entries = 60
    with Store(url) as store:
        newsroom = make.Newsroom(store)
        ids = {number: newsroom.entry(f"https://a.example/{number}") for number in range(entries)}
        failures = []

        def work(numbers):
            try:
                for number in numbers:
                    address = f"https://a.example/{number}"
                    store.save(make.item(ids[number], address, fingerprint=make.hashes(number)))
                    assert make.stored(store, ids[number]).article_id == store.article_at([address]).id
            except Exception as error:  # noqa: BLE001  # told by the main thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(range(start, entries, 12),)) for start in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.due_entries(make.T0, 1) == ()


def test_a_path_with_special_characters_is_the_file_meant(tmp_path):
    from storage.migrate import upgrade

    strange = tmp_path / "what? #1 50%41 ü.db"
    url = f"sqlite:///{strange}"
    assert read_address(url) == SqliteFile(strange)
    upgrade(url)
    assert strange.exists()
    with Store(url) as store:
        assert store.versions_in_force() == {}


def test_sizes_count_the_log_too(file, url, make):
    assert sqlite_file.size_of(file.with_name("none.db")) == 0
    with Store(url) as store:
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
        assert sqlite_file.size_of(file) > file.stat().st_size


@pytest.mark.parametrize("module", ["storage.store", "storage.listings", "storage.migrate"])
def test_what_is_dear_to_load_is_not_loaded_without_need(module):
    loaded = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", loaded, module], cwd=ROOT, text=True).split()
    assert {"alembic", "sqlalchemy.orm", "sqlalchemy.ext.asyncio", "greenlet"}.isdisjoint(modules)


def test_what_is_stored_is_in_no_error(file):
    """A traceback would show it: texts of strangers, and secrets of hubs."""
    writer = sqlite_file.writing_engine(file)
    with pytest.raises(DBAPIError) as caught, writer.begin() as connection:
        connection.execute(text("INSERT INTO nothing VALUES (:value)"), {"value": "secret"})
    writer.dispose()
    assert "secret" not in str(caught.value)
