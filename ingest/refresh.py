"""One poll of a feed, and what a hub pushes between two of them.

`refresh_feed(feed_id)`: store.feed | fetch | parse_feed | recognise | schedule, health | store.record_poll

Between recognising and storing, a gap is filled from the site's news sitemap, where there is one; what is found there
is stored first, so that a kill in between leaves the gap to be seen again.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest import gap, health, outcome, schedule
from ingest.errors import Permanent, StoreError, Transient, is_put_off
from ingest.feed_access import check_secrets, with_access
from ingest.identity import known_share, recognise, shares_nothing
from ingest.listing import BROKEN_OFF, TOO_MANY, flag_future
from ingest.polling import DateFault, Event, EventKind, FeedState, FoundBy, Poll
from ingest.together import StoreCalls
from ingest.web import NotModified, Request
from ingest.websub import choose_hub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ingest.errors import IngestError
    from ingest.identity import Recognised
    from ingest.polling import Feed, FeedAccess, FeedDocument, KnownEntry, ListedEntry, NewEntry
    from ingest.ports import Fetch, Store, Workers
    from ingest.sitemap_reading import SitemapReader
    from ingest.web import Page

log = logging.getLogger(__name__)

#: Changed children of an index do not change the index, so it is read whole each time.
_INDEX = "sitemap index"
#: For so long the children of an index that cannot be had are looked for at each poll.
LONGEST_BEHIND = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What `refresh_feed` did, or a push."""

    feed_id: int
    url: str
    #: entries seen for the first time: listed by the feed, and found to fill a gap
    new: int = 0
    found: int = 0
    changed: int = 0
    #: ids of the entries that now want a step
    entry_ids: tuple[int, ...] = ()
    #: what people are told
    events: tuple[Event, ...] = ()
    #: why the poll failed, or None
    error: IngestError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Polled:
    """A poll that is to be stored, and the entries found for its gap."""

    poll: Poll
    found: tuple[NewEntry, ...] = ()


class FeedRefresh:
    """The poll step, with what it needs from the outside; see `pipeline.Pipeline`.

    *access* gives how the feed configured under an address is to be asked for, *is_configured* tells whether an
    address is that of a feed.
    """

    def __init__(
        self,
        *,
        store: Store,
        fetch: Fetch,
        workers: Workers,
        sitemaps: SitemapReader,
        trackers: tuple[str, ...],
        access: Callable[[str], FeedAccess],
        is_configured: Callable[[str], bool],
        clock: Callable[[], datetime],
        draw: Callable[[], float],
    ) -> None:
        self._store = store
        self._calls = StoreCalls(store)
        self._fetch = fetch
        self._workers = workers
        self._sitemaps = sitemaps
        self._trackers = trackers
        self._access = access
        self._is_configured = is_configured
        self._clock = clock
        self._draw = draw

    async def refresh_feed(self, feed_id: int) -> Refreshed:
        """Poll one feed and store what it lists. A failed poll is an outcome, not an exception."""
        feed = await self._calls.read(self._store.feed, feed_id)
        try:
            polled = await self._poll(feed)
        except (Transient, Permanent) as error:
            return await self._record_failure(feed, error)
        except StoreError:
            raise
        except Exception as error:
            log.exception("feed %s: a bug broke the poll; it is tried again later", feed.url)
            return await self._record_failure(feed, outcome.bug_as_fault(feed.url, error))
        poll = polled.poll
        entry_ids: tuple[int, ...] = ()
        if polled.found:
            entry_ids = await self._calls.write(self._store.record_found, feed.id, polled.found, poll.polled_at)
        entry_ids += await self._calls.write(self._store.record_poll, poll)
        return Refreshed(
            feed_id=feed.id,
            url=feed.url,
            new=len(poll.new),
            found=len(polled.found),
            changed=len(poll.changed),
            entry_ids=entry_ids,
            events=poll.events,
        )

    async def accept_push(self, feed_id: int, page: Page) -> Refreshed:
        """Store what a hub has pushed. The next poll is when it was to be: hubs come and go.

        Raises Permanent(NOT_FEED) and what else `Workers.parse_feed` raises. Nothing is done for a feed that is not
        polled.
        """
        feed = await self._calls.read(self._store.feed, feed_id)
        if feed.state in {FeedState.PAUSED, FeedState.REMOVED}:
            return Refreshed(feed_id=feed.id, url=feed.url)
        now = self._clock()
        document = await self._workers.parse_feed(page, self._trackers)
        entries = flag_future(document.entries, now)
        recognised = recognise(entries, await self._known(feed, entries))
        new = tuple(replace(entry, found_by=FoundBy.PUSH) for entry in recognised.new)
        entry_ids = await self._calls.write(self._store.record_found, feed.id, new, now, changed=recognised.changed)
        return Refreshed(
            feed_id=feed.id, url=feed.url, new=len(new), changed=len(recognised.changed), entry_ids=entry_ids
        )

    def request(self, feed: Feed, url: str, *, is_full: bool = True) -> Request:
        """The GET of a document of *feed*; with its validators unless *is_full*.

        Raises Transient(AUTH) where a secret of the feed is missing, wherever the document is: it is not polled then.
        """
        access = self._access(feed.url)
        check_secrets(url, access)
        request = Request(
            url=url,
            is_feed=True,
            etag=None if is_full else feed.etag,
            last_modified=None if is_full else feed.last_modified,
        )
        return with_access(request, feed.url, access)

    # --- a poll that went well ----------------------------------------------------------------------

    async def _poll(self, feed: Feed) -> _Polled:
        is_index = feed.feed_format == _INDEX
        is_full = is_index or schedule.wants_full_poll(feed, self._clock())
        answer = await self._fetch.get(self.request(feed, feed.fetch_url, is_full=is_full))
        if isinstance(answer, NotModified):
            return _Polled(poll=self._unchanged_poll(feed, answer, is_full=False))
        body_hash = hashlib.sha256(answer.body).hexdigest()
        if body_hash == feed.body_hash and not is_index:
            return _Polled(poll=self._unchanged_poll(feed, answer, is_full=is_full))
        return await self._document_poll(feed, answer, body_hash, was_conditional=not is_full)

    async def _document_poll(self, feed: Feed, page: Page, body_hash: str, *, was_conditional: bool) -> _Polled:
        document = await self._workers.parse_feed(page, self._trackers)
        is_behind, cut = False, _cut_in_words(document)
        if document.children:
            index = await self._sitemaps.with_children(
                document, feed.last_document_at, self._clock(), lambda url: self.request(feed, url)
            )
            document, is_behind, cut = index.document, index.is_behind, index.cut or cut
        now = self._clock()
        document = replace(document, entries=flag_future(document.entries, now))
        known = await self._known(feed, document.entries)
        recognised = recognise(document.entries, known)
        found, events = await self._look_for_gap(feed, document, recognised, known, now)
        plan = schedule.after_poll(
            feed,
            now=now,
            jitter=self._draw(),
            known_share=known_share(recognised),
            ttl_s=document.ttl_s,
            headers=page.headers,
            every_s=self._access(feed.url).every_s,
            is_gap=bool(events),
        )
        judged = health.after_poll(feed, now=now, has_news=bool(recognised.new), dates=_dates(document.entries))
        is_all_read = document.is_whole and not document.is_cut
        # Of an index, not even the validators say whether its children have changed.
        keeps_validators = document.is_whole and document.feed_format != _INDEX
        poll = Poll(
            feed_id=feed.id,
            polled_at=now,
            plan=plan,
            status=page.status,
            title=document.title,
            fetch_url=page.moved_to,
            is_document=True,
            # What broke off must come with the next poll, so that one is not conditional.
            etag=page.etag if keeps_validators else None,
            last_modified=page.last_modified if keeps_validators else None,
            # Without it the next poll knows that something of this document is missing.
            body_hash=body_hash if is_all_read else None,
            was_conditional=was_conditional,
            is_behind=is_behind and _may_stay_behind(feed, now),
            listed_count=len(document.entries),
            new=recognised.new,
            changed=recognised.changed,
            seen=recognised.seen,
            health=judged.health,
            events=(*judged.events, *self._moved(feed, page.moved_to), *_cut(feed, cut), *events),
            feed_format=document.feed_format,
            hub=choose_hub(document.hubs),
            self_url=document.self_url,
        )
        return _Polled(poll=poll, found=found)

    async def _look_for_gap(
        self,
        feed: Feed,
        document: FeedDocument,
        recognised: Recognised,
        known: Sequence[KnownEntry],
        now: datetime,
    ) -> tuple[tuple[NewEntry, ...], tuple[Event, ...]]:
        """What was found for the gap before *document*, and its event; nothing when there is none."""
        # Of an index only the changed children are read, so its entries say nothing of what was there before.
        if feed.last_document_at is None or document.feed_format == _INDEX:
            return (), ()
        if not shares_nothing(recognised, known, feed.last_document_at):
            return (), ()
        what = gap.in_short(feed.last_document_at, now, len(document.entries))
        try:
            found, came_of_it = await self._sitemaps.fill(
                gap.find_gap(document.entries, feed.last_document_at, now),
                document.entries,
                lambda entries: self._known(feed, entries),
            )
        except StoreError:
            raise
        except Exception:
            log.exception("feed %s: a bug broke the search for what fell into a gap", feed.url)
            found, came_of_it = (), "a fault of our own broke the search for them"
        return found, (Event(kind=EventKind.GAP, detail=f"{what}; {came_of_it}", feed_id=feed.id),)

    def _unchanged_poll(self, feed: Feed, answer: Page | NotModified, *, is_full: bool) -> Poll:
        """Nothing new: a 304, or the same body again."""
        now = self._clock()
        plan = schedule.after_poll(
            feed,
            now=now,
            jitter=self._draw(),
            known_share=1.0,
            headers=answer.headers,
            every_s=self._access(feed.url).every_s,
        )
        judged = health.after_poll(feed, now=now, has_news=False)
        # A 304 says that something is unchanged; that it is the feed, a document has to show.
        moved_to = None if isinstance(answer, NotModified) else answer.moved_to
        known = feed.etag, feed.last_modified
        # The body again, under another name: by that name the next poll asks whether it is still the same. A 304 renews
        # what it names and leaves the rest (RFC 9111, section 4.3.4).
        given = _renewed(feed, answer) if isinstance(answer, NotModified) else (answer.etag, answer.last_modified)
        return Poll(
            feed_id=feed.id,
            polled_at=now,
            plan=plan,
            status=304 if isinstance(answer, NotModified) else answer.status,
            fetch_url=moved_to,
            has_new_validators=given != known,
            etag=given[0],
            last_modified=given[1],
            was_conditional=not is_full,
            health=judged.health,
            events=(*judged.events, *self._moved(feed, moved_to)),
        )

    # --- a poll that failed -------------------------------------------------------------------------

    async def _record_failure(self, feed: Feed, error: Transient | Permanent) -> Refreshed:
        poll = self._failed_poll(feed, error)
        await self._calls.write(self._store.record_poll, poll)
        return Refreshed(feed_id=feed.id, url=feed.url, error=error, events=poll.events)

    def _failed_poll(self, feed: Feed, error: Transient | Permanent) -> Poll:
        now = self._clock()
        plan = schedule.after_failure(feed, error, now=now, jitter=self._draw())
        judged = health.after_failure(feed, plan, error, now=now)
        fetch_url = feed.url if schedule.wants_configured_address(feed, error) else None
        return Poll(
            feed_id=feed.id,
            polled_at=now,
            plan=plan,
            status=error.status,
            error=error.reason,
            error_detail=error.detail,
            is_put_off=is_put_off(error),
            fetch_url=fetch_url,
            health=judged.health,
            events=(*judged.events, *self._moved(feed, fetch_url)),
        )

    # --- both ---------------------------------------------------------------------------------------

    def _moved(self, feed: Feed, fetch_url: str | None) -> tuple[Event, ...]:
        is_another = fetch_url is not None and fetch_url != feed.url and self._is_configured(fetch_url)
        return health.moved(feed, fetch_url, is_configured=is_another)

    async def _known(self, feed: Feed, entries: Sequence[ListedEntry]) -> tuple[KnownEntry, ...]:
        return await self._calls.read(self._store.known_entries, feed.id, entries)


def _dates(entries: Sequence[ListedEntry]) -> list[datetime]:
    return [entry.date for entry in entries if entry.date is not None and entry.date_fault is not DateFault.FUTURE]


def _renewed(feed: Feed, answer: NotModified) -> tuple[str | None, str | None]:
    """ETag and Last-Modified of *feed* after *answer*."""
    return answer.headers.get("etag") or feed.etag, answer.headers.get("last-modified") or feed.last_modified


def _may_stay_behind(feed: Feed, now: datetime) -> bool:
    """Whether to look once more for children of an index that could not be had; one that never can holds up nothing."""
    if feed.last_document_at is None:
        return feed.last_polled_at is None
    return now - feed.last_document_at < LONGEST_BEHIND


def _cut_in_words(document: FeedDocument) -> str | None:
    """What is missing from *document*, as far as it is known."""
    if document.feed_format == _INDEX:
        # Of a very long index the newest children are kept, which loses nothing.
        return None if document.is_whole else BROKEN_OFF
    if document.is_cut:
        return TOO_MANY
    return None if document.is_whole else BROKEN_OFF


def _cut(feed: Feed, cut: str | None) -> tuple[Event, ...]:
    """Tell that something of the document is missing, unless that was so of the last one."""
    was_cut = feed.last_document_at is not None and feed.body_hash is None
    if was_cut or cut is None:
        return ()
    return (Event(kind=EventKind.CUT, detail=cut, feed_id=feed.id),)
