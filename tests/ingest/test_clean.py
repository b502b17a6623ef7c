from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clean import MAX_LINE, clean_line, clean_text

# Also what `st.text()` leaves out: lone surrogates.
ANY_TEXT = st.text(st.characters(exclude_categories=()))
HOSTILE = st.text(
    st.sampled_from("ab \t\n\r\x00\x0b\x0c\x1b\x7f\x85\x9d\xa0\u061c\u200e\u2028\u202e\u2066\ufeff\ud800")
)


def harmless(text: str) -> bool:
    return all(
        unicodedata.category(sign) not in {"Cc", "Cs"} and unicodedata.bidirectional(sign) not in BIDI_CONTROLS
        for sign in text
    )


BIDI_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


@given(ANY_TEXT | HOSTILE)
def test_cleaned_text_holds_nothing_harmful_and_can_be_encoded(text):
    cleaned = clean_text(text)
    assert harmless(cleaned.replace("\n", "").replace("\t", ""))
    assert cleaned.encode().decode() == cleaned


@given(ANY_TEXT | HOSTILE)
def test_a_second_cleaning_changes_nothing(text):
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@given(ANY_TEXT | HOSTILE, st.integers(0, 20))
def test_a_line_is_one_line_within_its_limit(text, limit):
    line = clean_line(text, limit)
    assert harmless(line)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert clean_line(line, limit) == line


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_comes_back_unchanged(text):
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("one\u2028two\u2029three\x0bfour\x0cfive", "one\ntwo\nthree\nfour\nfive"),
        ("one\n\n \n\t\n  two", "one\n\n  two"),
        ("tab\tstays", "tab\tstays"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\x00b\x9dc\x7fd", "abcd"),
        ("evil\u202egnp.exe \u2066x\u2069 \u200e\u200f\u061c", "evilgnp.exe x"),
        ("\ufeffmark \ud800 \ufffe \U0001ffff \ufdd0", "mark"),
        # Joiners and soft hyphens are part of words in Persian, Hindi and German.
        ("می\u200cخواهم Zwil\u00adling", "می\u200cخواهم Zwil\u00adling"),
    ],
)
def test_what_is_dropped_and_what_stays(text, cleaned):
    assert clean_text(text) == cleaned


def test_a_long_line_is_cut_without_a_space_at_its_end():
    assert clean_line("ab cd", 3) == "ab"
    assert len(clean_line("x" * 5000)) == MAX_LINE
