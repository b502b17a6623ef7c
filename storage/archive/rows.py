"""The records of an archive: what `export archive` writes and `import` reads, one object a line.

They name each other by what is the same in every database: a feed by its address, an entry by feed and identity, an
article by its address, a version by the hash of its text, a topic by its name, a story by the first stored of its
articles. `docs/reference/archive.md` describes them. Fields may be added; a reader passes over those that it does not
know. Whatever changes the meaning of a field raises ARCHIVE_VERSION.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # msgspec reads the types
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

#: The version of the format; a reader refuses what is newer.
ARCHIVE_VERSION = 1

#: The beginning of the address of an article that has none; what follows tells its entry.
NO_ADDRESS = "urn:wirewatch:entry:"

#: What a column of each kind can hold.
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]
#: Shares are rounded nowhere, so a little more than 1 is one too.
Share = Annotated[float, Meta(ge=0, le=2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line."""

    wirewatch: Literal["archive"]
    #: see ARCHIVE_VERSION
    version: Annotated[int, Meta(ge=1)]
    #: revision of the schema that it was written from, for people
    schema: str
    exported_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedForgotten:
    """An address whose article was forgotten for good."""

    kind: ClassVar[str] = "forgotten"
    address: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedMove:
    """That a feed moved."""

    from_url: str
    to_url: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFeed:
    """A feed. How polling it stands is left out: here it is not polled until it is in feeds.toml."""

    kind: ClassVar[str] = "feed"
    #: configured address, the identity
    url: str
    fetch_url: str
    #: what the feed calls itself, and what the user calls it
    title: str | None = None
    given_title: str | None = None
    feed_format: str | None = None
    added_at: Moment
    last_document_at: Moment | None = None
    last_new_at: Moment | None = None
    moves: tuple[ArchivedMove, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedTopicVersion:
    """A version of a topic."""

    version: str
    #: the text from which it can be compiled again
    source: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    file: str
    created_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedTopicChange:
    """Which version was in force from then on; None: the topic was retired."""

    version: str | None
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedTopic:
    """A topic. Whether it is in force is left out: that is decided by the rule files of the reader."""

    kind: ClassVar[str] = "topic"
    name: str
    #: the last one that was in force
    version: str
    versions: tuple[ArchivedTopicVersion, ...]
    changes: tuple[ArchivedTopicChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryKey:
    """Which entry."""

    feed: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEntry:
    """An item of a feed, and how it stands; the columns are those of the table `entry`."""

    kind: ClassVar[str] = "entry"
    feed: str
    identity: str
    guid: str | None = None
    link: str | None = None
    page_address: str | None = None
    title: str
    author: str | None = None
    published: Moment | None = None
    updated: Moment | None = None
    text: str
    lang: str | None = None
    sections: tuple[str, ...] = ()
    content_hash: str
    state: Literal["new", "retrying", "done", "failed"]
    reason: str | None = None
    detail: str | None = None
    text_from: Literal["page", "feed"] | None = None
    attempts: Count = 0
    checks: Count = 0
    next_try_at: Moment | None = None
    first_seen: Moment
    last_seen: Moment
    is_changed: bool = False
    revision: Count = 0
    date_fault: str | None = None
    found_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedPage:
    """The page that a version was read from."""

    url: str
    headers: dict[str, str]
    #: compressed by zstd; base64 in JSON
    body_zstd: bytes
    stored_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedVersion:
    """One of the texts that an article has had."""

    text_hash: str
    title: str
    #: empty where `pruned_at` says so, and never else
    text: str
    text_from: Literal["page", "feed"]
    author: str | None = None
    published: Moment | None = None
    lang: str | None = None
    sections: tuple[str, ...] = ()
    repaired: str | None = None
    raw_hash: str | None = None
    words: Count
    extractor_version: Count
    first_seen: Moment
    credit: str | None = None
    canonical: str | None = None
    #: when its text was dropped because it was old
    pruned_at: Moment | None = None
    #: only with --raw-pages
    raw_page: ArchivedPage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedVersionChange:
    """Which version the article has shown from then on."""

    version: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedArticle:
    """An article with its texts."""

    kind: ClassVar[str] = "article"
    url: str
    source: str
    #: the entry whose title it bears
    entry: EntryKey
    #: the entries that led to it
    entries: tuple[EntryKey, ...] = ()
    #: all addresses under which it is known
    addresses: tuple[str, ...] = ()
    etag: str | None = None
    last_modified: str | None = None
    published: Moment | None = None
    first_seen: Moment
    dated_at: Moment
    #: the first stored article of its story; None: itself
    story: str | None = None
    #: where it is itself: how many stories have become part of that one
    merged: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: hash of the version that it shows now
    version: str
    versions: Annotated[tuple[ArchivedVersion, ...], Meta(min_length=1)]
    changes: tuple[ArchivedVersionChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRef:
    """Which story: that of the article, or with *merged* the story that as the so-manieth became part of it."""

    article: str
    merged: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedStoryChange:
    """What became of a story, see `storage.copy_tables.StoryChange`."""

    at: Moment
    change: Literal["merged", "split", "moved", "first"]
    story: StoryRef
    article: str | None = None
    other: StoryRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedStay:
    """Until when an article belonged to a story that it belongs to no more."""

    article: str
    story: StoryRef
    until: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedStory:
    """The trail of a story that has one. Which articles a story has is said by these."""

    kind: ClassVar[str] = "story"
    #: the first stored of its articles
    article: str
    trail: tuple[ArchivedStoryChange, ...] = ()
    stays: tuple[ArchivedStay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedSlot:
    """A fact that differs."""

    kind: str
    start: Count
    end: Count
    other_start: Count
    other_end: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedRelation:
    """What a version of an article is to one of another, also where that holds no more."""

    kind: ClassVar[str] = "relation"
    article: str
    version: str
    other: str
    other_version: str
    relation: Literal["copy", "excerpt", "extended", "composite", "revision"]
    score: Share
    share: Share
    other_share: Share
    start: Count
    end: Count
    other_start: Count
    other_end: Count
    slots: tuple[ArchivedSlot, ...] = ()
    found_at: Moment
    retired_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedSpan:
    """Where a rule's words stand."""

    field: Literal["title", "body", "author", "source", "url", "lang", "section"]
    start: Count
    end: Count
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedMatch:
    """What a version of an article matched, also where a back-fill has retired that since."""

    kind: ClassVar[str] = "match"
    article: str
    version: str
    topic: str
    topic_version: str
    rules: tuple[str, ...]
    spans: tuple[ArchivedSpan, ...]
    matched_at: Moment
    origin: str
    retired_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEvent:
    """Something that happened."""

    kind: ClassVar[str] = "event"
    at: Moment
    event: str
    feed: str | None = None
    entry: EntryKey | None = None
    site: str | None = None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEnd:
    """The last line, without which an archive is not whole: how many records of each kind stand before it."""

    kind: ClassVar[str] = "end"
    records: dict[str, Count]


Archived = (
    ArchivedForgotten
    | ArchivedFeed
    | ArchivedTopic
    | ArchivedEntry
    | ArchivedArticle
    | ArchivedStory
    | ArchivedRelation
    | ArchivedMatch
    | ArchivedEvent
)

#: In the order in which they stand in an archive: each names only what came before it.
KINDS: tuple[type[Archived], ...] = (
    ArchivedForgotten,
    ArchivedFeed,
    ArchivedTopic,
    ArchivedEntry,
    ArchivedArticle,
    ArchivedStory,
    ArchivedRelation,
    ArchivedMatch,
    ArchivedEvent,
)
