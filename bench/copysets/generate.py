"""Write a labelled set for copy detection, in the format of ../shared/bench/copies: docs.jsonl.gz and truth.jsonl.gz.

usage: generate.py OUT_FOLDER [--set dev2|check] [--seed N] [--size N] [--no-pages]

dev2 is for looking at; check is held out: nobody looks at its errors. README.md beside this file says what is in them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plan import HALVES, Planner, describe

if TYPE_CHECKING:
    from collections.abc import Iterable


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT_FOLDER")
    parser.add_argument("--set", choices=sorted(HALVES), default="dev2", dest="half")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=1200, help="about so many documents (default 1200)")
    parser.add_argument("--no-pages", action="store_true", help="leave the real pages of the newsroom out")
    args = parser.parse_args(arguments)
    if args.size < 100:
        parser.error("--size: at least 100")
    made = Planner(args.half, args.seed, args.size, with_pages=not args.no_pages).build()
    args.out.mkdir(parents=True, exist_ok=True)
    write(args.out / "docs.jsonl.gz", made.docs)
    write(args.out / "truth.jsonl.gz", made.truth)
    for line in (*made.notes, *describe(made)):
        print(line, file=sys.stderr)
    return 0


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """JSON lines, zipped without a time stamp: the same seed gives the same bytes."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode("utf-8"), mtime=0))


if __name__ == "__main__":
    sys.exit(main())
