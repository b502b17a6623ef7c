"""Two processes come to one page at once, by two links: it is one article, with the title that came first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, select

from ingest.model import EntryState
from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed
from ingest.web import Page
from ingest.workers import InlineWorkers
from rules.compile import compile_rules
from storage import tables
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.web import Request

NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)
FEED = "https://town.example/rss.xml"
LINKS = ("https://a.example/1", "https://b.example/1")
STORY = "https://town.example/pier"
BODY = "".join(
    f"<p>The harbour master closed pier number {n} on Monday after divers had found cracks.</p>" for n in range(20)
)


class Web:
    """A feed with two links, which lead to one page."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, request: Request) -> Page:
        self.asked.append(request.url)
        if request.url == FEED:
            items = "".join(f"<item><link>{link}</link><title>Title of {link}</title></item>" for link in LINKS)
            body, url = f'<rss version="2.0"><channel><title>Town</title>{items}</channel></rss>', FEED
        else:
            body, url = f"<html><body><article><h1>Pier</h1>{BODY}</article></body></html>", STORY
        headers = {"content-type": "text/html"}
        return Page(requested_url=request.url, url=url, moved_to=None, status=200, headers=headers, body=body.encode())


class TwoAtOnce(InlineWorkers):
    """Reads the first page for nobody before it is to be read for both."""

    def __init__(self) -> None:
        self._count = 0
        self._both = asyncio.Event()

    async def read_page(self, *arguments: Any, **named: Any) -> Any:
        self._count += 1
        if self._count == len(LINKS):
            self._both.set()
        await self._both.wait()
        return await super().read_page(*arguments, **named)


def test_it_is_one_article_with_the_title_that_came_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/news.db"
    upgrade(url)
    web, workers, rules = Web(), TwoAtOnce(), compile_rules(())

    async def work(stores: list[Store]) -> None:
        pipelines = [
            Pipeline(store=each, fetch=web, workers=workers, rules=lambda: rules, clock=lambda: NOW, draw=lambda: 0.0)
            for each in stores
        ]
        ids = (await pipelines[0].refresh_feed(stores[0].due_feeds(NOW, 9)[0].id)).entry_ids
        await asyncio.gather(*(one.ingest_entry(each) for one, each in zip(pipelines, ids, strict=True)))

    with Store(url) as one, Store(url) as other:
        one.sync_feeds([ConfiguredFeed(url=FEED)], NOW)
        asyncio.run(work([one, other]))
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(select(tables.article.c.url)).scalars().all() == [STORY]
        (title,) = connection.execute(select(tables.article_version.c.title)).scalars()
        assert title in {f"Title of {link}" for link in LINKS}
        assert connection.execute(select(tables.relation.c.id)).all() == []
        assert set(connection.execute(select(tables.entry.c.state)).scalars()) == {EntryState.DONE}
    engine.dispose()
    # Whoever came second looked again.
    assert len(web.asked) == 1 + len(LINKS) + 1
