"""The way of one request over its hops, and the manners on it. The exchange itself is passed in.

Hop by hop: did the server ask us to wait? | robots.txt | turn of the host | slot | exchange | redirect, or answer
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.content_coding import ACCEPT_ENCODING
from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.host_turns import HostTurns
from ingest.http_status import NOT_MODIFIED, PERMANENT_REDIRECTS, REDIRECTS, WHOLE, error_for
from ingest.retry_after import RefusalMemory, retry_after_s
from ingest.robots import (
    MAX_ROBOTS_BYTES,
    MAX_ROBOTS_REDIRECTS,
    ROBOTS_TTL_S,
    UNREACHABLE_TTL_S,
    RobotsAnswer,
    RobotsMemory,
)
from ingest.target import follow, parse_target, redact
from ingest.web import NotModified, Page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from typing import Protocol

    from ingest.fetch_settings import FetchSettings
    from ingest.target import Target
    from ingest.web import Request

    class Exchange(Protocol):
        """One request and its answer, without redirects; raises Transient or Permanent and nothing else."""

        async def __call__(self, target: Target, errand: Errand) -> Answer:
            """Has no time limit: its caller cancels it."""
            ...


_ACCEPT_FEED = (
    b"application/rss+xml, application/atom+xml, application/feed+json, "
    b"application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
_ACCEPT_PAGE = b"text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
#: RFC 9110, section 5.5: what may stand in a header, in Latin-1.
_FIELD_VALUE = re.compile(r"[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?")

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    status: int
    #: names in lower case; one that came several times has its values joined by commas
    headers: dict[str, str]
    #: decoded; empty for a status that is not `http_status.WHOLE`
    body: bytes


@dataclass(slots=True, kw_only=True)
class Errand:
    """One request on its way, over all of its hops."""

    #: the address asked for, for errors: without credentials
    subject: str
    headers: Headers
    max_bytes: int
    #: a longer body is cut instead of refused
    is_cut: bool = False
    max_redirects: int
    #: seconds that its exchanges may still take; waiting for turns does not count
    left_s: float
    #: robots.txt is asked before each hop
    obeys_robots: bool
    #: its hops go before others that wait for the same host
    is_urgent: bool = False
    is_redirected: bool = False
    #: every redirect so far was permanent
    has_moved: bool = True


class PoliteGet:
    """See `ingest.fetch.Fetcher`, which gives this its *exchange*.

    *clock* and *sleep* are for turns and waits (seconds, never going back), *now* for dates in Retry-After.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        exchange: Exchange,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._exchange = exchange
        self._clock = clock
        self._now = now
        self._turns = HostTurns(pause_s=settings.pause_s, clock=clock, sleep=sleep)
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._refusals = RefusalMemory()
        self._robots = RobotsMemory(self._ask_robots, product=settings.product, clock=clock)
        common = (
            (b"User-Agent", settings.full_user_agent.encode("ascii")),
            (b"Accept-Encoding", ACCEPT_ENCODING.encode("ascii")),
        )
        self._feed_headers: Headers = (*common, (b"Accept", _ACCEPT_FEED))
        self._page_headers: Headers = (*common, (b"Accept", _ACCEPT_PAGE))
        self._robots_headers: Headers = (*common, (b"Accept", b"text/plain, */*;q=0.5"))

    async def get(self, request: Request) -> Page | NotModified:
        """As `ports.Fetch.get`."""
        subject = redact(request.url)
        target = _read_target(request.url, subject)
        validators = _validators(request)
        errand = Errand(
            subject=subject,
            headers=(*(self._feed_headers if request.is_feed else self._page_headers), *validators),
            max_bytes=self._settings.max_feed_bytes if request.is_feed else self._settings.max_page_bytes,
            max_redirects=self._settings.max_redirects,
            left_s=self._settings.timeout_s,
            obeys_robots=not request.is_feed,
        )
        answer, final = await self._follow(target, errand)
        if answer.status in WHOLE:
            return Page(
                requested_url=request.url,
                url=final.url,
                moved_to=final.url if errand.is_redirected and errand.has_moved else None,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
            )
        if answer.status != NOT_MODIFIED:
            wait_s = retry_after_s(answer.headers, self._now())
            raise error_for(answer.status, answer.headers, subject=subject, retry_after_s=wait_s)
        if not validators:
            raise Transient(Reason.HTTP_SERVER, subject, "the server says 304 (not modified) unasked", status=304)
        return NotModified(url=final.url, headers=answer.headers)

    async def aclose(self) -> None:
        """Stop what goes on in the background."""
        await self._robots.aclose()

    # --- hops ---------------------------------------------------------------------------------------

    async def _follow(self, target: Target, errand: Errand) -> tuple[Answer, Target]:
        """Ask for *target* and follow redirects; return the last answer and whose it is."""
        first = target.url
        seen = {first}
        while True:
            answer = await self._hop(target, errand)
            if answer.status not in REDIRECTS:
                if len(seen) > 1 and answer.status >= 400:
                    self._note_wait(first, answer)
                return answer, target
            errand.has_moved = errand.has_moved and answer.status in PERMANENT_REDIRECTS
            target = _redirected(target, answer, errand)
            if target.url in seen:
                raise Permanent(Reason.REDIRECT, errand.subject, "the redirects go in a circle")
            if len(seen) > errand.max_redirects:
                raise Permanent(Reason.REDIRECT, errand.subject, f"more than {errand.max_redirects} redirects")
            seen.add(target.url)
            errand.is_redirected = errand.is_urgent = True

    async def _hop(self, target: Target, errand: Errand) -> Answer:
        """Make one request when it is its turn, and note it when the server asks us to stay away."""
        self._refuse_early(target, errand)
        if errand.obeys_robots:
            pause_s = await self._ask_leave(target, errand)
        else:
            pause_s = self._robots.known_delay_s(target.origin)
        await self._turns.take(target.host, pause_s=pause_s, at_front=errand.is_urgent)
        try:
            # Those before us may have been sent away while we waited.
            self._refuse_early(target, errand)
            async with self._slots:
                self._turns.started(target.host)
                answer = await self._timed_exchange(target, errand)
            if answer.status >= 400:
                self._note_refusal(target, answer)
            return answer
        finally:
            self._turns.leave(target.host)

    async def _timed_exchange(self, target: Target, errand: Errand) -> Answer:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(errand.left_s):
                return await self._exchange(target, errand)
        except TimeoutError as error:
            raise Transient(
                Reason.TIMEOUT, errand.subject, f"not done after {self._settings.timeout_s:g} seconds"
            ) from error
        finally:
            errand.left_s -= loop.time() - started

    # --- waits that servers ask for -----------------------------------------------------------------

    def _refuse_early(self, target: Target, errand: Errand) -> None:
        wait_s = self._refusals.remaining_s(target.url, target.host, self._clock())
        if wait_s > 0:
            raise Transient(
                Reason.RATE_LIMITED,
                errand.subject,
                f"not asked: {target.host} wants to be left alone for another {wait_s:.0f} seconds",
                retry_after_s=wait_s,
            )

    def _note_refusal(self, target: Target, answer: Answer) -> None:
        """Remember that the server wants to be left alone, if it says so."""
        wait_s = retry_after_s(answer.headers, self._now())
        if wait_s:
            now = self._clock()
            self._refusals.refused(target.url, target.host, now=now, until=now + wait_s)

    def _note_wait(self, first: str, answer: Answer) -> None:
        """The same for the address from which redirects led to the one that was refused."""
        wait_s = retry_after_s(answer.headers, self._now())
        if wait_s:
            now = self._clock()
            self._refusals.wait_for(first, now=now, until=now + wait_s)

    # --- robots.txt ---------------------------------------------------------------------------------

    async def _ask_leave(self, target: Target, errand: Errand) -> float:
        """Return the pause that the site's robots.txt asks for. Raises where it forbids the page."""
        robots = await self._robots.robots_for(target)
        if robots.rules is not None:
            if robots.rules.allows(target):
                return robots.rules.crawl_delay_s
            raise Permanent(
                Reason.ROBOTS,
                errand.subject,
                f"{target.origin}/robots.txt does not allow {self._settings.product} to read this page",
            )
        if not robots.problem:
            return 0.0
        if robots.is_refused:
            raise Permanent(Reason.BLOCKED, errand.subject, robots.problem)
        raise Transient(
            Reason.ROBOTS,
            errand.subject,
            f"{target.origin}/robots.txt cannot be had, so nothing is fetched there: {robots.problem}",
            retry_after_s=max(robots.until - self._clock(), 0.0),
        )

    async def _ask_robots(self, target: Target) -> RobotsAnswer:
        """Fetch the robots.txt of the origin of *target*; RFC 9309, section 2.3.1, says what the answers mean."""
        robots = replace(target, path="/robots.txt", userinfo="")
        errand = Errand(
            subject=robots.url,
            headers=self._robots_headers,
            max_bytes=MAX_ROBOTS_BYTES,
            is_cut=True,
            max_redirects=MAX_ROBOTS_REDIRECTS,
            left_s=self._settings.timeout_s,
            obeys_robots=False,
            is_urgent=True,
        )
        try:
            answer, _ = await self._follow(robots, errand)
        except IngestError as error:
            if error.reason is Reason.REDIRECT:
                return RobotsAnswer()
            is_refused = error.reason is Reason.BLOCKED and not errand.is_redirected
            return _no_robots(error, is_refused=is_refused)
        if answer.status in WHOLE:
            return RobotsAnswer(body=answer.body)
        # 429 is a server in need, not one without rules.
        if answer.status < 300 or (400 <= answer.status < 500 and answer.status != 429):
            return RobotsAnswer()
        wait_s = retry_after_s(answer.headers, self._now())
        return _no_robots(
            error_for(answer.status, answer.headers, subject=robots.url, retry_after_s=wait_s), is_refused=False
        )


def _no_robots(error: IngestError, *, is_refused: bool) -> RobotsAnswer:
    wait_s = error.retry_after_s if isinstance(error, Transient) else None
    ttl_s = min(max(wait_s or 0.0, UNREACHABLE_TTL_S), ROBOTS_TTL_S)
    return RobotsAnswer(problem=error.detail, is_refused=is_refused, ttl_s=ttl_s)


def _read_target(address: str, subject: str) -> Target:
    try:
        return parse_target(address)
    except ValueError as error:
        raise Permanent(Reason.BLOCKED, subject, str(error)) from error


def _redirected(target: Target, answer: Answer, errand: Errand) -> Target:
    location = answer.headers.get("location", "")
    if not location:
        raise Transient(
            Reason.REDIRECT, errand.subject, f"a redirect ({answer.status}) to nowhere", status=answer.status
        )
    # Header values come as Latin-1; servers that send letters beyond ASCII mean UTF-8.
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    try:
        return follow(target, location)
    except ValueError as error:
        there = ascii(redact(location))[:200]
        raise Permanent(
            Reason.BLOCKED, errand.subject, f"redirected to {there}: {error}", status=answer.status
        ) from error


def _validators(request: Request) -> Headers:
    """Make the request conditional: the validators, byte for byte, but for one that no server can have sent."""
    return tuple(
        (name, value.encode("latin-1"))
        for name, value in ((b"If-None-Match", request.etag), (b"If-Modified-Since", request.last_modified))
        if value and _FIELD_VALUE.fullmatch(value)
    )
