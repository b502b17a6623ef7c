"""What is stored of polling is the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.hosts import HostWait, RobotsFile
from ingest.model import EntryOutcome, EntryState, date_of
from ingest.polling import ChangedEntry, ConfiguredFeed, DateFault, Event, EventKind, FeedHealth, FeedState, FoundBy
from ingest.subscription import SubscriptionState
from storage import dialect, entries, events, feeds, hosts, polls, samples, subscriptions, tables
from storage.lists import feed_lists, trails
from storage.upkeep import prune
from storage.upkeep.prune import Old
from storage.window import Window

A, B, C = (f"https://{letter}.example/feed" for letter in "abc")
DAY = timedelta(days=1)


@pytest.fixture
def on_both(on_sqlite, on_postgresql, make):
    """Calls a function with a connection to each, on empty tables; what it returns must be equal."""

    def call(act):
        held = []
        for engine in (on_sqlite, on_postgresql):
            with engine.connect() as connection:
                make.clear_tables(connection)
                held.append(act(connection))
                connection.rollback()
        assert held[0] == held[1]
        return held[0]

    return call


def add_feeds(connection, now):
    feeds.sync(connection, [ConfiguredFeed(url=A, title="A"), ConfiguredFeed(url=B)], now)


def test_feeds_and_what_their_polls_bring(on_both, make):
    now = make.T0

    def act(connection):
        add_feeds(connection, now)
        gap = Event(kind=EventKind.GAP, detail="nothing in common", feed_id=1)
        health = FeedHealth(last_new_at=now, longest_quiet_s=60, broken_since=now, silent_since=now)
        new = (make.new_entry("https://a.example/1", date_fault=DateFault.ZONE), make.new_entry("https://a.example/2"))
        poll = make.poll(
            1,
            *new,
            events=(gap,),
            health=health,
            fetch_url=C,
            etag='"1"',
            feed_format="rss",
            hub="https://hub.example/",
            plan=replace(make.PLAN, why="because"),
        )
        ids = [polls.record_poll(connection, poll), polls.record_poll(connection, poll)]
        found = [replace(make.new_entry(f"https://a.example/{n}"), found_by=FoundBy.PUSH) for n in (2, 3)]
        ids.append(polls.record_found(connection, 1, found, now + DAY))
        change = make.listed("https://a.example/1", title="Changed")
        changed = (ChangedEntry(id=1, content_hash="other", listed=change),)
        plan = replace(make.PLAN, state=FeedState.BACKING_OFF, failures=1)
        later = make.poll(1, at=now + DAY, plan=plan, changed=changed, seen=(1, 2), is_document=False)
        ids.append(polls.record_poll(connection, later))
        feeds.sync(connection, [ConfiguredFeed(url=A, is_paused=True), ConfiguredFeed(url=C)], now)
        return (
            ids,
            [feeds.get(connection, feed_id) for feed_id in (1, 2, 3)],
            feeds.due(connection, now + 9 * DAY, 9, (), is_everything_due=False),
            feeds.due(connection, now, 9, (3,), is_everything_due=True),
            entries.known(connection, 1, [make.listed(f"https://a.example/{n}") for n in (1, 2, 3)]),
            entries.due(connection, now + 9 * DAY, 9, ()),
            feed_lists.feeds(connection),
            feed_lists.feeds(connection, now + DAY, 1),
            feed_lists.entries(connection, Window(), None, None, 1),
            feed_lists.events(connection, Window(), "feed.gap", 1, None),
            feed_lists.count_silent(connection),
            feed_lists.count_events(connection, now),
        )

    ids, known, due, *_ = on_both(act)
    assert [ids[0], ids[1], ids[2][0], ids[3]] == [(1, 2), (1, 2), 2, (1,)]
    assert [feed.state for feed in known] == ["paused", "removed", "active"]
    assert [each.id for each in due] == [3]


def test_events_hosts_and_subscriptions(on_both, make):
    now = make.T0

    def act(connection):
        add_feeds(connection, now)
        happened = [Event(kind=EventKind.DRIFT, detail="", site="a.example"), Event(kind=EventKind.CUT, detail="x")]
        for at in (now, now, now + DAY):
            events.record(connection, happened, at)
        prune.prune(connection, Old.EVENTS, now + DAY, 9)
        for number in (1, 2):
            waits = [HostWait(address=url, host="h", until=now + number * DAY, holds=number == 2) for url in (A, B)]
            hosts.keep_waits(connection, waits)
            file = RobotsFile(origin=A, body=b"\x00\xff", problem="", is_refused=False, until=now + number * DAY)
            hosts.keep_robots_files(connection, [file, replace(file, origin=B, body=None, is_refused=True)])
            subscription = make.subscription(1, state=SubscriptionState.ACTIVE, problem=str(number))
            subscriptions.save(connection, subscription)
            subscriptions.save(connection, replace(subscription, feed_id=2))
        subscriptions.drop(connection, 2)
        polls.record_poll(connection, make.poll(2, hub="https://hub.example/"))
        read = (
            feed_lists.events(connection, Window(limit=9), None, None, "a.example"),
            hosts.waits(connection, now + DAY),
            hosts.robots_files(connection, now + DAY),
            subscriptions.read(connection),
            subscriptions.hub_feeds(connection),
        )
        prune.prune(connection, Old.WISHES, now + 3 * DAY, 9)
        return *read, hosts.waits(connection, now), hosts.robots_files(connection, now)

    happened, waits, files, kept, hubs, *rest = on_both(act)
    assert [len(each) for each in (happened, waits, files, kept, hubs, *rest)] == [1, 2, 2, 1, 1, 0, 0]


def add_article(connection, entry_id, url, at, text="Some text of an article."):
    values = {"url": url, "source": "a.example", "entry_id": entry_id, "first_seen_at": at}
    article_id = dialect.insert_row(connection, tables.article, values | {"dated_at": date_of(None, at)})
    version = {"article_id": article_id, "n": 1, "title": "t", "text": text, "text_hash": f"h{article_id}"}
    version |= {"text_from": "page", "sections": [], "words": 5, "extractor_version": 1, "tokenizer_version": 1}
    version |= {"fingerprint_alg": 1, "created_at": at}
    version_id = dialect.insert_row(connection, tables.article_version, version)
    story = {"lead_article_id": article_id, "first_article_id": article_id, "first_seen_at": at}
    story_id = dialect.insert_row(connection, tables.story, story)
    own = tables.article.update().where(tables.article.c.id == article_id)
    connection.execute(own.values(version_id=version_id, story_id=story_id))
    connection.execute(tables.article_address.insert(), {"address": url, "article_id": article_id})
    return article_id


def test_the_way_of_an_entry_and_samples_of_its_site(on_both, make):
    now = make.T0 + 20 * DAY

    def act(connection):
        add_feeds(connection, now)
        for number in range(15):
            at = now - DAY / 2 if number > 3 else now - 3 * DAY
            url = f"https://a.example/{number}"
            (entry_id,) = polls.record_found(connection, 1, [make.new_entry(url)], at)
            article_id = add_article(connection, entry_id, url, at)
            outcome = replace(make.DONE, fetched=make.fetched(at, url=C if number else url))
            entries.finish(connection, entry_id, outcome, article_id)
        (failed,) = polls.record_found(connection, 1, [make.new_entry("https://a.example/x")], now - DAY / 2)
        gone = EntryOutcome(state=EntryState.FAILED, reason="gone", fetched=make.fetched(now, status=410, url=None))
        for _ in range(2):
            entries.finish(connection, failed, gone, None)
        events.record(connection, [Event(kind=EventKind.DRIFT, detail="", site="a.example")], now)
        return (
            samples.take(connection, now),
            [trails.trail(connection, ident, now) for ident in (1, 2, failed)],
            trails.find(connection, ["https://a.example/3"]),
            trails.find(connection, ["https://nowhere.example/"]),
            prune.prune(connection, Old.FETCH_LOG, now, 99),
        )

    (sample,), ways, found, nothing, pruned = on_both(act)
    assert (len(sample.recent), len(sample.earlier), sample.recent_reasons) == (11, 4, (("gone", 1),))
    assert [[each.url for each in way.fetches] for way in ways] == [[None], [C], [None]]
    assert (found, nothing, pruned) == ((4,), (), 15)
    assert ways[0].article.is_lead


CONFIGURED = st.lists(st.dictionaries(st.sampled_from([A, B, C]), st.booleans()), max_size=4)


@given(history=CONFIGURED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_whatever_was_configured_is_polled_alike(on_both, make, history):
    def act(connection):
        for number, configured in enumerate(history):
            wanted = [ConfiguredFeed(url=url, is_paused=is_paused) for url, is_paused in configured.items()]
            feeds.sync(connection, wanted, make.T0 + number * DAY)
        return feed_lists.feeds(connection), feeds.due(connection, make.T0 + 9 * DAY, 9, (), is_everything_due=False)

    on_both(act)
