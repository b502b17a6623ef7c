"""The processes that read: what they do, what kills them, and that none stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.address import DEFAULT_TRACKERS
from ingest.errors import Permanent, Reason, Transient
from ingest.model import Candidate, Entry, EntryState, Page, TextFrom
from ingest.workers import InlineWorkers, Workers
from rules.compile import compile_rules
from rules.files import parse_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "http://127.0.0.11:8800/a"
RULES = compile_rules([parse_topic("topic rutte\n    match Rutte\n")])
TEXT = "\n".join(f"Mark Rutte said sentence number {number} of this speech about the bridge." for number in range(20))
FEED = f"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>{URL}</link>
<item><title>One</title><link>{URL}/1</link><guid>{URL}/1</guid></item></channel></rss>"""

ENTRY = Entry(
    id=7,
    feed_id=1,
    link=URL,
    page_address=URL,
    title="The speech",
    author=None,
    published=None,
    text="Rutte, in the feed",
    lang=None,
    sections=(),
    state=EntryState.NEW,
    attempts=0,
    checks=0,
    next_try_at=None,
    first_seen_at=datetime(2026, 1, 12, tzinfo=UTC),
    article_id=None,
    is_changed=False,
)


def page(body: str, content_type: str = "text/html") -> Page:
    return Page(
        requested_url=URL,
        url=URL,
        moved_to=None,
        status=200,
        headers={"content-type": content_type},
        body=body.encode(),
    )


PAGE = page(
    "<html><body><article>" + "".join(f"<p>{line}</p>" for line in TEXT.split("\n")) + "</article></body></html>"
)


def children() -> set[int]:
    """Process ids of the workers; the fork server and its helper live as long as this process."""
    return {process.pid for process in multiprocessing.active_children() if process.pid is not None}


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_end(process_id: int) -> None:
    while is_alive(process_id):
        time.sleep(0.02)


async def check_all_methods(workers: Workers | InlineWorkers) -> None:
    reading = await workers.read_page(PAGE, PAGE.url, ENTRY, "The speech", RULES)
    assert (reading.article.text, reading.article.text_from) == (TEXT, TextFrom.PAGE)
    assert [match.topic for match in reading.matches] == ["rutte"]
    from_feed = await workers.read_feed_text(ENTRY, "The speech", RULES)
    assert (from_feed.article.text, from_feed.article.text_from) == ("Rutte, in the feed", TextFrom.FEED)
    document = await workers.parse_feed(page(FEED, "application/rss+xml"), DEFAULT_TRACKERS)
    assert [entry.title for entry in document.entries] == ["One"]
    shared = len(reading.fingerprint.hashes)
    twin = Candidate(article_id=1, story_id=5, is_lead=True, title="The speech", text=TEXT, shared=shared)
    placement = await workers.relate(reading, (twin,))
    assert (placement.story_id, [relation.kind for relation in placement.relations]) == (5, ["copy"])
    with pytest.raises(Permanent) as raised:
        await workers.read_page(page("%PDF-1.7", "application/pdf"), PAGE.url, ENTRY, "", RULES)
    assert (raised.value.reason, raised.value.subject) == (Reason.NOT_A_PAGE, URL)
    with pytest.raises(Permanent) as raised:
        await workers.parse_feed(page("no feed at all", "text/plain"), DEFAULT_TRACKERS)
    assert raised.value.reason is Reason.NOT_A_FEED


def test_inline_workers_do_all() -> None:
    asyncio.run(check_all_methods(InlineWorkers()))


def test_workers_do_all_and_leave_no_process_behind() -> None:
    async def use() -> set[int]:
        async with Workers(2) as workers:
            await workers.warm()
            started = children()
            assert len(started) >= 2
            await check_all_methods(workers)
            assert children() == started, "they were not replaced"
            return started

    before = children()
    started = asyncio.run(use())
    assert children() == before
    assert not any(is_alive(process_id) for process_id in started - before)


def test_many_pages_at_once() -> None:
    async def use() -> list[str]:
        async with Workers(2, max_tasks=7) as workers:
            readings = await asyncio.gather(
                *(workers.read_page(PAGE, PAGE.url, dataclasses.replace(ENTRY, id=n), str(n), RULES) for n in range(20))
            )
        return [reading.article.title for reading in readings]

    assert asyncio.run(use()) == [str(n) for n in range(20)]


def test_large_rule_sets_reach_every_worker_and_new_ones_replace_them() -> None:
    many = "".join(f"    match {'x' * 200}{number}\n" for number in range(400))
    first = compile_rules([parse_topic(f"topic t\n{many}")])
    second = compile_rules([parse_topic(f"topic t\n    match word1\n{many}")])
    told = dataclasses.replace(ENTRY, text="word1 and nothing else")

    async def use() -> list[int]:
        async with Workers(2) as workers:
            sets = [first, second, first, second, second, first]
            readings = [await workers.read_feed_text(told, "T", rules) for rules in sets]
            return [len(reading.matches) for reading in readings]

    assert asyncio.run(use()) == [0, 1, 0, 1, 1, 0]


def test_slow_task_is_killed_and_nothing_else() -> None:
    async def use() -> None:
        async with Workers(1, limit_s=0.3) as workers:
            with pytest.raises(Permanent) as raised:
                await workers.run(URL, time.sleep, 60)
            assert (raised.value.reason, raised.value.subject) == (Reason.TOO_SLOW, URL)
            assert raised.value.detail == "took more than 0.3 s"
            assert await workers.run(URL, sum, (1, 2)) == 3

    asyncio.run(use())


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def workers(runner: asyncio.Runner) -> Iterator[Workers]:
    workers = Workers(1, limit_s=60)
    yield workers
    runner.run(workers.close())


class TestOneAfterTheOther:
    """What befalls one task does not harm the next, in the same pool."""

    @pytest.fixture(autouse=True)
    def _works_afterwards(self, runner: asyncio.Runner, workers: Workers) -> Iterator[None]:
        yield
        assert runner.run(workers.run(URL, sum, (1, 2))) == 3

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
    def test_worker_dies_at_work(self, runner: asyncio.Runner, workers: Workers, number: int) -> None:
        with pytest.raises(Transient) as raised:
            runner.run(workers.run(URL, signal.raise_signal, number))
        assert (raised.value.reason, raised.value.subject) == (Reason.WORKER_DIED, URL)

    def test_too_much_memory(self, runner: asyncio.Runner, workers: Workers) -> None:
        with pytest.raises(Permanent) as raised:
            runner.run(workers.run(URL, bytearray, 1 << 31))
        assert raised.value.reason is Reason.TOO_LARGE

    def test_bug_tells_where_it_was(self, runner: asyncio.Runner, workers: Workers) -> None:
        with pytest.raises(json.JSONDecodeError) as raised:
            runner.run(workers.run(URL, json.loads, "{"))
        assert "In a worker process" in "".join(raised.value.__notes__)

    def test_cancelled_call_ends_its_process(self, runner: asyncio.Runner, workers: Workers) -> None:
        async def cancel() -> None:
            worker = await workers.run(URL, os.getpid)
            call = asyncio.create_task(workers.run(URL, time.sleep, 60))
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await workers.run(URL, os.getpid) != worker

        runner.run(cancel())

    def test_worker_dies_while_it_is_idle(self, runner: asyncio.Runner, workers: Workers) -> None:
        victim = runner.run(workers.run(URL, os.getpid))
        os.kill(victim, signal.SIGKILL)
        wait_for_end(victim)
        successor = victim
        while successor == victim:
            # A call that comes before the loss is noticed may fail, but only so.
            with contextlib.suppress(Transient):
                successor = runner.run(workers.run(URL, os.getpid))


def test_closing_waits_for_what_is_under_way() -> None:
    async def use() -> int:
        workers = Workers(1)
        await workers.warm()
        call = asyncio.create_task(workers.run(URL, subprocess.call, ["sleep", "0.3"]))
        await asyncio.sleep(0.1)
        await workers.close()
        await workers.close()
        with pytest.raises(RuntimeError, match="closed"):
            await workers.run(URL, os.getpid)
        return await call

    assert asyncio.run(use()) == 0


def test_workers_that_were_never_used_close() -> None:
    async def use() -> None:
        async with Workers():
            pass

    asyncio.run(use())


def test_workers_end_when_their_parent_is_killed() -> None:
    program = (
        "import asyncio, os, sys\n"
        "from ingest.workers import Workers\n"
        "async def main():\n"
        "    workers = Workers(1)\n"
        "    print(await workers.run('x', os.getpid), flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    wait_for_end(worker)


def test_main_process_imports_nothing_heavy() -> None:
    """A page is read and a feed parsed, and the parent has none of the libraries for it."""
    heavy = ("trafilatura", "lxml", "feedparser", "fasttext", "htmldate", "charset_normalizer", "ingest.reading")
    program = f"import sys, ingest.workers; print([name for name in {heavy!r} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
