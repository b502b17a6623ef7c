"""PostgreSQL servers for the measures: of the tests' making, and one that can be stopped in the middle of work."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_MODULE = Path(__file__).resolve().parents[2] / "tests" / "storage" / "postgresql_server.py"
#: Other than in the tests' own server a commit waits until it is written, as on the servers of people: an immediate
#: stop is a crash of the server. That the machine does not crash with it is why it need not be flushed to the disk.
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=on"


def tests_module() -> ModuleType:
    """The module of the tests that finds the programs of PostgreSQL."""
    spec = importlib.util.spec_from_file_location("postgresql_server", _MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class NoServerError(Exception):
    """There is none to be had here; it says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A server of our own."""

    folder: Path
    programs: Path
    prefix: tuple[str, ...]
    identity: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"postgresql+psycopg://news@/postgres?host={self.folder}"

    def call(self, program: str, *arguments: str) -> None:
        """Run one of its programs. Raises AssertionError with what it said."""
        command = [*self.prefix, str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            **self.identity,
        )
        assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))

    def start(self) -> None:
        """Start it; returns when it answers."""
        options = f"-k {self.folder} {OPTIONS}"
        self.call("pg_ctl", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str) -> None:
        """Stop it: "fast" ends all connections in order, "immediate" is as good as a crash."""
        self.call("pg_ctl", "-m", mode, "-w", "stop")


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """A new server, running; gone at the end. Raises NoServerError where there is none to be had."""
    module = tests_module()
    try:
        programs = module.find_programs()
        prefix, identity = module._becoming_somebody()  # noqa: SLF001  # one way to be somebody else is enough
    except module.NoServerError as error:
        raise NoServerError(str(error)) from error
    # The path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if identity:
            os.chown(folder, module.NOBODY, module.NOBODY)
        cluster = Cluster(folder=folder, programs=programs, prefix=tuple(prefix), identity=dict(identity))
        cluster.call("initdb", "-A", "trust", "-U", "news", "-E", "UTF8", "--locale=C", "--no-sync")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop("immediate")


def new_database(cluster: Cluster) -> str:
    """The address of an empty database on it, which goes with the server."""
    name = f"storing_{secrets.token_hex(8)}"
    engine = create_engine(cluster.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    return make_url(cluster.url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def new_databases() -> Iterator[Callable[[], str]]:
    """Makes empty databases, and returns their addresses; they are dropped at the end.

    On the server that the tests would use: the one that WIREWATCH_TEST_PG_URL names, or one of their making. Raises
    NoServerError where there is none to be had.
    """
    module = tests_module()
    with ExitStack() as stack:
        try:
            server = stack.enter_context(module.any_server())
        except module.NoServerError as error:
            raise NoServerError(str(error)) from error
        yield lambda: str(stack.enter_context(module.new_database(server)))
