"""Which tables are copied, by which key they are walked through, and what is not taken over as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, Column, MetaData, Table, Text, TypeDecorator, and_, cast, not_

from rules.text import TOKENIZER_VERSION
from storage.columns import UtcTime, metadata
from storage.redo.runs import RedoKind

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.types import TypeEngine

#: These tell of processes that are at work.
LEFT_OUT = frozenset({"host_turn", "worker"})

#: Rows of one transaction, so that some megabytes at most are held in memory: most rows are small.
ROWS = 2_000
_ROWS_OF = {"raw_page": 50, "robots_file": 50, "site_memory": 200, "article_version": 200, "posting": 20_000}

#: The index of the copy is made by the present tokenizer, whatever that of the original was.
_CHANGED: dict[str, dict[str, object]] = {"article_version": {"tokenizer_version": TOKENIZER_VERSION}}


class _JsonText(TypeDecorator[str]):
    """What PostgreSQL keeps as JSON, as the text that was stored: reading it would lose how it was written."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        return cast(column, Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table with its values as the database has them: times as integers, JSON as text."""

    table: Table
    #: what its rows are sorted by, and told apart
    keys: tuple[str, ...]
    #: how many rows go at once
    rows: int
    #: by the place of a column, what stands there in the copy
    changed: tuple[tuple[int, object], ...]
    #: which rows are copied; None: all
    where: ColumnElement[bool] | None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.table.name)

    def place(self, column: str) -> int:
        """Where in a row the column stands."""
        return [each.name for each in self.table.c].index(column)

    @property
    def has_numbers(self) -> bool:
        """Whether the database gives out its ids."""
        return self.keys == ("id",) and metadata.tables[self.name].c.id.autoincrement is not False


def tables(dialect: str) -> tuple[CopiedTable, ...]:
    """All tables that are copied, as a database of this kind has them."""
    return tuple(_copied(table, dialect) for name, table in metadata.tables.items() if name not in LEFT_OUT)


def _copied(table: Table, dialect: str) -> CopiedTable:
    raw = Table(table.name, MetaData(), *(Column(each.name, _stored(each.type, dialect)) for each in table.c))
    names = [each.name for each in table.c]
    return CopiedTable(
        table=raw,
        keys=tuple(each.name for each in table.primary_key),
        rows=_ROWS_OF.get(table.name, ROWS),
        changed=tuple((names.index(column), value) for column, value in _CHANGED.get(table.name, {}).items()),
        where=_where(raw),
    )


def _stored(kind: TypeEngine[Any], dialect: str) -> TypeEngine[Any]:
    if isinstance(kind, UtcTime):
        return BigInteger()
    if isinstance(kind, JSON):
        return _JsonText() if dialect == "postgresql" else Text()
    return kind


def _where(raw: Table) -> ColumnElement[bool] | None:
    # An index that is being made anew is whole in the copy: there is nothing to go on with.
    if raw.name == "redo":
        return not_(and_(raw.c.kind == str(RedoKind.REINDEX), raw.c.finished_at.is_(None)))
    return None
