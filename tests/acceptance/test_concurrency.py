"""Everything at once on one database: nobody is turned away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCH = Path(__file__).parents[2] / "bench"

# Parts of a program of its own, not a package.
sys.path.append(str(BENCH))
try:
    from storing import beside, counter, station, world
finally:
    sys.path.remove(str(BENCH))

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

#: Of each of two readers; the others work once.
ROUNDS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that is not there yet, or empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/news.db"
        return
    with request.getfixturevalue("postgresql_server").new_database(request.getfixturevalue("server")) as address:
        yield address


def test_daemon_readers_rules_copies_backup_and_pruning_go_on_beside_each_other(url: str, tmp_path: Path) -> None:
    with world.world(seed=3, editions=4, outlets=3, fresh=2, with_newsroom=False) as the_world:
        program = station.set_up(tmp_path, url, the_world.feeds(), rules=world.RULES, RUN__WORKERS="1")
        seen = beside.work_beside(program, the_world, rounds=ROUNDS, readers=2, with_log=False)
    assert seen.complaints == []
    assert not any(code for _, code in seen.codes)


def test_no_update_of_four_processes_is_lost(url: str) -> None:
    upgrade(url)
    assert counter.count_up(url, times=50) == {"wanted": 200, "counted": 200, "errors": 0}
