"""The listener for those who watch a service: `/metrics`, `/healthz` and `/readyz`, as `metrics.listen` says.

It answers GET and HEAD from the event loop of the service, so an answer shows that this turns. It reads nothing but the
head of a request, and closes after each answer. On loopback there is no question of who asks; elsewhere everybody who
reaches it is told, so that has to be allowed (`metrics.allow_remote`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wirewatch.errors import ConfigError
from wirewatch.output import to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wirewatch.health import Health, Verdict
    from wirewatch.metrics import Metrics

log = logging.getLogger(__name__)

#: The longest head of a request, in bytes, and the time in which it must have come and the answer gone, in seconds.
MAX_HEAD_BYTES = 16 * 1024
CALL_S = 10.0
#: Calls at a time.
MAX_CALLS = 32

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


class RequestError(Exception):
    """A request that gets *status* and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


PHRASES = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def require_local(listen: str, *, allow_remote: bool) -> tuple[str, int]:
    """Return host and port of *listen*. Raises ConfigError where others reach it and that is not allowed."""
    parts = urlsplit(f"//{listen}")
    host, port = parts.hostname or "", parts.port or 0
    if not allow_remote and not _is_loopback(host):
        raise ConfigError(
            f"metrics.listen: {listen} can be reached from other machines, and whoever reaches it is told all figures; "
            "take 127.0.0.1, or say that this is meant: metrics.allow_remote = true"
        )
    return host, port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(listen: str, *, allow_remote: bool = False) -> socket.socket:
    """Return a socket that listens at *listen*. Raises ConfigError."""
    host, port = require_local(listen, allow_remote=allow_remote)
    if host == "localhost":
        host = "127.0.0.1"
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        # Python adds the address to what the system says.
        why = (error.strerror or str(error)).partition(" (")[0]
        raise ConfigError(f"metrics.listen: {listen} cannot be listened on: {why}") from error


class Listener:
    """Answers those who watch."""

    def __init__(self, health: Health, metrics: Metrics) -> None:
        self._health = health
        self._metrics = metrics
        self._calls: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, at: socket.socket) -> AsyncIterator[None]:
        """Answer on *at* while the body runs."""
        server = await asyncio.start_server(self._accept, sock=at, limit=MAX_HEAD_BYTES)
        try:
            yield
        finally:
            server.close()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._calls) >= MAX_CALLS:
            writer.transport.abort()
            return
        call = asyncio.create_task(self._call(reader, writer), name="call")
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Those who ask may go away at any moment.
        try:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CALL_S):
                    writer.write(await self._answer(reader))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            method, path, accept = await _read_head(reader)
            status, kind, body = await self._at(path, accept)
        except RequestError as error:
            method, status, kind, body = "GET", error.status, _TEXT, f"{PHRASES[error.status]}\n".encode()
        except (OSError, asyncio.IncompleteReadError):
            raise OSError from None
        except Exception:
            log.exception("a bug broke an answer to those who watch")
            method, status, kind, body = "GET", 500, _TEXT, b"a bug; see the log\n"
        head = (
            f"HTTP/1.1 {status} {PHRASES[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        ).encode("ascii")
        return head if method == "HEAD" else head + body

    async def _at(self, path: str, accept: str) -> tuple[int, str, bytes]:
        match path:
            case "/metrics":
                body, kind = await self._metrics.tell(accept)
                return 200, kind, body
            case "/healthz":
                turns = self._health.is_turning
                said = {"status": "ok" if turns else "stuck", "role": self._health.role}
                return 200 if turns else 503, _JSON, f"{to_json(said)}\n".encode()
            case "/readyz":
                verdict = await self._health.judge()
                return 200 if verdict.is_ready else 503, _JSON, f"{to_json(told(verdict))}\n".encode()
            case _:
                raise RequestError(404)


def told(verdict: Verdict) -> dict[str, object]:
    """What `/readyz` says."""
    age = verdict.tick_age_s
    return {
        "status": "ready" if verdict.is_ready else "not ready",
        "role": verdict.role,
        "rules": verdict.rules or None,
        "tick_age_s": None if age is None else round(age, 3),
        "faults": verdict.faults,
    }


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, str, str]:
    """Return method, path without parameters, and the header Accept. Raises RequestError, IncompleteReadError."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise RequestError(431) from None
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise RequestError(400)
    method, target, _ = parts
    if method not in {"GET", "HEAD"}:
        raise RequestError(405)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return method, target.partition("?")[0], headers.get("accept", "")
