"""Which versions of topics were in force from when to when, told from the trail that is kept. Read only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, union_all

from storage.lists import history, match_lists
from storage.lists.history_records import TopicStay
from storage.tables import article, match, topic, topic_change, topic_version

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select


def topic_stays(connection: Connection, name: str | None) -> tuple[TopicStay, ...]:
    """Which versions of a topic, or of all, were in force from when to when; by topic, the newest first.

    Raises LookupError.
    """
    statement = (
        select(
            topic_change.c.topic_id,
            topic.c.name,
            topic.c.retired_at,
            topic_change.c.at,
            topic_version.c.version,
            topic_version.c.title,
            topic_version.c.file,
            topic_version.c.source,
        )
        .join(topic, topic.c.id == topic_change.c.topic_id)
        .outerjoin(topic_version, topic_version.c.id == topic_change.c.topic_version_id)
        .order_by(topic.c.name, topic_change.c.id.desc())
    )
    if name is not None:
        statement = statement.where(topic_change.c.topic_id == match_lists.topic_id_of(connection, name))
    stays = []
    later: Row[*tuple[Any, ...]] | None = None
    for row in connection.execute(statement).all():
        after = later if later is not None and later.topic_id == row.topic_id else None
        later = row
        if row.version is None:
            continue
        # One that came in an archive is retired here, which the trail that came with it does not tell.
        until = row.retired_at if after is None else after.at
        is_retired = after is None or after.version is None
        stays.append(
            TopicStay(
                topic=row.name,
                version=row.version,
                since=row.at,
                until=until,
                ended=None if until is None else "retired" if is_retired else "changed",
                matches=_count_matches(connection, row.topic_id, until),
                title=row.title,
                file=row.file,
                source=row.source,
            )
        )
    return tuple(stays)


#: The matches that are listed now.
_LISTED = (
    select(func.count())
    .select_from(match.join(article, article.c.id == match.c.article_id))
    .where(
        match.c.topic_id == bindparam("topic"),
        match.c.retired_at.is_(None),
        match.c.version_id == article.c.version_id,
    )
)


def _select_listed_then() -> Select[int]:
    of_topic = (
        select(func.count().label("matches"))
        .select_from(match.join(article, article.c.id == match.c.article_id))
        .where(
            match.c.topic_id == bindparam("topic"),
            match.c.created_at <= history.AS_OF,
            match.c.version_id == history.shown_version(),
        )
    )
    both = union_all(
        of_topic.where(match.c.retired_at.is_(None)), of_topic.where(match.c.retired_at > history.AS_OF)
    ).subquery("both")
    return select(func.sum(both.c.matches))


_LISTED_THEN = _select_listed_then()
_MICROSECOND = timedelta(microseconds=1)


def _count_matches(connection: Connection, topic_id: int, before: datetime | None) -> int:
    """How many articles the topic matches now, or matched at last before that moment."""
    if before is None:
        return int(connection.execute(_LISTED, {"topic": topic_id}).scalar_one())
    values = {"topic": topic_id, "as_of": before - _MICROSECOND}
    return int(connection.execute(_LISTED_THEN, values).scalar_one())
