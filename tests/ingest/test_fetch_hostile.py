"""The fetcher against hostile servers and addresses: each attempt ends in an error that says what it was."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from pathlib import Path
from random import Random

import brotli
import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.fetch import Fetcher
from ingest.fetch_settings import FetchSettings
from ingest.web import Request

TLS = Path(__file__).parents[1] / "data" / "tls"


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
        OK + b"A: " + b"x" * 4_000_000 + b"\r\n\r\n",
        OK + b"A: x\r\n" * 100_000 + b"\r\n",
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


# --- addresses ------------------------------------------------------------------------------------------


def names(**known):
    """A resolver that counts; its answers are lists, one for each look-up, the last one for ever."""
    asked = []

    async def resolve(host, _port):
        asked.append(host)
        answers = known[host.partition(".")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    resolve.asked = asked
    return resolve


@pytest.mark.parametrize(
    "address",
    [
        ["10.0.0.1"],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%eth0"],
        ["8.8.8.8", "10.0.0.1"],
        ["rubbish"],
    ],
)
@pytest.mark.parametrize("path", ["/feed", "/page"])
async def test_names_that_lead_inside_are_refused_before_connecting(fetcher, address, path):
    """The network guard of the tests would raise another error if a connection were tried."""
    resolve = names(inside=[address])
    async with fetcher(resolve=resolve, allow=()) as fetch:
        error = await fault(fetch, f"https://inside.example{path}", Permanent, is_feed=path == "/feed")
    assert error.reason is Reason.BLOCKED
    assert "fetch.allow" in error.detail
    assert '"inside.example:443"' in error.detail
    assert next(ip for ip in address if ip != "8.8.8.8") in error.detail


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "%31%32%37.1",
        "127.0.0.1.",
    ],
)
async def test_every_spelling_of_loopback_is_refused(web, fetcher, host):
    async with web, fetcher(allow=()) as fetch:
        error = await fault(fetch, f"http://{host}:{web.port}/", Permanent)
    assert error.reason is Reason.BLOCKED
    assert web.connections == 0


async def test_redirects_do_not_lead_inside(web, reply, fetcher):
    resolve = names(inside=[["10.0.0.1"]])
    async with web:
        allow = (f"127.0.0.1:{web.port}",)
        async with fetcher(resolve=resolve, allow=allow) as fetch:
            for location in (
                web.url("/", "127.0.0.2"),
                f"http://2130706434:{web.port}/",
                f"http://[::ffff:127.0.0.2]:{web.port}/",
                "http://inside.example/",
                "http://169.254.169.254/latest/meta-data/",
                "http://[fd00::1]/",
            ):
                web.routes["/"] = reply(302, headers=[("Location", location)])
                error = await fault(fetch, web.url(), Permanent)
                assert error.reason is Reason.BLOCKED
                assert error.subject == web.url()
    assert {seen.host for seen in web.seen} == {"127.0.0.1"}
    assert web.connections == 1


async def test_a_name_is_resolved_once_and_that_very_address_used(web, reply, fetcher):
    """Rebinding: the second answer would lead elsewhere, but it is never asked for."""
    web.routes["/"] = reply(body=b"x")
    resolve = names(wire=[["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]])
    async with web:
        async with fetcher(resolve=resolve, allow=("127.0.0.1",)) as fetch:
            url = f"http://wire.example:{web.port}/"
            await fetch.get(feed(url))
            await fetch.get(feed(url))
            assert resolve.asked == ["wire.example"]
        async with fetcher(resolve=resolve, allow=("127.0.0.1",)) as fetch:
            assert (await fault(fetch, url, Permanent)).reason is Reason.BLOCKED
    assert {seen.host for seen in web.seen} == {"127.0.0.1"}
    assert web.seen[0].headers["host"] == f"wire.example:{web.port}"


async def test_the_next_address_is_tried_when_one_is_dead(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    resolve = names(wire=[["127.0.0.9", "127.0.0.8", "127.0.0.2"]], dead=[["127.0.0.9", "127.0.0.8"]], none=[[]])
    async with web, fetcher(resolve=resolve) as fetch:
        assert (await fetch.get(feed(f"http://wire.example:{web.port}/"))).body == b"x"
        assert (await fault(fetch, f"http://dead.example:{web.port}/", Transient)).reason is Reason.CONNECTION
        assert (await fault(fetch, f"http://none.example:{web.port}/", Transient)).reason is Reason.CONNECTION


async def test_names_can_be_allowed_one_by_one(web, reply, fetcher):
    web.routes["/"] = reply(body=b"x")
    resolve = names(wire=[["127.0.0.1"]], other=[["127.0.0.1"]])
    async with web, fetcher(resolve=resolve, allow=(f"wire.example:{web.port}",)) as fetch:
        assert (await fetch.get(feed(f"http://wire.example:{web.port}/"))).body == b"x"
        assert (await fault(fetch, f"http://other.example:{web.port}/", Permanent)).reason is Reason.BLOCKED
        assert (await fault(fetch, f"http://wire.example:{web.port + 1}/", Permanent)).reason is Reason.BLOCKED


async def test_impossible_names_are_bad_addresses(fetcher):
    async def resolve(host, _port):
        return [host.encode("idna").decode()]

    async with fetcher(resolve=resolve) as fetch:
        error = await fault(fetch, f"http://{'a' * 70}.example/", Permanent)
    assert error.reason is Reason.BLOCKED


async def test_proxies_of_the_environment_are_not_used(web, reply, fetcher, monkeypatch):
    async with web:
        monkeypatch.setenv("http_proxy", web.url("/", "127.0.0.2"))
        monkeypatch.setenv("ALL_PROXY", web.url("/", "127.0.0.2"))
        web.routes["/"] = reply(body=b"x")
        async with fetcher() as fetch:
            await fetch.get(feed(web.url()))
    assert [seen.host for seen in web.seen] == ["127.0.0.1"]


async def test_the_systems_own_names(web, reply):
    """Localhost is known everywhere; other names are refused by the guard of the tests, as without a network."""
    web.routes["/"] = reply(body=b"x")
    async with web, Fetcher(FetchSettings(allow=(f"localhost:{web.port}",), pause_s=0)) as fetch:
        assert (await fetch.get(feed(f"http://localhost:{web.port}/"))).body == b"x"
        assert (await fault(fetch, "http://wire.example/", Transient)).reason is Reason.CONNECTION


# --- TLS ------------------------------------------------------------------------------------------------


@pytest.fixture
def tls_web(web):
    web.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    web.tls.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    web.names = []
    web.tls.sni_callback = lambda _socket, name, _context: web.names.append(name)
    return web


@pytest.fixture
def trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(TLS / "cert.pem")
    return context


async def test_certificate_is_checked_for_the_name_not_the_address(tls_web, reply, fetcher, trusting):
    tls_web.routes["/"] = reply(body=b"secret " * 50_000)
    resolve = names(wire=[["127.0.0.1"]], wrong=[["127.0.0.1"]])
    async with tls_web, fetcher(resolve=resolve, ssl_context=trusting) as fetch:
        for _ in range(2):
            page = await fetch.get(feed(f"https://wire.example.:{tls_web.port}/"))
            assert len(page.body) == 350_000
        error = await fault(fetch, f"https://wrong.example:{tls_web.port}/", Transient)
    assert tls_web.names == ["wire.example", "wrong.example"]
    assert error.reason is Reason.CONNECTION
    assert "certificate" in error.detail


async def test_strangers_certificates_are_refused(tls_web, reply, fetcher):
    tls_web.routes["/"] = reply(body=b"x")
    async with tls_web, fetcher(resolve=names(wire=[["127.0.0.1"]])) as fetch:
        error = await fault(fetch, f"https://wire.example:{tls_web.port}/", Transient)
    assert error.reason is Reason.CONNECTION
    assert tls_web.seen == []


async def test_tls_faults_are_passing(web, fetcher, trusting):
    """A plain server on a TLS port, one that hangs up, and one that says nothing."""

    async def plain(_reader, writer):
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        writer.close()

    async def hang_up(_reader, writer):
        writer.transport.abort()

    async def silence(reader, writer):
        await reader.read()
        writer.close()

    reasons = []
    for server, timeout_s in ((plain, 20.0), (hang_up, 20.0), (silence, 0.2)):
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            async with fetcher(ssl_context=trusting, timeout_s=timeout_s) as fetch:
                reasons.append((await fault(fetch, f"https://127.0.0.1:{port}/", Transient)).reason)
    assert reasons[0] is Reason.CONNECTION
    assert reasons[1] in {Reason.CONNECTION, Reason.CONNECTION}
    assert reasons[2] is Reason.TIMEOUT
