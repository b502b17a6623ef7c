"""The types that flow from stage to stage, in the order in which an entry meets them.

Each stage returns a new type, so no reader has to ask how far a record has come: a `Feed` is polled
and gives a `Page`; parsed, that is a `FeedDocument` of `ListedEntry`s; a stored one is an `Entry`;
its page, read, is a `Reading` (an `Article` with its `Fingerprint` and matches); compared with the
`Candidate`s it gets a `Placement`; all of it together is an `Item`, which is saved at once.

Times are aware datetimes in UTC. Offsets are half-open and in code points of the field they point into.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.copies.model import Fingerprint, Placement
    from rules.match import TopicMatch


class FeedState(StrEnum):
    """How a feed is doing. No state means that it is given up."""

    ACTIVE = "active"
    #: the last poll failed; polled less and less often, at least once a day
    BACKING_OFF = "backing-off"
    #: has failed for long; looked at every 7 days
    DORMANT = "dormant"
    #: answered 410 twice; looked at every 30 days
    GONE = "gone"
    #: its line in feeds.toml says so; not polled
    PAUSED = "paused"
    #: no longer in feeds.toml; not polled, its history is kept
    REMOVED = "removed"


class EntryState(StrEnum):
    """Where an entry stands. Every entry seen is in exactly one of these states."""

    NEW = "new"
    #: something passing went wrong; tried again at `next_try_at`
    RETRYING = "retrying"
    DONE = "done"
    #: there is no text to be had, `reason` says why
    FAILED = "failed"


class TextFrom(StrEnum):
    """Where the text of an article came from."""

    PAGE = "page"
    FEED = "feed"


class MatchOrigin(StrEnum):
    """How it came out that an article matches a topic."""

    #: as the article came in
    LIVE = "live"
    #: when stored articles were judged again; no news, so nobody is alerted to it unless they ask
    BACKFILL = "backfill"


# --- polling ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed that is polled, as the store knows it."""

    id: int
    #: the configured address; the identity of the feed
    url: str
    #: where it has moved to; the same as `url` until a permanent redirect
    fetch_url: str
    title: str | None
    state: FeedState
    #: validators, byte for byte as the server sent them
    etag: str | None
    last_modified: str | None
    #: SHA-256 of the last body whose entries are stored
    body_hash: str | None
    #: adaptive time between polls, in seconds, before jitter
    interval_s: int
    #: consecutive failed polls
    failures: int
    #: HTTP status of the last poll; None before the first, and when no answer came
    last_status: int | None
    #: error kind of the last poll (a `Reason`), or None
    last_error: str | None
    last_polled_at: datetime | None
    #: when it was last fetched without validators; some servers lie with 304
    last_full_poll_at: datetime | None
    next_poll_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET that `Fetch` is asked to make."""

    url: str
    #: False: a page, to which robots.txt applies; True: a feed that the user added
    is_feed: bool = False
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole answer with status 200: the decoded body and what is known about it."""

    #: the address that was asked for
    requested_url: str
    #: the address that answered, after redirects
    url: str
    #: where the page has moved for good: the end of a chain of only permanent redirects, else None
    moved_to: str | None
    status: int
    #: names in lower case
    headers: Mapping[str, str]
    #: content coding (gzip, br) already undone
    body: bytes

    @property
    def etag(self) -> str | None:
        """The ETag, byte for byte as sent, quotes and W/ included."""
        return self.headers.get("etag")

    @property
    def last_modified(self) -> str | None:
        """The Last-Modified, byte for byte as sent."""
        return self.headers.get("last-modified")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The server says that what we have still holds (304)."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntry:
    """One item of a feed document, cleaned and with links resolved, not yet known to the store."""

    #: the feed's own identifier; None when it has none, or when it is not unique within the document
    guid: str | None
    #: absolute http(s) address as the feed gives it, or None
    link: str | None
    #: `link` normalised: one page, one address
    page_address: str | None
    #: one line, may be empty
    title: str
    author: str | None
    published: datetime | None
    updated: datetime | None
    #: plain text of the content, else of the summary; paragraphs are separated by newlines; may be empty
    text: str
    #: primary language subtag that the feed declares, or None
    lang: str | None
    sections: tuple[str, ...] = ()

    @property
    def date(self) -> datetime | None:
        """When it was published, else when it was updated, else None."""
        return self.published or self.updated

    @property
    def hash_identity(self) -> str:
        """The identity of an entry that has neither guid nor link: "hash:" and a hash of title and date.

        Where one of the two is missing the text is hashed as well, or all untitled entries would be one.
        """
        says = [self.title, "" if self.date is None else self.date.isoformat()]
        if not all(says):
            says.append(self.text)
        return "hash:" + hashlib.sha256("\0".join(says).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed as parsed: its own title and wishes, and its entries in document order."""

    title: str | None
    #: "rss", "rdf", "atom" or "json"
    feed_format: str
    #: how often the publisher asks to be polled at most, in seconds (ttl, sy:updatePeriod), or None
    ttl_s: int | None
    entries: tuple[ListedEntry, ...]
    #: the document has its end; validators of one that was cut off would hide the rest
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What the store knows of an entry that a polled document may list again."""

    id: int
    #: "guid:…", "link:…" or "hash:…"; never rewritten
    identity: str
    guid: str | None
    page_address: str | None
    #: hash of what the feed said of it last time, see `identity.content_hash`
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to be stored for the first time."""

    identity: str
    content_hash: str
    listed: ListedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedEntry:
    """A known entry that the feed now describes differently."""

    id: int
    content_hash: str
    listed: ListedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPlan:
    """What `schedule.after_poll` decides about a feed."""

    state: FeedState
    interval_s: int
    failures: int
    next_poll_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """All that one poll of a feed changes; stored in one transaction by `Store.record_poll`."""

    feed_id: int
    polled_at: datetime
    plan: PollPlan
    #: HTTP status, or None when no answer came
    status: int | None
    #: error kind and one line for people, or None when all went well
    error: str | None = None
    error_detail: str | None = None
    #: new values; None leaves the stored value as it is
    title: str | None = None
    fetch_url: str | None = None
    #: set together, after a whole document only
    is_document: bool = False
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    was_conditional: bool = False
    listed_count: int = 0
    new: tuple[NewEntry, ...] = ()
    changed: tuple[ChangedEntry, ...] = ()
    #: ids of the known entries that the document lists
    seen: tuple[int, ...] = ()


# --- one entry --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item of a feed, as the store knows it."""

    id: int
    feed_id: int
    link: str | None
    page_address: str | None
    title: str
    author: str | None
    published: datetime | None
    #: what the feed itself says, see `ListedEntry.text`
    text: str
    lang: str | None
    sections: tuple[str, ...]
    state: EntryState
    #: failed tries since it was new or changed
    attempts: int
    #: how often its page was looked at again after it was done
    checks: int
    #: None: nothing is planned
    next_try_at: datetime | None
    first_seen_at: datetime
    article_id: int | None
    #: the feed's description has changed since the article was stored
    is_changed: bool
    #: how often the feed has changed its description
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOutcome:
    """How an entry stands after a step."""

    state: EntryState
    #: a `Reason`, or None
    reason: str | None = None
    #: one line for people about `reason`
    detail: str | None = None
    text_from: TextFrom | None = None
    attempts: int = 0
    checks: int = 0
    next_try_at: datetime | None = None
    #: `Entry.revision` that the step worked on; a later change stays due. None: whatever the store holds
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """What the step needs to know of an article that is already stored."""

    id: int
    url: str
    title: str
    story_id: int
    text_from: TextFrom
    #: validators of its page
    etag: str | None
    last_modified: str | None
    #: the entry whose title the article bears
    entry_id: int | None
    #: hash of title and text of the current version, see `Article.text_hash`
    text_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The text of a page (or of a feed's entry), read and repaired. It always has text.

    Raises ValueError when built without text, or with a published date that has no time zone.
    """

    #: normalised final address; the identity of the article
    url: str
    #: host of the page
    source: str
    title: str
    text: str
    author: str | None
    published: datetime | None
    #: primary language subtag ("en"), or None when unknown
    lang: str | None
    sections: tuple[str, ...]
    text_from: TextFrom
    #: the code page that was undone ("windows-874"), or None
    repaired: str | None
    #: SHA-256 of the bytes the text was read from, or None for a feed's text
    raw_hash: str | None
    #: the agency that the text names as its source ("Reuters"), or None
    credit: str | None = None
    #: normalised address that the page names as its original (rel=canonical), where that is another page; or None
    canonical: str | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError(f"an article needs text: {self.url}")
        if self.published is not None and self.published.utcoffset() != timedelta(0):
            raise ValueError(f"published must be in UTC: {self.published!r}")

    @property
    def text_hash(self) -> str:
        """Hex SHA-256 of title and text: two versions of an article differ exactly when this differs."""
        return hashlib.sha256(f"{self.title}\0{self.text}".encode()).hexdigest()


#: A text that says that it is older than this when it is first seen is not believed: archives and shops date anew.
BELIEVED_AGE = timedelta(days=30)


def date_of(published: datetime | None, first_seen_at: datetime) -> datetime:
    """When an article counts as published, to tell which of several copies came first.

    That is *published* where it can be believed, neither later than it was first seen nor more than BELIEVED_AGE
    before; else when it was first seen.
    """
    if published is not None and first_seen_at - BELIEVED_AGE <= published <= first_seen_at:
        return published
    return first_seen_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A page as read in a worker process: the article, its fingerprint, the topics it matches."""

    article: Article
    fingerprint: Fingerprint
    matches: tuple[TopicMatch, ...]
    #: the folded tokens of title and text, each joined by spaces, for the search index; None: the store reads
    #: them once more
    index_lines: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """All that one step learned about an entry; stored in one transaction by `Store.save`."""

    entry_id: int
    now: datetime
    outcome: EntryOutcome
    reading: Reading
    placement: Placement
    #: `Candidates.seen`
    seen: int
    #: all normalised addresses under which the page is known; the article's own is among them
    addresses: tuple[str, ...]
    #: the page as it came, None for a feed's text
    page: Page | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What `Store.save` did."""

    article_id: int
    story_id: int
    #: a version was added (or an earlier one became current again)
    is_new_version: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that is due, with the host that it concerns: work is done host by host."""

    id: int
    host: str


def utc_now() -> datetime:
    """The present, aware, in UTC; the one clock of the product."""
    return datetime.now(UTC)
