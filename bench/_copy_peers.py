"""Other ways to find copies, all behind one interface: equal texts, SimHash, MinHash of datasketch and of rensa.

Settings as in ../shared/bench/copies: five-word shingles, 128 permutations. A document belongs to the story of the
earlier one that it is most like. What it is to another is told by the lengths alone: methods that measure resemblance
say no more.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.model import Article

SHINGLE_WORDS = 5
PERMUTATIONS = 128
BANDS = 32
#: SimHash has three-word shingles: with longer ones two versions of a text have hardly any bit in common.
SIMHASH_WORDS = 3
INSTALL = "pip install datasketch rensa"

#: A line that a site has shown in so many documents is furniture.
MAX_DOCUMENTS = 3
#: Prose is a line of so many words, or of fewer that ends as sentences do; less prose than this is none.
LONG_LINE = 15
SHORT_LINE = 6
LEAST_PROSE = 15

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)]*\s*$")

#: number of an earlier document, resemblance
Hit = tuple[int, float]


class Unavailable(Exception):
    """The package is not here; the message says what to install."""


class Method(Protocol):
    """Documents come one by one, as sequences of words."""

    def match(self, number: int, found: Sequence[str]) -> list[Hit]:
        """The earlier documents that the document is a copy of; it is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A method with its threshold, raw or on text of which only prose was kept."""

    name: str
    make: Callable[[], Method]
    is_prose: bool


def cut_words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word.replace("’", "").replace("'", "") for word in _WORD.findall(folded)]


def cut_shingles(found: Sequence[str], size: int) -> set[str]:
    return {" ".join(found[n : n + size]) for n in range(max(1, len(found) - size + 1))}


class ProseFilter:
    """Leaves out what is no sentence, and lines that the site has shown before."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def words(self, site: str, text: str) -> list[str]:
        seen = self._seen[site]
        lines: dict[str, tuple[str, list[str]]] = {}
        everything: list[str] = []
        for line in text.split("\n"):
            found = cut_words(line)
            everything += found
            lines.setdefault(" ".join(found), (line, found))
        kept = [
            word
            for key, (line, found) in lines.items()
            if seen[key] < MAX_DOCUMENTS and _is_prose(line, found)
            for word in found
        ]
        seen.update(lines.keys())
        return kept if len(kept) >= LEAST_PROSE else everything


def _is_prose(line: str, found: Sequence[str]) -> bool:
    return len(found) >= LONG_LINE or (len(found) >= SHORT_LINE and _SENTENCE_END.search(line) is not None)


class Exact:
    """Equal sequences of words."""

    def __init__(self) -> None:
        self._having: defaultdict[bytes, list[int]] = defaultdict(list)

    def match(self, number: int, found: Sequence[str]) -> list[Hit]:
        having = self._having[xxhash.xxh3_128_digest(" ".join(found).encode())]
        hits = [(other, 1.0) for other in having]
        having.append(number)
        return hits


class SimHash:
    """64 bits of a text, few of which differ in copies; so one of some blocks is equal (Manku et al., WWW 2007)."""

    def __init__(self, differing: int) -> None:
        self._differing = differing
        cuts = [64 * n // (differing + 1) for n in range(differing + 2)]
        self._blocks = [(start, (1 << end - start) - 1) for start, end in pairwise(cuts)]
        self._having: list[defaultdict[int, list[int]]] = [defaultdict(list) for _ in self._blocks]
        self._hashes: list[int] = []
        try:
            import numpy as np
        except ImportError as e:
            raise Unavailable(f"needs numpy, which comes with datasketch: {INSTALL}") from e
        self._np = np

    def match(self, number: int, found: Sequence[str]) -> list[Hit]:
        own = self._hash(found)
        near: set[int] = set()
        for (start, mask), having in zip(self._blocks, self._having, strict=True):
            others = having[own >> start & mask]
            near.update(others)
            others.append(number)
        self._hashes.append(own)
        distances = ((other, (own ^ self._hashes[other]).bit_count()) for other in near)
        return [(other, 1 - apart / 64) for other, apart in distances if apart <= self._differing]

    def _hash(self, found: Sequence[str]) -> int:
        np = self._np
        shingles = cut_shingles(found, SIMHASH_WORDS)
        digests = b"".join(xxhash.xxh3_64_digest(shingle.encode()) for shingle in shingles)
        bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(-1, 64)
        majority = 2 * bits.sum(axis=0, dtype=np.int64) > len(bits)
        return int.from_bytes(np.packbits(majority).tobytes(), "big")


class Datasketch:
    """MinHash-LSH of the package datasketch."""

    def __init__(self, threshold: float) -> None:
        try:
            import datasketch
        except ImportError as e:
            raise Unavailable(INSTALL) from e
        self._threshold = threshold
        self._new = lambda: datasketch.MinHash(num_perm=PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest)
        self._index = datasketch.MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        self._sketches: list[Any] = []

    def match(self, number: int, found: Sequence[str]) -> list[Hit]:
        sketch = self._new()
        sketch.update_batch([shingle.encode() for shingle in cut_shingles(found, SHINGLE_WORDS)])
        near = self._index.query(sketch)
        hits = [(other, float(sketch.jaccard(self._sketches[other]))) for other in near]
        self._index.insert(number, sketch)
        self._sketches.append(sketch)
        return [hit for hit in hits if hit[1] >= self._threshold]


class Rensa:
    """R-MinHash of the package rensa, in bands."""

    def __init__(self, threshold: float) -> None:
        try:
            import rensa
        except ImportError as e:
            raise Unavailable(INSTALL) from e
        self._threshold = threshold
        self._new = lambda: rensa.RMinHash(num_perm=PERMUTATIONS, seed=42)
        self._buckets: list[defaultdict[tuple[int, ...], list[int]]] = [defaultdict(list) for _ in range(BANDS)]
        self._sketches: list[Any] = []

    def match(self, number: int, found: Sequence[str]) -> list[Hit]:
        sketch = self._new()
        sketch.update(list(cut_shingles(found, SHINGLE_WORDS)))
        digest, width = sketch.digest(), PERMUTATIONS // BANDS
        near: set[int] = set()
        for band, bucket in enumerate(self._buckets):
            others = bucket[tuple(digest[band * width : (band + 1) * width])]
            near.update(others)
            others.append(number)
        hits = [(other, float(sketch.jaccard(self._sketches[other]))) for other in near]
        self._sketches.append(sketch)
        return [hit for hit in hits if hit[1] >= self._threshold]


METHODS: dict[str, dict[str, Callable[[], Method]]] = {
    "exact": {"exact": Exact},
    "simhash": {f"SimHash-64 k {n}": lambda n=n: SimHash(n) for n in (3, 8)},
    "datasketch": {f"datasketch t {t}": lambda t=t: Datasketch(t) for t in (0.5, 0.3)},
    "rensa": {f"rensa t {t}": lambda t=t: Rensa(t) for t in (0.5, 0.3)},
}


def peers_of(method: str) -> list[Peer]:
    """The method with each of its thresholds, raw and on prose."""
    return [
        Peer(name=name + (" prose" if is_prose else ""), make=make, is_prose=is_prose)
        for is_prose in (False, True)
        for name, make in METHODS[method].items()
    ]


def run(peer: Peer, ids: Sequence[str], articles: Sequence[Article | None]) -> tuple[list[dict[str, Any]], float]:
    """Answers in the scorer's form, and the CPU seconds from texts to verdicts. Raises Unavailable."""
    method, prose = peer.make(), ProseFilter()
    hits_of: list[list[Hit]] = []
    lengths: list[int] = []
    since = time.process_time()
    for number, article in enumerate(articles):
        text, site = (article.text, article.source) if article is not None else ("", "")
        found = prose.words(site, text) if peer.is_prose else cut_words(text)
        hits_of.append(method.match(number, found))
        lengths.append(len(found))
    seconds = time.process_time() - since
    return list(_answers(ids, hits_of, lengths)), seconds


def _answers(ids: Sequence[str], hits_of: Sequence[list[Hit]], lengths: Sequence[int]) -> Iterator[dict[str, Any]]:
    stories: list[str] = []
    for number, (ident, found) in enumerate(zip(ids, hits_of, strict=True)):
        hits = sorted(found, key=lambda hit: (-hit[1], hit[0]))
        stories.append(stories[hits[0][0]] if hits else ident)
        relations = [{"to": ids[other], "kind": _kind(lengths[number], lengths[other])} for other, _ in hits]
        yield {"id": ident, "story": stories[number], "relations": relations}


def _kind(length: int, other: int) -> str:
    if min(length, other) >= 0.7 * max(length, other):
        return "copy"
    return "excerpt" if length < other else "extended"
