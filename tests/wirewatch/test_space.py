"""Nothing new is taken when the disk is nearly full, and work goes on by itself when there is room again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.address import PostgresDatabase, SqliteFile
from wirewatch.errors import DiskShort, ExitCode
from wirewatch.space import SpaceFloor, free_at, judge

SIZES = st.integers(0, 10**15)


@given(free=SIZES, floor=SIZES, was_enough=st.booleans())
def test_what_is_enough(free, floor, was_enough):
    room = judge(free, floor, was_enough=was_enough)
    assert room.is_enough or free < floor * 1.1
    assert not room.is_enough or not floor or free >= floor
    assert judge(None, floor, was_enough=was_enough).is_enough
    # More is never worse.
    assert judge(free + 1, floor, was_enough=was_enough).is_enough >= room.is_enough


def test_it_does_not_stop_and_go_with_every_page():
    sizes = iter([220, 199, 201, 199, 219, 221, 201, 199])
    floor = SpaceFloor(lambda: next(sizes), 200)
    assert [floor.look().is_enough for _ in range(8)] == [True, False, False, False, False, True, True, False]


def test_what_needs_room_is_told_that_there_is_none():
    with pytest.raises(DiskShort) as caught:
        SpaceFloor(lambda: 150_000_000, 200_000_000, place="news.db").require()
    assert str(caught.value).startswith(
        "news.db: nothing new is taken: 150 MB of the disk is free, store.min_free_mb is 200; free some space"
    )
    assert caught.value.exit_code is ExitCode.DATABASE
    SpaceFloor(lambda: None, 200_000_000).require()


def test_where_it_is_looked(tmp_path):
    assert free_at(SqliteFile(tmp_path / "news.db")) > 0
    assert free_at(SqliteFile(tmp_path / "nowhere" / "news.db")) is None
    assert free_at(PostgresDatabase("postgresql://db.example/news", None)) is None


def test_once_ends_before_it_fetches_anything(wirewatch, copied):
    (copied / "wirewatch.toml").write_text("[store]\nmin_free_mb = 999999999\n")
    ended = wirewatch("--config", copied, "once")
    assert ended.code == 5
    assert "nothing new is taken" in ended.err
    assert ended.err.count("\n") == 1
    assert not ended.out


def test_the_doctor_says_so(wirewatch, copied):
    with (copied / "wirewatch.toml").open("a") as settings:
        settings.write("\n[store]\nmin_free_mb = 999999999\n")
    ended = wirewatch("--config", copied, "doctor")
    assert ended.code == 5
    assert "nothing new is taken until there is more; forget what is old with: wirewatch" in ended.out
