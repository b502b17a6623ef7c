"""The bytes of a feed to its entries: RSS 0.9 to 2.0, RDF, Atom and JSON Feed.

What a feed says is cleaned, repaired and resolved here, once. A document that is no feed is refused with one
line that says what it is instead, so that people can act on it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.clean import clean_line
from ingest.discover import announced_feeds
from ingest.errors import Permanent, Reason
from ingest.feed_encoding import settle_encoding
from ingest.json_feed import parse_json_feed
from ingest.xml_feed import FEED_ROOTS, parse_xml_feed

if TYPE_CHECKING:
    from ingest.polling import FeedDocument
    from ingest.web import Page

#: Other documents that people take for feeds, with what to do about them.
_KNOWN_ROOTS = {
    "opml": "an OPML list of feeds: import it instead of adding it",
    "urlset": "a sitemap, not a feed",
    "sitemapindex": "a list of sitemaps, not a feed",
}

#: The root element has to begin within so many bytes.
_MAX_PROLOG = 65_536

# Possessive and atomic: a prolog is read once, however many comments it has.
_ROOT = re.compile(
    rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)*+<(?:[\w.-]++:)?([\w.-]++)",
    re.DOTALL | re.IGNORECASE,
)
_EBCDIC = b"\x4c\x6f\xa7\x94"  # "<?xm"
_FEED_START = re.compile(rb"<(?:\?xml|rss|feed|rdf:rdf)[\s>]", re.IGNORECASE)
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|script)[\s>]", re.IGNORECASE)


def parse_feed(page: Page, trackers: tuple[str, ...] = DEFAULT_TRACKERS) -> FeedDocument:
    """Read a feed. Without any entry it is still a feed.

    *trackers* are the parameters that make no other page of an address.

    Raises Permanent(NOT_FEED); its detail says what the page is instead, and which feeds it announces.
    """
    beginning = page.body[:_MAX_PROLOG].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not beginning:
        raise _no_feed(page, "empty")
    if beginning[:1] in b"{[":
        return parse_json_feed(page, trackers)
    body, charset = settle_encoding(page.body, page.headers.get("content-type", ""))
    # White space before an XML declaration is an error, over which feedparser falls back to its slow parser.
    body = body.lstrip()
    root = _root_of(body)
    if root in _KNOWN_ROOTS:
        raise _no_feed(page, _KNOWN_ROOTS[root])
    if root not in FEED_ROOTS:
        if _HTML_START.search(body, 0, 4096):
            raise _no_feed(page, _describe_html(page))
        body, root = _without_junk(body, root)
    if b"<" not in body[:_MAX_PROLOG] and not body.startswith(_EBCDIC):
        raise _no_feed(page, f"neither XML nor JSON: it starts with {clean_line(repr(beginning[:20]))}")
    return parse_xml_feed(page, body, charset, root, trackers)


def _root_of(body: bytes) -> str:
    found = _ROOT.match(body, 0, _MAX_PROLOG)
    return found[1].decode("utf-8", "replace").lower() if found else ""


def _without_junk(body: bytes, root: str) -> tuple[bytes, str]:
    """Cut off what a broken script has printed before the feed."""
    start = _FEED_START.search(body, 0, _MAX_PROLOG)
    if start is None or start.start() == 0:
        return body, root
    body = body[start.start() :]
    return body, _root_of(body)


def _describe_html(page: Page) -> str:
    feeds = announced_feeds(page.body, page.url)
    if not feeds:
        return "an HTML page that announces no feed"
    return f"an HTML page; it announces these feeds: {', '.join(feed.url for feed in feeds)}"


def _no_feed(page: Page, detail: str) -> Permanent:
    return Permanent(Reason.NOT_FEED, page.url, detail, status=page.status)
