"""The composition root: builds store, fetcher, workers, rules and pipeline from the settings.

Commands, daemon and tests get everything from here, so there is one wiring. Each thing is made when it is
first asked for; what is heavy to import is imported then.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.model import utc_now
from wirewatch.configured import Configured
from wirewatch.errors import ConfigError
from wirewatch.garbage import rare_collection
from wirewatch.housekeeping import Housekeeping
from wirewatch.session import Session
from wirewatch.sitefile import read_sites, tell_missing
from wirewatch.space import space_floor
from wirewatch.tally import Tally
from wirewatch.upkeep import Keeper, recall
from wirewatch.watching import watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ingest.fetch import Fetcher
    from ingest.fetch_settings import HostSettings
    from ingest.pipeline import Pipeline
    from ingest.remembered import Remembered
    from ingest.shared_turns import TurnTable
    from ingest.workers import Workers
    from storage.address import Address, PostgresDatabase
    from storage.jobs.model import Kind
    from storage.listings import Listings
    from storage.store import Store
    from wirewatch.cycle import CycleReport, Tell
    from wirewatch.places import ConfigDir
    from wirewatch.rulebook import RulesInForce
    from wirewatch.settings import Settings
    from wirewatch.space import SpaceFloor
    from wirewatch.tally import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceReport:
    """What `once` did, how many feeds are configured, and the rules that were in force."""

    cycle: CycleReport
    feeds: int
    rules: RulesInForce
    #: selectors of sites.toml that found nothing, in words
    missed_selectors: tuple[str, ...] = ()


class App:
    """Everything a command needs, for one configuration."""

    def __init__(self, settings: Settings, config: ConfigDir) -> None:
        self.settings = settings
        self.config = config

    @cached_property
    def database(self) -> Address:
        """Where the database is."""
        from storage.address import read_address

        return read_address(self.settings.database.url)

    @property
    def trackers(self) -> tuple[str, ...]:
        """The parameters that make no other page of an address."""
        wanted = self.settings.fetch.trackers
        return DEFAULT_TRACKERS if wanted is None else wanted

    def space_floor(self) -> SpaceFloor:
        """What looks whether there is room on the disk of the database."""
        return space_floor(self.database, self.settings.store.min_free_mb)

    def store(self, *, hands_out: bool = False) -> Store:
        """Open the database for writing; close it after use. Raises StorageError when it is not there or not ours.

        *hands_out*: work on new entries is handed out to all workers.
        """
        from storage.store import Store

        return Store(self.settings.database.url, hands_out=hands_out)

    def listings(self) -> Listings:
        """Open the database for reading only; close it after use."""
        from storage.listings import Listings

        return Listings(self.settings.database.url)

    def fetcher(
        self, remembered: Remembered | None = None, table: TurnTable | None = None, watch: Watch | None = None
    ) -> Fetcher:
        """An HTTP client that keeps to the settings, and to what servers have asked for before; a context manager.

        *table* is given where several processes share the turns at hosts; *watch* is told of requests.
        Raises ConfigError when sites.toml is invalid, or a variable is not set that the proxy is in.
        """
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
                proxy=wanted.proxy_address(),
                proxy_resolves=wanted.proxy_resolves,
                hosts=self._hosts(),
            ),
            remembered=remembered,
            table=table,
            watch=(watch or Tally()).fetched,
        )

    def _hosts(self) -> tuple[HostSettings, ...]:
        """What sites.toml says of the hosts; those that lack a secret are told of."""
        hosts, faults = read_sites(self.config.sites_file).host_settings()
        tell_missing(faults)
        return hosts

    def workers(self) -> Workers:
        """The worker processes; an async context manager."""
        from ingest.workers import Workers

        return Workers(self.settings.run.workers)

    @asynccontextmanager
    async def session(self, tell: Tell | None = None, *, watch: Watch | None = None) -> AsyncIterator[Session]:
        """Hold the database alone, with feeds and rules in force and all that a step needs. *watch* is told of work.

        Raises InUse when another instance holds it, ConfigError when feeds.toml or sites.toml is invalid, or the rules
        cannot be read.
        """
        from storage.lock import DatabaseLock

        async with AsyncExitStack() as stack:
            lock = stack.enter_context(DatabaseLock(self.database))
            store = self.store()
            stack.callback(store.close)
            remembered = await asyncio.to_thread(recall, store, utc_now())
            fetcher = await stack.enter_async_context(self.fetcher(remembered, watch=watch))
            workers = await stack.enter_async_context(self.workers())
            session = Session(
                config=self.config,
                settings=self.settings,
                trackers=self.trackers,
                store=store,
                fetcher=fetcher,
                workers=workers,
                tell=tell,
                space=self.space_floor(),
                lock=lock,
                watch=watch,
            )
            # Whatever ends this, also an error: what hosts have asked for holds for the next start.
            stack.callback(session.keep_wishes_at_last)
            stack.enter_context(rare_collection())
            await session.house.load()
            yield session

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[Pipeline]:
        """The steps without the lock, for what may be done beside a running daemon (`Pipeline.backfill_feed`).

        No rules are in force in it, neither on topics nor on sites. Raises ConfigError as `session` does, and DiskShort
        when there is no room.
        """
        from ingest.pipeline import Pipeline
        from rules.compile import compile_rules

        self.space_floor().require()
        async with AsyncExitStack() as stack:
            configured = Configured(self.config)
            configured.use(configured.read())
            store = self.store()
            stack.callback(store.close)
            remembered = await asyncio.to_thread(recall, store, utc_now())
            fetcher = await stack.enter_async_context(self.fetcher(remembered))
            workers = await stack.enter_async_context(self.workers())
            stack.callback(Keeper(store, fetcher.take_changes).keep_at_last)
            no_rules = compile_rules(())
            yield Pipeline(
                store=store,
                fetch=fetcher,
                workers=workers,
                rules=lambda: no_rules,
                trackers=self.trackers,
                access=configured.access,
                is_configured=configured.is_configured,
                robots_sitemaps=fetcher.robots_sitemaps,
            )

    async def run_once(self, *, all_feeds: bool = False, tell: Tell | None = None) -> OnceReport:
        """Poll the feeds that are due (or all), then do what is due of their entries.

        *tell* is called after each poll and each entry with how many are done and how many there are by now. Raises
        DiskShort when there is no room, or no more.
        """
        _end_in_order_when_told()
        # Before anything is started for it.
        self.space_floor().require()
        async with self.session(tell) as session:
            report = await session.do_all_due(all_feeds=all_feeds)
            missed = session.pipeline.missed_selectors
            return OnceReport(cycle=report, feeds=session.feeds, rules=session.rules, missed_selectors=missed)

    async def run_daemon(self) -> None:
        """Work on a schedule until told to stop."""
        from wirewatch.daemon import Daemon

        tick_s = self.settings.run.tick_s
        async with watched(self, "run", every_s=tick_s) as (watch, health), self.session(watch=watch) as session:
            health.use(session.store, rules=lambda: session.rules.version)
            upkeep = {
                "the look for drift": session.house.look_for_drift,
                "the care of the database": session.house.tidy,
            }
            services = [self._hub_service(session)] if self.settings.websub.callback else []
            await Daemon(session, tick_s=tick_s, upkeep=upkeep, services=services, health=health).run()

    async def run_worker(self, *, queues: tuple[Kind, ...], concurrency: int) -> None:
        """Do jobs until told to stop. Raises StorageError where the database is none that workers can share."""
        from storage.jobs.turns import HostTurnTable
        from storage.lock import SharedLock
        from wirewatch.jobs.desk import Desk
        from wirewatch.jobs.queueapp import HEARTBEAT_S
        from wirewatch.jobs.worker import Worker, process_name

        address = shared_database(self.database)
        async with AsyncExitStack() as stack:
            watch, health = await stack.enter_async_context(watched(self, "worker", every_s=HEARTBEAT_S))
            stack.enter_context(SharedLock(address))
            store = self.store(hands_out=True)
            stack.callback(store.close)
            table = stack.enter_context(HostTurnTable(address, process_name()))
            remembered = await asyncio.to_thread(recall, store, utc_now())
            health.use(store)
            fetcher = await stack.enter_async_context(self.fetcher(remembered, table, watch))
            workers = await stack.enter_async_context(self.workers())
            stack.enter_context(rare_collection())
            desk = Desk(
                config=self.config,
                settings=self.settings,
                trackers=self.trackers,
                store=store,
                fetcher=fetcher,
                workers=workers,
                table=table,
            )
            await workers.warm()
            await Worker(
                desk, address=address, queues=queues, concurrency=concurrency, watch=watch, health=health
            ).run()

    async def run_scheduler(self) -> None:
        """Hand out what is due whenever no other scheduler does, until told to stop. Raises as `run_worker`."""
        from storage.lock import SharedLock
        from wirewatch.jobs.scheduler import ASK_EVERY_S, Scheduler

        address = shared_database(self.database)
        tick_s = self.settings.run.tick_s
        async with AsyncExitStack() as stack:
            _, health = await stack.enter_async_context(watched(self, "scheduler", every_s=max(tick_s, ASK_EVERY_S)))
            stack.enter_context(SharedLock(address))
            store = self.store()
            stack.callback(store.close)
            health.use(store)
            configured = Configured(self.config)
            house = Housekeeping(config=self.config, settings=self.settings, store=store, configured=configured)
            depth = self.settings.workers.queue_depth
            await Scheduler(house, store, address=address, tick_s=tick_s, queue_depth=depth, health=health).run()

    def _hub_service(self, session: Session) -> AbstractAsyncContextManager[None]:
        """What keeps subscriptions at hubs. Raises ConfigError when the extra is not installed."""
        from ingest.fetch_settings import FetchSettings

        try:
            from wirewatch.callback import hub_service
        except ImportError as error:
            raise ConfigError(
                "websub.callback is set, but what listens for hubs is not installed; "
                'install it with: pip install "wirewatch[websub]"'
            ) from error
        hubs = session.hubs(self.settings.websub.callback)
        return hub_service(hubs, at=self.settings.websub.listen, max_bytes=FetchSettings().max_feed_bytes)


def shared_database(database: Address) -> PostgresDatabase:
    """*database*, where several processes can work on it. Raises ConfigError for a file."""
    from storage.address import SqliteFile

    if isinstance(database, SqliteFile):
        raise ConfigError(
            f"{database.shown}: one process alone works on an SQLite file, as `wirewatch run` does; workers share a "
            "database on a PostgreSQL server: set database.url"
        )
    return database


def _end_in_order_when_told() -> None:
    """Let SIGTERM and SIGHUP end the program as Ctrl-C does, so that nothing is left behind."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Only the main thread may, and only there it matters.
        with suppress(RuntimeError, ValueError):
            loop.add_signal_handler(number, signal.raise_signal, signal.SIGINT)
