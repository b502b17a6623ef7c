"""Stored work that is done anew: which run is under way, how far it is, and the pages that it reads once more.

A run goes on where it was interrupted when the same is asked for again. What it changes is stored together with how
far it is by that, so a kill at any point loses nothing and counts nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import zstandard
from sqlalchemy import Integer, bindparam, delete, func, select, update

from ingest.model import StoredArticle, TextFrom
from ingest.web import Page
from storage import dialect, entries
from storage.columns import UtcTime
from storage.tables import article, article_version, raw_page, redo

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from ingest.model import Entry, Reread


class RedoKind(StrEnum):
    """What is done anew."""

    #: kept pages are read by the present extractor
    REEXTRACT = "reextract"
    #: the index of the search is made by the present tokenizer
    REINDEX = "reindex"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedoSpan:
    """What a run is about: articles by when they were first seen."""

    since: datetime | None = None
    #: also what the present version has read already
    is_all: bool = False
    #: the span as it was asked for; "90d" means the same run some minutes later too
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedoRun:
    """A run, and how far it is."""

    id: int
    kind: RedoKind
    #: the version of extractor or tokenizer that it works with
    wanted: int
    since: datetime | None
    is_all: bool
    #: `article_version.id` of the last text that was looked at
    cursor: int
    looked_at: int
    #: texts that are other ones now
    changed: int
    #: pages that could not be read; their texts stay as they were
    failed: int
    started_at: datetime
    #: None: it is under way, or was interrupted
    finished_at: datetime | None
    #: said by `begin` alone: it was interrupted
    is_resumed: bool = field(default=False, compare=False)


# --- runs -------------------------------------------------------------------------------------------

#: begins the words of a run over all pages
_ALL = "all "
_COUNTS = ("looked_at", "changed", "failed")
_LAST = select(redo).where(redo.c.kind == bindparam("which")).order_by(redo.c.id.desc()).limit(1)
_FINISH = (
    update(redo)
    .where(redo.c.id == bindparam("own"), redo.c.finished_at.is_(None))
    .values(finished_at=bindparam("at", type_=UtcTime))
)
_STEP = (
    update(redo)
    .where(redo.c.id == bindparam("own"))
    .values(
        {redo.c.cursor: bindparam("reached")}
        | {redo.c[name]: redo.c[name] + bindparam(f"more_{name}", type_=Integer) for name in _COUNTS}
    )
)


def begin(connection: Connection, kind: RedoKind, wanted: int, span: RedoSpan, now: datetime) -> RedoRun:
    """Continue the last run of this kind where it was interrupted and is the one that is asked for, else begin one."""
    words = f"{_ALL if span.is_all else ''}{span.words}"
    last = connection.execute(_LAST, {"which": kind}).one_or_none()
    if last is not None and (last.wanted, last.words, last.finished_at) == (wanted, words, None):
        return replace(_read(last), is_resumed=True)
    values = {
        "kind": kind,
        "wanted": wanted,
        "words": words,
        "since": span.since,
        "cursor": 0,
        **dict.fromkeys(_COUNTS, 0),
        "started_at": now,
    }
    dialect.insert_row(connection, redo, values)
    return _read(connection.execute(_LAST, {"which": kind}).one())


def last_run(connection: Connection, kind: RedoKind) -> RedoRun | None:
    """The last run of this kind, if there ever was one."""
    row = connection.execute(_LAST, {"which": kind}).one_or_none()
    return None if row is None else _read(row)


def _read(row: Row[*tuple[Any, ...]]) -> RedoRun:
    values = row._asdict()
    values["kind"] = RedoKind(values["kind"])
    values["is_all"] = values.pop("words").startswith(_ALL)
    return RedoRun(**values)


def step(
    connection: Connection, run_id: int, cursor: int, *, looked_at: int = 0, changed: int = 0, failed: int = 0
) -> None:
    """Store how far a run is, and what came to its numbers."""
    values = {"more_looked_at": looked_at, "more_changed": changed, "more_failed": failed}
    connection.execute(_STEP, {"own": run_id, "reached": cursor, **values})


def finish(connection: Connection, run: RedoRun, now: datetime) -> RedoRun:
    """Store that a run has come to its end; return how it stands then."""
    connection.execute(_FINISH, {"own": run.id, "at": now})
    return _read(connection.execute(select(redo).where(redo.c.id == run.id)).one())


# --- pages ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """A page as it came, with the article that shows the text that was read from it."""

    version_id: int
    page: Page
    article: StoredArticle
    #: the one whose title the article bears
    entry: Entry
    #: number of words of the text
    words: int


_PAGES = (
    select(
        raw_page.c.version_id,
        raw_page.c.url.label("page_url"),
        raw_page.c.headers,
        raw_page.c.body,
        article.c.id,
        article.c.url,
        article.c.story_id,
        article.c.etag,
        article.c.last_modified,
        article.c.entry_id,
        article_version.c.title,
        article_version.c.text_from,
        article_version.c.text_hash,
        article_version.c.words,
    )
    .join(article_version, article_version.c.id == raw_page.c.version_id)
    # A text that its article no longer shows would take the place of what it shows.
    .join(article, article.c.version_id == raw_page.c.version_id)
)
_ARTICLE = ("id", "url", "title", "story_id", "etag", "last_modified", "entry_id", "text_hash")


def _within(statement: Select[*tuple[Any, ...]], run: RedoRun) -> Select[*tuple[Any, ...]]:
    # What came since then was read by the present version, also what this run has stored.
    wanted: list[ColumnElement[bool]] = [
        raw_page.c.version_id > run.cursor,
        article_version.c.created_at < run.started_at,
    ]
    if not run.is_all:
        wanted.append(article_version.c.extractor_version < run.wanted)
    if run.since is not None:
        wanted.append(article.c.first_seen_at >= run.since)
    return statement.where(*wanted)


def pages(connection: Connection, run: RedoRun, limit: int) -> tuple[KeptPage, ...]:
    """The next pages of a run, the oldest texts first."""
    rows = connection.execute(_within(_PAGES, run).order_by(raw_page.c.version_id).limit(limit)).all()
    return tuple(_kept(connection, row) for row in rows)


def _kept(connection: Connection, row: Row[*tuple[Any, ...]]) -> KeptPage:
    known = {name: getattr(row, name) for name in _ARTICLE}
    return KeptPage(
        version_id=row.version_id,
        page=Page(
            requested_url=row.page_url,
            url=row.page_url,
            moved_to=None,
            status=200,
            headers=row.headers,
            body=zstandard.ZstdDecompressor().decompress(row.body),
        ),
        article=StoredArticle(**known, text_from=TextFrom(row.text_from)),
        entry=entries.get(connection, row.entry_id),
        words=row.words,
    )


def count_pages(connection: Connection, run: RedoRun) -> int:
    """How many pages a run has yet before it."""
    inner = _within(_PAGES.with_only_columns(raw_page.c.version_id), run).subquery()
    return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())


def count_outdated_pages(connection: Connection, wanted: int) -> int:
    """How many kept pages an earlier extractor than *wanted* has read."""
    statement = _PAGES.with_only_columns(raw_page.c.version_id).where(article_version.c.extractor_version < wanted)
    return int(connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one())


_READ_BY = (
    update(article_version)
    .where(article_version.c.id == bindparam("own"))
    .values(extractor_version=bindparam("reader"))
)
_DROP_PAGE = delete(raw_page).where(raw_page.c.version_id == bindparam("own"))
_MOVE_PAGE = update(raw_page).where(raw_page.c.version_id == bindparam("old")).values(version_id=bindparam("new"))


def keep_reread(connection: Connection, reread: Reread, version_id: int, extractor_version: int) -> None:
    """Store that a page gave the text of another version: it is kept with that one from now on."""
    if version_id != reread.version_id:
        connection.execute(_DROP_PAGE, {"own": version_id})
        connection.execute(_MOVE_PAGE, {"old": reread.version_id, "new": version_id})
    connection.execute(_READ_BY, {"own": version_id, "reader": extractor_version})
    step(connection, reread.run_id, reread.version_id, looked_at=1, changed=1)


def keep_same(connection: Connection, reread: Reread, extractor_version: int) -> None:
    """Store that a page gave the text that it gave before."""
    connection.execute(_READ_BY, {"own": reread.version_id, "reader": extractor_version})
    step(connection, reread.run_id, reread.version_id, looked_at=1)


def keep_passed(connection: Connection, reread: Reread, *, is_failed: bool) -> None:
    """Store that a page could not be read, or is no longer the one of its article."""
    step(connection, reread.run_id, reread.version_id, looked_at=1, failed=int(is_failed))
