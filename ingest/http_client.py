"""Speaks HTTP: one request over a checked connection, and its answer as it comes in.

Only this module and `fetch`, which knows what their errors mean, import httpx2 and httpcore2. The client's own
redirects, cookies, credentials, time limits and decoding are not used: each would let a hostile page decide something
that is decided by `polite_get` and `fetch`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpcore2
import httpx2

from ingest.dial import check_name, dial, dial_unchecked

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable, Sequence
    from typing import Any

    from ingest.address_guard import AddressGuard
    from ingest.dial import Resolve
    from ingest.errand import Errand, Headers
    from ingest.proxy import Proxy
    from ingest.target import Target

#: A pool looks at all of its connections twice a request, so there are many small ones, and a host has its own.
#: With 100 requests under way this saves a quarter of the CPU time of each (measured on loopback).
_POOLS = 16
#: Idle connections that each keeps for the next page of a host, and for how long: some pauses, so that a
#: handshake is saved.
_MAX_IDLE = 4
_IDLE_S = 15.0
#: Status line and headers of an answer, with those of all the interim answers before it (100, 103).
MAX_HEAD_BYTES = 64 * 1024
#: What is read of a body that nobody wants, so that its connection can be used again.
_MAX_DISCARDED_BYTES = 16 * 1024
_DISCARD_S = 1.0
#: Fields of which the first one counts when a server sends several; the values of others are joined.
_SINGLE_FIELDS = frozenset(
    {"content-length", "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after"}
)
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: The request extension that tells `_Transport` the address, ready to be sent.
_WIRE_URL = "wire_url"
#: Whether the exchange of this task has opened a connection; what fails on an old one is tried once more.
_is_new_connection: ContextVar[bool] = ContextVar("_is_new_connection", default=False)


class HeadTooLarge(Exception):  # named as the reason that it becomes
    """The headers of an answer are larger than MAX_HEAD_BYTES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How connections are made: whom *guard* lets pass, where *resolve* says it is; through *proxy*, if there is one.

    With a proxy the name is resolved and checked here as well before it is handed over, so a link that leads inside
    is refused as ever. But it is the proxy that then connects, by its own resolution: the last word about the
    address is its own. A name that cannot be resolved here is refused, unless *proxy_resolves*.
    """

    guard: AddressGuard
    resolve: Resolve
    connect_timeout_s: float
    proxy: Proxy | None = None
    proxy_resolves: bool = False

    async def check(self, target: Target) -> None:
        """Check what is handed to the proxy. Raises as `dial.check_name` does, or ConnectTimeout."""
        try:
            async with asyncio.timeout(self.connect_timeout_s):
                await check_name(target.host, target.port, guard=self.guard, resolve=self.resolve)
        except TimeoutError as error:
            late = f"the name was not resolved after {self.connect_timeout_s:g} seconds"
            raise httpcore2.ConnectTimeout(late) from error
        except socket.gaierror as error:
            if self.proxy_resolves:
                return
            why = error.strerror or "unknown"
            raise socket.gaierror(
                error.errno, f"{why}; to leave such names to the proxy, unchecked, set fetch.proxy_resolves"
            ) from error


class HttpClient:
    """Makes requests by a *route*. For one event loop. Close it with `aclose`."""

    def __init__(self, route: Route, *, ssl_context: ssl.SSLContext | None, max_connections: int) -> None:
        ssl_context = ssl_context or httpx2.create_ssl_context()
        self._route = route
        pools = [_make_pool(route, ssl_context, max_connections) for _ in range(_POOLS)]
        # A jar that takes nothing; without this the client would carry cookies from one feed to the next.
        no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx2.AsyncClient(
            transport=_Transport(pools), cookies=no_cookies, timeout=None, trust_env=False
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def send(self, target: Target, errand: Errand, headers: Headers) -> HttpAnswer:
        """Send the request; once more when a connection that was kept open turns out to be dead.

        That may send a form twice (RFC 9110, section 9.2.2): those that are sent here ask for a state, not for a deed.
        Raises any of `fetch.FAULTS`; the answer has to be closed.
        """
        if self._route.proxy is not None:
            await self._route.check(target)
        is_new = _is_new_connection.set(False)
        try:
            response = await self._client.send(_http_request(target, errand, headers), stream=True)
        except (httpcore2.ReadError, httpcore2.WriteError):
            if _is_new_connection.get():
                raise
            response = await self._client.send(_http_request(target, errand, headers), stream=True)
        finally:
            _is_new_connection.reset(is_new)
        return HttpAnswer(response)


class HttpAnswer:
    """An answer whose body is still to come."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.status = response.status_code
        #: names in lower case; without cookies
        self.headers = _header_dict(response.headers.raw)

    def body(self) -> AsyncGenerator[bytes]:
        """The body as it comes from the wire, coded. Not `aiter_raw`, which wraps it twice more."""
        assert isinstance(self._response.stream, httpx2.AsyncByteStream)
        body = aiter(self._response.stream)
        assert isinstance(body, AsyncGenerator)
        return body

    async def discard(self) -> None:
        """Read a short body to its end, so that the connection can be used again; do not wait for a long one."""
        left = _MAX_DISCARDED_BYTES
        with suppress(TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError):
            async with asyncio.timeout(_DISCARD_S), aclosing(self.body()) as body:
                async for chunk in body:
                    left -= len(chunk)
                    if left < 0:
                        return

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._response.aclose()


def _make_pool(route: Route, ssl_context: ssl.SSLContext, max_connections: int) -> httpcore2.AsyncConnectionPool:
    backend = _Backend(route)
    if route.proxy is None:
        return httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            max_keepalive_connections=_MAX_IDLE,
            keepalive_expiry=_IDLE_S,
            network_backend=backend,
        )
    user, password = route.proxy.credentials or ("", "")
    return httpcore2.AsyncHTTPProxy(
        httpcore2.URL(scheme="http", host=route.proxy.host, port=route.proxy.port, target="/"),
        proxy_auth=(user.encode(), password.encode()) if route.proxy.credentials else None,
        ssl_context=ssl_context,
        max_connections=max_connections,
        max_keepalive_connections=_MAX_IDLE,
        keepalive_expiry=_IDLE_S,
        network_backend=backend,
    )


def _http_request(target: Target, errand: Errand, headers: Headers) -> httpx2.Request:
    # A proxy is told the whole address, in which the usual port is better left out.
    port = None if target.port == _DEFAULT_PORTS[target.scheme] else target.port
    wire_url = httpcore2.URL(scheme=target.scheme, host=target.host, port=port, target=target.path)
    # The client sees, and logs, the origin only: the rest can hold secrets, and is parsed already.
    return httpx2.Request(
        errand.method.decode("ascii"),
        _client_url(target.origin),
        headers=[(b"Host", target.netloc.encode("ascii")), *headers],
        stream=httpx2.ByteStream(errand.content),
        extensions={"timeout": {}, _WIRE_URL: wire_url},
    )


@lru_cache(maxsize=4096)
def _client_url(origin: str) -> httpx2.URL:
    return httpx2.URL(origin)


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


class _Transport(httpx2.AsyncBaseTransport):
    """Takes requests from the client to a pool, and answers back, without a second look at either."""

    def __init__(self, pools: Sequence[httpcore2.AsyncConnectionPool]) -> None:
        self._pools = pools

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url: httpcore2.URL = request.extensions[_WIRE_URL]
        pool = self._pools[hash(url.host) % len(self._pools)]
        if request.method == "GET":
            wire_request = httpcore2.Request(b"GET", url, headers=request.headers.raw)
        else:
            content = await request.aread()
            wire_request = httpcore2.Request(request.method, url, headers=request.headers.raw, content=content)
        answer = await pool.handle_async_request(wire_request)
        stream = answer.extensions["network_stream"]
        if isinstance(stream, _Stream):
            stream.head_is_read()
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


class _Backend(httpcore2.AsyncNetworkBackend):
    """Opens connections for the pool by `dial`. Time limits are ours, not those of the pool's single steps."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def connect_tcp(self, host: str, port: int, *_: Any, **_options: Any) -> httpcore2.AsyncNetworkStream:
        route = self._route
        _is_new_connection.set(True)
        connected_by = asyncio.get_running_loop().time() + route.connect_timeout_s
        try:
            async with asyncio.timeout_at(connected_by):
                if route.proxy is None:
                    reader, writer = await dial(host, port, guard=route.guard, resolve=route.resolve)
                else:
                    reader, writer = await dial_unchecked(host, port, resolve=route.resolve)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no connection after {route.connect_timeout_s:g} seconds") from error
        except OSError as error:
            if route.proxy is None:
                raise
            raise httpcore2.ProxyError(error.strerror or str(error)) from error
        return _Stream(reader, writer, connected_by)


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection on asyncio's own streams, which take a third of the time of anyio's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connected_by: float) -> None:
        self._reader = reader
        self._writer = writer
        self._connected_by = connected_by
        #: bytes that the head of the present answer may still have; None: it has been read
        self._head_left: int | None = None

    def head_is_read(self) -> None:
        """Note that what comes now is the body."""
        self._head_left = None

    async def read(self, max_bytes: int, *_: Any, **_options: Any) -> bytes:
        left = self._head_left
        if left is not None:
            if not left:
                raise HeadTooLarge(f"the headers are larger than {MAX_HEAD_BYTES:,} bytes")
            max_bytes = min(max_bytes, left)
        try:
            data = await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore2.ReadError(error.strerror or str(error)) from error
        if left is not None:
            if not data and left == MAX_HEAD_BYTES:
                # Told apart from half an answer: on a connection that was kept open it only means "too late".
                raise httpcore2.ReadError("closed by the server without an answer")
            self._head_left = left - len(data)
        return data

    async def write(self, buffer: bytes, *_: Any, **_options: Any) -> None:
        if not buffer:
            return
        self._head_left = MAX_HEAD_BYTES
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as error:
            raise httpcore2.WriteError(error.strerror or str(error)) from error

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: Any, **_options: Any
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout_at(self._connected_by):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore2.ConnectTimeout("no secure connection in time") from error
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
