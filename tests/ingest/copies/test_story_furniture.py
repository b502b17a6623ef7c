"""Articles placed with what is known of their sites' furniture: the evidence still leads back to the stored texts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.model import Candidate, Candidates, RelationKind
from ingest.copies.story import place
from ingest.reading import read_given_text
from rules.text import tokenize

SEEDS = st.integers(min_value=0, max_value=10**9)
NOTES = ("Tarnby has {} wells.", "On Monday {} men came.", "See https://a.example/x？n={} there.", "…", "The end！")


def read(text: str):
    return read_given_text(url="https://one.example/1", source="one.example", title="", text=text)


def candidate(text: str, hashes: tuple[int, ...]) -> Candidate:
    shared = len(set(take_fingerprint(text).hashes) & set(hashes))
    return Candidate(article_id=7, story_id=7, is_lead=True, source="two.example", title="", text=text, shared=shared)


def place_among(text: str, other: str, *furniture: str):
    new = read(text)
    row = candidate(read(other).article.text, new.fingerprint.hashes)
    known = frozenset(number for each in furniture for number in take_fingerprint(each).hashes)
    return new.article.text, row.text, place(new, Candidates(rows=(row,), seen=0, furniture=known))


@given(seed=SEEDS)
def test_evidence_quotes_the_stored_texts(write_prose, seed):
    """Whatever was left out of the two, and wherever in a paragraph it stood."""
    rng = random.Random(seed)
    story, appeals = write_prose(seed, 5), write_prose(seed + 1, 4)
    pages = []
    for _ in range(2):
        lines = []
        for line in story:
            parts = [line, rng.choice(NOTES).format(rng.randrange(100)), *rng.sample(appeals, k=rng.randrange(3))]
            rng.shuffle(parts)
            lines.append(rng.choice((" ", "\n", "\n\n")).join(parts))
        pages.append("\n".join(lines))
    one, other, placement = place_among(*pages, *appeals)
    for relation in placement.relations:
        at = relation.passage
        assert 0 <= at.start < at.end <= len(one)
        assert 0 <= at.other_start < at.other_end <= len(other)
        quote, other_quote = one[at.start : at.end], other[at.other_start : at.other_end]
        assert tokenize(quote).folded == tokenize(other_quote).folded
        for slot in relation.slots:
            assert 0 <= slot.start < slot.end <= len(one)
            assert 0 <= slot.other_start < slot.other_end <= len(other)
            facts = one[slot.start : slot.end], other[slot.other_start : slot.other_end]
            assert facts[0] == facts[0].strip()
            assert tokenize(facts[0]).folded != tokenize(facts[1]).folded
        assert 0 <= relation.share <= 1
        assert 0 <= relation.other_share <= 1


@pytest.mark.parametrize("is_other", [False, True])
def test_furniture_is_compared_on_neither_side(write_prose, is_other):
    story, appeal = write_prose(1, 6), write_prose(2, 4)
    pages = ["\n".join(story), "\n".join([*story[:2], *appeal, *story[2:]])]
    (before,) = place_among(*(pages[::-1] if is_other else pages))[2].relations
    assert min(before.share, before.other_share) < 0.8
    (relation,) = place_among(*(pages[::-1] if is_other else pages), "\n".join(appeal))[2].relations
    assert relation.kind is RelationKind.COPY
    assert min(relation.share, relation.other_share) > 0.9
    assert max(relation.share, relation.other_share) == 1


def test_pages_that_share_only_furniture_are_not_related(write_prose):
    appeal = write_prose(3, 5)
    pages = ["\n".join([*write_prose(seed, 1), *appeal]) for seed in (1, 2)]
    assert place_among(*pages)[2].relations
    assert place_among(*pages, "\n".join(appeal))[2].relations == ()
