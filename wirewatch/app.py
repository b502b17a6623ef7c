"""The composition root: builds store, fetcher, workers, rules and pipeline from the settings.

Commands, daemon and tests get everything from here, so there is one wiring. Each thing is made when it is
first asked for; what is heavy to import is imported then.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.model import utc_now
from wirewatch.cycle import Cycle
from wirewatch.feedlist import read_feeds
from wirewatch.rulebook import RulesInForce, rules_in_force

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from ingest.fetch import Fetcher
    from ingest.workers import Workers
    from storage.listings import Listings
    from storage.store import Store
    from wirewatch.cycle import CycleReport, Tell
    from wirewatch.places import ConfigDir
    from wirewatch.settings import Settings

log = logging.getLogger(__name__)

#: What happened at each poll is kept for so long.
POLL_LOG_KEPT = timedelta(days=30)

#: Entries taken from the database at once by `once`; it goes on until none is due.
ENTRIES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceReport:
    """What `once` did, how many feeds are configured, and the rules that were in force."""

    cycle: CycleReport
    feeds: int
    rules: RulesInForce


class App:
    """Everything a command needs, for one configuration."""

    def __init__(self, settings: Settings, config: ConfigDir) -> None:
        self.settings = settings
        self.config = config

    @cached_property
    def database(self) -> Path:
        """The file of the database."""
        from storage.engine import database_path

        return database_path(self.settings.database.url)

    @property
    def trackers(self) -> tuple[str, ...]:
        """The parameters that make no other page of an address."""
        wanted = self.settings.fetch.trackers
        return DEFAULT_TRACKERS if wanted is None else wanted

    def store(self) -> Store:
        """Open the database for writing; close it after use. Raises StorageError when it is not there or not ours."""
        from storage.store import Store

        return Store(self.settings.database.url)

    def listings(self) -> Listings:
        """Open the database for reading only; close it after use."""
        from storage.listings import Listings

        return Listings(self.settings.database.url)

    def fetcher(self) -> Fetcher:
        """An HTTP client that keeps to the settings; an async context manager."""
        from importlib.metadata import version

        from ingest.fetch import Fetcher
        from ingest.fetch_settings import FetchSettings

        wanted = self.settings.fetch
        return Fetcher(
            FetchSettings(
                version=version("wirewatch"),
                user_agent=wanted.user_agent,
                contact=wanted.contact,
                allow=wanted.allow,
                pause_s=wanted.pause_s,
                timeout_s=wanted.timeout_s,
            )
        )

    def workers(self) -> Workers:
        """The worker processes; an async context manager."""
        from ingest.workers import Workers

        return Workers(self.settings.run.workers)

    @asynccontextmanager
    async def session(self, tell: Tell | None = None) -> AsyncIterator[Session]:
        """Hold the database alone, with feeds and rules in force and all that a step needs.

        Raises InUse when another instance holds it, ConfigError when feeds.toml is invalid.
        """
        from storage.lock import DatabaseLock

        async with AsyncExitStack() as stack:
            stack.enter_context(DatabaseLock(self.database))
            store = self.store()
            stack.callback(store.close)
            fetcher = await stack.enter_async_context(self.fetcher())
            workers = await stack.enter_async_context(self.workers())
            session = Session(self, store, fetcher, workers, tell)
            await session.reload()
            yield session

    async def run_once(self, *, all_feeds: bool = False, tell: Tell | None = None) -> OnceReport:
        """Poll the feeds that are due (or all), then do what is due of their entries.

        *tell* is called after each poll and each entry with how many are done and how many there are by now.
        """
        _end_in_order_when_told()
        async with self.session(tell) as session:
            report = await session.do_all_due(all_feeds=all_feeds)
            return OnceReport(cycle=report, feeds=session.feeds, rules=session.rules)

    async def run_daemon(self) -> None:
        """Work on a schedule until told to stop."""
        from wirewatch.daemon import Daemon

        async with self.session() as session:
            await Daemon(session, tick_s=self.settings.run.tick_s).run()


def _end_in_order_when_told() -> None:
    """Let SIGTERM and SIGHUP end the program as Ctrl-C does, so that nothing is left behind."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Only the main thread may, and only there it matters.
        with suppress(RuntimeError, ValueError):
            loop.add_signal_handler(number, signal.raise_signal, signal.SIGINT)


class Session:
    """An open database with the pipeline over it."""

    def __init__(self, app: App, store: Store, fetcher: Fetcher, workers: Workers, tell: Tell | None) -> None:
        from ingest.pipeline import Pipeline

        self._app = app
        self._store = store
        self._workers = workers
        self._rules = RulesInForce.none()
        self.feeds = 0
        self.cycle = Cycle(
            Pipeline(
                store=store,
                fetch=fetcher,
                workers=workers,
                rules=lambda: self._rules.ruleset,
                window=timedelta(days=app.settings.copies.window_days),
                trackers=app.trackers,
            ),
            tell=tell,
        )

    @property
    def rules(self) -> RulesInForce:
        """The rules in force."""
        return self._rules

    async def reload(self) -> None:
        """Read feeds and rules anew. Raises ConfigError; what was in force stays so then."""
        feeds = read_feeds(self._app.config.feeds_file)
        now = utc_now()
        await asyncio.to_thread(self._store.sync_feeds, [(feed.url, feed.title) for feed in feeds], now)
        self.feeds = len(feeds)
        self._rules = await asyncio.to_thread(rules_in_force, self._app.config.rules_dir, self._store, now)
        log.info("in force: %d feeds, %d topics", self.feeds, len(self._rules.ruleset.topics))
        for error in self._rules.errors:
            log.error("%s", error.render())
        if self._rules.held:
            log.error("kept as last understood: %s", ", ".join(self._rules.held))
        if self._rules.absent:
            log.error("never understood, so not in force: %s", ", ".join(self._rules.absent))

    async def do_all_due(self, *, all_feeds: bool = False) -> CycleReport:
        """Poll the feeds that are due (or all), then do entries until none is due any more, each once at most."""
        await self.queue_due_feeds(limit=1_000_000, is_everything_due=all_feeds)
        await self.cycle.idle()
        done: set[int] = set()
        while ids := await self.queue_due_entries(limit=ENTRIES_AT_ONCE, without=done):
            await self.cycle.idle()
            done |= ids
        await self.forget_old()
        return self.cycle.take_report()

    async def queue_due_feeds(self, *, limit: int, is_everything_due: bool = False) -> None:
        """Queue polls of feeds that are due and not queued yet."""
        taken = self.cycle.taken_feeds
        find = partial(self._store.due_feeds, utc_now(), limit, taken, is_everything_due=is_everything_due)
        self.cycle.poll(await asyncio.to_thread(find))

    async def queue_due_entries(self, *, limit: int, without: AbstractSet[int] = frozenset()) -> set[int]:
        """Queue entries that are due, not queued yet and not among *without*; returns their ids."""
        taken = self.cycle.taken_entries | without
        dues = await asyncio.to_thread(self._store.due_entries, utc_now(), limit, taken)
        self.cycle.ingest(dues)
        return {due.id for due in dues}

    async def warm(self) -> None:
        """Start the worker processes and let them import what they need, before there is work."""
        await self._workers.warm()

    async def forget_old(self) -> None:
        """Forget raw pages that are older than the setting allows, and the log of polls of more than a month."""
        now = utc_now()
        pages = now - timedelta(days=self._app.settings.store.raw_days)
        await asyncio.to_thread(self._store.prune_raw_pages, pages)
        await asyncio.to_thread(self._store.prune_poll_log, now - POLL_LOG_KEPT)
