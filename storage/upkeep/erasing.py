"""Forgets articles for good: their words are gone from the database, and not only from what can be asked of it.

On SQLite deleted words would stay in pages that are free by that, in the full-text index until its parts are merged,
and in the write-ahead log. So all three are seen to, a little at a time, so that a running instance hardly waits. On
PostgreSQL that is the server's: VACUUM, and what its administrator keeps. Copies of the database keep what they hold.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from storage import engine, forgotten, sqlite_file
from storage.address import SqliteFile, read_address
from storage.redo import index_beside, renewal
from storage.sqlite_file import BUSY_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.forgotten import Forgot

T = TypeVar("T")

#: rows and pages of 4 kB that are written in one transaction: about 4 MB
PAGES_AT_ONCE = 1000


class Eraser:
    """The database at *url*, to forget articles of it. Any method can raise a StorageError."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._address = read_address(url)
        if isinstance(self._address, SqliteFile):
            made = sqlite_file.erasing_engine(self._address.path, busy_timeout_s=busy_timeout_s)
        else:
            made = engine.writing_engine(self._address, busy_timeout_s=busy_timeout_s)
        self._writer = engine.Writer(made, self._address.shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    @property
    def is_file(self) -> bool:
        """The database is a file of ours; else the server has the last word on what is left of deleted rows."""
        return isinstance(self._address, SqliteFile)

    def forget(self, article_id: int, now: datetime) -> Forgot:
        """Delete all that is stored of an article, and remember its addresses.

        Raises LookupError for an article that does not exist, and `forgotten.IndexedOtherwiseError`.
        """
        return self._run(partial(forgotten.forget, article_id=article_id, now=now))

    def clean(self, pages: int = PAGES_AT_ONCE) -> Iterator[None]:
        """Write anew what may hold deleted words, some *pages* with each step; nothing on a server.

        May be broken off; begun again, it does it all.
        """
        if not self.is_file:
            return
        while self._run(partial(renewal.clear_old, limit=pages)):
            yield
        is_first = True
        while self._run(partial(index_beside.merge, pages=pages, is_first=is_first)):
            is_first = False
            yield
        while self._run(partial(index_beside.overwrite, pages=pages)):
            yield
        while self._run(index_beside.release):
            yield

    def fold_log(self, *, wait_s: float = 2.0) -> bool:
        """Fold the write-ahead log into the file and empty it, which ends all the work that `clean` has done.

        False: somebody has read from it for *wait_s* seconds; call again later.
        """
        if not isinstance(self._address, SqliteFile):
            return True
        return sqlite_file.fold_log(self._address.path, wait_s=wait_s)

    def _run(self, work: Callable[[Connection], T]) -> T:
        return self._writer.run(work)
