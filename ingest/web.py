"""A GET and what may come back for it: the types between the steps and `ports.Fetch`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET that `Fetch` is asked to make."""

    url: str
    #: False: a page, to which robots.txt applies; True: a feed that the user added
    is_feed: bool = False
    etag: str | None = None
    last_modified: str | None = None
    #: further headers that the user wants sent, to the origin of `url` and no other; never shown, they can hold secrets
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: user name and password, for the origin of `url` and no other
    credentials: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One answer on the way to a page: a redirect, or the last."""

    #: without credentials
    url: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole answer with status 200: the decoded body and what is known about it."""

    #: the address that was asked for
    requested_url: str
    #: the address that answered, after redirects
    url: str
    #: where the page has moved for good: the end of a chain of only permanent redirects, else None
    moved_to: str | None
    status: int
    #: names in lower case
    headers: Mapping[str, str]
    #: content coding (gzip, br) already undone
    body: bytes
    #: every answer on the way, the last one included; empty where nobody fetched it
    hops: tuple[Hop, ...] = ()

    @property
    def etag(self) -> str | None:
        """The ETag, byte for byte as sent, quotes and W/ included."""
        return self.headers.get("etag")

    @property
    def last_modified(self) -> str | None:
        """The Last-Modified, byte for byte as sent."""
        return self.headers.get("last-modified")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The server says that what we have still holds (304)."""

    url: str
    headers: Mapping[str, str]
    #: as of `Page`
    moved_to: str | None = None
    hops: tuple[Hop, ...] = ()
