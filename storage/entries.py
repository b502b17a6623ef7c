"""Rows of entries: what is known of them, what is due, how they stand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Text, and_, bindparam, case, func, literal, not_, or_, select, update

from ingest.errors import Reason
from ingest.model import Due, Entry, EntryState
from ingest.polling import KnownEntry
from storage import dialect, direct, fetches
from storage.columns import UtcTime
from storage.feed_tables import HAS_GUID_APART
from storage.feeds import host_of
from storage.tables import article, entry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import CompoundSelect, Connection, Select, Update

    from ingest.model import EntryOutcome
    from ingest.polling import ListedEntry

_ENTRY = select(
    entry.c.id,
    entry.c.feed_id,
    entry.c.link,
    entry.c.page_address,
    entry.c.title,
    entry.c.author,
    entry.c.published,
    entry.c.text,
    entry.c.lang,
    entry.c.sections,
    entry.c.state,
    entry.c.attempts,
    entry.c.checks,
    entry.c.next_try_at,
    entry.c.first_seen_at,
    entry.c.article_id,
    entry.c.is_changed,
    entry.c.revision,
).where(entry.c.id == bindparam("entry_id"))


def get(connection: Connection, entry_id: int) -> Entry:
    """The entry with this id. Raises LookupError."""
    row = direct.first(connection, _ENTRY, {"entry_id": entry_id})
    if row is None:
        raise LookupError(f"no entry {entry_id}")
    values = row._asdict()
    values["state"] = EntryState(values["state"])
    values["sections"] = tuple(values["sections"])
    return Entry(**values)


@cache
def _known(name: str) -> CompoundSelect[*tuple[Any, ...]]:
    columns = (
        entry.c.id,
        entry.c.identity,
        entry.c.guid,
        entry.c.page_address,
        entry.c.content_hash,
        entry.c.last_seen_at,
    )
    of_feed = entry.c.feed_id == bindparam("feed_id")
    guids, addresses, identities = (dialect.texts(n, name).alias(n) for n in ("guids", "addresses", "identities"))
    return (
        select(*columns)
        # Each guid is looked up: by its statistics SQLite would walk through all those of the feed.
        .select_from(dialect.InOrder(guids, entry, entry.c.guid == guids.c.value))
        .where(of_feed, HAS_GUID_APART)
        .union(
            select(*columns).where(of_feed, entry.c.page_address.in_(select(addresses.c.value))),
            # What an entry was first known by stays its own, also when the feed has given it another guid since.
            select(*columns).where(of_feed, entry.c.identity.in_(select(identities.c.value))),
        )
        .order_by("id")
    )


def _identities(listed: ListedEntry) -> Iterator[str]:
    """All identities under which the listed entry can be stored."""
    if listed.guid is not None:
        yield f"guid:{listed.guid}"
    if listed.page_address is not None:
        yield f"link:{listed.page_address}"
    yield listed.hash_identity


def known(connection: Connection, feed_id: int, listed: Iterable[ListedEntry]) -> tuple[KnownEntry, ...]:
    """The entries of the feed that any of *listed* could be, the oldest first. See `ports.Store.known_entries`."""
    entries = tuple(listed)
    name = connection.dialect.name
    rows = connection.execute(
        _known(name),
        {
            "feed_id": feed_id,
            "guids": dialect.pack((e.guid for e in entries if e.guid is not None), name),
            "addresses": dialect.pack((e.page_address for e in entries if e.page_address is not None), name),
            "identities": dialect.pack({identity for e in entries for identity in _identities(e)}, name),
        },
    )
    return tuple(KnownEntry(**row._asdict()) for row in rows)


# --- what is due ------------------------------------------------------------------------------------

#: Written into the statement: SQLite uses an index of some rows only where it can see that these are the ones.
_OPEN = [literal(state.value, Text, literal_execute=True) for state in (EntryState.NEW, EntryState.RETRYING)]


@cache
def _due(name: str) -> Select[int, str]:
    """Two walks through two small indexes: what is new, and what is planned up to now."""
    taken = select(dialect.numbers("taken", name).alias().c.value)
    columns = (entry.c.id, entry.c.page_address, func.coalesce(entry.c.next_try_at, entry.c.first_seen_at).label("at"))
    at_once = select(*columns).where(entry.c.state.in_(_OPEN), entry.c.next_try_at.is_(None))
    planned = select(*columns).where(entry.c.next_try_at <= bindparam("now"))
    waiting = at_once.union_all(planned).subquery()
    return (
        select(waiting.c.id, waiting.c.page_address)
        .where(waiting.c.id.not_in(taken))
        .order_by(waiting.c.at, waiting.c.id)
        .limit(bindparam("limit"))
    )


def due(connection: Connection, now: datetime, limit: int, taken: Collection[int]) -> tuple[Due, ...]:
    """Entries that want a step, the longest waiting first, without those in *taken*."""
    name = connection.dialect.name
    rows = connection.execute(_due(name), {"now": now, "limit": limit, "taken": dialect.pack(taken, name)})
    return tuple(Due(id=row.id, host=host_of(row.page_address)) for row in rows)


# --- how they stand ---------------------------------------------------------------------------------

_revision = bindparam("worked_on", type_=Integer)
#: The step worked on what the feed says now. If not, the entry stays due, whatever the step found.
_is_answered = or_(_revision.is_(None), entry.c.revision == _revision)
_next_try_at = bindparam("new_next_try_at", type_=UtcTime)
_new_state = bindparam("new_state", type_=Text)
#: What was forgotten stays so, whatever was known of it when a step began.
_IS_FORGOTTEN = func.coalesce(entry.c.reason, "") == Reason.FORGOTTEN
_FINISH = (
    update(entry)
    .where(entry.c.id == bindparam("entry_id"), ~_IS_FORGOTTEN)
    .values(
        {
            entry.c.state: case((or_(_is_answered, _new_state != EntryState.FAILED), _new_state), else_=EntryState.NEW),
            entry.c.reason: bindparam("new_reason"),
            entry.c.detail: bindparam("new_detail"),
            entry.c.text_from: bindparam("new_text_from"),
            entry.c.attempts: bindparam("new_attempts"),
            entry.c.checks: bindparam("new_checks"),
            entry.c.next_try_at: case(
                (or_(_is_answered, _new_state != EntryState.DONE), _next_try_at), else_=entry.c.last_seen_at
            ),
            # What the feed has changed is dealt with when the step has ended, not while it is tried again.
            entry.c.is_changed: case(
                (and_(_is_answered, _new_state != EntryState.RETRYING), False), else_=entry.c.is_changed
            ),
            entry.c.article_id: func.coalesce(bindparam("new_article_id"), entry.c.article_id),
        }
    )
)
_ARTICLE = select(article.c.id).where(article.c.id == bindparam("article_id"))
_FORGOTTEN = select(entry.c.id).where(entry.c.id == bindparam("entry_id"), _IS_FORGOTTEN)


def finish(
    connection: Connection,
    entry_id: int,
    outcome: EntryOutcome,
    article_id: int | None,
    *,
    is_just_saved: bool = False,
) -> None:
    """Store how an entry stands; one whose article was forgotten stands as it did.

    *is_just_saved*: this transaction has stored the article, so nobody looks whether it is there.
    Raises LookupError for an entry or article that does not exist.
    """
    if outcome.reason == Reason.FORGOTTEN:
        if not wipe(connection, (entry_id,)):
            raise LookupError(f"no entry {entry_id}")
        fetches.add(connection, entry_id, outcome)
        return
    is_doubtful = article_id is not None and not is_just_saved
    if is_doubtful and direct.first(connection, _ARTICLE, {"article_id": article_id}) is None:
        if direct.first(connection, _FORGOTTEN, {"entry_id": entry_id}) is None:
            raise LookupError(f"no article {article_id}")
        return
    values = {
        "entry_id": entry_id,
        "new_state": outcome.state,
        "new_reason": outcome.reason,
        "new_detail": outcome.detail,
        "new_text_from": outcome.text_from,
        "new_attempts": outcome.attempts,
        "new_checks": outcome.checks,
        "new_next_try_at": outcome.next_try_at,
        "new_article_id": article_id,
        "worked_on": outcome.revision,
    }
    if not direct.change(connection, _FINISH, values):
        if direct.first(connection, _FORGOTTEN, {"entry_id": entry_id}) is None:
            raise LookupError(f"no entry {entry_id}")
        return
    fetches.add(connection, entry_id, outcome)


_DROP_TEXT = (
    update(entry)
    .where(entry.c.id == bindparam("entry_id"), entry.c.text != "", not_(entry.c.is_changed))
    .values(text="")
)


def keep_text_once(connection: Connection, entry_id: int, feed_text: str, page_text: str) -> None:
    """Drop the feed's text where the text of the page has all of it: half of all feeds give its beginning.

    An entry that has changed meanwhile keeps it, as its page may be gone when it is read again.
    """
    if feed_text and feed_text in page_text:
        direct.change(connection, _DROP_TEXT, {"entry_id": entry_id})


# --- what is forgotten ------------------------------------------------------------------------------

#: How an entry stands whose article was forgotten, and what is left of it: where it was, and when.
WIPED: dict[str, object] = {
    "title": "",
    "author": None,
    "text": "",
    "lang": None,
    "sections": [],
    "state": EntryState.DONE,
    "reason": Reason.FORGOTTEN,
    "detail": None,
    "text_from": None,
    "attempts": 0,
    "checks": 0,
    "next_try_at": None,
    "article_id": None,
    "is_changed": False,
}


@cache
def _wipe(name: str) -> Update:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return update(entry).where(entry.c.id.in_(select(wanted.c.value))).values(WIPED)


def wipe(connection: Connection, entry_ids: Iterable[int]) -> int:
    """Make entries stand as forgotten, without a word of what their feeds said; returns how many there are."""
    name = connection.dialect.name
    return connection.execute(_wipe(name), {"ids": dialect.pack(entry_ids, name)}).rowcount
