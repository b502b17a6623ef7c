"""Many small outlets on loopback, served by a process of its own, so that its CPU can be told from that of the others.

    python bench/workers/newsstand.py HOSTS ENTRIES       prints its port, and goes on until it is killed

Each outlet has an address of its own, 127.N.N.N, a feed of so many entries and a page for each. Texts have 450 words
or so, one in four is that of another outlet; a page comes after some milliseconds, as from a server that is far away.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from storing.words import paragraphs, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

CHARACTERS = 3_000
REPRINTS = 0.25
#: Between a request and its answer.
AWAY_S = 0.03


class Newsstand(NamedTuple):
    """One that answers."""

    pid: int
    port: int
    hosts: int

    def feeds(self) -> tuple[str, ...]:
        """The addresses of all feeds."""
        return tuple(f"http://{address(number)}:{self.port}/feed.xml" for number in range(self.hosts))


def address(number: int) -> str:
    """The address of outlet *number*, from 0 on."""
    return f"127.{20 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


@contextmanager
def newsstand(hosts: int, entries: int) -> Iterator[Newsstand]:
    """One that runs until the block ends."""
    command = [sys.executable, __file__, str(hosts), str(entries)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Newsstand(process.pid, int(process.stdout.readline()), hosts)
        finally:
            process.kill()


class _Pages:
    """All that can be asked for, made when the server starts."""

    def __init__(self, hosts: int, entries: int) -> None:
        draw = random.Random(1)
        texts: list[str] = []
        for number in range(hosts * entries):
            is_reprint = number > hosts and draw.random() < REPRINTS
            texts.append(draw.choice(texts[-hosts:]) if is_reprint else paragraphs(draw, CHARACTERS))
        titles = [sentence(draw)[:70].strip(". ") for _ in texts]
        self._entries = entries
        self._pages = [_page(title, text) for title, text in zip(titles, texts, strict=True)]
        self._titles = titles

    def feed(self, host: int, port: int) -> bytes:
        first = host * self._entries
        base = f"http://{address(host)}:{port}/a"
        items = "".join(
            f"<item><title>{escape(self._titles[first + n])}</title><link>{base}/{n}.html</link><guid>{base}/{n}</guid>"
            f"<description>{escape(self._titles[first + n])}</description></item>"
            for n in range(self._entries)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
            f"<title>Outlet {host}</title><link>http://{address(host)}:{port}/</link>"
            f"<description>News</description>{items}</channel></rss>"
        ).encode()

    def page(self, host: int, path: str) -> bytes | None:
        number = path.removeprefix("/a/").removesuffix(".html")
        if not number.isdecimal() or int(number) >= self._entries:
            return None
        return self._pages[host * self._entries + int(number)]


def _page(title: str, text: str) -> bytes:
    body = "\n".join(f"<p>{escape(each)}</p>" for each in text.split("\n\n"))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head><body>'
        "<nav><a href='/'>Home</a> <a href='/politics'>Politics</a></nav>"
        f"<main><article><h1>{escape(title)}</h1>{body}</article></main><footer>All rights</footer></body></html>"
    ).encode()


class _Outlet(asyncio.Protocol):
    """One connection to outlet *host*."""

    def __init__(self, pages: _Pages, host: int) -> None:
        self._pages, self._host = pages, host
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._port: int = transport.get_extra_info("sockname")[1]

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head, self._read = self._read[:end], self._read[end + 4 :]
            path = head.split(b" ", 2)[1].decode("ascii", "replace")
            asyncio.get_running_loop().call_later(AWAY_S, self._transport.write, self._answer(path))

    def _answer(self, path: str) -> bytes:
        if path == "/feed.xml":
            return _http("200 OK", "application/rss+xml; charset=utf-8", self._pages.feed(self._host, self._port))
        page = self._pages.page(self._host, path)
        if page is None:
            return _http("404 Not Found", "text/html; charset=utf-8", b"<!DOCTYPE html><title>Not found</title>")
        return _http("200 OK", "text/html; charset=utf-8", page)


def _http(status: str, media_type: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def serve(hosts: int, entries: int) -> None:
    """Listen on one port of so many addresses."""
    loop = asyncio.get_running_loop()
    pages = _Pages(hosts, entries)
    port = 0
    for number in range(hosts):
        listener = await loop.create_server(partial(_Outlet, pages, number), address(number), port, backlog=64)
        port = port or listener.sockets[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
