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

    from ingest.model import Page
    from wirewatch.cli.wiring import Call

#: what relative links of a file start from when no --url is given; the name can never be looked up (RFC 2606)
NOWHERE = "https://file.invalid/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@contextmanager
def blaming(source: str) -> Iterator[None]:
    """Say of *source*, and not of the address that it stands for, what cannot be read."""
    from ingest.errors import IngestError

    try:
        yield
    except IngestError as e:
        raise WirewatchError(f"{source}: {e.detail}") from e


def is_address(source: str) -> bool:
    """Whether *source* is an address and not the name of a file."""
    return source.lower().startswith(("http://", "https://"))


def read_source(call: Call, source: str, *, url: str | None = None, is_feed: bool = False) -> Page:
    """Return what *source* holds as if it had been fetched; *url* is the address that a file stands for.

    A page is only fetched where robots.txt allows it. Raises IngestError, and WirewatchError for a file that
    cannot be read.
    """
    if is_address(source):
        return asyncio.run(_fetch(call, source, is_feed=is_feed))
    if _SCHEME.match(source):
        raise WirewatchError(f"{source}: only http:// and https:// can be fetched; save it to a file and name that")
    from ingest.model import Page

    address = url or NOWHERE + quote(Path(source).name)
    body = read_bytes(source)
    return Page(requested_url=address, url=address, moved_to=None, status=200, headers={}, body=body)


def read_bytes(source: str) -> bytes:
    """Return the bytes of a file, or of standard input for -. Raises WirewatchError."""
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as e:
        raise WirewatchError(f"{source}: cannot be read: {e.strerror}") from e


async def _fetch(call: Call, url: str, *, is_feed: bool) -> Page:
    from ingest.model import NotModified, Request

    async with call.app.fetcher() as fetcher:
        answer = await fetcher.get(Request(url=url, is_feed=is_feed))
    if isinstance(answer, NotModified):
        raise WirewatchError(f"{url}: says 304 although nothing was known before")
    return answer
