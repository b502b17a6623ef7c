"""One request per host at a time, and a pause between two starts. No network here: clock and sleep are passed in.

A host is a name without its port: ports of one name are one machine, and it does not matter to that machine
by which door we come. (The loopback demos stand on several 127.x addresses, which are several hosts.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Longest pause that a robots.txt can ask for.
MAX_PAUSE_S = 30.0
#: Hosts remembered before those that are at rest are forgotten.
_MAX_HOSTS = 4_096


class _Host:
    __slots__ = ("is_busy", "last_start", "pause_s", "waiting")

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s
        self.is_busy = False
        self.last_start: float | None = None
        self.waiting: deque[asyncio.Future[None]] = deque()


class HostTurns:
    """Gives out turns, first come, first served, host by host; waiting for one host never holds up another.

    *pause_s* is the least time between two starts on one host, for all hosts or as a function of the host.
    *sleep* must let at least that time pass on *clock* (seconds, never going back). For one event loop; not
    thread-safe.
    """

    def __init__(
        self,
        *,
        pause_s: float | Callable[[str], float],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        max_hosts: int = _MAX_HOSTS,
    ) -> None:
        self._pause_of = pause_s if callable(pause_s) else lambda _: pause_s
        self._clock = clock
        self._sleep = sleep
        self._max_hosts = max_hosts
        self._forget_at = max_hosts
        self._hosts: dict[str, _Host] = {}

    async def take(self, host: str, *, pause_s: float = 0.0, at_front: bool = False) -> None:
        """Wait until *host* is free and the pause since the last start is over. Give it back with `leave`.

        *pause_s* widens the pause up to `MAX_PAUSE_S`. *at_front* goes before those who wait: for what
        continues work that has had its turn (a redirect), or that all of them need (robots.txt).
        Cancelled while waiting, it takes nothing.
        """
        state = self._hosts.get(host)
        if state is None:
            state = self._remember(host)
        if state.is_busy:
            await self._queue(state, at_front=at_front)
        state.is_busy = True
        pause_s = max(state.pause_s, min(pause_s, MAX_PAUSE_S))
        if not pause_s or state.last_start is None:
            return
        try:
            while (wait_s := state.last_start + pause_s - self._clock()) > 0:
                await self._sleep(wait_s)
        except BaseException:
            _pass_on(state)
            raise

    def started(self, host: str) -> None:
        """Note that the request of the present turn starts now; the pause counts from here."""
        self._hosts[host].last_start = self._clock()

    def leave(self, host: str) -> None:
        """Give the turn back."""
        _pass_on(self._hosts[host])

    def look_at_pauses(self) -> None:
        """Ask anew how long the pause of each host is, from its next turn on."""
        for host, state in self._hosts.items():
            state.pause_s = self._pause_of(host)

    def __len__(self) -> int:
        return len(self._hosts)

    async def _queue(self, state: _Host, *, at_front: bool) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if at_front:
            state.waiting.appendleft(ready)
        else:
            state.waiting.append(ready)
        try:
            await ready
        except BaseException:
            # The turn may have come in the very moment in which we were cancelled.
            if ready.done() and not ready.cancelled():
                _pass_on(state)
            raise

    def _remember(self, host: str) -> _Host:
        if len(self._hosts) >= self._forget_at:
            self._forget_resting()
        state = self._hosts[host] = _Host(self._pause_of(host))
        return state

    def _forget_resting(self) -> None:
        """Forget the hosts that nobody uses and whose longest possible pause is over."""
        now = self._clock()
        self._hosts = {
            host: state
            for host, state in self._hosts.items()
            if state.is_busy
            or (state.last_start is not None and state.last_start + max(state.pause_s, MAX_PAUSE_S) > now)
        }
        # Those in use stay; doubling keeps the next look from coming with every new host.
        self._forget_at = max(self._max_hosts, 2 * len(self._hosts))


def _pass_on(state: _Host) -> None:
    """Hand the turn to the next who still waits; the host stays busy meanwhile."""
    while state.waiting:
        ready = state.waiting.popleft()
        if not ready.done():
            ready.set_result(None)
            return
    state.is_busy = False
