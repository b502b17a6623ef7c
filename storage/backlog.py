"""Topics in force that were never applied to the texts that were stored before their version came into force.

As articles come in they are judged by the topics in force. What was stored by then waits for a back-fill; until one
has come to its end, the topic has a row that says up to which text it is behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, or_, select

from storage import dialect
from storage.tables import article, fingerprint, topic_backlog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

#: Texts that are still there: one that has changed since has a new number, and was judged when it came.
_OLDEST = select(func.min(fingerprint.c.id)).scalar_subquery()
_NEWEST = select(func.max(fingerprint.c.id))


def is_behind() -> ColumnElement[bool]:
    """Say in a statement that joins `topic_backlog` outwards whether the topic of a row has a backlog."""
    return func.coalesce(topic_backlog.c.upto >= _OLDEST, False)


def begin(connection: Connection, topic_ids: Iterable[int]) -> None:
    """These topics have just come into force: they are behind up to the newest text, if there is one."""
    newest = connection.execute(_NEWEST).scalar()
    rows = [] if newest is None else [{"topic_id": topic_id, "upto": newest} for topic_id in topic_ids]
    if rows:
        add = dialect.insert(topic_backlog, connection.dialect.name)
        add = add.on_conflict_do_update(index_elements=["topic_id"], set_={"upto": add.excluded.upto})
        connection.execute(add, rows)


def end(
    connection: Connection, topic_ids: Iterable[int], since: datetime | None, until: datetime | None, cursor: int
) -> None:
    """A back-fill of the span has judged by these topics up to the text *cursor*.

    They are behind no more where no text lay outside of the span, and none that an import brought lies behind it.
    """
    name = connection.dialect.name
    wanted = select(dialect.numbers("ids", name).alias("wanted").c.value)
    statement = delete(topic_backlog).where(topic_backlog.c.topic_id.in_(wanted))
    is_unread = select(fingerprint.c.id).where(fingerprint.c.id > cursor, fingerprint.c.id <= topic_backlog.c.upto)
    statement = statement.where(~exists(is_unread))
    outside = []
    if since is not None:
        outside.append(article.c.first_seen_at < since)
    if until is not None:
        outside.append(article.c.first_seen_at >= until)
    if outside:
        is_left_out = (
            select(fingerprint.c.id)
            .join(article, article.c.id == fingerprint.c.article_id)
            .where(or_(*outside), fingerprint.c.id <= topic_backlog.c.upto)
        )
        statement = statement.where(~exists(is_left_out))
    connection.execute(statement, {"ids": dialect.pack(topic_ids, name)})
