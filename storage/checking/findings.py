"""What a look through the database finds, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Fix(NamedTuple):
    """What to do, and what to type after `wirewatch` and its options for it; "" where there is no such command."""

    words: str
    command: str = ""


RESTORE = Fix("what was lost is in a backup only; put one back with", "db restore FILE")
RESTORE_TEXTS = Fix("take it from a backup; put one back with", "db restore FILE")
RESTORE_VALUES = Fix("what they were is in a backup only; put one back with", "db restore FILE")
VACUUM = Fix("nothing is lost by it; write the file anew with", "db vacuum")
MAKE_ANEW = Fix("make what is missing anew with", "db upgrade")
REINDEX = Fix("make the index anew with", "db reindex")
REBUILD = Fix("compare the articles once more with", "copies rebuild")
IMPORT = Fix(
    "an import that was broken off leaves them so until it is run again, to the end; if there was none, a backup may "
    "have what was lost; put it back with",
    "db restore FILE",
)
REPORT = Fix("it does no harm; please report it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must not be."""

    #: what was looked at: integrity, references, entries, articles, stories, matches, topics, index, sites, …
    check: str
    #: how many rows
    count: int
    message: str
    fix: Fix


#: Of many rows so many are named.
MOST_NAMED = 5


def named(ids: Sequence[int], count: int) -> str:
    """Name some of *count* rows by their numbers.

    >>> named([3, 5], 2), named([1, 2, 3, 4, 5, 6], 99)
    ('3, 5', '1, 2, 3, 4, 5 and 94 more')
    """
    told = ", ".join(map(str, ids[:MOST_NAMED]))
    more = count - min(len(ids), MOST_NAMED)
    return f"{told} and {more:,} more" if more > 0 else told
