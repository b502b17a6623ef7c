"""A poll over a real database: no news is no news, moves, gaps, indexes, pushes, secrets, and what people are told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ingest.errors import Permanent, Reason, StoreError, Transient
from ingest.feed_problems import MAX_PROBLEMS
from ingest.gap import USUAL_NAMES
from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed, EventKind, FeedAccess, FeedDocument, FeedState, FoundBy, SitemapLink
from ingest.sitemap_reading import SitemapReader
from ingest.web import NotModified, Page, Request
from ingest.workers import InlineWorkers
from rules.compile import compile_rules
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.polling import Feed
    from ingest.refresh import Refreshed

START = datetime(2026, 1, 12, 6, tzinfo=UTC)
SITE = "https://town.example"
FEED = f"{SITE}/rss.xml"
NEWS = f"{SITE}/news-sitemap.xml"


def item(name: str, at: datetime | None = None, *, summary: str = "") -> str:
    date = "" if at is None else f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
    link = f"{SITE}/{name}"
    what = f"<title>{name}</title><description>{summary}</description>{date}"
    return f"<item><guid>{link}</guid><link>{link}</link>{what}</item>"


def rss(*items: str, built: str = "", more: str = "") -> bytes:
    head = f"<title>Town</title>{built and f'<lastBuildDate>{built}</lastBuildDate>'}{more}"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def sitemap(*entries: tuple[str, datetime]) -> bytes:
    urls = "".join(
        f"<url><loc>{SITE}/{name}</loc><n:news><n:publication_date>{at:%Y-%m-%dT%H:%M:%S}Z</n:publication_date>"
        f"<n:title>{name}</n:title></n:news></url>"
        for name, at in entries
    )
    names = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    )
    return f'<?xml version="1.0"?><urlset {names}>{urls}</urlset>'.encode()


def index(*children: tuple[str, datetime | None]) -> bytes:
    maps = "".join(
        f"<sitemap><loc>{url}</loc>{f'<lastmod>{at:%Y-%m-%dT%H:%M:%S}Z</lastmod>' if at else ''}</sitemap>"
        for url, at in children
    )
    names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    return f'<?xml version="1.0"?><sitemapindex {names}>{maps}</sitemapindex>'.encode()


@dataclass
class Web:
    """What the addresses answer: bytes, or an error. Without ETags unless `has_etags`; these never change."""

    answers: dict[str, bytes | Exception]
    moved: dict[str, str] = field(default_factory=dict)
    has_etags: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    #: what robots.txt names, or the error that it ends with
    robots: tuple[str, ...] | Exception = ()

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.requests]

    async def get(self, request: Request) -> Page | NotModified:
        self.requests.append(request)
        await asyncio.sleep(0)
        url = self.moved.get(request.url, request.url)
        answer = self.answers.get(url, Permanent(Reason.HTTP_CLIENT, url, "not found (404)", status=404))
        if isinstance(answer, Exception):
            raise answer
        headers = {**self.headers, **({"etag": '"1"'} if self.has_etags else {})}
        if request.etag is not None:
            return NotModified(url=url, headers=headers, moved_to=self.moved.get(request.url))
        return Page(
            requested_url=request.url,
            url=url,
            moved_to=self.moved.get(request.url),
            status=200,
            headers={"content-type": "application/xml", **headers},
            body=answer,
        )

    async def robots_sitemaps(self, _: str) -> tuple[str, ...]:
        if isinstance(self.robots, Exception):
            raise self.robots
        return self.robots


@dataclass
class Town:
    """A pipeline with its store, its web and its clock."""

    store: Any
    web: Web
    now: datetime = START
    access: dict[str, FeedAccess] = field(default_factory=dict)
    configured: set[str] = field(default_factory=set)

    def pipeline(self, store: Any = None, workers: Any = None) -> Pipeline:
        rules = compile_rules(())
        return Pipeline(
            store=store or self.store,
            fetch=self.web,
            workers=workers or InlineWorkers(),
            rules=lambda: rules,
            access=lambda url: self.access.get(url, FeedAccess()),
            is_configured=lambda url: url in self.configured,
            robots_sitemaps=self.web.robots_sitemaps,
            clock=lambda: self.now,
            draw=lambda: 0.0,
        )

    async def poll(self, *items: str, after: timedelta = timedelta(hours=1), **more: str) -> Refreshed:
        """Poll the feed some time later; with *items*, that is what it lists."""
        self.now += after
        if items or more:
            self.web.answers[FEED] = rss(*items, **more)
        return await self.pipeline().refresh_feed(1)

    @property
    def feed(self) -> Feed:
        feed: Feed = self.store.feed(1)
        return feed

    def found_by(self) -> dict[str, str]:
        """How the entries were found, by the last part of their links."""
        from sqlalchemy import create_engine, text

        engine = create_engine(f"sqlite:///{self.store._subject}")
        with engine.connect() as connection:
            rows = connection.execute(text("select link, coalesce(found_by, 'feed') from entry")).all()
        engine.dispose()
        return {link.rpartition("/")[2]: found for link, found in rows}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url=FEED)], START)
        yield Town(store, Web({FEED: rss(item("a"))}))


def kinds(done: Refreshed) -> list[str]:
    return [event.kind for event in done.events]


# --- no news ----------------------------------------------------------------------------------------


async def test_a_body_that_differs_in_nothing_that_counts_is_no_news(town: Town) -> None:
    await town.poll(item("a"), item("b"))
    interval_s = town.feed.interval_s
    done = await town.poll(item("b"), item("a"), built="Mon, 12 Jan 2026 09:00:00 GMT")
    assert (done.new, done.changed, done.error) == (0, 0, None)
    assert town.feed.interval_s == round(interval_s * 1.25)


async def test_the_same_body_is_no_document(town: Town) -> None:
    await town.poll()
    before = town.feed.last_document_at
    await town.poll()
    assert town.feed.last_document_at == before == START + timedelta(hours=1)


async def test_the_same_body_under_another_etag_is_asked_for_by_that_one(town: Town) -> None:
    await town.poll()
    before = town.feed
    town.web.headers = {"etag": '"two"', "last-modified": "Mon, 12 Jan 2026 05:00:00 GMT"}
    done = await town.poll()
    after = town.feed
    assert (done.new, after.last_status, after.body_hash) == (0, 200, before.body_hash)
    assert (after.etag, after.last_modified) == ('"two"', "Mon, 12 Jan 2026 05:00:00 GMT")
    await town.poll()
    assert town.web.requests[-1].etag == '"two"'
    assert town.feed.last_status == 304
    assert town.feed.etag == '"two"', "a 304 need not repeat it"


async def test_a_304_renews_the_validators_that_it_names_and_no_others(town: Town) -> None:
    monday = "Mon, 12 Jan 2026 05:00:00 GMT"
    town.web.headers = {"etag": '"one"', "last-modified": monday}
    await town.poll()
    town.web.headers = {"etag": 'W/"two"'}
    await town.poll()
    assert (town.feed.last_status, town.feed.etag, town.feed.last_modified) == (304, 'W/"two"', monday)
    town.web.headers = {"last-modified": monday.replace("05", "06"), "etag": ""}
    await town.poll()
    assert town.web.requests[-1].etag == 'W/"two"'
    assert (town.feed.etag, town.feed.last_modified) == ('W/"two"', monday.replace("05", "06"))
    await town.poll()
    assert town.web.requests[-1].last_modified == monday.replace("05", "06")


async def test_retry_after_beside_a_document_is_kept_to(town: Town) -> None:
    town.web.headers = {"retry-after": "18000"}
    assert (await town.poll(item("a"))).new == 1
    assert town.feed.next_poll_at == town.now + timedelta(hours=5)


async def test_a_poll_for_which_nobody_was_asked_is_put_off_and_changes_nothing_else(town: Town) -> None:
    await town.poll(item("a"))
    town.web.answers[FEED] = Transient(Reason.UNAVAILABLE, FEED, "the server cannot answer", status=503)
    await town.poll()
    before = town.feed
    assert (before.last_error, before.last_status) == (Reason.UNAVAILABLE, 503)
    town.web.answers[FEED] = Transient(
        Reason.RATE_LIMITED, FEED, "not asked: later", retry_after_s=9_000, was_asked=False
    )
    for _ in range(5):
        done = await town.poll()
        assert (done.events, done.error) == ((), town.web.answers[FEED])
        after = town.feed
        assert (after.state, after.failures, after.interval_s) == (before.state, 1, before.interval_s)
        assert (after.last_error, after.last_status, after.last_polled_at) == (
            before.last_error,
            before.last_status,
            before.last_polled_at,
        )
        assert after.next_poll_at == town.now + timedelta(seconds=9_000)
        assert after.plan_why == "put off: not asked: later"
    assert (after.last_new_at, after.broken_since) == (before.last_new_at, None)


async def test_a_server_that_lies_with_304_is_found_out_within_a_day(town: Town) -> None:
    town.web.has_etags = True
    await town.poll()
    for _ in range(22):
        assert (await town.poll(item("a"), item("b"))).new == 0
    assert (await town.poll(after=timedelta(hours=2))).new == 1
    assert sum(request.etag is None for request in town.web.requests) == 2


async def test_the_look_without_validators_that_finds_the_same_body_is_remembered(town: Town) -> None:
    town.web.has_etags = True
    for after in (1, 25, 1):
        await town.poll(after=timedelta(hours=after))
    assert [request.etag for request in town.web.requests] == [None, None, '"1"']
    assert town.feed.last_full_poll_at == START + timedelta(hours=26)


@pytest.mark.parametrize("has_etags", [True, False])
async def test_an_answer_without_news_says_how_long_it_holds_too(town: Town, *, has_etags: bool) -> None:
    town.web.has_etags = has_etags
    await town.poll()
    town.web.headers = {"cache-control": "max-age=43200"}
    await town.poll()
    assert town.feed.next_poll_at == town.now + timedelta(hours=12)


async def test_the_validators_of_a_document_that_broke_off_are_not_kept(town: Town) -> None:
    town.web.has_etags = True
    whole = rss(item("a"), item("b"))
    town.web.answers[FEED] = whole[: whole.index(b"</channel>")]
    town.web.headers = {"last-modified": "Mon, 12 Jan 2026 06:00:00 GMT"}
    await town.poll()
    assert (town.feed.etag, town.feed.last_modified) == (None, None)
    town.web.answers[FEED] = whole
    await town.poll()
    assert town.web.requests[-1].etag is None
    assert (town.feed.etag, town.feed.last_modified) == ('"1"', "Mon, 12 Jan 2026 06:00:00 GMT")


async def test_the_plan_says_why_and_keeps_to_what_the_user_asks(town: Town) -> None:
    town.access[FEED] = FeedAccess(every_s=300)
    for name in "abcdefgh":
        await town.poll(item("a"), item(name))
    assert town.feed.interval_s == 300
    await town.poll()
    assert town.feed.next_poll_at == town.now + timedelta(minutes=5)


# --- health -----------------------------------------------------------------------------------------


async def test_a_break_and_a_recovery_are_told_once(town: Town) -> None:
    await town.poll()
    town.web.answers[FEED] = Transient(Reason.TIMEOUT, FEED)
    told = [kinds(await town.poll()) for _ in range(5)]
    assert told == [[], [], [EventKind.BROKEN], [], []]
    assert town.feed.state is FeedState.BACKING_OFF
    assert kinds(await town.poll(item("a"))) == [EventKind.RECOVERED]
    assert (town.feed.state, town.feed.broken_since) == (FeedState.ACTIVE, None)


async def test_a_feed_without_news_for_long_is_silent_and_not_broken(town: Town) -> None:
    await town.poll()
    told = [kinds(await town.poll(after=timedelta(days=1))) for _ in range(9)]
    assert [kind for each in told for kind in each] == [EventKind.SILENT]
    assert town.feed.state is FeedState.ACTIVE


async def test_a_cut_document_is_told_once_per_change(town: Town) -> None:
    whole = rss(item("a"), item("b"), item("c"))
    cut = whole[: whole.index(b"<item><guid>https://town.example/c")]
    told = []
    for body in (whole, cut, cut + b" ", whole, cut):
        town.web.answers[FEED] = body
        town.now += timedelta(hours=1)
        done = await town.pipeline().refresh_feed(1)
        told.append(kinds(done))
    assert told == [[], [EventKind.CUT], [], [], [EventKind.CUT]]


async def test_more_entries_than_are_read_are_told_once(town: Town) -> None:
    many = [item(f"n{number}") for number in range(2001)]
    assert kinds(await town.poll(*many)) == [EventKind.CUT]
    town.web.has_etags = True
    assert kinds(await town.poll(*many[1:], item("x"))) == []
    assert town.feed.etag == '"1"', "what lies beyond would not come with the next poll either"


# --- moves ------------------------------------------------------------------------------------------

MOVED = "https://city.example/feed"


async def test_a_feed_moves_when_a_feed_is_there(town: Town) -> None:
    town.web.moved[FEED] = MOVED
    town.web.answers[MOVED] = b"<!doctype html><html><title>Parked</title></html>"
    assert (await town.poll()).error is not None
    assert town.feed.fetch_url == FEED
    town.web.answers[MOVED] = rss(item("a"))
    (event, *_) = [event for event in (await town.poll()).events if event.kind is EventKind.MOVED]
    assert event.detail == f"has moved for good to {MOVED}"
    assert (town.feed.url, town.feed.fetch_url) == (FEED, MOVED)


async def test_a_move_is_taken_from_a_document_and_from_no_304(town: Town) -> None:
    town.web.has_etags = True
    await town.poll()
    town.web.moved[FEED] = MOVED
    town.web.answers[MOVED] = town.web.answers[FEED]
    assert kinds(await town.poll()) == []
    assert town.feed.fetch_url == FEED
    assert kinds(await town.poll(after=timedelta(days=1))) == [EventKind.MOVED]
    assert town.feed.fetch_url == MOVED


async def test_a_move_to_another_feed_of_the_user_is_said(town: Town) -> None:
    town.configured = {FEED, MOVED}
    town.web.moved[FEED] = MOVED
    town.web.answers[MOVED] = rss(item("a"))
    (event,) = (await town.poll()).events
    assert "configured as well" in event.detail


async def test_a_feed_goes_back_when_its_new_place_does_not_hold(town: Town) -> None:
    town.web.moved[FEED] = MOVED
    town.web.answers[MOVED] = rss(item("a"))
    await town.poll()
    town.web.moved.clear()
    town.web.answers[MOVED] = Permanent(Reason.GONE, MOVED, status=410)
    done = await town.poll()
    assert EventKind.MOVED in kinds(done)
    assert town.feed.fetch_url == FEED


# --- secrets ----------------------------------------------------------------------------------------


async def test_the_own_site_gets_the_secrets_with_polls_and_pages_and_nobody_else_does(town: Town) -> None:
    town.access[FEED] = FeedAccess(headers=(("X-Key", "k"),), credentials=("me", "pw"))
    away = "<item><link>https://other.example/b</link><title>b</title></item>"
    done = await town.poll(item("a"), away)
    for entry_id in done.entry_ids:
        await town.pipeline().ingest_entry(entry_id)
    sent = {request.url: (request.headers, request.credentials) for request in town.web.requests}
    secrets = ((("X-Key", "k"),), ("me", "pw"))
    assert sent == {FEED: secrets, f"{SITE}/a": secrets, "https://other.example/b": ((), None)}


# --- gaps -------------------------------------------------------------------------------------------


async def with_gap(town: Town) -> Refreshed:
    """The feed lists something wholly new after ten hours; the sitemap lists what was in between, and more."""
    await town.poll(item("world/a", START))
    hours = [START + timedelta(hours=n) for n in range(12)]
    town.web.answers.setdefault(
        NEWS,
        sitemap(("world/z", hours[11]), ("world/m", hours[5]), ("world/n", hours[6]), ("sport/o", hours[5])),
    )
    return await town.poll(item("world/y", hours[10]), item("world/z", hours[11]), after=timedelta(hours=10))


async def test_a_gap_is_told_filled_from_the_news_sitemap_and_makes_polls_quick(town: Town) -> None:
    done = await with_gap(town)
    (event,) = done.events
    assert event.kind is EventKind.GAP
    assert event.detail == (
        "none of its 2 entries was in the last document, of 10 h before: entries in between may be missing; "
        f"2 found in {NEWS}"
    )
    assert (done.new, done.found, len(done.entry_ids)) == (2, 2, 4)
    assert town.found_by() == {"a": "feed", "y": "feed", "z": "feed", "m": "sitemap", "n": "sitemap"}
    assert town.feed.interval_s == 600


async def test_what_was_found_is_known_when_the_feed_lists_it_after_all(town: Town) -> None:
    await with_gap(town)
    assert (await town.poll(item("world/m"), item("world/y"))).new == 0


async def test_sitemaps_that_robots_names_are_asked_first_and_guesses_counted_apart(town: Town) -> None:
    named = f"{SITE}/news/today.xml"
    town.web.robots = (f"{SITE}/all.xml", named)
    done = await with_gap(town)
    assert town.web.urls[2:] == [named, f"{SITE}/all.xml", NEWS]
    assert done.found == 2
    town.web.requests.clear()
    town.web.robots = tuple(f"{SITE}/{n}.xml" for n in range(9))
    town.web.answers[NEWS] = Permanent(Reason.GONE, NEWS)
    assert (await town.poll(item("world/q"), after=timedelta(hours=3))).found == 0
    assert town.web.urls[1:] == [*town.web.robots[:3], *(f"{SITE}{name}" for name in USUAL_NAMES)]


async def test_a_named_index_leads_to_its_news_and_no_guess_is_made(town: Town) -> None:
    top, child = f"{SITE}/all.xml", f"{SITE}/today.xml"
    town.web.robots = (top,)
    town.web.answers[top] = index((child, START + timedelta(hours=9)))
    town.web.answers[child] = sitemap(("world/m", START + timedelta(hours=5)))
    done = await with_gap(town)
    assert (town.web.urls[2:], done.found) == ([top, child], 1)


async def test_a_sitemap_of_old_pages_does_not_hide_the_news(town: Town) -> None:
    old = f"{SITE}/all.xml"
    town.web.robots = (old,)
    town.web.answers[old] = sitemap(("world/old", START - timedelta(days=900)))
    done = await with_gap(town)
    assert (town.web.urls[2:], done.found) == ([old, NEWS], 2)


async def test_an_index_is_followed_one_level(town: Town) -> None:
    child = f"{SITE}/maps/news.xml"
    moment = START + timedelta(hours=9)
    town.web.answers[NEWS] = index((f"{SITE}/maps/pages.xml", moment), (child, moment))
    town.web.answers[child] = sitemap(("world/m", START + timedelta(hours=5)))
    done = await with_gap(town)
    assert town.web.urls[2:] == [NEWS, child]
    assert done.found == 1


@pytest.mark.parametrize(
    ("robots", "answer", "said"),
    [
        ((), Permanent(Reason.ROBOTS, NEWS, "robots.txt forbids it"), "no news sitemap could be read"),
        ((), b"<html>no", "no news sitemap could be read"),
        ((), sitemap(("world/old", START - timedelta(days=9))), "lists nothing that is missing"),
        (Transient(Reason.ROBOTS, SITE, "robots.txt cannot be had"), sitemap(), "robots.txt cannot be had"),
        (ZeroDivisionError(), sitemap(), "a fault of our own"),
    ],
)
async def test_a_search_that_fails_is_part_of_what_is_told(town: Town, robots: Any, answer: Any, said: str) -> None:
    town.web.robots = robots
    town.web.answers[NEWS] = answer
    done = await with_gap(town)
    assert (done.new, done.found, done.error) == (2, 0, None)
    assert said in done.events[0].detail


async def test_a_feed_that_shares_an_entry_or_lists_none_has_no_gap(town: Town) -> None:
    await town.poll(item("a"), item("b"))
    assert kinds(await town.poll(item("b"), item("c"))) == []
    assert kinds(await town.poll(more=" ")) == []
    assert kinds(await town.poll(item("c"), item("d"))) == [], "since the last document that said anything"
    assert kinds(await town.poll(item("e"), item("f"))) == [EventKind.GAP]


async def test_old_entries_that_come_back_hide_no_gap(town: Town) -> None:
    await town.poll(item("a"), item("b"))
    await town.poll(item("b"), item("c"))
    assert kinds(await town.poll(item("a"), item("d"))) == [EventKind.GAP]


class BrokenStore:
    """A store whose *method* cannot be used."""

    def __init__(self, store: Any, method: str) -> None:
        self._store = store
        self._method = method

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            return self._fail
        return getattr(self._store, name)

    def _fail(self, *_: object, **__: object) -> None:
        raise StoreError("disk full")


@pytest.mark.parametrize("method", ["feed", "known_entries", "record_found", "record_poll"])
async def test_after_a_broken_store_the_gap_is_seen_again(town: Town, method: str) -> None:
    await with_gap(town)
    town.now += timedelta(hours=1)
    later = START + timedelta(hours=11, minutes=30)
    town.web.answers[FEED] = rss(item("world/q", later + timedelta(minutes=20)))
    town.web.answers[NEWS] = sitemap(("world/p", later))
    with pytest.raises(StoreError):
        await town.pipeline(BrokenStore(town.store, method)).refresh_feed(1)
    done = await town.pipeline().refresh_feed(1)
    assert kinds(done) == [EventKind.GAP]
    assert {"p": "sitemap", "q": "feed"}.items() <= town.found_by().items()


# --- a secret that is missing -----------------------------------------------------------------------

NOT_SET = FeedAccess(missing="the variable DESK_KEY is not set")


async def test_a_feed_without_its_secret_is_not_asked_for_and_that_is_told_once(town: Town) -> None:
    await town.poll(item("a"))
    town.web.requests.clear()
    town.access[FEED] = NOT_SET
    told = []
    for _ in range(3):
        done = await town.poll()
        assert done.error is not None
        told.append([(event.kind, event.detail) for event in done.events])
    assert told == [[(EventKind.BROKEN, "the variable DESK_KEY is not set")], [], []]
    assert (town.web.requests, town.feed.state, town.feed.failures) == ([], FeedState.BACKING_OFF, 0)
    assert (town.feed.last_error, town.feed.last_status) == (Reason.AUTH, None)
    assert town.feed.next_poll_at == town.now + timedelta(hours=1)
    town.access.clear()
    assert kinds(await town.poll()) == [EventKind.RECOVERED]
    assert (town.feed.state, town.feed.last_error) == (FeedState.ACTIVE, None)


async def test_without_its_secret_nothing_of_its_site_is_asked_for_wherever_it_moved(town: Town) -> None:
    town.web.moved[FEED] = MOVED
    away = "<item><link>https://other.example/b</link><title>b</title></item>"
    town.web.answers[MOVED] = rss(item("a"), away)
    done = await town.poll()
    town.web.requests.clear()
    town.access[FEED] = NOT_SET
    await town.poll()
    outcomes = [(await town.pipeline().ingest_entry(entry_id)).outcome for entry_id in done.entry_ids]
    assert town.web.urls == ["https://other.example/b"], "another site is never given it"
    assert [(each.reason, each.attempts) for each in outcomes if each] == [(Reason.AUTH, 0), (Reason.HTTP_CLIENT, 1)]
    backfilled = await town.pipeline().backfill_feed(1, 9)
    assert (backfilled.error and backfilled.error.reason, len(town.web.urls)) == (Reason.AUTH, 1)


# --- a sitemap index as a feed ----------------------------------------------------------------------


async def test_of_an_index_the_children_that_changed_are_one_document(town: Town) -> None:
    one, two, three = (f"{SITE}/maps/{name}.xml" for name in ("1", "2", "3"))
    town.web.has_etags = True
    town.web.answers |= {
        FEED: index((one, START), (two, START), (three, START)),
        one: sitemap(("a", START)),
        two: sitemap(("b", START)),
    }
    done = await town.poll()
    assert (done.new, done.error) == (2, None), "a child that fails is a problem and no failure"
    town.web.requests.clear()
    town.web.answers[FEED] = index((one, START), (two, START + timedelta(hours=25)), (three, START))
    town.web.answers[two] = sitemap(("b", START), ("c", START))
    done = await town.poll(after=timedelta(hours=25))
    assert town.web.urls == [FEED, two]
    assert (done.new, kinds(done)) == (1, [])


async def test_children_of_an_index_get_the_secrets_where_they_lie_on_its_own_site(town: Town) -> None:
    town.access[FEED] = FeedAccess(credentials=("me", "pw"))
    own, away = f"{SITE}/maps/1.xml", "https://cdn.example/2.xml"
    town.web.answers |= {FEED: index((own, START), (away, START)), own: sitemap(("a", START)), away: sitemap()}
    await town.poll()
    sent = {request.url: request.credentials for request in town.web.requests}
    assert sent == {FEED: ("me", "pw"), own: ("me", "pw"), away: None}
    assert all(request.is_feed for request in town.web.requests)


async def test_a_child_that_says_the_day_only_may_have_changed_at_any_time_of_it(town: Town) -> None:
    child = f"{SITE}/maps/1.xml"
    midnight = START.replace(hour=0)
    town.web.answers |= {FEED: index((child, midnight)), child: sitemap(("a", START))}
    await town.poll(after=timedelta(hours=6))
    town.web.answers[child] = sitemap(("a", START), ("b", START))
    assert (await town.poll(after=timedelta(hours=6))).new == 1
    await town.poll(after=timedelta(days=2))
    town.web.requests.clear()
    await town.poll(after=timedelta(days=2))
    assert town.web.urls == [FEED], "it cannot have changed since"


async def test_a_child_of_an_index_that_fails_in_passing_is_asked_for_again(town: Town) -> None:
    one, two = f"{SITE}/maps/1.xml", f"{SITE}/maps/2.xml"
    busy = Transient(Reason.UNAVAILABLE, two, "busy")
    town.web.answers |= {FEED: index((one, START), (two, START)), one: sitemap(("a", START)), two: busy}
    assert (await town.poll(after=timedelta(hours=2))).new == 1
    town.web.answers[two] = sitemap(("b", START))
    assert (await town.poll(after=timedelta(hours=2))).new == 1
    town.web.requests.clear()
    later = START + timedelta(hours=5)
    town.web.answers |= {FEED: index((one, later), (two, later)), two: busy}
    # The first poll from which it is missing, and those of two days: it is asked for as long.
    for hours, urls in ((2, [FEED, one, two]), (50, [FEED, one, two]), (2, [FEED])):
        town.web.requests.clear()
        await town.poll(after=timedelta(hours=hours))
        assert town.web.urls == urls


async def test_of_an_index_with_a_child_that_broke_off_something_is_missing(town: Town) -> None:
    child = f"{SITE}/maps/1.xml"
    whole = sitemap(("a", START), ("b", START))
    town.web.answers |= {FEED: index((child, None)), child: whole[: whole.rindex(b"<url>")]}
    assert kinds(await town.poll()) == [EventKind.CUT]
    assert town.feed.body_hash is None
    town.web.answers[child] = whole
    await town.poll()
    assert town.feed.body_hash is not None


def with_maps(town: Town, count: int, *, at: datetime | None) -> list[str]:
    """Make the feed an index of so many sitemaps, each with one entry; return their addresses."""
    children = [f"{SITE}/maps/{n}.xml" for n in range(count)]
    town.web.answers[FEED] = index(*((child, at) for child in children))
    town.web.answers |= {child: sitemap((f"n{number}", START)) for number, child in enumerate(children)}
    return children


async def test_of_children_without_dates_ten_are_read_at_each_poll_and_all_in_the_end(town: Town) -> None:
    children = with_maps(town, 30, at=None)
    new = 0
    for _ in range(12):
        town.web.requests.clear()
        new += (await town.poll()).new
        assert len(town.web.urls) == 11
        assert children[-1] in town.web.urls, "the newest is the last"
    assert new == 30


async def test_older_children_are_left_alone_and_that_more_changed_than_are_read_is_told(town: Town) -> None:
    with_maps(town, 30, at=START)
    done = await town.poll()
    assert (done.new, kinds(done)) == (10, []), "what came before the first poll is not missed"
    town.web.requests.clear()
    done = await town.poll(after=timedelta(hours=9))
    assert (town.web.urls, done.new, kinds(done)) == ([FEED], 0, [])
    with_maps(town, 30, at=town.now + timedelta(hours=1))
    done = await town.poll()
    assert [event.detail for event in done.events] == [
        "20 more sitemaps have changed since the last poll; only the newest 10 are read"
    ]
    assert kinds(done) == [EventKind.CUT]
    with_maps(town, 30, at=town.now + timedelta(hours=1))
    assert kinds(await town.poll()) == [], "it is told when it begins"


async def test_an_index_of_which_no_child_can_be_had_has_failed(town: Town) -> None:
    town.web.answers[FEED] = index((f"{SITE}/1.xml", None), (f"{SITE}/2.xml", None))
    done = await town.poll()
    assert done.error is not None
    assert town.feed.failures == 1


# --- pushes -----------------------------------------------------------------------------------------


def pushed(body: bytes) -> Page:
    return Page(
        requested_url=FEED, url=FEED, moved_to=None, status=200, headers={"content-type": "text/xml"}, body=body
    )


async def test_a_push_brings_entries_and_corrections_and_leaves_the_plan(town: Town) -> None:
    await town.poll(item("a"))
    before = town.feed
    done = await town.pipeline().accept_push(1, pushed(rss(item("a", summary="Corrected."), item("b"))))
    assert (done.new, done.changed, len(done.entry_ids)) == (1, 1, 2)
    assert town.found_by() == {"a": "feed", "b": FoundBy.PUSH}
    after = town.feed
    assert (after.next_poll_at, after.interval_s, after.etag) == (before.next_poll_at, before.interval_s, before.etag)
    assert kinds(await town.poll(item("b"), item("c"))) == [], "what was pushed is shared"
    assert (await town.pipeline().accept_push(1, pushed(rss(item("b"))))).entry_ids == ()


async def test_a_push_that_is_no_feed_is_refused_and_one_for_a_paused_feed_passed_over(town: Town) -> None:
    with pytest.raises(Permanent):
        await town.pipeline().accept_push(1, pushed(b"<html>no"))
    town.store.sync_feeds([ConfiguredFeed(url=FEED, is_paused=True)], START)
    assert (await town.pipeline().accept_push(1, pushed(rss(item("b"))))).new == 0
    assert town.found_by() == {}


# --- bugs -------------------------------------------------------------------------------------------


class BrokenWorkers(InlineWorkers):
    """Workers with a bug."""

    async def parse_feed(self, *_: Any) -> Any:
        raise ZeroDivisionError


async def test_a_bug_is_a_failed_poll(town: Town) -> None:
    done = await town.pipeline(workers=BrokenWorkers()).refresh_feed(1)
    assert done.error is not None
    assert (town.feed.last_error, town.feed.failures) == (Reason.INTERNAL, 1)


async def test_problems_of_children_are_bounded_and_cleaned() -> None:
    children = tuple(SitemapLink(url=f"{SITE}/{n}.xml", changed=None) for n in range(3))
    top = FeedDocument(
        title=None, feed_format="sitemap index", ttl_s=None, entries=(), problems=("its own",), children=children
    )
    lines = "".join(f"<url><loc>javascript:{n}</loc></url>" for n in range(2))
    web = Web({child.url: f"<urlset>{lines}</urlset>".encode() for child in children})
    web.answers[children[0].url] = Permanent(Reason.HTTP_CLIENT, children[0].url, "re\x1bfused" * 99)
    reader = SitemapReader(fetch=web, workers=InlineWorkers(), trackers=())
    done = await reader.with_children(top, None, START, lambda url: Request(url=url))
    document = done.document
    assert (done.read, done.cut) == (2, None)
    assert not done.is_behind, "what is refused for good is not asked for again"
    assert document.problems[0] == "its own"
    assert 3 < len(document.problems) <= MAX_PROBLEMS
    assert all(line.isprintable() and len(line) <= 300 for line in document.problems)
