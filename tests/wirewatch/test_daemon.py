"""The daemon's tick over a database that cannot be used for a while."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ingest.errors import StoreError
from wirewatch.cycle import CycleReport
from wirewatch.daemon import Daemon

if TYPE_CHECKING:
    import pytest


class Session:
    """Stands for an open session: *troubles* are raised, one at each look for due feeds."""

    def __init__(self, *troubles: str) -> None:
        self._troubles = list(troubles)
        self.cycle: Any = self

    def raise_store_error(self) -> None:
        """No job has met trouble."""

    def take_report(self) -> CycleReport:
        return CycleReport()

    async def queue_due_feeds(self, **_: object) -> None:
        if self._troubles and (trouble := self._troubles.pop(0)):
            raise StoreError(trouble)

    async def queue_due_entries(self, **_: object) -> None:
        pass

    async def forget_old(self) -> None:
        raise StoreError("disk full")


async def test_trouble_with_the_database_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    daemon = Daemon(Session("locked", "locked", "", "locked"), tick_s=1)  # type: ignore[arg-type]  # a stand-in
    for _ in range(4):
        await daemon.tick()
    told = [record.message for record in caplog.records]
    cannot = "the database cannot be used, nothing is fetched: locked"
    assert told == [cannot, "the database can be used again", cannot]


async def test_maintenance_that_fails_is_told_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    await Daemon(Session(), tick_s=1).maintain()  # type: ignore[arg-type]  # a stand-in
    assert "disk full" in caplog.text
