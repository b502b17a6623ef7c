"""News as `copies_scale.py` needs it: any number of articles, each made from its number alone.

An article is written in units of three words. A unit is one of two million, or one of the 3,000 of its topic; how
often each comes follows the law of Zipf and Mandelbrot with exponent 0.8, the words in them with exponent 1 over
100,000. So texts share sequences of words by chance, the more the larger the archive, as real ones do (of 275 of
those: 7 % of the sampled hashes stand in another one, the most frequent in 19; of 275 of these: 10 %, in 40). 30 % of
the articles are reprints of an earlier one: whole, cut, with an own paragraph, or with some words exchanged. Each
stands in the furniture of its site.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ingest.copies.fingerprint import FINGERPRINT_ALG, take_fingerprint
from ingest.copies.hashes import shorten
from ingest.copies.model import Fingerprint
from ingest.copies.wording import hash_shingles, read_wording
from ingest.model import Article, TextFrom

if TYPE_CHECKING:
    from collections.abc import Iterator

VOCABULARY = 100_000
UNITS = 2_000_000
TOPICS = 500
TOPIC_UNITS = 3000
#: share of units that are of the topic
TOPIC_SHARE = 0.25
#: 1 / (1 - exponent of Zipf's law), and the ranks that are left out at the head of it
STEEPNESS = 5
HEAD_OF_UNITS = 100
HEAD_OF_TOPIC = 5
HEAD_OF_WORDS = 3
#: of an article, on average; 420 words, as in the sample newsroom
MEAN_UNITS = 140
SITES = 300
REPRINTS = 0.3

_SYLLABLES = [first + vowel for first in ("b", "d", "k", "l", "m", "n", "r", "s", "t", "gr") for vowel in "aeiou"]
_BITS = (1 << 64) - 1
_SIGN = 1 << 63
_SPREAD = VOCABULARY / HEAD_OF_WORDS
_LEAST_OF_UNITS = (HEAD_OF_UNITS / UNITS) ** (1 / STEEPNESS)
_LEAST_OF_TOPIC = (HEAD_OF_TOPIC / TOPIC_UNITS) ** (1 / STEEPNESS)


def _write_word(rank: int) -> str:
    """The word of a rank: the common ones are short; some of the others are names or figures."""
    if rank > 200 and rank % 47 == 11:
        return str(rank % 1000)
    word, rest = _SYLLABLES[rank % 50], rank // 50
    while rest:
        word, rest = word + _SYLLABLES[rest % 50], rest // 50
    return word.capitalize() if rank > 200 and rank % 13 == 5 else word


def _draw_unit(draw: random.Random, first_of_topic: int) -> int:
    chance = draw.random
    if chance() < TOPIC_SHARE:
        return first_of_topic + int(TOPIC_UNITS * (_LEAST_OF_TOPIC + chance() * (1 - _LEAST_OF_TOPIC)) ** STEEPNESS)
    return int(UNITS * (_LEAST_OF_UNITS + chance() * (1 - _LEAST_OF_UNITS)) ** STEEPNESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was written once: the units of its paragraphs."""

    topic: int
    title: tuple[int, ...]
    paragraphs: tuple[tuple[int, ...], ...]


class Press:
    """Articles by number, from 0 on."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._words = [_write_word(rank) for rank in range(VOCABULARY)]
        #: see `_furniture_hashes` and `_kept`
        self._sites: dict[int, list[int]] = {}
        self._hashes: dict[int, int] = {}
        pages = [take_fingerprint(self.text(number)[1]) for number in range(200)]
        #: sampled hashes of an article on average, and which share of all hashes that is
        self.mean_hashes = sum(len(page.hashes) for page in pages) / len(pages)
        kept = self.mean_hashes / (3 * MEAN_UNITS)
        self._threshold = int(kept * 2 * _SIGN)
        self._step = int(1 / kept)

    def original(self, number: int) -> int:
        """The article that this one is a reprint of; itself when it is none."""
        draw = self._draw(number, 1)
        while number > 10 and draw.random() < REPRINTS:
            number = draw.randrange(number)
            draw = self._draw(number, 1)
        return number

    def article(self, number: int) -> Article:
        return self.bare_article(number, *self.text(number))

    def bare_article(self, number: int, title: str, text: str) -> Article:
        """The article of this number with a given text."""
        site = f"www.site{self._site(number)}.example"
        return Article(
            url=f"https://{site}/news/{number}",
            source=site,
            title=title,
            text=text,
            author=None,
            published=None,
            lang="en",
            sections=(),
            text_from=TextFrom.PAGE,
            repaired=None,
            raw_hash=None,
        )

    def text(self, number: int) -> tuple[str, str]:
        """Title and text, furniture included."""
        original = self.original(number)
        story = self._story(original)
        draw = self._draw(number, 2)
        paragraphs = list(story.paragraphs)
        lines = [self._write(units, draw, 0) for units in paragraphs]
        if original != number:
            lines = self._edit(paragraphs, lines, draw)
        before, behind = self._furniture(self._site(number))
        return self._write(story.title, draw, 0).rstrip("."), "\n".join((*before, *lines, *behind))

    def sketch(self, number: int) -> Fingerprint:
        """A fingerprint as such articles have, at a tenth of the cost of writing and reading one.

        In it are some units that sampling keeps wherever they stand; what straddles two units is new each time.
        """
        original = self.original(number)
        draw = self._draw(original, 3)
        length = max(0.2, draw.gauss(1, 1 / 3))
        shared = int(length * self.mean_hashes / 3)
        first = UNITS + draw.randrange(TOPICS) * TOPIC_UNITS
        hashes = [self._kept(_draw_unit(draw, first)) for _ in range(shared)]
        hashes += [shorten(draw.getrandbits(32)) for _ in range(int(length * self.mean_hashes) - shared)]
        if original != number:
            draw.shuffle(hashes)
            own = self._draw(number, 4)
            hashes = hashes[: int(len(hashes) * own.uniform(0.4, 1.2))]
            hashes += [shorten(own.getrandbits(32)) for _ in range(own.randint(0, 10))]
        hashes += self._furniture_hashes(self._site(number))
        return Fingerprint(alg=FINGERPRINT_ALG, hashes=tuple(sorted(set(hashes))), title=number + 1)

    def _draw(self, number: int, purpose: int) -> random.Random:
        return random.Random((self._seed * 10 + purpose) << 40 | number)

    def _site(self, number: int) -> int:
        return int(SITES ** self._draw(number, 5).random())

    def _story(self, number: int) -> Story:
        draw = self._draw(number, 6)
        topic = draw.randrange(TOPICS)
        first = UNITS + topic * TOPIC_UNITS
        units = [_draw_unit(draw, first) for _ in range(max(20, int(draw.gauss(MEAN_UNITS, MEAN_UNITS / 3))))]
        ends = list(accumulate(draw.randint(9, 24) for _ in range(len(units) // 9)))
        cuts = [0, *(end for end in ends if end < len(units) - 5), len(units)]
        paragraphs = tuple(tuple(units[start:end]) for start, end in pairwise(cuts))
        return Story(topic=topic, title=tuple(units[:2]), paragraphs=paragraphs)

    def _edit(self, paragraphs: list[tuple[int, ...]], lines: list[str], draw: random.Random) -> list[str]:
        way = draw.random()
        if way < 0.5:
            return lines
        if way < 0.75:
            return lines[: max(1, int(len(lines) * draw.uniform(0.4, 0.8)))]
        if way < 0.9:
            own = tuple(draw.randrange(UNITS) for _ in range(15))
            return [*lines[:2], self._write(own, draw, 0), *lines[2:]]
        return [self._write(units, draw, 0.02) for units in paragraphs]

    def _write(self, units: tuple[int, ...], draw: random.Random, exchanged: float) -> str:
        """Sentences of five units or so, which end where the units say, so that reprints have the same."""
        sentences: list[str] = []
        words: list[str] = []
        for unit in units:
            if exchanged and draw.random() < exchanged:
                words += self._unit(draw.randrange(UNITS))
            else:
                words += self._unit(unit)
            if len(words) >= 9 and unit % 3 == 0:
                sentences.append(self._sentence(words))
                words = []
        if words:
            sentences.append(self._sentence(words))
        return " ".join(sentences)

    def _sentence(self, words: list[str]) -> str:
        return f"{words[0].capitalize()} {' '.join(words[1:])}."

    def _unit(self, unit: int) -> Iterator[str]:
        mixed = (unit * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _BITS
        mixed = ((mixed ^ mixed >> 31) * 0xBF58476D1CE4E5B9) & _BITS
        mixed ^= mixed >> 29
        for shift in (1, 22, 43):
            yield self._words[int(HEAD_OF_WORDS * _SPREAD ** ((mixed >> shift & 0x1FFFFF) / 0x200000))]

    def _kept(self, unit: int) -> int:
        """The hash, shortened, of the unit about here that sampling keeps in most texts."""
        unit -= unit % self._step
        found = self._hashes.get(unit)
        if found is None:
            wanted = unit
            while True:
                words = [word.lower() for word in self._unit(wanted)]
                (number,) = hash_shingles(words, range(len(words) + 1))
                if number < self._threshold:
                    break
                wanted += 1
            found = self._hashes[unit] = shorten(number)
        return found

    def _furniture_hashes(self, site: int) -> list[int]:
        """Those of a site's prose that sampling keeps in most texts."""
        known = self._sites.get(site)
        if known is None:
            shingles = read_wording("\n".join(self._furniture(site)[1])).shingles
            known = self._sites[site] = [shorten(number) for number in shingles if number < self._threshold]
        return known

    def _furniture(self, site: int) -> tuple[list[str], list[str]]:
        draw = self._draw(site, 7)
        menu = [" | ".join(self._words[draw.randrange(200, 3000)] for _ in range(6)) for _ in range(3)]
        prose = [
            self._write(tuple(draw.randrange(UNITS) for _ in range(5)), draw, 0) for _ in range(draw.randint(0, 2))
        ]
        return menu, prose
