"""Which parts of a text are prose, and which are the furniture of a page.

An extractor leaves some furniture behind: navigation, related lists, appeals to subscribe, datelines. It is no
evidence that two texts are the same, and it must not make a copy look different. Only the text itself is looked at
here, so the first page of a site is treated like the thousandth; what reads like prose and is furniture all the same
is learnt by `repeats` from many pages.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from ingest.copies.appeals import count_cues, is_addressed

#: A line with this many words is prose even without an end of sentence.
LONG_WORDS = 15.0
#: A line that ends like a sentence is prose from this many words on. Notices have short lines that carry facts
#: ("Forecast for Granby."), so this is lower than the six words of the experiment.
SENTENCE_WORDS = 3.0
#: Appeals and legal lines are short paragraphs; a longer one that speaks of cookies is an article about cookies.
MAX_APPEAL_WORDS = 45.0
#: When fewer words of a text are prose, the filter does not understand it (verse, tables, captions).
MIN_PROSE_WORDS = 15.0
#: An end of sentence can be followed by quotes and brackets, but not by this many characters.
SENTENCE_TAIL = 8
#: A line that is followed by a continuation has been broken by a machine only if it has some length.
MIN_WRAPPED_CHARS = 25

#: In a text that a machine has broken, at least this part of the unfinished lines is followed by one in lower case.
#: German, with its capitals, has a third; headlines one below the other have hardly any.
MIN_GOING_ON = 0.3

#: Scripts written without spaces, with the share of a word that one character is: Han, kana, then Thai, Lao,
#: Burmese and Khmer, whose vowels and tone marks are characters of their own.
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_SOUTHEAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
HAN_WORDS = 0.625
KANA_WORDS = 0.5
SOUTHEAST_ASIAN_WORDS = 0.25

_han_run = re.compile(f"[{_HAN}]+")
_kana_run = re.compile(f"[{_KANA}]+")
_southeast_asian_run = re.compile(f"[{_SOUTHEAST_ASIAN}]+")
_spaceless = re.compile(f"[{_HAN}{_KANA}{_SOUTHEAST_ASIAN}]")
_line = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_sentence_end = re.compile(r"[.!?…。！？｡؟۔।॥።။។][\s\"'”’»«“‘)\]）」』]*$")

#: «BERLIN, March 3 (Reuters) — », «Brussels, Belgium (CNN) — », «КИЕВ, 3 марта (Укринформ) - »: where and by whom a
#: reprint was sent is not part of the story, and every outlet writes its own.
_dateline = re.compile(
    r"\s*[^\W\d_a-zà-öø-ÿа-я][^\n!?:;]{1,60}?"
    r"(?:\s*\([^()\n]{2,40}\)\s*[—–-]+\s|\s*\([A-Z][\w .]{1,20}\)\s|\s+[—–]\s|\s+--?\s)"
)
_sentence_within = re.compile(r"[^\W\d_]{3}\.\s+[^\W\d_]")
_capital_start = re.compile(r"\s*[^\W\d_]{2,}")

#: Lines that never belong to a story, however they go on.
_opening = re.compile(
    r"\s*(?:read more|related|see also|more on this|most read|popular|photo|image|story continues|listen to this"
    r"|lesen sie auch|mehr zum thema|lire aussi|à lire aussi|lea también|leggi anche|leia também|lees ook"
    r"|czytaj też|читайте также|читайте також|関連記事|相关阅读)\b\s*[:：|-]",
    re.IGNORECASE,
)


class Span(NamedTuple):
    """A half-open stretch of a text, in code points."""

    start: int
    end: int


def count_words(text: str) -> float:
    """How many words *text* has, about; characters of scripts without spaces count as parts of words.

    >>> count_words("Prices rose by 2.3 percent")
    5.0
    >>> count_words("物価上昇")
    2.5
    """
    if not _spaceless.search(text):
        return float(len(text.split()))
    han, kana, southeast_asian = (
        sum(len(run) for run in pattern.findall(text)) for pattern in (_han_run, _kana_run, _southeast_asian_run)
    )
    others = len(_spaceless.sub(" ", text).split())
    return others + han * HAN_WORDS + kana * KANA_WORDS + southeast_asian * SOUTHEAST_ASIAN_WORDS


def prose_spans(text: str) -> tuple[Span, ...]:
    """The stretches of *text* that are prose, ascending, one for each paragraph; datelines are left out.

    A text without any recognisable prose comes back whole, line by line.
    """
    paragraphs = _join_wrapped(text, [Span(*found.span()) for found in _line.finditer(text) if found[0].strip()])
    lines = [text[start:end].strip() for start, end in paragraphs]
    sizes = [count_words(line) for line in lines]
    times = Counter(lines)
    prose = [
        (paragraph, size)
        for paragraph, line, size in zip(paragraphs, lines, sizes, strict=True)
        if _is_prose(line, size, is_repeated=times[line] > 1)
    ]
    if sum(size for _, size in prose) < MIN_PROSE_WORDS:
        return tuple(paragraphs)
    return tuple(_without_dateline(text, paragraph) for paragraph, _ in prose)


def _join_wrapped(text: str, lines: list[Span]) -> list[Span]:
    """Join lines that a machine has broken: the one stops within a sentence, the next goes on.

    What goes on in lower case surely does. A capital may be a name, or the next headline of a list: that depends on
    what most unfinished lines of the text are followed by.
    """
    goes_on = [
        text[line.start : line.end].lstrip()[0].islower() if _is_unfinished(text[last.start : last.end]) else None
        for last, line in pairwise(lines)
    ]
    is_wrapped = goes_on.count(True) >= MIN_GOING_ON * (len(goes_on) - goes_on.count(None)) > 0
    paragraphs = lines[:1]
    for line, continues in zip(lines[1:], goes_on, strict=True):
        last = paragraphs[-1]
        is_near = text.count("\n", last.end, line.start) == 1
        if continues or (continues is False and is_wrapped and is_near):
            paragraphs[-1] = Span(last.start, line.end)
        else:
            paragraphs.append(line)
    return paragraphs


def _is_unfinished(line: str) -> bool:
    return len(line) >= MIN_WRAPPED_CHARS and not _ends_a_sentence(line)


def _is_prose(line: str, words: float, *, is_repeated: bool) -> bool:
    if words < LONG_WORDS and (is_repeated or words < SENTENCE_WORDS or not _ends_a_sentence(line)):
        return False
    return not _opening.match(line) and not _is_appeal(line, words)


def _ends_a_sentence(line: str) -> bool:
    return _sentence_end.search(line.rstrip()[-SENTENCE_TAIL:]) is not None


def _is_appeal(line: str, words: float) -> bool:
    """The page itself speaks: two cues, or one in a line that is addressed to the reader or has hardly any words."""
    if words > MAX_APPEAL_WORDS:
        return False
    cues = count_cues(line)
    return cues > 1 or (cues == 1 and (words < LONG_WORDS or is_addressed(line)))


def _without_dateline(text: str, paragraph: Span) -> Span:
    found = _dateline.match(text, paragraph.start, paragraph.end)
    if found and _looks_like_a_dateline(found[0]) and found.end() < paragraph.end:
        return Span(found.end(), paragraph.end)
    return paragraph


def _looks_like_a_dateline(start: str) -> bool:
    """It names an agency in brackets, or its first word is in capitals: «KYIV — », not «The plan — ».

    >>> [_looks_like_a_dateline(start) for start in ("KYIV - ", "Kyiv, Feb. 12 (AP) - ", "The plan - ")]
    [True, True, False]
    """
    if _sentence_within.search(start):
        return False
    word = _capital_start.match(start)
    return "(" in start or (word is not None and word[0].strip().isupper())
