"""The links of a feed about itself: its next page, its own address, its hubs."""

from __future__ import annotations

import pytest

from ingest.feed import parse_feed
from ingest.web import Page

URL = "https://news.example/feeds/all"


def read(body, **headers):
    return parse_feed(Page(requested_url=URL, url=URL, moved_to=None, status=200, headers=headers, body=body.encode()))


def atom(links, attributes=""):
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>News</title>{links}</feed>'


def rss(links):
    return (
        '<rss version="2.0" xmlns:atom10="http://www.w3.org/2005/Atom"><channel><title>News</title>'
        f"<link>https://news.example/</link>{links}<item><title>a</title>"
        '<atom10:link rel="self" href="/entry"/><atom10:link rel="next" href="/entry"/></item></channel></rss>'
    )


@pytest.mark.parametrize("prefix", ["", "atom10:"], ids=["Atom", "RSS"])
def test_a_feed_names_its_hubs_itself_and_its_next_page(prefix):
    links = (
        f'<{prefix}link rel="self" href="https://news.example/all"/><{prefix}link rel="hub" href="https://hub.example/"/>'
        f'<{prefix}link rel="hub" href="//hub2.example"/><{prefix}link rel="hub" href="https://hub.example/"/>'
        f'<{prefix}link rel="hub" href="javascript:x"/><{prefix}link rel="next" href="?page=2"/>'
    )
    document = read(rss(links) if prefix else atom(links))
    assert document.self_url == "https://news.example/all"
    assert document.hubs == ("https://hub.example/", "https://hub2.example/")
    assert document.next_url == "https://news.example/feeds/all?page=2"


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ('<link rel="prev-archive" href="/2025-12"/>', "https://news.example/2025-12"),
        ('<link rel="prev-archive" href="/2025-12"/><link rel="next" href="/2"/>', "https://news.example/2"),
        ('<link rel="next" href="/feeds/all"/><link rel="prev-archive" href="/2025-12"/>', "https://news.example/2025-12"),
        ('<link rel="next" href="all"/>', None),
        ('<link rel="next" href="file:///etc/passwd"/>', None),
        ('<link rel="next"/>', None),
        ('<link rel="previous" href="/0"/><link rel="next-archive" href="/9"/>', None),
        ("", None),
    ],
)  # fmt: skip
def test_the_page_with_older_entries(links, url):
    assert read(atom(links)).next_url == url


def test_links_start_from_the_base_of_the_document():
    assert (
        read(atom('<link rel="next" href="2"/>', 'xml:base="https://cdn.example/x/"')).next_url
        == "https://cdn.example/x/2"
    )


def test_an_rss_feed_without_such_links_has_none():
    document = read(rss(""))
    assert (document.next_url, document.self_url, document.hubs) == (None, None, ())


def test_the_header_goes_before_the_document():
    document = read(
        atom('<link rel="self" href="/doc"/><link rel="hub" href="https://b.example/"/>'),
        link='<https://a.example/>; rel="hub", </header>; rel=self, <https://b.example/>; rel=hub',
    )
    assert document.self_url == "https://news.example/header"
    assert document.hubs == ("https://a.example/", "https://b.example/")


@pytest.mark.parametrize("body", ['{"version": "https://jsonfeed.org/version/1.1", "items": []}', "<urlset/>"])
def test_the_header_of_any_format_counts(body):
    document = read(body, link="<https://hub.example/>; rel=hub")
    assert (document.hubs, document.self_url) == (("https://hub.example/",), None)
