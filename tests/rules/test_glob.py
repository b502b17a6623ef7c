"""Wildcards within a word, against the standard library's reading of them."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.glob import longest_piece, matches_glob


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=10))
def test_as_the_standard_library_has_it(pattern, word):
    assert matches_glob(pattern, word) is fnmatch.fnmatchcase(word, pattern)


def test_a_hostile_pattern_takes_no_exponential_time():
    assert not matches_glob("*a" * 30 + "b", "a" * 2_000)


@given(st.text(alphabet="ab*?", min_size=1, max_size=8), st.text(alphabet="ab", min_size=1, max_size=10))
def test_the_longest_piece_is_in_every_word_that_matches(pattern, word):
    if pattern.strip("*?") and matches_glob(pattern, word):
        assert longest_piece(pattern) in f" {word} "


@pytest.mark.parametrize(("pattern", "piece"), [("a?bcd", "bcd "), ("*bc*", "bc"), ("abc*e", " abc")])
def test_longest_piece(pattern, piece):
    assert longest_piece(pattern) == piece
