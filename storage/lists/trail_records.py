"""What tells how a feed or an entry fared: events, answers, the whole way of one entry; see `storage.records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from storage.records import ArticleMatchRecord, FeedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """Something that happened to a feed or a site; see `ingest.polling.EventKind`."""

    id: int
    at: datetime
    kind: str
    feed: int | None
    #: configured address of the feed
    feed_url: str | None
    entry: int | None
    #: host of the pages that it concerns
    site: str | None
    #: one line for people
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """How a server answered when the page of an entry was asked for."""

    at: datetime
    #: null: no answer came
    status: int | None
    #: where the answer came from, when that is neither the link of the entry nor the address of its page
    url: str | None
    redirects: int
    #: what came of it
    reason: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailArticle:
    """The article that an entry became, and what that is to others."""

    id: int
    url: str
    title: str
    first_seen: datetime
    #: number of the current version, and of all versions
    version: int
    versions: int
    text_from: str
    words: int
    lang: str | None
    repaired: str | None
    #: the page of the current version is kept, so that it can be read again
    has_raw_page: bool
    #: the entry whose title it bears, and that looks after its page
    entry: int
    story: int
    is_lead: bool
    #: what it is to the lead of its story, or else to its nearest relative there; null for the lead
    kind: str | None
    score: float | None
    relative: int | None
    relative_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRecord:
    """The whole way of one entry: where it came from, how its page answered, what became of it."""

    id: int
    feed: FeedRecord
    guid: str | None
    link: str | None
    page_address: str | None
    title: str
    published: datetime | None
    #: what is wrong with its date, see `ingest.polling.DateFault`
    date_fault: str | None
    #: see `ingest.polling.FoundBy`
    found_by: str
    first_seen: datetime
    #: when a document last listed it
    last_seen: datetime
    #: characters of the text that the feed itself gave
    feed_text: int
    #: how often the feed has changed its description
    revision: int
    #: a change is not dealt with yet
    is_changed: bool
    state: str
    reason: str | None
    detail: str | None
    text_from: str | None
    #: failed tries in a row, and looks at its page after it was done
    attempts: int
    checks: int
    next_try_at: datetime | None
    #: the oldest first; those of the last 30 days are kept
    fetches: tuple[FetchRecord, ...]
    article: TrailArticle | None
    #: matches in force of the current version
    matches: tuple[ArticleMatchRecord, ...]
    #: what happened to the entry, and to its feed lately; the newest first
    events: tuple[EventRecord, ...]
