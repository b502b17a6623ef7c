"""What a robots.txt allows (RFC 9309), and the memory of the ones that were read.

Only pages are asked about, not feeds: those the user has added by hand. No network here: `RobotsMemory` is
given the function that fetches.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protego import Protego

from ingest.host_turns import MAX_PAUSE_S
from ingest.hosts import RobotsFile
from ingest.target import parse_target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from ingest.remembered import Clocks
    from ingest.target import Target

#: RFC 9309, section 2.5: read at least the first 500 KiB; we read no more.
MAX_ROBOTS_BYTES = 500 * 1024
#: RFC 9309, section 2.3.1.2: follow at least five redirects, then it counts as missing.
MAX_ROBOTS_REDIRECTS = 5
#: RFC 9309, section 2.4: do not use a copy for longer than a day.
ROBOTS_TTL_S = 24 * 3600.0
#: One that could not be had is asked for again after this time; until then the pages wait.
UNREACHABLE_TTL_S = 600.0

#: Sitemaps that one file may name; what has more has them listed in an index.
MAX_SITEMAPS = 20

#: Parsing takes about 14 µs a rule: what is larger would hold up the event loop for long.
_PARSE_ASIDE_BYTES = 16 * 1024
#: Asking takes up to 2 µs a rule, where these have wildcards.
_ASK_ASIDE_BYTES = 64 * 1024
#: Bounds of the memory; parsed rules take several times the room of their text.
_MAX_REMEMBERED = 4_096
_MAX_REMEMBERED_BYTES = 8 * 1024 * 1024


#: A line that names whom the rules after it are for, as generously as protego reads it.
_NAMING_LINE = re.compile(r"user(?:-?| )agent(?:\s*:|\s)\s*(?P<name>.*)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9_-]*")
#: Stands for everybody else; no product bears such a name.
_OTHERS = "(others)"


class RobotsRules:
    """The rules of one robots.txt, as they apply to one program; *size* is the length of the file in bytes."""

    def __init__(self, parsed: Protego, product: str, size: int) -> None:
        self._parsed = parsed
        self._product = product
        self._size = size
        delay = parsed.crawl_delay(product)
        #: seconds between two starts that the site asks for, 0 to 30
        self.crawl_delay_s: float = 0.0 if delay is None else min(float(delay), MAX_PAUSE_S)
        #: addresses of the sitemaps that it names, normalised, in its order, at most 20; they may be on other hosts
        self.sitemaps: tuple[str, ...] = _readable(parsed.sitemaps)

    def allows(self, target: Target) -> bool:
        """Whether the page at *target* may be fetched."""
        return bool(self._parsed.can_fetch(target.url, self._product))

    async def ask(self, target: Target) -> bool:
        """As `allows`, without holding up the event loop where there are very many rules."""
        if self._size < _ASK_ASIDE_BYTES:
            return self.allows(target)
        return await asyncio.to_thread(self.allows, target)


def _readable(addresses: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for address in addresses:
        try:
            found[parse_target(address).url] = None
        except ValueError:
            continue
        if len(found) == MAX_SITEMAPS:
            break
    return tuple(found)


def parse_robots(body: bytes, product: str) -> RobotsRules:
    """Read the first 500 KiB of a robots.txt; *product* is the name by which it may speak of us.

    What is not understood is passed over, so every body gives rules, if need be none.
    """
    if len(body) >= MAX_ROBOTS_BYTES:
        # Half a line could forbid more than the whole one does.
        body = body[:MAX_ROBOTS_BYTES].rpartition(b"\n")[0]
    text = _without_others(body.decode("utf-8-sig", "replace"), product)
    return RobotsRules(Protego.parse(text), product, len(body))


def _without_others(text: str, product: str) -> str:
    """Give all programs but ours one name.

    protego keeps each rule once for each name of its group: 64 KB of names and rules would take 450 MB. It also takes
    the beginning of a name for the name, which RFC 9309, section 2.2.1, does not.
    """
    return "\n".join(_unnamed(line, product) for line in text.splitlines())


def _unnamed(line: str, product: str) -> str:
    said = _NAMING_LINE.fullmatch(line.partition("#")[0].strip())
    if said is None or said["name"] in {"", "*"}:
        return line
    token = _TOKEN.match(said["name"])
    is_ours = token is not None and token[0].lower() == product.lower()
    return f"User-agent: {product if is_ours else _OTHERS}"


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

    *ask* fetches the file of an origin and never raises. *remembered* are files of an earlier run, as `take_changes`
    gave them; they are read when they are needed. The oldest are forgotten when there are too many. For one
    event loop.
    """

    def __init__(
        self,
        ask: Callable[[Target], Awaitable[RobotsAnswer]],
        *,
        product: str,
        clocks: Clocks,
        remembered: Iterable[RobotsFile] = (),
        max_remembered: int = _MAX_REMEMBERED,
        max_bytes: int = _MAX_REMEMBERED_BYTES,
    ) -> None:
        self._ask = ask
        self._product = product
        self._clocks = clocks
        self._max = max_remembered
        self._max_bytes = max_bytes
        self._bytes = 0
        self._known: dict[str, Robots] = {}
        self._asking: dict[str, asyncio.Task[Robots]] = {}
        #: files as they came, not yet read; and files that are to be stored
        self._unread = _Files(max_remembered, max_bytes)
        self._changed = _Files(max_remembered, max_bytes)
        for file in remembered:
            self._unread.put(file)

    async def robots_for(self, target: Target) -> Robots:
        """Return the robots.txt that applies to *target*, fetching it where that is needed."""
        origin = target.origin
        known = self._known.get(origin)
        if known is not None and known.until > self._clocks.seconds():
            return known
        asking = self._asking.get(origin)
        if asking is None:
            asking = self._asking[origin] = asyncio.create_task(self._learn(origin, target))
        # One who is cancelled goes away alone; the others still want the answer.
        return await asyncio.shield(asking)

    def known_delay_s(self, origin: str) -> float:
        """Return the crawl delay of a robots.txt that happens to be known, else 0.0."""
        known = self._known.get(origin)
        if known is None and (file := self._unread.get(origin)) is not None and _size(file) < _PARSE_ASIDE_BYTES:
            rules = None if file.body is None else parse_robots(file.body, self._product)
            self._unread.pop(origin)
            known = self._remember(file, rules, self._clocks.seconds_of(file.until))
        return 0.0 if known is None or known.rules is None else known.rules.crawl_delay_s

    def take_changes(self) -> tuple[RobotsFile, ...]:
        """Return the files that were fetched since the last call."""
        changed, self._changed = self._changed, _Files(self._max, self._max_bytes)
        return tuple(changed)

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
            file = self._unread.pop(origin)
            if file is None or file.until <= self._clocks.now():
                file, until = await self._fetch(origin, target)
            else:
                until = self._clocks.seconds_of(file.until)
            rules = None if file.body is None else await self._parse(file.body)
        finally:
            del self._asking[origin]
        return self._remember(file, rules, until)

    async def _fetch(self, origin: str, target: Target) -> tuple[RobotsFile, float]:
        answer = await self._ask(target)
        until = self._clocks.seconds() + answer.ttl_s
        file = RobotsFile(
            origin=origin,
            body=answer.body,
            problem=answer.problem,
            is_refused=answer.is_refused,
            until=self._clocks.date_of(until),
        )
        # Our own refusal is by the settings, which may be others in the next run.
        if not answer.is_refused:
            self._changed.put(file)
        return file, until

    async def _parse(self, body: bytes) -> RobotsRules:
        if len(body) < _PARSE_ASIDE_BYTES:
            return parse_robots(body, self._product)
        return await asyncio.to_thread(parse_robots, body, self._product)

    def _remember(self, file: RobotsFile, rules: RobotsRules | None, until: float) -> Robots:
        robots = Robots(
            rules=rules,
            problem=file.problem,
            is_refused=file.is_refused,
            until=until,
            size=_size(file),
        )
        self._forget(file.origin)
        self._known[file.origin] = robots
        self._bytes += robots.size
        while len(self._known) > self._max or (self._bytes > self._max_bytes and len(self._known) > 1):
            self._forget(next(iter(self._known)))
        return robots

    def _forget(self, origin: str) -> None:
        robots = self._known.pop(origin, None)
        if robots is not None:
            self._bytes -= robots.size


class _Files:
    """Files by their origin, within bounds: the oldest go first."""

    def __init__(self, max_files: int, max_bytes: int) -> None:
        self._max_files = max_files
        self._max_bytes = max_bytes
        self._bytes = 0
        self._files: dict[str, RobotsFile] = {}

    def __iter__(self) -> Iterator[RobotsFile]:
        return iter(self._files.values())

    def get(self, origin: str) -> RobotsFile | None:
        return self._files.get(origin)

    def pop(self, origin: str) -> RobotsFile | None:
        file = self._files.pop(origin, None)
        if file is not None:
            self._bytes -= _size(file)
        return file

    def put(self, file: RobotsFile) -> None:
        self.pop(file.origin)
        self._files[file.origin] = file
        self._bytes += _size(file)
        while len(self._files) > self._max_files or (self._bytes > self._max_bytes and len(self._files) > 1):
            self.pop(next(iter(self._files)))


def _size(file: RobotsFile) -> int:
    return 0 if file.body is None else len(file.body)
