"""Says what an import of records would store, without storing it. Read only; see `storage.archive.transfer`.

A record that comes before another one in the archive is not there when that is looked at, as it would be in an import.
So the names of what would have been stored by then are kept, see `foretold`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.archive.incoming import LEFT_OUT, OF_FORGOTTEN, OPEN
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
from storage.tables import article_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.archive.foretold import Foretold
    from storage.archive.rows import Archived
    from storage.archive.stored import MatchPlace, RelationPlace


def look_through(connection: Connection, records: Sequence[Archived], foretold: Foretold) -> Counter[str]:
    """Return how many of *records* would become what; *foretold* knows those before them, and gets these."""
    survey = _Survey(connection, foretold)
    counts: Counter[str] = Counter()
    for record in records:
        became = survey.look_at(record)
        # Of the trails of stories only that is told.
        if not isinstance(record, ArchivedStory) or became in {LEFT_OUT, OF_FORGOTTEN}:
            counts[f"{record.kind}.{became}"] += 1
    return counts


class _Survey:
    """Looks at some records, on one state of the database."""

    def __init__(self, connection: Connection, foretold: Foretold) -> None:
        self._connection = connection
        self._stored = Stored(connection)
        self._foretold = foretold

    def look_at(self, record: Archived) -> str:
        """Say what would become of a record."""
        match record:
            case ArchivedForgotten():
                became = self._forgotten(record)
            case ArchivedFeed():
                became = "known" if self._has_feed(record.url) else "added"
                self._foretold.add("feed", record.url)
            case ArchivedTopic():
                became = self._topic(record)
            case ArchivedEntry():
                became = self._entry(record)
            case ArchivedArticle():
                became = self._article(record)
            case ArchivedStory():
                became = self._missing(record.article) or "added"
            case ArchivedRelation():
                became = self._relation(record)
            case ArchivedMatch():
                became = self._match(record)
            case ArchivedEvent():
                became = "known" if self._has_event(record) else "added"
        return became

    # --- what others name -----------------------------------------------------------------------------

    def _has_feed(self, url: str) -> bool:
        return self._stored.feed_id(url) is not None or self._foretold.has("feed", url)

    def _has_entry(self, feed: str, identity: str) -> bool:
        return self._stored.entry(feed, identity) is not None or self._foretold.has("entry", feed, identity)

    def _article_named(self, url: str) -> int | None:
        found = self._stored.article_id(url)
        return self._foretold.find("article", url) if found is None else found

    def _has_version(self, article: int, text_hash: str) -> bool:
        if article > 0 and self._stored.version_id(article, text_hash) is not None:
            return True
        return self._foretold.has("text", str(article), text_hash)

    def _missing(self, *articles: str) -> str | None:
        """What becomes of a record for want of one of its articles; None: all are there."""
        if all(self._article_named(each) is not None for each in articles):
            return None
        return OF_FORGOTTEN if any(self._foretold.has("gone", each) for each in articles) else LEFT_OUT

    # --- records --------------------------------------------------------------------------------------

    def _forgotten(self, record: ArchivedForgotten) -> str:
        if self._stored.is_address_forgotten(record.address) or self._foretold.has("forgotten", record.address):
            return "known"
        here = select(article_address.c.article_id).where(article_address.c.address == record.address)
        if self._connection.execute(here).first() is not None:
            return "stored_here"
        self._foretold.add("forgotten", record.address)
        return "added"

    def _topic(self, record: ArchivedTopic) -> str:
        is_known = self._stored.topic_id(record.name) is not None or self._foretold.has("topic", record.name)
        self._foretold.add("topic", record.name)
        for each in record.versions:
            self._foretold.add("topic version", record.name, each.version)
        return "known" if is_known else "added"

    def _entry(self, record: ArchivedEntry) -> str:
        if not self._has_feed(record.feed):
            return LEFT_OUT
        if self._has_entry(record.feed, record.identity):
            return "known"
        self._foretold.add("entry", record.feed, record.identity)
        return "open" if record.state in OPEN else "added"

    def _article(self, record: ArchivedArticle) -> str:
        entry_id = self._stored.entry_id(record.entry)
        names = dict.fromkeys((record.url, *record.addresses))
        if self._stored.was_forgotten(record, entry_id) or any(self._foretold.has("forgotten", each) for each in names):
            self._foretold.add("gone", record.url)
            return "forgotten"
        if not self._has_entry(record.entry.feed, record.entry.identity):
            return LEFT_OUT
        known = self._stored.article_of(record, entry_id)
        if known is None:
            known = next((found for each in names if (found := self._foretold.find("article", each)) is not None), None)
        ident = self._foretold.new_article() if known is None else known
        for each in names:
            self._foretold.add("article", each, ident=ident)
        for version in record.versions:
            self._foretold.add("text", str(ident), version.text_hash)
        return "added" if known is None else "known"

    def _relation(self, record: ArchivedRelation) -> str:
        if missing := self._missing(record.article, record.other):
            return missing
        own, other = self._article_named(record.article), self._article_named(record.other)
        if own is None or other is None or own == other:
            return LEFT_OUT
        if not (self._has_version(own, record.version) and self._has_version(other, record.other_version)):
            return LEFT_OUT
        return _placed(self._stored.relation(record))

    def _match(self, record: ArchivedMatch) -> str:
        is_topic_known = record.topic_version in self._stored.versions_of(record.topic)
        if not (is_topic_known or self._foretold.has("topic version", record.topic, record.topic_version)):
            return LEFT_OUT
        if missing := self._missing(record.article):
            return missing
        own = self._article_named(record.article)
        if own is None or not self._has_version(own, record.version):
            return LEFT_OUT
        return _placed(self._stored.match(record))

    def _has_event(self, record: ArchivedEvent) -> bool:
        row = self._stored.event_row(record)
        if record.feed is not None and row["feed_id"] is None:
            # It is of a feed that would be new.
            return False
        return self._stored.has_event(row)


def _placed(place: RelationPlace | MatchPlace | None) -> str:
    return "known" if place is not None and (place.row is not None or place.is_taken) else "added"
