"""Copies: what an article costs as the archive grows, on generated text; and what its fingerprint takes.

    python bench/copies_scale.py [--memory 10000,100000] [--articles 10000,100000,1000000] [--documents 1024]

*memory*: so many articles are in `ingest.copies.memory.CopyIndex`, then *documents* more come, from text to verdict.
*store*: the same with a SQLite database and `storage.Store`: fingerprint, `Store.candidates`, `place`, `Store.save`. Of
the last, what it takes to save an article without fingerprint and relations is measured on others and taken off. Those
before them are written past the program, with fingerprints that are drawn; but what is reprinted later is there as
text. They came in within ten days, so that all are looked at, however many there are.

Times are CPU of this process, all threads, on one core at a time. Bytes are those of the pages of the tables with
their indexes (dbstat). `_copy_texts.py` says what the texts are like. Prints one JSON object.
A million articles take some ten minutes, 3 GB of memory and 7 GB of disk.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import hashlib
import json
import os
import platform
import pstats
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import _copy_archive as archive
from _copy_archive import END, SPAN, Stored
from _copy_texts import Press

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.memory import CopyIndex
from ingest.copies.model import Fingerprint, Placement
from ingest.copies.story import place
from ingest.model import EntryOutcome, EntryState, Item, Reading, TextFrom
from ingest.polling import FeedState, ListedEntry, NewEntry, Poll, PollPlan
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from ingest.model import Article

T = TypeVar("T")

WINDOW = timedelta(days=14)
GOAL_MEMORY = 500
GOAL_STORE = 300
GOAL_GROWTH = 2.0
GOAL_BYTES = 1500
#: Texts of the archive that nobody reprints later: so many different ones.
POOL = 400
SECOND = timedelta(seconds=1)
#: a look-up that saw everything
HIGHEST = 2**60


class Archive:
    """The articles before those that are measured, and these."""

    def __init__(self, press: Press, count: int, documents: int) -> None:
        self._press = press
        self._count = count
        self._pool = [press.text(number) for number in range(POOL)]
        #: those that are measured, and as many for what saving costs without fingerprints
        self.documents = [press.article(number) for number in range(count, count + documents)]
        self.others = [press.article(number) for number in range(count + documents, count + 2 * documents)]
        self._wanted = {press.original(number) for number in range(count, count + documents)}

    def __iter__(self) -> Iterator[Stored]:
        for number in range(self._count):
            if number in self._wanted:
                article = self._press.article(number)
                yield Stored(article, take_fingerprint(article.text, article.title))
            else:
                title, text = self._pool[number % POOL]
                article = self._press.bare_article(number, title, f"{text}\n{number}")
                yield Stored(article, self._press.sketch(number))


def measure_memory(press: Press, count: int, documents: int, top: int) -> dict[str, Any]:
    given = Archive(press, count, documents)
    gc.collect()
    before = read_rss()
    index = CopyIndex(window=WINDOW)
    for number, stored in enumerate(given):
        at = END - SPAN + SPAN * number / count
        index.add(Reading(article=stored.article, fingerprint=stored.fingerprint, matches=()), Placement(), at=at)
    gc.collect()
    rss = read_rss() - before
    # What only one article in thousands has to do.
    warm = press.article(count + 2 * documents)
    index.place(Reading(article=warm, fingerprint=take_fingerprint(warm.text), matches=()), at=END)
    spent, found = Spent(), 0
    for article in given.documents:
        fingerprint = spent.take("fingerprint", take_fingerprint, article.text, article.title)
        reading = Reading(article=article, fingerprint=fingerprint, matches=())
        placed = spent.take("verdict", index.place, reading, at=END)
        found += bool(placed.relations)
    if top:
        profile(index, given.others, top)
    each = spent.means()
    cost = {"docs_per_s": round(1e3 / sum(each.values()))}
    return {
        "articles": count,
        **cost,
        **at_least(cost, "docs_per_s", GOAL_MEMORY),
        "ms_per_doc": each,
        "related": round(found / documents, 3),
        "memory_bytes_per_article": round(rss / count),
        "of_which_text": round(statistics.mean(len(article.text) for article in given.documents)),
    }


def profile(index: CopyIndex, articles: Sequence[Article], top: int) -> None:
    """Tell where the time of more articles goes."""
    with cProfile.Profile() as taken:
        for article in articles:
            fingerprint = take_fingerprint(article.text, article.title)
            index.place(Reading(article=article, fingerprint=fingerprint, matches=()), at=END)
    pstats.Stats(taken, stream=sys.stderr).sort_stats("cumtime").print_stats(top)


def measure_store(press: Press, count: int, documents: int, folder: Path) -> dict[str, Any]:
    path = folder / f"{count}.db"
    given = Archive(press, count, documents)
    start = time.perf_counter()
    archive.build(path, given, count)
    built_s = time.perf_counter() - start
    before = archive.weigh(path)
    with Store(f"sqlite:///{path}") as store:
        measured = run_store(store, given)
    after = archive.weigh(path)
    index = {name: round(before[name] / count) for name in ("fingerprint", "posting")}
    index["all"] = sum(index.values())
    grown = {name: after[name] - before.get(name, 0) for name in after}
    sites = len({article.source for article in given.documents})
    return {
        "articles": count,
        **measured,
        "index_bytes_per_doc": {**index, **at_most(index, "all", GOAL_BYTES)},
        "are_pages_as_live": count <= archive.MOST_AS_LIVE,
        "hashes_per_doc": round(press.mean_hashes, 1),
        "kept_beside_the_index": {
            "bytes_per_site": round((grown["site_memory"] + grown["site_line"]) / sites),
            "relation_bytes_per_doc": round(grown["relation"] / documents),
        },
        "database_mb": round(sum(after.values()) / 1e6),
        "building_s": round(built_s),
    }


def run_store(store: Store, given: Archive) -> dict[str, Any]:
    """Let the documents come in; what each stage costs."""
    spent, walls, related, seen = Spent(), [], 0, 0
    entries = list_entries(store, [*given.documents, *given.others])
    now = END
    for article in given.documents:
        now += SECOND
        fingerprint = spent.take("fingerprint", take_fingerprint, article.text, article.title)
        start = time.perf_counter()
        candidates = spent.take("candidates", store.candidates, fingerprint, site=article.source, since=now - WINDOW)
        walls.append(1e3 * (time.perf_counter() - start))
        reading = Reading(article=article, fingerprint=fingerprint, matches=())
        placement = spent.take("place", place, reading, candidates)
        item = to_item(entries[article.url], reading, placement, candidates.seen, now)
        spent.take("save", store.save, item)
        related += bool(placement.relations)
        seen += len(candidates.rows)
    for article in given.others:
        now += SECOND
        # Without hashes a fingerprint is neither posted nor remembered for its site.
        reading = Reading(article=article, fingerprint=Fingerprint(alg=fingerprint.alg, hashes=()), matches=())
        item = to_item(entries[article.url], reading, Placement(), HIGHEST, now)
        spent.take("save_without_copies", store.save, item)
    each = spent.means()
    each["save_of_copies"] = round(each["save"] - each["save_without_copies"], 3)
    stages = ("fingerprint", "candidates", "place", "save_of_copies")
    cost = {"docs_per_s": round(1e3 / sum(each[stage] for stage in stages))}
    cuts = statistics.quantiles(walls, n=100)
    return {
        **cost,
        **at_least(cost, "docs_per_s", GOAL_STORE),
        "ms_per_doc": each,
        "look_up_wall_ms": {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)},
        "candidates_per_doc": round(seen / len(given.documents), 1),
        "related": round(related / len(given.documents), 3),
    }


class Spent:
    """CPU by stage."""

    def __init__(self) -> None:
        self._times: defaultdict[str, list[float]] = defaultdict(list)

    def take(self, stage: str, work: Callable[..., T], *args: Any, **named: Any) -> T:
        start = time.process_time()
        result = work(*args, **named)
        self._times[stage].append(time.process_time() - start)
        return result

    def means(self) -> dict[str, float]:
        """Milliseconds."""
        return {stage: round(1e3 * statistics.mean(times), 3) for stage, times in self._times.items()}


def list_entries(store: Store, articles: Sequence[Article]) -> dict[str, int]:
    """An entry for each article, by its address."""
    new = []
    for article in articles:
        listed = ListedEntry(
            guid=article.url,
            link=article.url,
            page_address=article.url,
            title=article.title,
            author=None,
            published=None,
            updated=None,
            text="",
            lang=None,
        )
        digest = hashlib.sha256(article.url.encode()).hexdigest()
        new.append(NewEntry(identity=f"guid:{article.url}", content_hash=digest, listed=listed))
    plan = PollPlan(state=FeedState.ACTIVE, interval_s=1800, failures=0, next_poll_at=END + 60 * SECOND)
    poll = Poll(
        feed_id=1, polled_at=END, plan=plan, status=200, is_document=True, listed_count=len(new), new=tuple(new)
    )
    ids = store.record_poll(poll)
    return {article.url: entry_id for article, entry_id in zip(articles, ids, strict=True)}


def to_item(entry_id: int, reading: Reading, placement: Placement, seen: int, now: datetime) -> Item:
    return Item(
        entry_id=entry_id,
        now=now,
        outcome=EntryOutcome(state=EntryState.DONE, text_from=TextFrom.PAGE),
        reading=reading,
        placement=placement,
        seen=seen,
        addresses=(reading.article.url,),
    )


def at_least(values: dict[str, Any], name: str, goal: float) -> dict[str, Any]:
    """A goal, and whether it is met."""
    return {"goal": f"{name} >= {goal:g}", "is_met": values[name] >= goal}


def at_most(values: dict[str, Any], name: str, goal: float) -> dict[str, Any]:
    return {"goal": f"{name} <= {goal:g}", "is_met": values[name] <= goal}


def find_growth(measured: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of the largest archive over the smallest."""
    first, last = measured[0], measured[-1]
    growth = {
        "from": first["articles"],
        "to": last["articles"],
        "look_up": round(last["ms_per_doc"]["candidates"] / first["ms_per_doc"]["candidates"], 2),
        "all": round(first["docs_per_s"] / last["docs_per_s"], 2),
    }
    return {**growth, **at_most(growth, "all", GOAL_GROWTH)}


def read_rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def read_sizes(given: str) -> list[int]:
    return sorted(int(part) for part in given.split(",") if part)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", type=read_sizes, default=[10_000], metavar="N,…", help="'' for none")
    parser.add_argument("--articles", type=read_sizes, default=[10_000, 100_000], metavar="N,…", help="'' for none")
    parser.add_argument("--documents", type=int, default=1024, help="that come then, and are measured")
    parser.add_argument("--profile", type=int, default=0, metavar="N", help="tell the N dearest functions in memory")
    parser.add_argument("--folder", help="for the databases, which go when they are measured")
    args = parser.parse_args()
    press = Press()
    report: dict[str, Any] = {"bench": "copies_scale", "python": platform.python_version(), "documents": args.documents}
    report["memory"] = []
    for count in args.memory:
        say(f"memory: {count:,} articles")
        report["memory"].append(measure_memory(press, count, args.documents, args.profile))
        say(json.dumps(report["memory"][-1]))
    report["store"] = []
    for count in args.articles:
        say(f"store: {count:,} articles")
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            report["store"].append(measure_store(press, count, args.documents, Path(folder)))
        say(json.dumps(report["store"][-1]))
    if len(report["store"]) > 1:
        report["growth"] = find_growth(report["store"])
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
