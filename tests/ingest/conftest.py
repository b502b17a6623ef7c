"""A small web on loopback hosts, with room for bad manners, and a clock that only sleep moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


def answer(status=200, body=b"", *, headers=(), reason="Said", length=True):
    """Return a raw answer. *headers* are pairs; *length* False leaves Content-Length out."""
    lines = [f"HTTP/1.1 {status} {reason}".encode()]
    lines += [f"{name}: {value}".encode() for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}".encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class Seen:
    """One request as it came in."""

    host: str
    path: str
    headers: dict
    connection: int
    #: names as they came, in order
    names: list
    body: bytes = b""


@dataclass
class Web:
    """Loopback hosts that share one port. `routes` maps a path, or "host/path", to what is said there.

    That is raw bytes, a list of them (one after the other, the last one for ever), or an async function of
    the request and the writer, after which the connection stays open unless it was closed.
    """

    routes: dict = field(default_factory=dict)
    tls: object = None
    seen: list = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _servers: list = field(default_factory=list)
    _tasks: set = field(default_factory=set)

    async def __aenter__(self):
        for host in HOSTS:
            server = await asyncio.start_server(self._serve, host, self.port, ssl=self.tls)
            self.port = server.sockets[0].getsockname()[1]
            self._servers.append(server)
        return self

    async def __aexit__(self, *_):
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path="/", host=HOSTS[0]):
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def paths(self, host=None):
        return [seen.path for seen in self.seen if host is None or seen.host == host]

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        number = self.connections
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                seen = self._note(head, writer, number)
                seen.body = await reader.readexactly(int(seen.headers.get("content-length", "0")))
                await self._say(seen, writer)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(asyncio.current_task())

    def _note(self, head, writer, number):
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(": ")[::2] for line in lines if line]
        seen = Seen(
            host=writer.get_extra_info("sockname")[0],
            path=first.split(" ")[1],
            headers={name.lower(): value for name, value in pairs},
            connection=number,
            names=[name for name, _ in pairs],
        )
        self.seen.append(seen)
        return seen

    async def _say(self, seen, writer):
        reply = self.routes.get(seen.host + seen.path, self.routes.get(seen.path, answer(404)))
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if callable(reply):
            await reply(seen, writer)
        else:
            writer.write(reply)
        if not writer.is_closing():
            await writer.drain()


class Time:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self):
        self.now = 1000.0
        self.sleeps = []

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        woken = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, woken)


@pytest.fixture
def web():
    return Web()


@pytest.fixture
def reply():
    """The function that builds raw answers."""
    return answer


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def fetcher(time):
    """Builds fetchers that may reach loopback, without pauses, on the test's clock."""
    from ingest.fetch import Fetcher
    from ingest.fetch_settings import FetchSettings

    def build(*, resolve=None, ssl_context=None, now=None, remembered=None, **settings):
        settings = {"allow": ("127.0.0.0/8",), "pause_s": 0.0, "timeout_s": 20.0} | settings
        more = {} if now is None else {"now": now}
        return Fetcher(
            FetchSettings(**settings),
            resolve=resolve or no_names,
            ssl_context=ssl_context,
            clock=time.clock,
            sleep=time.sleep,
            remembered=remembered,
            **more,
        )

    return build


async def no_names(host, port):
    raise AssertionError(f"the name {host} was looked up")
