"""Rows of how servers answered when pages of entries were asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Integer, Text, bindparam, func, select

from storage import dialect, direct
from storage.columns import UtcTime
from storage.tables import entry, fetch_log

if TYPE_CHECKING:
    from sqlalchemy import Connection, Insert

    from ingest.model import EntryOutcome


@cache
def _add(name: str) -> Insert:
    """The address is stored only where it is another one than those of the entry, which is most of the length."""
    url = func.nullif(func.nullif(bindparam("came_from", type_=Text), entry.c.link), entry.c.page_address)
    values = select(
        entry.c.id,
        bindparam("fetched_at", type_=UtcTime),
        bindparam("answered", type_=Integer),
        url,
        bindparam("hops", type_=Integer),
        bindparam("why", type_=Text),
        bindparam("in_words", type_=Text),
    ).where(entry.c.id == bindparam("entry_id"))
    columns = ["entry_id", "at", "status", "url", "redirects", "reason", "detail"]
    add = dialect.insert(fetch_log, name).from_select(columns, values)
    return add.on_conflict_do_nothing(index_elements=["entry_id", "at"])


def add(connection: Connection, entry_id: int, outcome: EntryOutcome) -> None:
    """Store the answer that a step got, if it asked anybody."""
    fetched = outcome.fetched
    if fetched is None:
        return
    values = {
        "entry_id": entry_id,
        "fetched_at": fetched.at,
        "answered": fetched.status,
        "came_from": fetched.url,
        "hops": fetched.redirects,
        "why": outcome.reason,
        "in_words": outcome.detail,
    }
    direct.change(connection, _add(connection.dialect.name), values)
