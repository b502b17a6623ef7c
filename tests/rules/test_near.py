"""NEAR and BEFORE agree with trying every choice of occurrences."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.near import find_near

SPANS = st.tuples(st.integers(0, 12), st.integers(1, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def all_choices(operands, gap, *, is_ordered):
    """The definition, word for word."""
    for choice in product(*operands):
        if any(a[0] < b[1] and b[0] < a[1] for a, b in combinations(choice, 2)):
            continue
        if is_ordered and list(choice) != sorted(choice):
            continue
        last = max(choice)
        if all(last[0] - span[1] <= gap for span in choice if span != last):
            yield min(choice)[0], last[1]


@given(st.lists(st.lists(SPANS, max_size=4), min_size=2, max_size=4), st.integers(0, 5), st.booleans())
@settings(max_examples=400)
def test_near_finds_just_what_trying_everything_finds(operands, gap, is_ordered):
    found = set(find_near(operands, gap, is_ordered=is_ordered))
    assert found == set(all_choices(operands, gap, is_ordered=is_ordered))


@pytest.mark.parametrize(
    ("operands", "gap", "is_ordered", "found"),
    [
        # The first of two phrases that could serve overlaps the other operand; the second does not.
        ([[(0, 2), (4, 6)], [(1, 2)]], 3, False, {(1, 6)}),
        # One occurrence cannot stand for two operands.
        ([[(3, 4)], [(3, 4)]], 9, False, set()),
        ([[(3, 4), (5, 6)], [(3, 4), (5, 6)]], 9, False, {(3, 6)}),
        # Of two ways to place the second and third operand, only the one that ends earlier leaves room for the fourth.
        ([[(0, 1)], [(1, 2), (3, 5)], [(2, 3)], [(3, 4)], [(5, 6)]], 4, False, {(0, 6)}),
        ([[(5, 6)], [(3, 4)]], 9, True, set()),
        ([[(3, 4)], [(5, 6)]], 1, True, {(3, 6)}),
        ([[(3, 4)], [(5, 6)]], 0, True, set()),
        ([[(0, 1)], []], 9, False, set()),
    ],
)
def test_near_by_example(operands, gap, is_ordered, found):
    assert set(find_near(operands, gap, is_ordered=is_ordered)) == found


def test_many_occurrences_are_no_trouble():
    """Trying all choices of these would not end within the time limit of a test."""
    places = [[(i, i + 1) for i in range(k, 3000, 8)] for k in range(8)]
    assert next(find_near(places, 6), None) is not None
    assert next(find_near(places, 5), None) is None


def test_nor_are_operands_that_are_near_but_too_few():
    """Of 40,000 words each is near 1,000 others; no choice will do, and trying them one by one takes minutes."""
    names = [(i, i + 1) for i in range(0, 40_000, 1_001)]
    words = [[(i, i + 1) for i in range(k, 40_000, 2)] for k in (0, 1)]
    assert next(find_near([*words, names, names], 900), None) is None
