"""The fetcher against hostile servers and addresses: each attempt ends in an error that says what it was."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from random import Random

import brotli
import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.web import Request


def feed(url):
    return Request(url=url, is_feed=True)


def endless(head, piece):
    """A server that says *head* and then *piece* until nobody listens."""

    async def say(_seen, writer):
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return say


def drip(head, piece):
    """The same, slowly."""

    async def say(_seen, writer):
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await asyncio.sleep(0.01)

    return say


async def fault(fetch, url, kind, *, is_feed=True):
    with pytest.raises(kind) as caught:
        await fetch.get(Request(url=url, is_feed=is_feed))
    return caught.value


OK = b"HTTP/1.1 200 OK\r\n"
#: does not get shorter by compression
NOISE = Random(1).randbytes(5000)

# --- size -----------------------------------------------------------------------------------------------


def _gzip_bomb(megabytes):
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1_000_000)
    return b"".join(packer.compress(zeros) for _ in range(megabytes)) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        ("gzip", _gzip_bomb(100)),
        ("br", brotli.compress(bytes(100_000_000), quality=1)),
        ("deflate", zlib.compress(bytes(50_000_000))),
    ],
    ids=["gzip", "br", "deflate"],
)
async def test_bombs_do_not_unfold(web, reply, fetcher, coding, bomb):
    web.routes["/"] = reply(body=bomb, headers=[("Content-Encoding", coding)])
    async with web, fetcher() as fetch:
        error = await fault(fetch, web.url(), Permanent)
    assert error.reason is Reason.TOO_LARGE
    assert "10,000,000" in error.detail


@pytest.mark.parametrize(
    "head",
    [
        OK + b"\r\n",
        OK + b"Content-Encoding: gzip\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["plain", "empty gzip members", "chunked"],
)
async def test_bodies_without_an_end_are_cut_off(web, fetcher, head):
    piece = gzip.compress(b"", mtime=0) * 500 if b"gzip" in head else b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    web.routes["/"] = endless(head, piece)
    async with web, fetcher(max_feed_bytes=500_000) as fetch:
        error = await fault(fetch, web.url(), Permanent)
    assert error.reason is Reason.TOO_LARGE


async def test_announced_giants_are_refused_unread(web, fetcher):
    web.routes["/"] = endless(OK + b"Content-Length: 50000000000\r\n\r\n", b"")
    async with web, fetcher() as fetch:
        error = await fault(fetch, web.url(), Permanent)
    assert error.reason is Reason.TOO_LARGE


async def test_long_error_pages_and_redirects_are_not_read(web, reply, fetcher):
    async with web, fetcher() as fetch:
        web.routes["/"] = endless(b"HTTP/1.1 404 No\r\n\r\n", b"x" * 10_000)
        web.routes["/r"] = endless(b"HTTP/1.1 302 No\r\nLocation: /there\r\n\r\n", b"x" * 10_000)
        web.routes["/there"] = reply(body=b"here")
        assert (await fault(fetch, web.url(), Transient)).reason is Reason.HTTP_CLIENT
        assert (await fetch.get(feed(web.url("/r")))).body == b"here"


@pytest.mark.parametrize("coding", ["gzip, gzip", "br, gzip", "zstd", "compress", "gzip;q=1"])
async def test_unasked_codings_are_refused(web, reply, fetcher, coding):
    web.routes["/"] = reply(body=gzip.compress(gzip.compress(b"x"), mtime=0), headers=[("Content-Encoding", coding)])
    async with web, fetcher() as fetch:
        assert (await fault(fetch, web.url(), Permanent)).reason is Reason.DECODE


async def test_two_headers_are_stacked_codings_too(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x", headers=[("Content-Encoding", "gzip"), ("content-encoding", "br")])
    async with web, fetcher() as fetch:
        assert (await fault(fetch, web.url(), Permanent)).reason is Reason.DECODE


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(NOISE, mtime=0)[:-9], Reason.CONNECTION),
        ("gzip", gzip.compress(b"words", mtime=0)[:-1], Reason.CONNECTION),
        ("br", brotli.compress(NOISE)[:-1], Reason.CONNECTION),
        ("deflate", zlib.compress(b"words")[:-1], Reason.CONNECTION),
        ("deflate", b"x", Reason.CONNECTION),
        ("gzip", b"<html>not gzip", Reason.DECODE),
        ("gzip", gzip.compress(b"words", mtime=0)[:-8] + b"checksum", Reason.DECODE),
        ("br", b"<html>not brotli, not at all", Reason.DECODE),
        ("deflate", b"\xff\xff\xff\xff", Reason.DECODE),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
async def test_broken_compression_is_a_passing_fault(web, reply, fetcher, coding, body, reason):
    web.routes["/"] = reply(body=body, headers=[("Content-Encoding", coding)])
    async with web, fetcher() as fetch:
        assert (await fault(fetch, web.url(), Transient)).reason is reason


@pytest.mark.parametrize("more", [0, 1])
async def test_headers_are_taken_up_to_64_kib_and_no_further(web, fetcher, more):
    """Counted to the byte, status line and blank line included, and whatever the body brings with it."""
    start, end = OK + b"Content-Length: 5\r\nA: ", b"\r\n\r\n"
    head = start + b"x" * (64 * 1024 - len(start) - len(end) + more) + end
    web.routes["/"] = [head + b"hello", head + b"hello"]
    async with web, fetcher() as fetch:
        for _ in range(2):
            if not more:
                assert (await fetch.get(feed(web.url()))).body == b"hello"
            else:
                error = await fault(fetch, web.url(), Permanent)
                assert error.reason is Reason.TOO_LARGE
                assert "65,536" in error.detail
    assert web.connections == 1 + more


@pytest.mark.parametrize(
    "said",
    [
        OK + b"A: " + b"x" * 4_000_000 + b"\r\n\r\n",
        OK + b"A: x\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n" * 100_000 + OK + b"\r\n",
    ],
    ids=["one long", "many short", "interim answers"],
)
async def test_large_headers_are_refused(web, fetcher, said):
    web.routes["/"] = said
    async with web, fetcher() as fetch:
        assert (await fault(fetch, web.url(), Permanent)).reason is Reason.TOO_LARGE


async def test_a_long_body_is_not_taken_for_headers(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x" * 1_000_000)
    async with web, fetcher() as fetch:
        for _ in range(2):
            assert len((await fetch.get(feed(web.url()))).body) == 1_000_000
    assert web.connections == 1


@pytest.mark.parametrize(
    ("said", "kind", "reason"),
    [
        (OK + b"Content-Length: 50000000000\r\n\r\n", Permanent, Reason.TOO_LARGE),
        (OK + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000, Permanent, Reason.TOO_LARGE),
        (OK + b"Content-Encoding: zstd\r\nContent-Length: 1\r\n\r\nx", Permanent, Reason.DECODE),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\n<html>", Transient, Reason.DECODE),
        (OK + b"Content-Length: 500\r\n\r\nhalf", Transient, Reason.CONNECTION),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", Transient, Reason.CONNECTION),
    ],
    ids=["announced", "sent", "coding", "corrupt", "broken off", "bad chunk"],
)
async def test_refused_answers_keep_their_status(web, fetcher, said, kind, reason):
    async def say(_seen, writer):
        writer.write(said)
        await writer.drain()
        writer.close()

    web.routes["/"] = say
    async with web, fetcher(max_feed_bytes=1000) as fetch:
        error = await fault(fetch, web.url(), kind)
    assert (error.reason, error.status) == (reason, 200)


async def test_a_late_body_keeps_its_status_and_a_late_answer_has_none(web, fetcher):
    web.routes = {"/": drip(OK + b"\r\n", b"x"), "/silent": drip(b"", b"")}
    async with web, fetcher(timeout_s=0.15) as fetch:
        assert (await fault(fetch, web.url(), Transient)).status == 200
        assert (await fault(fetch, web.url("/silent"), Transient)).status is None


async def test_circles_and_long_ways_keep_the_last_status(web, reply, fetcher):
    web.routes = {f"/{number}": reply(307, headers=[("Location", f"/{number + 1}")]) for number in range(20)}
    web.routes |= {"/circle": reply(301, headers=[("Location", "/back")])}
    web.routes |= {"/back": reply(308, headers=[("Location", "/circle")])}
    web.routes |= {"/long": reply(302, headers=[("Location", "/" + "x" * 2048)])}
    web.routes |= {"/dead": reply(302, headers=[("Location", "http://127.0.0.9:1/")])}
    async with web, fetcher() as fetch:
        assert (await fault(fetch, web.url("/circle"), Permanent)).status == 308
        assert (await fault(fetch, web.url("/0"), Permanent)).status == 307
        long = await fault(fetch, web.url("/long"), Permanent)
        assert (long.reason, long.status) == (Reason.BLOCKED, 302)
        assert "2,048" in long.detail
        assert (await fault(fetch, web.url("/dead"), Transient)).status is None


# --- time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "server",
    [
        drip(b"", b""),
        drip(OK + b"X: ", b"x"),
        drip(OK, b"X: y\r\n"),
        drip(b"HTTP/1.1 100 Go on\r\n\r\n", b"HTTP/1.1 100 Go on\r\n\r\n"),
        drip(OK + b"\r\n", b"x"),
        drip(OK + b"Content-Length: 5000\r\n\r\n", b"x"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["silence", "header", "headers", "interim answers", "body", "sized body", "chunks"],
)
async def test_slow_answers_end_at_the_deadline(web, fetcher, server):
    web.routes["/"] = server
    async with web, fetcher(timeout_s=0.15) as fetch:
        error = await fault(fetch, web.url(), Transient)
    assert error.reason is Reason.TIMEOUT


async def test_connecting_has_a_limit_of_its_own(fetcher):
    async def resolve(_host, _port):
        await asyncio.Event().wait()

    async with fetcher(resolve=resolve, connect_timeout_s=0.05) as fetch:
        error = await fault(fetch, "http://slow.example/", Transient)
    assert error.reason is Reason.TIMEOUT
    assert "no connection after 0.05 seconds" in error.detail


async def test_so_has_the_handshake(fetcher):
    async def silence(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silence, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with fetcher(connect_timeout_s=0.05) as fetch:
            error = await fault(fetch, f"https://127.0.0.1:{port}/", Transient)
    assert error.reason is Reason.TIMEOUT


async def test_the_deadline_is_for_all_hops_together(web, fetcher):
    async def on_and_on(seen, writer):
        await asyncio.sleep(0.06)
        writer.write(b"HTTP/1.1 302 On\r\nContent-Length: 0\r\nLocation: %d\r\n\r\n" % (int(seen.path[1:]) + 1))

    web.routes = {f"/{number}": on_and_on for number in range(50)}
    async with web, fetcher(timeout_s=0.2, max_redirects=40) as fetch:
        error = await fault(fetch, web.url("/0"), Transient)
    assert error.reason is Reason.TIMEOUT


async def test_cancelled_request_leaves_nothing_behind(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    asked = asyncio.Event()

    async def slow(_seen, writer):
        asked.set()
        await drip(OK + b"\r\n", b"x")(_seen, writer)

    web.routes["/slow"] = slow
    async with web, fetcher(max_connections=1) as fetch:
        for _ in range(3):
            asked.clear()
            task = asyncio.create_task(fetch.get(feed(web.url("/slow"))))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await fetch.get(feed(web.url()))).body == b"x"


# --- rubbish --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/3 200 OK\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"A: b\x00c\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        OK + b"Content-Length: -5\r\n\r\nhello",
        OK + b"Content-Length: 10\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nhello",
        b"HTTP/1.1 304 No\r\n",
        OK,
    ],
    ids=lambda said: repr(said[:60]),
)
async def test_rubbish_is_a_passing_fault(web, fetcher, said):
    async def say(_seen, writer):
        writer.write(said)
        await writer.drain()
        writer.close()

    web.routes["/"] = say
    async with web, fetcher() as fetch:
        error = await fault(fetch, web.url(), Transient)
    assert error.reason in {Reason.CONNECTION, Reason.CONNECTION, Reason.HTTP_CLIENT}
    assert "\n" not in error.detail
    assert len(error.detail) < 500


async def test_only_the_two_errors_ever_come_out(web, reply, fetcher):
    """Answers with random damage, each from its own seed: a page, or Transient, or Permanent."""
    whole = [
        reply(body=gzip.compress(b"words " * 50, mtime=0), headers=[("Content-Encoding", "gzip"), ("ETag", '"e"')]),
        reply(301, b"x", headers=[("Location", "/elsewhere"), ("Retry-After", "1")]),
        OK + b"Transfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nDate: Thu, 01 Oct 2026 12:10:00 GMT\r\n\r\n",
    ]

    def damaged(seed):
        random = Random(seed)
        said = bytearray(random.choice(whole))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(said))
            said[at : at + random.choice([0, 1, 1, 5])] = random.choice([b"", b"\r\n", b"\0", b"9", b"\xff", said[:20]])
        return bytes(said)

    async def say(seen, writer):
        writer.write(damaged(seen.path) if seen.path != "/elsewhere" else reply(body=b"x"))
        await writer.drain()
        writer.close()

    ends = set()
    web.routes = {f"/{number}": say for number in range(300)} | {"/elsewhere": say}
    async with web, fetcher() as fetch:
        for number in range(300):
            try:
                await fetch.get(Request(url=web.url(f"/{number}"), is_feed=True, etag='"e"'))
                ends.add(None)
            except (Transient, Permanent) as error:
                ends.add(error.reason)
    assert ends >= {None, Reason.CONNECTION, Reason.DECODE}
    assert Reason.INTERNAL not in ends


async def test_closed_ports_and_silent_closings_are_connection_faults(web, fetcher):
    async def hang_up(_seen, writer):
        writer.close()

    web.routes["/"] = hang_up
    async with web, fetcher() as fetch:
        assert (await fault(fetch, web.url(), Transient)).reason is Reason.CONNECTION
        url = web.url()
    async with fetcher() as fetch:
        assert (await fault(fetch, url, Transient)).reason is Reason.CONNECTION


async def test_an_error_nobody_thought_of_is_loud_and_passing(fetcher, caplog):
    async def resolve(_host, _port):
        raise KeyError("oops")

    async with fetcher(resolve=resolve) as fetch:
        error = await fault(fetch, "http://wire.example/", Transient)
    assert error.reason is Reason.INTERNAL
    assert "KeyError" in error.detail
    assert "nobody has thought of" in caplog.text
