"""What a fetcher remembers over a restart: waits and robots.txt; and how hosts in need are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.fetch_settings import HostSettings
from ingest.hosts import HostWait, RobotsFile
from ingest.remembered import Remembered
from ingest.web import Request

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def feed(url):
    return Request(url=url, is_feed=True)


async def fault(fetch, request, kind=Transient):
    with pytest.raises(kind) as caught:
        await fetch.get(request)
    return caught.value


@pytest.fixture
def calendar(time):
    """The date, which goes with the test's clock but stands elsewhere after a restart."""

    class Calendar:
        offset = timedelta()

        def now(self):
            return NOON + self.offset + timedelta(seconds=time.now - 1000.0)

        def restart(self, after_s):
            """The computer starts anew: its counting clock begins somewhere, the calendar has gone on."""
            now = self.now() + timedelta(seconds=after_s)
            time.now = 5.0
            self.offset = now - NOON - timedelta(seconds=time.now - 1000.0)

    return Calendar()


async def test_a_restart_does_not_shorten_a_wait(web, reply, fetcher, time, calendar):
    web.routes = {"/a": reply(429, headers=[("Retry-After", "100")]), "/b": reply(body=b"x")}
    async with web:
        async with fetcher(now=calendar.now) as fetch:
            await fault(fetch, feed(web.url("/a")))
            changes = fetch.take_changes()
            assert fetch.take_changes() == Remembered()
        assert changes.waits == (
            HostWait(address=web.url("/a"), host="127.0.0.1", until=NOON + timedelta(seconds=100), holds=False),
        )
        calendar.restart(after_s=40)
        async with fetcher(now=calendar.now, remembered=changes) as fetch:
            again = await fault(fetch, feed(web.url("/a")))
            assert again.retry_after_s == pytest.approx(60)
            await fetch.get(feed(web.url("/b")))
            assert web.paths() == ["/a", "/b"]
            # A second address refused within the wait speaks for the host, also over a restart.
            web.routes["/b"] = reply(503, headers=[("Retry-After", "10")])
            await fault(fetch, feed(web.url("/b")))
            await fault(fetch, feed(web.url("/c")))
            changes = fetch.take_changes()
        assert [wait.holds for wait in changes.waits if wait.address == web.url("/a")] == [True]
        calendar.restart(after_s=5)
        async with fetcher(now=calendar.now, remembered=changes) as fetch:
            assert (await fault(fetch, feed(web.url("/c")))).retry_after_s == pytest.approx(55)
            time.now += 56
            web.routes["/c"] = reply(body=b"x")
            await fetch.get(feed(web.url("/c")))


async def test_a_restart_asks_for_no_robots_sooner(web, reply, fetcher, time, calendar):
    web.routes = {
        "127.0.0.1/robots.txt": reply(body=b"User-agent: *\nDisallow: /private\nCrawl-delay: 7"),
        "127.0.0.2/robots.txt": reply(503),
        "127.0.0.3/robots.txt": reply(404),
        "/": reply(body=b"x"),
    }
    hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    async with web:
        async with fetcher(now=calendar.now) as fetch:
            for host in hosts:
                if host == "127.0.0.2":
                    await fault(fetch, Request(url=web.url(host=host)))
                else:
                    await fetch.get(Request(url=web.url(host=host)))
            changes = fetch.take_changes()
            assert fetch.take_changes() == Remembered()
        day, minutes, delay = timedelta(days=1), timedelta(minutes=10), timedelta(seconds=7)
        told = [(file.origin, file.body, bool(file.problem), file.until) for file in changes.robots]
        assert told == [
            (web.url("", hosts[0]), b"User-agent: *\nDisallow: /private\nCrawl-delay: 7", False, NOON + day),
            (web.url("", hosts[1]), None, True, NOON + delay + minutes),
            (web.url("", hosts[2]), None, False, NOON + delay + day),
        ]
        calendar.restart(after_s=60)
        web.seen.clear()
        async with fetcher(now=calendar.now, remembered=changes) as fetch:
            # Feeds keep to a crawl delay that is remembered, before any page has been asked for.
            time.sleeps.clear()
            await fetch.get(feed(web.url()))
            await fetch.get(feed(web.url()))
            assert time.sleeps == [7.0]
            assert (await fault(fetch, Request(url=web.url("/private")), Permanent)).reason is Reason.ROBOTS
            error = await fault(fetch, Request(url=web.url(host=hosts[1])))
            assert (error.reason, round(error.retry_after_s)) == (Reason.ROBOTS, 540 - 7)
            await fetch.get(Request(url=web.url(host=hosts[2])))
            assert "/robots.txt" not in web.paths()
            assert fetch.take_changes() == Remembered()
            web.routes["127.0.0.1/robots.txt"] = reply(404)
            time.now += 24 * 3600
            web.routes["/private"] = reply(body=b"x")
            await fetch.get(Request(url=web.url("/private")))
    assert web.paths().count("/robots.txt") == 1


async def test_what_is_over_is_not_believed(web, reply, fetcher, calendar):
    web.routes = {"/": reply(body=b"x")}
    async with web:
        old = Remembered(
            waits=(HostWait(address=web.url(), host="127.0.0.1", until=NOON, holds=True),),
            robots=(
                RobotsFile(
                    origin=web.url(""), body=b"User-agent: *\nDisallow: /", problem="", is_refused=False, until=NOON
                ),
            ),
        )
        async with fetcher(now=calendar.now, remembered=old) as fetch:
            await fetch.get(Request(url=web.url()))
    assert web.paths() == ["/robots.txt", "/"]


async def test_our_own_refusal_is_not_remembered(web, fetcher):
    """The settings may be others after a restart."""
    async with web, fetcher(allow=("127.0.0.2",)) as fetch:
        assert (await fault(fetch, Request(url=web.url()), Permanent)).reason is Reason.BLOCKED
        assert fetch.take_changes() == Remembered()


# --- hosts that do not say until when --------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_in_need_is_left_alone_twice_as_long_each_time(web, reply, fetcher, time, status):
    web.routes = {"/a": reply(status), "/b": reply(body=b"x")}
    async with web, fetcher(pause_s=2.0) as fetch:
        for wait_s in (60, 120, 240):
            error = await fault(fetch, feed(web.url("/a")))
            assert (error.status, error.retry_after_s) == (status, None)
            other = await fault(fetch, feed(web.url("/b")))
            assert (other.reason, other.status, other.retry_after_s) == (Reason.RATE_LIMITED, None, wait_s)
            await fetch.get(feed(web.url("/b", "127.0.0.2")))
            time.now += wait_s
        # A good answer ends it: the next refusal is a first one.
        await fetch.get(feed(web.url("/b")))
        time.now += 2
        await fault(fetch, feed(web.url("/a")))
        assert (await fault(fetch, feed(web.url("/b")))).retry_after_s == 60


@pytest.mark.parametrize("pause_s", [0.1, 2.0])
async def test_a_restart_does_not_shorten_a_back_off_and_the_pause_does_not_change_it(
    web, reply, fetcher, time, calendar, pause_s
):
    web.routes = {"/a": reply(503), "/b": reply(body=b"x")}
    async with web:
        async with fetcher(now=calendar.now, pause_s=pause_s) as fetch:
            await fault(fetch, feed(web.url("/a")))
            changes = fetch.take_changes()
            assert fetch.take_changes() == Remembered()
        until = NOON + timedelta(seconds=60)
        assert changes.waits == (HostWait(address=web.url("/a"), host="127.0.0.1", until=until, holds=True),)
        calendar.restart(after_s=20)
        async with fetcher(now=calendar.now, pause_s=pause_s, remembered=changes) as fetch:
            error = await fault(fetch, feed(web.url("/b")))
            assert error.retry_after_s == pytest.approx(40)
            # The time itself: it is read long after.
            assert error.detail == "not asked: 127.0.0.1 wants to be left alone until 12:01:00 UTC"
            time.now += 41
            await fetch.get(feed(web.url("/b")))


async def test_a_wait_that_ends_on_another_day_says_which(web, reply, fetcher, calendar):
    web.routes = {"/a": reply(429, headers=[("Retry-After", "86400")])}
    async with web, fetcher(now=calendar.now) as fetch:
        await fault(fetch, feed(web.url("/a")))
        again = await fault(fetch, feed(web.url("/a")))
    assert again.detail == "not asked: 127.0.0.1 wants to be left alone until 2026-10-02 12:00:00 UTC"


async def test_without_pauses_there_is_no_backing_off(web, reply, fetcher):
    web.routes = {"/a": reply(503), "/b": reply(body=b"x")}
    hosts = (HostSettings(host="127.0.0.2", pause_s=1.0),)
    async with web, fetcher(hosts=hosts) as fetch:
        await fault(fetch, feed(web.url("/a")))
        await fetch.get(feed(web.url("/b")))
        await fault(fetch, feed(web.url("/a", "127.0.0.2")))
        assert (await fault(fetch, feed(web.url("/b", "127.0.0.2")))).retry_after_s == 60


# --- asking about robots.txt ----------------------------------------------------------------------------


async def test_robots_can_be_asked_about_without_fetching_the_page(web, reply, fetcher):
    web.routes = {
        "127.0.0.1/robots.txt": reply(
            body=b"User-agent: *\nDisallow: /private\nSitemap: /relative\nSitemap: ftp://h/x\n"
            b"Sitemap: http://H:80/a#b\nsitemap: https://other.example/news.xml\nSitemap: http://h/a\n"
            + b"".join(b"Sitemap: http://h/%d\n" % number for number in range(50))
        ),
        "127.0.0.2/robots.txt": reply(404),
        "127.0.0.3/robots.txt": reply(500),
    }
    async with web, fetcher() as fetch:
        assert await fetch.allowed(web.url("/public"))
        assert not await fetch.allowed(web.url("/private/x"))
        sitemaps = await fetch.robots_sitemaps(web.url("/any"))
        assert sitemaps[:3] == ("http://h/a", "https://other.example/news.xml", "http://h/0")
        assert len(sitemaps) == 20
        assert web.paths() == ["/robots.txt"]
        assert await fetch.allowed(web.url("/x", "127.0.0.2"))
        assert await fetch.robots_sitemaps(web.url("/x", "127.0.0.2")) == ()
        for ask in (fetch.allowed, fetch.robots_sitemaps):
            with pytest.raises(Transient) as caught:
                await ask(web.url("/x", "127.0.0.3").replace("//", "//me:s3cret@"))
            assert caught.value.reason is Reason.ROBOTS
            assert "s3cret" not in str(caught.value)
            with pytest.raises(Permanent) as refused:
                await ask("http://10.0.0.1/")
            assert refused.value.reason is Reason.BLOCKED
    assert web.paths() == ["/robots.txt"] * 3
