"""What fails is tried again after 10 minutes, 1, 6 and 24 hours, and what was forgotten is never stored again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed
from ingest.web import Page
from ingest.workers import InlineWorkers
from rules.compile import compile_rules
from storage.account import account, broken_laws
from storage.listings import Listings
from storage.migrate import upgrade
from storage.store import Store
from storage.upkeep.erasing import Eraser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.web import Request

START = datetime(2026, 1, 12, 6, tzinfo=UTC)
FEED = "https://town.example/rss.xml"
STORY = "https://town.example/pier"
OTHER = "https://town.example/link/7"
WORD = "quaggaxylophone"
BODY = "".join(
    f"<p>The harbour master closed pier number {number} on Monday after {WORD} divers had found cracks in it.</p>"
    for number in range(25)
)
PAGE = f"<html><head><title>Pier</title></head><body><article>{BODY}</article></body></html>".encode()


def rss(*items: tuple[str, str], text: str = "") -> bytes:
    parts = "".join(
        f"<item><guid>{guid}</guid><link>{link}</link><title>{text and 'Pier closed'}</title>"
        f"<description>{text}</description></item>"
        for guid, link in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Town</title>{parts}</channel></rss>'.encode()


@dataclass
class Town:
    """A pipeline with its store, what its addresses answer (or where they lead to), and its clock."""

    url: str
    store: Store
    answers: dict[str, bytes | str | Exception]
    now: datetime = START
    asked: list[str] = field(default_factory=list)

    async def get(self, request: Request) -> Page:
        await asyncio.sleep(0)
        self.asked.append(request.url)
        url = request.url
        while isinstance(answer := self.answers[url], str):
            url = answer
        if isinstance(answer, Exception):
            raise answer
        headers = {"content-type": "text/html"}
        return Page(requested_url=request.url, url=url, moved_to=None, status=200, headers=headers, body=answer)

    def pipeline(self) -> Pipeline:
        rules = compile_rules(())
        return Pipeline(
            store=self.store,
            fetch=self,
            workers=InlineWorkers(),
            rules=lambda: rules,
            clock=lambda: self.now,
            draw=lambda: 0.0,
        )

    async def work(self) -> None:
        """Poll, and do all entries that are due."""
        await self.pipeline().refresh_feed(1)
        await self.ingest()

    async def ingest(self) -> None:
        for due in self.store.due_entries(self.now, 100):
            await self.pipeline().ingest_entry(due.id)
        assert self.store._read(broken_laws) == ()

    def entries(self):
        with Listings(self.url) as listings:
            return sorted(listings.entries(), key=lambda entry: entry.id)

    def forget(self, url: str) -> None:
        with Eraser(self.url) as eraser:
            eraser.forget(self.store.article_at((url,)).id, self.now)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url=FEED)], START)
        yield Town(url, store, {FEED: rss(("1", STORY)), STORY: PAGE})


@pytest.mark.parametrize(
    ("text", "ends"), [("", ("failed", None)), ("Divers have found cracks in the pier.", ("done", "feed"))]
)
async def test_a_page_that_fails_for_ever_is_tried_five_times_and_then_no_more(
    town: Town, text: str, ends: tuple[str, str | None]
) -> None:
    town.answers[FEED] = rss(("1", STORY), text=text)
    town.answers[STORY] = Transient(Reason.TIMEOUT, STORY, "too slow")
    await town.pipeline().refresh_feed(1)
    tried = []
    for wait in (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), None):
        town.asked.clear()
        await town.ingest()
        assert town.asked == [STORY]
        tried.append(town.now)
        (entry,) = town.entries()
        assert (entry.reason, entry.attempts) == ("timeout", len(tried))
        if wait is None:
            break
        assert (entry.state, entry.next_try_at) == ("retrying", town.now + wait)
        assert town.store._read(account).retrying == {len(tried): 1}
        # a moment before it is not due
        town.now = entry.next_try_at - timedelta(microseconds=1)
        assert town.store.due_entries(town.now, 9) == ()
        town.now = entry.next_try_at
    assert (entry.state, entry.text_from, entry.next_try_at) == (*ends, None)
    town.now += timedelta(days=400)
    assert town.store.due_entries(town.now, 9) == ()


async def test_a_try_that_works_ends_the_chain(town: Town) -> None:
    town.answers[STORY] = Transient(Reason.HTTP_SERVER, STORY)
    await town.work()
    town.answers[STORY] = PAGE
    town.now += timedelta(minutes=10)
    await town.ingest()
    (entry,) = town.entries()
    assert (entry.state, entry.reason, entry.text_from, entry.attempts) == ("done", None, "page", 0)


async def test_what_is_forgotten_does_not_come_back_by_its_feed(town: Town) -> None:
    await town.work()
    town.forget(STORY)
    town.answers[FEED] = rss(("1", STORY), ("2", STORY + "?utm_source=x"), text=WORD)
    town.asked.clear()
    for _ in range(2):
        town.now += timedelta(days=1)
        await town.work()
    assert set(town.asked) == {FEED}
    assert {(entry.state, entry.reason, entry.title) for entry in town.entries()} == {("done", "forgotten", "")}


@pytest.mark.parametrize(
    "gone", [None, Permanent(Reason.GONE, STORY, status=410), Transient(Reason.HTTP_SERVER, STORY, status=500)]
)
async def test_a_link_that_leads_there_stores_nothing(town: Town, gone: Exception | None) -> None:
    """Not even what the feed says of it where the page itself cannot be had."""
    await town.work()
    town.forget(STORY)
    town.answers[FEED] = rss(("9", OTHER), text=WORD)
    town.answers[OTHER] = STORY
    if gone is not None:
        town.answers[STORY] = gone
    town.now += timedelta(days=1)
    await town.work()
    first, second = town.entries()
    assert (second.link, second.state, second.reason) == (OTHER, "done", "forgotten")
    assert (second.title, second.article, second.next_try_at) == ("", None, None)
    assert (first.reason, town.store.article_at((OTHER, STORY))) == ("forgotten", None)
    dump = b"".join(file.read_bytes() for file in (await asyncio.to_thread(lambda: _files(town.url))))
    assert WORD.encode() not in dump


def _files(url: str):
    from pathlib import Path

    with Eraser(url) as eraser:
        for _ in eraser.clean():
            pass
        assert eraser.fold_log()
    file = Path(url.removeprefix("sqlite:///"))
    return [each for each in file.parent.iterdir() if each.name.startswith(file.name)]


async def test_a_page_that_says_that_it_belongs_there_stores_nothing(town: Town) -> None:
    await town.work()
    town.forget(STORY)
    copy = "https://town.example/amp/pier"
    town.answers[FEED] = rss(("9", copy), text=WORD)
    town.answers[copy] = PAGE.replace(b"<title>", f'<link rel="canonical" href="{STORY}"><title>'.encode())
    town.now += timedelta(days=1)
    await town.work()
    second = town.entries()[1]
    with Listings(town.url) as listings:
        articles = listings.articles()
    if articles:
        # It is another page where the address does not say evidently that it is the same.
        assert articles[0].url == copy
    else:
        assert (second.state, second.reason) == ("done", "forgotten")


async def test_a_step_that_was_under_way_when_it_was_forgotten_stores_nothing(town: Town) -> None:
    await town.work()
    town.now += timedelta(hours=1)

    async def get(request: Request) -> Page:
        town.forget(STORY)
        return Page(requested_url=STORY, url=STORY, moved_to=None, status=200, headers={}, body=PAGE)

    pipeline = town.pipeline()
    (due,) = town.store.due_entries(town.now, 9)
    pipeline._fetch = type("Fetch", (), {"get": staticmethod(get)})()
    done = await pipeline.ingest_entry(due.id)
    assert done.outcome.reason == Reason.FORGOTTEN
    assert [entry.reason for entry in town.entries()] == ["forgotten"]
    assert town.store._read(broken_laws) == ()
