"""The index in memory: what it finds, what it forgets, and that a database would say the same."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.memory import SWEEP_FROM, CopyIndex
from ingest.copies.model import Fingerprint, Passage, Placement, Relation, RelationKind
from ingest.copies.ranking import MOST_CANDIDATES, NEWEST_PER_HASH, rank
from ingest.copies.repeats import MIN_PAGES
from ingest.copies.story import place
from ingest.model import Article, Reading, TextFrom
from storage.migrate import upgrade
from storage.store import Store

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 14 * DAY


def article(text, url="https://news.example/1", site="news.example", title="A title"):
    return Article(
        url=url,
        source=site,
        title=title,
        text=text,
        author=None,
        published=None,
        lang=None,
        sections=(),
        text_from=TextFrom.FEED,
        repaired=None,
        raw_hash=None,
    )


def reading(text, **given):
    made = article(text, **given)
    return Reading(article=made, fingerprint=take_fingerprint(made.text, made.title), matches=())


def hashed(*hashes, title=0, **given):
    """A reading with a fingerprint as given."""
    fingerprint = Fingerprint(alg=1, hashes=tuple(sorted(set(hashes))), title=title)
    return Reading(article=article("Some text.", **given), fingerprint=fingerprint, matches=())


def relation(to):
    passage = Passage(start=0, end=4, other_start=0, other_end=4)
    return Relation(to=to, kind=RelationKind.COPY, score=1.0, share=1.0, other_share=1.0, passage=passage)


@pytest.fixture
def index():
    return CopyIndex(window=WINDOW)


def find(index, one, *, since=T0 - WINDOW):
    return index.candidates(one.fingerprint, site=one.article.source, since=since)


def ids(found):
    return [row.article_id for row in found.rows]


def test_a_copy_joins_the_story_of_what_came_before(index, write_prose):
    text = "\n\n".join(write_prose(1, 6))
    other = "\n\n".join(write_prose(2, 6))
    placed = [index.place(reading(each), at=T0) for each in (text, other, text, other)]
    assert [each.article_id for each in placed] == [1, 2, 3, 4]
    assert [each.story_id for each in placed] == [1, 2, 1, 2]
    assert [[(r.to, r.kind, r.score) for r in each.relations] for each in placed] == [
        [],
        [],
        [(1, "copy", 1.0)],
        [(2, "copy", 1.0)],
    ]


def test_the_most_alike_come_first_then_the_newest(index):
    for hashes in ((1, 2), (1, 2, 3), (1, 2)):
        index.add(hashed(*hashes), Placement(), at=T0)
    found = find(index, hashed(1, 2, 3))
    assert ids(found) == [2, 3, 1]
    assert [row.shared for row in found.rows] == [3, 2, 2]
    assert [row.is_lead for row in found.rows] == [True] * 3
    assert found.seen == 3


@given(st.lists(st.sets(st.integers(0, 12), min_size=1), max_size=30), st.sets(st.integers(0, 12), min_size=1))
def test_candidates_are_those_of_the_ranking(fingerprints, wanted):
    index = CopyIndex(window=WINDOW)
    for hashes in fingerprints:
        index.add(hashed(*hashes), Placement(), at=T0)
    owners = [[n for n, hashes in enumerate(fingerprints, 1) if number in hashes] for number in wanted]
    expected = rank(owners, len(wanted))[:MOST_CANDIDATES]
    assert [(row.article_id, row.shared) for row in find(index, hashed(*wanted)).rows] == expected


def test_what_arrived_before_the_window_is_not_found(index):
    for days in (0, 1, 2):
        index.add(hashed(1, 2), Placement(), at=T0 + days * DAY)
    assert ids(find(index, hashed(1, 2), since=T0 + DAY)) == [3, 2]


def test_what_arrived_before_the_window_is_forgotten_in_time(index):
    for n in range(2 * SWEEP_FROM):
        index.place(hashed(n), at=T0 + n * DAY)
        assert len(index) <= SWEEP_FROM
    assert index.story(1) == 1
    assert ids(find(index, hashed(0, 2 * SWEEP_FROM - 2))) == [2 * SWEEP_FROM - 1]


def test_what_newer_ones_have_pushed_out_of_every_hash_is_forgotten(index):
    index.add(hashed(1, 7), Placement(), at=T0)
    for _ in range(3 * NEWEST_PER_HASH):
        index.add(hashed(1, 2, 3), Placement(), at=T0)
    assert len(index) == NEWEST_PER_HASH + 1
    assert ids(find(index, hashed(7))) == [1]
    assert len(find(index, hashed(1)).rows) == MOST_CANDIDATES


def test_a_text_too_short_to_be_compared_is_a_story_of_its_own(index):
    placed = [index.place(reading("Rain in Riga."), at=T0) for _ in range(3)]
    assert [each.story_id for each in placed] == [1, 2, 3]
    assert len(index) == 0


def test_of_stories_that_merge_the_oldest_lives_on(index):
    for n in range(1, 4):
        index.add(hashed(n), Placement(), at=T0)
    index.add(hashed(9), Placement(story_id=3, relations=(relation(3),), merges=(2,)), at=T0)
    assert [index.story(n) for n in range(1, 5)] == [1, 2, 2, 2]
    index.add(hashed(9), Placement(story_id=3, merges=(1,)), at=T0)
    assert [index.story(n) for n in range(1, 6)] == [1] * 5
    assert [(row.article_id, row.story_id, row.is_lead) for row in find(index, hashed(3, 1)).rows] == [
        (3, 1, False),
        (1, 1, True),
    ]


def _learn(index, site, pages, *lines):
    for n in range(pages):
        own = range(1000 * (n + 1), 1000 * (n + 1) + 10)
        page = hashed(*own, *lines, title=n + 1, site=site, url=f"https://{site}/{n}")
        index.add(page, Placement(), at=T0)


def test_lines_that_a_site_repeats_are_furniture_there(index):
    _learn(index, "a.example", MIN_PAGES, 77)
    assert find(index, hashed(77, 1000, site="a.example")).furniture == {77}
    # Nothing is looked for by furniture alone.
    assert find(index, hashed(77, site="a.example")).rows == ()
    # 77 stands on the candidates' pages too, and theirs is the site that repeats it
    assert find(index, hashed(77, site="b.example")).furniture == {77}
    assert find(index, hashed(99, site="a.example")).furniture == frozenset()


def test_lines_that_too_few_pages_have_are_not(index):
    _learn(index, "a.example", MIN_PAGES - 1, 77)
    assert find(index, hashed(77, site="a.example")).furniture == frozenset()


def test_lines_that_several_sites_repeat_are_furniture_everywhere(index):
    index.add(hashed(5, 77, site="c.example"), Placement(), at=T0)
    _learn(index, "a.example", MIN_PAGES, 77)
    assert find(index, hashed(5, site="c.example")).furniture == frozenset()
    _learn(index, "b.example", MIN_PAGES, 77)
    assert find(index, hashed(5, site="c.example")).furniture == {77}


def test_pages_of_no_site_teach_nothing(index):
    _learn(index, "", 2 * MIN_PAGES, 77)
    assert find(index, hashed(77, site="")).furniture == frozenset()


# --- the same as with a database ----------------------------------------------------------------------

#: Sentences of which documents are made: two stories, a notice, appeals of sites.
STORY = (
    "The regional assembly approved the budget for the harbour after a debate that lasted until midnight.",
    "Members of the opposition left the hall before the vote and called the procedure a disgrace.",
    "The mayor promised that the fish market would stay open while the quay is being rebuilt.",
    "Work on the breakwater is expected to begin in April and to cost 40 million crowns.",
    "A spokesman for the shipping company said that ferries would run as usual during the summer.",
    "Residents have complained for years about noise and dust from lorries on the coastal road.",
)
OTHER = (
    "Scientists have found a colony of bats in a disused railway tunnel near the southern border.",
    "The animals belong to a species that had not been seen in the country for half a century.",
    "The tunnel will be closed to hikers until the young have learned to fly, the ministry said.",
    "Volunteers counted 212 adult bats on three evenings with the help of thermal cameras.",
)
APPEALS = (
    "Support the work of our newsroom in these difficult days by telling a friend about this page today.",
    "The editors of this site choose what you read here and nobody pays them for a place on it.",
)
#: What differs in another notice of the same kind.
FACTS = (("40", "55"), ("April", "June"), ("crowns", "dollars"), ("212", "87"), ("three", "seven"))
SITES = ("alpha.example", "beta.example", "gamma.example")


def write_documents(rng, count):
    """Text, site, title and days since the last one: parts of stories, with other figures, and what the site adds."""
    for n in range(count):
        story = rng.choice((STORY, STORY, OTHER, STORY + OTHER))
        chosen = [each for each in story if rng.random() < 0.85]
        if rng.random() < 0.4:
            chosen = [reduce(lambda line, fact: line.replace(*fact), FACTS, each) for each in chosen]
        site = rng.choice(SITES)
        line = f"Reporter number {n} wrote {n * 31} words about all this in the {n}th week of the year for {site}."
        appeals = [each for each in APPEALS if rng.random() < 0.7]
        yield "\n\n".join((*chosen, line, *appeals)), site, f"Title {n}", rng.choice((0, 0, 0, 0, 1, 5))


def tell(placement):
    """All that a placement says of the relations."""
    return sorted(placement.relations, key=lambda each: each.to)


@pytest.fixture(scope="module")
def new_store(tmp_path_factory):
    """A function that opens an empty store, and the module `builders` to fill it with."""
    folder = tmp_path_factory.mktemp("stores")
    upgrade(f"sqlite:///{folder / 'empty.db'}")
    path = Path(__file__).parents[2] / "contract" / "builders.py"
    spec = importlib.util.spec_from_file_location("copy_builders", path)
    builders = importlib.util.module_from_spec(spec)
    sys.modules["copy_builders"] = builders
    spec.loader.exec_module(builders)
    numbers = iter(range(10**6))

    def build():
        file = folder / f"{next(numbers)}.db"
        shutil.copy(folder / "empty.db", file)
        return Store(f"sqlite:///{file}"), builders

    return build


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_database_finds_the_same_relations_and_stories(new_store, rng):
    given = list(write_documents(rng, 30))
    index = CopyIndex(window=WINDOW)
    opened, builders = new_store()
    at = T0
    numbers = {}
    with opened as store:
        newsroom = builders.Newsroom(store)
        in_store = {}
        for n, (text, site, title, days) in enumerate(given, 1):
            at += days * DAY + timedelta(minutes=1)
            url = f"https://{site}/{n}"
            one = reading(text, url=url, site=site, title=title)
            found = store.candidates(one.fingerprint, site=site, since=at - WINDOW)
            placement = place(one, found)
            item = replace(newsroom.item(url, at=at), reading=one, placement=placement, seen=found.seen)
            saved = store.save(item)
            expected = index.candidates(one.fingerprint, site=site, since=at - WINDOW)
            assert found.furniture == expected.furniture
            placed = index.place(one, at=at)
            numbers[saved.article_id] = placed.article_id
            in_store[placed.article_id] = saved.article_id
            assert [numbers[each.to] for each in tell(placement)] == [each.to for each in tell(placed)]
            assert [(each.kind, each.score, each.passage, each.slots) for each in tell(placement)] == [
                (each.kind, each.score, each.passage, each.slots) for each in tell(placed)
            ]
        stories = {}
        for article_id, other_id in in_store.items():
            stored = store.article_at((f"https://{given[article_id - 1][1]}/{article_id}",))
            assert stored.id == other_id
            stories.setdefault(stored.story_id, set()).add(article_id)
        assert {frozenset(each) for each in stories.values()} == _stories(index, len(given))


def _stories(index, count):
    by_story = {}
    for n in range(1, count + 1):
        by_story.setdefault(index.story(n), set()).add(n)
    assert all(story == min(members) for story, members in by_story.items())
    return {frozenset(each) for each in by_story.values()}
