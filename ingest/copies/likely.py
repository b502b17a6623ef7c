"""Which candidates are worth a comparison? Light, so that the main process can ask before it sends them to a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.copies.ranking import FEW_HASHES, LEAST_SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.copies.model import Candidate, Candidates

#: Candidates with fewer shared hashes than LEAST_SHARED are chance, unless the fingerprint has hardly more, and so is a
#: small part of what the shorter text could share. Copies with many wrong letters share 10 %; of the
#: candidates that are none, 9 in 10 share less than 6 % (development set, notices set aside).
MIN_SHARED_PART = 0.05
#: A text has no more hashes than words, and words have about this many characters.
CHARS_PER_WORD = 6


def find_likely(candidates: Candidates, hashes: Iterable[int]) -> tuple[Candidate, ...]:
    """The candidates that share enough of an article's *hashes* to be read; most share a phrase and no more."""
    own = len(frozenset(hashes) - candidates.furniture)
    return tuple(candidate for candidate in candidates.rows if _is_likely(candidate, own))


def _is_likely(candidate: Candidate, hashes: int) -> bool:
    if hashes <= FEW_HASHES:
        return True
    possible = min(hashes, len(candidate.text) / CHARS_PER_WORD)
    return candidate.shared >= max(LEAST_SHARED, MIN_SHARED_PART * possible)
