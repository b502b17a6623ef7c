"""The index of the search made anew by the present tokenizer, a little at a time, while it is searched and added to.

Texts are taken in the order of `article_version.id`, so that what comes in meanwhile comes last. On SQLite a new index
is filled beside the one in use and takes its place in the end, see `storage.redo.index_beside`; on PostgreSQL each
row is exchanged. `article_version.tokenizer_version` says by which tokenizer a text stands in the index that is in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_, select, update

from storage import dialect
from storage.redo import index_beside, runs
from storage.redo.runs import RedoKind, RedoSpan
from storage.tables import article_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Update

    from storage.redo.runs import RedoRun


@dataclass(frozen=True, slots=True, kw_only=True)
class TextToIndex:
    """A text that an article shows, or has shown."""

    version_id: int
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedText:
    """The same as the index has it, in lines made by `dialect.index_line`."""

    version_id: int
    title: str
    text: str


_WAITING = (
    select(article_version.c.id, article_version.c.title, article_version.c.text, article_version.c.pruned_at)
    .where(article_version.c.id > bindparam("after"))
    .order_by(article_version.c.id)
    .limit(bindparam("most"))
)
_NEWEST = select(func.coalesce(func.max(article_version.c.id), 0))


def begin(connection: Connection, tokenizer: int, now: datetime) -> RedoRun:
    """Go on with the last run where it was interrupted, else begin a new one.

    A run that has exchanged the index and was interrupted then is not gone on with, but ended: see `mark`.
    """
    run = runs.begin(connection, RedoKind.REINDEX, tokenizer, RedoSpan(), now)
    if not run.is_resumed and _is_made_beside(connection):
        index_beside.create(connection)
    return run


def _is_made_beside(connection: Connection) -> bool:
    return dialect.is_index_made_beside(connection.dialect.name)


def waiting(connection: Connection, run: RedoRun, limit: int) -> tuple[tuple[TextToIndex, ...], int]:
    """The next texts of a run, and the cursor that stands behind them; the cursor of the run when there are none."""
    rows = connection.execute(_WAITING, {"after": run.cursor, "most": limit}).all()
    # One whose text was dropped because it was old is in no index.
    texts = (TextToIndex(version_id=row.id, title=row.title, text=row.text) for row in rows if row.pruned_at is None)
    return tuple(texts), rows[-1].id if rows else run.cursor


def count_waiting(connection: Connection, run: RedoRun) -> int:
    """About how many texts a run has yet before it: numbers are given out one after the other."""
    return max(0, int(connection.execute(_NEWEST).scalar_one()) - run.cursor)


_THERE = select(article_version.c.id).where(
    article_version.c.id > bindparam("after"),
    article_version.c.id <= bindparam("upto"),
    article_version.c.pruned_at.is_(None),
)


def step(connection: Connection, run: RedoRun, texts: Sequence[IndexedText], cursor: int) -> RedoRun | None:
    """Index *texts*, those of the run up to *cursor*; return how it stands then.

    Where an article shows a text again since they were read that was dropped as old, the run stands before that one.
    None, and nothing is changed, when another process has gone on with it.
    """
    if runs.last_run(connection, run.kind) != run:
        return None
    name = connection.dialect.name
    there = frozenset(connection.execute(_THERE, {"after": run.cursor, "upto": cursor}).scalars())
    unread = there.difference(each.version_id for each in texts)
    cursor = min(unread) - 1 if unread else cursor
    # What was forgotten since it was read must not come into the index again.
    texts = [each for each in texts if each.version_id in there and each.version_id <= cursor]
    if _is_made_beside(connection):
        index_beside.add(connection, [(each.version_id, each.title, each.text) for each in texts])
    else:
        for each in texts:
            dialect.remove_from_index(connection, each.version_id, each.title, each.text)
            dialect.add_to_index(connection, each.version_id, each.title, each.text)
        ids = dialect.pack((each.version_id for each in texts), name)
        connection.execute(_mark(name), {"ids": ids, "tokenizer": run.wanted})
    runs.step(connection, run.id, cursor, looked_at=len(texts))
    return runs.last_run(connection, run.kind)


def finish(connection: Connection, run: RedoRun, now: datetime, *, is_lost: bool = False) -> RedoRun | None:
    """Use the new index from now on; None: texts have come in that it lacks, so nothing is changed.

    *is_lost*: this was refused, as nothing can be done with the old one.
    """
    if runs.last_run(connection, run.kind) != run or connection.execute(_NEWEST).scalar_one() > run.cursor:
        return None
    if _is_made_beside(connection):
        index_beside.exchange(connection, is_lost=is_lost)
    return runs.finish(connection, run, now)


# --- afterwards -------------------------------------------------------------------------------------


@cache
def _mark(name: str) -> Update:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        update(article_version)
        .where(
            article_version.c.id.in_(select(wanted.c.value)),
            article_version.c.tokenizer_version != bindparam("tokenizer"),
        )
        .values(tokenizer_version=bindparam("tokenizer"))
    )


def _others(tokenizer: int) -> Any:
    """Two ranges of the index of tokenizer versions."""
    column = article_version.c.tokenizer_version
    return or_(column < tokenizer, column > tokenizer)


def mark(connection: Connection, run: RedoRun, limit: int) -> int:
    """Say of at most *limit* texts of a run that has ended by which tokenizer they are indexed; returns how many.

    Not before the end: until then the index in use has them by another one.
    """
    few = select(article_version.c.id).where(_others(run.wanted), article_version.c.id <= run.cursor).limit(limit)
    ids = list(connection.execute(few).scalars())
    if ids:
        name = connection.dialect.name
        connection.execute(_mark(name), {"ids": dialect.pack(ids, name), "tokenizer": run.wanted})
    return len(ids)


def clear_old(connection: Connection, limit: int) -> bool:
    """Delete some of the index that is no longer used; False: nothing is left of it."""
    return _is_made_beside(connection) and index_beside.clear_old(connection, limit)


def ended_run(connection: Connection, tokenizer: int) -> RedoRun | None:
    """The last run, if it has exchanged the index by this tokenizer, and `mark` or `clear_old` have yet to be done."""
    run = runs.last_run(connection, RedoKind.REINDEX)
    if run is None or run.finished_at is None or run.wanted != tokenizer:
        return None
    # Of texts that came after it by another tokenizer, that of an earlier version at work, it knows nothing.
    unmarked = select(article_version.c.id).where(_others(tokenizer), article_version.c.id <= run.cursor).limit(1)
    return run if _is_old_left(connection) or connection.execute(unmarked).first() is not None else None


def _is_old_left(connection: Connection) -> bool:
    """Whether there is something of an index that is no longer used."""
    return _is_made_beside(connection) and index_beside.is_there(connection, index_beside.OLD)


def count_of_other_tokenizers(connection: Connection, tokenizer: int) -> int:
    """How many texts stand in the index by another tokenizer than *tokenizer*."""
    column = article_version.c.tokenizer_version
    # Each side is a range of the index.
    return sum(
        connection.execute(select(func.count()).select_from(article_version).where(is_other)).scalar_one()
        for is_other in (column < tokenizer, column > tokenizer)
    )
