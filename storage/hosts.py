"""Rows of what hosts ask for: waits and robots.txt, kept so that a restart asks nobody sooner or once more."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from ingest.hosts import HostWait, RobotsFile
from storage import dialect
from storage.tables import host_wait, robots_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Insert, Table

_WAITS = select(host_wait).where(host_wait.c.until > bindparam("now")).order_by(host_wait.c.address)
_FILES = select(robots_file).where(robots_file.c.until > bindparam("now")).order_by(robots_file.c.origin)


def waits(connection: Connection, now: datetime) -> tuple[HostWait, ...]:
    """The waits that are not over."""
    return tuple(HostWait(**row._asdict()) for row in connection.execute(_WAITS, {"now": now}))


def robots_files(connection: Connection, now: datetime) -> tuple[RobotsFile, ...]:
    """The robots.txt files that still hold."""
    return tuple(RobotsFile(**row._asdict()) for row in connection.execute(_FILES, {"now": now}))


@cache
def _put(table: Table, name: str) -> Insert:
    """Insert a row, or put it in place of the one with the same key."""
    add = dialect.insert(table, name)
    keys = [column.name for column in table.primary_key]
    others = {column.name: add.excluded[column.name] for column in table.c if column.name not in keys}
    return add.on_conflict_do_update(index_elements=keys, set_=others)


def keep_waits(connection: Connection, kept: Iterable[HostWait]) -> None:
    """Store waits, each in place of the one that its address has."""
    rows = [asdict(each) for each in kept]
    if rows:
        connection.execute(_put(host_wait, connection.dialect.name), rows)


def keep_robots_files(connection: Connection, kept: Iterable[RobotsFile]) -> None:
    """Store files, each in place of the one that its origin has."""
    rows = [asdict(each) for each in kept]
    if rows:
        connection.execute(_put(robots_file, connection.dialect.name), rows)
