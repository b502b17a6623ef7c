"""Words that a prefix reaches, told apart by their endings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.families import Reached, find_other_families, is_ending


def families(prefix, *words):
    reached = [Reached(word, len(words) - number) for number, word in enumerate(words)]
    return [(family.stem, [each.word for each in family.words]) for family in find_other_families(prefix, reached)]


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("crimea", "crimea crimean crimeans"),
        ("annex", "annex annexed annexing annexation annexations annexes"),
        ("militari", "militarisation militarized militarism militarise militarist"),
        ("russia", "russia russian russians"),
        ("ukrain", "ukraine ukrainian ukrainians ukrainische ukrainischen ukrainienne"),
        ("econom", "economy economic economies economists economically"),
        ("govern", "govern governments governor governors governing governmental"),
        ("police", "police policed policemen policewoman"),
        ("крим", "крим криму кримом кримський кримського кримчани кримськотатарський"),
        ("крым", "крым крыма крыму крымский крымских крымчане"),
        ("санкц", "санкції санкцій санкционный санкціями"),
    ],
)
def test_forms_of_one_word_are_one_family(prefix, words):
    assert families(prefix, *words.split()) == []


def test_other_families_are_told_with_what_they_share():
    assert families("крим", "крим", "кримінальний", "криміналу", "криму") == [
        ("кримінал", ["кримінальний", "криміналу"]),
    ]
    assert families("elect", "election", "electricity", "electrolysis", "electrocardiogram", "elected") == [
        ("electro", ["electrolysis", "electrocardiogram"]),
        ("electricity", ["electricity"]),
    ]
    assert families("sanct", "sanctions", "sanctuary", "sanctioned") == [("sanctuary", ["sanctuary"])]


def test_nothing_is_said_of_scripts_whose_endings_are_unknown():
    assert families("크림", "크림반도에서", "크림치즈케이크를") == []
    assert families("ισρ", "ισραηλινός") == []


def test_words_with_digits_are_no_family():
    assert families("covid", "covid19", "covid2020vaccine") == []


@given(
    prefix=st.text("abcde", min_size=1, max_size=3),
    rests=st.lists(st.text("abeinst", max_size=9), max_size=8, unique=True),
)
def test_every_word_is_of_one_family_or_has_an_ending(prefix, rests):
    found = find_other_families(prefix, [Reached(prefix + rest, 1) for rest in rests])
    others = [each.word for family in found for each in family.words]
    assert sorted(others) == sorted(prefix + rest for rest in rests if not is_ending(rest))
    assert all(each.word.startswith(family.stem) for family in found for each in family.words)
    assert all(family.stem.startswith(prefix) for family in found)
