"""English plurals as RULES.md has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.plural import forms, singular


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("assets", "asset"),
        ("countries", "country"),
        ("crashes", "crash"),
        ("taxes", "tax"),
        ("glasses", "glass"),
        ("churches", "church"),
        ("gas", "gas"),
        ("gases", "gase"),
        ("crisis", "crisis"),
        ("virus", "virus"),
        ("press", "press"),
        ("us", "us"),
        ("s", "s"),
        ("", ""),
    ],
)
def test_singular(word, expected):
    assert singular(word) == expected


_WORDS = st.text(alphabet="abesiyxhcu", max_size=7)


@given(_WORDS, _WORDS)
def test_the_forms_of_a_word_are_just_the_words_of_the_same_singular(word, other):
    found = forms(word)
    assert found[0] == word
    assert len(set(found)) == len(found)
    assert {singular(form) for form in found} == {singular(word)}
    assert (singular(other) == singular(word)) is (other in found)
