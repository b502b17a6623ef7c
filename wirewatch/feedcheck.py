"""Looks at feeds now, and stores nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.errors import IngestError
from ingest.feed_access import with_access
from ingest.polling import FeedAccess
from ingest.web import Page, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from ingest.polling import FeedDocument
    from ingest.ports import Fetch, Workers

#: feeds looked at at the same time; the fetcher goes host by host
AT_ONCE = 20
NO_ACCESS = FeedAccess()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCheck:
    """How a feed answered."""

    url: str
    #: HTTP status, or None when no answer came
    status: int | None = None
    #: where it has moved for good, or None
    moved_to: str | None = None
    #: "rss", "rdf", "atom", "json", "sitemap" or "sitemap index"; None when it could not be read
    kind: str | None = None
    title: str | None = None
    entries: int | None = None
    #: a `Reason`, or None when all is well
    reason: str | None = None
    detail: str | None = None
    #: what is wrong with the document, a line each
    problems: tuple[str, ...] = ()
    #: from the database: gaps lately, and since when it is silent; None: nothing is known of it
    gaps: int | None = None
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back for one feed: the answer and what was read in it, or the error."""

    url: str
    page: Page | None = None
    document: FeedDocument | None = None
    error: IngestError | None = None

    @property
    def check(self) -> FeedCheck:
        """The same in short."""
        status = self.page.status if self.page else None
        if self.error is not None or self.document is None or self.page is None:
            return FeedCheck(
                url=self.url,
                status=(self.error.status if self.error else None) or status,
                moved_to=self.page.moved_to if self.page else None,
                reason=str(self.error.reason) if self.error else "http_server",
                detail=self.error.detail if self.error else "304, although nothing was known before",
            )
        return FeedCheck(
            url=self.url,
            status=status,
            moved_to=self.page.moved_to,
            kind=self.document.feed_format,
            title=self.document.title,
            entries=len(self.document.entries),
            problems=self.document.problems,
        )


async def check_feeds(feeds: Mapping[str, FeedAccess], fetch: Fetch, workers: Workers) -> AsyncIterator[FeedCheck]:
    """Yield a check for each of *feeds*, by their addresses, as they come in."""
    places = asyncio.Semaphore(AT_ONCE)

    async def check(url: str, access: FeedAccess) -> FeedCheck:
        async with places:
            return (await ask(url, access, fetch, workers)).check

    tasks = [asyncio.create_task(check(url, access)) for url, access in feeds.items()]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask(url: str, access: FeedAccess, fetch: Fetch, workers: Workers) -> Answered:
    """Fetch and read one feed; what goes wrong is part of the answer."""
    page: Page | None = None
    try:
        answer = await fetch.get(with_access(Request(url=url, is_feed=True), url, access))
        if not isinstance(answer, Page):
            return Answered(url=url)
        page = answer
        document = await workers.parse_feed(page, DEFAULT_TRACKERS)
    except IngestError as error:
        return Answered(url=url, page=page, error=error)
    return Answered(url=url, page=page, document=document)
