"""Gaps between two polls, and sitemaps that fill them or only say so."""

from __future__ import annotations

from hostility.case import MINUTE_S, Case, Scene, between, one, unread
from hostility.found import dump
from hostility.reply import html, redirect, status, xml
from hostility.texts import headline, listed, news_sitemap, rss, sitemap_index, story

# The first poll is at noon, the second half an hour later. Between the last entry of the one and the first of the
# other there is time in which more may have come and gone.
_OLD = rss(*(listed(n, date="Tue, 06 Oct 2026 11:50:00 GMT") for n in (1, 2, 3)))
_NEW = rss(*(listed(n, date="Tue, 06 Oct 2026 12:25:00 GMT") for n in (6, 7, 8)))
_BETWEEN = "2026-10-06T12:10:00Z"


_ROBOTS = "User-agent: *\nAllow: /\nSitemap: @A@/news.xml\n"

INDEXES = (
    one(
        "index-of-5000-sitemaps",
        6,
        # Nobody is asked for thousands of files in one go.
        {
            "/feed.xml": xml(sitemap_index(*(f"@A@/{n}.xml" for n in range(5000)))),
            **{f"/{n}.xml": xml(news_sitemap(n)) for n in range(5000)},
        },
        items=-1,
        reads=False,
        check=lambda found: [] if 2 <= len(found.asked) <= 51 else [f"{len(found.asked)} requests were made"],
    ),
    one(
        "index-in-an-index",
        6,
        {
            "/feed.xml": xml(sitemap_index("@A@/inner.xml", "@A@/news.xml")),
            "/inner.xml": xml(sitemap_index("@A@/feed.xml", "@A@/deeper.xml")),
            "/news.xml": xml(news_sitemap(1)),
        },
        items=(unread(headline(1)),),
        reads=False,
        asked={"a/feed.xml": 1, "a/deeper.xml": 0},
    ),
    one(
        "index-with-a-child-that-fails",
        3,
        {
            "/feed.xml": xml(sitemap_index("@A@/broken.xml", "@A@/news.xml", "http://10.0.0.1/inside.xml")),
            "/broken.xml": status(500),
            "/news.xml": xml(news_sitemap(1)),
        },
        items=(unread(headline(1)),),
        reads=False,
    ),
    one(
        "sitemap-of-hostile-links",
        6,
        {
            "/feed.xml": xml(
                news_sitemap(1).replace("</urlset>", "")
                + "".join(f"<url><loc>{link}</loc></url>" for link in ("file:///etc/passwd", "javascript:1", "", "@A@"))
                + "</urlset>"
            )
        },
        # What is an address at all may be listed; the story is.
        items=-1,
        reads=False,
        check=lambda found: [f"{word} stored" for word in ("file:///", "javascript:") if word in dump(found.database)],
    ),
    one(
        "sitemap-cut-off",
        3,
        {"/feed.xml": xml(news_sitemap(1, 2, 3)[:-200])},
        items=2,
        reads=False,
        events=("feed.cut",),
    ),
    one("sitemap-empty", 3, {"/feed.xml": xml(news_sitemap())}, items=0),
)

GAPS = (
    Case(
        name="gap",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3, no_events=("feed.gap",)),
            # Polling speeds up.
            Scene(
                routes={"/feed.xml": xml(_NEW)}, new=3, events=("feed.gap",), next=between(5 * MINUTE_S, 20 * MINUTE_S)
            ),
        ),
        items=6,
        reads=False,
    ),
    Case(
        name="no-gap-with-one-entry-in-common",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(routes={"/feed.xml": xml(rss(3, 6, 7, 8))}, new=3, no_events=("feed.gap",)),
        ),
        items=6,
        reads=False,
    ),
    Case(
        name="no-gap-when-only-guids-change",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(
                routes={"/feed.xml": xml(rss(*(listed(n, guid=f"new-{n}") for n in (1, 2, 3))))},
                new=0,
                no_events=("feed.gap",),
            ),
        ),
        items=3,
        reads=False,
    ),
    Case(
        name="gap-to-entries-of-long-ago",
        point=3,
        # The document shares entries with an older one, and none with the last: in between something may be missing.
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(routes={"/feed.xml": xml(_NEW)}, new=3, events=("feed.gap",)),
            Scene(routes={"/feed.xml": xml(_OLD)}, new=0, events=("feed.gap",)),
        ),
        items=6,
        reads=False,
    ),
    Case(
        name="gap-filled-from-the-news-sitemap",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(
                routes={
                    "/feed.xml": xml(_NEW),
                    "/robots.txt": status(200, body=_ROBOTS),
                    "/news.xml": xml(news_sitemap(3, 4, 5, 6, date=_BETWEEN)),
                },
                events=("feed.gap",),
            ),
        ),
        # What fills the gap is stored first: a kill in between leaves the gap to be seen again.
        items=(
            *(unread(headline(n), found_by=None) for n in (1, 2, 3)),
            *(unread(headline(n), found_by="sitemap") for n in (4, 5)),
            *(unread(headline(n), found_by=None) for n in (6, 7, 8)),
        ),
        reads=False,
        asked={"a/news.xml": 1},
    ),
    Case(
        name="gap-filled-from-an-index",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(
                routes={
                    "/feed.xml": xml(_NEW),
                    "/robots.txt": status(200, body="Sitemap: @A@/index.xml\n"),
                    "/index.xml": xml(sitemap_index("@A@/news.xml", date=_BETWEEN)),
                    "/news.xml": xml(news_sitemap(4, 5, date=_BETWEEN)),
                },
                events=("feed.gap",),
            ),
        ),
        items=8,
        reads=False,
    ),
    Case(
        name="gap-and-a-hostile-sitemap",
        point=6,
        # The sitemap leads inside: it is not asked for, and the poll is as good as without it.
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(
                routes={
                    "/feed.xml": xml(_NEW),
                    "/robots.txt": status(
                        200, body="Sitemap: http://10.0.0.1/news.xml\nSitemap: file:///etc/passwd\nSitemap: @A@/s\n"
                    ),
                    "/s": redirect("http://169.254.169.254/"),
                },
                events=("feed.gap",),
            ),
        ),
        items=6,
        reads=False,
    ),
    Case(
        name="gap-and-a-sitemap-of-others",
        point=6,
        # A sitemap may speak of its own host only; what it says of others is ignored.
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(
                routes={
                    "/feed.xml": xml(_NEW),
                    "/robots.txt": status(200, body=_ROBOTS),
                    "/news.xml": xml(news_sitemap(4, date=_BETWEEN).replace("@A@", "@B@")),
                },
                events=("feed.gap",),
            ),
        ),
        hosts="ab",
        items=6,
        reads=False,
    ),
    Case(
        name="gap-and-a-broken-sitemap",
        point=6,
        scenes=(
            Scene(routes={"/feed.xml": xml(_OLD)}, new=3),
            Scene(
                routes={
                    "/feed.xml": xml(_NEW),
                    "/robots.txt": status(200, body=_ROBOTS),
                    "/news.xml": html(story(1)),
                },
                events=("feed.gap",),
            ),
        ),
        items=6,
        reads=False,
    ),
)

CASES = (*INDEXES, *GAPS)
