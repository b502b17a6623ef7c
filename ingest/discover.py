"""The feeds that a web page announces to browsers (autodiscovery), or at least links to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.address import host_of, resolve
from ingest.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MEDIA_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
    }
)
#: Types that feeds have among other things: the address must look like one as well.
_WIDER_TYPES = frozenset({"", "application/json", "application/xml", "text/xml"})

#: The links stand in the head; a page with a longer one has none to offer.
_MAX_HEAD = 300_000
#: The buttons "RSS" stand in the foot.
_MAX_BODY = 3_000_000
_MAX_FEEDS = 20
#: So many tags that could name a feed are looked at.
_MAX_TAGS = 2_000

# No ">" or "<" within: whatever a page holds, no byte is looked at more than a few times.
_LINK = re.compile(rb"<(?:link|base)\s[^<>]{1,2000}>", re.IGNORECASE)
_ANCHOR = re.compile(rb"<a\s[^<>]{1,2000}>", re.IGNORECASE)
#: What a browser shows to nobody: comments, and the insides of scripts and styles. It may end with the page.
_UNSEEN = re.compile(rb"<!--(?:-?>|.*?(?:--!?>|\Z))|<(script|style)\b.*?(?:</\1\b|\Z)", re.IGNORECASE | re.DOTALL)
_PROMISING = re.compile(rb"rss|feed|atom|rdf|xml", re.IGNORECASE)

_FEED_PATH = re.compile(r"(?:\A|[/._-])(?:rss2?|feeds?|atom|rdf)(?:[/.]|\Z)|\.xml\Z", re.IGNORECASE)
_FEED_QUERY = re.compile(
    r"(?:\A|&)(?:(?:feed|format|type|output)=(?:rss2?|atom|feed|comments-)|rss(?:=|\Z))", re.IGNORECASE
)
#: What looks like a feed and is none: XML files for other programs, pages about feeds.
_NO_FEED_PATH = re.compile(r"sitemap|opensearch|osd\.xml|browserconfig|feedback|\.html?\Z", re.IGNORECASE)

_COMMENTS = re.compile(r"comment|kommentar|coment[aá]rio|коментар|комментари", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedFeed:
    """A feed that a page announces."""

    url: str
    title: str | None
    #: what readers say, not the newsroom, as far as title and address tell
    is_comments: bool = False


def announced_feeds(body: bytes, page_url: str) -> tuple[AnnouncedFeed, ...]:
    """The feeds that the HTML page *body*, found at *page_url*, announces, each once, at most 20.

    They are in the page's order, those of comments last. Where it announces none, they are the links to the same
    site that look like feeds. Nothing is fetched, so they need not be feeds in truth.

    >>> page = b'<head><link rel="alternate" type="application/rss+xml" title="News" href="/rss"></head>'
    >>> announced_feeds(page, "https://news.example/world")
    (AnnouncedFeed(url='https://news.example/rss', title='News', is_comments=False),)
    >>> [feed.url for feed in announced_feeds(b'<a href="/feed/">RSS</a>', "https://news.example/world")]
    ['https://news.example/feed/']
    """
    reader = _LinkReader()
    for link in islice(_LINK.finditer(_UNSEEN.sub(b"", body[:_MAX_HEAD])), _MAX_TAGS):
        reader.feed(link[0].decode("utf-8", "replace"))
    base = resolve(reader.base or "", page_url) or page_url
    feeds = _distinct(_announced(reader.announced, base))
    if not feeds:
        anchors = (anchor[0] for anchor in _ANCHOR.finditer(_UNSEEN.sub(b"", body[:_MAX_BODY])))
        for promising in islice(filter(_PROMISING.search, anchors), _MAX_TAGS):
            reader.feed(promising.decode("utf-8", "replace"))
        feeds = _distinct(_linked(reader.linked, base, host_of(page_url)))
    return tuple(sorted(feeds, key=lambda feed: feed.is_comments))[:_MAX_FEEDS]


def _announced(links: Iterable[tuple[str, str, str]], base: str) -> Iterator[AnnouncedFeed]:
    for href, title, media_type in links:
        url = resolve(href, base)
        if url is not None and (media_type in _MEDIA_TYPES or _looks_like_feed(url)):
            yield _feed(url, title)


def _linked(links: Iterable[tuple[str, str]], base: str, host: str) -> Iterator[AnnouncedFeed]:
    for href, title in links:
        url = resolve(href, base)
        if url is not None and _is_same_site(host_of(url), host) and _looks_like_feed(url):
            yield _feed(url.partition("#")[0], title)


def _feed(url: str, title: str) -> AnnouncedFeed:
    title = clean_line(title)
    path = urlsplit(url)
    is_comments = _COMMENTS.search(f"{title} {path.path} {path.query}") is not None
    return AnnouncedFeed(url=url, title=title or None, is_comments=is_comments)


def _distinct(found: Iterable[AnnouncedFeed]) -> list[AnnouncedFeed]:
    feeds: dict[str, AnnouncedFeed] = {}
    for feed in found:
        feeds.setdefault(feed.url, feed)
    return list(feeds.values())


def _looks_like_feed(url: str) -> bool:
    parts = urlsplit(url)
    if _NO_FEED_PATH.search(parts.path):
        return _FEED_QUERY.search(parts.query) is not None
    return _FEED_PATH.search(parts.path) is not None or _FEED_QUERY.search(parts.query) is not None


def _is_same_site(host: str, own: str) -> bool:
    """The same host, with or without "www.", or one within the other: feeds.news.example and news.example."""
    host, own = host.removeprefix("www."), own.removeprefix("www.")
    return host == own or host.endswith(f".{own}") or own.endswith(f".{host}")


class _LinkReader(HTMLParser):
    """Reads tags one at a time; a page is never parsed as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        #: address, title and media type of each alternate
        self.announced: list[tuple[str, str, str]] = []
        #: address and title of each link
        self.linked: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        href = attributes.get("href", "").strip()
        if tag == "base":
            self.base = self.base or href
        elif href and tag == "a":
            self.linked.append((href, attributes.get("title", "")))
        elif href and "alternate" in attributes.get("rel", "").lower().split():
            media_type = attributes.get("type", "").partition(";")[0].strip().lower()
            if media_type in _MEDIA_TYPES | _WIDER_TYPES:
                self.announced.append((href, attributes.get("title", ""), media_type))
