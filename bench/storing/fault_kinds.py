"""What can befall the database of a running daemon: how it is made, what mends it, what the daemon must say."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storing.clock import move_all_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from storing.servers import Cluster
    from storing.station import Station

#: How long another program has the database for itself so that the daemon waits and says nothing.
SHORTLY_S = 1.0
#: What is left free on a disk that is nearly full: too little to go on, enough to end what is under way.
LEFT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that befalls the database of a running daemon."""

    name: str
    #: makes it, and returns what mends it
    make: Callable[[Station], Callable[[], None]]
    #: what the daemon must say; empty: it only waits
    says: str
    #: what it says when it goes on; empty: nothing
    ends: str = "the database can be used again"
    #: settings that the fault needs
    settings: tuple[tuple[str, str], ...] = ()
    needs_mount: bool = False
    #: befalls it while the daemon does not run
    is_at_start: bool = False


def path_of(station: Station) -> Path:
    return Path(station.url.removeprefix("sqlite:///"))


# --- the faults of SQLite ---------------------------------------------------------------------------


def _fill_disk(station: Station) -> Callable[[], None]:
    """Leave no byte on the disk of the database, nor in the file of its log, which is written again from its start."""
    with closing(sqlite3.connect(path_of(station))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler = path_of(station).parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024 * 1024))
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))
    return filler.unlink


def _nearly_fill_disk(station: Station) -> Callable[[], None]:
    """Leave little on the disk of the database."""
    mend = _fill_disk(station)
    filler = path_of(station).parent / "filler"
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - LEFT_BYTES))
    return mend


def _lock_file(station: Station) -> Callable[[], None]:
    """Let another program hold the database for itself."""
    holder = sqlite3.connect(path_of(station), isolation_level=None, check_same_thread=False, timeout=30)
    holder.execute("BEGIN EXCLUSIVE")

    def release() -> None:
        holder.execute("ROLLBACK")
        holder.close()

    return release


def _lock_file_shortly(station: Station) -> Callable[[], None]:
    """The same for a moment, in which the daemon waits for its turn."""
    release = _lock_file(station)

    def release_later() -> None:
        time.sleep(SHORTLY_S)
        release()

    return release_later


def _move_away(station: Station) -> Callable[[], None]:
    """Take the files away from under the daemon; they are put back."""
    path = path_of(station)
    away = path.parent / "away"
    away.mkdir()
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    for file in files:
        if file.exists():
            file.rename(away / file.name)

    def put_back() -> None:
        for file in reversed(files):
            if (away / file.name).exists():
                (away / file.name).rename(file)

    return put_back


def _replace(station: Station) -> Callable[[], None]:
    """Put a copy in the place of the database, as someone does who restores it by hand; nothing mends it."""
    path = path_of(station)
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(copy)])
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    copy.replace(path)
    return lambda: None


def _delete(station: Station) -> Callable[[], None]:
    """Delete the files; a backup is put in their place later."""
    path = path_of(station)
    backup = path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(backup)])
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

    def restore() -> None:
        backup.replace(path)

    return restore


def _set_clock_back(station: Station) -> Callable[[], None]:
    """Let the clock be a day behind what is stored; nothing mends it."""
    move_all_times(station.url)
    return lambda: None


# --- the faults of PostgreSQL -----------------------------------------------------------------------


def restarts(cluster: Cluster) -> tuple[Fault, ...]:
    """The server of the database is stopped while the daemon works, and started again when that has been told."""

    def stop(mode: str) -> Callable[[Station], Callable[[], None]]:
        def make(_: Station) -> Callable[[], None]:
            cluster.stop(mode)
            return cluster.start

        return make

    return tuple(
        Fault(name=f"server-restarted-{mode}", make=stop(mode), says="the database cannot be reached")
        for mode in ("fast", "immediate")
    )


FAULTS = (
    Fault(
        name="disk-full",
        make=_fill_disk,
        says="the disk is full",
        settings=(("STORE__MIN_FREE_MB", "0"),),
        needs_mount=True,
    ),
    Fault(
        name="disk-nearly-full",
        make=_nearly_fill_disk,
        says="the disk is nearly full",
        ends="there is room on the disk again",
        settings=(("STORE__MIN_FREE_MB", "8"),),
        needs_mount=True,
    ),
    Fault(name="locked-shortly", make=_lock_file_shortly, says="", ends=""),
    Fault(name="locked", make=_lock_file, says="the database is locked by another process"),
    Fault(name="moved-away", make=_move_away, says="there is no database"),
    Fault(name="deleted", make=_delete, says="there is no database"),
    Fault(name="clock-set-back", make=_set_clock_back, says="the clock", ends="", is_at_start=True),
    Fault(name="replaced", make=_replace, says="", ends=""),
)
