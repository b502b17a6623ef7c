"""The sample newsroom: what its outlets answer, batch by batch, and what must come of reading them.

    with Newsroom() as newsroom:
        ...                     # poll the feeds of newsroom.url("/feeds.opml")
        newsroom.publish()      # the next batch comes out
        ...                     # poll again, compare with newsroom.expectations()

The files of a batch lie over those of the batches before: a path is answered with the newest file that
is out. Within files, `http://{slug}/` stands for the address of an outlet.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from ingest.model import utc_now
from wirewatch.demo.outlets import MEDIA_TYPES, OUTLETS
from wirewatch.demo.server import LoopbackServer, WebAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirewatch.demo.outlets import Outlet
    from wirewatch.demo.server import WebRequest

HERE = Path(__file__).resolve().parent
PAGES = HERE / "pages"

#: When batch 0 came out, on the newsroom's own clock; the others follow an hour apart.
START = datetime(2026, 10, 6, 15, 0, tzinfo=UTC)

LAST_BATCH = 2

#: Dates as pages and feeds write them for machines. Those for readers stay: they are in the texts, whose words and
#: offsets should be the same on each day.
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00")
_RSS_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} \+0000")

#: What the slow page takes: long enough to be seen, well within every time limit.
SLOW_S = 1.0

#: Bodies below this size are not worth compressing.
MIN_GZIP_BYTES = 200

_PLACEHOLDER = re.compile(r"http://\{([a-z]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    batch: int
    path: Path


class Newsroom:
    """All outlets, served from threads. Start and stop it as a context manager.

    *port* 0 takes a free port, the same for all outlets. *slow_s* is what the slow page takes.
    *ends_at* is when the last batch came out: all dates are moved with it; else they stay as they are in the files.
    *one_host* puts all outlets on 127.0.0.1 at different ports, as happens by itself where the system
    has no other loopback address. All methods may be called from any thread.
    """

    def __init__(
        self, *, port: int = 0, slow_s: float = SLOW_S, ends_at: datetime | None = None, one_host: bool = False
    ) -> None:
        self.outlets = OUTLETS
        #: the port of the first outlet; with hosts of their own, of all
        self.port = port
        self._slow_s = slow_s
        self._shift = timedelta() if ends_at is None else _whole_minutes(ends_at - _out_at(LAST_BATCH))
        self._one_host = one_host
        self._files = _index_files()
        self._expected: dict[str, Any] = json.loads((HERE / "expect.json").read_text(encoding="utf-8"))
        self._authorities: dict[str, str] = {}
        self._server: LoopbackServer | None = None
        self._lock = threading.Lock()
        self._batch = 0
        self._requests: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; returns when connections are accepted. Raises OSError when the port is taken."""
        hosts = [outlet.host for outlet in self.outlets]
        # Nobody can know the addresses before this method returns, so no request comes too early.
        self._server = LoopbackServer(self._answer, hosts, port=self.port, one_host=self._one_host)
        self.port = self._server.addresses[0][1]
        self._authorities = {
            outlet.slug: f"{host}:{port}"
            for outlet, (host, port) in zip(self.outlets, self._server.addresses, strict=True)
        }

    def stop(self) -> None:
        """Close everything; a second call does nothing."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def batch(self) -> int:
        """The last batch that is out; 0 at the start."""
        with self._lock:
            return self._batch

    @property
    def allow(self) -> tuple[str, ...]:
        """What `fetch.allow` must hold to reach exactly these outlets."""
        return tuple(self._authorities.values())

    def url(self, path: str = "/", *, outlet: int = 0) -> str:
        """The address of *path* at an outlet, by its place in `outlets`."""
        return f"http://{self._authorities[self.outlets[outlet].slug]}{path}"

    def feeds(self) -> list[dict[str, str]]:
        """All feeds with url, title, format, outlet and homepage."""
        return [
            {
                "url": self.url(feed.path, outlet=place),
                "title": feed.title,
                "format": feed.feed_format,
                "outlet": outlet.name,
                "homepage": self.url(outlet=place),
            }
            for place, outlet in enumerate(self.outlets)
            for feed in outlet.feeds
        ]

    def expectations(self) -> dict[str, Any]:
        """What a correct reader must have found after the last batch, with the addresses of this run."""
        filled: dict[str, Any] = json.loads(self._fill(json.dumps(self._expected)))
        return filled

    def publish(self) -> dict[str, int]:
        """Bring out the next batch, if one is left, and say what is new."""
        with self._lock:
            was, self._batch = self._batch, min(self._batch + 1, LAST_BATCH)
            batch = self._batch
        entries = [row["entries"] for row in self._expected["after_batch"]]
        return {
            "batch": batch,
            "new_entries": entries[batch] - entries[was],
            "corrected_articles": sum(was < row["corrected_in_batch"] <= batch for row in self._expected["corrected"]),
            "batches_left": LAST_BATCH - batch,
        }

    def reset(self) -> dict[str, int]:
        """Back to batch 0, with an empty log."""
        with self._lock:
            self._batch = 0
            self._requests.clear()
        return {"batch": 0, "batches_left": LAST_BATCH}

    def requests(self) -> list[dict[str, Any]]:
        """Every request so far, in order of arrival."""
        with self._lock:
            return list(self._requests)

    def stats(self) -> dict[str, Any]:
        """Counts over `requests()`."""
        requests, batch = self.requests(), self.batch
        pages = Counter(row["host"] + row["path"] for row in requests if row["kind"] == "article")
        return {
            "batch": batch,
            "batches_left": LAST_BATCH - batch,
            "requests": len(requests),
            "bytes": sum(row["bytes"] for row in requests),
            "by_status": dict(Counter(str(row["status"]) for row in requests)),
            "by_host": dict(Counter(row["host"] for row in requests)),
            "feed_requests": sum(row["kind"] == "feed" for row in requests),
            "article_pages_sent": pages.total(),
            "article_pages_sent_again": {page: count for page, count in pages.items() if count > 1},
            "private_requests": [row["path"] for row in requests if row["path"].startswith("/private")],
        }

    def _answer(self, request: WebRequest) -> WebAnswer:
        outlet = self.outlets[request.place]
        path = urlsplit(request.target).path
        answer = self._document(outlet, path, request)
        is_feed = any(feed.path == path for feed in outlet.feeds)
        is_article = answer.status == HTTPStatus.OK and _is_article(outlet, path)
        row = {
            "time": utc_now().isoformat(timespec="milliseconds"),
            "host": self._host_of(outlet),
            "method": request.method,
            "path": request.target,
            "status": int(answer.status),
            "bytes": len(answer.body) if request.method == "GET" else 0,
            "kind": "feed" if is_feed else "article" if is_article else "other",
            "headers": dict(request.headers),
        }
        with self._lock:
            self._requests.append(row)
        return answer

    def _document(self, outlet: Outlet, path: str, request: WebRequest) -> WebAnswer:
        batch = self.batch
        if path == "/feeds.json":
            body = json.dumps(self.feeds(), ensure_ascii=False, indent=1).encode()
            return _pack(request, {"Content-Type": "application/json; charset=utf-8"}, body)
        if path == "/feeds.opml":
            return _pack(request, {"Content-Type": "text/x-opml; charset=utf-8"}, self._opml().encode())
        file = next((file for file in self._files.get((outlet.slug, path), ()) if file.batch <= batch), None)
        if file is None:
            body = b"<!DOCTYPE html>\n<title>Not found</title>\n<h1>There is no such page</h1>\n"
            return _pack(request, {"Content-Type": "text/html; charset=utf-8"}, body, HTTPStatus.NOT_FOUND)
        # ISO 8859-1 gives every byte a character and back: pages in any charset stay as they are.
        body = self._date(self._fill(file.path.read_bytes().decode("latin-1"))).encode("latin-1")
        headers = {"Content-Type": _content_type(outlet, path)}
        if path in outlet.gone:
            return _pack(request, headers, body, HTTPStatus.GONE)
        modified = _out_at(file.batch) + self._shift
        headers |= _validators(outlet, body, modified)
        if _still_holds(request, headers, modified):
            return WebAnswer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return _pack(request, headers, body, delay_s=self._slow_s if path in outlet.slow else 0.0)

    def _fill(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: f"http://{self._authorities[found[1]]}", text)

    def _date(self, text: str) -> str:
        """Move the dates of a page or a feed."""
        if not self._shift:
            return text
        text = _ISO_DATE.sub(lambda found: (datetime.fromisoformat(found[0]) + self._shift).isoformat(), text)
        return _RSS_DATE.sub(lambda found: format_datetime(parsedate_to_datetime(found[0]) + self._shift), text)

    def _host_of(self, outlet: Outlet) -> str:
        """The host, or host and port where all outlets share one host."""
        authority = self._authorities[outlet.slug]
        host, _, _ = authority.rpartition(":")
        return host if host == outlet.host else authority

    def _opml(self) -> str:
        outlines = "".join(
            f"<outline type={quoteattr('rss')} text={quoteattr(feed['title'])} title={quoteattr(feed['title'])}"
            f" xmlUrl={quoteattr(feed['url'])} htmlUrl={quoteattr(feed['homepage'])}/>\n"
            for feed in self.feeds()
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<opml version="2.0"><head><title>Sample newsroom</title></head><body>\n{outlines}</body></opml>\n'
        )


def _out_at(batch: int) -> datetime:
    return START + timedelta(hours=batch)


def _whole_minutes(time: timedelta) -> timedelta:
    return timedelta(minutes=time // timedelta(minutes=1))


def _index_files() -> dict[tuple[str, str], tuple[_File, ...]]:
    """The files of each (slug, path), the newest first."""
    found: dict[tuple[str, str], list[_File]] = {}
    for file in PAGES.glob("batch-*/**/*"):
        if file.is_file():
            batch, slug, *rest = file.relative_to(PAGES).parts
            path = "/" if rest == ["index.html"] else "/" + "/".join(rest)
            found.setdefault((slug, path), []).append(_File(batch=int(batch.removeprefix("batch-")), path=file))
    return {key: tuple(sorted(files, key=lambda file: -file.batch)) for key, files in found.items()}


def _is_article(outlet: Outlet, path: str) -> bool:
    others = {"/", "/robots.txt", "/feeds.json", "/feeds.opml", *(feed.path for feed in outlet.feeds)}
    return path not in others


def _content_type(outlet: Outlet, path: str) -> str:
    for feed in outlet.feeds:
        if feed.path == path:
            return f"{MEDIA_TYPES[feed.feed_format]}; charset=utf-8"
    if path == "/robots.txt":
        return "text/plain; charset=utf-8"
    return f"text/html; charset={outlet.charset}"


def _validators(outlet: Outlet, body: bytes, modified: datetime) -> dict[str, str]:
    validators = {}
    if outlet.validators != "last-modified":
        # Weak, because the compressed and the plain body share it.
        validators["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    if outlet.validators != "etag":
        validators["Last-Modified"] = format_datetime(modified, usegmt=True)
    return validators


def _still_holds(request: WebRequest, headers: Mapping[str, str], modified: datetime) -> bool:
    asked = {name.lower(): value for name, value in request.headers.items()}
    # RFC 9110, 13.2.2: If-None-Match decides alone where both are sent.
    if "if-none-match" in asked and "ETag" in headers:
        return headers["ETag"] in [tag.strip() for tag in asked["if-none-match"].split(",")]
    if "if-modified-since" in asked and "Last-Modified" in headers:
        try:
            return modified <= parsedate_to_datetime(asked["if-modified-since"])
        except (TypeError, ValueError):
            return False  # a date that cannot be read is as none
    return False


def _pack(
    request: WebRequest,
    headers: dict[str, str],
    body: bytes,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    delay_s: float = 0.0,
) -> WebAnswer:
    """The answer, compressed where the client takes gzip."""
    headers = {**headers, "Vary": "Accept-Encoding"}
    if len(body) >= MIN_GZIP_BYTES and _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=6, mtime=0)
    return WebAnswer(status=status, headers=headers, body=body, delay_s=delay_s)


def _takes_gzip(request: WebRequest) -> bool:
    for name, value in request.headers.items():
        if name.lower() == "accept-encoding":
            codings = (coding.strip().partition(";") for coding in value.lower().split(","))
            return any(name == "gzip" and weight.strip() not in ("q=0", "q=0.0") for name, _, weight in codings)
    return False
