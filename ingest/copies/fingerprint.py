"""Sampled hashes of word sequences, by which a store finds the articles that may be related to a new one."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from xxhash import xxh3_64_intdigest

from ingest.copies.wording import SHINGLE_WORDS, find_prose, make_shingles, measure_words
from ingest.model import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.tokens import Tokens

#: Raise it whenever the same text would get other hashes: shingles, hash, sampling, prose filter, tokenizer.
FINGERPRINT_ALG = 1

#: Shorter texts have no hashes: a headline, a caption or a teaser says too little to be told from others.
MIN_WORDS = 15
#: Hashes are sampled when there would be more than this, and one more for each LENGTH_SHARE of words. A page of 800
#: words keeps one hash in 8, about 100, and an excerpt of 60 words from it still shares 7 with it.
FREE_HASHES = 64
LENGTH_SHARE = 16
#: However long the text: 8,000 words keep one hash in 16.
MAX_HASHES = 512

_SIGN = 1 << 63
_RANGE = 1 << 64


def take_fingerprint(tokens: Tokens, text: str = "") -> Fingerprint:
    """Hash the shingles of a text and keep a sample that other texts, longer or shorter, sample alike.

    With *text*, the string that was tokenised, furniture is left out; so it should be given. The hashes kept are those
    divisible by a power of two that grows with the length; a hash in the sample of a long text is thus also in
    the sample of every shorter text that has the same words.
    """
    words: Sequence[str] = tokens.folded
    if text:
        words = list(map(words.__getitem__, find_prose(tokens, text)[0]))
    measure = measure_words(words)
    if measure[-1] < MIN_WORDS:
        return Fingerprint(alg=FINGERPRINT_ALG, hashes=())
    hashes = _hash_shingles(words, measure)
    limit = min(FREE_HASHES + len(hashes) // LENGTH_SHARE, MAX_HASHES)
    mask = 0
    while len(hashes) > limit:
        mask = 2 * mask + 1
        hashes = {number for number in hashes if not number & mask}
    return Fingerprint(alg=FINGERPRINT_ALG, hashes=tuple(sorted(map(_signed, hashes))))


def _hash_shingles(words: Sequence[str], measure: Sequence[float]) -> set[int]:
    """The hash of each shingle: of its words in UTF-8 with spaces between."""
    if not isinstance(measure, range):
        return {xxh3_64_intdigest(" ".join(shingle).encode()) for shingle in set(make_shingles(words, measure))}
    # All shingles are three words, and so they are stretches of one string.
    encoded = [word.encode() for word in words]
    joined = b" ".join(encoded)
    starts = list(accumulate([len(word) + 1 for word in encoded], initial=0))
    ends = starts[SHINGLE_WORDS:]
    return {xxh3_64_intdigest(joined[start : end - 1]) for start, end in zip(starts, ends, strict=False)}


def _signed(number: int) -> int:
    """The same 64 bits as a signed number: databases have no unsigned ones."""
    return number - _RANGE if number >= _SIGN else number
