"""What is due, host by host: for the scheduler, which hands hosts out, and for the worker that has been given one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, literal_column, or_, select

from ingest.model import EntryState
from storage.feeds import NOT_POLLED
from storage.jobs.model import Job, Kind
from storage.tables import entry, feed

if TYPE_CHECKING:
    from collections.abc import Collection, Generator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

#: Rows are fetched in such portions: the first few are enough as a rule.
_PORTION = 1_000


def _host(column: str) -> ColumnElement[str]:
    """The host of an address, as the indexes of migration 0007 have it; empty where there is none."""
    pattern = r"^[^:]+://(?:[^/?#@]*@)?(\[[^]]*\]|[^/:?#]*)"
    return literal_column(f"lower(coalesce(substring({column} FROM '{pattern}'), ''))")


_IS_POLLED = feed.c.state.not_in(NOT_POLLED)
_IS_OPEN = entry.c.state.in_([EntryState.NEW, EntryState.RETRYING])


def feeds_of(connection: Connection, host: str, now: datetime) -> tuple[int, ...]:
    """The ids of the feeds of *host* that are due, the longest waiting first."""
    due = select(feed.c.id).where(_host("fetch_url") == host, _IS_POLLED, feed.c.next_poll_at <= now)
    return tuple(connection.execute(due.order_by(feed.c.next_poll_at, feed.c.id)).scalars())


def entries_of(connection: Connection, host: str, now: datetime, limit: int) -> tuple[int, ...]:
    """The ids of at most *limit* entries that are due and whose page is at *host*, the longest waiting first."""
    is_kept_in_index: ColumnElement[bool] = literal_column("(state IN ('new', 'retrying') OR next_try_at IS NOT NULL)")
    is_due = or_(_IS_OPEN & entry.c.next_try_at.is_(None), entry.c.next_try_at <= now)
    due = select(entry.c.id).where(_host("page_address") == host, is_kept_in_index, is_due)
    # As `entries.due` has them: those that are tried again must not wait for ever behind those that are new.
    order = (func.coalesce(entry.c.next_try_at, entry.c.first_seen_at), entry.c.id)
    return tuple(connection.execute(due.order_by(*order).limit(limit)).scalars())


def polls(connection: Connection, now: datetime) -> Generator[Job]:
    """A job for the host of each feed that is due, the longest waiting first; a host can come again."""
    due = select(_host("fetch_url")).where(_IS_POLLED, feed.c.next_poll_at <= now)
    return _jobs(connection, Kind.POLL, due.order_by(feed.c.next_poll_at, feed.c.id))


def extractions(connection: Connection, now: datetime) -> Generator[Job]:
    """A job for the host of the page of each entry that is due; a host can come again."""
    host = select(_host("page_address"))
    yield from _jobs(connection, Kind.EXTRACT, host.where(_IS_OPEN, entry.c.next_try_at.is_(None)).order_by(entry.c.id))
    yield from _jobs(connection, Kind.EXTRACT, host.where(entry.c.next_try_at <= now).order_by(entry.c.next_try_at))


def _jobs(connection: Connection, kind: Kind, hosts: Select[str]) -> Generator[Job]:
    found = connection.execute(hosts.execution_options(yield_per=_PORTION))
    try:
        for host in found.scalars():
            yield Job(kind=kind, target=host)
    finally:
        # Most often not all of them are wanted, and the server keeps the rest until then.
        found.close()


def for_pages_of(connection: Connection, entries: Collection[int]) -> tuple[Job, ...]:
    """The jobs for the pages of these entries, each once."""
    hosts = select(_host("page_address")).where(entry.c.id.in_(entries)).distinct()
    return tuple(Job(kind=Kind.EXTRACT, target=host) for host in connection.execute(hosts).scalars())
