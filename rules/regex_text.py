"""The text that regexes read: NFKC with symbols kept, and the way back to the places in the text as given.

The tokenizer's form would not do: there symbols have become spaces. What is removed (format characters, variation
selectors) and what combines with what it says, so words and regexes see the same letters.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from rules.characters import CHARACTERS

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")

#: Marks after one letter that are read, as in `text`. More is no writing, and sorting them takes quadratic time.
_MAX_MARKS = 32


class _Change(NamedTuple):
    """A stretch that is not what it was. Between two of them, characters correspond one to one."""

    #: in the normalised text: [start, end); empty where something was removed
    start: int
    end: int
    #: in the text as given: [stored_start, stored_end), and where the next character stands
    stored_start: int
    stored_end: int
    resume: int


@dataclass(frozen=True, kw_only=True)
class RegexText:
    """One field as regexes read it. Made by `read_for_regex`."""

    text: str
    #: in the order of the text
    changes: tuple[_Change, ...]

    # Not slotted: cached_property needs the instance's dictionary.

    @cached_property
    def folded(self) -> str:
        """The text casefolded: where `required_literals` are looked for."""
        return self.text.casefold()

    @cached_property
    def _starts(self) -> list[int]:
        return [change.start for change in self.changes]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]`, which is not empty, stands in the text as given: half-open, in code points.

        Where several characters became one, or one several, the whole of them is named.
        """
        if not self.changes:
            return start, end
        first = self._change_before(start)
        last = self._change_before(end - 1)
        if first is not None:
            start = first.stored_start if start < first.end else start - first.end + first.resume
        if last is not None:
            end = last.stored_end if end <= last.end else end - last.end + last.resume
        return start, end

    def _change_before(self, place: int) -> _Change | None:
        found = bisect_right(self._starts, place)
        return self.changes[found - 1] if found else None


def read_for_regex(text: str) -> RegexText:
    """Normalise *text*; most of it is normal already and is returned as it is.

    >>> read_for_regex("Acme™ ﬁnds €\u00ad5").text
    'Acme™ finds €5'
    """
    return RegexText(text=text, changes=()) if text.isascii() or _is_plain(text) else _normalise(text)


def normalise_literal(text: str) -> str:
    """A stretch of a regex that is meant as written, as it stands in the texts that regexes read."""
    return read_for_regex(text).text


def strip_removed(text: str) -> str:
    """*text* without the characters that are removed from every text."""
    return text if text.isascii() else "".join(c for c in text if CHARACTERS[c].expansion)


def _is_plain(text: str) -> bool:
    return unicodedata.is_normalized("NFKC", text) and all(CHARACTERS[c].expansion for c in set(text))


def _normalise(text: str) -> RegexText:
    pieces: list[str] = []
    changes: list[_Change] = []
    position = length = 0  # so far, in the text as given and in the normalised one
    for run in _BEYOND_ASCII.finditer(text):
        if _is_plain(run[0]) and not CHARACTERS[text[run.start()]].joins:
            continue
        # What stands before may be a letter that combines with the first of the run.
        start = max(run.start() - 1, position)
        pieces.append(text[position:start])
        length += start - position
        position = run.end()
        for members, resume in _find_segments(text, start, position):
            whole = _combine([text[m] for m in members])
            begin, end = (members[0], members[-1] + 1) if members else (resume, resume)
            if whole != text[begin:end]:
                changes.append(_Change(length, length + len(whole), begin, end, resume))
            elif end != resume or begin == end:
                changes.append(_Change(length + len(whole), length + len(whole), resume, resume, resume))
            pieces.append(whole)
            length += len(whole)
    pieces.append(text[position:])
    return RegexText(text="".join(pieces), changes=tuple(changes))


def _find_segments(text: str, i: int, limit: int) -> list[tuple[list[int], int]]:
    """Cut `text[i:limit]` into what must be normalised together: places of the characters, and where each ends."""
    segments: list[tuple[list[int], int]] = []
    while i < limit:
        members = [i] if CHARACTERS[text[i]].expansion else []
        i += 1
        while i < limit:
            follower = CHARACTERS[text[i]]
            if follower.joins and len(members) <= _MAX_MARKS:
                members.append(i)
            elif follower.expansion and not follower.joins:
                break
            i += 1
        segments.append((members, i))
    return segments


def _combine(chars: list[str]) -> str:
    if not chars:
        return ""
    head = _FORMS[chars[0]]
    if head == chars[0] and unicodedata.normalize("NFKC", head) != head:
        return head + unicodedata.normalize("NFKC", "".join(chars[1:]))  # ™ stays, whatever stands on it
    return unicodedata.normalize("NFKC", head + "".join(chars[1:]))


class _Forms(dict[str, str]):
    """Single characters normalised. Symbols (So, Sc) stay, unless they are variants of another symbol (￥ → ¥)."""

    def __missing__(self, char: str) -> str:
        form = unicodedata.normalize("NFKC", char)
        if _is_symbol(char) and not all(map(_is_symbol, form)) and unicodedata.normalize("NFC", char) == char:
            form = char
        self[char] = form
        return form


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sc"}


#: A memo; Unicode bounds its size.
_FORMS = _Forms()
