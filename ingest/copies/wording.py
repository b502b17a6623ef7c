"""A text made comparable: the tokens of its prose, their sequences, and the way back to the stored text."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from ingest.copies.furniture import HAN_WORDS, KANA_WORDS, SOUTHEAST_ASIAN_WORDS, prose_spans
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.tokens import Tokens

#: A shingle is a run of tokens that make up this many words: three words, five Chinese characters, six kana.
SHINGLE_WORDS = 3
#: What comes after this many tokens of prose is not compared. A long read has 8,000; this bounds hostile pages.
MAX_TOKENS = 40_000
#: No character before this one belongs to a script without spaces.
FIRST_SPACELESS = "\u0e00"
#: How many texts are kept ready, and up to which length: a story comes in bursts, and its articles are compared with
#: the same candidates again and again. At most some 30 MB.
KEPT_TEXTS = 64
MAX_KEPT_CHARS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The prose of a text as a sequence of folded words. Furniture is not in it."""

    text: str
    tokens: Tokens
    #: where each word stands among `tokens`, ascending
    places: tuple[int, ...]
    words: tuple[str, ...]
    #: measure[i]: how many words stand before word i, when a character of a script without spaces is a part of a word
    measure: Sequence[float]
    #: shingles[i] starts at word i; the last words start none
    shingles: tuple[tuple[str, ...], ...]
    #: where each shingle stands first
    first: dict[tuple[str, ...], int]
    #: the words that begin a paragraph, ascending
    paragraphs: tuple[int, ...]
    #: words that the text, furniture included, has in lower case
    lower: frozenset[str]

    @property
    def size(self) -> float:
        """Its length in words."""
        return self.measure[-1]

    def exact(self, start: int, end: int) -> tuple[str, ...]:
        """The words [start, end) as they are written."""
        return tuple(self.tokens.exact[place] for place in self.places[start:end])

    def signs_before(self, word: int) -> str:
        """What stands in the stored text between the word and the token before it."""
        place = self.places[word]
        behind = self.tokens.ends[place - 1] if place else 0
        return self.text[behind : self.tokens.starts[place]]

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the stored text from the first to the last of the words [start, end)."""
        return self.tokens.starts[self.places[start]], self.tokens.ends[self.places[end - 1]]


def read_wording(text: str) -> Wording:
    """Tokenise *text* and make it comparable."""
    return _read_kept(text) if len(text) <= MAX_KEPT_CHARS else word_prose(tokenize(text), text)


@lru_cache(maxsize=KEPT_TEXTS)
def _read_kept(text: str) -> Wording:
    return word_prose(tokenize(text), text)


def word_prose(tokens: Tokens, text: str) -> Wording:
    """The same for a text that is tokenised already."""
    places, paragraphs = find_prose(tokens, text)
    words = tuple(map(tokens.folded.__getitem__, places))
    measure = measure_words(words)
    shingles = make_shingles(words, measure)
    return Wording(
        text=text,
        tokens=tokens,
        places=places,
        words=words,
        measure=measure,
        shingles=shingles,
        first=dict(zip(reversed(shingles), range(len(shingles) - 1, -1, -1), strict=True)),
        paragraphs=paragraphs,
        lower=frozenset(filter(str.islower, tokens.exact)),
    )


def find_prose(tokens: Tokens, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which tokens belong to prose, at most MAX_TOKENS, and which of these begin a paragraph; both ascending."""
    places: list[int] = []
    paragraphs: list[int] = []
    for start, end in prose_spans(text):
        first, behind = bisect_left(tokens.starts, start), bisect_left(tokens.starts, end)
        if first < behind and len(places) < MAX_TOKENS:
            paragraphs.append(len(places))
            places.extend(range(first, min(behind, first + MAX_TOKENS - len(places))))
    return tuple(places), tuple(paragraphs)


def measure_words(words: Sequence[str]) -> Sequence[float]:
    """Running length in words: one entry more than *words*, from 0 to the whole length.

    >>> list(measure_words(["nato", "東", "京"]))
    [0.0, 1.0, 1.625, 2.25]
    """
    if max(words, default="") < FIRST_SPACELESS:
        return range(len(words) + 1)
    parts = {word: part for word in set(words) if (part := _part_of_word(word)) is not None}
    if not parts:
        return range(len(words) + 1)
    return tuple(accumulate((parts.get(word, 1.0) for word in words), initial=0.0))


def make_shingles(words: Sequence[str], measure: Sequence[float]) -> tuple[tuple[str, ...], ...]:
    """All runs of words that just make up SHINGLE_WORDS, in order. The choice depends on the run alone.

    >>> words = ["the", "big", "red", "東", "京", "都", "庁", "前"]
    >>> ["|".join(shingle) for shingle in make_shingles(words, measure_words(words))]
    ['the|big|red', 'big|red|東|京', 'red|東|京|都|庁', '東|京|都|庁|前']
    """
    if isinstance(measure, range):
        return tuple(zip(words, words[1:], words[2:], strict=False))
    shingles = []
    end = 0
    for start in range(len(words)):
        while end < len(words) and measure[end] - measure[start] < SHINGLE_WORDS:
            end += 1
        if measure[end] - measure[start] < SHINGLE_WORDS:
            break
        shingles.append(tuple(words[start:end]))
    return tuple(shingles)


def _part_of_word(character: str) -> float | None:
    """The share of a word that a character of a script without spaces is; None for everything else."""
    if len(character) != 1 or character < FIRST_SPACELESS:
        return None
    if "\u3040" <= character <= "\u30ff" or "\u31f0" <= character <= "\u31ff":
        return KANA_WORDS
    if (
        "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U0003ffff"
    ):
        return HAN_WORDS
    if character <= "\u0eff" or "\u1000" <= character <= "\u109f" or "\u1780" <= character <= "\u17ff":
        return SOUTHEAST_ASIAN_WORDS
    return None
