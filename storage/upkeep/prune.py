"""Forgets what is old, a little at a time: raw pages, logs, events, the texts that articles showed before.

A batch is one transaction, small enough that whoever else wants to write hardly waits. Entries, articles, versions,
relations and matches stay: of a version that is no longer shown only its text goes, with what the full-text index has
of it. Its title stays: it is what listings of the past show (`storage.lists.history`), and takes little space.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from rules.text import TOKENIZER_VERSION, tokenize
from storage import dialect
from storage.columns import UtcTime
from storage.tables import (
    article,
    article_version,
    event,
    fetch_log,
    host_wait,
    poll_log,
    raw_page,
    relation,
    robots_file,
    version_change,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Delete, Select, Table


class Old(StrEnum):
    """What is forgotten by its age alone."""

    RAW_PAGES = "raw_pages"
    POLL_LOG = "poll_log"
    FETCH_LOG = "fetch_log"
    EVENTS = "events"
    #: what hosts asked for, and robots.txt files, that hold no more
    WISHES = "wishes"


class _Kind(NamedTuple):
    table: Table
    #: key and time
    key: Any
    at: Any


_KINDS: dict[Old, tuple[_Kind, ...]] = {
    Old.RAW_PAGES: (_Kind(raw_page, raw_page.c.version_id, raw_page.c.created_at),),
    Old.POLL_LOG: (_Kind(poll_log, poll_log.c.id, poll_log.c.at),),
    Old.FETCH_LOG: (_Kind(fetch_log, fetch_log.c.id, fetch_log.c.at),),
    Old.EVENTS: (_Kind(event, event.c.id, event.c.at),),
    Old.WISHES: (
        _Kind(host_wait, host_wait.c.address, host_wait.c.until),
        _Kind(robots_file, robots_file.c.origin, robots_file.c.until),
    ),
}

#: Rows of one transaction. A page is some 30 kB in eight pieces, a line of a log 100 bytes.
BATCH: dict[Old, int] = {
    Old.RAW_PAGES: 250,
    Old.POLL_LOG: 5_000,
    Old.FETCH_LOG: 5_000,
    Old.EVENTS: 5_000,
    Old.WISHES: 5_000,
}

#: Articles that are looked at for one transaction: one in ten has a text that goes.
ARTICLES_AT_ONCE = 200
#: Versions whose texts go in one transaction: each is as much work for the index as storing it was.
VERSIONS_AT_ONCE = 50


# --- rows -------------------------------------------------------------------------------------------


@cache
def _delete(kind: _Kind) -> Delete:
    oldest = select(kind.key).where(kind.at < bindparam("before")).order_by(kind.at).limit(bindparam("most"))
    return delete(kind.table).where(kind.key.in_(oldest))


def prune(connection: Connection, what: Old, before: datetime, limit: int) -> int:
    """Forget at most *limit* rows of each table of *what* that are from before that time, the oldest first.

    Returns how many; call again until there are none.
    """
    values = {"before": before, "most": limit}
    return sum(connection.execute(_delete(kind), values).rowcount for kind in _KINDS[what])


def count(connection: Connection, what: Old, before: datetime) -> int:
    """How many rows `prune` would forget in all."""
    return sum(
        connection.execute(select(func.count()).select_from(kind.table).where(kind.at < before)).scalar_one()
        for kind in _KINDS[what]
    )


# --- texts ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OldText:
    """A text that its article no longer shows, and as the full-text index has it."""

    version_id: int
    index_title: str
    index_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldTexts:
    """Some of the texts to be forgotten."""

    texts: tuple[OldText, ...]
    #: the article to go on after; None: there are no more
    cursor: int | None


_LATER = version_change.alias("later")
_EARLIER = version_change.alias("earlier")
_FIRST = article_version.alias("first")
#: The text that the article showed at the time "before": that of its last change until then, else its first. Which
#: is the last is said by the ids, as in `history.shown_version`: a clock that was set back must not make prune drop
#: the text that history shows.
_SHOWN_THEN = func.coalesce(
    select(_EARLIER.c.version_id)
    .where(_EARLIER.c.article_id == article_version.c.article_id, _EARLIER.c.at < bindparam("before", type_=UtcTime))
    .order_by(_EARLIER.c.id.desc())
    .limit(1)
    .scalar_subquery(),
    select(_FIRST.c.id).where(_FIRST.c.article_id == article_version.c.article_id, _FIRST.c.n == 1).scalar_subquery(),
)
_SHOWN_SINCE = (
    select(_LATER.c.id)
    .where(_LATER.c.article_id == article_version.c.article_id)
    .where(_LATER.c.version_id == article_version.c.id, _LATER.c.at >= bindparam("before", type_=UtcTime))
    .exists()
)
#: Where in the two texts a relation is found was said of this one.
_IS_EVIDENCE = (
    select(relation.c.id)
    .where(
        or_(
            and_(relation.c.article_id == article_version.c.article_id, relation.c.version_id == article_version.c.id),
            and_(
                relation.c.other_id == article_version.c.article_id, relation.c.other_version_id == article_version.c.id
            ),
        ),
        relation.c.retired_at.is_(None),
    )
    .exists()
)
#: Only articles whose text ever changed: an index has them, which is a look at few of all articles.
_CHANGED = (
    select(version_change.c.article_id)
    .where(version_change.c.article_id > bindparam("after"))
    .distinct()
    .order_by(version_change.c.article_id)
    .limit(bindparam("most"))
)


@cache
def _select_old(name: str) -> Select[*tuple[Any, ...]]:
    wanted = dialect.numbers("articles", name).alias("wanted")
    return (
        select(
            article_version.c.id,
            article_version.c.article_id,
            article_version.c.title,
            article_version.c.text,
            article_version.c.tokenizer_version,
        )
        .select_from(wanted.join(article, article.c.id == wanted.c.value))
        .join(article_version, article_version.c.article_id == article.c.id)
        .where(
            article_version.c.id != article.c.version_id,
            article_version.c.pruned_at.is_(None),
            # What another tokenizer put into the index cannot be taken out by this one.
            article_version.c.tokenizer_version == bindparam("tokenizer"),
            article_version.c.id != _SHOWN_THEN,
            ~_SHOWN_SINCE,
            ~_IS_EVIDENCE,
        )
        .order_by(article_version.c.article_id, article_version.c.id)
    )


def old_texts(connection: Connection, before: datetime, after: int, limit: int = VERSIONS_AT_ONCE) -> OldTexts:
    """At most *limit* texts that articles with an id after *after* have not shown since that time."""
    name = connection.dialect.name
    changed = list(connection.execute(_CHANGED, {"after": after, "most": ARTICLES_AT_ONCE}).scalars())
    if not changed:
        return OldTexts(texts=(), cursor=None)
    values = {"articles": dialect.pack(changed, name), "before": before, "tokenizer": TOKENIZER_VERSION}
    rows = connection.execute(_select_old(name), values).fetchmany(limit + 1)
    cursor = changed[-1]
    if len(rows) > limit:
        # The article that is cut comes again: by then these are forgotten.
        cursor = rows[limit].article_id - 1
        rows = rows[:limit]
    return OldTexts(texts=tuple(_as_indexed(row) for row in rows), cursor=cursor)


def _as_indexed(row: Any) -> OldText:
    return OldText(
        version_id=row.id,
        index_title=dialect.index_line(tokenize(row.title).folded),
        index_text=dialect.index_line(tokenize(row.text).folded),
    )


def count_old_texts(connection: Connection, before: datetime, after: int) -> tuple[int, int | None]:
    """How many texts of the next articles after *after* would go, and the article to go on after."""
    name = connection.dialect.name
    changed = list(connection.execute(_CHANGED, {"after": after, "most": ARTICLES_AT_ONCE}).scalars())
    if not changed:
        return 0, None
    values = {"articles": dialect.pack(changed, name), "before": before, "tokenizer": TOKENIZER_VERSION}
    counted = select(func.count()).select_from(_select_old(name).order_by(None).subquery())
    return connection.execute(counted, values).scalar_one(), changed[-1]


_STILL_OLD = (
    select(article_version.c.id)
    .join(article, article.c.id == article_version.c.article_id)
    .where(
        article_version.c.id == bindparam("own"),
        article_version.c.id != article.c.version_id,
        article_version.c.pruned_at.is_(None),
        article_version.c.tokenizer_version == bindparam("tokenizer"),
    )
)
_EMPTY = (
    update(article_version)
    .where(article_version.c.id == bindparam("own"))
    .values(text="", pruned_at=bindparam("at", type_=UtcTime))
)
_DROP_PAGE = delete(raw_page).where(raw_page.c.version_id == bindparam("own"))


def drop_texts(connection: Connection, texts: Sequence[OldText], now: datetime) -> int:
    """Forget these texts, with their raw pages; returns how many.

    One that its article shows again by now, or that is forgotten already, is left alone.
    """
    gone = [
        each
        for each in texts
        if connection.execute(_STILL_OLD, {"own": each.version_id, "tokenizer": TOKENIZER_VERSION}).first()
    ]
    if gone:
        own = [{"own": each.version_id} for each in gone]
        connection.execute(_DROP_PAGE, own)
        connection.execute(_EMPTY, [{**each, "at": now} for each in own])
    for each in gone:
        dialect.remove_from_index(connection, each.version_id, each.index_title, each.index_text)
    return len(gone)
