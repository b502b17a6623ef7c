"""The kinds of column that the tables are made of, and how constraints and indexes are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)

from storage.translation import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: What can be read as a time, in microseconds since 1970.
FIRST_TIME = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LAST_TIME = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970. Naive ones are refused with ValueError."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # signature of SQLAlchemy
        """Datetime → microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Microseconds → datetime in UTC. Raises UnreadableError for what is no time."""
        try:
            return None if value is None else _EPOCH + timedelta(microseconds=value)
        except (TypeError, OverflowError) as error:
            raise UnreadableError(f"a time is stored as {type(value).__name__}") from error


#: SQLite gives out ids by itself only in a column that is called INTEGER
Id = BigInteger().with_variant(Integer, "sqlite")


class StoredText(Text):
    """Text. SQLite stores bytes in a column of text, too, which nobody expects who reads it: UnreadableError."""

    __visit_name__ = "text"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:  # noqa: ARG002  # signature of SQLAlchemy
        """Refuse bytes, where there can be any."""
        return _refuse_bytes if dialect.name == "sqlite" else None


def _refuse_bytes(value: Any) -> Any:
    if value.__class__ is bytes:
        raise UnreadableError("a text is stored as bytes")
    return value


#: Compared and ordered by its bytes on every database, as SQLite does.
Line = StoredText().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column() -> Column[int]:
    """A number that is never given out twice."""
    return Column("id", Id, primary_key=True)


def to(column: str, name: str) -> Column[int]:
    """A reference to a column of another table."""
    return Column(name, Id, ForeignKey(column), nullable=False)


def back_to(column: str, name: str) -> Column[int]:
    """A reference that closes a circle: null until the other row exists."""
    return Column(name, Id, ForeignKey(column, use_alter=True), nullable=True)


def text(name: str, *, nullable: bool = False) -> Column[str]:
    """Text."""
    return Column(name, Line, nullable=nullable)


def count(name: str, *, nullable: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=nullable)


def time(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A moment."""
    return Column(name, UtcTime, nullable=nullable)


def flag(name: str) -> Column[bool]:
    """True or false."""
    return Column(name, Boolean, nullable=False)


def json(name: str) -> Column[object]:
    """What JSON can say."""
    return Column(name, JSON, nullable=False)


def partial(name: str, *columns: Column[object], where: ColumnElement[bool], unique: bool = False) -> Index:
    """An index of the rows for which *where* holds."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
