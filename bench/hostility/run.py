"""Plays the cases: the real store, fetcher, workers and pipeline against the server, on a clock of our own."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hostility.judge import judge
from hostility.outcome import Control, Found
from hostility.player import Engine, Player
from hostility.reply import Asked
from hostility.server import CONTROL, names_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from hostility.case import Case

BENCH = Path(__file__).resolve().parents[1] / "hostile.py"
#: What takes longer is made to; on a loaded machine an honest page takes a twentieth of it.
WORKER_LIMIT_S = 3.0
#: For the cases that can only end by it.
SHORT_TIMEOUT_S = 1.5

_case_at_work: ContextVar[str] = ContextVar("_case_at_work", default="")


@dataclass(slots=True)
class LogOfCases(logging.Handler):
    """Keeps what is logged while a case is played."""

    lines: dict[str, list[logging.LogRecord]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        logging.Handler.__init__(self)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.setdefault(_case_at_work.get(), []).append(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What all cases share."""

    cases: tuple[Case, ...]
    engine: Engine
    folder: Path
    #: an empty database of the present schema
    template: Path
    log: LogOfCases


@contextmanager
def server_process(*, niceness: int = 0) -> Iterator[int]:
    """Run the server; gives its port. *niceness* keeps what it costs to make bombs from those who meet them."""
    command = [sys.executable, str(BENCH), "--serve", "--niceness", str(niceness)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


@asynccontextmanager
async def stand(cases: Sequence[Case], port: int, *, limit_s: float = WORKER_LIMIT_S) -> AsyncIterator[Stand]:
    """Build what all cases share; the worker processes, whose tasks have *limit_s* seconds, are warm."""
    import httpx2

    from ingest.workers import Workers
    from rules.compile import compile_rules
    from storage.migrate import upgrade

    log = LogOfCases()
    logging.getLogger().addHandler(log)
    with tempfile.TemporaryDirectory() as name:
        template = Path(name) / "template.db"
        upgrade(f"sqlite:///{template}")
        async with Workers(2, limit_s=limit_s) as workers:
            await workers.warm()
            try:
                yield Stand(
                    cases=tuple(cases),
                    engine=Engine(
                        port=port, workers=workers, rules=compile_rules(()), ssl_context=httpx2.create_ssl_context()
                    ),
                    folder=Path(name),
                    template=template,
                    log=log,
                )
            finally:
                logging.getLogger().removeHandler(log)


async def play(case: Case, stand: Stand) -> list[str]:
    """Play one case; returns what is not as it must be, one line each."""
    _case_at_work.set(case.name)
    place = next(place for place, other in enumerate(stand.cases) if other.name == case.name)
    names = names_of(place, case, stand.engine.port)
    database = stand.folder / f"{case.name}.db"
    await asyncio.to_thread(shutil.copyfile, stand.template, database)
    try:
        async with _control(stand.engine.port) as control:
            player = Player(case, stand.engine, names, database)
            complaints = await player.play(control)
            asked = tuple(Asked(**row) for row in await control.ask("asked", case.name))
        records = stand.log.lines.pop(case.name, [])
        complaints += [f"logged: {r.getMessage()}"[:300] for r in records if r.levelno >= logging.ERROR]
        text = "\n".join(r.getMessage() for r in records)
        found = Found(database=database, names=names, asked=asked, slept_s=player.clock.slept_s, log=text)
        return complaints + await asyncio.to_thread(judge, case, found, player.clock.now)
    except Exception as error:  # noqa: BLE001  # a case that breaks the bench has failed, and the others go on
        return [f"broke: {type(error).__name__}: {error}"[:300]]
    finally:
        for path in stand.folder.glob(f"{case.name}.db*"):
            path.unlink(missing_ok=True)


@asynccontextmanager
async def _control(port: int) -> AsyncIterator[Control]:
    reader, writer = await asyncio.open_connection(CONTROL, port, limit=1 << 24)
    try:
        yield Control(reader, writer)
    finally:
        writer.close()


# --- all of them ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Meter:
    """Watches the event loop and the memory of this process."""

    tick_s: float = 0.01
    lags_ms: list[float] = field(default_factory=list)
    start_mb: float = 0.0
    peak_mb: float = 0.0

    async def watch(self) -> None:
        self.start_mb = self.peak_mb = rss_mb()
        while True:
            asleep = time.perf_counter()
            await asyncio.sleep(self.tick_s)
            self.lags_ms.append((time.perf_counter() - asleep - self.tick_s) * 1000)
            self.peak_mb = max(self.peak_mb, rss_mb())

    @property
    def p99_ms(self) -> float:
        return sorted(self.lags_ms)[int(len(self.lags_ms) * 0.99)] if self.lags_ms else 0.0


def rss_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


async def play_all(
    cases: Sequence[Case], stand: Stand, *, at_once: int, meter: Meter | None = None
) -> dict[str, list[str]]:
    """Play *cases*, some at a time, and let *meter* watch; returns the complaints by name."""
    places = asyncio.Semaphore(at_once)

    async def play_in_turn(case: Case) -> tuple[str, list[str]]:
        async with places:
            return case.name, await play(case, stand)

    async with asyncio.TaskGroup() as group:
        watching = None
        if meter is not None:
            # What is imported and allocated for the first case of all is no growth.
            await play(stand.cases[0], stand)
            watching = group.create_task(meter.watch())
        tasks = [group.create_task(play_in_turn(case)) for case in cases]
        complaints = dict([await task for task in tasks])
        if watching is not None:
            watching.cancel()
    return complaints
