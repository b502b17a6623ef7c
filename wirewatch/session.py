"""An open database with the pipeline over it: what `once` runs through and the daemon ticks over."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ingest.model import utc_now
from ingest.polling import ConfiguredFeed, FeedAccess
from ingest.schedule import in_words
from storage.upkeep.clock import LEAST
from wirewatch.cycle import Cycle
from wirewatch.drift import look_for_drift
from wirewatch.feedaccess import read_all_access
from wirewatch.feedlist import read_feeds
from wirewatch.retention import cutoffs, forget
from wirewatch.rulewatch import RuleWatch
from wirewatch.sitefile import SitesInForce, read_sites, tell_missing
from wirewatch.space import SpaceFloor
from wirewatch.upkeep import Keeper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from ingest.fetch import Fetcher
    from ingest.fetch_settings import HostSettings
    from ingest.site_rules import SiteRule
    from ingest.workers import Workers
    from storage.lock import DatabaseLock
    from storage.store import Store
    from wirewatch.cycle import CycleReport, Tell
    from wirewatch.places import ConfigDir
    from wirewatch.rulebook import RulesInForce
    from wirewatch.settings import Settings
    from wirewatch.space import Room
    from wirewatch.websub import Hubs

log = logging.getLogger(__name__)

#: How a feed is asked for of which nothing is configured.
NO_ACCESS = FeedAccess()

#: A log of writes that is held back from the database beyond that is told of: SQLite cuts back what is larger.
WAL_LIMIT_BYTES = 64 * 1024 * 1024

#: Entries taken from the database at once by `once`; it goes on until none is due.
ENTRIES_AT_ONCE = 1000

#: Rule files must stay as they are for so long before they are read: an editor empties a file before it fills it,
#: and for that moment its topics would be gone. Both take milliseconds, and a checkout of some files hardly more.
SETTLE_S = 0.25
#: Files that never come to rest are read after so many waits.
MAX_WAITS = 20


class Session:
    """An open database with the pipeline over it. Call `load` before anything else."""

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
    ) -> None:
        from ingest.pipeline import Pipeline

        self._config = config
        self._settings = settings
        self._store = store
        self._fetcher = fetcher
        self._workers = workers
        self._watch = RuleWatch(config.rules_dir, store, prepare=workers.prepare)
        self._look: asyncio.Task[None] | None = None
        self._is_asked = False
        self._is_stopping = False
        #: how each configured feed is to be asked for, by its address
        self._access: Mapping[str, FeedAccess] = {}
        self._sites = SitesInForce(path=config.sites_file)
        #: what is different for single hosts; None: as the fetcher was made
        self._hosts: tuple[HostSettings, ...] | None = None
        self._keeper = Keeper(store, fetcher.take_changes)
        self._space = space or SpaceFloor(lambda: None, 0)
        self._lock = lock
        #: when the clock was last looked at
        self._looked_at: datetime | None = None
        #: feeds in feeds.toml, those that are paused included
        self.feeds = 0
        self._window = timedelta(days=settings.copies.window_days)
        self.pipeline = Pipeline(
            store=store,
            fetch=fetcher,
            workers=workers,
            rules=lambda: self.rules.ruleset,
            window=self._window,
            trackers=trackers,
            access=lambda url: self._access.get(url, NO_ACCESS),
            is_configured=lambda url: url in self._access,
            robots_sitemaps=fetcher.robots_sitemaps,
            site_rule=self._site_rule,
        )
        self.cycle = Cycle(self.pipeline, tell=tell)

    @property
    def rules(self) -> RulesInForce:
        """The rules in force."""
        return self._watch.in_force

    async def load(self) -> None:
        """Bring feeds, sites and rules into force. Raises ConfigError when one of them cannot be read."""
        await self.reload_feeds()
        await asyncio.to_thread(self._reach_back)
        await asyncio.to_thread(self._watch.start)
        rules = self.rules
        feeds = f"{self.feeds} feed{'' if self.feeds == 1 else 's'}"
        topics = f"{len(rules.versions)} topic{'' if len(rules.versions) == 1 else 's'}"
        log.info("in force: %s, %s, rules version %s", feeds, topics, rules.version)

    def _reach_back(self) -> None:
        """Make what copies are found by where the window has become wider: nothing to do on all other days."""
        since = utc_now() - self._window
        count = 0
        while some := self._store.reach_back(since):
            count += some
        if count:
            log.info("copies are looked for further back than before: read %s articles again for that", f"{count:,}")

    async def reload_feeds(self) -> None:
        """Read feeds.toml and sites.toml anew, with the secrets that they name.

        A feed or a site whose secret cannot be had is told of, and hinders no other. Raises ConfigError; what was in
        force stays so then.
        """
        sites = await asyncio.to_thread(read_sites, self._config.sites_file)
        hosts, missing = await asyncio.to_thread(sites.host_settings)
        feeds = await asyncio.to_thread(read_feeds, self._config.feeds_file)
        access, faults = await asyncio.to_thread(read_all_access, feeds)
        for line in faults:
            log.error("this feed is not polled: %s", line)
        configured = [
            ConfiguredFeed(
                url=feed.url,
                title=feed.title,
                is_paused=feed.is_paused,
                lacks_secret=access[feed.url].missing is not None,
            )
            for feed in feeds
        ]
        await asyncio.to_thread(self._store.sync_feeds, configured, utc_now())
        if self._hosts is not None:
            tell_missing(missing)
        self._access, self._sites, self._hosts = access, sites, hosts
        self._fetcher.use_hosts(hosts)
        self.feeds = len(feeds)

    def _site_rule(self, host: str) -> SiteRule | None:
        return self._sites.rule_for(host)

    # --- rules --------------------------------------------------------------------------------------

    def look_at_rules(self, *, is_asked: bool = False) -> None:
        """Begin to look whether the rule files have changed, unless such a look is under way; returns at once.

        What has changed comes into force as soon as it is read, while work goes on; steps under way end with the
        rules they began with. *is_asked*: also try again files that could not be brought into force before.
        """
        self._is_asked = self._is_asked or is_asked
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._follow_rules(), name="rules")
            self._look.add_done_callback(_tell_bug)

    async def stop_looking(self, *, grace_s: float) -> None:
        """Look no more; what is read at this moment comes into force within *grace_s* seconds, or not at all."""
        self._is_stopping = True
        if self._look is not None:
            await asyncio.wait([self._look], timeout=grace_s)

    async def _follow_rules(self) -> None:
        is_asked, self._is_asked = self._is_asked, False
        digest = await asyncio.to_thread(self._watch.look)
        for _ in range(MAX_WAITS):
            if self._is_stopping:
                return
            if not self._watch.is_news(digest, is_asked=is_asked):
                if is_asked:
                    log.info("the rules in force are what the files say")
                return
            await asyncio.sleep(SETTLE_S)
            before, digest = digest, await asyncio.to_thread(self._watch.read_digest)
            # A file may be emptied again just before it is read; then it has not come to rest.
            if digest == before and await asyncio.to_thread(self._watch.reload, digest, only_these=True):
                return
        await asyncio.to_thread(self._watch.reload, digest)

    # --- work ---------------------------------------------------------------------------------------

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
        await self.forget_old()
        await self.tidy()
        return self.cycle.take_report()

    async def queue_due_feeds(self, *, limit: int, is_everything_due: bool = False) -> None:
        """Queue polls of feeds that are due and not queued yet."""
        taken = self.cycle.taken_feeds
        find = partial(
            self._store.due_feeds, await self._look_at_clock(), limit, taken, is_everything_due=is_everything_due
        )
        self.cycle.poll(await asyncio.to_thread(find))

    async def count_due_feeds(self) -> int:
        """How many feeds are due now."""
        return len(await asyncio.to_thread(self._store.due_feeds, await self._look_at_clock(), 1_000_000))

    async def _look_at_clock(self) -> datetime:
        """What time it is. At the first look, and when the clock was set back, what was planned is looked through."""
        now = utc_now()
        if self._looked_at is None or self._looked_at - now >= LEAST:
            ahead = await asyncio.to_thread(self._store.follow_clock, now)
            if ahead:
                log.warning(
                    "the clock was set back by %s; what was planned is planned anew", in_words(ahead.total_seconds())
                )
        self._looked_at = now
        return now

    async def queue_due_entries(self, *, limit: int, without: AbstractSet[int] = frozenset()) -> set[int]:
        """Queue entries that are due, not queued yet and not among *without*; returns their ids."""
        taken = self.cycle.taken_entries | without
        dues = await asyncio.to_thread(self._store.due_entries, utc_now(), limit, taken)
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
            store=self._store,
            post=self._fetcher,
            pipeline=self.pipeline,
            callback=callback,
            has_room=lambda: self._space.was_enough,
        )

    async def look_for_drift(self) -> None:
        """See whether pages of a site have changed their nature; that is stored and logged."""
        await asyncio.to_thread(look_for_drift, self._store, utc_now())

    async def look_for_room(self) -> Room:
        """How much is free on the disk of the database, and whether that is enough to take anything new."""
        return await asyncio.to_thread(self._space.look)

    async def try_to_write(self) -> None:
        """See whether the database can be written again. Raises StorageError."""
        await asyncio.to_thread(self._store.try_to_write)

    async def hold_lock(self) -> None:
        """See to it that we have the database alone still. Raises StorageError when another has it by now."""
        if self._lock is not None:
            await asyncio.to_thread(self._lock.hold)

    async def forget_old(self) -> None:
        """Forget what is older than the settings allow, in batches between which others write."""
        now = utc_now()
        batches = forget(self._store, cutoffs(self._settings.store, now), now)
        while await asyncio.to_thread(next, batches, None) is not None:
            pass
        while await asyncio.to_thread(self._store.cut_postings, now - self._window):
            pass

    async def tidy(self) -> None:
        """Let the database know itself again, and cut back the file of its log."""
        await asyncio.to_thread(self._store.refresh_statistics)
        await asyncio.to_thread(self._shrink_log)

    def _shrink_log(self) -> None:
        from storage.address import SqliteFile, read_address
        from storage.upkeep.wal import shrink

        database = read_address(self._settings.database.url)
        if not isinstance(database, SqliteFile):
            return
        log_of_writes = shrink(database.path)
        if log_of_writes.held_bytes > WAL_LIMIT_BYTES:
            megabytes = log_of_writes.bytes / 1e6
            log.warning(
                "the write-ahead log has grown to %.0f MB: a program that reads the database holds it back", megabytes
            )


def _tell_bug(look: asyncio.Task[None]) -> None:
    if not look.cancelled() and (error := look.exception()) is not None:
        log.error("a bug broke the look at the rules; it is tried again at the next tick", exc_info=error)
