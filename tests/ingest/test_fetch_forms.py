"""Forms for hubs."""

from __future__ import annotations

import asyncio

import pytest

from ingest.errors import Permanent, Reason, Transient

FIELDS = (("hub.mode", "subscribe"), ("hub.topic", "http://h/ä b"), ("hub.secret", "s3cret"))


async def test_a_form_is_sent_and_the_answer_told(web, reply, fetcher):
    web.routes["/hub"] = reply(202, b"will\x1b[1m verify\n" * 900)
    async with web, fetcher() as fetch:
        answer = await fetch.post_form(web.url("/hub").replace("//", "//me:pw@"), FIELDS)
    assert (answer.url, answer.status) == (web.url("/hub"), 202)
    assert answer.text.startswith("will[1m verify will")
    assert len(answer.text) <= 300
    assert web.seen[0].body == (b"hub.mode=subscribe&hub.topic=http%3A%2F%2Fh%2F%C3%A4+b&hub.secret=s3cret")
    seen = web.seen[0].headers
    assert seen["content-type"] == "application/x-www-form-urlencoded"
    assert not {"cookie", "referer", "origin"} & set(seen)
    # Nobody reads a page here.
    assert web.paths() == ["/hub"]


@pytest.mark.parametrize("status", [200, 204, 299])
async def test_all_of_2xx_is_success(web, reply, fetcher, status):
    web.routes["/hub"] = reply(status, length=status != 204)
    async with web, fetcher() as fetch:
        assert (await fetch.post_form(web.url("/hub"), FIELDS)).status == status


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Permanent, Reason.HTTP_CLIENT),
        (403, Permanent, Reason.HTTP_CLIENT),
        (404, Transient, Reason.HTTP_CLIENT),
        (429, Transient, Reason.RATE_LIMITED),
        (500, Transient, Reason.HTTP_SERVER),
        (301, Permanent, Reason.REDIRECT),
        (303, Permanent, Reason.REDIRECT),
    ],
)
async def test_refusals_say_why(web, reply, fetcher, status, kind, reason, caplog):
    caplog.set_level("DEBUG")
    web.routes["/hub"] = reply(status, b"no such topic", headers=[("Location", "/x")])
    async with web, fetcher() as fetch:
        with pytest.raises(kind) as caught:
            await fetch.post_form(web.url("/hub"), FIELDS, subject="http://feed.example/")
    error = caught.value
    assert (error.reason, error.status, error.subject) == (reason, status, "http://feed.example/")
    assert ("no such topic" in error.detail) == (reason is not Reason.REDIRECT)
    assert "s3cret" not in f"{error} {caplog.text}"


async def test_307_and_308_take_the_form_along(web, reply, fetcher):
    async with web, fetcher() as fetch:
        web.routes["127.0.0.1/hub"] = reply(307, headers=[("Location", web.url("/new", "127.0.0.2"))])
        web.routes["127.0.0.2/new"] = reply(308, headers=[("Location", "/newer")])
        web.routes["127.0.0.2/newer"] = reply(202)
        answer = await fetch.post_form(web.url("/hub"), FIELDS)
    assert answer.url == web.url("/newer", "127.0.0.2")
    assert len(web.seen) == 3
    assert len({seen.body for seen in web.seen}) == 1


async def test_the_guard_stands_before_hubs_too(web, reply, fetcher):
    async with web, fetcher(allow=("127.0.0.1",)) as fetch:
        web.routes["/hub"] = reply(307, headers=[("Location", web.url("/hub", "127.0.0.2"))])
        for url in (web.url("/hub", "127.0.0.3"), web.url("/hub"), "ftp://hub.example/", "http://169.254.169.254/"):
            with pytest.raises(Permanent) as caught:
                await fetch.post_form(url, FIELDS)
            assert caught.value.reason is Reason.BLOCKED
    assert {seen.host for seen in web.seen} == {"127.0.0.1"}


async def test_forms_wait_for_their_turn_and_hear_of_waits(web, reply, fetcher, time):
    web.routes["/hub"] = reply(429, headers=[("Retry-After", "100")])
    web.routes["/other"] = reply(202)
    async with web, fetcher(pause_s=2.0) as fetch:
        with pytest.raises(Transient) as first:
            await fetch.post_form(web.url("/hub"), FIELDS)
        with pytest.raises(Transient) as again:
            await fetch.post_form(web.url("/hub"), FIELDS)
        await fetch.post_form(web.url("/other"), FIELDS)
    assert (first.value.retry_after_s, again.value.retry_after_s) == (100, 100)
    assert time.sleeps == [2.0]
    assert web.paths() == ["/hub", "/other"]


async def test_a_hub_that_says_nothing_or_too_much(web, fetcher):
    async def silence(_seen, _writer):
        await asyncio.Event().wait()

    async def flood(_seen, writer):
        writer.write(b"HTTP/1.1 500 No\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            await writer.drain()

    web.routes = {"/silence": silence, "/flood": flood}
    async with web, fetcher(timeout_s=0.15) as fetch:
        with pytest.raises(Transient) as late:
            await fetch.post_form(web.url("/silence"), FIELDS)
        with pytest.raises(Transient) as long:
            await fetch.post_form(web.url("/flood", "127.0.0.2"), FIELDS)
    assert late.value.reason is Reason.TIMEOUT
    assert (long.value.reason, long.value.status) == (Reason.HTTP_SERVER, 500)
