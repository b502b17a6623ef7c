"""Several workers on one PostgreSQL server: how fast, at which cost, what is lost when some die. Prints a JSON object.

    python bench/scale.py [--only NAME ...] [--workers 1,2,4] [--hosts 300] [--entries 10] [--rounds 3] [--readers 1]
                          [--batches 2000] [--kills 20] [--leaders 3] [--restarts 4]
                          [--feeds 100000] [--minutes 60] [--at-most 1800]

*rate*: articles a second of 1, 2 and 4 `wirewatch worker` with a scheduler, on small outlets over loopback
(`workers/newsstand.py`), and the CPU of workers, scheduler, server and outlets apart.

*batches*: how many host batches are enqueued in a second, and what the queue adds to each (`workers/batches.py`).

*kill*: one of four workers killed with SIGKILL under load, again and again: how long until others have done all its
work. *leader*: the scheduler that leads killed: how long until another leads. *restart*: PostgreSQL stopped under load
and started. After each of the three the database must hold what one undisturbed process leaves (`workers/survive.py`,
`storing/natural.py`).

*hour*: many feeds with a simulated fetch, over an hour of simulated time: how late each poll is, the queue, and the
CPU of PostgreSQL (`workers/hour.py`).

The server is one of our own, with `fsync=off`; it and the outlets share the cores of the machine with all the others.
Only loopback is reached. *at-most* is what each part may take, in seconds: one that needs more says so and fails.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).absolute().parent))

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = ("rate", "batches", "kill", "leader", "restart", "hour")


def parts(given: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    """What measures each part."""
    from workers.batches import measure_batches
    from workers.hour import measure_hour
    from workers.rate import measure_rate
    from workers.survive import measure_kills, measure_leaders, measure_restarts

    most = given.at_most
    return {
        "rate": lambda: measure_rate(
            sizes=given.workers,
            hosts=given.hosts,
            entries=given.entries,
            rounds=given.rounds,
            readers=given.readers,
            at_most_s=most / (len(given.workers) * given.rounds),
        ),
        "batches": lambda: measure_batches(hosts=given.batches, rounds=given.rounds, at_most_s=most / 4),
        "kill": lambda: measure_kills(given.kills, seed=given.seed, at_most_s=most),
        "leader": lambda: measure_leaders(given.leaders, seed=given.seed, at_most_s=most),
        "restart": lambda: measure_restarts(given.restarts, seed=given.seed, at_most_s=most),
        "hour": lambda: measure_hour(feeds=given.feeds, minutes=given.minutes, at_most_s=most),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = lambda text: [int(part) for part in text.split(",")]  # noqa: E731  # as a type of an argument
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--workers", type=sizes, default=[1, 2, 4], metavar="N,…")
    parser.add_argument("--hosts", type=int, default=300)
    parser.add_argument("--entries", type=int, default=10, help="of each host")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readers", type=int, default=1, help="processes of each worker that read pages")
    parser.add_argument("--batches", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--leaders", type=int, default=3)
    parser.add_argument("--restarts", type=int, default=4)
    parser.add_argument("--feeds", type=int, default=100_000)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-most", type=float, default=1_800.0, help="seconds for each part")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    report: dict[str, Any] = {
        "bench": "scale",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "goals": {},
    }
    measures = parts(given)
    for name in PARTS:
        if name not in given.only:
            continue
        begun = time.perf_counter()
        try:
            told = measures[name]()
        except Exception as error:  # noqa: BLE001  # what other parts have measured is told all the same
            told = {"goals": {f"{name} came to its end": False}, "error": f"{type(error).__name__}: {error}"[:4000]}
        report["goals"] |= told.pop("goals", {})
        report[name] = told | {"took_s": round(time.perf_counter() - begun)}
        print(f"{name}: {json.dumps(told, ensure_ascii=False)[:2000]}", file=sys.stderr, flush=True)
    print(json.dumps(report, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
