"""Copies on the development set of ../shared/bench/copies: quality by its own scorer, and CPU for each document.

    python bench/copies.py [--set FOLDER] [--errors FILE] [--truth FILE --docs FILE]

Documents come in arrival order through an index in memory, as they would through the store: fingerprint, look-up,
`place`. Prints one JSON object: the scorer's, with a block "cost" of CPU times. Reading, repair and scoring are not
counted; repair and the undoing of entities stand for what extraction does in the product.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.story import place
from ingest.model import Article, Candidate, Reading, TextFrom
from ingest.repair import repair
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.model import Fingerprint, Placement

SHARED = Path(__file__).parents[2] / "shared" / "bench" / "copies"
MAX_CANDIDATES = 25


class Index:
    """The store's part in memory: who shares hashes, and which story each article belongs to."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.stories: list[int] = []
        self.alias: dict[int, int] = {}
        self.postings: dict[int, list[int]] = defaultdict(list)

    def story(self, article: int) -> int:
        story = self.stories[article]
        while story in self.alias:
            story = self.alias[story]
        return story

    def candidates(self, fingerprint: Fingerprint) -> tuple[Candidate, ...]:
        shared = Counter(n for number in fingerprint.hashes for n in self.postings.get(number, ()))
        best = sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:MAX_CANDIDATES]
        return tuple(
            Candidate(
                article_id=n,
                story_id=self.story(n),
                is_lead=self.story(n) == n,
                title=self.texts[n][0],
                text=self.texts[n][1],
                shared=count,
            )
            for n, count in best
        )

    def add(self, article: Article, fingerprint: Fingerprint, placement: Placement) -> int:
        """The story of an article bears the number of its lead."""
        number = len(self.texts)
        self.texts.append((article.title, article.text))
        self.stories.append(number if placement.story_id is None else placement.story_id)
        self.alias.update((story, self.story(number)) for story in placement.merges)
        for value in fingerprint.hashes:
            self.postings[value].append(number)
        return number


def clean(text: str) -> str:
    """What extraction does before: no wrong code pages, no entities, no tags."""
    return re.sub(r"<(?:br|p|/p) ?/?>", "\n", html.unescape(repair(text).text)) or "-"


def read_articles(path: Path) -> Iterator[tuple[str, Article]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield (
                row["id"],
                Article(
                    url=row["url"],
                    source=row["site"],
                    title=row["title"],
                    text=clean(row["text"]),
                    author=None,
                    published=None,
                    lang=None,
                    sections=(),
                    text_from=TextFrom.PAGE,
                    repaired=None,
                    raw_hash=None,
                ),
            )


def run(articles: Iterable[tuple[str, Article]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Answers in the scorer's form, and the cost."""
    index, names, placements = Index(), [], []
    spent: dict[str, float] = defaultdict(float)
    hashes = looked_at = 0

    def clock(stage: str, since: float) -> float:
        now = time.process_time()
        spent[stage] += now - since
        return now

    for name, article in articles:
        since = time.process_time()
        tokens = tokenize(article.text)
        since = clock("tokenize", since)
        fingerprint = take_fingerprint(tokens, article.text)
        since = clock("fingerprint", since)
        candidates = index.candidates(fingerprint)
        since = clock("candidates", since)
        placement = place(Reading(article=article, fingerprint=fingerprint, matches=()), candidates)
        since = clock("place", since)
        index.add(article, fingerprint, placement)
        clock("candidates", since)
        names.append(name)
        placements.append(placement)
        hashes += len(fingerprint.hashes)
        looked_at += len(candidates)

    answers = [
        {
            "id": name,
            "story": index.story(number),
            "relations": [
                {"to": names[relation.to], "kind": relation.kind.value, "score": relation.score}
                for relation in placement.relations
            ],
        }
        for number, (name, placement) in enumerate(zip(names, placements, strict=True))
    ]
    count = max(1, len(names))
    return answers, {
        "docs_per_s": round(count / max(1e-9, sum(spent.values()))),
        "ms_per_doc": {stage: round(1e3 * seconds / count, 3) for stage, seconds in spent.items()},
        "hashes_per_doc": round(hashes / count, 1),
        "candidates_per_doc": round(looked_at / count, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, default=SHARED, help="folder with score.py and the documents")
    parser.add_argument("--docs", default="dev.jsonl.gz", help="documents within the folder")
    parser.add_argument("--truth", default="dev.truth.jsonl.gz", help="truth within the folder")
    parser.add_argument("--errors", help="write missed and false pairs to this file")
    args = parser.parse_args()
    if not (args.set / "score.py").is_file():
        print(f"no score.py in {args.set}; name the folder with --set", file=sys.stderr)
        return 2
    answers, cost = run(list(read_articles(args.set / args.docs)))
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as out:
        out.writelines(json.dumps(answer) + "\n" for answer in answers)
        out.flush()
        command = [sys.executable, args.set / "score.py", args.set / args.truth, out.name]
        if args.errors:
            command += ["--errors", args.errors]
        scored = subprocess.run(command, check=False, capture_output=True, text=True)
    if scored.returncode:
        print(scored.stderr, file=sys.stderr, end="")
        return scored.returncode
    print(json.dumps({**json.loads(scored.stdout), "cost": cost}, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
