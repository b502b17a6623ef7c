"""Who comes first among those that share hashes."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.ranking import FEW_HASHES, LEAST_SHARED, NEWEST_PER_HASH, Ranked, least_shared, rank

OWNERS = st.lists(st.lists(st.integers(1, 200), max_size=80, unique=True), max_size=20)


def test_what_few_have_counts_more():
    common = [[1, 2, 3, 4, 5, 6]] * 3
    rare = [[7], [7]]
    assert rank([*common, *rare], 5)[0] == Ranked(7, 2)


def test_of_equal_ones_the_newest_comes_first():
    assert rank([[1, 2], [1, 2]], 2) == [Ranked(2, 2), Ranked(1, 2)]


def test_a_single_hash_of_many_is_chance():
    assert rank([[1], [2], [2]], FEW_HASHES + 1) == [Ranked(2, 2)]
    assert rank([[1]], FEW_HASHES) == [Ranked(1, 1)]
    assert (least_shared(FEW_HASHES), least_shared(FEW_HASHES + 1)) == (1, LEAST_SHARED)


@given(OWNERS, st.integers(0, 30))
def test_it_counts_the_newest_of_each_hash_and_forgets_none(owners, hashes):
    newest = [sorted(having)[-NEWEST_PER_HASH:] for having in owners]
    counts = Counter(owner for having in newest for owner in having)
    expected = {owner: count for owner, count in counts.items() if count >= least_shared(hashes)}
    found = rank(owners, hashes)
    assert dict(found) == expected
    assert len(found) == len(expected)
    assert rank([having[::-1] for having in owners[::-1]], hashes) == found
