"""How much CPU the extract stage takes beside bare trafilatura, and how good its texts are. Prints JSON.

    python bench/extract.py [--pages DIR] [--rounds N]

*stage* is decode + extract + repair + clean + language of a page whose feed has told title, author, date and
sections; *metadata* is what it costs on top to look for these in the page. *bare* is `trafilatura.extract` with its
defaults, *fast* the same with `fast=True, include_comments=False`. All of them read the same bytes in turn,
page by page, so that noise hits them alike. CPU seconds of this process, imports and first calls not counted.

*f1* compares the texts with those a person has marked in the pages (word 4-grams; means over the pages of precision
and recall), for our stage and for `trafilatura.extract(include_comments=False)`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import trafilatura  # noqa: E402  # the checkout comes first

from ingest.decode import decode_page  # noqa: E402  # after the path is set
from ingest.errors import Permanent  # noqa: E402  # after the path is set
from ingest.extract import parse_html  # noqa: E402  # after the path is set
from ingest.metadata import PageFacts  # noqa: E402  # after the path is set
from ingest.model import Entry, EntryState  # noqa: E402  # after the path is set
from ingest.reading import article_from_page  # noqa: E402  # after the path is set
from ingest.web import Page  # noqa: E402  # after the path is set

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://news.example/a"
GOAL = 0.80
#: A feed that has told everything.
ENTRY = Entry(
    id=1,
    feed_id=1,
    link=URL,
    page_address=URL,
    title="A title",
    author="An Author",
    published=datetime(2026, 1, 12, tzinfo=UTC),
    text="",
    lang=None,
    sections=("World",),
    state=EntryState.NEW,
    attempts=0,
    checks=0,
    next_try_at=None,
    first_seen_at=datetime(2026, 1, 12, tzinfo=UTC),
    article_id=None,
    is_changed=False,
)


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU and quality of the extract stage beside bare trafilatura.")
    parser.add_argument("--pages", type=Path, default=ROOT.parent / "shared" / "newsroom" / "pages")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not (options.pages / "truth.json").is_file():
        sys.exit(f"no pages with truth.json in {options.pages}; name a folder with --pages")
    pages = {
        path.name.removesuffix(".html.gz"): load(path) for path in sorted((options.pages / "html").glob("*.html.gz"))
    }
    truth = json.loads((options.pages / "truth.json").read_text(encoding="utf-8"))
    report = {"pages": len(pages), "rounds": options.rounds} | measure_cpu(list(pages.values()), options.rounds)
    report["f1"] = measure_quality(pages, truth)
    print(json.dumps(report, indent=1))


def load(path: Path) -> Page:
    return Page(
        requested_url=URL,
        url=URL,
        moved_to=None,
        status=200,
        headers={"content-type": "text/html; charset=utf-8"},
        body=gzip.decompress(path.read_bytes()),
    )


def measure_cpu(pages: list[Page], rounds: int) -> dict[str, object]:
    work: dict[str, Callable[[Page], object]] = {
        "bare": lambda page: trafilatura.extract(page.body),
        "fast": lambda page: trafilatura.extract(page.body, fast=True, include_comments=False),
        "stage": read_text,
        "metadata": read_facts,
        "parse": lambda page: parse_html(page.body.decode("utf-8", "replace"), URL),
    }
    for task in work.values():
        task(pages[0])
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        spent = dict.fromkeys(work, 0.0)
        for page in pages:
            for name, task in work.items():
                start = time.process_time()
                task(page)
                spent[name] += time.process_time() - start
        for name, total in spent.items():
            seconds[name].append(total)
    ratios = [stage / bare for stage, bare in zip(seconds["stage"], seconds["bare"], strict=True)]
    facts = [
        (with_parse - parse) / bare
        for with_parse, parse, bare in zip(seconds["metadata"], seconds["parse"], seconds["bare"], strict=True)
    ]
    return {
        "ms_per_page": {name: round(median(totals) * 1000 / len(pages), 2) for name, totals in seconds.items()},
        "stage_to_bare": round(median(ratios), 3),
        "stage_to_bare_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "goal": GOAL,
        "metadata_to_bare": round(median(facts), 3),
    }


def read_text(page: Page) -> str:
    try:
        return article_from_page(page, page.url, ENTRY, ENTRY.title).text
    except Permanent:
        return ""


def read_facts(page: Page) -> object:
    """Parse, and look for all facts; the cost of parsing is measured apart and subtracted."""
    facts = PageFacts(parse_html(decode_page(page).text, URL), URL)
    return facts.title(), facts.author(), facts.published(), facts.sections()


def measure_quality(pages: dict[str, Page], truth: dict[str, dict[str, str]]) -> dict[str, float]:
    ours = [(read_text(page), truth[key]["articleBody"]) for key, page in pages.items()]
    bare = [
        (trafilatura.extract(page.body, include_comments=False) or "", truth[key]["articleBody"])
        for key, page in pages.items()
    ]
    return {"ours": round(f1(ours), 4), "bare": round(f1(bare), 4), "empty": sum(not text for text, _ in ours)}


def f1(pairs: list[tuple[str, str]]) -> float:
    precision = recall = 0.0
    for found, true in pairs:
        found_runs, true_runs = runs(found), runs(true)
        common = (found_runs & true_runs).total()
        precision += common / max(1, found_runs.total()) / len(pairs)
        recall += common / max(1, true_runs.total()) / len(pairs)
    return 2 * precision * recall / (precision + recall)


def runs(text: str, length: int = 4) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return Counter(tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1)))


if __name__ == "__main__":
    main()
