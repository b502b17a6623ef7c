"""An open database with the pipeline over it: what `once` runs through and the daemon ticks over."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ingest.model import utc_now
from wirewatch.configured import Configured
from wirewatch.cycle import Cycle
from wirewatch.housekeeping import Housekeeping
from wirewatch.space import SpaceFloor
from wirewatch.upkeep import Keeper

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ingest.fetch import Fetcher
    from ingest.workers import Workers
    from storage.lock import DatabaseLock
    from storage.store import Store
    from wirewatch.cycle import CycleReport, Tell
    from wirewatch.places import ConfigDir
    from wirewatch.rulebook import RulesInForce
    from wirewatch.settings import Settings
    from wirewatch.space import Room
    from wirewatch.tally import Watch
    from wirewatch.websub import Hubs

log = logging.getLogger(__name__)

#: Entries taken from the database at once by `once`; it goes on until none is due.
ENTRIES_AT_ONCE = 1000


class Session:
    """An open database with the pipeline over it. Call `house.load` before anything else."""

    def __init__(
        self,
        *,
        config: ConfigDir,
        settings: Settings,
        trackers: tuple[str, ...],
        store: Store,
        fetcher: Fetcher,
        workers: Workers,
        tell: Tell | None = None,
        space: SpaceFloor | None = None,
        lock: DatabaseLock | None = None,
        watch: Watch | None = None,
    ) -> None:
        from ingest.pipeline import Pipeline

        #: where all is kept
        self.store = store
        self._fetcher = fetcher
        self._workers = workers
        self._configured = Configured(config, fetcher.use_hosts)
        #: what is done beside the work
        self.house = Housekeeping(
            config=config, settings=settings, store=store, configured=self._configured, prepare=workers.prepare
        )
        self._keeper = Keeper(store, fetcher.take_changes)
        self._space = space or SpaceFloor(lambda: None, 0)
        self._lock = lock
        self.pipeline = Pipeline(
            store=store,
            fetch=fetcher,
            workers=workers,
            rules=lambda: self.rules.ruleset,
            window=timedelta(days=settings.copies.window_days),
            trackers=trackers,
            access=self._configured.access,
            is_configured=self._configured.is_configured,
            robots_sitemaps=fetcher.robots_sitemaps,
            site_rule=self._configured.site_rule,
        )
        self.cycle = Cycle(self.pipeline, tell=tell, watch=watch)

    @property
    def feeds(self) -> int:
        """Feeds in feeds.toml, those that are paused included."""
        return self._configured.feeds

    @property
    def rules(self) -> RulesInForce:
        """The rules in force."""
        return self.house.rules

    async def do_all_due(self, *, all_feeds: bool = False) -> CycleReport:
        """Poll the feeds that are due (or all), then do entries until none is due any more, each once at most.

        Raises DiskShort when there is no room for that, or no more: what was done stays done.
        """
        await asyncio.to_thread(self._space.require)
        await self.queue_due_feeds(limit=1_000_000, is_everything_due=all_feeds)
        await self.cycle.idle()
        done: set[int] = set()
        while ids := await self.queue_due_entries(limit=ENTRIES_AT_ONCE, without=done):
            await self.cycle.idle()
            done |= ids
            await asyncio.to_thread(self._space.require)
        await self.keep_wishes()
        await self.house.forget_old()
        await self.house.tidy()
        return self.cycle.take_report()

    async def queue_due_feeds(self, *, limit: int, is_everything_due: bool = False) -> None:
        """Queue polls of feeds that are due and not queued yet."""
        taken = self.cycle.taken_feeds
        find = partial(
            self.store.due_feeds, await self.house.look_at_clock(), limit, taken, is_everything_due=is_everything_due
        )
        self.cycle.poll(await asyncio.to_thread(find))

    async def count_due_feeds(self) -> int:
        """How many feeds are due now."""
        return len(await asyncio.to_thread(self.store.due_feeds, await self.house.look_at_clock(), 1_000_000))

    async def queue_due_entries(self, *, limit: int, without: AbstractSet[int] = frozenset()) -> set[int]:
        """Queue entries that are due, not queued yet and not among *without*; returns their ids."""
        taken = self.cycle.taken_entries | without
        dues = await asyncio.to_thread(self.store.due_entries, utc_now(), limit, taken)
        self.cycle.ingest(dues)
        return {due.id for due in dues}

    async def warm(self) -> None:
        """Start the worker processes and let them import what they need, before there is work."""
        await self._workers.warm()

    async def keep_wishes(self) -> None:
        """Store what hosts have asked for since the last call, so that a restart asks nobody sooner."""
        await asyncio.to_thread(self._keeper.keep)

    def keep_wishes_at_last(self) -> None:
        """The same at the end of the program, where trouble with the database is only told."""
        self._keeper.keep_at_last()

    def hubs(self, callback: str) -> Hubs:
        """The subscriptions at hubs; *callback* is our public address."""
        from wirewatch.websub import Hubs

        return Hubs(
            store=self.store,
            post=self._fetcher,
            pipeline=self.pipeline,
            callback=callback,
            has_room=lambda: self._space.was_enough,
        )

    async def look_for_room(self) -> Room:
        """How much is free on the disk of the database, and whether that is enough to take anything new."""
        return await asyncio.to_thread(self._space.look)

    async def try_to_write(self) -> None:
        """See whether the database can be written again. Raises StorageError."""
        await asyncio.to_thread(self.store.try_to_write)

    async def hold_lock(self) -> None:
        """See to it that we have the database alone still. Raises StorageError when another has it by now."""
        if self._lock is not None:
            await asyncio.to_thread(self._lock.hold)
