"""Something to look at, given as a file, an address or - for standard input."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from wirewatch.errors import WirewatchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.model import Article, Entry
    from ingest.web import Page
    from wirewatch.cli.wiring import Call

#: what relative links of a file start from when no --url is given; the name can never be looked up (RFC 2606)
NOWHERE = "https://file.invalid/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
#: how a page begins, and a plain text does not; comments and a declaration may come before
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.{0,2000}?-->\s*){0,3}"
    rb"<(?:!doctype|html|head|body|main|article|div|p)\b",
    re.IGNORECASE | re.DOTALL,
)


@contextmanager
def blaming(source: str) -> Iterator[None]:
    """Say of *source*, and not of the address that it stands for, what cannot be read."""
    from ingest.errors import IngestError
    from ingest.target import redact

    try:
        yield
    except IngestError as e:
        raise WirewatchError(f"{redact(source)}: {e.detail}") from e


def is_address(source: str) -> bool:
    """Whether *source* is an address and not the name of a file."""
    return source.lower().startswith(("http://", "https://"))


def read_source(call: Call, source: str, *, url: str | None = None, is_feed: bool = False) -> Page:
    """Return what *source* holds as if it had been fetched; *url* is the address that a file stands for.

    A page is only fetched where robots.txt allows it. Raises IngestError, and WirewatchError for a file that
    cannot be read or is larger than what would be fetched.
    """
    if is_address(source):
        return asyncio.run(_fetch(call, source, is_feed=is_feed))
    if _SCHEME.match(source):
        raise WirewatchError(f"{source}: only http:// and https:// can be fetched; save it to a file and name that")
    from ingest.fetch_settings import FetchSettings
    from ingest.web import Page

    address = url or NOWHERE + quote(Path(source).name)
    bounds = FetchSettings()
    body = read_bytes(source, bounds.max_feed_bytes if is_feed else bounds.max_page_bytes)
    return Page(requested_url=address, url=address, moved_to=None, status=200, headers={}, body=body)


def read_bytes(source: str, most: int) -> bytes:
    """Return the bytes of a file, or of standard input for -.

    Raises WirewatchError, also for more than *most* bytes: no more are read, since some files and pipes never end.
    """
    try:
        if source == "-":
            body = sys.stdin.buffer.read(most + 1)
        else:
            with Path(source).open("rb") as file:
                body = file.read(most + 1)
    except OSError as e:
        raise WirewatchError(f"{source}: cannot be read: {e.strerror}") from e
    if len(body) > most:
        name = "standard input" if source == "-" else source
        raise WirewatchError(f"{name} is larger than {most:,} bytes")
    return body


def read_article(source: str, *, most: int | None = None) -> Article:
    """Return the article in a file, or in standard input for -: a page as `try page` reads it, text as `try text` does.

    Raises WirewatchError when there is none, the file cannot be read, or has more than *most* bytes (by default as
    many as a page that is fetched may have).
    """
    from ingest.fetch_settings import FetchSettings
    from ingest.reading import article_from_page, read_feed_text
    from ingest.web import Page
    from rules.compile import compile_rules

    body = read_bytes(source, FetchSettings().max_page_bytes if most is None else most)
    if not body.strip():
        raise WirewatchError(f"there is no text in {'standard input' if source == '-' else source}")
    address = NOWHERE + quote(Path(source).name)
    with blaming(source):
        if _PAGE.match(body[:10_000]):
            page = Page(requested_url=address, url=address, moved_to=None, status=200, headers={}, body=body)
            return article_from_page(page, address, stand_in_entry(address), "")
        entry = stand_in_entry(address, text=body.decode("utf-8", "replace"))
        return read_feed_text(entry, "", compile_rules(())).article


def stand_in_entry(address: str, *, title: str = "", text: str = "") -> Entry:
    """An entry of no feed, that says nothing but *title* and *text*."""
    from ingest.model import Entry, EntryState, utc_now

    return Entry(
        id=0,
        feed_id=0,
        link=address,
        page_address=address,
        title=title,
        author=None,
        published=None,
        text=text,
        lang=None,
        sections=(),
        state=EntryState.NEW,
        attempts=0,
        checks=0,
        next_try_at=None,
        first_seen_at=utc_now(),
        article_id=None,
        is_changed=False,
    )


async def _fetch(call: Call, url: str, *, is_feed: bool) -> Page:
    from ingest.web import NotModified, Request

    async with call.app.fetcher() as fetcher:
        answer = await fetcher.get(Request(url=url, is_feed=is_feed))
    if isinstance(answer, NotModified):
        raise WirewatchError(f"{url}: says 304 although nothing was known before")
    return answer
