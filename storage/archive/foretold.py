"""What an import would have stored by now, for its dry run: names alone, on the disk where they are many."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Self


class Foretold:
    """What the records before would have brought; a context manager. Each name is kept as 8 bytes of its hash.

    Articles that would be new have numbers below 0; those that are stored have their own.
    """

    def __init__(self) -> None:
        # A file of its own that is gone with the connection, https://www.sqlite.org/inmemorydb.html#temp_db
        self._names = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._names.execute("PRAGMA journal_mode = OFF")
        self._names.execute("CREATE TABLE name (hash INTEGER PRIMARY KEY, ident INTEGER)")
        self._articles = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._names.close()

    def add(self, *name: str, ident: int = 0) -> None:
        """Keep a name, unless there is such a one."""
        self._names.execute("INSERT OR IGNORE INTO name VALUES (?, ?)", (_hash(name), ident))

    def find(self, *name: str) -> int | None:
        """What was kept with a name first; None: there is no such name."""
        row = self._names.execute("SELECT ident FROM name WHERE hash = ?", (_hash(name),)).fetchone()
        return None if row is None else int(row[0])

    def has(self, *name: str) -> bool:
        """Whether there is such a name."""
        return self.find(*name) is not None

    def new_article(self) -> int:
        """A number for an article that is not stored."""
        self._articles -= 1
        return self._articles


def _hash(name: tuple[str, ...]) -> int:
    digest = hashlib.blake2b("\0".join(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
