"""The short way to feedparser's strict parser finds what the long way finds."""

from __future__ import annotations

import warnings
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.strict_xml import parse_strictly

SPACES = {
    "": "http://purl.org/rss/1.0/",
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "c": "http://purl.org/rss/1.0/modules/content/",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "own": "https://own.example/ns",
    "Other": "https://own.example/ns",
    "u": "http://backend.userland.com/rss2",
    "h": "http://www.w3.org/1999/xhtml",
}
ELEMENTS = st.sampled_from(
    [
        *("channel", "item", "entry", "title", "link", "description", "guid", "id", "pubDate", "updated", "content"),
        *(
            "encoded",
            "creator",
            "date",
            "author",
            "name",
            "category",
            "summary",
            "source",
            "image",
            "url",
            "div",
            "p",
            "B",
        ),
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["href", "rel", "type", "about", "isPermaLink", "term", "xml:lang", "own:x", "rdf:about", "media:url"]
    ),
    st.sampled_from(
        ["alternate", "self", "text", "html", "xhtml", "application/xhtml+xml", "false", "/a b", "en-GB", ""]
    ),
    max_size=3,
)
TEXTS = st.sampled_from(
    ["", " ", "text", "é €", "a & b", "<p>x</p>", "2026-01-05T10:00:00Z", "\n", "http://x.example/?a=1&b;"]
)


@st.composite
def elements(draw, children) -> str:
    prefix = draw(st.sampled_from(["", "", "", *SPACES]))
    name = f"{prefix}:{draw(ELEMENTS)}" if prefix else draw(ELEMENTS)
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in draw(ATTRIBUTES).items())
    declared = draw(st.sampled_from(["", "", "", ' xmlns="https://own.example/ns"', ' xmlns:own="urn:x"', ' xmlns=""']))
    inner = escape(draw(TEXTS)) + "".join(draw(st.lists(children, max_size=4))) + escape(draw(TEXTS))
    return f"<{name}{declared}{attributes}>{inner}</{name}>"


BODIES = st.recursive(TEXTS.map(escape), elements, max_leaves=25)
ROOTS = st.sampled_from(
    ["rss version='2.0'", "rss", "feed", "a:feed", "rdf:RDF", "feed xml:base='https://b.example/x/'"]
)


def long_way(body, base):
    headers = {"content-type": "application/xml; charset=utf-8"} | ({"content-location": base} if base else {})
    parsed = feedparser.parse(BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    return {name: parsed.get(name) for name in ("feed", "entries", "version")}


def agree(body, base=""):
    short = parse_strictly(body, base, 2000)
    assert short is None or short == long_way(body, base)
    return short is not None


@given(ROOTS, st.lists(BODIES, max_size=4), st.sampled_from(["", "https://news.example/feed"]))
def test_both_ways_find_the_same(root, bodies, base):
    declared = "".join(f" xmlns{f':{prefix}' if prefix else ''}={quoteattr(uri)}" for prefix, uri in SPACES.items())
    body = f"<{root}{declared}>{''.join(bodies)}</{root.split()[0]}>".encode()
    with warnings.catch_warnings():
        # Comparing asks feedparser for names that it has given up.
        warnings.simplefilter("ignore", DeprecationWarning)
        assert agree(body, base)


@pytest.mark.parametrize(
    "body",
    [
        "<rss version='2.0'><channel><title>t</title><item><title>a</title><guid>1</guid></item></channel></rss>",
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='de'><entry><title type='html'>x</title></entry></feed>",
        f"<r:RDF xmlns:r='{SPACES['rdf']}' xmlns='{SPACES['']}'><item r:about='x'><title>a</title></item></r:RDF>",
        "<?xml version='1.0'?><!-- note --><rss version='2.0'><channel/></rss>",
    ],
)
def test_ordinary_feeds_go_the_short_way(body):
    assert agree(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        "<rss><channel><item><title>one</title></channel></rss>",
        "<rss><channel><title>&nbsp;</title></channel></rss>",
        "<!DOCTYPE rss><rss version='2.0'/>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title><svg xmlns='http://www.w3.org/2000/svg'/></entry></feed>",
        "<rss xmlns:x='http://www.w3.org/1999/xlink'/>",
        "<rss xmlns:x='two words'><x:y/></rss>",
        "",
    ],
)
def test_what_needs_the_long_way_is_left_to_it(body):
    assert parse_strictly(body.encode(), "", 2000) is None


def test_the_declared_encoding_does_not_matter():
    body = "<?xml version='1.0' encoding='koi8-r'?><rss version='2.0'><channel><title>Пожар</title></channel></rss>"
    parsed = parse_strictly(body.encode(), "", 2000)
    assert parsed is not None
    assert parsed["feed"]["title"] == "Пожар"


def test_reading_stops_when_there_are_enough_entries():
    body = "<rss><channel>" + "<item><title>t</title></item>" * 100 + "</channel></rss>"
    parsed = parse_strictly(body.encode(), "", 10)
    assert parsed is not None
    assert len(parsed["entries"]) == 11
