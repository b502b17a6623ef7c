"""What is odd in a text, in bits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.repair_evidence import is_usual, surprise

ANY = st.text(max_size=3)


@pytest.mark.parametrize(
    ("before", "mangled", "genuine", "after"),
    [
        ("af", "Ã©", "é", " o"),
        ("Gr", "ГјГџ", "üß", "e "),
        ("Gr", "├╝├ƒ", "üß", "e "),
        ("it", "โ€™", "’", "s "),
        (" ", "Р¶РёС‚СЊ", "жить", " "),
        (" ", "Â£", "£", "5 "),
        ("h", "É™", "ə", "r "),
        ("", "à¸ª", "ส", ""),
        ("o.", "Â\xa0", "\xa0", " W"),
    ],
)
def test_mojibake_is_odder_than_what_it_stands_for(before, mangled, genuine, after):
    assert surprise(before, mangled, after) > surprise(before, genuine, after) + 10


@pytest.mark.parametrize(
    ("before", "genuine", "image", "after"),
    [
        ("4 ", "кБ", "ڱ", " "),
        (" ", "รถ", "ö", " "),
        (" ", "öý", "β", " "),
        ("RM", "Ã…", "Å", " A"),
        (" ", "её", "ţ", " "),
        ("„", "Ä“", "ē", " "),
        (" ", "√π", "ù", " "),
        ("Т", "ВТ", "ò", "»"),
    ],
)
def test_what_people_write_is_hardly_odder_than_its_accidental_image(before, genuine, image, after):
    assert surprise(before, genuine, after) < surprise(before, image, after) + 13


@given(ANY, st.text(min_size=1, max_size=8), ANY)
def test_any_text_has_a_weight_and_only_two_signs_beside_it_matter(before, run, after):
    weight = surprise(before, run, after)
    assert weight >= 0
    assert weight == surprise("xyz" * (len(before) > 1) + before, run, after + "xyz" * (len(after) > 1))


@pytest.mark.parametrize(("sign", "usual"), [("à", True), ("Р", True), ("Š", True), ("Ѡ", False), ("\xa0", True)])
def test_usual_signs(sign, usual):
    assert is_usual(sign) is usual
