"""The language of a text, or None when it is not certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.language import detect_language

TEXTS = {
    "en": "The mayor's office said that the bridge will not reopen before Easter.",
    "de": "Der Bürgermeister erklärte, die Brücke werde nicht vor Ostern geöffnet.",
    "fr": "Le maire a reconnu que l’école ne rouvrira pas avant Pâques cette année.",
    "ru": "Мэр признал, что мост не откроют раньше Пасхи.",
    "uk": "Мер визнав, що міст не відкриють раніше Великодня.",
    "th": "นายกเทศมนตรียอมรับว่าสะพานจะยังไม่เปิดก่อนเทศกาล",
    "ja": "市長は橋が復活祭の前に再開しないと認めた。",
    "pl": "Burmistrz przyznał, że most nie będzie otwarty przed świętami.",
    "el": "Ο δήμαρχος παραδέχτηκε ότι η γέφυρα δεν θα ανοίξει πριν από το Πάσχα.",
    "ar": "اعترف رئيس البلدية بأن الجسر لن يفتح قبل العيد",
}


@pytest.mark.parametrize("language", TEXTS)
def test_detects(language: str) -> None:
    assert detect_language(TEXTS[language]) == language


@pytest.mark.parametrize("language", ["de", "ru", "th", "ja"])
def test_wrong_declaration_is_not_believed(language: str) -> None:
    assert detect_language(TEXTS[language], "en") == language


def test_capitals_and_lines_do_not_matter() -> None:
    assert detect_language(TEXTS["en"].upper().replace(" ", "\n")) == "en"


def test_too_short_a_text_is_in_the_declared_language() -> None:
    assert detect_language("Brand in Köln") is None
    assert detect_language("Brand in Köln", "de") == "de"
    assert detect_language("", "nb") == "no"


def test_declaration_settles_it_between_relatives() -> None:
    text = "Vlada je usvojila novi zakon o zdravstvu, rekao je ministar u ponedjeljak."
    assert {detect_language(text, "hr"), detect_language(text, "sr")} <= {"hr", "sr", "bs"}
    assert detect_language(text, "hr") == "hr"


@given(st.text(st.characters(exclude_categories=())), st.sampled_from([None, "en", "xx"]))
def test_never_raises(text: str, declared: str | None) -> None:
    found = detect_language(text, declared)
    assert found is None or found.isalpha()
