"""What a view is: its name, its columns with their meaning, and the statement that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storage import dialect

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select

INTEGER = "integer"
NUMBER = "number"
TEXT = "text"
TIME = "time"
YES_NO = "true or false"
JSON = "JSON"

_DIALECTS = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view."""

    name: str
    #: INTEGER, NUMBER, TEXT, TIME, YES_NO or JSON
    kind: str
    meaning: str
    holds: ColumnElement[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view with stable columns."""

    name: str
    #: what a row is
    meaning: str
    columns: tuple[ViewColumn, ...]
    rows: FromClause
    where: ColumnElement[bool] | None = None

    def select(self, name: str) -> Select[*tuple[Any, ...]]:
        """Return what the view selects from the tables of the database *name*, sqlite or postgresql."""
        statement = select(*(_shown(column, name).label(column.name) for column in self.columns))
        statement = statement.select_from(self.rows)
        return statement if self.where is None else statement.where(self.where)

    def sql(self, name: str) -> str:
        """Return the statement that makes the view in the database *name*, sqlite or postgresql."""
        # With named parameters, of which there are none, a percent sign stands for itself.
        dialect_of_it = _DIALECTS[name](paramstyle="named")
        spelled = self.select(name).compile(dialect=dialect_of_it, compile_kwargs={"literal_binds": True})
        return f"CREATE VIEW {self.name} AS\n{spelled}"


def _shown(column: ViewColumn, name: str) -> ColumnElement[Any]:
    return dialect.spell_time(column.holds, name) if column.kind == TIME else column.holds
