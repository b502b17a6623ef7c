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
from typing import TYPE_CHECKING, Any

import pytest

from ingest.address import DEFAULT_TRACKERS
from ingest.copies.model import Candidate, Candidates
from ingest.errors import Permanent, Reason, Transient
from ingest.model import Entry, EntryState, TextFrom
from ingest.web import Page
from ingest.workers import InlineWorkers, Workers
from rules.compile import compile_rules
from rules.files import parse_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.model import Reading
    from rules.match import RuleSet

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
    twin = Candidate(
        article_id=1, story_id=5, is_lead=True, source="a.example", title="The speech", text=TEXT, shared=shared
    )
    placement = await workers.relate(reading, Candidates(rows=(twin,), seen=1))
    assert (placement.story_id, [relation.kind for relation in placement.relations]) == (5, ["copy"])
    with pytest.raises(Permanent) as raised:
        await workers.read_page(page("%PDF-1.7", "application/pdf"), PAGE.url, ENTRY, "", RULES)
    assert (raised.value.reason, raised.value.subject) == (Reason.NOT_HTML, URL)
    with pytest.raises(Permanent) as raised:
        await workers.parse_feed(page("no feed at all", "text/plain"), DEFAULT_TRACKERS)
    assert raised.value.reason is Reason.NOT_FEED


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


def rules_of(*words: str) -> RuleSet:
    return compile_rules([parse_topic(f"topic {word}\n    match {word}\n") for word in words])


def topics_of(reading: Reading) -> list[str]:
    return [match.topic for match in reading.matches]


TOLD = dataclasses.replace(ENTRY, text="word1 and word2")


def test_each_page_is_read_with_the_rules_that_came_with_it() -> None:
    first, second = rules_of("word1"), rules_of("word2")

    async def use() -> list[list[str]]:
        async with Workers(2) as workers:
            sets = [first, second, first, second, second, first] * 3
            calls = (workers.read_feed_text(TOLD, "T", rules) for rules in sets)
            return [topics_of(reading) for reading in await asyncio.gather(*calls)]

    assert asyncio.run(use()) == [["word1"], ["word2"], ["word1"], ["word2"], ["word2"], ["word1"]] * 3


def test_rules_that_are_prepared_leave_those_in_use_alone(tmp_path: Path) -> None:
    first, second, third = rules_of("word1"), rules_of("word2"), rules_of("word1", "word2")

    def files() -> set[str]:
        return {file.name for file in tmp_path.iterdir()}

    async def use() -> None:
        async with Workers(1, folder=tmp_path) as workers:

            async def read(rules: RuleSet) -> list[str]:
                return topics_of(await workers.read_feed_text(TOLD, "T", rules))

            workers.prepare(first)
            workers.prepare(first)
            (file,) = files()
            assert await read(first) == ["word1"]
            # The second never comes into force, the third does.
            workers.prepare(second)
            assert await read(first) == ["word1"]
            workers.prepare(third)
            assert await read(first) == ["word1"]
            assert file in files()
            assert await read(third) == ["word1", "word2"]
            assert len(files() - {file}) == 1
            assert file not in files()

    asyncio.run(use())
    assert files() == set()


def test_a_call_under_way_ends_with_the_rules_it_began_with(tmp_path: Path) -> None:
    """They have not reached a process yet when the next ones come into force."""
    first, second = rules_of("word1"), rules_of("word2")

    async def use() -> None:
        async with Workers(1, folder=tmp_path) as workers:
            await workers.warm()
            busy = asyncio.create_task(workers.run(URL, time.sleep, 0.3))
            await asyncio.sleep(0.1)
            workers.prepare(first)
            waiting = asyncio.create_task(workers.read_feed_text(TOLD, "T", first))
            await asyncio.sleep(0)
            workers.prepare(second)
            assert topics_of(await workers.read_feed_text(TOLD, "T", second)) == ["word2"]
            assert topics_of(await waiting) == ["word1"]
            await busy

    asyncio.run(use())


def test_a_process_that_was_killed_is_followed_by_one_that_finds_the_rules() -> None:
    rules = rules_of("word1")

    async def use() -> None:
        async with Workers(1) as workers:
            assert topics_of(await workers.read_feed_text(TOLD, "T", rules)) == ["word1"]
            with pytest.raises(Transient):
                await workers.run(URL, signal.raise_signal, signal.SIGKILL)
            assert topics_of(await workers.read_feed_text(TOLD, "T", rules)) == ["word1"]

    asyncio.run(use())


def test_rules_whose_file_is_swept_away_are_written_again(tmp_path: Path) -> None:
    rules = rules_of("word1")

    def sweep() -> None:
        for file in tmp_path.iterdir():
            file.unlink()

    async def use() -> list[list[str]]:
        async with Workers(2, folder=tmp_path) as workers:
            await workers.warm()
            workers.prepare(rules)
            sweep()
            calls = (workers.read_feed_text(TOLD, "T", rules) for _ in range(6))
            return [topics_of(reading) for reading in await asyncio.gather(*calls)]

    assert asyncio.run(use()) == [["word1"]] * 6


def test_the_time_that_a_large_set_takes_to_load_does_not_count_for_the_page(tmp_path: Path) -> None:
    limits: list[float] = []

    class Noted(Workers):
        async def _run(self, limit_s: float, *given: Any) -> Any:
            limits.append(limit_s)
            return await super()._run(limit_s, *given)

    async def use() -> float:
        async with Noted(1, limit_s=5.0, folder=tmp_path) as workers:
            await workers.read_feed_text(TOLD, "T", rules := rules_of("word1"))
            return (await workers._pack(rules)).ticket.load_limit_s

    more = asyncio.run(use())
    assert more > 0
    assert limits == [5.0 + more]


def test_no_room_for_the_rules_is_an_error_of_the_one_who_prepares(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Workers(folder=tmp_path / "nowhere").prepare(RULES)


def test_slow_task_is_killed_and_nothing_else() -> None:
    async def use() -> None:
        async with Workers(1, limit_s=0.3) as workers:
            with pytest.raises(Permanent) as raised:
                await workers.run(URL, time.sleep, 60)
            assert (raised.value.reason, raised.value.subject) == (Reason.TOO_COMPLEX, URL)
            assert raised.value.detail == "took more than 0.3 s"
            assert await workers.run(URL, sum, (1, 2)) == 3

    asyncio.run(use())


def test_a_feed_and_a_page_that_take_too_long_cost_themselves_only() -> None:
    items = "".join(f"<item><title>{n}</title><link>{URL}/{n}</link></item>" for n in range(40_000))
    feed = page(f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>', "application/rss+xml")
    wide = page(f"<html><body>{'<div><p>x</p>' * 14_000}</body></html>")

    async def use() -> list[Any]:
        async with Workers(1, limit_s=0.05) as workers:
            await workers.warm()
            calls = [
                workers.parse_feed(feed, DEFAULT_TRACKERS),
                workers.run(wide.url, read_wide, wide),
                workers.run(URL, sum, (1, 2)),
            ]
            return await asyncio.gather(*calls, return_exceptions=True)

    *errors, total = asyncio.run(use())
    assert total == 3
    for error, subject in zip(errors, (feed.url, wide.url), strict=True):
        assert isinstance(error, Permanent)
        assert (error.reason, error.subject) == (Reason.TOO_COMPLEX, subject)


def read_wide(answer: Page) -> None:
    """As a worker reads a page, without rules, whose time to load would count; often, since machines differ."""
    from ingest.extract import extract

    for _ in range(20):
        extract(answer.body.decode(), answer.url)


def parse_without_memory() -> None:
    """Parse a page in a process that has next to none left."""
    import resource

    from ingest.extract import parse_html

    attributes = " ".join(f"{letter}=1" for letter in "abcdefghijklmnopqrst")
    html = f"<html><body>{f'<p {attributes}>' * 25_000}</body></html>"
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 22), before[1]))
    try:
        parse_html(html, URL)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


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
        assert (raised.value.reason, raised.value.subject) == (Reason.TOO_COMPLEX, URL)

    def test_too_much_memory(self, runner: asyncio.Runner, workers: Workers) -> None:
        with pytest.raises(Permanent) as raised:
            runner.run(workers.run(URL, bytearray, 1 << 31))
        assert raised.value.reason is Reason.TOO_COMPLEX

    def test_a_tree_that_takes_too_much_memory(self, runner: asyncio.Runner, workers: Workers) -> None:
        with pytest.raises(Permanent) as raised:
            runner.run(workers.run(URL, parse_without_memory))
        assert raised.value.reason is Reason.TOO_COMPLEX

    def test_the_system_ends_what_takes_too_much_time(self, runner: asyncio.Runner, workers: Workers) -> None:
        with pytest.raises(Transient) as raised:
            runner.run(workers.run(URL, signal.raise_signal, signal.SIGXCPU))
        assert raised.value.reason is Reason.TOO_COMPLEX

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
