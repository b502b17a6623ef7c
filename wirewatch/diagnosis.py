"""Diagnoses one feed: what it answers now, hop by hop, and what the database knows of it. Stores nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from email.message import Message
from typing import TYPE_CHECKING, Protocol

from ingest.errors import IngestError
from ingest.feed_access import with_access
from ingest.listing import flag_future
from ingest.polling import DateFault
from ingest.ports import Fetch
from ingest.target import redact
from ingest.web import NotModified, Request
from wirewatch.feed_fields import DIAGNOSIS
from wirewatch.feedcheck import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ingest.polling import FeedAccess, FeedDocument
    from ingest.ports import Workers
    from ingest.web import Hop, Page
    from storage.lists.trail_records import EventRecord
    from storage.records import FeedRecord
    from wirewatch.feedcheck import Answered
    from wirewatch.feedlist import FeedLine

#: headers that tell how a feed is served; names in lower case
TELLING_HEADERS = (
    "content-type",
    "content-encoding",
    "etag",
    "last-modified",
    "cache-control",
    "expires",
    "age",
    "retry-after",
    "date",
    "server",
    "via",
    "cf-mitigated",
    "x-robots-tag",
    "link",
)
#: of a header, so much is told
MAX_HEADER_CHARS = 300


class Site(Protocol):
    """The part of `ingest.fetch.Fetcher` that is asked about robots.txt. Both raise Transient or Permanent."""

    async def allowed(self, url: str) -> bool:
        """Whether robots.txt allows the page to be read."""
        ...

    async def robots_sitemaps(self, url: str) -> Sequence[str]:
        """Return the sitemaps that the robots.txt of the site names."""
        ...


class Looker(Fetch, Site, Protocol):
    """What a diagnosis is made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesTold:
    """What the dates of the entries say."""

    newest: datetime | None
    oldest: datetime | None
    #: how many entries have this wrong with their date, see `ingest.polling.DateFault`
    missing: int
    future: int
    zone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsTold:
    """What the robots.txt of the site says of the first page that the feed links to. It is not asked for the feed."""

    page: str
    #: None: it could not be had
    is_allowed: bool | None
    #: why it could not be had, or None
    problem: str | None
    #: what it names as sitemaps
    sitemaps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What one feed answers now. What is not known is None or empty."""

    url: str
    status: int | None
    reason: str | None
    detail: str | None
    #: where the answer came from
    final_url: str | None
    moved_to: str | None
    hops: tuple[Hop, ...]
    headers: dict[str, str]
    bytes: int | None
    content_type: str | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    #: what came when it was asked again with its validators; None: it has none, or was not asked
    again_status: int | None
    again_detail: str | None
    kind: str | None
    title: str | None
    entries: int | None
    #: as of `FeedCheck`
    sitemaps: int | None
    sitemaps_read: int | None
    ttl_s: int | None
    problems: tuple[str, ...]
    is_cut: bool
    dates: DatesTold | None
    older_page: str | None
    self_url: str | None
    hubs: tuple[str, ...]
    robots: RobotsTold | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that is told of one feed."""

    url: str
    is_configured: bool
    is_paused: bool
    #: what is sent with its polls, by name only
    with_access: tuple[str, ...]
    live: Live
    #: the feed as the database knows it; None: it does not
    stored: FeedRecord | None
    #: what happened to it, the newest first
    events: tuple[EventRecord, ...]


def as_row(told: Diagnosis) -> dict[str, object]:
    """Return the diagnosis with the fields of its JSON object, `feed_fields.DIAGNOSIS`."""
    row = asdict(told) | asdict(told.live)
    return {column.name: row[column.name] for column in DIAGNOSIS}


def names_of(feed: FeedLine | None) -> tuple[str, ...]:
    """Return what is sent with the polls of *feed*, without any value."""
    if feed is None:
        return ()
    names = [f"header {name}" for name, _ in feed.headers]
    if feed.user is not None:
        names.append(f"user name {feed.user}" + (" and a password" if feed.password else ""))
    return tuple(names)


async def look(url: str, access: FeedAccess, looker: Looker, workers: Workers, clock: Callable[[], datetime]) -> Live:
    """Ask for the feed, once more with its validators, and for the robots.txt of the first page that it links to.

    *clock* says when an entry is dated in the future.
    """
    answered = await ask(url, access, looker, workers, follows=True)
    page, document, check = answered.page, answered.document, answered.check
    again_status, again_detail = await _again(answered, access, looker)
    return Live(
        url=url,
        status=check.status,
        reason=check.reason,
        detail=check.detail,
        final_url=page.url if page else None,
        moved_to=page.moved_to if page else None,
        hops=page.hops if page else (),
        headers=_telling(page),
        bytes=len(page.body) if page else None,
        content_type=page.headers.get("content-type") if page else None,
        charset=_charset(page),
        etag=page.etag if page else None,
        last_modified=page.last_modified if page else None,
        again_status=again_status,
        again_detail=again_detail,
        kind=check.kind,
        title=check.title,
        entries=check.entries,
        sitemaps=check.sitemaps,
        sitemaps_read=check.sitemaps_read,
        ttl_s=document.ttl_s if document else None,
        problems=check.problems,
        is_cut=document.is_cut if document else False,
        dates=_dates(document, clock()) if document else None,
        older_page=document.next_url if document else None,
        self_url=document.self_url if document else None,
        hubs=document.hubs if document else (),
        robots=await _robots(document, looker) if document else None,
    )


async def _again(answered: Answered, access: FeedAccess, fetch: Fetch) -> tuple[int | None, str | None]:
    """Ask once more, with the validators, as the next poll would; the fetcher sees to the pause."""
    page = answered.page
    if page is None or answered.error is not None or not (page.etag or page.last_modified):
        return None, None
    # where the next poll asks
    url = page.moved_to or answered.url
    request = Request(url=url, is_feed=True, etag=page.etag, last_modified=page.last_modified)
    try:
        answer = await fetch.get(with_access(request, answered.url, access))
    except IngestError as error:
        return error.status, error.detail
    if isinstance(answer, NotModified):
        return 304, None
    same = "the same body again" if answer.body == page.body else "another body"
    return answer.status, f"{same}, not 304: the validators do not work"


async def _robots(document: FeedDocument, site: Site) -> RobotsTold | None:
    page = next((entry.link for entry in document.entries if entry.link), None)
    if page is None:
        return None
    is_allowed: bool | None = None
    problem: str | None = None
    sitemaps: tuple[str, ...] = ()
    try:
        is_allowed = await site.allowed(page)
        sitemaps = tuple(await site.robots_sitemaps(page))
    except IngestError as error:
        problem = error.detail
    return RobotsTold(page=redact(page), is_allowed=is_allowed, problem=problem, sitemaps=sitemaps)


def _telling(page: Page | None) -> dict[str, str]:
    if page is None:
        return {}
    return {name: page.headers[name][:MAX_HEADER_CHARS] for name in TELLING_HEADERS if name in page.headers}


def _charset(page: Page | None) -> str | None:
    if page is None:
        return None
    message = Message()
    message["content-type"] = page.headers.get("content-type", "")
    charset = message.get_content_charset()
    return charset if isinstance(charset, str) else None


def _dates(document: FeedDocument, now: datetime) -> DatesTold:
    entries = flag_future(document.entries, now)
    dates = [entry.date for entry in entries if entry.date is not None]
    faults = Counter(entry.date_fault for entry in entries)
    return DatesTold(
        newest=max(dates, default=None),
        oldest=min(dates, default=None),
        missing=faults[DateFault.MISSING],
        future=faults[DateFault.FUTURE],
        zone=faults[DateFault.ZONE],
    )
