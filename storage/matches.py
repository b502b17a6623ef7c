"""Rows of matches: what was found as articles came in, and what a back-fill changes about it.

A match is never deleted. One that no longer holds is retired: it stays as the record of what was told at the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, select, update

from ingest.model import MatchOrigin
from rules.document import SECTION_SEPARATOR, Document
from storage import dialect
from storage.columns import UtcTime
from storage.records import SpanRecord
from storage.tables import article, match, topic, topic_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Insert, Row, Select

    from ingest.model import Article, Reading
    from rules.match import Span, TopicMatch
    from storage.texts import StoredText


@cache
def _add_match(name: str) -> Insert:
    return dialect.insert(match, name).on_conflict_do_nothing(
        index_elements=["version_id", "topic_id"], index_where=match.c.retired_at.is_(None)
    )


# --- as articles come in ----------------------------------------------------------------------------

_FIRST_SEEN = select(article.c.first_seen_at).where(article.c.id == bindparam("own"))
_RETIRED = (
    select(match.c.id)
    .where(
        # Only by these two they are in an index.
        match.c.topic_id == bindparam("topic"),
        match.c.first_seen_at == bindparam("first_seen"),
        match.c.version_id == bindparam("text"),
        match.c.topic_version_id == bindparam("rules"),
        match.c.retired_at.is_not(None),
    )
    .limit(1)
)


def add(connection: Connection, reading: Reading, article_id: int, version_id: int, now: datetime) -> bool:
    """Store which topics the article version matches, once; with the words that were found.

    Returns whether anything new was stored, and some of it was found by a version of a topic that is in force no more:
    the process has not read the rules yet that another one has put in force. Raises LookupError for a topic version
    that was not recorded.
    """
    if not reading.matches:
        return False
    first_seen_at = connection.execute(_FIRST_SEEN, {"own": article_id}).scalar_one()
    known = _versions_of(connection, reading.matches)
    document = document_of(reading.article)
    rows = []
    is_late = False
    for each in reading.matches:
        version = known.get((each.topic, each.version))
        if version is None:
            raise LookupError(f"topic {each.topic} was not recorded in its version {each.version}")
        if version.id != version.current:
            same = {"topic": version.topic_id, "first_seen": first_seen_at, "text": version_id, "rules": version.id}
            if connection.execute(_RETIRED, same).first() is not None:
                # A back-fill has judged the same text since.
                continue
            is_late = True
        rows.append(
            {
                "version_id": version_id,
                "topic_id": version.topic_id,
                "topic_version_id": version.id,
                "article_id": article_id,
                "first_seen_at": first_seen_at,
                "rules": list(each.rules),
                "spans": _plain(spans_with_text(each.spans, document)),
                "created_at": now,
                "origin": MatchOrigin.LIVE,
                "retired_at": None,
            }
        )
    if not rows:
        return False
    stored = connection.execute(_add_match(connection.dialect.name), rows).rowcount
    return is_late and stored > 0


@cache
def _versions(name: str, *, is_current: bool) -> Select[*tuple[Any, ...]]:
    """The present versions of the topics of some names, or all that they ever had."""
    wanted = dialect.texts("names", name).alias("wanted")
    joint = topic_version.c.id == topic.c.version_id if is_current else topic_version.c.topic_id == topic.c.id
    return (
        select(
            topic.c.name,
            topic_version.c.version,
            topic_version.c.id,
            topic_version.c.topic_id,
            topic.c.version_id.label("current"),
        )
        .select_from(wanted.join(topic, topic.c.name == wanted.c.value))
        .join(topic_version, joint)
    )


def _versions_of(connection: Connection, found: Iterable[TopicMatch]) -> dict[tuple[str, str], Row[*tuple[Any, ...]]]:
    """The topics that were found in their versions, as they are stored, by both; and others.

    Older versions are looked for only where the present one is not what was found.
    """
    name = connection.dialect.name
    wanted = {(each.topic, each.version) for each in found}
    known: dict[tuple[str, str], Row[*tuple[Any, ...]]] = {}
    for is_current in (True, False):
        names = {topic_name for topic_name, _ in wanted - known.keys()}
        if names:
            rows = connection.execute(_versions(name, is_current=is_current), {"names": dialect.pack(names, name)})
            known |= {(row.name, row.version): row for row in rows}
    return known


# --- judged anew ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A stored text with what it matches of the topics by which it was judged."""

    text: StoredText
    found: tuple[TopicMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What judging anew changed: numbers of matches."""

    #: stored for an article that the topic had not matched
    added: int
    #: retired, and stored anew in the present version of the topic
    renewed: int
    #: left as they were
    same: int
    #: retired, because the topic matches the article no longer
    retired: int


@cache
def _in_force(name: str) -> Select[*tuple[Any, ...]]:
    texts = dialect.numbers("texts", name).alias("texts")
    return (
        select(match.c.id, match.c.version_id, match.c.topic_id, match.c.topic_version_id)
        .select_from(texts.join(match, match.c.version_id == texts.c.value))
        .where(match.c.retired_at.is_(None))
    )


_RETIRE = (
    update(match)
    .where(and_(match.c.id == bindparam("own"), match.c.retired_at.is_(None)))
    .values(retired_at=bindparam("at", type_=UtcTime))
)


def judge_anew(connection: Connection, judged: Sequence[Judged], topics: Mapping[str, int], now: datetime) -> Changes:
    """Make the matches of *judged* those that were found; *topics*, by name and id, are those judged by.

    What is stored of an older version of a topic is retired, and what no longer holds; matches of other topics are
    left alone. Called again it changes nothing. Raises LookupError for a topic version that was not recorded.
    """
    name = connection.dialect.name
    judged_by = set(topics.values())
    rows_of_texts = connection.execute(
        _in_force(name), {"texts": dialect.pack([each.text.version_id for each in judged], name)}
    )
    stored = {(row.version_id, row.topic_id): row for row in rows_of_texts if row.topic_id in judged_by}
    known = _versions_of(connection, [found for each in judged for found in each.found])
    rows: list[dict[str, object]] = []
    same: set[int] = set()
    for each in judged:
        for found in each.found:
            version = known.get((found.topic, found.version))
            if version is None:
                raise LookupError(f"topic {found.topic} was not recorded in its version {found.version}")
            old = stored.get((each.text.version_id, version.topic_id))
            if old is not None and old.topic_version_id == version.id:
                same.add(old.id)
            else:
                rows.append(_row(each.text, found, version, now))
    retired = [{"own": row.id, "at": now} for row in stored.values() if row.id not in same]
    if retired:
        connection.execute(_RETIRE, retired)
    if rows:
        connection.execute(_add_match(name), rows)
    renewed = sum((row["version_id"], row["topic_id"]) in stored for row in rows)
    return Changes(added=len(rows) - renewed, renewed=renewed, same=len(same), retired=len(retired) - renewed)


def _row(text: StoredText, found: TopicMatch, version: Row[*tuple[Any, ...]], now: datetime) -> dict[str, object]:
    return {
        "version_id": text.version_id,
        "topic_id": version.topic_id,
        "topic_version_id": version.id,
        "article_id": text.article,
        "first_seen_at": text.first_seen,
        "rules": list(found.rules),
        "spans": _plain(spans_with_text(found.spans, text.document)),
        "created_at": now,
        "origin": MatchOrigin.BACKFILL,
        "retired_at": None,
    }


def ids_in_force(connection: Connection, versions: Mapping[str, str]) -> dict[str, int] | None:
    """The ids of the topics whose names and versions are given; None when one is not in force in that version."""
    name = connection.dialect.name
    wanted = dialect.texts("names", name).alias("wanted")
    statement = (
        select(topic.c.name, topic.c.id, topic_version.c.version)
        .select_from(wanted.join(topic, topic.c.name == wanted.c.value))
        .join(topic_version, topic_version.c.id == topic.c.version_id)
        .where(topic.c.retired_at.is_(None))
    )
    rows = connection.execute(statement, {"names": dialect.pack(versions, name)}).all()
    return {row.name: row.id for row in rows} if {row.name: row.version for row in rows} == versions else None


def _plain(spans: Iterable[SpanRecord]) -> list[dict[str, object]]:
    # `asdict` copies deeply, which takes ten times as long.
    return [{"field": s.field, "start": s.start, "end": s.end, "text": s.text} for s in spans]


# --- what spans point into --------------------------------------------------------------------------


def fields_of(document: Document) -> dict[str, str]:
    """The text that spans of each field point into."""
    return {
        "title": document.title,
        "body": document.body,
        "author": document.author or "",
        "source": document.source or "",
        "url": document.url or "",
        "lang": document.lang or "",
        "section": SECTION_SEPARATOR.join(document.sections),
    }


def document_of(read: Article) -> Document:
    """What rules are matched against, of an article as it was read."""
    return Document(
        title=read.title,
        body=read.text,
        author=read.author,
        source=read.source,
        url=read.url,
        lang=read.lang,
        sections=read.sections,
    )


def spans_with_text(spans: Iterable[Span], document: Document) -> tuple[SpanRecord, ...]:
    """Where the words of a match stand in *document*, each with the text that stands there."""
    fields = fields_of(document)
    return tuple(
        SpanRecord(field=span.field, start=span.start, end=span.end, text=fields[span.field][span.start : span.end])
        for span in spans
    )
