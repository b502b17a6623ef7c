"""What the tokenizer must know of single characters: what becomes of them, their script, how they fold.

Everything comes from `unicodedata` of the running Python; nothing here looks at a neighbour.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

#: All of these separate, and all of them are the same: `O'Brien` is `O’Brien`. The last two look like ‘ in
#: Hawaiian and Uzbek, where people type whichever their keyboard has.
APOSTROPHES = "'’‘ʼ＇`´‛ʻ"

#: Classes of characters, see `CLASSES`. Any other class is the name of a script.
SEPARATOR = ""
MARK = "mark"
DIGIT = "digit"
COMMON = "common"
SPACELESS = "spaceless"

_TO_APOSTROPHE = dict.fromkeys(map(ord, APOSTROPHES), "'")

#: First words of character names that stand for scripts written without spaces.
_SPACELESS_NAMES = frozenset(
    "CJK IDEOGRAPHIC HANGZHOU HIRAGANA HENTAIGANA KATAKANA THAI LAO KHMER MYANMAR".split()  # noqa: SIM905  # a list of words reads better
)
#: First words that name no script: these characters go with what precedes them (Unicode: Common, Inherited).
_COMMON_NAMES = frozenset(
    (  # noqa: SIM905  # a list of words reads better
        "DIGIT ARABIC-INDIC MODIFIER COMBINING KATAKANA-HIRAGANA VERTICAL MASU CARON VEDIC VULGAR FRACTION INDIC "
        "CIRCLED DINGBAT NEGATIVE DOUBLE COUNTING TALLY MUSICAL AEGEAN OTTOMAN MAYAN NORTH ZNAMENNY PHAISTOS"
    ).split()
)
_SCRIPT_OF_NAME = {"ROMAN": "LATIN", "TURNED": "LATIN", "EXTENDED": "ARABIC"}

#: Vowel signs and letters without a combining class that nevertheless compose with what precedes them
#: (second parts of canonical compositions, Unicode 16; a test compares them with the running Python).
_COMPOSING = frozenset(
    map(
        chr,
        [
            *range(0x1161, 0x1176),
            *range(0x11A8, 0x11C3),
            *(0x09BE, 0x09D7, 0x0B3E, 0x0B56, 0x0B57, 0x0BBE, 0x0BD7, 0x0CC2, 0x0CD5, 0x0CD6, 0x0D3E, 0x0D57),
            *(0x0DCF, 0x0DDF, 0x102E, 0x1B35, 0x11127, 0x1133E, 0x11357, 0x114B0, 0x114BA, 0x114BD, 0x115AF),
            *(0x11930, 0x113B8, 0x113BB, 0x113C2, 0x113C5, 0x113C7, 0x113C8, 0x113C9),
            *range(0x1611E, 0x1612A),
            *(0x16D63, 0x16D67),
        ],
    )
)

#: Mongolian, and the two blocks of 16 and 240.
_VARIATION_SELECTORS = frozenset(
    map(chr, [0x180B, 0x180C, 0x180D, 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)

#: Thai and Lao AM are one character to their writers and two to NFKC: the two stay one token.
SPACELESS_PAIRS = frozenset({"\u0e4d\u0e32", "\u0ecd\u0eb2"})


class Character(NamedTuple):
    """What one character of the text as given becomes before words are looked for."""

    #: "" when it is removed, " " for a symbol, else its NFKC form (itself, where that would be several words)
    expansion: str
    #: it can combine with what precedes it, so both must be normalised together
    joins: bool


class _Characters(dict[str, Character]):
    def __missing__(self, char: str) -> Character:
        expansion = _expansion(char)
        found = Character(expansion, bool(expansion) and _joins(char))
        self[char] = found
        return found


class _Classes(dict[str, str]):
    def __missing__(self, char: str) -> str:
        found = self[char] = _class(char)
        return found


#: Memos; Unicode bounds their size.
CHARACTERS = _Characters()
#: Class of a normalised character: one of the constants above, or the name of its script.
CLASSES = _Classes()


def normalise(text: str) -> str:
    """NFKC with every apostrophe made the same."""
    return unicodedata.normalize("NFKC", text).translate(_TO_APOSTROPHE)


def script_of(token: str) -> str:
    """The script of a token's letters; COMMON when it has none."""
    return next((c for c in map(CLASSES.__getitem__, token) if c not in {SEPARATOR, MARK, DIGIT, COMMON}), COMMON)


def fold(text: str, script: str) -> str:
    """Case and marks away as RULES says: *text* is one normalised token whose letters are of *script*.

    May be empty (a lone tatweel).
    """
    if text.isascii():
        return text.lower()
    if script in {"LATIN", "GREEK", COMMON}:
        bare = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c)[0] != "M")
        return bare.casefold().translate(_LATIN)
    if script == "CYRILLIC":
        return unicodedata.normalize("NFC", text.casefold().translate(_CYRILLIC))
    if script in {"ARABIC", "HEBREW"}:
        return unicodedata.normalize("NFC", "".join(c for c in text.casefold() if not _is_point(c)))
    return unicodedata.normalize("NFC", text.casefold())


_LATIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
# ѐ and ѝ are е and и with a grave stress mark; й, ї, ѓ, ќ are letters of their own.
_CYRILLIC = str.maketrans({"ё": "е", "ѐ": "е", "ѝ": "и", "\u0300": "", "\u0301": ""})


def _is_point(char: str) -> bool:
    """Arabic harakat and tatweel, Hebrew points; not the madda and hamza that make other letters."""
    return char == "\u0640" or (unicodedata.category(char) == "Mn" and char not in "\u0653\u0654\u0655")


def _expansion(char: str) -> str:
    single = unicodedata.normalize("NFC", char)
    if char in APOSTROPHES or single in APOSTROPHES:
        return "'"
    if unicodedata.category(char) == "Cf" or char in _VARIATION_SELECTORS:
        return ""
    # A "$" never stops a web address, where it is an ordinary character; elsewhere it separates as all signs do.
    if char != "$" and unicodedata.category(char) in {"So", "Sc"}:
        return " "
    expansion = normalise(char)
    return char if _is_several_words(expansion) else expansion


def _is_several_words(expansion: str) -> bool:
    """½ is `1⁄2` and ﷺ four words to NFKC, but offsets cannot point into one character: it stays as it is."""
    if len(expansion) == 1 or expansion in SPACELESS_PAIRS:
        return False
    classes = [CLASSES[c] for c in expansion]
    while classes and classes[0] == SEPARATOR:
        del classes[0]
    while classes and classes[-1] == SEPARATOR:
        del classes[-1]
    return SEPARATOR in classes or classes.count(SPACELESS) > 1


def _joins(char: str) -> bool:
    first = unicodedata.normalize("NFKD", char)[0]
    return unicodedata.combining(first) != 0 or first in _COMPOSING


def _class(char: str) -> str:
    category = unicodedata.category(char)[0]
    if category not in "LMN":
        return SEPARATOR
    # `unicodedata` has no scripts, but names begin with them; that is right for all but a few rare letters.
    name = unicodedata.name(char, "").split(" ")[0]
    script = name if name in _COMMON_NAMES else name.split("-")[0]
    if script in _SPACELESS_NAMES:
        return SPACELESS
    if category == "M":
        return MARK
    if script in _COMMON_NAMES or not script:
        return DIGIT if char.isdecimal() else COMMON
    return _SCRIPT_OF_NAME.get(script, script)
