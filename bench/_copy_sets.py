"""Labelled sets for `copies.py`: where they come from, their documents as extraction hands them over, the scorer."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.address import host_of
from ingest.errors import Permanent
from ingest.reading import read_given_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.model import Article

BENCH = Path(__file__).resolve().parent
SHARED = BENCH.parents[1] / "shared" / "bench" / "copies"
GENERATOR = BENCH / "copysets" / "generate.py"

#: of issue 4; the look-alike rate is a share, so 0.05 %
GOALS = {"f1": 0.97, "precision": 0.985, "ari": 0.92, "kind_accuracy": 0.9, "lookalike_rate": 0.0005}
GOALS_OF_CHECK = {"f1": 0.95, "precision": 0.97}
AT_MOST = frozenset(("lookalike_rate",))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSet:
    """Documents in the order of their arrival, and what is true about them."""

    name: str
    docs: Path
    truth: Path
    goals: dict[str, float]
    #: nobody looks at its errors: only totals may be printed
    is_held_out: bool = False


class MissingError(Exception):
    """A set or the scorer cannot be had here; the message says what and why."""


def find_set(name: str, folder: Path, seed: int) -> LabelledSet:
    """The set `dev`, or one that is generated into *folder* now. Raises MissingError."""
    if name == "dev":
        docs, truth = SHARED / "dev.jsonl.gz", SHARED / "dev.truth.jsonl.gz"
        if not docs.is_file() or not truth.is_file():
            raise MissingError(f"no development set in {SHARED}")
        return LabelledSet(name=name, docs=docs, truth=truth, goals=GOALS)
    out = folder / name
    command = [sys.executable, str(GENERATOR), str(out), "--set", name, "--seed", str(seed)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise MissingError(f"{GENERATOR.name} --set {name} failed: {done.stderr.strip()[-300:]}")
    is_held_out = name == "check"
    return LabelledSet(
        name=name,
        docs=out / "docs.jsonl.gz",
        truth=out / "truth.jsonl.gz",
        goals=GOALS_OF_CHECK if is_held_out else GOALS,
        is_held_out=is_held_out,
    )


def read_rows(labelled: LabelledSet) -> list[dict[str, Any]]:
    with gzip.open(labelled.docs, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_articles(rows: Iterable[dict[str, Any]]) -> Iterator[Article | None]:
    """What `try copies` makes of each document before it is compared: repaired, entities and left tags undone.

    None where no text is left.
    """
    for row in rows:
        url, site = row["url"], row["site"]
        source = host_of(url) if site is None else site.strip().lower()
        try:
            yield read_given_text(url=url, source=source, title=row["title"] or "", text=row["text"] or "").article
        except Permanent:
            yield None


def score(labelled: LabelledSet, answers: Iterable[dict[str, Any]], out: Path, errors: Path | None) -> dict[str, Any]:
    """What score.py says of *answers*, which are kept in *out*. Raises MissingError without a scorer."""
    scorer = SHARED / "score.py"
    if not scorer.is_file():
        raise MissingError(f"no score.py in {SHARED}")
    out.write_text("".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8")
    command = [sys.executable, str(scorer), str(labelled.truth), str(out)]
    if errors is not None and not labelled.is_held_out:
        command += ["--errors", str(errors)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def total(told: dict[str, Any]) -> dict[str, Any]:
    """Of what the scorer says, the totals."""
    lookalikes = told["false_by_lookalike"].values()
    pairs, linked = sum(each["pairs"] for each in lookalikes), sum(each["false"] for each in lookalikes)
    names = ("precision", "precision_outside_lookalikes", "recall", "f1", "ari", "kind_accuracy")
    return {
        **{name: told[name] for name in names},
        "lookalike_pairs": pairs,
        "lookalikes_linked": linked,
        "lookalike_rate": round(linked / pairs, 6) if pairs else 0.0,
    }


def judge(totals: dict[str, Any], goals: dict[str, float]) -> dict[str, Any]:
    """Each goal, and whether it is met."""
    return {
        name: {
            "goal": f"{'<=' if name in AT_MOST else '>='} {goal:g}",
            "is_met": (totals[name] or 0.0) <= goal if name in AT_MOST else (totals[name] or 0.0) >= goal,
        }
        for name, goal in goals.items()
    }
