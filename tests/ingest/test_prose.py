"""How much of a text reports, and how much of it speaks to its reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.prose import is_addressed, own_prose, sentences, size_of, unquoted


@pytest.mark.parametrize(
    "sentence",
    [
        "The ferry will not run before Easter, the county said.",
        "Die Fähre fährt nicht vor Ostern, teilte der Kreis mit.",
        "Le bac ne circulera pas avant Pâques, selon la mairie.",
        "Паром не пойдёт раньше Пасхи, сообщили в округе.",
        "渡し船は復活祭まで運休すると郡が発表した。",
        "US officials closed the bridge on Monday.",
    ],
)
def test_a_report_counts_whole(sentence: str) -> None:
    assert own_prose([sentence]) == size_of(sentence)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Most read today",
        "It was late.",
        "The harbour board met behind closed doors on …",
        "The harbour board met behind closed doors on Tuesday",
        "Please wait while the browser is looked at.",
        "Choose what may be stored on your telephone.",
        "Bitte warten, der Browser wird überprüft.",
        "Damit lesen Sie alle Artikel ohne Begrenzung.",
        "Désolé, cette page a été déplacée ou supprimée.",
        "Чтобы продолжить, нажмите кнопку на вашем экране.",
        "続けるにはボタンを押してください。",
        "Is there anything more to read about the harbour?",
    ],
)
def test_labels_notices_and_what_breaks_off_do_not(line: str) -> None:
    assert own_prose([line]) == 0


def test_a_phrase_counts_only_where_it_is_said_and_not_quoted() -> None:
    said = "A sign at the gate says access denied in red letters."
    assert own_prose([said], ["access denied"]) == 0
    assert own_prose([said.replace("access denied", "“access denied”")], ["access denied"]) > 0


def test_what_is_quoted_speaks_to_nobody_here() -> None:
    assert not is_addressed(unquoted("The banner reads “We value your privacy” and nothing else."))
    assert is_addressed(unquoted("Press “Accept all” if you agree."))


@given(st.lists(st.text(), max_size=4), st.lists(st.text(min_size=1), max_size=3))
def test_there_is_no_more_prose_than_text(lines: list[str], phrases: list[str]) -> None:
    prose = own_prose(lines, phrases)
    assert 0 <= prose <= own_prose(lines)
    assert own_prose(lines) <= sum(size_of(part) for line in lines for part in sentences(line))
