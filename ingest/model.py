"""The types that an entry flows through, in the order in which it meets them; those of polling are in `ingest.polling`.

Each stage returns a new type, so no reader has to ask how far a record has come: a stored `Entry` is fetched; its
page, read, is a `Reading` (an `Article` with its `Fingerprint` and matches); compared with the `Candidate`s it gets a
`Placement`; all of it together is an `Item`, which is saved at once.

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
    from ingest.web import Page
    from rules.match import TopicMatch


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


#: Which form of decoding, extracting, repairing and cleaning has read a text; stored with it. Raised when the same page
#: may give a better text than before: then `articles reextract` reads the pages again that are still kept.
EXTRACTOR_VERSION = 1

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
class Fetched:
    """How a server answered when the page of an entry was asked for."""

    at: datetime
    #: None: no answer came
    status: int | None
    #: where the answer came from, after redirects
    url: str | None
    redirects: int = 0


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
    #: the answer that the step got; None: nobody was asked
    fetched: Fetched | None = None
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
    # Written so that no time is too early for it: two times have a difference, but not each has one so much before.
    if published is not None and published <= first_seen_at and first_seen_at - published <= BELIEVED_AGE:
        return published
    return first_seen_at


def so_long_before(moment: datetime, span: timedelta) -> datetime:
    """Return the time *span* before *moment*; at the edge of the calendar its first moment.

    >>> so_long_before(datetime(1, 1, 2, tzinfo=UTC), timedelta(days=14)).isoformat()
    '0001-01-01T00:00:00+00:00'
    """
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A page as read in a worker process: the article, its fingerprint, the topics it matches."""

    article: Article
    fingerprint: Fingerprint
    matches: tuple[TopicMatch, ...]
    #: the folded tokens of title and text, each joined by spaces, for the search index; None: the store reads
    #: them once more
    index_lines: tuple[str, str] | None = None
    #: "body", "title", "date": selectors of the user's rule for the site that found nothing on the page
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A page that is kept was read once more, the one of a version, by a run of `storage.redo.runs`."""

    version_id: int
    run_id: int
    #: the topics by which it was judged, name and version: nothing is stored when others are in force by then
    topics: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """All that one step learned about an entry; stored in one transaction by `Store.save`."""

    entry_id: int
    now: datetime
    #: None: the entry stands as it did
    outcome: EntryOutcome | None
    reading: Reading
    placement: Placement
    #: `Candidates.seen`
    seen: int
    #: all normalised addresses under which the page is known; the article's own is among them
    addresses: tuple[str, ...]
    #: the page as it came, None for a feed's text
    page: Page | None = None
    #: the text comes from a page that is kept already
    reread: Reread | None = None
    #: the step knew no article under any of the addresses when it judged the text
    is_first: bool = False


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
