"""The two ways to a database that a store has: one connection that writes, and some that can only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from storage import engine
from storage.address import read_address
from storage.translation import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

T = TypeVar("T")


class Connected:
    """The database at *url*, see `address.read_address`. Nothing is opened before it is needed."""

    def __init__(self, url: str, *, synchronous: engine.Synchronous, busy_timeout_s: float) -> None:
        address = read_address(url)
        self._subject = address.shown
        self._reader = engine.Reader(engine.reading_engine(address, busy_timeout_s=busy_timeout_s), self._subject)
        self._writer = engine.Writer(
            engine.writing_engine(address, busy_timeout_s=busy_timeout_s, synchronous=synchronous), self._subject
        )
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is under way and close the file. Calling it again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            # The last to go is the one that can fold the WAL into the file.
            self._reader.close()
            with translated(self._subject):
                self._writer.close()

    def read_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make *calls* of methods that read; see `ports.Store`."""
        return self._reader.run_together(calls)

    def write_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make *calls* of methods that write; see `ports.Store`."""
        return self._writer.run_together(calls)

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._reader.run(work)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._writer.run(work)
