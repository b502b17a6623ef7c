"""What the two steps need from the outside. `storage.store.Store` and `ingest.fetch.Fetcher` fulfil these.

Times are aware and in UTC everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from ingest.address import DEFAULT_TRACKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from ingest.copies.model import Candidates, Fingerprint, Placement
    from ingest.hosts import HostWait, RobotsFile
    from ingest.model import Entry, EntryOutcome, Item, Reading, Saved, StoredArticle
    from ingest.polling import ChangedEntry, Event, Feed, FeedDocument, KnownEntry, ListedEntry, NewEntry, Poll
    from ingest.site_rules import SiteRule
    from ingest.subscription import Subscription
    from ingest.web import NotModified, Page, Request
    from rules.match import RuleSet

T = TypeVar("T")


class Fetch(Protocol):
    """Makes one GET, politely and within bounds."""

    async def get(self, request: Request) -> Page | NotModified:
        """Return the whole answer, or NotModified where validators were given and still hold.

        Raises Transient or Permanent for everything else. Never more than one request per host at a
        time; waits for its turn.
        """
        ...


class Workers(Protocol):
    """Does the CPU work, in other processes or here. Every method may raise Transient or Permanent."""

    async def parse_feed(self, page: Page, trackers: tuple[str, ...]) -> FeedDocument:
        """*trackers* are the parameters that make no other page of an address.

        Raises Permanent(NOT_FEED, PARSE, TOO_LARGE or DECODE), Transient where what is compressed breaks off.
        """
        ...

    async def read_page(
        self,
        page: Page,
        address: str,
        entry: Entry,
        title: str,
        rules: RuleSet,
        *,
        site: SiteRule | None = None,
        trackers: tuple[str, ...] = DEFAULT_TRACKERS,
    ) -> Reading:
        """Decode, extract, repair, detect the language, take the fingerprint, match.

        *title* is the one the article shall bear; when empty, the page's own is used.
        *address* is the normalised final address, the identity of the article, unless the page evidently names another.
        *site* is the user's rule for the site, *trackers* are as for `parse_feed`.
        Raises `onward.LeadsOn` when the page leads to another one that may hold the article; Permanent(NOT_HTML,
        NOT_ARTICLE, PAYWALL, CONSENT, LOGIN, SCRIPT, SOFT_404, TOO_LARGE or TOO_COMPLEX), Transient(CHALLENGE or
        TOO_COMPLEX).
        """
        ...

    async def read_feed_text(self, entry: Entry, title: str, rules: RuleSet) -> Reading:
        """The same for the text that the feed gave (its title where there is no other).

        Raises Permanent(NOT_ARTICLE) when there is neither.
        """
        ...

    async def relate(self, reading: Reading, candidates: Candidates) -> Placement:
        """Compare with the candidates; see `copies.story.place`."""
        ...


class Store(Protocol):
    """The database as the steps see it.

    Synchronous and thread-safe; one method is one transaction. Running a step twice changes nothing.
    Any method can raise `storage.errors.StorageError`; LookupError for an id that does not exist.
    """

    def read_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make *calls* of this store's methods that read, on one state of it; return what each returned or raised."""
        ...

    def write_together(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Make *calls* of this store's methods that write; return what each returned or raised.

        They share a transaction, which is committed when this returns; a call that raises is undone alone.
        """
        ...

    def feed(self, feed_id: int) -> Feed:
        """The feed with this id."""
        ...

    def known_entries(self, feed_id: int, listed: Iterable[ListedEntry]) -> tuple[KnownEntry, ...]:
        """The entries of the feed that any of *listed* could be: same guid, same page address or same hash identity."""
        ...

    def record_poll(self, poll: Poll) -> tuple[int, ...]:
        """Store the outcome of a poll and its entries; return the ids of entries that now want a step.

        New entries that exist already (same feed and identity) are left as they are.
        """
        ...

    def record_found(
        self, feed_id: int, new: Iterable[NewEntry], now: datetime, *, changed: Iterable[ChangedEntry] = ()
    ) -> tuple[int, ...]:
        """Store entries that no poll has brought (a sitemap, a push, an archive); return the ids of those to be done.

        New entries that exist already (same feed and identity) are left as they are.
        """
        ...

    def record_events(self, events: Iterable[Event], now: datetime) -> None:
        """Store what happened outside of a poll."""
        ...

    def host_waits(self, now: datetime) -> tuple[HostWait, ...]:
        """The waits that are not over."""
        ...

    def keep_host_waits(self, waits: Iterable[HostWait]) -> None:
        """Store waits; an address that has one gets the new one. Those that are over may be forgotten."""
        ...

    def robots_files(self, now: datetime) -> tuple[RobotsFile, ...]:
        """The robots.txt files that still hold."""
        ...

    def keep_robots_files(self, files: Iterable[RobotsFile]) -> None:
        """Store files; an origin that has one gets the new one. Those that no longer hold may be forgotten."""
        ...

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions at hubs, in the order of their feeds."""
        ...

    def save_subscription(self, subscription: Subscription) -> None:
        """Store how the subscription of a feed stands; a feed has one at most."""
        ...

    def drop_subscription(self, feed_id: int) -> None:
        """Forget the subscription of a feed, if there is one."""
        ...

    def entry_and_article(self, entry_id: int) -> tuple[Entry, StoredArticle | None]:
        """The entry with this id, and the article known under its page's address."""
        ...

    def article_at(self, addresses: Iterable[str]) -> StoredArticle | None:
        """The article known under any of these normalised addresses."""
        ...

    def candidates(
        self, fingerprint: Fingerprint, *, site: str, since: datetime, known_as: int | None = None
    ) -> Candidates:
        """Articles first seen at or after *since* that share hashes with *fingerprint*, the most similar first.

        With what is known as furniture of their sites and of *site*, the host of the article. *known_as* is the
        article itself when it is stored already: it is not among them, but its relatives are, and the lead of its
        story, whatever they share.
        """
        ...

    def forgotten_among(self, addresses: Iterable[str]) -> frozenset[str]:
        """Those of these normalised addresses that articles had which were forgotten for good."""
        ...

    def save(self, item: Item) -> Saved | None:
        """Store article, version, fingerprint, relations, story, matches and the entry's outcome, all or nothing.

        None when one of the addresses was forgotten, which the entry then says, or when `item.reread` is out of date;
        nothing else is stored then. Raises Overtaken when `item.is_first` and the article is there with another text;
        Conflict when fingerprints newer than `item.seen` share hashes with this one.
        """
        ...

    def finish_entry(self, entry_id: int, outcome: EntryOutcome, *, article_id: int | None = None) -> None:
        """Store how an entry stands when there is nothing new to save; *article_id* links it to a stored article."""
        ...
