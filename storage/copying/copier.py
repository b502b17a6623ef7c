"""Copies a database to another one, range by range, and makes sure that the copy is the same.

    lock both → mark the copy → each table: read a range, write it in one transaction → numbers → compare → references

What is copied is one state of the original, which nobody may write to meanwhile. How far a copy is stands in the copy
itself: the highest key of each table. So a copy that was killed goes on by the same call.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from storage import engine, migrate
from storage.address import SqliteFile, read_address
from storage.copying import mark, rows
from storage.copying.plan import tables
from storage.dialect import refresh_statistics
from storage.errors import CopyDiffers, CopyTargetTaken, CopyUnfinished, DatabaseNewer
from storage.migrate import SchemaState
from storage.translation import translated
from storage.upkeep.exclusive import all_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from storage.address import Address
    from storage.copying.plan import CopiedTable
    from storage.migrate import SchemaStatus

    #: gets the name of a table, how many rows are done, and how many there are in all
    Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCopied:
    """What was found of a table on both sides."""

    table: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCopied:
    """A copy that is whole."""

    source: Address
    target: Address
    tables: tuple[TableCopied, ...]
    #: a copy that was begun before was gone on with
    is_resumed: bool


def copy(
    source_url: str,
    target_url: str,
    *,
    tell_copied: Tell = lambda _table, _done, _total: None,
    tell_compared: Tell = lambda _table, _done, _total: None,
) -> DatabaseCopied:
    """Copy all that the one database holds to the other, which is made, or is empty, or is a copy begun before.

    Raises CopyTargetTaken for a database that has something in it, CopyUnfinished for a copy of another one,
    DatabaseInUse when somebody works on either, CopyDiffers when the copy is not the same in the end, and the other
    StorageErrors. What was copied stays.
    """
    source, target = read_address(source_url), read_address(target_url)
    if _is_same(source, target):
        raise CopyTargetTaken(target.shown, "it is the one that is to be copied")
    reading = engine.reading_engine(source)
    try:
        # Before anything is made: it must be there, and of this version.
        with translated(source.shown), reading.connect():
            _require_no_newer(migrate.status(source_url))
        _make(target_url)
        with all_locks(source), all_locks(target), _writing(target) as writing:
            with translated(target.shown), writing.begin() as into:
                is_resumed = mark.begin(into, source.shown, target.shown)
            with translated(source.shown), reading.begin() as origin:
                work = _Copying(origin, writing, target)
                work.copy(tell_copied)
                work.set_numbers()
                found = work.compare(tell_compared)
            with translated(target.shown), writing.begin() as into:
                mark.end(into)
                _analyze(into)
    finally:
        reading.dispose()
    return DatabaseCopied(source=source, target=target, tables=found, is_resumed=is_resumed)


def _is_same(one: Address, other: Address) -> bool:
    if isinstance(one, SqliteFile) and isinstance(other, SqliteFile):
        return one.path.resolve() == other.path.resolve()
    return one == other


def _make(target_url: str) -> None:
    """Make the tables where there are none. Raises CopyTargetTaken for a database of another version."""
    try:
        found = migrate.status(target_url)
    except CopyUnfinished:
        return
    _require_no_newer(found)
    if found.state is SchemaState.OUT_OF_DATE:
        raise CopyTargetTaken(found.database.shown, "it is of an earlier version")
    migrate.upgrade(target_url)


def _require_no_newer(found: SchemaStatus) -> None:
    """Also one that this version may work with has columns that it knows nothing of."""
    if found.state in {SchemaState.NEWER, SchemaState.AHEAD}:
        raise DatabaseNewer(found.database.shown, f"schema {found.revision}, this version knows {found.needed}")


@contextmanager
def _writing(target: Address) -> Iterator[Engine]:
    """An engine that looks at no schema, as the mark would be met there, and at no references."""
    made = engine.migrating_engine(target)
    try:
        yield made
    finally:
        made.dispose()


class _Copying:
    """From one state of the original, *origin*, to the *target*."""

    def __init__(self, origin: Connection, writing: Engine, target: Address) -> None:
        self._origin = origin
        self._writing = writing
        self._target = target
        self._kind = writing.dialect.name
        self._from = tables(origin.dialect.name)
        self._to = {each.name: each for each in tables(self._kind)}
        self._total = sum(rows.count(origin, each) for each in self._from)

    @contextmanager
    def _into(self) -> Iterator[Connection]:
        """A transaction of the copy. Raises StorageErrors that name it."""
        with _translated(self._target), self._writing.begin() as into:
            yield into

    def copy(self, tell: Tell) -> None:
        """Copy what is not there yet."""
        done = 0
        for of in self._from:
            with self._into() as into:
                after = rows.last_key(into, self._to[of.name])
                done += rows.count(into, self._to[of.name])
            for batch in rows.batches(self._origin, of, after):
                with self._into() as into:
                    rows.write(into, self._to[of.name], rows.suit(batch, of, self._kind))
                done += len(batch)
                tell(of.name, done, self._total)

    def set_numbers(self) -> None:
        """No id that was ever given out is given out again."""
        numbers = [(of.name, mark.last_number(self._origin, of)) for of in self._from if of.has_numbers]
        with self._into() as into:
            for name, number in numbers:
                mark.set_last_number(into, self._to[name], number)

    def compare(self, tell: Tell) -> tuple[TableCopied, ...]:
        """Read both once more, and compare. Raises CopyDiffers."""
        found, done = [], 0
        with self._into() as into:
            for of in self._from:
                there, here = rows.Sum(), rows.Sum()
                # In turns: a server ends a transaction in which nothing happens for long.
                ours = rows.batches(into, self._to[of.name], None)
                for original, copied in zip_longest(rows.batches(self._origin, of, None), ours, fillvalue=()):
                    there.add(rows.suit(original, of, self._kind))
                    here.add(copied)
                    done += len(original)
                    tell(of.name, done, self._total)
                self._require_same(of, there, here)
                found.append(TableCopied(table=of.name, rows=there.rows, checksum=there.hex))
        return tuple(found)

    def _require_same(self, of: CopiedTable, there: rows.Sum, here: rows.Sum) -> None:
        if there.rows != here.rows:
            raise CopyDiffers(self._target.shown, f"{of.name} has {here.rows:,} rows, not {there.rows:,}")
        if there.hex != here.hex:
            raise CopyDiffers(self._target.shown, f"rows of {of.name} are others than in the original")


@contextmanager
def _translated(target: Address) -> Iterator[None]:
    """Turn what SQLAlchemy and both drivers raise into StorageErrors: rows are written by the drivers."""
    with translated(target.shown):
        if isinstance(target, SqliteFile):
            yield
            return
        from storage import postgresql

        with postgresql.translated(target):
            yield


def _analyze(into: Connection) -> None:
    """Let plans go by what is there now."""
    if into.dialect.name == "postgresql":
        into.exec_driver_sql("ANALYZE")
    else:
        refresh_statistics(into)
