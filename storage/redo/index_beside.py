"""SQLite's full-text index made anew beside the one in use, and what is left of words in the file. SQLite alone.

The new one is filled a little at a time; when it has every text, the two are exchanged in one transaction, which takes
no longer for a large one. The old one is then emptied a little at a time, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

#: The one in use, the one that is filled, and the one that is no longer used.
IN_USE, NEXT, OLD = "search_index", "search_index_next", "search_index_old"
#: So many parts of one size are merged into one, as migration 0006 has it, too. With 4, FTS5's own choice, an article
#: that joins a million takes 12 % more CPU to be stored (`bench/storage_scale.py`); searches are fast enough with 8.
MERGED_AT = 8
#: pages that are overwritten with zeros stand here meanwhile
SCRUB = "scrub"

#: as migration 0006 has it, for where somebody has dropped it
_FORM = (
    "CREATE VIRTUAL TABLE search_index USING fts5(body, title, content='', "
    """tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Cf Cn Co'")"""
)
_NAME = re.compile(r"""^(\s*CREATE\s+VIRTUAL\s+TABLE\s+)["']?search_index["']?""", re.IGNORECASE)

# Of each index FTS5 keeps tables of its own, https://www.sqlite.org/fts5.html#fts5_data_structures: "docsize" has a row
# for each text, "data" has the words.


def _one(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> Any:
    row = connection.exec_driver_sql(statement, parameters).first()
    return None if row is None else row[0]


def is_there(connection: Connection, name: str) -> bool:
    """Whether there is a table of this name."""
    return _one(connection, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None


# --- filling ----------------------------------------------------------------------------------------


def create(connection: Connection) -> None:
    """Begin a new index beside the one in use; what was begun before is dropped.

    It has the same form, but the body first: a word of the first column takes two bytes less.
    """
    connection.exec_driver_sql("DROP TABLE IF EXISTS search_index_next")
    _create(connection, NEXT)


def _create(connection: Connection, name: str) -> None:
    form = _one(connection, "SELECT sql FROM sqlite_master WHERE name = ?", (IN_USE,))
    anew = _NAME.sub(rf"\1{name}", str(form or _FORM))
    connection.exec_driver_sql(anew.replace("fts5(title, body,", "fts5(body, title,"))
    connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('automerge', {MERGED_AT})")  # noqa: S608  # names and a number of ours


_ADD = "INSERT INTO search_index_next (rowid, title, body) VALUES (?, ?, ?)"
_REMOVE = "INSERT INTO search_index_next (search_index_next, rowid, title, body) VALUES ('delete', ?, ?, ?)"


def add(connection: Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Add texts to the new one, each by the id of its version and its tokens in lines."""
    rows = list(rows)
    if rows:
        connection.exec_driver_sql(_ADD, rows)


def add_if_passed(connection: Connection, version_id: int, title: str, body: str) -> None:
    """Add a text to the new one where there is one, and the run that fills it has passed this text by now."""
    if is_there(connection, NEXT):
        # Not by what the index has: the last texts that were passed may have been dropped as old.
        passed = _one(connection, "SELECT cursor FROM redo WHERE kind = 'reindex' ORDER BY id DESC LIMIT 1")
        if passed is not None and passed >= version_id and not _has(connection, version_id):
            add(connection, [(version_id, title, body)])


def remove(connection: Connection, version_id: int, title: str, body: str) -> None:
    """Take a text out of the new one, where there is one and it has the text."""
    if is_there(connection, NEXT) and _has(connection, version_id):
        connection.exec_driver_sql(_REMOVE, (version_id, title, body))


def _has(connection: Connection, version_id: int) -> bool:
    return _one(connection, "SELECT 1 FROM search_index_next_docsize WHERE id = ?", (version_id,)) is not None


# --- exchanging -------------------------------------------------------------------------------------

#: The two first rows, by which the table is known to be whole, stay to the end.
_CLEAR = (
    "DELETE FROM search_index_old_data WHERE id IN (SELECT id FROM search_index_old_data WHERE id > 10 LIMIT ?)",
    "DELETE FROM search_index_old_docsize WHERE id IN (SELECT id FROM search_index_old_docsize LIMIT ?)",
)
#: They then say that it is empty; of a damaged one they may be missing.
_EMPTY = (
    "INSERT OR REPLACE INTO search_index_data (id, block) "
    "SELECT id, block FROM search_index_empty_data WHERE id IN (1, 10)"
)


def exchange(connection: Connection, *, is_lost: bool = False) -> None:
    """Use the new one from now on; the old one is to be cleared then.

    *is_lost*: its pages are damaged, or tables of it are missing, so that it can neither be renamed nor dropped. Not
    found out here: SQLite does nothing more in a transaction that has met a damaged page.
    """
    if is_lost:
        _disown(connection)
    else:
        _set_aside(connection)
    connection.exec_driver_sql("ALTER TABLE search_index_next RENAME TO search_index")


def _set_aside(connection: Connection) -> None:
    # One that is left from before was cleared but for little, or nobody has gone on with that.
    connection.exec_driver_sql("DROP TABLE IF EXISTS search_index_old")
    _create(connection, "search_index_empty")
    # Before it is renamed, as FTS5 reads these rows then, and refuses those of a damaged index.
    connection.exec_driver_sql(_EMPTY)
    connection.exec_driver_sql("DROP TABLE search_index_empty")
    connection.exec_driver_sql("ALTER TABLE search_index RENAME TO search_index_old")


def _disown(connection: Connection) -> None:
    """Take the index in use out of the schema, and leave its pages where they are: `db vacuum` gives them back.

    https://www.sqlite.org/pragma.html#pragma_writable_schema
    """
    names = (IN_USE, OLD, *(f"{name}_{part}" for name in (IN_USE, OLD) for part in _PARTS))
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        for name in names:
            connection.exec_driver_sql("DELETE FROM sqlite_master WHERE type = 'table' AND tbl_name = ?", (name,))
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")


_PARTS = ("data", "idx", "docsize", "config")


def clear_old(connection: Connection, limit: int) -> bool:
    """Delete at most *limit* rows of the index that is no longer used; False: nothing was left of it."""
    if not is_there(connection, OLD):
        return False
    # Dropped at once, a large one would hold up everybody else.
    for statement in _CLEAR:
        if connection.exec_driver_sql(statement, (limit,)).rowcount:
            return True
    connection.exec_driver_sql("DROP TABLE search_index_old")
    return True


# --- words that were deleted ------------------------------------------------------------------------


def merge(connection: Connection, pages: int, *, is_first: bool) -> bool:
    """Write about so many *pages* of the index anew, without what was deleted from it; False: it is all done.

    Until then it holds the words of deleted texts with marks that they are gone. *is_first* begins with all of it.
    """
    # https://www.sqlite.org/fts5.html#the_merge_command: a negative number takes all parts together; and by the changes
    # one sees whether there was anything to merge, since the statement itself counts as one.
    before = _one(connection, "SELECT total_changes()")
    wanted = -pages if is_first else pages
    connection.exec_driver_sql("INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", (wanted,))
    return bool(_one(connection, "SELECT total_changes()") - before > 1)


def overwrite(connection: Connection, pages: int) -> bool:
    """Take free pages of the file and fill them with zeros, as much as *pages* of 4 kB; False: none is free any more.

    Whoever deletes something leaves its words in the pages that are free by that.
    """
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS scrub (zeros BLOB NOT NULL)")
    free = int(_one(connection, "PRAGMA freelist_count"))
    if free:
        size = int(_one(connection, "PRAGMA page_size"))
        count = min(free, max(1, pages * 4096 // size))
        # A page holds a bit less of a value than its size.
        connection.exec_driver_sql("INSERT INTO scrub VALUES (zeroblob(?))", (count * (size - 8),))
    return free > 0


def release(connection: Connection) -> bool:
    """Give some of the pages back that `overwrite` has taken; False: all are free again."""
    if not is_there(connection, SCRUB):
        return False
    first = "DELETE FROM scrub WHERE rowid IN (SELECT rowid FROM scrub LIMIT 1)"
    if not connection.exec_driver_sql(first).rowcount:
        connection.exec_driver_sql("DROP TABLE scrub")
    return True
