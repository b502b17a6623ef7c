"""What a robots.txt allows (RFC 9309), and the memory of the ones that were read.

Only pages are asked about, not feeds: those the user has added by hand. No network here: `RobotsMemory` is
given the function that fetches.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protego import Protego

from ingest.host_turns import MAX_PAUSE_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ingest.target import Target

#: RFC 9309, section 2.5: read at least the first 500 KiB; we read no more.
MAX_ROBOTS_BYTES = 500 * 1024
#: RFC 9309, section 2.3.1.2: follow at least five redirects, then it counts as missing.
MAX_ROBOTS_REDIRECTS = 5
#: RFC 9309, section 2.4: do not use a copy for longer than a day.
ROBOTS_TTL_S = 24 * 3600.0
#: One that could not be had is asked for again after this time; until then the pages wait.
UNREACHABLE_TTL_S = 600.0

#: Parsing takes about 14 µs a rule: what is larger would hold up the event loop for long.
_PARSE_ASIDE_BYTES = 16 * 1024
#: Bounds of the memory; parsed rules take several times the room of their text.
_MAX_REMEMBERED = 4_096
_MAX_REMEMBERED_BYTES = 8 * 1024 * 1024


class RobotsRules:
    """The rules of one robots.txt, as they apply to one program."""

    def __init__(self, parsed: Protego, product: str) -> None:
        self._parsed = parsed
        self._product = product
        delay = parsed.crawl_delay(product)
        #: seconds between two starts that the site asks for, 0 to 30
        self.crawl_delay_s: float = 0.0 if delay is None else min(float(delay), MAX_PAUSE_S)

    def allows(self, target: Target) -> bool:
        """Whether the page at *target* may be fetched."""
        return bool(self._parsed.can_fetch(target.url, self._product))


def parse_robots(body: bytes, product: str) -> RobotsRules:
    """Read the first 500 KiB of a robots.txt; *product* is the name by which it may speak of us.

    What is not understood is passed over, so every body gives rules, if need be none.
    """
    if len(body) >= MAX_ROBOTS_BYTES:
        # Half a line could forbid more than the whole one does.
        body = body[:MAX_ROBOTS_BYTES].rpartition(b"\n")[0]
    return RobotsRules(Protego.parse(body.decode("utf-8-sig", "replace")), product)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsAnswer:
    """What asking for a robots.txt gave: its rules, or none where there is no such file, or a problem."""

    #: None: there are no rules, everything is allowed; or `problem` says why we do not know
    body: bytes | None = None
    #: one line for people: why it could not be had; until it can, nothing may be fetched
    problem: str = ""
    #: the problem is that our own guard refuses the address
    is_refused: bool = False
    #: seconds for which this answer holds
    ttl_s: float = ROBOTS_TTL_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """A robots.txt as remembered."""

    #: None where there are none, and where there was a problem
    rules: RobotsRules | None
    #: as in `RobotsAnswer`
    problem: str
    is_refused: bool
    #: on the clock of the memory
    until: float
    #: bytes of the file
    size: int


class RobotsMemory:
    """Asks for each robots.txt once, however many pages want to know at the same time, and remembers it.

    *ask* fetches the file of an origin and never raises; *clock* gives seconds and never goes back.
    The oldest are forgotten when there are too many. For one event loop.
    """

    def __init__(
        self,
        ask: Callable[[Target], Awaitable[RobotsAnswer]],
        *,
        product: str,
        clock: Callable[[], float],
        max_remembered: int = _MAX_REMEMBERED,
        max_bytes: int = _MAX_REMEMBERED_BYTES,
    ) -> None:
        self._ask = ask
        self._product = product
        self._clock = clock
        self._max = max_remembered
        self._max_bytes = max_bytes
        self._bytes = 0
        self._known: dict[str, Robots] = {}
        self._asking: dict[str, asyncio.Task[Robots]] = {}

    async def robots_for(self, target: Target) -> Robots:
        """Return the robots.txt that applies to *target*, fetching it where that is needed."""
        origin = target.origin
        known = self._known.get(origin)
        if known is not None and known.until > self._clock():
            return known
        asking = self._asking.get(origin)
        if asking is None:
            asking = self._asking[origin] = asyncio.create_task(self._learn(origin, target))
        # One who is cancelled goes away alone; the others still want the answer.
        return await asyncio.shield(asking)

    def known_delay_s(self, origin: str) -> float:
        """Return the crawl delay of a robots.txt that happens to be known, else 0.0."""
        known = self._known.get(origin)
        return 0.0 if known is None or known.rules is None else known.rules.crawl_delay_s

    async def aclose(self) -> None:
        """Stop asking."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._known)

    async def _learn(self, origin: str, target: Target) -> Robots:
        try:
            answer = await self._ask(target)
            rules = None if answer.body is None else await self._parse(answer.body)
        finally:
            del self._asking[origin]
        robots = Robots(
            rules=rules,
            problem=answer.problem,
            is_refused=answer.is_refused,
            until=self._clock() + answer.ttl_s,
            size=0 if answer.body is None else len(answer.body),
        )
        self._remember(origin, robots)
        return robots

    async def _parse(self, body: bytes) -> RobotsRules:
        if len(body) < _PARSE_ASIDE_BYTES:
            return parse_robots(body, self._product)
        return await asyncio.to_thread(parse_robots, body, self._product)

    def _remember(self, origin: str, robots: Robots) -> None:
        self._forget(origin)
        self._known[origin] = robots
        self._bytes += robots.size
        while len(self._known) > self._max or (self._bytes > self._max_bytes and len(self._known) > 1):
            self._forget(next(iter(self._known)))

    def _forget(self, origin: str) -> None:
        robots = self._known.pop(origin, None)
        if robots is not None:
            self._bytes -= robots.size
