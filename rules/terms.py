"""The text of one word or phrase, without its quotes and `=` → its leaf of the tree, or what is wrong with it."""

from __future__ import annotations

import re
from typing import NamedTuple

from rules.characters import CHARACTERS, CLASSES, COMMON, SEPARATOR, SPACELESS, fold, script_of
from rules.errors import Problem, shorten
from rules.text import is_opaque, tokenize
from rules.tree import Wildcard, Words


class Place(NamedTuple):
    """Where a term stands: its stretch with quotes and `=`."""

    start: int
    end: int
    is_exact: bool

    def problem(self, code: str, message: str, remedy: str) -> Problem:
        """What is wrong with the term as a whole."""
        return Problem(code, self.start, message, remedy, self.end)


#: What a term is read as.
Term = Words | Wildcard | Problem

#: Letters and digits that a wildcard needs for company: fewer would reach too many words.
_MIN_LETTERS_PREFIX = 2
_MIN_LETTERS = 3

# Latin, Cyrillic and Han letters and plain digits: a text that holds one of these has a token, without a closer look.
_ORDINARY = re.compile("[A-Za-z0-9À-ÖØ-öø-ɏА-яЄІЇєіїҐґ一-龥]")
_WILDCARDS = re.compile(r"([*?]+)")


def read_bare(text: str, place: Place) -> Term:
    """Read a word without quotes: also `word~` and wildcards."""
    if text.endswith("~"):
        return _read_plural(text[:-1], place)
    found = _WILDCARDS.search(text)
    if found is None:
        return _read_plain(text, place)
    if found[0] == "*" and found.end() == len(text):
        return _read_prefix(text[:-1], place)
    return _read_wildcard(text, place)


def read_phrase(text: str, place: Place) -> Term:
    """Read what stands between quotes: only its end may be a `*`, and `~` is no sign here."""
    if not text.strip():
        return place.problem("E103", "empty phrase", "write words between the quotes")
    found = _WILDCARDS.search(text.rstrip())
    if found is None:
        return _read_plain(text, place, is_phrase=True)
    if found[0] == "*" and found.end() == len(text.rstrip()):
        return _read_prefix(text.rstrip()[:-1], place)
    message = (
        f"{found[0]} inside a phrase" if found.end() < len(text.rstrip()) else f"{found[0]} at the end of a phrase"
    )
    remedy = "only the last word of a phrase may end in *; leave out other * and ?"
    return place.problem("E203", message, remedy)


def _clean(text: str) -> str:
    """Quotes and backslashes separate like a space; without them the text can be written between quotes again."""
    return " ".join(text.replace('"', " ").replace("\\", " ").split())


def _read_plain(text: str, place: Place, *, is_phrase: bool = False) -> Term:
    cleaned = _clean(text)
    if _ORDINARY.search(cleaned) or len(tokenize(cleaned)):
        return Words(text=cleaned, is_exact=place.is_exact, at=place.start, end=place.end)
    if is_phrase:
        return place.problem("E103", "a phrase without a word", "write words between the quotes")
    remedy = "leave it out: a word needs a letter or digit; a regex finds other signs: /€/"
    if not cleaned and place.is_exact:
        remedy = "write = directly before a word or a phrase"
    return place.problem("E100", f"nothing to match in {shorten(text)}" if text else "stray =", remedy)


def _read_plural(text: str, place: Place) -> Term:
    """`word~`; of `air-strike~` the last token is meant."""
    if place.is_exact or _WILDCARDS.search(text):
        remedy = "leave one of them out: ~ stands for the plural, = for the word as written"
        return place.problem("E203", "~ cannot stand with = or a wildcard", remedy)
    if not text:
        return place.problem("E100", "stray ~", "write it directly after a word: asset~")
    tokens = tokenize(text)
    # Where every character is a token there are no plurals.
    if not len(tokens) or tokens.ends[-1] != len(text) or CLASSES[tokens.exact[-1][0]] == SPACELESS:
        return place.problem("E203", "~ must end a word", "write it directly after the last letter: asset~")
    if any(map(is_opaque, tokens.exact)):
        return place.problem("E203", "~ after an address", "leave it out, or quote the address")
    return Words(text="-".join(tokens.exact), is_plural=True, at=place.start, end=place.end)


def _read_prefix(text: str, place: Place) -> Term:
    """`crimea*` and `"frozen asset*"`."""
    tokens = tokenize(text)
    if not text.strip():
        return place.problem("E203", "* without letters", f"write {_MIN_LETTERS_PREFIX} letters at least before the *")
    if not len(tokens) or tokens.ends[-1] != len(text) or is_opaque(tokens.folded[-1]):
        return place.problem("E203", "* must end a word", "write it directly after the first letters of a word")
    last = tokens.exact[-1]
    # In scripts without spaces every character is a token, and what follows it is another one: * says nothing more.
    is_spaceless = CLASSES[last[0]] == SPACELESS
    forms = (text,) if is_spaceless else (last, tokens.folded[-1])
    if min(map(_count_letters, forms)) < _MIN_LETTERS_PREFIX:
        message = f"too few letters before the * in {shorten(text)}*"
        remedy = f"write {_MIN_LETTERS_PREFIX} letters at least, or list the words"
        return place.problem("E203", message, remedy)
    return Words(text=_clean(text), is_exact=place.is_exact, is_prefix=not is_spaceless, at=place.start, end=place.end)


def _read_wildcard(text: str, place: Place) -> Term:
    """`immobili?ed`, `*militari?*`: what stands between the wildcards must be parts of one token."""
    if "**" in text:
        return place.problem("E203", "** says no more than *", "write a single *")
    # What the tokenizer leaves out (soft hyphens and the like) would stand at the edge of a part.
    visible = text if text.isascii() else "".join(c for c in text if CHARACTERS[c].expansion)
    pieces = _WILDCARDS.split(visible)
    parts = [_read_part(piece) for piece in pieces[::2]]
    scripts = {script_of(part) for part in parts if part} - {COMMON}
    if None in parts or len(scripts) > 1:
        remedy = "wildcards stand among the letters of one word; take the rest apart, or write a phrase"
        return place.problem("E203", f"wildcard in more than one word: {shorten(text)}", remedy)
    pieces[::2] = [part or "" for part in parts]
    cleaned = "".join(pieces)
    folded = "".join(fold(part, script_of(part)) for part in parts if part)
    letters = min(_count_letters(cleaned), _count_letters(folded))
    if letters < _MIN_LETTERS:
        message = f"too few letters for a wildcard: {shorten(text)} has {letters}"
        remedy = f"write {_MIN_LETTERS} at least beside a leading or inner * or a ?, or list the words"
        return place.problem("E203", message, remedy)
    return Wildcard(text=cleaned, is_exact=place.is_exact, at=place.start, end=place.end)


def _read_part(piece: str) -> str | None:
    """One part of a word between wildcards in its exact form; None when it is more or less than that."""
    if not piece:
        return ""
    tokens = tokenize(piece)
    if len(tokens) != 1 or tokens.starts[0] != 0 or tokens.ends[0] != len(piece):
        return None
    part = tokens.exact[0]
    return None if any(CLASSES[c] in {SEPARATOR, SPACELESS} for c in part) else part


def _count_letters(text: str) -> int:
    return sum(map(str.isalnum, text))
