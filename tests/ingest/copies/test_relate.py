"""Pairs of texts: copies of each other or not, and of which kind."""

from __future__ import annotations

import json
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.copies.model import RelationKind
from ingest.copies.relate import MIN_SHARE, relate
from rules.text import tokenize

NOTICES = json.loads((Path(__file__).parents[2] / "data" / "copies" / "notices.json").read_text(encoding="utf-8"))
PAIRS = [
    pytest.param(*pair, id=f"{name}-{n}")
    for name, notices in NOTICES["templates"].items()
    for n, pair in enumerate(combinations(notices, 2))
]
TEXTS = [
    pytest.param(notice, id=f"{name}-{n}")
    for name, notices in NOTICES["templates"].items()
    for n, notice in enumerate(notices)
]
SEEDS = st.integers(min_value=0, max_value=10**9)
FURNITURE = (
    ["The Riverside Gazette", "News Sport Weather Travel Arts", "Skip to content"],
    [
        "Related",
        "Harbour town votes on a new museum for its fleet",
        "We use cookies to analyse our traffic. By clicking accept you agree to our use of cookies.",
        "Sign up for our free daily newsletter and never miss a story.",
        "Copyright 2025 The Riverside Gazette. All rights reserved.",
    ],
)


def text_of(paragraphs: list[str]) -> str:
    return "\n".join(paragraphs)


def words_in(paragraphs: list[str]) -> int:
    return sum(len(paragraph.split()) for paragraph in paragraphs)


@given(seed=SEEDS, dropped=st.sets(st.integers(min_value=0, max_value=9), max_size=8))
def test_a_text_with_paragraphs_dropped_is_a_copy_or_an_excerpt(write_prose, seed, dropped):
    whole = write_prose(seed, 10)
    part = [paragraph for n, paragraph in enumerate(whole) if n not in dropped]
    evidence = relate(text_of(part), text_of(whole))
    assert evidence is not None
    kept = words_in(part) / words_in(whole)
    assert evidence.score == 1
    assert evidence.resemblance == pytest.approx(kept)
    if kept >= 0.75:
        assert evidence.kind is RelationKind.COPY
    elif kept < 0.6:
        assert evidence.kind is RelationKind.EXCERPT


@given(seed=SEEDS, added=st.integers(min_value=0, max_value=12))
def test_a_text_with_paragraphs_added_is_a_copy_or_extended(write_prose, seed, added):
    whole = write_prose(seed, 20)
    story, more = whole[:8], whole[8 : 8 + added]
    longer = [*story[:4], *more, *story[4:]]
    evidence = relate(text_of(longer), text_of(story))
    assert evidence is not None
    if words_in(more) <= words_in(story) / 4:
        assert evidence.kind is RelationKind.COPY
    elif words_in(more) > 0.7 * words_in(story):
        assert evidence.kind is RelationKind.EXTENDED


@given(seed=SEEDS, sizes=st.tuples(*[st.integers(min_value=0, max_value=9)] * 4))
def test_the_other_side_says_the_same_turned_round(write_prose, seed, sizes):
    shared = write_prose(seed, 6)
    a, b, c, d = sizes
    one = text_of([*write_prose(seed + 1, a), *shared, *write_prose(seed + 2, b)])
    other = text_of([*write_prose(seed + 3, c), *shared[::-1], *write_prose(seed + 4, d)])
    evidence, turned = relate(one, other), relate(other, one)
    assert (evidence is None) == (turned is None)
    assert evidence is None or evidence.turned() == turned


@given(seed=SEEDS, keep=st.integers(min_value=3, max_value=8), is_furnished=st.tuples(st.booleans(), st.booleans()))
def test_furniture_around_does_not_matter(write_prose, seed, keep, is_furnished):
    story = write_prose(seed, 8)
    plain = [story[:keep], story]
    top, bottom = FURNITURE
    dressed = [[*top, *text, *bottom] if dress else text for text, dress in zip(plain, is_furnished, strict=True)]
    bare, evidence = relate(*map(text_of, plain)), relate(*map(text_of, dressed))
    assert bare is not None
    assert evidence is not None
    assert (bare.kind, bare.share, bare.other_share) == (evidence.kind, evidence.share, evidence.other_share)


@given(seed=SEEDS, size=st.integers(min_value=1, max_value=30), other_size=st.integers(min_value=1, max_value=30))
def test_unrelated_texts_never_relate(write_prose, seed, size, other_size):
    assert relate(text_of(write_prose(seed, size)), text_of(write_prose(seed + 1, other_size))) is None


@given(seed=SEEDS)
def test_two_pages_with_the_same_furniture_are_not_related(write_prose, seed):
    top, bottom = FURNITURE
    pages = [text_of([*top, *write_prose(seed + n, 1), *bottom]) for n in range(2)]
    assert relate(*pages) is None


@given(seed=SEEDS, rate=st.floats(min_value=0, max_value=0.12))
def test_edited_words_leave_a_copy(write_prose, seed, rate):
    """An editor may change every eighth word; common words are no facts."""
    story = write_prose(seed, 8)
    rng = random.Random(seed)
    edited = [
        " ".join("edited" if word.islower() and rng.random() < rate else word for word in line.split())
        for line in story
    ]
    evidence = relate(text_of(edited), text_of(story))
    assert evidence is not None
    assert evidence.kind is RelationKind.COPY


@given(seed=SEEDS, left=st.integers(min_value=0, max_value=6), right=st.integers(min_value=0, max_value=6))
def test_the_passage_quotes_equal_words(write_prose, seed, left, right):
    shared = write_prose(seed, 3)
    one = text_of([*write_prose(seed + 1, left), *shared[:2], "Advertisement", shared[2]])
    other = text_of([shared[0], *write_prose(seed + 2, right), *shared[1:]]).upper()
    evidence = relate(one, other)
    assume(evidence is not None)
    at = evidence.passage
    quote, other_quote = one[at.start : at.end], other[at.other_start : at.other_end]
    assert tokenize(quote).folded == tokenize(other_quote).folded
    assert len(quote.split()) >= 14


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_notices_with_different_facts_are_no_copies(one, other):
    assert relate(one, other) is None
    assert relate(other, one) is None


@pytest.mark.parametrize("notice", TEXTS)
def test_a_notice_reprinted_word_for_word_is_a_copy(notice):
    """In every language and script, also inside the furniture of a page."""
    top, bottom = FURNITURE
    evidence = relate(text_of([*top, notice, *bottom]), notice)
    assert evidence is not None
    assert (evidence.kind, evidence.score) == (RelationKind.COPY, 1)


@pytest.mark.parametrize("notice", TEXTS)
def test_upper_case_and_broken_lines_do_not_matter(notice):
    upper = relate(notice.upper(), notice)
    assert upper is not None
    assert upper.kind is RelationKind.COPY
    if " " in notice and "\n" not in notice:
        words = notice.split(" ")
        broken = relate("\n".join(" ".join(words[n : n + 9]) for n in range(0, len(words), 9)), notice)
        assert broken is not None
        assert broken.score >= MIN_SHARE


def test_one_changed_figure_in_a_long_text_is_a_revision(write_prose):
    story = write_prose(5, 16)
    story[3] += " The alliance has 30 member countries and one budget."
    corrected = [line.replace("30 member", "32 member") for line in story]
    evidence = relate(text_of([*corrected, "Correction: an earlier version gave a wrong number."]), text_of(story))
    assert evidence is not None
    assert evidence.kind is RelationKind.REVISION
    assert evidence.conflicts.figures == 1


def test_a_spelling_is_no_other_name(write_prose):
    story = [line + " Volodymyr Zelenskyy said so on Monday." for line in write_prose(5, 8)]
    other = [line.replace("Zelenskyy", "Zelensky") for line in story]
    evidence = relate(text_of(other), text_of(story))
    assert evidence is not None
    assert (evidence.kind, evidence.conflicts.total) == (RelationKind.COPY, 0)


def test_a_quoted_paragraph_is_no_copy(write_prose):
    quoted = write_prose(1, 8)
    assert relate(text_of([*write_prose(2, 8), quoted[3]]), text_of(quoted)) is None


BRIDGE = [
    "The new bridge over the Danube was closed to heavy lorries on Monday after engineers found cracks in two pylons.",
    "Cars may still cross the Danube, but drivers must keep to thirty kilometres an hour, the bridge authority said.",
    "Engineers will examine the remaining pylons with ultrasound; repairs of the cracks could take until September.",
    "Hauliers complained about detours of eighty kilometres and asked the authority for a ferry at the old crossing.",
]
HARVEST = [
    "Wine growers in the hills above the lake expect the smallest harvest in three decades because of frost in April.",
    "Growers had lit thousands of candles between the vines, yet temperatures fell to minus six degrees twice.",
    "Red grapes suffered most, while late varieties of white grapes sprouted again and may still ripen, experts hope.",
    "The regional government promised loans without interest to growers whose vines were damaged by the frost.",
]


def test_two_stories_in_a_page_make_it_a_composite():
    """They speak of different things, wherever the known one stands."""
    both = text_of([*BRIDGE, *HARVEST])
    assert relate(both, text_of(HARVEST)).kind is RelationKind.COMPOSITE
    assert relate(both, text_of(BRIDGE)).kind is RelationKind.COMPOSITE
    assert relate(text_of(HARVEST), both).kind is RelationKind.COMPOSITE


def test_the_beginning_of_a_story_is_an_excerpt():
    """The rest goes on to speak of the same."""
    assert relate(text_of(BRIDGE[:2]), text_of(BRIDGE)).kind is RelationKind.EXCERPT
    assert relate(text_of(BRIDGE), text_of(BRIDGE[2:])).kind is RelationKind.EXTENDED


def test_a_live_blog_that_went_on_is_a_revision(write_prose):
    entries = [f"{9 + n}:{15 + n} {line}" for n, line in enumerate(write_prose(1, 8))]
    assert relate(text_of(entries[::-1]), text_of(entries[4::-1])).kind is RelationKind.REVISION


@pytest.mark.parametrize("text", ["", "One.", "word " * 5000, "1 2 3 " * 3000, "的" * 20_000, ". " * 9000])
def test_strange_texts_are_compared_in_bounded_time(text):
    """No law but that it ends: cost grows with the length, whatever repeats."""
    relate(text, text)
    relate(text, "word 1 的 " * 2000)
