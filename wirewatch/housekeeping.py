"""What is to be done beside the work, by one process alone: feeds, rules and clock kept in view, old things cut.

`run` and `once` do it for themselves; where work is handed out to several processes, the scheduler that leads does it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.model import utc_now
from ingest.polling import ConfiguredFeed
from ingest.schedule import in_words
from storage.upkeep.clock import LEAST
from wirewatch.drift import look_for_drift
from wirewatch.retention import cutoffs, forget
from wirewatch.rulewatch import RuleWatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rules.match import RuleSet
    from storage.store import Store
    from wirewatch.configured import Configured
    from wirewatch.places import ConfigDir
    from wirewatch.rulebook import RulesInForce
    from wirewatch.settings import Settings

log = logging.getLogger(__name__)

#: How often what is old is forgotten, and the like is done.
MAINTENANCE_EVERY = timedelta(hours=1)

#: Rule files must stay as they are for so long before they are read: an editor empties a file before it fills it,
#: and for that moment its topics would be gone. Both take milliseconds, and a checkout of some files hardly more.
SETTLE_S = 0.25
#: Files that never come to rest are read after so many waits.
MAX_WAITS = 20


class Housekeeping:
    """Keeps a database in order, for one process at a time. Call `load` before anything else.

    *prepare* is called with each set of rules before it comes into force.
    """

    def __init__(
        self,
        *,
        config: ConfigDir,
        settings: Settings,
        store: Store,
        configured: Configured,
        prepare: Callable[[RuleSet], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._configured = configured
        self._watch = RuleWatch(config.rules_dir, store, prepare=prepare)
        self._look: asyncio.Task[None] | None = None
        self._is_asked = False
        self._is_stopping = False
        self._window = timedelta(days=settings.copies.window_days)
        #: when the clock was last looked at
        self._looked_at: datetime | None = None

    @property
    def rules(self) -> RulesInForce:
        """The rules in force."""
        return self._watch.in_force

    async def load(self) -> None:
        """Bring feeds, sites and rules into force. Raises ConfigError when one of them cannot be read."""
        # A scheduler may lead, end, and lead again.
        self._is_stopping = False
        await self.reload_feeds()
        await asyncio.to_thread(self._reach_back)
        await asyncio.to_thread(self._watch.start)
        rules = self.rules
        count = self._configured.feeds
        feeds = f"{count} feed{'' if count == 1 else 's'}"
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
        """Read feeds.toml and sites.toml anew, and poll exactly these feeds from now on.

        Raises ConfigError; what was in force stays so then.
        """
        news = await asyncio.to_thread(self._configured.read)
        configured = [
            ConfiguredFeed(
                url=feed.url,
                title=feed.title,
                is_paused=feed.is_paused,
                lacks_secret=news.access[feed.url].missing is not None,
            )
            for feed in news.lines
        ]
        await asyncio.to_thread(self._store.sync_feeds, configured, utc_now())
        self._configured.use(news)

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

    async def look_at_clock(self) -> datetime:
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

    async def look_for_drift(self) -> None:
        """See whether pages of a site have changed their nature; that is stored and logged."""
        await asyncio.to_thread(look_for_drift, self._store, utc_now())

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
        from storage.sqlite_file import WAL_LIMIT_BYTES
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
