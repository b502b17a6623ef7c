"""Stores the topics of an archive, what they match, and what texts are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, update

from storage import direct
from storage.columns import UtcTime
from storage.tables import match, relation, topic, topic_change, topic_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Table

    from storage.archive.rows import ArchivedMatch, ArchivedRelation, ArchivedTopic, ArchivedTopicVersion
    from storage.archive.stored import Stored

_SET_VERSION = (
    update(topic)
    .where(topic.c.id == bindparam("own"))
    .values(version_id=bindparam("current"), retired_at=bindparam("at", type_=UtcTime))
)
_SAME_IN_RELATION = ("score", "share", "other_share", "start", "end", "other_start", "other_end", "retired_at")


class FindingIntake:
    """Topics, matches and relations on their way into the database, in one transaction."""

    def __init__(self, connection: Connection, now: datetime, stored: Stored) -> None:
        self._connection = connection
        self._now = now
        self._stored = stored

    def take_topic(self, record: ArchivedTopic) -> str:
        """Store a topic, or those of its versions that are missing; return what became of it."""
        topic_id = self._stored.topic_id(record.name)
        is_new = topic_id is None
        if topic_id is None:
            topic_id = direct.insert_row(self._connection, topic, {"name": record.name})
        known = self._stored.versions_of(record.name)
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

    def take_relation(self, record: ArchivedRelation) -> str:
        """Store what a text is to another one, unless something else was found here; return what became of it."""
        place = self._stored.relation(record)
        if place is None:
            return "left_out"
        if place.row is not None:
            return self._retire(relation, place.row, record.retired_at)
        if place.is_taken:
            # What was found here stands.
            return "known"
        values = {
            **{name: getattr(record, name) for name in _SAME_IN_RELATION},
            "article_id": place.article_id,
            "version_id": place.version_id,
            "other_id": place.other_id,
            "other_version_id": place.other_version_id,
            "kind": record.relation,
            "slots": [_plain(slot, ("kind", "start", "end", "other_start", "other_end")) for slot in record.slots],
            "created_at": record.found_at,
        }
        self._connection.execute(relation.insert(), values)
        return "added"

    def take_match(self, record: ArchivedMatch) -> str:
        """Store what a text matches, unless it matches the topic here; return what became of it."""
        place = self._stored.match(record)
        if place is None:
            return "left_out"
        if place.row is not None:
            return self._retire(match, place.row, record.retired_at)
        if place.is_taken:
            return "known"
        values = {
            "version_id": place.version_id,
            "topic_id": place.topic_id,
            "topic_version_id": place.topic_version_id,
            "article_id": place.article_id,
            "first_seen_at": place.first_seen_at,
            "rules": list(record.rules),
            "spans": [_plain(span, ("field", "start", "end", "text")) for span in record.spans],
            "created_at": record.matched_at,
            "origin": record.origin,
            "retired_at": record.retired_at,
        }
        self._connection.execute(match.insert(), values)
        return "added"

    def _retire(self, table: Table, row: Row[Any], archived_at: datetime | None) -> str:
        """The row is known; elsewhere it may have been retired since."""
        if row.retired_at is not None or archived_at is None:
            return "known"
        self._connection.execute(update(table).where(table.c.id == row.id).values(retired_at=archived_at))
        return "changed"


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
