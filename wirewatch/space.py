"""Is there room on the disk to take anything new? Below a floor nothing is, since clearing up needs room too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirewatch.errors import DiskShort

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.address import Address

#: Work goes on when so many times the floor is free: else it would stop and go with every page.
RESUME_AT = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much is free where the database is, and whether that is enough to take anything new."""

    #: None: not known, as for a server's disk
    free_bytes: int | None
    floor_bytes: int
    is_enough: bool

    def tell(self) -> str:
        """Say how it stands."""
        free = "an unknown part" if self.free_bytes is None else f"{self.free_bytes / 1e6:,.0f} MB"
        return f"{free} of the disk is free, store.min_free_mb is {self.floor_bytes / 1e6:,.0f}"


def judge(free_bytes: int | None, floor_bytes: int, *, was_enough: bool) -> Room:
    """Decide whether there is room; one that was short is enough again only well above the floor.

    >>> judge(205_000_000, 200_000_000, was_enough=True).is_enough
    True
    >>> judge(205_000_000, 200_000_000, was_enough=False).is_enough
    False
    """
    least = floor_bytes if was_enough else floor_bytes * RESUME_AT
    is_enough = free_bytes is None or not floor_bytes or free_bytes >= least
    return Room(free_bytes=free_bytes, floor_bytes=floor_bytes, is_enough=is_enough)


class SpaceFloor:
    """Looks again and again whether there is room; *probe* says how many bytes are free, None where nobody knows."""

    def __init__(self, probe: Callable[[], int | None], floor_bytes: int, *, place: str = "") -> None:
        self._probe = probe
        self._floor_bytes = floor_bytes
        self._place = place
        self._was_enough = True

    @property
    def was_enough(self) -> bool:
        """Whether there was room when it was last looked."""
        return self._was_enough

    def look(self) -> Room:
        """How it stands now."""
        room = judge(self._probe(), self._floor_bytes, was_enough=self._was_enough)
        self._was_enough = room.is_enough
        return room

    def require(self) -> None:
        """Raise DiskShort when there is no room."""
        room = self.look()
        if not room.is_enough:
            fix = "free some space (wirewatch db prune, db vacuum), or lower the setting"
            raise DiskShort(f"{self._place}: nothing new is taken: {room.tell()}; {fix}")


def free_at(database: Address) -> int | None:
    """The bytes that are free on the disk of the database; None where that cannot be known."""
    import shutil

    from storage.address import SqliteFile

    if not isinstance(database, SqliteFile):
        return None
    try:
        return shutil.disk_usage(database.path.parent).free
    except OSError:
        # It is gone, or cannot be looked at: the database tells what is wrong.
        return None


def space_floor(database: Address, min_free_mb: int) -> SpaceFloor:
    """The floor for a database by the setting `store.min_free_mb`."""
    return SpaceFloor(lambda: free_at(database), min_free_mb * 1_000_000, place=database.shown)
