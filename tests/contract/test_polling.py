"""What every store promises about what polls learn, and about what hosts and hubs ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.hosts import HostWait, RobotsFile
from ingest.model import EntryOutcome, EntryState
from ingest.polling import (
    START_INTERVAL_S,
    ChangedEntry,
    ConfiguredFeed,
    Event,
    EventKind,
    FeedHealth,
    FeedState,
    FoundBy,
)
from ingest.subscription import HubFeed, SubscriptionState
from storage.upkeep.prune import Old

A, B = "https://a.example/feed", "https://b.example/feed"
DAY = timedelta(days=1)
LOGS = (Old.POLL_LOG, Old.FETCH_LOG)


def paused(url):
    return ConfiguredFeed(url=url, is_paused=True)


# --- paused feeds -----------------------------------------------------------------------------------


def test_a_new_feed_starts_with_the_interval_that_is_said_once(store, make, newsroom):
    assert store.feed(newsroom.feed(A)).interval_s == START_INTERVAL_S


def test_a_paused_feed_is_not_due_not_even_when_all_are(store, make):
    store.sync_feeds([paused(A), *make.feeds(B)], make.T0)
    assert [due.host for due in store.due_feeds(make.T0, 9)] == ["b.example"]
    assert [due.host for due in store.due_feeds(make.T0, 9, is_everything_due=True)] == ["b.example"]


def test_a_feed_that_is_paused_and_goes_on_is_due_at_once_with_all_it_had(store, make, newsroom):
    feed_id = newsroom.feed(A)
    plan = replace(make.PLAN, state=FeedState.DORMANT, failures=31, next_poll_at=make.T0 + 7 * DAY)
    newsroom.poll(plan=plan, etag='"1"')
    store.sync_feeds([paused(A)], make.T0)
    assert store.feed(feed_id).state is FeedState.PAUSED
    assert store.feed(feed_id).failures == 31
    store.sync_feeds(make.feeds(A), later := make.T0 + DAY)
    feed = store.feed(feed_id)
    assert (feed.state, feed.failures, feed.next_poll_at, feed.etag) == (FeedState.ACTIVE, 0, later, '"1"')


def test_a_paused_feed_can_be_removed_and_a_removed_one_come_back_paused(store, make, newsroom):
    feed_id = newsroom.feed(A)
    for configured, state in (([paused(A)], "paused"), ([], "removed"), ([paused(A)], "paused")):
        store.sync_feeds(configured, make.T0)
        assert store.feed(feed_id).state == state
        assert store.due_feeds(make.T0, 9) == ()


@pytest.mark.parametrize("configured", [[], [paused(A)]])
def test_a_poll_under_way_brings_no_feed_back(store, make, newsroom, configured):
    feed_id = newsroom.feed(A)
    store.sync_feeds(configured, make.T0)
    state = store.feed(feed_id).state
    newsroom.poll(make.new_entry())
    assert store.feed(feed_id).state is state


@pytest.mark.parametrize("configured", [[], [paused(A)]])
def test_entries_of_a_feed_that_is_polled_no_more_are_still_finished(store, make, newsroom, configured):
    """They were seen, and nothing that was seen is lost."""
    newsroom.feed(A)
    entry_id = newsroom.entry()
    store.sync_feeds(configured, make.T0)
    assert [due.id for due in store.due_entries(make.T0, 9)] == [entry_id]
    newsroom.save()
    assert store.due_entries(make.T0, 9) == ()


CONFIGURED = st.lists(st.dictionaries(st.sampled_from([A, B, "https://c.example/"]), st.booleans()), max_size=5)


@given(history=CONFIGURED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_is_polled_is_what_was_configured_last(store, make, history):
    for feeds in history:
        store.sync_feeds([ConfiguredFeed(url=url, is_paused=is_paused) for url, is_paused in feeds.items()], make.T0)
        polled = {store.feed(due.id).url for due in store.due_feeds(make.T0, 9, is_everything_due=True)}
        assert polled == {url for url, is_paused in feeds.items() if not is_paused}
        assert {due.host for due in store.due_feeds(make.T0, 9)} == {url.split("/")[2] for url in polled}


# --- what a poll learns -----------------------------------------------------------------------------


def test_a_document_says_what_the_feed_is(store, make, newsroom):
    feed_id = newsroom.feed(A)
    feed = store.feed(feed_id)
    assert (feed.feed_format, feed.hub, feed.self_url, feed.last_document_at) == (None, None, None, None)
    newsroom.poll(feed_format="atom", hub="https://hub.example/", self_url=B, listed_count=1)
    later = make.T0 + make.MINUTE
    newsroom.poll(at=later, status=304, is_document=False)
    feed = store.feed(feed_id)
    assert (feed.feed_format, feed.hub, feed.self_url) == ("atom", "https://hub.example/", B)
    assert (feed.last_document_at, feed.last_polled_at) == (make.T0, later)
    newsroom.poll(at=later, feed_format="rss", listed_count=1)
    feed = store.feed(feed_id)
    assert (feed.feed_format, feed.hub, feed.self_url, feed.last_document_at) == ("rss", None, None, later)


def test_health_is_stored_where_it_is_given(store, make, newsroom):
    feed_id = newsroom.feed(A)
    health = FeedHealth(
        last_new_at=make.T0, longest_quiet_s=3600, broken_since=make.T0 + make.MINUTE, silent_since=make.T0 + DAY
    )
    for given_health, expected in (
        (None, FeedHealth()),
        (health, health),
        (None, health),
        (FeedHealth(), FeedHealth()),
    ):
        newsroom.poll(health=given_health)
        feed = store.feed(feed_id)
        said = (feed.last_new_at, feed.longest_quiet_s, feed.broken_since, feed.silent_since)
        names = ("last_new_at", "longest_quiet_s", "broken_since", "silent_since")
        assert said == tuple(getattr(expected, name) for name in names)


def test_a_known_entry_says_when_it_was_last_listed(store, make, newsroom):
    feed_id = newsroom.feed(A)
    (entry_id,) = newsroom.poll(make.new_entry())
    (known,) = store.known_entries(feed_id, [make.listed()])
    assert known.last_seen_at == make.T0
    later = make.T0 + DAY
    newsroom.poll(at=later, seen=(entry_id,))
    (known,) = store.known_entries(feed_id, [make.listed()])
    assert known.last_seen_at == later
    newsroom.poll(at=make.T0 + make.MINUTE, seen=(entry_id,))
    (known,) = store.known_entries(feed_id, [make.listed()])
    assert known.last_seen_at == later, "what was told late moves nothing back"


# --- entries that no poll brings --------------------------------------------------------------------


def test_entries_found_otherwise_are_stored_once_and_want_a_step(store, make, newsroom):
    feed_id = newsroom.feed(A)
    (polled,) = newsroom.poll(make.new_entry("https://a.example/1"))
    found = [replace(make.new_entry(f"https://a.example/{n}"), found_by=FoundBy.SITEMAP) for n in (1, 2, 3)]
    ids = store.record_found(feed_id, found, make.T0)
    assert ids[0] == polled
    assert len(set(ids)) == 3
    assert store.record_found(feed_id, iter(found), make.T0 + DAY) == ids
    entry = make.stored(store, ids[1])
    assert (entry.feed_id, entry.link, entry.state) == (feed_id, "https://a.example/2", EntryState.NEW)
    assert entry.first_seen_at == make.T0
    assert [due.id for due in store.due_entries(make.T0, 9)] == list(ids)
    store.finish_entry(ids[1], make.DONE)
    assert store.record_found(feed_id, found, make.T0) == (ids[0], ids[2])
    assert store.record_found(feed_id, [], make.T0) == ()


def test_what_is_found_otherwise_can_change_a_known_entry(store, make, newsroom):
    feed_id = newsroom.feed(A)
    entry_id = newsroom.entry()
    store.finish_entry(entry_id, make.DONE)
    change = ChangedEntry(id=entry_id, content_hash="other", listed=make.listed(title="Corrected"))
    later = make.T0 + DAY
    for _ in range(2):
        assert store.record_found(feed_id, [], later, changed=[change]) == (entry_id,)
        entry = make.stored(store, entry_id)
        assert (entry.title, entry.is_changed, entry.revision, entry.next_try_at) == ("Corrected", True, 1, later)
    store.finish_entry(entry_id, make.DONE)
    assert store.record_found(feed_id, [make.new_entry()], later, changed=[change]) == ()


def test_a_poll_knows_what_was_found_otherwise(store, make, newsroom):
    feed_id = newsroom.feed(A)
    (found,) = store.record_found(feed_id, [replace(make.new_entry(), found_by=FoundBy.PUSH)], make.T0)
    (known,) = store.known_entries(feed_id, [make.listed()])
    assert known.id == found
    assert newsroom.poll(make.new_entry()) == (found,)


def test_what_is_not_there_is_told(store, make, newsroom):
    newsroom.feed(A)
    for call in (
        lambda: store.record_found(99, [make.new_entry()], make.T0),
        lambda: store.record_found(99, [], make.T0),
        lambda: store.save_subscription(make.subscription(99)),
        lambda: store.record_poll(make.poll(99, fetch_url=B, events=(Event(kind=EventKind.GAP, detail=""),))),
    ):
        with pytest.raises(LookupError, match="no feed 99"):
            call()
    store.drop_subscription(99)


# --- what hosts ask for -----------------------------------------------------------------------------


def wait(make, address=A, **given):
    return HostWait(**({"address": address, "host": "a.example", "until": make.T0 + DAY, "holds": False} | given))


def test_waits_are_kept_until_they_are_over(store, make):
    assert store.host_waits(make.T0) == ()
    one, two = wait(make), wait(make, B, host="b.example", until=make.T0 + 2 * DAY, holds=True)
    store.keep_host_waits([two, one])
    assert store.host_waits(make.T0) == (one, two)
    assert store.host_waits(make.T0 + DAY) == (two,)
    assert store.host_waits(make.T0 + 2 * DAY) == ()
    sooner = wait(make, until=make.T0 + make.MINUTE, host="other.example", holds=True)
    store.keep_host_waits(iter([sooner]))
    assert store.host_waits(make.T0) == (sooner, two)
    store.keep_host_waits([])
    assert store.host_waits(make.T0) == (sooner, two)


def robots(make, origin="https://a.example", **given):
    values = {"origin": origin, "body": b"User-agent: *\r\n\x00\xff", "problem": "", "is_refused": False}
    return RobotsFile(**(values | {"until": make.T0 + DAY} | given))


def test_robots_files_are_kept_byte_for_byte_until_they_are_old(store, make):
    assert store.robots_files(make.T0) == ()
    files = (
        robots(make),
        robots(make, "https://b.example", body=None),
        robots(make, "https://c.example", body=None, problem="no answer", is_refused=True, until=make.T0 + 2 * DAY),
        robots(make, "https://d.example", body=b""),
    )
    store.keep_robots_files(reversed(files))
    assert store.robots_files(make.T0) == files
    assert store.robots_files(make.T0 + DAY) == files[2:3]
    store.keep_robots_files([newer := robots(make, body=b"new")])
    store.keep_robots_files([])
    assert store.robots_files(make.T0)[0] == newer


def test_what_is_long_over_is_forgotten_with_the_log(store, make):
    store.keep_host_waits([wait(make)])
    store.keep_robots_files([robots(make)])
    store.prune(Old.WISHES, make.T0 + DAY)
    assert len(store.host_waits(make.T0)) == len(store.robots_files(make.T0)) == 1
    store.prune(Old.WISHES, make.T0 + DAY + make.MINUTE)
    assert store.host_waits(make.T0) == store.robots_files(make.T0) == ()


# --- hubs -------------------------------------------------------------------------------------------


def test_feeds_that_announce_a_hub_can_have_a_subscription(store, make, newsroom):
    newsroom.feed(A)
    newsroom.poll(hub="https://hub.example/", self_url="https://self.example/")
    one = newsroom.feed_id
    newsroom.feed(B)
    newsroom.poll(hub="https://hub.example/", fetch_url="https://moved.example/")
    two = newsroom.feed_id
    newsroom.feed("https://c.example/")
    newsroom.poll()
    hub = "https://hub.example/"
    both = (
        HubFeed(feed_id=one, hub=hub, topic="https://self.example/"),
        HubFeed(feed_id=two, hub=hub, topic="https://moved.example/"),
    )
    assert store.hub_feeds() == both
    store.sync_feeds([paused(A), *make.feeds(B)], make.T0)
    assert store.hub_feeds() == both[1:]
    store.sync_feeds([], make.T0)
    assert store.hub_feeds() == ()


def test_a_feed_has_one_subscription_at_most(store, make, newsroom):
    one, two = newsroom.feed(A), newsroom.feed(B)
    assert store.subscriptions() == ()
    first, second = make.subscription(one), make.subscription(two, token="other")
    store.save_subscription(second)
    store.save_subscription(first)
    assert store.subscriptions() == (first, second)
    later = replace(
        first,
        hub="https://other.example/",
        token="t2",
        secret="s2",
        state=SubscriptionState.ACTIVE,
        lease_until=make.T0 + DAY,
        asked_at=make.T0 + make.MINUTE,
        last_push_at=make.T0 + 2 * make.MINUTE,
        problem="it was slow",
    )
    store.save_subscription(later)
    assert store.subscriptions() == (later, second)
    assert store.subscriptions()[0].state is SubscriptionState.ACTIVE
    store.drop_subscription(one)
    store.drop_subscription(one)
    assert store.subscriptions() == (second,)


def test_secrets_of_subscriptions_are_not_shown(make):
    shown = repr(make.subscription(1, token="open sesame", secret="hush"))
    assert "sesame" not in shown
    assert "hush" not in shown


# --- how it was answered ----------------------------------------------------------------------------


def test_an_answer_without_an_article_changes_nothing_else(store, make, newsroom):
    entry_id = newsroom.entry()
    later = make.T0 + make.MINUTE
    outcome = EntryOutcome(state=EntryState.RETRYING, reason="timeout", attempts=1, next_try_at=later)
    store.finish_entry(entry_id, replace(outcome, fetched=make.fetched(status=None, url=None)))
    told = make.stored(store, entry_id)
    store.finish_entry(entry_id, outcome)
    assert make.stored(store, entry_id) == told
    assert [store.prune(log, make.T0) for log in LOGS] == [0, 0]
    assert [store.prune(log, later) for log in LOGS] == [1, 1]
    assert [store.prune(log, later) for log in LOGS] == [0, 0]


def test_new_validators_come_without_a_document(store, make, newsroom):
    feed_id = newsroom.feed(A)
    newsroom.poll(make.new_entry(), etag='"one"', last_modified="Mon", body_hash="0", feed_format="rss")
    before = store.feed(feed_id)
    same = {"is_document": False, "listed_count": 0, "at": make.T0 + DAY}
    newsroom.poll(**same, etag='"two"', has_new_validators=True)
    after = store.feed(feed_id)
    assert (after.etag, after.last_modified) == ('"two"', None)
    assert (after.body_hash, after.feed_format, after.last_document_at) == ("0", "rss", before.last_document_at)
    newsroom.poll(**(same | {"at": make.T0 + 2 * DAY}))
    assert store.feed(feed_id).etag == '"two"'


def test_a_document_without_entries_is_not_the_last_one(store, make, newsroom):
    feed_id = newsroom.feed(A)
    newsroom.poll(at=make.T0, body_hash="0")
    assert (store.feed(feed_id).last_document_at, store.feed(feed_id).body_hash) == (None, "0")
    newsroom.poll(make.new_entry(), at=make.T0 + DAY)
    newsroom.poll(at=make.T0 + 2 * DAY, body_hash="1")
    assert (store.feed(feed_id).last_document_at, store.feed(feed_id).body_hash) == (make.T0 + DAY, "1")
