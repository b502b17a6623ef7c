"""Short ways to make what a store is given. Tests get this module as the fixture `make`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingest.copies.model import Fingerprint, Passage, Placement, Relation, RelationKind
from ingest.model import Article, EntryOutcome, EntryState, Fetched, Item, Reading, TextFrom
from ingest.polling import ConfiguredFeed, FeedState, ListedEntry, NewEntry, Poll, PollPlan
from ingest.subscription import Subscription, SubscriptionState
from ingest.web import Page
from storage import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ingest.model import Entry
    from storage.store import Store

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
#: a look-up that saw everything
LATEST = 2**60
URL = "https://news.example/1"


@dataclass
class Newsroom:
    """Fills a store by its own methods."""

    store: Store
    feed_id: int = 0
    configured: list[ConfiguredFeed] = field(default_factory=list)
    made: dict[str, int] = field(default_factory=dict)

    def feed(self, url: str = "https://news.example/feed") -> int:
        if url not in {each.url for each in self.configured}:
            self.configured.append(ConfiguredFeed(url=url))
        self.store.sync_feeds(self.configured, T0)
        known = {self.store.feed(due.id).url: due.id for due in self.store.due_feeds(T0, 99, is_everything_due=True)}
        self.feed_id = known[url]
        return self.feed_id

    def poll(self, *new: NewEntry, at: datetime = T0, **given: Any) -> tuple[int, ...]:
        return self.store.record_poll(poll(self.feed_id, *new, at=at, **given))

    def entry(self, url: str = URL, *, at: datetime = T0) -> int:
        """The id of an entry whose page is *url*; listed in a poll when it is not known."""
        if not self.feed_id:
            self.feed()
        if url not in self.made:
            (self.made[url],) = self.poll(new_entry(url), at=at)
        return self.made[url]

    def save(self, url: str = URL, *, at: datetime = T0, entry_url: str | None = None, **given: Any) -> Any:
        return self.store.save(self.item(url, at=at, entry_url=entry_url, **given))

    def item(self, url: str = URL, *, at: datetime = T0, entry_url: str | None = None, **given: Any) -> Item:
        """An item for the entry of *url*; *given*: fields of Item, Reading, Article or Placement by name."""
        return item(self.entry(entry_url or url, at=at), url, at=at, **given)


def stored(store: Store, entry_id: int) -> Entry:
    """The entry with this id, as the store has it."""
    return store.entry_and_article(entry_id)[0]


def feeds(*urls: str, **titles: str) -> list[ConfiguredFeed]:
    """Configured feeds without a title, and those of *titles*: title → address."""
    return [ConfiguredFeed(url=url) for url in urls] + [
        ConfiguredFeed(url=url, title=title) for title, url in titles.items()
    ]


def listed(url: str | None = URL, **given: Any) -> ListedEntry:
    values: dict[str, Any] = {
        "guid": None if url is None else f"tag:{url}",
        "link": url,
        "page_address": url,
        "title": "A title",
        "author": None,
        "published": None,
        "updated": None,
        "text": "A summary.",
        "lang": None,
    }
    return ListedEntry(**(values | given))


def new_entry(url: str = URL, **given: Any) -> NewEntry:
    entry = listed(url, **given)
    content_hash = hashlib.sha256(repr(entry).encode()).hexdigest()
    return NewEntry(identity=f"guid:{entry.guid}", content_hash=content_hash, listed=entry)


PLAN = PollPlan(state=FeedState.ACTIVE, interval_s=1800, failures=0, next_poll_at=T0 + 30 * MINUTE)


def poll(feed_id: int, *new: NewEntry, at: datetime = T0, **given: Any) -> Poll:
    values: dict[str, Any] = {
        "feed_id": feed_id,
        "polled_at": at,
        "plan": PLAN,
        "status": 200,
        "is_document": True,
        "listed_count": len(new),
        "new": new,
    }
    return Poll(**(values | given))


def subscription(feed_id: int, **given: Any) -> Subscription:
    values: dict[str, Any] = {
        "feed_id": feed_id,
        "hub": "https://hub.example/",
        "topic": "https://news.example/feed",
        "token": "a token",
        "secret": "a secret",
        "state": SubscriptionState.PENDING,
        "lease_until": None,
        "asked_at": T0,
    }
    return Subscription(**(values | given))


def fetched(at: datetime = T0, **given: Any) -> Fetched:
    return Fetched(**({"at": at, "status": 200, "url": URL} | given))


DONE = EntryOutcome(state=EntryState.DONE, text_from=TextFrom.PAGE)


def item(entry_id: int, url: str = URL, *, at: datetime = T0, **given: Any) -> Item:
    article: dict[str, Any] = {
        "url": url,
        "source": "news.example",
        "title": "A title",
        "text": f"Some text of {url}.",
        "author": None,
        "published": None,
        "lang": "en",
        "sections": (),
        "text_from": TextFrom.PAGE,
        "repaired": None,
        "raw_hash": None,
        "credit": None,
        "canonical": None,
    }
    article |= {name: given.pop(name) for name in tuple(given) if name in article}
    reading = {"fingerprint": Fingerprint(alg=1, hashes=()), "matches": (), "index_lines": None}
    reading |= {name: given.pop(name) for name in tuple(given) if name in reading}
    placement = {name: given.pop(name) for name in ("story_id", "relations", "merges") if name in given}
    values: dict[str, Any] = {
        "entry_id": entry_id,
        "now": at,
        "outcome": DONE,
        "reading": Reading(article=Article(**article), **reading),
        "placement": Placement(**placement),
        "seen": LATEST,
        "addresses": (url,),
    }
    return Item(**(values | given))


def page(url: str = URL, body: bytes = b"<p>Some text</p>", **headers: str) -> Page:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(requested_url=url, url=url, moved_to=None, status=200, headers=names, body=body)


def hashes(*numbers: int, alg: int = 1, title: int = 0) -> Fingerprint:
    return Fingerprint(alg=alg, hashes=tuple(sorted(set(numbers))), title=title)


def relation(to: int, kind: RelationKind = RelationKind.COPY, score: float = 0.9, **given: Any) -> Relation:
    values: dict[str, Any] = {
        "to": to,
        "kind": kind,
        "score": score,
        "share": score,
        "other_share": score,
        "passage": Passage(start=0, end=4, other_start=5, other_end=9),
    }
    return Relation(**(values | given))


def clear_tables(connection: Connection) -> None:
    """Empty all our tables, on either database; ids begin at 1 again."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables.metadata.sorted_tables)
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    else:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in tables.metadata.sorted_tables:
            connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
