"""What very many feeds and articles need, computed from measured costs. No measure: multiplication.

    python bench/workers/paper.py [REPORT.json] [--feeds 1000000] [--articles 10000000] [--every 60] [--peak 3]

REPORT.json is what `python bench/scale.py --only rate batches hour` prints. Without it the costs are those that
docs/explanation/scale.md names, so that its tables can be printed anew. What is assumed and not measured is at the top.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: Bytes of a page as it comes over the line, compressed, and of a feed that has changed; a 304 with its request.
PAGE_BYTES = 40_000
FEED_BYTES = 15_000
UNCHANGED_BYTES = 800
#: Polls that bring a document; the others are answered by 304.
CHANGED = 0.3
#: A core that is planned to be busy for so much of the time.
PLANNED_LOAD = 0.6
#: Seconds that a request takes, and with them how many are under way.
REQUEST_S = 0.5
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Milliseconds and bytes of one each, measured small: see docs/explanation/scale.md for how and when."""

    #: CPU of workers, of the server, and time in which nobody else can write, of an article
    article_worker_ms: float = 11.7
    article_server_ms: float = 5.1
    article_writer_ms: float = 21.2
    article_bytes: float = 34_700
    #: the same of a poll that brings nothing, without HTTP
    poll_worker_ms: float = 3.0
    poll_server_ms: float = 1.7
    poll_writer_ms: float = 2.4
    #: what the queue adds to each job
    job_worker_ms: float = 2.7
    job_server_ms: float = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be done."""

    feeds: int
    articles_per_day: int
    every_min: float
    peak: float


def read_costs(report: dict[str, Any]) -> Costs:
    """The costs that a report of scale.py tells; the run with the fewest workers is the one of articles."""
    runs = report["rate"]["runs"]
    run = runs[min(runs, key=int)][0]
    hour, job = report["hour"], report["batches"]["overhead"]["16"]
    return Costs(
        article_worker_ms=run["cpu_ms_per_article"]["workers"],
        article_server_ms=run["cpu_ms_per_article"]["postgresql"],
        article_writer_ms=run["writer_ms_per_article"],
        article_bytes=run["bytes_per_article"],
        poll_worker_ms=hour["cpu_ms_per_poll"],
        poll_server_ms=hour["postgresql_cpu_ms_per_poll"],
        poll_writer_ms=hour["writer_ms_per_poll"],
        job_worker_ms=job["cpu_ms_worker"],
        job_server_ms=job["cpu_ms_postgresql"],
    )


def compute(load: Load, costs: Costs) -> dict[str, float]:
    """What that takes, on average over the day unless a name says peak."""
    polls = load.feeds / (load.every_min * 60)
    articles = load.articles_per_day / DAY_S
    worker_ms = articles * costs.article_worker_ms + polls * (costs.poll_worker_ms + costs.job_worker_ms)
    server_ms = articles * costs.article_server_ms + polls * (costs.poll_server_ms + costs.job_server_ms)
    writer_ms = articles * costs.article_writer_ms + polls * costs.poll_writer_ms
    line = articles * PAGE_BYTES + polls * (CHANGED * FEED_BYTES + (1 - CHANGED) * UNCHANGED_BYTES)
    return {
        "polls_per_s": round(polls, 1),
        "articles_per_s": round(articles, 1),
        "requests_under_way": round((polls + articles) * REQUEST_S * load.peak),
        "worker_cores": round(worker_ms / 1000 / PLANNED_LOAD, 1),
        "worker_cores_at_peak": round(load.peak * worker_ms / 1000 / PLANNED_LOAD, 1),
        "server_cores_at_peak": round(load.peak * server_ms / 1000 / PLANNED_LOAD, 1),
        "writer_busy": round(writer_ms / 1000, 2),
        "writer_busy_at_peak": round(load.peak * writer_ms / 1000, 2),
        "megabit_per_s_at_peak": round(load.peak * line * 8 / 1e6),
        "gb_per_day_in_database": round(load.articles_per_day * costs.article_bytes / 1e9, 1),
    }


def furthest(load: Load, costs: Costs) -> dict[str, float]:
    """Where the one writer is busy all the time at the peak, with feeds and articles in the same proportion."""
    busy = compute(load, costs)["writer_busy_at_peak"]
    return {"feeds": round(load.feeds / busy), "articles_per_day": round(load.articles_per_day / busy)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", nargs="?", type=Path)
    parser.add_argument("--feeds", type=int, default=1_000_000)
    parser.add_argument("--articles", type=int, default=10_000_000, help="a day")
    parser.add_argument("--every", type=float, default=60.0, help="minutes between two polls of a feed, on average")
    parser.add_argument("--peak", type=float, default=3.0, help="times the average, in the busiest minutes")
    given = parser.parse_args()
    costs = Costs() if given.report is None else read_costs(json.loads(given.report.read_text()))
    load = Load(feeds=given.feeds, articles_per_day=given.articles, every_min=given.every, peak=given.peak)
    told = {
        "load": asdict(load),
        "costs": asdict(costs),
        "needs": compute(load, costs),
        "writer_is_full_at": furthest(load, costs),
    }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
