"""Statuses, waits that servers ask for, validators, and answers that break the rules of HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hostility.case import (
    DAY_S,
    FIRST_FAILURE,
    HOUR_S,
    LONGER,
    START,
    Case,
    Scene,
    around,
    between,
    one,
    requests_to,
    unread,
)
from hostility.reply import Reply, raw, status, xml
from hostility.texts import headline, rss

if TYPE_CHECKING:
    from hostility.case import (
        Wait,
    )
    from hostility.outcome import Found

_FEED = xml(rss(1))
_AFTER = "Retry-After"


def refused(name: str, reply: Reply, error: str, *, next: Wait = FIRST_FAILURE, state: str = "backing-off") -> Case:  # noqa: A002  # as the field is called
    """A feed that is refused."""
    return one(name, 2, {"/feed.xml": reply}, error=error, status=reply.status, next=next, state=state)


_GATE = (("Content-Type", "text/html"), ("cf-mitigated", "challenge"))

STATUSES = (
    refused("status-404", status(404), "http_client"),
    refused("status-403", status(403), "http_client"),
    refused("status-400", status(400), "http_client"),
    refused("status-418", status(418), "http_client"),
    refused("status-401", status(401, ("WWW-Authenticate", "Basic realm=x")), "auth"),
    refused("status-451", status(451), "http_client"),
    refused("status-500", status(500), "http_server"),
    refused("status-502", status(502, body="<html>Bad gateway"), "http_server"),
    refused("status-503", status(503), "unavailable"),
    refused("status-429", status(429), "rate_limited"),
    refused("status-204", status(204), "http_server"),
    refused(
        "status-206", Reply(status=206, body=rss(1), headers=(("Content-Range", "bytes 0-99/900"),)), "http_server"
    ),
    refused("status-304-unasked", status(304), "http_server"),
    refused("status-999", status(999), "http_server"),
    refused("challenge-403", Reply(status=403, headers=_GATE, body="<html>Just a moment..."), "challenge"),
    refused("challenge-503", Reply(status=503, headers=_GATE, body="<html>Just a moment..."), "challenge"),
    refused("challenge-202", Reply(status=202, headers=(("x-amzn-waf-action", "challenge"),)), "challenge"),
    # A wall with status 200, which its header tells; without it this would be "no feed".
    refused("challenge-200", Reply(status=200, headers=_GATE, body="<html>Just a moment..."), "challenge"),
    Case(
        name="gone-twice",
        point=2,
        scenes=(
            Scene(routes={"/feed.xml": status(410)}, error="gone", state="backing-off", next=FIRST_FAILURE),
            Scene(
                routes={"/feed.xml": status(410)},
                error="gone",
                state="gone",
                next=around(30 * DAY_S),
                events=("feed.gone",),
            ),
            Scene(routes={"/feed.xml": status(404)}, error="http_client", state="gone", next=around(30 * DAY_S)),
            Scene(routes={"/feed.xml": _FEED}, new=1, state="active", events=("feed.recovered",)),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="gone-404-gone",
        point=2,
        # Twice means twice in a row: a 404 between says that the server does not know what it wants.
        scenes=(
            Scene(routes={"/feed.xml": status(410)}, error="gone", state="backing-off"),
            Scene(routes={"/feed.xml": status(404)}, error="http_client", state="backing-off"),
            Scene(routes={"/feed.xml": status(410)}, error="gone", state="backing-off"),
        ),
    ),
)


def asks(name: str, number: int, value: str, wait: Wait, error: str, *headers: tuple[str, str]) -> Case:
    """A refusal that says when to come back."""
    return refused(name, status(number, (_AFTER, value), *headers), error, next=wait)


WAITS = (
    asks("retry-429-seconds", 429, "14400", around(4 * HOUR_S), "rate_limited"),
    asks("retry-429-date", 429, "Tue, 06 Oct 2026 18:00:00 GMT", around(6 * HOUR_S), "rate_limited"),
    asks(
        "retry-date-of-a-wrong-clock",
        503,
        "Tue, 01 Sep 2020 06:00:00 GMT",
        around(6 * HOUR_S),
        "unavailable",
        ("Date", "Tue, 01 Sep 2020 00:00:00 GMT"),
    ),
    asks("retry-503-seconds", 503, "7200", around(2 * HOUR_S), "unavailable"),
    asks("retry-403-seconds", 403, "7200", around(2 * HOUR_S), "http_client"),
    asks("retry-500-seconds", 500, "10800", around(3 * HOUR_S), "http_server"),
    asks("retry-challenge-seconds", 403, "10800", around(3 * HOUR_S), "challenge", ("cf-mitigated", "challenge")),
    asks("retry-202-seconds", 202, "10800", around(3 * HOUR_S), "http_server"),
    asks("retry-a-year", 429, "31536000", around(7 * DAY_S), "rate_limited"),
    asks("retry-hundred-digits", 503, "9" * 100, around(7 * DAY_S), "unavailable"),
    asks("retry-negative", 429, "-5", FIRST_FAILURE, "rate_limited"),
    asks("retry-garbage", 429, "soon, please", FIRST_FAILURE, "rate_limited"),
    asks("retry-past-date", 503, "Thu, 01 Jan 1970 00:00:00 GMT", FIRST_FAILURE, "unavailable"),
    asks("retry-impossible-date", 503, "Fri, 99 Foo 99999 77:77:77 GMT", FIRST_FAILURE, "unavailable"),
    one(
        "retry-with-a-document",
        1,
        # "Retry-After on any status": the document is read, and the wait kept.
        {"/feed.xml": xml(rss(1), (_AFTER, "18000"))},
        items=1,
        reads=False,
        new=1,
        next=around(5 * HOUR_S),
    ),
    one("ttl", 2, {"/feed.xml": xml(rss(1, channel="<ttl>180</ttl>"))}, items=1, reads=False, next=around(3 * HOUR_S)),
    one("ttl-garbage", 2, {"/feed.xml": xml(rss(1, channel="<ttl>often</ttl>"))}, items=1, reads=False, next=START),
    one(
        "ttl-a-year",
        2,
        {"/feed.xml": xml(rss(1, channel="<ttl>525600</ttl>"))},
        items=1,
        reads=False,
        next=between(DAY_S, DAY_S),
    ),
    one(
        "update-period",
        2,
        {
            "/feed.xml": xml(
                rss(1, channel="<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>")
            )
        },
        items=1,
        reads=False,
        next=around(6 * HOUR_S),
    ),
    one(
        "max-age",
        2,
        {"/feed.xml": xml(rss(1), ("Cache-Control", "public, max-age=7200"))},
        items=1,
        reads=False,
        next=around(2 * HOUR_S),
    ),
    one(
        "max-age-ten-years",
        2,
        {"/feed.xml": xml(rss(1), ("Cache-Control", "max-age=315360000"))},
        items=1,
        reads=False,
        next=between(DAY_S, DAY_S),
    ),
    one(
        "max-age-garbage",
        2,
        {"/feed.xml": xml(rss(1), ("Cache-Control", "max-age=-1, max-age=, ,,="))},
        items=1,
        reads=False,
        next=START,
    ),
    one(
        "expires",
        2,
        {"/feed.xml": xml(rss(1), ("Expires", "Tue, 06 Oct 2026 16:00:00 GMT"))},
        items=1,
        reads=False,
        next=around(4 * HOUR_S),
    ),
    one("expires-zero", 2, {"/feed.xml": xml(rss(1), ("Expires", "0"))}, items=1, reads=False, next=START),
    one(
        "expires-in-the-past",
        2,
        {"/feed.xml": xml(rss(1), ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"))},
        items=1,
        reads=False,
        next=START,
    ),
)


def _sent(etag: str, modified: str) -> object:
    def check(found: Found) -> list[str]:
        last = requests_to(found, "/feed.xml")[-1].headers
        sent = last.get("if-none-match"), last.get("if-modified-since")
        return [] if sent == (etag, modified) else [f"validators came back as {sent!r}"]

    return check


def _full_after_a_day(found: Found) -> list[str]:
    sent = ["if-none-match" in asked.headers for asked in requests_to(found, "/feed.xml")]
    return [] if sent == [False, True, False] else [f"conditional: {sent}"]


_ODD_ETAG = 'W/"a b\xe9;,\'"'
_ODD_DATE = "yesterday; about noon"

_AFRAID = Reply(body=rss(1), headers=(("ETag", f'"{"e" * 9000}"'),), fears_validators=True)
_ANY_STATE = frozenset({"active", "backing-off"})

VALIDATORS = (
    Case(
        name="not-modified",
        point=2,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), etag='"one"')}, new=1, next=START),
            Scene(routes={"/feed.xml": xml(rss(1), etag='"one"')}, status=304, new=0, next=LONGER),
        ),
        items=(unread(headline(1)),),
        reads=False,
    ),
    Case(
        name="validators-byte-exact",
        point=1,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), ("ETag", _ODD_ETAG), ("Last-Modified", _ODD_DATE))}),
            Scene(routes={"/feed.xml": status(304)}, status=304),
        ),
        items=1,
        reads=False,
        check=_sent(_ODD_ETAG, _ODD_DATE),
    ),
    Case(
        name="304-that-lies",
        point=2,
        # The server says "same" whatever it has. Once a day it is asked without validators, and then the news comes.
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), etag='"for ever"')}, new=1),
            Scene(routes={"/feed.xml": xml(rss(1, 2), etag='"for ever"')}, status=304, new=0),
            Scene(
                routes={"/feed.xml": xml(rss(1, 2), etag='"for ever"')}, after=timedelta(hours=24), status=200, new=1
            ),
        ),
        items=(unread(headline(1)), unread(headline(2))),
        reads=False,
        check=_full_after_a_day,
    ),
    Case(
        name="same-body-new-validators",
        point=2,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), etag='"one"')}, new=1),
            Scene(routes={"/feed.xml": xml(rss(1), etag='"two"')}, status=200, new=0, changed=0, next=LONGER),
            Scene(routes={"/feed.xml": xml(rss(1), etag='"two"')}, status=304, new=0),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="same-body-no-validators",
        point=2,
        scenes=(
            Scene(routes={"/feed.xml": _FEED}, new=1),
            Scene(routes={"/feed.xml": _FEED}, status=200, new=0, changed=0, next=LONGER),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="only-the-build-date-changes",
        point=2,
        scenes=tuple(
            Scene(
                routes={"/feed.xml": xml(rss(1, channel=f"<lastBuildDate>{n}</lastBuildDate><!-- {n} -->"))},
                new=1 if n == 1 else 0,
                changed=0,
                next=START if n == 1 else LONGER,
            )
            for n in (1, 2)
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="validators-that-are-refused",
        point=2,
        # The server cannot bear what it has sent itself. After a day at the latest it is asked without.
        scenes=(
            Scene(routes={"/feed.xml": _AFRAID}, new=1),
            Scene(routes={"/feed.xml": _AFRAID}, error=frozenset({None, "http_client"}), state=_ANY_STATE),
            Scene(routes={"/feed.xml": _AFRAID}, after=timedelta(hours=24), status=200, new=0),
        ),
        items=1,
        reads=False,
    ),
    Case(
        name="304-with-a-new-etag",
        point=2,
        scenes=(
            Scene(routes={"/feed.xml": xml(rss(1), ("ETag", '"one"'))}, new=1),
            Scene(routes={"/feed.xml": status(304, ("ETag", '"two"'))}, status=304),
        ),
        items=1,
        reads=False,
    ),
)


def broken(name: str, reply: Reply, status: object = None) -> Case:
    """An answer that is no HTTP; *status* where it began well."""
    return one(name, 6, {"/feed.xml": reply}, error="connection", status=status)


def _wire(head: str, body: bytes = b"") -> Reply:
    return raw(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)


_BODY = rss(1).replace("@A@", "http://x.example").encode()

BROKEN_HTTP = (
    broken("closed-at-once", raw()),
    broken("no-http", _wire("SSH-2.0-OpenSSH_9.6")),
    broken("http-0.9", _wire("<rss><channel/></rss>")),
    broken("status-line-garbage", _wire("HTTP/1.1 abc OK")),
    broken("header-without-colon", _wire("HTTP/1.1 200 OK\nthis is no header\nContent-Length: 0")),
    broken("header-with-nul", _wire("HTTP/1.1 200 OK\nX-A: a\0b\nContent-Length: 0")),
    broken("two-lengths", _wire("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 900", _BODY)),
    broken("length-negative", _wire("HTTP/1.1 200 OK\nContent-Length: -1", _BODY)),
    broken("length-words", _wire("HTTP/1.1 200 OK\nContent-Length: many", _BODY)),
    broken("chunk-garbage", _wire("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"zz\r\nabc\r\n0\r\n\r\n"), 200),
    broken("chunk-cut-off", _wire("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"ff\r\nabc"), 200),
    broken("chunk-of-exabytes", _wire("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"f" * 40 + b"\r\nabc"), 200),
    one(
        "http-1.0",
        3,
        {"/feed.xml": _wire("HTTP/1.0 200 OK\nContent-Type: text/xml", _BODY)},
        items=1,
        reads=False,
    ),
    one(
        "chunked-with-trailers",
        3,
        {
            "/feed.xml": _wire(
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked",
                b"%x;ext=%s\r\n%s\r\n0\r\nX-T: 1\r\n\r\n" % (len(_BODY), b"e" * 500, _BODY),
            )
        },
        items=1,
        reads=False,
    ),
    one(
        "early-hints",
        3,
        {"/feed.xml": _wire("HTTP/1.1 103 Early\nLink: </x>\n\nHTTP/1.1 200 OK\nContent-Type: text/xml", _BODY)},
        items=1,
        reads=False,
    ),
    one(
        "link-headers-by-the-hundred",
        6,
        {"/feed.xml": xml(rss(1), *[("Link", '<http://10.0.0.1/hub>; rel=hub; x="')] * 300)},
        items=1,
        reads=False,
    ),
    one("no-listener", 6, {}, feed="@Z@/feed.xml", error="connection", status=None),
)

CASES = (*STATUSES, *WAITS, *VALIDATORS, *BROKEN_HTTP)
