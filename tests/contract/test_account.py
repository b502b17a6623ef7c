"""Every entry that was ever seen is in exactly one state, whatever happens and in whatever order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from ingest.errors import Permanent, Reason, Transient
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.outcome import is_due, with_page, without_page
from ingest.polling import ChangedEntry
from storage import tables
from storage.account import account, broken_laws, differences
from storage.upkeep.erasing import Eraser
from storage.upkeep.prune import Old
from wirewatch.reindex import begin, make_anew

URLS = tuple(f"https://news.example/{letter}" for letter in "abcd")
FEEDS = ("https://one.example/feed", "https://two.example/feed")

#: what can befall an entry, by name, and which feed, page and text
STEPS = st.tuples(
    st.sampled_from(
        ["poll", "poll", "found", "change", "save", "save", "page", "passing", "for good", "forget", "prune", "index"]
    ),
    st.integers(0, 1),
    st.integers(0, 3),
    st.integers(0, 2),
)


class World:
    """A store, and what is known of it from outside."""

    def __init__(self, store, url, make):
        self.store, self.url, self.make = store, url, make
        self.now = make.T0
        store.sync_feeds(make.feeds(*FEEDS), self.now)
        self.feeds = [due.id for due in store.due_feeds(self.now, 9, is_everything_due=True)]
        self.seen = set()

    def do(self, kind, feed, page, text):
        self.now += timedelta(hours=1)
        getattr(self, f"do_{kind.replace(' ', '_')}")(self.feeds[feed], URLS[page], text)

    def _listed(self, feed, url):
        self.seen.add((feed, f"guid:tag:{url}"))
        return self.make.new_entry(url)

    def do_poll(self, feed, url, _text):
        self.store.record_poll(self.make.poll(feed, self._listed(feed, url), at=self.now))

    def do_found(self, feed, url, _text):
        self.store.record_found(feed, [self._listed(feed, url)], self.now)

    def entries(self, feed, url):
        known = self.store.known_entries(feed, [self.make.listed(url)])
        return [self.make.stored(self.store, each.id) for each in known]

    def do_change(self, feed, url, text):
        for entry in self.entries(feed, url):
            listed = self.make.listed(url, title=f"Title {text}")
            changed = ChangedEntry(id=entry.id, content_hash=f"{text}{self.now}", listed=listed)
            self.store.record_poll(self.make.poll(feed, changed=(changed,), at=self.now))

    def do_save(self, feed, url, text):
        for entry in self.entries(feed, url):
            if is_due(entry, self.now):
                stored = self.store.article_at((url,))
                done = with_page(entry, stored, self.now)
                item = self.make.item(entry.id, url, at=self.now, text=f"Text {text}.", outcome=done)
                self.store.save(item)

    def do_page(self, feed, url, _text):
        """Its page has not changed."""
        for entry in self.entries(feed, url):
            stored = self.store.article_at((url,))
            if is_due(entry, self.now) and stored is not None:
                self.store.finish_entry(entry.id, with_page(entry, stored, self.now), article_id=stored.id)

    def _fail(self, feed, url, error, text):
        for entry in self.entries(feed, url):
            if not is_due(entry, self.now):
                continue
            stored = self.store.article_at((url,))
            if stored is None and text:
                done = without_page(entry, stored, error, self.now, has_feed_text=True)
                reading = {"text": f"Feed {text}.", "text_from": TextFrom.FEED, "outcome": done}
                self.store.save(self.make.item(entry.id, url, at=self.now, **reading))
            else:
                done = without_page(entry, stored, error, self.now, has_feed_text=stored is not None)
                self.store.finish_entry(entry.id, done, article_id=None if stored is None else stored.id)

    def do_passing(self, feed, url, text):
        self._fail(feed, url, Transient(Reason.TIMEOUT, url), text)

    def do_for_good(self, feed, url, text):
        self._fail(feed, url, Permanent(Reason.GONE, url), text)

    def do_forget(self, _feed, url, _text):
        stored = self.store.article_at((url,))
        if stored is not None:
            with Eraser(self.url) as eraser:
                eraser.forget(stored.id, self.now)

    def do_prune(self, *_):
        for kind in Old:
            self.store.prune(kind, self.now)
        self.store.prune_texts(self.now, self.now)

    def do_index(self, *_):
        make_anew(self.store, begin(self.store, self.now), batch=2)

    def check(self):
        counted = self.store._read(account)
        assert counted.seen == counted.stored == sum(counted.by_state.values()) == len(self.seen)
        assert counted.differences == self.store._read(differences) == ()
        assert self.store._read(broken_laws) == ()
        waiting = [row for row in self.store._read(self._entries) if row.state == EntryState.RETRYING]
        assert sum(counted.retrying.values()) == len(waiting)
        assert counted.next_retry_at == min((row.next_try_at for row in waiting), default=None)

    def _entries(self, connection):
        return connection.execute(tables.entry.select()).all()


@pytest.mark.parametrize("examples", [12])
def test_the_law_holds_after_each_step(store, url, make, examples):
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(STEPS, min_size=4, max_size=14))
    def hold(steps):
        store._write(make.clear_tables)
        world = World(store, url, make)
        for step in steps:
            world.do(*step)
            world.check()

    hold()


def test_what_is_listed_again_is_counted_once(store, make, newsroom):
    newsroom.feed()
    new = [make.new_entry(url) for url in URLS]
    for _ in range(2):
        newsroom.poll(*new[:3])
        store.record_found(newsroom.feed_id, new[1:], make.T0)
    counted = store._read(account)
    assert (counted.seen, counted.stored, counted.by_state) == (4, 4, {"new": 4})


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"state": "lost"}, "an entry is new, retrying, done or failed"),
        ({"state": "retrying", "reason": "timeout"}, "one that is tried again has a reason and a time"),
        ({"state": "failed", "text_from": None}, "one that failed has a reason and no text, and is not tried again"),
        ({"state": "new"}, "one that is new has no text, and is tried at once"),
        ({"text_from": None}, "one that is done has a text, or is forgotten"),
        ({"article_id": None}, "one with a text has an article that is there"),
        ({"reason": "forgotten"}, "one that is forgotten is done and says nothing"),
        ({"checks": -1}, "no number of tries or looks is less than 0"),
    ],
)
def test_each_law_is_looked_at(store, newsroom, change, law):
    newsroom.save(URLS[0])
    newsroom.save(URLS[1])
    wrong = newsroom.made[URLS[1]]
    assert store._read(broken_laws) == ()
    store._write(lambda c: c.execute(update(tables.entry).where(tables.entry.c.id == wrong).values(change)))
    (broken,) = store._read(broken_laws)
    assert (broken.law, broken.count, broken.entries) == (law, 1, (wrong,))


def test_a_feed_that_lacks_an_entry_is_named(store, newsroom, make):
    newsroom.feed(FEEDS[0])
    newsroom.poll(make.new_entry(URLS[0]), make.new_entry(URLS[1]))
    newsroom.feed(FEEDS[1])
    newsroom.poll(make.new_entry(URLS[2]))
    gone = delete(tables.entry).where(tables.entry.c.link == URLS[1])
    store._write(lambda connection: connection.execute(gone))
    counted = store._read(account)
    assert counted.missing == 1
    (feed,) = counted.differences
    assert (feed.url, feed.seen, feed.stored) == (FEEDS[0], 2, 1)


def test_reasons_and_retries_are_counted(store, newsroom, make):
    ids = [newsroom.entry(url) for url in URLS]
    for tries, entry in enumerate(ids[:3], 1):
        outcome = EntryOutcome(
            state=EntryState.RETRYING,
            reason=Reason.TIMEOUT,
            attempts=tries,
            next_try_at=make.T0 + tries * make.MINUTE,
        )
        store.finish_entry(entry, outcome)
    counted = store._read(account)
    assert counted.by_state == {"new": 1, "retrying": 3}
    assert counted.by_reason == {"retrying": {"timeout": 3}}
    assert (counted.retrying, counted.next_retry_at) == ({1: 1, 2: 1, 3: 1}, make.T0 + make.MINUTE)
