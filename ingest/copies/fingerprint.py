"""Sampled hashes of word sequences, by which a store finds the articles that may be related to a new one."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from ingest.copies.hashes import hash_text, shorten
from ingest.copies.model import Fingerprint
from ingest.copies.wording import read_wording
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.copies.wording import Wording

#: Raise it whenever the same text would get other hashes: shingles, hash, sampling, prose filter, tokenizer.
FINGERPRINT_ALG = 2

#: Shorter texts have no hashes: a headline, a caption or a teaser says too little to be told from others.
MIN_WORDS = 15
#: Hashes are sampled when there would be more than this, and one more for each LENGTH_SHARE of words. A page of 800
#: words keeps one hash in 7, about 110, and an excerpt of 60 words from it still shares 8 with it.
FREE_HASHES = 60
LENGTH_SHARE = 16
#: However long the text: 8,000 words keep one hash in 16.
MAX_HASHES = 512


def take_fingerprint(text: str, title: str = "") -> Fingerprint:
    """Sample the shingles of a text's prose, and hash its title."""
    wording = read_wording(text)
    hashes = sample(wording) if wording.size >= MIN_WORDS else ()
    return Fingerprint(
        alg=FINGERPRINT_ALG,
        hashes=hashes,
        title=hash_text(" ".join(tokenize(title).folded)) if title else 0,
    )


def sample(wording: Wording) -> tuple[int, ...]:
    """The shingles that stand for a text, shortened, ascending, at most MAX_HASHES.

    Of every window of so many shingles in a row the least hash is kept (winnowing: Schleimer, Wilkerson and Aiken,
    SIGMOD 2003). So a run of words as long as a window never goes unnoticed; and as the windows of a shorter text are
    narrower, it keeps all hashes that a longer text keeps of the same words, but at the ends of the run.
    """
    if wording.sampled is None:
        wording.sampled = tuple(sorted(set(map(shorten, _winnow(wording.shingles)))))
    return wording.sampled


def _winnow(shingles: tuple[int, ...]) -> Iterable[int]:
    # What comes again counts where it stands first, so that a text of repetitions has no wide windows.
    hashes = tuple(dict.fromkeys(shingles))
    limit = min(FREE_HASHES + len(hashes) // LENGTH_SHARE, MAX_HASHES)
    if len(hashes) <= limit:
        return hashes
    # Of random numbers, windows of this width have about *limit* different least ones.
    width = 2 * len(hashes) // limit
    return sorted(set(_least_of_windows(hashes, width)))[:MAX_HASHES]


def _least_of_windows(numbers: tuple[int, ...], width: int) -> Iterator[int]:
    """The least of each *width* numbers in a row, in steps whose count does not grow with the width.

    Cut in blocks of that width, a window is the end of one and the start of the next (van Herk 1992).

    >>> list(_least_of_windows((4, 2, 7, 1, 9), 2))
    [2, 2, 1, 1]
    """
    from_start: list[int] = []
    to_end: list[int] = []
    for start in range(0, len(numbers), width):
        block = numbers[start : start + width]
        from_start += accumulate(block, min)
        to_end += reversed([*accumulate(reversed(block), min)])
    return map(min, to_end, from_start[width - 1 :])
