"""The write-ahead log of an SQLite database: what was written and is not in the file itself yet.

SQLite moves it into the file by itself every thousand pages, as far as no reader still sees an earlier state, and then
begins it anew; the file of the log stays as large as it ever was. https://www.sqlite.org/wal.html
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.sqlite_file import WAL_LIMIT_BYTES, connect, wal_bytes
from storage.translation import translated

if TYPE_CHECKING:
    from pathlib import Path

#: So long those who write wait for those who read, in seconds.
WAIT_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class WalState:
    """How large the log is, and how much of it a reader holds back."""

    bytes: int
    #: what was written since the state that the oldest reader sees
    held_bytes: int


def shrink(path: Path, *, limit: int = WAL_LIMIT_BYTES) -> WalState:
    """Move the log into the database, and cut its file to nothing where it is larger than *limit*.

    Nobody waits for it for longer than WAIT_S. Raises StorageError.
    """
    with translated(str(path)), closing(connect(path, "rw", busy_timeout_s=WAIT_S)) as connection:
        _, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        held = max(0, pages - moved) * connection.execute("PRAGMA page_size").fetchone()[0]
        if wal_bytes(path) > limit and not held:
            # Where somebody is in the way, it says so in a row, and stays as it is.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return WalState(bytes=wal_bytes(path), held_bytes=held)
