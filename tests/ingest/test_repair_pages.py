"""Tables of code pages: every byte has its way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.repair_pages import CODE_PAGES, CodePage, PageSets, code_pages, page_sets

PAGES = {page.name: page for page in code_pages()}


def signs_of(codec: str) -> list[str]:
    """The signs of bytes 80 to FF as programs show them."""
    pairs = [(bytes((byte,)), chr(byte)) for byte in range(0x80, 0x100)]
    return [raw.decode(codec, "ignore") or raw.decode("cp1252", "ignore") or control for raw, control in pairs]


def test_pages_are_numbered_in_order():
    assert [page.number for page in code_pages()] == list(range(len(CODE_PAGES)))
    assert [page.name for page in code_pages()] == list(CODE_PAGES)


@pytest.mark.parametrize("name", CODE_PAGES)
def test_every_sign_of_a_page_has_a_byte(name):
    assert set(signs_of(CODE_PAGES[name])) <= PAGES[name].signs


@given(st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_every_text_is_decoded_from_pages_without_ambiguity(text):
    for name in ("windows-1252", "windows-874", "koi8-r", "macintosh", "iso-8859-1", "ibm437"):
        signs = signs_of(CODE_PAGES[name])
        image = "".join(signs[byte - 0x80] for byte in text.encode())
        assert PAGES[name].decode(image) == text
        assert page_sets().may_decode(image) >> PAGES[name].number & 1


@given(st.text(min_size=2, max_size=20))
def test_the_sets_never_refuse_what_a_page_decodes(run):
    for page in code_pages():
        if not run.startswith("\xa0") and page.decode(run) is not None:
            assert page_sets().may_decode(run) >> page.number & 1


@pytest.mark.parametrize(
    ("name", "run", "decoded"),
    [
        ("windows-1252", "â€™", "’"),
        ("windows-1252", "â€\x9d", "”"),
        ("windows-1252", "â€", "”"),
        ("windows-1252", "â€\ufffd", "”"),
        ("windows-1252", "Ã\ufffd", None),
        ("windows-1252", "Ã", None),
        ("windows-1252", "Â«\xa0Ã©", "«\xa0é"),
        ("windows-1252", "Ã\xa0", "à"),
        ("windows-1252", "Ã\xa0\xa0Â»", "à\xa0»"),
        ("windows-1252", "жж", None),
        ("windows-1252", "í\xa0€", None),  # half a pair of surrogates
        ("windows-1252", "À€", None),  # longer than need be
        ("ibm437", "├⌐\xff", None),
        ("windows-1257", "ÅŠ", "Ŋ"),  # Š is D0 here, and 8A as in windows-1252
    ],
)
def test_examples(name, run, decoded):
    assert PAGES[name].decode(run) == decoded


def test_a_plain_space_may_have_been_the_end_of_an_image():
    page = PAGES["windows-1252"]
    assert page.decode_before_space("dÃ") is None
    assert page.decode_before_space("Ã©Ã") == "éà"
    assert page.decode_before_space("Ã©") is None
    assert PAGES["ibm437"].decode_before_space("├") is None


def test_no_page_has_no_sets():
    sets = PageSets(())
    assert sets.may_decode("Ã©") == 0


def test_a_page_of_another_kind_is_filled_from_windows_1252():
    page = CodePage("thai", "cp874", 0)
    assert page.tails["Š"] == 0x8A
    assert page.decode("รฉ") == "é"
