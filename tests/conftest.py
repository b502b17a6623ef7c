"""What holds for every test: no network, repeatable examples, and the right `alembic`."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

GUARD = Path(__file__).parent / "guard"

#: `guard/sitecustomize.py` is for child processes; see there.
collect_ignore = ["guard"]

# Nothing here may depend on speed, so no example has a deadline and none is called too slow.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("fast", max_examples=50, **_COMMON)
settings.register_profile("ci", max_examples=100, derandomize=True, database=None, **_COMMON)
settings.register_profile("thorough", max_examples=2000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "fast"))


@pytest.fixture
def other_users() -> None:
    """Skip where there are no users but root, as in a namespace of one's own (`unshare -r`)."""
    ranges = [[int(number) for number in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    if not any(inside <= 65534 < inside + count for inside, _, count in ranges):
        pytest.skip("there is no user but root in this namespace")


def pytest_configure() -> None:
    _guard_child_processes()
    _check_alembic()


def _guard_child_processes() -> None:
    """Give the network guard to every Python process that inherits our environment."""
    paths = [str(GUARD), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    # pytest-socket stops connections from this process; questions to a name server are ours to stop.
    spec = importlib.util.spec_from_file_location("network_guard", GUARD / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    guard = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(guard)
    guard.refuse_names()


def _check_alembic() -> None:
    """The folder `alembic/` of the checkout must not stand in for the library (it has no __init__.py for that)."""
    spec = importlib.util.find_spec("alembic")
    assert spec is not None, "alembic is not installed"
    assert spec.origin is not None, "the folder alembic/ hides the library alembic"
