"""Reads the records of an archive, page by page, in the order of their ids. Read only; see `storage.archive.transfer`.

Every page is told by the id that it begins after, and ends at the highest id that there was when the export began: so
no row comes twice, and what a row names has come before it, whatever is stored meanwhile.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, select

from storage import dialect
from storage.archive.incoming_trails import trails_of
from storage.archive.names import among, anchors_of, keys_of, names_of, rows_by
from storage.archive.rows import (
    NO_ADDRESS,
    ArchivedArticle,
    ArchivedEntry,
    ArchivedEvent,
    ArchivedFeed,
    ArchivedForgotten,
    ArchivedMatch,
    ArchivedMove,
    ArchivedPage,
    ArchivedRelation,
    ArchivedSlot,
    ArchivedSpan,
    ArchivedTopic,
    ArchivedTopicChange,
    ArchivedTopicVersion,
    ArchivedVersion,
    ArchivedVersionChange,
)
from storage.tables import (
    article,
    article_address,
    article_version,
    entry,
    event,
    feed,
    feed_move,
    forgotten,
    match,
    raw_page,
    relation,
    story_alias,
    topic,
    topic_change,
    topic_version,
    version_change,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row, Select, Table

    from storage.archive.rows import Archived

#: Rows of a page. Articles are read with all their texts, some 10 kB each, more with their pages.
PAGE = 500
ARTICLES = 50


class Page(NamedTuple):
    """Some records, and what the next page begins after; None: there is none."""

    records: tuple[Archived, ...]
    after: Any


def bounds(connection: Connection) -> dict[str, int]:
    """The highest id of each table now, by its name."""
    tables = (feed, topic, entry, article, relation, match, event)
    return {
        each.name: connection.execute(select(func.coalesce(func.max(each.c.id), 0))).scalar_one() for each in tables
    }


def count(connection: Connection) -> int:
    """About how many records there are, for people who wait."""
    tables: tuple[Table, ...] = (forgotten, feed, topic, entry, article, relation, match, event)
    return sum(connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)


@cache
def _some(table: Table) -> Select[*tuple[Any, ...]]:
    return (
        select(table)
        .where(table.c.id > bindparam("after"), table.c.id <= bindparam("upto"))
        .order_by(table.c.id)
        .limit(bindparam("most"))
    )


def _rows(connection: Connection, table: Table, after: int, upto: int, most: int = PAGE) -> Sequence[Row[Any]]:
    return connection.execute(_some(table), {"after": after, "upto": upto, "most": most}).all()


def _page(rows: Sequence[Row[Any]], records: Iterable[Archived], most: int = PAGE) -> Page:
    return Page(tuple(records), rows[-1].id if len(rows) == most else None)


# --- what is short ----------------------------------------------------------------------------------


def forgotten_addresses(connection: Connection, after: str) -> Page:
    """Addresses, in their order."""
    statement = select(forgotten.c.address, forgotten.c.at).where(forgotten.c.address > after)
    # Of an article without an address, its entry says that it was forgotten.
    statement = statement.where(~forgotten.c.address.startswith(NO_ADDRESS))
    rows = connection.execute(statement.order_by(forgotten.c.address).limit(PAGE)).all()
    records = tuple(ArchivedForgotten(address=row.address, at=row.at) for row in rows)
    return Page(records, rows[-1].address if len(rows) == PAGE else None)


_MOVES = (
    select(feed_move)
    .where(feed_move.c.feed_id > bindparam("after"), feed_move.c.feed_id <= bindparam("last"))
    .order_by(feed_move.c.id)
)


def feeds(connection: Connection, after: int, upto: int) -> Page:
    """Feeds with their moves."""
    rows = _rows(connection, feed, after, upto)
    moves: defaultdict[int, list[ArchivedMove]] = defaultdict(list)
    if rows:
        for row in connection.execute(_MOVES, {"after": after, "last": rows[-1].id}):
            moves[row.feed_id].append(ArchivedMove(from_url=row.from_url, to_url=row.to_url, at=row.at))
    same = ("url", "fetch_url", "title", "given_title", "feed_format", "added_at", "last_document_at", "last_new_at")
    return _page(
        rows, (ArchivedFeed(**{name: getattr(row, name) for name in same}, moves=tuple(moves[row.id])) for row in rows)
    )


def topics(connection: Connection, after: int, upto: int) -> Page:
    """Topics with all their versions, and what was in force when."""
    rows = _rows(connection, topic, after, upto)
    span = topic_version.c.topic_id.between(after + 1, rows[-1].id) if rows else None
    versions: defaultdict[int, list[ArchivedTopicVersion]] = defaultdict(list)
    changes: defaultdict[int, list[ArchivedTopicChange]] = defaultdict(list)
    names: dict[int, str] = {}
    if span is not None:
        same = ("version", "source", "title", "file", "created_at")
        for row in connection.execute(select(topic_version).where(span).order_by(topic_version.c.id)):
            names[row.id] = row.version
            said = {name: getattr(row, name) for name in same}
            version = ArchivedTopicVersion(**said, tags=tuple(row.tags), langs=tuple(row.langs))
            versions[row.topic_id].append(version)
        of_page = topic_change.c.topic_id.between(after + 1, rows[-1].id)
        for row in connection.execute(select(topic_change).where(of_page).order_by(topic_change.c.id)):
            changes[row.topic_id].append(ArchivedTopicChange(version=names.get(row.topic_version_id), at=row.at))
    return _page(
        rows,
        (
            ArchivedTopic(
                name=row.name,
                version=names[row.version_id],
                versions=tuple(versions[row.id]),
                changes=tuple(changes[row.id]),
            )
            for row in rows
        ),
    )


_SAME_IN_ENTRY = (
    *("identity", "guid", "link", "page_address", "title", "author", "published", "updated", "text", "lang"),
    *("content_hash", "state", "reason", "detail", "text_from", "attempts", "checks", "next_try_at", "is_changed"),
    *("revision", "date_fault", "found_by"),
)


@cache
def _feed_urls(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(feed.c.id, feed.c.url).join(wanted, wanted.c.value == feed.c.id)


def _urls_of_feeds(connection: Connection, ids: Iterable[int | None]) -> dict[int | None, str]:
    return {row.id: row.url for row in among(connection, _feed_urls, (ident for ident in ids if ident is not None))}


def entries(connection: Connection, after: int, upto: int) -> Page:
    """Entries."""
    rows = _rows(connection, entry, after, upto)
    urls = _urls_of_feeds(connection, (row.feed_id for row in rows))
    return _page(
        rows,
        (
            ArchivedEntry(
                feed=urls[row.feed_id],
                sections=tuple(row.sections),
                first_seen=row.first_seen_at,
                last_seen=row.last_seen_at,
                **{name: getattr(row, name) for name in _SAME_IN_ENTRY},
            )
            for row in rows
        ),
    )


def events(connection: Connection, after: int, upto: int) -> Page:
    """Events."""
    rows = _rows(connection, event, after, upto)
    urls = _urls_of_feeds(connection, (row.feed_id for row in rows))
    keys = keys_of(connection, (row.entry_id for row in rows if row.entry_id is not None))
    return _page(
        rows,
        (
            ArchivedEvent(
                at=row.at,
                event=row.kind,
                feed=urls.get(row.feed_id),
                entry=keys.get(row.entry_id),
                site=row.site,
                detail=row.detail,
            )
            for row in rows
        ),
    )


# --- articles ---------------------------------------------------------------------------------------


_SAME_IN_VERSION = (
    *("text_hash", "title", "text", "text_from", "author", "published", "lang", "repaired", "raw_hash", "words"),
    *("extractor_version", "credit", "canonical", "pruned_at"),
)


def articles(connection: Connection, after: int, upto: int, *, raw_pages: bool) -> Page:
    """Articles with their texts, with *raw_pages* also with what these were read from."""
    rows = _rows(connection, article, after, upto, ARTICLES)
    ids = [row.id for row in rows]
    anchors = anchors_of(connection, (row.story_id for row in rows))
    names = names_of(connection, [*ids, *anchors.values()])
    versions = _versions(connection, ids, raw_pages=raw_pages)
    hashes = {ident: version.text_hash for of_one in versions.values() for ident, version in of_one}
    merged = Counter(row.new for row in among(connection, rows_by(story_alias, "new", "old"), anchors))
    changes: defaultdict[int, list[ArchivedVersionChange]] = defaultdict(list)
    for row in among(connection, rows_by(version_change, "article_id", "id"), ids):
        changes[row.article_id].append(ArchivedVersionChange(version=hashes[row.version_id], at=row.at))
    addresses: defaultdict[int, list[str]] = defaultdict(list)
    for row in among(connection, rows_by(article_address, "article_id", "address"), ids):
        if not row.address.startswith(NO_ADDRESS):
            addresses[row.article_id].append(row.address)
    led: defaultdict[int, list[int]] = defaultdict(list)
    for row in among(connection, _led_to, ids):
        led[row.article_id].append(row.id)
    keys = keys_of(connection, [*(row.entry_id for row in rows), *(each for of_one in led.values() for each in of_one)])
    records = (
        ArchivedArticle(
            url=names[row.id],
            source=row.source,
            entry=keys[row.entry_id],
            entries=tuple(keys[each] for each in led[row.id]),
            addresses=tuple(addresses[row.id]),
            etag=row.etag,
            last_modified=row.last_modified,
            published=row.published,
            first_seen=row.first_seen_at,
            dated_at=row.dated_at,
            story=None if anchors[row.story_id] == row.id else names[anchors[row.story_id]],
            merged=merged[row.story_id] if anchors[row.story_id] == row.id else 0,
            version=hashes[row.version_id],
            versions=tuple(version for _, version in versions[row.id]),
            changes=tuple(changes[row.id]),
        )
        for row in rows
    )
    return _page(rows, records, ARTICLES)


@cache
def _led_to(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = select(entry.c.id, entry.c.article_id).join(wanted, wanted.c.value == entry.c.article_id)
    return statement.order_by(entry.c.id)


def _versions(
    connection: Connection, ids: Iterable[int], *, raw_pages: bool
) -> defaultdict[int, list[tuple[int, ArchivedVersion]]]:
    rows = among(connection, rows_by(article_version, "article_id", "n"), ids)
    pages: dict[int, ArchivedPage] = {}
    if raw_pages:
        pages = {
            row.version_id: ArchivedPage(url=row.url, headers=row.headers, body_zstd=row.body, stored_at=row.created_at)
            for row in among(connection, rows_by(raw_page, "version_id", "version_id"), (row.id for row in rows))
        }
    versions: defaultdict[int, list[tuple[int, ArchivedVersion]]] = defaultdict(list)
    for row in rows:
        version = ArchivedVersion(
            sections=tuple(row.sections),
            first_seen=row.created_at,
            raw_page=pages.get(row.id),
            **{name: getattr(row, name) for name in _SAME_IN_VERSION},
        )
        versions[row.article_id].append((row.id, version))
    return versions


# --- what texts are to each other, and what they match ----------------------------------------------


@cache
def _hashes(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(article_version.c.id, article_version.c.text_hash).join(
        wanted, wanted.c.value == article_version.c.id
    )


def _hashes_of(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    return {row.id: row.text_hash for row in among(connection, _hashes, ids)}


_SAME_IN_RELATION = ("score", "share", "other_share", "start", "end", "other_start", "other_end", "retired_at")


def relations(connection: Connection, after: int, upto: int) -> Page:
    """Relations, also those that hold no more."""
    rows = _rows(connection, relation, after, upto)
    names = names_of(connection, (ident for row in rows for ident in (row.article_id, row.other_id)))
    hashes = _hashes_of(connection, (ident for row in rows for ident in (row.version_id, row.other_version_id)))
    return _page(
        rows,
        (
            ArchivedRelation(
                article=names[row.article_id],
                version=hashes[row.version_id],
                other=names[row.other_id],
                other_version=hashes[row.other_version_id],
                relation=row.kind,
                slots=tuple(ArchivedSlot(**slot) for slot in row.slots),
                found_at=row.created_at,
                **{name: getattr(row, name) for name in _SAME_IN_RELATION},
            )
            for row in rows
        ),
    )


@cache
def _topic_names(name: str) -> Select[Any]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(topic_version.c.id, topic.c.name, topic_version.c.version)
        .join(wanted, wanted.c.value == topic_version.c.id)
        .join(topic, topic.c.id == topic_version.c.topic_id)
    )


def matches(connection: Connection, after: int, upto: int) -> Page:
    """Matches, also those that were retired."""
    rows = _rows(connection, match, after, upto)
    names = names_of(connection, (row.article_id for row in rows))
    hashes = _hashes_of(connection, (row.version_id for row in rows))
    topics_by_id = {row.id: row for row in among(connection, _topic_names, (row.topic_version_id for row in rows))}
    return _page(
        rows,
        (
            ArchivedMatch(
                article=names[row.article_id],
                version=hashes[row.version_id],
                topic=topics_by_id[row.topic_version_id].name,
                topic_version=topics_by_id[row.topic_version_id].version,
                rules=tuple(row.rules),
                spans=tuple(ArchivedSpan(**span) for span in row.spans),
                matched_at=row.created_at,
                origin=row.origin,
                retired_at=row.retired_at,
            )
            for row in rows
        ),
    )


# --- trails of stories ------------------------------------------------------------------------------

_HOMES: Select[Any] = (
    select(article.c.id, article.c.story_id)
    .where(article.c.id > bindparam("after"), article.c.id <= bindparam("upto"))
    .order_by(article.c.id)
    .limit(bindparam("most"))
)


def stories(connection: Connection, after: int, upto: int) -> Page:
    """The trails of the stories whose first stored article is in the page; most have none."""
    rows = connection.execute(_HOMES, {"after": after, "upto": upto, "most": PAGE}).all()
    anchors = anchors_of(connection, (row.story_id for row in rows))
    own = [row.story_id for row in rows if anchors[row.story_id] == row.id]
    return _page(rows, trails_of(connection, own))
