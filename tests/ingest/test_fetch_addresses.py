"""Whom the fetcher connects to: checked addresses, resolved once, and sites that can prove their name."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.fetch import Fetcher
from ingest.fetch_settings import FetchSettings
from ingest.web import Request

TLS = Path(__file__).parents[1] / "data" / "tls"


def feed(url):
    return Request(url=url, is_feed=True)


async def fault(fetch, url, kind, *, is_feed=True):
    with pytest.raises(kind) as caught:
        await fetch.get(Request(url=url, is_feed=is_feed))
    return caught.value


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
