"""What listings give: one type a kind of record, with exactly the fields of its JSON object.

`dataclasses.asdict` makes the object. Fields may be added and are never renamed. Times are in UTC, offsets
half-open and in code points of the stored field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from storage.texts import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """Where a rule's words stand."""

    #: title, body, author, source, url, lang or section
    field: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """A topic that the current version of an article matches."""

    id: int
    topic: str
    topic_version: str
    #: the rules that fired, such as "purl.1"
    rules: tuple[str, ...]
    story: int
    article: int
    title: str
    url: str
    source: str
    published: datetime | None
    #: when the article was first seen
    first_seen: datetime
    spans: tuple[SpanRecord, ...]
    #: number of other articles in the story
    copy_count: int
    #: the distinct texts of the spans
    matched: tuple[str, ...]
    #: neither the lead nor the first article of the story matches: this copy says something that they do not
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatch:
    """That the current version of an article matches a topic, and nothing more about it."""

    topic: str
    topic_version: str
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleMatchRecord:
    """A topic that the current version of an article at hand matches."""

    topic: str
    rules: tuple[str, ...]
    matched: tuple[str, ...]
    topic_version: str
    spans: tuple[SpanRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRecord:
    """An article of a story beside its lead, and what it is to the lead, or else to its nearest relative there.

    An article of another story that is a composite of both is among them, with the kind "composite".
    """

    article: int
    url: str
    source: str
    #: null where no relation is stored
    kind: str | None
    score: float | None
    first_seen: datetime
    #: share of its own text that both have in common, and of that of the lead or relative, 0 to 1
    share: float | None
    other_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRecord:
    """Articles that carry the same text. Title, address, source and time are those of the lead, the first one seen."""

    id: int
    title: str
    url: str
    source: str
    first_seen: datetime
    #: topics that any of its articles matches, by name
    topics: tuple[str, ...]
    copy_count: int
    #: by first_seen
    copies: tuple[CopyRecord, ...]
    #: number of different sources among its articles; composites of other stories do not count
    outlets: int
    published: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord:
    """An article in its current version."""

    id: int
    url: str
    source: str
    title: str
    author: str | None
    published: datetime | None
    first_seen: datetime
    lang: str | None
    words: int
    #: the code page that was undone, or null
    repaired: str | None
    text_from: str
    story: int
    #: number of versions
    versions: int
    #: when it counts as published, see `ingest.model.date_of`
    dated_at: datetime
    #: the agency that the text names as its source
    credit: str | None
    #: address of another page that the page names as its original
    canonical: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """One of the texts that an article has had."""

    #: 1, 2, … in the order in which they were first seen
    n: int
    title: str
    words: int
    repaired: str | None
    text_from: str
    first_seen: datetime
    is_current: bool
    credit: str | None
    #: when its text was dropped, since it was old and no longer shown
    pruned: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """A fact that differs where two texts agree word by word: [start, end) here, [other_start, other_end) there."""

    #: figure or name
    kind: str
    start: int
    end: int
    other_start: int
    other_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRecord:
    """What an article is to another one: read "it is a `kind` of `article`"."""

    article: int
    url: str
    source: str
    kind: str
    #: share of the shorter text that both have in common, 0 to 1
    score: float
    #: the longest stretch that both share, as it stands in this article, and where it stands in both
    passage: str
    start: int
    end: int
    other_start: int
    other_end: int
    #: share of this article's text that both have in common, and of the other's, 0 to 1
    share: float
    other_share: float
    slots: tuple[SlotRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownArticle:
    """An article with all that is stored of it, in its current version or the one that was asked for."""

    id: int
    url: str
    source: str
    title: str
    author: str | None
    published: datetime | None
    first_seen: datetime
    lang: str | None
    words: int
    repaired: str | None
    text_from: str
    story: int
    dated_at: datetime
    credit: str | None
    canonical: str | None
    text: str
    versions: tuple[VersionRecord, ...]
    #: of the current version
    relations: tuple[RelationRecord, ...]
    #: of the version that is shown
    matches: tuple[ArticleMatchRecord, ...]
    #: number of the version that is shown
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecord:
    """An item of a feed, and how it stands."""

    id: int
    feed: int
    guid: str | None
    link: str | None
    title: str
    published: datetime | None
    first_seen: datetime
    state: str
    reason: str | None
    text_from: str | None
    article: int | None
    #: one line about the reason
    detail: str | None
    #: failed tries in a row
    attempts: int
    #: null with a state of new: at once; null else: nothing is planned
    next_try_at: datetime | None
    #: what is wrong with its date, see `ingest.polling.DateFault`
    date_fault: str | None
    #: see `ingest.polling.FoundBy`
    found_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """A feed, and how it is doing."""

    id: int
    url: str
    fetch_url: str
    title: str | None
    state: str
    last_status: int | None
    last_error: str | None
    failures: int
    next_poll_at: datetime
    #: number of entries seen
    entries: int
    #: one line about the last error
    last_error_detail: str | None
    last_polled_at: datetime | None
    added_at: datetime
    #: why the next poll is then, one sentence
    plan_why: str | None
    #: adaptive time between polls
    interval_s: int
    #: when a document last came, and when a poll last brought a new entry
    last_document_at: datetime | None
    last_new_at: datetime | None
    #: how long it has been without news at most
    longest_quiet_s: int | None
    #: since when its polls fail; since when it answers and brings nothing new for longer than it used to
    broken_since: datetime | None
    silent_since: datetime | None
    #: polls that shared no entry with the one before, so that something may be missing
    gaps: int
    feed_format: str | None
    #: the hub that it announces, how the subscription there stands, and when it last pushed
    hub: str | None
    subscription: str | None
    last_push_at: datetime | None
    #: where it was before it last moved, and when it did
    moved_from: str | None
    moved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecord:
    """A topic as it was last recorded."""

    name: str
    version: str
    title: str | None
    tags: tuple[str, ...]
    file: str
    #: it is in force: found in a rule file, or kept at its last good version
    is_active: bool
    #: number of articles whose current version matches it
    matches: int
    #: the text from which it can be compiled again
    source: str
    #: when this version was first in force
    first_seen: datetime
    #: there are articles that were stored before it came into force and were never judged by it
    is_behind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicHits:
    """What a topic found: articles, by when they were first seen."""

    topic: str
    matches: int
    today: int
    week: int
    #: when the newest was first seen
    last: datetime
    #: matches that name an older version of the topic
    stale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHits:
    """What one match line found since its topic has its present version: articles, by when they were first seen."""

    topic: str
    #: such as "purl.1"
    rule: str
    matches: int
    today: int
    week: int
    month: int
    #: when the newest was first seen
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProblemRecord:
    """What was wrong with a rule file when the files were last read."""

    file: str | None
    line: int | None
    column: int
    code: str
    message: str
    remedy: str
    source_line: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsRecord:
    """The state of the whole."""

    #: number by state
    feeds: dict[str, int]
    #: feeds that answer and bring nothing new for longer than they used to
    silent_feeds: int
    #: number of events by kind
    events: dict[str, int]
    #: entries that were ever seen, as they were counted when they were stored
    entries_seen: int
    #: how many of them are not stored, which must be 0; less than 0: how many are stored that were not counted
    entries_missing: int
    #: number by state; they sum up to all that are stored
    entries: dict[str, int]
    #: entries that wait for another try, by the number of tries that have failed
    retrying: dict[str, int]
    #: when the first of them is due
    next_retry_at: datetime | None
    #: number of entries that stand where they do for a reason, by state and reason
    reasons: dict[str, dict[str, int]]
    articles: int
    versions: int
    stories: int
    #: articles beside the leads of their stories, by what they are to these
    copies: dict[str, int]
    #: articles whose current version was read through a wrong code page, by the one that was undone
    repaired: dict[str, int]
    #: stories of which the current version of an article matches, by topic in force
    matches: dict[str, int]
    raw_pages: int
    last_poll_at: datetime | None
    last_article_at: datetime | None
    #: size of the database with its write-ahead log
    database_bytes: int
    rule_problems: tuple[RuleProblemRecord, ...]
