"""What robots.txt allows, forbids and fails to say; and waits that pages ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hostility.case import HOUR_S, MINUTE_S, Case, Item, Scene, between, fed, one, page, waiting
from hostility.reply import Reply, html, redirect, status, xml
from hostility.texts import headline, listed, rss, story

if TYPE_CHECKING:
    from hostility.case import Wait
    from hostility.outcome import Found

_STORIES = {f"/story/{n}": html(story(n)) for n in range(1, 5)}
_ALL = "User-agent: *\nDisallow: /\n"
_READ = (page(headline(1)),)
_FORBIDDEN = (fed(headline(1), "robots"),)
#: Not known, so nothing is fetched: the feed's text serves, and it is tried again.
_UNKNOWN = (waiting(headline(1), "robots"),)


def robots(name: str, reply: Reply, items: tuple[Item, ...], **more: object) -> Case:
    """One entry, and the robots.txt of its host."""
    routes = {"/feed.xml": xml(rss(1)), "/robots.txt": reply, **_STORIES}
    reads = int(items is _READ)
    return one(name, 1, routes, items=items, asked={"a/story/1": reads, "a/robots.txt": 1}, **more)


def text(body: str | bytes) -> Reply:
    return Reply(headers=(("Content-Type", "text/plain"),), body=body)


def slept(least_s: float, most_s: float) -> object:
    def check(found: Found) -> list[str]:
        return [] if least_s <= found.slept_s <= most_s else [f"waited {found.slept_s:.1f} s for turns"]

    return check


_PADDING = "# padding\n" * 51_300

RULES = (
    robots("robots-allow", text("User-agent: *\nAllow: /\n"), _READ),
    # The feed itself is not asked about: the user has added it.
    robots("robots-disallow-all", text(_ALL), _FORBIDDEN),
    robots("robots-for-us", text("User-agent: *\nAllow: /\n\nUser-agent: wirewatch\nDisallow: /story/\n"), _FORBIDDEN),
    robots("robots-for-others", text("User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /x\n"), _READ),
    robots("robots-longest-match", text("User-agent: *\nDisallow: /\nAllow: /story/1$\n"), _READ),
    robots("robots-wildcard", text("User-agent: *\nDisallow: /*/1\n"), _FORBIDDEN),
    robots("robots-404", status(404), _READ),
    robots("robots-410", status(410), _READ),
    robots("robots-401", status(401), _READ),
    robots("robots-403", status(403), _READ),
    robots("robots-403-challenge", status(403, ("cf-mitigated", "challenge")), _READ),
    robots("robots-500", status(500), _UNKNOWN),
    robots(
        "robots-503-retry",
        status(503, ("Retry-After", "7200")),
        (waiting(headline(1), "robots", again=between(2 * HOUR_S, 3 * HOUR_S)),),
    ),
    # RFC 9309 counts 429 as "unavailable", that is, allowed. It is a server in need, so we wait.
    robots("robots-429", status(429), _UNKNOWN),
    robots("robots-empty", text(""), _READ),
    robots("robots-html", html("<html><body>Not found. User-agent: * Disallow: /</body></html>"), _READ),
    robots("robots-binary", text(bytes(range(256)) * 100), _READ),
    robots("robots-bom-and-cr", text("\ufeffUser-agent: *\rDisallow: /\r".encode()), _FORBIDDEN),
    robots("robots-utf-16", text(_ALL.encode("utf-16")), _READ),
    robots("robots-rule-before-500-kib", text(_ALL + _PADDING + "Allow: /\n"), _FORBIDDEN),
    robots("robots-rule-after-500-kib", text(_PADDING + _ALL), _READ),
    robots("robots-length-of-gigabytes", Reply(body=_ALL + _PADDING, length="5000000000"), _FORBIDDEN),
    robots("robots-redirect", redirect("/r2", 301), _READ),
    one(
        "robots-redirect-to-rules",
        1,
        {"/feed.xml": xml(rss(1)), "/robots.txt": redirect("@B@/rules", 301), "b/rules": text(_ALL), **_STORIES},
        hosts="ab",
        items=_FORBIDDEN,
        asked={"a/story/1": 0},
    ),
    one(
        "robots-redirects-for-ever",
        1,
        # RFC 9309, 2.3.1.2: after five redirects it may count as missing.
        {
            "/feed.xml": xml(rss(1)),
            "/robots.txt": redirect("/r0"),
            **{f"/r{n}": redirect(f"/r{n + 1}") for n in range(20)},
            **_STORIES,
        },
        items=_READ,
    ),
    one(
        "robots-of-the-redirect-target",
        1,
        {"/feed.xml": xml(rss(1)), "/story/1": redirect("@B@/s"), "b/s": html(story(1)), "b/robots.txt": text(_ALL)},
        hosts="ab",
        items=_FORBIDDEN,
        asked={"b/s": 0, "b/robots.txt": 1},
    ),
    one(
        "robots-once-for-three-pages",
        1,
        {"/feed.xml": xml(rss(1, 2, 3)), "/robots.txt": text("User-agent: *\nAllow: /\n"), **_STORIES},
        items=(page(), page(), page()),
        asked={"a/robots.txt": 1},
    ),
    Case(
        name="robots-again-after-a-day",
        point=1,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/robots.txt": status(404), **_STORIES}),
            Scene(
                routes={"/feed.xml": xml(rss(1, 2)), "/robots.txt": text(_ALL), **_STORIES},
                after=timedelta(hours=25),
                new=1,
            ),
        ),
        items=(page(headline(1)), fed(headline(2), "robots")),
        asked={"a/robots.txt": 2},
    ),
    Case(
        name="robots-500-then-200",
        point=1,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/robots.txt": status(500), **_STORIES}),
            Scene(routes={"/feed.xml": xml(rss(1)), "/robots.txt": status(404), **_STORIES}, after=timedelta(hours=7)),
        ),
        items=(page(headline(1), versions=2),),
    ),
)

#: Two pages after the robots.txt: the pause stands between starts on one host.
_TWO = {"/feed.xml": xml(rss(1, 2)), **_STORIES}

PAUSES = (
    one(
        "pause-between-starts",
        1,
        _TWO,
        items=(page(), page()),
        settings={"pause_s": 2.0},
        # feed, robots.txt, page, page: three pauses
        check=slept(5.9, 6.1),
    ),
    one(
        "crawl-delay",
        1,
        {**_TWO, "/robots.txt": text("User-agent: *\nCrawl-delay: 7\n")},
        items=(page(), page()),
        check=slept(13.9, 14.1),
    ),
    one(
        "crawl-delay-of-a-day",
        1,
        {**_TWO, "/robots.txt": text("User-agent: *\nCrawl-delay: 86400\n")},
        items=(page(), page()),
        check=slept(59.9, 60.1),
    ),
    one(
        "crawl-delay-garbage",
        1,
        {**_TWO, "/robots.txt": text("User-agent: *\nCrawl-delay: soon\nCrawl-delay: -5\nCrawl-delay: nan\n")},
        items=(page(), page()),
        check=slept(0.0, 0.1),
    ),
)

#: An entry is tried again after ten minutes at first.
_SOON = between(10 * MINUTE_S, 20 * MINUTE_S)


def tried(name: str, reply: Reply, reason: str, again: Wait | None = _SOON) -> Case:
    """A page that fails; *again* None: for good."""
    item = fed(headline(1), reason) if again is None else waiting(headline(1), reason, again=again)
    return one(name, 5, {"/feed.xml": xml(rss(1)), "/story/1": reply}, items=(item,))


REFUSALS = (
    tried("page-404", status(404), "http_client"),
    tried("page-410", status(410), "gone", None),
    tried("page-403", status(403), "http_client", None),
    tried("page-401", status(401), "auth", None),
    tried("page-402", status(402), "paywall", None),
    tried("page-451", status(451), "http_client", None),
    tried("page-500", status(500), "http_server"),
    tried("page-503", status(503), "unavailable"),
    tried("page-429-retry", status(429, ("Retry-After", "18000")), "rate_limited", between(5 * HOUR_S, 6 * HOUR_S)),
    tried("page-304-unasked", status(304), "http_server"),
    *(
        tried(f"page-challenge-{n}", status(n, ("cf-mitigated", "challenge"), body="<html>Just a moment"), "challenge")
        for n in (200, 403, 503)
    ),
    tried("page-no-http", Reply(status=200, length="99"), "connection"),
    one(
        "page-429-for-the-host",
        1,
        # "for the host when a second URL of it is refused within the wait": the third is not asked for.
        {
            "/feed.xml": xml(rss(1, 2, 3)),
            **{f"/story/{n}": status(429, ("Retry-After", "3600")) for n in (1, 2, 3)},
        },
        items=(
            waiting(headline(1), "rate_limited"),
            waiting(headline(2), "rate_limited"),
            waiting(headline(3), "rate_limited"),
        ),
        asked={"a/story/1": 1, "a/story/2": 1, "a/story/3": 0},
    ),
    Case(
        name="page-500-for-ever",
        point=5,
        # Tried after 10 min, 1 h, 6 h and 24 h; then the feed's text stands.
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": status(500)}),
            *(
                Scene(routes={"/story/1": status(500)}, is_poll=False, after=timedelta(hours=h))
                for h in (1, 2, 7, 25, 50)
            ),
        ),
        items=(fed(headline(1), "http_server"),),
        asked={"a/story/1": 5},
    ),
    Case(
        name="page-challenge-for-ever",
        point=5,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": status(403, ("cf-mitigated", "challenge"))}),
            *(
                Scene(
                    routes={"/story/1": status(403, ("cf-mitigated", "challenge"))},
                    is_poll=False,
                    after=timedelta(hours=h),
                )
                for h in (1, 2, 7, 25, 50)
            ),
        ),
        items=(fed(headline(1), "challenge"),),
        asked={"a/story/1": 5},
    ),
    Case(
        name="page-wait-of-the-host-costs-no-try",
        point=1,
        # Ten waits of another page's making: this one is then asked for the first time, and is there.
        scenes=(
            Scene(
                routes={
                    "/feed.xml": xml(rss(1, 2, 3)),
                    "/story/1": status(429, ("Retry-After", "36000")),
                    "/story/2": status(429, ("Retry-After", "36000")),
                }
            ),
            *(Scene(is_poll=False, after=timedelta(hours=1)) for _ in range(8)),
            Scene(
                routes={f"/story/{n}": html(story(n)) for n in (1, 2, 3)},
                is_poll=False,
                after=timedelta(hours=4),
            ),
        ),
        items=(page(headline(1), versions=2), page(headline(2), versions=2), page(headline(3), versions=2)),
        asked={"a/story/1": 2, "a/story/2": 2, "a/story/3": 1},
    ),
    Case(
        name="page-404-then-there",
        point=5,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": status(404)}),
            Scene(routes={"/story/1": html(story(1))}, is_poll=False, after=timedelta(hours=1)),
        ),
        items=(page(headline(1), versions=2),),
    ),
    one(
        "no-page-no-text",
        5,
        {"/feed.xml": xml(rss(listed(1, title=None, text=None)))},
        items=(Item(title="", state="retrying", reason="http_client", text_from=None),),
    ),
)

CASES = (*RULES, *PAUSES, *REFUSALS)
