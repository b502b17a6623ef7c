"""The passage of an article that shows best why a search found it."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.searching.graphemes import is_border
from storage.searching.snippets import CUT, MOST_CHARACTERS, WORDS, cut_passage

PROSE = " ".join(f"word{number}" for number in range(200))


def spans_of(pattern, text):
    return [found.span() for found in re.finditer(pattern, text)]


def shown(text, spans):
    """The passage with its hits in brackets."""
    passage = cut_passage(text, spans)
    out, at = "", 0
    for start, end in passage.marks:
        out += f"{passage.text[at:start]}[{passage.text[start:end]}]"
        at = end
    return out + passage.text[at:]


def test_a_short_text_is_shown_whole():
    assert shown("Grain leaves the Black Sea.", [(17, 26)]) == "Grain leaves the [Black Sea]."


def test_a_long_text_is_cut_at_words_on_both_sides():
    told = shown(PROSE, spans_of("word100", PROSE))
    assert told.startswith("…word8")
    assert told.endswith("…")
    assert "[word100]" in told
    words = told.strip("…").split(" ")
    assert len(words) == WORDS
    assert all(re.fullmatch(r"\[?word\d+\]?", word) for word in words)


def test_at_an_end_the_other_side_gets_what_is_left():
    assert shown(PROSE, spans_of("word0 ", PROSE)) == "[word0 ]" + " ".join(f"word{n}" for n in range(1, 30)) + "…"
    assert shown(PROSE, spans_of("word199", PROSE)).startswith("…word170 ")


def test_the_best_cluster_has_the_most_different_words():
    text = f"grain grain grain {PROSE} grain {PROSE} grain and ships {PROSE}"
    told = shown(text, spans_of("grain|ships", text))
    assert "[grain] and [ships]" in told


def test_of_equal_clusters_the_first_is_shown():
    text = f"{PROSE} one grain {PROSE} two grain {PROSE}"
    assert "one [grain]" in shown(text, spans_of("grain", text))


def test_without_hits_it_is_the_beginning():
    passage = cut_passage(PROSE, [])
    assert (passage.start, passage.marks) == (0, ())
    assert passage.text.startswith("word0 word1 ")
    assert passage.text.endswith("word29…")
    assert cut_passage("", []).text == ""


def test_it_is_one_line_and_holds_nothing_that_a_terminal_obeys():
    text = "one\r\n\x1b[2Jtwo \u202e\t three\x00\u2028four \ud800five"
    at = text.index("three")
    assert shown(text, [(at, at + 5)]) == "one [2Jtwo [three] four �five"


def test_thai_and_chinese_are_cut_between_characters_and_shown_longer():
    thai = "ราคาทองคำวันนี้ปรับตัวขึ้นตามตลาดโลก" * 10
    at = thai.index("ตลาด", 150)
    told = cut_passage(thai, [(at, at + 4)])
    assert 50 <= len(told.text) <= 150
    assert told.text.startswith(CUT)
    assert is_border(thai, told.start)
    (mark,) = told.marks
    assert told.text[mark.start : mark.end] == "ตลาด"
    assert "[袭击]" in shown("北京发生袭击事件，NATO关注。" * 20, [(4, 6)])


def test_a_word_without_end_is_cut_where_it_may_be():
    text = "x" * 5000 + "needle" + "e\u0301" * 5000
    passage = cut_passage(text, [(5000, 5006)])
    assert "needle" in passage.text
    assert len(passage.text) <= MOST_CHARACTERS + 2
    passage = cut_passage(text, [(0, len(text))])
    assert len(passage.text) <= MOST_CHARACTERS + 2
    assert passage.marks == ((0, len(passage.text) - 1),)


def test_hits_that_overlap_are_one_mark_and_neighbours_are_two():
    assert shown("abc def ghi", [(0, 7), (4, 11)]) == "[abc def ghi]"
    assert shown("北京袭击", [(0, 2), (2, 4)]) == "[北京][袭击]"


CHARACTERS = st.one_of(
    st.sampled_from("abc def\n\t\x00\x1b\u202e\u200d\u0301กำ้าตลาด北京袭击é🇺🇦👍🏽각\ud800 "),
    st.characters(),
)


@given(st.text(CHARACTERS, max_size=900), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 300)), max_size=6))
@settings(max_examples=300, deadline=None)
def test_whatever_the_text_the_passage_keeps_its_promises(text, places):
    spans = sorted({(min(at, len(text)), min(at + length, len(text))) for at, length in places})
    passage = cut_passage(text, spans)
    assert len(passage.text) <= MOST_CHARACTERS + 2 + 100
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in passage.text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", passage.text)
    edges = [at for mark in passage.marks for at in mark]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(passage.text) for start, end in passage.marks)
    assert 0 <= passage.start <= len(text)
    assert is_border(text, passage.start) or "\u0301" * 5 in text or passage.start == 0


@given(st.lists(st.sampled_from(["Crimea", "grain", "the", "of", "Крым", "袭击", "ตลาด"]), min_size=1, max_size=300))
@settings(deadline=None)
def test_marks_show_the_words_that_were_found(words):
    text = " ".join(words)
    spans = spans_of("Crimea|Крым|袭击|ตลาด", text)
    passage = cut_passage(text, spans)
    assert {passage.text[start:end] for start, end in passage.marks} <= {"Crimea", "Крым", "袭击", "ตลาด"}
    assert bool(passage.marks) == bool(spans)
    body = passage.text.removeprefix(CUT).removesuffix(CUT)
    assert text[passage.start :].startswith(body)


@pytest.mark.parametrize("spans", [[(3, 3)], [(0, 0), (3, 3)]])
def test_an_empty_hit_marks_nothing(spans):
    assert cut_passage("abc def", spans).marks == ()
