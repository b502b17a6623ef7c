"""A write called twice with the same arguments changes nothing the second time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.copies.model import RelationKind
from ingest.copies.repeats import MIN_PAGES
from ingest.hosts import HostWait, RobotsFile
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.polling import ChangedEntry, ConfiguredFeed, Event, EventKind, FeedHealth, FeedState, FoundBy
from storage.store import Store
from storage.upkeep.prune import Old

A, B, C = (f"https://news.example/{letter}" for letter in "abc")


def dump(file):
    """Everything that the database holds, but the counters of ids that were never given out."""
    with closing(sqlite3.connect(file)) as connection:
        return [line for line in connection.iterdump() if "sqlite_sequence" not in line]


def failed_poll(make, newsroom):
    plan = replace(make.PLAN, state=FeedState.BACKING_OFF, failures=1)
    poll = make.poll(newsroom.feed_id, is_document=False, status=500, error="http_server", plan=plan)
    return lambda store: store.record_poll(poll)


def poll_with_entries(make, newsroom):
    known = newsroom.entry(C)
    change = make.new_entry(C, title="Another title")
    changed = ChangedEntry(id=known, content_hash=change.content_hash, listed=change.listed)
    later = make.T0 + make.MINUTE
    poll = make.poll(
        newsroom.feed_id, make.new_entry(A), make.new_entry(B), changed=(changed,), seen=(known,), at=later
    )
    return lambda store: store.record_poll(poll)


def new_article(make, newsroom):
    item = newsroom.item(A, fingerprint=make.hashes(*range(20)), page=make.page(A, etag='"1"'), addresses=(A, B))
    return lambda store: store.save(item)


def joining_article(make, newsroom):
    other = newsroom.save(B, fingerprint=make.hashes(*range(20)))
    item = newsroom.item(
        A,
        fingerprint=make.hashes(*range(20)),
        story_id=other.story_id,
        relations=(make.relation(other.article_id),),
        seen=1,
    )
    return lambda store: store.save(item)


def merging_article(make, newsroom):
    one, two = newsroom.save(B), newsroom.save(C)
    item = newsroom.item(A, story_id=one.story_id, merges=(two.story_id,), relations=(make.relation(two.article_id),))
    return lambda store: store.save(item)


def corrected_article(make, newsroom):
    newsroom.save(A, fingerprint=make.hashes(1, 2, 3))
    other = newsroom.save(B)
    relations = (make.relation(other.article_id, RelationKind.REVISION),)
    item = newsroom.item(
        A, text="Corrected.", fingerprint=make.hashes(4, 5, 6), story_id=other.story_id, relations=relations
    )
    return lambda store: store.save(item)


def article_going_back(make, newsroom):
    newsroom.save(A, text="First.")
    newsroom.save(A, text="Second.")
    item = newsroom.item(A, text="First.")
    return lambda store: store.save(item)


def confirmed_article(make, newsroom):
    newsroom.save(A, text="All.", text_from=TextFrom.FEED)
    item = newsroom.item(A, text="All.", author="A. Writer", published=make.T0)
    return lambda store: store.save(item)


def confirmed_first(make, newsroom):
    other = newsroom.save(B, at=make.T0)
    newsroom.save(A, text="All.", text_from=TextFrom.FEED, story_id=other.story_id)
    item = newsroom.item(A, text="All.", published=make.T0 - make.MINUTE)
    return lambda store: store.save(item)


def leaving_article(make, newsroom):
    other = newsroom.save(B)
    newsroom.save(A, story_id=other.story_id, relations=(make.relation(other.article_id),))
    item = newsroom.item(A, text="Of something else.", published=make.T0 - make.MINUTE)
    return lambda store: store.save(item)


def moving_article(make, newsroom):
    other, third = newsroom.save(B), newsroom.save(C)
    newsroom.save(A, story_id=other.story_id, relations=(make.relation(other.article_id),))
    relations = (make.relation(third.article_id),)
    item = newsroom.item(A, text="Of C.", story_id=third.story_id, relations=relations)
    return lambda store: store.save(item)


def page_that_proves_furniture(make, newsroom):
    for number in range(MIN_PAGES - 1):
        newsroom.save(f"{B}{number}", fingerprint=make.hashes(*range(10 * number, 10 * number + 6), 99, title=number))
    item = newsroom.item(A, fingerprint=make.hashes(*range(50, 56), 99, title=50))
    return lambda store: store.save(item)


def finished_entry(make, newsroom):
    saved = newsroom.save(A)
    entry = newsroom.entry(B)
    outcome = EntryOutcome(state=EntryState.RETRYING, reason="timeout", attempts=1, next_try_at=make.T0)
    return lambda store: store.finish_entry(entry, outcome, article_id=saved.article_id)


def synced_feeds(make, newsroom):
    newsroom.feed(A)
    return lambda store: store.sync_feeds(make.feeds(C, B=B), make.T0)


def paused_feeds(make, newsroom):
    """One that was removed comes back, one is paused, one is no longer."""
    newsroom.feed(A)
    newsroom.feed(B)
    newsroom.feed(C)
    newsroom.store.sync_feeds(make.feeds(B, C), make.T0)
    configured = [ConfiguredFeed(url=A), ConfiguredFeed(url=B, is_paused=True)]
    return lambda store: store.sync_feeds(configured, make.T0)


def unpaused_feed(make, newsroom):
    newsroom.store.sync_feeds([ConfiguredFeed(url=A, is_paused=True)], make.T0)
    return lambda store: store.sync_feeds(make.feeds(A), make.T0 + make.MINUTE)


def full_poll(make, newsroom):
    """Everything that a poll can bring at once, and each event once only."""
    health = FeedHealth(last_new_at=make.T0, longest_quiet_s=60, broken_since=None, silent_since=make.T0)
    gap = Event(kind=EventKind.GAP, detail="nothing in common", feed_id=newsroom.feed_id)
    poll = make.poll(
        newsroom.feed_id,
        make.new_entry(A),
        fetch_url=B,
        health=health,
        events=(gap, gap, replace(gap, detail="once more")),
        feed_format="rss",
        hub=C,
        self_url=B,
    )
    return lambda store: store.record_poll(poll)


def found_entries(make, newsroom):
    found = [replace(make.new_entry(url), found_by=FoundBy.SITEMAP) for url in (A, B)]
    return lambda store: store.record_found(newsroom.feed_id, found, make.T0)


def recorded_events(make, newsroom):
    happened = [Event(kind=EventKind.DRIFT, detail="shorter", site=site) for site in ("a.example", "b.example")]
    return lambda store: store.record_events(happened, make.T0)


def kept_waits(make, newsroom):
    wait = HostWait(address=A, host="news.example", until=make.T0, holds=False)
    newsroom.store.keep_host_waits([wait])
    return lambda store: store.keep_host_waits([replace(wait, holds=True), replace(wait, address=B)])


def kept_robots_files(make, newsroom):
    file = RobotsFile(origin=A, body=None, problem="", is_refused=False, until=make.T0)
    newsroom.store.keep_robots_files([file])
    return lambda store: store.keep_robots_files([replace(file, body=b"x"), replace(file, origin=B)])


def saved_subscription(make, newsroom):
    subscription = make.subscription(newsroom.feed_id)
    newsroom.store.save_subscription(subscription)
    return lambda store: store.save_subscription(replace(subscription, hub=B))


def dropped_subscription(make, newsroom):
    newsroom.store.save_subscription(make.subscription(newsroom.feed_id))
    return lambda store: store.drop_subscription(newsroom.feed_id)


def answered_entry(make, newsroom):
    entry = newsroom.entry(A)
    outcome = replace(make.DONE, fetched=make.fetched(url=B, redirects=1))
    return lambda store: store.finish_entry(entry, outcome)


def answered_article(make, newsroom):
    item = newsroom.item(A, outcome=replace(make.DONE, fetched=make.fetched(url=A)))
    return lambda store: store.save(item)


def forgotten(make, newsroom):
    newsroom.save(A, page=make.page(A))
    later = make.T0 + timedelta(days=9)
    return lambda store: [store.prune(what, later) for what in Old]


@pytest.mark.parametrize(
    "prepare",
    [
        failed_poll,
        poll_with_entries,
        new_article,
        joining_article,
        merging_article,
        corrected_article,
        article_going_back,
        confirmed_article,
        confirmed_first,
        leaving_article,
        moving_article,
        page_that_proves_furniture,
        finished_entry,
        synced_feeds,
        paused_feeds,
        unpaused_feed,
        full_poll,
        found_entries,
        recorded_events,
        kept_waits,
        kept_robots_files,
        saved_subscription,
        dropped_subscription,
        answered_entry,
        answered_article,
        forgotten,
    ],
)
def test_the_second_call_changes_nothing(file, store, make, newsroom, prepare):
    newsroom.feed()
    act = prepare(make, newsroom)
    before = dump(file)
    act(store)
    once = dump(file)
    assert once != before
    act(store)
    assert dump(file) == once


def test_recording_topics_twice_changes_nothing(file, store, make, rules):
    loaded = rules(a='topic a "A"\n    tags x, y\n    lang en\n    match a\n', b="topic b\n    match (\n")
    for at in (make.T0, make.T0 + make.MINUTE):
        store.record_topics(loaded.topics, at)
        store.record_rule_errors(loaded.errors, at)
        after = dump(file)
        store.record_topics(loaded.topics, at + make.MINUTE)
        store.record_rule_errors(loaded.errors, at + make.MINUTE)
        assert dump(file) == after


#: (article, text, shared hashes, placed in a story, merging all others)
SAVES = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.sampled_from("xyz"), st.integers(0, 2), st.booleans(), st.booleans()),
    max_size=6,
)


@given(saves=SAVES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
def test_any_sequence_of_saves_may_stutter(tmp_path_factory, empty_file, make, saves):
    """Each save of any history, done twice, gives the same database as done once; stories stay in order."""
    file = tmp_path_factory.mktemp("stutter") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{file}") as store:
        newsroom = make.Newsroom(store)
        for number, (url, text, shared, is_placed, is_merging) in enumerate(saves):
            at = make.T0 + number * make.MINUTE
            own = store.article_at([url])
            known_as = None if own is None else own.id
            found = store.candidates(make.hashes(shared), site="a.example", since=make.T0, known_as=known_as)
            stories = [row.story_id for row in found.rows]
            placement = {}
            if is_placed and stories:
                related = tuple(make.relation(row.article_id) for row in found.rows)
                placement = {"story_id": stories[0], "relations": related}
                if is_merging:
                    placement["merges"] = tuple(set(stories) - {stories[0]})
            taken = make.hashes(shared, 7, title=number)
            placement["published"] = make.T0 - (number % 3) * make.MINUTE
            item = newsroom.item(url, text=text, at=at, fingerprint=taken, seen=found.seen, **placement)
            first = store.save(item)
            once = dump(file)
            again = store.save(item)
            assert (again.article_id, again.story_id) == (first.article_id, first.story_id)
            assert dump(file) == once
    check_stories(file)


def check_stories(file):
    """Every article is in one story that exists, is led by its first article, and is no alias."""
    with closing(sqlite3.connect(file)) as connection:
        stories = dict(connection.execute("SELECT id, lead_article_id FROM story"))
        members = {}
        for article, story, seen in connection.execute("SELECT id, story_id, first_seen_at FROM article"):
            members.setdefault(story, []).append((seen, article))
        assert members.keys() == stories.keys()
        assert {story: min(articles)[1] for story, articles in members.items()} == stories
        aliases = dict(connection.execute("SELECT old, new FROM story_alias"))
        assert not aliases.keys() & stories.keys()
        assert set(aliases.values()) <= stories.keys()
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        orphans = "SELECT count(*) FROM posting WHERE fingerprint_id NOT IN (SELECT id FROM fingerprint)"
        assert connection.execute(orphans).fetchone() == (0,)
