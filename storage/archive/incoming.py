"""Stores the records of an archive beside what is there already; see `storage.archive.transfer`.

What is there stands, and is never doubled: an archive adds what is missing. All that is stored of one record is stored
in one transaction, and a record that is read again changes nothing; so an import may be killed and begun anew.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from ingest.model import EntryState
from ingest.polling import START_INTERVAL_S, FeedState
from storage import backlog, direct, entries
from storage.archive.incoming_articles import ArticleIntake
from storage.archive.incoming_findings import FindingIntake
from storage.archive.incoming_trails import TrailIntake
from storage.archive.rows import (
    ArchivedArticle,
    ArchivedEntry,
    ArchivedEvent,
    ArchivedFeed,
    ArchivedForgotten,
    ArchivedMatch,
    ArchivedRelation,
    ArchivedStory,
    ArchivedTopic,
)
from storage.archive.stored import Stored
from storage.tables import article_address, entry, event, feed, feed_move, forgotten, topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.archive.incoming_articles import Texts
    from storage.archive.rows import Archived
    from storage.sites import Sites


def take(
    connection: Connection,
    records: Sequence[tuple[Archived, Texts]],
    now: datetime,
    memories: Sites,
    orphans: dict[str, int],
    gone: set[str],
) -> Counter[str]:
    """Store *records*, articles with what was made of their texts; return what became of them, see `Became`.

    *orphans* is handed from one call of an import to the next: the first article that came of a story whose own first
    was left out. So is *gone*: the names of articles that were forgotten.
    """
    intake = _Intake(connection, now, memories, orphans, gone)
    for record, prepared in records:
        intake.take(record, prepared)
    intake.finish()
    return intake.counts


_RAISE_SEEN = (
    update(feed).where(feed.c.id == bindparam("own")).values(entries_seen=feed.c.entries_seen + bindparam("more"))
)
_IN_FORCE = select(topic.c.id).where(topic.c.retired_at.is_(None))
#: What becomes of a record that names what is not there, and of one that is about an article that was forgotten.
LEFT_OUT, OF_FORGOTTEN = "left_out", "of_forgotten"
#: The states of an entry that is still to be done.
OPEN = frozenset({EntryState.NEW.value, EntryState.RETRYING.value})
_SAME_IN_ENTRY = (
    *("identity", "guid", "link", "page_address", "title", "author", "published", "updated", "text", "lang"),
    *("content_hash", "is_changed", "revision", "date_fault", "found_by"),
)
_OUTCOME = ("state", "reason", "detail", "text_from", "attempts", "checks", "next_try_at")
_SAME_IN_FEED = (
    *("url", "fetch_url", "title", "given_title", "feed_format", "added_at", "last_document_at", "last_new_at"),
)


class _Intake:
    """Some records on their way into the database, in one transaction."""

    def __init__(
        self, connection: Connection, now: datetime, memories: Sites, orphans: dict[str, int], gone: set[str]
    ) -> None:
        self._connection = connection
        self._now = now
        self._stored = Stored(connection)
        self.counts: Counter[str] = Counter()
        self._gone = gone
        self._seen: Counter[int] = Counter()
        self._articles = ArticleIntake(connection, now, memories, orphans, self._stored)
        self._findings = FindingIntake(connection, now, self._stored)
        self._trails = TrailIntake(connection, self._stored.article_id)

    def take(self, record: Archived, prepared: Texts) -> None:
        """Store one record."""
        match record:
            case ArchivedForgotten():
                became = self._take_forgotten(record)
            case ArchivedFeed():
                became = self._take_feed(record)
            case ArchivedTopic():
                became = self._findings.take_topic(record)
            case ArchivedEntry():
                became = self._take_entry(record)
            case ArchivedArticle():
                became = self._take_article(record, prepared)
            case ArchivedStory():
                became = self._of_forgotten(self._trails.take(record), record.article)
            case ArchivedRelation():
                became = self._of_forgotten(self._findings.take_relation(record), record.article, record.other)
            case ArchivedMatch():
                became = self._of_forgotten(self._findings.take_match(record), record.article)
            case ArchivedEvent():
                became = self._take_event(record)
        self.counts[f"{record.kind}.{became}"] += 1

    def _take_article(self, record: ArchivedArticle, prepared: Texts) -> str:
        became = self._articles.take(record, prepared)
        if became == "forgotten":
            self._gone.add(record.url)
        return became

    def _of_forgotten(self, became: str, *articles: str) -> str:
        """Tell apart what is left out because its article was forgotten: there nothing is wrong with the archive."""
        return OF_FORGOTTEN if became == LEFT_OUT and not self._gone.isdisjoint(articles) else became

    def finish(self) -> None:
        """Do what is done once for all of them."""
        for feed_id, more in sorted(self._seen.items()):
            self._connection.execute(_RAISE_SEEN, {"own": feed_id, "more": more})
        self._articles.finish()
        if self._articles.has_new_texts:
            # They were never judged by the topics in force here.
            backlog.begin(self._connection, self._connection.execute(_IN_FORCE).scalars().all())

    def _take_forgotten(self, record: ArchivedForgotten) -> str:
        address = record.address
        if self._stored.is_address_forgotten(address):
            return "known"
        here = select(article_address.c.article_id).where(article_address.c.address == address)
        if self._connection.execute(here).first() is not None:
            return "stored_here"
        self._connection.execute(forgotten.insert(), {"address": address, "article_id": None, "at": record.at})
        return "added"

    def _take_feed(self, record: ArchivedFeed) -> str:
        if self._stored.feed_id(record.url) is not None:
            return "known"
        values = {
            **{name: getattr(record, name) for name in _SAME_IN_FEED},
            # Nothing is polled by surprise: `sync` makes it active when it is configured.
            "state": FeedState.REMOVED,
            "removed_at": self._now,
            "interval_s": START_INTERVAL_S,
            "failures": 0,
            "next_poll_at": self._now,
        }
        feed_id = direct.insert_row(self._connection, feed, values)
        for move in record.moves:
            row = {"feed_id": feed_id, "from_url": move.from_url, "to_url": move.to_url, "at": move.at}
            self._connection.execute(feed_move.insert(), row)
        return "added"

    def _take_entry(self, record: ArchivedEntry) -> str:
        feed_id = self._stored.feed_id(record.feed)
        if feed_id is None:
            return "left_out"
        row = self._stored.entry(record.feed, record.identity)
        if row is not None:
            return self._meet_entry(row.id, row.state, row.first_seen_at, row.last_seen_at, record)
        values = {
            **{name: getattr(record, name) for name in (*_SAME_IN_ENTRY, *_OUTCOME)},
            "feed_id": feed_id,
            "sections": list(record.sections),
            "first_seen_at": record.first_seen,
            "last_seen_at": record.last_seen,
        }
        entry_id = direct.insert_row(self._connection, entry, values)
        self._seen[feed_id] += 1
        if self._stored.is_forgotten([record.page_address] if record.page_address else []):
            entries.wipe(self._connection, [entry_id])
        return "open" if record.state in OPEN else "added"

    def _meet_entry(
        self, entry_id: int, state: str, first_seen_at: datetime, last_seen_at: datetime, record: ArchivedEntry
    ) -> str:
        """What is known of the entry here stands, but for when it was seen, and how it ended elsewhere."""
        values: dict[str, object] = {}
        if record.first_seen < first_seen_at:
            values["first_seen_at"] = record.first_seen
        if record.last_seen > last_seen_at:
            values["last_seen_at"] = record.last_seen
        if state in OPEN and record.state not in OPEN:
            values |= {name: getattr(record, name) for name in _OUTCOME}
        if not values:
            return "known"
        self._connection.execute(update(entry).where(entry.c.id == entry_id).values(values))
        return "changed"

    def _take_event(self, record: ArchivedEvent) -> str:
        row = self._stored.event_row(record)
        if self._stored.has_event(row):
            return "known"
        self._connection.execute(event.insert(), row)
        return "added"
