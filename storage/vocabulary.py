"""The words of the stored articles, with the number of texts that hold each: what a wildcard stands for. Read only."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from rules.glob import matches_glob
from rules.text import is_opaque
from storage import dialect, engine
from storage.address import read_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")


class StoredWord(NamedTuple):
    """A word, folded, and the number of stored texts that hold it; an article with two versions counts twice."""

    word: str
    texts: int


class Vocabulary:
    """The words in the database at *url*. Nothing is opened before it is needed; close it after use.

    Any method can raise a StorageError.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = engine.BUSY_TIMEOUT_S) -> None:
        address = read_address(url)
        self._reader = engine.Reader(engine.reading_engine(address, busy_timeout_s=busy_timeout_s), address.shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        self._reader.close()

    def frequency(self, word: str) -> int:
        """The number of stored texts that hold *word*, which is folded."""
        return self._read(partial(_frequency, word=word))

    def expand(self, pattern: str) -> tuple[StoredWord, ...]:
        """The words that match *pattern*, which is folded and has `*` and `?`; the most frequent first."""
        return self._read(partial(_expand, pattern=pattern))

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._reader.run(work)


def _frequency(connection: Connection, word: str) -> int:
    return dialect.count_texts(connection, word)


def _expand(connection: Connection, pattern: str) -> tuple[StoredWord, ...]:
    rows = dialect.stored_words(connection, re.split(r"[*?]", pattern, maxsplit=1)[0])
    found = [StoredWord(word, texts) for word, texts in rows if matches_glob(pattern, word) and not is_opaque(word)]
    return tuple(sorted(found, key=lambda each: (-each.texts, each.word)))
