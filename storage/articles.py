"""Rows of articles and their versions; `save`, which stores all that a step learned about an entry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, func, select, update

from ingest.errors import Conflict, Overtaken, Reason
from ingest.model import EntryOutcome, EntryState, Saved, StoredArticle, TextFrom, date_of
from rules.text import TOKENIZER_VERSION, tokenize
from storage import dialect, direct, entries, fingerprints, forgotten, matches, raw_pages, relations, stories, topics
from storage.redo import runs
from storage.tables import article, article_address, article_version, entry, version_change

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Insert, Row, Select

    from ingest.model import Article, Item, Reread
    from ingest.web import Page
    from storage.sites import Sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What `save` needs of an item beside the item: made before the transaction, so that it stays short."""

    index_title: str
    index_text: str
    words: int
    body: bytes | None


def prepare(item: Item) -> Prepared:
    """Compress the page, and tokenise the text for search where the worker has not sent that along."""
    read = item.reading.article
    title, text = item.reading.index_lines or (
        dialect.index_line(tokenize(read.title).folded),
        dialect.index_line(tokenize(read.text).folded),
    )
    return Prepared(
        index_title=title,
        index_text=text,
        words=text.count(" ") + 1 if text else 0,
        body=None if item.page is None else raw_pages.compress(item.page.body),
    )


# --- looking up -------------------------------------------------------------------------------------


@cache
def _at(name: str) -> Select[*tuple[Any, ...]]:
    addresses = dialect.texts("addresses", name).alias("addresses")
    return (
        select(
            article.c.id,
            article.c.url,
            article_version.c.title,
            article.c.story_id,
            article_version.c.text_from,
            article.c.etag,
            article.c.last_modified,
            article.c.entry_id,
            article_version.c.text_hash,
            article.c.version_id,
            article.c.first_seen_at,
            article.c.dated_at,
        )
        .select_from(addresses.join(article_address, article_address.c.address == addresses.c.value))
        .join(article, article.c.id == article_address.c.article_id)
        .join(article_version, article_version.c.id == article.c.version_id)
        .order_by(case((article.c.url == bindparam("url"), 0), else_=1), article.c.id)
        .limit(1)
    )


def at(connection: Connection, addresses: Iterable[str]) -> StoredArticle | None:
    """The article known under any of *addresses*, the oldest if there are several."""
    row = _find(connection, addresses, None)
    if row is None:
        return None
    values = row._asdict()
    for name in ("version_id", "first_seen_at", "dated_at"):
        del values[name]
    values["text_from"] = TextFrom(values["text_from"])
    return StoredArticle(**values)


def _find(connection: Connection, addresses: Iterable[str], url: str | None) -> Row[*tuple[Any, ...]] | None:
    name = connection.dialect.name
    return direct.first(connection, _at(name), {"addresses": dialect.pack(addresses, name), "url": url})


# --- saving -----------------------------------------------------------------------------------------


@cache
def _entry(name: str) -> Select[int, str, bool]:
    """What the feed says of it, and whether an article of any of some addresses was forgotten."""
    was_forgotten = forgotten.among(name).exists().label("was_forgotten")
    return select(entry.c.id, entry.c.text, was_forgotten).where(entry.c.id == bindparam("entry_id"))


_VERSION = select(article_version.c.id, article_version.c.pruned_at).where(
    article_version.c.article_id == bindparam("article_id"), article_version.c.text_hash == bindparam("text_hash")
)
_LAST_N = select(func.max(article_version.c.n)).where(article_version.c.article_id == bindparam("article_id"))
_UPDATE = update(article).where(article.c.id == bindparam("own"))
_PLACE = _UPDATE.values(version_id=bindparam("current"), story_id=bindparam("home"))
_SHOW = _UPDATE.values(
    version_id=bindparam("current"),
    published=bindparam("date"),
    dated_at=bindparam("counts_as"),
    url=bindparam("address"),
    source=bindparam("host"),
)
#: Within a function a value has no type but the one that is said.
_PUBLISHED = bindparam("date", type_=article.c.published.type)
_DATE = _UPDATE.values(published=bindparam("date"), dated_at=bindparam("counts_as"))
_MOVE = _UPDATE.values(url=bindparam("address"), source=bindparam("host"))
_VALIDATE = _UPDATE.values(etag=bindparam("new_etag"), last_modified=bindparam("new_last_modified"))
#: The page turned out to say what the feed had said already: from now on the text is the page's.
_CONFIRM = (
    update(article_version)
    .where(
        and_(
            article_version.c.id == bindparam("current"),
            article_version.c.text_from == TextFrom.FEED,
        )
    )
    .values(
        text_from=TextFrom.PAGE,
        author=func.coalesce(bindparam("by"), article_version.c.author),
        published=func.coalesce(_PUBLISHED, article_version.c.published),
        lang=func.coalesce(bindparam("language"), article_version.c.lang),
        repaired=bindparam("undone"),
        raw_hash=bindparam("hash"),
        credit=func.coalesce(bindparam("agency"), article_version.c.credit),
        canonical=bindparam("original"),
    )
)


@cache
def _add_address(name: str) -> Insert:
    return dialect.insert(article_address, name).on_conflict_do_nothing(index_elements=["address"])


#: An article shows a text again that was dropped because it was old.
_BROUGHT_BACK = (
    update(article_version)
    .where(article_version.c.id == bindparam("own"))
    .values(
        title=bindparam("new_title"),
        text=bindparam("new_text"),
        pruned_at=None,
        tokenizer_version=TOKENIZER_VERSION,
    )
)


def save(
    connection: Connection, item: Item, prepared: Prepared, extractor_version: int, memories: Sites
) -> Saved | None:
    """Store what a step learned. See `ports.Store.save`.

    Raises Conflict, Overtaken, and LookupError for an entry, story, article or topic version that does not exist.
    """
    name = connection.dialect.name
    addresses = dialect.pack({item.reading.article.url, *item.addresses}, name)
    row = direct.first(connection, _entry(name), {"entry_id": item.entry_id, "addresses": addresses})
    if row is None:
        raise LookupError(f"no entry {item.entry_id}")
    if row.was_forgotten:
        entries.finish(connection, item.entry_id, _forgotten(item), None)
        return None
    try:
        saved = _save(connection, item, prepared, extractor_version, memories)
    except LookupError as error:
        if forgotten.is_any_forgotten(connection, (each.to for each in item.placement.relations)):
            # Since the step looked for candidates. What was written until now is undone with this.
            raise Conflict(f"an article that it was compared with was forgotten: {error}") from error
        raise
    if saved is not None:
        _finish_entry(connection, item, saved.article_id, row.text)
    return saved


def _forgotten(item: Item) -> EntryOutcome:
    """The entry leads to an article that was forgotten, by its own address or by what its page says of itself."""
    fetched = None if item.outcome is None else item.outcome.fetched
    return EntryOutcome(state=EntryState.DONE, reason=Reason.FORGOTTEN, fetched=fetched)


def _is_out_of_date(connection: Connection, reread: Reread, found: Row[*tuple[Any, ...]] | None) -> bool:
    """Whether the article shows another text by now, or is gone, or other rules are in force than it was judged by."""
    if found is None or found.version_id != reread.version_id:
        return True
    return topics.versions(connection) != reread.topics


def _save(
    connection: Connection, item: Item, prepared: Prepared, extractor_version: int, memories: Sites
) -> Saved | None:
    read = item.reading.article
    found = _find(connection, {read.url, *item.addresses}, read.url)
    if item.reread is not None and _is_out_of_date(connection, item.reread, found):
        return None
    is_known = found is not None and found.text_hash == read.text_hash
    is_first_page = False
    if found is not None and is_known:
        saved = Saved(article_id=found.id, story_id=found.story_id, is_new_version=False)
        version_id = found.version_id
        is_first_page = _confirm(connection, read, found, item.now)
        if item.page is not None:
            connection.execute(_VALIDATE, {"own": found.id, **_validators(item.page)})
            if is_first_page and prepared.body is not None:
                raw_pages.keep(connection, version_id, item.page, prepared.body, item.now)
    else:
        if found is not None and item.is_first:
            # By another link to the same page, at which another process was at work in the same moment. What this one
            # was judged by and compared with is of an article that nobody knew.
            raise Overtaken(f"article {found.id} came in meanwhile")
        fingerprints.refuse_if_newer(
            connection, item.reading.fingerprint, item.seen, None if found is None else found.id
        )
        if found is None:
            saved, version_id = _save_new(connection, item, prepared, extractor_version)
        else:
            saved, version_id = _save_again(connection, item, prepared, extractor_version, found)
        memories.remember(connection, read.source, read.url, item.reading.fingerprint)
        if item.page is not None and prepared.body is not None:
            raw_pages.keep(connection, version_id, item.page, prepared.body, item.now)
    _add_addresses(connection, saved.article_id, {read.url, *item.addresses})
    is_late = matches.add(connection, item.reading, saved.article_id, version_id, item.now)
    if is_known and (is_first_page or is_late):
        # A back-fill may have passed this text; now it comes last, and is judged by what is in force.
        fingerprints.replace(connection, saved.article_id, version_id, item.reading.fingerprint, item.now)
    if item.reread is not None:
        runs.keep_reread(connection, item.reread, version_id, extractor_version)
    return saved


def _finish_entry(connection: Connection, item: Item, article_id: int, feed_text: str) -> None:
    if item.outcome is not None:
        entries.finish(connection, item.entry_id, item.outcome, article_id, is_just_saved=True)
        if item.reading.article.text_from is TextFrom.PAGE:
            entries.keep_text_once(connection, item.entry_id, feed_text, item.reading.article.text)


def _add_addresses(connection: Connection, article_id: int, urls: Iterable[str]) -> None:
    add = _add_address(connection.dialect.name)
    for url in sorted(urls):
        direct.change(connection, add, {"address": url, "article_id": article_id})


def _save_new(connection: Connection, item: Item, prepared: Prepared, extractor_version: int) -> tuple[Saved, int]:
    read = item.reading.article
    dated_at = date_of(read.published, item.now)
    values = {
        "url": read.url,
        "source": read.source,
        "entry_id": item.entry_id,
        "published": read.published,
        "first_seen_at": item.now,
        "dated_at": dated_at,
        "etag": None if item.page is None else item.page.etag,
        "last_modified": None if item.page is None else item.page.last_modified,
    }
    article_id = direct.insert_row(connection, article, values)
    version_id = _add_version(connection, item, prepared, extractor_version, article_id, 1)
    own = stories.Member(article_id, item.now, dated_at)
    story_id = stories.place_new(connection, own, item.placement, item.now)
    direct.change(connection, _PLACE, {"own": article_id, "current": version_id, "home": story_id})
    fingerprints.add(connection, article_id, version_id, item.reading.fingerprint, item.now)
    relations.add(connection, article_id, version_id, item.placement.relations, item.now)
    return Saved(article_id=article_id, story_id=story_id, is_new_version=True), version_id


def _save_again(
    connection: Connection,
    item: Item,
    prepared: Prepared,
    extractor_version: int,
    found: Row[*tuple[Any, ...]],
) -> tuple[Saved, int]:
    """Add a version to a stored article, or make an earlier one current again."""
    read = item.reading.article
    earlier = connection.execute(_VERSION, {"article_id": found.id, "text_hash": read.text_hash}).first()
    if earlier is None:
        n = connection.execute(_LAST_N, {"article_id": found.id}).scalar_one() + 1
        version_id = _add_version(connection, item, prepared, extractor_version, found.id, n)
    else:
        version_id = earlier.id
        if earlier.pruned_at is not None:
            values = {"own": version_id, "new_title": read.title, "new_text": read.text}
            connection.execute(_BROUGHT_BACK, values)
            dialect.add_again_to_index(connection, version_id, prepared.index_title, prepared.index_text)
    change = {"article_id": found.id, "version_id": version_id, "at": item.now}
    direct.insert_row(connection, version_change, change)
    # The page behind a feed's text may have moved on from the address that the feed gave.
    is_first_page = found.text_from == TextFrom.FEED and read.text_from is TextFrom.PAGE
    own = stories.Member(found.id, found.first_seen_at, date_of(read.published, found.first_seen_at))
    values = {
        "own": found.id,
        "current": version_id,
        "date": read.published,
        "counts_as": own.dated_at,
        "address": read.url if is_first_page else found.url,
        "host": read.source,
    }
    connection.execute(_SHOW, values)
    if item.page is not None:
        connection.execute(_VALIDATE, {"own": found.id, **_validators(item.page)})
    story_id = _place_again(connection, item, own, found)
    fingerprints.replace(connection, found.id, version_id, item.reading.fingerprint, item.now)
    relations.add(connection, found.id, version_id, item.placement.relations, item.now)
    return Saved(article_id=found.id, story_id=story_id, is_new_version=True), version_id


def _place_again(connection: Connection, item: Item, own: stories.Member, found: Row[*tuple[Any, ...]]) -> int:
    """Let the new version decide what the article is to others and where it belongs; return its story."""
    # Those that it was compared with, see `fingerprints.candidates`; of the others nothing new is known.
    compared = relations.relatives_of(connection, own.id).union(each.to for each in item.placement.relations)
    if own.dated_at != found.dated_at:
        stories.redate(connection, own, found.story_id, item.now)
    placed = stories.place_again(connection, own, found.story_id, item.placement, item.now)
    relations.retire(connection, own.id, None if placed.has_left else compared, item.now)
    return placed.story_id


def _add_version(
    connection: Connection, item: Item, prepared: Prepared, extractor_version: int, article_id: int, n: int
) -> int:
    read = item.reading.article
    values = {
        "article_id": article_id,
        "n": n,
        "title": read.title,
        "text": read.text,
        "text_hash": read.text_hash,
        "text_from": read.text_from,
        "author": read.author,
        "published": read.published,
        "lang": read.lang,
        "sections": list(read.sections),
        "repaired": read.repaired,
        "raw_hash": read.raw_hash,
        "words": prepared.words,
        "extractor_version": extractor_version,
        "tokenizer_version": TOKENIZER_VERSION,
        "fingerprint_alg": item.reading.fingerprint.alg,
        "created_at": item.now,
        "credit": read.credit,
        "canonical": read.canonical,
    }
    version_id = direct.insert_row(connection, article_version, values)
    dialect.add_to_index(connection, version_id, prepared.index_title, prepared.index_text)
    return version_id


def _validators(page: Page) -> dict[str, str | None]:
    return {"new_etag": page.etag, "new_last_modified": page.last_modified}


def _confirm(connection: Connection, read: Article, found: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Take over what a page says that has the same text as the feed; return whether it is the first to do so."""
    if read.text_from is not TextFrom.PAGE:
        return False
    values = {
        "current": found.version_id,
        "by": read.author,
        "date": read.published,
        "language": read.lang,
        "undone": read.repaired,
        "hash": read.raw_hash,
        "agency": read.credit,
        "original": read.canonical,
    }
    if not connection.execute(_CONFIRM, values).rowcount:
        return False
    if read.published is not None:
        own = stories.Member(found.id, found.first_seen_at, date_of(read.published, found.first_seen_at))
        connection.execute(_DATE, {"own": own.id, "date": read.published, "counts_as": own.dated_at})
        if own.dated_at != found.dated_at:
            stories.redate(connection, own, found.story_id, now)
    connection.execute(_MOVE, {"own": found.id, "address": read.url, "host": read.source})
    return True
