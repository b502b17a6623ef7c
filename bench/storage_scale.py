"""A large archive: how long questions take, how much room it takes, and how fast articles come in on top of it.

    python bench/storage_scale.py [--articles 10000,100000] [--folder DIR] [--coming 2048] [--each 200] [--workers 2]

Of each size a database is made in *folder*, once: `N.db`; a million articles take some 12 minutes of two cores and 8 GB
there. Half a year of news, texts of some 480 words with a real distribution of words, a quarter of them reprints, all
tables filled as a daemon fills them (`archive/build.py`) but for raw pages, which are apart. Then:

*queries*: p50 and p95 of many different questions through `storage.listings.Listings`, in one process, after its start;
and the CPU of it, which says what a quiet machine takes. A phrase with fewer than 20 hits is rare.
*size*: bytes of all tables and indexes for each article, as a multiple of its texts, titles included.
*ingest*: *coming* articles more, on a copy of the file: `Store.candidates`, `place`, `Store.save`, one transaction for
each article; CPU of this process, all threads. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from archive import ingest, queries
from archive.build import build, press_for, say_on_stderr

from storage.store import Store

GOALS_P95_MS = {"matches TOPIC --since 7d": 100, "search PHRASE, rare": 100, "stories": 200}
GOAL_TIMES_TEXT = 2.2
GOAL_RATE = 0.7


def measure(count: int, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """What an archive of *count* articles costs."""
    path = folder / f"{count}.db"
    if not path.exists():
        build(path, count, args.coming, workers=args.workers, say=say_on_stderr)
    press = press_for(count)
    say_on_stderr(f"{count:,} articles: size")
    size = queries.weigh(path)
    say_on_stderr(f"{count:,} articles: queries")
    asked = queries.measure(path, list(queries.questions(press, count, args.each)))
    say_on_stderr(f"{count:,} articles: ingest")
    with tempfile.TemporaryDirectory(dir=folder) as copies:
        copy = Path(shutil.copy(path, copies))
        coming = ingest.prepare(press, count, args.coming)
        with Store(f"sqlite:///{copy}") as store:
            came = ingest.measure(store, coming)
    return {"articles": count, "size": size, "queries": asked, "ingest": came}


def judge(measured: list[dict[str, Any]]) -> dict[str, bool]:
    """The goals, and whether the largest archive meets them."""
    first, last = measured[0], measured[-1]
    met = {
        f"p95 of {kind} <= {goal} ms": last["queries"][kind]["p95_ms"] <= goal for kind, goal in GOALS_P95_MS.items()
    }
    met[f"size <= {GOAL_TIMES_TEXT} x text"] = last["size"]["times_text"] <= GOAL_TIMES_TEXT
    if len(measured) > 1:
        ratio = last["ingest"]["docs_per_s"] / first["ingest"]["docs_per_s"]
        met[f"ingest >= {GOAL_RATE} x that of {first['articles']:,} articles ({ratio:.2f})"] = ratio >= GOAL_RATE
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = lambda given: sorted(int(part) for part in given.split(","))  # noqa: E731  # as a type of an argument
    parser.add_argument("--articles", type=sizes, default=[10_000, 100_000], metavar="N,…")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "archive")
    parser.add_argument("--coming", type=int, default=2048, help="articles that come then")
    parser.add_argument("--each", type=int, default=200, help="questions of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes that write texts")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    measured = [measure(count, args.folder, args) for count in args.articles]
    report = {"bench": "storage_scale", "python": platform.python_version(), "goals": judge(measured)}
    print(json.dumps({**report, "measured": measured}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
