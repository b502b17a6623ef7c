"""New articles on top of an archive: what it costs to look up, to place and to store them."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from _copy_archive import END
from copies_scale import list_entries, to_item

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.story import place
from ingest.model import Reading

if TYPE_CHECKING:
    from archive.newspress import NewsPress

    from ingest.model import Article
    from storage.store import Store

WINDOW = timedelta(days=14)
SECOND = timedelta(seconds=1)


class Coming(NamedTuple):
    """An article that is to be stored, as a worker process hands it over."""

    article: Article
    reading: Reading


def prepare(press: NewsPress, first: int, count: int) -> list[Coming]:
    """The articles after an archive of *first*."""
    coming = []
    for number in range(first, first + count):
        written = press.write(number)
        article = press.article(number, written)
        reading = Reading(
            article=article,
            fingerprint=take_fingerprint(article.text, article.title),
            matches=(),
            index_lines=(written.title_line, written.text_line),
        )
        coming.append(Coming(article, reading))
    return coming


def measure(store: Store, coming: list[Coming]) -> dict[str, Any]:
    """Store them one by one; CPU by stage, and wall time. The first eighth is to warm up and is not counted."""
    entries = list_entries(store, [each.article for each in coming])
    cpu: defaultdict[str, list[float]] = defaultdict(list)
    walls, related, now = [], 0, END
    for each in coming:
        now += SECOND
        marks = [time.process_time()]
        start = time.perf_counter()
        found = store.candidates(each.reading.fingerprint, site=each.article.source, since=now - WINDOW)
        marks.append(time.process_time())
        placement = place(each.reading, found)
        marks.append(time.process_time())
        store.save(to_item(entries[each.article.url], each.reading, placement, found.seen, now))
        marks.append(time.process_time())
        walls.append(time.perf_counter() - start)
        for stage, before, after in zip(("candidates", "place", "save"), marks, marks[1:], strict=False):
            cpu[stage].append(after - before)
        related += bool(placement.relations)
    warm = len(coming) // 8
    means = {stage: 1e3 * statistics.mean(times[warm:]) for stage, times in cpu.items()}
    return {
        "docs_per_s": round(1e3 / sum(means.values())),
        "docs_per_s_wall": round(1 / statistics.mean(walls[warm:])),
        "ms_per_doc": {stage: round(mean, 3) for stage, mean in means.items()},
        "slowest_ms": round(1e3 * max(walls)),
        "related": round(related / len(coming), 3),
    }
