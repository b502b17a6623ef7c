"""Who carried a story when, how much of it, and that a story is matched once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from ingest.copies.model import RelationKind, Slot, SlotKind
from rules.compile import compile_rules
from rules.document import Document
from storage.listings import Listings

A, B, C, D, E = (f"https://{letter}.example/1" for letter in "abcde")


@pytest.fixture
def listings(url, store):
    with Listings(url) as opened:
        yield opened


@pytest.fixture
def topics(store, make, rules):
    loaded = rules(a="topic purl\n    match =PURL\ntopic crimea\n    match Crimea\n")
    store.record_topics(loaded.topics, make.T0)
    return loaded.topics


def later(make, minutes):
    return make.T0 + minutes * make.MINUTE


def source(url):
    return url.split("/")[2]


# --- one story ----------------------------------------------------------------------------------------


@pytest.fixture
def told(newsroom, make):
    """A story of three: the lead came first, but B was published before it."""
    lead = newsroom.save(A, source=source(A), at=later(make, 60), published=later(make, 50), title="The lead")
    newsroom.save(
        B,
        source=source(B),
        at=later(make, 120),
        published=later(make, 10),
        story_id=lead.story_id,
        relations=(make.relation(lead.article_id, RelationKind.EXTENDED, share=0.6, other_share=1.0),),
        credit="Reuters",
        canonical=A,
        repaired="windows-874",
    )
    newsroom.save(
        C,
        source=source(C),
        at=later(make, 180),
        story_id=lead.story_id,
        relations=(make.relation(lead.article_id),),
        credit="AP",
        canonical=A,
    )
    newsroom.save(
        D,
        source=source(D),
        at=later(make, 181),
        story_id=lead.story_id,
        relations=(make.relation(lead.article_id),),
        credit="Reuters",
        canonical=E,
    )
    return lead


def test_the_first_copy_by_time_leads_and_the_others_come_after_it(listings, told, make):
    story = listings.shown_story(told.story_id)
    assert [each.source for each in story.articles] == ["b.example", "a.example", "c.example", "d.example"]
    assert [each.lag_s for each in story.articles] == [0, 40 * 60, 170 * 60, 171 * 60]
    assert [each.is_first for each in story.articles] == [True, False, False, False]
    assert [each.is_lead for each in story.articles] == [False, True, False, False]
    first, lead, *_ = story.articles
    assert (first.kind, first.share, first.other_share, first.relative_to) == ("extended", 0.6, 1.0, told.article_id)
    assert (first.repaired, first.versions, first.credit, first.canonical) == ("windows-874", 1, "Reuters", A)
    assert (lead.kind, lead.share, lead.relative_to, lead.title) == (None, None, None, "The lead")
    # without a date it counts from when it was first seen
    assert (story.articles[2].published, story.articles[2].dated_at) == (None, later(make, 180))


def test_first_seen_first_credit_and_canonical_are_kept_apart(listings, told, make):
    story = listings.shown_story(told.story_id)
    assert (story.first.source, story.first.at) == ("b.example", later(make, 10))
    assert (story.seen_first.source, story.seen_first.at) == ("a.example", later(make, 60))
    assert [(each.agency, each.articles) for each in story.credited_to] == [("Reuters", 2), ("AP", 1)]
    assert (story.canonical.url, story.canonical.articles, story.canonical.article) == (A, 2, told.article_id)
    assert (story.outlets, story.copy_count, story.topics) == (4, 3, ())
    assert [(each.kind, each.story) for each in story.trail] == [("first", told.story_id)]


def test_a_shown_story_says_of_itself_what_the_listing_says(listings, told):
    (listed,) = listings.stories()
    story = listings.shown_story(told.story_id)
    assert all(getattr(story, name) == getattr(listed, name) for name in listed.__dataclass_fields__)


def test_a_story_of_one_names_nobody(listings, newsroom):
    saved = newsroom.save(A)
    story = listings.shown_story(saved.story_id)
    assert (story.credited_to, story.canonical, story.trail, story.asked) == ((), None, (), story.id)
    assert [(each.article, each.lag_s, each.home) for each in story.articles] == [(saved.article_id, 0, None)]
    with pytest.raises(LookupError, match="no story 99"):
        listings.shown_story(99)


def test_a_canonical_page_that_is_not_stored_has_no_article(listings, newsroom):
    saved = newsroom.save(A, canonical=E)
    canonical = listings.shown_story(saved.story_id).canonical
    assert (canonical.url, canonical.articles, canonical.article) == (E, 1, None)


def test_a_merged_story_leads_to_the_one_that_it_became_with_the_trail_of_both(listings, make, newsroom):
    one, two, three = (newsroom.save(url, at=later(make, n)) for n, url in enumerate((A, B, C)))
    newsroom.save(D, at=later(make, 3), story_id=two.story_id, merges=(three.story_id,))
    newsroom.save(E, at=later(make, 4), story_id=one.story_id, merges=(two.story_id,))
    story = listings.shown_story(three.story_id)
    assert (story.id, story.asked, len(story.articles)) == (one.story_id, three.story_id, 5)
    assert [(each.kind, each.story, each.other_story) for each in story.trail] == [
        ("merged", two.story_id, three.story_id),
        ("merged", one.story_id, two.story_id),
    ]
    assert [each.at for each in story.trail] == [later(make, 3), later(make, 4)]


def test_a_composite_is_listed_and_marked_under_both_stories(listings, make, newsroom):
    home, other = newsroom.save(A, source=source(A), at=later(make, 5)), newsroom.save(B, at=later(make, 6))
    both = newsroom.save(
        C,
        source=source(C),
        at=later(make, 9),
        published=later(make, 1),
        story_id=home.story_id,
        relations=(
            make.relation(home.article_id, RelationKind.COMPOSITE, share=0.5),
            make.relation(other.article_id, RelationKind.COMPOSITE, share=0.3, other_share=0.95),
        ),
    )
    at_home, elsewhere = (listings.shown_story(each.story_id) for each in (home, other))
    assert [(each.article, each.kind, each.home) for each in at_home.articles] == [
        (both.article_id, "composite", None),
        (home.article_id, None, None),
    ]
    # it is no member there, so it is not the first, though it is dated before
    first, guest = elsewhere.articles
    assert (first.article, first.is_first, elsewhere.first.article) == (other.article_id, True, other.article_id)
    assert (guest.kind, guest.home, guest.lag_s, guest.share) == ("composite", home.story_id, -300, 0.3)
    assert (at_home.outlets, elsewhere.outlets) == (2, 1)


def test_of_two_the_composite_is_the_one_that_has_less_of_the_other(listings, make, newsroom, topics):
    """Also where its part tells the relation, as it does once it was corrected; the part is no composite."""
    home = newsroom.save(A, source=source(A), text="Crimea", matches=matched(topics, "Crimea"))
    of_home = make.relation(home.article_id, RelationKind.COMPOSITE, share=0.5, other_share=1.0)
    both = newsroom.save(C, source=source(C), story_id=home.story_id, relations=(of_home,))
    other, near = (
        newsroom.save(
            url,
            source=source(url),
            text=f"Crimea {url}",
            matches=matched(topics, "Crimea"),
            relations=(make.relation(both.article_id, RelationKind.COMPOSITE, score, share=0.95, other_share=0.3),),
        )
        for url, score in ((B, 0.9), (D, 0.8))
    )
    # Two parts in one story are one composite of it, told by the one of which it has most.
    last = newsroom.save(E, source=source(E), story_id=other.story_id, merges=(near.story_id,))
    at_home, elsewhere = (listings.story(each.story_id) for each in (home, last))
    assert [(each.article, each.kind) for each in at_home.copies] == [(both.article_id, "composite")]
    assert [(each.article, each.kind, each.share, each.other_share) for each in elsewhere.copies] == [
        (both.article_id, "composite", 0.3, 0.95),
        (near.article_id, None, None, None),
        (last.article_id, None, None, None),
    ]
    shown = {each.story: each.copy_count for each in listings.matches("crimea")}
    assert shown == {home.story_id: at_home.copy_count, last.story_id: elsewhere.copy_count}
    assert sorted(shown.values()) == [1, 3]
    (guest,) = [each for each in listings.shown_story(last.story_id).articles if each.home]
    assert (guest.article, guest.home, guest.relative_to) == (both.article_id, home.story_id, other.article_id)


def test_a_story_of_hundreds(listings, make, newsroom):
    lead = newsroom.save(A, title="\x1b[2J\u202e" + "w" * 10_000)
    for number in range(300):
        newsroom.save(
            f"{B}/{number}",
            source=f"s{number % 7}.example",
            at=later(make, number + 1),
            story_id=lead.story_id,
            relations=(make.relation(lead.article_id),),
        )
    story = listings.shown_story(lead.story_id)
    assert len(story.articles) == 301
    assert {each.kind for each in story.articles if not each.is_lead} == {"copy"}
    assert [each.lag_s for each in story.articles] == [60 * n for n in range(301)]
    texts = dict(listings.article_texts(each.article for each in story.articles))
    assert len(texts) == 301
    assert texts[lead.article_id] == f"Some text of {A}."
    assert list(listings.article_texts([99_999])) == []


# --- stories ------------------------------------------------------------------------------------------


def test_stories_by_how_many_outlets_carry_them(listings, make, newsroom):
    def carried(minute, *sources):
        lead = None
        for number, name in enumerate(sources):
            saved = newsroom.save(
                f"https://{name}/{minute}/{number}", source=name, at=later(make, minute), story_id=lead
            )
            lead = lead or saved.story_id
        return lead

    one = carried(1, "a", "b", "c")
    two = carried(2, "a", "b")
    again = carried(3, "a", "a", "a", "a")
    three = carried(4, "a", "b", "c", "c")
    assert [(story.id, story.outlets) for story in listings.stories()] == [(three, 3), (again, 1), (two, 2), (one, 3)]
    assert [story.id for story in listings.stories(outlets=1)] == [three, one, two, again]
    assert [story.id for story in listings.stories(outlets=2)] == [three, one, two]
    assert [story.id for story in listings.stories(outlets=3, limit=1)] == [three]
    assert [story.id for story in listings.stories(outlets=2, until=later(make, 4))] == [one, two]
    assert listings.stories(outlets=2, since=later(make, 5)) == listings.stories(outlets=4) == ()
    # a span without width
    assert listings.stories(outlets=1, since=later(make, 2), until=later(make, 2)) == ()


def test_stories_by_outlets_of_one_topic(listings, newsroom, topics):
    one, two = newsroom.save(A, source="a", text="PURL", matches=matched(topics, "PURL")), newsroom.save(B, source="b")
    newsroom.save(C, source="c", story_id=one.story_id)
    newsroom.save(D, source="d", story_id=two.story_id)
    assert [story.id for story in listings.stories("purl", outlets=2)] == [one.story_id]
    assert listings.stories("crimea", outlets=2) == ()
    with pytest.raises(LookupError, match="no topic nothing"):
        listings.stories("nothing", outlets=2)


def test_outlets_are_counted_through_the_index_of_stories(file, url, store):
    seen = []
    with Listings(url) as listings:
        event.listen(listings._engine, "before_cursor_execute", lambda *given: seen.append(given[2:4]))
        listings.stories(outlets=3, limit=10)
    statement, parameters = next(pair for pair in seen if "LIMIT" in pair[0])
    with closing(sqlite3.connect(file)) as connection:
        plan = " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
    assert "SEARCH counted USING COVERING INDEX ix_article_story_id" in plan
    assert "SEARCH carrier USING INDEX ix_article_story_id" in plan
    assert "SCAN article" not in plan


# --- matches ------------------------------------------------------------------------------------------


def matched(topics, body):
    return compile_rules(topics).match(Document(title="", body=body))


def rows(matches):
    return [(row.topic, row.article, row.added) for row in matches]


def test_a_story_is_matched_once_by_its_first_article_that_matches(listings, make, newsroom, topics):
    lead = newsroom.save(A, text="PURL.", matches=matched(topics, "PURL."), at=later(make, 60))
    copy = newsroom.save(B, text="PURL!", matches=matched(topics, "PURL!"), at=later(make, 61), story_id=lead.story_id)
    longer = newsroom.save(
        C, text="PURL. Crimea", matches=matched(topics, "PURL. Crimea"), at=later(make, 62), story_id=lead.story_id
    )
    again = newsroom.save(
        D, text="Crimea", matches=matched(topics, "Crimea"), at=later(make, 63), story_id=lead.story_id
    )
    assert rows(listings.matches(once_a_story=True)) == [
        ("crimea", longer.article_id, True),
        ("purl", lead.article_id, False),
    ]
    assert [row.copy_count for row in listings.matches(once_a_story=True)] == [3, 3]
    assert sorted(rows(listings.matches())) == [
        ("crimea", longer.article_id, True),
        ("crimea", again.article_id, True),
        ("purl", lead.article_id, False),
        ("purl", copy.article_id, False),
        ("purl", longer.article_id, False),
    ]
    assert rows(listings.matches("purl", once_a_story=True)) == [("purl", lead.article_id, False)]
    assert listings.stats().matches == {"crimea": 1, "purl": 1}


def test_the_first_by_time_stands_for_the_story_though_it_came_late(listings, make, newsroom, topics):
    lead = newsroom.save(A, text="PURL.", matches=matched(topics, "PURL."), at=later(make, 60))
    late = newsroom.save(
        B,
        text="PURL! Crimea.",
        matches=matched(topics, "PURL! Crimea."),
        at=later(make, 90),
        published=later(make, 10),
        story_id=lead.story_id,
    )
    # the first copy says it, so no later copy has added it
    assert sorted(rows(listings.matches(once_a_story=True))) == [
        ("crimea", late.article_id, False),
        ("purl", late.article_id, False),
    ]


def test_stories_apart_are_matched_each(listings, newsroom, topics):
    for url in (A, B):
        newsroom.save(url, text="PURL.", matches=matched(topics, "PURL."))
    assert len(listings.matches(once_a_story=True)) == 2
    assert listings.stats().matches == {"crimea": 0, "purl": 2}


def test_a_corrected_article_hands_the_story_to_the_next_that_matches(listings, make, newsroom, topics):
    lead = newsroom.save(A, text="PURL.", matches=matched(topics, "PURL."))
    copy = newsroom.save(B, text="PURL!", matches=matched(topics, "PURL!"), at=later(make, 1), story_id=lead.story_id)
    newsroom.save(
        A,
        text="It is not so.",
        at=later(make, 2),
        story_id=lead.story_id,
        relations=(make.relation(copy.article_id),),
    )
    assert rows(listings.matches(once_a_story=True)) == [("purl", copy.article_id, True)]


ARTICLES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.sampled_from(["", "PURL", "Crimea", "PURL Crimea"])),
    min_size=1,
    max_size=8,
)


def test_once_a_story_is_the_least_by_time_of_all_matches_of_it(url, store, make, rules):
    loaded = rules(a="topic purl\n    match =PURL\ntopic crimea\n    match Crimea\n")
    store.record_topics(loaded.topics, make.T0)
    newsroom = make.Newsroom(store)
    examples = 0

    @given(ARTICLES)
    def holds(articles):
        nonlocal examples
        examples += 1
        stories = {}
        for number, (story, minute, text) in enumerate(articles):
            at = later(make, 20)
            saved = newsroom.save(
                f"{A}/{examples}/{number}",
                text=f"{text} {examples} {number}",
                matches=matched(loaded.topics, text),
                at=at,
                published=at - minute * make.MINUTE,
                story_id=stories.get(story),
            )
            stories.setdefault(story, saved.story_id)
        with Listings(url) as listings:
            every = [row for row in listings.matches() if row.story in stories.values()]
            once = [row for row in listings.matches(once_a_story=True) if row.story in stories.values()]
            dated = {row.id: row.dated_at for row in listings.articles()}
            firsts = {}
            for row in every:
                key, place = (row.topic, row.story), (dated[row.article], row.article)
                firsts[key] = min(firsts.get(key, place), place)
            assert {(row.topic, row.story): (dated[row.article], row.article) for row in once} == firsts
            assert len(once) == len(firsts)
            for story in stories.values():
                shown = listings.shown_story(story)
                lead = {each.article for each in shown.articles if each.is_lead or each.is_first}
                told = {row.topic for row in every if row.article in lead}
                assert all(row.added == (row.topic not in told) for row in every if row.story == story)

    holds()


# --- versions, relations and numbers --------------------------------------------------------------------


def test_an_old_version_is_read_with_its_own_title_date_and_matches(listings, make, newsroom, topics):
    newsroom.save(A, text="PURL.", title="One", matches=matched(topics, "PURL."), published=make.T0, credit="AP")
    saved = newsroom.save(A, text="Not so.", title="Two", at=later(make, 1))
    old, new = (listings.article(saved.article_id, n) for n in (1, 2))
    assert (old.text, old.title, old.version, old.credit, old.published) == ("PURL.", "One", 1, "AP", make.T0)
    assert [each.topic for each in old.matches] == ["purl"]
    assert new == listings.article(saved.article_id)
    assert (new.text, new.title, new.version, new.credit, new.matches) == ("Not so.", "Two", 2, None, ())
    assert [(each.n, each.credit, each.is_current) for each in old.versions] == [(1, "AP", False), (2, None, True)]
    with pytest.raises(LookupError, match=r"article 1 has no version 3, only 1, 2$"):
        listings.article(saved.article_id, 3)
    with pytest.raises(LookupError, match="no article 9"):
        listings.article(9, 1)


def test_the_facts_that_differ_are_told_from_both_sides(listings, make, newsroom):
    one = newsroom.save(A, text="0123456789")
    slots = (Slot(kind=SlotKind.FIGURE, start=6, end=7, other_start=1, other_end=3),)
    two = newsroom.save(
        B,
        text="abcdefghij",
        relations=(make.relation(one.article_id, RelationKind.REVISION, share=0.8, other_share=0.7, slots=slots),),
    )
    (of_two,), (of_one,) = (listings.article(each.article_id).relations for each in (two, one))
    assert (of_two.share, of_two.other_share, of_one.share, of_one.other_share) == (0.8, 0.7, 0.7, 0.8)
    told = [(s.kind, s.start, s.end, s.other_start, s.other_end) for each in (of_two, of_one) for s in each.slots]
    assert told == [("figure", 6, 7, 1, 3), ("figure", 1, 3, 6, 7)]


def test_copies_are_counted_by_kind_and_repairs_by_code_page(listings, make, newsroom):
    lead = newsroom.save(A, repaired="koi8-r")
    for url, kind in ((B, RelationKind.COPY), (C, RelationKind.EXCERPT), (D, RelationKind.COPY)):
        newsroom.save(
            url, story_id=lead.story_id, relations=(make.relation(lead.article_id, kind),), repaired="windows-874"
        )
    newsroom.save(D, text="Now it is read aright.", story_id=lead.story_id, relations=(make.relation(1),))
    stats = listings.stats()
    assert (stats.copies, stats.repaired) == ({"copy": 2, "excerpt": 1}, {"koi8-r": 1, "windows-874": 2})
    assert (stats.stories, stats.articles) == (1, 4)
    # seen from the lead, which has a new version, the excerpt is what the lead extends
    newsroom.save(A, text="Longer now.", relations=(make.relation(3, RelationKind.EXTENDED),))
    assert listings.stats().copies == {"excerpt": 1}
