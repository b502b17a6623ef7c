"""Goes back through the older pages of a feed: RFC 5005, paged and archived feeds.

A document names the page with the entries before its own (`FeedDocument.next_url`); so does that page. Each page is
stored before the next one is asked for, so a kill in between loses nothing that was read.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.errors import IngestError, Permanent, Reason
from ingest.identity import recognise
from ingest.listing import flag_future
from ingest.polling import FoundBy
from ingest.web import NotModified

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingest.polling import Feed
    from ingest.ports import Fetch, Store, Workers
    from ingest.web import Page, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What a walk through the older pages of a feed has brought."""

    feed_id: int
    url: str
    #: pages read, the feed's own document included
    pages: int = 0
    #: entries that they list, and those of them that were not known
    listed: int = 0
    new: int = 0
    #: why it ended, one sentence for people
    why: str = ""
    #: the page that failed, and how; what came before it is stored
    error: IngestError | None = None


class OlderPages:
    """Walks through the older pages of feeds. *request* makes the GET of a document of a feed."""

    def __init__(
        self,
        *,
        store: Store,
        fetch: Fetch,
        workers: Workers,
        trackers: tuple[str, ...],
        request: Callable[[Feed, str], Request],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._workers = workers
        self._trackers = trackers
        self._request = request
        self._clock = clock

    async def backfill_feed(
        self,
        feed_id: int,
        max_pages: int,
        *,
        beyond_known: bool = False,
        tell: Callable[[Backfilled], None] | None = None,
    ) -> Backfilled:
        """Store the unknown entries of at most *max_pages* pages of a feed, its own document being the first.

        Ends at the last page, at one that was read already or is the same again under another address, at the first
        that fails, and at the first older page of which every entry is known, unless *beyond_known*. The feed's plan
        stays as it is. *tell* is called after each page.

        Raises StoreError, and LookupError where there is no such feed.
        """
        feed = await asyncio.to_thread(self._store.feed, feed_id)
        done = Backfilled(feed_id=feed.id, url=feed.url)
        url: str | None = feed.fetch_url
        asked: set[str] = set()
        bodies: set[bytes] = set()
        while url is not None:
            if done.pages >= max_pages:
                return replace(done, why=f"as many pages as were asked for ({max_pages}); {url} would be the next")
            if url in asked:
                return replace(done, why=f"the pages go in a circle: {url} was read already")
            asked.add(url)
            try:
                page = await self._get(feed, url)
                digest = hashlib.sha256(page.body).digest()
                if digest in bodies:
                    return replace(done, why=f"{url} is a page again that was read already")
                bodies.add(digest)
                listed, new, url_next = await self._take(feed, page, is_first=not done.pages)
            except IngestError as error:
                return replace(done, why=f"{url} cannot be read: {error.detail}", error=error)
            done = replace(done, pages=done.pages + 1, listed=done.listed + listed, new=done.new + new)
            if tell is not None:
                tell(done)
            if done.pages > 1 and listed and not new and not beyond_known:
                return replace(done, why=f"all entries of {url} are known")
            url = url_next
        return replace(done, why="there are no older pages" if done.pages > 1 else "the feed names no older pages")

    async def _get(self, feed: Feed, url: str) -> Page:
        answer = await self._fetch.get(self._request(feed, url))
        if isinstance(answer, NotModified):
            raise Permanent(Reason.HTTP_SERVER, url, "the server says 304 (not modified) unasked", status=304)
        return answer

    async def _take(self, feed: Feed, page: Page, *, is_first: bool) -> tuple[int, int, str | None]:
        """Store what is new on a page; return how many entries it lists, how many are new, and where older ones are."""
        document = await self._workers.parse_feed(page, self._trackers)
        now = self._clock()
        entries = flag_future(document.entries, now)
        known = await asyncio.to_thread(self._store.known_entries, feed.id, entries)
        found_by = FoundBy.FEED if is_first else FoundBy.ARCHIVE
        new = tuple(replace(entry, found_by=found_by) for entry in recognise(entries, known).new)
        if new:
            await asyncio.to_thread(self._store.record_found, feed.id, new, now)
        return len(entries), len(new), document.next_url
