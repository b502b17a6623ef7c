"""Which sitemaps of an index are read in one poll. Pure.

Nobody is asked for hundreds of sitemaps every half an hour, so ten are read. Those that have changed since the last
document come first, the newest first; at the first poll, when nothing is known of what came before, the newest ones,
and the others are archives that are left alone.

Of those without a date any may have changed. Half of the places go to those where news is expected: the names with the
highest numbers or dates, and where names have none, the first and the last. The others take turns, by the hour, so that
each is read in the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import isqrt
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.polling import SitemapLink

#: Children of an index that are fetched in one poll, and how many of them have no date at the least, if any have none.
MAX_CHILDREN = 10
MIN_UNDATED = 3
#: What an index says of its children can be behind by so much; a date without a time, by a day.
_SLACK = timedelta(hours=1)
_DAY = timedelta(days=1)

_NUMBER = re.compile(r"[0-9]{1,18}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Hours between two polls, at most, for which all have had their turn within one round; a day and its jitter.
_LONGEST_HOURS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The children to be read, and how many are not, by the reason."""

    read: tuple[SitemapLink, ...]
    #: at the first poll, dated ones beyond the newest
    older: int = 0
    #: they have changed since the last document, and there was no place for them: what they list is missed
    missed: int = 0
    #: without a date; their turn comes at another poll
    waiting: int = 0

    def lines(self) -> tuple[str, ...]:
        """What is said of those that are not read, for people."""
        told = []
        if self.older:
            are = "1 older sitemap is" if self.older == 1 else f"{self.older:,} older sitemaps are"
            told.append(f"{are} not read")
        if self.missed:
            told.append(self.missed_in_words())
        if self.waiting:
            wait = "1 sitemap without a date waits for its" if self.waiting == 1 else self._several_wait()
            told.append(f"{wait} turn at a later poll")
        return tuple(told)

    def missed_in_words(self) -> str:
        """Say that changed children are not read."""
        have = "1 more sitemap has" if self.missed == 1 else f"{self.missed:,} more sitemaps have"
        return f"{have} changed since the last poll; only the newest {MAX_CHILDREN} are read"

    def _several_wait(self) -> str:
        return f"{self.waiting:,} sitemaps without a date wait for their"


def choose_children(children: Sequence[SitemapLink], last_document_at: datetime | None, now: datetime) -> Choice:
    """Choose at most MAX_CHILDREN of the *children* of an index whose last document was read at *last_document_at*.

    *now* says whose turn it is.
    """
    changed = [child for child in children if child.changed is not None and _is_newer(child.changed, last_document_at)]
    changed.sort(key=lambda child: child.changed or _EPOCH, reverse=True)
    undated = [child for child in children if child.changed is None]
    dated = changed[: MAX_CHILDREN - min(len(undated), MIN_UNDATED)]
    turns = _undated(undated, MAX_CHILDREN - len(dated), now)
    left = len(changed) - len(dated)
    return Choice(
        read=(*dated, *turns),
        older=left if last_document_at is None else 0,
        missed=0 if last_document_at is None else left,
        waiting=len(undated) - len(turns),
    )


def _is_newer(changed: datetime, last_document_at: datetime | None) -> bool:
    if last_document_at is None:
        return True
    slack = _DAY if changed.time() == time() else _SLACK
    return changed > last_document_at - slack


def _undated(children: Sequence[SitemapLink], places: int, now: datetime) -> tuple[SitemapLink, ...]:
    if len(children) <= places:
        return tuple(children)
    likely = _likely(children, (places + 1) // 2)
    rest = [child for child in children if child not in likely]
    width = places - len(likely)
    begin = _turn((now - _EPOCH) // timedelta(hours=1), -(-len(rest) // width)) * width
    turn = [*rest[begin:], *rest[:begin]]
    return (*likely, *turn[:width])


def _turn(hour: int, turns: int) -> int:
    """Whose turn it is in this hour, 0 to *turns* - 1.

    A round has a prime number of hours, more than there are between two polls. So however many these are, polls meet
    every hour of the round before they meet one again; of a round of as many hours as there are turns, polls at every
    second one could meet only half.
    """
    hours = max(turns, _LONGEST_HOURS + 1)
    while any(hours % each == 0 for each in range(2, isqrt(hours) + 1)):
        hours += 1
    return hour % hours % turns


def _likely(children: Sequence[SitemapLink], places: int) -> tuple[SitemapLink, ...]:
    """Those that are likely to list what is new: the highest in number, else the first and the last."""
    numbers = {child.url: _numbers(child.url) for child in children}
    # What all have in common is no number of theirs.
    if 2 * len(set(numbers.values())) >= len(children):
        return tuple(sorted(children, key=lambda child: numbers[child.url], reverse=True)[:places])
    last = places // 2
    return (*children[: places - last], *children[len(children) - last :])


def _numbers(url: str) -> tuple[int, ...]:
    """The numbers in the name of a sitemap, where its date or its place in a row is.

    >>> _numbers("https://news1.example/maps/2026-01.xml?page=12")
    (2026, 1, 12)
    """
    parts = urlsplit(url)
    return tuple(int(number) for number in _NUMBER.findall(f"{parts.path}?{parts.query}"))
