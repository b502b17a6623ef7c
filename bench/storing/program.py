"""The program of `bench/storage.py`: its flags, and its parts one after the other."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storing.station import Station
    from storing.world import World

MEASURES = ("counter", "rates", "kill", "concurrency", "faults")
EDITIONS = 6
OUTLETS = 8
FRESH = 5


def databases(which: str) -> Iterator[tuple[str, Callable[[Path], str]]]:
    """The kinds of databases, each with what gives the address of a new one, on SQLite in the given folder."""
    if which in {"sqlite", "both"}:
        yield "sqlite", lambda folder: f"sqlite:///{folder}/data/news.db"
    if which in {"postgresql", "both"}:
        from storing.servers import new_databases

        with new_databases() as new:
            yield "postgresql", lambda _: new()


def measure_counter(which: str) -> dict[str, Any]:
    from storing.counter import PROCESSES, TIMES, count_up

    from storage.migrate import upgrade

    told: dict[str, Any] = {"wanted": PROCESSES * TIMES}
    with tempfile.TemporaryDirectory() as name:
        for kind, new in databases(which):
            url = new(Path(name))
            Path(name, "data").mkdir(exist_ok=True)
            upgrade(url)
            told[kind] = count_up(url)
            told[f"{kind}_sqlalchemy_default"] = count_up(url, way="default")
            told[kind]["is_met"] = told[kind]["counted"] == told["wanted"] and not told[kind]["errors"]
    return told


def measure_kills(which: str, kills: dict[str, int], seed: int) -> dict[str, Any]:
    """Half of the kills while the world is read in turn, half while all is read at once; see `kills`.

    What must be left is what a run on SQLite leaves that nobody disturbed, on PostgreSQL too.
    """
    from storing.world import world

    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for in_turn in (True, False):
            way = "in_turn" if in_turn else "at_once"
            with world(seed=seed, editions=EDITIONS, outlets=OUTLETS, fresh=FRESH) as the_world:
                calm, requests = _play_calm(Path(name) / way, the_world, in_turn=in_turn)
                told[f"undisturbed_{way}"] = {"requests": sum(requests), "steps": len(requests)}
                for kind, new in databases(which):
                    count = kills[kind] // 2 if in_turn else kills[kind] - kills[kind] // 2
                    folder = Path(name) / f"{kind}_{way}"
                    the_world.reset()
                    station = _station(folder, new(folder), the_world, in_turn=in_turn)
                    told[folder.name] = _play_killed(
                        station, the_world, count, seed, calm=calm, requests=requests, in_turn=in_turn
                    )
    told["is_met"] = all(row.get("is_met", True) for row in told.values())
    return told


def _station(folder: Path, url: str, the_world: World, *, in_turn: bool) -> Station:
    from storing.station import set_up
    from storing.world import RULES

    # In turn there is never more than one page to read.
    return set_up(folder, url, the_world.feeds(), rules=RULES, **({"RUN__WORKERS": "1"} if in_turn else {}))


def _play_calm(folder: Path, the_world: World, *, in_turn: bool) -> tuple[Station, list[int]]:
    from storing.kills import play

    calm = _station(folder, f"sqlite:///{folder}/data/news.db", the_world, in_turn=in_turn)
    return calm, play(calm, the_world, in_turn=in_turn).requests


def _play_killed(
    station: Station,
    the_world: World,
    kills: int,
    seed: int,
    *,
    calm: Station,
    requests: list[int],
    in_turn: bool,
) -> dict[str, Any]:
    from storing.kills import play
    from storing.listed import listings
    from storing.natural import contents, difference

    played = play(station, the_world, in_turn=in_turn, kills=kills, seed=seed, expected=requests)
    found = contents(station.url, in_turn=in_turn)
    told = difference(contents(calm.url, in_turn=in_turn), found)
    row = asdict(played) | {
        "kills": sum(played.kills.values()),
        "kills_by_moment": dict(played.kills),
        "requests": sum(played.requests),
        "rows": sum(map(len, found.values())),
        "lost": sum(len(each["lost"]) for each in told.values()),
        "doubled": sum(len(each["more"]) for each in told.values()),
        "differences": told,
        "listings_that_differ": difference(listings(calm, in_turn=in_turn), listings(station, in_turn=in_turn)),
        "db_check": station.complaints_of_check(),
    }
    row["corruptions"] = row.pop("faults")
    wrong = ("corruptions", "shrunk", "bugs", "left_behind", "differences", "listings_that_differ", "db_check")
    row["is_met"] = not any(row[key] for key in wrong)
    print(_progress(station, row), file=sys.stderr, flush=True)
    return row


def _progress(station: Station, row: dict[str, Any]) -> str:
    """One line about what has been measured, for those who wait."""
    told = ["kills", "idle", "seconds", "lost", "doubled", "is_met"]
    if not row["is_met"]:
        told += ["differences", "listings_that_differ", "bugs", "corruptions", "db_check"]
    return f"{station.config.parent.name}: {json.dumps({name: row[name] for name in told}, ensure_ascii=False)}"


def measure_concurrency(which: str, rounds: int, seed: int) -> dict[str, Any]:
    from storing.beside import work_beside
    from storing.station import set_up
    from storing.world import RULES, world

    told: dict[str, Any] = {}
    with (
        world(seed=seed, editions=40, outlets=OUTLETS, fresh=FRESH, with_newsroom=False) as the_world,
        tempfile.TemporaryDirectory() as name,
    ):
        for kind, new in databases(which):
            the_world.reset()
            folder = Path(name) / kind
            station = set_up(folder, new(folder), the_world.feeds(), rules=RULES)
            told[kind] = work_beside(station, the_world, rounds=rounds).report()
    return told


def measure_faults(which: str, seed: int) -> dict[str, Any]:
    from storing import faults

    told: dict[str, Any] = {}
    if which in {"sqlite", "both"}:
        told |= faults.play_faults([fault.name for fault in faults.FAULTS], seed=seed)
        told |= faults.in_namespace(faults.READ_ONLY)
    if which in {"postgresql", "both"}:
        told |= faults.play_restarts(seed=seed)
    return told | {"is_met": not any(told.values())}


def main(about: str) -> int:
    """Measure what is asked for, and print it; *about* tells in its first line what this is."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--only", choices=MEASURES, nargs="+", default=MEASURES)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--kills", type=int, default=200, help="on SQLite")
    parser.add_argument("--kills-postgresql", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=24, help="of each reader; the others work a quarter as often")
    parser.add_argument("--articles", type=int, default=4_000)
    parser.add_argument("--feeds", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    from storing.rates import measure_rates

    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "counter": lambda: measure_counter(given.database),
        "rates": lambda: measure_rates(databases(given.database), articles=given.articles, feeds=given.feeds),
        "kill": lambda: measure_kills(
            given.database, {"sqlite": given.kills, "postgresql": given.kills_postgresql}, given.seed
        ),
        "concurrency": lambda: measure_concurrency(given.database, given.rounds, given.seed),
        "faults": lambda: measure_faults(given.database, given.seed),
    }
    report: dict[str, Any] = {"bench": "storage", "seed": given.seed}
    for name in MEASURES:
        if name in given.only:
            begun = time.perf_counter()
            report[name] = measures[name]()
            report[name]["took_s"] = round(time.perf_counter() - begun)
    print(json.dumps(report, ensure_ascii=False))
    return 0
