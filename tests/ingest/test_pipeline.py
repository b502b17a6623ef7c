"""The two steps over a real database: they may run twice, in parallel, and die at any point."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ingest.copies.model import RelationKind
from ingest.errors import Permanent, Reason, Transient
from ingest.model import EntryState, TextFrom
from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed, FeedAccess
from ingest.web import NotModified, Page
from ingest.workers import InlineWorkers
from rules.compile import compile_rules
from rules.files import parse_topic
from storage.listings import Listings
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.web import Request

START = datetime(2026, 1, 12, 6, tzinfo=UTC)
FEED = "https://feed.example/rss.xml"
RULES = 'topic crimea "Crimea"\n    match Crimea\n'

PARAGRAPHS = (
    "The harbour master of the small town closed the northern pier on Monday after divers had found cracks.",
    "Engineers from the ministry arrived in the evening and measured the foundations until long after dark.",
    "Fishing boats were sent to the neighbouring bay, where the moorings were soon full to the last ring.",
    "The mayor said that the repair would take until spring, and that the fish market would move indoors.",
    "Traders from Crimea, who had come for the autumn fair, packed their stalls and left on the last ferry.",
    "A public meeting about the costs is to be held in the old customs house on Thursday at seven o'clock.",
)


def html(*paragraphs: str, title: str = "Pier closed") -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    page = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article></body></html>"
    return page.encode()


def rss(
    *items: tuple[str, str], summary: str = "Divers have found cracks in the pier.", title: str = "Pier closed"
) -> bytes:
    parts = "".join(
        f"<item><guid>{guid}</guid><link>{link}</link><title>{title}</title><description>{summary}</description></item>"
        for guid, link in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Town</title>{parts}</channel></rss>'.encode()


@dataclass
class Web:
    """What the addresses answer: bytes, or an error to be raised. ETags follow the bytes."""

    answers: dict[str, bytes | Exception]
    #: addresses that lead to others
    redirects: dict[str, str] = field(default_factory=dict)
    #: the redirects are permanent
    has_moved: bool = False
    requests: list[str] = field(default_factory=list)

    async def get(self, request: Request) -> Page | NotModified:
        self.requests.append(request.url)
        await asyncio.sleep(0)
        url = self.redirects.get(request.url, request.url)
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        etag = f'"{hash(answer)}"'
        if request.etag == etag:
            return NotModified(url=request.url, headers={"etag": etag})
        return Page(
            requested_url=request.url,
            url=url,
            moved_to=url if self.has_moved and url != request.url else None,
            status=200,
            headers={"etag": etag, "content-type": "text/html; charset=utf-8"},
            body=answer,
        )


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Town:
    """A pipeline with its store, its web and its clock."""

    url: str
    store: Any
    web: Web
    clock: Clock = field(default_factory=Clock)

    def pipeline(self, store: Any = None, workers: Any = None) -> Pipeline:
        rules = compile_rules((parse_topic(RULES),))
        return Pipeline(
            store=store or self.store,
            fetch=self.web,
            workers=workers or InlineWorkers(),
            rules=lambda: rules,
            clock=self.clock,
            draw=lambda: 0.0,
        )

    async def poll(self) -> tuple[int, ...]:
        """Poll the one feed; the ids of the entries that want a step."""
        return (await self.pipeline().refresh_feed(1)).entry_ids

    async def work(self, store: Any = None) -> None:
        """Poll, and do all entries that are due."""
        await self.pipeline(store).refresh_feed(1)
        for due in self.store.due_entries(self.clock.now, 100):
            await self.pipeline(store).ingest_entry(due.id)

    def dump(self) -> dict[str, list[Any]]:
        """All that people can see."""
        listings = Listings(self.url)
        try:
            return {
                "entries": listings.entries(),
                "articles": listings.articles(),
                "stories": listings.stories(),
                "matches": listings.matches(),
            }
        finally:
            listings.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url=FEED)], START)
        store.record_topics((parse_topic(RULES),), START)
        web = Web({FEED: rss(("1", "https://town.example/pier")), "https://town.example/pier": html(*PARAGRAPHS)})
        yield Town(url, store, web)


async def test_an_entry_becomes_an_article_with_story_and_match(town: Town) -> None:
    (entry_id,) = await town.poll()
    done = await town.pipeline().ingest_entry(entry_id)
    assert done.outcome is not None
    assert (done.outcome.state, done.outcome.text_from) == (EntryState.DONE, TextFrom.PAGE)
    seen = town.dump()
    (article,) = seen["articles"]
    assert (article.url, article.title, article.source) == ("https://town.example/pier", "Pier closed", "town.example")
    (match,) = seen["matches"]
    assert (match.topic, match.article) == ("crimea", article.id)
    assert [span.text for span in match.spans] == ["Crimea"]
    assert len(seen["stories"]) == 1


async def test_steps_may_run_twice(town: Town) -> None:
    await town.work()
    before = town.dump()
    town.web.requests.clear()
    await town.work()
    await town.pipeline().ingest_entry(before["entries"][0].id)
    assert town.dump() == before
    assert town.web.requests == [FEED]


async def test_a_page_is_fetched_once_however_its_links_are_decorated(town: Town) -> None:
    decorated = "https://town.example/pier?utm_source=rss"
    town.web.answers[FEED] = rss(("1", "https://town.example/pier"), ("2", decorated.replace("&", "&amp;")))
    town.web.answers[decorated] = html(*PARAGRAPHS)
    ids = await town.poll()
    pipeline = town.pipeline()
    await asyncio.gather(*(pipeline.ingest_entry(entry_id) for entry_id in ids))
    seen = town.dump()
    assert len(seen["articles"]) == 1
    assert len(town.web.requests) == 2
    assert {entry.article for entry in seen["entries"]} == {seen["articles"][0].id}


async def test_a_page_that_is_gone_leaves_the_text_of_the_feed(town: Town) -> None:
    town.web.answers["https://town.example/pier"] = Permanent(Reason.GONE, "https://town.example/pier", status=410)
    await town.work()
    seen = town.dump()
    (entry,) = seen["entries"]
    assert (entry.state, entry.reason, entry.text_from) == ("done", "gone", "feed")
    assert seen["articles"][0].text_from == "feed"


class DyingWorkers(InlineWorkers):
    """Workers whose process is killed over the text of a feed."""

    async def read_feed_text(self, *_: Any) -> Any:
        raise Transient(Reason.TOO_COMPLEX, "https://town.example/pier", "killed")


async def test_the_text_of_the_feed_is_not_lost_when_a_worker_dies_over_it(town: Town) -> None:
    town.web.answers["https://town.example/pier"] = Permanent(Reason.GONE, "https://town.example/pier", status=410)
    (entry_id,) = await town.poll()
    await town.pipeline(workers=DyingWorkers()).ingest_entry(entry_id)
    (entry,) = town.dump()["entries"]
    assert (entry.state, entry.reason) == ("retrying", "too_complex")
    town.clock.now += timedelta(hours=1)
    await town.pipeline().ingest_entry(entry_id)
    (entry,) = town.dump()["entries"]
    assert (entry.state, entry.reason, entry.text_from) == ("done", "gone", "feed")


async def test_while_a_page_cannot_be_had_the_feed_speaks_and_the_page_becomes_the_next_version(town: Town) -> None:
    town.web.answers["https://town.example/pier"] = Transient(Reason.TIMEOUT, "https://town.example/pier")
    await town.work()
    seen = town.dump()
    assert (seen["entries"][0].state, seen["entries"][0].reason) == ("retrying", "timeout")
    assert (seen["articles"][0].text_from, seen["articles"][0].versions) == ("feed", 1)
    assert seen["matches"] == seen["matches"][:0]

    town.web.answers["https://town.example/pier"] = html(*PARAGRAPHS)
    town.clock.now += timedelta(hours=1)
    await town.work()
    seen = town.dump()
    assert (seen["entries"][0].state, seen["entries"][0].reason) == ("done", None)
    assert (seen["articles"][0].text_from, seen["articles"][0].versions) == ("page", 2)
    assert len(seen["matches"]) == 1


async def test_a_corrected_entry_becomes_a_new_version(town: Town) -> None:
    await town.work()
    town.clock.now += timedelta(minutes=40)
    town.web.answers[FEED] = rss(("1", "https://town.example/pier"), summary="Correction: the southern pier.")
    town.web.answers["https://town.example/pier"] = html("Correction: it is the southern pier.", *PARAGRAPHS[:4])
    await town.work()
    seen = town.dump()
    (article,) = seen["articles"]
    assert article.versions == 2
    assert len(seen["entries"]) == 1
    assert seen["matches"] == seen["matches"][:0], "the corrected version no longer says Crimea"


async def test_a_correction_whose_page_fails_at_first_is_fetched_later(town: Town) -> None:
    await town.work()
    town.clock.now += timedelta(minutes=40)
    town.web.answers[FEED] = rss(("1", "https://town.example/pier"), summary="Correction: the southern pier.")
    town.web.answers["https://town.example/pier"] = Transient(Reason.TIMEOUT, "https://town.example/pier")
    await town.work()
    assert town.dump()["entries"][0].state == "retrying"
    town.clock.now += timedelta(hours=1)
    town.web.answers["https://town.example/pier"] = html("Correction: it is the southern pier.", *PARAGRAPHS[:4])
    await town.work()
    seen = town.dump()
    assert (seen["entries"][0].state, seen["entries"][0].reason) == ("done", None)
    assert seen["articles"][0].versions == 2


async def test_a_new_headline_is_a_new_version_though_the_page_says_304(town: Town) -> None:
    await town.work()
    town.clock.now += timedelta(minutes=40)
    town.web.answers[FEED] = rss(("1", "https://town.example/pier"), title="Pier closed until spring")
    await town.work()
    (article,) = town.dump()["articles"]
    assert (article.title, article.versions) == ("Pier closed until spring", 2)


async def test_a_correction_that_no_feed_tells_is_found_by_looking_again(town: Town) -> None:
    await town.work()
    town.clock.now += timedelta(hours=2)
    town.web.answers["https://town.example/pier"] = html(*PARAGRAPHS, "The pier is 30 metres long.")
    for due in town.store.due_entries(town.clock.now, 100):
        await town.pipeline().ingest_entry(due.id)
    assert town.dump()["articles"][0].versions == 2


async def test_a_guid_that_goes_to_another_page_is_another_entry(town: Town) -> None:
    await town.work()
    town.web.answers[FEED] = rss(("2", "https://town.example/pier"), summary="Edited.")
    await town.work()
    town.web.answers[FEED] = rss(("1", "https://town.example/ferry"))
    town.web.answers["https://town.example/ferry"] = html(*PARAGRAPHS[::-1])
    await town.work()
    links = {entry.link for entry in town.dump()["entries"]}
    assert links == {"https://town.example/pier", "https://town.example/ferry"}


async def test_a_document_that_was_cut_off_is_asked_for_again_without_validators(town: Town) -> None:
    whole = rss(("1", "https://town.example/pier"), ("2", "https://town.example/ferry"))
    town.web.answers[FEED] = whole[: whole.index(b"<guid>2")]
    assert len(await town.poll()) == 1
    assert (town.store.feed(1).etag, town.store.feed(1).last_modified) == (None, None)
    town.web.answers[FEED] = whole
    assert len(await town.poll()) == 1
    assert town.store.feed(1).etag is not None


async def test_a_feed_that_has_moved_and_fails_there_is_asked_for_at_its_own_address_again(town: Town) -> None:
    moved = "https://elsewhere.example/rss.xml"
    town.web.redirects[FEED] = moved
    town.web.answers[moved] = town.web.answers[FEED]
    town.web.has_moved = True
    await town.poll()
    assert town.store.feed(1).fetch_url == moved
    town.web.answers[moved] = Permanent(Reason.GONE, moved, status=410)
    await town.poll()
    assert town.store.feed(1).fetch_url == FEED


async def test_a_failed_poll_is_an_outcome(town: Town) -> None:
    town.web.answers[FEED] = Transient(Reason.CONNECTION, FEED, "no such host")
    refreshed = await town.pipeline().refresh_feed(1)
    assert refreshed.error is not None
    feed = town.store.feed(1)
    assert (feed.failures, feed.last_error) == (1, "connection")
    assert feed.next_poll_at > START


async def test_a_bug_while_polling_is_loud_and_the_feed_is_polled_later(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.web.answers[FEED] = ZeroDivisionError("oh")
    refreshed = await town.pipeline().refresh_feed(1)
    assert refreshed.error is not None
    feed = town.store.feed(1)
    assert (feed.failures, feed.last_error) == (1, "internal")
    assert feed.next_poll_at > START
    assert "ZeroDivisionError" in caplog.text


async def test_a_link_that_leads_to_a_stored_page_leaves_its_title(town: Town) -> None:
    await town.work()
    town.clock.now += timedelta(minutes=40)
    town.web.answers[FEED] = rss(("9", "https://town.example/short"), title="Read this")
    town.web.redirects["https://town.example/short"] = "https://town.example/pier"
    await town.work()
    (article,) = town.dump()["articles"]
    assert (article.title, article.versions) == ("Pier closed", 1)


async def test_links_in_flight_that_lead_to_one_page_make_one_article_with_one_title(town: Town) -> None:
    links = [f"https://town.example/short{number}" for number in range(3)]
    town.web.answers[FEED] = rss(*((link, link) for link in links))
    town.web.redirects |= dict.fromkeys(links, "https://town.example/pier")
    ids = await town.poll()
    pipeline = town.pipeline()
    await asyncio.gather(*(pipeline.ingest_entry(entry_id) for entry_id in ids))
    (article,) = town.dump()["articles"]
    assert article.versions == 1


async def test_a_wire_story_in_flight_at_many_outlets_is_fetched_once_at_each(town: Town) -> None:
    links = [f"https://outlet{number}.example/pier" for number in range(30)]
    town.web.answers |= dict.fromkeys(links, html(*PARAGRAPHS))
    town.web.answers[FEED] = rss(*((link, link) for link in links))
    ids = await town.poll()
    pipeline = town.pipeline()
    await asyncio.gather(*(pipeline.ingest_entry(entry_id) for entry_id in ids))
    (story,) = town.dump()["stories"]
    assert story.copy_count == 29
    assert len(town.web.requests) == 31


async def test_a_bug_in_a_stage_is_loud_and_the_entry_is_tried_again(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    (entry_id,) = await town.poll()
    town.web.answers["https://town.example/pier"] = ZeroDivisionError("oh")
    await town.pipeline().ingest_entry(entry_id)
    (entry,) = town.dump()["entries"]
    assert (entry.state, entry.reason, entry.text_from) == ("retrying", "internal", "feed")
    assert "ZeroDivisionError" in caplog.text


async def test_a_bug_that_breaks_the_text_of_the_feed_too_loses_no_entry(town: Town) -> None:
    (entry_id,) = await town.poll()
    town.web.answers["https://town.example/pier"] = ZeroDivisionError("oh")
    await town.pipeline(workers=NoWorkers()).ingest_entry(entry_id)
    (entry,) = town.dump()["entries"]
    assert (entry.state, entry.reason, entry.text_from) == ("retrying", "internal", None)


class NoWorkers:
    """Every method of it is a bug."""


class Meeting:
    """A store whose look-ups for candidates wait for each other, so that neither sees the other's article."""

    def __init__(self, store: Store, parties: int) -> None:
        self._store = store
        self._barrier = threading.Barrier(parties)
        self._first = threading.local()
        self.look_ups = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def candidates(self, *arguments: Any, **options: Any) -> Any:
        found = self._store.candidates(*arguments, **options)
        self.look_ups += 1
        if self.look_ups <= self._barrier.parties:
            self._barrier.wait(timeout=60)
        return found


async def test_two_copies_in_flight_at_once_cannot_miss_each_other(town: Town) -> None:
    town.web.answers[FEED] = rss(("1", "https://town.example/pier"), ("2", "https://city.example/pier"))
    town.web.answers["https://city.example/pier"] = html(*PARAGRAPHS, title="Cracks in the pier")
    ids = await town.poll()
    meeting = Meeting(town.store, parties=2)
    await asyncio.gather(*(town.pipeline(meeting).ingest_entry(entry_id) for entry_id in ids))
    assert meeting.look_ups == 3, "the second to save has to look again"
    (story,) = town.dump()["stories"]
    assert [copy.kind for copy in story.copies] == [RelationKind.COPY]


class Listening:
    """A store that notes how candidates are looked up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.look_ups: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def candidates(self, *arguments: Any, **options: Any) -> Any:
        self.look_ups.append(options)
        return self._store.candidates(*arguments, **options)


async def test_an_article_is_looked_up_with_its_site_and_as_itself_when_it_is_stored(town: Town) -> None:
    """Its site tells what is furniture; a new version must not be compared with the one before it."""
    listening = Listening(town.store)
    await town.work(listening)
    (article,) = town.dump()["articles"]
    town.clock.now += timedelta(hours=3)
    town.web.answers[FEED] = rss(("1", "https://town.example/pier"), summary="Divers have found more cracks.")
    town.web.answers["https://town.example/pier"] = html(*PARAGRAPHS[:-1], "The harbour master denied that.")
    await town.work(listening)
    since = timedelta(days=14)
    assert listening.look_ups == [
        {"site": "town.example", "since": START - since, "known_as": None},
        {"site": "town.example", "since": town.clock.now - since, "known_as": article.id},
    ]


async def test_pages_on_the_site_of_a_feed_are_asked_for_as_the_feed_is_and_others_are_not(town: Town) -> None:
    asked: dict[str, Any] = {}

    class Noting:
        async def get(self, request: Request) -> Page | NotModified:
            asked[request.url] = (request.headers, request.credentials)
            return await town.web.get(request)

    own, foreign = "https://feed.example/pier", "https://town.example/pier"
    town.web.answers[FEED] = rss(("1", own), ("2", foreign))
    town.web.answers[own] = html(*PARAGRAPHS)
    access = FeedAccess(headers=(("X-Key", "k"),), credentials=("me", "pw"))
    rules = compile_rules((parse_topic(RULES),))
    pipeline = Pipeline(
        store=town.store,
        fetch=Noting(),
        workers=InlineWorkers(),
        rules=lambda: rules,
        access={FEED: access}.__getitem__,
        clock=town.clock,
        draw=lambda: 0.0,
    )
    for entry_id in (await pipeline.refresh_feed(1)).entry_ids:
        await pipeline.ingest_entry(entry_id)
    secrets = (access.headers, access.credentials)
    assert asked == {FEED: secrets, own: secrets, foreign: ((), None)}


OTHER_FEED = "https://other.example/rss.xml"


async def two_entries_of_one_page(town: Town) -> tuple[int, int]:
    """The entries of two feeds that list the same page."""
    town.store.sync_feeds([ConfiguredFeed(url=FEED), ConfiguredFeed(url=OTHER_FEED)], START)
    town.web.answers[OTHER_FEED] = town.web.answers[FEED]
    (one,) = await town.poll()
    (other,) = (await town.pipeline().refresh_feed(2)).entry_ids
    return one, other


async def test_a_page_that_two_feeds_list_is_fetched_once_when_both_are_in_flight(town: Town) -> None:
    ids = await two_entries_of_one_page(town)
    pipeline = town.pipeline()
    await asyncio.gather(*(pipeline.ingest_entry(entry_id) for entry_id in ids))
    assert town.web.requests.count("https://town.example/pier") == 1
    assert {entry.state for entry in town.dump()["entries"]} == {"done"}


class Overtaken:
    """A store whose answer about one entry comes after another one of the same page was saved, and knows nothing of it.

    *start* is called in the moment before that is saved, and has to see to it that *late* is asked for.
    """

    def __init__(self, store: Store, late: int, start: Any) -> None:
        self._store = store
        self._late = late
        self._start = start
        self._has_read = threading.Event()
        self.is_saved = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def entry_and_article(self, entry_id: int) -> Any:
        found = self._store.entry_and_article(entry_id)
        if entry_id == self._late and not self._has_read.is_set():
            self._has_read.set()
            self.is_saved.wait(timeout=60)
        return found

    def save(self, item: Any) -> Any:
        self._start()
        self._has_read.wait(timeout=60)
        return self._store.save(item)


async def test_an_entry_that_was_read_while_another_of_its_page_ended_is_read_again(town: Town) -> None:
    one, late = await two_entries_of_one_page(town)
    loop = asyncio.get_running_loop()
    tasks: list[Any] = []

    def start() -> None:
        loop.call_soon_threadsafe(lambda: tasks.append(asyncio.create_task(pipeline.ingest_entry(late))))

    store = Overtaken(town.store, late, start)
    pipeline = town.pipeline(store)
    await pipeline.ingest_entry(one)
    store.is_saved.set()
    await asyncio.gather(*tasks)
    assert town.web.requests.count("https://town.example/pier") == 1
    assert {entry.state for entry in town.dump()["entries"]} == {"done"}


class KilledError(BaseException):
    """Stands for the end of the process; nothing catches it."""


class DyingStore:
    """A store that dies at the *at*-th write: before it when *is_before*, else right after it."""

    WRITES = frozenset({"record_poll", "save", "finish_entry"})

    def __init__(self, store: Store, at: int, *, is_before: bool) -> None:
        self._store = store
        self._left = at
        self._is_before = is_before

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in self.WRITES:
            return method

        def write(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._is_before:
                raise KilledError
            result = method(*arguments, **options)
            if self._left == 0:
                raise KilledError
            return result

        return write


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_kill_at_any_write_changes_nothing_in_the_end(town: Town, at: int, is_before: bool) -> None:
    town.web.answers[FEED] = rss(
        ("1", "https://town.example/pier"), ("2", "https://city.example/pier"), ("3", "https://town.example/gone")
    )
    town.web.answers["https://city.example/pier"] = html(*PARAGRAPHS[:3], title="Cracks in the pier")
    town.web.answers["https://town.example/gone"] = Permanent(Reason.GONE, "https://town.example/gone", status=410)

    dying = DyingStore(town.store, at, is_before=is_before)
    with pytest.raises(KilledError):
        await town.work(dying)
    await town.work()

    seen = town.dump()
    assert [entry.state for entry in seen["entries"]] == ["done"] * 3
    assert len(seen["articles"]) == 3
    (group,) = [story for story in seen["stories"] if story.copy_count]
    assert len(group.copies) == 1
    assert len(seen["matches"]) == 1
