"""Looks at each configured feed now, and stores nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.errors import IngestError
from ingest.web import Page, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ingest.ports import Fetch, Workers

#: feeds looked at at the same time; the fetcher goes host by host
AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCheck:
    """How a feed answered."""

    url: str
    #: HTTP status, or None when no answer came
    status: int | None = None
    #: where it has moved for good, or None
    moved_to: str | None = None
    #: "rss", "rdf", "atom" or "json"; None when it could not be read
    kind: str | None = None
    title: str | None = None
    entries: int | None = None
    #: a `Reason`, or None when all is well
    reason: str | None = None
    detail: str | None = None


async def check_feeds(urls: Iterable[str], fetch: Fetch, workers: Workers) -> AsyncIterator[FeedCheck]:
    """Yield a check for each of *urls* as they come in."""
    places = asyncio.Semaphore(AT_ONCE)

    async def check(url: str) -> FeedCheck:
        async with places:
            return await check_feed(url, fetch, workers)

    tasks = [asyncio.create_task(check(url)) for url in urls]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def check_feed(url: str, fetch: Fetch, workers: Workers) -> FeedCheck:
    """Fetch and read one feed."""
    status: int | None = None
    try:
        answer = await fetch.get(Request(url=url, is_feed=True))
        if not isinstance(answer, Page):
            return FeedCheck(url=url, status=304, reason="http_server", detail="304, although nothing was known before")
        status = answer.status
        document = await workers.parse_feed(answer, DEFAULT_TRACKERS)
    except IngestError as error:
        return FeedCheck(url=url, status=error.status or status, reason=str(error.reason), detail=error.detail)
    return FeedCheck(
        url=url,
        status=status,
        moved_to=answer.moved_to,
        kind=document.feed_format,
        title=document.title,
        entries=len(document.entries),
    )
