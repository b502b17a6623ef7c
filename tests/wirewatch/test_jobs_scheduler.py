"""One scheduler leads, and another goes on where it ended; a tick that fails is not the last one."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ingest.errors import StoreError
from ingest.model import utc_now
from ingest.polling import ConfiguredFeed
from storage.address import read_address
from storage.errors import QueueMissing
from storage.jobs.model import Job, Kind
from storage.lock import LeaderLock
from storage.store import Store
from wirewatch.configured import Configured
from wirewatch.errors import ConfigError
from wirewatch.housekeeping import Housekeeping
from wirewatch.jobs.scheduler import Scheduler
from wirewatch.places import find_config_dir
from wirewatch.rulebook import RulesInForce
from wirewatch.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from pathlib import Path


class House:
    """Stands for what else the one that leads does, and notes it."""

    def __init__(self) -> None:
        self.rules = RulesInForce.none()
        self.said: list[str] = []
        self.faults: list[Exception] = []

    async def load(self) -> None:
        self.said.append("load")

    async def reload_feeds(self) -> None:
        self.said.append("reload feeds")

    def look_at_rules(self, *, is_asked: bool = False) -> None:
        self.said.append("look, asked" if is_asked else "look")

    async def look_at_clock(self) -> datetime:
        if self.faults:
            raise self.faults.pop(0)
        return utc_now()

    async def stop_looking(self, *, grace_s: float) -> None:
        assert grace_s > 0
        self.said.append("stop looking")

    async def forget_old(self) -> None:
        self.said.append("forget")

    async def look_for_drift(self) -> None:
        return None

    async def tidy(self) -> None:
        return None


@pytest.fixture
def store(empty_with_queue: str) -> Any:
    """An open store with one feed that is due."""
    with Store(empty_with_queue) as opened:
        opened.sync_feeds([ConfiguredFeed(url="https://a.example/feed")], utc_now())
        yield opened


def scheduler_of(house: House, store: Store, url: str) -> Scheduler:
    any_house: Any = house
    address: Any = read_address(url)
    return Scheduler(any_house, store, address=address, tick_s=0.05)


@asynccontextmanager
async def at_work(*schedulers: Scheduler) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = []
    try:
        for each in schedulers:
            tasks.append(asyncio.create_task(each.run()))
            await asyncio.sleep(0)
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that must come, at most a minute."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # what is waited for is a row, or a note
            await asyncio.sleep(0.01)


def test_the_second_takes_over_and_hands_out_nothing_twice(store: Store, empty_with_queue: str) -> None:
    houses = [House(), House()]
    schedulers = [scheduler_of(house, store, empty_with_queue) for house in houses]

    async def work() -> None:
        async with at_work(schedulers[0]) as (leading,):
            await until(lambda: store.jobs.depth().waiting == 1)
            async with at_work(schedulers[1]):
                await until(lambda: houses[0].said.count("look") > 3)
                assert houses[1].said == []
                leading.cancel()
                await until(lambda: "look" in houses[1].said)
                assert houses[0].said[-1] == "stop looking"
                await until(lambda: houses[1].said.count("look") > 3)

    asyncio.run(work())
    assert store.jobs.depth().waiting == 1
    # It is free for the next, and nobody is on the list.
    address: Any = read_address(empty_with_queue)
    with LeaderLock(address):
        assert store.jobs.workers() == ()


def test_jobs_of_the_dead_are_handed_out_again(
    store: Store, empty_with_queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job(kind=Kind.POLL, target="a.example")
    store.jobs.add([job])
    store._write(lambda connection: connection.exec_driver_sql("UPDATE procrastinate_jobs SET status = 'doing'"))

    async def work() -> None:
        scheduler = scheduler_of(House(), store, empty_with_queue)
        with caplog.at_level(logging.WARNING):
            assert await scheduler.hand_out() == 1
            assert await scheduler.hand_out() == 0

    asyncio.run(work())
    assert "taken back from workers that are dead: poll a.example" in caplog.text


@pytest.mark.parametrize("fault", [StoreError("away"), ConfigError("wrong"), ZeroDivisionError("a bug")])
def test_a_tick_that_fails_is_told_and_not_the_last(
    store: Store, empty_with_queue: str, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    house = House()
    house.faults = [fault]

    async def work() -> None:
        with caplog.at_level(logging.WARNING):
            async with at_work(scheduler_of(house, store, empty_with_queue)):
                await until(lambda: store.jobs.depth().waiting == 1)

    asyncio.run(work())
    assert str(fault) in caplog.text


def test_without_tables_for_the_queue_it_does_not_begin(empty_postgresql: str) -> None:
    with Store(empty_postgresql) as store, pytest.raises(QueueMissing, match="db requeue"):
        asyncio.run(scheduler_of(House(), store, empty_postgresql).run())


def has_topics(house: Housekeeping, count: int) -> bool:
    return len(house.rules.topics) == count


def test_one_that_leads_again_follows_the_rules_again(empty_postgresql: str, tmp_path: Path) -> None:
    """As after the server was away: the same house is loaded once more."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "feeds.toml").write_text("")
    config = find_config_dir(str(tmp_path), {}, tmp_path)

    async def work() -> None:
        with Store(empty_postgresql) as store:
            house = Housekeeping(
                config=config, settings=load_settings(config, environ={}), store=store, configured=Configured(config)
            )
            for number in range(2):
                await house.load()
                (tmp_path / "rules" / f"{number}.rules").write_text(f"topic t{number}\n    match ferry\n")
                house.look_at_rules()
                await until(partial(has_topics, house, number + 1))
                await house.stop_looking(grace_s=60)

    asyncio.run(work())
