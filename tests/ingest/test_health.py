"""A break, a recovery and a silence are told once each, and told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import health, schedule
from ingest.errors import Permanent, Reason, Transient
from ingest.polling import START_INTERVAL_S, EventKind, Feed, FeedState

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEED = Feed(
    id=7,
    url="https://news.example/feed",
    fetch_url="https://news.example/feed",
    title=None,
    state=FeedState.ACTIVE,
    etag=None,
    last_modified=None,
    body_hash="0",
    interval_s=START_INTERVAL_S,
    failures=0,
    last_status=200,
    last_error=None,
    last_polled_at=NOW - HOUR,
    last_full_poll_at=NOW,
    next_poll_at=NOW,
    last_new_at=NOW - HOUR,
    longest_quiet_s=3600,
)
TIMEOUT = Transient(Reason.TIMEOUT, FEED.url, "not done after 30 seconds")
GONE = Permanent(Reason.GONE, FEED.url, "gone (410)", status=410)
CUT_OFF = Transient(Reason.CONNECTION, FEED.url, "no connection")
UNASKED = Transient(Reason.RATE_LIMITED, FEED.url, "not asked", retry_after_s=60, was_asked=False)


def kinds(judged):
    return [event.kind for event in judged.events]


def remember(feed, judged, now):
    kept = judged.health
    return replace(
        feed,
        last_polled_at=now,
        last_new_at=kept.last_new_at,
        longest_quiet_s=kept.longest_quiet_s,
        broken_since=kept.broken_since,
        silent_since=kept.silent_since,
    )


def fail(feed, error, now=NOW):
    """The feed after a poll that failed, and what was told."""
    plan = schedule.after_failure(feed, error, now=now, jitter=0)
    judged = health.after_failure(feed, plan, error, now=now)
    feed = replace(feed, state=plan.state, failures=plan.failures, last_error=error.reason)
    return remember(feed, judged, now), judged.events


def poll(feed, now=NOW, *, has_news=False, dates=()):
    judged = health.after_poll(feed, now=now, has_news=has_news, dates=dates)
    return remember(replace(feed, state=FeedState.ACTIVE, failures=0), judged, now), judged.events


# --- broken -----------------------------------------------------------------------------------------


def test_what_can_pass_is_told_at_the_third_failure_and_once():
    feed, told = FEED, []
    for _ in range(10):
        feed, events = fail(feed, TIMEOUT)
        told.append([(event.kind, event.feed_id, event.detail) for event in events])
    broken = (EventKind.BROKEN, 7, "not done after 30 seconds (3 times in a row)")
    assert told == [[], [], [broken], *[[]] * 7]
    assert feed.broken_since == NOW


@given(st.integers(300, 86_400), st.lists(st.sampled_from([CUT_OFF, UNASKED]), max_size=30))
def test_a_network_that_is_away_is_no_break_before_six_failures_and_six_hours(interval_s, errors):
    feed, now, began, told = replace(FEED, interval_s=interval_s), NOW, None, []
    for error in errors:
        plan = schedule.after_failure(feed, error, now=now, jitter=0)
        began = began or (now if plan.failures else None)
        feed, events = fail(feed, error, now)
        told += [(feed.failures, now - began) for event in events if event.kind is EventKind.BROKEN]
        now = plan.next_poll_at
    assert len(told) <= 1
    assert all(failures >= 6 and lasted >= 6 * HOUR for failures, lasted in told)
    if feed.failures >= 13:
        assert told, "nothing is silent"


def test_a_network_that_is_away_is_told_of_a_feed_that_is_polled_as_usual():
    feed, now = FEED, NOW
    for number in range(1, 7):
        plan = schedule.after_failure(feed, CUT_OFF, now=now, jitter=0)
        feed, events = fail(feed, CUT_OFF, now)
        assert [event.kind for event in events] == ([EventKind.BROKEN] if number == 6 else [])
        now = plan.next_poll_at
    assert fail(replace(FEED, failures=2), CUT_OFF)[1] == ()
    assert [event.kind for event in fail(replace(FEED, failures=2), TIMEOUT)[1]] == [EventKind.BROKEN]


def test_nothing_is_told_when_nobody_was_asked():
    assert fail(replace(FEED, failures=99), UNASKED)[1] == ()


def test_what_does_not_pass_is_told_at_once():
    feed, (event,) = fail(FEED, GONE)
    assert (event.kind, event.detail) == (EventKind.BROKEN, "gone (410)")
    feed, (event,) = fail(feed, GONE)
    assert event.kind is EventKind.GONE
    assert fail(feed, GONE)[1] == ()


def test_a_feed_becomes_dormant_once():
    feed, told = FEED, []
    for _ in range(40):
        feed, events = fail(feed, TIMEOUT)
        told += [event.kind for event in events]
    assert told == [EventKind.BROKEN, EventKind.DORMANT]


@given(st.lists(st.sampled_from([None, TIMEOUT, GONE]), max_size=60))
def test_breaks_and_recoveries_take_turns(polls):
    feed, told, now = FEED, [], NOW
    for error in polls:
        now += HOUR / 100
        feed, events = poll(feed, now) if error is None else fail(feed, error, now)
        told += [event.kind for event in events if event.kind in {EventKind.BROKEN, EventKind.RECOVERED}]
    turns = [EventKind.BROKEN, EventKind.RECOVERED] * len(polls)
    assert told == turns[: len(told)]
    assert (feed.broken_since is not None) == (len(told) % 2 == 1)


@pytest.mark.parametrize("error", [TIMEOUT, GONE])
def test_a_failed_poll_forgets_nothing(error):
    silent = replace(FEED, silent_since=NOW - DAY, last_new_at=NOW - 9 * DAY)
    feed, _ = fail(silent, error)
    assert (feed.last_new_at, feed.longest_quiet_s) == (silent.last_new_at, silent.longest_quiet_s)
    assert feed.silent_since == silent.silent_since
    assert EventKind.SILENT not in [event.kind for event in poll(feed)[1]], "it was told, and goes on"


def test_a_recovery_says_after_how_long_and_a_hiccup_is_none():
    broken = replace(FEED, broken_since=NOW - 2 * DAY, failures=5)
    feed, (event,) = poll(broken, has_news=True)
    assert (event.kind, event.detail) == (EventKind.RECOVERED, "answers again after 2 d")
    assert feed.broken_since is None
    assert poll(fail(FEED, TIMEOUT)[0])[1] == ()


def test_a_break_is_no_silence_and_nothing_is_learned_from_it():
    feed = replace(FEED, failures=2, last_new_at=NOW - 30 * DAY)
    feed, (event,) = fail(feed, TIMEOUT)
    assert event.kind is EventKind.BROKEN
    feed, (event,) = poll(feed, NOW + DAY, has_news=True)
    assert event.kind is EventKind.RECOVERED
    assert feed.longest_quiet_s == FEED.longest_quiet_s


# --- silent -----------------------------------------------------------------------------------------


@given(st.integers(0, 40 * 86_400), st.integers(0, 10 * 86_400))
def test_a_feed_is_silent_after_a_day_and_three_times_its_longest_rest(quiet_s, longest_s):
    feed = replace(FEED, last_new_at=NOW - timedelta(seconds=quiet_s), longest_quiet_s=longest_s)
    feed, events = poll(feed)
    assert [event.kind for event in events] == [EventKind.SILENT] * (quiet_s > max(86_400, 3 * longest_s))
    assert feed.silent_since == (NOW if events else None)


def test_a_silence_is_told_once_until_it_ends():
    feed = replace(FEED, last_new_at=NOW - 2 * DAY)
    feed, (event,) = poll(feed)
    assert event.detail == "nothing new for 2 d; expected within 24 h"
    feed, events = poll(feed, NOW + DAY)
    assert events == ()
    assert feed.silent_since == NOW
    feed, events = poll(feed, NOW + DAY + HOUR, has_news=True)
    assert (events, feed.silent_since) == ((), None)


@given(st.lists(st.integers(60, 30 * 86_400), min_size=1, max_size=40), st.integers(0, 86_400 * 365))
def test_no_rest_that_was_just_seen_is_unusual(rests, known_s):
    """What happened once can happen again, right after it, and half as long again."""
    feed, now = replace(FEED, longest_quiet_s=known_s, last_new_at=NOW, last_polled_at=NOW), NOW
    for rest in rests:
        now += timedelta(seconds=rest)
        feed = replace(feed, last_polled_at=now - HOUR)
        feed, _ = poll(feed, now, has_news=True)
        assert feed.longest_quiet_s >= rest
        assert poll(feed, now + timedelta(seconds=1.5 * rest))[1] == ()


def test_a_weekend_is_remembered_over_the_week():
    feed, now, told = replace(FEED, longest_quiet_s=None, last_new_at=None), NOW, []
    for _ in range(5):
        for rest in [*[1] * 100, 68]:
            # Polled every hour: what rests longer is seen to rest.
            for _ in range(rest - 1):
                now += HOUR
                feed, events = poll(feed, now)
                told += events
            now += HOUR
            feed, events = poll(feed, now, has_news=True)
            told += events
    assert told == []


def test_what_lasted_long_is_forgotten_in_time():
    feed, now = replace(FEED, longest_quiet_s=30 * 86_400), NOW
    for _ in range(24 * 100):
        now += HOUR
        feed, _ = poll(feed, now, has_news=True)
    assert feed.longest_quiet_s < 8 * 3600


def test_time_that_nobody_watched_teaches_nothing():
    feed = replace(FEED, last_polled_at=NOW - 20 * DAY, last_new_at=NOW - 20 * DAY)
    assert poll(feed, has_news=True)[0].longest_quiet_s == FEED.longest_quiet_s


NEW = replace(FEED, last_polled_at=None, last_new_at=None, longest_quiet_s=None, body_hash=None)


@pytest.mark.parametrize(
    ("ages_h", "longest_h"),
    [
        # one busy day says nothing of the night, and neither do a few entries
        (range(30), 56),
        ([0, 200, 400], 56),
        ([], 56),
        ([0, 24, 48, 148, 172, 196], 100),
        # an hourly feed is known after two days
        (range(47), 56),
        (range(49), 1),
        # what lies in the future says nothing
        ([-500, 0, 24, 48, 148, 172, 196], 100),
    ],
)
def test_a_new_feed_is_granted_a_week_unless_its_document_says_more(ages_h, longest_h):
    feed, events = poll(NEW, has_news=True, dates=[NOW - hours * HOUR for hours in ages_h])
    assert feed.longest_quiet_s == longest_h * 3600
    assert events == ()


def test_a_feed_that_has_long_died_is_told_when_it_is_added():
    feed, (event,) = poll(NEW, has_news=True, dates=[NOW - days * DAY for days in range(200, 260, 10)])
    assert (event.kind, event.detail) == (EventKind.SILENT, "nothing new for 200 d; expected within 30 d")
    assert feed.last_new_at == NOW - 200 * DAY


def test_a_new_hourly_feed_that_dies_is_silent_after_a_day():
    feed, _ = poll(NEW, has_news=True, dates=[NOW - hours * HOUR for hours in range(50)])
    assert poll(feed, NOW + DAY)[1] == ()
    (event,) = poll(feed, NOW + DAY + HOUR)[1]
    assert (event.kind, event.detail) == (EventKind.SILENT, "nothing new for 25 h; expected within 24 h")


@pytest.mark.parametrize("feed", [FEED, replace(FEED, failures=9, state=FeedState.DORMANT)])
def test_a_secret_that_is_missing_is_told_at_once_and_once(feed):
    missing = Transient(Reason.AUTH, FEED.url, "the variable KEY is not set", retry_after_s=60, was_asked=False)
    feed, (event,) = fail(feed, missing)
    assert event.kind is EventKind.BROKEN
    assert event.detail.startswith("the variable KEY is not set")
    assert fail(feed, missing)[1] == ()
    assert [event.kind for event in poll(feed)[1]] == [EventKind.RECOVERED]


def test_what_a_push_has_brought_is_no_silence():
    feed, events = poll(replace(FEED, last_new_at=NOW - 3 * DAY), dates=[NOW - HOUR])
    assert (events, feed.last_new_at) == ((), NOW - HOUR)


# --- moved ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feed", "to", "is_configured", "detail"),
    [
        (FEED, None, False, None),
        (FEED, FEED.url, False, None),
        (FEED, "https://new.example/", False, "has moved for good to https://new.example/"),
        (
            FEED,
            "https://new.example/",
            True,
            "has moved for good to https://new.example/, which is configured as well: one of the two can be taken out",
        ),
        (
            replace(FEED, fetch_url="https://new.example/"),
            FEED.url,
            False,
            "asked for at its configured address again; https://new.example/ did not hold",
        ),
    ],
)
def test_a_move_is_told(feed, to, is_configured, detail):
    events = health.moved(feed, to, is_configured=is_configured)
    assert [event.detail for event in events] == [each for each in [detail] if each]
    assert all(event.kind is EventKind.MOVED for event in events)
