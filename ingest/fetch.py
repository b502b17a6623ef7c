"""Fetches feeds and pages: conditional GET, bounded in time and size, polite, and from public addresses only.

`polite_get` leads a request over its hops; here is the exchange that makes each of them, by `http_client`, and what
the errors mean that come out of it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import httpcore2
import httpx2

from ingest.address_guard import AddressGuard, AddressRefused
from ingest.content_coding import BodyReader, too_large
from ingest.dial import Resolver
from ingest.errand import Answer
from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.http_client import HeadTooLarge, HttpClient, Route
from ingest.http_status import WHOLE
from ingest.model import utc_now
from ingest.polite_get import PoliteGet
from ingest.proxy import parse_proxy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime
    from types import TracebackType

    from ingest.dial import Resolve
    from ingest.errand import Errand, Headers
    from ingest.fetch_settings import FetchSettings, HostSettings
    from ingest.host_turns import HostTurns
    from ingest.http_client import HttpAnswer
    from ingest.remembered import Remembered
    from ingest.shared_turns import TurnTable
    from ingest.target import Target
    from ingest.web import NotModified, Page, Request
    from ingest.web_form import FormAnswer

    #: is told how long a request took, in seconds, and why it failed, or None
    Watch = Callable[[float, Reason | None], None]

log = logging.getLogger(__name__)

_MAX_DETAIL_CHARS = 300
#: After this many chunks others get their turn: a body of one-byte chunks would hold up the event loop.
_CHUNKS_AT_A_TIME = 256


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error of the libraries means."""

    reason: Reason
    #: what stands before the libraries' own words
    phrase: str = ""
    #: asking again will not help
    is_permanent: bool = False


_REFUSED = Fault(Reason.BLOCKED, is_permanent=True)
_BAD_ADDRESS = Fault(Reason.BLOCKED, is_permanent=True)
_NO_NAME = Fault(Reason.CONNECTION, "the name cannot be resolved: ")
_NO_PROXY = Fault(Reason.CONNECTION, "the proxy gives no connection: ")
_NO_CONNECTION = Fault(Reason.CONNECTION, "no connection: ")
_NOT_SECURE = Fault(Reason.CONNECTION, "no secure connection: ")
_NOT_HTTP = Fault(Reason.CONNECTION, "the answer breaks the rules of HTTP: ")
_LATE = Fault(Reason.TIMEOUT)
_BAD_CODING = Fault(Reason.DECODE)
_LARGE_HEAD = Fault(Reason.TOO_LARGE, is_permanent=True)
_REDIRECTS = Fault(Reason.REDIRECT, is_permanent=True)

#: The meaning of each error of the libraries; the nearest class counts.
FAULTS: dict[type[BaseException], Fault] = {
    AddressRefused: _REFUSED,
    HeadTooLarge: _LARGE_HEAD,
    # our own connecting, see `dial`
    socket.gaierror: _NO_NAME,
    ssl.SSLError: _NOT_SECURE,
    TimeoutError: _LATE,
    OSError: _NO_CONNECTION,
    UnicodeError: _BAD_ADDRESS,
    # httpcore2, which speaks HTTP
    httpcore2.TimeoutException: _LATE,
    httpcore2.ConnectTimeout: _LATE,
    httpcore2.ReadTimeout: _LATE,
    httpcore2.WriteTimeout: _LATE,
    httpcore2.PoolTimeout: _LATE,
    httpcore2.NetworkError: _NO_CONNECTION,
    httpcore2.ConnectError: _NO_CONNECTION,
    httpcore2.ConnectionNotAvailable: _NO_CONNECTION,
    httpcore2.ReadError: _NO_CONNECTION,
    httpcore2.WriteError: _NO_CONNECTION,
    httpcore2.ProxyError: _NO_PROXY,
    httpcore2.ProtocolError: _NOT_HTTP,
    httpcore2.LocalProtocolError: _NOT_HTTP,
    httpcore2.RemoteProtocolError: _NOT_HTTP,
    httpcore2.UnsupportedProtocol: _BAD_ADDRESS,
    # httpx2, around it
    httpx2.HTTPError: _NOT_HTTP,
    httpx2.RequestError: _NOT_HTTP,
    httpx2.TransportError: _NOT_HTTP,
    httpx2.TimeoutException: _LATE,
    httpx2.ConnectTimeout: _LATE,
    httpx2.ReadTimeout: _LATE,
    httpx2.WriteTimeout: _LATE,
    httpx2.PoolTimeout: _LATE,
    httpx2.NetworkError: _NO_CONNECTION,
    httpx2.ConnectError: _NO_CONNECTION,
    httpx2.ReadError: _NO_CONNECTION,
    httpx2.WriteError: _NO_CONNECTION,
    httpx2.CloseError: _NO_CONNECTION,
    httpx2.ProxyError: _NO_PROXY,
    httpx2.ProtocolError: _NOT_HTTP,
    httpx2.LocalProtocolError: _NOT_HTTP,
    httpx2.RemoteProtocolError: _NOT_HTTP,
    httpx2.DecodingError: _BAD_CODING,
    httpx2.SSEError: _NOT_HTTP,
    httpx2.TooManyRedirects: _REDIRECTS,
    httpx2.HTTPStatusError: _NOT_HTTP,
    httpx2.UnsupportedProtocol: _BAD_ADDRESS,
    httpx2.InvalidURL: _BAD_ADDRESS,
    httpx2.CookieConflict: _NOT_HTTP,
    httpx2.StreamError: _NOT_HTTP,
    httpx2.StreamClosed: _NOT_HTTP,
    httpx2.StreamConsumed: _NOT_HTTP,
    httpx2.RequestNotRead: _NOT_HTTP,
    httpx2.ResponseNotRead: _NOT_HTTP,
}


def _nobody(_: float, __: Reason | None) -> None:
    """Watches nothing."""


class Fetcher:
    """Fulfils `ports.Fetch`; an async context manager, for one event loop.

    *remembered* is what `take_changes` of an earlier run gave. *resolve* gives the addresses of a name (the system's
    by default), *ssl_context* says whom to trust (the system's certificates, or those that SSL_CERT_FILE and
    SSL_CERT_DIR name). *clock* and *sleep* are for turns and waits, *now* for dates in Retry-After: tests pass their
    own. *table* is given where several processes share the turns at hosts. *watch* is told of each request.

    Proxies of the environment are never used: they would connect where the guard cannot see it. With the one that the
    settings name, see `http_client.Route`, the last word about the address that is connected to is the proxy's.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        remembered: Remembered | None = None,
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
        table: TurnTable | None = None,
        watch: Watch = _nobody,
    ) -> None:
        self._watch = watch
        self._resolver: Resolver | None = None
        if resolve is None:
            self._resolver = resolve = Resolver()
        route = Route(
            guard=AddressGuard(settings.allow),
            resolve=resolve,
            connect_timeout_s=settings.connect_timeout_s,
            proxy=parse_proxy(settings.proxy) if settings.proxy else None,
            proxy_resolves=settings.proxy_resolves,
        )
        self._client = HttpClient(route, ssl_context=ssl_context, max_connections=settings.max_connections)
        self._polite = PoliteGet(
            settings, exchange=self._exchange, clock=clock, sleep=sleep, now=now, remembered=remembered, table=table
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._polite.aclose()
        await self._client.aclose()
        if self._resolver is not None:
            self._resolver.close()
        # Closed sockets are let go by the loop in its next round.
        await asyncio.sleep(0)

    @property
    def turns(self) -> HostTurns:
        """The turns at hosts that requests wait for."""
        return self._polite.turns

    def use_hosts(self, hosts: tuple[HostSettings, ...]) -> None:
        """Let *hosts* be what is different for single hosts, in place of what the settings say, from now on."""
        self._polite.use_hosts(hosts)

    async def get(self, request: Request) -> Page | NotModified:
        """As `ports.Fetch.get`. Raises Transient or Permanent, and nothing else.

        The headers and credentials of the request go to the origin of its address, and to no other: a redirect to
        another scheme, host or port drops them for good. Headers may stand for our User-Agent and Accept.
        """
        return await self._polite.get(request)

    async def allowed(self, url: str) -> bool:
        """Whether robots.txt lets us read the page at *url*, which is not fetched for this.

        Raises Transient(ROBOTS) when the robots.txt cannot be had, Permanent(BLOCKED) when the guard refuses.
        """
        return await self._polite.allowed(url)

    async def robots_sitemaps(self, url: str) -> tuple[str, ...]:
        """Return the sitemaps that the robots.txt of the origin of *url* names.

        These are normalised http(s) addresses, 20 at most, maybe on other hosts. Fetches the file when it is not
        remembered; none where there is no file. Raises as `allowed`.
        """
        return await self._polite.robots_sitemaps(url)

    async def post_form(self, url: str, fields: Iterable[tuple[str, str]], *, subject: str = "") -> FormAnswer:
        """Send a form to a hub (WebSub) and return its answer, if that is 200 to 299.

        Guard, turns, waits, limits as for pages; robots.txt is for those who read pages. 307 and 308 are followed,
        5 at most, and not from https to http; errors name *subject*, by default the address without credentials. It
        may be sent twice when a connection breaks. Raises Transient or Permanent with what the hub said in `detail`.
        """
        return await self._polite.post_form(url, fields, subject=subject)

    def learn(self, remembered: Remembered) -> None:
        """Keep the waits that other processes were asked for, as if they had been asked of us."""
        self._polite.learn(remembered)

    def take_changes(self) -> Remembered:
        """Return what servers have asked for since the last call and the next run should know; never waits.

        A `HostWait` whose host is empty is about its address alone. Need not be called; memory is bounded.
        """
        return self._polite.take_changes()

    async def _exchange(self, target: Target, errand: Errand, headers: Headers) -> Answer:
        """Send one request and read its answer."""
        began = time.monotonic()
        try:
            response = await self._client.send(target, errand, headers)
            try:
                errand.status = response.status
                answer = await _read(response, errand)
            finally:
                await response.aclose()
        except Exception as error:
            fault = error if isinstance(error, IngestError) else _as_ingest_error(error, errand.subject)
            # What is refused or breaks off on its way still was an answer.
            fault.status = fault.status or errand.status
            self._watch(time.monotonic() - began, fault.reason)
            if fault is error:
                raise
            raise fault from error
        self._watch(time.monotonic() - began, None)
        return answer


def _as_ingest_error(error: Exception, subject: str) -> IngestError:
    """Return what *error*, raised while speaking HTTP, means for the request about *subject*."""
    # The libraries' own messages know nothing of the address.
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:_MAX_DETAIL_CHARS]
    if isinstance(error, httpcore2.ProxyError) and text.startswith("407"):
        return Transient(Reason.AUTH, subject, "the proxy wants a password (407)", status=407)
    for kind in type(error).__mro__:
        if kind in FAULTS:
            fault = FAULTS[kind]
            refuse = Permanent if fault.is_permanent else Transient
            return refuse(fault.reason, subject, f"{fault.phrase}{text}")
    log.error("%s: an error that nobody has thought of", subject, exc_info=error)
    return Transient(Reason.INTERNAL, subject, f"{type(error).__name__}: {error}"[:_MAX_DETAIL_CHARS])


async def _read(response: HttpAnswer, errand: Errand) -> Answer:
    headers = response.headers
    if response.status not in WHOLE and not errand.wants_all:
        await response.discard()
        return Answer(status=response.status, headers=headers, body=b"")
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > errand.max_bytes and not errand.is_cut:
        raise too_large(errand.max_bytes, errand.subject)
    reader = BodyReader(headers.get("content-encoding", ""), max_bytes=errand.max_bytes, subject=errand.subject)
    try:
        await _read_body(response, reader)
    except Permanent as error:
        if error.reason is not Reason.TOO_LARGE or not errand.is_cut:
            raise
        return Answer(status=response.status, headers=headers, body=reader.so_far())
    return Answer(status=response.status, headers=headers, body=reader.finish())


async def _read_body(response: HttpAnswer, reader: BodyReader) -> None:
    chunks = 0
    async with aclosing(response.body()) as body:
        async for chunk in body:
            reader.add(chunk)
            chunks += 1
            if not chunks % _CHUNKS_AT_A_TIME:
                await asyncio.sleep(0)
