"""Which candidates are worth a comparison."""

from __future__ import annotations

import pytest

from ingest.copies.likely import find_likely
from ingest.copies.model import Candidate, Candidates


@pytest.mark.parametrize(
    ("shared", "hashes", "length", "is_likely"),
    [
        # One shared hash is chance, unless the article has hardly more.
        (1, 100, 3000, False),
        (1, 12, 3000, True),
        (2, 40, 3000, True),
        # A small part of what could be shared is a phrase; of a short text a few hashes are much.
        (4, 100, 6000, False),
        (5, 100, 6000, True),
        (2, 100, 240, True),
    ],
)
def test_shared_hashes_decide(shared, hashes, length, is_likely):
    candidate = Candidate(article_id=1, story_id=1, is_lead=True, source="", title="", text="x" * length, shared=shared)
    found = find_likely(Candidates(rows=(candidate,), seen=1), range(hashes))
    assert found == ((candidate,) if is_likely else ())
    # What is furniture is not shared by any story, and not missed.
    furnished = Candidates(rows=(candidate,), seen=1, furniture=frozenset(range(hashes, hashes + 50)))
    assert find_likely(furnished, range(hashes + 50)) == found
