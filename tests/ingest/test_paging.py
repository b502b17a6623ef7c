"""Older pages of a feed are followed to their end, and no further than is good."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ingest.errors import Reason, StoreError, Transient
from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed, FeedAccess
from ingest.web import Page
from ingest.workers import InlineWorkers
from rules.compile import compile_rules
from storage.listings import Listings
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.paging import Backfilled
    from ingest.web import Request

START = datetime(2026, 1, 12, 6, tzinfo=UTC)
SITE = "https://town.example"
FEED = f"{SITE}/feed"


def atom(*names: str, older: str = "") -> bytes:
    entries = "".join(
        f'<entry><id>{SITE}/{name}</id><title>{name}</title><link href="{SITE}/{name}"/>'
        f"<updated>2026-01-10T00:00:00Z</updated></entry>"
        for name in names
    )
    link = f'<link rel="next" href="{older}"/>' if older else ""
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>x</id>{link}{entries}</feed>'.encode()


class Web:
    """What the addresses answer: bytes, or an error."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.requests: list[Request] = []

    async def get(self, request: Request) -> Page:
        self.requests.append(request)
        await asyncio.sleep(0)
        answer = self.answers[request.url]
        if isinstance(answer, Exception):
            raise answer
        return Page(
            requested_url=request.url,
            url=request.url,
            moved_to=None,
            status=200,
            headers={"content-type": "application/atom+xml"},
            body=answer,
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url=FEED)], START)
        yield store


def pages(count: int) -> dict[str, Any]:
    """A feed of so many pages with two entries each."""
    urls = [FEED, *(f"{FEED}?page={n}" for n in range(2, count + 1))]
    return {url: atom(f"{n}a", f"{n}b", older=urls[n] if n < count else "") for n, url in enumerate(urls, start=1)}


def pipeline(store: Any, web: Web, **more: Any) -> Pipeline:
    rules = compile_rules(())
    return Pipeline(store=store, fetch=web, workers=InlineWorkers(), rules=lambda: rules, clock=lambda: START, **more)


async def walk(store: Any, web: Web, count: int = 10, **more: Any) -> Backfilled:
    return await pipeline(store, web).backfill_feed(1, count, **more)


async def test_all_pages_are_followed_and_every_one_is_told(store: Store) -> None:
    told = []
    done = await walk(store, Web(pages(3)), tell=told.append)
    assert (done.pages, done.listed, done.new, done.error) == (3, 6, 6, None)
    assert done.why == "there are no older pages"
    assert [each.pages for each in told] == [1, 2, 3]
    assert len(store.due_entries(START, 100)) == 6


async def test_what_comes_from_an_older_page_bears_its_mark(store: Store, tmp_path: Path) -> None:
    await walk(store, Web(pages(2)))
    with Listings(f"sqlite:///{tmp_path}/w.db") as listings:
        found = {entry.title: entry.found_by for entry in listings.entries()}
    assert found == {"1a": "feed", "1b": "feed", "2a": "archive", "2b": "archive"}


async def test_no_more_pages_than_were_asked_for(store: Store) -> None:
    web = Web(pages(5))
    done = await walk(store, web, 2)
    assert (done.pages, len(web.requests)) == (2, 2)
    assert done.why == f"as many pages as were asked for (2); {FEED}?page=3 would be the next"


async def test_a_feed_without_older_pages_says_so(store: Store) -> None:
    assert (await walk(store, Web({FEED: atom("a")}))).why == "the feed names no older pages"


async def test_a_second_walk_ends_at_what_is_known_unless_it_is_to_go_beyond(store: Store) -> None:
    await walk(store, Web(pages(5)), 3)
    done = await walk(store, Web(pages(5)))
    assert (done.pages, done.new, done.why) == (2, 0, f"all entries of {FEED}?page=2 are known")
    done = await walk(store, Web(pages(5)), beyond_known=True)
    assert (done.pages, done.new) == (5, 4)


@pytest.mark.parametrize("beyond_known", [False, True])
async def test_circles_and_pages_that_are_all_the_same_end_the_walk(store: Store, *, beyond_known: bool) -> None:
    circle = {FEED: atom("a", older=f"{FEED}?2"), f"{FEED}?2": atom("b", older=FEED)}
    done = await walk(store, Web(circle), beyond_known=beyond_known)
    assert (done.pages, done.why) == (2, f"the pages go in a circle: {FEED} was read already")
    same = {FEED: atom("a", older=f"{FEED}?2"), f"{FEED}?2": atom("a", older=f"{FEED}?2")}
    same[f"{FEED}?2"] = same[FEED]
    done = await walk(store, Web(same), beyond_known=beyond_known)
    assert (done.pages, done.why) == (1, f"{FEED}?2 is a page again that was read already")


@pytest.mark.parametrize("answer", [Transient(Reason.TIMEOUT, FEED, "not done after 30 seconds"), b"<html>no"])
async def test_a_page_that_fails_ends_the_walk_and_what_came_before_stays(store: Store, answer: Any) -> None:
    web = Web(pages(3))
    web.answers[f"{FEED}?page=3"] = answer
    done = await walk(store, web)
    assert (done.pages, done.new) == (2, 4)
    assert done.error is not None
    assert done.why.startswith(f"{FEED}?page=3 cannot be read: ")
    assert len(store.due_entries(START, 100)) == 4


async def test_secrets_go_with_each_page_of_the_same_site(store: Store) -> None:
    web = Web({FEED: atom("a", older="https://cdn.example/2"), "https://cdn.example/2": atom("b")})
    access = FeedAccess(credentials=("me", "pw"))
    await pipeline(store, web, access=lambda _: access).backfill_feed(1, 5)
    assert [request.credentials for request in web.requests] == [("me", "pw"), None]


async def test_a_feed_that_is_not_there(store: Store) -> None:
    with pytest.raises(LookupError):
        await pipeline(store, Web({})).backfill_feed(9, 5)


class FullStore:
    """A store with room for so many pages."""

    def __init__(self, store: Store, room: int) -> None:
        self._store = store
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def record_found(self, *given: Any, **more: Any) -> tuple[int, ...]:
        self._room -= 1
        if self._room < 0:
            raise StoreError("disk full")
        return self._store.record_found(*given, **more)


async def test_a_walk_that_was_cut_short_is_taken_up_again(store: Store) -> None:
    with pytest.raises(StoreError):
        await walk(FullStore(store, 2), Web(pages(4)))
    done = await walk(store, Web(pages(4)), beyond_known=True)
    assert done.new == 4
    assert len(store.due_entries(START, 100)) == 8
