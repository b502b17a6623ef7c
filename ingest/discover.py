"""The feeds that a web page announces to browsers (autodiscovery)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from ingest.address import resolve
from ingest.clean import clean_line

_MEDIA_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
    }
)

#: The links stand in the head; a page with a longer one has none to offer.
_MAX_HEAD = 300_000
_MAX_FEEDS = 20

_LINK = re.compile(rb"<(?:link|base)\s[^>]{1,2000}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedFeed:
    """A feed that a page announces."""

    url: str
    title: str | None


def announced_feeds(body: bytes, page_url: str) -> tuple[AnnouncedFeed, ...]:
    """The feeds that the HTML page *body*, found at *page_url*, announces, in its order, each once.

    >>> page = b'<head><link rel="alternate" type="application/rss+xml" title="News" href="/rss"></head>'
    >>> announced_feeds(page, "https://news.example/world")
    (AnnouncedFeed(url='https://news.example/rss', title='News'),)
    """
    reader = _LinkReader()
    for link in _LINK.findall(body[:_MAX_HEAD]):
        reader.feed(link.decode("utf-8", "replace"))
    base = resolve(reader.base or "", page_url) or page_url
    feeds: dict[str, AnnouncedFeed] = {}
    for href, title in reader.found:
        url = resolve(href, base)
        if url is not None and len(feeds) < _MAX_FEEDS:
            feeds.setdefault(url, AnnouncedFeed(url=url, title=clean_line(title) or None))
    return tuple(feeds.values())


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        href = attributes.get("href", "").strip()
        if tag == "base":
            self.base = self.base or href
        elif href and "alternate" in attributes.get("rel", "").lower().split():
            media_type = attributes.get("type", "").partition(";")[0].strip().lower()
            if media_type in _MEDIA_TYPES:
                self.found.append((href, attributes.get("title", "")))
