"""Looks at feeds now, and stores nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.errors import IngestError
from ingest.feed_access import with_access
from ingest.model import utc_now
from ingest.polling import FeedAccess
from ingest.sitemap_reading import SitemapReader
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
    #: sitemaps that an index lists, and how many of them were read for its entries; None: it is none
    sitemaps: int | None = None
    sitemaps_read: int | None = None
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
    #: of a sitemap index, how many of its sitemaps were read; None: it is none, or they were not wanted
    sitemaps_read: int | None = None

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
            sitemaps=len(self.document.children) if self.document.children else None,
            sitemaps_read=self.sitemaps_read,
            problems=self.document.problems,
        )


async def check_feeds(feeds: Mapping[str, FeedAccess], fetch: Fetch, workers: Workers) -> AsyncIterator[FeedCheck]:
    """Yield a check for each of *feeds*, by their addresses, as they come in."""
    places = asyncio.Semaphore(AT_ONCE)

    async def check(url: str, access: FeedAccess) -> FeedCheck:
        async with places:
            return (await ask(url, access, fetch, workers, follows=True)).check

    tasks = [asyncio.create_task(check(url, access)) for url, access in feeds.items()]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask(url: str, access: FeedAccess, fetch: Fetch, workers: Workers, *, follows: bool = False) -> Answered:
    """Fetch and read one feed; what goes wrong is part of the answer.

    *follows*: of a sitemap index, read also the sitemaps that its first poll would read.
    """
    page: Page | None = None
    try:
        answer = await fetch.get(with_access(Request(url=url, is_feed=True), url, access))
        if not isinstance(answer, Page):
            return Answered(url=url)
        page = answer
        document = await workers.parse_feed(page, DEFAULT_TRACKERS)
        if document.children and follows:
            reader = SitemapReader(fetch=fetch, workers=workers, trackers=DEFAULT_TRACKERS)
            index = await reader.with_children(
                document, None, utc_now(), lambda child: with_access(Request(url=child, is_feed=True), url, access)
            )
            return Answered(url=url, page=page, document=index.document, sitemaps_read=index.read)
    except IngestError as error:
        return Answered(url=url, page=page, error=error)
    return Answered(url=url, page=page, document=document)


def format_name(feed_format: str) -> str:
    """Return what people call a document of *feed_format*, see `FeedDocument`.

    >>> format_name("atom"), format_name("rss"), format_name("sitemap index")
    ('Atom feed', 'RSS feed', 'sitemap index')
    """
    if feed_format.startswith("sitemap"):
        return feed_format
    return f"{'Atom' if feed_format == 'atom' else feed_format.upper()} feed"
