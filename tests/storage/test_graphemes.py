"""Where a text may be cut without breaking what people see as one character."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.searching.graphemes import is_border


@pytest.mark.parametrize(
    "character",
    [
        "e\u0301",
        "กำ",
        "ไท",
        "น้ำ",
        "ກຳ",
        "क्षि",
        "நி",
        "👨‍👩‍👧",
        "👍🏽",
        "🇺🇦",
        "각",
        "\u1100\u1161\u11a8",
        "가\u11a8",
        "\r\n",
        "☎\ufe0f",
        "ש\u05c1",
        "ｶ\uff9e".replace("\uff9e", "\u3099"),
    ],
)
def test_no_cut_within_what_is_seen_as_one(character):
    text = f"a{character}b"
    assert [at for at in range(len(text) + 1) if is_border(text, at)] == [0, 1, len(text) - 1, len(text)]


@pytest.mark.parametrize("text", ["ab", "漢字", "ทก", "🇺🇦🇵🇱"[:4], "кр", "한국", "😀😀", "ก ข"])
def test_a_cut_between_others(text):
    middle = len(text) // 2
    assert is_border(text, middle)


@given(st.text(max_size=20))
def test_ends_are_borders_and_marks_follow_none(text):
    assert is_border(text, 0)
    assert is_border(text, len(text))
    for at in range(1, len(text)):
        if unicodedata.category(text[at]) in {"Mn", "Mc", "Me"}:
            assert not is_border(text, at)
