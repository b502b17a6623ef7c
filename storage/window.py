"""Which rows of a listing are wanted, in which order, and where a page of them begins.

A listing is ordered by (time, id), the newest first, so the place behind a row is told by these two alone: the next
page begins there, whatever was stored meanwhile. No row comes twice and none is left out whose time has not changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, case, false, func, or_, true

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select

#: the time that a listing goes by
By = Literal["first_seen", "published"]

#: the largest id that a database can hold
_MOST = 2**63 - 1

_CURSOR = re.compile(r"(null|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z):([0-9]{1,19})")
_UNKNOWN = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The place behind a row of a listing.

    As text it is `TIME:ID`, both as JSON says them, so that the last row of a page tells where the next one begins.
    """

    #: the one that the listing goes by; None: it is not known of that row, which only listings by `published` have
    time: datetime | None
    id: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what `str` gives. Raises ValueError, which says what a cursor looks like.

        >>> Cursor.parse("2026-11-22T14:30:00.000000Z:17").id
        17
        >>> print(Cursor.parse("null:17"))
        null:17
        """
        found = _CURSOR.fullmatch(text)
        try:
            if found and 0 < int(found[2]) <= _MOST:
                time = None if found[1] == _UNKNOWN else datetime.fromisoformat(found[1])
                return cls(time=time, id=int(found[2]))
        except ValueError:
            pass  # a day that no calendar has
        raise ValueError(f"{text!r} is no cursor: TIME:ID, as in 2026-11-22T14:30:00.000000Z:17")

    def __str__(self) -> str:
        """As JSON spells the time and the id of a row."""
        if self.time is None:
            return f"{_UNKNOWN}:{self.id}"
        moment = self.time.astimezone(UTC).replace(tzinfo=None)
        return f"{moment.isoformat(timespec='microseconds')}Z:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The newest *limit* rows of a span of time; `since` belongs to the span, `until` does not."""

    since: datetime | None = None
    until: datetime | None = None
    by: By = "first_seen"
    limit: int | None = None
    #: only rows that come behind this one
    after: Cursor | None = None

    def of(
        self,
        statement: Select[*tuple[Any, ...]],
        *,
        first_seen: ColumnElement[datetime],
        published: ColumnElement[datetime | None],
        ident: ColumnElement[int],
        before: Sequence[ColumnElement[Any]] = (),
        is_dated: bool = False,
    ) -> Select[*tuple[Any, ...]]:
        """Add span, order, limit and where the page begins.

        Rows without a date are the last by `published`, and not within any span; *is_dated*: the statement has none.
        *before* is what the rows are ordered by before their time; such a listing has no pages: ValueError, when
        `after` is given.
        """
        if self.after is not None and before:
            raise ValueError("only what is ordered by time and id has pages")
        time = published if self.by == "published" else first_seen
        has_undated = self.has_undated and not is_dated
        if self.since is not None:
            statement = statement.where(time >= self.since)
        if self.until is not None:
            statement = statement.where(time < self.until)
        if self.after is not None:
            statement = statement.where(_is_behind(self.after, time, ident, has_undated=has_undated))
        # Descending, PostgreSQL puts nulls first by itself, and can use an index only if it is not told otherwise.
        order = time.desc().nulls_last() if has_undated else time.desc()
        return statement.order_by(*before, order, ident.desc()).limit(self.limit)

    @property
    def has_undated(self) -> bool:
        """Rows without a date belong to it."""
        return self.by == "published" and self.since is None and self.until is None


def _is_behind(
    cursor: Cursor,
    time: ColumnElement[datetime] | ColumnElement[datetime | None],
    ident: ColumnElement[int],
    *,
    has_undated: bool,
) -> ColumnElement[bool]:
    if cursor.time is None:
        return and_(time.is_(None), ident < cursor.id)
    if has_undated:
        # Rows without a date are behind all that have one. Said as one condition that holds for them as well: of a
        # choice between conditions SQLite would make several walks, and sort what they give.
        is_before = or_(time > cursor.time, and_(time == cursor.time, ident >= cursor.id))
        return ~func.coalesce(is_before, false())
    # The first part is there for the index.
    return and_(time <= cursor.time, or_(time < cursor.time, ident < cursor.id))


def holds_of_most(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return *condition*, said so that PostgreSQL takes it to hold of half of all rows.

    Of two columns that are nearly always equal it thinks that they nearly never are; then it reads and sorts a whole
    table, as if the first page would take that. https://www.postgresql.org/docs/current/row-estimation-examples.html
    """
    return case((condition, true()), else_=false())
