"""What the database says to those who watch: asked when somebody wants to know, and then not again for a while.

However often they ask, it takes at most a twentieth of the time of one connection, and nobody waits long: what it said
before is told until it has answered.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.errors import StoreError
from ingest.model import EntryState, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from storage.lists.figures import Figures

log = logging.getLogger(__name__)

#: The database is asked again after so many seconds at the earliest, or REST_TIMES as long as the last answer took.
HOLDS_S = 15.0
REST_TIMES = 19.0
#: So long its answer is waited for, in seconds.
WAIT_S = 3.0

#: values of labels → number
Samples = Mapping[tuple[str, ...], float]


def one(value: float) -> Samples:
    """A figure without labels."""
    return {(): float(value)}


def by_label(numbers: Mapping[str, float], known: tuple[str, ...] = ()) -> Samples:
    """A figure with one label; 0 for those of its *known* values that are not among *numbers*."""
    return {(str(key),): numbers.get(key, 0) for key in {**dict.fromkeys(known), **numbers}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the database said, by the names of families of `wirewatch.metrics`; nothing of what it could not say."""

    samples: Mapping[str, Samples] = field(default_factory=dict)
    is_up: bool = False
    #: seconds since 1970; 0: never
    asked_at: float = 0.0

    @property
    def all(self) -> dict[str, Samples]:
        """With how it was asked."""
        return {
            "wirewatch_database_up": one(self.is_up),
            "wirewatch_database_asked_timestamp_seconds": one(self.asked_at),
            **self.samples,
        }


class Questions:
    """Asks *figures*; *wal_bytes* and *free_bytes* give sizes that only a file has, else None."""

    def __init__(
        self,
        figures: Figures,
        *,
        wal_bytes: Callable[[], int | None] = lambda: None,
        free_bytes: Callable[[], int | None] = lambda: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._figures = figures
        self._wal_bytes = wal_bytes
        self._free_bytes = free_bytes
        self._clock = clock

    def ask(self) -> Answer:
        """Ask for all that the database holds, in a transaction each. Never raises.

        A database that refuses the first question is away, and is asked no other; one that cannot be answered later
        costs its own figures alone.
        """
        samples: dict[str, Samples] = {}
        is_up = False
        for question in (self._feeds, self._backlog, self._entries, self._found, self._sizes, self._queue):
            try:
                samples |= question()
                is_up = True
            except StoreError as error:
                log.debug("figures of the database: %s", error)
                if not is_up:
                    break
            except Exception:
                log.exception("a bug broke the figures of the database")
        return Answer(samples=samples, is_up=is_up, asked_at=time.time())

    def _feeds(self) -> dict[str, Samples]:
        found = self._figures.feeds()
        return {
            "wirewatch_feeds": by_label(found.by_state),
            "wirewatch_feeds_broken": one(found.broken),
            "wirewatch_feeds_silent": one(found.silent),
        }

    def _backlog(self) -> dict[str, Samples]:
        now = self._clock()
        both = {("poll",): self._figures.feeds_due(now), ("extract",): self._figures.entries_due(now)}
        return {
            "wirewatch_backlog": {kind: each.waiting for kind, each in both.items()},
            "wirewatch_backlog_age_seconds": {kind: each.age_s(now) for kind, each in both.items()},
        }

    def _entries(self) -> dict[str, Samples]:
        found = self._figures.account()
        return {
            "wirewatch_entries": by_label(found.by_state, tuple(EntryState)),
            "wirewatch_entries_seen": one(found.seen),
        }

    def _found(self) -> dict[str, Samples]:
        return {
            "wirewatch_topic_stories": by_label(self._figures.matches()),
            "wirewatch_copies": by_label(self._figures.copies()),
        }

    def _sizes(self) -> dict[str, Samples]:
        sizes = {
            "wirewatch_database_bytes": self._figures.size(),
            "wirewatch_database_wal_bytes": self._wal_bytes(),
            "wirewatch_database_free_bytes": self._free_bytes(),
        }
        return {name: one(number) for name, number in sizes.items() if number is not None}

    def _queue(self) -> dict[str, Samples]:
        found = self._figures.queue()
        if found is None:
            return {}
        depth = found.depth
        jobs = {"waiting": depth.waiting, "at_work": depth.at_work, "dead": depth.dead}
        return {
            "wirewatch_queue_jobs": by_label(jobs),
            "wirewatch_processes": {names: float(number) for names, number in found.processes.items()},
        }


class LateAnswers:
    """The last answer of *ask*, which runs in a thread; asked again when it is wanted and long enough ago."""

    def __init__(self, ask: Callable[[], Answer], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._last = Answer()
        self._not_before = clock()
        self._asking: asyncio.Task[None] | None = None

    async def get(self, *, wait_s: float = WAIT_S) -> Answer:
        """What the database says; where it takes longer than *wait_s* seconds, what it last said."""
        if self._asking is None and self._clock() >= self._not_before:
            self._asking = asyncio.create_task(self._renew(), name="figures")
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=wait_s)
        return self._last

    async def _renew(self) -> None:
        began = self._clock()
        try:
            self._last = await asyncio.to_thread(self._ask)
        finally:
            ended = self._clock()
            self._not_before = ended + max(HOLDS_S, REST_TIMES * (ended - began))
            self._asking = None
