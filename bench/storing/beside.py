"""The daemon at work, and beside it everything else that people run, all at once: nobody may be turned away.

Four readers list in turn; one edits the rules and applies them; one compares all articles anew; one backs the database
up and one checks it; one removes what is old. Each does so for a number of rounds, and the daemon is kept busy until
all have ended. What counts: each exit code, each line that says "locked", how long readers wait, and how large the
write-ahead log grows.

A copy of the database is one reading of it, and so is SQLite's own check of a table: meanwhile the log holds all that
is written. So it is bounded while none of these is at work, and once they have ended and something was written since.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from storing.due import is_settled, make_all_due
from storing.press import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storing.station import Running, Station
    from storing.world import World

READERS = 4
READ = (
    ("matches", "--limit", "50", "--json"),
    ("stories", "--limit", "50", "--json"),
    ("search", "harbour", "--limit", "20", "--json"),
    ("entries", "--limit", "100", "--json"),
    ("articles", "--limit", "100", "--json"),
    ("stats", "--json"),
    ("feeds", "list", "--json"),
)
#: Between two looks at the log of SQLite, and whether the daemon has nothing to do.
LOOK_S = 0.01
IDLE_LOOK_S = 0.5
#: The log is folded into the file every thousand pages; a transaction of ours, and what comes while a reader holds it
#: back, come on top.
MOST_WAL_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Beside:
    """What came of it."""

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    #: what the commands that did not end well had said, and every line about a lock
    complaints: list[str] = field(default_factory=list)
    read_s: list[float] = field(default_factory=list)
    #: the largest that it was while only short readings were made, beside long ones, and after the end of all
    wal_bytes: int = 0
    wal_bytes_beside_long: int = 0
    wal_bytes_after: int = 0
    is_long: bool = False
    editions: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self) -> dict[str, Any]:
        calls = Counter({name: 0 for name, _ in self.codes})
        for (name, _), count in self.codes.items():
            calls[name] += count
        return {
            "calls": dict(sorted(calls.items())),
            "not_done": sum(count for (_, code), count in self.codes.items() if code),
            "complaints": self.complaints[:10],
            "reader_ms_median": round(1000 * median(self.read_s)),
            "reader_ms_p95": round(1000 * quantiles(self.read_s, n=20)[-1]) if len(self.read_s) > 1 else None,
            "reader_ms_longest": round(1000 * max(self.read_s)),
            "wal_bytes_most": self.wal_bytes,
            "wal_bytes_most_beside_check_and_backup": self.wal_bytes_beside_long,
            "wal_bytes_after": self.wal_bytes_after,
            "times_the_daemon_began_anew": self.editions,
            "is_met": not self.complaints and max(self.wal_bytes, self.wal_bytes_after) <= MOST_WAL_BYTES,
        }


def work_beside(
    station: Station, world: World, *, rounds: int, readers: int = READERS, with_log: bool = True
) -> Beside:
    """Run everything at once; each reader reads *rounds* times, each of the others works *rounds* / 4 times.

    *with_log*: first without those that read all of the database, and in the end until the log of SQLite is cut.
    """
    seen = Beside()
    ended = threading.Event()
    writers = max(1, rounds // 4)
    with station.running("run") as daemon:
        daemon.wait_for("running;")
        daemon.wait_until(lambda: is_settled(station.url), "the first edition")
        minders = [
            threading.Thread(target=_keep_busy, args=(station, world, daemon, ended, seen)),
            threading.Thread(target=_watch_log, args=(station.url, ended, seen)),
        ]
        for thread in minders:
            thread.start()
        try:
            if with_log:
                _play(station, list(_writers(writers)), rounds, readers, seen)
            seen.is_long = True
            _play(station, list(_long_readers(station, writers)), rounds, readers, seen)
            # What is written from now on begins the log anew, and cuts its file.
            wanted = seen.editions + 2 if with_log else 0
            daemon.wait_until(lambda: seen.editions >= wanted, "two more editions")
            seen.wal_bytes_after = _wal_bytes(station.url)
        finally:
            ended.set()
            for thread in minders:
                thread.join()
        daemon.wait_until(lambda: is_settled(station.url), "the end of the work")
    seen.complaints += _complaints_in(daemon.log)
    return seen


def _play(
    station: Station, works: Sequence[Sequence[tuple[str, ...]]], rounds: int, readers: int, seen: Beside
) -> None:
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(_read, station, number, rounds, seen) for number in range(readers)]
        jobs += [pool.submit(_write, station, work, seen) for work in works]
        for job in jobs:
            job.result()


def _writers(rounds: int) -> Iterator[Sequence[tuple[str, ...]]]:
    """The commands of each of those that write."""
    yield [("rules", "apply", "--no-wait")] * rounds
    yield [("copies", "rebuild")] * rounds
    yield [("db", "prune", "--older-than", "365d")] * rounds


def _long_readers(station: Station, rounds: int) -> Iterator[Sequence[tuple[str, ...]]]:
    """The commands of those that write, and of those that read all of the database."""
    yield from _writers(rounds)
    backups = Path(station.config).parent / "backups"
    backups.mkdir(exist_ok=True)
    if station.url.startswith("sqlite:///"):
        yield [("db", "backup", str(backups / f"{number}.db")) for number in range(rounds)]
    yield [("db", "check")] * rounds


def _read(station: Station, number: int, rounds: int, seen: Beside) -> None:
    for each in range(rounds):
        _call(station, READ[(number + each) % len(READ)], seen, is_read=True)


def _write(station: Station, commands: Sequence[tuple[str, ...]], seen: Beside) -> None:
    for number, arguments in enumerate(commands):
        if arguments[0] == "rules":
            # Another topic each time, so that there is something to do.
            rules = RULES + f'\ntopic press-{number % 2} "Others"\n    match crimea\n'
            (station.config / "rules" / "press.rules").write_text(rules)
        _call(station, arguments, seen)


def _call(station: Station, arguments: tuple[str, ...], seen: Beside, *, is_read: bool = False) -> None:
    done = station.call(*arguments)
    with seen.lock:
        seen.codes[" ".join(arguments[:2] if not is_read else ("read",)), done.code] += 1
        if is_read:
            seen.read_s.append(done.seconds)
        if done.code:
            seen.complaints.append(f"{' '.join(arguments)}: exit {done.code}: {done.err.strip()}")
        else:
            seen.complaints += _complaints_in(done.err)


def _complaints_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if "locked" in line or "Traceback" in line or "a bug" in line]


def _keep_busy(station: Station, world: World, daemon: Running, ended: threading.Event, seen: Beside) -> None:
    """Whenever the daemon has nothing to do, give it more."""
    while not ended.wait(IDLE_LOOK_S) and daemon.process.poll() is None:
        if is_settled(station.url):
            world.bring_out()
            make_all_due(station.url)
            seen.editions += 1


def _watch_log(url: str, ended: threading.Event, seen: Beside) -> None:
    while not ended.wait(LOOK_S):
        size = _wal_bytes(url)
        if seen.is_long:
            seen.wal_bytes_beside_long = max(seen.wal_bytes_beside_long, size)
        else:
            seen.wal_bytes = max(seen.wal_bytes, size)


def _wal_bytes(url: str) -> int:
    """The size of SQLite's log; 0 where there is none."""
    if not url.startswith("sqlite:///"):
        return 0
    wal = Path(url.removeprefix("sqlite:///") + "-wal")
    return wal.stat().st_size if wal.exists() else 0
