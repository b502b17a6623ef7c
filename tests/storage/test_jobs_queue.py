"""The queue: what waits is not doubled and not taken too early, what is lost comes back, damage is mended."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import create_engine, make_url

from storage.errors import QueueMissing, QueueOutdated
from storage.jobs import queue
from storage.jobs.model import Depth, Job, Kind
from storage.store import Store


def poll(host):
    return Job(kind=Kind.POLL, target=host)


def extract(host):
    return Job(kind=Kind.EXTRACT, target=host)


def connect(url):
    """A connection as the library of the queue has it."""
    return psycopg.connect(**make_url(url).get_dialect()().create_connect_args(make_url(url))[1], autocommit=True)


@pytest.fixture
def engine(empty_with_queue):
    made = create_engine(empty_with_queue)
    yield made
    made.dispose()


@pytest.fixture
def worker(empty_with_queue):
    """A connection that takes jobs, and the number of its worker."""
    with closing(connect(empty_with_queue)) as connection:
        ((number,),) = connection.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchall()
        yield connection, number


def fetch(worker):
    """Take a job as the library does; returns its number and key, None where there is none to be had."""
    connection, number = worker
    row = connection.execute(
        "SELECT id, queueing_lock FROM procrastinate_fetch_job_v2(%s, %s)", [[str(kind) for kind in Kind], number]
    ).fetchone()
    return None if row is None or row[0] is None else row


def finish(worker, number, status):
    worker[0].execute("SELECT procrastinate_finish_job_v1(%s, %s, %s)", [number, status, status == "succeeded"])


def waiting(engine):
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo'")
        return sorted(found.scalars())


def test_each_waits_once_and_is_taken_in_order(engine, worker):
    with engine.begin() as connection:
        assert queue.add(connection, [poll("a"), extract("a"), poll("a")]) == 2
        assert queue.add(connection, [extract("a"), extract("[::1]"), extract("")]) == 2
        assert queue.add(connection, []) == 0
        assert queue.depth(connection) == Depth(waiting=4, at_work=0, dead=0)
    assert [fetch(worker)[1] for _ in range(4)] == ["poll:a", "extract:a", "extract:[::1]", "extract:"]
    assert fetch(worker) is None
    with engine.begin() as connection:
        assert queue.busy(connection, dead_for_s=60) == {poll("a"), extract("a"), extract("[::1]"), extract("")}
        assert queue.depth(connection) == Depth(waiting=0, at_work=4, dead=0)


def test_nothing_is_added_by_a_transaction_that_fails(engine, worker):
    with engine.connect() as connection:
        queue.add(connection, [poll("a")])
        connection.rollback()
    assert fetch(worker) is None


def test_what_waits_is_not_taken_before_those_who_rely_on_it_are_done(engine, worker):
    """Else a worker could look for what is due before that is written, and nobody would look again."""
    with engine.begin() as connection:
        queue.add(connection, [extract("a"), extract("b")])
    with engine.begin() as connection:
        assert queue.add(connection, [extract("a")]) == 0
        assert fetch(worker)[1] == "extract:b"
        assert fetch(worker) is None
    assert fetch(worker)[1] == "extract:a"


def test_what_is_being_taken_is_added_anew(engine, empty_with_queue, worker):
    """Whoever takes it in this moment may have looked already for what is due."""
    with engine.begin() as connection:
        queue.add(connection, [extract("a")])
    worker[0].autocommit = False
    assert fetch(worker)[1] == "extract:a"
    added = []

    def add():
        with engine.begin() as connection:
            added.append(queue.add(connection, [extract("a")]))

    thread = threading.Thread(target=add)
    thread.start()
    with closing(connect(empty_with_queue)) as looking:
        while not looking.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone():
            assert thread.is_alive()
    worker[0].commit()
    thread.join(60)
    assert added == [1]
    assert waiting(engine) == ["extract:a"]


def test_jobs_of_the_dead_come_back_and_those_of_the_living_do_not(engine, worker):
    connection, number = worker
    with engine.begin() as other:
        queue.add(other, [poll("a"), poll("b"), poll("c")])
    fetch(worker)
    with engine.begin() as other:
        assert queue.sweep(other) == ()
    connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '16 s'")
    with engine.begin() as other:
        assert queue.sweep(other) == (poll("a"),)
        assert queue.depth(other) == Depth(waiting=2, at_work=0, dead=0)
    fetch(worker)
    # It is forgotten by the library after a while, and is dead all the same.
    connection.execute("DELETE FROM procrastinate_workers WHERE id = %s", [number])
    with engine.begin() as other:
        assert queue.sweep(other) == (poll("b"),)
        assert queue.sweep(other) == ()
        assert queue.busy(other, dead_for_s=60) == {poll("c")}


def test_a_job_that_was_cut_short_is_no_bug(engine, worker):
    """A worker that ends does not wait for ever: what it breaks off is due still, and must not rest for that."""
    with engine.begin() as connection:
        queue.add(connection, [extract("a"), extract("b")])
    finish(worker, fetch(worker)[0], "aborted")
    finish(worker, fetch(worker)[0], "failed")
    with engine.begin() as connection:
        assert queue.depth(connection) == Depth(waiting=0, at_work=0, dead=1)
        assert queue.busy(connection, dead_for_s=60) == {extract("b")}
        assert [each.job for each in queue.dead(connection)] == [extract("b")]
        assert queue.sweep(connection) == (extract("a"),)
        assert queue.sweep(connection) == ()


def test_dead_jobs_rest_for_a_while_and_can_be_retried(engine, worker):
    with engine.begin() as connection:
        queue.add(connection, [poll("a"), poll("b"), poll("c")])
    numbers = [fetch(worker)[0] for _ in range(3)]
    for number in numbers:
        finish(worker, number, "failed")
    with engine.begin() as connection:
        dead = queue.dead(connection)
        assert [(each.id, each.job, each.attempts) for each in dead] == [
            (number, poll(host), 1) for number, host in zip(numbers, "abc", strict=True)
        ]
        assert None not in {each.failed_at for each in dead}
        assert queue.busy(connection, dead_for_s=3600) == {poll("a"), poll("b"), poll("c")}
        assert queue.busy(connection, dead_for_s=0) == frozenset()
        assert queue.retry(connection, [numbers[1], 999]) == (poll("b"),)
        queue.add(connection, [poll("c")])
        assert set(queue.retry(connection, [], every=True)) == {poll("a"), poll("c")}
        assert queue.dead(connection) == ()
    assert waiting(engine) == ["poll:a", "poll:b", "poll:c"]


def test_retry_touches_nothing_that_waits_or_is_at_work(engine, worker):
    with engine.begin() as connection:
        queue.add(connection, [poll("a"), poll("b")])
    number, _ = fetch(worker)
    with engine.begin() as connection:
        assert queue.retry(connection, [number, number + 1], every=True) == ()
        assert queue.depth(connection) == Depth(waiting=1, at_work=1, dead=0)


def test_kinds_of_a_newer_version_are_left_alone(engine, worker):
    """While all are upgraded, both versions work on one queue."""
    with engine.begin() as connection:
        queue.add(connection, [poll("a")])
        for status in ("todo", "doing", "failed", "aborted"):
            connection.exec_driver_sql(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status) "
                "VALUES ('paint', 'paint', 'paint:a', %s)",
                (status,),
            )
        assert queue.busy(connection, dead_for_s=60) == {poll("a")}
        assert queue.sweep(connection) == ()
        assert queue.dead(connection) == ()
        assert queue.retry(connection, [], every=True) == ()
        found = connection.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'paint'")
        assert found.scalar_one() == 4


# --- the tables -------------------------------------------------------------------------------------

DAMAGES = {
    "nothing": "SELECT",
    "a table is gone": "DROP TABLE procrastinate_workers CASCADE",
    "all tables are gone": "DROP TABLE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, "
    "procrastinate_workers CASCADE",
    "a column is gone": "ALTER TABLE procrastinate_jobs DROP COLUMN queueing_lock",
    "a function is gone": "DROP FUNCTION procrastinate_fetch_job_v2 CASCADE",
    "a type is gone": "DROP TYPE procrastinate_job_status CASCADE",
    "it is of another version": "COMMENT ON TABLE procrastinate_jobs IS '2.0'",
    "there is more": "CREATE TABLE procrastinate_more (); CREATE TYPE procrastinate_colour AS ENUM ('red')",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_tables_are_made_anew(engine, worker, damage):
    with engine.connect() as connection:
        queue.add(connection, [poll("a")])
        connection.exec_driver_sql(damage)
        queue.rebuild(connection)
        queue.require(connection, "here")
        assert queue.depth(connection) == Depth(waiting=0, at_work=0, dead=0)
        assert queue.add(connection, [poll("b")]) == 1
        tables = "SELECT count(*) FROM pg_tables WHERE starts_with(tablename, 'procrastinate_')"
        assert connection.exec_driver_sql(tables).scalar_one() == 4
        assert queue.install(connection) is False
        # All of it in one transaction.
        connection.rollback()
    assert fetch(worker) is None


def test_a_tick_without_the_tables_says_what_makes_them(empty_postgresql):
    with Store(empty_postgresql) as store, pytest.raises(QueueMissing, match="db requeue"):
        store.jobs.hand_out(datetime.now(UTC), most=10)


def test_tables_that_are_missing_or_of_another_version_are_told(engine):
    with engine.connect() as connection:
        connection.exec_driver_sql(DAMAGES["it is of another version"])
        with pytest.raises(QueueOutdated, match=r"2\.0"):
            queue.require(connection, "here")
        connection.exec_driver_sql("COMMENT ON TABLE procrastinate_jobs IS NULL")
        with pytest.raises(QueueMissing):
            queue.require(connection, "here")
        connection.exec_driver_sql(DAMAGES["all tables are gone"])
        with pytest.raises(QueueMissing):
            queue.require(connection, "here")
        connection.rollback()
