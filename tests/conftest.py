"""What holds for every test: no network, repeatable examples, and the right `alembic`."""

from __future__ import annotations

import importlib.util
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

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


# --- PostgreSQL -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> ModuleType:
    """The module that finds and runs servers."""
    path = Path(__file__).parent / "storage" / "postgresql_server.py"
    spec = importlib.util.spec_from_file_location("postgresql_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def server(postgresql_server: ModuleType) -> Iterator[str]:
    """The address of a PostgreSQL server, where databases may be made and dropped."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("NOT TESTED ON POSTGRESQL: psycopg is not installed")
    with ExitStack() as stack:
        try:
            address = stack.enter_context(postgresql_server.any_server())
        except postgresql_server.NoServerError as error:
            pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
        yield address


@pytest.fixture(scope="session")
def postgresql_url(server: str, postgresql_server: ModuleType) -> Iterator[str]:
    """The address of a database as the migrations make it, which the tests of this process share."""
    from storage.migrate import upgrade

    with postgresql_server.new_database(server) as url:
        upgrade(url)
        yield url


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> str:
    """The same, with nothing in it."""
    from sqlalchemy import create_engine, text

    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text(CLEAR))
    engine.dispose()
    return postgresql_url


@pytest.fixture(scope="session")
def url_with_queue(server: str, postgresql_server: ModuleType) -> Iterator[str]:
    """The address of another one, which has the tables of the queue as well."""
    from sqlalchemy import create_engine

    from storage.jobs import queue
    from storage.migrate import upgrade

    with postgresql_server.new_database(server) as url:
        upgrade(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            queue.rebuild(connection)
        engine.dispose()
        yield url


@pytest.fixture
def empty_with_queue(url_with_queue: str) -> str:
    """The same, with nothing in it."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url_with_queue)
    with engine.begin() as connection:
        connection.execute(text(CLEAR))
    engine.dispose()
    return url_with_queue


#: Only what holds something is emptied: to empty a table of PostgreSQL takes milliseconds. All ids begin at 1 again.
#: Tables refer to each other in circles, and references are looked at when a statement ends: so all is one statement,
#: which takes no rights but those of the owner.
CLEAR = """
DO $$
DECLARE
    name text;
    has_rows boolean;
    parts text[] := '{}';
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname != 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_rows;
        IF has_rows THEN
            parts := parts || format('%I AS (DELETE FROM %I)', 'of_' || name, name);
        END IF;
    END LOOP;
    IF parts != '{}' THEN
        EXECUTE 'WITH ' || array_to_string(parts, ', ') || ' SELECT';
    END IF;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        PERFORM setval(format('public.%I', name)::regclass, 1, false);
    END LOOP;
END $$
"""


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
