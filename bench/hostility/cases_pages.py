"""Pages that are too much for a parser, canonical addresses that lie, and corrections."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from hostility.case import ANY, Case, Item, Scene, fed, one, page
from hostility.reply import Reply, html, xml
from hostility.texts import headline, listed, paragraphs, rss, story

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = paragraphs(1)[2]
_TEXT = "".join(f"<p>{part}</p>" for part in paragraphs(1))


def heavy(name: str, body: Callable[[], str], item: Item) -> Case:
    """A page made to keep its reader busy; it costs its own entry and nothing else."""
    reply = Reply(headers=(("Content-Type", "text/html"),), body=lambda: body().encode())
    return one(name, 6, {"/feed.xml": xml(rss(1)), "/story/1": reply}, items=(item,))


_READ = page(headline(1), text=_MARK)
_TOO_LARGE = fed(headline(1), "too_large")
#: The cap of 30,000 elements: the issue names no kind for it. Large it is not, but more than we care to read.
_TOO_WIDE = fed(headline(1), frozenset({"too_large", "too_complex"}))
#: What takes more than its time is killed, and says so; a faster machine may read it.
_KILLED_OR_READ = Item(
    title=headline(1), reason=frozenset({None, "too_complex", "too_large", "not_article"}), text_from=ANY
)

HEAVY = (
    heavy("wide-300000-paragraphs", lambda: story(1, text=_TEXT + "<p>x" * 1_000_000), _TOO_LARGE),
    heavy("wide-40000-paragraphs", lambda: story(1, text=_TEXT + "<p>x" * 40_000), _TOO_WIDE),
    # libxml2 stops at a depth of some hundreds, so few of these are ever elements.
    heavy("wide-700000-b", lambda: story(1, text=_TEXT + "<b>" * 700_000), _KILLED_OR_READ),
    heavy("wide-29000-paragraphs", lambda: story(1, text=_TEXT + "<p>x" * 29_000), _KILLED_OR_READ),
    heavy("deep-100000", lambda: story(1, text="<div>" * 100_000 + _TEXT), _KILLED_OR_READ),
    heavy(
        "deep-5000", lambda: story(1, text="<div>" * 5_000 + _TEXT), Item(title=headline(1), reason=ANY, text_from=ANY)
    ),
    heavy("tables-in-tables", lambda: story(1, text=_TEXT + "<table><tr><td>" * 7_000), _KILLED_OR_READ),
    heavy(
        "table-of-20000-rows",
        lambda: story(1, text=_TEXT + "<table>" + "<tr><td>x" * 14_000 + "</table>"),
        _KILLED_OR_READ,
    ),
    heavy(
        "attributes-100000",
        lambda: story(1, text=f"<p {' '.join(f'a{n}=1' for n in range(100_000))} b='{'x' * 1_500_000}'>y</p>{_TEXT}"),
        _KILLED_OR_READ,
    ),
    heavy(
        "attribute-of-two-megabytes-page", lambda: story(1, text=f"<p title='{'x' * 2_000_000}'>y</p>{_TEXT}"), _READ
    ),
    heavy("spaces-2-megabytes", lambda: story(1, text=" " * 2_000_000 + _TEXT), _READ),
    heavy("digits-300000", lambda: story(1, text=f"{_TEXT}<p>{'9' * 300_000}</p>"), _READ),
    heavy("one-word-of-a-megabyte", lambda: story(1, text=f"{_TEXT}<p>{'word' * 250_000}</p>"), _READ),
    heavy("json-ld-deep", lambda: story(1, head=f"<script type='application/ld+json'>{'[' * 100_000}</script>"), _READ),
    heavy(
        "json-ld-by-the-thousand",
        lambda: story(1, head="<script type='application/ld+json'>{}</script>" * 9_000),
        _READ,
    ),
    heavy("comments-2-megabytes", lambda: story(1, head=f"<!-- {'x' * 2_000_000} -->"), _READ),
    heavy("comment-unclosed", lambda: story(1) + "<!-- " + "x" * 100_000, _READ),
    heavy("entities-100000", lambda: story(1, text=_TEXT + "<p>" + "&amp;&nbsp;&#8212;" * 100_000), _READ),
    heavy("script-unclosed", lambda: story(1) + "<script>" + "x" * 100_000, _READ),
    heavy("combining-marks", lambda: story(1, text=f"{_TEXT}<p>a{chr(0x0301) * 200_000}</p>"), _READ),
    heavy("dots-and-dates", lambda: story(1, text=f"{_TEXT}<p>{'1.1.1.1.' * 100_000}</p>"), _READ),
    heavy(
        "text-of-2-megabytes",
        lambda: story(1, text="".join(f"<p>{p}</p>" for p in paragraphs(1, 5_000))),
        Item(title=headline(1), reason=ANY, text_from=ANY),
    ),
    heavy("body-of-3.1-megabytes", lambda: story(1) + " " * 3_100_000, _TOO_LARGE),
)


def canonical(name: str, head: str, **more: object) -> Case:
    """A page that says where its original is. Whatever it says, this story is stored, and under its own address."""
    routes = {"/feed.xml": xml(rss(1)), "/story/1": html(story(1, head=head))}
    item = page(headline(1), text=_MARK, article="@A@/story/1")
    return one(name, 4, routes, items=(item,), hosts="ab", articles=1, **more)


CANONICAL = (
    canonical("canonical-is-itself", '<link rel=canonical href="@A@/story/1">'),
    canonical("canonical-home-page", '<link rel=canonical href="/">'),
    canonical("canonical-other-host-home", '<link rel=canonical href="@B@/">'),
    canonical("canonical-another-story", '<link rel=canonical href="/story/2">'),
    canonical("canonical-two", '<link rel=canonical href="/story/3"><link rel=canonical href="/story/4">'),
    canonical("canonical-inside", '<link rel=canonical href="http://10.0.0.1/story/1">'),
    canonical(
        "canonical-script", '<link rel=canonical href="javascript:alert(1)"><meta property=og:url content="data:,x">'
    ),
    canonical("canonical-nonsense", f'<link rel=canonical href="http://[{"x" * 5000}">'),
    canonical("og-url-home", '<meta property="og:url" content="@A@/">'),
    canonical("og-url-of-section", '<meta property="og:url" content="@A@/sport/">'),
    one(
        "canonical-of-all-is-one-story",
        4,
        # A broken template: every page names the first story. They are three articles all the same.
        {
            "/feed.xml": xml(rss(1, 2, 3)),
            **{f"/story/{n}": html(story(n, head='<link rel=canonical href="/story/1">')) for n in (1, 2, 3)},
        },
        items=tuple(page(headline(n), text=paragraphs(n)[2], article=f"@A@/story/{n}") for n in (1, 2, 3)),
        articles=3,
    ),
    one(
        "amp-and-its-original",
        4,
        # The AMP page names its original, which is the same story on the same host: one article.
        {
            "/feed.xml": xml(rss(1, listed(2, link="@A@/amp/story/1", title=headline(1) + " (AMP)"))),
            "/story/1": html(
                story(1, head='<link rel=canonical href="@A@/story/1"><link rel=amphtml href="@A@/amp/story/1">')
            ),
            "/amp/story/1": html(
                story(1, head='<link rel=canonical href="@A@/story/1">').replace("<html ", "<html amp ")
            ),
        },
        items=(page(headline(1), article="@A@/story/1"), page(article="@A@/story/1")),
        articles=1,
    ),
)


def told(name: str, page_says: str, feed_says: str | None, published: str | None) -> Case:
    """Dates and titles of the feed win over the page's; JSON-LD over OpenGraph."""
    item = listed(1, date=feed_says)

    def check(found: object) -> list[str]:
        from hostility.found import read_entries

        (entry,) = read_entries(found.database)
        micros = entry["article_published"]
        seen = None if micros is None else (timedelta(microseconds=micros) // timedelta(seconds=1))
        from datetime import UTC, datetime

        said = None if seen is None else datetime.fromtimestamp(seen, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [] if said == published else [f"the article is dated {said}, not {published}"]

    return one(name, 5, {"/feed.xml": xml(rss(item)), "/story/1": html(story(1, head=page_says))}, items=1, check=check)


_LD = '<script type="application/ld+json">{}</script>'
_JSON_LD = _LD.format(
    json.dumps({"@type": "NewsArticle", "headline": "LD", "datePublished": "2026-10-04T10:00:00+02:00"})
)
_GRAPH = (
    '<meta property="article:published_time" content="2026-10-03T10:00:00Z"><meta property="og:title" content="OG">'
)

FACTS = (
    told("date-feed-over-page", _JSON_LD + _GRAPH, "Mon, 05 Oct 2026 08:00:00 GMT", "2026-10-05T08:00:00Z"),
    told("date-json-ld-over-graph", _GRAPH + _JSON_LD, None, "2026-10-04T08:00:00Z"),
    told("date-graph", _GRAPH, None, "2026-10-03T10:00:00Z"),
    told(
        "date-broken-json-ld",
        _LD.format('{"@type": "NewsArticle", "datePublished": "2026-1') + _GRAPH,
        None,
        "2026-10-03T10:00:00Z",
    ),
    told(
        "date-json-ld-of-another-type",
        _LD.format('{"@type": "Organization", "datePublished": "1999-01-01"}') + _GRAPH,
        None,
        "2026-10-03T10:00:00Z",
    ),
    told("date-nowhere", "", None, None),
    one(
        "title-of-the-page",
        5,
        {"/feed.xml": xml(rss(listed(1, title=None))), "/story/1": html(story(1, head=_JSON_LD + _GRAPH))},
        items=(page("", text=_MARK),),
    ),
)

_SHORTER = "".join(f"<p>{part}</p>" for part in paragraphs(7))

CORRECTIONS = (
    Case(
        name="page-corrected-after-an-hour",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1))}),
            Scene(routes={"/story/1": html(story(1, text=_SHORTER))}, is_poll=False, after=timedelta(minutes=61)),
        ),
        items=(page(headline(1), text=paragraphs(7)[2], lacks=_MARK, versions=2),),
        articles=1,
    ),
    Case(
        name="page-corrected-by-its-feed",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1))}),
            Scene(
                routes={
                    "/feed.xml": xml(rss(listed(1, text="Corrected: no figures."))),
                    "/story/1": html(story(1, text=_SHORTER)),
                },
                new=0,
                changed=1,
            ),
        ),
        items=(page(headline(1), text=paragraphs(7)[2], versions=2),),
    ),
    Case(
        name="page-changes-nothing-but-furniture",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1))}),
            Scene(
                routes={"/story/1": html(story(1).replace("imprint", "imprint, 17 readers online"))},
                is_poll=False,
                after=timedelta(minutes=61),
            ),
        ),
        items=(page(headline(1), text=_MARK, versions=1),),
    ),
    Case(
        name="page-gone-after-an-hour",
        point=3,
        # What is stored stands.
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1))}),
            Scene(routes={}, is_poll=False, after=timedelta(minutes=61)),
        ),
        items=(page(headline(1), text=_MARK, versions=1),),
    ),
    Case(
        name="page-becomes-a-wall",
        point=5,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1))}),
            Scene(
                routes={
                    "/story/1": html(
                        "<html><head><title>Just a moment...</title></head><body>Verify you are human.</body></html>"
                    )
                },
                is_poll=False,
                after=timedelta(minutes=61),
            ),
        ),
        items=(page(headline(1), text=_MARK, versions=1),),
    ),
    Case(
        name="page-not-modified",
        point=1,
        scenes=(
            Scene(
                routes={
                    "/feed.xml": xml(rss(1)),
                    "/story/1": Reply(body=story(1), headers=(("Content-Type", "text/html"),), etag='"p"'),
                }
            ),
            Scene(routes={"/story/1": Reply(body=story(1), etag='"p"')}, is_poll=False, after=timedelta(minutes=61)),
        ),
        items=(page(headline(1), text=_MARK, versions=1),),
        asked={"a/story/1": 2},
    ),
)

CASES = (*HEAVY, *CANONICAL, *FACTS, *CORRECTIONS)
