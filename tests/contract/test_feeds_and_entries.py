"""What every store promises about feeds, polls and entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.model import EntryOutcome, EntryState
from ingest.polling import ChangedEntry, ConfiguredFeed, FeedState
from storage.upkeep.prune import Old

FEED = "https://news.example/feed"


def test_a_configured_feed_is_active_and_due_at_once(store, make):
    store.sync_feeds([ConfiguredFeed(url=FEED, title="The News")], make.T0)
    (due,) = store.due_feeds(make.T0, 10)
    feed = store.feed(due.id)
    assert (feed.url, feed.fetch_url, feed.title) == (FEED, FEED, "The News")
    assert (feed.state, feed.failures, feed.next_poll_at) == (FeedState.ACTIVE, 0, make.T0)
    assert due.host == "news.example"


def test_a_feed_that_is_no_longer_configured_is_removed_and_comes_back_with_its_history(store, make):
    store.sync_feeds(make.feeds(FEED, "https://b.example/"), make.T0)
    first, second = store.due_feeds(make.T0, 10)
    store.record_poll(make.poll(first.id, make.new_entry()))
    store.sync_feeds(make.feeds("https://b.example/"), make.T0)
    assert store.feed(first.id).state == FeedState.REMOVED
    assert store.due_feeds(make.T0, 10, is_everything_due=True) == (second,)
    later = make.T0 + timedelta(days=1)
    store.sync_feeds(make.feeds(FEED), later)
    assert store.feed(first.id).state == FeedState.ACTIVE
    assert store.feed(first.id).next_poll_at == later
    assert len(store.due_entries(later, 10)) == 1
    assert store.feed(second.id).state == FeedState.REMOVED


def test_a_removed_feed_that_comes_back_is_asked_no_sooner_and_a_resumed_one_at_once(store, make, newsroom):
    feed_id = newsroom.feed(FEED)
    plan = replace(make.PLAN, state=FeedState.BACKING_OFF, failures=2)
    newsroom.poll(status=503, error="unavailable", is_document=False, plan=plan)
    later = make.T0 + make.MINUTE
    for configured in ([], [ConfiguredFeed(url=FEED)]):
        store.sync_feeds(configured, later)
    assert (store.feed(feed_id).state, store.feed(feed_id).next_poll_at) == (FeedState.ACTIVE, plan.next_poll_at)
    for configured in ([ConfiguredFeed(url=FEED, is_paused=True)], [ConfiguredFeed(url=FEED)]):
        store.sync_feeds(configured, later)
    assert store.feed(feed_id).next_poll_at == later


def test_a_poll_that_is_put_off_moves_the_next_one_and_keeps_what_the_last_one_brought(store, make, newsroom):
    feed_id = newsroom.feed(FEED)
    newsroom.poll(status=503, error="unavailable", error_detail="overloaded", is_document=False)
    before = store.feed(feed_id)
    plan = replace(make.PLAN, next_poll_at=make.T0 + timedelta(days=1), why="put off: not asked")
    newsroom.poll(
        at=make.T0 + make.MINUTE,
        status=None,
        error="rate_limited",
        error_detail="not asked",
        is_document=False,
        is_put_off=True,
        plan=plan,
    )
    assert store.feed(feed_id) == replace(before, next_poll_at=plan.next_poll_at, plan_why=plan.why)


def test_a_feed_goes_by_the_title_that_the_user_gives_it(store, make, newsroom):
    feed_id = newsroom.feed(FEED)
    newsroom.poll(title="Its own")
    for title in ("News", None):
        store.sync_feeds([ConfiguredFeed(url=FEED, title=title)], make.T0)
        assert store.feed(feed_id).title == (title or "Its own")


def test_a_feed_that_lacks_its_secret_or_lacked_it_is_due_at_once_and_others_are_not(store, make):
    urls = [f"https://{name}.example/" for name in "abcd"]
    store.sync_feeds(make.feeds(*urls), make.T0)
    well, without, refused, paused = (due.id for due in store.due_feeds(make.T0, 10))
    for feed_id, error, status in ((well, None, 200), (without, "auth", None), (refused, "auth", 401)):
        store.record_poll(make.poll(feed_id, error=error, status=status))
    store.record_poll(make.poll(paused, error="auth", status=None))
    planned = make.PLAN.next_poll_at
    configured = [*make.feeds(*urls[:3]), ConfiguredFeed(url=urls[3], is_paused=True)]
    store.sync_feeds(configured, make.T0 + make.MINUTE)
    assert [store.feed(each).next_poll_at for each in (well, without, refused, paused)] == [
        planned,
        make.T0 + make.MINUTE,
        planned,
        planned,
    ]
    configured[0] = ConfiguredFeed(url=urls[0], lacks_secret=True)
    store.sync_feeds(configured, later := make.T0 + 2 * make.MINUTE)
    assert {due.id for due in store.due_feeds(later, 10)} == {well, without}
    assert store.feed(well).state is FeedState.ACTIVE


def test_a_poll_under_way_does_not_bring_a_removed_feed_back(store, make, newsroom):
    feed_id = newsroom.feed()
    store.sync_feeds([], make.T0)
    newsroom.poll(make.new_entry())
    assert store.feed(feed_id).state == FeedState.REMOVED


def test_the_longest_due_feed_comes_first_and_limits_hold(store, make):
    store.sync_feeds(make.feeds("https://b.example/"), make.T0)
    store.sync_feeds(make.feeds("https://a.example/", "https://b.example/"), make.T0 + make.MINUTE)
    later = make.T0 + 2 * make.MINUTE
    assert [due.host for due in store.due_feeds(later, 10)] == ["b.example", "a.example"]
    assert [due.host for due in store.due_feeds(later, 1)] == ["b.example"]
    assert [due.host for due in store.due_feeds(make.T0, 10)] == ["b.example"]


def test_a_poll_stores_what_it_learned_of_the_feed(store, make, newsroom):
    feed_id = newsroom.feed()
    newsroom.poll(title="News", fetch_url="https://moved.example/", etag='"1"', last_modified="Mon", body_hash="b")
    feed = store.feed(feed_id)
    assert (feed.title, feed.fetch_url, feed.etag, feed.last_modified) == (
        "News",
        "https://moved.example/",
        '"1"',
        "Mon",
    )
    assert (feed.body_hash, feed.last_status, feed.last_error) == ("b", 200, None)
    assert (feed.next_poll_at, feed.interval_s) == (make.PLAN.next_poll_at, 1800)
    assert feed.last_polled_at == feed.last_full_poll_at == make.T0


def test_a_poll_without_a_document_leaves_validators_and_title_as_they_are(store, make, newsroom):
    feed_id = newsroom.feed()
    newsroom.poll(title="News", etag='"1"', last_modified="Mon", body_hash="b")
    later = make.T0 + make.MINUTE
    newsroom.poll(at=later, status=304, is_document=False, was_conditional=True)
    plan = replace(make.PLAN, state=FeedState.BACKING_OFF, failures=1)
    latest = later + make.MINUTE
    newsroom.poll(
        at=latest, status=503, is_document=False, plan=plan, error="http_server", error_detail="503 from the server"
    )
    feed = store.feed(feed_id)
    assert (feed.title, feed.etag, feed.last_modified, feed.body_hash) == ("News", '"1"', "Mon", "b")
    assert (feed.state, feed.failures, feed.last_status, feed.last_error) == ("backing-off", 1, 503, "http_server")
    assert (feed.last_polled_at, feed.last_full_poll_at) == (latest, make.T0)


def test_validators_go_when_a_document_has_none(store, make, newsroom):
    feed_id = newsroom.feed()
    newsroom.poll(etag='"1"', last_modified="Mon", body_hash="b")
    newsroom.poll(at=make.T0 + make.MINUTE, body_hash="c")
    assert (store.feed(feed_id).etag, store.feed(feed_id).last_modified) == (None, None)


def test_new_entries_are_stored_once_and_want_a_step(store, make, newsroom):
    newsroom.feed()
    one, two = make.new_entry("https://a.example/1", sections=("World", "Asia")), make.new_entry("https://a.example/2")
    ids = newsroom.poll(one, two)
    assert len(ids) == 2
    assert newsroom.poll(one, two, at=make.T0 + make.MINUTE) == ids
    entry = make.stored(store, ids[0])
    assert (entry.link, entry.page_address, entry.title) == ("https://a.example/1", "https://a.example/1", "A title")
    assert (entry.state, entry.attempts, entry.checks, entry.next_try_at) == (EntryState.NEW, 0, 0, None)
    assert (entry.sections, entry.first_seen_at, entry.article_id) == (("World", "Asia"), make.T0, None)
    assert not entry.is_changed
    assert [(due.id, due.host) for due in store.due_entries(make.T0, 10)] == [(i, "a.example") for i in ids]
    assert [due.id for due in store.due_entries(make.T0, 10, ids[:1])] == [ids[1]]
    assert [due.id for due in store.due_entries(make.T0, 1)] == [ids[0]]


def test_an_entry_without_a_page_is_due_too(store, make, newsroom):
    newsroom.feed()
    (no_page,) = newsroom.poll(make.new_entry(None, guid="x"))
    assert store.entry_and_article(no_page)[1] is None
    newsroom.poll(make.new_entry("http://[", guid="y"))
    assert [due.host for due in store.due_entries(make.T0, 10)] == ["", ""]


def test_the_same_identity_in_two_feeds_is_two_entries(store, make, newsroom):
    newsroom.feed("https://a.example/")
    (one,) = newsroom.poll(make.new_entry())
    newsroom.feed("https://b.example/")
    (two,) = newsroom.poll(make.new_entry())
    assert one != two


def test_known_entries_are_found_by_guid_by_address_and_by_hash_identity(store, make, newsroom):
    feed_id = newsroom.feed()
    by_guid = make.new_entry("https://a.example/1")
    by_link = replace(make.new_entry("https://a.example/2", guid=None), identity="link:https://a.example/2")
    by_hash = make.new_entry(None, guid=None, title="Only a title")
    by_hash = replace(by_hash, identity=by_hash.listed.hash_identity)
    other = replace(make.new_entry("https://a.example/3", title="Only a title"))
    newsroom.poll(by_guid, by_link, by_hash, other)
    looked_for = [
        make.listed("https://elsewhere.example/", guid="tag:https://a.example/1"),
        make.listed("https://a.example/2", guid="new"),
        make.listed(None, title="Only a title"),
    ]
    known = store.known_entries(feed_id, looked_for)
    assert [entry.identity for entry in known] == [by_guid.identity, by_link.identity, by_hash.identity]
    assert known[0].content_hash == by_guid.content_hash
    assert store.known_entries(feed_id, []) == ()
    assert store.known_entries(feed_id + 1, looked_for) == ()


def changed(make, entry_id, **given):
    entry = make.new_entry(**given)
    return ChangedEntry(id=entry_id, content_hash=entry.content_hash, listed=entry.listed)


def test_a_changed_entry_that_is_done_is_due_again(store, make, newsroom):
    entry_id = newsroom.entry()
    newsroom.save()
    later = make.T0 + make.MINUTE
    change = changed(make, entry_id, title="Another title", text="New")
    assert newsroom.poll(changed=(change,), at=later) == (entry_id,)
    entry = make.stored(store, entry_id)
    assert (entry.is_changed, entry.state, entry.title, entry.text) == (True, EntryState.DONE, "Another title", "New")
    assert [due.id for due in store.due_entries(later, 10)] == [entry_id]
    store.finish_entry(entry_id, make.DONE)
    assert not make.stored(store, entry_id).is_changed
    assert newsroom.poll(changed=(change,), at=later + make.MINUTE) == ()
    assert store.due_entries(later + make.MINUTE, 10) == ()


def test_a_changed_entry_that_had_failed_is_as_good_as_new(store, make, newsroom):
    entry_id = newsroom.entry()
    store.finish_entry(entry_id, EntryOutcome(state=EntryState.FAILED, reason="http_client", attempts=3))
    newsroom.poll(changed=(changed(make, entry_id, title="Corrected"),))
    assert (make.stored(store, entry_id).state, make.stored(store, entry_id).attempts) == (EntryState.NEW, 0)
    assert [due.id for due in store.due_entries(make.T0, 10)] == [entry_id]


def test_a_changed_entry_that_waits_goes_on_waiting(store, make, newsroom):
    entry_id = newsroom.entry()
    later = make.T0 + make.MINUTE
    store.finish_entry(entry_id, EntryOutcome(state=EntryState.RETRYING, reason="timeout", next_try_at=later))
    newsroom.poll(changed=(changed(make, entry_id, title="Corrected"),))
    assert store.due_entries(make.T0, 10) == ()
    assert [due.id for due in store.due_entries(later, 10)] == [entry_id]


@pytest.mark.parametrize("state", [EntryState.DONE, EntryState.FAILED, EntryState.RETRYING])
def test_a_change_that_comes_in_while_a_step_is_under_way_stays_due(store, make, newsroom, state):
    entry_id = newsroom.entry()
    at_work_on = make.stored(store, entry_id).revision
    later = make.T0 + make.MINUTE
    newsroom.poll(changed=(changed(make, entry_id, title="Corrected"),), at=later, seen=(entry_id,))
    wait = later if state is EntryState.RETRYING else None
    store.finish_entry(entry_id, EntryOutcome(state=state, revision=at_work_on, next_try_at=wait))
    assert make.stored(store, entry_id).is_changed
    assert [due.id for due in store.due_entries(later, 10)] == [entry_id]
    store.finish_entry(entry_id, replace(make.DONE, revision=make.stored(store, entry_id).revision))
    assert not make.stored(store, entry_id).is_changed
    assert store.due_entries(later, 10) == ()


def test_a_finished_entry_is_due_when_its_next_try_is(store, make, newsroom):
    entry_id = newsroom.entry()
    later = make.T0 + make.MINUTE
    outcome = EntryOutcome(
        state=EntryState.RETRYING, reason="timeout", detail="no answer", attempts=2, checks=1, next_try_at=later
    )
    store.finish_entry(entry_id, outcome)
    entry = make.stored(store, entry_id)
    assert (entry.state, entry.attempts, entry.checks, entry.next_try_at) == (EntryState.RETRYING, 2, 1, later)
    assert store.due_entries(make.T0, 10) == ()
    assert [due.id for due in store.due_entries(later, 10)] == [entry_id]
    store.finish_entry(entry_id, EntryOutcome(state=EntryState.FAILED, reason="gone", text_from=None))
    assert store.due_entries(later, 10) == ()
    assert make.stored(store, entry_id).state == EntryState.FAILED


def test_an_entry_is_linked_to_a_stored_article(store, make, newsroom):
    saved = newsroom.save("https://a.example/1")
    other = newsroom.entry("https://a.example/2")
    store.finish_entry(other, make.DONE, article_id=saved.article_id)
    assert make.stored(store, other).article_id == saved.article_id
    store.finish_entry(other, make.DONE)
    assert make.stored(store, other).article_id == saved.article_id


def test_ids_that_do_not_exist_are_told(store, make, newsroom):
    newsroom.feed()
    entry_id = newsroom.entry()
    for call in (
        lambda: store.feed(99),
        lambda: make.stored(store, 99),
        lambda: store.record_poll(make.poll(99)),
        lambda: store.finish_entry(99, make.DONE),
        lambda: store.finish_entry(entry_id, make.DONE, article_id=99),
        lambda: store.save(make.item(99)),
    ):
        with pytest.raises(LookupError, match="99"):
            call()


def test_the_log_of_polls_can_be_forgotten(store, make, newsroom):
    newsroom.feed()
    newsroom.poll()
    newsroom.poll(at=make.T0 + make.MINUTE)
    assert store.prune(Old.POLL_LOG, make.T0 + make.MINUTE) == 1
    assert store.prune(Old.POLL_LOG, make.T0 + make.MINUTE) == 0


def test_naive_times_are_refused(store, make, newsroom):
    newsroom.feed()
    with pytest.raises(ValueError, match="zone"):
        store.due_feeds(make.T0.replace(tzinfo=None), 1)
