"""The two steps that the whole product consists of.

`refresh_feed(feed_id)`: store.feed | fetch | parse_feed | recognise | schedule | store.record_poll
`ingest_entry(entry_id)`: store.entry | fetch | read_page | store.candidates | relate | store.save

A step takes an id, reads what it needs, writes once in one transaction, and may run twice: a kill at any
point loses nothing, and the second run finds what the first one stored. Waits, retries and states are
decided by `schedule`, which is pure; here they are only applied. `refresh` has the first of the two.
"""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ingest import outcome
from ingest.address import DEFAULT_TRACKERS, host_of, normalise_address
from ingest.errors import Conflict, Overtaken, Permanent, StoreError, Transient
from ingest.feed_access import with_access
from ingest.model import TextFrom, utc_now
from ingest.onward import LeadsOn, without_validators
from ingest.paging import OlderPages
from ingest.placing import Ingested, Placing
from ingest.polling import FeedAccess
from ingest.refresh import FeedRefresh
from ingest.site_rules import missed_in_words
from ingest.sitemap_reading import SitemapReader
from ingest.together import StoreCalls
from ingest.turns import Turns
from ingest.web import NotModified, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from ingest.model import Entry, EntryOutcome, Fetched, Reading, StoredArticle
    from ingest.paging import Backfilled
    from ingest.ports import Fetch, Store, Workers
    from ingest.refresh import Refreshed
    from ingest.site_rules import SiteRule
    from ingest.web import Page
    from rules.match import RuleSet

log = logging.getLogger(__name__)


def _plain_access(_: str) -> FeedAccess:
    return FeedAccess()


def _is_no_feed(_: str) -> bool:
    return False


def _no_rule(_: str) -> SiteRule | None:
    return None


class Pipeline:
    """The steps, with what they need from the outside.

    *rules* gives the rule set in force; it is asked once per step, so a reload between two steps is seen
    and one within a step is not. *window* is how far back copies are looked for, *trackers* are the parameters
    that make no other page of an address. *access* gives, for the address under which a feed is configured, how it
    is to be asked for; *is_configured* tells whether an address is that of a feed. *robots_sitemaps* gives the
    sitemaps that the robots.txt of an address names; without it only the usual places are looked at. *site_rule* gives
    the user's rule for the pages of a host.
    """

    def __init__(
        self,
        *,
        store: Store,
        fetch: Fetch,
        workers: Workers,
        rules: Callable[[], RuleSet],
        window: timedelta = timedelta(days=14),
        trackers: tuple[str, ...] = DEFAULT_TRACKERS,
        access: Callable[[str], FeedAccess] = _plain_access,
        is_configured: Callable[[str], bool] = _is_no_feed,
        robots_sitemaps: Callable[[str], Awaitable[tuple[str, ...]]] | None = None,
        site_rule: Callable[[str], SiteRule | None] = _no_rule,
        clock: Callable[[], datetime] = utc_now,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._calls = StoreCalls(store)
        self._fetch = fetch
        self._workers = workers
        self._rules = rules
        self._clock = clock
        self._draw = draw
        self._trackers = trackers
        self._access = access
        #: feed id → the address under which it is configured, which never changes
        self._feed_urls: dict[int, str] = {}
        self._refresh = FeedRefresh(
            store=store,
            fetch=fetch,
            workers=workers,
            sitemaps=SitemapReader(fetch=fetch, workers=workers, trackers=trackers, robots_sitemaps=robots_sitemaps),
            trackers=trackers,
            access=access,
            is_configured=is_configured,
            clock=clock,
            draw=draw,
        )
        self._older_pages = OlderPages(
            store=store,
            fetch=fetch,
            workers=workers,
            trackers=trackers,
            request=self._refresh.request,
            clock=clock,
        )
        self._site_rule = site_rule
        #: hosts of rules, which of their selectors found nothing last time, and on which page first
        self._missed: dict[tuple[str, str], str] = {}
        self._pages = Turns()
        self._finals = Turns()
        self._placing = Placing(store=store, calls=self._calls, workers=workers, window=window)
        #: steps that read their entry at this moment, and the pages whose step ended since the first of them began
        self._readers = 0
        self._ended_meanwhile: set[str | None] = set()

    async def refresh_feed(self, feed_id: int) -> Refreshed:
        """Poll one feed and store what it lists. A failed poll is an outcome, not an exception."""
        return await self._refresh.refresh_feed(feed_id)

    async def accept_push(self, feed_id: int, page: Page) -> Refreshed:
        """Store what a hub has pushed; see `FeedRefresh.accept_push`. Raises Transient or Permanent."""
        return await self._refresh.accept_push(feed_id, page)

    async def backfill_feed(
        self,
        feed_id: int,
        max_pages: int,
        *,
        beyond_known: bool = False,
        tell: Callable[[Backfilled], None] | None = None,
    ) -> Backfilled:
        """Store what the older pages of a feed list; see `OlderPages.backfill_feed`. *tell* is called after each."""
        return await self._older_pages.backfill_feed(feed_id, max_pages, beyond_known=beyond_known, tell=tell)

    # --- one entry ----------------------------------------------------------------------------------

    async def ingest_entry(self, entry_id: int) -> Ingested:
        """Get the text of one entry, place it among the stories, match it, store all of it.

        Does nothing when nothing is due. Whatever goes wrong with the page is an outcome; a bug of ours is
        logged and the entry tried again; only errors of the store leave this method.
        """
        self._readers += 1
        try:
            entry, stored = await self._calls.read(self._store.entry_and_article, entry_id)
        finally:
            self._readers -= 1
        is_outdated = entry.page_address in self._ended_meanwhile
        if not self._readers:
            self._ended_meanwhile.clear()
        # Entries that share a page are worked on one after the other, so that it is fetched once.
        async with self._pages.hold(_page_of(entry)) as has_waited:
            if has_waited or is_outdated:
                # Another entry of the same page was at work since this one was read.
                entry, stored = await self._calls.read(self._store.entry_and_article, entry_id)
            try:
                return await self._ingest(entry, stored)
            except Overtaken as error:
                # It is the same page as that of another link: now it is known. A second time this cannot be.
                log.debug("entry %d: %s; done again", entry_id, error)
                entry, stored = await self._calls.read(self._store.entry_and_article, entry_id)
                return await self._ingest(entry, stored)
            finally:
                if self._readers:
                    self._ended_meanwhile.add(entry.page_address)

    async def _ingest(self, entry: Entry, stored: StoredArticle | None) -> Ingested:
        now = self._clock()
        if not outcome.is_due(entry, now):
            return Ingested(entry_id=entry.id)
        if stored is not None and outcome.is_read_already(entry, stored):
            return await self._finish(entry, outcome.already_read(entry, stored), stored)
        try:
            return await self._ingest_due(entry, stored, now)
        except (StoreError, Conflict):
            raise
        except Exception as error:
            log.exception("entry %d (%s): a bug broke the step; it is tried again", entry.id, entry.link)
            return await self._after_crash(entry, stored, error, now)

    async def _after_crash(
        self, entry: Entry, stored: StoredArticle | None, error: Exception, now: datetime
    ) -> Ingested:
        """A bug of ours must not cost what the feed itself says, unless it breaks that as well."""
        fault = outcome.bug_as_fault(entry.link or f"entry {entry.id}", error)
        try:
            return await self._do_without_page(entry, stored, fault, now, None)
        except (StoreError, Conflict):
            raise
        except Exception:
            log.exception("entry %d (%s): nor could the text of its feed be read", entry.id, entry.link)
            without = outcome.without_page(entry, stored, fault, now, has_feed_text=False)
            return await self._finish(entry, without, stored)

    async def _ingest_due(self, entry: Entry, stored: StoredArticle | None, now: datetime) -> Ingested:
        """Fetch and read the page; where it only leads on to another one, that one, but no third."""
        before: Fetched | None = None
        try:
            rule = self._site_rule(host_of(entry.page_address)) if entry.page_address else None
            is_title_ruled = rule is not None and rule.title is not None
            request = outcome.page_request(entry, stored, is_title_ruled=is_title_ruled)
        except Permanent as error:
            return await self._do_without_page(entry, stored, error, now)
        while True:
            fetched: Fetched | None = None
            try:
                answer = await self._fetch.get(await self._with_access(entry, request))
                fetched = outcome.answered(answer, self._clock(), before=before)
                if isinstance(answer, NotModified):
                    finished = outcome.with_page(entry, stored, now, fetched=fetched)
                    return await self._finish(entry, finished, stored)
                if before is not None:
                    # They are not those of the address that is asked first the next time.
                    answer = without_validators(answer)
                return await self._ingest_page(entry, stored, answer, now, fetched)
            except LeadsOn as error:
                if before is not None:
                    return await self._do_without_page(entry, stored, error, now, fetched)
                before, request = fetched, Request(url=error.onward.url)
            except (Transient, Permanent) as error:
                fetched = fetched or outcome.refused(error, self._clock(), before=before)
                return await self._do_without_page(entry, stored, error, now, fetched)

    async def _ingest_page(
        self, entry: Entry, stored: StoredArticle | None, answer: Page, now: datetime, fetched: Fetched
    ) -> Ingested:
        """Read the page that came, and store it. Raises LeadsOn when it only leads on to another one."""
        final = normalise_address(answer.url, self._trackers)
        # Different links can lead to one page: the first to come stores it, the others find it stored.
        async with self._finals.hold(final):
            known = stored
            if final != entry.page_address:
                if await self._calls.read(self._store.forgotten_among, (final,)):
                    return await self._finish(entry, outcome.forgotten(fetched), None)
                # The page has the last word: it may be an article that is stored under its own address.
                known = await self._calls.read(self._store.article_at, (final,)) or stored
            try:
                reading = await self._read(entry, known, answer, final)
            except LeadsOn:
                raise
            except (Transient, Permanent) as error:
                kept = stored if error.reason in outcome.NOT_THE_PAGE else known
                return await self._do_without_page(entry, kept, error, now, fetched)
            if reading.article.url == final:
                done = outcome.with_page(entry, known, now, fetched=fetched)
                return await self._placing.save(entry, known, reading, done, now, page=answer)
        # Its site keeps it under another address. That one is held alone, or two pages could wait for each other.
        async with self._finals.hold(reading.article.url):
            kept = await self._calls.read(self._store.article_at, (reading.article.url,))
            if kept is not None and outcome.is_read_already(entry, kept) and not outcome.is_owner(entry, kept):
                # Its text here may be another by a word or two, and is no correction.
                return await self._finish(entry, outcome.already_read(entry, kept, fetched=fetched), kept)
            kept = kept or known
            if outcome.title_for(entry, kept) != outcome.title_for(entry, known):
                try:
                    reading = await self._read(entry, kept, answer, final)
                except (Transient, Permanent) as error:
                    return await self._do_without_page(entry, kept, error, now, fetched)
            done = outcome.with_page(entry, kept, now, fetched=fetched)
            return await self._placing.save(entry, kept, reading, done, now, page=answer, also=final)

    async def _read(self, entry: Entry, stored: StoredArticle | None, page: Page, address: str) -> Reading:
        """Have a page read, with the user's rule for its site where there is one. Raises Transient or Permanent."""
        rule = self._site_rule(host_of(address))
        title = outcome.title_for(entry, stored)
        reading = await self._workers.read_page(
            page, address, entry, title, self._rules(), site=rule, trackers=self._trackers
        )
        if rule is not None:
            self._tell_missed(rule, reading, address)
        return reading

    def _tell_missed(self, rule: SiteRule, reading: Reading, address: str) -> None:
        """Warn of selectors that found nothing, once until they find something: the site may have been rebuilt."""
        for part in ("body", "title", "date"):
            if part not in reading.missed:
                self._missed.pop((rule.host, part), None)
            elif (rule.host, part) not in self._missed:
                self._missed[rule.host, part] = address
                log.warning("%s", missed_in_words(rule.host, part, address))

    @property
    def missed_selectors(self) -> tuple[str, ...]:
        """The selectors of the user's rules that found nothing when they were last used, each in words for people."""
        return tuple(missed_in_words(host, part, address) for (host, part), address in self._missed.items())

    async def _with_access(self, entry: Entry, request: Request) -> Request:
        """Send along with *request*, for the page of an entry, what the user gave for its feed, on the same site."""
        if self._access is _plain_access:
            return request
        feed_url = self._feed_urls.get(entry.feed_id)
        if feed_url is None:
            feed = await self._calls.read(self._store.feed, entry.feed_id)
            feed_url = self._feed_urls[entry.feed_id] = feed.url
        return with_access(request, feed_url, self._access(feed_url))

    async def _do_without_page(
        self,
        entry: Entry,
        stored: StoredArticle | None,
        error: Transient | Permanent,
        now: datetime,
        fetched: Fetched | None = None,
    ) -> Ingested:
        """Fall back to what the feed itself says, unless a text is stored already and nothing has changed."""
        if await self._leads_to_forgotten(entry, fetched):
            return await self._finish(entry, outcome.forgotten(fetched), None)
        without = partial(outcome.without_page, entry, stored, now=now, fetched=fetched, jitter=self._draw())
        is_page_stored = stored is not None and stored.text_from is TextFrom.PAGE
        if is_page_stored or (stored is not None and not entry.is_changed):
            return await self._finish(entry, without(error, has_feed_text=True), stored)
        try:
            title = outcome.title_for(entry, stored)
            reading = await self._workers.read_feed_text(entry, title, self._rules())
        except Transient as passing:
            # The text is there and only could not be read just now, so the entry must not end here.
            return await self._finish(entry, without(passing, has_feed_text=False), stored)
        except Permanent:
            return await self._finish(entry, without(error, has_feed_text=False), stored)
        return await self._placing.save(entry, stored, reading, without(error, has_feed_text=True), now, page=None)

    async def _leads_to_forgotten(self, entry: Entry, fetched: Fetched | None) -> bool:
        """Whether the answer came, after redirects, from the address of an article that was forgotten."""
        if fetched is None or fetched.url is None:
            return False
        try:
            answered_by = normalise_address(fetched.url, self._trackers)
        except (Permanent, ValueError):
            return False
        if answered_by == entry.page_address:
            return False
        return bool(await self._calls.read(self._store.forgotten_among, (answered_by,)))

    async def _finish(self, entry: Entry, outcome_: EntryOutcome, stored: StoredArticle | None) -> Ingested:
        article_id = None if stored is None else stored.id
        await self._calls.write(self._store.finish_entry, entry.id, outcome_, article_id=article_id)
        return Ingested(entry_id=entry.id, outcome=outcome_)


def _page_of(entry: Entry) -> str:
    return entry.page_address or f"entry {entry.id}"
