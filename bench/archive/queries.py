"""What people ask of an archive, how long that takes, and which indexes it walks through.

In one process, each kind of question for many topics, phrases and moments, no two alike where there are enough; what
the operating system holds of the file in memory is not thrown away, what SQLite holds (2 MB a connection) is little.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from _copy_archive import END
from archive.newspress import TOPICS

from storage.listings import Listings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.newspress import NewsPress

#: rows of a page on a terminal
PAGE = 50
#: What has fewer hits is rare.
RARE = 20
DAY = timedelta(days=1)
WEEK = 7 * DAY
Question = tuple[str, "Callable[[Listings], Any]"]


def questions(press: NewsPress, count: int, each: int) -> Iterator[Question]:
    """*each* questions of every kind for an archive of *count* articles."""
    draw = random.Random(3)
    for n in range(each):
        topic = TOPICS[n % len(TOPICS)].name
        until = END - n // len(TOPICS) * DAY
        yield "matches TOPIC --since 7d", lambda listings, t=topic, u=until: _matches(listings, t, u, PAGE)
        yield "matches TOPIC --since 7d --limit 0", lambda listings, t=topic, u=until: _matches(listings, t, u, None)
        yield "matches", lambda listings, u=until: listings.matches(until=u, limit=PAGE)
        yield "stories", lambda listings, u=until: listings.stories(until=u, limit=PAGE)
        yield "stories TOPIC", lambda listings, t=topic: listings.stories(t, limit=PAGE)
        yield "articles", lambda listings, u=until: listings.articles(until=u, limit=PAGE)
        phrase = rare_phrase(press, draw.randrange(count), draw)
        yield "search PHRASE", lambda listings, p=phrase: _search(listings, p)
        word = _word(press, draw.randrange(count), draw)
        yield "search WORD", lambda listings, w=word: _search(listings, w)
        number = draw.randrange(count) + 1
        yield "articles show", lambda listings, i=number: listings.article(i)
    yield "stories --outlets 5 --since 7d", lambda listings: listings.stories(outlets=5, since=END - WEEK, limit=PAGE)
    yield "stats", lambda listings: listings.stats(since=END - DAY)


def _matches(listings: Listings, topic: str, until: Any, limit: int | None) -> Any:
    return listings.matches(topic, since=until - WEEK, until=until, limit=limit)


def _search(listings: Listings, text: str) -> Any:
    return list(listings.search(text, limit=PAGE).rows)


def rare_phrase(press: NewsPress, number: int, draw: random.Random) -> str:
    """Three words in a row of an article, as they stand in its text: some rare, some that stand everywhere."""
    tokens = _plain(press, number)
    start = draw.randrange(max(1, len(tokens) - 3))
    return '"' + " ".join(tokens[start : start + 3]) + '"'


def _word(press: NewsPress, number: int, draw: random.Random) -> str:
    return f'"{draw.choice(_plain(press, number))}"'


def _plain(press: NewsPress, number: int) -> list[str]:
    while press.lang(number) != "en":
        number += 1
    return [token for token in press.write(number).text_line.split() if token.isalnum()]


def measure(database: Path, asked: list[Question]) -> dict[str, Any]:
    """Milliseconds for each kind of question, and how many rows it gave at most."""
    times: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    rows: dict[str, int] = {}
    with Listings(f"sqlite:///{database}") as listings:
        # Connection, first compilation of statements.
        for _, ask in asked[:9]:
            ask(listings)
        for kind, ask in asked:
            start, used = time.perf_counter(), time.process_time()
            found = ask(listings)
            wall, worked = time.perf_counter() - start, time.process_time() - used
            if kind.startswith("search"):
                kind = f"{kind}, {'rare' if len(found) < RARE else 'frequent'}"  # noqa: PLW2901  # now it is known
            cpu.setdefault(kind, []).append(1e3 * worked)
            times.setdefault(kind, []).append(1e3 * wall)
            if isinstance(found, (list, tuple)):
                rows[kind] = max(rows.get(kind, 0), len(found))
    return {kind: _summary(taken, cpu[kind], rows.get(kind)) for kind, taken in times.items()}


def _summary(taken: list[float], cpu: list[float], rows: int | None) -> dict[str, Any]:
    return {
        "asked": len(taken),
        "p50_ms": round(statistics.median(taken), 1),
        "p95_ms": _p95(taken),
        "most_ms": round(max(taken), 1),
        "p95_cpu_ms": _p95(cpu),
        "most_rows": rows,
    }


def _p95(taken: list[float]) -> float:
    return round(sorted(taken)[min(len(taken) - 1, int(len(taken) * 0.95))], 1)


def weigh(database: Path) -> dict[str, Any]:
    """Bytes for each article, of tables and indexes, without raw pages; and as a multiple of the texts."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (articles,) = connection.execute("SELECT count(*) FROM article").fetchone()
        (text,) = connection.execute(
            "SELECT sum(length(CAST(title AS BLOB)) + length(CAST(text AS BLOB))) FROM article_version"
        ).fetchone()
        sizes = dict(
            connection.execute("SELECT name, sum(pgsize) FROM dbstat WHERE name NOT LIKE '%raw_page%' GROUP BY name")
        )
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:16]
    return {
        "text_bytes_per_article": round(text / articles),
        "bytes_per_article": round(sum(sizes.values()) / articles),
        "times_text": round(sum(sizes.values()) / text, 3),
        "largest": {name: round(sizes[name] / text, 3) for name in largest},
    }
