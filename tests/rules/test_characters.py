"""What is known of single characters agrees with the running Python's Unicode data."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from rules.characters import CHARACTERS, CLASSES, COMMON, DIGIT, MARK, SEPARATOR, SPACELESS, fold, script_of


def test_everything_that_composes_backwards_is_known():
    """Otherwise a composed and a decomposed text would be read differently."""
    missing = set()
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            first, second = (chr(int(part, 16)) for part in parts)
            if unicodedata.normalize("NFC", first + second) == chr(code) and not CHARACTERS[second].joins:
                missing.add(second)
    assert not missing


@pytest.mark.parametrize(
    ("char", "kind"),
    [
        ("a", "LATIN"),
        ("é", "LATIN"),
        ("ж", "CYRILLIC"),
        ("α", "GREEK"),
        ("ع", "ARABIC"),
        ("۵", "ARABIC"),
        ("א", "HEBREW"),
        ("각", "HANGUL"),
        ("ह", "DEVANAGARI"),
        ("北", SPACELESS),
        ("々", SPACELESS),
        ("〇", SPACELESS),
        ("\U00020000", SPACELESS),
        ("か", SPACELESS),
        ("カ", SPACELESS),
        ("ย", SPACELESS),
        ("ิ", SPACELESS),
        ("๑", SPACELESS),
        ("ລ", SPACELESS),
        ("ខ", SPACELESS),
        ("မ", SPACELESS),
        ("ー", COMMON),
        ("½", COMMON),
        ("5", DIGIT),
        ("٣", DIGIT),
        ("\u0301", MARK),
        ("\u3099", MARK),
        ("_", SEPARATOR),
        ("€", SEPARATOR),
        (" ", SEPARATOR),
        ("\ud800", SEPARATOR),
        ("\ue000", SEPARATOR),
    ],
)
def test_the_class_of_a_character(char, kind):
    assert CLASSES[char] == kind


@pytest.mark.parametrize(
    ("char", "expansion"),
    [
        ("’", "'"),
        ("´", "'"),
        ("\u1ffd", "'"),
        ("€", " "),
        ("™", " "),
        ("$", "$"),
        ("\u00ad", ""),
        ("\ufe0f", ""),
        ("Ａ", "A"),
        ("ﬁ", "fi"),
        ("½", "½"),
        ("ﷺ", "ﷺ"),
        ("ヿ", "ヿ"),
        ("ำ", "\u0e4d\u0e32"),
        ("…", "..."),
    ],
)
def test_what_becomes_of_a_character(char, expansion):
    assert CHARACTERS[char].expansion == expansion


def test_the_script_of_a_token_is_that_of_its_letters():
    assert script_of("2.3млрд") == "CYRILLIC"
    assert script_of("2.3") == COMMON


def test_every_letter_of_one_character_folds_without_error_and_twice_is_once():
    for code in range(0x20, 0x3000):
        char = unicodedata.normalize("NFKC", chr(code))
        if len(char) == 1 and CLASSES[char] not in {SEPARATOR, MARK}:
            folded = fold(char, script_of(char))
            assert fold(folded, script_of(folded)) == folded, hex(code)
