"""The whole way of one entry, and the entries that an address belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.copies.model import RelationKind
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.polling import ChangedEntry, ConfiguredFeed, DateFault, Event, EventKind, FoundBy
from rules.compile import compile_rules
from rules.document import Document
from storage.listings import Listings

A, B, C = (f"https://news.example/{letter}" for letter in "abc")
DAY = timedelta(days=1)


@pytest.fixture
def listings(url, store):
    with Listings(url) as opened:
        yield opened


def test_an_entry_that_just_came(listings, make, newsroom):
    feed_id = newsroom.feed()
    newsroom.poll(plan=replace(make.PLAN, why="as often as it brings something"))
    (entry_id,) = newsroom.poll(make.new_entry(A, date_fault=DateFault.ZONE, text="Twelve signs"))
    trail = listings.trail(entry_id)
    assert (trail.id, trail.link, trail.page_address, trail.guid) == (entry_id, A, A, f"tag:{A}")
    assert (trail.state, trail.found_by, trail.date_fault, trail.feed_text) == ("new", "feed", "zone", 12)
    assert (trail.first_seen, trail.last_seen, trail.revision, trail.is_changed) == (make.T0, make.T0, 0, False)
    assert (trail.fetches, trail.article, trail.matches, trail.events) == ((), None, (), ())
    assert (trail.feed.id, trail.feed.last_polled_at) == (feed_id, make.T0)
    assert trail.feed == listings.feeds()[0]


def test_an_entry_that_does_not_exist(listings):
    with pytest.raises(LookupError, match="no entry 7"):
        listings.trail(7)


def test_each_answer_is_told_in_its_order(listings, store, make, newsroom):
    entry_id = newsroom.entry(A)
    later = make.T0 + make.MINUTE
    waiting = EntryOutcome(
        state=EntryState.RETRYING, reason="timeout", detail="no answer", attempts=1, next_try_at=later
    )
    refused = EntryOutcome(state=EntryState.FAILED, reason="http_client", detail="403", attempts=2)
    store.finish_entry(entry_id, replace(refused, fetched=make.fetched(later, status=403, url=B, redirects=2)))
    store.finish_entry(entry_id, replace(waiting, fetched=make.fetched(status=None, url=None)))
    trail = listings.trail(entry_id)
    assert [(each.at, each.status, each.url, each.redirects) for each in trail.fetches] == [
        (make.T0, None, None, 0),
        (later, 403, B, 2),
    ]
    assert [(each.reason, each.detail) for each in trail.fetches] == [("timeout", "no answer"), ("http_client", "403")]
    assert (trail.state, trail.next_try_at, trail.attempts) == ("retrying", later, 1)


@pytest.mark.parametrize(("came_from", "kept"), [(A, None), (f"{A}?utm_source=feed", None), (B, B), (None, None)])
def test_an_answer_from_where_the_entry_points_names_no_address(listings, store, make, newsroom, came_from, kept):
    newsroom.feed()
    (entry_id,) = newsroom.poll(make.new_entry(A, link=f"{A}?utm_source=feed"))
    store.finish_entry(entry_id, replace(make.DONE, fetched=make.fetched(url=came_from)))
    assert [each.url for each in listings.trail(entry_id).fetches] == [kept]


def test_an_answer_whose_entry_has_no_page_is_kept_whole(listings, store, make, newsroom):
    newsroom.feed()
    (entry_id,) = newsroom.poll(make.new_entry(None, guid="x"))
    store.finish_entry(entry_id, replace(make.DONE, fetched=make.fetched(url=B)))
    assert [each.url for each in listings.trail(entry_id).fetches] == [B]


def test_an_article_with_its_page_its_copies_and_what_it_matches(listings, store, make, newsroom, rules):
    topics = rules(a="topic news\n    match bear\n").topics
    store.record_topics(topics, make.T0)
    matches = compile_rules(topics).match(Document(title="", body="A bear."))
    lead = newsroom.save(A, page=make.page(A), outcome=replace(make.DONE, fetched=make.fetched(url=A)))
    relations = (make.relation(lead.article_id, RelationKind.EXCERPT, 0.75),)
    newsroom.save(B, text="Before.", text_from=TextFrom.FEED)
    newsroom.save(B, title="", text="A bear.", story_id=lead.story_id, relations=relations, matches=matches)
    first, second = (listings.trail(newsroom.made[url]) for url in (A, B))
    assert [(each.status, each.reason) for each in first.fetches] == [(200, None)]
    assert (first.article.id, first.article.is_lead, first.article.has_raw_page) == (lead.article_id, True, True)
    assert (first.article.kind, first.article.relative, first.matches) == (None, None, ())
    article = second.article
    assert (article.version, article.versions, article.text_from, article.words) == (2, 2, "page", 2)
    assert (article.story, article.is_lead, article.has_raw_page) == (lead.story_id, False, False)
    assert (article.kind, article.score, article.relative) == ("excerpt", 0.75, lead.article_id)
    assert (article.relative_url, article.entry) == (A, second.id)
    assert [(each.topic, each.matched) for each in second.matches] == [("news", ("bear",))]


def test_an_entry_of_an_article_that_another_entry_looks_after(listings, store, make, newsroom):
    saved = newsroom.save(A)
    other = newsroom.entry(B)
    store.finish_entry(other, make.DONE, article_id=saved.article_id)
    assert listings.trail(other).article.entry == newsroom.made[A]


def test_what_happened_to_the_feed_lately_is_told(listings, store, make, newsroom):
    entry_id = newsroom.entry(A)
    other = newsroom.entry(B)
    one = newsroom.feed_id
    two = newsroom.feed("https://other.example/")
    for number in range(12):
        gap = Event(kind=EventKind.GAP, detail=str(number), feed_id=one)
        store.record_events([gap], make.T0 + number * DAY)
    store.record_events(
        [
            Event(kind=EventKind.GAP, detail="of another feed", feed_id=two),
            Event(kind=EventKind.CUT, detail="own", feed_id=one, entry_id=entry_id),
            Event(kind=EventKind.CUT, detail="of another entry", feed_id=one, entry_id=other),
        ],
        make.T0 + 20 * DAY,
    )
    trail = listings.trail(entry_id, since=make.T0 + 10 * DAY)
    assert [each.detail for each in trail.events] == ["own", *map(str, range(11, 2, -1))]
    assert trail.feed.gaps == 2


# --- by address -------------------------------------------------------------------------------------


def test_an_entry_is_found_by_each_of_its_addresses(listings, store, make, newsroom):
    newsroom.feed()
    (entry_id, other) = newsroom.poll(
        make.new_entry(A, guid="urn:1", link=f"{A}?utm_source=x"), make.new_entry(B, guid="urn:2")
    )
    newsroom.made[A] = entry_id
    newsroom.save("https://final.example/", entry_url=A, addresses=("https://amp.example/",))
    for address in ("urn:1", A, f"{A}?utm_source=x", "https://final.example/", "https://amp.example/"):
        assert listings.find_entries(address) == (entry_id,)
    assert listings.find_entries("https://nowhere.example/", B) == (other,)
    assert listings.find_entries(B, A) == (entry_id, other)
    assert listings.find_entries("https://nowhere.example/") == listings.find_entries() == ()


def test_an_address_that_two_feeds_list_has_two_entries(listings, make, newsroom):
    ids = []
    for feed in ("https://one.example/", "https://two.example/"):
        newsroom.feed(feed)
        ids += newsroom.poll(make.new_entry(A))
    assert listings.find_entries(A) == tuple(ids)


def test_the_way_of_an_entry_does_not_end_with_its_feed(listings, store, make, newsroom):
    newsroom.feed()
    found = replace(make.new_entry(A), found_by=FoundBy.SITEMAP)
    (entry_id,) = store.record_found(newsroom.feed_id, [found], make.T0)
    store.sync_feeds([ConfiguredFeed(url=B)], make.T0)
    change = ChangedEntry(id=entry_id, content_hash="other", listed=make.listed(A, title="Later"))
    newsroom.poll(changed=(change,), at=make.T0 + DAY)
    trail = listings.trail(entry_id)
    assert (trail.feed.state, trail.found_by, trail.is_changed) == ("removed", "sitemap", True)
    assert (trail.title, trail.revision) == ("Later", 1)
