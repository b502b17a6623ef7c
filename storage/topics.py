"""Topics with their versions, and what was wrong with the rule files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from storage import backlog, dialect
from storage.columns import UtcTime
from storage.tables import rule_problem, topic, topic_change, topic_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from rules.errors import RuleError
    from rules.topic import Topic

# --- topics -----------------------------------------------------------------------------------------

#: What `rules.files.parse_topic` calls the file of a topic that it reads from a stored source.
_NO_FILES = ("", "stored topic")

#: What a version says beside what makes it one.
_SAID = ("source", "title", "tags", "langs", "file")

_VERSION = (topic_version.c.id, topic_version.c.topic_id, topic_version.c.version, *(topic_version.c[n] for n in _SAID))
_STORED = select(topic.c.name, topic.c.id, topic.c.version_id, topic.c.retired_at)
_CURRENT = select(*_VERSION).join(topic, topic.c.version_id == topic_version.c.id)
_SAY = (
    update(topic_version)
    .where(topic_version.c.id == bindparam("own"))
    .values({name: bindparam(f"new_{name}") for name in _SAID})
)
_PUT = update(topic).where(topic.c.id == bindparam("own")).values(version_id=bindparam("current"), retired_at=None)
_RETIRE = update(topic).where(topic.c.id == bindparam("own")).values(retired_at=bindparam("at", type_=UtcTime))


def record(connection: Connection, topics: Sequence[Topic], now: datetime) -> None:
    """Store the topics in force; those that are stored and not among them are retired.

    A version that is known already takes over title, tags and the like, which are no part of a version. That a topic
    changes, is retired or comes back is kept in `tables.topic_change`; the same again changes nothing. Takes a fixed
    number of statements, however many topics there are.
    """
    stored = {row.name: row for row in connection.execute(_STORED)}
    new = [{"name": each.name} for each in topics if each.name not in stored]
    if new:
        connection.execute(topic.insert(), new)
        stored = {row.name: row for row in connection.execute(_STORED)}
    ids = {each.name: stored[each.name].id for each in topics}
    versions = _record_versions(connection, topics, ids, now)
    put = [
        {"own": row.id, "current": versions[each.name]}
        for each in topics
        if (row := stored[each.name]).version_id != versions[each.name] or row.retired_at is not None
    ]
    gone = [{"own": row.id, "at": now} for row in stored.values() if row.name not in ids and row.retired_at is None]
    for statement, rows in ((_PUT, put), (_RETIRE, gone)):
        if rows:
            connection.execute(statement, rows)
    _keep_trail(connection, put, gone, now)
    if put:
        backlog.begin(connection, [row["own"] for row in put])


def _keep_trail(
    connection: Connection, put: Iterable[Mapping[str, Any]], gone: Iterable[Mapping[str, Any]], now: datetime
) -> None:
    changes = [{"topic_id": row["own"], "topic_version_id": row["current"], "at": now} for row in put]
    changes += [{"topic_id": row["own"], "topic_version_id": None, "at": now} for row in gone]
    if changes:
        connection.execute(topic_change.insert(), changes)


def _record_versions(
    connection: Connection, topics: Iterable[Topic], ids: Mapping[str, int], now: datetime
) -> dict[str, int]:
    """Make sure that each topic's version is stored and says what the topic says; return their ids by topic."""
    known = {(row.topic_id, row.version): row for row in connection.execute(_CURRENT)}
    others = [each for each in topics if (ids[each.name], each.version) not in known]
    if others:
        # Changed topics go back to an earlier version more often than one thinks.
        known |= _versions_of(connection, [ids[each.name] for each in others])
        new = [each for each in others if (ids[each.name], each.version) not in known]
        if new:
            rows = [
                {"topic_id": ids[each.name], "version": each.version, "created_at": now, **_said(each)} for each in new
            ]
            connection.execute(topic_version.insert(), rows)
            known |= _versions_of(connection, [ids[each.name] for each in new])
    found = {each.name: known[ids[each.name], each.version] for each in topics}
    changed = [
        {"own": row.id, **{f"new_{name}": value for name, value in said.items()}}
        for each in topics
        if (said := _said(each, row := found[each.name])) != {name: getattr(row, name) for name in _SAID}
    ]
    if changed:
        connection.execute(_SAY, changed)
    return {name: row.id for name, row in found.items()}


def _versions_of(connection: Connection, topic_ids: Iterable[int]) -> dict[tuple[int, str], Row[*tuple[object, ...]]]:
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = select(*_VERSION).join(wanted, wanted.c.value == topic_version.c.topic_id)
    rows = connection.execute(statement, {"ids": dialect.pack(topic_ids, name)})
    return {(row.topic_id, row.version): row for row in rows}


def _said(each: Topic, stored: Row[*tuple[object, ...]] | None = None) -> dict[str, object]:
    said: dict[str, object] = {
        "source": each.source,
        "title": each.title,
        "tags": list(each.tags),
        "langs": list(each.langs),
        "file": each.file,
    }
    if stored is not None and each.file in _NO_FILES:
        # Compiled from what is stored here: the file says something that is not understood.
        said["file"] = stored.file
    return said


def last_change(connection: Connection) -> int:
    """The number of the last change to the set of topics in force; 0 before the first."""
    return connection.execute(select(func.max(topic_change.c.id))).scalar() or 0


def versions(connection: Connection) -> dict[str, str]:
    """The topics in force: name → version."""
    rows = connection.execute(
        select(topic.c.name, topic_version.c.version)
        .join(topic_version, topic_version.c.id == topic.c.version_id)
        .where(topic.c.retired_at.is_(None))
    )
    return {row.name: row.version for row in rows}


def last_good(connection: Connection, names: Collection[str] | None, files: Collection[str] | None) -> tuple[str, ...]:
    """The sources of the topics that have one of *names*, and of those in force from one of *files*, by name.

    A retired topic is given by its name too: it was away for a while, and comes back. With neither given, of all
    topics in force.
    """
    is_in_force = topic.c.retired_at.is_(None)
    wanted = select(topic_version.c.source).join(topic, topic.c.version_id == topic_version.c.id)
    wanted = wanted.order_by(topic.c.name)
    values: dict[str, object] = {}
    if names is not None or files is not None:
        kind = connection.dialect.name
        values = {
            "names": dialect.pack(names or (), kind),
            "files": dialect.pack((str(file) for file in files or ()), kind),
        }
        of_name, of_file = (select(dialect.texts(n, kind).alias().c.value) for n in ("names", "files"))
        wanted = wanted.where(or_(topic.c.name.in_(of_name), and_(is_in_force, topic_version.c.file.in_(of_file))))
    else:
        wanted = wanted.where(is_in_force)
    return tuple(connection.execute(wanted, values).scalars())


# --- what was wrong ---------------------------------------------------------------------------------


_ERROR = ("file", "line", "column", "code", "message", "remedy", "source_line")


#: What an error is recognised by: without the line, which moves with what is written above it.
_SAME = ("file", "code", "column", "message", "source_line")


def record_errors(connection: Connection, errors: Sequence[RuleError], now: datetime) -> None:
    """Store what is wrong with the rule files now, in place of what was; the same again changes nothing.

    What was wrong before keeps the time at which it was first recorded.
    """
    rows = [{name: getattr(error, name) for name in _ERROR} for error in errors]
    columns = [rule_problem.c[name] for name in (*_ERROR, "recorded_at")]
    stored = [row._asdict() for row in connection.execute(select(*columns).order_by(rule_problem.c.id))]
    since = {_identity(row): row["recorded_at"] for row in reversed(stored)}
    wanted = [{**row, "recorded_at": since.get(_identity(row), now)} for row in rows]
    if stored != wanted:
        connection.execute(delete(rule_problem))
        if wanted:
            connection.execute(rule_problem.insert(), wanted)


def _identity(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in _SAME)
