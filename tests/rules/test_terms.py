"""Words as written: plurals, prefixes and wildcards."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.characters import CLASSES, SEPARATOR
from rules.errors import Problem
from rules.terms import _ORDINARY, Place, read_bare, read_phrase
from rules.text import tokenize
from rules.tree import Wildcard, Words


def _bare(text, *, is_exact=False):
    return read_bare(text, Place(0, len(text), is_exact))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("immobili?ed", "immobili?ed"),
        ("*kraine", "*kraine"),
        ("mili*ry", "mili*ry"),
        ("??abc*d", "??abc*d"),
        ("Зелен?кий", "Зелен?кий"),
        ("F?16s", "F?16s"),
        ("ﬁn?nce", "fin?nce"),
        ("mo\u00adbi*ed\u00ad?", "mobi*ed?"),
        ("e\u0301cla?r", "\u00e9cla?r"),
        ("*크림*", None),
        ("*크림반*", "*크림반*"),
    ],
)
def test_wildcards_hold_nothing_but_letters_digits_and_marks(text, cleaned):
    read = _bare(text)
    if cleaned is None:
        assert isinstance(read, Problem)
    else:
        assert read == Wildcard(text=cleaned)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a*b", "too few letters for a wildcard: a*b has 2"),
        ("a*", "too few letters before the * in a*"),
        ("*", "* without letters"),
        ("re-arm?", "wildcard in more than one word: re-arm?"),
        ("Cri*мея", "wildcard in more than one word: Cri*мея"),
        ("l'*", "* must end a word"),
        ("x" * 100 + "-?", f"wildcard in more than one word: {'x' * 59}…"),
        ("asset*~", "~ cannot stand with = or a wildcard"),
    ],
)
def test_wildcards_that_may_not_stand_are_told_with_the_reason(text, message):
    problem = _bare(text)
    assert (problem.code, problem.message) == ("E203", message)
    assert problem.remedy


@pytest.mark.parametrize("text", ["asset~", "air-strike~", "U.S.-strike~", "АЭС~", "O'Brien~"])
def test_plurals_are_kept_as_tokens(text):
    read = _bare(text)
    assert read.is_plural
    assert not read.is_exact
    assert not read.is_prefix
    assert read.tokens.exact == tokenize(text[:-1]).exact


def test_a_phrase_knows_no_sign_but_a_star_at_its_end():
    assert read_phrase(" frozen  asset* ", Place(0, 16, is_exact=True)) == Words(
        text="frozen asset", is_exact=True, is_prefix=True
    )
    assert read_phrase("asset~", Place(0, 8, is_exact=False)) == Words(text="asset~")
    for text in ("immobili?ed", "* assets", "what now?", "fro* assets*"):
        assert read_phrase(text, Place(0, 9, is_exact=False)).code == "E203"


# Laws


@given(st.text())
@example("'s")
@example("ʼ")
def test_ordinary_characters_make_a_token(text):
    assert not _ORDINARY.search(text) or len(tokenize(text)) > 0


@given(st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("**??aé\u0301ʼй1.-"), min_size=1))
def test_what_is_read_from_a_wildcard_is_read_again(text):
    read = _bare(text.replace("~", ""))
    if isinstance(read, Wildcard):
        assert _bare(read.text) == read
        assert all(c in "*?" or CLASSES[c] != SEPARATOR for c in read.text)
        assert sum(map(str.isalnum, read.text)) >= 3


@given(st.text(st.characters(exclude_characters="*?") | st.sampled_from("aé-. 1"), min_size=1))
def test_what_is_read_from_a_plural_is_read_again(text):
    read = _bare(text + "~")
    if isinstance(read, Words):
        assert _bare(read.text + "~") == read
        assert read.tokens.exact == tokenize(text).exact
