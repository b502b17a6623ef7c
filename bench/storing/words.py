"""Texts of made-up words that occur as often as words do: the n-th most frequent about 1/n as often as the first."""

from __future__ import annotations

import random
from functools import cache
from itertools import accumulate

VOCABULARY = 50_000
#: Zipf's exponent of English news.
EXPONENT = 1.05
_CONSONANTS = "bcdfghjklmnprstvwz"
_VOWELS = "aeiou"


@cache
def vocabulary(size: int = VOCABULARY) -> tuple[str, ...]:
    """Distinct words, the most frequent first, which are also the shortest."""
    draw = random.Random(size)
    words: dict[str, None] = {}
    while len(words) < size:
        syllables = min(2 + len(words) // 2_000, 4) - (len(words) < 100)
        words.setdefault(
            "".join(draw.choice(_CONSONANTS) + draw.choice(_VOWELS) for _ in range(syllables))
            + draw.choice(("", "n", "s", "r"))
        )
    return tuple(words)


@cache
def _weights(size: int) -> tuple[float, ...]:
    return tuple(accumulate(1 / rank**EXPONENT for rank in range(1, size + 1)))


def paragraphs(draw: random.Random, characters: int) -> str:
    """A text of about so many characters, in paragraphs of some sentences."""
    made: list[str] = []
    length = 0
    while length < characters:
        sentences = [sentence(draw) for _ in range(draw.randint(2, 5))]
        made.append(" ".join(sentences))
        length += len(made[-1]) + 2
    return "\n\n".join(made)


def sentence(draw: random.Random) -> str:
    """One sentence."""
    words = draw.choices(vocabulary(), cum_weights=_weights(VOCABULARY), k=draw.randint(9, 24))
    return " ".join(words).capitalize() + "."
