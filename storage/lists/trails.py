"""The whole way of one entry, and which entries an address belongs to. Read only."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, func, literal, select

from storage import dialect
from storage.feed_tables import HAS_GUID_APART
from storage.lists import copy_lists, feed_lists, match_lists
from storage.lists.trail_records import FetchRecord, TrailArticle, TrailRecord
from storage.tables import article, article_address, article_version, entry, feed, fetch_log, raw_page, story

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import CompoundSelect, Connection, Row, Select

    from storage.lists.copy_lists import Member, Standing

#: What happened to an entry and its feed before that explains nothing any more.
MOST_EVENTS = 10

_ENTRY = select(
    entry.c.id,
    entry.c.feed_id,
    entry.c.article_id,
    entry.c.guid,
    entry.c.link,
    entry.c.page_address,
    entry.c.title,
    entry.c.published,
    entry.c.date_fault,
    func.coalesce(entry.c.found_by, "feed").label("found_by"),
    entry.c.first_seen_at.label("first_seen"),
    entry.c.last_seen_at.label("last_seen"),
    func.length(entry.c.text).label("feed_text"),
    entry.c.revision,
    entry.c.is_changed,
    entry.c.state,
    entry.c.reason,
    entry.c.detail,
    entry.c.text_from,
    entry.c.attempts,
    entry.c.checks,
    entry.c.next_try_at,
).where(entry.c.id == bindparam("entry_id"))

_FETCHES = (
    select(
        fetch_log.c.at,
        fetch_log.c.status,
        fetch_log.c.url,
        fetch_log.c.redirects,
        fetch_log.c.reason,
        fetch_log.c.detail,
    )
    .where(fetch_log.c.entry_id == bindparam("entry_id"))
    .order_by(fetch_log.c.at)
)


def _select_article() -> Select[*tuple[Any, ...]]:
    every = article_version.alias()
    return (
        select(
            article.c.id,
            article.c.url,
            article_version.c.title,
            article.c.first_seen_at.label("first_seen"),
            article_version.c.n.label("version"),
            select(func.count()).where(every.c.article_id == article.c.id).scalar_subquery().label("versions"),
            article_version.c.text_from,
            article_version.c.words,
            article_version.c.lang,
            article_version.c.repaired,
            raw_page.c.version_id.is_not(None).label("has_raw_page"),
            article.c.entry_id.label("entry"),
            article.c.story_id.label("story"),
            story.c.lead_article_id,
            article.c.version_id,
        )
        .join(article_version, article_version.c.id == article.c.version_id)
        .join(story, story.c.id == article.c.story_id)
        .outerjoin(raw_page, raw_page.c.version_id == article.c.version_id)
        .where(article.c.id == bindparam("article_id"))
    )


_ARTICLE = _select_article()


def trail(connection: Connection, entry_id: int, since: datetime | None) -> TrailRecord:
    """The whole way of one entry; gaps of its feed are counted from *since* on. Raises LookupError."""
    row = connection.execute(_ENTRY, {"entry_id": entry_id}).one_or_none()
    if row is None:
        raise LookupError(f"no entry {entry_id}")
    values = row._asdict()
    feed_id, article_id = values.pop("feed_id"), values.pop("article_id")
    found = None
    if article_id is not None:
        found = connection.execute(_ARTICLE, {"article_id": article_id}).one()
    return TrailRecord(
        **values,
        feed=feed_lists.feeds(connection, since, feed_id)[0],
        fetches=tuple(FetchRecord(**each._asdict()) for each in connection.execute(_FETCHES, {"entry_id": entry_id})),
        article=None if found is None else _article(connection, found),
        matches=() if found is None else match_lists.matches_of(connection, found.version_id),
        events=feed_lists.events_of_entry(connection, entry_id, feed_id, MOST_EVENTS),
    )


def _article(connection: Connection, row: Row[*tuple[Any, ...]]) -> TrailArticle:
    values = row._asdict()
    lead = values.pop("lead_article_id")
    del values["version_id"]
    carried = copy_lists.carried_by(connection, {row.story: lead})[row.story]
    members: dict[int, tuple[Member, Standing]] = {pair[0].id: pair for pair in carried.members}
    standing = members[row.id][1]
    relative = None if standing.relative is None else members.get(standing.relative)
    return TrailArticle(
        **values,
        is_lead=row.id == lead,
        kind=standing.kind,
        score=standing.score,
        relative=standing.relative,
        relative_url=None if relative is None else relative[0].url,
    )


# --- by address -------------------------------------------------------------------------------------


@cache
def _find(name: str) -> CompoundSelect[int]:
    """Walks through indexes: those of guids and of addresses of pages begin with the feed, so for each feed."""
    guids, identities, addresses, of_articles = (dialect.texts("wanted", name).alias(n) for n in ("g", "i", "a", "o"))
    of_any_feed = entry.c.feed_id.in_(select(feed.c.id))
    # Whatever led to it: an entry may have come by a redirect, or be of another feed.
    known = (
        select(article.c.id)
        .select_from(of_articles.join(article_address, article_address.c.address == of_articles.c.value))
        .join(article, article.c.id == article_address.c.article_id)
    ).subquery("known")
    by_article = select(entry.c.id.label("entry_id")).where(entry.c.article_id.in_(select(known.c.id)))
    return (
        select(entry.c.id.label("entry_id"))
        .where(of_any_feed, HAS_GUID_APART, entry.c.guid.in_(select(guids.c.value)))
        .union(
            select(entry.c.id.label("entry_id")).where(
                of_any_feed, entry.c.identity.in_(select(literal("guid:", Text) + identities.c.value))
            ),
            select(entry.c.id.label("entry_id")).where(
                of_any_feed, entry.c.page_address.in_(select(addresses.c.value))
            ),
            by_article,
        )
        .order_by("entry_id")
    )


@cache
def _find_link(name: str) -> Select[int]:
    """A walk through all entries."""
    wanted = dialect.texts("wanted", name).alias("wanted")
    return select(entry.c.id).where(entry.c.link.in_(select(wanted.c.value))).order_by(entry.c.id)


def find(connection: Connection, addresses: Iterable[str]) -> tuple[int, ...]:
    """The entries that have any of *addresses* as guid, page or article, else as link; the oldest first."""
    name = connection.dialect.name
    wanted = {"wanted": dialect.pack(addresses, name)}
    found = tuple(connection.execute(_find(name), wanted).scalars())
    return found or tuple(connection.execute(_find_link(name), wanted).scalars())
