"""Our own verdicts: by `wirewatch try copies` as a child process, and the same in this process to take the time."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.memory import CopyIndex
from ingest.copies.wording import keep_texts
from ingest.model import Reading
from wirewatch.copytrial import KEPT_TEXTS, Arrivals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.model import Article

CHECKOUT = Path(__file__).resolve().parents[1]
#: the default of `try copies`
WINDOW = timedelta(days=14)


def ask_product(rows: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], float]:
    """The answers of `wirewatch try copies`, and the CPU seconds of that process with all that it does."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    before = _children_s()
    done = subprocess.run(
        [sys.executable, "-m", "wirewatch", "try", "copies"],
        input=lines.encode("utf-8"),
        stdout=subprocess.PIPE,
        check=True,
        cwd=CHECKOUT,
    )
    seconds = _children_s() - before
    answers = [json.loads(line) for line in done.stdout.decode("utf-8").split("\n") if line]
    faults = [answer for answer in answers if "error" in answer]
    if faults:
        raise SystemExit(f"try copies refused {len(faults)} documents, the first: {faults[0]}")
    return answers, seconds


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def take_time(rows: Sequence[dict[str, Any]], articles: Sequence[Article | None]) -> tuple[list[Any], dict[str, float]]:
    """The stories as they were told, and the CPU seconds of fingerprints and of verdicts."""
    index, arrivals = CopyIndex(window=WINDOW), Arrivals()
    keep_texts(KEPT_TEXTS)
    ids: list[Any] = []
    stories: list[Any] = []
    spent = {"fingerprint": 0.0, "verdict": 0.0}
    for row, article in zip(rows, articles, strict=True):
        if article is None:
            stories.append(row["id"])
            continue
        at = arrivals.time_of(datetime.fromisoformat(row["published"]))
        start = time.process_time()
        fingerprint = take_fingerprint(article.text, article.title)
        middle = time.process_time()
        placed = index.place(Reading(article=article, fingerprint=fingerprint, matches=()), at=at)
        spent["fingerprint"] += middle - start
        spent["verdict"] += time.process_time() - middle
        ids.append(row["id"])
        stories.append(ids[placed.story_id - 1])
    return stories, spent
