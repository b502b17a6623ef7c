"""The whole job on a newsroom of more than 1,000 articles, against the bare libraries on the same bytes.

    python bench/pipeline.py [--newsroom ../shared/newsroom] [--variants 12]

Numerator: CPU of all our processes (main, fork server, workers) for `once --all`, pools warm, imports and the
server not counted. Denominator: bare `feedparser.parse` on each feed and bare `trafilatura.extract(fast=True)`
on each page, in one process. *cores_busy* is the same CPU by the time of the clock, on a machine of two cores, and
*throughput_over_bare* how many articles we store in the time in which that one process extracts one. Prints one JSON
object, with the peak of the summed RSS of `once` on the plain
newsroom.

The pages are those of the newsroom in *variants*: in each, the letters of the text are exchanged by another
fixed permutation, so that pages keep their structure and length and are not copies of each other.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import json
import logging
import os
import random
import re
import shutil
import string
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from _processes import cpu_s, peak_rss, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL_RATIO = 1.5
GOAL_RSS_MB = 300
GOAL_BUSY = 1.7
GOAL_THROUGHPUT = 1.3


def make_variants(source: Path, target: Path, count: int) -> None:
    """Write *count* variants of each page of *source* to *target*, in the newsroom's layout."""
    truth = json.loads((source / "truth.json").read_text(encoding="utf-8"))
    (target / "html").mkdir(parents=True)
    bodies = {}
    for path in sorted((source / "html").glob("*.html.gz")):
        key = path.name.removesuffix(".html.gz")
        page = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        for variant in range(count):
            table = permutation(variant)
            name = hashlib.sha256(f"{key}/{variant}".encode()).hexdigest()
            (target / "html" / f"{name}.html.gz").write_bytes(gzip.compress(change_text(page, table).encode(), mtime=0))
            bodies[name] = {"articleBody": truth[key]["articleBody"].translate(table)}
    (target / "truth.json").write_text(json.dumps(bodies), encoding="utf-8")


def permutation(variant: int) -> dict[int, int]:
    """Exchange vowels with vowels and consonants with consonants; variant 0 leaves all as it is."""
    draw = random.Random(variant)
    table: dict[int, int] = {}
    for group in ("aeiou", "".join(sorted(set(string.ascii_lowercase) - set("aeiou")))):
        mixed = list(group)
        if variant:
            draw.shuffle(mixed)
        table |= str.maketrans(group + group.upper(), "".join(mixed) + "".join(mixed).upper())
    return table


def change_text(page: str, table: dict[int, int]) -> str:
    """Translate what stands between tags, outside of scripts and styles; entities stay."""
    kept = r"(<script\b.*?</script>|<style\b.*?</style>|<!--.*?-->|<[^>]*>|&#?\w+;)"
    parts = re.split(kept, page, flags=re.DOTALL | re.IGNORECASE)
    return "".join(part if index % 2 else part.translate(table) for index, part in enumerate(parts))


@contextmanager
def serve(newsroom: Path, *arguments: str) -> Iterator[tuple[str, int]]:
    """Run the newsroom's server as a process of its own; gives the address of its list of feeds, and its id."""
    command = [sys.executable, str(newsroom / "serve.py"), "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().rpartition(" ")[2].strip(), server.pid
        finally:
            server.terminate()


def get(url: str, data: bytes | None = None) -> bytes:
    with urlopen(url, data=data) as answer:
        body: bytes = answer.read()
        return gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body


def prepare(folder: Path, feeds: str) -> dict[str, str]:
    """Make a configuration with the newsroom's feeds; returns the environment to run it with."""
    environment = os.environ | {"WIREWATCH_FETCH__ALLOW": '["127.0.0.0/8"]', "WIREWATCH_FETCH__PAUSE_S": "0"}
    wirewatch = [sys.executable, "-m", "wirewatch"]
    subprocess.run([*wirewatch, "init", str(folder)], env=environment, check=True, capture_output=True)
    (folder / "feeds.toml").write_text("")
    (folder / "feeds.opml").write_bytes(get(feeds))
    add = ["--config", str(folder), "feeds", "import", str(folder / "feeds.opml")]
    subprocess.run([*wirewatch, *add], env=environment, check=True, capture_output=True)
    return environment


def publish_all(feeds: str) -> None:
    """Bring out every batch."""
    while json.loads(get(feeds.replace("feeds.opml", "_publish"), b""))["batches_left"]:
        pass


async def ingest(config: Path, server: int) -> dict[str, Any]:
    """Run the job in this process with warm pools; the CPU it took."""
    from wirewatch.app import App
    from wirewatch.places import find_config_dir
    from wirewatch.settings import load_settings

    place = find_config_dir(str(config), os.environ, Path.cwd())
    app = App(load_settings(place), place)
    async with app.session() as session:
        await session.warm()
        before, start = cpu_s(tree(os.getpid(), without=server)), time.perf_counter()
        main_before = cpu_s([os.getpid()])
        report = await session.do_all_due(all_feeds=True)
        wall = time.perf_counter() - start
        spent = cpu_s(tree(os.getpid(), without=server)) - before
        main = cpu_s([os.getpid()]) - main_before
    return {"cpu_s": spent, "main_cpu_s": main, "wall_s": wall, "articles": report.articles}


def bare_cpu_s(feeds: list[bytes], pages: list[bytes]) -> tuple[float, float, float]:
    """CPU of the bare libraries for feeds and for pages, and the time by the clock that the pages took."""
    import feedparser
    import trafilatura

    trafilatura.extract(pages[0], fast=True)
    start = time.process_time()
    for body in feeds:
        feedparser.parse(body)
    middle, began = time.process_time(), time.perf_counter()
    for body in pages:
        trafilatura.extract(body, fast=True)
    return middle - start, time.process_time() - middle, time.perf_counter() - began


def peak_rss_of_once(newsroom: Path) -> float:
    """The peak of the summed RSS over all processes of `wirewatch once --all` on the plain newsroom."""
    with tempfile.TemporaryDirectory() as folder, serve(newsroom) as (feeds, _):
        publish_all(feeds)
        environment = prepare(Path(folder) / "c", feeds)
        command = [sys.executable, "-m", "wirewatch", "--config", str(Path(folder) / "c"), "once", "--all"]
        with (
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as once,
            peak_rss(once.pid) as peak,
        ):
            once.wait()
        assert once.returncode == 0, once.returncode
    return peak.tree_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = Path(__file__).resolve().parents[1]
    parser.add_argument("--newsroom", type=Path, default=here.parent / "shared" / "newsroom")
    parser.add_argument("--variants", type=int, default=10)
    parser.add_argument("--outlets", type=int, default=40)
    arguments = parser.parse_args()
    if not arguments.newsroom.is_dir():
        print(json.dumps({"bench": "pipeline", "skipped": f"no newsroom at {arguments.newsroom}"}))
        return
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_variants(arguments.newsroom / "pages", folder / "pages", arguments.variants)
        extra = ("--pages", str(folder / "pages"), "--outlets", str(arguments.outlets))
        with serve(arguments.newsroom, *extra) as (feeds, server):
            publish_all(feeds)
            environment = prepare(folder / "c", feeds)
            os.environ.update({k: v for k, v in environment.items() if k.startswith("WIREWATCH_")})
            ours = asyncio.run(ingest(folder / "c", server))
            listed = json.loads(get(feeds.replace("feeds.opml", "feeds.json")))
            expected = json.loads(get(feeds.replace("feeds.opml", "_expect")))
            feed_bodies = [get(feed["url"]) for feed in listed]
            pages = [get(url) for url in article_urls(folder / "c")]
        bare_feeds, bare_pages, bare_wall = bare_cpu_s(feed_bodies, pages)
        shutil.rmtree(folder / "c")
    ratio = ours["cpu_s"] / (bare_feeds + bare_pages)
    busy = ours["cpu_s"] / ours["wall_s"]
    throughput = (ours["articles"] / ours["wall_s"]) / (len(pages) / bare_wall)
    rss = peak_rss_of_once(arguments.newsroom)
    print(
        json.dumps(
            {
                "bench": "pipeline",
                "articles": ours["articles"],
                "expected_articles": expected["counts"]["articles"],
                "ours_cpu_s": round(ours["cpu_s"], 2),
                "of_which_main_process_cpu_s": round(ours["main_cpu_s"], 2),
                "ours_wall_s": round(ours["wall_s"], 2),
                "bare_feedparser_cpu_s": round(bare_feeds, 2),
                "bare_trafilatura_fast_cpu_s": round(bare_pages, 2),
                "bare_trafilatura_fast_wall_s": round(bare_wall, 2),
                "cores_busy": round(busy, 2),
                "cores_goal": f">= {GOAL_BUSY}",
                "is_busy_met": busy >= GOAL_BUSY,
                "throughput_over_bare": round(throughput, 2),
                "throughput_goal": f">= {GOAL_THROUGHPUT}",
                "is_throughput_met": throughput >= GOAL_THROUGHPUT,
                "ours_over_bare": round(ratio, 2),
                "goal": f"<= {GOAL_RATIO}",
                "is_met": ratio <= GOAL_RATIO,
                "peak_rss_mb_of_once_on_the_newsroom": round(rss),
                "rss_goal_mb": f"<= {GOAL_RSS_MB}",
                "is_rss_met": rss <= GOAL_RSS_MB,
            }
        )
    )


def article_urls(config: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "wirewatch", "--config", str(config), "articles", "--limit", "1000000", "--json"],
        check=True,
        capture_output=True,
    )
    return [article["url"] for article in json.loads(done.stdout)]


if __name__ == "__main__":
    main()
