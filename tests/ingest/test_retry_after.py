"""Retry-After, and whom it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.retry_after import BACK_OFF_S, MAX_RETRY_AFTER_S, RefusalMemory, Wait, retry_after_s

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("604801", MAX_RETRY_AFTER_S),
        ("9" * 5000, MAX_RETRY_AFTER_S),
        ("Thu, 01 Oct 2026 12:10:00 GMT", 600.0),
        ("Thursday, 01-Oct-26 12:10:00 GMT", 600.0),
        ("Thu Oct  1 12:10:00 2026", 600.0),
        ("Thu, 01 Oct 2026 14:10:00 +0200", 600.0),
        ("Thu, 01 Oct 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Oct 2099 12:00:00 GMT", MAX_RETRY_AFTER_S),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Thu, 99 Oct 2026 12:10:00 GMT", None),
        ("Thu, 01 Oct 99999 12:10:00 GMT", None),
    ],
)
def test_value(value, seconds):
    assert retry_after_s({"retry-after": value}, NOW) == seconds


def test_absent():
    assert retry_after_s({}, NOW) is None


def test_a_date_counts_from_the_clock_of_the_server():
    headers = {"date": "Mon, 01 Jan 2001 00:00:00 GMT", "retry-after": "Mon, 01 Jan 2001 00:01:00 GMT"}
    assert retry_after_s(headers, NOW) == 60.0
    assert retry_after_s(headers | {"date": "rubbish"}, NOW) == 0.0


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_text_is_a_wait_within_bounds_or_none(value, date):
    seconds = retry_after_s({"retry-after": value, "date": date}, NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_S


@given(st.integers(0, 600_000))
def test_seconds_and_dates_say_the_same(seconds):
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_s({"retry-after": date}, NOW) == retry_after_s({"retry-after": str(seconds)}, NOW)


def test_one_refusal_is_about_one_address():
    memory = RefusalMemory()
    memory.refused("a/1", "a", now=0, until=100)
    memory.refused("a/1", "a", now=10, until=50)
    assert memory.remaining_s("a/1", "a", 30) == 70
    assert memory.remaining_s("a/2", "a", 30) == 0
    assert memory.remaining_s("a/1", "a", 100) == 0


def test_a_second_address_refused_within_the_wait_speaks_for_the_host():
    memory = RefusalMemory()
    memory.refused("a/1", "a", now=0, until=100)
    memory.refused("a/2", "a", now=99, until=120)
    assert memory.remaining_s("a/3", "a", 99) == 21
    assert memory.remaining_s("b/1", "b", 99) == 0
    assert memory.remaining_s("a/3", "a", 120) == 0
    # The wait is over: the next refusal is about one address again.
    memory.refused("a/2", "a", now=130, until=200)
    assert memory.remaining_s("a/3", "a", 140) == 0


def test_the_host_stays_alone_when_the_first_address_is_refused_again():
    memory = RefusalMemory()
    memory.refused("a", "h", now=0, until=100)
    memory.refused("b", "h", now=1, until=50)
    memory.refused("a", "h", now=2, until=120)
    assert memory.remaining_s("c", "h", 3) == 117


def test_a_second_address_after_the_wait_does_not():
    memory = RefusalMemory()
    memory.refused("a/1", "a", now=0, until=100)
    memory.refused("a/2", "a", now=100, until=200)
    assert memory.remaining_s("a/3", "a", 150) == 0


def test_memory_is_bounded_and_keeps_the_longest_waits():
    memory = RefusalMemory(max_remembered=10)
    for number in range(1000):
        memory.refused(f"{number}/", f"host-{number}", now=0, until=number + 1)
        memory.wait_for(f"{number}/other", now=0, until=number + 1)
    assert memory.remaining_s("999/", "host-999", 0) == 1000
    assert memory.remaining_s("1/", "host-1", 0) == 0
    assert len(memory._urls) <= 10
    assert len(memory.take_changes(0)) <= 10
    assert len(memory._hosts) <= 10


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 50), st.integers(1, 50))))
def test_a_refused_address_always_waits_its_time(refusals):
    """The law: nothing said later, about whatever, shortens a wait."""
    memory = RefusalMemory()
    now = 0
    ends = {}
    for path, host, pause, wait in refusals:
        now += pause
        url = f"{host}/{path}"
        memory.refused(url, str(host), now=now, until=now + wait)
        ends[url] = max(ends.get(url, 0), now + wait)
        for known, until in ends.items():
            assert memory.remaining_s(known, known.partition("/")[0], now) >= until - now


@example([(1, 1, 0, 1, False, False), (1, 1, 1, 1, True, False)], [(0, 1, 0, 1)])
@example([(1, 1, 0, 10, False, False), (1, 1, 5, 15, True, False)], [(0, 1, 10, 1)])
@example([(1, 0, 0, 21, False, False), (0, 0, 20, 2, False, False), (1, 0, 1, 1, True, False)], [])
@example([(1, 1, 0, 100, True, False), (1, 1, 1, 5, False, False)], [(0, 1, 10, 1)])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(0, 2), st.integers(0, 50), st.integers(1, 50), st.booleans(), st.booleans()
        )
    ),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 50), st.integers(1, 50)), max_size=5),
)
def test_a_restart_changes_nothing(before, after):
    """The law: whoever reads what was stored, whenever it was stored, knows of the same waits, now and later."""
    memory = RefusalMemory()
    stored = {}
    now = 0
    for path, host, pause, wait, leads_there, is_stored in before:
        now += pause
        if leads_there:
            memory.wait_for(f"{host}/{path}", now=now, until=now + wait)
        else:
            memory.refused(f"{host}/{path}", str(host), now=now, until=now + wait)
        if is_stored:
            stored |= {kept.url: kept for kept in memory.take_changes(now)}
    stored |= {kept.url: kept for kept in memory.take_changes(now)}
    assert memory.take_changes(now) == ()
    restarted = RefusalMemory(kept for kept in stored.values() if kept.until > now)
    for path, host, pause, wait in [(0, 0, 0, 0), *after]:
        now += pause
        if wait:
            for each in (memory, restarted):
                each.refused(f"{host}/{path}", str(host), now=now, until=now + wait)
        for known_host in "012":
            for known in (f"{known_host}/{number}" for number in range(5)):
                assert restarted.remaining_s(known, known_host, now) == memory.remaining_s(known, known_host, now)


def test_what_is_stored():
    memory = RefusalMemory()
    memory.refused("a/1", "a", now=0, until=100)
    memory.wait_for("b/1", now=0, until=100)
    assert memory.take_changes(50) == (
        Wait(url="a/1", host="a", until=100, holds=False),
        Wait(url="b/1", host="", until=100, holds=False),
    )
    memory.refused("a/2", "a", now=60, until=200)
    assert memory.take_changes(60) == (
        Wait(url="a/2", host="a", until=200, holds=False),
        Wait(url="a/1", host="a", until=200, holds=True),
    )
    memory.refused("a/3", "a", now=300, until=310)
    assert memory.take_changes(310) == ()


# --- hosts that do not say until when -------------------------------------------------------------------


def test_a_host_is_left_alone_for_longer_each_time_up_to_an_hour():
    memory = RefusalMemory()
    now, waits = 0.0, []
    for _ in range(10):
        memory.refused_silently("a/1", "a", now=now)
        waits.append(memory.remaining_s("a/other", "a", now))
        # Others that were under way say the same; that is one refusal.
        memory.refused_silently("a/2", "a", now=now + 1)
        assert memory.take_changes(now) == (Wait(url="a/1", host="a", until=now + waits[-1], holds=True),)
        assert memory.remaining_s("b/1", "b", now) == 0
        now += waits[-1]
        assert memory.remaining_s("a/other", "a", now) == 0
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    memory.answered("a")
    memory.refused_silently("a/1", "a", now=now)
    assert memory.remaining_s("a/1", "a", now) == 60
    assert memory.take_changes(now + 60) == ()


def test_the_next_run_keeps_to_a_back_off_of_the_whole_host_and_then_begins_anew():
    memory = RefusalMemory()
    for now in (0.0, 60.0):
        memory.refused_silently("a/1", "a", now=now)
    next_one = RefusalMemory(memory.take_changes(70))
    assert [next_one.remaining_s(url, "a", 70) for url in ("a/1", "a/2")] == [110, 110]
    assert next_one.remaining_s("b/1", "b", 70) == 0
    next_one.refused_silently("a/1", "a", now=180)
    assert next_one.remaining_s("a/2", "a", 180) == 60


def test_a_good_answer_ends_it_at_once_but_no_wait_that_was_asked_for():
    memory = RefusalMemory()
    memory.refused_silently("a/1", "a", now=0)
    memory.refused("a/1", "a", now=0, until=30)
    memory.answered("a")
    assert [wait.until for wait in memory.take_changes(0)] == [30]
    assert memory.remaining_s("a/1", "a", 0) == 30
    assert memory.remaining_s("a/2", "a", 0) == 0


def test_of_many_back_offs_the_longest_are_remembered():
    memory = RefusalMemory(max_remembered=4)
    for number in range(20):
        memory.refused_silently("x", f"{number}", now=number)
        assert memory.remaining_s("x", f"{number}", number) == BACK_OFF_S
    assert len(memory._back_offs) <= 4
    assert set(memory._silent) == set(memory._back_offs)
