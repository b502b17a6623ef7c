"""Rows for other programs: what `export` writes, a page at a time, so that it takes little memory however many.

Each page is a short read of its own: a daemon may write meanwhile. What comes in after the beginning may be left out;
no row comes twice, and none is lost that was there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from storage.window import Cursor
from wirewatch.columns import Column
from wirewatch.feed_fields import EVENT, FEED
from wirewatch.fields import ARTICLE, ENTRY, MATCH, STORY, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from storage.listings import Listings
    from storage.window import By

#: Rows that are read at once, with copies and spans; articles bring their texts.
PAGE = 500

#: The columns of what can be exported; the same as of the listings, of articles also their texts.
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "matches": MATCH,
    "stories": STORY,
    "articles": (*ARTICLE, Column("text", TEXT, "the text, in paragraphs")),
    "entries": ENTRY,
    "feeds": FEED,
    "events": EVENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be exported."""

    what: str
    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: By = "first_seen"
    #: at most so many rows
    limit: int | None = None


def rows_of(listings: Listings, wanted: Wanted, *, page: int = PAGE) -> Iterator[Any]:
    """Yield the rows that are *wanted*, the newest first; feeds in the order in which they were added.

    Raises LookupError for a topic that does not exist, and StorageError.
    """
    if wanted.what == "feeds":
        yield from listings.feeds()[: wanted.limit]
        return
    topic, since, until, by = wanted.topic, wanted.since, wanted.until, wanted.by
    read: dict[str, Callable[..., Sequence[Any]]] = {
        "matches": partial(listings.matches, topic, since=since, until=until, by=by),
        "stories": partial(listings.stories, topic, since=since, until=until, by=by),
        "articles": partial(listings.articles, since=since, until=until, by=by),
        "entries": partial(listings.entries, since=since, until=until, by=by),
        "events": partial(listings.events, since=since, until=until),
    }
    for rows in _pages(read[wanted.what], "at" if wanted.what == "events" else wanted.by, wanted.limit, page):
        yield from rows if wanted.what != "articles" else _with_texts(listings, rows)


def _pages(read: Callable[..., Sequence[Any]], time: str, limit: int | None, page: int) -> Iterator[Sequence[Any]]:
    after: Cursor | None = None
    left = limit
    while left is None or left > 0:
        most = page if left is None else min(page, left)
        rows = read(limit=most, after=after)
        yield rows
        if len(rows) < most:
            return
        after = Cursor(time=getattr(rows[-1], time), id=rows[-1].id)
        left = None if left is None else left - len(rows)


def _with_texts(listings: Listings, rows: Sequence[Any]) -> Iterator[dict[str, object]]:
    texts = dict(listings.article_texts(row.id for row in rows))
    for row in rows:
        # One that was forgotten just now has none.
        if row.id in texts:
            yield {**{name: getattr(row, name) for name in row.__dataclass_fields__}, "text": texts[row.id]}


def topics_of(listings: Listings, wanted: Wanted) -> Iterator[Wanted]:
    """Yield for each topic in force, by name, what is wanted of it; of one topic, when that is asked for."""
    if wanted.topic is not None:
        yield wanted
        return
    for topic in listings.topics():
        if topic.is_active:
            yield replace(wanted, topic=topic.name)
