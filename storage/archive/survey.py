"""Says what an import of records would store, without storing it. Read only; see `storage.archive.transfer`.

A record that comes before another one in the archive is not there when that is looked at, as it would be in an import.
So what a record names counts as there, since an archive names only what came before; but for articles that were
forgotten here, which are remembered.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.archive.incoming import OPEN
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

    from storage.archive.rows import Archived
    from storage.archive.stored import MatchPlace, RelationPlace


def look_through(connection: Connection, records: Sequence[Archived], gone: set[str]) -> Counter[str]:
    """Return how many of *records* would become what; *gone* gets the names of articles that were forgotten here."""
    survey = _Survey(connection, gone)
    counts: Counter[str] = Counter()
    for record in records:
        if not isinstance(record, ArchivedStory):
            counts[f"{record.kind}.{survey.look_at(record)}"] += 1
    return counts


class _Survey:
    """Looks at some records, on one state of the database."""

    def __init__(self, connection: Connection, gone: set[str]) -> None:
        self._connection = connection
        self._stored = Stored(connection)
        self._gone = gone

    def look_at(self, record: Archived) -> str:
        """Say what would become of a record."""
        stored = self._stored
        match record:
            case ArchivedForgotten():
                return self._forgotten(record)
            case ArchivedFeed():
                is_known = stored.feed_id(record.url) is not None
            case ArchivedTopic():
                is_known = stored.topic_id(record.name) is not None
            case ArchivedEntry():
                is_known = stored.entry(record.feed, record.identity) is not None
                if not is_known and record.state in OPEN:
                    return "open"
            case ArchivedArticle():
                return self._article(record)
            case ArchivedRelation():
                return self._finding(stored.relation(record), record.article, record.other)
            case ArchivedMatch():
                return self._finding(stored.match(record), record.article)
            case ArchivedEvent():
                is_known = self._has_event(record)
            case _:
                raise AssertionError(record)
        return "known" if is_known else "added"

    def _forgotten(self, record: ArchivedForgotten) -> str:
        if self._stored.is_address_forgotten(record.address):
            return "known"
        here = select(article_address.c.article_id).where(article_address.c.address == record.address)
        return "added" if self._connection.execute(here).first() is None else "stored_here"

    def _article(self, record: ArchivedArticle) -> str:
        entry_id = self._stored.entry_id(record.entry)
        if self._stored.was_forgotten(record, entry_id):
            self._gone.add(record.url)
            return "forgotten"
        return "added" if self._stored.article_of(record, entry_id) is None else "known"

    def _finding(self, place: RelationPlace | MatchPlace | None, *articles: str) -> str:
        if not self._gone.isdisjoint(articles):
            return "left_out"
        return "known" if place is not None and (place.row is not None or place.is_taken) else "added"

    def _has_event(self, record: ArchivedEvent) -> bool:
        row = self._stored.event_row(record)
        if record.feed is not None and row["feed_id"] is None:
            # It is of a feed that would be new.
            return False
        return self._stored.has_event(row)
