"""How much CPU our reading of a feed takes, against bare `feedparser.parse` on the same bytes.

Ours includes everything: decoding, feedparser, links, HTML to text, repair, cleaning. The feeds are made
here. The two readers run interleaved, so that a busy machine slows both. Prints one line of JSON.

    python bench/feeds.py [REPETITIONS]
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
from html import escape
from time import process_time
from typing import TYPE_CHECKING

import feedparser

from ingest.feed import parse_feed
from ingest.web import Page

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRIES = 30
BARS = {"full_text": 0.6, "headlines": 1.0, "headlines_with_summary": 1.0, "headlines_atom": 1.0}

_PARAGRAPHS = (
    "<p>The minister said on Tuesday that the plan would “go ahead” as agreed – and that "
    '<a href="/tag/plan?page=1" class="tag">the money</a> was there: €2.3 billion in all.</p>\n'
    "<p>Officials in three capitals, who asked not to be named, said that talks on the remaining "
    "<strong>questions</strong> had made some progress &amp; would be resumed next week.</p>\n"
    '<figure><img src="https://www.news.example/1.jpg" alt="Ministers"/><figcaption>Brussels</figcaption></figure>\n'
)


def rss(*, encoded: str = "", summary: str = "") -> bytes:
    """An RSS 2.0 feed of 30 entries."""
    items = "".join(
        f"<item><title>Ministers meet in Brussels to discuss item {number}</title>"
        f"<link>https://www.news.example/2026/01/{number}/ministers-meet?utm_source=rss</link>"
        f"<guid>https://www.news.example/?p={number}</guid>"
        f"<pubDate>Mon, 05 Jan 2026 10:{number:02}:00 GMT</pubDate>"
        + (f"<description>{summary} {number}</description>" if summary else "")
        + (f"<content:encoded>{escape(encoded)}</content:encoded>" if encoded else "")
        + "</item>\n"
        for number in range(ENTRIES)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        "<title>News</title><link>https://www.news.example/</link><description>All news</description>\n"
        f"{items}</channel></rss>\n"
    ).encode()


def atom() -> bytes:
    """An Atom feed of 30 entries with one line each."""
    entries = "".join(
        f"<entry><id>tag:news.example,2026:{number}</id><title>Ministers meet in Brussels to discuss {number}</title>"
        f'<link href="https://www.news.example/2026/01/{number}/ministers-meet"/>'
        f"<updated>2026-01-05T10:{number:02}:00Z</updated></entry>\n"
        for number in range(ENTRIES)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>tag:news.example,2026:feed</id><title>News</title>\n{entries}</feed>\n"
    ).encode()


def compare(body: bytes, repetitions: int) -> dict[str, float]:
    """Medians of the CPU time of both readers, and their ratio."""
    page = Page(
        requested_url="https://www.news.example/rss",
        url="https://www.news.example/rss",
        moved_to=None,
        status=200,
        headers={"content-type": "application/rss+xml"},
        body=body,
    )
    readers: tuple[Callable[[], object], ...] = (lambda: feedparser.parse(body), lambda: parse_feed(page))
    seconds: tuple[list[float], list[float]] = ([], [])
    for reader in readers:
        reader()
    for repetition in range(repetitions):
        for index in (0, 1) if repetition % 2 else (1, 0):
            start = process_time()
            readers[index]()
            seconds[index].append(process_time() - start)
    bare, ours = (statistics.median(times) for times in seconds)
    return {"bytes": len(body), "bare_ms": round(bare * 1e3, 3), "ours_ms": round(ours * 1e3, 3), "ratio": ours / bare}


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    feeds = {
        "full_text": rss(encoded=_PARAGRAPHS * 5, summary="They want to agree by spring."),
        "headlines": rss(),
        "headlines_with_summary": rss(summary="They want to agree by spring, says one who was there."),
        "headlines_atom": atom(),
    }
    results = {name: compare(body, repetitions) for name, body in feeds.items()}
    report = {
        "bench": "feeds",
        "python": platform.python_version(),
        "feedparser": feedparser.__version__,
        "repetitions": repetitions,
        "results": {
            name: {**result, "ratio": round(result["ratio"], 3), "bar": BARS[name], "ok": result["ratio"] <= BARS[name]}
            for name, result in results.items()
        },
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
