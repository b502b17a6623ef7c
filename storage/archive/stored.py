"""What of the records of an archive is stored already. Read only: an import asks here, and so does its dry run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, or_, select

from ingest.errors import Reason
from storage import dialect
from storage import forgotten as forgetting
from storage.archive.rows import NO_ADDRESS
from storage.columns import UtcTime
from storage.tables import (
    article,
    article_address,
    article_version,
    entry,
    event,
    feed,
    forgotten,
    match,
    relation,
    topic,
    topic_version,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from storage.archive.rows import ArchivedArticle, ArchivedEvent, ArchivedMatch, ArchivedRelation, EntryKey


class RelationPlace(NamedTuple):
    """Between which stored texts a relation is, and what is stored there."""

    article_id: int
    version_id: int
    other_id: int
    other_version_id: int
    #: the row that it is; None: there is none
    row: Row[Any] | None
    #: it holds, and there another one holds already
    is_taken: bool


class MatchPlace(NamedTuple):
    """Which stored text a match is of, by which topic, and what is stored there."""

    article_id: int
    version_id: int
    topic_id: int
    topic_version_id: int
    first_seen_at: datetime
    #: as in `RelationPlace`
    row: Row[Any] | None
    is_taken: bool


_FEED_ID = select(feed.c.id).where(feed.c.url == bindparam("url"))
_TOPIC_ID = select(topic.c.id).where(topic.c.name == bindparam("name"))
_TOPIC_VERSIONS = select(topic_version.c.version, topic_version.c.id).where(
    topic_version.c.topic_id == bindparam("topic_id")
)
_ENTRY = select(entry.c.id, entry.c.state, entry.c.first_seen_at, entry.c.last_seen_at).where(
    entry.c.feed_id == bindparam("feed_id"), entry.c.identity == bindparam("identity")
)
_VERSION_ID = select(article_version.c.id).where(
    article_version.c.article_id == bindparam("article_id"), article_version.c.text_hash == bindparam("text_hash")
)
_BY_URL = select(article.c.id).where(article.c.url == bindparam("url"))
_BY_ADDRESS = select(article_address.c.article_id).where(article_address.c.address == bindparam("address"))
_FIRST_SEEN = select(article.c.first_seen_at).where(article.c.id == bindparam("own"))
_IS_FORGOTTEN = select(entry.c.id).where(entry.c.id == bindparam("own"), entry.c.reason == Reason.FORGOTTEN)
_FORGOTTEN = select(forgotten.c.address).where(forgotten.c.address == bindparam("address"))
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


@cache
def _known_texts(name: str) -> Select[str, str]:
    wanted = dialect.texts("addresses", name).alias("wanted")
    return (
        select(article_address.c.address, article_version.c.text_hash)
        .select_from(wanted.join(article_address, article_address.c.address == wanted.c.value))
        .join(article_version, article_version.c.article_id == article_address.c.article_id)
    )


def known_texts(connection: Connection, addresses: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Address and hash of each text that the articles of these *addresses* have."""
    name = connection.dialect.name
    rows = connection.execute(_known_texts(name), {"addresses": dialect.pack(addresses, name)})
    return frozenset((row.address, row.text_hash) for row in rows)


def own_url(record: ArchivedArticle, entry_id: int) -> str:
    """The address of the article as it is stored here; without one it gets that which `ingest.reading` gives it."""
    return f"{NO_ADDRESS}{entry_id}" if record.url.startswith(NO_ADDRESS) else record.url


class Stored:
    """What is stored of what records name, in one transaction; what is found once is kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._feeds: dict[str, int] = {}
        self._topics: dict[str, int] = {}
        self._versions: dict[str, dict[str, int]] = {}
        self._articles: dict[str, int] = {}

    # --- by name --------------------------------------------------------------------------------------

    def feed_id(self, url: str) -> int | None:
        """The feed of this address."""
        return self._kept(self._feeds, url, _FEED_ID, {"url": url})

    def topic_id(self, name: str) -> int | None:
        """The topic of this name."""
        return self._kept(self._topics, name, _TOPIC_ID, {"name": name})

    def _kept(self, known: dict[str, int], name: str, statement: Select[int], values: dict[str, str]) -> int | None:
        if name not in known:
            found = self._connection.execute(statement, values).scalar()
            if found is None:
                return None
            known[name] = found
        return known[name]

    def versions_of(self, name: str) -> dict[str, int]:
        """The versions of a topic that is stored; none of one that is not. Who stores one adds it."""
        if name not in self._versions:
            topic_id = self.topic_id(name)
            if topic_id is None:
                return {}
            rows = self._connection.execute(_TOPIC_VERSIONS, {"topic_id": topic_id})
            self._versions[name] = {row.version: row.id for row in rows}
        return self._versions[name]

    def entry(self, feed: str, identity: str) -> Any | None:
        """The row of an entry: id, state and times."""
        feed_id = self.feed_id(feed)
        if feed_id is None:
            return None
        return self._connection.execute(_ENTRY, {"feed_id": feed_id, "identity": identity}).first()

    def entry_id(self, key: EntryKey) -> int | None:
        """The entry of this name."""
        row = self.entry(key.feed, key.identity)
        return None if row is None else int(row.id)

    def article_id(self, url: str) -> int | None:
        """The article of this address, or the one that is known under it."""
        if url not in self._articles:
            found = self._connection.execute(_BY_URL, {"url": url}).scalar()
            if found is None:
                found = self._by_address(url)
            if found is None:
                return None
            self._articles[url] = found
        return self._articles[url]

    def _by_address(self, address: str) -> int | None:
        found: int | None = self._connection.execute(_BY_ADDRESS, {"address": address}).scalar()
        return found

    def version_id(self, article_id: int, text_hash: str) -> int | None:
        """The version of an article with this text."""
        values = {"article_id": article_id, "text_hash": text_hash}
        found: int | None = self._connection.execute(_VERSION_ID, values).scalar()
        return found

    # --- records --------------------------------------------------------------------------------------

    def article_of(self, record: ArchivedArticle, entry_id: int | None) -> int | None:
        """The article that a record is of; *entry_id* is its entry, where that is stored."""
        url = record.url if entry_id is None else own_url(record, entry_id)
        found: int | None = self._connection.execute(_BY_URL, {"url": url}).scalar()
        # Its own address may be known as one of another article, which was there first: then it is not this one.
        for address in record.addresses:
            if found is not None:
                break
            found = self._by_address(address)
        return found

    def is_address_forgotten(self, address: str) -> bool:
        """Whether this very address was forgotten here."""
        return self._connection.execute(_FORGOTTEN, {"address": address}).first() is not None

    def is_forgotten(self, addresses: Iterable[str]) -> bool:
        """Whether an article of any of *addresses* was forgotten here."""
        return bool(forgetting.forgotten_among(self._connection, addresses))

    def was_forgotten(self, record: ArchivedArticle, entry_id: int | None) -> bool:
        """Whether the article that a record is of was forgotten here."""
        if record.url.startswith(NO_ADDRESS):
            if entry_id is not None and self._connection.execute(_IS_FORGOTTEN, {"own": entry_id}).first():
                return True
            return self.is_forgotten(record.addresses)
        return self.is_forgotten({record.url, *record.addresses})

    def event_row(self, record: ArchivedEvent) -> dict[str, Any]:
        """An event as it is stored here."""
        return {
            "at": record.at,
            "kind": record.event,
            "feed_id": None if record.feed is None else self.feed_id(record.feed),
            "entry_id": None if record.entry is None else self.entry_id(record.entry),
            "site": record.site,
            "detail": record.detail,
        }

    def has_event(self, row: dict[str, Any]) -> bool:
        """Whether there is this event."""
        is_same = and_(*(event.c[name].is_not_distinct_from(value) for name, value in row.items() if name != "at"))
        return self._connection.execute(select(event.c.id).where(event.c.at == row["at"], is_same)).first() is not None

    def relation(self, record: ArchivedRelation) -> RelationPlace | None:
        """Where a relation belongs; None: its texts are not there, or are of one article here."""
        own, other = self.article_id(record.article), self.article_id(record.other)
        if own is None or other is None or own == other:
            return None
        version_id = self.version_id(own, record.version)
        other_version_id = self.version_id(other, record.other_version)
        if version_id is None or other_version_id is None:
            return None
        between: Sequence[Any] = self._connection.execute(_BETWEEN, {"own": own, "other": other}).all()
        identity = (version_id, other_version_id, record.relation, record.start, record.other_start, record.found_at)
        found = None
        for row in between:
            if (row.version_id, row.other_version_id, row.kind, row.start, row.other_start, row.created_at) == identity:
                found = row
                break
        is_taken = record.retired_at is None and any(row.retired_at is None for row in between)
        return RelationPlace(own, version_id, other, other_version_id, found, is_taken)

    def match(self, record: ArchivedMatch) -> MatchPlace | None:
        """Where a match belongs; None: its text or its topic is not there."""
        article_id = self.article_id(record.article)
        topic_version_id = self.versions_of(record.topic).get(record.topic_version)
        topic_id = self.topic_id(record.topic)
        if article_id is None or topic_version_id is None or topic_id is None:
            return None
        version_id = self.version_id(article_id, record.version)
        if version_id is None:
            return None
        first_seen_at = self._connection.execute(_FIRST_SEEN, {"own": article_id}).scalar_one()
        where = {"version": version_id, "topic": topic_id, "first_seen": first_seen_at}
        in_force = self._connection.execute(_MATCH_IN_FORCE, where).first()
        identity = (topic_version_id, record.matched_at)
        found: Any = in_force
        if found is None or (found.topic_version_id, found.created_at) != identity:
            retired = self._connection.execute(_MATCHES_RETIRED, where).all()
            found = next((row for row in retired if (row.topic_version_id, row.created_at) == identity), None)
        is_taken = record.retired_at is None and in_force is not None
        return MatchPlace(article_id, version_id, topic_id, topic_version_id, first_seen_at, found, is_taken)
