"""What becomes of an entry whose page is a wall, leads on, is kept elsewhere, or has a rule of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.identity import content_hash
from ingest.model import EntryState, Fetched, TextFrom
from ingest.pipeline import Pipeline
from ingest.polling import ConfiguredFeed, FeedState, ListedEntry, NewEntry, Poll, PollPlan
from ingest.site_rules import SiteRule
from ingest.web import Hop, NotModified, Page
from ingest.workers import InlineWorkers
from rules.compile import compile_rules
from storage.listings import Listings
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.placing import Ingested
    from ingest.web import Request

START = datetime(2026, 1, 12, 6, tzinfo=UTC)
STORY = "https://town.example/news/pier-closed-for-repairs"
BODY = "".join(
    f"<p>The harbour master closed pier number {number} on Monday after divers had found cracks in it.</p>"
    for number in range(25)
)


def html(body: str = f"<article>{BODY}</article>", head: str = "") -> bytes:
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


def canonical(url: str) -> bytes:
    return html(head=f'<link rel="canonical" href="{url}">')


@dataclass
class Web:
    """What the addresses answer: bytes, where they redirect to, or an error to be raised."""

    answers: dict[str, bytes | str | Exception]
    requests: list[str] = field(default_factory=list)

    async def get(self, request: Request) -> Page | NotModified:
        self.requests.append(request.url)
        await asyncio.sleep(0)
        url, hops = request.url, []
        while isinstance(answer := self.answers[url], str):
            hops.append(Hop(url=url, status=302))
            url = answer
        if isinstance(answer, Exception):
            raise answer
        hops.append(Hop(url=url, status=200))
        headers = {"etag": f'"{hash(answer)}"', "content-type": "text/html"}
        if request.etag == headers["etag"]:
            return NotModified(url=url, headers=headers, hops=tuple(hops))
        return Page(
            requested_url=request.url,
            url=url,
            moved_to=None,
            status=200,
            headers=headers,
            body=answer,
            hops=tuple(hops),
        )


@dataclass
class Town:
    """A pipeline with its store and its web, and entries that were put there without a feed document."""

    url: str
    store: Store
    web: Web
    now: datetime = START
    rules: dict[str, SiteRule] = field(default_factory=dict)

    def pipeline(self) -> Pipeline:
        return Pipeline(
            store=self.store,
            fetch=self.web,
            workers=InlineWorkers(),
            rules=lambda: compile_rules(()),
            clock=lambda: self.now,
            site_rule=self.rules.get,
        )

    def list(self, *links: str, title: str = "Pier closed") -> tuple[int, ...]:
        """Store an entry for each of *links*; return their ids."""
        plan = PollPlan(state=FeedState.ACTIVE, interval_s=1800, failures=0, next_poll_at=START)
        new = []
        for link in links:
            listed = ListedEntry(
                guid=link,
                link=link,
                page_address=link,
                title=title,
                author=None,
                published=START,
                updated=None,
                text="Divers have found cracks in the pier, says the feed.",
                lang="en",
            )
            new.append(NewEntry(identity=f"guid:{link}", content_hash=content_hash(listed), listed=listed))
        return self.store.record_poll(Poll(feed_id=1, polled_at=self.now, plan=plan, status=200, new=tuple(new)))

    async def ingest(self, link: str, **options: Any) -> Ingested:
        (entry_id,) = self.list(link, **options)
        return await self.pipeline().ingest_entry(entry_id)

    def articles(self) -> list[Any]:
        listings = Listings(self.url)
        try:
            return list(listings.articles())
        finally:
            listings.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url="https://feed.example/rss")], START)
        yield Town(url, store, Web({STORY: html()}))


class TestWalls:
    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (html("<p>Subscribe to continue reading.</p>"), Reason.PAYWALL),
            (html('<div id="root"></div><script>x()</script>'), Reason.SCRIPT),
            (html("<h1>Page not found</h1><p>Sorry.</p>"), Reason.SOFT_404),
            (html("<p>We value your privacy. Accept all cookies.</p>"), Reason.CONSENT),
            (html("<h1>Log in</h1><form><input type=password></form>"), Reason.LOGIN),
            (b"%PDF-1.7", Reason.NOT_HTML),
            (html(""), Reason.NOT_ARTICLE),
            (html("<p>x" * 40_000), Reason.TOO_COMPLEX),
        ],
    )
    async def test_the_text_of_the_feed_stands_and_says_why(self, town: Town, answer: bytes, reason: Reason) -> None:
        town.web.answers[STORY] = answer
        done = (await town.ingest(STORY)).outcome
        assert done is not None
        assert (done.state, done.reason, done.text_from) == (EntryState.DONE, reason, TextFrom.FEED)
        assert done.next_try_at is None
        assert done.fetched == Fetched(at=START, status=200, url=STORY, redirects=0)

    async def test_a_check_for_robots_is_tried_again_four_times(self, town: Town) -> None:
        town.web.answers[STORY] = html("<p>Verify you are human by completing the action below.</p>")
        done = (await town.ingest(STORY)).outcome
        tries = 1
        while done is not None and done.state is EntryState.RETRYING:
            assert (done.reason, done.text_from) == (Reason.CHALLENGE, TextFrom.FEED)
            town.now += timedelta(days=2)
            (due,) = town.store.due_entries(town.now, 10)
            done = (await town.pipeline().ingest_entry(due.id)).outcome
            tries += 1
        assert done is not None
        assert (tries, done.state, done.reason) == (5, EntryState.DONE, Reason.CHALLENGE)

    async def test_what_stands_at_the_end_of_a_redirect_is_not_the_article_of_another(self, town: Town) -> None:
        """The home page is an article of its own here, and no story becomes it."""
        town.web.answers |= {"https://town.example/": html(), STORY: "https://town.example/"}
        first = await town.ingest("https://town.example/")
        second = await town.ingest(STORY)
        assert first.saved is not None
        assert second.saved is not None
        assert first.saved.article_id != second.saved.article_id
        assert second.outcome is not None
        assert second.outcome.reason is Reason.SOFT_404
        assert second.outcome.fetched == Fetched(at=START, status=200, url="https://town.example/", redirects=1)


class TestTrail:
    async def test_a_page(self, town: Town) -> None:
        town.web.answers["https://town.example/s"] = STORY
        done = (await town.ingest("https://town.example/s")).outcome
        assert done is not None
        assert done.fetched == Fetched(at=START, status=200, url=STORY, redirects=1)
        town.now += timedelta(hours=2)
        (due,) = town.store.due_entries(town.now, 10)
        again = (await town.pipeline().ingest_entry(due.id)).outcome
        assert again is not None
        assert again.fetched == Fetched(at=town.now, status=304, url=STORY, redirects=1)

    @pytest.mark.parametrize(
        ("error", "status", "url"),
        [
            (Permanent(Reason.GONE, STORY, status=410), 410, STORY),
            (Transient(Reason.TIMEOUT, STORY), None, None),
            (Permanent(Reason.ROBOTS, STORY), None, None),
        ],
    )
    async def test_a_refusal(self, town: Town, error: Exception, status: int | None, url: str | None) -> None:
        town.web.answers[STORY] = error
        done = (await town.ingest(STORY)).outcome
        assert done is not None
        assert done.fetched == Fetched(at=START, status=status, url=url)


class TestOnward:
    GO = "https://town.example/go"

    def refresh(self, target: str) -> bytes:
        return html("<p>One moment.</p>", f'<meta http-equiv="refresh" content="0; url={target}">')

    async def test_a_refresh_is_followed_once(self, town: Town) -> None:
        town.web.answers[self.GO] = self.refresh(STORY)
        done = await town.ingest(self.GO)
        assert town.web.requests == [self.GO, STORY]
        assert done.outcome is not None
        assert (done.outcome.state, done.outcome.reason, done.outcome.text_from) == ("done", None, TextFrom.PAGE)
        assert done.outcome.fetched == Fetched(at=START, status=200, url=STORY, redirects=1)
        (article,) = town.articles()
        assert article.url == STORY
        for address in (self.GO, STORY):
            stored = town.store.article_at((address,))
            assert stored is not None
            assert (stored.id, stored.etag) == (article.id, None), "the etag is not that of the first page"

    async def test_not_twice(self, town: Town) -> None:
        second = "https://town.example/go/on"
        town.web.answers |= {self.GO: self.refresh(second), second: self.refresh(STORY)}
        done = (await town.ingest(self.GO)).outcome
        assert town.web.requests == [self.GO, second]
        assert done is not None
        assert (done.state, done.reason, done.text_from) == (EntryState.DONE, Reason.REDIRECT, TextFrom.FEED)

    async def test_what_it_leads_to_can_fail(self, town: Town) -> None:
        town.web.answers |= {self.GO: self.refresh(STORY), STORY: Transient(Reason.HTTP_SERVER, STORY, status=500)}
        done = (await town.ingest(self.GO)).outcome
        assert done is not None
        assert (done.state, done.reason) == (EntryState.RETRYING, Reason.HTTP_SERVER)
        assert done.fetched == Fetched(at=START, status=500, url=STORY, redirects=1)

    async def test_a_page_for_consent_is_passed_once(self, town: Town) -> None:
        wall = f"https://consent.town.example/?return={STORY}%3Fconsent%3D1"
        town.web.answers |= {STORY: wall, wall: html("<p>Cookies?</p>"), f"{STORY}?consent=1": html()}
        await town.ingest(STORY)
        assert town.web.requests == [STORY, f"{STORY}?consent=1"]
        (article,) = town.articles()
        assert article.text_from == "page"

    async def test_and_not_twice(self, town: Town) -> None:
        wall = f"https://consent.town.example/?return={STORY}"
        town.web.answers |= {STORY: wall, wall: html("<p>Cookies?</p>")}
        done = (await town.ingest(STORY)).outcome
        assert town.web.requests == [STORY, STORY]
        assert done is not None
        assert (done.state, done.reason, done.text_from) == (EntryState.DONE, Reason.CONSENT, TextFrom.FEED)


class TestSamePage:
    AMP = f"{STORY}/amp"

    async def test_both_addresses_lead_to_the_one_article(self, town: Town) -> None:
        town.web.answers[self.AMP] = canonical(STORY)
        await town.ingest(self.AMP)
        (article,) = town.articles()
        assert article.url == STORY
        await town.ingest(STORY)
        assert len(town.articles()) == 1
        assert town.web.requests == [self.AMP], "it was read already"

    async def test_the_other_way_round_its_text_is_no_correction(self, town: Town) -> None:
        town.web.answers[self.AMP] = canonical(STORY).replace(b"number 1 ", b"number one ")
        await town.ingest(STORY)
        done = await town.ingest(self.AMP, title="Another title")
        (article,) = town.articles()
        assert (article.title, article.versions) == ("Pier closed", 1)
        assert done.outcome is not None
        assert (done.outcome.state, done.outcome.text_from) == (EntryState.DONE, TextFrom.PAGE)
        assert done.outcome.fetched is not None

    async def test_in_flight_at_once(self, town: Town) -> None:
        forms = [f"{STORY}/amp", f"{STORY}?amp=1", f"{STORY}?source=feed", STORY]
        town.web.answers |= dict.fromkeys(forms, canonical(STORY))
        pipeline = town.pipeline()
        await asyncio.gather(*(pipeline.ingest_entry(entry_id) for entry_id in town.list(*forms)))
        (article,) = town.articles()
        assert (article.url, article.versions) == (STORY, 1)

    async def test_two_pages_that_name_each_other_do_not_wait_for_each_other(self, town: Town) -> None:
        other = STORY.replace("/news/", "/world/")
        town.web.answers |= {STORY: canonical(other), other: canonical(STORY)}
        pipeline = town.pipeline()
        await asyncio.gather(*(pipeline.ingest_entry(entry_id) for entry_id in town.list(STORY, other)))
        assert len(town.articles()) == 1

    async def test_a_canonical_that_names_the_home_page_is_ignored(self, town: Town) -> None:
        other = "https://town.example/news/ferry-runs-again-today"
        town.web.answers |= dict.fromkeys((STORY, other), canonical("https://town.example/"))
        await town.ingest(STORY)
        await town.ingest(other)
        assert {article.url for article in town.articles()} == {STORY, other}


class TestSiteRules:
    async def test_the_rule_wins_over_the_feed(self, town: Town) -> None:
        town.rules["town.example"] = SiteRule(host="town.example", body="p:first-child", title="h2", date="time")
        town.web.answers[STORY] = html(f"<div>{BODY}</div><h2>From the page</h2><time datetime='2026-01-11T05:00Z'>")
        await town.ingest(STORY)
        (article,) = town.articles()
        assert (article.title, article.published) == ("From the page", datetime(2026, 1, 11, 5, tzinfo=UTC))
        town.now += timedelta(hours=2)
        (due,) = town.store.due_entries(town.now, 10)
        again = (await town.pipeline().ingest_entry(due.id)).outcome
        assert again is not None
        assert again.fetched is not None
        assert again.fetched.status == 304, "the title of the feed is no reason to ask for the whole page"

    async def test_a_selector_that_finds_nothing_is_told_once(
        self, town: Town, caplog: pytest.LogCaptureFixture
    ) -> None:
        rule = SiteRule(host="town.example", body=".gone")
        town.rules["town.example"] = rule
        pipeline = town.pipeline()
        other = STORY.replace("pier", "ferry")
        town.web.answers[other] = html()
        for entry_id in town.list(STORY, other):
            await pipeline.ingest_entry(entry_id)
        (record,) = caplog.records
        assert record.getMessage() == f"sites.toml: the body selector of town.example finds nothing on {STORY}"
        assert pipeline.missed_selectors == (record.getMessage(),)
        assert [article.text_from for article in town.articles()] == ["page", "page"]

    async def test_a_rule_that_finds_all_says_nothing(self, town: Town, caplog: pytest.LogCaptureFixture) -> None:
        town.rules["town.example"] = replace(SiteRule(host="town.example"), remove=("p:first-child",))
        await town.ingest(STORY)
        assert not caplog.records
