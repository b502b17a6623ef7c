"""The two steps that the whole product consists of.

`refresh_feed(feed_id)`: store.feed | fetch | parse_feed | recognise | schedule | store.record_poll
`ingest_entry(entry_id)`: store.entry | fetch | read_page | store.candidates | relate | store.save

A step takes an id, reads what it needs, writes once in one transaction, and may run twice: a kill at any
point loses nothing, and the second run finds what the first one stored. Waits, retries and states are
decided by `schedule`, which is pure; here they are only applied.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest import outcome, schedule
from ingest.address import DEFAULT_TRACKERS, normalise_address
from ingest.copies.model import Placement
from ingest.errors import Conflict, Permanent, StoreError, Transient
from ingest.identity import known_share, recognise
from ingest.model import Item, TextFrom, utc_now
from ingest.polling import Poll
from ingest.turns import Turns
from ingest.web import NotModified, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingest.errors import IngestError
    from ingest.model import Entry, EntryOutcome, Reading, Saved, StoredArticle
    from ingest.polling import Feed
    from ingest.ports import Fetch, Store, Workers
    from ingest.web import Page
    from rules.match import RuleSet

log = logging.getLogger(__name__)

#: How often a step looks for candidates again under the lock. Steps that have met no conflict yet can still come in
#: between, each once, so this is more than there can be at work at once.
MAX_CONFLICTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What `refresh_feed` did."""

    feed_id: int
    url: str
    new: int = 0
    changed: int = 0
    #: ids of the entries that now want a step
    entry_ids: tuple[int, ...] = ()
    #: why the poll failed, or None
    error: IngestError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What `ingest_entry` did; without an outcome there was nothing to do."""

    entry_id: int
    outcome: EntryOutcome | None = None
    saved: Saved | None = None
    #: number of relations found, and of topics matched, of what was saved
    relations: int = 0
    matches: int = 0


class Pipeline:
    """The steps, with what they need from the outside.

    *rules* gives the rule set in force; it is asked once per step, so a reload between two steps is seen
    and one within a step is not. *window* is how far back copies are looked for, *trackers* are the parameters
    that make no other page of an address.
    """

    def __init__(
        self,
        *,
        store: Store,
        fetch: Fetch,
        workers: Workers,
        rules: Callable[[], RuleSet],
        window: timedelta = timedelta(days=14),
        trackers: tuple[str, ...] = DEFAULT_TRACKERS,
        clock: Callable[[], datetime] = utc_now,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._workers = workers
        self._rules = rules
        self._window = window
        self._clock = clock
        self._draw = draw
        self._trackers = trackers
        self._pages = Turns()
        self._finals = Turns()
        self._placing = asyncio.Lock()
        #: steps that read their entry at this moment, and the pages whose step ended since the first of them began
        self._readers = 0
        self._ended_meanwhile: set[str | None] = set()

    # --- polling ------------------------------------------------------------------------------------

    async def refresh_feed(self, feed_id: int) -> Refreshed:
        """Poll one feed and store what it lists. A failed poll is an outcome, not an exception."""
        feed = await asyncio.to_thread(self._store.feed, feed_id)
        try:
            poll = await self._poll(feed)
        except (Transient, Permanent) as error:
            return await self._record_failure(feed, error)
        except StoreError:
            raise
        except Exception as error:
            log.exception("feed %s: a bug broke the poll; it is tried again later", feed.url)
            return await self._record_failure(feed, outcome.bug_as_fault(feed.url, error))
        entry_ids = await asyncio.to_thread(self._store.record_poll, poll)
        return Refreshed(
            feed_id=feed.id, url=feed.url, new=len(poll.new), changed=len(poll.changed), entry_ids=entry_ids
        )

    async def _record_failure(self, feed: Feed, error: Transient | Permanent) -> Refreshed:
        await asyncio.to_thread(self._store.record_poll, self._failed_poll(feed, error))
        return Refreshed(feed_id=feed.id, url=feed.url, error=error)

    async def _poll(self, feed: Feed) -> Poll:
        is_full = schedule.wants_full_poll(feed, self._clock())
        answer = await self._fetch.get(
            Request(
                url=feed.fetch_url,
                is_feed=True,
                etag=None if is_full else feed.etag,
                last_modified=None if is_full else feed.last_modified,
            )
        )
        if isinstance(answer, NotModified):
            return self._unchanged_poll(feed, answer, is_full=False)
        body_hash = hashlib.sha256(answer.body).hexdigest()
        if body_hash == feed.body_hash:
            return self._unchanged_poll(feed, answer, is_full=is_full)
        return await self._document_poll(feed, answer, body_hash, was_conditional=not is_full)

    async def _document_poll(self, feed: Feed, page: Page, body_hash: str, *, was_conditional: bool) -> Poll:
        document = await self._workers.parse_feed(page, self._trackers)
        known = await asyncio.to_thread(self._store.known_entries, feed.id, document.entries)
        recognised = recognise(document.entries, known)
        now = self._clock()
        plan = schedule.after_poll(
            feed,
            now=now,
            jitter=self._draw(),
            known_share=known_share(recognised),
            ttl_s=document.ttl_s,
            headers=page.headers,
        )
        return Poll(
            feed_id=feed.id,
            polled_at=now,
            plan=plan,
            status=page.status,
            title=document.title,
            fetch_url=page.moved_to,
            is_document=True,
            # What was cut off must come with the next poll, so that one is not conditional.
            etag=page.etag if document.is_whole else None,
            last_modified=page.last_modified if document.is_whole else None,
            body_hash=body_hash if document.is_whole else None,
            was_conditional=was_conditional,
            listed_count=len(document.entries),
            new=recognised.new,
            changed=recognised.changed,
            seen=recognised.seen,
        )

    def _unchanged_poll(self, feed: Feed, answer: Page | NotModified, *, is_full: bool) -> Poll:
        """Nothing new: a 304, or the same body again."""
        now = self._clock()
        plan = schedule.after_poll(feed, now=now, jitter=self._draw(), known_share=1.0, headers=answer.headers)
        return Poll(
            feed_id=feed.id,
            polled_at=now,
            plan=plan,
            status=304 if isinstance(answer, NotModified) else answer.status,
            was_conditional=not is_full,
        )

    def _failed_poll(self, feed: Feed, error: Transient | Permanent) -> Poll:
        now = self._clock()
        return Poll(
            feed_id=feed.id,
            polled_at=now,
            plan=schedule.after_failure(feed, error, now=now, jitter=self._draw()),
            status=error.status,
            error=error.reason,
            error_detail=error.detail,
            fetch_url=feed.url if schedule.wants_configured_address(feed, error) else None,
        )

    # --- one entry ----------------------------------------------------------------------------------

    async def ingest_entry(self, entry_id: int) -> Ingested:
        """Get the text of one entry, place it among the stories, match it, store all of it.

        Does nothing when nothing is due. Whatever goes wrong with the page is an outcome; a bug of ours is
        logged and the entry tried again; only errors of the store leave this method.
        """
        self._readers += 1
        try:
            entry, stored = await asyncio.to_thread(self._store.entry_and_article, entry_id)
        finally:
            self._readers -= 1
        is_outdated = entry.page_address in self._ended_meanwhile
        if not self._readers:
            self._ended_meanwhile.clear()
        # Entries that share a page are worked on one after the other, so that it is fetched once.
        async with self._pages.hold(_page_of(entry)) as has_waited:
            if has_waited or is_outdated:
                # Another entry of the same page was at work since this one was read.
                entry, stored = await asyncio.to_thread(self._store.entry_and_article, entry_id)
            try:
                return await self._ingest(entry, stored)
            finally:
                if self._readers:
                    self._ended_meanwhile.add(entry.page_address)

    async def _ingest(self, entry: Entry, stored: StoredArticle | None) -> Ingested:
        now = self._clock()
        if not outcome.is_due(entry, now):
            return Ingested(entry_id=entry.id)
        if stored is not None and outcome.is_read_already(entry, stored):
            return await self._finish(entry, outcome.already_read(entry, stored), stored)
        try:
            return await self._ingest_due(entry, stored, now)
        except (StoreError, Conflict):
            raise
        except Exception as error:
            log.exception("entry %d (%s): a bug broke the step; it is tried again", entry.id, entry.link)
            return await self._finish(entry, outcome.after_crash(entry, stored, error, now), stored)

    async def _ingest_due(self, entry: Entry, stored: StoredArticle | None, now: datetime) -> Ingested:
        try:
            answer = await self._fetch.get(outcome.page_request(entry, stored))
            if isinstance(answer, NotModified):
                return await self._finish(entry, outcome.with_page(entry, stored, now), stored)
            final = normalise_address(answer.url, self._trackers)
        except (Transient, Permanent) as error:
            return await self._do_without_page(entry, stored, error, now)
        # Different links can lead to one page: the first to come stores it, the others find it stored.
        async with self._finals.hold(final):
            if final != entry.page_address:
                # The page has the last word: it may be an article that is stored under its own address.
                stored = await asyncio.to_thread(self._store.article_at, (final,)) or stored
            try:
                title = outcome.title_for(entry, stored)
                reading = await self._workers.read_page(answer, final, entry, title, self._rules())
            except (Transient, Permanent) as error:
                return await self._do_without_page(entry, stored, error, now)
            return await self._save(entry, stored, reading, outcome.with_page(entry, stored, now), now, page=answer)

    async def _do_without_page(
        self, entry: Entry, stored: StoredArticle | None, error: Transient | Permanent, now: datetime
    ) -> Ingested:
        """Fall back to what the feed itself says, unless a text is stored already and nothing has changed."""
        is_page_stored = stored is not None and stored.text_from is TextFrom.PAGE
        if is_page_stored or (stored is not None and not entry.is_changed):
            return await self._finish(
                entry, outcome.without_page(entry, stored, error, now, has_feed_text=True), stored
            )
        try:
            title = outcome.title_for(entry, stored)
            reading = await self._workers.read_feed_text(entry, title, self._rules())
        except Transient as passing:
            # The text is there and only could not be read just now, so the entry must not end here.
            without = outcome.without_page(entry, stored, passing, now, has_feed_text=False)
            return await self._finish(entry, without, stored)
        except Permanent:
            without = outcome.without_page(entry, stored, error, now, has_feed_text=False)
            return await self._finish(entry, without, stored)
        without = outcome.without_page(entry, stored, error, now, has_feed_text=True)
        return await self._save(entry, stored, reading, without, now, page=None)

    async def _finish(self, entry: Entry, outcome_: EntryOutcome, stored: StoredArticle | None) -> Ingested:
        article_id = None if stored is None else stored.id
        await asyncio.to_thread(self._store.finish_entry, entry.id, outcome_, article_id=article_id)
        return Ingested(entry_id=entry.id, outcome=outcome_)

    async def _save(
        self,
        entry: Entry,
        stored: StoredArticle | None,
        reading: Reading,
        outcome_: EntryOutcome,
        now: datetime,
        *,
        page: Page | None,
    ) -> Ingested:
        """Place the article and store it; again when related articles came in between."""
        addresses = {reading.article.url}
        if entry.page_address is not None:
            addresses.add(entry.page_address)
        try:
            return await self._place_and_save(entry, stored, reading, outcome_, now, addresses, page)
        except Conflict:
            log.debug("entry %d: related articles came in between; placed again", entry.id)
        # From here on one at a time, or each round of a story at many outlets would have one winner.
        async with self._placing:
            for _ in range(MAX_CONFLICTS):
                with suppress(Conflict):
                    return await self._place_and_save(entry, stored, reading, outcome_, now, addresses, page)
        raise Conflict(f"entry {entry.id}: related articles kept coming in between, {MAX_CONFLICTS} times")

    async def _place_and_save(
        self,
        entry: Entry,
        stored: StoredArticle | None,
        reading: Reading,
        outcome_: EntryOutcome,
        now: datetime,
        addresses: set[str],
        page: Page | None,
    ) -> Ingested:
        """Compare with what is stored now, and store. Raises Conflict."""
        candidates = await asyncio.to_thread(
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
            outcome=outcome_,
            reading=reading,
            placement=placement,
            seen=candidates.seen,
            addresses=tuple(sorted(addresses)),
            page=page,
        )
        saved = await asyncio.to_thread(self._store.save, item)
        return Ingested(
            entry_id=entry.id,
            outcome=outcome_,
            saved=saved,
            relations=len(placement.relations),
            matches=len(reading.matches),
        )


def _page_of(entry: Entry) -> str:
    return entry.page_address or f"entry {entry.id}"
