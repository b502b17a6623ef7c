"""The daemon on a disk that fills up and has room again: it pauses, resumes by itself, and says each once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ingest.errors import StoreError
from wirewatch.cycle import CycleReport
from wirewatch.daemon import Daemon
from wirewatch.space import SpaceFloor

if TYPE_CHECKING:
    import pytest

    from wirewatch.space import Room

FLOOR = 1000


class Session:
    """Stands for an open session on a disk with so much *free*, a number for each tick."""

    def __init__(self, *free: int) -> None:
        self._free = list(free)
        self._floor = SpaceFloor(lambda: self._free.pop(0), FLOOR)
        self.cycle: Any = self
        self.house: Any = self
        self.did: list[str] = []

    def raise_store_error(self) -> None:
        """No job has met trouble."""

    def take_report(self) -> CycleReport:
        return CycleReport()

    def look_at_rules(self, *, is_asked: bool) -> None:
        """The rules stay as they are."""

    async def keep_wishes(self) -> None:
        self.did.append("wishes")

    async def hold_lock(self) -> None:
        self.did.append("lock")

    async def look_for_room(self) -> Room:
        return self._floor.look()

    def give_back(self) -> None:
        self.did.append("back")

    async def count_due_feeds(self) -> int:
        return 1

    async def queue_due_feeds(self, **_: object) -> None:
        self.did.append("feeds")

    async def queue_due_entries(self, **_: object) -> None:
        self.did.append("entries")

    async def forget_old(self) -> None:
        raise StoreError("not asked")


async def test_it_pauses_resumes_and_says_each_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    free = [1000, 999, 500, 1000, 1099, 1100, 1000, 999, 0, 2000]
    session = Session(*free)
    daemon = Daemon(session, tick_s=60)  # type: ignore[arg-type]  # a stand-in
    taken = []
    for _ in free:
        before = len(session.did)
        await daemon.tick()
        done = session.did[before:]
        assert done[:2] == ["lock", "wishes"], "these go on also without room"
        taken.append(done[2:])
    works = ["feeds", "entries"]
    # What was queued is given back as the disk fills up; it goes on only well above the floor.
    assert taken == [works, ["back"], [], [], [], works, works, ["back"], [], works]
    told = [(record.levelname, record.message.partition(",")[0]) for record in caplog.records]
    short, again = ("ERROR", "the disk is nearly full"), ("INFO", "there is room on the disk again")
    assert told == [short, again, short, again]
    assert "store.min_free_mb is 0" in caplog.records[0].message
