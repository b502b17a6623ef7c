"""The types of polling, in the order in which a feed meets them.

A stored `Feed` is asked for and gives a `web.Page`; read, that is a `FeedDocument` of `ListedEntry`s; compared with
the `KnownEntry`s it gives `NewEntry`s and `ChangedEntry`s; with the `PollPlan` and the `Event`s that follow from it,
that is a `Poll`, which is stored at once.

Times are aware datetimes in UTC.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


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


#: Time between the first two polls of a feed, in seconds: from there it adapts.
START_INTERVAL_S = 30 * 60


class DateFault(StrEnum):
    """What is wrong with the date that a feed gives an entry. The date is kept as it is."""

    #: there is none
    MISSING = "missing"
    #: it lies in the future
    FUTURE = "future"
    #: it names no time zone, or one that nobody knows, and was read as UTC
    ZONE = "zone"


class FoundBy(StrEnum):
    """How an entry was found."""

    FEED = "feed"
    #: in the news sitemap of the site, after a gap between two polls
    SITEMAP = "sitemap"
    #: the hub pushed it
    PUSH = "push"
    #: on an older page of the feed
    ARCHIVE = "archive"


class EventKind(StrEnum):
    """What happens to a feed or a site that people want to know."""

    BROKEN = "feed.broken"
    RECOVERED = "feed.recovered"
    DORMANT = "feed.dormant"
    GONE = "feed.gone"
    MOVED = "feed.moved"
    #: it answers, and brings nothing new for longer than it used to
    SILENT = "feed.silent"
    #: it shares no entry with its last poll, so what came in between may be missing
    GAP = "feed.gap"
    #: it lists more than is read, or broke off
    CUT = "feed.cut"
    #: what is read from the pages of a site has changed its nature
    DRIFT = "site.drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, with one line for people."""

    kind: EventKind
    detail: str
    feed_id: int | None = None
    entry_id: int | None = None
    #: host of the pages that it concerns
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredFeed:
    """A feed that the user wants followed, as the store has to know it."""

    #: the identity of the feed
    url: str
    #: the user's own title, or None
    title: str | None = None
    #: not polled for now; its history is kept
    is_paused: bool = False
    #: a secret of it could not be read; so it is due at once, which asks nobody, for that to be told
    lacks_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAccess:
    """How the user wants one feed to be asked for. Never stored and never shown: it can hold secrets."""

    #: further headers, for the origin of the configured address and no other
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: user name and password, for the same
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    #: the longest that the user wants to wait between two polls of a feed that is well, in seconds, or None
    every_s: int | None = None
    #: why its secrets could not be read, one line for people; then its site is asked for nothing. None: all is there
    missing: str | None = None


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
    #: why then, see `PollPlan`
    plan_why: str | None = None
    #: when a document with entries last came (not a 304, not the same body again)
    last_document_at: datetime | None = None
    #: see `FeedHealth`
    last_new_at: datetime | None = None
    longest_quiet_s: int | None = None
    broken_since: datetime | None = None
    silent_since: datetime | None = None
    #: "rss", "rdf", "atom", "json", "sitemap" or "sitemap index"; None before it was read
    feed_format: str | None = None
    #: the first hub that it announces (WebSub), and the address under which the hub knows it
    hub: str | None = None
    self_url: str | None = None


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
    date_fault: DateFault | None = None

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
class SitemapLink:
    """A sitemap that a sitemap index lists."""

    url: str
    #: when it was last changed, as the index says
    changed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed as parsed: its own title and wishes, and its entries in document order."""

    title: str | None
    #: "rss", "rdf", "atom", "json", "sitemap" or "sitemap index"
    feed_format: str
    #: how often the publisher asks to be polled at most, in seconds (ttl, sy:updatePeriod), or None
    ttl_s: int | None
    entries: tuple[ListedEntry, ...]
    #: the document has its end; validators of one that was cut off would hide the rest
    is_whole: bool = True
    #: it lists more entries than are read
    is_cut: bool = False
    #: what is wrong with it, one line each, for people
    problems: tuple[str, ...] = ()
    #: the page with older entries (RFC 5005: "next" of a paged feed, "prev-archive" of an archived one)
    next_url: str | None = None
    #: its own address (rel=self) and its hubs (rel=hub), for WebSub
    self_url: str | None = None
    hubs: tuple[str, ...] = ()
    #: of a sitemap index, the newest first
    children: tuple[SitemapLink, ...] = ()


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
    #: when a document last listed it
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to be stored for the first time."""

    identity: str
    content_hash: str
    listed: ListedEntry
    found_by: FoundBy = FoundBy.FEED


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
    #: why the next poll is then, one sentence for people
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """What is remembered of a feed to tell broken from silent; see `ingest.health`."""

    #: when a poll last brought a new entry
    last_new_at: datetime | None = None
    #: how long it has been without news at most, in seconds, slowly forgotten; None: not known yet
    longest_quiet_s: int | None = None
    #: since when its polls fail, if people were told
    broken_since: datetime | None = None
    #: since when it is silent, if people were told
    silent_since: datetime | None = None


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
    #: nobody was asked: the feed gets its plan, what its last poll brought stays, and the log has the error
    is_put_off: bool = False
    #: new values; None leaves the stored value as it is
    title: str | None = None
    fetch_url: str | None = None
    #: a document came: what follows is set together
    is_document: bool = False
    #: of a whole document only, and again where the same body comes with other ones (`has_new_validators`)
    has_new_validators: bool = False
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    was_conditional: bool = False
    #: a part of the document could not be had just now: `Feed.last_document_at` stays, and it is looked for again
    is_behind: bool = False
    listed_count: int = 0
    new: tuple[NewEntry, ...] = ()
    changed: tuple[ChangedEntry, ...] = ()
    #: ids of the known entries that the document lists
    seen: tuple[int, ...] = ()
    #: stored where it is given
    health: FeedHealth | None = None
    events: tuple[Event, ...] = ()
    #: set with a document, as `etag` is
    feed_format: str | None = None
    hub: str | None = None
    self_url: str | None = None
