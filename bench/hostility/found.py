"""What a case has left in the database, read with plain SQL: not through the code that is being judged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_ENTRIES = """
    SELECT entry.*, article.url AS article_url, version.text AS article_text, version.title AS article_title,
           version.published AS article_published,
           (SELECT count(*) FROM article_version WHERE article_id = article.id) AS versions
    FROM entry
    LEFT JOIN article ON article.id = entry.article_id
    LEFT JOIN article_version AS version ON version.id = article.version_id
    ORDER BY entry.id
"""


def read_feed(database: Path) -> dict[str, Any]:
    """The one feed, as it is stored."""
    return _rows(database, "SELECT * FROM feed")[0]


def read_entries(database: Path) -> list[dict[str, Any]]:
    """All entries in the order in which they were stored, with the current text of their articles."""
    return _rows(database, _ENTRIES)


def read_events(database: Path) -> list[str]:
    """The kinds of all events, the oldest first."""
    if not _rows(database, "SELECT 1 FROM sqlite_master WHERE name = 'event'"):
        return []
    return [row["kind"] for row in _rows(database, "SELECT kind FROM event ORDER BY id")]


def count_articles(database: Path) -> int:
    """How many articles are stored."""
    return int(_rows(database, "SELECT count(*) AS n FROM article")[0]["n"])


def dump(database: Path) -> str:
    """Everything that is stored, as text: to look for what must not be there."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


def _rows(database: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]
