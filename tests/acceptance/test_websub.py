"""`run` with `websub.callback`: it asks the hub of a feed, answers it, and stores what it pushes at once."""

from __future__ import annotations

import hashlib
import hmac
import signal
import socket
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Program

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]

FEED = """<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Harbour</title>
<atom:link rel="hub" href="{hub}"/><atom:link rel="self" href="{own}"/>{items}</channel></rss>"""
ITEM = "<item><title>{0}</title><link>{1}/{0}</link><guid>{0}</guid></item>"
PAGE = "<html><head><title>{0}</title></head><body><article><p>{1}</p></article></body></html>"
TEXT = "The harbour of {0} was closed on Monday after a storm, and ships had to wait outside until the evening. " * 5


@dataclass
class Publisher:
    """A site with a feed, its pages, and its hub."""

    server: ThreadingHTTPServer
    titles: list[str] = field(default_factory=lambda: ["first"])
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}"

    def feed(self) -> bytes:
        items = "".join(ITEM.format(title, self.url) for title in self.titles)
        return FEED.format(hub=f"{self.url}/hub", own=f"{self.url}/feed", items=items).encode()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            if name == "feed":
                self.answer(200, "application/rss+xml", site.feed())
            elif name in site.titles:
                self.answer(200, "text/html; charset=utf-8", PAGE.format(name, TEXT.format(name)).encode())
            else:
                self.answer(404, "text/plain", b"")

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            site.asked.append({name: value for name, (value,) in form.items()})
            self.answer(202, "text/plain", b"")

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Publisher(server)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def test_what_a_hub_pushes_is_stored_at_once(lone_program: Program, publisher: Publisher) -> None:
    listen = f"127.0.0.1:{free_port()}"
    (lone_program.config / "feeds.toml").write_text(f'[[feeds]]\nurl = "{publisher.url}/feed"\n')
    callback = {"WIREWATCH_WEBSUB__CALLBACK": f"http://{listen}/hubs", "WIREWATCH_WEBSUB__LISTEN": listen}
    lone_program.run("once")
    program = replace(lone_program, environment=lone_program.environment | callback | {"WIREWATCH_RUN__TICK_S": "0.2"})
    daemon = program.start("run")
    try:
        program.wait_until(lambda: bool(publisher.asked))
        asked = publisher.asked[0]
        assert asked["hub.callback"].startswith(f"http://{listen}/hubs/")
        question = {"hub.mode": "subscribe", "hub.topic": asked["hub.topic"], "hub.challenge": "c"}
        with urlopen(f"{asked['hub.callback']}?{urlencode(question)}") as answer:
            assert answer.read() == b"c"

        publisher.titles.append("second")
        body = publisher.feed()
        digest = hmac.new(asked["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature": f"sha256={digest}", "Content-Type": "application/rss+xml"}
        with urlopen(Request(asked["hub.callback"], data=body, headers=headers)) as answer:  # loopback
            assert answer.status == 202
        program.wait_until(lambda: [row["title"] for row in program.rows("articles")].count("second") == 1)
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(40) == 0
    assert asked["hub.secret"] not in program.log()
    assert "Traceback" not in program.log()


def test_an_address_that_is_taken_is_told(lone_program: Program) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        callback = {"WIREWATCH_WEBSUB__CALLBACK": "https://us.example/", "WIREWATCH_WEBSUB__LISTEN": listen}
        program = replace(lone_program, environment=lone_program.environment | callback)
        program.run("run", exit_code=4)
