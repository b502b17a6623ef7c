"""The way of one request over its hops, and the manners on it. The exchange itself is passed in.

Hop by hop: did the server ask us to wait? | robots.txt | turn of the host | slot | exchange | redirect, or answer
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from ingest.clean import clean_line
from ingest.errand import Outfitter
from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.host_turns import HostTurns
from ingest.hosts import HostWait
from ingest.http_status import (
    FORM_REDIRECTS,
    NOT_MODIFIED,
    OVERLOADED,
    PERMANENT_REDIRECTS,
    REDIRECTS,
    WHOLE,
    error_for,
    is_surely_challenge,
)
from ingest.remembered import Clocks, Remembered
from ingest.retry_after import RefusalMemory, Wait, retry_after_s
from ingest.robots import ROBOTS_TTL_S, UNREACHABLE_TTL_S, RobotsAnswer, RobotsMemory
from ingest.shared_turns import SharedTurns
from ingest.target import follow, parse_target, redact
from ingest.web import Hop, NotModified, Page
from ingest.web_form import FormAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from datetime import datetime
    from typing import Protocol

    from ingest.errand import Answer, Errand, Headers
    from ingest.fetch_settings import FetchSettings, HostSettings
    from ingest.robots import RobotsRules
    from ingest.shared_turns import TurnTable
    from ingest.target import Target
    from ingest.web import Request

    class Exchange(Protocol):
        """One request and its answer, without redirects; raises Transient or Permanent and nothing else."""

        async def __call__(self, target: Target, errand: Errand, headers: Headers) -> Answer:
            """Sets `errand.status` as soon as there is one. Has no time limit: its caller cancels it."""
            ...


_GOOD = WHOLE | REDIRECTS | {NOT_MODIFIED}
_MAX_SAID_CHARS = 300


class PoliteGet:
    """See `ingest.fetch.Fetcher`, which gives this its *exchange*.

    *clock* and *sleep* are for turns and waits (seconds, never going back), *now* for dates in Retry-After, and
    for what is remembered from one run to the next.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        exchange: Exchange,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], datetime],
        remembered: Remembered | None = None,
        table: TurnTable | None = None,
    ) -> None:
        remembered = remembered or Remembered()
        self._settings = settings
        self._exchange = exchange
        self._clock = clock
        self._now = now
        self._clocks = Clocks(seconds=clock, now=now)
        self.turns = (
            HostTurns(pause_s=self._pause_for, clock=clock, sleep=sleep)
            if table is None
            else SharedTurns(table, pause_s=self._pause_for, clock=clock, sleep=sleep)
        )
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._refusals = RefusalMemory(self._waits_of(remembered))
        self._robots = RobotsMemory(
            self._ask_robots, product=settings.product, clocks=self._clocks, remembered=remembered.robots
        )
        self._outfitter = Outfitter(settings)

    def use_hosts(self, hosts: tuple[HostSettings, ...]) -> None:
        """As `ingest.fetch.Fetcher.use_hosts`."""
        self._settings = replace(self._settings, hosts=hosts)
        self._outfitter = Outfitter(self._settings)
        self.turns.look_at_pauses()

    def _pause_for(self, host: str) -> float:
        return self._settings.pause_for(host)

    async def get(self, request: Request) -> Page | NotModified:
        """As `ports.Fetch.get`."""
        subject = redact(request.url)
        target = _read_target(request.url, subject)
        errand = self._outfitter.for_request(request, target, subject)
        answer, final = await self._follow(target, errand)
        moved_to = final.url if errand.is_redirected and errand.has_moved else None
        if answer.status in WHOLE and not is_surely_challenge(answer.headers):
            return Page(
                requested_url=request.url,
                url=final.url,
                moved_to=moved_to,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                hops=tuple(errand.hops),
            )
        if answer.status != NOT_MODIFIED:
            wait_s = retry_after_s(answer.headers, self._now())
            raise error_for(
                answer.status,
                answer.headers,
                subject=subject,
                retry_after_s=wait_s,
                has_password=errand.has_password,
            )
        if not errand.is_conditional:
            raise Transient(Reason.HTTP_SERVER, subject, "the server says 304 (not modified) unasked", status=304)
        return NotModified(url=final.url, headers=answer.headers, moved_to=moved_to, hops=tuple(errand.hops))

    async def post_form(self, url: str, fields: Iterable[tuple[str, str]], *, subject: str = "") -> FormAnswer:
        """As `ingest.fetch.Fetcher.post_form`."""
        subject = subject or redact(url)
        errand = self._outfitter.for_form(fields, subject, FORM_REDIRECTS)
        answer, final = await self._follow(_read_target(url, subject), errand)
        said = clean_line(answer.body.decode("utf-8", "replace"), _MAX_SAID_CHARS)
        if 200 <= answer.status < 300:
            return FormAnswer(url=final.url, status=answer.status, text=said)
        if answer.status in REDIRECTS:
            raise Permanent(
                Reason.REDIRECT,
                subject,
                f"redirected ({answer.status}) in a way that a form cannot follow",
                status=answer.status,
            )
        wait_s = retry_after_s(answer.headers, self._now())
        raise error_for(answer.status, answer.headers, subject=subject, retry_after_s=wait_s, said=said)

    async def allowed(self, url: str) -> bool:
        """As `ingest.fetch.Fetcher.allowed`."""
        target, rules = await self._rules_of(url)
        return rules is None or await rules.ask(target)

    async def robots_sitemaps(self, url: str) -> tuple[str, ...]:
        """As `ingest.fetch.Fetcher.robots_sitemaps`."""
        _, rules = await self._rules_of(url)
        return () if rules is None else rules.sitemaps

    def _waits_of(self, remembered: Remembered) -> Iterator[Wait]:
        for wait in remembered.waits:
            until = self._clocks.seconds_of(wait.until)
            yield Wait(url=wait.address, host=wait.host, until=until, holds=wait.holds)

    def learn(self, remembered: Remembered) -> None:
        """As `ingest.fetch.Fetcher.learn`."""
        self._refusals.learn(self._waits_of(remembered))

    def take_changes(self) -> Remembered:
        """As `ingest.fetch.Fetcher.take_changes`."""
        waits = self._refusals.take_changes(self._clock())
        return Remembered(
            waits=tuple(
                HostWait(address=wait.url, host=wait.host, until=self._clocks.date_of(wait.until), holds=wait.holds)
                for wait in waits
            ),
            robots=self._robots.take_changes(),
        )

    async def aclose(self) -> None:
        """Stop what goes on in the background."""
        await self._robots.aclose()

    # --- hops ---------------------------------------------------------------------------------------

    async def _follow(self, target: Target, errand: Errand) -> tuple[Answer, Target]:
        """Ask for *target* and follow redirects; return the last answer and whose it is."""
        first = target.url
        seen = {first}
        headers = self._outfitter.headers_for(target, errand)
        while True:
            answer = await self._hop(target, errand, headers)
            errand.hops.append(Hop(url=target.url, status=answer.status))
            if answer.status not in errand.redirects:
                if len(seen) > 1 and answer.status >= 400:
                    self._note_wait(first, answer)
                return answer, target
            errand.has_moved = errand.has_moved and answer.status in PERMANENT_REDIRECTS
            there = _redirected(target, answer, errand)
            if there.url in seen:
                raise Permanent(Reason.REDIRECT, errand.subject, "the redirects go in a circle", status=answer.status)
            if len(seen) > errand.max_redirects:
                raise Permanent(
                    Reason.REDIRECT, errand.subject, f"more than {errand.max_redirects} redirects", status=answer.status
                )
            seen.add(there.url)
            errand.is_redirected = errand.is_urgent = True
            if there.origin != target.origin:
                errand.private = ()
                headers = self._outfitter.headers_for(there, errand)
            target = there

    async def _hop(self, target: Target, errand: Errand, headers: Headers) -> Answer:
        """Make one request when it is its turn, and note it when the server asks us to stay away."""
        errand.status = None
        self._refuse_early(target, errand)
        if errand.obeys_robots:
            pause_s = await self._ask_leave(target, errand)
        else:
            pause_s = self._robots.known_delay_s(target.origin)
        await self.turns.take(target.host, pause_s=pause_s, at_front=errand.is_urgent)
        try:
            # Those before us may have been sent away while we waited.
            self._refuse_early(target, errand)
            async with self._slots:
                self.turns.started(target.host)
                answer = await self._timed_exchange(target, errand, headers)
            if answer.status >= 400:
                self._note_refusal(target, answer, errand)
            else:
                self._refusals.answered(target.host)
                if answer.status not in _GOOD and not errand.wants_all:
                    # 202, 204 and the like bring no page, and can say when there will be one.
                    self._note_refusal(target, answer, errand)
            return answer
        finally:
            self.turns.leave(target.host)

    async def _timed_exchange(self, target: Target, errand: Errand, headers: Headers) -> Answer:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(errand.left_s):
                return await self._exchange(target, errand, headers)
        except TimeoutError as error:
            late = f"not done after {self._settings.timeout_s:g} seconds"
            raise Transient(Reason.TIMEOUT, errand.subject, late, status=errand.status) from error
        finally:
            errand.left_s -= loop.time() - started

    # --- waits that servers ask for -----------------------------------------------------------------

    def _refuse_early(self, target: Target, errand: Errand) -> None:
        wait_s = self._refusals.remaining_s(target.url, target.host, self._clock())
        if wait_s > 0:
            raise Transient(
                Reason.RATE_LIMITED,
                errand.subject,
                f"not asked: {target.host} wants to be left alone until {self._told_time(wait_s)}",
                retry_after_s=wait_s,
                was_asked=False,
            )

    def _told_time(self, wait_s: float) -> str:
        """When so many seconds are over, for people: it is read long after, so the time is not counted from now."""
        now = self._now()
        until = (now + timedelta(seconds=wait_s + 0.5)).astimezone(UTC)
        day = "" if until.date() == now.astimezone(UTC).date() else f"{until:%Y-%m-%d} "
        return f"{day}{until:%H:%M:%S} UTC"

    def _note_refusal(self, target: Target, answer: Answer, errand: Errand) -> None:
        """Remember that the server wants to be left alone, if it says so, or has had enough."""
        wait_s = retry_after_s(answer.headers, self._now())
        now = self._clock()
        if wait_s:
            self._refusals.refused(target.url, target.host, now=now, until=now + wait_s)
        elif answer.status in OVERLOADED and not errand.is_for_robots and self._settings.pause_for(target.host):
            # Without its robots.txt the pages of a host wait anyway, and the feeds need not. Without pauses nobody is
            # spared: that is for servers of one's own, as the demo's.
            self._refusals.refused_silently(target.url, target.host, now=now)

    def _note_wait(self, first: str, answer: Answer) -> None:
        """The same for the address from which redirects led to the one that was refused."""
        wait_s = retry_after_s(answer.headers, self._now())
        if wait_s:
            now = self._clock()
            self._refusals.wait_for(first, now=now, until=now + wait_s)

    # --- robots.txt ---------------------------------------------------------------------------------

    async def _ask_leave(self, target: Target, errand: Errand) -> float:
        """Return the pause that the site's robots.txt asks for. Raises where it forbids the page."""
        rules = await self._rules_for(target, errand.subject)
        if rules is None:
            return 0.0
        if await rules.ask(target):
            return rules.crawl_delay_s
        raise Permanent(
            Reason.ROBOTS,
            errand.subject,
            f"{target.origin}/robots.txt does not allow {self._settings.product} to read this page",
        )

    async def _rules_of(self, url: str) -> tuple[Target, RobotsRules | None]:
        subject = redact(url)
        target = _read_target(url, subject)
        return target, await self._rules_for(target, subject)

    async def _rules_for(self, target: Target, subject: str) -> RobotsRules | None:
        """Return the rules for *target*, None where there are none. Raises where they cannot be had."""
        robots = await self._robots.robots_for(target)
        if robots.rules is not None or not robots.problem:
            return robots.rules
        if robots.is_refused:
            raise Permanent(Reason.BLOCKED, subject, robots.problem)
        raise Transient(
            Reason.ROBOTS,
            subject,
            f"{target.origin}/robots.txt cannot be had, so nothing is fetched there: {robots.problem}",
            retry_after_s=max(robots.until - self._clock(), 0.0),
        )

    async def _ask_robots(self, target: Target) -> RobotsAnswer:
        """Fetch the robots.txt of the origin of *target*; RFC 9309, section 2.3.1, says what the answers mean."""
        robots = replace(target, path="/robots.txt", userinfo="")
        errand = self._outfitter.for_robots(robots)
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
        there = follow(target, location)
    except ValueError as error:
        where = ascii(redact(location))[:200]
        raise Permanent(
            Reason.BLOCKED, errand.subject, f"redirected to {where}: {error}", status=answer.status
        ) from error
    if errand.content and target.scheme == "https" and there.scheme != "https":
        # What is in the form was meant for no eyes on the way.
        raise Permanent(Reason.REDIRECT, errand.subject, "redirected from https to http", status=answer.status)
    return there
