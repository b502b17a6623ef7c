"""Fetches feeds and pages: conditional GET, bounded in time and size, polite, and from public addresses only.

`polite_get` leads a request over its hops; here is the exchange that makes each of them. This is the only
module that knows httpx2 and httpcore2. The client's own redirects, cookies, credentials, time limits and
decoding are not used: each would let a hostile page decide something that is decided here.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Self

import httpcore2
import httpx2

from ingest.address_guard import AddressGuard, AddressRefused
from ingest.content_coding import BodyReader, too_large
from ingest.dial import Resolver, dial
from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.http_status import WHOLE
from ingest.model import utc_now
from ingest.polite_get import Answer, PoliteGet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Any

    from ingest.dial import Resolve
    from ingest.fetch_settings import FetchSettings
    from ingest.polite_get import Errand
    from ingest.target import Target
    from ingest.web import NotModified, Page, Request

log = logging.getLogger(__name__)

#: A pool looks at all of its connections twice a request, so there are many small ones, and a host has its own.
#: With 100 requests under way this saves a quarter of the CPU time of each (measured on loopback).
_POOLS = 16
#: Idle connections that each keeps for the next page of a host, and for how long: some pauses, so that a
#: handshake is saved.
_MAX_IDLE = 4
_IDLE_S = 15.0
#: What is read of a body that nobody wants, so that its connection can be used again.
_MAX_DISCARDED_BYTES = 16 * 1024
_DISCARD_S = 1.0
_MAX_DETAIL_CHARS = 300
#: After this many chunks others get their turn: a body of one-byte chunks would hold up the event loop.
_CHUNKS_AT_A_TIME = 256
#: Fields of which the first one counts when a server sends several; the values of others are joined.
_SINGLE_FIELDS = frozenset(
    {"content-length", "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after"}
)

#: The request extension that tells `_Transport` the address, ready to be sent.
_WIRE_URL = "wire_url"
#: Whether the exchange of this task has opened a connection; what fails on an old one is tried once more.
_is_new_connection: ContextVar[bool] = ContextVar("_is_new_connection", default=False)


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
_NO_CONNECTION = Fault(Reason.CONNECTION, "no connection: ")
_NOT_SECURE = Fault(Reason.CONNECTION, "no secure connection: ")
_NOT_HTTP = Fault(Reason.CONNECTION, "the answer breaks the rules of HTTP: ")
_LATE = Fault(Reason.TIMEOUT)
_BAD_CODING = Fault(Reason.DECODE)
_REDIRECTS = Fault(Reason.REDIRECT, is_permanent=True)

#: The meaning of each error of the libraries; the nearest class counts.
FAULTS: dict[type[BaseException], Fault] = {
    AddressRefused: _REFUSED,
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
    httpcore2.ProxyError: _NO_CONNECTION,
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
    httpx2.ProxyError: _NO_CONNECTION,
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


class Fetcher:
    """Fulfils `ports.Fetch`; an async context manager, for one event loop.

    *resolve* gives the addresses of a name (the system's by default), *ssl_context* says whom to trust (the
    system's certificates, or those that SSL_CERT_FILE and SSL_CERT_DIR name). *clock* and *sleep* are for
    turns and waits, *now* for dates in Retry-After: tests pass their own. Proxies are never used, they
    would connect where the guard cannot see it.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._resolver: Resolver | None = None
        if resolve is None:
            self._resolver = resolve = Resolver()
        ssl_context = ssl_context or httpx2.create_ssl_context()
        backend = _GuardedBackend(AddressGuard(settings.allow), resolve)
        pools = [
            httpcore2.AsyncConnectionPool(
                ssl_context=ssl_context,
                max_connections=settings.max_connections,
                max_keepalive_connections=_MAX_IDLE,
                keepalive_expiry=_IDLE_S,
                network_backend=backend,
            )
            for _ in range(_POOLS)
        ]
        # A jar that takes nothing; without this the client would carry cookies from one feed to the next.
        no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx2.AsyncClient(
            transport=_Transport(pools), cookies=no_cookies, timeout=None, trust_env=False
        )
        self._polite = PoliteGet(settings, exchange=self._exchange, clock=clock, sleep=sleep, now=now)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._polite.aclose()
        await self._client.__aexit__(exc_type, exc_value, traceback)
        if self._resolver is not None:
            self._resolver.close()
        # Closed sockets are let go by the loop in its next round.
        await asyncio.sleep(0)

    async def get(self, request: Request) -> Page | NotModified:
        """As `ports.Fetch.get`. Raises Transient or Permanent, and nothing else."""
        return await self._polite.get(request)

    async def _exchange(self, target: Target, errand: Errand) -> Answer:
        """Send one request and read its answer."""
        try:
            response = await self._send(target, errand)
            try:
                return await _read(response, errand)
            finally:
                await response.aclose()
        except IngestError:
            raise
        except Exception as error:
            raise _as_ingest_error(error, errand.subject) from error

    async def _send(self, target: Target, errand: Errand) -> httpx2.Response:
        """Send the request; once more when a connection that was kept open turns out to be dead."""
        is_new = _is_new_connection.set(False)
        try:
            return await self._client.send(_http_request(target, errand), stream=True)
        except (httpcore2.ReadError, httpcore2.WriteError):
            if _is_new_connection.get():
                raise
            return await self._client.send(_http_request(target, errand), stream=True)
        finally:
            _is_new_connection.reset(is_new)


def _http_request(target: Target, errand: Errand) -> httpx2.Request:
    headers = [(b"Host", target.netloc.encode("ascii")), *errand.headers]
    if target.credentials is not None:
        pair = ":".join(target.credentials).encode()
        headers.append((b"Authorization", b"Basic " + base64.b64encode(pair)))
    wire_url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    # The client sees, and logs, the origin only: the rest can hold secrets, and is parsed already.
    return httpx2.Request(
        "GET",
        _client_url(target.origin),
        headers=headers,
        stream=httpx2.ByteStream(b""),
        extensions={"timeout": {}, _WIRE_URL: wire_url},
    )


@lru_cache(maxsize=4096)
def _client_url(origin: str) -> httpx2.URL:
    return httpx2.URL(origin)


async def _read(response: httpx2.Response, errand: Errand) -> Answer:
    headers = _header_dict(response.headers.raw)
    if response.status_code not in WHOLE:
        await _discard(response)
        return Answer(status=response.status_code, headers=headers, body=b"")
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > errand.max_bytes and not errand.is_cut:
        raise too_large(errand.max_bytes, errand.subject)
    reader = BodyReader(headers.get("content-encoding", ""), max_bytes=errand.max_bytes, subject=errand.subject)
    try:
        await _read_body(response, reader)
    except Permanent as error:
        if error.reason is not Reason.TOO_LARGE or not errand.is_cut:
            raise
        return Answer(status=response.status_code, headers=headers, body=reader.so_far())
    return Answer(status=response.status_code, headers=headers, body=reader.finish())


async def _read_body(response: httpx2.Response, reader: BodyReader) -> None:
    chunks = 0
    async with aclosing(_open_body(response)) as body:
        async for chunk in body:
            reader.add(chunk)
            chunks += 1
            if not chunks % _CHUNKS_AT_A_TIME:
                await asyncio.sleep(0)


async def _discard(response: httpx2.Response) -> None:
    """Read a short body to its end, so that the connection can be used again; do not wait for a long one."""
    left = _MAX_DISCARDED_BYTES
    with suppress(TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError):
        async with asyncio.timeout(_DISCARD_S), aclosing(_open_body(response)) as body:
            async for chunk in body:
                left -= len(chunk)
                if left < 0:
                    return


def _open_body(response: httpx2.Response) -> AsyncGenerator[bytes]:
    """The body as it comes from the wire, coded. Not `aiter_raw`, which wraps it twice more."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    body = aiter(response.stream)
    assert isinstance(body, AsyncGenerator)
    return body


def _header_dict(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "set-cookie":
            continue
        if name not in headers:
            headers[name] = value
        elif name not in _SINGLE_FIELDS:
            headers[name] = f"{headers[name]}, {value}"
    return headers


def _as_ingest_error(error: Exception, subject: str) -> IngestError:
    for kind in type(error).__mro__:
        if kind in FAULTS:
            fault = FAULTS[kind]
            # The libraries' own messages know nothing of the address.
            text = (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:_MAX_DETAIL_CHARS]
            refuse = Permanent if fault.is_permanent else Transient
            return refuse(fault.reason, subject, f"{fault.phrase}{text}")
    log.error("%s: an error that nobody has thought of", subject, exc_info=error)
    return Transient(Reason.INTERNAL, subject, f"{type(error).__name__}: {error}"[:_MAX_DETAIL_CHARS])


class _Transport(httpx2.AsyncBaseTransport):
    """Takes requests from the client to the pool, and answers back, without a second look at either."""

    def __init__(self, pools: Sequence[httpcore2.AsyncConnectionPool]) -> None:
        self._pools = pools

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url: httpcore2.URL = request.extensions[_WIRE_URL]
        pool = self._pools[hash(url.host) % len(self._pools)]
        answer = await pool.handle_async_request(httpcore2.Request(b"GET", url, headers=request.headers.raw))
        return _Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


class _Response(httpx2.Response):
    @property
    def has_redirect_location(self) -> bool:
        """Redirects are followed by `polite_get`; the client shall not even read where they lead."""
        return False


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for the pool by `dial`. Time limits are the exchange's, not those of single steps."""

    def __init__(self, guard: AddressGuard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve

    async def connect_tcp(self, host: str, port: int, *_: Any, **_options: Any) -> httpcore2.AsyncNetworkStream:
        _is_new_connection.set(True)
        reader, writer = await dial(host, port, guard=self._guard, resolve=self._resolve)
        return _Stream(reader, writer)


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection on asyncio's own streams, which take a third of the time of anyio's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._is_answered = True

    async def read(self, max_bytes: int, *_: Any, **_options: Any) -> bytes:
        try:
            data = await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore2.ReadError(error.strerror or str(error)) from error
        if not data and not self._is_answered:
            # Told apart from half an answer: on a connection that was kept open it only means "too late".
            raise httpcore2.ReadError("closed by the server without an answer")
        self._is_answered = True
        return data

    async def write(self, buffer: bytes, *_: Any, **_options: Any) -> None:
        if not buffer:
            return
        self._is_answered = False
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as error:
            raise httpcore2.WriteError(error.strerror or str(error)) from error

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: Any, **_options: Any
    ) -> httpcore2.AsyncNetworkStream:
        try:
            await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        # Nothing is left to be sent, and a hostile peer shall not draw out a goodbye.
        self._writer.transport.abort()

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":
            # Asked of idle connections: has the server closed it?
            return self._reader.at_eof() or self._writer.is_closing()
        return self._writer.get_extra_info(info)
