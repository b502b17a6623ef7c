"""The bytes of a feed to its entries: RSS 0.9 to 2.0, RDF, Atom, JSON Feed, and sitemaps.

What a feed says is cleaned, repaired and resolved here, once. A document that is no feed is refused with one
line that says what it is instead, so that people can act on it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.address import DEFAULT_TRACKERS
from ingest.clean import clean_line
from ingest.content_coding import BodyReader
from ingest.discover import announced_feeds
from ingest.errors import Permanent, Reason
from ingest.feed_encoding import settle_encoding
from ingest.feed_problems import Problems
from ingest.json_feed import parse_json_feed
from ingest.link_header import header_links
from ingest.sitemap import SITEMAP_ROOTS, parse_sitemap
from ingest.xml_feed import FEED_ROOTS, parse_xml_feed

if TYPE_CHECKING:
    from ingest.polling import FeedDocument
    from ingest.web import Page

#: Other documents that people take for feeds, with what to do about them.
_KNOWN_ROOTS = {
    "opml": "an OPML list of feeds: import it instead of adding it",
}

#: Sitemaps are often files that were compressed once and for all (sitemap.xml.gz); what they unfold to may be as long
#: as a feed that the fetcher accepts (`FetchSettings.max_feed_bytes`).
MAX_UNPACKED_BYTES = 10_000_000
_GZIP = b"\x1f\x8b"

#: Media types that nothing but a feed has.
_FEED_TYPES = ("application/rss+xml", "application/atom+xml")

#: The root element has to begin within so many bytes.
_MAX_PROLOG = 65_536

# Possessive and atomic: a prolog is read once, however many comments it has.
_ROOT = re.compile(
    rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)*+<(?:[\w.-]++:)?([\w.-]++)",
    re.DOTALL | re.IGNORECASE,
)
#: A byte order mark, and white space
_BLANK = b"\xef\xbb\xbf \t\r\n"
_EBCDIC = b"\x4c\x6f\xa7\x94"  # "<?xm"
_FEED_START = re.compile(rb"<(?:\?xml|rss|feed|rdf:rdf)[\s>]", re.IGNORECASE)
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|script)[\s>]", re.IGNORECASE)


def parse_feed(page: Page, trackers: tuple[str, ...] = DEFAULT_TRACKERS) -> FeedDocument:
    """Read a feed or a sitemap. Without any entry it is still one.

    *trackers* are the parameters that make no other page of an address. Addresses of hubs and of the feed itself
    that the answer's Link header gives go before those that the document gives, as WebSub says.

    Raises Permanent: NOT_FEED, whose detail says what the page is instead and which feeds it announces; PARSE for a
    feed that cannot be read at all; TOO_LARGE and DECODE (also Transient) for a compressed file.
    """
    if page.body.startswith(_GZIP):
        page = replace(page, body=_unpack(page))
    document = _parse(page, trackers)
    links = [*header_links(page.headers.get("link", ""), page.url)]
    hubs = [address for relation, address in links if relation == "hub"]
    own = next((address for relation, address in links if relation == "self"), document.self_url)
    if not hubs and own == document.self_url:
        return document
    return replace(document, hubs=tuple(dict.fromkeys((*hubs, *document.hubs))), self_url=own)


def _parse(page: Page, trackers: tuple[str, ...]) -> FeedDocument:
    problems = Problems()
    beginning = page.body[:_MAX_PROLOG].lstrip(_BLANK)
    if not beginning:
        raise _no_feed(page, "empty")
    if beginning[:1] in b"{[":
        return parse_json_feed(page, trackers, problems)
    return _parse_xml(page, trackers, problems)


def _parse_xml(page: Page, trackers: tuple[str, ...], problems: Problems) -> FeedDocument:
    body, charset, fault = settle_encoding(page.body, page.headers.get("content-type", ""))
    if fault:
        problems.say(fault)
    # White space before an XML declaration is an error, over which feedparser falls back to its slow parser.
    body = body.lstrip()
    root = _root_of(body)
    if root in _KNOWN_ROOTS:
        raise _no_feed(page, _KNOWN_ROOTS[root])
    if root in SITEMAP_ROOTS:
        return parse_sitemap(page, body, charset, root, trackers, problems)
    if root not in FEED_ROOTS:
        if _HTML_START.search(body, 0, 4096):
            raise _no_feed(page, _describe_html(page))
        body, root = _without_junk(body, root, problems)
    if b"<" not in body[:_MAX_PROLOG] and not body.startswith(_EBCDIC):
        beginning = page.body[:_MAX_PROLOG].lstrip(_BLANK)
        shown = clean_line(beginning[:20].decode("utf-8", "replace"))
        raise _no_feed(page, f"neither XML nor JSON: it starts with “{shown}”")
    try:
        return parse_xml_feed(page, body, charset, root, trackers, problems)
    except Permanent as error:
        if root or error.reason is not Reason.NOT_FEED or not _is_sent_as_feed(page):
            raise
        # It breaks off, or is broken, before its root.
        raise Permanent(Reason.PARSE, error.subject, error.detail, status=error.status) from error


def _unpack(page: Page) -> bytes:
    reader = BodyReader("gzip", max_bytes=MAX_UNPACKED_BYTES, subject=page.url)
    reader.add(page.body)
    body = reader.finish()
    if body.startswith(_GZIP):
        raise Permanent(Reason.DECODE, page.url, "a file that is compressed twice", status=page.status)
    return body


def _is_sent_as_feed(page: Page) -> bool:
    return page.headers.get("content-type", "").strip().lower().startswith(_FEED_TYPES)


def _root_of(body: bytes) -> str:
    found = _ROOT.match(body, 0, _MAX_PROLOG)
    return found[1].decode("utf-8", "replace").lower() if found else ""


def _without_junk(body: bytes, root: str, problems: Problems) -> tuple[bytes, str]:
    """Cut off what a broken script has printed before the feed."""
    start = _FEED_START.search(body, 0, _MAX_PROLOG)
    if start is None or start.start() == 0:
        return body, root
    problems.say("something stands before the feed, as broken scripts print it; it is passed over")
    body = body[start.start() :]
    return body, _root_of(body)


def _describe_html(page: Page) -> str:
    feeds = announced_feeds(page.body, page.url)
    if not feeds:
        return "an HTML page that announces no feed"
    return f"an HTML page; it announces these feeds: {', '.join(feed.url for feed in feeds)}"


def _no_feed(page: Page, detail: str) -> Permanent:
    return Permanent(Reason.NOT_FEED, page.url, detail, status=page.status)
