"""Feeds with how they are doing, what happened, and how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.model import EntryOutcome, EntryState
from ingest.polling import ChangedEntry, ConfiguredFeed, DateFault, Event, EventKind, FeedHealth, FeedState, FoundBy
from ingest.subscription import SubscriptionState
from storage.listings import Listings
from storage.store import Store
from storage.upkeep.prune import Old

A, B = "https://a.example/feed", "https://b.example/feed"
DAY = timedelta(days=1)


@pytest.fixture
def listings(url, store):
    with Listings(url) as opened:
        yield opened


def gap(feed_id, detail="no entry in common"):
    return Event(kind=EventKind.GAP, detail=detail, feed_id=feed_id)


# --- feeds ------------------------------------------------------------------------------------------


def test_a_feed_that_was_never_polled(listings, newsroom):
    newsroom.feed(A)
    (row,) = listings.feeds()
    assert (row.plan_why, row.gaps, row.moved_from, row.subscription, row.silent_since) == (None, 0, None, None, None)


def test_a_feed_tells_how_it_is_doing(listings, store, make, newsroom):
    feed_id = newsroom.feed(A)
    health = FeedHealth(last_new_at=make.T0 - DAY, longest_quiet_s=60, silent_since=make.T0)
    newsroom.poll(
        plan=replace(make.PLAN, why="nothing was new"),
        health=health,
        feed_format="rss",
        hub="https://hub.example/",
        title="News",
        listed_count=1,
    )
    store.save_subscription(
        make.subscription(feed_id, state=SubscriptionState.ACTIVE, last_push_at=make.T0 + make.MINUTE)
    )
    (row,) = listings.feeds()
    assert (row.title, row.plan_why, row.interval_s, row.feed_format) == ("News", "nothing was new", 1800, "rss")
    assert (row.last_new_at, row.longest_quiet_s, row.silent_since) == (make.T0 - DAY, 60, make.T0)
    assert (row.broken_since, row.last_document_at) == (None, make.T0)
    assert (row.hub, row.subscription) == ("https://hub.example/", "active")
    assert row.last_push_at == make.T0 + make.MINUTE
    assert "secret" not in repr(row)


def test_gaps_are_counted_from_a_moment_on(listings, store, make, newsroom):
    one, two = newsroom.feed(A), newsroom.feed(B)
    for number in range(3):
        store.record_poll(make.poll(one, at=make.T0 + number * DAY, events=(gap(one),)))
    store.record_events([Event(kind=EventKind.SILENT, detail="", feed_id=two)], make.T0)
    assert [row.gaps for row in listings.feeds()] == [3, 0]
    assert [row.gaps for row in listings.feeds(since=make.T0 + DAY)] == [2, 0]


def test_moves_are_kept_and_the_last_is_told(listings, make, newsroom):
    newsroom.feed(A)
    addresses = ("https://one.example/", "https://two.example/", "https://two.example/", A)
    told = []
    for number, address in enumerate(addresses):
        newsroom.poll(at=make.T0 + number * DAY, fetch_url=address)
        (row,) = listings.feeds()
        told.append((row.fetch_url, row.moved_from, row.moved_at))
    one, two = addresses[:2]
    moved = make.T0 + DAY
    assert told == [(one, A, make.T0), (two, one, moved), (two, one, moved), (A, two, make.T0 + 3 * DAY)]


# --- entries ----------------------------------------------------------------------------------------


def test_entries_tell_how_they_were_found_and_what_is_wrong_with_their_date(listings, store, make, newsroom):
    feed_id = newsroom.feed(A)
    (polled,) = newsroom.poll(make.new_entry("https://a.example/1", date_fault=DateFault.FUTURE))
    found = replace(make.new_entry("https://a.example/2"), found_by=FoundBy.ARCHIVE)
    store.record_found(feed_id, [found], make.T0)
    assert [(row.found_by, row.date_fault) for row in listings.entries()] == [("archive", None), ("feed", "future")]
    repaired = make.new_entry("https://a.example/1", title="With a date")
    change = ChangedEntry(id=polled, content_hash=repaired.content_hash, listed=repaired.listed)
    newsroom.poll(changed=(change,), at=make.T0 + make.MINUTE)
    assert [(row.found_by, row.date_fault) for row in listings.entries()] == [("archive", None), ("feed", None)]


# --- events -----------------------------------------------------------------------------------------


def test_events_come_newest_first_and_can_be_chosen(listings, store, make, newsroom):
    one, two = newsroom.feed(A), newsroom.feed(B)
    drift = Event(kind=EventKind.DRIFT, detail="shorter", site="news.example")
    store.record_poll(make.poll(one, events=(gap(one),)))
    store.record_events([drift, replace(drift, site="b.example")], make.T0 + DAY)
    store.record_poll(make.poll(two, at=make.T0 + 2 * DAY, events=(gap(two, "again"),)))
    everything = listings.events()
    assert [(row.kind, row.feed_url, row.site, row.detail) for row in everything] == [
        ("feed.gap", B, None, "again"),
        ("site.drift", None, "b.example", "shorter"),
        ("site.drift", None, "news.example", "shorter"),
        ("feed.gap", A, None, "no entry in common"),
    ]
    assert listings.events(kind="feed.gap") == (everything[0], everything[3])
    assert listings.events(feed_id=one) == everything[3:]
    assert listings.events(site="news.example") == everything[2:3]
    assert listings.events(since=make.T0 + DAY, until=make.T0 + 2 * DAY) == everything[1:3]
    assert listings.events(limit=1) == everything[:1]
    assert listings.events(kind="feed.silent") == ()
    with pytest.raises(LookupError, match="no feed 99"):
        listings.events(feed_id=99)


HAPPENED = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(EventKind),
        detail=st.sampled_from(["", "x"]),
        feed_id=st.sampled_from([None, 1]),
        site=st.sampled_from([None, "a.example"]),
    ),
    max_size=6,
)


@given(happened=HAPPENED, again=HAPPENED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_of_one_moment_each_event_is_stored_once(tmp_path_factory, empty_file, make, happened, again):
    file = tmp_path_factory.mktemp("events") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{file}") as store, Listings(f"sqlite:///{file}") as listings:
        make.Newsroom(store).feed(A)
        for events in (happened, again, happened):
            store.record_events(events, make.T0)
        said = [(row.kind, row.detail, row.feed, row.site) for row in listings.events()]
        assert len(said) == len(set(said))
        assert set(said) == {(each.kind, each.detail, each.feed_id, each.site) for each in happened + again}


def test_old_events_are_forgotten(listings, store, make):
    for at in (make.T0, make.T0 + DAY):
        store.record_events([Event(kind=EventKind.DRIFT, detail="", site="a.example")], at)
    store.prune(Old.EVENTS, make.T0)
    assert len(listings.events()) == 2
    store.prune(Old.EVENTS, make.T0 + DAY)
    assert [row.at for row in listings.events()] == [make.T0 + DAY]


# --- how many ---------------------------------------------------------------------------------------


def test_stats_tell_of_silent_feeds_events_and_reasons(listings, store, make, newsroom):
    empty = listings.stats()
    assert (empty.silent_feeds, empty.events, empty.reasons) == (0, {}, {})
    one = newsroom.feed(A)
    silent = FeedHealth(silent_since=make.T0)
    newsroom.poll(health=silent, events=(gap(one),))
    newsroom.poll(health=silent, events=(gap(one),), at=make.T0 + 2 * DAY)
    newsroom.feed(B)
    outcomes = [
        EntryOutcome(state=EntryState.DONE, reason="paywall"),
        EntryOutcome(state=EntryState.DONE, reason="paywall"),
        EntryOutcome(state=EntryState.FAILED, reason="gone"),
        EntryOutcome(state=EntryState.RETRYING, reason="timeout", next_try_at=make.T0),
        EntryOutcome(state=EntryState.DONE),
    ]
    for number, outcome in enumerate(outcomes):
        store.finish_entry(newsroom.entry(f"https://a.example/{number}"), outcome)
    newsroom.poll(plan=replace(make.PLAN, state=FeedState.BACKING_OFF), at=make.T0 + DAY)
    stats = listings.stats()
    assert (stats.feeds, stats.silent_feeds) == ({"active": 1, "backing-off": 1}, 1)
    assert stats.events == {"feed.gap": 2}
    assert listings.stats(since=make.T0 + DAY).events == {"feed.gap": 1}
    assert stats.reasons == {"done": {"paywall": 2}, "failed": {"gone": 1}, "retrying": {"timeout": 1}}
    store.sync_feeds([ConfiguredFeed(url=A, is_paused=True)], make.T0)
    assert listings.stats().silent_feeds == 0
