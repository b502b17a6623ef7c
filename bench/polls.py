"""What polling costs: a 304 beside bare httpx2, 10,000 feeds in one pass, and a tick with nothing due. Prints JSON.

    python bench/polls.py [--feeds 10000] [--hosts 2000] [--rounds 5]

*poll*: CPU of a poll that is answered by 304, by the whole daemon (guard, robots, turns, schedule, and the state
written to the database), against bare `httpx2.AsyncClient.get` with the same validators, one task for each host and
as many connections kept open as there are hosts. Both ask the same feeds of 50 hosts in turn, in the same process.

*pass*: all feeds polled once, each for the first time and with ten entries; the peak of the RSS of the main process
and of the sum over all processes, what they share counted for each.

*tick*: a tick of the daemon when all these feeds wait and all their entries are done; with the look at the rule
files, which goes on beside it.

The server is a process of its own on addresses of 127.0.0.0/8; its CPU does not count, nor do imports.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from _processes import cpu_s, peak_rss, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from wirewatch.session import Session

GOAL_RATIO = 1.5
GOAL_RSS_MB = 250
GOAL_TICK_MS = 5
#: of the comparison with bare httpx2
COMPARED_HOSTS = 50
COMPARED_FEEDS = 2_000
TICKS = 100
ENTRIES = 10
ETAG = '"v1"'
#: The look at the rule files ends within this time.
RULES_S = 0.02
#: A time in microseconds that has not come for a long while.
LATER_US = 10**16


# --- the server -------------------------------------------------------------------------------------


def address(number: int) -> str:
    """The address of host *number*, from 0 on."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


class FeedServer(asyncio.Protocol):
    """Answers each request by a small feed, or by 304 where it names the validator. Knows only what is asked here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head, self._read = self._read[:end], self._read[end + 4 :]
            self._transport.write(answer(head))


def answer(head: bytes) -> bytes:
    if b"if-none-match:" in head.lower():
        return f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode()
    path = head.split(b" ", 2)[1].decode("ascii")
    items = "".join(
        f"<item><title>Report {number} of the day</title><link>http://news.example{path}/{number}</link>"
        f"<guid>{path}/{number}</guid><pubDate>Mon, 05 Jan 2026 10:{number:02}:00 GMT</pubDate>"
        "<description>The council has met, and what it said will be known tomorrow.</description></item>"
        for number in range(ENTRIES)
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'.encode()
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: {ETAG}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def serve(hosts: int) -> None:
    """Listen on one port of so many addresses; prints the port, and goes on until it is killed."""
    loop = asyncio.get_running_loop()
    first = await loop.create_server(FeedServer, address(0), 0)
    port = first.sockets[0].getsockname()[1]
    for number in range(1, hosts):
        await loop.create_server(FeedServer, address(number), port)
    print(port, flush=True)
    await asyncio.Event().wait()


@contextmanager
def server(hosts: int) -> Iterator[int]:
    """A server as a process of its own; gives its port."""
    command = [sys.executable, __file__, "--serve", str(hosts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


# --- ours -------------------------------------------------------------------------------------------


def urls(feeds: int, hosts: int, port: int) -> list[str]:
    return [f"http://{address(number % hosts)}:{port}/feed/{number}" for number in range(feeds)]


def prepare(folder: Path, feeds: Sequence[str]) -> None:
    """Make a configuration with these feeds."""
    os.environ["WIREWATCH_FETCH__ALLOW"] = '["127.0.0.0/8"]'
    os.environ["WIREWATCH_FETCH__PAUSE_S"] = "0"
    command = [sys.executable, "-m", "wirewatch", "init", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "feeds.toml").write_text("".join(f'[[feeds]]\nurl = "{url}"\n' for url in feeds), encoding="utf-8")


@contextmanager
def app_of(folder: Path) -> Iterator[Any]:
    from wirewatch.app import App
    from wirewatch.places import find_config_dir
    from wirewatch.settings import load_settings

    place = find_config_dir(str(folder), os.environ, Path.cwd())
    yield App(load_settings(place), place)


async def poll_all(session: Session) -> None:
    """Poll every feed, whether it is due or not."""
    await session.queue_due_feeds(limit=1_000_000, is_everything_due=True)
    await session.cycle.idle()
    report = session.cycle.take_report()
    assert not report.failed, report.failed[:3]


# --- beside bare httpx2 -----------------------------------------------------------------------------


async def compare(folder: Path, feeds: Sequence[str], rounds: int) -> dict[str, object]:
    """CPU of a 304 poll, ours and bare, round by round."""
    import httpx2

    by_host: dict[str, list[str]] = {}
    for url in feeds:
        by_host.setdefault(url.split("/")[2], []).append(url)
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=len(by_host))
    async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:

        async def ask(of_host: list[str]) -> None:
            for url in of_host:
                response = await client.get(url, headers={"If-None-Match": ETAG})
                assert response.status_code == 304

        async def ask_all() -> None:
            await asyncio.gather(*map(ask, by_host.values()))

        with app_of(folder) as app:
            async with app.session() as session:
                await session.warm()
                await poll_all(session)
                await ask_all()
                # Its first 304 opens no connection either.
                await poll_all(session)
                ours, bare = [], []
                for _ in range(rounds):
                    before = cpu_s(tree(os.getpid()))
                    await poll_all(session)
                    middle = cpu_s(tree(os.getpid()))
                    await ask_all()
                    ours.append(middle - before)
                    bare.append(cpu_s(tree(os.getpid())) - middle)
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    return {
        "feeds": len(feeds),
        "hosts": len(by_host),
        "rounds": rounds,
        "ours_ms": round(median(ours) / len(feeds) * 1000, 3),
        "bare_httpx2_ms": round(median(bare) / len(feeds) * 1000, 3),
        "ours_over_bare": round(ratio, 2),
        "goal": f"<= {GOAL_RATIO}",
        "is_met": ratio <= GOAL_RATIO,
    }


# --- many feeds -------------------------------------------------------------------------------------


async def measure_many(folder: Path) -> dict[str, object]:
    """One pass over all feeds of the folder, then ticks with nothing due."""
    from wirewatch.daemon import Daemon

    with app_of(folder) as app:
        async with app.session() as session:
            await session.warm()
            with peak_rss(os.getpid()) as peak:
                before, start = cpu_s(tree(os.getpid())), time.perf_counter()
                await poll_all(session)
                wall, spent = time.perf_counter() - start, cpu_s(tree(os.getpid())) - before
            entries = finish_entries(app.database.path)
            daemon = Daemon(session, tick_s=app.settings.run.tick_s)
            await daemon.tick()
            await asyncio.sleep(RULES_S)
            walls, cpu = [], time.process_time()
            for _ in range(TICKS):
                start = time.perf_counter()
                await daemon.tick()
                walls.append(time.perf_counter() - start)
                await asyncio.sleep(RULES_S)
            cpu = time.process_time() - cpu
            assert not session.cycle.queued
            tick_ms = max(median(walls), cpu / TICKS) * 1000
            feeds = session.feeds
    return {
        "pass": {
            "feeds": feeds,
            "entries": entries,
            "wall_s": round(wall, 1),
            "cpu_s": round(spent, 1),
            "peak_rss_mb_of_main": round(peak.own_mb),
            "peak_rss_mb_of_all": round(peak.tree_mb),
            "goal": f"<= {GOAL_RSS_MB}",
            "is_met": peak.tree_mb <= GOAL_RSS_MB,
        },
        "tick": {
            "feeds": feeds,
            "entries": entries,
            "wall_ms": round(median(walls) * 1000, 2),
            "cpu_ms": round(cpu / TICKS * 1000, 2),
            "goal": f"< {GOAL_TICK_MS}",
            "is_met": tick_ms < GOAL_TICK_MS,
        },
    }


def finish_entries(database: Path) -> int:
    """Let all entries be done, and all feeds wait; returns how many entries there are."""
    connection = sqlite3.connect(database)
    try:
        with connection:
            connection.execute("UPDATE entry SET state = 'done', next_try_at = NULL")
            connection.execute("UPDATE feed SET next_poll_at = ?", [LATER_US])
        ((count,),) = connection.execute("SELECT count(*) FROM entry").fetchall()
    finally:
        connection.close()
    return int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--many", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
    elif arguments.many:
        print(json.dumps(asyncio.run(measure_many(arguments.many))))
    else:
        with tempfile.TemporaryDirectory() as name, server(max(arguments.hosts, COMPARED_HOSTS)) as port:
            folder = Path(name)
            compared = urls(COMPARED_FEEDS, COMPARED_HOSTS, port)
            prepare(folder / "few", compared)
            report: dict[str, object] = {"bench": "polls"}
            report["poll"] = asyncio.run(compare(folder / "few", compared, arguments.rounds))
            prepare(folder / "many", urls(arguments.feeds, arguments.hosts, port))
            # In a process of its own: what the comparison has left in memory does not count.
            command = [sys.executable, __file__, "--many", str(folder / "many")]
            report |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(json.dumps(report))


if __name__ == "__main__":
    main()
