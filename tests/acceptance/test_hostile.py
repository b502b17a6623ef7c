"""Every case of the bench of hostile behaviours ends in the expected entries, error kind and next poll."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Reason
from ingest.polling import EventKind, FeedState

BENCH = Path(__file__).parents[2] / "bench"

# A program of its own, not a package; what the servers of a case do stands there beside what must come of it.
sys.path.insert(0, str(BENCH))
try:
    from hostility import run
    from hostility.all_cases import CASES
finally:
    sys.path.remove(str(BENCH))

#: They wait for time limits and share two worker processes.
AT_ONCE = 4
#: For one task of a worker: an honest one must not meet it, however busy the machine is. Two or three cases do.
LIMIT_S = 8.0


@pytest.fixture(scope="module")
def complaints(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """What is not as it must be, by case. Those that are asked for are played together: many only wait."""
    wanted = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
    ]

    async def play() -> dict[str, list[str]]:
        with run.server_process() as port:
            async with run.stand(CASES, port, limit_s=LIMIT_S) as stand:
                return await run.play_all(wanted, stand, at_once=AT_ONCE)

    return asyncio.run(play())


@pytest.mark.acceptance
@pytest.mark.timeout(600)  # the first one waits for all
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_as_it_must(case: Any, complaints: dict[str, list[str]]) -> None:
    assert complaints[case.name] == []


def test_there_are_cases_for_every_point_of_the_issue() -> None:
    assert len(CASES) >= 120
    assert {case.point for case in CASES} == set(range(1, 9))


def test_cases_expect_what_there_is() -> None:
    """A mistyped reason in a set of several would never be noticed."""
    scenes = [scene for case in CASES for scene in case.scenes]
    items = [item for case in CASES if isinstance(case.items, tuple) for item in case.items]
    assert _words(*(scene.error for scene in scenes), *(item.reason for item in items)) <= set(Reason)
    assert _words(*(scene.state for scene in scenes)) <= set(FeedState)
    assert {kind for scene in scenes for kind in (*scene.events, *scene.no_events)} <= set(EventKind)


def _words(*wanted: object) -> set[str]:
    every = [part for one in wanted for part in (one if isinstance(one, frozenset) else [one])]
    return {word for word in every if isinstance(word, str)}
