"""workers, jobs and db requeue, as people call them; and what doctor and stats say of a fleet."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from ingest.model import utc_now
from ingest.polling import ConfiguredFeed
from storage.jobs.model import Job, Kind
from storage.jobs.roster import WorkerRecord
from storage.lock import SharedLock
from storage.store import Store

HOUR = timedelta(hours=1)


@pytest.fixture
def shared(server, postgresql_server):
    """The address of a database of its own: the tables of the queue are made and dropped in it."""
    from storage.migrate import upgrade

    with postgresql_server.new_database(server) as url:
        upgrade(url)
        yield url


@pytest.fixture
def store(shared):
    with Store(shared) as opened:
        yield opened


@pytest.fixture
def queue(store):
    """The board, with the tables of the queue."""
    store.jobs.rebuild()
    return store.jobs


@pytest.fixture
def sql(shared):
    """Runs a statement beside the program."""
    engine = create_engine(shared)

    def run(statement):
        with engine.begin() as connection:
            done = connection.execute(text(statement))
            return done.all() if done.returns_rows else []

    yield run
    engine.dispose()


@pytest.fixture
def call(wirewatch, shared):
    return lambda *given: wirewatch("--db", shared, *given)


def record(name="a:1", role="worker", **given):
    now = utc_now()
    values = {
        "name": name,
        "role": role,
        "version": "1",
        "queues": ("poll", "extract") if role == "worker" else (),
        "concurrency": 16,
        "state": "working" if role == "worker" else "leading",
        "doing": (),
        "rules_version": "r1",
        "polls": 3,
        "entries": 40,
        "articles": 30,
        "started_at": now - timedelta(minutes=10),
        "seen_at": now,
    }
    return WorkerRecord(**(values | given))


def silence(sql, name):
    """As if *name* was not heard of for a while."""
    sql(f"UPDATE worker SET seen_at = seen_at - 60000000 WHERE name = '{name}'")


def kill(sql, target):
    """Let the job for *target* end as Procrastinate ends one that raised."""
    sql(f"UPDATE procrastinate_jobs SET status = 'doing', attempts = 1 WHERE queueing_lock = 'extract:{target}'")
    sql(f"UPDATE procrastinate_jobs SET status = 'failed' WHERE queueing_lock = 'extract:{target}'")


def extract(*hosts):
    return tuple(Job(kind=Kind.EXTRACT, target=host) for host in hosts)


# --- workers ----------------------------------------------------------------------------------------


def test_who_lives_what_they_do_and_how_fast(call, queue, sql):
    queue.say(record(doing=("extract one.example", "poll two.example")))
    queue.say(record("b:2"))
    queue.say(record("c:3", role="scheduler"))
    silence(sql, "b:2")
    one, two, leads = sorted(call("workers", "--json").json, key=lambda row: row["name"])
    assert (one["state"], one["jobs"], one["concurrency"], one["articles_per_minute"]) == ("working", 2, 16, 3.0)
    assert one["doing"] == ["extract one.example", "poll two.example"]
    assert two["state"] == "dead"
    assert (leads["role"], leads["state"], leads["articles_per_minute"]) == ("scheduler", "leading", None)


def test_whether_one_lives_does_not_depend_on_its_clock(call, queue):
    behind = utc_now() - 5 * HOUR
    queue.say(record(started_at=behind - timedelta(minutes=10), seen_at=behind))
    (row,) = call("workers", "--json").json
    assert (row["state"], row["articles_per_minute"]) == ("working", 3.0)


def test_below_the_table_stands_how_full_the_queue_is(call, queue):
    queue.say(record())
    queue.add(extract("one.example", "two.example"))
    ended = call("workers", "--format", "table")
    assert ended.code == 0
    assert "queue: 2 waiting, 0 at work, 0 dead\n" in ended.out
    assert "due: 0 feeds; 0 entries\n" in ended.out
    assert "no scheduler lives" in ended.err


def test_the_queue_as_one_record(call, store, queue, sql):
    store.sync_feeds([ConfiguredFeed(url="https://one.example/feed")], utc_now() - HOUR)
    queue.add(extract("one.example", "two.example", "three.example"))
    kill(sql, "three.example")
    sql("UPDATE procrastinate_jobs SET status = 'doing' WHERE queueing_lock = 'extract:two.example'")
    found = call("workers", "--queue", "--json").json
    assert {name: found[name] for name in ("waiting", "at_work", "stalled", "dead", "feeds_due", "entries_due")} == {
        "waiting": 1,
        "at_work": 1,
        "stalled": 1,
        "dead": 1,
        "feeds_due": 1,
        "entries_due": 0,
    }
    assert found["oldest_feed_at"] is not None
    assert found["oldest_entry_at"] is None
    assert any("no worker lives" in each for each in found["trouble"])


def test_without_a_queue_it_is_said_how_to_make_one(call, store):
    store.jobs.say(record())
    ended = call("workers", "--queue", "--format", "table")
    assert ended.code == 0
    assert "there are no tables to hand out work by" in ended.err
    assert "db requeue" in ended.err
    assert call("workers", "--queue", "--json").json["waiting"] is None


@pytest.mark.parametrize(
    "command", [("workers",), ("workers", "--queue"), ("jobs",), ("jobs", "retry", "--all"), ("db", "requeue")]
)
def test_on_sqlite_one_line_says_that_one_process_works_there(wirewatch, tmp_path, command):
    ended = wirewatch("--db", tmp_path / "news.db", *command)
    assert ended.code == 4
    assert "one process alone works on an SQLite file" in ended.err
    assert ended.err.count("\n") == 1


# --- jobs -------------------------------------------------------------------------------------------


def test_jobs_are_listed_the_dead_first(call, queue, sql):
    queue.add(extract("one.example", "two.example", "three.example"))
    kill(sql, "three.example")
    sql("UPDATE procrastinate_jobs SET status = 'doing' WHERE queueing_lock = 'extract:two.example'")
    queue.say(record(doing=("extract two.example",)))
    rows = call("jobs", "--json").json
    assert [(row["target"], row["state"], row["worker"]) for row in rows] == [
        ("three.example", "dead", None),
        ("two.example", "at_work", "a:1"),
        ("one.example", "waiting", None),
    ]
    assert [row["target"] for row in call("jobs", "--dead", "--json").json] == ["three.example"]


def test_a_kind_that_only_a_newer_version_knows_is_listed(call, queue, sql):
    queue.add(extract("one.example"))
    sql("UPDATE procrastinate_jobs SET queueing_lock = 'digest:daily', queue_name = 'digest'")
    (row,) = call("jobs", "--json").json
    assert (row["kind"], row["target"]) == ("digest", "daily")


def test_dead_jobs_are_handed_out_again(call, queue, sql):
    queue.add(extract("one.example", "two.example"))
    kill(sql, "one.example")
    kill(sql, "two.example")
    first, second = (row["id"] for row in call("jobs", "--dead", "--json").json)
    assert [row["target"] for row in call("jobs", "retry", first, "--json").json] == ["one.example"]
    assert [row["id"] for row in call("jobs", "--dead", "--json").json] == [second]
    ended = call("jobs", "retry", "--all", "--format", "table")
    assert "1 dead job handed out again" in ended.err
    assert queue.depth().waiting == 2
    assert queue.depth().dead == 0


def test_a_number_of_no_dead_job_is_told_and_hinders_no_other(call, queue, sql):
    queue.add(extract("one.example", "two.example"))
    kill(sql, "one.example")
    (dead,) = (row["id"] for row in call("jobs", "--dead", "--json").json)
    ended = call("jobs", "retry", dead, dead + 1, 999_999)
    assert ended.code == 1
    assert f"no dead job: {dead + 1}, 999999; see: wirewatch" in ended.err
    assert queue.depth().dead == 0


@pytest.mark.parametrize("given", [(), ("1", "--all")])
def test_numbers_or_all_and_not_both(call, given):
    assert call("jobs", "retry", *given).code == 2


def test_jobs_without_a_queue(call, store):
    ended = call("jobs")
    assert ended.code == 5
    assert "db requeue" in ended.err


# --- requeue ----------------------------------------------------------------------------------------


def test_it_makes_the_queue_where_there_was_none_and_tells_what_is_due(call, store):
    store.sync_feeds([ConfiguredFeed(url="https://one.example/feed")], utc_now() - HOUR)
    assert call("db", "requeue", "--json").json == {"feeds_due": 1, "entries_due": 0}
    assert [job.target for job in store.jobs.hand_out(utc_now(), most=9)] == ["one.example"]


def test_it_makes_an_outdated_or_damaged_queue_anew(call, queue, sql):
    queue.add(extract("one.example"))
    sql("COMMENT ON TABLE procrastinate_jobs IS '1.0'")
    assert call("jobs").code == 5
    assert "made anew; due are 0 feeds and 0 entries" in call("db", "requeue").err
    assert call("jobs", "--json").json == []
    sql("DROP TABLE procrastinate_events CASCADE")
    assert call("db", "requeue").code == 0
    assert queue.add(extract("one.example")) == 1


def test_it_is_refused_while_workers_live_and_names_them(call, queue, shared):
    from storage.address import read_address

    address = read_address(shared)
    queue.add(extract("one.example"))
    with SharedLock(address), SharedLock(address):
        ended = call("db", "requeue")
        assert ended.code == 5
        assert len(re.findall(r"process \d+ on", ended.err)) == 2
        assert "--force" in ended.err
        assert queue.depth().waiting == 1
        assert call("db", "requeue", "--force").code == 0
    assert queue.depth().waiting == 0


# --- doctor and stats -------------------------------------------------------------------------------


def checks(call):
    return [row for row in call("doctor", "--json").json if row["check"] == "workers"]


def test_where_one_process_does_all_nothing_is_said(call, store):
    store.sync_feeds([ConfiguredFeed(url="https://one.example/feed")], utc_now() - HOUR)
    assert checks(call) == []
    assert call("stats", "--json").json["workers"] is None


def test_what_is_wrong_with_a_fleet_is_told_by_doctor_and_stats(call, store, queue, sql):
    store.sync_feeds([ConfiguredFeed(url="https://one.example/feed")], utc_now() - HOUR)
    queue.say(record("a:1"))
    queue.add(extract("one.example"))
    kill(sql, "one.example")
    silence(sql, "a:1")
    told = " | ".join(row["message"] for row in checks(call))
    for each in ("not heard of for 15 s", "no worker lives", "no scheduler lives", "1 job is dead"):
        assert each in told
        assert each in call("stats").err
    found = call("stats", "--json").json
    assert (found["workers"], found["jobs"]) == ({"dead": 1}, {"waiting": 0, "at_work": 0, "dead": 1})


def test_a_fleet_that_is_well_is_one_line(call, queue):
    queue.say(record())
    queue.say(record("b:2", role="scheduler"))
    (row,) = checks(call)
    assert (row["status"], row["message"]) == ("ok", "1 at work, 0 jobs wait")
