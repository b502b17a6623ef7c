"""A text made comparable: the words of its prose, hashes of their sequences, and the way back to the stored text."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from xxhash import xxh3_64_intdigest

from ingest.copies.furniture import HAN_WORDS, KANA_WORDS, SOUTHEAST_ASIAN_WORDS, prose_spans
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.tokens import Tokens

#: A shingle is a run of tokens that make up this many words: three words, five Chinese characters, six kana.
SHINGLE_WORDS = 3
#: What comes after this many tokens of prose is not compared. A long read has 8,000; this bounds hostile pages.
MAX_TOKENS = 40_000
#: Nor what comes after this many characters, prose or not.
MAX_CHARS = 400_000
#: No character before this one belongs to a script without spaces.
FIRST_SPACELESS = "\u0e00"
#: How many texts are kept ready, and up to which length: a story comes in bursts, and its articles are compared with
#: the same candidates again and again. At most some 30 MB.
KEPT_TEXTS = 64
MAX_KEPT_CHARS = 20_000

_BITS = (1 << 64) - 1
#: Odd numbers without pattern: the hash of a shingle is that of each word times the number of its place.
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 1)
#: The place of a word in `_hash_triples`: its hash has a third of it.
_PLACE_BYTES = 24
_PLACE_BITS = 8 * _PLACE_BYTES

#: A sign that ends a sentence, or the end of a line.
_sentence_end = re.compile(r"[.!?…][\"'”’»)\]]*\s+|[。！？｡।؟۔][\"”’」』）)]*|\n")
_written_words = re.compile(r"\w+")


class Sentence(NamedTuple):
    """A sentence of a wording, see `telling.read_sentences`."""

    #: its words, as positions
    words: range
    #: those that tell what it is about
    telling: frozenset[str]


class Paragraph(NamedTuple):
    """A line of prose: the stretch of the stored text, and where its words begin."""

    start: int
    end: int
    word: int


class SentenceSpan(NamedTuple):
    """A sentence of a wording: where it stands in the stored text, and its words, as positions."""

    #: number of its paragraph
    paragraph: int
    start: int
    end: int
    words: range


class Wording:
    """The prose of a text as a sequence of folded words. Furniture is not in it.

    Immutable, but for what is kept with it once it was asked for. That follows from the words alone, so threads that
    share a wording may make it twice, and nothing worse.
    """

    __slots__ = (
        "_apart",
        "_first",
        "_lower",
        "_tokens",
        "_words_before",
        "figures",
        "measure",
        "paragraphs",
        "sampled",
        "shingles",
        "stripped",
        "text",
        "told",
        "words",
    )

    def __init__(self, text: str, lines: Iterable[tuple[Paragraph, Sequence[str]]]) -> None:
        """*lines* are the paragraphs with their words; where these begin is counted here."""
        paragraphs: list[Paragraph] = []
        words: list[str] = []
        for paragraph, own in lines:
            paragraphs.append(paragraph._replace(word=len(words)))
            words.extend(own)
        self.text = text
        self.paragraphs = tuple(paragraphs)
        self.words = tuple(words)
        #: measure[i]: how many words stand before word i, when a character of a script without spaces is a part of one
        self.measure = measure_words(words)
        #: shingles[i] is the hash of the words from word i on; the last words start none
        self.shingles = hash_shingles(words, self.measure)
        self._first: dict[int, int] | None = None
        self._words_before = tuple(paragraph.word for paragraph in self.paragraphs)
        self._tokens: dict[int, Tokens] = {}
        self._apart: dict[int, bool] = {}
        self._lower: frozenset[str] | None = None
        #: kept here by `copies.telling.read_sentences`
        self.told: tuple[Sentence, ...] | None = None
        #: kept here by `copies.slots`: the figures among its words, by position
        self.figures: dict[int, str] | None = None
        #: kept here by `copies.fingerprint.sample`
        self.sampled: tuple[int, ...] | None = None
        #: kept here by `copies.strip`: what it left of this wording, and without which furniture
        self.stripped: tuple[frozenset[int], Wording] | None = None

    @property
    def first(self) -> dict[int, int]:
        """Where each shingle stands first. Made when it is first asked for: most texts are compared with none."""
        if self._first is None:
            self._first = dict(zip(reversed(self.shingles), range(len(self.shingles) - 1, -1, -1), strict=True))
        return self._first

    @property
    def size(self) -> float:
        """Its length in words."""
        return self.measure[-1]

    def length(self, words: range) -> float:
        """How long a stretch is, in words."""
        return self.measure[words.stop] - self.measure[words.start]

    @property
    def lower(self) -> frozenset[str]:
        """Words that the text, furniture included, has in lower case."""
        if self._lower is None:
            self._lower = frozenset(filter(str.islower, _written_words.findall(self.text)))
        return self._lower

    def sentences(self) -> Iterator[SentenceSpan]:
        """The sentences that have words, in order: together they hold every word once.

        They are cut roughly: these are compared with each other, and never shown. `copies.sentences` cuts for people.
        """
        word = 0
        for n, paragraph in enumerate(self.paragraphs):
            spans = list(self._cut(paragraph))
            counts = [len(tokenize(self.text[start:end])) for start, end in spans]
            size = self.paragraph_of(word).stop - word
            if sum(counts) != size:
                # A stop within a web address, as in `https://a.example/x？y`, ends no sentence.
                spans, counts = [(paragraph.start, paragraph.end)], [size]
            for (start, end), count in zip(spans, counts, strict=True):
                if count:
                    yield SentenceSpan(n, start, end, range(word, word + count))
                    word += count

    def _cut(self, paragraph: Paragraph) -> Iterator[tuple[int, int]]:
        start = paragraph.start
        for found in _sentence_end.finditer(self.text, paragraph.start, paragraph.end):
            yield start, found.end()
            start = found.end()
        if start < paragraph.end:
            yield start, paragraph.end

    def paragraph_of(self, word: int) -> range:
        """The words of the paragraph that holds a word."""
        n = self._paragraph(word)
        end = self._words_before[n + 1] if n + 1 < len(self.paragraphs) else len(self.words)
        return range(self._words_before[n], end)

    def exact(self, start: int, end: int) -> tuple[str, ...]:
        """The words [start, end) as they are written."""
        found: list[str] = []
        while start < end:
            own = self.paragraph_of(start)
            stop = min(end, own.stop)
            found += self._read(self._paragraph(start)).exact[start - own.start : stop - own.start]
            start = stop
        return tuple(found)

    def signs_before(self, word: int) -> str:
        """What stands in the stored text between the word and the one before it; a line end before a paragraph."""
        n = self._paragraph(word)
        place = word - self._words_before[n]
        if not place:
            return "\n"
        tokens, start = self._read(n), self.paragraphs[n].start
        return self.text[start + tokens.ends[place - 1] : start + tokens.starts[place]]

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the stored text from the first to the last of the words [start, end)."""
        n, last = self._paragraph(start), self._paragraph(end - 1)
        behind = self._read(last).ends[end - 1 - self._words_before[last]]
        first = self._read(n).starts[start - self._words_before[n]]
        return self.paragraphs[n].start + first, self.paragraphs[last].start + behind

    def breaks(self, start: int, end: int) -> list[int]:
        """The words of [start, end) but the first before which something else stands in the stored text."""
        n, last = self._paragraph(start), self._paragraph(end - 1)
        return [self.paragraphs[each].word for each in range(n + 1, last + 1) if self._is_apart(each)]

    def _is_apart(self, n: int) -> bool:
        """Whether a paragraph does not follow the one before it: something that is no prose stands between."""
        is_apart = self._apart.get(n)
        if is_apart is None:
            between = self.text[self.paragraphs[n - 1].end : self.paragraphs[n].start]
            is_apart = self._apart[n] = bool(tokenize(between).folded)
        return is_apart

    def _paragraph(self, word: int) -> int:
        return bisect_right(self._words_before, word) - 1

    def _read(self, n: int) -> Tokens:
        tokens = self._tokens.get(n)
        if tokens is None:
            paragraph = self.paragraphs[n]
            tokens = self._tokens[n] = tokenize(self.text[paragraph.start : paragraph.end])
        return tokens


def read_wording(text: str) -> Wording:
    """Find the prose of *text* and make it comparable."""
    return _kept.read(text) if len(text) <= MAX_KEPT_CHARS else _read(text)


def keep_texts(count: int) -> None:
    """Keep the wordings of the last *count* texts ready in this process, in place of KEPT_TEXTS."""
    _kept.read = lru_cache(maxsize=count)(_read)


def _read(text: str) -> Wording:
    lines: list[tuple[Paragraph, Sequence[str]]] = []
    room = MAX_TOKENS
    for start, end in prose_spans(text[:MAX_CHARS]):
        if not room:
            break
        tokens = tokenize(text[start:end])
        words = tokens.folded[:room]
        if words:
            behind = end if len(words) == len(tokens) else start + tokens.ends[room - 1]
            lines.append((Paragraph(start, behind, 0), words))
            room -= len(words)
    return Wording(text, lines)


class _Kept:
    """The texts that are kept ready: those that were asked for last."""

    def __init__(self, count: int) -> None:
        self.read = lru_cache(maxsize=count)(_read)


_kept = _Kept(KEPT_TEXTS)


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


def hash_shingles(words: Sequence[str], measure: Sequence[float]) -> tuple[int, ...]:
    """The hash, unsigned, of each run of words that just makes up SHINGLE_WORDS, in order.

    It depends on the run alone. The hashes of the words are those of xxh3, seed 0, of their UTF-8.
    """
    if len(words) < SHINGLE_WORDS and measure[-1] < SHINGLE_WORDS:
        return ()
    if isinstance(measure, range):
        return _hash_triples(b"".join(map(_hash_word, words)))
    hashes = [int.from_bytes(_hash_word(word), "little") for word in words]
    shingles = []
    end = 0
    for start in range(len(words)):
        while end < len(words) and measure[end] - measure[start] < SHINGLE_WORDS:
            end += 1
        if measure[end] - measure[start] < SHINGLE_WORDS:
            break
        shingles.append(_combine(hashes[start:end]))
    return tuple(shingles)


def _hash_triples(places: bytes) -> tuple[int, ...]:
    """What `_combine` gives for each three words in a row, all at once: as one long number with a place for each word.

    A product has 128 bits and the sum of all three hardly more, so no place reaches into the next one.
    """
    number = int.from_bytes(places, "little")
    first, second, _ = _FACTORS
    summed = number * first + (number >> _PLACE_BITS) * second + (number >> 2 * _PLACE_BITS)
    thirds = array("Q", summed.to_bytes(len(places), "little"))
    if sys.byteorder == "big":
        thirds.byteswap()
    return tuple(thirds[: len(thirds) - 2 * SHINGLE_WORDS : SHINGLE_WORDS])


def _combine(hashes: Sequence[int]) -> int:
    """Three words give what `hash_shingles` adds up for them; more are folded in one after the other."""
    if len(hashes) == SHINGLE_WORDS:
        return sum(number * factor for number, factor in zip(hashes, _FACTORS, strict=True)) & _BITS
    combined = 0
    for number in hashes:
        combined = (combined * _FACTORS[0] + number) & _BITS
    return combined


@lru_cache(maxsize=1 << 16)
def _hash_word(word: str) -> bytes:
    """The hash of a word, in the lowest bytes of its place in a long number."""
    return xxh3_64_intdigest(word.encode()).to_bytes(_PLACE_BYTES, "little")


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
