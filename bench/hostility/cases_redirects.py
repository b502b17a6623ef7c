"""Redirects of every kind, and addresses that must be refused before any connection."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hostility.case import HOUR_S, START, Case, Scene, around, fed, one, page, requests_to
from hostility.found import dump
from hostility.reply import html, redirect, status, xml
from hostility.texts import headline, listed, rss, story

if TYPE_CHECKING:
    from hostility.reply import Reply

_FEED = xml(rss(1))
_HOME = html("<html><head><title>News</title></head><body><p>Home</p></body></html>")

MOVES = (
    one(
        "302-to-the-feed",
        2,
        {"/feed.xml": redirect("@B@/f"), "b/f": _FEED},
        hosts="ab",
        items=1,
        reads=False,
        fetch_url="@A@/feed.xml",
        no_events=("feed.moved",),
    ),
    one(
        "301-to-a-feed",
        2,
        {"/feed.xml": redirect("@B@/f", 301), "b/f": _FEED},
        hosts="ab",
        items=1,
        reads=False,
        fetch_url="@B@/f",
        events=("feed.moved",),
        check=lambda found: [] if f"{found.names['@A@']}/feed.xml" in dump(found.database) else ["the old is lost"],
    ),
    one(
        "308-301-chain",
        2,
        {"/feed.xml": redirect("/two", 308), "/two": redirect("@B@/f", 301), "b/f": _FEED},
        hosts="ab",
        items=1,
        reads=False,
        fetch_url="@B@/f",
        events=("feed.moved",),
    ),
    one(
        "301-302-301-chain",
        2,
        # One temporary hop, and nothing has moved for good.
        {
            "/feed.xml": redirect("/two", 301),
            "/two": redirect("/three", 302),
            "/three": redirect("/f", 301),
            "/f": _FEED,
        },
        items=1,
        reads=False,
        fetch_url="@A@/feed.xml",
        no_events=("feed.moved",),
    ),
    one(
        "301-to-the-home-page",
        2,
        {"/feed.xml": redirect("/", 301), "/": _HOME},
        error="not_feed",
        fetch_url="@A@/feed.xml",
        no_events=("feed.moved",),
    ),
    one("301-to-nothing", 2, {"/feed.xml": redirect("/gone", 301)}, error="http_client", fetch_url="@A@/feed.xml"),
    Case(
        name="moved-and-the-new-place-ends",
        point=2,
        # A redirect can be a mistake: back to what the user gave, which the feed's identity is anyway.
        scenes=(
            Scene(routes={"/feed.xml": redirect("@B@/f", 301), "b/f": _FEED}, new=1),
            Scene(routes={"/feed.xml": _FEED, "b/f": status(410)}, error="gone", state="backing-off"),
            Scene(routes={"/feed.xml": _FEED, "b/f": status(410)}, new=0),
        ),
        hosts="ab",
        items=1,
        reads=False,
        fetch_url="@A@/feed.xml",
    ),
    Case(
        name="moved-with-a-304",
        point=2,
        # A 304 says that something is as before, not that it is a feed: the move waits for the next whole document.
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), etag='"one"')}, new=1),
            Scene(
                routes={"/feed.xml": redirect("@B@/f", 301), "b/f": xml(rss(1), etag='"one"')},
                status=304,
                new=0,
                no_events=("feed.moved",),
            ),
            Scene(
                routes={"/feed.xml": redirect("@B@/f", 301), "b/f": xml(rss(1), etag='"one"')},
                after=timedelta(hours=24),
                status=200,
                new=0,
                events=("feed.moved",),
            ),
        ),
        hosts="ab",
        items=1,
        reads=False,
        fetch_url="@B@/f",
    ),
    Case(
        name="moved-and-guids-stay",
        point=4,
        scenes=(
            Scene(routes={"/feed.xml": _FEED}, new=1),
            Scene(
                routes={
                    "/feed.xml": redirect("@B@/f", 301),
                    "b/f": xml(rss(listed(1, link="@B@/story/1"))),
                },
                new=0,
                no_events=("feed.gap",),
            ),
        ),
        hosts="ab",
        items=1,
        reads=False,
    ),
)


def way(name: str, to: str, *, point: int = 2, **more: object) -> Case:
    """A Location that leads to `/f` on host A or B, however it is written."""
    routes = {"/feed.xml": redirect(to), "/f": _FEED, "b/f": _FEED, "/a/f": _FEED, "/f%20x": _FEED, "/%C3%A9": _FEED}
    return one(name, point, routes, items=1, reads=False, hosts="ab", **more)


WAYS = (
    way("location-relative", "f"),
    way("location-dots", "/x/../a/./f"),
    way("location-without-scheme", "//@B-HOST@:@PORT@/f"),
    way("location-with-fragment", "/f#top"),
    way("location-with-spaces", " /f "),
    way("location-with-a-space-inside", "/f x"),
    way("location-in-utf-8", "/\xc3\xa9"),
    way("location-with-backslashes", "\\f"),
    way("location-in-capitals", "HTTP://@B-HOST@:@PORT@/f"),
    way(
        "location-with-credentials",
        "http://user:s3cret@@B-HOST@:@PORT@/f",
        point=6,
        check=lambda found: [
            *(
                ["credentials of a redirect are sent"]
                if "authorization" in requests_to(found, "b/f")[0].headers
                else []
            ),
            *(["s3cret is stored"] if "s3cret" in dump(found.database) else []),
            *(["s3cret is logged"] if "s3cret" in found.log else []),
        ],
    ),
)


def ends(name: str, routes: dict[str, Reply], error: object = "redirect", **more: object) -> Case:
    return one(name, 2, routes, error=error, **more)


ENDS = (
    ends("redirect-loop", {"/feed.xml": redirect("/two"), "/two": redirect("/feed.xml")}),
    ends("redirect-to-itself", {"/feed.xml": redirect("/feed.xml")}),
    ends(
        "redirects-without-end", {"/feed.xml": redirect("/1"), **{f"/{n}": redirect(f"/{n + 1}") for n in range(1, 40)}}
    ),
    ends("redirect-to-nowhere", {"/feed.xml": status(302)}),
    ends("redirect-empty", {"/feed.xml": redirect("")}),
    ends(
        "redirect-300",
        {"/feed.xml": status(300, ("Location", "/f")), "/f": _FEED},
        frozenset({"redirect", "http_server"}),
    ),
    ends(
        "cookie-wall", {"/feed.xml": redirect("/set", 302, ("Set-Cookie", "ok=1")), "/set": redirect("/feed.xml", 302)}
    ),
    ends("redirect-to-nonsense", {"/feed.xml": redirect("http://[oops")}, "blocked"),
    ends("redirect-to-a-long-address", {"/feed.xml": redirect("/" + "x" * 9000)}, frozenset({"blocked", "redirect"})),
    ends(
        "redirect-with-retry",
        {"/feed.xml": redirect("/busy"), "/busy": status(503, ("Retry-After", "7200"))},
        "unavailable",
        next=around(2 * HOUR_S),
    ),
    *(
        ends(f"redirect-to-{to.partition(':')[0]}", {"/feed.xml": redirect(to)}, "blocked")
        for to in (
            "file:///etc/passwd",
            "ftp://@A-HOST@/f",
            "data:text/xml,<rss/>",
            "javascript:alert(1)",
            "gopher://@A-HOST@/f",
        )
    ),
)

#: No packet may leave for any of these: the guard refuses them before a connection is opened. Loopback is allowed in
#: these cases on the server's port only, so every other port of it is as forbidden as the rest.
_PRIVATE = {
    "10": "http://10.0.0.1/",
    "172.16": "http://172.16.0.1/",
    "192.168": "http://192.168.1.1/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "cgnat": "http://100.64.0.1/",
    "this-host": "http://0.0.0.0:@PORT@/",
    "multicast": "http://224.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "6to4-relay": "http://192.88.99.1/",
    "loopback-port": "http://127.0.0.1:9/",
    "loopback-decimal": "http://2130706433:9/",
    "loopback-hex": "http://0x7f.1:9/",
    "loopback-octal": "http://0177.0.0.1:9/",
    "loopback-short": "http://127.1:9/",
    "loopback-v6": "http://[::1]:@PORT@/",
    "mapped": "http://[::ffff:127.0.0.1]:9/",
    "mapped-private": "http://[::ffff:a00:1]/",
    "translated": "http://[::ffff:0:127.0.0.1]:@PORT@/",
    "nat64": "http://[64:ff9b::7f00:1]:@PORT@/",
    "nat64-local": "http://[64:ff9b:1::7f00:1]:@PORT@/",
    "6to4": "http://[2002:7f00:1::]:@PORT@/",
    "teredo": "http://[2001:0:7f00:1::]:@PORT@/",
    "site-local": "http://[fec0::1]/",
    "unique-local": "http://[fd00::1]/",
    "link-local": "http://[fe80::1]/",
    "compatible": "http://[::127.0.0.1]:@PORT@/",
    "fullwidth": "http://１２７.0.0.1:9/",
    "dotted-name": "http://127.0.0.1.:9/",
}

PRIVATE = (
    *(
        one(
            f"private-{name}",
            6,
            {"/feed.xml": redirect(to if to.isascii() else to.encode().decode("latin-1"))},
            error="blocked",
        )
        for name, to in _PRIVATE.items()
    ),
    one("private-feed", 6, {}, feed="http://10.0.0.1/feed.xml", error="blocked"),
    one(
        "private-name",
        6,
        {},
        feed="http://inside.example:@PORT@/feed.xml",
        names={"inside.example": ("192.168.0.9",)},
        error="blocked",
    ),
    one(
        "private-name-among-allowed",
        6,
        # One answer that is not allowed spoils all.
        {"/feed.xml": _FEED},
        feed="http://both.example:@PORT@/feed.xml",
        names={"both.example": ("@A-HOST@ 10.0.0.1",)},
        error="blocked",
        asked={"a/feed.xml": 0},
    ),
    Case(
        name="rebinding",
        point=6,
        # The name changes its mind between two polls: what was fine once is looked at again.
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), ("Connection", "close"))}, new=1, next=START),
            Scene(routes={"/feed.xml": _FEED}, error="blocked", state="backing-off"),
        ),
        feed="http://turn.example:@PORT@/feed.xml",
        names={"turn.example": ("@A-HOST@", "10.0.0.1")},
        items=1,
        reads=False,
    ),
    one("name-unknown", 6, {}, feed="http://nowhere.example/feed.xml", error="connection"),
    one(
        "name-localhost", 6, {}, feed="http://localhost:@PORT@/feed.xml", names={"localhost": ("::1",)}, error="blocked"
    ),
    one(
        "private-page",
        6,
        {
            "/feed.xml": xml(
                rss(listed(1, link="http://169.254.169.254/latest/meta-data/"), listed(2, link="http://10.1.2.3/a"))
            )
        },
        items=(fed(headline(1), "blocked"), fed(headline(2), "blocked")),
    ),
    one(
        "private-page-by-redirect",
        6,
        {"/feed.xml": xml(rss(1)), "/story/1": redirect("http://[::1]:@PORT@/admin")},
        items=(fed(headline(1), "blocked"),),
    ),
    one(
        "private-robots-by-redirect",
        6,
        # The robots.txt of a public page points inside: it cannot be had, and until it can nothing is fetched there.
        {"/feed.xml": xml(rss(1)), "/robots.txt": redirect("http://10.0.0.1/robots.txt"), "/story/1": html(story(1))},
        items=1,
        asked={"a/story/1": 0},
    ),
)

PAGES = (
    one(
        "page-moves-hosts",
        4,
        {"/feed.xml": xml(rss(1)), "/story/1": redirect("@B@/s/1?utm_source=rss", 301), "b/s/1": html(story(1))},
        hosts="ab",
        items=(page(headline(1), article="@B@/s/1", link="@A@/story/1"),),
    ),
    one(
        "page-loops",
        5,
        {"/feed.xml": xml(rss(1)), "/story/1": redirect("/story/2"), "/story/2": redirect("/story/1")},
        items=(fed(headline(1), "redirect"),),
    ),
    one(
        "two-links-one-page",
        4,
        {
            "/feed.xml": xml(rss(listed(1, link="@A@/go/1"), listed(2, link="@A@/go/2"))),
            "/go/1": redirect("/story/1"),
            "/go/2": redirect("/story/1?fbclid=7"),
            "/story/1": html(story(1)),
        },
        items=(page(headline(1), article="@A@/story/1"), page(headline(2), article="@A@/story/1")),
        articles=1,
    ),
)

CASES = (*MOVES, *WAYS, *ENDS, *PRIVATE, *PAGES)
