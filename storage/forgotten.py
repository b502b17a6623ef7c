"""Articles that were forgotten for good: what is deleted, what is remembered, and that it never comes back.

All that says or quotes a word of the article goes: its versions, pages, matches, relations, its place in the index and
among the fingerprints, and what feeds say of it. What stays are its number and its addresses, so that it is known when
it is listed again, and its entries, each where it was and with the reason that there is nothing more of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, or_, select, update

from rules.text import TOKENIZER_VERSION, tokenize
from storage import dialect, direct, entries, fingerprints, stories
from storage.tables import (
    article,
    article_address,
    article_version,
    entry,
    feed,
    fetch_log,
    forgotten,
    match,
    raw_page,
    relation,
    story_change,
    story_stay,
    version_change,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import CompoundSelect, Connection, Insert, Select, Update


class IndexedOtherwiseError(Exception):
    """Another tokenizer has put the article into the index of the search: this one cannot find its words there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenRecord:
    """An address of an article that was forgotten."""

    address: str
    #: number of the article; null where it was known by its address alone
    article: int | None
    forgotten_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgot:
    """What forgetting an article took away."""

    article: int
    addresses: tuple[str, ...]
    #: number of its texts, pages and matches, and of the entries that brought it
    versions: int
    pages: int
    matches: int
    entries: int


# --- what is known of it ----------------------------------------------------------------------------


@cache
def among(name: str) -> Select[str]:
    """Those of the parameter "addresses" that were forgotten."""
    wanted = dialect.texts("addresses", name).alias("wanted")
    return select(forgotten.c.address).join(wanted, wanted.c.value == forgotten.c.address)


def forgotten_among(connection: Connection, addresses: Iterable[str]) -> frozenset[str]:
    """Those of *addresses*, given as addresses of pages are stored, that articles had which were forgotten."""
    name = connection.dialect.name
    rows = direct.rows(connection, among(name), {"addresses": dialect.pack(addresses, name)})
    return frozenset(row.address for row in rows)


_RECORDS = select(forgotten.c.address, forgotten.c.article_id, forgotten.c.at)


def list_forgotten(
    connection: Connection, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
) -> tuple[ForgottenRecord, ...]:
    """The addresses that were forgotten, the last ones first."""
    statement = _RECORDS.order_by(forgotten.c.at.desc(), forgotten.c.address).limit(limit)
    if since is not None:
        statement = statement.where(forgotten.c.at >= since)
    if until is not None:
        statement = statement.where(forgotten.c.at < until)
    rows = connection.execute(statement)
    return tuple(ForgottenRecord(address=row[0], article=row[1], forgotten_at=row[2]) for row in rows)


def forgotten_at(connection: Connection, article_id: int) -> datetime | None:
    """When the article of this number was forgotten; None: it was not."""
    statement = select(func.min(forgotten.c.at)).where(forgotten.c.article_id == article_id)
    found: datetime | None = connection.execute(statement).scalar()
    return found


def is_any_forgotten(connection: Connection, article_ids: Iterable[int]) -> bool:
    """Whether any article of these numbers was forgotten."""
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = select(forgotten.c.address).join(wanted, wanted.c.value == forgotten.c.article_id).limit(1)
    return connection.execute(statement, {"ids": dialect.pack(article_ids, name)}).first() is not None


# --- forgetting -------------------------------------------------------------------------------------

_OWN = bindparam("own", type_=article.c.id.type)
_ARTICLE = select(article.c.url, article.c.entry_id, article.c.story_id).where(article.c.id == _OWN)
_ADDRESSES = select(article_address.c.address).where(article_address.c.article_id == _OWN)
_VERSIONS = select(
    article_version.c.id, article_version.c.title, article_version.c.text, article_version.c.tokenizer_version
).where(article_version.c.article_id == _OWN, article_version.c.pruned_at.is_(None))
_DETACH = update(article).where(article.c.id == _OWN).values(story_id=None, version_id=None)
_OF_IT = select(article_version.c.id).where(article_version.c.article_id == _OWN)
_DROP_RELATIONS = delete(relation).where(or_(relation.c.article_id == _OWN, relation.c.other_id == _OWN))
_DROP_MATCHES = delete(match).where(match.c.article_id == _OWN)
_DROP_PAGES = delete(raw_page).where(raw_page.c.version_id.in_(_OF_IT))
_DROP_VERSIONS = delete(article_version).where(article_version.c.article_id == _OWN)
#: What refers to it beside these, and says nothing of it without it.
_DROP_REST = tuple(
    delete(table).where(table.c.article_id == _OWN)
    for table in (version_change, story_change, story_stay, article_address)
)
_DROP = delete(article).where(article.c.id == _OWN)


@cache
def _entries(name: str) -> CompoundSelect[int]:
    """The entries of an article: those that became it, and those that would, by the address of their page."""
    wanted = dialect.texts("addresses", name).alias("wanted")
    linked = select(entry.c.id).where(entry.c.article_id == _OWN)
    # The index of the addresses of pages begins with the feed.
    listed = select(entry.c.id).where(
        entry.c.feed_id.in_(select(feed.c.id)), entry.c.page_address.in_(select(wanted.c.value))
    )
    return linked.union(listed)


@cache
def _remember(name: str) -> Insert:
    return dialect.insert(forgotten, name).on_conflict_do_nothing(index_elements=["address"])


@cache
def _silence(name: str) -> Update:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        update(fetch_log)
        .where(fetch_log.c.entry_id.in_(select(wanted.c.value)), fetch_log.c.detail.is_not(None))
        .values(detail=None)
    )


def forget(connection: Connection, article_id: int, now: datetime) -> Forgot:
    """Delete all that is stored of an article, and remember its addresses.

    Raises LookupError for an article that does not exist, and IndexedOtherwiseError when its words cannot be found in
    the index of the search; nothing is deleted then.
    """
    own = {"own": article_id}
    row = connection.execute(_ARTICLE, own).one_or_none()
    if row is None:
        raise LookupError(f"no article {article_id}")
    versions = connection.execute(_VERSIONS, own).all()
    if any(each.tokenizer_version != TOKENIZER_VERSION for each in versions):
        raise IndexedOtherwiseError(f"article {article_id} stands in the index by another tokenizer")
    for each in versions:
        title, text = (dialect.index_line(tokenize(line).folded) for line in (each.title, each.text))
        dialect.remove_from_index(connection, each.id, title, text)
    addresses = tuple(sorted({row.url, *connection.execute(_ADDRESSES, own).scalars()}))
    name = connection.dialect.name
    packed = {"addresses": dialect.pack(addresses, name)}
    entry_ids = sorted({row.entry_id, *connection.execute(_entries(name), own | packed).scalars()})
    # First what refers to it, then the article: no reference is ever left without its row.
    entries.wipe(connection, entry_ids)
    connection.execute(_silence(name), {"ids": dialect.pack(entry_ids, name)})
    connection.execute(_DETACH, own)
    stories.withdraw(connection, row.story_id, article_id, now)
    connection.execute(_DROP_RELATIONS, own)
    matches = connection.execute(_DROP_MATCHES, own).rowcount
    fingerprints.drop(connection, article_id)
    pages = connection.execute(_DROP_PAGES, own).rowcount
    for statement in _DROP_REST:
        connection.execute(statement, own)
    connection.execute(_DROP_VERSIONS, own)
    connection.execute(_DROP, own)
    connection.execute(_remember(name), [{"address": each, "article_id": article_id, "at": now} for each in addresses])
    return Forgot(
        article=article_id,
        addresses=addresses,
        versions=len(versions),
        pages=pages,
        matches=matches,
        entries=len(entry_ids),
    )
