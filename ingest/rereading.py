"""Pages that are kept, read once more by the present extractor; what is another text now is stored as live.

    a kept page | read_page | the same text: done | store.candidates | relate | store.save: a new version

Nobody is asked for anything: the page is the one that came. Its entry stands as it did, and so does the article's
address; everything else is done by the steps of the pipeline.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest import outcome
from ingest.address import host_of, normalise_address
from ingest.errors import Conflict, Permanent, StoreError, Transient
from ingest.placing import Placing
from ingest.together import StoreCalls

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from ingest.model import Entry, Reading, Reread, StoredArticle
    from ingest.ports import Store, Workers
    from ingest.site_rules import SiteRule
    from ingest.web import Page
    from rules.match import RuleSet

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """What a kept page says now."""

    #: None: it could not be read; then `problem` says why
    reading: Reading | None
    problem: str | None = None

    def is_other_text(self, stored: StoredArticle) -> bool:
        """It is another title or text than the article has."""
        return self.reading is not None and self.reading.article.text_hash != stored.text_hash


class Rereading:
    """Reads kept pages again. *window* is how far back copies are looked for; *site_rule*, *trackers*: as live."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        window: timedelta,
        trackers: tuple[str, ...],
        site_rule: Callable[[str], SiteRule | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._workers = workers
        self._trackers = trackers
        self._site_rule = site_rule
        self._clock = clock
        self._placing = Placing(store=store, calls=StoreCalls(store), workers=workers, window=window)

    async def read(self, page: Page, entry: Entry, stored: StoredArticle, rules: RuleSet) -> ReadAgain:
        """Read the page of *stored*, whose title is that of *entry*. What cannot be read is an outcome."""
        try:
            address = normalise_address(page.url, self._trackers)
            reading = await self._workers.read_page(
                page,
                address,
                entry,
                outcome.title_for(entry, stored),
                rules,
                site=self._site_rule(host_of(address)),
                trackers=self._trackers,
            )
        except (Transient, Permanent) as error:
            return ReadAgain(reading=None, problem=error.reason)
        except (StoreError, Conflict):
            raise
        except Exception as error:
            log.exception("article %d (%s): a bug broke the reading; its text stays as it is", stored.id, stored.url)
            return ReadAgain(reading=None, problem=outcome.bug_as_fault(stored.url, error).reason)
        # Where a page belongs was found out when it came, and other pages may have been found to be the same since.
        article = replace(reading.article, url=stored.url, source=host_of(stored.url))
        return ReadAgain(reading=replace(reading, article=article))

    async def save(self, reading: Reading, entry: Entry, stored: StoredArticle, reread: Reread) -> bool:
        """Store the text as a new version of its article, compare and match it.

        False, and nothing is stored, when the article shows another text by now or other rules are in force.
        """
        done = await self._placing.save(entry, stored, reading, None, self._clock(), page=None, reread=reread)
        return done.saved is not None
