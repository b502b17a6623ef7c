"""Dates of entries, and the way of a feed through its states."""

from __future__ import annotations

from datetime import timedelta

from hostility.case import (
    ANY,
    DAY_S,
    HOUR_S,
    LONGER,
    MINUTE_S,
    START,
    Case,
    Scene,
    around,
    between,
    one,
    unread,
)
from hostility.reply import status, xml
from hostility.texts import atom, headline, listed, rss


def dated(name: str, date: str | None, published: object, fault: object, *, feed: str | None = None) -> Case:
    """What a date says, what is kept of it, and what is wrong with it. It is never "now"."""
    document = rss(listed(1, date=date)) if feed is None else feed
    item = unread(headline(1), published=published, date_fault=fault)
    return one(name, 5, {"/feed.xml": xml(document)}, items=(item,), reads=False)


_EIGHT = "2026-10-05T08:00:00Z"

DATES = (
    dated("date-gmt", "Mon, 05 Oct 2026 08:00:00 GMT", _EIGHT, None),
    dated("date-offset", "Mon, 05 Oct 2026 10:00:00 +0200", _EIGHT, None),
    dated("date-est", "Mon, 05 Oct 2026 03:00:00 EST", _EIGHT, None),
    dated("date-two-digits", "Mon, 05 Oct 26 08:00:00 GMT", _EIGHT, None),
    dated("date-iso-in-rss", "2026-10-05T08:00:00Z", _EIGHT, None),
    dated("date-none", None, None, "missing"),
    dated("date-empty", "", None, "missing"),
    dated("date-words", "some time last week", None, "missing"),
    dated("date-epoch", "Thu, 01 Jan 1970 00:00:00 GMT", None, "missing"),
    dated("date-year-one", "Mon, 01 Jan 0001 00:00:00 +0000", None, "missing"),
    dated("date-february-30", "Mon, 30 Feb 2026 08:00:00 GMT", None, "missing"),
    # feedparser reads some year of these digits, and it has the last word.
    dated("date-year-99999", "99999-10-05T08:00:00Z", ANY, frozenset({"missing", "future"})),
    dated("date-huge-offset", "Mon, 05 Oct 2026 08:00:00 +9999999999", ANY, ANY),
    dated("date-future", "Fri, 05 Oct 2096 08:00:00 GMT", "2096-10-05T08:00:00Z", "future"),
    dated("date-without-zone", "Mon, 05 Oct 2026 08:00:00", _EIGHT, "zone"),
    dated(
        "date-iso-without-zone", "2026-10-05T08:00:00", _EIGHT, "zone", feed=atom(listed(1, date="2026-10-05T08:00:00"))
    ),
    dated("date-unknown-zone", "Mon, 05 Oct 2026 08:00:00 XYZT", _EIGHT, "zone"),
    dated("date-of-a-day", "2026-10-05", "2026-10-05T00:00:00Z", "zone"),
    dated("date-24-hours", "Mon, 05 Oct 2026 24:00:00 GMT", ANY, ANY),
    dated("date-leap-second", "Mon, 05 Oct 2026 08:00:60 GMT", ANY, ANY),
    dated("date-bomb", "1" * 100_000, None, "missing"),
)

_FEED = xml(rss(1))

STATES = (
    Case(
        name="backs-off-to-a-day",
        point=2,
        scenes=(
            Scene(
                routes={"/feed.xml": status(500)},
                error="http_server",
                state="backing-off",
                next=between(30 * MINUTE_S, 2 * HOUR_S),
            ),
            Scene(
                routes={"/feed.xml": status(500)},
                times=3,
                error="http_server",
                state="backing-off",
                next=between(HOUR_S, DAY_S),
            ),
            Scene(
                routes={"/feed.xml": status(500)},
                times=16,
                error="http_server",
                state="backing-off",
                next=between(DAY_S, DAY_S),
            ),
        ),
    ),
    Case(
        name="dormant-and-back",
        point=2,
        scenes=(
            Scene(
                routes={"/feed.xml": status(404)},
                times=30,
                error="http_client",
                state="dormant",
                next=around(7 * DAY_S),
                events=("feed.broken", "feed.dormant"),
            ),
            Scene(
                routes={"/feed.xml": status(404)},
                times=3,
                error="http_client",
                state="dormant",
                next=around(7 * DAY_S),
                no_events=("feed.dormant",),
            ),
            Scene(routes={"/feed.xml": _FEED}, new=1, next=START, events=("feed.recovered",)),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="one-failure-is-no-break",
        point=7,
        # Any server stumbles; people are told when it lasts.
        scenes=(
            Scene(routes={"/feed.xml": _FEED}, new=1),
            Scene(
                routes={"/feed.xml": status(503)}, error="unavailable", state="backing-off", no_events=("feed.broken",)
            ),
            Scene(routes={"/feed.xml": _FEED}, new=0, no_events=("feed.recovered",)),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="broken-and-recovered",
        point=7,
        scenes=(
            Scene(routes={"/feed.xml": _FEED}, new=1),
            Scene(
                routes={"/feed.xml": status(500)},
                times=12,
                error="http_server",
                state="backing-off",
                events=("feed.broken",),
            ),
            Scene(
                routes={"/feed.xml": xml(rss(1, 2))},
                new=1,
                next=between(10 * MINUTE_S, 30 * MINUTE_S),
                events=("feed.recovered",),
            ),
        ),
        items=2,
        reads=False,
    ),
    Case(
        name="broken-is-told-once",
        point=7,
        scenes=(
            Scene(routes={"/feed.xml": _FEED}, new=1),
            Scene(
                routes={"/feed.xml": status(500)},
                times=12,
                error="http_server",
                state="backing-off",
                events=("feed.broken",),
            ),
            Scene(
                routes={"/feed.xml": status(500)},
                times=6,
                error="http_server",
                state="backing-off",
                no_events=("feed.broken",),
            ),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="silent-is-not-broken",
        point=7,
        # Four new entries a day for a week, and then nothing for three weeks, with status 200 throughout.
        scenes=(
            *(
                Scene(
                    routes={"/feed.xml": xml(rss(*range(n, n + 5)))}, after=timedelta(hours=6), new=5 if n == 0 else 1
                )
                for n in range(28)
            ),
            Scene(
                routes={"/feed.xml": xml(rss(*range(27, 32)))},
                after=timedelta(hours=23),
                times=21,
                events=("feed.silent",),
                no_events=("feed.broken",),
            ),
        ),
        items=32,
        reads=False,
    ),
    Case(
        name="quiet-feeds-are-asked-less",
        point=2,
        scenes=(
            Scene(routes={"/feed.xml": _FEED}, next=START),
            Scene(routes={"/feed.xml": _FEED}, next=LONGER),
            Scene(routes={"/feed.xml": _FEED}, times=40, next=between(DAY_S, DAY_S)),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="busy-feeds-are-asked-more",
        point=2,
        # Two thirds new with every poll: down to ten minutes, and no further.
        scenes=tuple(
            Scene(
                routes={"/feed.xml": xml(rss(*range(2 * n, 2 * n + 3)))},
                new=3 if n == 0 else 2,
                next=START if n == 0 else between(10 * MINUTE_S, 29 * MINUTE_S) if n < 6 else around(10 * MINUTE_S),
                no_events=("feed.gap",),
            )
            for n in range(7)
        ),
        items=15,
        reads=False,
    ),
    Case(
        name="retry-after-outlives-the-poll",
        point=1,
        # Asked too early, by hand: the server wanted to be left alone, so no request is made.
        scenes=(
            Scene(
                routes={"/feed.xml": status(429, ("Retry-After", "7200"))},
                error="rate_limited",
                state="backing-off",
                next=around(2 * HOUR_S),
            ),
            Scene(routes={"/feed.xml": _FEED}, after=timedelta(minutes=10), error="rate_limited", state="backing-off"),
            Scene(routes={"/feed.xml": _FEED}, new=1),
        ),
        items=1,
        reads=False,
        asked={"a/feed.xml": 2},
    ),
)

CASES = (*DATES, *STATES)
