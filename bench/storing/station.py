"""The program as people run it: a process of its own, on a configuration and a database of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: What must come, comes within this time, on any machine.
PATIENCE_S = 120.0
#: The same of a command: one that compares all articles anew beside everything else shares its core with ten others.
COMMAND_S = 900.0
TICK_S = 0.1
#: Between two looks at something that is waited for.
LOOK_S = 0.04
_RUN_ALL = """\
import json, sys
from wirewatch.__main__ import main
for arguments in json.loads(sys.argv[1]):
    if main(arguments):
        sys.exit(1)
    print(end="\\0")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A configuration on a database. Make it by `set_up`."""

    config: Path
    url: str
    environment: dict[str, str]
    _number: list[int] = field(default_factory=lambda: [0])

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "wirewatch", "--config", str(self.config)]

    def call(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        begun = time.perf_counter()
        done = subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr, seconds=time.perf_counter() - begun)

    def listings(self, commands: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """The rows of each of these listings. Raises AssertionError when one cannot be had."""
        whole = [[*self.command[3:], *each, "--limit", "1000000", "--json"] for each in commands]
        done = subprocess.run(
            # In one process: most of what a command costs is its start.
            [sys.executable, "-c", _RUN_ALL, json.dumps(whole)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, (commands, done)
        told: list[list[dict[str, Any]]] = [json.loads(each) for each in done.stdout.split("\0")[:-1]]
        return told

    def complaints_of_check(self) -> list[str]:
        """What a full `db check` finds wrong."""
        done = self.call("db", "check", "--full")
        return [] if done.code == 0 else [*done.out.splitlines(), *done.err.splitlines()]

    def start(self, *arguments: str) -> Running:
        """Start a command that goes on, in a group of its own; what it logs is kept beside the configuration."""
        self._number[0] += 1
        log = self.config / f"log-{self._number[0]}.txt"
        with log.open("w") as file:
            process = subprocess.Popen(
                [*self.command, *arguments], env=self.environment, stderr=file, stdout=file, start_new_session=True
            )
        return Running(process=process, log_file=log)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """A command that is asked to end at the end, and made to if something failed before."""
        running = self.start(*arguments)
        try:
            yield running
            running.end()
        finally:
            running.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A command at work."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        """What it has logged by now."""
        return self.log_file.read_text(errors="replace")

    def wait_for(self, text: str, *, count: int = 1) -> None:
        """Wait until it has logged *text* so often. Raises AssertionError when that does not come."""
        self.wait_until(lambda: self.log.count(text) >= count, text)

    def wait_until(self, is_so: Callable[[], bool], what: str = "") -> None:
        """Wait for something that must come. Raises AssertionError when it does not, or the command ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, f"ended with {self.process.returncode} before {what}:\n{self.log}"
            assert time.monotonic() < deadline, f"it did not come: {what}\n{self.log}"
            time.sleep(LOOK_S)

    def kill(self, *, with_workers: bool = True) -> None:
        """SIGKILL, to the program alone or to its worker processes too. Does nothing when it has ended."""
        if self.process.poll() is None:
            if with_workers:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    @property
    def left_behind(self) -> int:
        """Processes of its group that still live."""
        count = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, group = path.read_text().rpartition(")")[2].split()[:3]
                count += int(group) == self.process.pid and state != "Z"
        return count


def set_up(folder: Path, url: str, feeds: Iterable[str], *, rules: str = "", **settings: str) -> Station:
    """Make a configuration in *folder* with *feeds* on a new database at *url*; loopback may be reached.

    *settings*: variables without their prefix, such as RUN__WORKERS="1".
    """
    given = {
        "FETCH__ALLOW": '["127.0.0.0/8"]',
        "FETCH__PAUSE_S": "0",
        "RUN__TICK_S": str(TICK_S),
        "DATABASE__URL": url,
    }
    environment = os.environ | {f"WIREWATCH_{name}": value for name, value in (given | settings).items()}
    folder.mkdir(parents=True, exist_ok=True)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    config = folder / "config"
    done = subprocess.run(
        [sys.executable, "-m", "wirewatch", "init", str(config)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (config / "feeds.toml").write_text("".join(f'[[feeds]]\nurl = "{address}"\n' for address in feeds))
    if rules:
        (config / "rules" / "press.rules").write_text(rules)
    return Station(config=config, url=url, environment=environment)
