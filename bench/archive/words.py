"""Words of real news, each as often as there, in English and in languages of other scripts."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _rule_workload import read_texts

from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SETS = Path(__file__).resolve().parents[1] / "copysets" / "data"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,]\d+)*")
_SYLLABLES = [first + vowel for first in ("b", "d", "k", "l", "m", "n", "r", "s", "t", "gr") for vowel in "aeiou"]

#: Of languages without spaces words are cut that are as long as theirs are on average, roughly.
_PIECES = {"zh": 2, "th": 4}
#: Words of which the rarer ones of a language are put together, as its texts here have few.
_PARTS = 300
_PART_CHARS = 4
#: The rarer words of a language.
RARE_WORDS = 150_000
#: Words are drawn by so many bits.
SLOT_BITS = 21


class Vocabulary:
    """The words of a language, each as often as in real texts.

    Those that were seen once tell how much of a new text was never seen: so often one of the made-up words comes, by
    the law of Zipf.
    """

    def __init__(self, counted: Counter[str], made_up: Sequence[str], *, space: str = " ") -> None:
        known = counted.most_common()
        seen = np.array([times for _, times in known], dtype=float)
        unseen = (seen == 1).sum() / seen.sum()
        made = 1 / np.arange(1, len(made_up) + 1)
        shares = np.concatenate((seen / seen.sum() * (1 - unseen), made / made.sum() * unseen))
        words = [*(word for word, _ in known), *made_up]
        self.space = space
        self.count = len(words)
        #: a word for each of 2^SLOT_BITS equally likely draws
        self.table = np.searchsorted(np.cumsum(shares), (np.arange(1 << SLOT_BITS) + 0.5) / (1 << SLOT_BITS))
        #: each word as it stands within a sentence, at its start, at its end, and at the end of a paragraph
        self.written = np.array(
            [*words, *map(_capital, words), *(f"{word}." for word in words), *(f"{word}.\n" for word in words)],
            dtype=object,
        )

    @cached_property
    def tokens(self) -> np.ndarray:
        """The folded tokens of each word."""
        return np.array([" ".join(tokenize(word).folded) for word in self.written[: self.count]], dtype=object)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def english() -> Vocabulary:
    """The words of the sample newsroom, and names and figures."""
    texts, _ = read_texts()
    counted = Counter(word for text in texts for word in _WORD.findall(text.body) if word.isascii())
    return Vocabulary(counted, tuple(map(_made_up, range(RARE_WORDS))))


def _made_up(rank: int) -> str:
    if rank % 9 == 4:
        return str(rank)
    word, rest = _SYLLABLES[rank % 50], rank // 50
    while rest or len(word) < 4:
        word, rest = word + _SYLLABLES[rest % 50], rest // 50
    return word.capitalize() if rank % 3 else word


def foreign(lang: str) -> Vocabulary:
    """The words of the sets for copies, and names that are put together of these."""
    spoken = " ".join(_strings(json.loads((_SETS / f"{lang}.json").read_text(encoding="utf-8"))))
    spoken = re.sub(r"\{[^}]*\}", " ", spoken)
    if lang in _PIECES:
        size, spoken = _PIECES[lang], re.sub(r"[\x00-\x7f]", " ", spoken)
        found = [run[at : at + size] for run in spoken.split() for at in range(0, len(run), size)]
    else:
        found = _WORD.findall(spoken)
    counted = Counter(found)
    parts = sorted({word[:_PART_CHARS] for word, _ in counted.most_common(_PARTS)})
    draw = random.Random(lang)
    made_up: dict[str, None] = {}
    while len(made_up) < RARE_WORDS // 2:
        made_up["".join(draw.choices(parts, k=draw.choice((2, 2, 3))))] = None
    return Vocabulary(counted, tuple(made_up), space="" if lang in _PIECES else " ")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
