"""News of half a year for the archive: any number of articles, each made from its number alone.

As in `_copy_texts` an article is written in units of three words, which come as often as the law of Zipf and Mandelbrot
says, so that texts share sequences of words by chance. Here the words are real ones, as often as in real texts; a topic
has words of its own, as within one text words come again far more often than by chance (of 450 real words 242 are
different ones, of those here 250). All chance is a hash of the number, so that whole arrays are drawn at once.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import numpy as np
from archive import words

from ingest.copies.fingerprint import FINGERPRINT_ALG
from ingest.copies.model import Fingerprint
from ingest.model import Article, TextFrom
from rules.text import tokenize

#: languages beside English, with their share of the articles
LANGS = {"uk": 0.03, "de": 0.02, "th": 0.015, "zh": 0.015}
#: Reprints come within so many hours.
REACH_H = 48
REPRINTS = 0.25
SITES = 300
SECTIONS = ("world", "news/politics", "business", "sport", "local", "culture", "technology/science")

UNITS = 2_000_000
#: Units of which one subject has its own, and the share of units that are such.
SUBJECTS = 500
SUBJECT_UNITS = 3000
SUBJECT_SHARE = 0.6
#: Of the words of these, three in four are of so many.
OWN_WORDS = 120
#: 1 / (1 - exponent of Zipf's law), and the ranks that are left out at the head of it
STEEPNESS = 5
HEAD_OF_UNITS = 100
HEAD_OF_SUBJECT = 5
#: of an article, on average: 450 words, and some 30 of furniture
MEAN_UNITS = 150
LEAST_UNITS = 20
#: Of all sequences of three words those that a fingerprint has.
SAMPLED = 0.2

_BITS = (1 << 64) - 1
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)
_THIRD = np.uint64(0x94D049BB133111EB)
_SLOTS = (1 << words.SLOT_BITS) - 1
_SLUG = re.compile("[a-z0-9]+")
_LEAST_OF_UNITS = (HEAD_OF_UNITS / UNITS) ** (1 / STEEPNESS)
_LEAST_OF_SUBJECT = (HEAD_OF_SUBJECT / SUBJECT_UNITS) ** (1 / STEEPNESS)


class Topic(NamedTuple):
    """A topic of the archive, and the share of stories that match it."""

    name: str
    share: float


#: From one article in twenty to one in a hundred thousand.
TOPICS = tuple(
    Topic(f"topic-{n:02}", share)
    for n, share in enumerate(
        (0.05, 0.03, 0.02, 0.02, *[0.01] * 4, *[0.003] * 8, *[0.001] * 8, *[0.0002] * 8, *[0.00001] * 8)
    )
)


class Written(NamedTuple):
    """An article as it was written, with its tokens as the index has them."""

    title: str
    text: str
    title_line: str
    text_line: str


def mix(numbers: np.ndarray) -> np.ndarray:
    """64 bits that look like chance for each number: splitmix64, https://prng.di.unimi.it/splitmix64.c."""
    mixed = numbers.astype(np.uint64) * _FIRST + _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _SECOND
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _THIRD
    return mixed ^ (mixed >> np.uint64(31))


def _mix(number: int) -> int:
    mixed = ((number + 1) * 0x9E3779B97F4A7C15) & _BITS
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _BITS
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _BITS
    return mixed ^ mixed >> 31


class NewsPress:
    """Articles by number, from 0 on; *per_day* come each day."""

    def __init__(self, per_day: float) -> None:
        self._reach = max(20, int(per_day * REACH_H / 24))
        self._vocabularies = {"en": words.english(), **{lang: words.foreign(lang) for lang in LANGS}}

    def chance(self, number: int, purpose: int) -> float:
        """Between 0 and 1, the same each time."""
        return _mix(number << 8 | purpose) / 2**64

    def original(self, number: int) -> int:
        """The article that this one is a reprint of; itself when it is none."""
        while number > 10 and self.chance(number, 1) < REPRINTS:
            number -= 1 + int(self.chance(number, 2) * min(self._reach, number - 1))
        return number

    def lang(self, number: int) -> str:
        """The language; a reprint has that of what it reprints."""
        chance = self.chance(self.original(number), 3)
        for lang, share in LANGS.items():
            chance -= share
            if chance < 0:
                return lang
        return "en"

    def site(self, number: int) -> str:
        """The host of the page."""
        return f"www.site{int(SITES ** self.chance(number, 4))}.example"

    def topics(self, number: int) -> tuple[int, ...]:
        """What the article matches, as places in TOPICS."""
        original = self.original(number)
        return tuple(n for n, topic in enumerate(TOPICS) if self.chance(original, 32 + n) < topic.share)

    # --- texts ------------------------------------------------------------------------------------------

    def units(self, number: int) -> np.ndarray:
        """What the article consists of, without the furniture of its site."""
        original = self.original(number)
        spread = sum(self.chance(original, 5 + n) for n in range(3)) - 1.5
        count = max(LEAST_UNITS, int(MEAN_UNITS * (1 + spread * 2 / 3)))
        units = _draw_units(original, count, int(self.chance(original, 8) * SUBJECTS))
        return units if original == number else self._edit(number, units)

    def _edit(self, number: int, units: np.ndarray) -> np.ndarray:
        way = self.chance(number, 9)
        if way < 0.5:
            return units
        if way < 0.75:
            return units[: max(10, int(len(units) * (0.4 + 0.4 * self.chance(number, 10))))]
        if way < 0.9:
            return np.concatenate((units[:12], _draw_units(number, 15, 0), units[12:]))
        others = _draw_units(number, len(units), 1)
        return np.where(mix(others + number) < np.uint64(2**64 // 50), others, units)

    def write(self, number: int) -> Written:
        """Title and text, furniture included."""
        vocabulary = self._vocabularies[self.lang(number)]
        units = self.units(number)
        title, title_line = _write(vocabulary, units[:3])
        text, text_line = _write(vocabulary, units)
        before, behind = self._furniture(self.site(number))
        text = f"{before}\n{text}\n{behind}"
        if vocabulary.space:
            tokens = (self._furniture_line(before), text_line, self._furniture_line(behind))
            return Written(title.rstrip(".\n"), text, title_line, " ".join(tokens))
        title = title.rstrip(".\n")
        return Written(title, text, " ".join(tokenize(title).folded), " ".join(tokenize(text).folded))

    @cache  # noqa: B019  # lives as long as the process
    def _furniture(self, site: str) -> tuple[str, str]:
        vocabulary = self._vocabularies["en"]
        seed = int(site[8:-8]) + (1 << 40)
        menu = "\n".join(" | ".join(vocabulary.written[_draw_units(seed + n, 6, 0) % 3000]) for n in range(3))
        return menu, _write(vocabulary, _draw_units(seed, 8, 2))[0]

    @cache  # noqa: B019
    def _furniture_line(self, text: str) -> str:
        return " ".join(tokenize(text).folded)

    def article(self, number: int, written: Written) -> Article:
        """The article of this number."""
        site = self.site(number)
        slug = "-".join(_SLUG.findall(written.title.lower())[:8]) or "story"
        day = f"2025/{1 + _mix(number) % 12:02}/{1 + _mix(number) % 28:02}"
        english = self._vocabularies["en"].written
        author = f"{english[100 + _mix(number) % 900]} {english[1000 + _mix(number) % 9000]}".title()
        return Article(
            url=f"https://{site}/{SECTIONS[number % 7]}/{day}/{slug}-{number}",
            source=site,
            title=written.title,
            text=written.text,
            author=author if self.chance(number, 11) < 0.6 else None,
            published=None,
            lang=self.lang(number),
            sections=(SECTIONS[number % 7].title(),) if self.chance(number, 12) < 0.5 else (),
            text_from=TextFrom.PAGE,
            repaired=None,
            raw_hash=f"{_mix(number):016x}" * 4,
        )

    def sketch(self, number: int) -> Fingerprint:
        """A fingerprint as such articles have; the sequences that it knows are those of units, not those of words."""
        units = self.units(number)
        site = int(self.site(number)[8:-8])
        pairs = units[:-1] * 1_000_003 + units[1:]
        furniture = np.arange(14) + (site << 32)
        hashes = mix(np.concatenate((units, pairs, pairs + (1 << 60), furniture)))
        kept = hashes[hashes < np.uint64(int(SAMPLED * 2**64))]
        # The others are 0 for all.
        numbers = np.unique(mix(kept).astype(np.uint32).view(np.int32))
        return Fingerprint(alg=FINGERPRINT_ALG, hashes=tuple(numbers.tolist()), title=number + 1)


def _draw_units(number: int, count: int, subject: int) -> np.ndarray:
    chance = mix(np.arange(count, dtype=np.uint64) + np.uint64((number << 12) & _BITS))
    which = (chance >> np.uint64(44)) / 2**20
    rank = (chance & np.uint64((1 << 44) - 1)) / 2**44
    general = UNITS * (_LEAST_OF_UNITS + rank * (1 - _LEAST_OF_UNITS)) ** STEEPNESS
    special = SUBJECT_UNITS * (_LEAST_OF_SUBJECT + rank * (1 - _LEAST_OF_SUBJECT)) ** STEEPNESS
    special += UNITS + subject * SUBJECT_UNITS
    return np.where(which < SUBJECT_SHARE, special, general).astype(np.int64)


def _write(vocabulary: words.Vocabulary, units: np.ndarray) -> tuple[str, str]:
    """The text of *units* and its tokens. Where sentences end is told by the units, so reprints have the same."""
    mixed = mix(units)
    slots = np.stack([(mixed >> np.uint64(shift)) & np.uint64(_SLOTS) for shift in (0, 21, 42)], axis=1).astype(
        np.int64
    )
    subject = ((units - UNITS) // SUBJECT_UNITS)[:, None]
    own = subject * 7919 + (slots >> 6) ** 2 * OWN_WORDS // (1 << 30) * 104_729 & _SLOTS
    slots = np.where((subject >= 0) & (slots & 3 > 0), own, slots)
    ranks = vocabulary.table[slots]
    forms = np.zeros_like(ranks)
    ends = units % 5 == 0
    ends[-1:] = True
    forms[1:, 0][ends[:-1]] = 1
    forms[:1, 0] = 1
    forms[ends, 2] = 2
    forms[ends & (units % 20 == 0), 2] = 3
    text = vocabulary.space.join(vocabulary.written[(ranks + forms * vocabulary.count).ravel()])
    tokens = " ".join(filter(None, vocabulary.tokens[ranks.ravel()])) if vocabulary.space else ""
    return text.replace("\n ", "\n").strip(), tokens
