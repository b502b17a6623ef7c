"""Views for people who ask the database in SQL: stable names and columns, whatever becomes of the tables.

Columns are called as the fields of `--json` are, where there are such fields. Times are text on SQLite, as in JSON, and
timestamptz on PostgreSQL; lists and objects are JSON, as they are stored; true and false are 1 and 0 on SQLite.
Columns may be added and are never renamed or taken away; `docs/reference/schema.md` is made from them.

The views are no part of a migration: `storage.migrate` drops them before and makes them after it, so that a
table can change below them. So a change of a view needs a migration, be it one that changes nothing else.
What must stay secret (the table of subscriptions has some) is in none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from storage import dialect
from storage.article_views import ARTICLES, RELATIONS, STORIES, VERSIONS
from storage.feed_views import ENTRIES, EVENTS, FEEDS
from storage.topic_views import MATCHES, TOPICS

if TYPE_CHECKING:
    from sqlalchemy import Connection

VIEWS = (FEEDS, ENTRIES, ARTICLES, VERSIONS, STORIES, RELATIONS, MATCHES, TOPICS, EVENTS)

#: Names of views that earlier versions made and that are none any more.
FORMER: frozenset[str] = frozenset()


def create_views(connection: Connection) -> None:
    """Make all views; there must be none of their names."""
    for view in VIEWS:
        connection.execute(text(view.sql(connection.dialect.name)))


def drop_views(connection: Connection) -> None:
    """Drop all views, also those of an earlier version that are none any more. Does nothing where there are none.

    PostgreSQL refuses it while views that other people made stand upon them, see `errors.ViewsInTheWay`.
    """
    ours = {view.name for view in VIEWS} | FORMER
    for statement in dialect.drop_views(sorted(ours.intersection(inspect(connection).get_view_names())), connection):
        connection.execute(text(statement))
