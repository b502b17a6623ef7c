"""Articles a second with 1, 2, 4 workers on a load of some hundred hosts; and who of all has what part in the CPU.

*writer_busy* is the share of the time in which some process wrote (`workers/writer.py`): what cannot be shared out.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from storing.press import RULES
from storing.servers import new_database, own_cluster
from storing.station import set_up
from workers.crew import TooLongError, ask, crew, make_queue
from workers.newsstand import newsstand
from workers.writer import WriterWatch

if TYPE_CHECKING:
    from storing.servers import Cluster
    from workers.crew import Crew
    from workers.newsstand import Newsstand
    from workers.writer import Looks

GOAL_RATIO = 1.4
#: Articles are counted so often, and the rate taken between these shares of them: the start and the last stragglers
#: are no measure.
LOOK_S = 0.25
FROM, TO = 0.1, 0.9
_SIZE = "SELECT pg_database_size(current_database())"


def measure_rate(
    *, sizes: list[int], hosts: int, entries: int, rounds: int, readers: int, at_most_s: float
) -> dict[str, Any]:
    """Each number of workers in turn, *rounds* times; a run that takes longer than *at_most_s* ends there."""
    runs: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    with own_cluster() as cluster, newsstand(hosts, entries) as stand, tempfile.TemporaryDirectory() as name:
        for number in range(rounds):
            for size in sizes:
                folder = Path(name) / f"{size}-{number}"
                runs[size].append(_run(cluster, stand, folder, size, entries, readers, at_most_s))
    rates = {size: median(each["articles_per_s"] for each in done) for size, done in runs.items()}
    told: dict[str, Any] = {
        "hosts": hosts,
        "articles": hosts * entries,
        "readers_of_each": readers,
        "cores": os.cpu_count(),
        "runs": {str(size): done for size, done in runs.items()},
        "articles_per_s": {str(size): round(rate, 1) for size, rate in rates.items()},
    }
    if rates.get(1) and 2 in rates:
        ratio = rates[2] / rates[1]
        told["goals"] = {
            f"2 workers >= {GOAL_RATIO} x 1 ({ratio:.2f})": ratio >= GOAL_RATIO,
            "every article of every run": all(each["is_whole"] for done in runs.values() for each in done),
        }
    return told


def _run(
    cluster: Cluster, stand: Newsstand, folder: Path, size: int, entries: int, readers: int, at_most_s: float
) -> dict[str, Any]:
    station = set_up(
        folder,
        new_database(cluster),
        stand.feeds(),
        rules=RULES,
        RUN__WORKERS=str(readers),
        RUN__TICK_S="1",
    )
    make_queue(station)
    with crew(station, workers=size) as made, WriterWatch(station.url) as writers:
        told = _watch(made, cluster, stand, stand.hosts * entries, at_most_s, writers)
        told["complaints"] = made.end()
    return told


def _watch(
    made: Crew, cluster: Cluster, stand: Newsstand, articles: int, at_most_s: float, writers: WriterWatch
) -> dict[str, Any]:
    """Count until all articles are stored."""
    others = {"newsstand": stand.pid}
    ((empty,),) = ask(made.station.url, _SIZE)
    begun = time.monotonic()
    marks: list[tuple[float, int, dict[str, float], Looks]] = []
    count = 0
    while count < articles and time.monotonic() - begun < at_most_s:
        time.sleep(LOOK_S)
        ((count,),) = ask(made.station.url, "SELECT count(*) FROM article")
        reached = FROM if not marks else TO
        if len(marks) < 2 and count >= reached * articles:
            marks.append((time.monotonic(), count, made.cpu(cluster, others), writers.looks))
    if len(marks) < 2:
        raise TooLongError(f"{count} of {articles} articles in {at_most_s:.0f} s")
    (first_at, first, cpu_before, looks_before), (last_at, last, cpu_after, looks_after) = marks
    took = last_at - first_at
    ((size,),) = ask(made.station.url, _SIZE)
    cpu = {role: cpu_after[role] - cpu_before[role] for role in cpu_after}
    return {
        "articles_per_s": round((last - first) / took, 1),
        "cpu_ms_per_article": {role: round(1000 * used / (last - first), 2) for role, used in cpu.items()},
        "cores_used": {role: round(used / took, 2) for role, used in cpu.items()},
        "writer_busy": round(looks_after.share_since(looks_before), 3),
        "writer_ms_per_article": round(1000 * took * looks_after.share_since(looks_before) / (last - first), 2),
        "waiting_to_write": round(looks_after.waiting_since(looks_before), 2),
        "bytes_per_article": round((size - empty) / count),
        "is_whole": count == articles,
        "seconds": round(time.monotonic() - begun, 1),
    }
