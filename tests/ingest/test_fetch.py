"""The fetcher against honest servers: what is sent, and what each answer becomes."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import brotli
import httpcore2
import httpx2
import pytest

from ingest.content_coding import BodyReader
from ingest.errors import Permanent, Reason, Transient
from ingest.fetch import FAULTS, Fetcher, _read_body
from ingest.fetch_settings import FetchSettings
from ingest.web import Hop, NotModified, Page, Request

if TYPE_CHECKING:
    from ingest.ports import Fetch


def feed(url, **more):
    return Request(url=url, is_feed=True, **more)


async def test_page_comes_whole_with_its_headers(web, reply, fetcher):
    web.routes["/a?b=c"] = reply(
        body=b"<p>hello", headers=[("Content-Type", "text/html"), ("ETag", '"x"'), ("Vary", "a"), ("vary", "b")]
    )
    async with web, fetcher() as fetch:
        url = web.url("/a?b=c#part")
        page = await fetch.get(Request(url=url))
    assert isinstance(page, Page)
    assert page.requested_url == url
    assert page.url == web.url("/a?b=c")
    assert page.moved_to is None
    assert (page.status, page.body) == (200, b"<p>hello")
    assert page.headers["content-type"] == "text/html"
    assert page.headers["vary"] == "a, b"
    assert (page.etag, page.last_modified) == ('"x"', None)


async def test_request_says_who_we_are_and_nothing_else_about_us(web, reply, fetcher):
    web.routes["/"] = reply(headers=[("Set-Cookie", "id=1; Path=/")])
    async with web, fetcher(version="1.2", contact="https://desk.example/bot") as fetch:
        first = await fetch.get(feed(web.url()))
        await fetch.get(feed(web.url()))
        host = f"127.0.0.1:{web.port}"
    for seen in web.seen:
        assert seen.names == ["Host", "User-Agent", "Accept-Encoding", "Accept"]
        assert seen.headers["host"] == host
        assert seen.headers["user-agent"] == "wirewatch/1.2 (+https://desk.example/bot)"
        assert seen.headers["accept-encoding"] == "gzip, br"
    assert "set-cookie" not in first.headers


async def test_credentials_go_to_their_origin_and_into_no_message(web, reply, fetcher, caplog):
    caplog.set_level("DEBUG")
    web.routes["127.0.0.1/old"] = reply(301, headers=[("Location", "/same")])
    web.routes["127.0.0.1/away"] = reply(302, headers=[("Location", "http://127.0.0.2:{port}/x")])
    web.routes["/same"] = reply(body=b"in")
    web.routes["/gone"] = reply(410)
    async with web, fetcher() as fetch:
        web.routes["127.0.0.1/away"] = reply(302, headers=[("Location", web.url("/same", "127.0.0.2"))])
        address = web.url("/old").replace("//", "//me:s%40cret@")
        page = await fetch.get(feed(address))
        await fetch.get(feed(address.replace("/old", "/away")))
        with pytest.raises(Permanent) as caught:
            await fetch.get(feed(address.replace("/old", "/gone")))
    assert page.url == web.url("/same")
    assert page.moved_to == web.url("/same")
    said = {(seen.host, seen.path): seen.headers.get("authorization") for seen in web.seen}
    assert said["127.0.0.1", "/old"] == said["127.0.0.1", "/same"] == "Basic bWU6c0BjcmV0"
    assert said["127.0.0.2", "/same"] is None
    assert caught.value.subject == web.url("/gone")
    assert "cret" not in f"{caught.value} {caplog.text}"


# --- conditional GET ------------------------------------------------------------------------------------


async def test_validators_go_back_byte_for_byte(web, reply, fetcher):
    etag, date = 'W/"é;  odd\\x"', "yesterday, about noon"
    web.routes["/"] = [
        reply(headers=[("ETag", etag.encode("latin-1").decode("latin-1")), ("Last-Modified", date)]),
        reply(304, headers=[("ETag", '"new"')], length=False),
    ]
    async with web, fetcher() as fetch:
        page = await fetch.get(feed(web.url()))
        again = await fetch.get(feed(web.url(), etag=page.etag, last_modified=page.last_modified))
    assert again == NotModified(url=web.url(), headers={"etag": '"new"'}, hops=(Hop(url=web.url(), status=304),))
    # The server writes UTF-8, headers are read as Latin-1: the bytes must be the same.
    assert page.etag.encode("latin-1") == etag.encode()
    assert web.seen[1].headers["if-none-match"].encode("latin-1") == etag.encode()
    assert web.seen[1].headers["if-modified-since"] == date


async def test_304_without_a_question_breaks_the_rules(web, reply, fetcher):
    web.routes["/"] = reply(304, length=False)
    async with web, fetcher() as fetch:
        with pytest.raises(Transient) as caught:
            await fetch.get(feed(web.url()))
        assert caught.value.reason is Reason.HTTP_SERVER
        # A validator that no server can have sent is no question either.
        with pytest.raises(Transient):
            await fetch.get(feed(web.url(), etag='"a"\r\nX-Evil: 1', last_modified="—"))
    assert "x-evil" not in web.seen[1].headers
    assert "if-none-match" not in web.seen[1].headers


# --- bodies ---------------------------------------------------------------------------------------------

TEXT = b"words and words. " * 40_000


def _raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT[:1000], mtime=0) + gzip.compress(TEXT[1000:], mtime=0)),
        ("GZIP", gzip.compress(TEXT, mtime=0) + b"\0\0\0\0"),
        ("br", brotli.compress(TEXT, quality=4)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", _raw_deflate(TEXT)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_codings_are_undone(web, reply, fetcher, coding, body):
    web.routes["/"] = reply(body=body, headers=[("Content-Encoding", coding)])
    web.routes["/empty"] = reply(headers=[("Content-Encoding", coding)])
    async with web, fetcher() as fetch:
        assert (await fetch.get(feed(web.url()))).body == TEXT
        assert (await fetch.get(feed(web.url("/empty")))).body == b""


async def test_body_of_exactly_the_limit_is_taken(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x" * 1000)
    web.routes["/z"] = reply(body=gzip.compress(b"x" * 1000, mtime=0), headers=[("Content-Encoding", "gzip")])
    async with web, fetcher(max_feed_bytes=1000, max_page_bytes=999) as fetch:
        assert len((await fetch.get(feed(web.url()))).body) == 1000
        assert len((await fetch.get(feed(web.url("/z")))).body) == 1000
        for path in ("/", "/z"):
            with pytest.raises(Permanent) as caught:
                await fetch.get(Request(url=web.url(path)))
            assert caught.value.reason is Reason.TOO_LARGE


# --- statuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (204, Transient, Reason.HTTP_SERVER),
        (202, Transient, Reason.HTTP_SERVER),
        (206, Transient, Reason.HTTP_SERVER),
        (300, Transient, Reason.HTTP_SERVER),
        (301, Transient, Reason.REDIRECT),
        (400, Permanent, Reason.HTTP_CLIENT),
        (401, Permanent, Reason.AUTH),
        (402, Permanent, Reason.PAYWALL),
        (403, Permanent, Reason.HTTP_CLIENT),
        (404, Transient, Reason.HTTP_CLIENT),
        (408, Transient, Reason.HTTP_CLIENT),
        (410, Permanent, Reason.GONE),
        (418, Permanent, Reason.HTTP_CLIENT),
        (425, Transient, Reason.HTTP_CLIENT),
        (429, Transient, Reason.RATE_LIMITED),
        (451, Permanent, Reason.HTTP_CLIENT),
        (500, Transient, Reason.HTTP_SERVER),
        (503, Transient, Reason.UNAVAILABLE),
        (522, Transient, Reason.HTTP_SERVER),
        (999, Transient, Reason.HTTP_SERVER),
    ],
)
async def test_each_status_says_what_to_do_next(web, reply, fetcher, status, kind, reason):
    web.routes["/"] = reply(status, length=status != 204)
    async with web, fetcher() as fetch:
        with pytest.raises(kind) as caught:
            await fetch.get(feed(web.url()))
    assert caught.value.reason is reason
    assert caught.value.status == status
    assert caught.value.subject == web.url()


@pytest.mark.parametrize("status", [202, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("name", ["cf-mitigated", "x-amzn-waf-action", "X-DataDome"])
async def test_a_check_for_robots_is_a_passing_fault_whatever_its_status(web, reply, fetcher, status, name):
    web.routes["/"] = reply(status, headers=[(name, "challenge")])
    web.routes["/later"] = reply(status, headers=[(name, "challenge"), ("Retry-After", "60")])
    async with web, fetcher() as fetch:
        for path, wait_s in (("/", None), ("/later", 60)):
            with pytest.raises(Transient) as caught:
                await fetch.get(feed(web.url(path)))
            assert (caught.value.reason, caught.value.status) == (Reason.CHALLENGE, status)
            assert (caught.value.retry_after_s, caught.value.was_asked) == (wait_s, True)


async def test_gone_is_gone_on_a_site_that_marks_all_its_pages(web, reply, fetcher):
    web.routes["/"] = reply(410, headers=[("X-DataDome", "protected")])
    web.routes["/checked"] = reply(410, headers=[("cf-mitigated", "challenge")])
    async with web, fetcher() as fetch:
        with pytest.raises(Permanent) as caught:
            await fetch.get(feed(web.url()))
        assert caught.value.reason is Reason.GONE
        with pytest.raises(Transient) as passing:
            await fetch.get(feed(web.url("/checked")))
        assert passing.value.reason is Reason.CHALLENGE


@pytest.mark.parametrize("name", ["cf-mitigated", "x-amzn-waf-action"])
async def test_a_check_for_robots_may_say_that_all_is_well(web, reply, fetcher, name):
    web.routes["/"] = reply(body=b"<html>Just a moment", headers=[(name, "challenge")])
    async with web, fetcher() as fetch:
        with pytest.raises(Transient) as caught:
            await fetch.get(feed(web.url()))
    assert (caught.value.reason, caught.value.status) == (Reason.CHALLENGE, 200)


async def test_datadome_marks_good_pages_too(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x", headers=[("X-DataDome", "protected")])
    async with web, fetcher() as fetch:
        assert (await fetch.get(feed(web.url()))).body == b"x"


async def test_203_is_a_page(web, reply, fetcher):
    web.routes["/"] = reply(203, b"x")
    async with web, fetcher() as fetch:
        assert (await fetch.get(feed(web.url()))).status == 203


@pytest.mark.parametrize("status", [400, 403, 404, 429, 451, 500, 503])
async def test_retry_after_makes_any_refusal_a_passing_one(web, reply, fetcher, status):
    web.routes["/s"] = reply(status, headers=[("Retry-After", "120")])
    web.routes["127.0.0.2/s"] = reply(status, headers=[("Retry-After", "Thu, 01 Oct 2026 10:05:00 GMT")])
    web.routes["127.0.0.3/s"] = reply(status, headers=[("Retry-After", "99999999999")])
    waits = []
    now = datetime(2026, 10, 1, 10, tzinfo=UTC)
    async with web, fetcher(now=lambda: now) as fetch:
        for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            with pytest.raises(Transient) as caught:
                await fetch.get(feed(web.url("/s", host)))
            waits.append(caught.value.retry_after_s)
    assert waits == [120, 300, 7 * 86400]


# --- redirects ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [([301], True), ([308, 301], True), ([302], False), ([301, 302], False), ([307, 308], False), ([303], False)],
)
async def test_page_has_moved_only_if_every_hop_says_for_good(web, reply, fetcher, statuses, moved):
    for number, status in enumerate(statuses):
        web.routes[f"/{number}"] = reply(status, b"see there", headers=[("Location", f"./{number + 1}#part")])
    web.routes[f"/{len(statuses)}"] = reply(body=b"here")
    async with web, fetcher() as fetch:
        page = await fetch.get(feed(web.url("/0"), etag='"e"'))
    assert page.url == web.url(f"/{len(statuses)}")
    assert page.moved_to == (page.url if moved else None)
    assert page.requested_url == web.url("/0")
    assert all(seen.headers["if-none-match"] == '"e"' for seen in web.seen)
    # Short bodies of redirects are read, so one connection is enough.
    assert web.connections == 1


async def test_redirects_may_change_the_host_and_speak_utf8(web, reply, fetcher):
    async with web, fetcher() as fetch:
        web.routes["/a"] = reply(302, headers=[("Location", web.url("/straße?q=ü", "127.0.0.2"))])
        web.routes["127.0.0.2/stra%C3%9Fe?q=%C3%BC"] = reply(body=b"da")
        page = await fetch.get(feed(web.url("/a")))
    assert page.body == b"da"
    assert page.url == web.url("/stra%C3%9Fe?q=%C3%BC", "127.0.0.2")
    assert web.seen[1].headers["host"] == f"127.0.0.2:{web.port}"


async def test_redirects_end(web, reply, fetcher):
    for number in range(12):
        web.routes[f"/{number}"] = reply(302, headers=[("Location", f"/{number + 1}")])
    web.routes["/10"] = reply(body=b"ten are fine")
    web.routes["/circle"] = reply(301, headers=[("Location", "/back")])
    web.routes["/back"] = reply(301, headers=[("Location", "/circle#x")])
    web.routes["/self"] = reply(302, headers=[("Location", "")])
    async with web, fetcher() as fetch:
        assert (await fetch.get(feed(web.url("/0")))).body == b"ten are fine"
        del web.routes["/10"]
        web.routes["/10"] = reply(302, headers=[("Location", "/11")])
        for path in ("/0", "/circle"):
            with pytest.raises(Permanent) as caught:
                await fetch.get(feed(web.url(path)))
            assert caught.value.reason is Reason.REDIRECT
        with pytest.raises(Transient) as nowhere:
            await fetch.get(feed(web.url("/self")))
        assert nowhere.value.reason is Reason.REDIRECT


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://x/", "data:,x", "http://", "http://[::/", "javascript:1"]
)
async def test_redirects_lead_to_http_only(web, reply, fetcher, location):
    web.routes["/"] = reply(302, headers=[("Location", location)])
    async with web, fetcher() as fetch:
        with pytest.raises(Permanent) as caught:
            await fetch.get(feed(web.url()))
    assert caught.value.reason is Reason.BLOCKED


@pytest.mark.parametrize(
    "address", ["", "x", "//host/", "file:///etc/passwd", "http://", "http://a b/", "http://" + "a" * 9000]
)
async def test_what_is_no_address_is_refused(fetcher, address):
    async with fetcher() as fetch:
        with pytest.raises(Permanent) as caught:
            await fetch.get(feed(address))
    assert caught.value.reason is Reason.BLOCKED


# --- connections and errors -----------------------------------------------------------------------------


async def test_connections_are_used_again(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    web.routes["/robots.txt"] = reply(404, b"no such file")
    async with web, fetcher() as fetch:
        for _ in range(3):
            await fetch.get(Request(url=web.url()))
    assert web.connections == 1
    assert len(web.seen) == 4


async def test_a_reset_on_an_old_connection_is_tried_once_more(web, reply, fetcher):
    async def hang_up(seen, writer):
        writer.transport.abort()

    web.routes["/"] = [reply(body=b"one"), hang_up, reply(body=b"two")]
    web.routes["/never"] = [reply(body=b"one"), hang_up]
    async with web, fetcher() as fetch:
        assert (await fetch.get(feed(web.url()))).body == b"one"
        assert (await fetch.get(feed(web.url()))).body == b"two"
        assert len(web.seen) == 3
        await fetch.get(feed(web.url("/never")))
        with pytest.raises(Transient) as caught:
            await fetch.get(feed(web.url("/never")))
    assert caught.value.reason is Reason.CONNECTION
    assert len(web.seen) == 6


async def test_a_reset_on_a_new_connection_is_not_tried_again(web, fetcher):
    async def hang_up(seen, writer):
        writer.transport.abort()

    web.routes["/"] = hang_up
    async with web, fetcher() as fetch:
        with pytest.raises(Transient) as caught:
            await fetch.get(feed(web.url()))
    assert caught.value.reason is Reason.CONNECTION
    assert len(web.seen) == 1


def _errors_of(library):
    return [item for item in vars(library).values() if inspect.isclass(item) and issubclass(item, Exception)]


@pytest.mark.parametrize(
    "error", [*_errors_of(httpx2), *_errors_of(httpcore2)], ids=lambda e: f"{e.__module__}.{e.__name__}"
)
def test_every_error_of_the_libraries_has_a_reason(error):
    """A release with a new exception must make somebody think about it."""
    assert error in FAULTS


async def test_a_body_in_crumbs_lets_others_work():
    """Its chunks are at hand, so that reading it would never wait."""

    class Crumbs:
        async def body(self):
            for _ in range(2_000):
                yield b"x"

    turns = 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(other())
    reader = BodyReader("", max_bytes=10_000, subject="x")
    await _read_body(Crumbs(), reader)
    working.cancel()
    assert reader.finish() == b"x" * 2_000
    assert turns >= 5


async def test_fetcher_fulfils_the_port():
    async with Fetcher(FetchSettings()) as fetcher:
        fetch: Fetch = fetcher
    assert fetch
