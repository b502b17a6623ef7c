"""The words of the stored articles, with the number of texts that hold each: what a wildcard stands for. Read only.

SQLite shows the words of its full-text index through a virtual table of kind fts5vocab
(https://www.sqlite.org/fts5.html#the_fts5vocab_virtual_table_module). That table is made in the temporary schema of a
connection that can only read, so nothing is written and no migration is needed.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from sqlalchemy import text

from rules.glob import matches_glob
from rules.text import is_opaque
from storage import engine
from storage.dialect import SEARCH_TABLE
from storage.errors import DatabaseClosed, translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")

_OPEN = text(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', '{SEARCH_TABLE}', 'row')")
_RANGE = text("SELECT term, doc FROM temp.vocabulary WHERE term >= :low AND term < :high")
_ALL = text("SELECT term, doc FROM temp.vocabulary WHERE term GLOB :glob")
_ONE = text("SELECT doc FROM temp.vocabulary WHERE term = :word")

#: in no word of ours, and behind all that are
_BEHIND_ALL = "\U0010ffff"


class StoredWord(NamedTuple):
    """A word, folded, and the number of stored texts that hold it; an article with two versions counts twice."""

    word: str
    texts: int


class Vocabulary:
    """The words in the database at *url*. Nothing is opened before it is needed; close it after use.

    Any method can raise a StorageError. On PostgreSQL: NotImplementedError.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = engine.BUSY_TIMEOUT_S) -> None:
        self._path = engine.database_path(url)
        self._engine = engine.reading_engine(self._path, busy_timeout_s=busy_timeout_s)
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        self._is_closed = True
        self._engine.dispose()

    def frequency(self, word: str) -> int:
        """The number of stored texts that hold *word*, which is folded."""
        return self._read(partial(_frequency, word=word))

    def expand(self, pattern: str) -> tuple[StoredWord, ...]:
        """The words that match *pattern*, which is folded and has `*` and `?`; the most frequent first."""
        return self._read(partial(_expand, pattern=pattern))

    def _read(self, work: Callable[[Connection], T]) -> T:
        if self._is_closed:
            raise DatabaseClosed(str(self._path))
        with translated(str(self._path)), self._engine.begin() as connection:
            if connection.dialect.name != "sqlite":
                raise NotImplementedError("vocabulary on PostgreSQL")
            connection.execute(_OPEN)
            return work(connection)


def _frequency(connection: Connection, word: str) -> int:
    return connection.execute(_ONE, {"word": word}).scalar() or 0


def _expand(connection: Connection, pattern: str) -> tuple[StoredWord, ...]:
    head = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if head:
        rows = connection.execute(_RANGE, {"low": head, "high": f"{head}{_BEHIND_ALL}"})
    else:
        # SQLite's GLOB also knows [...], which no word of ours holds.
        rows = connection.execute(_ALL, {"glob": pattern})
    found = [StoredWord(word, texts) for word, texts in rows if matches_glob(pattern, word) and not is_opaque(word)]
    return tuple(sorted(found, key=lambda each: (-each.texts, each.word)))
