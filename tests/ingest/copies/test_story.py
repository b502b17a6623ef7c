"""Articles placed among stories."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.model import Candidate, Candidates, RelationKind
from ingest.copies.story import place as place_among
from ingest.model import Article, Reading, TextFrom
from ingest.repair import repair

if TYPE_CHECKING:
    from ingest.copies.model import Placement

SEEDS = st.integers(min_value=0, max_value=10**9)


def article(text: str, *, url: str = "https://news.example/1", title: str = "") -> Article:
    return Article(
        url=url,
        source="news.example",
        title=title,
        text=text,
        author=None,
        published=None,
        lang=None,
        sections=(),
        text_from=TextFrom.PAGE,
        repaired=None,
        raw_hash=None,
    )


def reading(paragraphs: list[str]) -> Reading:
    text = "\n".join(paragraphs)
    return Reading(article=article(text), fingerprint=take_fingerprint(text), matches=())


def candidate(number: int, paragraphs: list[str], new: Reading, *, story: int, is_lead: bool = False) -> Candidate:
    text = "\n".join(paragraphs)
    shared = set(take_fingerprint(text).hashes) & set(new.fingerprint.hashes)
    return Candidate(
        article_id=number,
        story_id=story,
        is_lead=is_lead,
        source="news.example",
        title="",
        text=text,
        shared=len(shared),
    )


def place(new: Reading, rows: tuple[Candidate, ...]) -> Placement:
    return place_among(new, Candidates(rows=rows, seen=0))


def kinds(placement) -> dict[int, RelationKind]:
    return {relation.to: relation.kind for relation in placement.relations}


def test_alone_it_is_a_story_of_its_own(write_prose):
    new = reading(write_prose(1, 8))
    assert place(new, ()).story_id is None
    other = place(new, (candidate(7, write_prose(2, 8), new, story=7, is_lead=True),))
    assert (other.story_id, other.relations, other.merges) == (None, (), ())


def test_a_copy_joins_the_story_of_its_lead(write_prose):
    story = write_prose(1, 8)
    new = reading(story)
    placement = place(new, (candidate(7, story, new, story=3, is_lead=True), candidate(8, story[:4], new, story=3)))
    assert placement.story_id == 3
    assert kinds(placement) == {7: RelationKind.COPY, 8: RelationKind.EXTENDED}
    assert [relation.score for relation in placement.relations] == [1, 1]


def test_the_lead_that_is_most_alike_wins(write_prose):
    story = write_prose(1, 8)
    new = reading(story)
    rows = (
        candidate(1, [*story, *write_prose(2, 8)], new, story=1, is_lead=True),
        candidate(2, [*story, *write_prose(3, 1)], new, story=2, is_lead=True),
    )
    assert place(new, rows).story_id == 2


@given(seed=SEEDS, order=st.permutations(range(6)))
def test_the_order_of_candidates_is_irrelevant(write_prose, seed, order):
    story, second = write_prose(seed, 8), write_prose(seed + 1, 8)
    new = reading([*story, *second[:3]])
    texts = (story, story[:5], second, [*second, *story], write_prose(seed + 2, 8), [*story, *second[:3]])
    rows = [candidate(n, text, new, story=n % 4, is_lead=n % 4 == n) for n, text in enumerate(texts)]
    assert place(new, tuple(rows[n] for n in order)) == place(new, tuple(rows))


def test_a_page_with_two_stories_has_one_home_and_is_no_bridge(write_prose):
    first, second = write_prose(1, 8), write_prose(2, 6)
    new = reading([*first, *second])
    rows = (
        candidate(1, first, new, story=1, is_lead=True),
        candidate(2, second, new, story=2, is_lead=True),
        candidate(3, second, new, story=2),
    )
    placement = place(new, rows)
    assert placement.story_id == 1
    assert placement.merges == ()
    assert kinds(placement) == dict.fromkeys((1, 2, 3), RelationKind.COMPOSITE)


def test_the_second_story_of_a_stored_page_does_not_join_it(write_prose):
    first, second = write_prose(1, 8), write_prose(2, 6)
    new = reading(second)
    placement = place(new, (candidate(1, [*first, *second], new, story=1, is_lead=True),))
    assert kinds(placement) == {1: RelationKind.COMPOSITE}
    assert placement.story_id is None


def test_a_copy_of_a_member_joins_though_its_lead_is_unlike(write_prose):
    """The lead of story 1 is another part of the text; only a member has this one."""
    story = write_prose(1, 10)
    new = reading(story[5:])
    rows = (candidate(1, story[:5], new, story=1, is_lead=True), candidate(2, story[5:], new, story=1))
    assert place(new, rows).story_id == 1


def test_an_excerpt_of_a_member_alone_joins_nothing(write_prose):
    story = write_prose(1, 10)
    new = reading(story[:3])
    placement = place(new, (candidate(2, story, new, story=1),))
    assert kinds(placement) == {2: RelationKind.EXCERPT}
    assert placement.story_id is None


def test_leads_with_the_same_text_merge(write_prose):
    story = write_prose(1, 10)
    new = reading(story)
    rows = (
        candidate(1, story[:9], new, story=1, is_lead=True),
        candidate(2, story[1:], new, story=2, is_lead=True),
        candidate(3, story[:4], new, story=3, is_lead=True),
    )
    placement = place(new, rows)
    assert {placement.story_id, *placement.merges} == {1, 2}


def test_chance_hashes_are_not_looked_at(write_prose):
    story = write_prose(1, 8)
    new = reading(story)
    row = Candidate(
        article_id=1, story_id=1, is_lead=True, source="news.example", title="", text="\n".join(story), shared=1
    )
    assert place(new, (row,)).relations == ()


# --- the sample newsroom ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edition(newsroom):
    from press import stories
    from press.edition import Edition

    return Edition(
        articles_folder=newsroom / "articles",
        pages=stories.load_real_pages(newsroom / "pages"),
        outlet_count=8,
        start=datetime(2026, 1, 12, 6, tzinfo=UTC),
    )


def group(answers) -> set[frozenset[str]]:
    stories: dict[int, set[str]] = {}
    for answer in answers:
        stories.setdefault(answer["story"], set()).add(answer["id"])
    return {frozenset(members) for members in stories.values() if len(members) > 1}


def wanted_groups(newsroom) -> set[frozenset[str]]:
    expected = json.loads((newsroom / "expect.json").read_text(encoding="utf-8"))
    groups = [*expected["seed_groups"], *expected["page_groups"]]
    return {frozenset(member["url"].replace("{port}", "80") for member in group["members"]) for group in groups}


@pytest.mark.parametrize("order", ["as published", "shuffled"])
def test_the_newsroom_as_written_has_its_groups_and_no_others(newsroom, edition, place_all, order):
    from press.expect import read_as

    printed = sorted(edition.articles, key=lambda each: (each.published, each.path))
    if order == "shuffled":
        random.Random(1).shuffle(printed)
    texts = [(each.url(80), read_as(each).partition("\n")[2]) for each in printed]
    answers = place_all([(url, article(text, url=url)) for url, text in texts])
    assert group(answers) == wanted_groups(newsroom)


@pytest.mark.slow
def test_the_newsroom_as_extracted_has_its_groups_and_no_others(newsroom, edition, place_all):
    from trafilatura import extract

    texts = []
    for each in sorted(edition.articles, key=lambda each: (each.published, each.path)):
        document = edition.print_article(each, 2, 80)
        body = gzip.decompress(document.body) if document.is_gzipped else document.body
        page = body.decode(document.content_type.partition("charset=")[2], "replace")
        text = extract(page, include_comments=False, fast=True) or "-"
        texts.append((each.url(80), repair(text).text))
    answers = place_all([(url, article(text, url=url)) for url, text in texts])
    assert group(answers) == wanted_groups(newsroom)


def test_the_wire_story_and_its_reprints(newsroom, place_all):
    """Sample 004 as it is in the file, in all its furniture, repaired; the clean text, cut and extended."""
    from press import stories

    raw = stories.load_seed(newsroom / "articles", "004")
    original = stories.make_original(stories.take_apart(raw))
    texts = {
        "mangled": repair(raw).text,
        "clean": original.text,
        "truncated": stories.make_truncated(original).text,
        "extended": stories.make_extended(original).text,
        "unrepaired": raw,
        **{number: stories.load_seed(newsroom / "articles", number) for number in ("000", "001", "002", "003")},
    }
    answers = place_all([(name, article(text)) for name, text in texts.items()])
    assert group(answers) == {frozenset(("mangled", "clean", "truncated", "extended", "unrepaired"))}
    relations = {(row["id"], each["to"]): each["kind"] for row in answers for each in row["relations"]}
    assert relations["clean", "mangled"] == "copy"
    assert relations["truncated", "clean"] == relations["truncated", "mangled"] == "excerpt"
    assert relations["extended", "truncated"] == "extended"


def test_a_corrected_reprint_is_related_to_the_first_version(newsroom, place_all):
    from press import stories

    seed = stories.read_plain_seed(newsroom / "articles", "003")
    first, corrected = stories.first_version(seed), stories.corrected_version(seed)
    answers = place_all([("first", article(first.text)), ("corrected", article(corrected.text))])
    (relation,) = answers[1]["relations"]
    assert relation["kind"] in {"copy", "revision"}
    assert answers[0]["story"] == answers[1]["story"]


def test_two_stories_that_have_the_same_part_of_it_do_not_make_it_a_composite(write_prose):
    story = write_prose(1, 10)
    new = reading(story)
    rows = (
        candidate(1, story[:6], new, story=1, is_lead=True),
        candidate(2, [*story[:6], *write_prose(2, 1)], new, story=2, is_lead=True),
    )
    assert RelationKind.COMPOSITE not in kinds(place(new, rows)).values()
    apart = (rows[0], candidate(2, story[6:], new, story=2, is_lead=True))
    assert set(kinds(place(new, apart)).values()) == {RelationKind.COMPOSITE}
