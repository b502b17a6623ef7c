"""Who publishes in the sample newsroom: outlets, their feeds, and the pages that misbehave on purpose.

All outlets, events and people quoted are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FeedFormat = Literal["rss", "rdf", "atom", "json"]

MEDIA_TYPES: dict[FeedFormat, str] = {
    "rss": "application/rss+xml",
    "rdf": "application/rdf+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletFeed:
    """A feed as its outlet serves it."""

    path: str
    feed_format: FeedFormat
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One site. Its files are in `pages/batch-*/<slug>/`; other files call it `{slug}`."""

    slug: str
    #: the loopback host it answers on
    host: str
    name: str
    feeds: tuple[OutletFeed, ...]
    #: charset of its pages, as declared in the header and in the page; feeds are UTF-8
    charset: str = "utf-8"
    #: which validators it sends
    validators: Literal["both", "etag", "last-modified"] = "both"
    #: paths that answer late
    slow: tuple[str, ...] = ()
    #: paths that answer 410
    gone: tuple[str, ...] = ()


OUTLETS = (
    Outlet(
        slug="meridian",
        host="127.0.1.1",
        name="Meridian Wire",
        feeds=(OutletFeed(path="/rss.xml", feed_format="rss", title="Meridian Wire"),),
        slow=("/2026/10/night-on-the-radar-hill.html",),
    ),
    Outlet(
        slug="saltmarsh",
        host="127.0.1.2",
        name="Saltmarsh Gazette",
        feeds=(OutletFeed(path="/feed/rss.xml", feed_format="rss", title="Saltmarsh Gazette"),),
    ),
    Outlet(
        slug="alder",
        host="127.0.1.3",
        name="Alder Valley Courier",
        feeds=(OutletFeed(path="/feed.json", feed_format="json", title="Alder Valley Courier"),),
        gone=("/story/a-ferry-pilot-remembers",),
    ),
    Outlet(
        slug="northgate",
        host="127.0.1.4",
        name="Northgate Review",
        feeds=(OutletFeed(path="/atom.xml", feed_format="atom", title="Northgate Review"),),
    ),
    Outlet(
        slug="donaublick",
        host="127.0.1.5",
        name="Donaublick",
        feeds=(OutletFeed(path="/index.rdf", feed_format="rdf", title="Donaublick"),),
        charset="windows-1252",
        validators="last-modified",
    ),
    Outlet(
        slug="lyman",
        host="127.0.1.6",
        name="Вісник Лиману",
        feeds=(OutletFeed(path="/atom.xml", feed_format="atom", title="Вісник Лиману"),),
        validators="etag",
    ),
    Outlet(
        slug="rimnam",
        host="127.0.1.7",
        name="ข่าวริมน้ำ",
        feeds=(OutletFeed(path="/rss.xml", feed_format="rss", title="ข่าวริมน้ำ"),),
        charset="windows-874",
    ),
    Outlet(
        slug="ledger",
        host="127.0.1.8",
        name="Capital Ledger",
        feeds=(
            OutletFeed(path="/rss.xml", feed_format="rss", title="Capital Ledger"),
            OutletFeed(path="/world.xml", feed_format="rss", title="Capital Ledger - World"),
        ),
    ),
    Outlet(
        slug="bulletin",
        host="127.0.1.9",
        name="Public Bulletin",
        feeds=(OutletFeed(path="/atom.xml", feed_format="atom", title="Public Bulletin"),),
    ),
)
