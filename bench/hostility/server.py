"""Serves the cases: each on loopback hosts of its own, all on one port, in a process of its own.

One line on a connection to the control host is one question: `asked CASE` is answered with all requests so far,
`scene CASE N` sets the scene that the case is in. Answers are lines of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Self

from hostility.reply import Asked, status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostility.case import Case
    from hostility.reply import Reply

#: Where scenes are set and questions answered.
CONTROL = "127.19.0.1"
_CASES_A_BLOCK = 200
#: What is answered where a case says nothing; there is no robots.txt then either.
_NOTHING = status(404, ("Content-Type", "text/html"), body="<html><body>Nothing here.</body></html>")
#: A client that reads nothing must not keep the server busy.
_WRITE_S = 20.0


def address_of(place: int, letter: str) -> str:
    """The address of host *letter* of the case at *place*."""
    block, rest = divmod(place, _CASES_A_BLOCK)
    return f"127.{20 + block}.{rest + 1}.{ord(letter) - ord('a') + 1}"


def names_of(place: int, case: Case, port: int) -> dict[str, str]:
    """What `@A@`, `@B@` … and `@PORT@` stand for in *case*. Host Z has an address, and nobody listens there."""
    hosts = {f"@{letter.upper()}@": f"http://{address_of(place, letter)}:{port}" for letter in f"{case.hosts}z"}
    bare = {f"@{letter.upper()}-HOST@": address_of(place, letter) for letter in case.hosts}
    return {**hosts, **bare, "@PORT@": str(port)}


@dataclass(slots=True)
class _Stage:
    """A case that is being played."""

    case: Case
    names: Mapping[str, str]
    scene: int = 0
    asked: list[Asked] = field(default_factory=list)
    #: how often each route was taken in this scene
    turns: dict[str, int] = field(default_factory=dict)

    def reply_to(self, asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        routes = self.case.scenes[self.scene].routes
        for key in (asked.path, path):
            name = key if asked.host == "a" else f"{asked.host}{key}"
            if (reply := routes.get(name)) is None:
                continue
            if isinstance(reply, tuple):
                turn = self.turns[name] = self.turns.get(name, 0) + 1
                return reply[min(turn, len(reply)) - 1]
            return reply
        return _NOTHING


class Server:
    """An async context manager; `port` is known inside."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = tuple(cases)
        self._stages: dict[str, _Stage] = {}
        self._at: dict[str, tuple[_Stage, str]] = {}
        self._servers: list[asyncio.Server] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        control = await asyncio.start_server(self._control, CONTROL, 0)
        self.port = control.sockets[0].getsockname()[1]
        self._servers.append(control)
        for place, case in enumerate(self._cases):
            stage = self._stages[case.name] = _Stage(case, names_of(place, case, self.port))
            for letter in case.hosts:
                address = address_of(place, letter)
                self._at[address] = stage, letter
                self._servers.append(await asyncio.start_server(self._serve, address, self.port, limit=1 << 16))
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stage, letter = self._at[writer.get_extra_info("sockname")[0]]
        try:
            while not writer.is_closing():
                asked = _read_request(await reader.readuntil(b"\r\n\r\n"), letter)
                stage.asked.append(asked)
                async with asyncio.timeout(_WRITE_S):
                    await _say(stage.reply_to(asked), asked, stage.names, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, OSError, TimeoutError):
            # The client is gone, or the server ends.
            pass
        finally:
            writer.transport.abort()

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                words = (await reader.readline()).decode().split()
                if not words:
                    break
                stage = self._stages[words[1]]
                if words[0] == "scene":
                    stage.scene = int(words[2])
                    stage.turns.clear()
                    answer: object = True
                else:
                    answer = [asdict(asked) for asked in stage.asked]
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()


def _read_request(head: bytes, host: str) -> Asked:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return Asked(host=host, path=first.split(" ")[1], headers=headers)


async def _say(reply: Reply, asked: Asked, names: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
    if reply.stream is not None:
        async for piece in reply.stream():
            writer.write(piece)
            await writer.drain()
        # So that what was written is read before the connection is cut.
        writer.write_eof()
        await asyncio.sleep(0.05)
        writer.close()
        return
    if reply.etag is not None and asked.headers.get("if-none-match") == reply.etag:
        writer.write(f"HTTP/1.1 304 Same\r\nETag: {reply.etag}\r\n\r\n".encode("latin-1"))
        return
    if reply.fears_validators and {"if-none-match", "if-modified-since"} & set(asked.headers):
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return
    content = await asyncio.to_thread(reply.content, names)
    is_empty = reply.status in {204, 304}
    head = reply.head(names, b"" if is_empty else content)
    writer.write(head if is_empty else head + content)
    await writer.drain()
    if reply.length is not True:
        writer.write_eof()
        await asyncio.sleep(0.05)
        writer.close()


async def serve(cases: Iterable[Case]) -> None:
    """Serve until stdin is closed; the port is printed on a line of its own."""
    async with Server(cases) as server:
        print(server.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
