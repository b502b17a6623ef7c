"""All requests through the proxy that the settings name; and what the guard still has to say."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from pathlib import Path

import pytest

from ingest.errors import Permanent, Reason, Transient
from ingest.web import Request

TLS = Path(__file__).parents[1] / "data" / "tls"


def feed(url):
    return Request(url=url, is_feed=True)


class ProxyServer:
    """Answers http requests itself, and connects tunnels to whatever *behind* says, whomever they ask for."""

    def __init__(self, *, behind=None, refusal=b""):
        self.behind = behind
        self.refusal = refusal
        self.heads = []
        self.tasks = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.9", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def address(self, userinfo=""):
        return f"http://{userinfo}127.0.0.9:{self.port}"

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head.decode("latin-1"))
                if self.refusal:
                    writer.write(self.refusal)
                elif not head.startswith(b"CONNECT"):
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
                else:
                    writer.write(b"HTTP/1.1 200 Go\r\n\r\n")
                    await self.tunnel(reader, writer)
                    return
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def tunnel(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.behind)
        try:
            await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async def pump(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.transport.abort()


def names(**known):
    asked = []

    async def resolve(host, _port):
        asked.append(host)
        found = known.get(host.partition(".")[0])
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    resolve.asked = asked
    return resolve


async def test_http_goes_to_the_proxy_in_absolute_form(fetcher):
    async with ProxyServer() as proxy:
        resolve = names(wire=["8.8.8.8"])
        async with fetcher(allow=(), proxy=proxy.address("me:s%40cret@"), resolve=resolve) as fetch:
            for path in ("/a?b=c", "/d"):
                page = await fetch.get(feed(f"http://wire.example{path}"))
                assert page.body == b"proxy"
    first, second = proxy.heads
    assert first.startswith("GET http://wire.example/a?b=c HTTP/1.1\r\n")
    assert second.startswith("GET http://wire.example/d HTTP/1.1\r\n")
    assert "\r\nHost: wire.example\r\n" in first
    login = base64.b64encode(b"me:s@cret").decode()
    assert f"\r\nProxy-Authorization: Basic {login}\r\n" in first
    assert resolve.asked == ["wire.example"] * 2


async def test_https_goes_through_a_tunnel_and_the_certificate_is_the_sites(web, reply, fetcher):
    web.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    web.tls.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(TLS / "cert.pem")
    web.routes["/"] = reply(body=b"site " * 50_000)
    resolve = names(wire=["8.8.8.8"], wrong=["8.8.8.8"])
    async with web, ProxyServer(behind=web.port) as proxy:
        options = {"allow": (), "proxy": proxy.address("me:s3cret@"), "resolve": resolve, "ssl_context": trusting}
        async with fetcher(**options) as fetch:
            page = await fetch.get(feed("https://wire.example/"))
            with pytest.raises(Transient) as caught:
                await fetch.get(feed("https://wrong.example/"))
    assert len(page.body) == 250_000
    assert proxy.heads[0].startswith("CONNECT wire.example:443 HTTP/1.1\r\n")
    # The password of the proxy is not for the site.
    assert "proxy-authorization" not in web.seen[0].headers
    assert caught.value.reason is Reason.CONNECTION
    assert "certificate" in caught.value.detail


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "where", ["inside.example", "10.0.0.1", "[::1]", "mixed.example", "169.254.169.254", "127.0.0.1"]
)
async def test_what_leads_inside_is_not_handed_over(fetcher, scheme, where):
    async with ProxyServer() as proxy:
        resolve = names(inside=["10.0.0.1"], mixed=["8.8.8.8", "fd00::1"])
        for lenient in (False, True):
            options = {"allow": (), "proxy": proxy.address(), "resolve": resolve, "proxy_resolves": lenient}
            async with fetcher(**options) as fetch:
                with pytest.raises(Permanent) as caught:
                    await fetch.get(feed(f"{scheme}://{where}/"))
            assert caught.value.reason is Reason.BLOCKED
    assert proxy.heads == []


async def test_unknown_names_are_refused_unless_the_proxy_resolves(fetcher):
    async with ProxyServer() as proxy:
        options = {"allow": (), "proxy": proxy.address(), "resolve": names()}
        async with fetcher(**options) as fetch:
            with pytest.raises(Transient) as caught:
                await fetch.get(feed("http://far.example/"))
        assert caught.value.reason is Reason.CONNECTION
        assert "fetch.proxy_resolves" in caught.value.detail
        assert proxy.heads == []
        async with fetcher(**options, proxy_resolves=True) as fetch:
            assert (await fetch.get(feed("http://far.example/"))).body == b"proxy"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_wrong_password_at_the_proxy_is_passing(fetcher, scheme, caplog):
    caplog.set_level("DEBUG")
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with ProxyServer(refusal=refusal) as proxy:
        options = {"proxy": proxy.address("me:s3cret@"), "resolve": names(wire=["127.0.0.1"])}
        async with fetcher(**options) as fetch:
            with pytest.raises(Transient) as caught:
                await fetch.get(feed(f"{scheme}://wire.example/"))
    assert (caught.value.reason, caught.value.status) == (Reason.AUTH, 407)
    assert "s3cret" not in f"{caught.value} {caplog.text}"
    assert base64.b64encode(b"me:s3cret").decode() not in caplog.text


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_or_is_not_there(fetcher, scheme):
    resolve = names(wire=["127.0.0.1"])
    async with ProxyServer(refusal=b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n") as proxy:
        address = proxy.address()
        async with fetcher(proxy=address, resolve=resolve) as fetch:
            with pytest.raises(Transient):
                await fetch.get(feed(f"{scheme}://wire.example/"))
    async with fetcher(proxy=address, resolve=resolve) as fetch:
        with pytest.raises(Transient) as caught:
            await fetch.get(feed(f"{scheme}://wire.example/"))
    assert caught.value.reason is Reason.CONNECTION
    assert "the proxy gives no connection" in caught.value.detail


async def test_names_that_nobody_resolves_in_time_are_not_handed_over(fetcher):
    async def resolve(host, _port):
        await asyncio.Event().wait()

    async with ProxyServer() as proxy:
        options = {"proxy": proxy.address(), "resolve": resolve, "connect_timeout_s": 0.05, "proxy_resolves": True}
        async with fetcher(**options) as fetch:
            with pytest.raises(Transient) as caught:
                await fetch.get(feed("http://slow.example/"))
    assert caught.value.reason is Reason.TIMEOUT
    assert "not resolved after 0.05 seconds" in caught.value.detail
    assert proxy.heads == []


async def test_the_proxys_own_name_may_lead_inside_and_nobody_elses(fetcher):
    async with ProxyServer() as proxy:
        resolve = names(gate=["127.0.0.9"], wire=["8.8.8.8"])
        address = f"http://gate.example:{proxy.port}"
        async with fetcher(allow=(), proxy=address, resolve=resolve) as fetch:
            assert (await fetch.get(feed("http://wire.example/"))).body == b"proxy"
            with pytest.raises(Permanent) as caught:
                await fetch.get(feed(f"{address}/"))
    assert caught.value.reason is Reason.BLOCKED
    assert len(proxy.heads) == 1
