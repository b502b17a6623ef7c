"""Facts that differ where the words around them are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.align import find_regions
from ingest.copies.model import MAX_SLOTS, SlotKind
from ingest.copies.slots import (
    CASELESS_WEIGHT,
    LEAD_WEIGHT,
    MAX_REPEATS,
    START_WEIGHT,
    count_conflicts,
    locate,
)
from ingest.copies.wording import read_wording

if TYPE_CHECKING:
    from ingest.copies.slots import Conflicts
    from ingest.copies.wording import Wording

#: Without a name or a figure, and longer than a lead.
BEFORE = (
    "rain fell on the hills for weeks, the river rose above the lower road, and the people of the valley moved their "
    "cattle to the upper pastures, where the grass was wet and cold and the barns leaked through every roof."
)
BEHIND = "nobody could tell when the lower road would be open again, since the bridge had lost two of its pillars."


def read(fact: str) -> Wording:
    return read_wording(f"{BEFORE} {fact} {BEHIND}")


def compare(one: Wording, other: Wording) -> Conflicts:
    return count_conflicts(one, other, find_regions(one, other))


@pytest.mark.parametrize(
    ("one", "other", "figures"),
    [
        ("then 40 men came with carts.", "then 55 men came with carts.", 1),
        ("then five men came with carts.", "then seven men came with carts.", 1),
        ("then five men came with carts.", "then 5 men came with carts.", 0),
        ("then 1,000 men came with carts.", "then 1.000 men came with carts.", 0),
        ("then 2.3bn was paid for carts.", "then 2.4bn was paid for carts.", 1),
        ("then 40 men came with carts.", "then some men came with carts.", 0),
        ("then 19B7 men came with carts.", "then 1987 men came with carts.", 0),
    ],
)
def test_replaced_figures_count_however_they_are_written(one, other, figures):
    assert compare(read(one), read(other)).figures == figures


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("at noon the men from Tarnby came with carts.", "at noon the men from Osby came with carts.", 1),
        ("at noon the men from Zelensky came here.", "at noon the men from Zelenskyy came here.", 0),
        ("at noon the men from Tarnby came with carts.", "at noon the men from there came with carts.", 0),
        # at the start of a sentence a capital says less
        ("at noon it ended. Tarnby men came with carts.", "at noon it ended. Osby men came with carts.", START_WEIGHT),
        # a word that the text has in lower case as well is no name
        ("at noon the men from Upper came with carts.", "at noon the men from Lower came with carts.", 0),
    ],
)
def test_replaced_names_count_by_what_speaks_for_their_being_names(one, other, names):
    assert compare(read(one), read(other)).names == names


def test_a_name_in_the_first_words_counts_more():
    lead, other = (
        read_wording(f"at noon men from {place} came with carts and saw. {BEFORE}") for place in ("Ull", "Oz")
    )
    assert compare(lead, other).names == LEAD_WEIGHT


@given(st.integers(1, 8))
def test_the_same_pair_of_names_counts_a_few_times(times):
    one, other = (
        read(" ".join(f"then {name} {verb} the carts and went off." for verb in VERBS[:times]))
        for name in ("Tarnby", "Osby")
    )
    conflicts = compare(one, other)
    assert conflicts.names == min(times, MAX_REPEATS)
    assert len(conflicts.replaced) == times


VERBS = ("saw", "took", "sold", "broke", "burnt", "mended", "painted", "moved")


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        # put in, not replaced
        ("北京", "北京市", 0),
        ("奈良", "新奈良县", 0),
        ("北京", "上海", 1),
        # small words
        ("并且", "而且", 0),
        # too long for a name
        ("北京市第一人民医院", "上海交通大学图书馆", 0),
    ],
)
def test_replaced_names_in_chinese(one, other, names):
    before = (
        "当地时间周三上午一家化工厂发生爆炸后消防部门出动了多辆消防车并将大火扑灭同时事故原因正在调查之中记者了解到"
    )
    behind = "附近居民已经全部撤离而道路交通也在当天傍晚恢复正常"
    left, right = (read_wording(f"{before}，{fact}，{behind}。") for fact in (one, other))
    assert compare(left, right).names == names


def test_a_replaced_word_in_a_script_without_capitals_is_half_a_name():
    before = (
        "قال المتحدث باسم البلدية إن الطريق السفلي سيبقى مغلقا حتى الربيع بسبب الأمطار الغزيرة التي هطلت على التلال"
    )
    before += " وإن السكان نقلوا ماشيتهم إلى المراعي العليا حيث العشب مبتل والبرد شديد والحظائر قديمة لا تصلح لشيء"
    one, other = (
        read_wording(f"{before} ثم وصل رجال من {place} ومعهم عربات كثيرة إلى الجسر.") for place in ("بغداد", "حلب")
    )
    assert compare(one, other).names == CASELESS_WEIGHT


def test_years_are_no_kept_figures():
    facts = "in 1987 and 2003 and 2010 there were {} men, 12 carts and 36 cows and 12 oxen."
    conflicts = compare(read(facts.format(40)), read(facts.format(55)))
    assert (conflicts.figures, conflicts.kept_figures) == (1, 3)  # 12, 36, and two pillars


def test_slots_are_told_in_the_order_of_the_text_and_up_to_a_bound():
    one, other = (
        read(
            " ".join(
                f"then {name}{n} {verb} the carts and the cows of {n * factor} men who went away."
                for n, verb in enumerate(VERBS * 3)
            )
        )
        for name, factor in (("Tarn", 31), ("Osby", 37))
    )
    conflicts = compare(one, other)
    slots = locate(one, other, conflicts)
    assert len(conflicts.replaced) > MAX_SLOTS == len(slots)
    assert [slot.start for slot in slots] == sorted(slot.start for slot in slots)
    assert {slot.kind for slot in slots} == set(SlotKind)
    back = locate(other, one, conflicts.turned())
    assert [(each.start, each.end) for each in back] == [(each.other_start, each.other_end) for each in slots]
    for slot in slots:
        here, there = one.text[slot.start : slot.end], other.text[slot.other_start : slot.other_end]
        if slot.kind is SlotKind.FIGURE:
            assert any(map(str.isdigit, here))
            assert any(map(str.isdigit, there))
        else:
            assert here.startswith("Tarn")
            assert there.startswith("Osby")
