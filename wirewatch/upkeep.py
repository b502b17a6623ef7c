"""What the program keeps of servers' wishes over a restart, and how it begins without a burst."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from ingest.errors import StoreError
from ingest.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from storage.store import Store

log = logging.getLogger(__name__)

#: What is overdue when `run` starts is spread over so long, in seconds.
START_S = 60.0
#: So many feeds are a burst to nobody.
_FEW_FEEDS = 20


def ticks_to_start(tick_s: float) -> int:
    """The ticks over which what is overdue at the start is spread.

    >>> ticks_to_start(10), ticks_to_start(3600)
    (6, 1)
    """
    return max(1, math.ceil(START_S / tick_s))


def feeds_at_start(backlog: int, tick_s: float) -> int:
    """How many of *backlog* overdue feeds are taken at one of the first ticks, *tick_s* seconds apart.

    >>> feeds_at_start(6, 10), feeds_at_start(600, 10), feeds_at_start(600, 3600)
    (20, 100, 600)
    """
    return max(_FEW_FEEDS, math.ceil(backlog / ticks_to_start(tick_s)))


def recall(store: Store, now: datetime) -> Remembered:
    """What servers have asked for that still holds, for the fetcher. Raises StorageError."""
    return Remembered(waits=store.host_waits(now), robots=store.robots_files(now))


class Keeper:
    """Stores what the fetcher learns; *take* gives what is new since it was last called (`Fetcher.take_changes`)."""

    def __init__(self, store: Store, take: Callable[[], Remembered]) -> None:
        self._store = store
        self._take = take
        self._unsaved = Remembered()

    def keep(self) -> None:
        """Store what is new. What could not be stored is kept for the next call. Raises StoreError."""
        new = self._take()
        self._unsaved = Remembered(
            waits=(*self._unsaved.waits, *new.waits), robots=(*self._unsaved.robots, *new.robots)
        )
        if self._unsaved.waits:
            self._store.keep_host_waits(self._unsaved.waits)
            self._unsaved = Remembered(robots=self._unsaved.robots)
        if self._unsaved.robots:
            self._store.keep_robots_files(self._unsaved.robots)
            self._unsaved = Remembered()

    def keep_at_last(self) -> None:
        """As `keep`, at the end of the program: what cannot be stored is only told."""
        try:
            self.keep()
        except StoreError as error:
            log.error("what hosts have asked for could not be stored: %s", error)
