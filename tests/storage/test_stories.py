"""What a story keeps: its lead, its first copy by time, its trail; and relations that follow the newest versions."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.copies.model import RelationKind, Slot, SlotKind
from ingest.copies.ranking import MOST_CANDIDATES
from ingest.model import BELIEVED_AGE, TextFrom, date_of
from storage.store import Store

A, B, C, D = (f"https://news.example/{letter}" for letter in "abcd")
HOUR = timedelta(hours=1)


@pytest.fixture
def rows(file):
    def rows(columns, table, *, where="1"):
        with closing(sqlite3.connect(file)) as connection:
            return connection.execute(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY 1").fetchall()

    return rows


@pytest.fixture
def story(rows):
    """Lead and first of a story."""
    return lambda ident: rows("lead_article_id, first_article_id", "story", where=f"id = {ident}")[0]


@pytest.fixture
def trail(rows):
    def trail():
        return [row[1:] for row in rows("id, story_id, kind, article_id, other_story_id", "story_change")]

    return trail


@pytest.fixture
def live(rows):
    """The relations that hold: which article, to which, of which versions."""
    names = "article_id, other_id, version_id, other_version_id"
    return lambda: sorted(rows(names, "relation", where="retired_at IS NULL"))


# --- when it counts as published --------------------------------------------------------------------


def test_a_date_is_believed_within_a_month_before_it_was_seen(make):
    seen = make.T0
    believed = [seen, seen - HOUR, seen - BELIEVED_AGE]
    assert [date_of(published, seen) for published in believed] == believed
    for published in (None, seen + HOUR, seen - BELIEVED_AGE - HOUR):
        assert date_of(published, seen) == seen


@given(
    published=st.none() | st.integers(-5000, 5000).map(lambda hours: hours * HOUR),
    seen=st.integers(0, 5000).map(lambda hours: hours * HOUR),
)
def test_no_date_is_later_than_the_article_was_seen_or_much_earlier(make, published, seen):
    seen_at = make.T0 + seen
    dated_at = date_of(None if published is None else make.T0 + published, seen_at)
    assert seen_at - BELIEVED_AGE <= dated_at <= seen_at
    assert date_of(dated_at, seen_at) == dated_at


def test_the_date_of_an_article_is_that_of_its_current_version(store, make, newsroom, rows):
    def dates():
        return rows("id, first_seen_at - dated_at", "article")

    hour = 3600 * 1_000_000
    newsroom.save(A, published=make.T0 - HOUR)
    assert dates() == [(1, hour)]
    newsroom.save(A, text="Corrected.", published=make.T0 - 2 * HOUR, at=make.T0 + HOUR)
    assert dates() == [(1, 2 * hour)]
    newsroom.save(A, text="Once more.", published=make.T0 + HOUR, at=make.T0 + 2 * HOUR)
    assert dates() == [(1, 0)]


# --- lead and first ---------------------------------------------------------------------------------


def test_an_article_that_comes_late_but_was_published_first_becomes_the_first(store, make, newsroom, story, trail):
    a = newsroom.save(A)
    newsroom.save(B, story_id=a.story_id, at=make.T0 + HOUR, published=make.T0 - HOUR)
    assert story(a.story_id) == (1, 2)
    newsroom.save(C, story_id=a.story_id, at=make.T0 + HOUR, published=make.T0 - HOUR)
    assert story(a.story_id) == (1, 2)
    assert trail() == [(a.story_id, "first", 2, None)]


def test_a_page_that_brings_a_date_to_the_text_of_the_feed_may_be_the_first(store, make, newsroom, story, trail):
    a = newsroom.save(A)
    feed = {"text": "All of it.", "story_id": a.story_id, "at": make.T0 + HOUR}
    newsroom.save(B, **feed, text_from=TextFrom.FEED)
    newsroom.save(B, **feed, published=make.T0 - HOUR)
    assert story(a.story_id) == (1, 2)
    # Without a date nothing is said about it.
    newsroom.save(C, **feed, published=make.T0 - 2 * HOUR, text_from=TextFrom.FEED)
    newsroom.save(C, **feed)
    assert story(a.story_id) == (1, 3)
    newsroom.save(D, **feed, published=make.T0 - 3 * HOUR, text_from=TextFrom.FEED)
    newsroom.save(D, **feed, published=make.T0)
    assert story(a.story_id) == (1, 3)
    assert [row[2] for row in trail()] == [2, 3, 4, 3]


def test_a_new_version_with_another_date_may_be_the_first_or_be_it_no_more(store, make, newsroom, story):
    a = newsroom.save(A)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),), at=make.T0 + HOUR)
    copy = {"relations": (make.relation(a.article_id),), "at": make.T0 + 2 * HOUR}
    for text, published, first in (("1", make.T0 - HOUR, b), ("2", make.T0, a), ("3", make.T0 - 2 * HOUR, b)):
        newsroom.save(B, text=text, published=published, **copy)
        assert story(a.story_id) == (a.article_id, first.article_id)


def test_of_merged_stories_the_first_of_all_is_the_first(store, make, newsroom, story, trail):
    a, b = newsroom.save(A, at=make.T0 + HOUR), newsroom.save(B, at=make.T0)
    c = newsroom.save(C, published=make.T0 - HOUR)
    newsroom.save(D, story_id=b.story_id, merges=(c.story_id, a.story_id), at=make.T0 + HOUR)
    assert story(a.story_id) == (b.article_id, c.article_id)
    assert trail() == [
        (a.story_id, "merged", None, b.story_id),
        (a.story_id, "merged", None, c.story_id),
        (a.story_id, "first", c.article_id, None),
    ]


def test_when_lead_and_first_leave_the_next_ones_follow(store, make, newsroom, story, trail):
    a = newsroom.save(A, published=make.T0 - HOUR)
    for url, minutes in ((B, 5), (C, 9)):
        at = make.T0 + minutes * make.MINUTE
        published = make.T0 - minutes * make.MINUTE
        newsroom.save(url, story_id=a.story_id, relations=(make.relation(a.article_id),), at=at, published=published)
    split = newsroom.save(A, text="Of something else.", published=make.T0 - HOUR)
    assert story(a.story_id) == (2, 3)
    assert story(split.story_id) == (1, 1)
    assert trail() == [(a.story_id, "split", 1, split.story_id), (a.story_id, "first", 3, None)]


def test_an_article_that_moves_may_lead_where_it_comes_to(store, make, newsroom, story, trail):
    a, c = newsroom.save(A), newsroom.save(C, at=make.T0 + HOUR)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    newsroom.save(B, text="Of C.", story_id=c.story_id, relations=(make.relation(c.article_id),))
    assert story(c.story_id) == (b.article_id, b.article_id)
    assert story(a.story_id) == (a.article_id, a.article_id)
    assert trail() == [(a.story_id, "moved", b.article_id, c.story_id), (c.story_id, "first", b.article_id, None)]


COMPOSITE = RelationKind.COMPOSITE
PAGE = {"share": 0.4, "other_share": 0.9}
PART = {"share": 0.9, "other_share": 0.4}


@pytest.mark.parametrize(
    ("relations", "stays"),
    [
        # it is a page: with its lead as a part, and without another home
        ([(1, COMPOSITE, PAGE)], True),
        ([(1, COMPOSITE, PAGE), (3, COMPOSITE, PAGE)], True),
        ([(1, COMPOSITE, PAGE), (4, RelationKind.EXCERPT, {})], False),
        ([(3, COMPOSITE, PAGE)], False),
        # it is a part of a page
        ([(1, COMPOSITE, PART)], False),
        ([(1, COMPOSITE, PART), (3, RelationKind.EXCERPT, {})], True),
        ([(4, RelationKind.COPY, {})], False),
    ],
)
def test_an_article_does_not_stay_for_a_page_that_joins_stories(store, make, newsroom, rows, relations, stays):
    a = newsroom.save(A)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(1),))
    newsroom.save(C, story_id=a.story_id, relations=(make.relation(1),))
    newsroom.save(D)
    given = tuple(make.relation(to, kind, **shares) for to, kind, shares in relations)
    again = newsroom.save(B, text="New.", relations=given)
    assert (again.story_id == b.story_id) == stays
    # What is said of its story decides.
    named = newsroom.save(B, text="Newer.", story_id=a.story_id, relations=given)
    assert named.story_id == a.story_id


@pytest.mark.parametrize(("shares", "stays"), [(PART, True), (PAGE, False)])
def test_a_lead_stays_for_a_page_that_it_is_a_part_of(store, make, newsroom, trail, shares, stays):
    a = newsroom.save(A)
    newsroom.save(B, story_id=a.story_id, relations=(make.relation(1, COMPOSITE, **PAGE),))
    again = newsroom.save(A, text="New.", relations=(make.relation(2, COMPOSITE, **shares),))
    assert (again.story_id == a.story_id) == stays
    assert trail()[:1] == ([] if stays else [(a.story_id, "split", 1, again.story_id)])


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 300), st.none() | st.integers(-1000, 400)),
    min_size=2,
    max_size=4,
    unique_by=lambda a: a[0],
)


@given(arrivals=ARRIVALS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
def test_lead_and_first_do_not_depend_on_the_order_in_which_articles_are_saved(
    tmp_path_factory, empty_file, make, arrivals
):
    """Each is (seen, published) in hours; the first is compared by its date, since ids say who was saved first."""
    ends = set()
    for order in itertools.islice(itertools.permutations(range(len(arrivals))), 0, None, 3):
        file = tmp_path_factory.mktemp("order") / "news.db"
        file.write_bytes(empty_file.read_bytes())
        with Store(f"sqlite:///{file}") as store:
            newsroom = make.Newsroom(store)
            home = None
            for number in order:
                seen, published = arrivals[number]
                given = {"at": make.T0 + seen * HOUR, "story_id": home}
                given["published"] = None if published is None else make.T0 + published * HOUR
                home = newsroom.save(f"{A}{number}", **given).story_id
        with closing(sqlite3.connect(file)) as connection:
            first = "SELECT a.dated_at FROM story JOIN article AS a ON a.id = first_article_id"
            lead = "SELECT a.url FROM story JOIN article AS a ON a.id = lead_article_id"
            ends.add((connection.execute(first).fetchone(), connection.execute(lead).fetchone()))
    assert len(ends) == 1


# --- relations --------------------------------------------------------------------------------------


def test_a_relation_keeps_its_evidence(store, make, newsroom, rows):
    slot = Slot(kind=SlotKind.NAME, start=1, end=5, other_start=2, other_end=7)
    a = newsroom.save(A)
    relation = make.relation(a.article_id, RelationKind.REVISION, share=0.5, other_share=0.75, slots=(slot,))
    newsroom.save(B, story_id=a.story_id, relations=(relation,))
    slots = '[{"kind":"name","start":1,"end":5,"other_start":2,"other_end":7}]'
    assert rows("kind, score, share, other_share, slots", "relation") == [("revision", 0.9, 0.5, 0.75, slots)]


def test_a_version_keeps_whom_it_is_credited_to_and_its_canonical_address(store, make, newsroom, rows):
    newsroom.save(A, text="All.", text_from=TextFrom.FEED, credit="AP")
    newsroom.save(A, text="All.", canonical="https://b.example/")
    newsroom.save(A, text="Corrected.", credit="Reuters")
    found = rows("n, credit, canonical", "article_version")
    assert found == [(1, "AP", "https://b.example/"), (2, "Reuters", None)]


def test_relations_follow_the_newest_version_in_both_directions(store, make, newsroom, live, rows):
    a = newsroom.save(A)
    b = newsroom.save(B, story_id=a.story_id, relations=(make.relation(a.article_id),))
    assert live() == [(b.article_id, a.article_id, 2, 1)]
    newsroom.save(A, text="Corrected.", relations=(make.relation(b.article_id),))
    assert live() == [(a.article_id, b.article_id, 3, 2)]
    newsroom.save(B, text="Corrected too.", story_id=a.story_id, relations=(make.relation(a.article_id),))
    assert live() == [(b.article_id, a.article_id, 4, 3)]
    assert rows("count(*)", "relation") == [(3,)]


def test_what_was_compared_and_is_related_no_more_is_retired(store, make, newsroom, live):
    a, c = newsroom.save(A), newsroom.save(C)
    for url in (B, D):
        newsroom.save(url, story_id=a.story_id, relations=(make.relation(a.article_id), make.relation(c.article_id)))
    newsroom.save(A, text="Corrected.", relations=(make.relation(3),))
    assert [row[:2] for row in live()] == [(1, 3), (3, 2), (4, 2)]


def test_what_was_not_compared_stays_as_it_is_known(store, make, newsroom, live):
    """A lead with more copies than can be compared does not lose sight of the others."""
    lead = newsroom.save(A)
    copies = range(2, MOST_CANDIDATES + 7)
    for number in copies:
        relation = make.relation(lead.article_id, score=1 - number / 100)
        newsroom.save(f"{A}{number}", story_id=lead.story_id, relations=(relation,))
    assert newsroom.save(A, text="Corrected.", relations=(make.relation(2),)).story_id == lead.story_id
    assert [row[:2] for row in live()] == [(1, 2), *((number, 1) for number in copies[MOST_CANDIDATES:])]
    # But when it leaves them, it is nothing to any of them.
    assert newsroom.save(A, text="Of something else.").story_id != lead.story_id
    assert live() == []


# --- laws -------------------------------------------------------------------------------------------

#: (article, text, hours, named stories, related articles)
SAVES = st.lists(
    st.tuples(
        st.sampled_from([A, B, C, D]),
        st.sampled_from("xyz"),
        st.integers(-30, 30),
        st.lists(st.integers(0, 9), max_size=3),
        st.lists(st.integers(0, 9), max_size=3),
    ),
    max_size=10,
)


@given(saves=SAVES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_no_article_is_lost_whatever_merges_and_splits(tmp_path_factory, empty_file, make, saves):
    file = tmp_path_factory.mktemp("laws") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{file}") as store:
        newsroom = make.Newsroom(store)
        articles, stories = [], []
        for number, (url, text, hours, named, related) in enumerate(saves):
            given = {"at": make.T0 + number * HOUR, "published": make.T0 + hours * HOUR}
            if stories and named:
                # Names of stories that are gone are understood too.
                given["story_id"], *merges = (stories[each % len(stories)] for each in named)
                given["merges"] = tuple(merges)
            if articles:
                others = {articles[each % len(articles)] for each in related}
                given["relations"] = tuple(make.relation(each) for each in sorted(others))
            saved = newsroom.save(url, text=text, **given)
            articles.append(saved.article_id)
            stories.append(saved.story_id)
            check(file, set(articles))


def check(file, articles):
    with closing(sqlite3.connect(file)) as connection:
        members = {}
        for article, story, seen, dated in connection.execute(
            "SELECT id, story_id, first_seen_at, dated_at FROM article"
        ):
            members.setdefault(story, []).append((article, seen, dated))
        assert {each[0] for within in members.values() for each in within} == articles
        told = {
            row[0]: row[1:] for row in connection.execute("SELECT id, lead_article_id, first_article_id FROM story")
        }
        expected = {
            story: (min((seen, a) for a, seen, _ in within)[1], min((dated, a) for a, _, dated in within)[1])
            for story, within in members.items()
        }
        assert told == expected
        aliases = dict(connection.execute("SELECT old, new FROM story_alias"))
        assert set(aliases.values()) <= told.keys()
        # Every id that was ever given out is a story or leads to one.
        ((last,),) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'story'").fetchall()
        assert sorted([*told, *aliases]) == list(range(1, last + 1))
        merged = connection.execute("SELECT other_story_id FROM story_change WHERE kind = 'merged'").fetchall()
        assert sorted(ident for (ident,) in merged) == sorted(aliases)
        # Where an article was before, its trail tells: each change begins where the one before it ended.
        homes = {}
        for article, old, new in connection.execute(
            "SELECT article_id, story_id, other_story_id FROM story_change WHERE kind IN ('split', 'moved') ORDER BY id"
        ):
            assert aliases.get(homes.get(article, old), homes.get(article, old)) == aliases.get(old, old)
            homes[article] = new
        assert all(aliases.get(home, home) == story_of(members, article) for article, home in homes.items())
        live = connection.execute(
            "SELECT r.version_id, a.version_id FROM relation AS r JOIN article AS a ON a.id = r.article_id "
            "WHERE r.retired_at IS NULL"
        ).fetchall()
        assert all(of == current for of, current in live)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def story_of(members, article):
    return next(story for story, within in members.items() if article in {each[0] for each in within})
