"""The fields of the commands of `db`; see `wirewatch.fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, TEXT, YES_NO

BACKED_UP = (
    Column("path", TEXT, "file of the copy"),
    Column("bytes", INTEGER, "its size"),
    Column("revision", TEXT, "its schema"),
)

RESTORED = (
    Column("path", TEXT, "file of the database"),
    Column("revision", TEXT, "its schema"),
    Column("kept", TEXT, "where the database is that was there before, or null"),
)

VACUUMED = (
    Column("path", TEXT, "the database"),
    Column("before", INTEGER, "bytes that it took before"),
    Column("after", INTEGER, "bytes that it takes now"),
    Column("freed", INTEGER, "bytes that were given back"),
)

TABLE_COPIED = (
    Column("table", TEXT, "its name", is_shown=True),
    Column("rows", INTEGER, "rows that both databases have", is_shown=True),
    Column("checksum", TEXT, "of all of them, the same on both", is_shown=True),
)

DATABASE_COPIED = (
    Column("source", TEXT, "the database that was copied"),
    Column("target", TEXT, "its copy"),
    Column("rows", INTEGER, "rows that were copied, in all"),
    Column("is_resumed", YES_NO, "a copy that was begun before was gone on with"),
    Column("tables", "list of {table, rows, checksum}", "what was compared", nested=TABLE_COPIED),
)

PRUNED = (
    Column("raw_pages", INTEGER, "pages as they came"),
    Column("poll_log", INTEGER, "lines of the log of polls"),
    Column("fetch_log", INTEGER, "lines of the log of fetched pages"),
    Column("events", INTEGER, "events"),
    Column("wishes", INTEGER, "waits that hosts asked for and robots.txt files, both over"),
    Column("texts", INTEGER, "texts that their article no longer shows"),
)

FINDING = (
    Column("check", TEXT, "what was looked at", is_shown=True),
    Column("count", INTEGER, "how many rows", is_shown=True),
    Column("message", TEXT, "what is wrong, with some of the rows", is_flexible=True, is_shown=True),
    Column("fix", TEXT, "what to do about it", is_flexible=True, is_shown=True),
)
