"""Which articles come first among those that share hashes with a new one: the same in memory and in a database."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Of a hash that many articles have, only the newest ones are looked at.
NEWEST_PER_HASH = 50

#: No more candidates than this are compared with an article.
MOST_CANDIDATES = 25

#: Of a fingerprint with more than FEW_HASHES, a single shared hash is chance: not to fetch the text of such a
#: candidate saves most of the work.
FEW_HASHES = 12
LEAST_SHARED = 2

#: The weight of a hash that a single article has.
_WEIGHT = 1_000_000_000


class Ranked(NamedTuple):
    """An owner of hashes, and how many of those looked for it has."""

    owner: int
    shared: int


def least_shared(hashes: int) -> int:
    """How many hashes a candidate must share with a fingerprint that has so many."""
    return LEAST_SHARED if hashes > FEW_HASHES else 1


def rank(owners: Iterable[Sequence[int]], hashes: int) -> list[Ranked]:
    """Rank the owners of a fingerprint's *hashes*, given for each hash, the most alike first, then the newest.

    A hash counts the more, the fewer have it. Of each hash only the newest NEWEST_PER_HASH owners, those with the
    highest numbers, are looked at.
    """
    shared: Counter[int] = Counter()
    weight: defaultdict[int, int] = defaultdict(int)
    for having in owners:
        newest = having if len(having) <= NEWEST_PER_HASH else sorted(having)[-NEWEST_PER_HASH:]
        # Whole numbers, so that the order of the hashes does not matter.
        part = _WEIGHT // max(1, len(newest))
        for owner in newest:
            shared[owner] += 1
            weight[owner] += part
    least = least_shared(hashes)
    enough = [Ranked(owner, count) for owner, count in shared.items() if count >= least]
    return sorted(enough, key=lambda each: (-weight[each.owner], -each.owner))
