"""No field of a document holds anything that harms a terminal, turns the reading order round or cannot be stored."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import fields, is_dataclass
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import Permanent
from ingest.feed import parse_feed
from ingest.web import Page

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = st.text(
    st.sampled_from("ab /?&=<%\t\n\r\x00\x0b\x1b\x7f\x80\x85\x9b\x9d\ufeff\ufffe\ud800\udfff" + BIDI_CONTROLS),
    min_size=1,
    max_size=12,
)
REFERENCES = st.sampled_from(["&#27;", "&#x202e;", "&#155;", "&#xD800;", "&#0;", "&amp;#27;", "&amp;#x9b;", "&#xfffe;"])
SAID = st.tuples(HOSTILE, REFERENCES).map(lambda parts: escape(parts[0]) + parts[1])


def rss(said):
    link = f"https://news.example/{said}"
    return (
        '<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom" xmlns:d="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>{said}</title><language>{said}</language><a:link rel='next' href={quoteattr(link)}/>"
        f"<item><title>{said}</title><link>{link}</link><guid>{said}</guid><d:creator>{said}</d:creator>"
        f"<category>{said}</category><pubDate>{said}</pubDate><description>{said}</description></item>"
        f"<item><guid>{said}</guid><link>java{said}</link></item></channel></rss>"
    )


def atom(said):
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title type="html">{said}</title>'
        f"<link rel='self' href='{said.replace(chr(39), '')}'/><link rel='hub' href='/{said.replace(chr(39), '')}'/>"
        f'<entry><id>{said}</id><title>{said}</title><content type="html">{said}</content><published>{said}</published>'
        f"<author><name>{said}</name></author><category term='x' label='{said.replace(chr(39), '')}'/></entry></feed>"
    )


def sitemap(said):
    return (
        f"<urlset><url><loc>/{said}</loc><lastmod>{said}</lastmod><news><title>{said}</title><keywords>{said}</keywords>"
        f"<publication><name>{said}</name><language>{said}</language></publication></news></url></urlset>"
    )


def sitemap_index(said):
    return f"<sitemapindex><sitemap><loc>/{said}</loc><lastmod>{said}</lastmod></sitemap></sitemapindex>"


def json_feed(said):
    item = dict.fromkeys(("id", "url", "title", "content_html", "summary", "date_published", "language"), said)
    item |= {"authors": [{"name": said}], "tags": [said]}
    own = dict.fromkeys(("title", "feed_url", "next_url", "language"), said)
    own["hubs"] = [{"type": "WebSub", "url": f"/{said}"}]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", **own, "items": [item, {**item, "url": "/b"}]})


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))


def harmful(text):
    return [
        sign
        for sign in text
        if (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t")
        or sign in BIDI_CONTROLS
        or sign in "\ufeff\ufffe\uffff"
    ]


@pytest.mark.parametrize("write", [rss, atom, sitemap, sitemap_index, json_feed])
@given(said=SAID, link=HOSTILE)
@example(said="\x1b[31m\u202e&#155;", link='<https://hub.example/\x1b\u202e>; rel="hub self"')
def test_no_field_holds_what_could_do_harm(write, said, link):
    page = Page(
        requested_url="https://news.example/feed",
        url="https://news.example/feed",
        moved_to=None,
        status=200,
        headers={"link": f"<{link}>; rel=hub", "content-language": said, "content-type": "application/xml"},
        body=write(said).encode("utf-8", "surrogatepass"),
    )
    try:
        document = parse_feed(page)
    except Permanent as error:
        refusal = str(error)
    else:
        refusal = ""
    assert harmful(refusal) == []
    if refusal:
        return
    for text in texts(document):
        assert harmful(text) == []
        assert text.encode().decode() == text
    lines = [document.title or "", *document.problems]
    lines += [part for entry in document.entries for part in (entry.title, entry.author or "", *entry.sections)]
    lines += [entry.guid or "" for entry in document.entries]
    assert all("\n" not in line and "\t" not in line for line in lines)
    addresses = [entry.link for entry in document.entries] + [document.next_url, document.self_url, *document.hubs]
    assert all(address is None or (address.isascii() and address.isprintable()) for address in addresses)
