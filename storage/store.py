"""The store: all that the steps and the daemon read and write, one method a transaction.

Writes run one after the other in a thread of their own (`engine.Writer`), reads in the calling thread on
connections that cannot write. Every method is safe to call from any thread, and a write called twice with
the same arguments changes nothing the second time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ingest.model import EXTRACTOR_VERSION
from storage import (
    articles,
    backfills,
    dialect,
    engine,
    entries,
    events,
    feeds,
    fingerprints,
    forgotten,
    hosts,
    polls,
    postings,
    rebuilds,
    samples,
    sites,
    subscriptions,
    topics,
)
from storage.connected import Connected
from storage.jobs import board
from storage.redo import redoing
from storage.upkeep import clock, reach
from storage.upkeep import prune as pruning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from ingest.copies.model import Candidates, Fingerprint, Placement
    from ingest.hosts import HostWait, RobotsFile, SiteSample
    from ingest.model import Due, Entry, EntryOutcome, Item, Reading, Saved, StoredArticle
    from ingest.polling import ChangedEntry, ConfiguredFeed, Event, Feed, KnownEntry, ListedEntry, NewEntry, Poll
    from ingest.subscription import HubFeed, Subscription
    from rules.errors import RuleError
    from rules.topic import Topic
    from storage.backfills import BackfillRun, BackfillSpan
    from storage.matches import Judged
    from storage.rebuilds import ReadAnew, RebuildRun, RebuildSpan, TextToCompare
    from storage.texts import StoredText
    from storage.upkeep.prune import Old


class Store(Connected):
    """The database at *url* (see `address.read_address`); it fulfils `ingest.ports.Store`.

    Nothing is opened before it is needed. Any method can raise a StorageError, also one that says that the
    database is missing or not of this version; LookupError is raised for an id that does not exist.
    *extractor_version* is stored with each text, so that it can be read again when there is a better one. *hands_out*:
    for new entries jobs are made in the same transaction, for whatever worker is free (`storage.jobs`).
    """

    def __init__(
        self,
        url: str,
        *,
        extractor_version: int = EXTRACTOR_VERSION,
        synchronous: engine.Synchronous = "NORMAL",
        busy_timeout_s: float = engine.BUSY_TIMEOUT_S,
        hands_out: bool = False,
    ) -> None:
        super().__init__(url, synchronous=synchronous, busy_timeout_s=busy_timeout_s)
        self._extractor_version = extractor_version
        self._tail = postings.Tail()
        self._sites = sites.Sites()
        #: adds to work that returns ids of entries the jobs for these, where they are handed out
        self._with_jobs = board.with_jobs if hands_out else lambda work: work
        self.redo = redoing.Redo(self._reader, self._writer, extractor_version)
        self.jobs = board.JobBoard(self._reader, self._writer, self._subject)

    # --- feeds --------------------------------------------------------------------------------------

    def sync_feeds(self, configured: Iterable[ConfiguredFeed], now: datetime) -> None:
        """Poll exactly the *configured* feeds.

        New ones are due at once, those no longer configured become *removed* and keep their history, paused ones are
        not polled, and those that come back from either are active and due again.
        """
        self._write(partial(feeds.sync, configured=tuple(configured), now=now))

    def feed(self, feed_id: int) -> Feed:
        """The feed with this id."""
        return self._read(partial(feeds.get, feed_id=feed_id))

    def due_feeds(
        self, now: datetime, limit: int, taken: Collection[int] = (), *, is_everything_due: bool = False
    ) -> tuple[Due, ...]:
        """At most *limit* feeds to be polled, without those in *taken*, the longest due first.

        The host is the one that answers for the feed now.

        *is_everything_due*: all but those removed or paused, whether due or not.
        """
        return self._read(partial(feeds.due, now=now, limit=limit, taken=taken, is_everything_due=is_everything_due))

    def follow_clock(self, now: datetime) -> timedelta:
        """Plan anew what was planned by a clock that was ahead; return by how much. See `clock.follow`."""
        return self._write(partial(clock.follow, now=now))

    def known_entries(self, feed_id: int, listed: Iterable[ListedEntry]) -> tuple[KnownEntry, ...]:
        """The entries of the feed that any of *listed* could be, the oldest first."""
        return self._read(partial(entries.known, feed_id=feed_id, listed=tuple(listed)))

    def record_poll(self, poll: Poll) -> tuple[int, ...]:
        """Store the outcome of a poll and its entries; return the ids of entries that now want a step."""
        return self._write(self._with_jobs(partial(polls.record_poll, poll=poll)))

    def record_found(
        self, feed_id: int, new: Iterable[NewEntry], now: datetime, *, changed: Iterable[ChangedEntry] = ()
    ) -> tuple[int, ...]:
        """Store entries that no poll has brought (a sitemap, a push, an archive); return the ids of those to be done.

        New entries that exist already (same feed and identity) are left as they are.
        """
        work = partial(polls.record_found, feed_id=feed_id, found=tuple(new), now=now, changed=tuple(changed))
        return self._write(self._with_jobs(work))

    def record_events(self, happened: Iterable[Event], now: datetime) -> None:
        """Store what happened outside of a poll."""
        self._write(partial(events.record, happened=tuple(happened), at=now))

    def try_to_write(self) -> None:
        """Change nothing, by a write that fails where no other could be made: on a full disk, or a locked database."""
        self._write(feeds.write_one)

    # --- hosts and hubs -----------------------------------------------------------------------------

    def host_waits(self, now: datetime) -> tuple[HostWait, ...]:
        """The waits that are not over."""
        return self._read(partial(hosts.waits, now=now))

    def keep_host_waits(self, waits: Iterable[HostWait]) -> None:
        """Store waits; an address that has one gets the new one."""
        self._write(partial(hosts.keep_waits, kept=tuple(waits)))

    def robots_files(self, now: datetime) -> tuple[RobotsFile, ...]:
        """The robots.txt files that still hold."""
        return self._read(partial(hosts.robots_files, now=now))

    def keep_robots_files(self, files: Iterable[RobotsFile]) -> None:
        """Store files; an origin that has one gets the new one."""
        self._write(partial(hosts.keep_robots_files, kept=tuple(files)))

    def hub_feeds(self) -> tuple[HubFeed, ...]:
        """The polled feeds that announce a hub, in the order in which they were added."""
        return self._read(subscriptions.hub_feeds)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions at hubs, in the order of their feeds."""
        return self._read(subscriptions.read)

    def save_subscription(self, subscription: Subscription) -> None:
        """Store how the subscription of a feed stands; a feed has one at most."""
        self._write(partial(subscriptions.save, kept=subscription))

    def drop_subscription(self, feed_id: int) -> None:
        """Forget the subscription of a feed, if there is one."""
        self._write(partial(subscriptions.drop, feed_id=feed_id))

    # --- entries ------------------------------------------------------------------------------------

    def entry_and_article(self, entry_id: int) -> tuple[Entry, StoredArticle | None]:
        """The entry with this id, and the article known under its page's address."""
        return self._read(partial(_entry_and_article, entry_id=entry_id))

    def due_entries(self, now: datetime, limit: int, taken: Collection[int] = ()) -> tuple[Due, ...]:
        """At most *limit* entries that want a step, the longest waiting first, without those in *taken*.

        The host is that of the entry's page, empty when it has none.
        """
        return self._read(partial(entries.due, now=now, limit=limit, taken=taken))

    def finish_entry(self, entry_id: int, outcome: EntryOutcome, *, article_id: int | None = None) -> None:
        """Store how an entry stands when there is nothing new to save; *article_id* links it to a stored article."""
        self._write(partial(entries.finish, entry_id=entry_id, outcome=outcome, article_id=article_id))

    # --- articles -----------------------------------------------------------------------------------

    def article_at(self, addresses: Iterable[str]) -> StoredArticle | None:
        """The article known under any of these normalised addresses, the oldest if there are several."""
        return self._read(partial(articles.at, addresses=tuple(addresses)))

    def candidates(
        self, fingerprint: Fingerprint, *, site: str, since: datetime, known_as: int | None = None
    ) -> Candidates:
        """At most 25 articles first seen at or after *since* that share hashes with *fingerprint*.

        The most alike come first; what few articles share counts more. Articles that share one hash of
        many are left out. Before them come the relatives of the article *known_as*: the lead of its story, and those
        that are related to it now, whatever they share and however old they are. What the article and the
        candidates repeat of their sites, *site* being the article's, is said as far as it is known.
        """
        return self._read(
            partial(
                fingerprints.candidates,
                tail=self._tail,
                known=self._sites,
                taken=fingerprint,
                since=since,
                site=site,
                known_as=known_as,
            )
        )

    def forgotten_among(self, addresses: Iterable[str]) -> frozenset[str]:
        """Those of these normalised addresses that articles had which were forgotten for good."""
        return self._read(partial(forgotten.forgotten_among, addresses=tuple(addresses)))

    def save(self, item: Item) -> Saved | None:
        """Store article, version, fingerprint, relations, story, matches and the entry's outcome, all or nothing.

        None when one of the addresses was forgotten, which the entry then says, or when `item.reread` is out of date;
        nothing else is stored then. Raises Overtaken when `item.is_first` and the article is there with another text,
        Conflict when fingerprints newer than `item.seen` share hashes with this one.
        """
        prepared = articles.prepare(item)
        return self._write(
            partial(
                articles.save,
                item=item,
                prepared=prepared,
                extractor_version=self._extractor_version,
                memories=self._sites,
            )
        )

    def site_samples(self, now: datetime) -> tuple[SiteSample, ...]:
        """Of each site with at least 10 pages in the last day: what it brought then, and in the 13 days before.

        At most its 50 newest texts of the one and 300 of the other span.
        """
        return self._read(partial(samples.take, now=now))

    # --- what is old --------------------------------------------------------------------------------

    def cut_postings(self, before: datetime, *, limit: int = reach.AT_ONCE) -> int:
        """Forget by what articles that are older than that are found as copies; returns of how many.

        *limit* articles at once, so that nobody waits long; call again until there are none. *before* must not be later
        than `candidates` looks back; `reach_back` undoes it.
        """
        return self._write(partial(reach.cut, since=before, limit=limit))

    def reach_back(self, since: datetime, *, limit: int = reach.AT_ONCE) -> int:
        """Make anew by what articles first seen at or after *since* are found as copies; returns of how many.

        Does something only after `cut_postings` of a later time. Call again until there are none.
        """
        return self._write(partial(reach.reach_back, since=since, limit=limit))

    def prune(self, what: Old, before: datetime, limit: int | None = None) -> int:
        """Forget some of *what* that is from before that time, the oldest first; returns how many.

        *limit* rows of each table at most, so that nobody waits long; call again until there are none.
        """
        most = pruning.BATCH[what] if limit is None else limit
        return self._write(partial(pruning.prune, what=what, before=before, limit=most))

    def prune_texts(
        self, before: datetime, now: datetime, *, after: int = 0, limit: int = pruning.VERSIONS_AT_ONCE
    ) -> tuple[int, int | None]:
        """Forget at most *limit* texts that articles with an id after *after* have not shown since the time *before*.

        Returns how many, and the article to go on after; None: there are no more.
        """
        found = self._read(partial(pruning.old_texts, before=before, after=after, limit=limit))
        count = self._write(partial(pruning.drop_texts, texts=found.texts, now=now)) if found.texts else 0
        return count, found.cursor

    def count_old(self, what: Old, before: datetime) -> int:
        """How many rows `prune` would forget in all."""
        return self._read(partial(pruning.count, what=what, before=before))

    def count_old_texts(self, before: datetime, *, after: int = 0) -> tuple[int, int | None]:
        """How many texts of the next articles `prune_texts` would forget, and the article to go on after."""
        return self._read(partial(pruning.count_old_texts, before=before, after=after))

    def refresh_statistics(self) -> None:
        """Let the database count anew what its plans go by, where that has changed much; takes milliseconds."""
        self._write(dialect.refresh_statistics)

    # --- topics -------------------------------------------------------------------------------------

    def record_topics(self, topics_in_force: Sequence[Topic], now: datetime) -> None:
        """Store the topics in force, with those kept at their last good version; all others are retired."""
        self._write(partial(topics.record, topics=tuple(topics_in_force), now=now))

    def last_topic_change(self) -> int:
        """The number of the last change to the set of topics in force: grows with each, 0 before the first."""
        return self._read(topics.last_change)

    def versions_in_force(self) -> dict[str, str]:
        """The topics that were last recorded as in force: name → version."""
        return self._read(topics.versions)

    def last_good_topics(
        self, *, names: Collection[str] | None = None, files: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """The sources of the topics that have one of *names*, also retired ones, and of those in force from *files*.

        All topics in force when neither is given.
        """
        return self._read(partial(topics.last_good, names=names, files=files))

    def record_rule_errors(self, errors: Sequence[RuleError], now: datetime) -> None:
        """Store what is wrong with the rule files now, in place of what was."""
        self._write(partial(topics.record_errors, errors=tuple(errors), now=now))

    # --- back-fills ---------------------------------------------------------------------------------

    def begin_backfill(self, rules_version: str, span: BackfillSpan, now: datetime) -> BackfillRun:
        """Continue the last run of the back-fill where it is the one that is asked for, else begin a new one."""
        return self._write(partial(backfills.begin, rules_version=rules_version, span=span, now=now))

    def texts_to_judge(self, run: BackfillRun, limit: int) -> tuple[tuple[StoredText, ...], int]:
        """The next texts of a run, and the cursor that stands behind them; what came in last comes last."""
        return self._read(partial(backfills.waiting, run=run, limit=limit))

    def count_texts_to_judge(self, run: BackfillRun) -> int:
        """How many texts a run has yet before it."""
        return self._read(partial(backfills.count_waiting, run=run))

    def record_judged(
        self, run: BackfillRun, judged: Sequence[Judged], cursor: int, versions: Mapping[str, str], now: datetime
    ) -> BackfillRun | None:
        """Make the matches of *judged*, as far as they are of the topics in *versions*, those that were found.

        Returns how the run stands then; None, and nothing is changed, when another process was quicker: it has gone
        on with the run, has begun another one, or has put one of the topics in force in another version.
        """
        work = partial(backfills.step, run=run, judged=judged, cursor=cursor, versions=versions, now=now)
        return self._write(work)

    def finish_backfill(self, run: BackfillRun, versions: Mapping[str, str], now: datetime) -> None:
        """Store that a run by the topics in *versions* has come to its end; see `storage.backlog`."""
        self._write(partial(backfills.finish, run=run, versions=versions, now=now))

    # --- rebuilds -----------------------------------------------------------------------------------

    def begin_rebuild(self, alg: int, window: timedelta, span: RebuildSpan, now: datetime) -> RebuildRun:
        """Continue the last rebuild where it was interrupted and is the one that is asked for, else begin a new one."""
        return self._write(partial(rebuilds.begin, alg=alg, window=window, span=span, now=now))

    def texts_to_compare(self, run: RebuildRun, limit: int) -> tuple[TextToCompare, ...]:
        """The next texts of a rebuild, in the order in which they came; what came in last comes last."""
        return self._read(partial(rebuilds.waiting, run=run, limit=limit))

    def count_texts_to_compare(self, run: RebuildRun) -> int:
        """How many texts a rebuild has yet before it."""
        return self._read(partial(rebuilds.count_waiting, run=run))

    def compare_anew(
        self,
        run: RebuildRun,
        read: Sequence[ReadAnew],
        place: Callable[[Reading, Candidates], Placement],
        now: datetime,
    ) -> RebuildRun | None:
        """Compare each of *read*, the next texts of the run, with those before it by *place*; store what has changed.

        Fingerprints, credits, relations and stories; what sites repeat is learned as it was live. *place* is called
        while others wait to write. Returns how the run stands then; None, and nothing is changed, when another process
        was quicker and has gone on with the run or begun another one.
        """
        work = partial(rebuilds.step, run=run, read=read, place=place, memories=self._sites, now=now)
        return self._write(work)

    def finish_rebuild(self, run: RebuildRun, now: datetime) -> None:
        """Store that a rebuild has come to its end."""
        self._write(partial(rebuilds.finish, run=run, now=now))


def _entry_and_article(connection: Connection, entry_id: int) -> tuple[Entry, StoredArticle | None]:
    entry = entries.get(connection, entry_id)
    if entry.page_address is None:
        return entry, None
    return entry, articles.at(connection, (entry.page_address,))
