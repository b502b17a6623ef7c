"""Calls that share a transaction: each is as if it were made alone, and all are committed when they return."""

import sqlite3
import threading

import pytest
from sqlalchemy import text

from storage import engine, sqlite_file
from storage.errors import DatabaseBusy, DatabaseClosed, StorageFault
from storage.store import Store
from storage.tables import APPLICATION_ID, REVISION_TABLE, SCHEMA_REVISION


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "numbers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE number (n INTEGER PRIMARY KEY CHECK (n < 100))")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"CREATE TABLE {REVISION_TABLE} (version_num TEXT)")
        connection.execute(f"INSERT INTO {REVISION_TABLE} VALUES (?)", [SCHEMA_REVISION])
    connection.close()
    return path


@pytest.fixture
def writer(file):
    with_limit = engine.Writer(sqlite_file.writing_engine(file, busy_timeout_s=0.05), str(file))
    yield with_limit
    with_limit.close()


@pytest.fixture
def reader(file):
    opened = engine.Reader(sqlite_file.reading_engine(file), str(file))
    yield opened
    opened.close()


def stored(file):
    connection = sqlite3.connect(file)
    try:
        return [n for (n,) in connection.execute("SELECT n FROM number ORDER BY n")]
    finally:
        connection.close()


def add(writer, *numbers, error=None):
    """A call that writes *numbers*, then raises *error*."""

    def work(connection):
        for n in numbers:
            connection.execute(text("INSERT INTO number VALUES (:n)"), {"n": n})
        if error is not None:
            raise error
        return sum(numbers)

    return lambda: writer.run(work)


def test_all_are_committed_when_they_return(file, writer):
    assert writer.run_together([add(writer, 1), add(writer, 2, 3), add(writer, 4)]) == [1, 5, 4]
    assert stored(file) == [1, 2, 3, 4]


def test_they_share_one_transaction(file, writer):
    seen = []

    def look(connection):
        seen.append((stored(file), connection.execute(text("SELECT count(*) FROM number")).scalar()))

    writer.run_together([add(writer, 1), lambda: writer.run(look), add(writer, 2)])
    assert seen == [([], 1)]


def test_one_that_raises_is_undone_alone(file, writer):
    error = LookupError("no feed 7")
    found = writer.run_together([add(writer, 1), add(writer, 2, 3, error=error), add(writer, 4)])
    assert found == [1, error, 4]
    assert stored(file) == [1, 4]


def test_one_that_the_database_refuses_is_undone_alone(file, writer):
    found = writer.run_together([add(writer, 1), add(writer, 2, 100), add(writer, 4)])
    assert found[0] == 1
    assert isinstance(found[1], StorageFault)
    assert found[2] == 4
    assert stored(file) == [1, 4]


def test_nothing_is_done_when_the_transaction_is_refused(file, writer):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        writer.run_together([add(writer, 1), add(writer, 2)])
    other.execute("ROLLBACK")
    other.close()
    assert stored(file) == []
    assert writer.run_together([add(writer, 1), add(writer, 2)]) == [1, 2]


def test_what_is_no_error_of_a_call_ends_them_all(file, writer):
    with pytest.raises(KeyboardInterrupt):
        writer.run_together([add(writer, 1), add(writer, 2, error=KeyboardInterrupt())])
    assert stored(file) == []
    assert add(writer, 3)() == 3
    assert stored(file) == [3]


def test_calls_of_other_threads_come_before_or_after(file, writer):
    threads = [threading.Thread(target=add(writer, n)) for n in range(20, 40)]
    for thread in threads:
        thread.start()
    writer.run_together([add(writer, n) for n in range(10)])
    for thread in threads:
        thread.join()
    assert stored(file) == [*range(10), *range(20, 40)]


def test_reads_see_one_state_and_what_was_committed_before(file, writer, reader):
    add(writer, 1)()

    def count(connection):
        return connection.execute(text("SELECT count(*) FROM number")).scalar()

    def look_after_a_write():
        add(writer, 2)()
        return reader.run(count)

    def fail():
        raise LookupError("no feed 7")

    first, error, second = reader.run_together([lambda: reader.run(count), fail, look_after_a_write])
    assert (first, second) == (1, 1)
    assert isinstance(error, LookupError)
    assert reader.run_together([lambda: reader.run(count)]) == [2]


def test_one_that_raises_before_it_has_written_undoes_nothing(file, writer):
    made = []

    def count(n):
        def call():
            made.append(n)
            return add(writer, n)()

        return call

    error = LookupError("no feed 7")
    assert writer.run_together([count(1), add(writer, error=error), count(2)]) == [1, error, 2]
    assert (made, stored(file)) == ([1, 2], [1, 2])


def test_all_are_made_again_where_one_must_be_undone(file, writer):
    made = []

    def call():
        made.append(1)
        return add(writer, 1)()

    error = LookupError("no feed 7")
    assert writer.run_together([call, add(writer, 2, error=error), add(writer, 3)]) == [1, error, 3]
    assert (made, stored(file)) == ([1, 1], [1, 3])


def test_a_closed_store_says_so(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    store.close()
    with pytest.raises(DatabaseClosed):
        store.write_together([lambda: None, lambda: None])
    with pytest.raises(DatabaseClosed):
        store.read_together([lambda: None, lambda: None])
