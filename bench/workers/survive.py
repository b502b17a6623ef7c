"""Deaths under load: of workers, of the scheduler that leads, of the server. All must be as if nobody had died.

A press brings out edition after edition (`storing/press.py`). At each, first what waits of the entries is made due, and
when that is done, the feeds: which of the two comes first at a host is chance where several work, and tells how often a
page is looked at. In the middle of one of these halves something is killed or stopped. What it had in hand is what was
due and what was at work at that moment; it is finished when none of that is due or at work any more, whoever did it. In
the end all rows of all tables are compared with those that one process, `wirewatch run`, leaves that nobody disturbed
(`storing/natural.py`): *lost* are rows of that which are not there, *doubled* are those that are there and not in that.
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import OperationalError
from storing.due import is_settled
from storing.natural import contents, difference
from storing.press import RULES
from storing.servers import new_database, own_cluster
from storing.station import set_up
from storing.world import world
from workers.crew import LEADS, TooLongError, ask, change, crew, make_queue, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storing.natural import Contents
    from storing.servers import Cluster
    from storing.world import World
    from workers.crew import Crew

GOAL_ELSEWHERE_S = 60
GOAL_LEADER_S = 15
#: At most: the press dates each outlet five minutes after the one before, and none may lie in the future.
OUTLETS = 11
FRESH = 6
WORKERS = 4
#: Of a worker, so that there is work left for the others when it dies.
CONCURRENCY = 4
#: A moment is chosen by so many requests; an edition takes more.
MOST_REQUESTS = 60
#: Tables that tell who did the work, and not what was done.
WHO = ("worker", "host_turn")
#: Between the two looks at what a worker had that has died.
LOOK_S = 0.25

_DUE = """
SELECT 'feed', id FROM feed WHERE state NOT IN ('paused', 'removed') AND next_poll_at <= wirewatch_now()
UNION ALL SELECT 'entry', id FROM entry
WHERE state IN ('new', 'retrying') AND next_try_at IS NULL OR next_try_at <= wirewatch_now()
UNION ALL SELECT 'job', id FROM procrastinate_jobs WHERE status = 'doing'
"""


#: What is made due, one after the other.
HALVES = (
    "UPDATE entry SET next_try_at = wirewatch_now() WHERE next_try_at > wirewatch_now()",
    "UPDATE feed SET next_poll_at = wirewatch_now()",
)


@dataclass(slots=True)
class Played:
    """What came of a run through all editions."""

    #: seconds from each death until all that was in hand then was done
    elsewhere_s: list[float] = field(default_factory=list)
    #: how much was in hand at each
    in_hand: list[int] = field(default_factory=list)
    #: seconds until another scheduler led
    next_leader_s: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class _Scene:
    """A crew, a world and a server, and what can befall them."""

    def __init__(self, made: Crew, the_world: World, cluster: Cluster, seed: int, deadline: float) -> None:
        self.crew, self.world, self.cluster, self.deadline = made, the_world, cluster, deadline
        self.draw = random.Random(seed)
        self.played = Played()

    @property
    def left_s(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def wait_for_the_middle(self) -> None:
        """Until so many requests have come."""
        wanted = self.world.requests() + self.draw.randint(1, MOST_REQUESTS)
        wait_until(lambda: self.world.requests() >= wanted, "work", at_most_s=min(120.0, self.left_s))

    def wait_for_the_end(self) -> None:
        """Until nothing is left to do, and nobody is at it."""
        url = self.crew.station.url

        def is_done() -> bool:
            try:
                return is_settled(url) and not ask(url, "SELECT 1 FROM procrastinate_jobs WHERE status = 'doing'")
            except OperationalError:
                return False

        wait_until(is_done, "nothing left to do", at_most_s=min(300.0, self.left_s))

    def in_hand(self) -> set[tuple[Any, ...]]:
        return set(ask(self.crew.station.url, _DUE))

    def kill_worker(self) -> None:
        """One of them, drawn; another takes its place when its work is done."""
        self.wait_for_the_middle()
        self.crew.kill(self.draw.choice(self.crew.workers))
        died, wanted = time.monotonic(), self.in_hand()
        self.played.in_hand.append(len(wanted))
        self._wait_for(wanted)
        self.played.elsewhere_s.append(round(time.monotonic() - died, 1))
        self.crew.start_worker()
        self.crew.wait_for_workers()

    def _wait_for(self, wanted: set[tuple[Any, ...]]) -> None:
        """Until none of these is in hand; what is done and due again meanwhile is not waited for."""
        open_still = set(wanted)
        while open_still:
            if not self.left_s:
                raise TooLongError(f"work of a worker that died was left: {sorted(open_still)[:5]}")
            time.sleep(LOOK_S)
            open_still &= self.in_hand()

    def kill_leader(self) -> None:
        """The others have their lead within some seconds; a new one stands by then."""
        self.wait_for_the_middle()
        victim = self.crew.leader()
        others = [each for each in self.crew.schedulers if each is not victim]
        led = sum(each.log.count(LEADS) for each in others)
        self.crew.kill(victim)
        took = wait_until(
            lambda: sum(each.log.count(LEADS) for each in others) > led, "another leader", at_most_s=120.0
        )
        self.played.next_leader_s.append(round(took, 1))
        self.crew.start_scheduler()

    def restart_server(self) -> None:
        """In order, or as if it had lost its power."""
        self.wait_for_the_middle()
        self.cluster.stop(self.draw.choice(("fast", "immediate")))
        time.sleep(self.draw.random() * 3)
        self.cluster.start()
        back = time.monotonic()
        self._wait_for(self.in_hand())
        self.played.elsewhere_s.append(round(time.monotonic() - back, 1))


def _measure(
    do: Callable[[_Scene], None], times: int, *, seed: int, at_most_s: float, schedulers: int = 1
) -> dict[str, Any]:
    """Let it befall the crew in each edition but the first; and compare."""
    deadline = time.monotonic() + at_most_s
    with _stage(times + 1, seed) as (the_world, cluster, folder):
        wanted = _calm(the_world, cluster, folder / "calm")
        the_world.reset()
        station = set_up(folder / "crew", new_database(cluster), the_world.feeds(), rules=RULES, RUN__WORKERS="1")
        make_queue(station)
        with crew(station, workers=WORKERS, schedulers=schedulers, concurrency=CONCURRENCY) as made:
            scene = _Scene(made, the_world, cluster, seed, deadline)
            # A new database has no feeds before the scheduler has read them.
            made.schedulers[0].wait_until(lambda: any(LEADS in each.log for each in made.schedulers), "a leader")
            scene.wait_for_the_end()
            for _ in range(times):
                the_world.bring_out()
                chosen = scene.draw.choice(HALVES)
                for half in HALVES:
                    change(station.url, half)
                    if half == chosen:
                        do(scene)
                    scene.wait_for_the_end()
            scene.played.complaints += made.end()
        told = difference(wanted, _contents(station.url))
        complaints = [*scene.played.complaints, *station.complaints_of_check()]
    played = scene.played
    return {
        "times": times,
        "rows": sum(map(len, wanted.values())),
        "lost": sum(len(each["lost"]) for each in told.values()),
        "doubled": sum(len(each["more"]) for each in told.values()),
        "differences": {table: {kind: rows[:3] for kind, rows in each.items()} for table, each in told.items()},
        "complaints": complaints[:20],
        "in_hand": played.in_hand,
        "elsewhere_s": played.elsewhere_s,
        "next_leader_s": played.next_leader_s,
    }


@contextmanager
def _stage(editions: int, seed: int) -> Iterator[tuple[World, Cluster, Path]]:
    with (
        own_cluster() as cluster,
        world(seed=seed, editions=editions, outlets=OUTLETS, fresh=FRESH, with_newsroom=False) as the_world,
        tempfile.TemporaryDirectory() as name,
    ):
        yield the_world, cluster, Path(name)


def _calm(the_world: World, cluster: Cluster, folder: Path) -> Contents:
    """What one process leaves."""
    station = set_up(folder, new_database(cluster), the_world.feeds(), rules=RULES, RUN__WORKERS="1")
    with station.running("run") as daemon:
        # A new database has no feeds before the daemon has read them.
        daemon.wait_for("running;")
        daemon.wait_until(lambda: is_settled(station.url), "the first edition")
        for _ in range(1, the_world.editions):
            the_world.bring_out()
            for half in HALVES:
                change(station.url, half)
                daemon.wait_until(lambda: is_settled(station.url), "the end of an edition")
    return _contents(station.url)


def _contents(url: str) -> Contents:
    return {name: rows for name, rows in contents(url).items() if name not in WHO}


def _goals(name: str, told: dict[str, Any], seconds: str, goal: float) -> dict[str, Any]:
    worst = max(told[seconds], default=0.0)
    told["goals"] = {
        f"{name}: at most {goal} s ({worst})": worst <= goal,
        f"{name}: 0 lost ({told['lost']}), 0 doubled ({told['doubled']})": not told["lost"] + told["doubled"],
        f"{name}: nothing to complain of ({len(told['complaints'])})": not told["complaints"],
    }
    return told


def measure_kills(kills: int, *, seed: int, at_most_s: float) -> dict[str, Any]:
    """Workers killed."""
    told = _measure(_Scene.kill_worker, kills, seed=seed, at_most_s=at_most_s)
    return _goals("kill", told, "elsewhere_s", GOAL_ELSEWHERE_S)


def measure_leaders(times: int, *, seed: int, at_most_s: float) -> dict[str, Any]:
    """The leader killed, of two schedulers."""
    told = _measure(_Scene.kill_leader, times, seed=seed, at_most_s=at_most_s, schedulers=2)
    return _goals("leader", told, "next_leader_s", GOAL_LEADER_S)


def measure_restarts(times: int, *, seed: int, at_most_s: float) -> dict[str, Any]:
    """The server stopped and started."""
    told = _measure(_Scene.restart_server, times, seed=seed, at_most_s=at_most_s)
    return _goals("restart", told, "elsewhere_s", GOAL_ELSEWHERE_S)
