"""What was cut, added and changed is told by sentence, completely, and the same from both sides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies import difference
from ingest.copies.difference import Op, compare
from rules.text import tokenize

WORDS = (
    "Five",
    "people",
    "died",
    "in",
    "Odesa",
    "7",
    "Mr",
    "U.S.",
    "officials",
    "said",
    "五人",
    "死亡",
    "ข่าว",
    "***",
    "(",
    "died)",
    "“Mr",
)
ENDS = (". ", "! ", ".\n", "\n", "\n\n", " ", "。", "…” ", ".) ", "\u2028")
sentences = st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=6), st.sampled_from(ENDS)), max_size=8).map(
    lambda parts: "".join(" ".join(words) + end for words, end in parts)
)
texts = sentences | st.text(max_size=60)


def told(one, other):
    return [(change.op.value, change.text, change.other_text) for change in compare(one, other)]


def without_space(text):
    return "".join(text.split())


@given(texts, texts)
def test_the_changes_give_back_both_texts_in_order(one, other):
    changes = compare(one, other)
    assert "".join(without_space(change.text) for change in changes) == without_space(one)
    assert "".join(without_space(change.other_text) for change in changes) == without_space(other)
    for change in changes:
        assert one[change.start : change.end] == change.text
        assert other[change.other_start : change.other_end] == change.other_text
        assert bool(change.text) == (change.op is not Op.ADDED)
        assert bool(change.other_text) == (change.op is not Op.CUT)
        for each in change.replaced:
            assert one[each.start : each.end] == each.text
            assert other[each.other_start : each.other_end] == each.other_text
            assert change.start <= each.start < each.end <= change.end


@given(texts)
def test_a_text_is_the_same_as_itself(text):
    assert {change.op for change in compare(text, text)} <= {Op.SAME}


TURNED = {"cut": "added", "added": "cut", "same": "same", "changed": "changed"}


@given(texts, texts)
def test_the_other_way_round_everything_is_turned_round(one, other):
    turned = [(TURNED[op], other_text, text) for op, text, other_text in told(other, one)]
    assert sorted(turned) == sorted(told(one, other))
    swapped = {(r.text, r.other_text) for change in compare(one, other) for r in change.replaced}
    assert swapped == {(r.other_text, r.text) for change in compare(other, one) for r in change.replaced}


@given(sentences, sentences, sentences)
def test_what_is_added_within_is_all_that_is_told(before, added, behind):
    one, other = f"{before}\n\n{behind}", f"{before}\n\n{added}\n\n{behind}"
    # A sign that stands alone is a sentence here and a part of one there.
    told_words = {change.op for change in compare(one, other) if tokenize(change.text or change.other_text).folded}
    assert told_words <= {Op.SAME, Op.ADDED}


def test_a_replaced_figure_and_a_replaced_name_are_told():
    (change,) = compare("A strike on Kharkiv killed 5 people.", "A strike on Odesa killed 7 people.")
    assert change.op is Op.CHANGED
    assert [(r.kind.value, r.text, r.other_text) for r in change.replaced] == [
        ("name", "Kharkiv", "Odesa"),
        ("figure", "5", "7"),
    ]
    (change,) = compare("Officials said five people died.", "Police said seven people died.")
    assert [(r.kind.value, r.text) for r in change.replaced] == [("words", "Officials"), ("words", "five")]


@pytest.mark.parametrize(
    ("one", "other", "replaced"),
    [
        ("It told Meridian Wire changed.", "It told Bulletin (name changed).", ("Meridian Wire", "Bulletin")),
        ("It told a wire) so.", "It told Bulletin “name so.", ("a wire", "Bulletin")),
        ("He met Ada so.", "He met Lovelace (Bo) so.", ("Ada", "Lovelace")),
        ("He met Ada so.", "He met Cy (Bo) Dee so.", ("Ada", "Cy (Bo) Dee")),
        ("He met Ada so.", "He met Cy) Dee so.", ("Ada", "Dee")),
    ],
)
def test_replaced_words_are_not_cut_in_the_middle_of_a_bracket(one, other, replaced):
    (change,) = compare(one, other)
    assert [(r.text, r.other_text) for r in change.replaced] == [replaced]
    (change,) = compare(other, one)
    assert [(r.other_text, r.text) for r in change.replaced] == [replaced]


def test_a_text_that_a_machine_wrapped_is_the_same():
    plain = (
        "The ministers of the alliance met in Brussels on Monday and promised Ukraine more missiles. "
        "They named no date for it, and President Example told reporters that talks with Lisbon would go on.\n"
        "A second paragraph follows here, which has nothing to do with the first one at all."
    )
    wrapped = (
        "The ministers of the alliance met in Brussels on Monday and\npromised Ukraine more missiles. They named no "
        "date for it, and\nPresident Example told reporters that talks with\nLisbon would go on.\n\n"
        "A second paragraph follows here, which has\nnothing to do with the first one at all."
    )
    assert {op for op, _, _ in told(plain, wrapped)} == {"same"}


def test_upper_case_and_other_signs_are_no_change():
    assert {op for op, _, _ in told("“Five” died, he said.", "FIVE DIED - HE SAID.")} == {"same"}


def test_what_has_no_words_is_told_apart_by_its_signs():
    assert told("***", "---") == [("cut", "***", ""), ("added", "", "---")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("word " * 50_000, "word " * 49_999),
        ("a. " * 20_000, "b. " * 20_000),
        ("." * 100_000, "!" * 100_000),
        ("\n".join(f"line {i}" for i in range(9_000)), "\n".join(f"line {i} x" for i in range(9_000))),
        ("ก " * 20_000, "ข " * 20_000),
        (
            " ".join(f"Sentence {i} is here." for i in range(2_000)),
            " ".join(f"Sentence {i} was there." for i in range(999)),
        ),
    ],
    ids=["one word", "short sentences", "stops", "lines", "thai", "rewritten"],
)
def test_hostile_texts_are_compared_within_the_bounds(one, other):
    changes = compare(one, other)
    assert "".join(without_space(change.text) for change in changes) == without_space(one)
    assert "".join(without_space(change.other_text) for change in changes) == without_space(other)


def test_beyond_the_bound_paragraphs_are_compared_and_then_the_whole_middle():
    many = "\n".join(f"Of {i} is one. Of {i} is two." for i in range(difference.MAX_SENTENCES // 2 + 9))
    changes = told(f"Head.\n{many}\nTail.", f"Foot.\n{many}\nTop.")
    assert ("same", "Of 1 is one. Of 1 is two.") in [change[:2] for change in changes]
    assert [op for op, _, _ in changes if op != "same"] == ["cut", "added", "cut", "added"]
    most = "\n".join(f"Line {i}." for i in range(difference.MAX_SENTENCES + 9))
    less = most.replace("Line ", "Row ")
    changes = told(f"Head.\n{most}\nTail.", f"Head.\n{less}\nTail.")
    assert [op for op, _, _ in changes] == ["same", "changed", "same"]


def test_too_many_pairs_are_not_looked_at():
    """They are told as cut and added, for the search for what resembles what would take the square of them."""
    many = difference.MAX_PAIRS
    count = int(many**0.5) + 1
    one, other = (" ".join(f"It was on day {n} that {word} came." for n in range(count)) for word in ("rain", "snow"))
    assert {change.op for change in compare(one, other)} == {Op.CUT, Op.ADDED}
    few, others = (text[: text.index("day 9 ")] for text in (one, other))
    assert Op.CHANGED in {change.op for change in compare(few, others)}
