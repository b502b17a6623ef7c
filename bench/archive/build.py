"""A database of half a year, with all tables filled as a daemon fills them; written past the program.

Articles are written in the order in which they came, so that indexes lie as they do live; only the postings are written
at the end, in their order. Texts and tokens are made by processes of their own. Fingerprints are drawn, but for those
texts that articles which come later reprint: of these they are taken, see `_copy_texts.Press.sketch`.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import time
from array import array
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from _copy_archive import END, EPOCH, MICROSECOND, Postings, Rows, Sites, Stored
from archive.newspress import TOPICS, NewsPress

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.model import RelationKind
from ingest.model import TextFrom
from rules.text import TOKENIZER_VERSION
from storage import tables
from storage.migrate import upgrade
from storage.postings import POSTED_AT_ONCE, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SPAN = timedelta(days=180)
#: for which logs are there
LOGS = timedelta(days=30)
#: Older articles are compared with no new one, and have no postings, see `storage.postings`.
COMPARED = timedelta(days=16)
#: Articles that a worker makes in one go, and that are written in one transaction.
ROWS_AT_ONCE = 1000
#: A feed for so many articles, but not fewer than LEAST_FEEDS.
PER_FEED = 2000
LEAST_FEEDS = 20
POLLS_A_DAY = 48
#: Of the feeds that have the whole text.
FULL_TEXT_FEEDS = 0.1
#: Of the summaries that are no part of the page's text.
OWN_SUMMARIES = 0.4
SUMMARY_CHARS = 260
#: Of the articles those that a second feed lists too, that have a second text, that came from elsewhere than their
#: entry said, and of the entries those that failed.
LISTED_TWICE = 0.1
CORRECTED = 0.03
MOVED = 0.15
FAILED = 0.03
#: Pages are asked for again to find corrections.
FETCHES = 4
#: Of the entries those that a row of `event` tells of.
EVENTS = 0.002

DAY = timedelta(days=1)
_HOUR = 3_600_000_000


class Made(NamedTuple):
    """What a worker makes of an article."""

    stored: Stored
    index_title: str
    index_text: str


_presses: list[NewsPress] = []


def press_for(count: int) -> NewsPress:
    """The press of an archive of *count* articles, which go on at the same pace."""
    return NewsPress(count / (SPAN / DAY))


def _start(count: int) -> None:
    os.nice(10)
    _presses.append(press_for(count))


def _make(numbers: range, wanted: frozenset[int]) -> list[Made]:
    press = _presses[0]
    made = []
    for number in numbers:
        written = press.write(number)
        article = press.article(number, written)
        is_wanted = press.original(number) in wanted
        taken = take_fingerprint(article.text, article.title) if is_wanted else press.sketch(number)
        made.append(Made(Stored(article, taken), written.title_line, written.text_line))
    return made


def build(path: Path, count: int, coming: int, *, workers: int, say: Callable[[str], None]) -> None:
    """Write *count* articles; *coming* are to be stored after them, so what they reprint must be known for real."""
    started = time.perf_counter()
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    upgrade(f"sqlite:///{part}")
    press = press_for(count)
    wanted = frozenset(press.original(number) for number in range(count, count + coming))
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = OFF", "cache_size = -1500000"):
            connection.execute(f"PRAGMA {pragma}")
        writing = _Writing(connection, press, count)
        for n, made in enumerate(_all_made(count, wanted, workers)):
            writing.write(n * ROWS_AT_ONCE, made)
            if n % 10 == 9:
                rate = (n + 1) * ROWS_AT_ONCE / (time.perf_counter() - started)
                say(f"{(n + 1) * ROWS_AT_ONCE:,} of {count:,} articles, {rate:,.0f}/s")
        writing.finish(say)
        connection.execute("PRAGMA journal_mode = WAL")
    part.rename(path)
    say(f"built in {time.perf_counter() - started:.0f} s")


def _all_made(count: int, wanted: frozenset[int], workers: int) -> Iterator[list[Made]]:
    parts = [range(start, min(start + ROWS_AT_ONCE, count)) for start in range(0, count, ROWS_AT_ONCE)]
    with ProcessPoolExecutor(workers, initializer=_start, initargs=(count,)) as pool:
        ahead = 4 * workers
        waiting = [pool.submit(_make, part, wanted) for part in parts[:ahead]]
        for n in range(len(parts)):
            yield waiting[n].result()
            waiting[n] = None  # type: ignore[call-overload]
            if n + ahead < len(parts):
                waiting.append(pool.submit(_make, parts[n + ahead], wanted))


_NAMES = (
    *("feed", "poll_log", "entry", "fetch_log", "event", "article", "article_address", "article_version"),
    *("version_change", "story", "relation", "fingerprint", "posting_state", "topic", "topic_version"),
    *("topic_change", "match"),
)
_INDEX = "INSERT INTO search_index (rowid, title, body) VALUES (?, ?, ?)"


class _Writing:
    """Writes articles in the order in which they came."""

    def __init__(self, connection: sqlite3.Connection, press: NewsPress, count: int) -> None:
        self._connection = connection
        self._press = press
        self._count = count
        self._rows = {name: Rows(getattr(tables, name)) for name in _NAMES}
        self._lines: list[tuple[int, str, str]] = []
        self._postings, self._sites = Postings(), Sites()
        self._entries = self._versions = 0
        self._upto = count - POSTED_AT_ONCE // 2
        self._floor = int(count * (1 - COMPARED / SPAN))
        self._stories = array("q", [0]) * count
        self._story_count = 0
        #: the last reprint of each original
        self._last: dict[int, int] = {}
        self._current = array("q", [0]) * count
        self._feeds = max(LEAST_FEEDS, count // PER_FEED)
        self._seen = [0] * self._feeds
        self._begin = _micros(SPAN)
        self._logs_from = (END - LOGS - EPOCH) // MICROSECOND
        connection.execute("BEGIN")
        self._add_topics()

    def _at(self, number: int) -> int:
        return (END - SPAN - EPOCH) // MICROSECOND + number * self._begin // self._count

    def _add_topics(self) -> None:
        at = self._at(0)
        for n, topic in enumerate(TOPICS, 1):
            version = f"{n:012x}"
            source = f"topic {topic.name}\n  match: word{n}\n"
            self._rows["topic"].add(id=n, name=topic.name, version_id=n)
            self._rows["topic_version"].add(
                id=n, topic_id=n, version=version, source=source, file="archive.rules", created_at=at
            )
            self._rows["topic_change"].add(topic_id=n, id=n, topic_version_id=n, at=at)

    def write(self, first: int, made: list[Made]) -> None:
        for number, each in enumerate(made, first):
            self._add(number, each)
        for rows in self._rows.values():
            rows.write(self._connection)
        self._connection.executemany(_INDEX, self._lines)
        self._lines = []
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def _add(self, number: int, made: Made) -> None:
        read, taken = made.stored
        draw, at, ident = random.Random(number), self._at(number), number + 1
        published = None if draw.random() < 0.05 else at - draw.randrange(2 * _HOUR) // 1_000_000 * 1_000_000
        entry_address = read.url if draw.random() >= MOVED else f"https://go.{read.source}/r/{draw.getrandbits(48):x}"
        first = draw.randrange(self._feeds)
        entry = self._add_entry(number, made, entry_address, published, first, ident)
        if draw.random() < LISTED_TWICE:
            other = (first + 1 + draw.randrange(self._feeds - 1)) % self._feeds
            self._add_entry(number, made, entry_address, published, other, ident)
        version = self._add_versions(number, made, published)
        original = self._press.original(number)
        if original == number:
            self._story_count += 1
            self._rows["story"].add(
                id=self._story_count, lead_article_id=ident, first_article_id=ident, first_seen_at=at
            )
        story = self._stories[number] = self._stories[original] if original != number else self._story_count
        has_tags = draw.random() < 0.6
        self._rows["article"].add(
            id=ident,
            url=read.url,
            source=read.source,
            entry_id=entry,
            story_id=story,
            version_id=version,
            etag=f'"{draw.getrandbits(64):x}"' if has_tags else None,
            last_modified="Mon, 19 Jan 2026 10:20:30 GMT" if has_tags else None,
            published=published,
            first_seen_at=at,
            dated_at=published or at,
        )
        self._rows["article_address"].add(address=read.url, article_id=ident)
        if entry_address != read.url:
            self._rows["article_address"].add(address=entry_address, article_id=ident)
        self._rows["fingerprint"].add(
            id=ident,
            article_id=ident,
            version_id=version,
            alg=taken.alg,
            hashes=pack(taken.hashes) if ident > self._floor else b"",
            title=taken.title,
            created_at=at,
        )
        if self._floor < ident <= self._upto:
            self._postings.add(ident, taken.hashes)
        self._sites.remember(made.stored, self._count - number)
        if original != number:
            self._add_relations(number, original, len(read.text))
        self._add_matches(number, made, version)

    def _add_entry(self, number: int, made: Made, address: str, published: int | None, feed: int, article: int) -> int:
        self._entries += 1
        read, at = made.stored.article, self._at(number)
        draw = random.Random(-self._entries)
        chance = draw.random()
        guid = read.url if chance < 0.5 else f"https://{read.source}/?p={number}"
        guid = f"{draw.getrandbits(128):032x}" if chance > 0.8 else guid
        is_full = feed % round(1 / FULL_TEXT_FEEDS) == 0
        failed = draw.random() < FAILED
        self._seen[feed] += 1
        self._rows["entry"].add(
            id=self._entries,
            feed_id=feed + 1,
            identity=f"guid:{guid}",
            guid=guid,
            link=f"{address}?utm_source=rss&utm_medium=feed" if draw.random() < 0.3 else address,
            page_address=address,
            title=read.title,
            author=read.author,
            published=published,
            text=self._entry_text(read.text, is_full=is_full, is_own=draw.random() < OWN_SUMMARIES),
            lang=read.lang,
            sections=_json_list(read.sections),
            content_hash=f"{draw.getrandbits(256):064x}",
            state="done",
            reason="paywall" if failed else None,
            text_from=TextFrom.FEED if failed else TextFrom.PAGE,
            attempts=1,
            checks=FETCHES,
            first_seen_at=at,
            last_seen_at=at + 10 * _HOUR,
            article_id=article,
        )
        if at >= self._logs_from:
            for n in range(FETCHES):
                status = 304 if n else 200
                self._rows["fetch_log"].add(
                    id=None, entry_id=self._entries, at=at + n * 12 * _HOUR + 9, status=status, redirects=0
                )
        if draw.random() < EVENTS:
            self._rows["event"].add(
                id=None,
                at=at,
                kind="gap",
                feed_id=feed + 1,
                detail="some entries may have been missed between two polls",
            )
        return self._entries

    def _entry_text(self, text: str, *, is_full: bool, is_own: bool) -> str:
        """What is kept of the text in the feed; see `entries.finish`."""
        return text[1 : SUMMARY_CHARS + 1].upper() if is_own and not is_full else ""

    def _add_versions(self, number: int, made: Made, published: int | None) -> int:
        read, taken = made.stored
        versions = 2 if self._press.chance(number, 20) < CORRECTED else 1
        for n in range(1, versions + 1):
            self._versions += 1
            text = read.text if n == versions else f"{read.text} {n}"
            at = self._at(number) + (n - 1) * _HOUR
            self._rows["article_version"].add(
                id=self._versions,
                article_id=number + 1,
                n=n,
                title=read.title,
                text=text,
                text_hash=read.text_hash if n == versions else f"{self._versions:064x}",
                text_from=TextFrom.PAGE,
                author=read.author,
                published=published,
                lang=read.lang,
                sections=_json_list(read.sections),
                raw_hash=read.raw_hash,
                words=made.index_text.count(" ") + 1,
                extractor_version=1,
                tokenizer_version=TOKENIZER_VERSION,
                fingerprint_alg=taken.alg,
                created_at=at,
            )
            self._lines.append((self._versions, made.index_title, made.index_text))
            if n > 1:
                self._rows["version_change"].add(id=None, article_id=number + 1, version_id=self._versions, at=at)
        self._current[number] = self._versions
        return self._versions

    def _add_relations(self, number: int, original: int, chars: int) -> None:
        others = {original, self._last.get(original, original)}
        self._last[original] = number
        if len(self._last) > 100_000:
            self._last.clear()
        draw = random.Random(number)
        for other in sorted(others):
            slots = (
                '[{"kind":"number","start":100,"end":103,"other_start":90,"other_end":93}]'
                if number % 10 == 0
                else "[]"
            )
            share = draw.uniform(0.75, 1)
            self._rows["relation"].add(
                id=None,
                article_id=number + 1,
                version_id=self._current[number],
                other_id=other + 1,
                other_version_id=self._current[other],
                kind=RelationKind.COPY,
                score=share,
                share=share,
                other_share=draw.uniform(0.75, 1),
                start=0,
                end=chars,
                other_start=0,
                other_end=chars,
                slots=slots,
                created_at=self._at(number),
            )

    def _add_matches(self, number: int, made: Made, version: int) -> None:
        text = made.stored.article.text
        for n in self._press.topics(number):
            at = self._at(number)
            spans = ",".join(
                f'{{"field":"body","start":{start},"end":{start + 9},"text":{_json_string(text[start : start + 9])}}}'
                for start in range(20, 20 + 40 * (1 + (number + n) % 4), 40)
            )
            self._rows["match"].add(
                id=None,
                version_id=version,
                topic_id=n + 1,
                topic_version_id=n + 1,
                article_id=number + 1,
                first_seen_at=at,
                rules=f'["{TOPICS[n].name}.1"]',
                spans=f"[{spans}]",
                created_at=at,
                origin="live",
            )

    def finish(self, say: Callable[[str], None]) -> None:
        """Write what there is but once, and the postings."""
        rows = self._rows
        for n in range(self._feeds):
            url = f"https://feeds{n}.example/rss.xml"
            rows["feed"].add(
                id=n + 1, url=url, fetch_url=url, title=f"Feed {n}", state="active", interval_s=1800,
                next_poll_at=(END - EPOCH) // MICROSECOND + n, added_at=self._at(0), entries_seen=self._seen[n],
            )  # fmt: skip
        step = 24 * _HOUR // POLLS_A_DAY
        for at in range(self._logs_from, (END - EPOCH) // MICROSECOND, step):
            for n in range(self._feeds):
                rows["poll_log"].add(id=None, feed_id=n + 1, at=at + n, status=200, listed=20, new=1)
        rows["posting_state"].add(id=1, upto=self._upto, floor=self._floor)
        for each in rows.values():
            each.write(self._connection)
        say("postings")
        self._sites.write(self._connection)
        self._postings.write(self._connection)
        self._connection.execute("COMMIT")


def _micros(span: timedelta) -> int:
    return span // MICROSECOND


def _json_string(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "").replace("\n", " ") + '"'


def _json_list(values: tuple[str, ...]) -> str:
    return "[" + ",".join(map(_json_string, values)) + "]"


def say_on_stderr(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
