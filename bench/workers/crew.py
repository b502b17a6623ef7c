"""Schedulers and workers as people start them, on one database; what each of them costs; and their ends."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from _processes import cpu_s, tree
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from storing.servers import Cluster
    from storing.station import Running, Station

#: Between two looks at what is waited for.
LOOK_S = 0.05
AT_WORK = "at work as"
LEADS = "this scheduler leads"


class TooLongError(Exception):
    """What is measured did not come to its end in the time that it was given."""


@dataclass(slots=True)
class Crew:
    """All processes at work on the database of *station*."""

    station: Station
    concurrency: int = 16
    schedulers: list[Running] = field(default_factory=list)
    workers: list[Running] = field(default_factory=list)
    #: those that were killed; what they logged is looked at in the end
    fallen: list[Running] = field(default_factory=list)

    def start_scheduler(self) -> Running:
        """Start one more."""
        self.schedulers.append(self.station.start("scheduler"))
        return self.schedulers[-1]

    def start_worker(self) -> Running:
        """Start one more."""
        self.workers.append(self.station.start("worker", "--concurrency", str(self.concurrency)))
        return self.workers[-1]

    def wait_for_workers(self) -> None:
        """Return when all workers take jobs."""
        for each in self.workers:
            each.wait_for(AT_WORK)

    def leader(self) -> Running:
        """The scheduler that leads: the last to have said so."""
        leading = [each for each in self.schedulers if LEADS in each.log]
        assert leading, "none leads"
        return leading[-1]

    def kill(self, victim: Running) -> None:
        """SIGKILL to a process and all that it has started; it is no longer one of the crew."""
        victim.kill()
        for group in (self.schedulers, self.workers):
            if victim in group:
                group.remove(victim)
        self.fallen.append(victim)

    def ended(self) -> list[str]:
        """Those that have ended without being asked."""
        return [
            f"{each.log_file.name} ended with {each.process.returncode}: {each.log[-500:]}"
            for each in (*self.schedulers, *self.workers)
            if each.process.poll() is not None
        ]

    def end(self) -> list[str]:
        """SIGTERM to all; what is not as it must be of their ends and in what they logged."""
        complaints = self.ended()
        for each in (*self.workers, *self.schedulers):
            code = each.end()
            if code:
                complaints.append(f"{each.log_file.name} ended with {code}")
        for each in (*self.workers, *self.schedulers, *self.fallen):
            complaints += [f"{each.log_file.name}: {bug}" for bug in _bugs(each.log)]
        return complaints

    def give_up(self) -> None:
        """Leave no process behind."""
        for each in (*self.workers, *self.schedulers):
            each.kill()

    def cpu(self, cluster: Cluster, others: dict[str, int]) -> dict[str, float]:
        """CPU seconds by role, until now; *others*: the processes of other roles."""
        told = {
            "workers": cpu_s([pid for each in self.workers for pid in tree(each.process.pid)]),
            "scheduler": cpu_s([pid for each in self.schedulers for pid in tree(each.process.pid)]),
            "postgresql": cpu_s(tree(postmaster(cluster))),
        }
        return told | {role: cpu_s(tree(pid)) for role, pid in others.items()}


def _bugs(log: str) -> Iterator[str]:
    """What a log tells of bugs: the line before each traceback, and how that ends."""
    lines = log.splitlines()
    for place, line in enumerate(lines):
        if "Traceback" in line:
            ends = (each for each in lines[place + 1 :] if not each.startswith(" "))
            yield f"{lines[place - 1] if place else ''} … {next(ends, '')}"
        elif "a bug" in line:
            yield line


@contextmanager
def crew(station: Station, *, workers: int, schedulers: int = 1, concurrency: int = 16) -> Iterator[Crew]:
    """A crew at work: first the workers, so that the work begins when all of them are there."""
    made = Crew(station, concurrency=concurrency)
    try:
        for _ in range(workers):
            made.start_worker()
        made.wait_for_workers()
        for _ in range(schedulers):
            made.start_scheduler()
        yield made
    finally:
        made.give_up()


def make_queue(station: Station) -> None:
    """Make the tables of the queue."""
    done = station.call("db", "requeue")
    assert done.code == 0, done.err


def postmaster(cluster: Cluster) -> int:
    """The first process of the server; its CPU includes that of sessions that have ended."""
    return int((cluster.folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def ask(url: str, question: str, **values: Any) -> list[tuple[Any, ...]]:
    """The rows that a question brings, on a connection of its own."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(question), values)]
    finally:
        engine.dispose()


def change(url: str, statement: str) -> None:
    """Make one change, on a connection of its own."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def wait_until(is_so: Callable[[], bool], what: str, *, at_most_s: float) -> float:
    """Wait for something; seconds that it took. Raises TooLongError."""
    begun = time.monotonic()
    while not is_so():
        if time.monotonic() - begun > at_most_s:
            raise TooLongError(f"{what}: not within {at_most_s:.0f} s")
        time.sleep(LOOK_S)
    return time.monotonic() - begun
