"""Fetches sitemaps: the children of an index that is followed as a feed, and what a gap between two polls needs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest import gap
from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.feed_problems import Problems
from ingest.listing import BROKEN_OFF, MAX_ENTRIES, TOO_MANY, finish_list
from ingest.sitemap_choice import choose_children
from ingest.web import NotModified, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from ingest.gap import Gap
    from ingest.polling import FeedDocument, KnownEntry, ListedEntry, NewEntry
    from ingest.ports import Fetch, Workers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRead:
    """A sitemap index with what its children list."""

    #: the index, with their entries
    document: FeedDocument
    #: how many of the children were read
    read: int
    #: one could not be had just now: the next poll has to take up where this one did
    is_behind: bool
    #: what is missing from it, one line for people; None: nothing that is known of
    cut: str | None


class SitemapReader:
    """Reads sitemaps. *robots_sitemaps* gives those that the robots.txt of an address names, and can fail as a GET."""

    def __init__(
        self,
        *,
        fetch: Fetch,
        workers: Workers,
        trackers: tuple[str, ...],
        robots_sitemaps: Callable[[str], Awaitable[tuple[str, ...]]] | None = None,
    ) -> None:
        self._fetch = fetch
        self._workers = workers
        self._trackers = trackers
        self._robots_sitemaps = robots_sitemaps

    # --- an index as a feed -------------------------------------------------------------------------

    async def with_children(
        self, index: FeedDocument, last_document_at: datetime | None, now: datetime, ask: Callable[[str], Request]
    ) -> IndexRead:
        """Read the children that `choose_children` names, as one document.

        *ask* makes the request for a child. One that fails is a problem of the document; if that may pass, the next
        poll has to take up where this one did. Raises the error of the first child when all of them fail.
        """
        entries: list[ListedEntry] = []
        problems = Problems()
        choice = choose_children(index.children, last_document_at, now)
        for line in (*index.problems, *choice.lines()):
            problems.say(line)
        errors: list[IngestError] = []
        # That only the newest children of a very long index are kept loses nothing.
        cuts = [choice.missed_in_words()] if choice.missed else []
        for child in choice.read:
            try:
                document = await self._read(ask(child.url))
            except IngestError as error:
                errors.append(error)
                problems.say(f"{child.url}: {error.detail}")
                continue
            entries.extend(document.entries)
            for line in document.problems:
                problems.say(f"{child.url}: {line}")
            if document.children:
                problems.say(f"{child.url}: an index within an index is not followed")
            if document.is_cut or not document.is_whole:
                cuts.append(f"{child.url}: {TOO_MANY if document.is_cut else BROKEN_OFF}")
        if choice.read and len(errors) == len(choice.read):
            raise errors[0]
        listed = finish_list(entries, Problems())
        if len(listed) > MAX_ENTRIES:
            listed = listed[:MAX_ENTRIES]
            cuts.append(TOO_MANY)
            problems.say(TOO_MANY)
        # 404 passes as well where a page is late; an index that lists what is gone would be read anew for ever.
        is_behind = any(isinstance(error, Transient) and error.reason is not Reason.HTTP_CLIENT for error in errors)
        return IndexRead(
            document=replace(index, entries=listed, is_cut=bool(cuts), problems=problems.lines(len(listed))),
            read=len(choice.read) - len(errors),
            is_behind=is_behind,
            cut=cuts[0] if cuts else None,
        )

    # --- a gap --------------------------------------------------------------------------------------

    async def fill(
        self,
        found: Gap,
        listed: Sequence[ListedEntry],
        known: Callable[[Sequence[ListedEntry]], Awaitable[tuple[KnownEntry, ...]]],
    ) -> tuple[tuple[NewEntry, ...], str]:
        """Look for what fell into a gap before the document that lists *listed*.

        Returns it, and what came of the search, for people. *known* gives what the store knows of entries. Raises no
        IngestError.
        """
        if found.site is None:
            return (), "its links lead to no single site whose sitemap could tell"
        if not found.is_open:
            return (), "its entries leave no time in which others could have come"
        try:
            candidates, where = await self._news_of(found, found.site)
        except IngestError as error:
            return (), f"no news sitemap could be read: {error.detail}"
        new = gap.missed(found, candidates, await known(gap.within(found, candidates)), listed)
        return new, f"{len(new)} found in {where}" if new else f"{where} lists nothing that is missing"

    async def _news_of(self, found: Gap, site: str) -> tuple[tuple[ListedEntry, ...], str]:
        """The entries of the first sitemap that tells of the gap, and its address; else of the first that has any.

        Raises the last error when none has.
        """
        named: tuple[str, ...] = ()
        if self._robots_sitemaps is not None:
            # Where nobody knows what is allowed, this raises, and nothing is fetched.
            named = await self._robots_sitemaps(f"{site}/")
        search = _Search(found, self._read)
        await search.look(gap.likeliest_first(named), gap.MAX_NAMED)
        if not search.is_over:
            await search.look(gap.guesses(site, named), gap.MAX_GUESSES)
        if search.best is None:
            raise search.error or Permanent(Reason.NOT_FEED, site, "there is none")
        return search.best

    async def _read(self, request: Request) -> FeedDocument:
        answer = await self._fetch.get(request)
        if isinstance(answer, NotModified):
            raise Permanent(Reason.HTTP_SERVER, request.url, "the server says 304 (not modified) unasked", status=304)
        return await self._workers.parse_feed(answer, self._trackers)


class _Search:
    """The search for a sitemap that tells of *found*; *read* fetches one."""

    def __init__(self, found: Gap, read: Callable[[Request], Awaitable[FeedDocument]]) -> None:
        self._found = found
        self._read = read
        #: entries and address of the best sitemap so far, and what went wrong last
        self.best: tuple[tuple[ListedEntry, ...], str] | None = None
        self.error: IngestError | None = None
        #: nothing better will be found
        self.is_over = False

    async def look(self, waiting: list[str], max_fetches: int) -> None:
        """Read those that are *waiting*, and below an index its children, until one is good or enough are read."""
        for _ in range(max_fetches):
            if self.is_over or not waiting:
                return
            url, *waiting = waiting
            try:
                document = await self._read(Request(url=url))
            except IngestError as failed:
                self.error = failed
                continue
            if document.entries:
                # Where the site keeps its news and says nothing of the time, nothing is missing.
                self.is_over = gap.is_of_news(url) or bool(gap.within(self._found, document.entries))
                if self.best is None or self.is_over:
                    self.best = document.entries, url
            # One level down; an index among them leads nowhere.
            children = [
                child.url for child in choose_children(document.children, self._found.since, self._found.until).read
            ]
            waiting = [*gap.likeliest_first(children), *waiting]
