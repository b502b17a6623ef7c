"""Hostile behaviours of feeds, servers and pages, one address each, against the whole of the ingestion.

    python bench/hostile.py [--only TEXT] [--at-once 6]

Every case has its own loopback hosts; it is played with the real store, fetcher, workers and pipeline, and must end
in the expected entries, error kind and next poll. Prints a line for each case that does not, and one JSON object:
how many passed, by how much the main process grew, and how late the event loop was throughout. The server is a
process of its own. No name is looked up, and nothing but loopback is reached; `unshare -rn` with `lo` up proves it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections import Counter

GOAL_RSS_MB = 150
GOAL_LAG_MS = 50
GOAL_CASES = 120


async def bench(only: str, at_once: int) -> int:
    from hostility.all_cases import CASES
    from hostility.run import Meter, play_all, server_process, stand

    logging.getLogger().setLevel(logging.WARNING)
    chosen = [case for case in CASES if only in case.name]
    meter = Meter()
    with server_process(niceness=10) as port:
        async with stand(CASES, port) as shared:
            started = time.perf_counter()
            complaints = await play_all(chosen, shared, at_once=at_once, meter=meter)
            seconds = time.perf_counter() - started
    for name, lines in complaints.items():
        if lines:
            print(f"{name}: {'; '.join(lines)}")
    passed = sum(not lines for lines in complaints.values())
    growth = meter.peak_mb - meter.start_mb
    report = {
        "bench": "hostile",
        "cases": len(chosen),
        "passed": passed,
        "by_point": dict(sorted(Counter(case.point for case in chosen).items())),
        "rss_growth_mb": round(growth, 1),
        "rss_goal": f"<= {GOAL_RSS_MB}",
        "loop_lag_p99_ms": round(meter.p99_ms, 1),
        "loop_lag_goal": f"<= {GOAL_LAG_MS}",
        "seconds": round(seconds, 1),
        # On cores that others keep busy too, the loop is late because this process waits for its turn.
        "load_average": round(os.getloadavg()[0], 1),
        "is_met": passed == len(chosen) and growth <= GOAL_RSS_MB and meter.p99_ms <= GOAL_LAG_MS,
    }
    print(json.dumps(report))
    return 0 if passed == len(chosen) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="only the cases with this in their name")
    parser.add_argument("--at-once", type=int, default=3, help="cases at a time")
    parser.add_argument("--serve", action="store_true", help="only serve the cases, until stdin is closed")
    parser.add_argument("--niceness", type=int, default=0, help="how far the server steps back for others")
    arguments = parser.parse_args()
    if arguments.serve:
        from hostility.all_cases import CASES
        from hostility.server import serve

        os.nice(arguments.niceness)
        asyncio.run(serve(CASES))
        return 0
    return asyncio.run(bench(arguments.only, arguments.at_once))


if __name__ == "__main__":
    sys.exit(main())
