"""How we ask: restarts, what the user wants sent along, and to whom; and how often the user wants to know."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hostility.case import HOUR_S, MINUTE_S, Case, Scene, around, between, fed, one, page, requests_to
from hostility.found import dump
from hostility.reply import html, redirect, status, xml
from hostility.texts import headline, rss, story

if TYPE_CHECKING:
    from hostility.outcome import Found

_FEED = xml(rss(1))
_SECRET = "s3cret-token"
_ACCESS = {"headers": (("X-Key", _SECRET),), "credentials": ("reader", "p4ssword-of-mine")}


def secrets_stay(found: Found) -> list[str]:
    """What the user gave goes to the feed's origin and nowhere else: no other host, robots.txt, database or log.

    Pages of that origin are our choice: subscribers have their articles where they have their feed.
    """
    told = [
        f"sent to {asked.host}{asked.path}"
        for asked in found.asked
        if (asked.host != "a" or asked.path == "/robots.txt") and ({"x-key", "authorization"} & set(asked.headers))
    ]
    first = requests_to(found, "/feed.xml")[0].headers
    if first.get("x-key") != _SECRET or not first.get("authorization", "").startswith("Basic "):
        told.append("not sent to the feed itself")
    for place, text in (("stored", dump(found.database)), ("logged", found.log)):
        told += [f"{secret} is {place}" for secret in (_SECRET, "p4ssword-of-mine") if secret in text]
    return told


ACCESS = (
    one("access", 1, {"/feed.xml": _FEED, "/story/1": html(story(1))}, items=1, access=_ACCESS, check=secrets_stay),
    one(
        "access-and-a-redirect-away",
        1,
        {"/feed.xml": redirect("@B@/f"), "b/f": _FEED},
        hosts="ab",
        items=1,
        reads=False,
        access=_ACCESS,
        check=secrets_stay,
    ),
    one(
        "access-and-a-page-on-the-same-host",
        1,
        {"/feed.xml": _FEED, "/story/1": html(story(1)), "/robots.txt": status(404)},
        items=(page(headline(1)),),
        access=_ACCESS,
        check=secrets_stay,
    ),
    one("access-refused", 1, {"/feed.xml": status(401)}, error="auth", access=_ACCESS, check=secrets_stay),
    one(
        "access-repeated-by-the-server",
        1,
        # It quotes what it was sent in everything that we keep of it.
        {"/feed.xml": redirect(f"data:{_SECRET}")},
        error="blocked",
        access={"headers": (("X-Other", "x"),)},
    ),
    one(
        "every-5-minutes",
        2,
        {"/feed.xml": _FEED},
        items=1,
        reads=False,
        access={"every_s": 300},
        next=around(5 * MINUTE_S),
    ),
    one(
        "every-day",
        2,
        {"/feed.xml": _FEED},
        items=1,
        reads=False,
        access={"every_s": 86_400},
        next=between(30 * MINUTE_S, 24 * HOUR_S),
    ),
    one(
        "every-5-minutes-and-max-age",
        2,
        # What a server says of caches is no wish to be left alone.
        {"/feed.xml": xml(rss(1), ("Cache-Control", "max-age=36000"))},
        items=1,
        reads=False,
        access={"every_s": 300},
        next=around(5 * MINUTE_S),
    ),
    one(
        "every-5-minutes-and-the-server-asks-for-more",
        2,
        # The server's word goes before the user's.
        {"/feed.xml": status(429, ("Retry-After", "7200"))},
        error="rate_limited",
        access={"every_s": 300},
        next=around(2 * HOUR_S),
    ),
)

_ALLOWED = status(200, body="User-agent: *\nDisallow: /private\n")

RESTARTS = (
    Case(
        name="restart-keeps-retry-after",
        point=1,
        # Polled by hand after a restart: the server still wants to be left alone.
        scenes=(
            Scene(
                routes={"/feed.xml": status(429, ("Retry-After", "7200"))}, error="rate_limited", state="backing-off"
            ),
            Scene(
                routes={"/feed.xml": _FEED},
                after=timedelta(minutes=5),
                is_after_restart=True,
                error="rate_limited",
                state="backing-off",
            ),
            Scene(routes={"/feed.xml": _FEED}, is_after_restart=True, new=1),
        ),
        items=1,
        reads=False,
        asked={"a/feed.xml": 2},
    ),
    Case(
        name="restart-keeps-the-wait-of-a-host",
        point=1,
        scenes=(
            Scene(
                routes={
                    "/feed.xml": xml(rss(1, 2)),
                    "/story/1": status(429, ("Retry-After", "36000")),
                    "/story/2": status(429, ("Retry-After", "36000")),
                }
            ),
            Scene(
                routes={"/feed.xml": xml(rss(1, 2, 3)), "/story/3": html(story(3))},
                after=timedelta(hours=1),
                is_after_restart=True,
                # Nobody was asked, so nothing has failed: it is put off to the end of the wait.
                error=None,
                next=around(9 * HOUR_S),
            ),
        ),
        items=2,
        asked={"a/story/3": 0, "a/feed.xml": 1},
    ),
    Case(
        name="restart-keeps-robots",
        point=1,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1)), "/robots.txt": _ALLOWED}),
            Scene(
                routes={"/feed.xml": xml(rss(1, 2)), "/story/2": html(story(2)), "/robots.txt": status(500)},
                after=timedelta(hours=2),
                is_after_restart=True,
                new=1,
            ),
        ),
        items=(page(headline(1)), page(headline(2))),
        asked={"a/robots.txt": 1},
    ),
    Case(
        name="restart-keeps-the-schedule",
        point=1,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), etag='"e"')}, new=1, next=around(30 * MINUTE_S)),
            Scene(routes={"/feed.xml": xml(rss(1), etag='"e"')}, is_after_restart=True, status=304, new=0),
        ),
        items=1,
        reads=False,
        check=lambda found: (
            []
            if requests_to(found, "/feed.xml")[1].headers.get("if-none-match") == '"e"'
            else ["the validator is lost"]
        ),
    ),
    Case(
        name="restart-tries-no-entry-again",
        point=1,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": status(403)}),
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": html(story(1))}, is_after_restart=True),
        ),
        items=(fed(headline(1), "http_client"),),
        asked={"a/story/1": 1},
    ),
)


def _named(found: Found) -> list[str]:
    told = []
    for asked in found.asked:
        agent = asked.headers.get("user-agent", "")
        if not agent.startswith("wirewatch/") or "mailto:desk@news.example" not in agent:
            told.append(f"User-Agent is {agent!r}")
        if {part.strip() for part in asked.headers.get("accept-encoding", "").split(",")} != {"gzip", "br"}:
            told.append(f"Accept-Encoding is {asked.headers.get('accept-encoding')!r}")
    return told


MANNERS = (
    one(
        "who-we-are",
        1,
        {"/feed.xml": _FEED, "/story/1": html(story(1))},
        items=1,
        settings={"contact": "mailto:desk@news.example"},
        check=_named,
    ),
    Case(
        name="cookies-are-not-kept",
        point=1,
        scenes=tuple(
            Scene(
                routes={
                    "/feed.xml": xml(rss(1), ("Set-Cookie", "id=1; Path=/")),
                    "/story/1": html(story(1), headers=(("Set-Cookie", "x=y"),)),
                }
            )
            for _ in range(2)
        ),
        items=1,
        asked={"a/feed.xml": 2},
    ),
)

CASES = (*ACCESS, *RESTARTS, *MANNERS)
