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


_ROOTS = st.text(alphabet="abesiyxhcu", max_size=5)
_ENDINGS = st.sampled_from(["", "s", "es", "ies", "y", "ys", "ss", "sses", "xes", "ches", "shes", "us", "e"])


@given(_ROOTS, _ENDINGS, _ENDINGS)
def test_the_forms_of_a_word_are_just_the_words_of_the_same_singular(root, ending, other_ending):
    word, other = root + ending, root + other_ending
    found = forms(word)
    assert found[0] == word
    assert len(set(found)) == len(found)
    assert {singular(form) for form in found} == {singular(word)}
    assert (singular(other) == singular(word)) is (other in found)
