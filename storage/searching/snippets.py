"""The passage of an article that shows best why a search found it. Pure.

It is one line, begins and ends where words do and never within what people see as one character, and holds no
control characters, whatever the text holds.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.characters import CLASSES, SPACELESS
from storage.searching.graphemes import is_border

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The length of a passage in words. In a script without spaces, two characters count as a word.
WORDS = 30

#: What stands within so many characters may be shown together.
SPREAD = 160

#: A passage is never longer, whatever its words.
MOST_CHARACTERS = 400

#: A word is never cut unless it is longer: an address, or letters of an attack.
LONG_WORD = 40

#: Stands where text is left out.
CUT = "…"

#: Directions that a text may switch and must not switch for what follows.
_OVERRIDES = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


class Mark(NamedTuple):
    """A hit: half-open, in code points of the passage."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage with its hits, which are in order and do not overlap."""

    #: where it begins in the text, in code points
    start: int
    text: str
    marks: tuple[Mark, ...]


def cut_passage(text: str, spans: Sequence[tuple[int, int]]) -> Passage:
    """Cut the passage of *text* around the best cluster of *spans*, which are half-open and sorted by their start.

    The best cluster has the most different words, then the most hits, then comes first. Without spans, it is the
    beginning of the text. Marks that are cut by the end of the passage end with it.
    """
    first, last = _best_cluster(text, spans) if spans else (0, 0)
    low, high = _widen(text, first, last)
    shown, places = _clean(text, low, high)
    before = CUT if text[:low].strip() else ""
    after = CUT if text[high:].strip() else ""
    marks = _marks(spans, low, high, places, len(before))
    return Passage(start=low, text=f"{before}{shown}{after}", marks=tuple(marks))


def _best_cluster(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The start of the first and the end of the last of the spans that are to be shown together."""
    words = [text[start : min(end, start + LONG_WORD)].casefold() for start, end in spans]
    inside: Counter[str] = Counter()
    best, chosen = (0, 0), (0, 0)
    stop = 0
    for begin, (start, _) in enumerate(spans):
        while stop < len(spans) and (stop == begin or spans[stop][1] <= start + SPREAD):
            inside[words[stop]] += 1
            stop += 1
        worth = (len(inside), inside.total())
        if worth > best:
            best, chosen = worth, (begin, stop)
        inside[words[begin]] -= 1
        if not inside[words[begin]]:
            del inside[words[begin]]
    begin, stop = chosen
    return spans[begin][0], min(max(end for _, end in spans[begin:stop]), spans[begin][0] + MOST_CHARACTERS)


class _Piece(NamedTuple):
    """What stands between two places where the text may be cut, and what it counts in words."""

    start: int
    end: int
    words: float


def _widen(text: str, first: int, last: int) -> tuple[int, int]:
    """Take words on both sides of the cluster until there are enough of them."""
    low = max(0, first - MOST_CHARACTERS)
    pieces = list(_pieces(text, low, min(len(text), last + MOST_CHARACTERS)))
    if not pieces:
        return first, first
    left = next((i for i, each in enumerate(pieces) if each.end > first), len(pieces) - 1)
    right = next((i for i, each in enumerate(pieces) if each.end >= last), len(pieces) - 1)
    right = max(left, right)
    room = WORDS - sum(each.words for each in pieces[left : right + 1])
    while True:
        grown = False
        for is_left in (True, False):
            at = left - 1 if is_left else right + 1
            if not 0 <= at < len(pieces) or pieces[at].words > room:
                continue
            edges = (pieces[at].start, pieces[right].end) if is_left else (pieces[left].start, pieces[at].end)
            if edges[1] - edges[0] > MOST_CHARACTERS:
                continue
            left, right = (at, right) if is_left else (left, at)
            room -= pieces[at].words
            grown = True
        if not grown:
            return pieces[left].start, pieces[right].end


def _pieces(text: str, low: int, high: int) -> Iterator[_Piece]:
    """The words of a stretch; words without spaces between them, and very long ones, character by character.

    A part of a word at the edges of the stretch is left out.
    """
    at = low
    while at < high:
        if text[at].isspace():
            at += 1
            continue
        end = at
        while end < high and not text[end].isspace():
            end += 1
        is_whole = (at > low or _is_edge(text, low)) and (end < high or _is_edge(text, high))
        if end - at > LONG_WORD or any(CLASSES[each] == SPACELESS for each in text[at:end]):
            yield from _characters(text, at, end)
        elif is_whole:
            yield _Piece(at, end, 1.0)
        at = end


def _is_edge(text: str, at: int) -> bool:
    """No word goes across this place."""
    return at in {0, len(text)} or text[at - 1].isspace() or text[at].isspace()


def _characters(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Each character; letters of a word of another script between them stay together."""
    at = start
    while at < end and not is_border(text, at):
        at += 1
    while at < end:
        stop = at + 1
        is_spaceless = CLASSES[text[at]] == SPACELESS
        while stop < end and not (
            is_border(text, stop) and (is_spaceless or CLASSES[text[stop]] == SPACELESS or stop - at >= LONG_WORD)
        ):
            stop += 1
            if stop - at > 2 * LONG_WORD:  # marks without end
                break
        yield _Piece(at, stop, 0.5 if is_spaceless else 1.0)
        at = stop


def _clean(text: str, low: int, high: int) -> tuple[str, list[int]]:
    """The stretch in one line, and for each of its places, also the one behind it, where that is in the line."""
    shown: list[str] = []
    places = []
    for character in text[low:high]:
        places.append(len(shown))
        if character.isspace():
            if shown and shown[-1] != " ":
                shown.append(" ")
        elif unicodedata.category(character) == "Cs":
            shown.append("\ufffd")
        elif character not in _OVERRIDES and unicodedata.category(character) != "Cc":
            shown.append(character)
    places.append(len(shown))
    return "".join(shown), places


def _marks(spans: Sequence[tuple[int, int]], low: int, high: int, places: Sequence[int], offset: int) -> Iterator[Mark]:
    """The spans that are shown, as marks in the line; those that touch one another are one only if they overlap."""
    waiting: Mark | None = None
    for start, end in spans:
        if end <= low or start >= high:
            continue
        mark = Mark(places[max(start, low) - low] + offset, places[min(end, high) - low] + offset)
        if mark.start == mark.end:
            continue
        if waiting is not None and mark.start < waiting.end:
            waiting = Mark(waiting.start, max(waiting.end, mark.end))
            continue
        if waiting is not None:
            yield waiting
        waiting = mark
    if waiting is not None:
        yield waiting
