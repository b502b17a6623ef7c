"""Turns at hosts that several processes share: first among ourselves, then among all.

`host_turns.HostTurns` orders those who wait in this process; the one whose turn it is asks the table that all processes
ask (`storage.jobs.turns`). The table is asked in a thread, and asked again until the turn is ours.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from ingest.errors import Reason, StoreError, Transient
from ingest.host_turns import MAX_PAUSE_S, HostTurns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

log = logging.getLogger(__name__)

#: A turn that is held is renewed so often, in seconds.
RENEW_EVERY_S = 5.0
#: While the table cannot be asked, requests are put off for so long, in seconds.
AGAIN_AFTER_S = 30.0


class TurnTable(Protocol):
    """Who has the turn at which host, over all processes; every method may raise StoreError."""

    def take(self, host: str, *, pause_s: float) -> float:
        """Take the turn; return 0, or how many seconds to wait before asking again."""
        ...

    def leave(self, host: str, *, started_s_ago: float | None) -> None:
        """Give it back; *started_s_ago* is how long ago the request began, None if none did."""
        ...

    def renew(self, hosts: Collection[str]) -> frozenset[str]:
        """Keep the turns at *hosts*; returns those that were still ours."""
        ...


class SharedTurns(HostTurns):
    """As HostTurns, over all processes that share *table*. For one event loop; not thread-safe.

    While the table cannot be asked, nobody gets a turn: `take` raises Transient.
    """

    def __init__(
        self,
        table: TurnTable,
        *,
        pause_s: float | Callable[[str], float],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(pause_s=pause_s, clock=clock, sleep=sleep)
        self._table = table
        #: hosts whose turn is ours, and when the request began
        self._held: dict[str, float | None] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def take(self, host: str, *, pause_s: float = 0.0, at_front: bool = False) -> None:
        """As `HostTurns.take`; raises Transient when the other processes cannot be asked."""
        await super().take(host, pause_s=pause_s, at_front=at_front)
        pause_s = max(self._pause_of(host), min(pause_s, MAX_PAUSE_S))
        asked: asyncio.Task[float] | None = None
        try:
            while True:
                asked = asyncio.create_task(asyncio.to_thread(self._table.take, host, pause_s=pause_s))
                # A thread goes on whatever becomes of those who wait for it.
                if (wait_s := await asyncio.shield(asked)) <= 0:
                    break
                asked = None
                await self._sleep(wait_s)
        except StoreError as error:
            super().leave(host)
            what = f"not asked: the turn at {host} cannot be had: {error}"
            raise Transient(Reason.RATE_LIMITED, host, what, retry_after_s=AGAIN_AFTER_S, was_asked=False) from error
        except BaseException:
            # It may be given to us yet, or have been in the moment in which we were cancelled.
            self._begin_to_leave(host, None, asked)
            raise
        self._held[host] = None

    def started(self, host: str) -> None:
        """As `HostTurns.started`."""
        super().started(host)
        self._held[host] = self._clock()

    def leave(self, host: str) -> None:
        """As `HostTurns.leave`: the next of this process asks when the others can have it, too."""
        self._begin_to_leave(host, self._held.pop(host, None), None)

    def _begin_to_leave(self, host: str, started: float | None, asked: asyncio.Task[float] | None) -> None:
        task = asyncio.create_task(self._give_back(host, started, asked), name=f"leave {host}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _give_back(self, host: str, started: float | None, asked: asyncio.Task[float] | None) -> None:
        try:
            if asked is not None:
                await asked
            ago_s = None if started is None else self._clock() - started
            await asyncio.to_thread(self._table.leave, host, started_s_ago=ago_s)
        except StoreError as error:
            log.warning("the turn at %s could not be given back, it ends by itself: %s", host, error)
        finally:
            super().leave(host)

    async def keep(self) -> None:
        """Renew the turns that are held; to be called every RENEW_EVERY_S seconds. Raises StoreError."""
        held = frozenset(self._held)
        if held and (lost := held - await asyncio.to_thread(self._table.renew, held)) & frozenset(self._held):
            log.warning("turns were lost while they were held: %s", ", ".join(sorted(lost)))

    async def settle(self) -> None:
        """Wait until all turns are given back."""
        if self._leaving:
            await asyncio.wait(self._leaving)
