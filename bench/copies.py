"""Copies: how well and how fast they are found, ours beside other methods, on labelled sets.

    python bench/copies.py [--sets dev dev2 check] [--peers exact simhash datasketch rensa] [--errors FOLDER]

*dev* is ../shared/bench/copies; *dev2* and *check* are made by bench/copysets into a temporary folder. All are scored
by ../shared/bench/copies/score.py; without that folder nothing is done. Of *check*, which is held out, totals are
printed and nothing else. A table goes to standard error, one JSON object to standard output.

Ours are the answers of `wirewatch try copies`, a process of its own. The peers get the texts that it compares too:
repaired, entities and left tags undone; raw, and on what a simple filter takes for prose. `docs/s` is CPU of one core
from such a text to the verdict: reading JSON, repair and scoring are not counted, for ours and peers alike. A peer
that is not installed is left out: pip install datasketch rensa. `--peers` without a name: ours alone.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _copy_ours as ours
from _copy_peers import METHODS, Unavailable, peers_of, run
from _copy_sets import AT_MOST, MissingError, find_set, judge, read_articles, read_rows, score, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _copy_sets import LabelledSet

    from ingest.model import Article

SETS = ("dev", "dev2", "check")
#: heading and key of each column
COLUMNS = {
    "P": "precision",
    "P out": "precision_outside_lookalikes",
    "R": "recall",
    "F1": "f1",
    "ARI": "ari",
    "kinds": "kind_accuracy",
    "linked": "lookalikes_linked",
    "rate %": "lookalike_rate",
    "docs/s": "docs_per_s",
}
NAME_WIDTH = 24


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--peers", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seed", type=int, default=1, help="of the generated sets")
    parser.add_argument("--errors", type=Path, metavar="FOLDER", help="write our errors there, but those on check")
    args = parser.parse_args()
    if args.errors is not None:
        args.errors.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"bench": "copies", "python": platform.python_version(), "seed": args.seed, "sets": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name in args.sets:
            try:
                labelled = find_set(name, Path(folder), args.seed)
                errors = None if args.errors is None else args.errors / f"{name}.jsonl"
                report["sets"][name] = measure(labelled, args.peers, Path(folder) / "answers.jsonl", errors)
            except MissingError as reason:
                say(f"{name}: skipped, {reason}")
                report["sets"][name] = {"skipped": str(reason)}
    print(json.dumps(report, ensure_ascii=False, indent=1))
    return 0


def measure(labelled: LabelledSet, methods: Sequence[str], out: Path, errors: Path | None) -> dict[str, Any]:
    rows = read_rows(labelled)
    articles = list(read_articles(rows))
    say(f"\n{labelled.name}: {len(rows)} documents; docs/s of CPU, from repaired text to verdict")
    say(f"{'':{NAME_WIDTH}}" + "".join(f"{heading:>9}" for heading in COLUMNS))
    measured, details = measure_ours(labelled, rows, articles, out, errors)
    goals = judge(measured, labelled.goals)
    say(
        to_line(
            "goal",
            {
                name: f"{'<=' if name in AT_MOST else '>='} " + _to_cell(goal, name)
                for name, goal in labelled.goals.items()
            },
        )
    )
    say(to_line("wirewatch", measured))
    say(to_line("goal met", {name: "yes" if goal["is_met"] else "NO" for name, goal in goals.items()}))
    peers: dict[str, Any] = {}
    for method in methods:
        for peer in peers_of(method):
            try:
                answers, seconds = run(peer, [row["id"] for row in rows], articles)
            except Unavailable as reason:
                say(f"{peer.name:{NAME_WIDTH}} skipped: {reason}")
                peers[peer.name] = {"skipped": str(reason)}
                continue
            totals = total(score(labelled, answers, out, None))
            peers[peer.name] = {**totals, "docs_per_s": round(len(rows) / max(1e-6, seconds))}
            say(to_line(peer.name, peers[peer.name]))
    return {"documents": len(rows), "wirewatch": measured, "goals": goals, "peers": peers, **details}


def measure_ours(
    labelled: LabelledSet,
    rows: Sequence[dict[str, Any]],
    articles: Sequence[Article | None],
    out: Path,
    errors: Path | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Totals with the cost, and what else may be told of this set."""
    answers, child_s = ours.ask_product(rows)
    told = score(labelled, answers, out, errors)
    stories, spent = ours.take_time(rows, articles)
    count = len(rows)
    measured = {
        **total(told),
        "docs_per_s": round(count / max(1e-6, sum(spent.values()))),
        "ms_per_doc": {stage: round(1e3 * seconds / count, 3) for stage, seconds in spent.items()},
        # Start of the program, JSON, repair and language included.
        "try_copies_docs_per_s": round(count / max(1e-6, child_s)),
        "is_timed_run_the_same": stories == [answer["story"] for answer in answers],
    }
    return measured, {} if labelled.is_held_out else {"scored": told}


def to_line(name: str, values: dict[str, Any]) -> str:
    return f"{name:{NAME_WIDTH}}" + "".join(f"{_to_cell(values.get(key), key):>9}" for key in COLUMNS.values())


def _to_cell(value: object, key: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return f"{100 * value:.3f}" if key == "lookalike_rate" else f"{value:.3f}"
    return f"{value:,}"


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
