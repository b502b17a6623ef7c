"""Feeds of every format, feeds under wrong headers, and documents that are no feeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hostility.case import START, Case, Item, Scene, fed, one, page, unread
from hostility.found import dump
from hostility.reply import Reply, html, redirect, status, xml
from hostility.texts import (
    Listed,
    atom,
    headline,
    json_feed,
    listed,
    news_sitemap,
    paragraphs,
    rdf,
    rss,
    sitemap_index,
    story,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The pages of the first stories, for feeds that list them.
STORIES: Mapping[str, Reply] = {f"/story/{n}": html(story(n)) for n in range(1, 9)}
OCTOBER = "2026-10-05T08:00:00Z"


def whole(number: int) -> Item:
    """Story *number*, read from its page."""
    return page(
        headline(number), link=f"@A@/story/{number}", published=OCTOBER, date_fault=None, text=paragraphs(number)[2]
    )


def json_reply(text: str, kind: str = "application/feed+json") -> Reply:
    return Reply(headers=(("Content-Type", kind),), body=text)


def not_a_feed(name: str, reply: Reply, error: object = "not_feed") -> Case:
    """A 200 that brings no feed: not_feed, or parse where it says that it is one and is beyond reading."""
    return one(name, 8, {"/feed.xml": reply}, error=error, status=200)


_NO_GUID = listed(3, guid=None, link=None)
_ODD_ITEMS = [
    {"id": "tag:1", "url": "@A@/story/1", "title": 17, "content_text": summary(1), "tags": "no list"},
    {"id": 2, "url": ["@A@/story/2"], "title": headline(2), "content_text": summary(2), "authors": {"name": 3}},
    "no object",
    None,
    {"id": 3.0, "url": "@A@/story/3", "title": headline(3), "date_published": 20261005, "summary": None},
]

FORMATS = (
    one(
        "rss-2",
        3,
        {"/feed.xml": xml(rss(1, 2, 3)), **STORIES},
        items=(whole(1), whole(2), whole(3)),
        new=3,
        next=START,
        title="Wire",
        articles=3,
    ),
    one(
        "rss-0.91-doctype",
        3,
        {
            "/feed.xml": xml(
                rss(
                    1,
                    prolog='<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"'
                    ' "@A@/rss-0.91.dtd">',
                ).replace('version="2.0"', 'version="0.91"')
            ),
            **STORIES,
        },
        items=(whole(1),),
        asked={"a/rss-0.91.dtd": 0},
    ),
    one("rdf-1.0", 3, {"/feed.xml": xml(rdf(1, 2)), **STORIES}, items=(whole(1), whole(2))),
    one("atom-1.0", 3, {"/feed.xml": xml(atom(1, 2)), **STORIES}, items=(whole(1), whole(2))),
    one(
        "atom-prefixed",
        3,
        {
            "/feed.xml": xml(
                atom(1).replace("<", "<a:").replace("<a:/", "</a:").replace("<a:?", "<?").replace("xmlns=", "xmlns:a=")
            ),
            **STORIES,
        },
        items=(whole(1),),
    ),
    one(
        "atom-xml-base",
        4,
        {
            "/feed.xml": xml(atom(listed(1, link="story/1", date=OCTOBER)).replace("<feed ", "<feed xml:base='@B@/' ")),
            "b/story/1": html(story(1)),
        },
        hosts="ab",
        items=(page(headline(1), link="@B@/story/1"),),
    ),
    one("json-feed-1.1", 3, {"/feed.xml": json_reply(json_feed(1, 2)), **STORIES}, items=(whole(1), whole(2))),
    one(
        "json-feed-as-text",
        3,
        {"/feed.xml": json_reply("\ufeff" + json_feed(1), "text/plain"), **STORIES},
        items=(whole(1),),
    ),
    one(
        "json-feed-odd-types",
        3,
        # "Lenient where the format says so": what has the wrong type is as if it were not there.
        {"/feed.xml": json_reply(json_feed(items=_ODD_ITEMS)), **STORIES},
        items=(page("", link="@A@/story/1"), fed(headline(2), "no_link"), page(headline(3), published=None)),
    ),
    one(
        "json-feed-lone-surrogates",
        6,
        {
            "/feed.xml": json_reply(json_feed(1).replace(headline(1), "Half\\ud800 a \\udfffpair \\ud83d\\ude00")),
            **STORIES,
        },
        items=(page("Half a pair \U0001f600"),),
    ),
    one("rss-as-html", 3, {"/feed.xml": xml(rss(1), ("Content-Type", "text/html")), **STORIES}, items=(whole(1),)),
    one(
        "rss-as-octets",
        3,
        {"/feed.xml": xml(rss(1), ("Content-Type", "application/octet-stream")), **STORIES},
        items=(whole(1),),
    ),
    one("rss-as-nonsense", 3, {"/feed.xml": xml(rss(1), ("Content-Type", ";;=/\xff")), **STORIES}, items=(whole(1),)),
    one(
        "rss-after-warning",
        3,
        {"/feed.xml": xml("<b>Warning</b>: x in y.php\n" + rss(1)), **STORIES},
        items=(whole(1),),
    ),
    one("rss-after-blank-lines", 3, {"/feed.xml": xml("\n\n  \ufeff" + rss(1)), **STORIES}, items=(whole(1),)),
    one(
        "rss-permalink-guid",
        4,
        {"/feed.xml": xml(rss(listed(1, link=None, guid=None, extra="<guid>@A@/story/1</guid>"))), **STORIES},
        items=(whole(1),),
    ),
    one(
        "rss-no-guid-no-link",
        4,
        {"/feed.xml": xml(rss(_NO_GUID, listed(4, guid=None, link=None)))},
        items=(fed(headline(3), "no_link", link=None, text=summary(3)), fed(headline(4), "no_link")),
        articles=2,
    ),
    one(
        "rss-title-only",
        4,
        {"/feed.xml": xml(rss(Listed(title=headline(1), link=None, date=None)))},
        items=(fed(headline(1), "no_link", text=headline(1), published=None, date_fault="missing"),),
    ),
    one(
        "rss-nothing-at-all",
        4,
        # Neither title nor text nor link: it is counted, and there is nothing to be had of it.
        {"/feed.xml": xml(rss(Listed(title=None, link=None, date=None, guid="x"), 1)), **STORIES},
        items=(Item(title="", state="failed", reason="no_link", text_from=None), whole(1)),
    ),
    one(
        "rss-markup-in-title",
        6,
        {"/feed.xml": xml(rss(listed(1, title="&lt;b&gt;Fish&lt;/b&gt; &amp;amp; chips &amp;lt;3"))), **STORIES},
        items=(page("Fish & chips <3"),),
    ),
    one(
        "rss-content-encoded",
        5,
        {
            "/feed.xml": xml(
                rss(listed(1, extra=f"<content:encoded><![CDATA[<p>{paragraphs(7)[0]}</p>]]></content:encoded>"))
            ),
            "/story/1": status(410),
        },
        items=(fed(headline(1), "gone", text=paragraphs(7)[0]),),
    ),
    one("rss-empty", 3, {"/feed.xml": xml(rss())}, items=0, new=0, next=START, title="Wire"),
    one("atom-empty", 3, {"/feed.xml": xml(atom())}, items=0, new=0),
    one("json-feed-empty", 3, {"/feed.xml": json_reply(json_feed())}, items=0, new=0),
    one(
        "rss-2500-items",
        6,
        {"/feed.xml": xml(rss(*range(2500)))},
        items=2000,
        reads=False,
        new=2000,
        # What is cut off is not lost in silence.
        events=("feed.cut",),
    ),
    one(
        "json-feed-2500-items",
        6,
        {"/feed.xml": json_reply(json_feed(*range(2500)))},
        items=2000,
        reads=False,
        events=("feed.cut",),
    ),
    one(
        "json-feed-odd-numbers",
        6,
        {"/feed.xml": json_reply(json_feed(1, 2).replace('"tag:wire,1"', "1e999").replace('"tag:wire,2"', "NaN"))},
        items=(unread(headline(1)), unread(headline(2))),
        reads=False,
    ),
    one(
        "categories-by-the-thousand",
        6,
        {"/feed.xml": xml(rss(listed(1, extra="".join(f"<category>c{n}</category>" for n in range(20_000)))))},
        # feedparser compares each with each. Read or refused, it costs this one poll.
        error=frozenset({None, "too_complex"}),
        state=frozenset({"active", "backing-off"}),
        next=None,
        items=-1,
        reads=False,
    ),
    one(
        "author-of-a-megabyte",
        6,
        {"/feed.xml": xml(rss(listed(1, extra=f"<dc:creator>{'author ' * 150_000}</dc:creator>")))},
        items=(unread(headline(1)),),
        reads=False,
        check=lambda found: ["the author is longer than 1,000"] if "author " * 201 in dump(found.database) else [],
    ),
    one(
        "news-sitemap",
        3,
        {"/feed.xml": xml(news_sitemap(1, 2)), **STORIES},
        items=(whole(1), whole(2)),
    ),
    one(
        "sitemap-index",
        3,
        {
            "/feed.xml": xml(sitemap_index("@A@/news-1.xml", "@A@/news-2.xml")),
            "/news-1.xml": xml(news_sitemap(1)),
            "/news-2.xml": xml(news_sitemap(2)),
            **STORIES,
        },
        items=2,
        articles=2,
        asked={"a/news-1.xml": 1, "a/news-2.xml": 1},
    ),
    one(
        "sitemap-index-of-itself",
        6,
        # A list of itself and of a private address: neither is followed, and the poll says that it brought nothing.
        {"/feed.xml": xml(sitemap_index("@A@/feed.xml", "http://10.0.0.1/news.xml", "file:///etc/passwd"))},
        error=frozenset({None, "blocked", "not_feed"}),
        state=frozenset({"active", "backing-off"}),
        next=None,
        items=0,
    ),
)

NO_FEEDS = (
    not_a_feed("html-page", html("<html><body><p>Home</p></body></html>")),
    not_a_feed(
        "html-announces-feeds",
        html(
            "<html><head><link rel=alternate type='application/rss+xml' href='/real.xml'></head><body>x</body></html>"
        ),
    ),
    not_a_feed("opml", xml("<?xml version='1.0'?><opml version='2.0'><body><outline xmlUrl='@A@/f'/></body></opml>")),
    not_a_feed("empty-body", status(200)),
    not_a_feed("blank-body", status(200, body=" \n\t \n")),
    not_a_feed("plain-text", status(200, ("Content-Type", "text/plain"), body="ok\n")),
    not_a_feed("png", Reply(headers=(("Content-Type", "application/xml"),), body=b"\x89PNG\r\n\x1a\n" + bytes(5000))),
    not_a_feed("soap", xml("<?xml version='1.0'?><s:Envelope xmlns:s='urn:s'><s:Body/></s:Envelope>")),
    not_a_feed("json-no-feed", json_reply('{"items": [{"id": 1}], "version": "7"}')),
    not_a_feed("json-list", json_reply("[1, 2, 3]")),
    not_a_feed("json-broken", json_reply("{oops", "application/json")),
    not_a_feed("json-deep", json_reply("[" * 200_000, "application/json")),
    not_a_feed("json-huge-number", json_reply('{"version": ' + "9" * 100_000 + "}", "application/json")),
    # It is sent as a JSON Feed, or says that it is one, so these are some that cannot be read.
    not_a_feed("json-broken-sent-as-feed", json_reply("{oops"), "parse"),
    not_a_feed("json-deep-sent-as-feed", json_reply("[" * 200_000), "parse"),
    not_a_feed(
        "json-huge-number-in-a-feed",
        json_reply('{"id": ' + "9" * 100_000 + ', "version": "https://jsonfeed.org/version/1.1"}', "application/json"),
        "parse",
    ),
    not_a_feed("json-feed-cut-off", json_reply(json_feed(1, 2)[:-60]), "parse"),
    not_a_feed(
        "json-feed-without-items", json_reply(json.dumps({"version": "https://jsonfeed.org/version/1.1"})), "parse"
    ),
    not_a_feed("xml-start-only", xml("<?xml version='1.0' encoding='utf-8'?>")),
    not_a_feed("challenge-page", html("<html><title>Just a moment...</title><script>x</script></html>")),
)

RECOVERIES = (
    Case(
        name="html-then-feed",
        point=7,
        scenes=(
            Scene(
                routes={"/feed.xml": html("<html><body>Maintenance</body></html>")},
                error="not_feed",
                state="backing-off",
            ),
            Scene(routes={"/feed.xml": xml(rss(1))}, new=1, next=START, events=()),
        ),
        items=(unread(headline(1)),),
        reads=False,
    ),
    Case(
        name="feed-then-empty-then-feed",
        point=3,
        # An empty document says nothing: no gap, and what was known is known again.
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1, 2))}, new=2),
            Scene(routes={"/feed.xml": xml(rss())}, new=0, no_events=("feed.gap",)),
            Scene(routes={"/feed.xml": xml(rss(1, 2))}, new=0, no_events=("feed.gap",)),
        ),
        items=2,
        reads=False,
    ),
    Case(
        name="feed-behind-temporary-page",
        point=2,
        scenes=(
            Scene(
                routes={"/feed.xml": redirect("/sorry", 302), "/sorry": html("<p>Sorry")},
                error="not_feed",
                state="backing-off",
            ),
            Scene(routes={"/feed.xml": xml(rss(1))}, new=1),
        ),
        items=1,
        reads=False,
        fetch_url="@A@/feed.xml",
    ),
)

CASES = (*FORMATS, *NO_FEEDS, *RECOVERIES)
