"""A database with any number of articles, written past the program, and what its tables take."""

from __future__ import annotations

import sqlite3
from array import array
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import JSON, LargeBinary, Text

from ingest.copies.repeats import PageLines, SiteMemory, hash_page
from storage import tables
from storage.migrate import upgrade
from storage.postings import POSTED_AT_ONCE, pack

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Table

    from ingest.copies.model import Fingerprint
    from ingest.model import Article

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: When the archive ends, and when it began: all of it is within the window, however large it is.
END = datetime(2026, 1, 20, tzinfo=UTC)
SPAN = timedelta(days=10)
#: Articles that are written in one transaction.
ROWS_AT_ONCE = 5000
#: Up to so many articles, postings are written in batches as live ones, so that their pages are as full as these are;
#: of more, all at once, and then the pages are quite full.
MOST_AS_LIVE = 100_000
#: What sites repeat is learned from so many articles, the last ones.
ENOUGH_PAGES = 5000


class Stored(NamedTuple):
    """An article for the archive."""

    article: Article
    fingerprint: Fingerprint


class Rows:
    """Rows of a table that are written together. Columns that are not told have an empty value."""

    def __init__(self, table: Table) -> None:
        self._places = {column.name: n for n, column in enumerate(table.columns)}
        self._empty = [_empty(column) for column in table.columns]
        names = ", ".join(f'"{name}"' for name in self._places)
        marks = ", ".join("?" * len(self._places))
        self._statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
        self._rows: list[list[object]] = []

    def add(self, **values: object) -> None:
        row = self._empty.copy()
        for name, value in values.items():
            row[self._places[name]] = value
        self._rows.append(row)

    def write(self, connection: sqlite3.Connection) -> None:
        connection.executemany(self._statement, self._rows)
        self._rows = []


def _empty(column: Any) -> object:
    if column.nullable:
        return None
    if isinstance(column.type, JSON):
        return "[]"
    if isinstance(column.type, LargeBinary):
        return b""
    return "" if isinstance(column.type, Text) else 0


def build(path: Path, articles: Iterable[Stored], count: int) -> None:
    """Write *count* articles, each a story of its own, with ids from 1 on. The last few have no postings yet."""
    upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = OFF", "cache_size = -1500000"):
            connection.execute(f"PRAGMA {pragma}")
        _write(connection, articles, count)
        connection.execute("PRAGMA journal_mode = WAL")


def _write(connection: sqlite3.Connection, articles: Iterable[Stored], count: int) -> None:
    # As live: half a batch waits.
    posted = count - POSTED_AT_ONCE // 2
    batch = POSTED_AT_ONCE if count <= MOST_AS_LIVE else count
    names = ("feed", "entry", "article", "article_address", "article_version", "story", "fingerprint", "posting_state")
    rows = {name: Rows(getattr(tables, name)) for name in names}
    url = "https://archive.example/feed"
    rows["feed"].add(id=1, url=url, fetch_url=url, state="active")
    rows["entry"].add(id=1, feed_id=1, identity="archive", state="done")
    rows["posting_state"].add(id=1, upto=posted)
    postings, sites = Postings(), Sites()
    connection.execute("BEGIN")
    for n, stored in enumerate(articles, 1):
        _add(rows, n, (END - SPAN + n * (SPAN / count) - EPOCH) // MICROSECOND, stored)
        if n <= posted:
            postings.add(n, stored.fingerprint.hashes)
        if n % batch == 0 or n == posted:
            postings.write(connection)
        sites.remember(stored, count - n)
        if n % ROWS_AT_ONCE == 0 or n == count:
            for each in rows.values():
                each.write(connection)
            connection.execute("COMMIT")
            connection.execute("BEGIN")
    sites.write(connection)
    connection.execute("COMMIT")


def _add(rows: dict[str, Rows], n: int, at: int, stored: Stored) -> None:
    read, taken = stored
    rows["article"].add(
        id=n, url=read.url, source=read.source, entry_id=1, story_id=n, version_id=n, first_seen_at=at, dated_at=at
    )
    rows["article_address"].add(address=read.url, article_id=n)
    rows["article_version"].add(
        id=n,
        article_id=n,
        n=1,
        title=read.title,
        text=read.text,
        text_hash=read.text_hash,
        text_from="page",
        lang="en",
        fingerprint_alg=taken.alg,
        created_at=at,
    )
    rows["story"].add(id=n, lead_article_id=n, first_article_id=n, first_seen_at=at)
    packed = pack(taken.hashes)
    rows["fingerprint"].add(
        id=n, article_id=n, version_id=n, alg=taken.alg, hashes=packed, title=taken.title, created_at=at
    )


class Postings:
    """Postings that are written together, in their order. In parts by their first bits, which are sorted in turn."""

    def __init__(self) -> None:
        self._hashes = [array("q") for _ in range(64)]
        self._owners = [array("q") for _ in range(64)]

    def add(self, owner: int, hashes: Iterable[int]) -> None:
        for number in hashes:
            part = (number >> 26) + 32
            self._hashes[part].append(number)
            self._owners[part].append(owner)

    def write(self, connection: sqlite3.Connection) -> None:
        for hashes, owners in zip(self._hashes, self._owners, strict=True):
            pairs = sorted(zip(hashes, owners, strict=True))
            connection.executemany("INSERT INTO posting (hash, fingerprint_id) VALUES (?, ?)", pairs)
            del hashes[:], owners[:]


class Sites:
    """What is known of the sites when the archive ends: all they need is their last pages."""

    def __init__(self) -> None:
        self._memories: dict[str, SiteMemory] = {}
        self._lines: set[tuple[int, str]] = set()

    def remember(self, stored: Stored, left: int) -> None:
        """Remember a page, if not too many are *left* that push it out."""
        if left < ENOUGH_PAGES:
            article, fingerprint = stored
            page = PageLines(hash_page(article.url), fingerprint.title, fingerprint.hashes)
            memory = self._memories.get(article.source, SiteMemory()).with_page(page)
            self._memories[article.source] = memory
            self._lines.update((line, article.source) for line in memory.furniture())

    def write(self, connection: sqlite3.Connection) -> None:
        memories, lines = Rows(tables.site_memory), Rows(tables.site_line)
        for site, memory in self._memories.items():
            memories.add(site=site, pages=memory.to_bytes())
        for n, (line, site) in enumerate(sorted(self._lines), 1):
            lines.add(id=n, line=line, site=site)
        memories.write(connection)
        lines.write(connection)


def weigh(path: Path) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        owners = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type IN ('table', 'index')"))
        sizes: dict[str, int] = {}
        for name, size in connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"):
            owner = owners.get(name, name)
            sizes[owner] = sizes.get(owner, 0) + size
    return sizes
