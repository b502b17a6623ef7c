from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Permanent, Reason, Transient
from ingest.polling import START_INTERVAL_S, Feed, FeedState
from ingest.schedule import (
    DORMANT_AFTER,
    after_failure,
    after_poll,
    entry_retry,
    next_check,
    shortest_failing_s,
    wants_configured_address,
    wants_full_poll,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86_400
FEED = Feed(
    id=1,
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
    last_polled_at=NOW,
    last_full_poll_at=NOW,
    next_poll_at=NOW,
)
TIMEOUT = Transient(Reason.TIMEOUT, FEED.url)
NOT_FOUND = Permanent(Reason.HTTP_CLIENT, FEED.url, status=404)
GONE = Permanent(Reason.GONE, FEED.url, status=410)


def wait(plan):
    return round((plan.next_poll_at - NOW).total_seconds())


def poll(feed=FEED, known_share=1.0, jitter=0.0, **asked):
    return after_poll(feed, now=NOW, jitter=jitter, known_share=known_share, **asked)


def fail(feed=FEED, error=TIMEOUT, jitter=0.0):
    return after_failure(feed, error, now=NOW, jitter=jitter)


def failed(feed, error, times=1):
    for _ in range(times):
        plan = fail(feed, error)
        feed = replace(
            feed, state=plan.state, failures=plan.failures, last_error=error.reason, last_status=error.status
        )
    return feed


def test_a_new_address_is_forgiven_three_times_what_passes_and_nothing_else():
    moved = replace(FEED, fetch_url="https://new.example/feed")
    goes_back = [wants_configured_address(replace(moved, failures=failures), TIMEOUT) for failures in range(5)]
    assert goes_back == [False, False, False, True, True]
    assert wants_configured_address(moved, NOT_FOUND)
    assert not wants_configured_address(replace(FEED, failures=9), NOT_FOUND)


JITTER = st.floats(0, 1)
SHARES = st.floats(0, 1)
INTERVALS = st.integers(0, 3 * DAY)
ASKED_S = st.none() | st.integers(0, 30 * DAY)


# --- after a poll -----------------------------------------------------------------------------------


@given(INTERVALS, SHARES, JITTER, ASKED_S, st.integers(0, 10**9))
def test_every_wait_is_within_bounds_and_no_sooner_than_asked(interval_s, share, jitter, ttl_s, max_age_s):
    feed = replace(FEED, interval_s=interval_s)
    plan = poll(feed, share, jitter, ttl_s=ttl_s, headers={"cache-control": f"max-age={max_age_s}"})
    seconds = (plan.next_poll_at - NOW).total_seconds()
    assert 5 * MINUTE <= plan.interval_s <= DAY
    assert 5 * MINUTE <= seconds <= 1.1 * DAY + 1, "the bounds are those of the interval, before jitter"
    assert seconds >= min(DAY, max(ttl_s or 0, max_age_s)) - 1
    assert plan.state is FeedState.ACTIVE
    assert plan.failures == 0


@given(INTERVALS, SHARES, SHARES)
def test_the_more_is_new_the_sooner_is_the_next_poll(interval_s, one, other):
    feed = replace(FEED, interval_s=interval_s)
    assert poll(feed, min(one, other)).interval_s <= poll(feed, max(one, other)).interval_s


@given(JITTER)
def test_jitter_lengthens_by_a_tenth_at_most_and_is_not_remembered(jitter):
    plan = poll(jitter=jitter, ttl_s=2 * HOUR)
    assert 2 * HOUR <= wait(plan) <= 2.2 * HOUR + 1
    assert plan.interval_s == poll().interval_s


def test_a_feed_starts_at_half_an_hour():
    first = replace(FEED, body_hash=None, last_status=None, last_polled_at=None, last_full_poll_at=None)
    assert poll(first, known_share=0.0).interval_s == 30 * MINUTE


def test_a_busy_feed_comes_down_to_ten_minutes_and_a_silent_one_goes_up_to_a_day():
    busy = silent = FEED
    for _ in range(30):
        busy = replace(busy, interval_s=poll(busy, known_share=0.5).interval_s)
        silent = replace(silent, interval_s=poll(silent).interval_s)
    assert busy.interval_s == 10 * MINUTE
    assert silent.interval_s == DAY


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "public, max-age=7200"}, 2 * HOUR),
        ({"cache-control": 'max-age="7200"'}, 2 * HOUR),
        ({"cache-control": "max-age=7200", "age": "3600", "expires": "0"}, HOUR),
        ({"cache-control": "s-maxage=7200"}, None),
        ({"cache-control": "no-cache, max-age=7200"}, None),
        ({"cache-control": "no-store, max-age=7200"}, None),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=999999999999999999999"}, DAY),
        ({"expires": "Mon, 05 Jan 2026 14:00:00 GMT"}, 2 * HOUR),
        ({"expires": "Mon, 05 Jan 2026 14:00:00 GMT", "date": "Mon, 05 Jan 2026 11:00:00 GMT"}, 3 * HOUR),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"expires": "0"}, None),
        ({"expires": "-1"}, None),
        ({"expires": "Mon, 99 Jan 2026 14:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_what_the_server_says_of_freshness_is_respected(headers, seconds):
    plan = poll(known_share=0.5, headers=headers)
    assert plan.interval_s == 15 * MINUTE
    assert wait(plan) == (seconds or 15 * MINUTE)


@pytest.mark.parametrize(("ttl_s", "interval_s"), [(None, 10), (HOUR, 10), (7 * MINUTE, 7), (MINUTE, 5)])
def test_less_than_ten_minutes_only_where_the_feed_asks(ttl_s, interval_s):
    plan = poll(replace(FEED, interval_s=10 * MINUTE), known_share=0.0, ttl_s=ttl_s)
    assert plan.interval_s == interval_s * MINUTE


def test_a_feed_that_answers_again_is_active_at_its_old_pace():
    for state in (FeedState.BACKING_OFF, FeedState.DORMANT, FeedState.GONE):
        plan = poll(replace(FEED, state=state, failures=40), known_share=0.9)
        assert (plan.state, plan.failures) == (FeedState.ACTIVE, 0)
        assert plan.interval_s < START_INTERVAL_S


def test_a_feed_that_was_removed_meanwhile_stays_removed():
    removed = replace(FEED, state=FeedState.REMOVED)
    assert poll(removed).state is FeedState.REMOVED
    assert fail(removed).state is FeedState.REMOVED


# --- what the user asks for, and why it is so -------------------------------------------------------

EVERY_S = st.integers(5 * MINUTE, DAY)


@given(INTERVALS, SHARES, JITTER, EVERY_S, ASKED_S)
def test_a_feed_that_is_well_is_never_waited_for_longer_than_the_user_wants(interval_s, share, jitter, every_s, ttl_s):
    plan = poll(replace(FEED, interval_s=interval_s), share, jitter, ttl_s=ttl_s, every_s=every_s)
    assert min(every_s, 10 * MINUTE) * (ttl_s is None) <= plan.interval_s <= every_s
    assert 5 * MINUTE <= wait(plan) <= every_s * 1.1 + 1


@given(INTERVALS, EVERY_S, ASKED_S, st.integers(0, 10**9), JITTER)
def test_the_user_wins_over_what_is_said_of_caches_and_never_over_retry_after(
    interval_s, every_s, ttl_s, max_age_s, jitter
):
    feed = replace(FEED, interval_s=interval_s)
    headers = {"cache-control": f"max-age={max_age_s}"}
    hurried = poll(feed, jitter=jitter, ttl_s=ttl_s, headers=headers, every_s=every_s)
    assert 5 * MINUTE <= wait(hurried) <= every_s * 1.1 + 1
    away = poll(feed, jitter=jitter, headers={**headers, "retry-after": str(2 * DAY)}, every_s=every_s)
    assert wait(away) >= 2 * DAY
    assert wait(fail(error=Transient(Reason.UNAVAILABLE, FEED.url, retry_after_s=2 * DAY))) == 2 * DAY


def test_what_is_said_of_caches_holds_up_to_what_the_user_asks():
    headers = {"cache-control": "max-age=36000"}
    plan = poll(headers=headers, every_s=10 * MINUTE)
    assert wait(plan) == 10 * MINUTE
    assert plan.why == (
        "every 10 min, as feeds.toml asks (every), although the server says that its answer holds for 10 h (max-age)"
    )
    assert wait(poll(headers=headers, every_s=DAY)) == 10 * HOUR


@pytest.mark.parametrize(
    ("plan", "longest"),
    [
        (lambda jitter: poll(replace(FEED, interval_s=DAY), jitter=jitter), DAY),
        (lambda jitter: poll(jitter=jitter, headers={"cache-control": "max-age=99999999"}), DAY),
        (lambda jitter: fail(replace(FEED, failures=20), jitter=jitter), DAY),
        (lambda jitter: fail(replace(FEED, failures=30), jitter=jitter), 7 * DAY),
        (lambda jitter: fail(replace(FEED, failures=1, last_error="gone"), GONE, jitter), 30 * DAY),
    ],
)
def test_the_longest_waits_drift_apart_too(plan, longest):
    assert [wait(plan(jitter)) for jitter in (0, 0.5, 1)] == [longest, round(1.05 * longest), round(1.1 * longest)]
    assert "looked at every" not in plan(1).why or plan(1).why == plan(0).why, "the words are those of the rule"


@given(JITTER, st.lists(JITTER, min_size=1, max_size=25))
def test_the_jitter_of_what_was_agreed_does_not_add_up(first, jitters):
    feed, agreed_s = replace(FEED, interval_s=MINUTE), wait(poll(jitter=first, ttl_s=12 * HOUR))
    feed = replace(feed, next_poll_at=NOW + timedelta(seconds=agreed_s))
    for jitter in jitters:
        plan = fail(feed, TIMEOUT, jitter)
        assert 12 * HOUR <= wait(plan) <= max(12 * HOUR, min(DAY, MINUTE * 1.5**plan.failures)) * 1.1 + 1
        feed = replace(feed, failures=plan.failures, next_poll_at=plan.next_poll_at)


def test_five_minutes_where_the_user_asks():
    hurried = replace(FEED, interval_s=10 * MINUTE)
    assert poll(hurried, known_share=0.0, every_s=5 * MINUTE).interval_s == 5 * MINUTE
    assert poll(hurried, known_share=0.0, every_s=HOUR).interval_s == 10 * MINUTE


def test_after_a_gap_the_feed_is_polled_as_often_as_may_be():
    lazy = replace(FEED, interval_s=DAY)
    assert poll(lazy, known_share=0.0, is_gap=True).interval_s == 10 * MINUTE
    assert poll(lazy, known_share=0.0, is_gap=True, every_s=5 * MINUTE).interval_s == 5 * MINUTE


@pytest.mark.parametrize(
    ("known_share", "asked", "why"),
    [
        (0.5, {}, "about half of what it lists was new: every 15 min"),
        (1.0, {}, "nothing was new: every 38 min"),
        (0.0, {"is_gap": True}, "entries may have been missed since the last poll: every 10 min"),
        (1.0, {"every_s": 15 * MINUTE}, "nothing was new: every 15 min, as feeds.toml asks (every)"),
        (0.5, {"ttl_s": HOUR}, "the feed asks for 1 h between two polls (ttl)"),
        (
            0.5,
            {"ttl_s": HOUR, "headers": {"cache-control": "max-age=9000"}},
            "the server says that its answer holds for 2 h 30 min (max-age)",
        ),
        (
            0.5,
            {"headers": {"expires": "Mon, 05 Jan 2026 14:00:00 GMT"}},
            "the server says that its answer holds for 2 h (Expires)",
        ),
    ],
)
def test_a_plan_says_why(known_share, asked, why):
    assert poll(known_share=known_share, **asked).why == why


@pytest.mark.parametrize(
    ("feed", "error", "why"),
    [
        (FEED, TIMEOUT, "failed once (timeout): back-off of 30 min"),
        (replace(FEED, failures=2), NOT_FOUND, "failed 3 times in a row (http client): back-off of 2 h"),
        (replace(FEED, failures=29), TIMEOUT, "dormant, failed 30 times in a row (timeout): looked at every 7 d"),
        (replace(FEED, failures=1, last_error="gone"), GONE, "gone (410 twice): looked at every 30 d"),
        (
            FEED,
            Transient(Reason.UNAVAILABLE, FEED.url, status=503, retry_after_s=2 * HOUR),
            "the server asks to wait until 2026-01-05 14:00 UTC (Retry-After)",
        ),
    ],
)
def test_a_plan_after_a_failure_says_why(feed, error, why):
    assert fail(feed, error).why == why


def test_the_first_document_is_told_apart():
    first = replace(FEED, body_hash=None)
    assert poll(first, known_share=0.0).why == "it was read for the first time: every 30 min"
    # One of which something was missing has no hash, and is not the first.
    assert poll(replace(first, last_document_at=NOW), known_share=0.0).interval_s == 10 * MINUTE


# --- after a failure --------------------------------------------------------------------------------


@given(
    INTERVALS,
    st.integers(0, 10_000),
    st.sampled_from(list(FeedState)),
    st.sampled_from([TIMEOUT, NOT_FOUND, GONE]),
    st.none() | st.just("gone"),
    JITTER,
)
def test_no_feed_is_ever_given_up(interval_s, failures, state, error, last_error, jitter):
    feed = replace(FEED, interval_s=interval_s, failures=failures, state=state, last_error=last_error)
    plan = fail(feed, error, jitter)
    longest = {FeedState.GONE: 30 * DAY, FeedState.DORMANT: 7 * DAY}.get(plan.state, DAY)
    assert 5 * MINUTE <= wait(plan) <= longest * 1.1 + 1
    assert plan.interval_s == interval_s
    assert plan.failures == failures + 1


@pytest.mark.parametrize("error", [TIMEOUT, NOT_FOUND])
def test_the_wait_grows_to_a_day_and_then_the_feed_is_dormant(error):
    feed, waits = FEED, []
    for _ in range(DORMANT_AFTER - 1):
        waits.append(wait(fail(feed, error)))
        feed = failed(feed, error)
        assert feed.state is FeedState.BACKING_OFF
    assert waits[0] == START_INTERVAL_S
    assert waits == sorted(waits)
    assert waits[-1] == DAY
    feed = failed(feed, error)
    assert feed.state is FeedState.DORMANT
    assert wait(fail(feed, error)) == 7 * DAY
    assert failed(feed, error, 100).state is FeedState.DORMANT


def test_what_passes_is_waited_for_less_long():
    feed = replace(FEED, failures=4)
    assert wait(fail(feed, TIMEOUT)) < wait(fail(feed, NOT_FOUND))


def test_410_twice_is_gone_and_looked_at_every_thirty_days():
    once = failed(FEED, GONE)
    assert once.state is FeedState.BACKING_OFF
    assert failed(failed(FEED, GONE), TIMEOUT).state is FeedState.BACKING_OFF
    twice = failed(once, GONE)
    assert twice.state is FeedState.GONE
    assert wait(fail(once, GONE)) == 30 * DAY
    assert failed(twice, TIMEOUT).state is FeedState.GONE


@pytest.mark.parametrize(
    ("retry_after_s", "seconds"),
    [
        (None, 30 * MINUTE),
        (60, 30 * MINUTE),
        (2 * HOUR, 2 * HOUR),
        (2 * DAY, 2 * DAY),
        (99 * DAY, 7 * DAY),
        (-5, 30 * MINUTE),
    ],
)
def test_retry_after_is_honoured_up_to_a_week(retry_after_s, seconds):
    error = Transient(Reason.RATE_LIMITED, FEED.url, status=429, retry_after_s=retry_after_s)
    assert wait(fail(error=error)) == seconds


@given(st.integers(0, 3 * DAY), st.integers(0, 20), st.sampled_from([TIMEOUT, NOT_FOUND]))
def test_what_was_agreed_while_the_feed_was_well_holds_when_it_fails(agreed_s, failures, error):
    feed = replace(FEED, failures=failures, next_poll_at=NOW + timedelta(seconds=agreed_s))
    assert wait(fail(feed, error)) >= min(agreed_s, DAY)


def test_a_wait_that_a_refusal_made_is_not_kept():
    feed = replace(FEED, failures=1, last_error="rate_limited", next_poll_at=NOW + timedelta(hours=12))
    assert wait(fail(feed, TIMEOUT)) == 45 * MINUTE


def test_a_feed_that_was_paused_meanwhile_stays_paused():
    paused = replace(FEED, state=FeedState.PAUSED)
    assert poll(paused).state is FeedState.PAUSED
    assert fail(paused).state is FeedState.PAUSED


# --- full polls, entries, pages ---------------------------------------------------------------------


def test_validators_are_left_out_once_a_day():
    assert wants_full_poll(replace(FEED, last_full_poll_at=None), NOW)
    assert not wants_full_poll(FEED, NOW + timedelta(hours=23))
    assert wants_full_poll(FEED, NOW + timedelta(hours=24))


def test_an_entry_is_tried_again_four_times():
    waits = [entry_retry(attempts, TIMEOUT, NOW) for attempts in range(6)]
    assert waits == [*(NOW + timedelta(minutes=minutes) for minutes in (10, 60, 360, 1440)), None, None]
    assert entry_retry(0, NOT_FOUND, NOW) is None


@given(st.integers(0, 10), st.none() | st.floats(0, 1e9))
def test_an_entry_is_not_tried_again_sooner_than_the_server_asked(attempts, retry_after_s):
    retry_at = entry_retry(attempts, Transient(Reason.RATE_LIMITED, "x", retry_after_s=retry_after_s), NOW)
    assert (retry_at is None) == (attempts >= 4)
    if retry_at is not None:
        assert timedelta(minutes=10) <= retry_at - NOW <= timedelta(days=7)
        assert (retry_at - NOW).total_seconds() >= min(retry_after_s or 0, 7 * DAY) - 1


def test_a_page_is_looked_at_again_after_1_6_24_and_72_hours():
    moment, looks = NOW, []
    for checks in range(4):
        moment = next_check(checks, moment)
        looks.append((moment - NOW) // timedelta(hours=1))
    assert looks == [1, 6, 24, 72]
    assert next_check(4, moment) is None


# --- waits that servers ask for while they answer, and those that we keep ----------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "18000"}, 5 * HOUR),
        ({"retry-after": "60"}, round(1.25 * START_INTERVAL_S)),
        ({"retry-after": "99999999", "cache-control": "max-age=600"}, 7 * DAY),
        ({"retry-after": "Tue, 06 Jan 2026 13:00:00 GMT"}, 25 * HOUR),
        ({"retry-after": "soon"}, round(1.25 * START_INTERVAL_S)),
    ],
)
def test_retry_after_holds_whatever_the_status_is(headers, seconds):
    plan = poll(headers=headers)
    assert wait(plan) == seconds
    assert ("Retry-After" in plan.why) == (seconds >= 5 * HOUR)
    assert (plan.interval_s, plan.state) == (round(1.25 * START_INTERVAL_S), FeedState.ACTIVE)


@given(st.integers(0, 10**9), st.floats(0, 1), st.integers(60, 10**9))
def test_nobody_is_asked_sooner_than_he_says(asked_s, jitter, max_age):
    plan = poll(jitter=jitter, headers={"retry-after": str(asked_s), "cache-control": f"max-age={max_age}"})
    assert wait(plan) >= min(asked_s, 7 * DAY)
    assert wait(plan) >= min(max_age, DAY)


def unasked(seconds):
    return Transient(Reason.RATE_LIMITED, FEED.url, "not asked: wait", retry_after_s=seconds, was_asked=False)


@given(
    st.sampled_from([state for state in FeedState if state is not FeedState.REMOVED]),
    st.integers(0, 99),
    st.floats(0, 1e7),
    st.floats(0, 1),
)
def test_a_poll_for_which_nobody_was_asked_only_waits(state, failures, seconds, jitter):
    feed = replace(FEED, state=state, failures=failures, fetch_url="https://new.example/feed")
    plan = fail(feed, unasked(seconds), jitter)
    assert (plan.state, plan.failures, plan.interval_s) == (state, failures, feed.interval_s)
    assert min(seconds, 7 * DAY) - 1 <= wait(plan) <= min(seconds, 7 * DAY) * 1.1 + 1
    assert plan.why == "put off: not asked: wait"
    assert not wants_configured_address(feed, unasked(seconds))


def test_what_a_neighbour_asked_for_is_nothing_that_a_feed_has_agreed_to():
    put_off = fail(FEED, unasked(20 * HOUR))
    feed = replace(FEED, last_polled_at=NOW, next_poll_at=put_off.next_poll_at, plan_why=put_off.why)
    assert wait(fail(feed, TIMEOUT)) < 2 * HOUR
    assert wait(fail(replace(feed, plan_why=None), TIMEOUT)) == 20 * HOUR


@given(st.sampled_from(list(FeedState)), st.integers(0, 99))
def test_a_feed_that_lacks_its_secret_counts_no_failure_and_is_not_well(state, failures):
    missing = Transient(Reason.AUTH, FEED.url, "the variable KEY is not set", retry_after_s=HOUR, was_asked=False)
    plan = fail(replace(FEED, state=state, failures=failures), missing)
    assert plan.state is (FeedState.BACKING_OFF if state is FeedState.ACTIVE else state)
    assert (plan.failures, wait(plan), plan.why) == (failures, HOUR, "put off: the variable KEY is not set")


@given(st.lists(st.sampled_from([TIMEOUT, NOT_FOUND]), min_size=1, max_size=20), st.integers(300, 86_400))
def test_the_time_that_a_feed_fails_is_never_overestimated(errors, interval_s):
    feed, failing_s = replace(FEED, interval_s=interval_s), 0
    for error in errors:
        plan = fail(feed, error)
        assert shortest_failing_s(feed, plan.failures) <= failing_s + len(errors)
        failing_s += wait(plan)
        feed = replace(feed, failures=plan.failures, state=plan.state, last_error=error.reason)
