"""Which rows of a listing are wanted, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

#: the time that a listing goes by
By = Literal["first_seen", "published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The newest *limit* rows of a span of time; `since` belongs to the span, `until` does not."""

    since: datetime | None = None
    until: datetime | None = None
    by: By = "first_seen"
    limit: int | None = None

    def of(
        self,
        statement: Select[*tuple[Any, ...]],
        *,
        first_seen: ColumnElement[datetime],
        published: ColumnElement[datetime | None],
        ident: ColumnElement[int],
        before: Sequence[ColumnElement[Any]] = (),
    ) -> Select[*tuple[Any, ...]]:
        """Add span, order and limit. Rows without a date are the last by `published`, and not within any span.

        *before* is what the rows are ordered by before their time.
        """
        time = published if self.by == "published" else first_seen
        if self.since is not None:
            statement = statement.where(time >= self.since)
        if self.until is not None:
            statement = statement.where(time < self.until)
        # Descending, SQLite puts nulls last by itself, and can use an index only if it is not told to.
        order = time.desc().nulls_last() if self.by == "published" else time.desc()
        return statement.order_by(*before, order, ident.desc()).limit(self.limit)
