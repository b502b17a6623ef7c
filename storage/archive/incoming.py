"""Stores the records of an archive beside what is there already; see `storage.archive.transfer`.

What is there stands, and is never doubled: an archive adds what is missing. All that is stored of one record is stored
in one transaction, and a record that is read again changes nothing; so an import may be killed and begun anew.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, or_, select, update

from ingest.model import EntryState
from ingest.polling import START_INTERVAL_S, FeedState
from storage import backlog, direct, entries
from storage.archive.incoming_articles import ArticleIntake
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
from storage.columns import UtcTime
from storage.tables import (
    article,
    article_address,
    article_version,
    entry,
    event,
    feed,
    feed_move,
    forgotten,
    match,
    relation,
    topic,
    topic_change,
    topic_version,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.archive.incoming_articles import Texts
    from storage.archive.rows import Archived, ArchivedTopicVersion, EntryKey
    from storage.sites import Sites


def take(
    connection: Connection,
    records: Sequence[tuple[Archived, Texts]],
    now: datetime,
    memories: Sites,
    orphans: dict[str, int],
) -> Counter[str]:
    """Store *records*, articles with what was made of their texts; return what became of them, see `Became`.

    *orphans* is handed from one call of an import to the next: the first article that came of a story whose own first
    was left out.
    """
    intake = _Intake(connection, now, memories, orphans)
    for record, prepared in records:
        intake.take(record, prepared)
    intake.finish()
    return intake.counts


_FEED_ID = select(feed.c.id).where(feed.c.url == bindparam("url"))
_RAISE_SEEN = (
    update(feed).where(feed.c.id == bindparam("own")).values(entries_seen=feed.c.entries_seen + bindparam("more"))
)
_TOPIC_ID = select(topic.c.id).where(topic.c.name == bindparam("name"))
_TOPIC_VERSIONS = select(topic_version.c.version, topic_version.c.id).where(
    topic_version.c.topic_id == bindparam("topic_id")
)
_SET_VERSION = (
    update(topic)
    .where(topic.c.id == bindparam("own"))
    .values(version_id=bindparam("current"), retired_at=bindparam("at", type_=UtcTime))
)
_ENTRY = select(entry.c.id, entry.c.state, entry.c.first_seen_at, entry.c.last_seen_at).where(
    entry.c.feed_id == bindparam("feed_id"), entry.c.identity == bindparam("identity")
)
_IN_FORCE = select(topic.c.id).where(topic.c.retired_at.is_(None))
_VERSION_ID = select(article_version.c.id).where(
    article_version.c.article_id == bindparam("article_id"), article_version.c.text_hash == bindparam("text_hash")
)
_OPEN = frozenset({EntryState.NEW.value, EntryState.RETRYING.value})
_SAME_IN_ENTRY = (
    *("identity", "guid", "link", "page_address", "title", "author", "published", "updated", "text", "lang"),
    *("content_hash", "is_changed", "revision", "date_fault", "found_by"),
)
_OUTCOME = ("state", "reason", "detail", "text_from", "attempts", "checks", "next_try_at")
_SAME_IN_RELATION = ("score", "share", "other_share", "start", "end", "other_start", "other_end", "retired_at")


class _Intake:
    """Some records on their way into the database, in one transaction."""

    def __init__(self, connection: Connection, now: datetime, memories: Sites, orphans: dict[str, int]) -> None:
        self._connection = connection
        self._now = now
        self.counts: Counter[str] = Counter()
        self._feeds: dict[str, int | None] = {}
        self._topics: dict[str, dict[str, int]] = {}
        self._topic_ids: dict[str, int | None] = {}
        self._seen: Counter[int] = Counter()
        self._articles = ArticleIntake(connection, now, memories, orphans, self._entry_id)
        self._trails = TrailIntake(connection, self._articles.find)

    def take(self, record: Archived, prepared: Texts) -> None:
        """Store one record."""
        match record:
            case ArchivedForgotten():
                became = self._take_forgotten(record)
            case ArchivedFeed():
                became = self._take_feed(record)
            case ArchivedTopic():
                became = self._take_topic(record)
            case ArchivedEntry():
                became = self._take_entry(record)
            case ArchivedArticle():
                became = self._articles.take(record, prepared)
            case ArchivedStory():
                became = self._trails.take(record)
            case ArchivedRelation():
                became = self._take_relation(record)
            case ArchivedMatch():
                became = self._take_match(record)
            case ArchivedEvent():
                became = self._take_event(record)
        self.counts[f"{record.kind}.{became}"] += 1

    def finish(self) -> None:
        """Do what is done once for all of them."""
        for feed_id, more in sorted(self._seen.items()):
            self._connection.execute(_RAISE_SEEN, {"own": feed_id, "more": more})
        self._articles.finish()
        if self._articles.has_new_texts:
            # They were never judged by the topics in force here.
            backlog.begin(self._connection, self._connection.execute(_IN_FORCE).scalars().all())

    # --- names ----------------------------------------------------------------------------------------

    def _feed_id(self, url: str) -> int | None:
        if url not in self._feeds:
            self._feeds[url] = self._connection.execute(_FEED_ID, {"url": url}).scalar()
        return self._feeds[url]

    def _entry_id(self, key: EntryKey) -> int | None:
        feed_id = self._feed_id(key.feed)
        if feed_id is None:
            return None
        row = self._connection.execute(_ENTRY, {"feed_id": feed_id, "identity": key.identity}).first()
        return None if row is None else int(row.id)

    def _version_id(self, article_id: int, text_hash: str) -> int | None:
        values = {"article_id": article_id, "text_hash": text_hash}
        found: int | None = self._connection.execute(_VERSION_ID, values).scalar()
        return found

    # --- what is short --------------------------------------------------------------------------------

    def _take_forgotten(self, record: ArchivedForgotten) -> str:
        address = record.address
        if self._connection.execute(select(forgotten).where(forgotten.c.address == address)).first() is not None:
            return "known"
        here = select(article_address.c.article_id).where(article_address.c.address == address)
        if self._connection.execute(here).first() is not None:
            return "stored_here"
        self._connection.execute(forgotten.insert(), {"address": address, "article_id": None, "at": record.at})
        return "added"

    def _take_feed(self, record: ArchivedFeed) -> str:
        if self._feed_id(record.url) is not None:
            return "known"
        same = (
            "url",
            "fetch_url",
            "title",
            "given_title",
            "feed_format",
            "added_at",
            "last_document_at",
            "last_new_at",
        )
        values = {
            **{name: getattr(record, name) for name in same},
            # Nothing is polled by surprise: `sync` makes it active when it is configured.
            "state": FeedState.REMOVED,
            "removed_at": self._now,
            "interval_s": START_INTERVAL_S,
            "failures": 0,
            "next_poll_at": self._now,
        }
        feed_id = direct.insert_row(self._connection, feed, values)
        self._feeds[record.url] = feed_id
        for move in record.moves:
            row = {"feed_id": feed_id, "from_url": move.from_url, "to_url": move.to_url, "at": move.at}
            self._connection.execute(feed_move.insert(), row)
        return "added"

    def _take_entry(self, record: ArchivedEntry) -> str:
        feed_id = self._feed_id(record.feed)
        if feed_id is None:
            return "left_out"
        row = self._connection.execute(_ENTRY, {"feed_id": feed_id, "identity": record.identity}).first()
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
        if self._articles.is_forgotten([record.page_address] if record.page_address else []):
            entries.wipe(self._connection, [entry_id])
        return "open" if record.state in _OPEN else "added"

    def _meet_entry(
        self, entry_id: int, state: str, first_seen_at: datetime, last_seen_at: datetime, record: ArchivedEntry
    ) -> str:
        """What is known of the entry here stands, but for when it was seen, and how it ended elsewhere."""
        values: dict[str, object] = {}
        if record.first_seen < first_seen_at:
            values["first_seen_at"] = record.first_seen
        if record.last_seen > last_seen_at:
            values["last_seen_at"] = record.last_seen
        if state in _OPEN and record.state not in _OPEN:
            values |= {name: getattr(record, name) for name in _OUTCOME}
        if not values:
            return "known"
        self._connection.execute(update(entry).where(entry.c.id == entry_id).values(values))
        return "changed"

    def _take_event(self, record: ArchivedEvent) -> str:
        values = {
            "at": record.at,
            "kind": record.event,
            "feed_id": None if record.feed is None else self._feed_id(record.feed),
            "entry_id": None if record.entry is None else self._entry_id(record.entry),
            "site": record.site,
            "detail": record.detail,
        }
        is_same = and_(*(event.c[name].is_not_distinct_from(value) for name, value in values.items() if name != "at"))
        if self._connection.execute(select(event.c.id).where(event.c.at == record.at, is_same)).first() is not None:
            return "known"
        self._connection.execute(event.insert(), values)
        return "added"

    # --- topics ---------------------------------------------------------------------------------------

    def _versions_of(self, name: str) -> dict[str, int]:
        """The versions of a topic that is stored; none of one that is not."""
        if name not in self._topics:
            topic_id = self._topic_id(name)
            rows = [] if topic_id is None else self._connection.execute(_TOPIC_VERSIONS, {"topic_id": topic_id}).all()
            self._topics[name] = {row.version: row.id for row in rows}
        return self._topics[name]

    def _topic_id(self, name: str) -> int | None:
        if self._topic_ids.get(name) is None:
            self._topic_ids[name] = self._connection.execute(_TOPIC_ID, {"name": name}).scalar()
        return self._topic_ids[name]

    def _take_topic(self, record: ArchivedTopic) -> str:
        topic_id = self._topic_id(record.name)
        known = self._versions_of(record.name)
        is_new = topic_id is None
        if topic_id is None:
            topic_id = direct.insert_row(self._connection, topic, {"name": record.name})
            self._topic_ids[record.name] = topic_id
        missing = [each for each in record.versions if each.version not in known]
        for each in missing:
            known[each.version] = direct.insert_row(self._connection, topic_version, _version_row(topic_id, each))
        if not is_new:
            return "changed" if missing else "known"
        # Which topics are in force is said by the rule files of this database.
        self._connection.execute(_SET_VERSION, {"own": topic_id, "current": known[record.version], "at": self._now})
        for change in record.changes:
            version_id = None if change.version is None else known[change.version]
            row = {"topic_id": topic_id, "topic_version_id": version_id, "at": change.at}
            self._connection.execute(topic_change.insert(), row)
        return "added"

    # --- what texts are to each other, and what they match --------------------------------------------

    def _take_relation(self, record: ArchivedRelation) -> str:
        own, other = self._articles.find(record.article), self._articles.find(record.other)
        if own is None or other is None or own == other:
            return "left_out"
        version_id = self._version_id(own, record.version)
        other_version_id = self._version_id(other, record.other_version)
        if version_id is None or other_version_id is None:
            return "left_out"
        between = self._connection.execute(_BETWEEN, {"own": own, "other": other}).all()
        identity = (version_id, other_version_id, record.relation, record.start, record.other_start, record.found_at)
        for row in between:
            if (row.version_id, row.other_version_id, row.kind, row.start, row.other_start, row.created_at) == identity:
                return self._retire(relation, row.id, row.retired_at, record.retired_at)
        if record.retired_at is None and any(row.retired_at is None for row in between):
            # What was found here stands.
            return "known"
        values = {
            **{name: getattr(record, name) for name in _SAME_IN_RELATION},
            "article_id": own,
            "version_id": version_id,
            "other_id": other,
            "other_version_id": other_version_id,
            "kind": record.relation,
            "slots": [_plain(slot, ("kind", "start", "end", "other_start", "other_end")) for slot in record.slots],
            "created_at": record.found_at,
        }
        self._connection.execute(relation.insert(), values)
        return "added"

    def _retire(self, table: Any, ident: int, at: datetime | None, archived_at: datetime | None) -> str:
        """The row is known; elsewhere it may have been retired since."""
        if at is not None or archived_at is None:
            return "known"
        self._connection.execute(update(table).where(table.c.id == ident).values(retired_at=archived_at))
        return "changed"

    def _take_match(self, record: ArchivedMatch) -> str:
        article_id = self._articles.find(record.article)
        topic_version_id = self._versions_of(record.topic).get(record.topic_version)
        topic_id = self._topic_id(record.topic)
        version_id = None if article_id is None else self._version_id(article_id, record.version)
        if version_id is None or topic_version_id is None or topic_id is None:
            return "left_out"
        first_seen_at = self._connection.execute(
            select(article.c.first_seen_at).where(article.c.id == article_id)
        ).scalar_one()
        where = {"version": version_id, "topic": topic_id, "first_seen": first_seen_at}
        in_force = self._connection.execute(_MATCH_IN_FORCE, where).first()
        if in_force is not None and (in_force.topic_version_id, in_force.created_at) == (
            topic_version_id,
            record.matched_at,
        ):
            return self._retire(match, in_force.id, None, record.retired_at)
        retired = self._connection.execute(_MATCHES_RETIRED, where).all()
        is_known = any(
            (row.topic_version_id, row.created_at) == (topic_version_id, record.matched_at) for row in retired
        )
        if is_known or (record.retired_at is None and in_force is not None):
            return "known"
        values = {
            "version_id": version_id,
            "topic_id": topic_id,
            "topic_version_id": topic_version_id,
            "article_id": article_id,
            "first_seen_at": first_seen_at,
            "rules": list(record.rules),
            "spans": [_plain(span, ("field", "start", "end", "text")) for span in record.spans],
            "created_at": record.matched_at,
            "origin": record.origin,
            "retired_at": record.retired_at,
        }
        self._connection.execute(match.insert(), values)
        return "added"


_OWN_ID = bindparam("own", type_=relation.c.article_id.type)
_OTHER_ID = bindparam("other", type_=relation.c.article_id.type)
_BETWEEN = select(relation).where(
    or_(
        and_(relation.c.article_id == _OWN_ID, relation.c.other_id == _OTHER_ID),
        and_(relation.c.article_id == _OTHER_ID, relation.c.other_id == _OWN_ID),
    )
)
_MATCH = select(match.c.id, match.c.topic_version_id, match.c.created_at, match.c.retired_at).where(
    match.c.version_id == bindparam("version"), match.c.topic_id == bindparam("topic")
)
_MATCH_IN_FORCE = _MATCH.where(match.c.retired_at.is_(None))
#: Only by topic and time they are in an index.
_MATCHES_RETIRED = _MATCH.where(
    match.c.first_seen_at == bindparam("first_seen", type_=UtcTime), match.c.retired_at.is_not(None)
)


def _version_row(topic_id: int, version: ArchivedTopicVersion) -> dict[str, object]:
    return {
        "topic_id": topic_id,
        "version": version.version,
        "source": version.source,
        "title": version.title,
        "tags": list(version.tags),
        "langs": list(version.langs),
        "file": version.file,
        "created_at": version.created_at,
    }


def _plain(value: object, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(value, name) for name in names}
