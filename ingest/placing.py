"""The end of the way of an entry: its article is placed among the stories that are stored, and stored with them.

Between the look for candidates and the storing related articles can come in; then both are done again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.copies.model import Placement
from ingest.errors import Conflict, Overtaken
from ingest.model import Item
from ingest.outcome import forgotten

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ingest.model import Entry, EntryOutcome, Reading, Reread, Saved, StoredArticle
    from ingest.ports import Store, Workers
    from ingest.together import StoreCalls
    from ingest.web import Page

log = logging.getLogger(__name__)

#: How often a step looks for candidates again under the lock. Steps that have met no conflict yet can still come in
#: between, each once, so this is more than there can be at work at once.
MAX_CONFLICTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What `ingest_entry` did; without an outcome there was nothing to do."""

    entry_id: int
    outcome: EntryOutcome | None = None
    saved: Saved | None = None
    #: number of relations found, and of topics matched, of what was saved
    relations: int = 0
    matches: int = 0


class Placing:
    """Places articles and stores them; *window* is how far back copies are looked for. For one event loop."""

    def __init__(self, *, store: Store, calls: StoreCalls, workers: Workers, window: timedelta) -> None:
        self._store = store
        self._calls = calls
        self._workers = workers
        self._window = window
        self._alone = asyncio.Lock()

    async def save(
        self,
        entry: Entry,
        stored: StoredArticle | None,
        reading: Reading,
        outcome: EntryOutcome | None,
        now: datetime,
        *,
        page: Page | None,
        also: str | None = None,
        reread: Reread | None = None,
    ) -> Ingested:
        """Place the article of *entry* and store it, *also* under another address.

        Without *outcome*, the entry stands as it did. *reread* is given where the text comes from a page that is kept.
        Nothing is saved of an article that was forgotten. Raises Overtaken when the article itself came in meanwhile,
        and Conflict when related articles come in between again and again.
        """
        addresses = {reading.article.url, also or reading.article.url}
        if entry.page_address is not None and reread is None:
            addresses.add(entry.page_address)
        try:
            return await self._try(entry, stored, reading, outcome, now, addresses, page, reread)
        except Overtaken:
            raise
        except Conflict:
            log.debug("entry %d: related articles came in between; placed again", entry.id)
        # From here on one at a time, or each round of a story at many outlets would have one winner.
        async with self._alone:
            for _ in range(MAX_CONFLICTS):
                try:
                    return await self._try(entry, stored, reading, outcome, now, addresses, page, reread)
                except Overtaken:
                    raise
                except Conflict:
                    continue
        raise Conflict(f"entry {entry.id}: related articles kept coming in between, {MAX_CONFLICTS} times")

    async def _try(
        self,
        entry: Entry,
        stored: StoredArticle | None,
        reading: Reading,
        outcome: EntryOutcome | None,
        now: datetime,
        addresses: set[str],
        page: Page | None,
        reread: Reread | None,
    ) -> Ingested:
        """Compare with what is stored now, and store. Raises Conflict."""
        candidates = await self._calls.read(
            self._store.candidates,
            reading.fingerprint,
            site=reading.article.source,
            since=now - self._window,
            known_as=None if stored is None else stored.id,
        )
        placement = await self._workers.relate(reading, candidates) if candidates.rows else Placement()
        item = Item(
            entry_id=entry.id,
            now=now,
            outcome=outcome,
            reading=reading,
            placement=placement,
            seen=candidates.seen,
            addresses=tuple(sorted(addresses)),
            page=page,
            reread=reread,
            is_first=stored is None and reread is None,
        )
        saved = await self._calls.write(self._store.save, item)
        if saved is None and outcome is not None:
            return Ingested(entry_id=entry.id, outcome=forgotten(outcome.fetched))
        return Ingested(
            entry_id=entry.id,
            outcome=outcome,
            saved=saved,
            relations=len(placement.relations),
            matches=len(reading.matches),
        )
