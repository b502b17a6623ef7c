"""The sentences and paragraphs of a text, found without knowing its language.

A sentence ends at the stops of all scripts, at line ends where no line goes on, and in scripts that have neither
spaces nor stops (Thai, Lao, Khmer, Burmese) at their spaces. What a machine has wrapped is joined.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A line that is shorter was ended by its writer, not by a machine that wraps.
MIN_WRAPPED_CHARS = 40


class Span(NamedTuple):
    """A half-open stretch of a text, in code points."""

    start: int
    end: int


_SOUTHEAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_ENDS = ".!?…؟۔।॥։።។"
_CJK_ENDS = "。！？｡"
_CLOSERS = "\"'”’»“)]"
_line = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
#: The look-behinds keep a long run of stops or spaces from being tried from each of its places.
_boundary = re.compile(
    rf"(?<![{_CJK_ENDS}])[{_CJK_ENDS}]++[」』”’\"）)]*+"  # Chinese and Japanese have no space behind the stop
    rf"|(?<![{_ENDS}])[{_ENDS}]++[{re.escape(_CLOSERS)}]*+(?=\s)"
    rf"|(?<=[{_SOUTHEAST_ASIAN}])\s++(?=[{_SOUTHEAST_ASIAN}])"
)
_last_word = re.compile(r"(?:^|[^\w])(\w+)$")
#: Words that end in a dot and no sentence.
_ABBREVIATIONS = frozenset((
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "sen", "rep", "gov", "lt", "col", "capt", "sgt", "jr", "sr", "vs",
    "no", "nr", "jan", "feb", "aug", "sept", "oct", "nov", "dec",
))  # fmt: skip


def split_sentences(text: str) -> tuple[Span, ...]:
    """The sentences of *text*, ascending; all but white space belongs to one of them.

    >>> [text[a:b] for text in ["He met Mr. Li. They talked. 五人死亡。两人受伤。"] for a, b in split_sentences(text)]
    ['He met Mr. Li.', 'They talked.', '五人死亡。', '两人受伤。']
    """
    return tuple(sentence for paragraph in split_paragraphs(text) for sentence in _sentences(text, paragraph))


def split_paragraphs(text: str) -> tuple[Span, ...]:
    """The paragraphs of *text*: its lines, those joined that a machine has wrapped."""
    lines = [_strip(text, found.start(), found.end()) for found in _line.finditer(text) if not found[0].isspace()]
    if not lines:
        return ()
    goes_on = [_goes_on(text, line, following) for line, following in pairwise(lines)]
    # A capital may go on as well, where most unfinished lines surely do.
    is_wrapped = goes_on.count(True) > goes_on.count(None)
    paragraphs = lines[:1]
    for line, continues in zip(lines[1:], goes_on, strict=True):
        if continues or (continues is None and is_wrapped):
            paragraphs[-1] = Span(paragraphs[-1].start, line.end)
        else:
            paragraphs.append(line)
    return tuple(paragraphs)


def _goes_on(text: str, line: Span, following: Span) -> bool | None:
    """Does the *following* line go on where *line* stops; None: it may, as far as can be seen from these two."""
    last, first = text[line.end - 1], text[following.start]
    is_ended = line.end - line.start < MIN_WRAPPED_CHARS or last in _ENDS + _CJK_ENDS + _CLOSERS
    if is_ended or text.count("\n", line.end, following.start) > 1:
        return False
    return True if first.islower() else None


def _strip(text: str, start: int, end: int) -> Span:
    stretch = text[start:end]
    return Span(start + len(stretch) - len(stretch.lstrip()), end - len(stretch) + len(stretch.rstrip()))


def _sentences(text: str, paragraph: Span) -> Iterator[Span]:
    start = paragraph.start
    for found in _boundary.finditer(text, start, paragraph.end):
        end = found.end()
        if end < paragraph.end and _is_end(text, found, start) and not text[start:end].isspace():
            yield _strip(text, start, end)
            start = end
    if not text[start : paragraph.end].isspace() and start < paragraph.end:
        yield _strip(text, start, paragraph.end)


def _is_end(text: str, found: re.Match[str], start: int) -> bool:
    """A sentence begins behind *found*, unless it goes on in lower case or *found* is the dot of an abbreviation."""
    if found[0][0] in _CJK_ENDS or found[0].isspace():
        return True
    behind = text[found.end() : found.end() + 8].lstrip()
    if behind[:1].islower():
        return False
    if found[0] != ".":
        return True
    word = _last_word.search(text[max(start, found.start() - 8) : found.start()])
    return word is None or not (len(word[1]) == 1 or word[1].lower() in _ABBREVIATIONS) or word[1].isdecimal()
