"""What is due host by host is what is due at all, and after a tick all of it is in somebody's hands."""

from __future__ import annotations

import random
import string
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select, update

from ingest.model import EntryState
from storage import tables
from storage.jobs import board, due, queue
from storage.jobs.model import Job, Kind

FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)

HOSTS = ["a.example", "A.Example", "b.example", "127.0.0.1", "[::1]", "[2001:DB8::1]", "xn--bcher-kva.example", ""]
ADDRESSES = st.one_of(
    st.none(),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["http://", "https://", "HTTP://", "http://me@", "http://me:pass@", "http://me:p:w@"]),
        st.sampled_from(HOSTS),
        st.sampled_from(["", ":80", ":8080", ":"]),
        st.sampled_from(["", "/", "/a@b", "/?q=://x/", "?q=x@c.example", "#a", "/x:y"]),
    ),
    st.sampled_from(["urn:uuid:1", "mailto:me@a.example", "nothing", "//a.example/1", ""]),
)
#: minutes until something is due
WHEN = st.sampled_from([-5, -1, 0, 1])


def fill(connection, make, feeds, entries):
    """Feeds of (address, when, state), entries of (address of the page, when or None, state)."""
    add = insert(tables.feed).returning(tables.feed.c.id)
    ids = []
    for number, (address, when, state) in enumerate(feeds):
        values = {"url": f"u{number}", "fetch_url": address or "", "state": state, "interval_s": 1, "failures": 0}
        times = {"next_poll_at": make.T0 + timedelta(minutes=when), "added_at": make.T0}
        ids.append(connection.execute(add.values(values | times)).scalar_one())
    for number, (address, when, state) in enumerate(entries):
        planned = None if when is None else make.T0 + timedelta(minutes=when)
        values = {"feed_id": ids[0], "identity": str(number), "title": "", "text": "", "sections": []}
        values |= {"content_hash": "", "state": state, "attempts": 0, "checks": 0, "first_seen_at": make.T0}
        values |= {"last_seen_at": make.T0, "is_changed": False, "revision": 0}
        connection.execute(insert(tables.entry).values(values | {"page_address": address, "next_try_at": planned}))


FEEDS = st.lists(
    st.tuples(ADDRESSES, WHEN, st.sampled_from(["active", "active", "failing", "gone", "paused", "removed"])),
    min_size=1,
    max_size=12,
)
ENTRIES = st.lists(st.tuples(ADDRESSES, st.none() | WHEN, st.sampled_from(EntryState)), max_size=12)


@pytest.fixture
def filled(shared_store, url_with_queue, make):
    """Fills the database, in place of what was in it."""
    engine = create_engine(url_with_queue)

    def fill_anew(feeds, entries):
        with engine.begin() as connection:
            make.clear_tables(connection)
            connection.exec_driver_sql("TRUNCATE procrastinate_jobs CASCADE")
            fill(connection, make, feeds, entries)
        return engine

    yield fill_anew
    engine.dispose()


@given(feeds=FEEDS, entries=ENTRIES)
@FEW
def test_host_by_host_is_all(shared_store, filled, make, feeds, entries):
    """Every feed and entry that is due is due at one host, in the same order, and nothing else is."""
    engine = filled(feeds, entries)
    with engine.connect() as connection:
        polls = [job.target for job in due.polls(connection, make.T0)]
        extractions = [job.target for job in due.extractions(connection, make.T0)]
    wanted = [each.id for each in shared_store.due_feeds(make.T0, 99)]
    by_host = {host: shared_store.jobs.feeds_of(host, make.T0) for host in polls}
    assert sorted(each for ids in by_host.values() for each in ids) == sorted(wanted)
    for ids in by_host.values():
        assert list(ids) == [each for each in wanted if each in ids]
    wanted = [each.id for each in shared_store.due_entries(make.T0, 99)]
    by_host = {host: shared_store.jobs.entries_of(host, make.T0, 99) for host in extractions}
    assert sorted(each for ids in by_host.values() for each in ids) == sorted(wanted)
    for host, ids in by_host.items():
        assert list(ids) == [each for each in wanted if each in ids]
        assert shared_store.jobs.entries_of(host, make.T0, 1) == ids[:1]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://a.example/1", "a.example"),
        ("https://A.example:8443/1", "a.example"),
        ("http://me:secret@a.example/1", "a.example"),
        ("http://a.example?b@c.example", "a.example"),
        ("http://a.example#b@c.example", "a.example"),
        ("http://[2001:DB8::1]:8080/1", "[2001:db8::1]"),
        ("urn:uuid:1", ""),
        (None, ""),
    ],
)
def test_the_host_is_the_name_alone(shared_store, filled, make, address, host):
    filled([("http://f.example", 0, "active")], [(address, None, EntryState.NEW)])
    assert shared_store.jobs.entries_of(host, make.T0, 9) != ()


def test_the_longest_address_there_can_be_has_a_place(shared_store, filled, make):
    """What is indexed, and what is a key of the queue, has room for the longest host that is let in."""
    draw = random.Random(1)
    host = "".join(draw.choice(string.ascii_lowercase + string.digits) for _ in range(2048 - 8))
    filled([("http://f.example", 0, "active")], [])
    newsroom = make.Newsroom(shared_store)
    newsroom.feed()
    (number,) = newsroom.poll(make.new_entry(f"https://{host}"))
    assert shared_store.jobs.entries_of(host, make.T0, 9) == (number,)
    assert shared_store.jobs.depth().waiting == 1


def test_with_a_new_entry_comes_a_job_for_the_host_of_its_page(shared_store, filled, make):
    newsroom = make.Newsroom(shared_store)
    newsroom.feed()
    newsroom.poll(make.new_entry("https://a.example/1"), make.new_entry("https://a.example/2"))
    newsroom.poll(make.new_entry("https://a.example/3"), make.new_entry(None))
    assert shared_store.jobs.depth().waiting == 2


# --- the tick ---------------------------------------------------------------------------------------


@given(
    feeds=FEEDS,
    entries=ENTRIES,
    most=st.sampled_from([1, 2, 3, 99]),
    fates=st.lists(st.sampled_from(["todo", "doing", "failed", "failed long ago"]), max_size=9),
)
@FEW
def test_after_a_tick_all_that_is_due_is_in_somebodys_hands(shared_store, filled, make, feeds, entries, most, fates):
    engine = filled(feeds, entries)
    with engine.begin() as connection:
        all_due = [*due.polls(connection, make.T0), *due.extractions(connection, make.T0)]
        before = {}
        # Some of what is due was handed out before.
        for job, fate in zip(dict.fromkeys(all_due), fates, strict=False):
            queue.add(connection, [job])
            settle(connection, job, fate)
            before[job] = fate
    handed_out = shared_store.jobs.hand_out(make.T0, most=most)
    waiting = sum(fate == "todo" for fate in before.values())
    wanted = [job for job in dict.fromkeys(all_due) if before.get(job, "failed long ago") == "failed long ago"]
    # The longest waiting first, and polls before all.
    assert list(handed_out) == wanted[: max(0, most - waiting)]
    assert [job.kind for job in handed_out] == sorted((job.kind for job in handed_out), reverse=True)
    assert shared_store.jobs.depth().waiting == waiting + len(handed_out)
    with engine.begin() as connection:
        in_hands = queue.busy(connection, dead_for_s=board.DEAD_FOR_S)
    if len(wanted) <= most - waiting:
        assert set(all_due) <= in_hands
        assert shared_store.jobs.hand_out(make.T0, most=most) == ()


def settle(connection, job, fate):
    """Let *job* be at work, or have ended."""
    if fate == "todo":
        return
    change = "UPDATE procrastinate_jobs SET status = %s WHERE queueing_lock = %s"
    connection.exec_driver_sql(change, ("doing", job.key))
    if fate != "doing":
        connection.exec_driver_sql(change, (fate.split()[0], job.key))
        ago = board.DEAD_FOR_S + 1 if "ago" in fate else 1
        connection.exec_driver_sql(
            "UPDATE procrastinate_events SET at = now() - make_interval(secs => %s) "
            "WHERE job_id IN (SELECT id FROM procrastinate_jobs WHERE queueing_lock = %s)",
            (ago, job.key),
        )


def test_a_lost_queue_is_filled_again_by_the_next_tick(shared_store, filled, make):
    filled([("http://a.example", 0, "active")], [("http://b.example/1", None, EntryState.NEW)])
    jobs = shared_store.jobs.hand_out(make.T0, most=9)
    assert jobs == (Job(kind=Kind.POLL, target="a.example"), Job(kind=Kind.EXTRACT, target="b.example"))
    shared_store.jobs.rebuild()
    assert shared_store.jobs.depth().waiting == 0
    assert shared_store.jobs.hand_out(make.T0, most=9) == jobs


def test_what_is_done_is_due_no_more(shared_store, filled, make):
    engine = filled([("http://a.example", 0, "active")], [])
    with engine.begin() as connection:
        connection.execute(update(tables.feed).values(next_poll_at=make.T0 + timedelta(minutes=1)))
        assert connection.execute(select(tables.feed.c.id)).scalars().all() == [1]
    assert shared_store.jobs.feeds_of("a.example", make.T0) == ()
    assert shared_store.jobs.hand_out(make.T0, most=9) == ()
