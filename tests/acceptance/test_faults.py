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


#: What is played where the disk is mounted by the tests themselves.
MOUNTED = tuple(fault.name for fault in faults.FAULTS if fault.needs_mount) + faults.READ_ONLY
PLAIN = tuple(fault.name for fault in faults.FAULTS if not fault.needs_mount and fault.name not in SLOW)


@pytest.fixture(scope="module")
def on_disks() -> dict[str, list[str] | str]:
    """What came of all faults of the disk, played one after the other beside one undisturbed run."""
    return faults.in_namespace(MOUNTED)


@pytest.fixture(scope="module")
def on_files() -> dict[str, list[str] | str]:
    """The same of the other faults of SQLite."""
    return faults.play_faults(PLAIN)


def tell(told: dict[str, list[str] | str], name: str) -> None:
    """Fail with what was wrong; skip where it could not be played."""
    complaints = told[name]
    if isinstance(complaints, str):
        pytest.skip(f"NOT TESTED: {name}: {complaints}")
    assert complaints == []


@pytest.mark.parametrize("name", MOUNTED)
def test_a_fault_of_the_disk_is_told_and_passes_without_a_loss(name: str, on_disks: dict[str, list[str] | str]) -> None:
    tell(on_disks, name)


@pytest.mark.parametrize("name", PLAIN)
def test_a_fault_of_the_file_is_told_and_passes_without_a_loss(name: str, on_files: dict[str, list[str] | str]) -> None:
    tell(on_files, name)


def test_a_server_that_is_stopped_and_started_again_costs_nothing() -> None:
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("NOT TESTED ON POSTGRESQL: psycopg is not installed")
    try:
        told = faults.play_restarts()
    except servers.NoServerError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
    for name in faults.RESTARTS:
        tell(told, name)
