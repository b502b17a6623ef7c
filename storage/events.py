"""Rows of what happened to feeds and sites. No row is ever changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from storage.tables import event

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from ingest.polling import Event

_AT = select(event.c.kind, event.c.feed_id, event.c.entry_id, event.c.site, event.c.detail).where(
    event.c.at == bindparam("moment")
)


def record(connection: Connection, happened: Iterable[Event], at: datetime) -> None:
    """Store what happened at that moment; what is stored of that moment already is not stored again."""
    known = {tuple(row) for row in connection.execute(_AT, {"moment": at})}
    rows = []
    for each in happened:
        said = (str(each.kind), each.feed_id, each.entry_id, each.site, each.detail)
        if said not in known:
            known.add(said)
            rows.append(dict(zip(("kind", "feed_id", "entry_id", "site", "detail"), said, strict=True), at=at))
    if rows:
        connection.execute(event.insert(), rows)
