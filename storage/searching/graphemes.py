"""Where a text may be cut without breaking what people see as one character.

As in Unicode's rules for grapheme clusters (https://www.unicode.org/reports/tr29/), on the safe side: a few places are
refused that the rules would allow.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
#: Thai and Lao AM, which belong to the consonant before them and are no marks.
_AM = frozenset("\u0e33\u0eb3")
#: Thai and Lao vowels that are written before their consonant, and are no marks either.
_LEADING = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
_NUKTA_OR_VIRAMA = frozenset({7, 9})


def is_border(text: str, at: int) -> bool:
    """May *text* be cut before the character at *at*? At its start and end it may."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before < "\u0300" and after < "\u0300":
        return (before, after) != ("\r", "\n")
    if before == _JOINER or before in _LEADING or after in _AM or _extends(after):
        return False
    if unicodedata.combining(before) in _NUKTA_OR_VIRAMA and unicodedata.category(after) == "Lo":
        return False
    if _is_regional(after):
        return not _is_regional(before) or _regionals_before(text, at) % 2 == 0
    return not _is_within_syllable(before, after)


def _extends(character: str) -> bool:
    """It belongs to what precedes it: marks, joiners and other format characters, tones of skin."""
    return unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"} or "\U0001f3fb" <= character <= "\U0001f3ff"


def _is_regional(character: str) -> bool:
    """Two of these make a flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, at: int) -> int:
    start = at
    while start and _is_regional(text[start - 1]):
        start -= 1
    return at - start


def _is_within_syllable(before: str, after: str) -> bool:
    """Korean syllables that are written as their letters, or as a syllable and a letter that ends it."""
    is_letter_after = "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb"
    return ("\u1100" <= before <= "\u11ff" and "\u1100" <= after <= "\u11ff") or (
        is_letter_after and ("\uac00" <= before <= "\ud7fb")
    )
