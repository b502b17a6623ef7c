"""How unlikely it is that somebody wrote these signs: what tells mojibake from genuine text.

`surprise` weighs a run of foreign signs in bits, roughly as a compressor would that knows how words are built: how
rare each sign is, and how odd it is beside its neighbours. Letters of another script within a word are odd, capitals
after small letters, signs that are glued to letters, controls, opening quotes in the middle of a word. What matters
is the difference between a run as it stands and what it would be repaired to: `GrГ¶ГџeвЂ™s` saves a hundred bits,
and `кБ` (kilobytes, and the image of a letter in some page) none.

That also counts how many images there are, without a rule of its own: UTF-8 takes two to four signs where the
original has one, so every letter of a mangled text saves what a sign costs, and by accident a long run is no image.

The figures are set by hand, from what the classes of signs occur beside, and not fitted to a corpus: that must hold for
languages nobody thought of. Pure; only the text is looked at.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What a sign does in a text."""

    SPACE = 0
    UPPER = 1
    LOWER = 2
    #: a letter that is neither upper nor lower case
    CASELESS = 3
    MARK = 4
    DIGIT = 5
    #: a mark of punctuation that stands in words too: an apostrophe, a middle dot
    APOSTROPHE = 6
    QUOTE = 7
    #: ¿ ¡ „ and brackets that open
    OPENING = 8
    PUNCTUATION = 9
    DASH = 10
    CURRENCY = 11
    #: ™ ® ² º: signs that follow a word or a figure
    TRAILING = 12
    #: § ¶ № ©: signs that stand before one
    LEADING = 13
    MATHS = 14
    SYMBOL = 15
    #: soft hyphen, joiners, marks of direction
    INVISIBLE = 16
    CONTROL = 17


_LETTERS = frozenset({Kind.UPPER, Kind.LOWER, Kind.CASELESS})
_WORDLIKE = frozenset({*_LETTERS, Kind.MARK})
_NUMBERLIKE = frozenset({*_WORDLIKE, Kind.DIGIT})

#: Where signs begin that are as rare as each other: script ("" goes with any) and bits for one of them. Kind comes
#: from Unicode, except for those in `_KINDS`.
_BLOCKS: tuple[tuple[int, str, float], ...] = (
    (0x0000, "", 4),
    (0x0041, "latin", 5),
    (0x005B, "", 5),
    (0x0061, "latin", 4),
    (0x007B, "", 6),
    (0x007F, "", 20),
    (0x00A0, "", 9),
    (0x00C0, "latin", 8),
    (0x00D7, "", 10),
    (0x00D8, "latin", 8),
    (0x00F7, "", 10),
    (0x00F8, "latin", 8),
    (0x0100, "latin", 9),
    (0x0180, "latin", 15),
    (0x0218, "latin", 9),
    (0x021C, "latin", 16),
    (0x0259, "latin", 10),  # the commonest letter of Azerbaijani
    (0x025A, "latin", 16),
    (0x02B0, "", 14),
    (0x0300, "", 9),
    (0x0370, "greek", 12),
    (0x0384, "greek", 7),
    (0x0391, "greek", 5.5),
    (0x03CF, "greek", 14),
    (0x0400, "cyrillic", 7.5),
    (0x0410, "cyrillic", 5.5),
    (0x0450, "cyrillic", 7.5),
    (0x0460, "cyrillic", 16),
    (0x0490, "cyrillic", 8),
    (0x04F0, "cyrillic", 10),
    (0x0500, "cyrillic", 16),
    (0x0531, "armenian", 6),
    (0x058A, "", 14),
    (0x0591, "hebrew", 10),
    (0x05D0, "hebrew", 5.5),
    (0x0600, "arabic", 8),
    (0x0621, "arabic", 5.5),
    (0x0653, "arabic", 9),
    (0x0671, "arabic", 7.5),
    (0x0700, "", 16),
    (0x0750, "arabic", 14),
    (0x0780, "", 16),
    (0x0900, "devanagari", 6),
    (0x0980, "bengali", 6),
    (0x0A00, "gurmukhi", 6),
    (0x0A80, "gujarati", 6),
    (0x0B00, "oriya", 6),
    (0x0B80, "tamil", 6),
    (0x0C00, "telugu", 6),
    (0x0C80, "kannada", 6),
    (0x0D00, "malayalam", 6),
    (0x0D80, "sinhala", 6),
    (0x0E00, "thai", 5.5),
    (0x0E80, "lao", 6),
    (0x0F00, "tibetan", 7),
    (0x1000, "myanmar", 6),
    (0x10A0, "georgian", 6),
    (0x1100, "", 18),
    (0x1200, "ethiopic", 8),
    (0x1380, "", 18),
    (0x1780, "khmer", 6),
    (0x1800, "", 18),
    (0x1E00, "latin", 14),
    (0x1EA0, "latin", 8),
    (0x1F00, "greek", 10),
    (0x2000, "", 9),
    (0x2010, "", 7),
    (0x2028, "", 9),
    (0x2030, "", 9),
    (0x203D, "", 13),
    (0x20A0, "", 10),
    (0x20AC, "", 7),
    (0x20AD, "", 10),
    (0x20D0, "", 14),
    (0x2100, "", 10),
    (0x2150, "", 11),
    (0x2190, "", 10),
    (0x2200, "", 11),
    (0x2300, "", 14),
    (0x2460, "", 11),
    (0x2500, "", 11),
    (0x25A0, "", 10),
    (0x2700, "", 11),
    (0x27C0, "", 18),
    (0x3000, "east asian", 7),
    (0x3040, "east asian", 7),
    (0x3400, "east asian", 20),
    (0x4E00, "east asian", 11),
    (0xA000, "", 18),
    (0xAC00, "east asian", 11),
    (0xD7A4, "", 20),
    (0xFB00, "latin", 13),
    (0xFB07, "", 16),
    (0xFB1D, "hebrew", 13),
    (0xFB50, "arabic", 13),
    (0xFE00, "", 9),
    (0xFE10, "", 14),
    (0xFE70, "arabic", 13),
    (0xFEFF, "", 9),
    (0xFF00, "east asian", 10),
    (0xFFF0, "", 14),
    (0x10000, "", 18),
    (0x1F000, "", 11),
    (0x1FB00, "", 18),
    (0x20000, "east asian", 20),
    (0x30000, "", 20),
)
_STARTS = tuple(start for start, _, _ in _BLOCKS)

_KINDS: dict[str, Kind] = {
    **dict.fromkeys("'’ʼʻ·", Kind.APOSTROPHE),
    **dict.fromkeys('"“”‘«»‹›', Kind.QUOTE),
    **dict.fromkeys("¿¡„‚‟‛([{", Kind.OPENING),
    **dict.fromkeys("™®℠°²³¹ªº†‡‰‱′″", Kind.TRAILING),
    **dict.fromkeys("§¶№©#", Kind.LEADING),
    **dict.fromkeys("¬×÷±∂∆∏∑−√∞∫≈≠≤≥", Kind.MATHS),
    **dict.fromkeys("_/-", Kind.DASH),
    "•": Kind.PUNCTUATION,
    "µ": Kind.LOWER,
    "ƒ": Kind.SYMBOL,
}
#: Signs that are commoner than those around them, or rarer.
_BITS: dict[str, float] = {
    **dict.fromkeys("“”‘’–—…«»", 5.0),
    **dict.fromkeys("„‚•", 6.5),
    **dict.fromkeys("\xa0", 6.0),
    **dict.fromkeys("°£©®€", 7.5),
    **dict.fromkeys("¤¦¨¯´¸ˆ˜ƒ‡‰", 12.0),
    **dict.fromkeys("№™", 8.0),
    **dict.fromkeys("àáâãäåçèéêíñóôõöøúüß", 7.0),
    **dict.fromkeys("ÿŸþð", 12.0),
    # Hardly a word begins with them or consists of them.
    **dict.fromkeys("ÂÃ", 11.0),
    "\ufffd": 14.0,
    "\u200b": 8.0,
    "\ufeff": 8.0,
}
_BY_CATEGORY = {
    "Lu": Kind.UPPER,
    "Lt": Kind.UPPER,
    "Ll": Kind.LOWER,
    "Lo": Kind.CASELESS,
    "Lm": Kind.CASELESS,
    "Mn": Kind.MARK,
    "Mc": Kind.MARK,
    "Me": Kind.MARK,
    "Nd": Kind.DIGIT,
    "Nl": Kind.DIGIT,
    "No": Kind.TRAILING,
    "Zs": Kind.SPACE,
    "Zl": Kind.SPACE,
    "Zp": Kind.SPACE,
    "Ps": Kind.OPENING,
    "Pi": Kind.QUOTE,
    "Pf": Kind.QUOTE,
    "Pd": Kind.DASH,
    "Sc": Kind.CURRENCY,
    "Sm": Kind.MATHS,
    "So": Kind.SYMBOL,
    "Sk": Kind.SYMBOL,
    "Cf": Kind.INVISIBLE,
    "Cc": Kind.CONTROL,
    "Cn": Kind.CONTROL,
    "Co": Kind.CONTROL,
    "Cs": Kind.CONTROL,
}
_CONTROL_BITS = 20.0

#: scripts that put no spaces between words, and so other scripts right beside their letters
_SPACELESS = frozenset({"thai", "lao", "khmer", "myanmar", "tibetan", "east asian"})

_ANOTHER_SCRIPT = 14.0
_ANOTHER_SCRIPT_WITHOUT_SPACES = 6.0
_CAPITAL_WITHIN_WORD = 9.0
_SMALL_AFTER_CAPITALS = 4.0
_FOREIGN_WORD = 2.0
_LONE_SMALL = 3.0
_LONE_CAPITAL = 6.0
#: Letters of ASCII stand everywhere; no rarer sign is among them.
_ASCII_BITS = 5.0
#: More bits have letters that no language uses much.
_USUAL_BITS = 9.0
_GLUED = 9.0
_ODD = 6.0
_UNUSUAL = 3.0


_GREEK_NUMBER = 1.0
#: bits of a sign that stood just before
_REPEATED = 2.0

#: How odd other signs are: between spaces, after a letter, before one, between two.
_BESIDE_LETTERS: dict[Kind, tuple[float, float, float, float]] = {
    Kind.SPACE: (_UNUSUAL, 0, 0, 0),
    Kind.DIGIT: (0, 0, 0, 0),
    Kind.APOSTROPHE: (_UNUSUAL, 1, 1, 0),
    Kind.QUOTE: (_UNUSUAL, 0, 0, _GLUED),
    Kind.OPENING: (_ODD, _GLUED, 0, _GLUED),
    Kind.PUNCTUATION: (0, 0, 0, _UNUSUAL),
    Kind.DASH: (0, 0, 0, _UNUSUAL),
    Kind.CURRENCY: (0, _GLUED, _ODD, _GLUED + _ODD),
    Kind.TRAILING: (_UNUSUAL, _UNUSUAL, _UNUSUAL, _GLUED + _UNUSUAL),
    Kind.LEADING: (0, _GLUED, _UNUSUAL, _GLUED + _UNUSUAL),
    Kind.MATHS: (0, _ODD, _UNUSUAL, _GLUED),
    Kind.SYMBOL: (0, _GLUED, _GLUED, 2 * _GLUED),
    Kind.INVISIBLE: (_UNUSUAL, _UNUSUAL, _UNUSUAL, 0),
    Kind.CONTROL: (0, 0, 0, 0),
}


class Sign(NamedTuple):
    """What is known of a sign."""

    kind: Kind
    script: str
    bits: float


class _Signs(dict[str, Sign]):
    """Signs that were met before, and others when they are met."""

    def __missing__(self, sign: str) -> Sign:
        _, script, bits = _BLOCKS[bisect_right(_STARTS, ord(sign)) - 1]
        kind = _KINDS.get(sign) or _BY_CATEGORY.get(unicodedata.category(sign), Kind.PUNCTUATION)
        if sign in "\t\n\r":
            kind = Kind.SPACE
        elif kind is Kind.CONTROL:
            bits = max(bits, _CONTROL_BITS)
        known = self[sign] = Sign(kind, script, _BITS.get(sign, bits))
        return known


_signs = _Signs()


def is_usual(sign: str) -> bool:
    """Whether some language uses *sign* much."""
    return _signs[sign].bits <= _USUAL_BITS


def surprise(before: str, run: str, after: str) -> float:
    """Bits that *run* takes between the signs *before* and *after* it, the latter's own not counted.

    Two signs on each side are looked at; the ends of the text are as the ends of a line.
    """
    text = f"\n\n{before}"[-2:] + run + f"{after}\n\n"[:2]
    earlier, left, here = _signs[text[0]], _signs[text[1]], _signs[text[2]]
    total = 0.0
    for following in text[3:-1]:
        right = _signs[following]
        total += (_REPEATED if here is left else here.bits) + _oddity(earlier, left, here, right)
        earlier, left, here = left, here, right
    return total + _oddity(earlier, left, here, _signs[text[-1]])


def _oddity(earlier: Sign, left: Sign, here: Sign, right: Sign) -> float:
    """How odd it is that *here* stands between *left* and *right*; *earlier* stands before *left*."""
    kind = here.kind
    if kind in _LETTERS:
        return _oddity_of_letter(earlier, left, here, right)
    if kind is Kind.MARK:
        return _oddity_of_mark(left, here)
    words = _NUMBERLIKE if kind is Kind.QUOTE else _WORDLIKE
    alone, after, before, within = _BESIDE_LETTERS[kind]
    if left.kind in words:
        return within if right.kind in words else after
    if right.kind in words:
        # Greek letters are names of numbers.
        return _GREEK_NUMBER if kind is Kind.MATHS and right.script == "greek" else before
    return alone if left.kind is Kind.SPACE and right.kind is Kind.SPACE else 0.0


def _oddity_of_mark(left: Sign, here: Sign) -> float:
    if left.kind in _WORDLIKE and here.script == left.script:
        return 0.0
    return _ANOTHER_SCRIPT if here.script or left.kind not in _WORDLIKE else _UNUSUAL


def _oddity_of_letter(earlier: Sign, left: Sign, here: Sign, right: Sign) -> float:
    if left.kind in _WORDLIKE:
        return _oddity_within_word(earlier, left, here)
    if here.bits <= _ASCII_BITS:
        return 0.0
    odd = _FOREIGN_WORD
    if left.kind is Kind.PUNCTUATION and here.script not in _SPACELESS:
        odd += _UNUSUAL
    if right.kind in _WORDLIKE or Kind.APOSTROPHE in {left.kind, right.kind}:
        return odd
    return odd + (_LONE_SMALL if here.kind is Kind.LOWER or here.script in _SPACELESS else _LONE_CAPITAL)


def _oddity_within_word(earlier: Sign, left: Sign, here: Sign) -> float:
    if here.script != left.script:
        if left.script and here.script:
            is_usual = here.script in _SPACELESS or left.script in _SPACELESS
            return _ANOTHER_SCRIPT_WITHOUT_SPACES if is_usual else _ANOTHER_SCRIPT
        # micro sign, or a mark that goes with any script
        return _ODD if left.script else 0.0
    if here.kind is Kind.UPPER and left.kind is Kind.LOWER:
        return _CAPITAL_WITHIN_WORD
    is_after_capitals = left.kind is Kind.UPPER and earlier.kind in {Kind.UPPER, Kind.LOWER}
    return _SMALL_AFTER_CAPITALS if here.kind is Kind.LOWER and is_after_capitals else 0.0
