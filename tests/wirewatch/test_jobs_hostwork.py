"""What a job does, with steps that only note that they were done; and that the steps are those of `run`."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ingest.errors import Conflict, Reason, StoreError, Transient
from ingest.model import Saved
from ingest.pipeline import Pipeline
from ingest.placing import Ingested
from ingest.refresh import Refreshed
from storage.jobs.model import Job, Kind
from storage.migrate import upgrade
from wirewatch import cycle
from wirewatch.app import App
from wirewatch.jobs import hostwork
from wirewatch.jobs.desk import Desk
from wirewatch.jobs.hostwork import ENTRIES_A_JOB, HostWork
from wirewatch.places import find_config_dir
from wirewatch.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 5, tzinfo=UTC)
POLL = Job(kind=Kind.POLL, target="a")
EXTRACT = Job(kind=Kind.EXTRACT, target="a")


@dataclass
class Steps:
    """Stands for the pipeline; *faults* are raised by the entries or feeds with these ids."""

    faults: dict[int, Exception] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    may_go_on: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh_feed(self, feed_id: int) -> Refreshed:
        await self._do(feed_id)
        error = Transient(Reason.TIMEOUT, "a", "it took too long") if feed_id == 13 else None
        return Refreshed(feed_id=feed_id, url=f"http://a/{feed_id}", error=error)

    async def ingest_entry(self, entry_id: int) -> Ingested:
        await self._do(entry_id)
        saved = Saved(article_id=entry_id, story_id=1, is_new_version=entry_id % 2 == 0)
        return Ingested(entry_id=entry_id, saved=saved, relations=2, matches=3)

    async def _do(self, number: int) -> None:
        self.done.append(number)
        self.begun.set()
        if self.may_go_on is not None:
            await self.may_go_on.wait()
        if number in self.faults:
            raise self.faults[number]


@dataclass
class Board:
    feeds: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()
    added: list[Job] = field(default_factory=list)

    def feeds_of(self, host: str, now: datetime) -> tuple[int, ...]:
        assert (host, now) == ("a", NOW)
        return self.feeds

    def entries_of(self, host: str, now: datetime, limit: int) -> tuple[int, ...]:
        assert (host, now) == ("a", NOW)
        return self.entries[:limit]

    def add(self, jobs: tuple[Job, ...]) -> int:
        self.added += jobs
        return len(jobs)


class Table:
    def __init__(self) -> None:
        self.held: set[str] = set()

    def take(self, host: str, *, pause_s: float) -> float:
        assert pause_s == 0
        if host in self.held:
            return 0.1
        self.held.add(host)
        return 0.0

    def leave(self, host: str, *, started_s_ago: float | None) -> None:
        assert started_s_ago is None
        self.held.remove(host)

    def renew(self, hosts: Any) -> frozenset[str]:
        return frozenset(hosts)


async def nothing() -> None:
    return None


def work_of(steps: Steps, board: Board, table: Table | None = None, before: Any = nothing) -> HostWork:
    pipeline: Any = steps
    return HostWork(pipeline=pipeline, board=board, table=table or Table(), before=before, clock=lambda: NOW)


def test_a_poll_asks_all_feeds_of_the_host_that_are_due() -> None:
    steps, table = Steps(), Table()
    work = work_of(steps, Board(feeds=(5, 13, 2)), table)
    asyncio.run(work.do(POLL))
    assert steps.done == [5, 13, 2]
    assert (work.done.polls, work.done.failed) == (3, 1)
    assert table.held == set()
    assert work.doing == {}


def test_a_batch_of_entries_is_done_and_the_rest_goes_behind_other_hosts() -> None:
    entries = tuple(range(1, ENTRIES_A_JOB + 2))
    steps, board = Steps(), Board(entries=entries)
    work = work_of(steps, board)
    asyncio.run(work.do(EXTRACT))
    assert tuple(steps.done) == entries[:ENTRIES_A_JOB]
    assert board.added == [EXTRACT]
    assert (work.done.entries, work.done.articles, work.done.relations, work.done.matches) == (20, 10, 20, 30)
    board.entries, board.added = entries[:ENTRIES_A_JOB], []
    asyncio.run(work.do(EXTRACT))
    assert board.added == []


def test_an_entry_that_breaks_its_step_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    steps = Steps(faults={1: ZeroDivisionError(), 2: Conflict("again and again")})
    work = work_of(steps, Board(entries=(1, 2, 3)))
    with caplog.at_level(logging.ERROR):
        asyncio.run(work.do(EXTRACT))
    assert steps.done == [1, 2, 3]
    assert (work.done.entries, work.done.broken) == (1, 2)
    assert "entry 1: a bug broke the step; it stays due" in caplog.text


@pytest.mark.parametrize("job", [POLL, EXTRACT])
def test_without_a_database_the_job_ends_and_is_given_back(job: Job) -> None:
    steps, table = Steps(faults={2: StoreError("away")}), Table()
    work = work_of(steps, Board(feeds=(1, 2, 3), entries=(1, 2, 3)), table)
    with pytest.raises(StoreError):
        asyncio.run(work.do(job))
    assert steps.done == [1, 2]
    assert table.held == set()
    assert work.doing == {}


def test_what_another_is_at_is_left_to_it() -> None:
    steps, table = Steps(), Table()
    table.held.add(POLL.key)
    work = work_of(steps, Board(feeds=(1,), entries=(7,)), table)
    asyncio.run(work.do(POLL))
    assert steps.done == []
    assert table.held == {POLL.key}
    # Another kind of work at the same host is another job.
    asyncio.run(work.do(EXTRACT))
    assert steps.done == [7]


def test_the_same_job_twice_at_once_is_done_once() -> None:
    async def both() -> None:
        steps.may_go_on = asyncio.Event()
        first = asyncio.create_task(work.do(POLL))
        await steps.begun.wait()
        assert set(work.doing) == {POLL}
        await work.do(POLL)
        steps.may_go_on.set()
        await first

    steps = Steps()
    work = work_of(steps, Board(feeds=(1, 2)))
    asyncio.run(both())
    assert steps.done == [1, 2]


@pytest.mark.parametrize(("job", "again"), [(POLL, []), (EXTRACT, [EXTRACT])])
def test_told_to_stop_it_ends_after_the_step_at_hand(job: Job, again: list[Job]) -> None:
    """Polls are handed out again by the tick; entries have had their turn in the queue already."""

    async def stop_in_the_first() -> None:
        steps.may_go_on = asyncio.Event()
        doing = asyncio.create_task(work.do(job))
        await steps.begun.wait()
        work.stop()
        steps.may_go_on.set()
        await doing

    steps, board, table = Steps(), Board(feeds=(1, 2), entries=(1, 2)), Table()
    work = work_of(steps, board, table)
    asyncio.run(stop_in_the_first())
    assert steps.done == [1]
    assert board.added == again
    assert table.held == set()


def test_before_each_job_one_looks_around() -> None:
    async def refuse() -> None:
        raise StoreError("the rules cannot be read")

    steps, table = Steps(), Table()
    work = work_of(steps, Board(feeds=(1,)), table, before=refuse)
    with pytest.raises(StoreError):
        asyncio.run(work.do(POLL))
    assert steps.done == []
    assert table.held == set()


# --- one pipeline -----------------------------------------------------------------------------------


def test_run_and_workers_do_the_same_steps(tmp_path: Path) -> None:
    """What `run` ticks over and what a worker does jobs with are the same functions, for polls and for entries."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "feeds.toml").write_text("")
    config = find_config_dir(str(tmp_path), os.environ, tmp_path)
    app = App(load_settings(config, environ={}), config)
    upgrade(app.settings.database.url)

    async def steps_of_both() -> tuple[set[Any], set[Any]]:
        async with app.session() as session, app.fetcher({}) as fetcher, app.workers() as workers:
            with app.store() as store:
                table: Any = Table()
                desk = Desk(
                    config=config,
                    settings=app.settings,
                    trackers=app.trackers,
                    store=store,
                    fetcher=fetcher,
                    workers=workers,
                    table=table,
                )
                both = session.pipeline, desk.pipeline
                polls = {each.refresh_feed.__func__ for each in both}
                return polls, {each.ingest_entry.__func__ for each in both}

    assert asyncio.run(steps_of_both()) == ({Pipeline.refresh_feed}, {Pipeline.ingest_entry})
    # And nothing else of a pipeline is called by either.
    for source in map(inspect.getsource, (hostwork, cycle)):
        assert set(re.findall(r"_pipeline\.(\w+)\(", source)) == {"refresh_feed", "ingest_entry"}
