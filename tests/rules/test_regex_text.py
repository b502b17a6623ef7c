"""The text that regexes read, and the way back to the text as given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.characters import CHARACTERS
from rules.regex_text import normalise_literal, read_for_regex, strip_removed

ALPHABET = (
    "aAeEıİßſk\u212aéÉøœŉ \t\n.,'’´`…½²①ªﬁﷺ€$￡￦™®℃㎞😀⇍⇐ЖйїΆάｶﾞ゙กิำ้ຳগো가각\u1100\u1161\u11a8مُّﺎאָשּ𝅗𝅥한"
    "\u0300\u0301\u0308\u0323\u0331\u0338\u20e3\u00ad\u200b\u200d\ufe0f\ufeff\u0345\u09c7\u09be"
)
TEXTS = st.text(st.one_of(st.sampled_from(ALPHABET), st.characters()), max_size=24)


@pytest.mark.parametrize(
    ("given_text", "read"),
    [
        ("plain ASCII, $5", "plain ASCII, $5"),
        ("€5 bn – “so”", "€5 bn – “so”"),
        ("Acme™ ®", "Acme™ ®"),
        ("ﬁnds ＮＡＴＯ\u00a0№", "finds NATO №"),
        ("Cri\u00admea\ufeff 5\ufe0f", "Crimea 5"),
        ("e\u0301", "é"),
        ("e\u00ad\u0301", "é"),
        ("™\u0301", "™\u0301"),
        ("￡5 ￦7", "£5 ₩7"),  # variants of symbols
        ("1½…", "11⁄2..."),
        ("", ""),
    ],
)
def test_text_is_nfkc_with_symbols_kept(given_text, read):
    assert read_for_regex(given_text).text == read


def test_ascii_and_normal_text_is_itself():
    for text in ("a" * 1000, "“Крым” – €5", "日本 ไทย"):
        seen = read_for_regex(text)
        assert seen.text is text
        assert not seen.changes
        assert seen.span(2, 4) == (2, 4)


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("a ﬁne day", "i", "ﬁ"),
        ("a ﬁne day", "ne", "ne"),
        ("Cri\u00admea was", "Crimea", "Cri\u00admea"),
        ("Cri\u00admea was", "was", "was"),
        ("Crimea\u00ad was", "Crimea", "Crimea"),
        ("\u00adCrimea was", "Crimea", "Crimea"),
        ("se\u0301e me", "é", "e\u0301"),
        ("se\u0301e me", "e m", "e m"),
        ("1½ m", "2 m", "½ m"),
        ("x\u200b\u200by", "y", "y"),
    ],
)
def test_places_are_those_of_the_text_as_given(text, wanted, found):
    seen = read_for_regex(text)
    start = seen.text.index(wanted)
    start, end = seen.span(start, start + len(wanted))
    assert text[start:end] == found


@given(TEXTS)
def test_without_symbols_it_is_nfkc(text):
    text = "".join(c for c in text if unicodedata.category(c) not in {"So", "Sc"})
    assert read_for_regex(text).text == unicodedata.normalize("NFKC", strip_removed(text))


@given(TEXTS)
def test_however_the_text_is_composed_it_reads_the_same(text):
    seen = read_for_regex(text).text
    assert read_for_regex(unicodedata.normalize("NFD", text)).text == seen
    assert read_for_regex(unicodedata.normalize("NFC", text)).text == seen
    assert read_for_regex(seen).text == seen
    assert normalise_literal(text) == seen


@given(TEXTS, st.data())
def test_a_span_holds_what_was_found_and_starts_where_characters_do(text, data):
    seen = read_for_regex(text)
    if not seen.text:
        return
    start = data.draw(st.integers(0, len(seen.text) - 1))
    end = data.draw(st.integers(start + 1, len(seen.text)))
    first, last = seen.span(start, end)
    assert 0 <= first < last <= len(text)
    assert seen.text[start:end] in read_for_regex(text[first:last]).text
    # Growing a stretch never moves its ends inwards.
    whole = seen.span(0, len(seen.text))
    assert whole[0] <= first
    assert last <= whole[1]


@given(TEXTS, st.data())
def test_spans_name_the_same_characters_in_composed_and_decomposed_text(text, data):
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    seen, other = read_for_regex(composed), read_for_regex(decomposed)
    if not seen.text:
        return
    start = data.draw(st.integers(0, len(seen.text) - 1))
    end = data.draw(st.integers(start + 1, len(seen.text)))
    # Marks in another order make the decomposed stretch the longer one, by what stands on the same letter.
    assert _widen(composed, seen.span(start, end)) == _widen(decomposed, other.span(start, end))


def _widen(text: str, span: tuple[int, int]) -> str:
    """The stretch with all that combines with its first and last character, composed."""
    start, end = span
    while start and not _begins(text[start]):
        start -= 1
    while end < len(text) and not _begins(text[end]):
        end += 1
    return unicodedata.normalize("NFC", strip_removed(text[start:end]))


def _begins(char: str) -> bool:
    return bool(CHARACTERS[char].expansion) and not CHARACTERS[char].joins


def test_very_many_marks_cost_linear_time_and_stay_in_place():
    text = "a" + "\u0301\u0323" * 50_000 + "b"
    seen = read_for_regex(text)
    assert seen.text.startswith("ạ")
    assert seen.span(len(seen.text) - 1, len(seen.text)) == (len(text) - 1, len(text))


def test_folded_is_casefolded():
    assert read_for_regex("STRAẞE ﬁ").folded == "strasse fi"
