"""What a fetcher remembers from one run to the next, so that a restart asks nobody sooner. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingest.hosts import HostWait, RobotsFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Waits that servers have asked for, and robots.txt files."""

    waits: tuple[HostWait, ...] = ()
    robots: tuple[RobotsFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Two clocks: one that never goes back, by which waits are counted, and the calendar, by which they are stored.

    >>> from datetime import UTC, datetime
    >>> clocks = Clocks(seconds=lambda: 50.0, now=lambda: datetime(2026, 10, 1, tzinfo=UTC))
    >>> clocks.date_of(110.0).minute, clocks.seconds_of(clocks.date_of(110.0))
    (1, 110.0)
    """

    seconds: Callable[[], float]
    now: Callable[[], datetime]

    def date_of(self, seconds: float) -> datetime:
        """The date at which the first clock will say *seconds*."""
        return self.now() + timedelta(seconds=seconds - self.seconds())

    def seconds_of(self, date: datetime) -> float:
        """What the first clock will say at *date*."""
        return self.seconds() + (date - self.now()).total_seconds()
