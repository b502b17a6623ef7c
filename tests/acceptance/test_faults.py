"""What befalls a database while the daemon works is said in a clear line; nothing is lost, and work goes on by itself.

The faults are those of `bench/storage.py --only faults`; what each does stands in `bench/storing/faults.py`.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"

# Parts of a program of its own, not a package.
sys.path.append(str(BENCH))
try:
    from storing import faults, servers
finally:
    sys.path.remove(str(BENCH))

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

#: The daemon waits for half a minute before it says that the file is locked; the bench has that patience.
SLOW = {"locked"}


def tell(told: dict[str, list[str] | str]) -> None:
    """Fail with what was wrong; skip where it could not be played."""
    for name, complaints in told.items():
        if isinstance(complaints, str):
            pytest.skip(f"NOT TESTED: {name}: {complaints}")
        assert complaints == [], name


@pytest.mark.parametrize("name", [fault.name for fault in faults.FAULTS if fault.name not in SLOW])
def test_a_fault_of_the_file_is_told_and_passes_without_a_loss(name: str) -> None:
    tell(faults.play_faults([name]))


def test_a_database_that_cannot_be_written_is_refused_by_writers_and_read_by_readers() -> None:
    tell(faults.in_namespace(faults.READ_ONLY))


def test_a_server_that_is_stopped_and_started_again_costs_nothing() -> None:
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("NOT TESTED ON POSTGRESQL: psycopg is not installed")
    try:
        told = faults.play_restarts()
    except servers.NoServerError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
    tell(told)
