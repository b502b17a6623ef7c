"""Reads the kept pages again by the present extractor, after that has changed.

    store.redo.pages → worker: read_page → the same text: store.redo.keep_same
                                           another text: store.candidates → relate → store.save

A page is one transaction, with how far the run is by that. It works beside a running instance: a page whose article
shows another text by then is passed over.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.model import Reread, utc_now
from ingest.rereading import Rereading
from rules.compile import compile_rules
from rules.files import parse_topic
from storage.redo.runs import RedoKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from ingest.ports import Workers
    from ingest.rereading import ReadAgain
    from ingest.site_rules import SiteRule
    from rules.match import RuleSet
    from storage.redo.runs import KeptPage, RedoRun
    from storage.store import Store

#: Pages that are read side by side, so that no worker waits for another one.
BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherText:
    """An article whose page gives another text now."""

    article: int
    url: str
    words_before: int
    words: int


@dataclass(slots=True, kw_only=True)
class Trial:
    """What a run would change, found without storing anything."""

    looked_at: int = 0
    failed: int = 0
    changed: list[OtherText] = field(default_factory=list)


class Reextraction:
    """Reads kept pages again; what it needs from the outside is that of `ingest.rereading.Rereading`."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        window: timedelta,
        trackers: tuple[str, ...],
        site_rule: Callable[[str], SiteRule | None],
        clock: Callable[[], datetime] = utc_now,
        tell: Callable[[int, int], None] | None = None,
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._give_way = give_way
        self._rereading = Rereading(
            store=store, workers=workers, window=window, trackers=trackers, site_rule=site_rule, clock=clock
        )
        self._topics: Mapping[str, str] = {}
        self._rules: RuleSet = compile_rules(())

    async def run(self, run: RedoRun, *, batch: int = BATCH) -> RedoRun:
        """Take *run* to its end, and return how it stands then. Raises StorageError."""
        total = run.looked_at + await asyncio.to_thread(self._store.redo.count_pages, run)
        while pages := await asyncio.to_thread(self._store.redo.pages, run, batch):
            await self._take_rules()
            found = await asyncio.gather(*(self._read(page) for page in pages))
            for page, again in zip(pages, found, strict=True):
                await self._keep(run, page, again)
            run = await asyncio.to_thread(self._last)
            if self._tell is not None:
                self._tell(run.looked_at, max(total, run.looked_at))
            await asyncio.to_thread(self._give_way)
        return await asyncio.to_thread(self._store.redo.finish, run, self._clock())

    async def try_out(self, run: RedoRun, *, batch: int = BATCH) -> Trial:
        """Read the pages of *run*, which is only thought of, and say what would change; nothing is stored."""
        from dataclasses import replace

        trial = Trial()
        total = await asyncio.to_thread(self._store.redo.count_pages, run)
        while pages := await asyncio.to_thread(self._store.redo.pages, run, batch):
            found = await asyncio.gather(*(self._read(page) for page in pages))
            for page, again in zip(pages, found, strict=True):
                trial.looked_at += 1
                trial.failed += again.reading is None
                if again.reading is not None and again.is_other_text(page.article):
                    trial.changed.append(_other_text(page, again.reading.article.text))
            run = replace(run, cursor=pages[-1].version_id)
            if self._tell is not None:
                self._tell(trial.looked_at, max(total, trial.looked_at))
        return trial

    def _last(self) -> RedoRun:
        run = self._store.redo.last_run(RedoKind.REEXTRACT)
        assert run is not None
        return run

    async def _take_rules(self) -> None:
        """Judge by the topics that are in force now, which another process may have changed."""
        versions = await asyncio.to_thread(self._store.versions_in_force)
        if versions != self._topics:
            sources = await asyncio.to_thread(self._store.last_good_topics)
            self._rules = compile_rules([parse_topic(source) for source in sources])
            self._topics = versions

    async def _read(self, page: KeptPage) -> ReadAgain:
        return await self._rereading.read(page.page, page.entry, page.article, self._rules)

    async def _keep(self, run: RedoRun, page: KeptPage, again: ReadAgain) -> None:
        while again.reading is not None and again.is_other_text(page.article):
            reread = self._reread(run, page)
            if await self._rereading.save(again.reading, page.entry, page.article, reread):
                return
            before = self._topics
            await self._take_rules()
            if self._topics == before:
                # Its article shows another text since, which is newer than this page.
                break
            again = await self._read(page)
        reread = self._reread(run, page)
        if again.reading is not None and not again.is_other_text(page.article):
            await asyncio.to_thread(self._store.redo.keep_same, reread)
        else:
            await asyncio.to_thread(self._store.redo.keep_passed, reread, is_failed=again.reading is None)

    def _reread(self, run: RedoRun, page: KeptPage) -> Reread:
        return Reread(version_id=page.version_id, run_id=run.id, topics=self._topics)


def _other_text(page: KeptPage, text: str) -> OtherText:
    from rules.text import tokenize

    return OtherText(
        article=page.article.id, url=page.article.url, words_before=page.words, words=len(tokenize(text).folded)
    )
