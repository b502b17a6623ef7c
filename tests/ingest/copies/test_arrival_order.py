"""The order of arrival does not change which articles are related, only who leads."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.copies.memory import CopyIndex
from ingest.copies.model import TURNED
from ingest.reading import read_given_text

T0 = datetime(2026, 1, 5, tzinfo=UTC)
SEEDS = st.integers(min_value=0, max_value=10**9)
NOTICE = (
    "A lorry driver was injured on the road near {} on Monday when his lorry left the lane and hit {} trees.",
    "Firefighters freed the man from the cab, and he was taken to hospital by helicopter with injuries to both legs.",
    "The road was closed for three hours, and police ask witnesses who saw the lorry before to call the station.",
)


def write_documents(write_prose, seed: int) -> list[str]:
    """Copies, excerpts, extended versions, pages that join two stories, strangers and notices from a template."""
    rng = random.Random(seed)
    first, second = write_prose(seed, 7), write_prose(seed + 1, 6)
    texts = [
        first,
        second,
        [*first[:4], *write_prose(seed + 2, rng.randrange(4)), *first[4:]],
        first[: rng.randrange(2, 7)],
        rng.sample(first, k=5),
        [*first, *second],
        [*write_prose(seed + 3, 5), first[0]],
        [line.format("Granby", 3) for line in NOTICE],
        [line.format("Dublin", 2) for line in NOTICE],
        [line.format("Granby", 3) for line in NOTICE[:2]],
    ]
    return ["\n".join(text) for text in texts]


def relations(texts: list[str], order: list[int]) -> dict[frozenset[int], str]:
    """Of each pair that is related, what the one with the higher number is to the other."""
    index = CopyIndex(window=timedelta(days=1))
    found = {}
    for n in order:
        reading = read_given_text(url=f"https://site{n}.example/", source=None, title=f"Page {n}", text=texts[n])
        for relation in index.place(reading, at=T0).relations:
            to = order[relation.to - 1]
            found[frozenset((n, to))] = relation.kind if n > to else TURNED.get(relation.kind, relation.kind)
    return found


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, order=st.permutations(range(10)))
def test_the_same_pairs_are_related_whatever_comes_first(write_prose, seed, order):
    texts = write_documents(write_prose, seed)
    told = relations(texts, list(range(10)))
    assert {frozenset((0, 2)), frozenset((0, 3)), frozenset((0, 5)), frozenset((1, 5)), frozenset((7, 9))} <= set(told)
    assert not {frozenset((0, 1)), frozenset((0, 6)), frozenset((7, 8)), frozenset((8, 9))} & set(told)
    assert set(relations(texts, order)) == set(told)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_second_run_over_the_same_documents_says_the_same(write_prose, seed):
    texts = write_documents(write_prose, seed)
    assert relations(texts, list(range(10))) == relations(texts, list(range(10)))
