"""Newsrooms to run the whole program against: the bundled one, and the real pages of ../shared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from storage.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARED = Path(__file__).parents[3] / "shared" / "newsroom"


@dataclass(frozen=True)
class Program:
    """The console script, as a user runs it: a process of its own on a config directory of its own."""

    config: Path
    environment: dict[str, str]

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """Run a command; return its stdout. Fails when it ends with another code than *exit_code*."""
        done = subprocess.run(
            [*self.command, *arguments], env=self.environment, capture_output=True, text=True, timeout=110, check=False
        )
        assert done.returncode == exit_code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """The rows of a listing."""
        return json.loads(self.run(*arguments, "--limit", "10000", "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on; its log is kept beside the configuration."""
        with self._log_file.open("w") as log:
            return subprocess.Popen([*self.command, *arguments], env=self.environment, stderr=log, text=True)

    def with_database(self, name: str) -> Program:
        """The same configuration on a new database beside it, for a daemon with a short tick."""
        database = str(self.config / name)
        program = Program(
            self.config,
            self.environment | {"WIREWATCH_RUN__TICK_S": "0.2", "WIREWATCH_DATABASE__URL": database},
        )
        upgrade(f"sqlite:///{database}")
        return program

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that must come, at most a minute."""
        deadline = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < deadline, f"it did not come:\n{self.log()}"
            time.sleep(0.1)

    def wait_for_log(self, text: str, *, count: int = 1) -> None:
        """Wait until the command started last has logged *text* so often, at most a minute."""
        self.wait_until(lambda: self.log().count(text) >= count)

    def log(self) -> str:
        """What the command started last has logged by now."""
        return self._log_file.read_text()

    @property
    def _log_file(self) -> Path:
        return self.config / "log.txt"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "wirewatch", "--config", str(self.config)]


@contextmanager
def _published() -> Iterator[Any]:
    """The bundled newsroom with all its batches out, which takes its time to answer, as if it were far away."""
    from wirewatch.demo.newsroom import Newsroom

    with Newsroom(slow_s=0.1) as room:
        while room.publish()["batches_left"]:
            pass
        yield room


def shared_newsroom() -> Any:
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real pages are not there: {SHARED}")
        pytest.skip(f"the real pages of the newsroom are not there: {SHARED}")
    sys.path.insert(0, str(SHARED))
    from serve import Newsroom

    return Newsroom()


def bundled_newsroom() -> Any:
    from wirewatch.demo.newsroom import Newsroom

    return Newsroom()


NEWSROOMS = {"bundled": bundled_newsroom, "shared": shared_newsroom, "published": _published}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module against the newsrooms that it names in NEWSROOMS; at their first batch unless said otherwise.

    Where it names some in ON_POSTGRESQL too, it is run against them once more, with the database on a server.
    """
    if "newsroom" in metafunc.fixturenames:
        names = getattr(metafunc.module, "NEWSROOMS", ("bundled", "shared"))
        runs = [pytest.param(name, "sqlite", id=name) for name in names]
        others = getattr(metafunc.module, "ON_POSTGRESQL", ())
        # Another value, so that it gets a newsroom of its own, at its first batch.
        runs += [pytest.param(f"{name}@postgresql", "postgresql", id=f"{name}-postgresql") for name in others]
        metafunc.parametrize(("newsroom", "database_kind"), runs, indirect=True, scope="module")


@pytest.fixture(scope="module")
def newsroom(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A newsroom that answers."""
    with NEWSROOMS[request.param.partition("@")[0]]() as room:
        yield room


@pytest.fixture(scope="module")
def database_kind(request: pytest.FixtureRequest) -> str:
    """Where the databases of the module are: "sqlite", unless `pytest_generate_tests` says otherwise."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="module")
def new_database(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Makes a database without tables, and returns its address."""
    with ExitStack() as stack:

        def make() -> str:
            if database_kind == "sqlite":
                return f"sqlite:///{tmp_path_factory.mktemp('database')}/wirewatch.db"
            module = request.getfixturevalue("postgresql_server")
            return stack.enter_context(module.new_database(request.getfixturevalue("server")))

        yield make


@pytest.fixture(scope="module")
def program(newsroom: Any, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program, set up by `init`, with the feeds of the newsroom imported and nothing polled."""
    program = set_up(tmp_path_factory.mktemp("acceptance") / "config", WIREWATCH_DATABASE__URL=new_database())
    opml = program.config / "newsroom.opml"
    with urlopen(newsroom.url("/feeds.opml")) as answer:
        opml.write_bytes(answer.read())
    program.run("feeds", "import", str(opml))
    return program


@pytest.fixture
def lone_program(tmp_path: Path) -> Program:
    """The program, set up by `init`, without any feed."""
    return set_up(tmp_path / "config")


def set_up(config: Path, **variables: str) -> Program:
    """Run `init` under the environment and *variables*; loopback may be reached, without a pause."""
    environment = os.environ | {
        "WIREWATCH_FETCH__ALLOW": '["127.0.0.0/8"]',
        "WIREWATCH_FETCH__PAUSE_S": "0",
        **variables,
    }
    subprocess.run([sys.executable, "-m", "wirewatch", "init", str(config)], env=environment, check=True, text=True)
    (config / "feeds.toml").write_text("")
    return Program(config, environment)
