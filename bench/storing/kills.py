"""`run` killed at random moments while it reads the world, and afterwards the same as if nobody had killed it.

The clock: an edition comes out "hours later". Nobody waits for that, and the program's clock is the system's; so
what waits in the database (next polls, next tries, looks for corrections) is made due, as an administrator could do.
In both runs alike. There are two ways to do so:

*In turn*: one feed is made due, and when nothing is left to do, what waits of its entries; then the next feed. So the
order in which everything is stored is the same in each run, whoever is quicker, and so must be all that is stored.
*At once*: all that waits is made due at once, and the program works on many hosts at the same time. Then not even
two runs that nobody disturbs store all in the same order; `natural` says what follows from that.

The moments, drawn from a seed: after so many requests, when the write-ahead log has grown by so many bytes, after so
many lines of the log, or after so many milliseconds, so that they fall into the start, too; each with
some milliseconds more. After each kill the files are copied, as a crash would have left them, and the copy is checked;
the daemon that comes next opens the files themselves.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, func, select
from sqlalchemy.pool import NullPool
from storing.due import add_feeds, is_settled, make_all_due, make_entries_due, make_feed_due
from storing.natural import faults_of_file
from storing.station import PATIENCE_S

from storage.tables import article, article_version, entry, event, feed, fetch_log, match, poll_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from storing.station import Running, Station
    from storing.world import World

#: Tables whose rows are never fewer than before.
_GROWING = (feed, entry, article, article_version, match, event, poll_log, fetch_log)
KINDS = ("requests", "bytes", "lines", "time")
#: The start takes about a second; kills by time fall into it and into what comes first.
LATEST_BY_TIME_S = 2.5
#: What is due of one feed takes less.
LATEST_BY_TIME_OF_TURN_S = 0.5
#: Between two looks at what a kill waits for.
LOOK_S = 0.001
#: Between two looks whether there is anything left to do; each opens the database, which a crash must be free of.
SETTLED_LOOK_S = 0.2


@dataclass(slots=True)
class Played:
    """What came of a run through all editions."""

    #: requests of each step
    requests: list[int] = field(default_factory=list)
    #: kills by what they waited for, and those that found nothing more to do
    kills: Counter[str] = field(default_factory=Counter)
    idle: int = 0
    #: what was wrong with the files as a kill left them
    faults: list[str] = field(default_factory=list)
    #: tables that had fewer rows after a kill than before
    shrunk: list[str] = field(default_factory=list)
    #: worker processes that lived on after the program was killed alone
    left_behind: int = 0
    #: lines of logs that tell of a bug
    bugs: list[str] = field(default_factory=list)
    seconds: float = 0.0


def play(
    station: Station,
    world: World,
    *,
    in_turn: bool = False,
    kills: int = 0,
    seed: int = 1,
    expected: Sequence[int] = (),
) -> Played:
    """Let the daemon read all editions, killed so often; *expected*: the requests that each step takes."""
    assert expected or not kills, "it is not known which steps there will be"
    player = _Player(station, world, in_turn=in_turn, seed=seed)
    at = Counter(player.draw.choices(range(len(expected)), [count + 1 for count in expected], k=kills)) if kills else {}
    begun = time.perf_counter()
    try:
        for number, make_due in enumerate(_steps(station, world, in_turn=in_turn)):
            player.step(make_due, at[number] if kills else 0, expected[number] if expected else 0)
        player.end()
    finally:
        player.give_up()
    player.played.seconds = time.perf_counter() - begun
    return player.played


def _steps(station: Station, world: World, *, in_turn: bool) -> Iterator[Callable[[], None]]:
    """What makes due what is to be done next."""
    if in_turn:
        add_feeds(station.url, world.feeds())
    for edition in range(world.editions):
        if in_turn and edition:
            # Apart: a tick that ends while a poll is stored can see what is new of it and what is changed only later,
            # as that is due from the time of the poll on.
            for feed_url in world.correct():
                yield partial(make_feed_due, station.url, feed_url)
        if edition:
            world.bring_out()
        if not in_turn:
            # At first everything is due by itself.
            yield partial(make_all_due, station.url) if edition else _leave_as_it_is
            continue
        for feed_url in world.feeds(edition):
            yield partial(make_feed_due, station.url, feed_url)
            yield partial(make_entries_due, station.url, feed_url)


def _leave_as_it_is() -> None:
    pass


class _Player:
    """The daemon of a run, which is started when it is needed and goes on until it is killed."""

    def __init__(self, station: Station, world: World, *, in_turn: bool, seed: int) -> None:
        self.played = Played()
        self.draw = random.Random(seed)
        self._station = station
        self._world = world
        self._latest_s = LATEST_BY_TIME_OF_TURN_S if in_turn else LATEST_BY_TIME_S
        self._running: Running | None = None
        self._counts: dict[str, int] = {}

    def step(self, make_due: Callable[[], object], kills: int, expected: int) -> None:
        """Make something due and let the daemon do it, killed so often meanwhile."""
        before = self._world.requests()
        make_due()
        for _ in range(kills):
            self._kill_once(max(1, expected // kills))
        if self._running is None:
            self._running = self._station.start("run")
            # A new database has no feeds before the daemon has read them.
            self._running.wait_for("running;")
        self._running.wait_until(lambda: is_settled(self._station.url), "nothing more to do")
        self.played.requests.append(self._world.requests() - before)

    def end(self) -> None:
        """End the daemon as people do."""
        assert self._running is not None
        running, self._running = self._running, None
        code = running.end()
        assert code == 0, (code, running.log)
        _look_for_bugs(running, self.played)

    def give_up(self) -> None:
        """Leave no process behind when something failed."""
        if self._running is not None:
            self._running.kill()

    def _kill_once(self, most: int) -> None:
        station, played, draw = self._station, self.played, self.draw
        kind = draw.choice(KINDS)
        latest_s = self._latest_s
        if self._running is None:
            self._running, latest_s = station.start("run"), LATEST_BY_TIME_S
        running = self._running
        is_reached = self._moment(kind, running, most, latest_s)
        deadline, next_look = time.monotonic() + PATIENCE_S, time.monotonic() + SETTLED_LOOK_S
        while not is_reached():
            assert running.process.poll() is None, f"it ended with {running.process.returncode}:\n{running.log}"
            assert time.monotonic() < deadline, running.log
            if time.monotonic() > next_look:
                if "running;" in running.log and is_settled(station.url):
                    played.idle += 1
                    break
                next_look = time.monotonic() + SETTLED_LOOK_S
            time.sleep(LOOK_S)
        time.sleep(draw.random() * 0.02)
        is_alone = draw.random() < 0.5
        running.kill(with_workers=not is_alone)
        self._running = None
        played.kills[kind] += 1
        _look_for_bugs(running, played)
        now = self._look_at_crash()
        played.shrunk += [
            f"{name}: {self._counts[name]}, then {number}"
            for name, number in now.items()
            if number < self._counts.get(name, 0)
        ]
        self._counts = now
        if is_alone:
            # They notice that nobody is there to work for, each when it has ended what it does.
            until = time.monotonic() + 10
            while running.left_behind and time.monotonic() < until:
                time.sleep(0.01)
            played.left_behind += running.left_behind
            running.kill()

    def _look_at_crash(self) -> dict[str, int]:
        """The rows that are left. On SQLite of a copy of the files as they lie there, which is checked, too.

        Not of the files themselves: who opens them first mends them, and that must be the daemon.
        """
        url = self._station.url
        if not url.startswith("sqlite:///"):
            return count_rows(url)
        path = Path(url.removeprefix("sqlite:///"))
        with tempfile.TemporaryDirectory() as name:
            for suffix in ("", "-wal"):
                file = path.with_name(path.name + suffix)
                if file.exists():
                    shutil.copy(file, Path(name) / file.name)
            copy = Path(name) / path.name
            self.played.faults += faults_of_file(copy)
            return count_rows(f"sqlite:///{copy}")

    def _moment(self, kind: str, running: Running, most: int, latest_s: float) -> Callable[[], bool]:
        """What says that the moment has come."""
        draw, url = self.draw, self._station.url
        if kind == "time":
            at = time.monotonic() + draw.random() * latest_s
            return lambda: time.monotonic() >= at
        if kind == "lines":
            said = running.log.count("\n")
            lines = said + draw.randint(1, 2 if said else 4)
            return lambda: running.log.count("\n") >= lines
        if kind == "bytes" and url.startswith("sqlite:///"):
            wal = Path(url.removeprefix("sqlite:///") + "-wal")
            size, more = _size(wal), draw.randint(1, 30 * most) * 1024
            # A checkpoint begins the file anew at its start, without making it shorter.
            stamp = _stamp(wal)
            return lambda: _size(wal) >= size + more or (_size(wal) >= 4_000_000 and _stamp(wal) != stamp)
        before, requests = self._world.requests(), draw.randint(1, most)
        return lambda: self._world.requests() >= before + requests


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _look_for_bugs(running: Running, played: Played) -> None:
    played.bugs += [
        line for line in running.log.splitlines() if "Traceback" in line or "a bug" in line or "is locked" in line
    ]


def count_rows(url: str) -> dict[str, int]:
    """The rows of the tables that only grow."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _GROWING
        }
