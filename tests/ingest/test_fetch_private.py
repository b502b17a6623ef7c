"""Headers and credentials of the user's: where they go, and where they never do."""

from __future__ import annotations

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.fetch_settings import HostSettings
from ingest.web import Hop, Request

KEY = ("X-Key", "s3cret")
LOGIN = "Basic bWU6czNjcmV0"


def feed(url, **more):
    return Request(url=url, is_feed=True, **more)


async def test_headers_and_credentials_go_with_the_request(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    async with web, fetcher() as fetch:
        await fetch.get(feed(web.url(), headers=(KEY, ("user-agent", "Desk/2"), ("Accept", "text/xml"))))
        await fetch.get(feed(web.url(), credentials=("me", "s3cret")))
        await fetch.get(feed(web.url().replace("//", "//you:other@"), credentials=("me", "s3cret")))
        token = ("Authorization", "Bearer t0ken")
        await fetch.get(feed(web.url(), credentials=("me", "s3cret"), headers=(token,)))
        await fetch.get(feed(web.url()))
    first, *others = web.seen
    assert first.names == ["Host", "user-agent", "Accept-Encoding", "Accept", "X-Key"]
    assert (first.headers["user-agent"], first.headers["accept"], first.headers["x-key"]) == (
        "Desk/2",
        "text/xml",
        "s3cret",
    )
    assert [seen.headers.get("authorization") for seen in others] == [LOGIN, LOGIN, "Bearer t0ken", None]
    assert all(seen.names.count("Authorization") <= 1 for seen in web.seen)


async def test_they_stay_with_the_origin_and_do_not_come_back(web, reply, fetcher):
    async with web, fetcher() as fetch:
        web.routes["127.0.0.1/a"] = reply(302, headers=[("Location", "/b")])
        web.routes["127.0.0.1/b"] = reply(302, headers=[("Location", web.url("/c", "127.0.0.2"))])
        web.routes["127.0.0.2/c"] = reply(302, headers=[("Location", web.url("/d"))])
        web.routes["127.0.0.1/d"] = reply(body=b"x")
        page = await fetch.get(feed(web.url("/a"), headers=(KEY,), credentials=("me", "s3cret")))
    assert [seen.headers.get("x-key") for seen in web.seen] == ["s3cret", "s3cret", None, None]
    assert [seen.headers.get("authorization") for seen in web.seen] == [LOGIN, LOGIN, None, None]
    assert page.hops == (
        Hop(url=web.url("/a"), status=302),
        Hop(url=web.url("/b"), status=302),
        Hop(url=web.url("/c", "127.0.0.2"), status=302),
        Hop(url=web.url("/d"), status=200),
    )


async def test_robots_are_asked_for_without_them(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    async with web, fetcher() as fetch:
        await fetch.get(Request(url=web.url(), headers=(KEY,), credentials=("me", "s3cret")))
    assert [(seen.path, seen.headers.get("x-key")) for seen in web.seen] == [("/robots.txt", None), ("/", "s3cret")]
    assert "authorization" not in web.seen[0].headers


async def test_no_secret_is_ever_shown(web, reply, fetcher, caplog):
    caplog.set_level("DEBUG")
    web.routes["/"] = reply(410)
    async with web, fetcher() as fetch:
        address = web.url().replace("//", "//you:s3cret@")
        request = feed(address, headers=(KEY,), credentials=("me", "s3cret"))
        with pytest.raises(Permanent) as gone:
            await fetch.get(request)
        with pytest.raises(Permanent) as bad:
            await fetch.get(feed(web.url(), headers=(("X-Key", "s3cret\nX: y"),)))
        with pytest.raises(Permanent) as worse:
            await fetch.get(feed(web.url(), credentials=("m:e", "s3cret")))
    assert bad.value.reason is worse.value.reason is Reason.BLOCKED
    assert len(web.seen) == 1
    told = f"{gone.value!r} {bad.value!r} {worse.value!r} {vars(gone.value)} {caplog.text}"
    assert "s3cret" not in told
    assert LOGIN not in told
    assert "s3cret" not in repr(feed(web.url(), headers=(KEY,), credentials=("me", "s3cret")))


async def test_paths_and_queries_are_not_logged(web, reply, fetcher, caplog):
    """They can hold keys: https://news.example/feed?token=..."""
    caplog.set_level("INFO")
    web.routes["/s3cret-a?token=s3cret-b"] = reply(302, headers=[("Location", "/s3cret-c")])
    web.routes["/s3cret-c"] = reply(body=b"x")
    async with web, fetcher() as fetch:
        await fetch.get(feed(web.url("/s3cret-a?token=s3cret-b")))
    assert web.paths() == ["/s3cret-a?token=s3cret-b", "/s3cret-c"]
    assert "s3cret" not in caplog.text


async def test_headers_of_a_host_go_to_its_pages_and_no_further(web, reply, fetcher):
    hosts = (HostSettings(host="127.0.0.2", headers=(KEY, ("User-Agent", "Desk/3"))),)
    async with web, fetcher(hosts=hosts) as fetch:
        web.routes["127.0.0.1/"] = reply(302, headers=[("Location", web.url("/there", "127.0.0.2"))])
        web.routes["127.0.0.2/there"] = reply(302, headers=[("Location", web.url("/end"))])
        web.routes["/end"] = reply(body=b"x")
        await fetch.get(Request(url=web.url()))
        await fetch.get(feed(web.url("/end", "127.0.0.2")))
        await fetch.get(Request(url=web.url("/end", "127.0.0.2"), headers=(("x-key", "mine"),)))
    keys = [(seen.host[-1], seen.path, seen.headers.get("x-key")) for seen in web.seen if seen.path != "/robots.txt"]
    assert keys == [
        ("1", "/", None),
        ("2", "/there", "s3cret"),
        ("1", "/end", None),
        ("2", "/end", None),
        ("2", "/end", "mine"),
    ]
    assert "s3cret" not in repr(hosts)


async def test_a_host_has_a_pause_of_its_own(web, reply, fetcher, time):
    web.routes["/"] = reply(body=b"x")
    hosts = (HostSettings(host="127.0.0.1", pause_s=45.0), HostSettings(host="127.0.0.2", pause_s=0.5))
    async with web, fetcher(pause_s=2.0, hosts=hosts) as fetch:
        for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            for _ in range(2):
                await fetch.get(feed(web.url(host=host)))
    assert time.sleeps == [45.0, 0.5, 2.0]


async def test_pages_of_a_host_that_lacks_its_secret_are_not_asked_for(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    hosts = (HostSettings(host="127.0.0.1", missing="the variable KEY is not set"),)
    async with web, fetcher(hosts=hosts) as fetch:
        with pytest.raises(Transient, match="the variable KEY is not set") as caught:
            await fetch.get(Request(url=web.url()))
        assert (caught.value.reason, caught.value.was_asked) == ("auth", False)
        assert web.paths() == []
        await fetch.get(Request(url=web.url(host="127.0.0.2")))
        # Feeds have secrets of their own.
        await fetch.get(feed(web.url()))


async def test_what_is_said_of_hosts_can_change(web, reply, fetcher, time):
    web.routes["/"] = reply(body=b"x")
    async with web, fetcher(pause_s=2.0) as fetch:
        await fetch.get(feed(web.url()))
        fetch.use_hosts((HostSettings(host="127.0.0.1", pause_s=45.0, headers=(KEY,)),))
        await fetch.get(Request(url=web.url()))
        fetch.use_hosts(())
        await fetch.get(Request(url=web.url()))
    assert time.sleeps[0] == 45.0
    assert time.sleeps[-1] == 2.0
    assert [seen.headers.get("x-key") for seen in web.seen if seen.path == "/"] == [None, "s3cret", None]


@pytest.mark.parametrize(("statuses", "moved"), [([301, 308], True), ([301, 302], False), ([], False)])
async def test_304_behind_redirects_tells_the_way(web, reply, fetcher, statuses, moved):
    for number, status in enumerate(statuses):
        web.routes[f"/{number}"] = reply(status, headers=[("Location", f"/{number + 1}")])
    web.routes[f"/{len(statuses)}"] = reply(304, length=False)
    async with web, fetcher() as fetch:
        answer = await fetch.get(feed(web.url("/0").replace("//", "//me:pw@"), etag='"e"'))
    assert answer.url == web.url(f"/{len(statuses)}")
    assert answer.moved_to == (answer.url if moved else None)
    assert [hop.status for hop in answer.hops] == [*statuses, 304]
    assert answer.hops[0].url == web.url("/0")
