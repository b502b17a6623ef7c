"""The fetcher's manners: turns, pauses, robots.txt, and waits that servers ask for."""

from __future__ import annotations

import asyncio
import gzip
import pickle
from collections import Counter
from itertools import pairwise

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.web import Request


def feed(url):
    return Request(url=url, is_feed=True)


async def fault(fetch, request, kind):
    with pytest.raises(kind) as caught:
        await fetch.get(request)
    return caught.value


async def until(is_true):
    for _ in range(60_000):
        if is_true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


class Door:
    """A handler that lets requests in one by one, or all, and counts those inside, by host."""

    def __init__(self, said):
        self.said = said
        self.open = asyncio.Event()
        self.inside = Counter()
        self.most = Counter()

    async def __call__(self, seen, writer):
        self.inside[seen.host] += 1
        self.most[seen.host] = max(self.most[seen.host], self.inside[seen.host])
        await self.open.wait()
        self.inside[seen.host] -= 1
        writer.write(self.said)


# --- turns and pauses -----------------------------------------------------------------------------------


async def test_one_request_per_host_and_nobody_waits_for_another_host(web, reply, fetcher):
    door = Door(reply(body=b"x"))
    web.routes["127.0.0.1/"] = web.routes["/robots.txt"] = door
    web.routes["127.0.0.2/"] = reply(body=b"y")
    async with web, fetcher() as fetch:
        kept = [asyncio.create_task(fetch.get(Request(url=web.url(), is_feed=number % 2 == 0))) for number in range(6)]
        await until(lambda: door.inside["127.0.0.1"] == 1)
        for _ in range(3):
            assert (await fetch.get(feed(web.url(host="127.0.0.2")))).body == b"y"
        assert door.inside["127.0.0.1"] == 1
        door.open.set()
        pages = await asyncio.gather(*kept)
    assert len(pages) == 6
    assert door.most["127.0.0.1"] == 1
    assert web.paths("127.0.0.1").count("/robots.txt") == 1


async def test_starts_on_a_host_keep_their_distance(web, reply, fetcher, time):
    starts = []

    async def note(seen, writer):
        starts.append((time.now, seen.host, seen.path))
        writer.write(reply(body=b"x") if seen.path != "/away" else reply(302, headers=[("Location", "/")]))

    web.routes = {"/": note, "/away": note, "/robots.txt": note}
    async with web, fetcher(pause_s=2.0) as fetch:
        await asyncio.gather(
            fetch.get(Request(url=web.url("/away"))),
            *(fetch.get(feed(web.url(host=host))) for host in ("127.0.0.1", "127.0.0.2") for _ in range(3)),
        )
    for host in ("127.0.0.1", "127.0.0.2"):
        times = [at for at, where, _ in starts if where == host]
        assert all(later - earlier >= 2.0 for earlier, later in pairwise(times))
    assert len(starts) == 9


async def test_a_slot_is_not_held_while_waiting_for_a_turn(web, reply, fetcher):
    door = Door(reply(body=b"x"))
    web.routes["127.0.0.1/"] = door
    web.routes["127.0.0.2/"] = reply(body=b"y")
    async with web, fetcher(max_connections=2) as fetch:
        kept = [asyncio.create_task(fetch.get(feed(web.url()))) for _ in range(5)]
        await until(lambda: door.inside["127.0.0.1"] == 1)
        assert (await fetch.get(feed(web.url(host="127.0.0.2")))).body == b"y"
        door.open.set()
        await asyncio.gather(*kept)


async def test_redirects_take_the_turn_of_the_host_they_lead_to(web, reply, fetcher):
    door = Door(reply(body=b"x"))
    async with web, fetcher() as fetch:
        web.routes["127.0.0.1/"] = reply(302, headers=[("Location", web.url("/there", "127.0.0.2"))])
        web.routes["127.0.0.1/feed"] = reply(body=b"feed")
        web.routes["127.0.0.2/there"] = web.routes["127.0.0.2/other"] = door
        other = asyncio.create_task(fetch.get(feed(web.url("/other", "127.0.0.2"))))
        await until(lambda: door.inside["127.0.0.2"] == 1)
        moved = asyncio.create_task(fetch.get(feed(web.url())))
        await until(lambda: "/" in web.paths("127.0.0.1"))
        # The first host is free again while the second one is waited for.
        assert (await fetch.get(feed(web.url("/feed")))).body == b"feed"
        assert web.paths("127.0.0.2") == ["/other"]
        door.open.set()
        await asyncio.gather(other, moved)
    assert door.most["127.0.0.2"] == 1


async def test_cancelled_while_waiting_leaves_the_turn_free(web, reply, fetcher):
    door = Door(reply(body=b"x"))
    web.routes["/"] = door
    async with web, fetcher() as fetch:
        tasks = [asyncio.create_task(fetch.get(feed(web.url()))) for _ in range(4)]
        await until(lambda: door.inside["127.0.0.1"] == 1)
        tasks[1].cancel()
        tasks[2].cancel()
        door.open.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(end, asyncio.CancelledError) for end in ended] == [False, True, True, False]
    assert len(web.seen) == 2


# --- robots.txt -----------------------------------------------------------------------------------------

RULES = b"""User-agent: *
Disallow: /private
Allow: /private/open

User-agent: OtherBot
Disallow: /
"""


async def test_robots_are_obeyed_for_pages_and_not_asked_for_feeds(web, reply, fetcher):
    web.routes = {path: reply(body=b"x") for path in ("/private", "/private/open", "/public")}
    async with web, fetcher() as fetch:
        await fetch.get(feed(web.url("/private")))
        assert web.paths() == ["/private"]
        web.routes["/robots.txt"] = reply(body=RULES)
        for path in ("/public", "/private/open"):
            await fetch.get(Request(url=web.url(path)))
        error = await fault(fetch, Request(url=web.url("/private")), Permanent)
        assert error.reason is Reason.ROBOTS
        assert web.url("/robots.txt") in error.detail
    assert web.paths() == ["/private", "/robots.txt", "/public", "/private/open"]


@pytest.mark.parametrize(
    ("agent", "allowed"),
    [("", False), ("OtherBot/2.0 (likes wirewatch)", True), ("Mozilla/5.0", True)],
)
async def test_robots_speak_to_the_name_in_the_user_agent(web, reply, fetcher, agent, allowed):
    web.routes = {
        "/robots.txt": reply(body=b"User-agent: WireWatch\nDisallow: /\n\nUser-agent: *\nAllow: /"),
        "/": reply(body=b"x"),
    }
    async with web, fetcher(user_agent=agent) as fetch:
        if allowed:
            await fetch.get(Request(url=web.url()))
        else:
            assert (await fault(fetch, Request(url=web.url()), Permanent)).reason is Reason.ROBOTS


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 451])
async def test_no_robots_file_means_no_rules(web, reply, fetcher, status):
    web.routes = {"/robots.txt": reply(status, length=status != 204), "/": reply(body=b"x")}
    async with web, fetcher() as fetch:
        for _ in range(2):
            await fetch.get(Request(url=web.url()))
    assert web.paths().count("/robots.txt") == 1


async def _hang_up(_seen, writer):
    writer.transport.abort()


@pytest.mark.parametrize("status", [429, 500, 503, "reset", "rubbish"])
async def test_unreachable_robots_hold_the_pages_back_for_a_while(web, reply, fetcher, time, status):
    web.routes = {"/": reply(body=b"x")}
    if status == "reset":
        web.routes["/robots.txt"] = _hang_up
    elif status == "rubbish":
        web.routes["/robots.txt"] = reply(body=b"not gzip", headers=[("Content-Encoding", "gzip")])
    else:
        web.routes["/robots.txt"] = reply(status)
    async with web, fetcher() as fetch:
        for _ in range(3):
            error = await fault(fetch, Request(url=web.url()), Transient)
            assert error.reason is Reason.ROBOTS
            assert error.retry_after_s == 600
        assert web.paths() == ["/robots.txt"]
        web.routes["/robots.txt"] = reply(404)
        time.now += 601
        await fetch.get(Request(url=web.url()))


async def test_slow_robots_are_unreachable_ones(web, reply, fetcher):
    async def silence(_seen, writer):
        while not writer.is_closing():
            writer.write(b"")
            await asyncio.sleep(0.01)

    web.routes = {"/robots.txt": silence, "/": reply(body=b"x")}
    async with web, fetcher(timeout_s=0.1) as fetch:
        assert (await fault(fetch, Request(url=web.url()), Transient)).reason is Reason.ROBOTS


async def test_robots_are_read_again_after_a_day(web, reply, fetcher, time):
    web.routes = {"/robots.txt": reply(body=RULES), "/private": reply(body=b"x")}
    async with web, fetcher() as fetch:
        await fault(fetch, Request(url=web.url("/private")), Permanent)
        web.routes["/robots.txt"] = reply(404)
        time.now += 24 * 3600 - 1
        await fault(fetch, Request(url=web.url("/private")), Permanent)
        time.now += 2
        await fetch.get(Request(url=web.url("/private")))
    assert web.paths().count("/robots.txt") == 2


async def test_one_robots_file_for_many_pages_at_once_even_if_the_first_gives_up(web, reply, fetcher):
    door = Door(reply(body=RULES))
    web.routes = {"/robots.txt": door, "/": reply(body=b"x")}
    async with web, fetcher() as fetch:
        tasks = [asyncio.create_task(fetch.get(Request(url=web.url()))) for _ in range(8)]
        await until(lambda: door.inside["127.0.0.1"] == 1)
        tasks[0].cancel()
        await asyncio.sleep(0)
        door.open.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert all(page.body == b"x" for page in ended[1:])
    assert web.paths().count("/robots.txt") == 1


async def test_closing_ends_what_is_still_asking_for_robots(web, reply, fetcher):
    door = Door(reply(body=RULES))
    web.routes = {"/robots.txt": door}
    async with web:
        async with fetcher() as fetch:
            task = asyncio.create_task(fetch.get(Request(url=web.url())))
            await until(lambda: door.inside["127.0.0.1"] == 1)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_robots_may_be_redirected_five_times(web, reply, fetcher):
    for number in range(4):
        web.routes[f"/{number}"] = reply(302, headers=[("Location", f"/{number + 1}")])
    web.routes |= {"/robots.txt": reply(301, headers=[("Location", "/0")]), "/4": reply(body=RULES)}
    web.routes |= {"/private": reply(body=b"x")}
    async with web, fetcher() as fetch:
        await fault(fetch, Request(url=web.url("/private")), Permanent)
    web.routes["/4"] = reply(302, headers=[("Location", "/5")])
    web.routes["/5"] = reply(body=RULES)
    async with web, fetcher() as fetch:
        await fetch.get(Request(url=f"http://127.0.0.2:{web.port}/private"))


async def test_robots_cannot_lead_inside(web, reply, fetcher):
    web.routes = {"/": reply(body=b"x")}
    async with web:
        web.routes["/robots.txt"] = reply(302, headers=[("Location", web.url("/", "127.0.0.2"))])
        async with fetcher(allow=(f"127.0.0.1:{web.port}",)) as fetch:
            assert (await fault(fetch, Request(url=web.url()), Transient)).reason is Reason.ROBOTS
            # Where the page itself is refused, that is the reason, and not its robots.txt.
            inside = await fault(fetch, Request(url=web.url(host="127.0.0.3")), Permanent)
            assert inside.reason is Reason.BLOCKED
    assert {seen.host for seen in web.seen} == {"127.0.0.1"}


async def test_robots_are_asked_for_every_hop_of_a_page(web, reply, fetcher):
    async with web, fetcher() as fetch:
        web.routes["127.0.0.1/"] = reply(302, headers=[("Location", web.url("/private", "127.0.0.2"))])
        web.routes["127.0.0.2/private"] = reply(body=b"x")
        web.routes["127.0.0.2/robots.txt"] = reply(body=RULES)
        error = await fault(fetch, Request(url=web.url()), Permanent)
        assert error.reason is Reason.ROBOTS
        assert error.subject == web.url()
    assert web.paths("127.0.0.2") == ["/robots.txt"]


async def test_crawl_delay_widens_the_pause_up_to_30_seconds(web, reply, fetcher, time):
    web.routes = {
        "/robots.txt": reply(body=b"User-agent: *\nCrawl-delay: 7"),
        "127.0.0.2/robots.txt": reply(body=b"User-agent: *\nCrawl-delay: 9000"),
        "/": reply(body=b"x"),
    }
    async with web, fetcher(pause_s=1.0) as fetch:
        for host, pause in (("127.0.0.1", 7), ("127.0.0.2", 30)):
            time.sleeps.clear()
            await fetch.get(Request(url=web.url(host=host)))
            await fetch.get(Request(url=web.url(host=host)))
            await fetch.get(feed(web.url(host=host)))
            assert time.sleeps == [pause, pause, pause]


async def test_only_the_first_500_kib_of_robots_count(web, reply, fetcher):
    head = b"User-agent: *\nDisallow: /a\n#"
    # The border falls into a line, whose first half forbids more than the whole would.
    half = b"\nDisallow: /priv"
    body = head + b"x" * (500 * 1024 - len(head) - len(half)) + half + b"y-and-other-things\nDisallow: /late\n"
    body += b"#" * 2_000_000
    web.routes = {
        "/robots.txt": reply(body=body),
        "127.0.0.2/robots.txt": reply(body=gzip.compress(body, mtime=0), headers=[("Content-Encoding", "gzip")]),
    }
    web.routes |= {path: reply(body=b"x") for path in ("/a", "/private", "/late")}
    async with web, fetcher() as fetch:
        for host in ("127.0.0.1", "127.0.0.2"):
            await fetch.get(Request(url=web.url("/private", host)))
            await fetch.get(Request(url=web.url("/late", host)))
            assert (await fault(fetch, Request(url=web.url("/a", host)), Permanent)).reason is Reason.ROBOTS


# --- Retry-After ----------------------------------------------------------------------------------------


async def test_an_address_that_asked_us_to_wait_is_not_asked_meanwhile(web, reply, fetcher, time):
    web.routes = {"/a": reply(429, headers=[("Retry-After", "100")]), "/b": reply(body=b"x")}
    async with web, fetcher() as fetch:
        assert (await fault(fetch, feed(web.url("/a")), Transient)).retry_after_s == 100
        time.now += 40
        again = await fault(fetch, feed(web.url("/a#other")), Transient)
        assert (again.reason, again.retry_after_s, again.status) == (Reason.RATE_LIMITED, 60, None)
        assert not again.was_asked
        assert not pickle.loads(pickle.dumps(again)).was_asked, "workers raise it across processes"
        # One refusal is about one address: others of the host may be asked.
        await fetch.get(feed(web.url("/b")))
        assert web.paths() == ["/a", "/b"]
        time.now += 60
        await fault(fetch, feed(web.url("/a")), Transient)
    assert web.paths() == ["/a", "/b", "/a"]


async def test_two_refused_addresses_speak_for_their_host(web, reply, fetcher, time):
    web.routes = {
        "/a": reply(429, headers=[("Retry-After", "100")]),
        "/b": reply(503, headers=[("Retry-After", "30")]),
        "/c": reply(body=b"x"),
    }
    async with web, fetcher() as fetch:
        for path in ("/a", "/b"):
            await fault(fetch, feed(web.url(path)), Transient)
        assert (await fault(fetch, feed(web.url("/c")), Transient)).retry_after_s == 100
        # Neither is its robots.txt asked for.
        await fault(fetch, Request(url=web.url("/d")), Transient)
        await fetch.get(feed(web.url("/c", "127.0.0.2")))
        time.now += 101
        await fetch.get(feed(web.url("/c")))
    assert web.paths("127.0.0.1") == ["/a", "/b", "/c"]


async def test_those_in_the_queue_hear_of_the_wait(web, reply, fetcher):
    door = Door(reply(429, headers=[("Retry-After", "100")]))
    web.routes["/a"] = door
    async with web, fetcher() as fetch:
        tasks = [asyncio.create_task(fetch.get(feed(web.url("/a")))) for _ in range(5)]
        await until(lambda: door.inside["127.0.0.1"] == 1)
        door.open.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, Transient) and end.retry_after_s == 100 for end in ended)
    assert len(web.seen) == 1


async def test_a_wait_behind_a_redirect_holds_for_both_addresses(web, reply, fetcher, time):
    async with web, fetcher() as fetch:
        web.routes["127.0.0.1/"] = reply(302, headers=[("Location", web.url("/b", "127.0.0.2"))])
        web.routes["127.0.0.2/b"] = reply(503, headers=[("Retry-After", "50")])
        web.routes["/c"] = reply(body=b"x")
        await fault(fetch, feed(web.url()), Transient)
        for url in (web.url(), web.url("/b", "127.0.0.2")):
            assert (await fault(fetch, feed(url), Transient)).retry_after_s == 50
        for host in ("127.0.0.1", "127.0.0.2"):
            await fetch.get(feed(web.url("/c", host)))
    assert web.paths() == ["/", "/b", "/c", "/c"]


@pytest.mark.parametrize("status", [202, 204, 206, 300])
async def test_answers_without_a_page_can_ask_for_a_wait_too(web, reply, fetcher, status):
    web.routes = {"/a": reply(status, headers=[("Retry-After", "100")], length=status != 204)}
    async with web, fetcher() as fetch:
        for _ in range(2):
            assert (await fault(fetch, feed(web.url("/a")), Transient)).retry_after_s == 100
    assert web.paths() == ["/a"]
