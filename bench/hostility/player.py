"""Plays the scenes of one case with the real fetcher, store and pipeline, on the clock of the case."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hostility.found import read_events
from hostility.judge import judge_scene
from hostility.reply import fill

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

    from hostility.case import Case, Scene
    from hostility.outcome import Control

    from ingest.fetch import Fetcher
    from ingest.pipeline import Pipeline
    from ingest.workers import Workers
    from rules.match import RuleSet
    from storage.store import Store

#: All cases begin at this moment; the dates of the feeds are a day older.
START = datetime(2026, 10, 6, 12, tzinfo=UTC)
#: An honest loopback answer takes milliseconds.
TIMEOUT_S = 20.0
MAX_ENTRY_ROUNDS = 20


@dataclass(slots=True)
class CaseClock:
    """Seconds and dates that pass when the case says so, or when somebody sleeps."""

    now: datetime = START
    slept_s: float = 0.0
    #: what the clock that never goes back said at the last start of the program
    origin_s: float = 1000.0
    started: datetime = START

    def date(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - self.started).total_seconds() + self.origin_s

    def restart(self) -> None:
        """A machine that was started anew counts its seconds from another zero."""
        self.started, self.origin_s = self.now, self.origin_s / 2

    async def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a case needs of the program; shared by all cases."""

    port: int
    workers: Workers
    rules: RuleSet
    ssl_context: ssl.SSLContext


class Player:
    """One case, once. `names` are the addresses of its hosts, `database` is an empty one of its own."""

    def __init__(self, case: Case, engine: Engine, names: Mapping[str, str], database: Path) -> None:
        self.clock = CaseClock()
        self._case = case
        self._engine = engine
        self._names = names
        self._database = database
        is_address = "@" in case.feed or "://" in case.feed
        self._url = fill(case.feed, names) if is_address else f"{names['@A@']}{case.feed}"
        self._draw = random.Random(case.name)
        self._looked_up: dict[str, int] = {}

    async def play(self, control: Control) -> list[str]:
        """Play all scenes; returns the complaints about them."""
        complaints: list[str] = []
        feed_id = 0
        number = 0
        for run in _runs(self._case.scenes):
            async with AsyncExitStack() as stack:
                store, pipeline = await self._start(stack)
                if not feed_id:
                    feed_id = await self._add_feed(store)
                for scene in run:
                    await control.ask("scene", self._case.name, number)
                    before = len(read_events(self._database))
                    lines = await self._play_scene(scene, pipeline, store, feed_id, is_first=not number)
                    kinds = read_events(self._database)[before:]
                    lines += [f"no event {kind}" for kind in scene.events if kind not in kinds]
                    lines += [f"event {kind}" for kind in scene.no_events if kind in kinds]
                    complaints += [f"scene {number}: {line}" for line in lines]
                    number += 1
            self.clock.restart()
        return complaints

    async def _start(self, stack: AsyncExitStack) -> tuple[Store, Pipeline]:
        """Start the program on the database, as `wirewatch.app` and `wirewatch.session` do."""
        from ingest.pipeline import Pipeline
        from ingest.polling import FeedAccess
        from storage.store import Store
        from wirewatch.upkeep import Keeper

        store = await asyncio.to_thread(Store, f"sqlite:///{self._database}")
        stack.callback(store.close)
        fetcher = await self._fetcher(store)
        stack.callback(Keeper(store, fetcher.take_changes).keep_at_last)
        await stack.enter_async_context(fetcher)
        access = FeedAccess(**self._case.access)
        pipeline = Pipeline(
            store=store,
            fetch=fetcher,
            workers=self._engine.workers,
            rules=lambda: self._engine.rules,
            access=lambda url: access if url == self._url else FeedAccess(),
            is_configured=lambda url: url == self._url,
            robots_sitemaps=fetcher.robots_sitemaps,
            clock=self.clock.date,
            draw=self._draw.random,
        )
        return store, pipeline

    async def _fetcher(self, store: Store) -> Fetcher:
        from ingest.fetch import Fetcher
        from ingest.fetch_settings import FetchSettings
        from wirewatch.upkeep import recall

        settings = {
            "allow": (f"127.0.0.0/8:{self._engine.port}",),
            "pause_s": 0.0,
            "timeout_s": TIMEOUT_S,
            "version": "1",
        }
        return Fetcher(
            FetchSettings(**(settings | dict(self._case.settings))),
            remembered=await asyncio.to_thread(recall, store, self.clock.now),
            resolve=self._resolve,
            ssl_context=self._engine.ssl_context,
            clock=self.clock.seconds,
            sleep=self.clock.sleep,
            now=self.clock.date,
        )

    async def _add_feed(self, store: Store) -> int:
        from ingest.polling import ConfiguredFeed

        await asyncio.to_thread(store.sync_feeds, [ConfiguredFeed(url=self._url)], self.clock.now)
        (due,) = await asyncio.to_thread(store.due_feeds, self.clock.now, 2)
        return due.id

    async def _play_scene(
        self, scene: Scene, pipeline: Pipeline, store: Store, feed_id: int, *, is_first: bool
    ) -> list[str]:
        clock = self.clock
        if not scene.is_poll:
            assert scene.after is not None
            clock.now += scene.after
            await self._read_entries(pipeline, store)
            return []
        done: Any = None
        polled_at = clock.now
        for turn in range(scene.times):
            if turn or not is_first:
                feed = await asyncio.to_thread(store.feed, feed_id)
                clock.now = max(clock.now, feed.next_poll_at) if scene.after is None else clock.now + scene.after
            polled_at = clock.now
            done = await pipeline.refresh_feed(feed_id)
            if self._case.reads:
                await self._read_entries(pipeline, store)
        return await asyncio.to_thread(judge_scene, scene, done, self._database, polled_at)

    async def _read_entries(self, pipeline: Pipeline, store: Store) -> None:
        """Do every entry that is due, each once, as `wirewatch once` does."""
        done: set[int] = set()
        for _ in range(MAX_ENTRY_ROUNDS):
            dues = await asyncio.to_thread(store.due_entries, self.clock.now, 1000, done)
            if not dues:
                return
            for due in dues:
                await pipeline.ingest_entry(due.id)
            done |= {due.id for due in dues}

    async def _resolve(self, host: str, _port: int) -> list[str]:
        """Resolve the names of the case and no others; nothing is ever looked up."""
        if host not in self._case.names:
            raise OSError(f"there is no {host} in this case")
        answers = self._case.names[host]
        turn = self._looked_up[host] = self._looked_up.get(host, 0) + 1
        return fill(answers[min(turn, len(answers)) - 1], self._names).split()


def _runs(scenes: tuple[Scene, ...]) -> list[list[Scene]]:
    """The scenes from one start of the program to the next."""
    runs: list[list[Scene]] = [[]]
    for scene in scenes:
        if scene.is_after_restart:
            runs.append([])
        runs[-1].append(scene)
    return runs
