from __future__ import annotations

import pytest
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


LINK = '<link rel="alternate" type="application/rss+xml" href="{}">'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<!-- ", " -->"),
        ("<!--[if IE]>", "<![endif]-->"),
        ("<!-- <!-- ", " --!>"),
        ("<script>document.write('", "')</script>"),
        ("<script>var a = '<!--", "'</SCRIPT >"),
        ("<style>", "</style>"),
        ("<!-- that has no end ", None),
    ],
)
def test_what_nobody_sees_is_not_announced(before, after):
    seen = LINK.format("/seen")
    hidden = f"{before}{LINK.format('/hidden')}{after or ''}"
    assert urls(f"{seen}{hidden}") == ["https://news.example/seen"]
    assert urls(f"{hidden}{seen}") == (["https://news.example/seen"] if after else [])
    assert urls(f"{before}<a href='/rss'>RSS</a>{after or ''}<a href='/feed/'>RSS</a>") == (
        ["https://news.example/feed/"] if after else []
    )


@pytest.mark.parametrize("empty", ["<!-->", "<!--->", "<!---->", "<!--[if !IE]><!-->", "<scripted>"])
def test_what_only_looks_like_a_comment_hides_nothing(empty):
    assert urls(f"{empty}{LINK.format('/a')}<!-- x -->") == ["https://news.example/a"]


def test_the_base_of_the_page_counts():
    assert urls('<base href="https://cdn.example/x/"><link rel=alternate type=application/rss+xml href=y>') == [
        "https://cdn.example/x/y"
    ]


def test_feeds_of_comments_come_last():
    found = announced_feeds(
        b'<link rel=alternate type=application/rss+xml title="News - Comments" href=/1>'
        b"<link rel=alternate type=application/rss+xml href=/comments/feed/>"
        b'<link rel=alternate type=application/rss+xml title="News" href=/feed/>',
        PAGE,
    )
    assert [(feed.url.rpartition("example")[2], feed.is_comments) for feed in found] == [
        ("/feed/", False),
        ("/1", True),
        ("/comments/feed/", True),
    ]


@pytest.mark.parametrize(
    ("href", "is_feed"),
    [
        ("/rss", True),
        ("/feed/", True),
        ("/blog/atom.xml", True),
        ("/index.rdf", True),
        ("/news.xml", True),
        ("/world.rss?lang=en", True),
        ("/rss.php", True),
        ("/?feed=rss2", True),
        ("/?format=feed&type=rss", True),
        ("https://feeds.news.example/all", False),
        ("https://feeds.news.example/rss/all", True),
        ("https://www.news.example/rss", True),
        ("https://other.example/rss", False),
        ("https://notnews.example/rss", False),
        ("/feedback", False),
        ("/feed-your-cat", False),
        ("/sitemap.xml", False),
        ("/opensearch.xml", False),
        ("/about-rss.html", False),
        ("/press", False),
        ("javascript:feed()", False),
    ],
)
def test_links_of_the_same_site_that_look_like_feeds_stand_in(href, is_feed):
    assert bool(urls(f'<p>x</p><a class="rss feed" href="{href}">RSS</a>')) is is_feed


def test_links_do_not_count_where_feeds_are_announced():
    assert urls('<link rel=alternate type=application/rss+xml href=/all><a href="/rss">RSS</a>') == [
        "https://news.example/all"
    ]


def test_a_hub_is_no_feed():
    assert not urls('<link rel="hub" href="https://hub.example/feed"><link rel="self" href="/feed">')


def test_types_that_other_files_have_too_need_an_address_that_looks_like_a_feed():
    assert urls(
        '<link rel=alternate type="text/xml" href="/rss"><link rel=alternate type="text/xml" href="/data">'
        '<link rel=alternate href="/feed"><link rel=alternate hreflang=de href="/de">'
    ) == ["https://news.example/rss", "https://news.example/feed"]


def test_no_more_than_twenty_are_told():
    links = "".join(f'<a href="/rss/{number}">x</a>' for number in range(50))
    assert len(urls(links)) == 20
    announced = "".join(f"<link rel=alternate type=application/rss+xml href=/{number}>" for number in range(50))
    assert len(urls(announced)) == 20


@given(
    st.binary()
    | st.lists(
        st.sampled_from([b"<link ", b"<a ", b"rss", b"rel=", b"alternate", b'"', b"'", b">", b"href=", b"\x00"])
    ).map(b"".join)
)
def test_any_bytes_are_borne(body):
    announced_feeds(body, PAGE)
