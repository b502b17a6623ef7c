"""What a worker works with: the pipeline over the shared database, with rules and turns that all workers share."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.model import utc_now
from ingest.shared_turns import SharedTurns
from wirewatch.configured import Configured
from wirewatch.jobs.stored_rules import StoredRules
from wirewatch.upkeep import Keeper, recall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.fetch import Fetcher
    from ingest.workers import Workers
    from storage.jobs.turns import HostTurnTable
    from storage.store import Store
    from wirewatch.places import ConfigDir
    from wirewatch.settings import Settings


class Desk:
    """The steps of a worker and what it shares with others. Raises ConfigError when its files are invalid."""

    def __init__(
        self,
        *,
        config: ConfigDir,
        settings: Settings,
        trackers: tuple[str, ...],
        store: Store,
        fetcher: Fetcher,
        workers: Workers,
        table: HostTurnTable,
    ) -> None:
        from ingest.pipeline import Pipeline

        self.store = store
        self.table = table
        self.rules = StoredRules(store, prepare=workers.prepare)
        self._fetcher = fetcher
        self._keeper = Keeper(store, fetcher.take_changes)
        configured = Configured(config, fetcher.use_hosts)
        configured.use(configured.read())
        self.pipeline = Pipeline(
            store=store,
            fetch=fetcher,
            workers=workers,
            rules=lambda: self.rules.in_force.ruleset,
            window=timedelta(days=settings.copies.window_days),
            trackers=trackers,
            access=configured.access,
            is_configured=configured.is_configured,
            robots_sitemaps=fetcher.robots_sitemaps,
            site_rule=configured.site_rule,
        )

    async def keep_turns(self, jobs: Iterable[str]) -> None:
        """Renew the turns at hosts and at *jobs* that are held. Raises StoreError."""
        if isinstance(self._fetcher.turns, SharedTurns):
            await self._fetcher.turns.keep()
        if keys := tuple(jobs):
            await asyncio.to_thread(self.table.renew, keys)

    async def exchange_wishes(self) -> None:
        """Store what servers have asked of us, and take up what they have asked of others. Raises StoreError."""
        await asyncio.to_thread(self._keeper.keep)
        self._fetcher.learn(await asyncio.to_thread(recall, self.store, utc_now()))

    async def leave(self) -> None:
        """Give back what is held, at the end. Raises StoreError."""
        if isinstance(self._fetcher.turns, SharedTurns):
            await self._fetcher.turns.settle()
        await asyncio.to_thread(self.table.drop_all)
        await asyncio.to_thread(self._keeper.keep)
