"""How much of the time somebody writes: writers take turns on one database, so this is what cannot be shared out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from storage.tables import APPLICATION_ID

if TYPE_CHECKING:
    from types import TracebackType

#: Between two looks.
LOOK_S = 0.02

#: Who writes has the lock, who waits for that has asked for it.
_WRITERS = text(
    "SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks "
    "WHERE locktype = 'advisory' AND classid = :application AND objid = :lock "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What was seen until now: how often it was looked, and how often somebody wrote, and waited to."""

    count: int = 0
    writing: int = 0
    waiting: int = 0

    def share_since(self, before: Looks) -> float:
        """The share of the time since *before* in which somebody wrote."""
        return (self.writing - before.writing) / max(1, self.count - before.count)

    def waiting_since(self, before: Looks) -> float:
        """How many waited to write on average."""
        return (self.waiting - before.waiting) / max(1, self.count - before.count)


class WriterWatch:
    """Looks while the block runs, from a thread and on a connection of its own."""

    def __init__(self, url: str) -> None:
        from storage.postgresql import WRITER_LOCK

        self._asked = {"application": APPLICATION_ID, "lock": WRITER_LOCK}
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.looks = Looks()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._engine.dispose()

    def _watch(self) -> None:
        with self._engine.connect() as connection:
            while not self._ended.wait(LOOK_S):
                writing, waiting = connection.execute(_WRITERS, self._asked).one()
                now = self.looks
                self.looks = Looks(count=now.count + 1, writing=now.writing + writing, waiting=now.waiting + waiting)
