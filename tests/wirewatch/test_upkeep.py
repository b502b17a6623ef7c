"""What hosts ask for outlives the program, and it begins without a burst."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import StoreError
from ingest.hosts import HostWait, RobotsFile
from ingest.remembered import Remembered
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.upkeep import Keeper, feeds_at_start, recall, ticks_to_start

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)
WAIT = HostWait(address="https://a.example/feed", host="a.example", until=NOW + timedelta(hours=1), holds=False)
ROBOTS = RobotsFile(origin="https://a.example", body=b"", problem="", is_refused=False, until=NOW + timedelta(hours=1))


@given(st.integers(0, 100_000), st.floats(0.1, 3600))
def test_the_backlog_is_done_in_the_first_ticks_and_no_tick_takes_more_than_its_share(
    backlog: int, tick_s: float
) -> None:
    share, ticks = feeds_at_start(backlog, tick_s), ticks_to_start(tick_s)
    assert share * ticks >= backlog
    assert share == 20 or (share - 1) * ticks < backlog
    assert ticks == max(1, math.ceil(60 / tick_s))


def test_what_the_fetcher_learned_is_there_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    news = [Remembered(waits=(WAIT,), robots=(ROBOTS,)), Remembered()]
    with Store(url) as store:
        keeper = Keeper(store, lambda: news.pop(0))
        keeper.keep()
        keeper.keep()
    with Store(url) as store:
        assert recall(store, NOW) == Remembered(waits=(WAIT,), robots=(ROBOTS,))
        assert recall(store, NOW + timedelta(hours=2)) == Remembered()


class BrokenStore:
    """Stands for a store that cannot be written to for so many calls."""

    def __init__(self, troubles: int) -> None:
        self._troubles = troubles
        self.waits: list[HostWait] = []
        self.robots: list[RobotsFile] = []

    def keep_host_waits(self, waits: tuple[HostWait, ...]) -> None:
        self._meet_trouble()
        self.waits.extend(waits)

    def keep_robots_files(self, files: tuple[RobotsFile, ...]) -> None:
        self._meet_trouble()
        self.robots.extend(files)

    def _meet_trouble(self) -> None:
        self._troubles -= 1
        if self._troubles >= 0:
            raise StoreError("locked")


def test_what_could_not_be_stored_is_stored_later(caplog: pytest.LogCaptureFixture) -> None:
    store = BrokenStore(2)
    news = [Remembered(waits=(WAIT,)), Remembered(robots=(ROBOTS,)), Remembered()]
    keeper = Keeper(store, lambda: news.pop(0))  # type: ignore[arg-type]  # a stand-in
    with pytest.raises(StoreError, match="locked"):
        keeper.keep()
    keeper.keep_at_last()
    assert "could not be stored: locked" in caplog.text
    keeper.keep()
    assert (store.waits, store.robots) == ([WAIT], [ROBOTS])
