"""Topics with their versions, what was wrong with the rule files, and what matched."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, or_, select, update

from rules.document import SECTION_SEPARATOR, Document
from storage import dialect
from storage.tables import article, match, rule_problem, topic, topic_version

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Insert

    from ingest.model import Article, Reading
    from rules.errors import RuleError
    from rules.match import TopicMatch
    from rules.topic import Topic

# --- topics -----------------------------------------------------------------------------------------

#: What `rules.files.parse_topic` calls the file of a topic that it reads from a stored source.
_NO_FILES = ("", "stored topic")

_STORED = select(
    topic.c.id, topic.c.name, topic.c.retired_at, topic.c.version_id, topic_version.c.version, topic_version.c.source
).outerjoin(topic_version, topic_version.c.id == topic.c.version_id)
_VERSION = select(topic_version).where(
    topic_version.c.topic_id == bindparam("own"), topic_version.c.version == bindparam("wanted")
)


def record(connection: Connection, topics: Sequence[Topic], now: datetime) -> None:
    """Store the topics in force; those that are stored and not among them are retired.

    A version that is known already takes over title, tags and the like, which are no part of a version.
    """
    stored = {row.name: row for row in connection.execute(_STORED)}
    for each in topics:
        known = stored.get(each.name)
        topic_id = dialect.insert_row(connection, topic, {"name": each.name}) if known is None else known.id
        version_id = _record_version(connection, topic_id, each, now)
        if known is None or known.version_id != version_id or known.retired_at is not None:
            values = {"version_id": version_id, "retired_at": None}
            connection.execute(update(topic).where(topic.c.id == topic_id).values(values))
    names = {each.name for each in topics}
    gone = [row.id for row in stored.values() if row.name not in names and row.retired_at is None]
    if gone:
        connection.execute(update(topic).where(topic.c.id.in_(gone)).values(retired_at=now))


def _record_version(connection: Connection, topic_id: int, each: Topic, now: datetime) -> int:
    said: dict[str, object] = {
        "source": each.source,
        "title": each.title,
        "tags": list(each.tags),
        "langs": list(each.langs),
        "file": each.file,
    }
    row = connection.execute(_VERSION, {"own": topic_id, "wanted": each.version}).one_or_none()
    if row is None:
        values = {"topic_id": topic_id, "version": each.version, "created_at": now, **said}
        return dialect.insert_row(connection, topic_version, values)
    if each.file in _NO_FILES:
        # Compiled from what is stored here: the file says something that is not understood.
        del said["file"]
    if any(getattr(row, name) != value for name, value in said.items()):
        connection.execute(update(topic_version).where(topic_version.c.id == row.id).values(said))
    return int(row.id)


def last_good(connection: Connection, names: Collection[str] | None, files: Collection[str] | None) -> tuple[str, ...]:
    """The sources of the topics in force that have one of *names* or came from one of *files*, by name.

    With neither given, of all topics in force.
    """
    wanted = _STORED.where(topic.c.retired_at.is_(None), topic.c.version_id.is_not(None)).order_by(topic.c.name)
    if names is not None or files is not None:
        of_file = topic_version.c.file.in_([str(file) for file in files or ()])
        wanted = wanted.where(or_(topic.c.name.in_(list(names or ())), of_file))
    return tuple(row.source for row in connection.execute(wanted))


# --- what was wrong ---------------------------------------------------------------------------------


_ERROR = ("file", "line", "column", "code", "message", "remedy", "source_line")


def record_errors(connection: Connection, errors: Sequence[RuleError], now: datetime) -> None:
    """Store what is wrong with the rule files now, in place of what was; the same again changes nothing."""
    rows = [{name: getattr(error, name) for name in _ERROR} for error in errors]
    columns = [rule_problem.c[name] for name in _ERROR]
    stored = [row._asdict() for row in connection.execute(select(*columns).order_by(rule_problem.c.id))]
    if stored != rows:
        connection.execute(delete(rule_problem))
        if rows:
            connection.execute(rule_problem.insert(), [{**row, "recorded_at": now} for row in rows])


# --- matches ----------------------------------------------------------------------------------------


@cache
def _add_match(name: str) -> Insert:
    return dialect.insert(match, name).on_conflict_do_nothing(index_elements=["version_id", "topic_id"])


_FIRST_SEEN = select(article.c.first_seen_at).where(article.c.id == bindparam("own"))
_KNOWN = (
    select(topic_version.c.id, topic_version.c.topic_id)
    .join(topic, topic.c.id == topic_version.c.topic_id)
    .where(topic.c.name == bindparam("own"), topic_version.c.version == bindparam("wanted"))
)


def add_matches(connection: Connection, reading: Reading, article_id: int, version_id: int, now: datetime) -> None:
    """Store which topics the article version matches, once; with the words that were found.

    Raises LookupError for a topic version that was not recorded.
    """
    if not reading.matches:
        return
    first_seen_at = connection.execute(_FIRST_SEEN, {"own": article_id}).scalar_one()
    rows = []
    for each in reading.matches:
        known = connection.execute(_KNOWN, {"own": each.topic, "wanted": each.version}).one_or_none()
        if known is None:
            raise LookupError(f"topic {each.topic} was not recorded in its version {each.version}")
        rows.append(
            {
                "version_id": version_id,
                "topic_id": known.topic_id,
                "topic_version_id": known.id,
                "article_id": article_id,
                "first_seen_at": first_seen_at,
                "rules": list(each.rules),
                "spans": spans_with_text(each, reading.article),
                "created_at": now,
            }
        )
    connection.execute(_add_match(connection.dialect.name), rows)


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


def spans_with_text(found: TopicMatch, read: Article) -> list[dict[str, object]]:
    """The spans of a match, each with the text that stands there."""
    fields = fields_of(
        Document(
            title=read.title,
            body=read.text,
            author=read.author,
            source=read.source,
            url=read.url,
            lang=read.lang,
            sections=read.sections,
        )
    )
    return [
        {
            "field": span.field,
            "start": span.start,
            "end": span.end,
            "text": fields[span.field][span.start : span.end],
        }
        for span in found.spans
    ]
