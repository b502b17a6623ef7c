from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.discover import announced_feeds

PAGE = "https://news.example/world/"


def urls(head):
    return [feed.url for feed in announced_feeds(head.encode(), PAGE)]


def test_feeds_are_found_in_order_and_once():
    head = (
        '<LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" HREF="all.xml" title="All &amp; more">'
        "<link rel=alternate type=application/atom+xml href=/atom>"
        '<link rel="alternate" type="application/rss+xml" href="/world/all.xml">'
        '<link rel="alternate" type="application/feed+json" href="/feed.json">'
    )
    assert urls(head) == [
        "https://news.example/world/all.xml",
        "https://news.example/atom",
        "https://news.example/feed.json",
    ]
    assert announced_feeds(head.encode(), PAGE)[0].title == "All & more"


def test_what_is_no_feed_is_not_announced():
    assert not urls(
        '<link rel="alternate" hreflang="de" href="/de"><link rel="stylesheet" type="application/rss+xml" href="/x">'
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">'
        '<link rel="alternate" type="application/rss+xml">'
        '<link rel="alternate" type="application/rss+xml" href="data:x">'
    )


def test_the_base_of_the_page_counts():
    assert urls('<base href="https://cdn.example/x/"><link rel=alternate type=application/rss+xml href=y>') == [
        "https://cdn.example/x/y"
    ]


@given(
    st.binary()
    | st.lists(st.sampled_from([b"<link ", b"rel=", b"alternate", b'"', b"'", b">", b"href=", b"\x00"])).map(b"".join)
)
def test_any_bytes_are_borne(body):
    announced_feeds(body, PAGE)
