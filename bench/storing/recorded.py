"""What a store says to SQLite, written down and said again by the bare driver: what our own layers cost.

Everything counts that goes to the driver, with its values as they are handed over: statements that begin and end
transactions, and those that read.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: statement, its values, whether there are many sets of them
Said = tuple[str, Any, bool]

_said: list[Said] | None = None


def _write_down(statement: str, values: Any, *, many: bool = False) -> None:
    if _said is not None:
        _said.append((statement, values, many))


class _Cursor(sqlite3.Cursor):
    def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:
        _write_down(statement, values)
        return super().execute(statement, values)

    def executemany(self, statement: str, values: Any, /) -> sqlite3.Cursor:
        values = list(values)
        _write_down(statement, values, many=True)
        return super().executemany(statement, values)


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:
        _write_down(statement, values)
        return super().execute(statement, values)

    def executemany(self, statement: str, values: Any, /) -> sqlite3.Cursor:
        values = list(values)
        _write_down(statement, values, many=True)
        return super().executemany(statement, values)

    def commit(self) -> None:
        if self.in_transaction:
            _write_down("COMMIT", ())
        super().commit()

    def rollback(self) -> None:
        if self.in_transaction:
            _write_down("ROLLBACK", ())
        super().rollback()


@contextmanager
def recording() -> Iterator[list[Said]]:
    """Write down what connections say that are opened while this is open, by this process; not what they cost."""
    global _said  # noqa: PLW0603  # a connection has no place for it
    plain = sqlite3.connect
    sqlite3.connect = partial(plain, factory=_Connection)
    _said = []
    try:
        yield _said
    finally:
        sqlite3.connect = plain
        _said = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, and of CPU of this process."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    @classmethod
    def now(cls) -> Spent:
        """Both clocks."""
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)


class Replay:
    """A bare connection to the database at *path* that says again what was written down."""

    def __init__(self, path: Path, *, secure_delete: str = "FAST") -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=200)
        # As ours is opened.
        pragmas = ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")
        for pragma in (*pragmas, f"secure_delete = {secure_delete}"):
            self._connection.execute(f"PRAGMA {pragma}")

    def say(self, said: Sequence[Said]) -> Spent:
        """Say a part of it; returns what that took."""
        begun = Spent.now()
        for statement, values, is_many in said:
            if is_many:
                self._connection.executemany(statement, values)
            else:
                self._connection.execute(statement, values).fetchall()
        return Spent.now() - begun

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
