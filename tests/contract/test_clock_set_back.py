"""A clock that was set back: what was planned comes at its time by the new clock, and nothing is planned twice."""

from __future__ import annotations

from datetime import timedelta

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_a_feed_that_was_polled_in_what_is_the_future_now_is_polled_as_planned(store, newsroom, make):
    newsroom.feed()
    plan = make.PollPlan(state=make.FeedState.ACTIVE, interval_s=1800, failures=0, next_poll_at=make.T0 + HOUR)
    newsroom.poll(at=make.T0, plan=plan)
    now = make.T0 - DAY
    assert store.follow_clock(now) == DAY
    feed = store.feed(newsroom.feed_id)
    assert feed.next_poll_at == now + HOUR
    assert feed.last_polled_at == now
    assert store.due_feeds(now, 9) == ()
    assert [due.id for due in store.due_feeds(now + HOUR, 9)] == [newsroom.feed_id]


def test_a_second_call_changes_nothing(store, newsroom, make):
    newsroom.feed()
    newsroom.poll(at=make.T0)
    store.follow_clock(make.T0 - DAY)
    before = store.feed(newsroom.feed_id)
    assert store.follow_clock(make.T0 - DAY) == timedelta()
    assert store.feed(newsroom.feed_id) == before


def test_an_entry_that_waits_is_tried_at_its_time(store, newsroom, make):
    entry = newsroom.entry()
    outcome = make.EntryOutcome(state=make.EntryState.RETRYING, attempts=1, next_try_at=make.T0 + HOUR)
    store.finish_entry(entry, outcome)
    now = make.T0 - DAY
    store.follow_clock(now)
    assert make.stored(store, entry).next_try_at == now + HOUR
    assert make.stored(store, entry).attempts == 1


def test_a_clock_that_goes_right_changes_nothing(store, newsroom, make):
    assert store.follow_clock(make.T0) == timedelta()
    newsroom.feed()
    newsroom.poll(at=make.T0)
    before = store.feed(newsroom.feed_id)
    for now in (make.T0, make.T0 + DAY, make.T0 - make.MINUTE):
        assert store.follow_clock(now) == timedelta()
    assert store.feed(newsroom.feed_id) == before
