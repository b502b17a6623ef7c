"""The articles that may answer a search, the newest first, found as far as they are asked for.

A search begins at what the fewest articles have. Where few texts hold its words, or few articles fulfil one of its
conditions, these are all looked up and sorted. Else articles are walked through as they are sorted, a slice at a time,
and the index is asked about the texts of that slice alone: so the first hits of a common word are found at once. Each
slice is a transaction of its own, so a reader may take its time between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import bindparam, select

from storage import dialect, texts
from storage.searching import filters
from storage.tables import article, article_version
from storage.window import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Select

    from storage.searching.filters import Condition, Filter
    from storage.texts import Candidate
    from storage.window import Window

T = TypeVar("T")

#: So many texts or articles are few: they are all looked up before the first is judged, in some 20 ms.
FEW = 2_000

#: Articles of the first slice, in which a common word has its first hits, and of the last ones.
FIRST_SLICE = 256
MOST_SLICE = 4_096

#: Texts whose ids are no further apart are looked up in the index as one range.
GAP = 64

#: In so many ranges at most; else each by itself. At 400,000 texts that takes SQLite 9 ms for 256 of them.
MOST_RANGES = 4


class Read(Protocol):
    """Runs what it is given in a short reading transaction of its own."""

    def __call__(self, work: Callable[[Connection], T], /) -> T:
        """Return what *work* returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Where a search begins, and what it asks."""

    conditions: tuple[Condition, ...]
    #: all candidates, sorted, where they are few
    few: tuple[Candidate, ...] | None
    #: the index was asked about these already
    is_looked_up: bool


def walk(
    read: Read, window: Window, clause: dialect.Clause | None, asked: Filter, *, few: int = FEW
) -> Iterator[tuple[Candidate, ...]]:
    """Yield the articles of the window that may hold *clause* and fulfil the filter, the newest first, in slices.

    None for *clause*: the index can say nothing. Nothing is read before the first slice is asked for; then LookupError
    is raised for a topic or feed that does not exist. The limit of the window is not looked at.
    """
    window = replace(window, limit=None)
    start = read(partial(_start, window=window, clause=clause, asked=asked, few=few))
    if start.few is None:
        slices = _all_slices(read, window, start.conditions)
    else:
        slices = (start.few[at : at + FIRST_SLICE] for at in range(0, len(start.few), FIRST_SLICE))
    for some in slices:
        if clause is None or start.is_looked_up:
            yield some
        elif found := read(partial(held, clause=clause, ids=[each.version_id for each in some])):
            yield tuple(each for each in some if each.version_id in found)


# --- where to begin ---------------------------------------------------------------------------------


def _start(connection: Connection, window: Window, clause: dialect.Clause | None, asked: Filter, few: int) -> _Start:
    conditions = filters.conditions(connection, asked)
    if clause is not None and (ids := _few_texts(connection, clause, few)) is not None:
        found = _candidates(connection, window, conditions, article.c.version_id, ids)
        return _Start(conditions=conditions, few=found, is_looked_up=True)
    for condition in conditions:
        rows = connection.execute(condition.articles.limit(few + 1)).all()
        if len(rows) <= few:
            found = _candidates(connection, window, conditions, article.c.id, list({row[0] for row in rows}))
            return _Start(conditions=conditions, few=found, is_looked_up=False)
    return _Start(conditions=conditions, few=None, is_looked_up=False)


def _few_texts(connection: Connection, clause: dialect.Clause, few: int) -> list[int] | None:
    """The texts that hold *clause* as far as the index knows; None when these are more than *few*."""
    name = connection.dialect.name
    statement = dialect.in_index("expression", name).limit(few + 1)
    rows = connection.execute(statement, {"expression": dialect.index_expression(clause, name)}).all()
    return None if len(rows) > few else [row[0] for row in rows]


def _candidates(
    connection: Connection, window: Window, conditions: Sequence[Condition], column: Any, ids: Sequence[int]
) -> tuple[Candidate, ...]:
    """The articles of the window with these ids of articles or texts."""
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = _articles(window, conditions)
    if column is article.c.version_id:
        # Texts know their articles; there is no way back by an index.
        statement = statement.join(
            article_version,
            (article_version.c.article_id == article.c.id) & (article_version.c.id == article.c.version_id),
        )
        column = article_version.c.id
    statement = statement.join(wanted, wanted.c.value == column)
    return _read(connection, window, statement, {"ids": dialect.pack(ids, name)})


# --- all articles, a slice at a time ----------------------------------------------------------------


def _all_slices(read: Read, window: Window, conditions: Sequence[Condition]) -> Iterator[tuple[Candidate, ...]]:
    """The articles of the window. Those without a date, which come last by it, are walked through by themselves."""
    statement = _articles(window, conditions)
    published = article.c.published
    if not (window.has_undated and window.after is not None and window.after.time is None):
        dated = statement.where(published.is_not(None)) if window.has_undated else statement
        yield from _slices(read, window, dated, is_dated=True)
    if window.has_undated:
        # All of them are behind a place that has a date.
        yield from _slices(read, window, statement.where(published.is_(None)))


def _slices(
    read: Read, window: Window, statement: Select[*tuple[Any, ...]], *, is_dated: bool = False
) -> Iterator[tuple[Candidate, ...]]:
    size = FIRST_SLICE
    while True:
        page = replace(window, limit=size)
        some = read(partial(_read, window=page, statement=statement, values={}, is_dated=is_dated))
        yield some
        if len(some) < size:
            return
        last = some[-1]
        window = replace(window, after=Cursor(time=last.time if is_dated else None, id=last.article))
        size = min(2 * size, MOST_SLICE)


def _articles(window: Window, conditions: Sequence[Condition]) -> Select[*tuple[Any, ...]]:
    time = article.c.published if window.by == "published" else article.c.first_seen_at
    statement = select(time.label("time"), article.c.id, article.c.version_id)
    return statement.where(*(condition.holds for condition in conditions))


def _read(
    connection: Connection,
    window: Window,
    statement: Select[*tuple[Any, ...]],
    values: dict[str, object],
    *,
    is_dated: bool = False,
) -> tuple[Candidate, ...]:
    statement = window.of(
        statement,
        first_seen=article.c.first_seen_at,
        published=article.c.published,
        ident=article.c.id,
        is_dated=is_dated,
    )
    rows = connection.execute(statement, values)
    return tuple(texts.candidate(row.time, row.id, row.version_id) for row in rows)


# --- what the index knows of a slice ----------------------------------------------------------------


def held(connection: Connection, clause: dialect.Clause, ids: Sequence[int], *, gap: int = GAP) -> set[int]:
    """Those of the texts with these ids that hold *clause* as far as the index knows; some others may be among them."""
    name = connection.dialect.name
    statement = dialect.in_index("expression", name)
    (text_id,) = statement.selected_columns
    values = {"expression": dialect.index_expression(clause, name)}
    stretches = list(ranges(ids, gap=gap))
    if len(stretches) > MOST_RANGES:
        if not _has_prefix(clause):
            wanted = dialect.numbers("ids", name).alias("wanted")
            statement = statement.where(text_id.in_(select(wanted.c.value)))
            return {row[0] for row in connection.execute(statement, {**values, "ids": dialect.pack(ids, name)})}
        # SQLite gathers all words of a prefix anew for each look, which may take longer than to judge these texts.
        if len(ids) <= FIRST_SLICE:
            return set(ids)
        stretches = [(min(ids), max(ids))]
    statement = statement.where(text_id >= bindparam("low"), text_id <= bindparam("high"))
    found: set[int] = set()
    for low, high in stretches:
        found.update(row[0] for row in connection.execute(statement, {**values, "low": low, "high": high}))
    return found.intersection(ids)


def _has_prefix(clause: dialect.Clause) -> bool:
    match clause:
        case dialect.Phrase():
            return clause.is_prefix
        case dialect.InColumn():
            return _has_prefix(clause.clause)
        case dialect.AllOf() | dialect.AnyOf():
            return any(map(_has_prefix, clause.clauses))


def ranges(ids: Sequence[int], *, gap: int = GAP) -> Iterator[tuple[int, int]]:
    """Yield ranges that together hold all *ids*, and have no more than *gap* others between any two of them.

    >>> list(ranges([1, 3, 200, 2]))
    [(1, 3), (200, 200)]
    """
    low = high = None
    for each in sorted(ids):
        if low is None or high is None:
            low = each
        elif each - high > gap:
            yield low, high
            low = each
        high = each
    if low is not None and high is not None:
        yield low, high
