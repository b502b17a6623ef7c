"""Copies that several processes store in the same moment end as if one process had stored them, one after the other.

Each process has a store of its own, with what that keeps in memory. What an article is compared with, and what is
written in the end, is parted into steps that come in any order; what they come to must be what one store comes to that
is given the same articles in the order in which they were stored.
"""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url, select

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.repeats import MIN_PAGES
from ingest.copies.story import place
from ingest.errors import Conflict, Overtaken
from storage import tables
from storage.migrate import upgrade
from storage.postings import POSTED_AT_ONCE
from storage.store import Store

WINDOW = timedelta(days=14)
STORES = 3


def words(seed, count):
    draw = random.Random(seed)
    return [f"w{draw.randrange(100_000)}" for _ in range(count)]


def prose(seed, paragraphs):
    return [" ".join(words(f"{seed} {number}", 40)) + "." for number in range(paragraphs)]


def text_of(wire, form):
    """What an outlet makes of a text of the wire."""
    whole = prose(wire, 6)
    if form == "extended":
        whole = [*whole, *prose(f"more {wire}", 2)]
    elif form == "cut":
        whole = whole[:3]
    elif form == "composite":
        whole = [*whole, *prose(wire + 1, 6)]
    elif form == "revised":
        whole = [each.replace("w1", "w2", 1) for each in whole]
    return "\n\n".join(whole)


FORMS = ["same", "same", "same", "extended", "cut", "composite", "revised"]
ARTICLES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(FORMS)), min_size=2, max_size=8)
#: who goes on next, of those that are not done
ORDER = st.lists(st.integers(0, 99), min_size=60, max_size=60)


class Steps:
    """The way of one article into one store, in three steps; the last one may send it back to the first."""

    def __init__(self, store, make, entry_id, number, article):
        self.store, self.make, self.entry_id, self.number = store, make, entry_id, number
        self.text = text_of(*article)
        self.fingerprint = take_fingerprint(self.text, f"News {number}")
        self.url = f"https://outlet{number}.example/{number}"
        self.found = self.placement = None
        self.is_done = False
        self.conflicts = 0

    def go_on(self):
        """Do one step; returns whether the article was stored by it."""
        if self.found is None:
            since = self.make.T0 - WINDOW
            self.found = self.store.candidates(
                self.fingerprint, site=f"outlet{self.number}.example", since=since, known_as=None
            )
            return False
        if self.placement is None:
            self.placement = place(self._item().reading, self.found)
            return False
        try:
            self.store.save(self._item(self.found.seen, self.placement))
        except Conflict:
            self.conflicts += 1
            self.found = self.placement = None
            return False
        self.is_done = True
        return True

    def _item(self, seen=0, placement=None):
        given = {"text": self.text, "title": f"News {self.number}", "source": f"outlet{self.number}.example"}
        made = self.make.item(self.entry_id, self.url, fingerprint=self.fingerprint, is_first=True, seen=seen, **given)
        return made if placement is None else replace(made, placement=placement)


@pytest.fixture
def opened(url_with_queue, make):
    """Opens so many stores on the same database, emptied, in which the next fingerprint has the number *first*."""

    @contextmanager
    def open_some(count, first):
        engine = create_engine(url_with_queue)
        with engine.begin() as connection:
            make.clear_tables(connection)
            connection.exec_driver_sql("SELECT setval('fingerprint_id_seq', %s)", (first,))
        engine.dispose()
        with ExitStack() as stack:
            stores = [stack.enter_context(Store(url_with_queue)) for _ in range(count)]
            yield stores

    return open_some


def come_to(store, url):
    """What is stored, by the addresses of articles and by nothing that is a number of ours."""
    engine = create_engine(url)
    with engine.connect() as connection:
        articles = connection.execute(select(tables.article)).all()
        address = {row.id: row.url for row in articles}
        members = {}
        for row in articles:
            members.setdefault(row.story_id, set()).add(row.url)
        leads = {
            row.id: (address[row.lead_article_id], address[row.first_article_id])
            for row in connection.execute(select(tables.story))
        }
        found = {
            (
                address[row.article_id],
                address[row.other_id],
                row.kind,
                row.score,
                row.share,
                row.other_share,
                row.start,
                row.end,
                row.other_start,
                row.other_end,
                row.retired_at,
            )
            for row in connection.execute(select(tables.relation))
        }
    engine.dispose()
    return sorted((sorted(urls), leads[story]) for story, urls in members.items()), sorted(found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(articles=ARTICLES, order=ORDER, first=st.sampled_from([1, POSTED_AT_ONCE - 4, POSTED_AT_ONCE - 1]))
@example(articles=[(0, "same")] * 6, order=list(range(60)), first=POSTED_AT_ONCE - 3)
@example(articles=[(0, "same"), (1, "same"), (0, "composite"), (0, "cut")], order=[0] * 60, first=1)
def test_it_is_as_if_one_had_stored_them_one_after_the_other(opened, url_with_queue, make, articles, order, first):
    with opened(STORES, first) as stores:
        newsroom = make.Newsroom(stores[0])
        ids = [newsroom.entry(f"https://outlet{number}.example/{number}") for number in range(len(articles))]
        ways = [
            Steps(stores[number % STORES], make, ids[number], number, article)
            for number, article in enumerate(articles)
        ]
        stored = []
        for draw in order + [0] * 999:
            waiting = [way for way in ways if not way.is_done]
            if not waiting:
                break
            way = waiting[draw % len(waiting)]
            if way.go_on():
                stored.append(way.number)
        assert sorted(stored) == list(range(len(articles)))
        found = come_to(stores[0], url_with_queue)
    with opened(1, first) as (store,):
        newsroom = make.Newsroom(store)
        ids = [newsroom.entry(f"https://outlet{number}.example/{number}") for number in range(len(articles))]
        for number in stored:
            way = Steps(store, make, ids[number], number, articles[number])
            while not way.go_on():
                pass
            assert way.conflicts == 0
        assert come_to(store, url_with_queue) == found


def test_two_that_store_one_text_at_once_make_one_story(opened, url_with_queue, make):
    """The second is sent back: it was compared when the first was not there."""
    with opened(2, 1) as stores:
        newsroom = make.Newsroom(stores[0])
        ids = [newsroom.entry(f"https://outlet{number}.example/{number}") for number in range(2)]
        ways = [Steps(store, make, ids[number], number, (0, "same")) for number, store in enumerate(stores)]
        for _ in range(2):
            for way in ways:
                way.go_on()
        assert [way.go_on() for way in ways] == [True, False]
        while not ways[1].go_on():
            pass
        assert ways[1].conflicts == 1
        ((story, _),), ((one, other, *_),) = come_to(stores[0], url_with_queue)
        assert story == sorted({one, other})


# --- one page by two links --------------------------------------------------------------------------


def test_a_page_that_another_stored_meanwhile_is_not_judged_as_if_nobody_knew_it(opened, make):
    """Two links lead to it, from two hosts, so that two workers are at it; the titles that feeds gave it differ."""
    with opened(2, 1) as (one, other):
        newsroom = make.Newsroom(one)
        first, second = newsroom.entry("https://a.example/1"), newsroom.entry("https://b.example/1")
        address, text = "https://page.example/1", text_of(0, "same")
        given = {"text": text, "is_first": True, "fingerprint": take_fingerprint(text, "")}
        saved = one.save(make.item(first, address, title="The one", **given))
        found = other.candidates(given["fingerprint"], site="page.example", since=make.T0 - WINDOW, known_as=None)
        with pytest.raises(Overtaken):
            other.save(make.item(second, address, title="The other", seen=found.seen, **given))
        # The same text is no news, and the entry is told where it is.
        again = other.save(make.item(second, address, title="The one", seen=0, **given))
        assert (again.article_id, again.is_new_version) == (saved.article_id, False)
        # Whoever knew it brings a new version.
        known = other.save(
            make.item(second, address, title="The other", seen=found.seen, **(given | {"is_first": False}))
        )
        assert (known.article_id, known.is_new_version) == (saved.article_id, True)


# --- what is kept in memory -------------------------------------------------------------------------


def like(store, make, *numbers, site="x.example"):
    found = store.candidates(make.hashes(*numbers), site=site, since=make.T0)
    return [(row.article_id, row.shared) for row in found.rows]


def test_what_others_store_write_and_replace_is_seen(opened, make):
    """Over the border at which postings are written, by whomever."""
    with opened(2, POSTED_AT_ONCE - 3) as (one, other):
        newsroom, elsewhere = make.Newsroom(one), make.Newsroom(other)
        elsewhere.feed_id = newsroom.feed()
        ids = [
            newsroom.save(f"https://a.example/{n}", fingerprint=make.hashes(*range(1, 31))).article_id for n in (1, 2)
        ]
        assert like(other, make, *range(1, 31)) == [(each, 30) for each in reversed(ids)]
        # This writes the postings of all that came before.
        ids.append(elsewhere.save("https://b.example/1", fingerprint=make.hashes(*range(1, 31))).article_id)
        ids.append(elsewhere.save("https://b.example/2", fingerprint=make.hashes(*range(1, 31))).article_id)
        for store in (one, other, one):
            assert sorted(like(store, make, *range(1, 31))) == [(each, 30) for each in ids]
        elsewhere.save("https://b.example/2", text="new", fingerprint=make.hashes(*range(100, 131)))
        newsroom.save("https://a.example/1", text="new", fingerprint=make.hashes(*range(100, 131)))
        for store in (one, other):
            assert sorted(like(store, make, *range(1, 31))) == [(each, 30) for each in ids[1:3]]
            assert sorted(like(store, make, *range(100, 131))) == [(ids[0], 31), (ids[3], 31)]


def test_what_a_rebuild_elsewhere_forgot_is_furniture_no_more(opened, url_with_queue, make):
    """It learns anew what sites repeat; until then no text may be taken for furniture."""
    with opened(2, 1) as (one, other):
        newsroom = make.Newsroom(one)
        for number in range(MIN_PAGES):
            own = range(100 * number + 100, 100 * number + 110)
            newsroom.save(
                f"https://x.example/{number}", source="x.example", fingerprint=make.hashes(5, 6, 7, *own, title=number)
            )
        (last,) = [
            newsroom.save("https://y.example/1", source="y.example", fingerprint=make.hashes(5, 6, 7)).article_id
        ]
        assert like(one, make, 5, 6, 7) == like(other, make, 5, 6, 7) == []
        engine = create_engine(url_with_queue)
        with engine.begin() as connection:
            connection.execute(tables.site_line.delete())
        assert (last, 3) in like(one, make, 5, 6, 7)
        # What is learnt from then on is known at once.
        with engine.begin() as connection:
            connection.execute(tables.site_line.insert(), [{"line": line, "site": "x.example"} for line in (5, 6)])
        assert (last, 3) not in like(one, make, 5, 6, 7)
        assert like(other, make, 5, 6, 7, site="z.example") == like(one, make, 5, 6, 7, site="z.example") != []
        engine.dispose()


def test_a_server_that_lost_its_last_commits_is_believed(postgresql_server, make):
    """One that others took over from can be behind; numbers of fingerprints are then given to other articles."""
    with postgresql_server.server_to_stop() as server:
        upgrade(server.address)
        with Store(server.address) as store:
            newsroom = make.Newsroom(store)
            newsroom.save("https://a.example/1", fingerprint=make.hashes(*range(1, 31)))
            newsroom.save("https://b.example/1", fingerprint=make.hashes(*range(1, 31)))
            assert like(store, make, *range(1, 31)) == [(2, 30), (1, 30)]
            server.stop("fast")
            server.start()
            # As if the second had never come.
            engine = create_engine(server.address)
            with engine.begin() as connection:
                connection.execute(tables.fingerprint.delete().where(tables.fingerprint.c.article_id == 2))
                connection.exec_driver_sql("SELECT setval('fingerprint_id_seq', 1)")
            engine.dispose()
            newsroom.save("https://c.example/1", fingerprint=make.hashes(*range(200, 231)))
            assert like(store, make, *range(200, 231)) == [(3, 31)]
            assert like(store, make, *range(1, 31)) == [(1, 30)]


def test_writers_see_what_was_written_while_they_waited_whatever_the_server_is_set_to(server, postgresql_server, make):
    """A database may be set to show a transaction the state in which it began; ours begin with a wait."""
    with postgresql_server.new_database(server) as url:
        upgrade(url)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            name = make_url(url).database
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
        engine.dispose()
        with Store(url) as store:
            level = store._write(lambda connection: connection.exec_driver_sql("SHOW transaction_isolation").scalar())
            assert level == "read committed"
            level = store._read(lambda connection: connection.exec_driver_sql("SHOW transaction_isolation").scalar())
            assert level == "repeatable read"
