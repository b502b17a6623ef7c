"""Does a service turn, is it ready: by ticks, by the database, by rules."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import StoreError
from wirewatch.health import Health, longest_quiet_s


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(clock):
    made = Health("run", every_s=10, clock=clock)
    made.rules = lambda: "abc"
    return made


async def test_it_is_ready_when_the_first_tick_has_ended(health):
    assert (await health.judge()).faults == ("it is starting",)
    health.started()
    assert (await health.judge()).faults == ("it is starting",)
    health.ticked()
    verdict = await health.judge()
    assert (verdict.is_ready, verdict.rules, verdict.tick_age_s) == (True, "abc", 0.0)


async def test_three_ticks_without_the_end_of_one_are_too_many(health, clock):
    health.started()
    health.ticked()
    clock.now += 30
    assert health.is_turning
    clock.now += 0.1
    assert not health.is_turning
    assert (await health.judge()).faults == ("no tick has ended for 30 s",)
    health.ticked()
    assert health.is_turning


async def test_a_first_tick_that_never_ends_is_stuck_too(health, clock):
    health.started()
    clock.now += 31
    assert not health.is_turning
    assert not (await health.judge()).is_ready


async def test_a_database_that_is_away_makes_it_unready_and_not_stuck(health, clock):
    health.started()
    health.ticked("locked")
    assert (await health.judge()).faults == ("locked",)
    assert health.is_turning
    health.ticked()

    def refuse():
        raise StoreError("gone")

    health.ask = refuse
    assert (await health.judge()).faults == ("the database cannot be used: gone",)
    health.ask = lambda: None
    assert not (await health.judge()).is_ready, "what it said holds for a moment"
    clock.now += 3
    assert (await health.judge()).is_ready


async def test_a_database_that_hangs_is_asked_once_and_does_not_hang_who_asks(clock):
    health = Health("run", every_s=10, answer_s=0.01, clock=clock)
    health.needs_rules = False
    goes_on, asked = threading.Event(), []

    def hang():
        asked.append(1)
        goes_on.wait(30)

    health.started()
    health.ticked()
    health.ask = hang
    for _ in range(3):
        assert (await health.judge()).faults == ("the database does not answer",)
        clock.now += 3
    assert len(asked) == 1
    goes_on.set()


async def test_without_rules_it_is_not_ready_unless_it_needs_none(health):
    health.started()
    health.ticked()
    health.rules = str
    assert (await health.judge()).faults == ("no rules are in force yet",)
    health.needs_rules = False
    assert (await health.judge()).is_ready


async def test_loading_takes_the_time_that_it_takes(health, clock):
    health.started()
    health.ticked()
    with health.loading():
        clock.now += 500
        assert health.is_turning
    assert health.is_turning, "the time begins anew"
    clock.now += 31
    assert not health.is_turning


async def test_what_stops_is_not_ready_and_not_stuck(health, clock):
    health.started()
    health.ticked()
    health.stopping()
    clock.now += 100
    assert health.is_turning
    assert (await health.judge()).faults == ("it is stopping",)


@given(st.floats(min_value=0.1, max_value=3600))
def test_three_ticks_are_always_allowed(every_s):
    assert longest_quiet_s(every_s) >= 3 * every_s
