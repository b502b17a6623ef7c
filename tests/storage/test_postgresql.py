"""A database on a server: who may use it, what is said when it is away, and that it comes back by itself."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from storage import engine, migrate, postgresql
from storage.address import read_address
from storage.errors import (
    BackfillAtWork,
    DatabaseBusy,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseNotCreated,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseUnsuitable,
    DatabaseUnwritable,
    StorageError,
)
from storage.listings import Listings
from storage.lock import BackfillLock, DatabaseLock, is_locked
from storage.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(empty_postgresql):
    return empty_postgresql


@pytest.fixture
def database(url):
    return read_address(url)


@pytest.fixture
def admin(url):
    """Runs a statement as somebody else."""
    other = create_engine(url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        yield lambda statement: connection.execute(text(statement))
    other.dispose()


@pytest.fixture
def end_all(admin):
    """Ends all other connections to the database, as a server does that goes down."""
    ask = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid != "
    return lambda: admin(ask + "pg_backend_pid()").all()


def other(url, **given):
    return make_url(url).set(**given).render_as_string(hide_password=False)


# --- connecting -------------------------------------------------------------------------------------


def test_connections_are_made_as_decided(url, database, admin):
    with Store(url) as store, Listings(url) as listings:
        show = lambda name: lambda connection: connection.execute(text(f"SHOW {name}")).scalar_one()  # noqa: E731
        both = {"idle_in_transaction_session_timeout": "1min", "jit": "off", "application_name": "wirewatch"}
        for name, value in both.items():
            assert (store._read(show(name)), store._write(show(name)), listings._read(show(name))) == (value,) * 3
        assert store._write(show("transaction_isolation")) == "read committed"
        assert store._read(show("transaction_isolation")) == "repeatable read"
        assert store._read(show("transaction_read_only")) == "on"
    careful = engine.writing_engine(database, synchronous="FULL")
    with careful.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    careful.dispose()


def test_a_reader_cannot_write(url):
    with Store(url) as store, pytest.raises(DatabaseUnwritable):
        store._read(lambda connection: connection.execute(text("DELETE FROM feed")))


def test_all_reads_of_one_transaction_see_one_state(url, database, make):
    reading = engine.reading_engine(database)
    count = text("SELECT count(*) FROM feed")
    with Store(url) as store, reading.begin() as connection:
        assert connection.execute(count).scalar_one() == 0
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
        assert connection.execute(count).scalar_one() == 0
    with reading.begin() as connection:
        assert connection.execute(count).scalar_one() == 1
    reading.dispose()


COUNT = """
import sys
from sqlalchemy import text
from storage import engine
from storage.address import read_address

writer = engine.Writer(engine.writing_engine(read_address(sys.argv[1])), "")

def increment(connection):
    (value,) = connection.execute(text("SELECT value FROM counter")).one()
    connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

for _ in range(int(sys.argv[2])):
    writer.run(increment)
writer.close()
"""


def test_no_update_of_several_processes_is_lost(url, admin):
    """They read, then write, and READ COMMITTED alone would lose most of it."""
    admin("CREATE TABLE counter (value integer)")
    admin("INSERT INTO counter VALUES (0)")
    try:
        command = [sys.executable, "-c", COUNT, url, "40"]
        counters = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        for counter in counters:
            _, said = counter.communicate(timeout=100)
            assert counter.returncode == 0, said
        assert admin("SELECT value FROM counter").scalar_one() == 120
    finally:
        admin("DROP TABLE counter")


def test_a_row_is_never_seen_after_one_with_a_higher_number(url, admin):
    """As writers take turns, so who has read up to a number has read all below it."""
    admin("CREATE TABLE number (id bigint GENERATED ALWAYS AS IDENTITY, writer integer)")
    writers = [engine.Writer(engine.writing_engine(read_address(url)), "") for _ in range(3)]
    try:
        begun, seen = threading.Barrier(4), []

        def write(number):
            begun.wait()
            for _ in range(60):
                writers[number].run(lambda c: c.execute(text(f"INSERT INTO number (writer) VALUES ({number})")))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        begun.wait()
        while len(seen) < 180:
            last = seen[-1] if seen else 0
            new = admin(f"SELECT id FROM number WHERE id > {last} ORDER BY id").scalars().all()
            seen += new
        for thread in threads:
            thread.join()
        assert seen == admin("SELECT id FROM number ORDER BY id").scalars().all()
    finally:
        for writer in writers:
            writer.close()
        admin("DROP TABLE number")


def test_who_waits_too_long_for_his_turn_is_told(url, database, make):
    slow = engine.writing_engine(database)
    with slow.begin(), Store(url, busy_timeout_s=0.01) as store:
        assert store.due_feeds(make.T0, 1) == ()
        with pytest.raises(DatabaseBusy):
            store.sync_feeds((), make.T0)
    slow.dispose()


# --- what is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        pytest.param({"database": "nothing_here"}, DatabaseNotCreated, "createdb", id="no such database"),
        pytest.param({"username": "nobody_known", "password": "s3cret"}, DatabaseRefused, "pg_hba", id="no such user"),
        pytest.param({"host": "127.0.0.1", "port": 1, "password": "s3cret"}, DatabaseUnreachable, "runs", id="away"),
        pytest.param({"host": "/nowhere", "password": "s3cret"}, DatabaseUnreachable, "runs", id="no socket"),
    ],
)
def test_who_cannot_connect_is_told_why(url, make, given, kind, said):
    query = make_url(url).query if "host" not in given else {}
    address = other(url, **{"query": query} | given)
    with Store(address) as store:
        for act in (lambda: store.due_feeds(make.T0, 1), lambda: store.sync_feeds((), make.T0)):
            with pytest.raises(kind, match=said) as raised:
                act()
            assert "s3cret" not in str(raised.value) + repr(raised.value)
            assert str(raised.value).startswith("postgresql://")
    for act in (lambda: migrate.status(address), lambda: DatabaseLock(read_address(address)).__enter__()):
        with pytest.raises(kind):
            act()
    assert "s3cret" not in repr(read_address(address))


def test_a_database_in_another_encoding_is_refused(server, postgresql_server):
    with (
        postgresql_server.new_database(server, "ENCODING 'LATIN1' LOCALE 'C'") as url,
        pytest.raises(DatabaseUnsuitable, match=r"LATIN1.*createdb -E UTF8"),
    ):
        migrate.upgrade(url)


def test_who_may_not_make_tables_is_told(server, postgresql_server, admin):
    if not admin("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").scalar_one():
        pytest.skip("NOT TESTED: the server that the environment names lets us make no other user")
    guest = f"wirewatch_test_{secrets.token_hex(8)}"
    with postgresql_server.new_database(server) as url:
        admin(f"CREATE ROLE {guest} LOGIN")
        try:
            owner = create_engine(url, isolation_level="AUTOCOMMIT")
            with owner.connect() as connection:
                connection.execute(text("REVOKE CREATE ON SCHEMA public FROM public"))
            owner.dispose()
            with pytest.raises(DatabaseUnwritable, match="own the database"):
                migrate.upgrade(other(url, username=guest))
        finally:
            admin(f"DROP ROLE {guest}")


def test_a_table_that_is_gone_is_told(url, admin, make):
    with Store(url) as store:
        assert store.due_feeds(make.T0, 1) == ()
        admin("ALTER TABLE entry RENAME TO gone")
        try:
            with pytest.raises(DatabaseMissing, match="entry"):
                store.due_entries(make.T0, 1)
        finally:
            admin("ALTER TABLE gone RENAME TO entry")
        assert store.due_entries(make.T0, 1) == ()


def test_what_is_stored_is_in_no_error(url):
    """PostgreSQL adds the values of the row to what it says."""

    def work(connection):
        connection.execute(text("INSERT INTO topic (name) VALUES ('secret'), ('secret')"))

    with Store(url) as store, pytest.raises(StorageError) as caught:
        store._write(work)
    assert "secret" not in str(caught.value)


def test_what_postgresql_cannot_hold_is_left_out(url, make):
    """The stages let no such text in; one that comes another way must not stop a feed."""
    with Store(url) as store:
        newsroom = make.Newsroom(store)
        newsroom.feed()
        newsroom.poll(make.new_entry(), etag="a\0b", last_modified="c\ud800")
        assert (store.feed(1).etag, store.feed(1).last_modified) == ("ab", "c?")
        assert len(store.due_entries(make.T0, 9)) == 1


def test_json_is_written_as_on_sqlite(url, make):
    with Store(url) as store:
        newsroom = make.Newsroom(store)
        newsroom.save(sections=("Ü", "a, b"))
        ask = text("SELECT CAST(sections AS text) FROM article_version")
        assert store._read(lambda connection: connection.execute(ask).scalar_one()) == '["Ü","a, b"]'


# --- connections that end ---------------------------------------------------------------------------


def test_a_connection_that_was_ended_while_idle_is_not_noticed(url, make, end_all):
    with Store(url) as store, Listings(url) as listings:
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
        assert (len(store.due_feeds(make.T0, 9)), len(listings.feeds())) == (1, 1)
        for _ in range(2):
            end_all()
            assert (len(store.due_feeds(make.T0, 9)), len(listings.feeds())) == (1, 1)
            store.sync_feeds(make.feeds("https://a.example/"), make.T0)
            end_all()
            assert store.write_together([lambda: store.keep_host_waits(())] * 2) == [None] * 2
            end_all()
            assert store.read_together([lambda: store.feed(1).url] * 2) == ["https://a.example/"] * 2


def test_one_that_is_ended_in_a_transaction_is_told_once_and_nothing_is_done(url, make, end_all):
    def work(connection):
        connection.execute(text("INSERT INTO topic (name) VALUES ('x')"))
        end_all()
        connection.execute(text("INSERT INTO topic (name) VALUES ('y')"))

    with Store(url) as store:
        with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
            store._write(work)
        assert store._read(lambda connection: connection.execute(text("SELECT count(*) FROM topic")).scalar_one()) == 0
        store.sync_feeds((), make.T0)


def test_a_call_that_fails_among_others_leaves_them_what_they_read(url, make):
    def fail(connection):
        connection.execute(text("SELECT 1 / 0"))

    with Store(url) as store:
        store.sync_feeds(make.feeds("https://a.example/"), make.T0)
        calls = [lambda: store.feed(1).id, lambda: store._read(fail), lambda: store.feed(1).id]
        one, failed, other_one = store.read_together(calls)
        assert (one, other_one) == (1, 1)
        assert isinstance(failed, StorageError)


def test_after_a_restart_all_goes_on_by_itself(postgresql_server, make):
    with postgresql_server.server_to_stop() as server, postgresql_server.new_database(server.address) as url:
        migrate.upgrade(url)
        lock = DatabaseLock(read_address(url))
        with Store(url) as store, lock:
            store.sync_feeds(make.feeds("https://a.example/"), make.T0)
            assert len(store.due_feeds(make.T0, 9)) == 1
            server.stop("fast")
            acts = (lambda: store.due_feeds(make.T0, 9), lambda: store.sync_feeds((), make.T0), lock.hold)
            for act in acts * 2:
                with pytest.raises(DatabaseUnreachable):
                    act()
            server.start()
            lock.hold()
            assert len(store.due_feeds(make.T0, 9)) == 1
            store.sync_feeds((), make.T0)
            assert is_locked(read_address(url))


# --- locks ------------------------------------------------------------------------------------------

HOLD = """
import sys
from storage.address import read_address
from storage.lock import DatabaseLock

with DatabaseLock(read_address(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_has_it(database):
    with DatabaseLock(database), pytest.raises(DatabaseInUse, match=f"process {os.getpid()} on "):
        DatabaseLock(database).__enter__()
    with DatabaseLock(database) as lock:
        lock.hold()
        assert is_locked(database)
    assert not is_locked(database)


def test_the_lock_is_free_when_its_holder_is_killed(url, database):
    command = [sys.executable, "-c", HOLD, url]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DatabaseInUse, match=f"process {holder.pid} "):
        DatabaseLock(database).__enter__()
    holder.kill()
    holder.wait(60)
    holder.stdin.close()
    holder.stdout.close()
    deadline = threading.Event()
    for _ in range(100):
        # The server notices when it next looks at the connection.
        if not is_locked(database):
            break
        deadline.wait(0.05)
    with DatabaseLock(database):
        pass


def test_one_back_fill_at_a_time_beside_an_instance(database):
    said = "rules apply or import is at work"
    with DatabaseLock(database), BackfillLock(database), pytest.raises(BackfillAtWork, match=said):
        BackfillLock(database).__enter__()
    with BackfillLock(database):
        assert not is_locked(database)


def test_a_lock_that_the_server_forgot_is_taken_again(database, end_all):
    with DatabaseLock(database) as lock:
        end_all()
        assert not is_locked(database)
        lock.hold()
        assert is_locked(database)
        end_all()
        with DatabaseLock(database):
            for _ in range(2):
                with pytest.raises(DatabaseInUse):
                    lock.hold()
        lock.hold()
        assert is_locked(database)
    assert not is_locked(database)


def test_the_driver_is_loaded_for_servers_alone():
    loaded = "import sys, storage.store, storage.lock, storage.migrate; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", loaded], cwd=ROOT, text=True).split()
    assert {"psycopg", "storage.postgresql"}.isdisjoint(modules)


def test_who_lacks_the_driver_is_told_what_to_install(tmp_path, url):
    (tmp_path / "psycopg.py").write_text("raise ImportError('no pq wrapper available')")
    code = "import sys, storage.store; storage.store.Store(sys.argv[1])"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", code, url], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert 'pip install "wirewatch[postgres]"' in done.stderr.splitlines()[-1]


def test_its_size_is_that_of_the_server(url):
    with Listings(url) as listings:
        assert listings.stats().database_bytes > 1_000_000
    assert migrate.status(url).bytes > 1_000_000
    assert postgresql.OLDEST_SERVER == 13
