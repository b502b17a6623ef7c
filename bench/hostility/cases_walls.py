"""What stands where an article should be: walls, shells, notices, files. Each is a reason of its own on the entry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hostility.case import Item, fed, one, page
from hostility.reply import Reply, html, redirect, status, xml
from hostility.texts import headline, paragraphs, rss, story, summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostility.case import Case

_TEASER = f"<p>{paragraphs(1)[0][:160]}…</p>"
_TEXT = "".join(f"<p>{part}</p>" for part in paragraphs(1))


def wall(name: str, reply: Reply, reason: object, **more: object) -> Case:
    """A page that is none: its reason stands on the entry, and the feed's own text is used.

    A check for robots is tried again: some let the next request pass.
    """
    item = fed(headline(1), reason, text=summary(1))
    if reason == "challenge":
        item = replace(item, state="retrying")
    return one(name, 5, {"/feed.xml": xml(rss(1)), "/story/1": reply}, items=(item,), **more)


def linked_data(**facts: object) -> str:
    import json

    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


def bare_page(body: str, *, title: str = "", head: str = "") -> Reply:
    return html(
        f"<!DOCTYPE html><html><head><title>{title or headline(1)}</title>{head}</head><body>{body}</body></html>"
    )


_NOT_FREE = linked_data(headline=headline(1), isAccessibleForFree=False)
_SUBSCRIBE = "<div class='paywall'><h2>Subscribe to continue reading</h2><p>Already a subscriber? Log in</p></div>"

PAYWALLS = (
    wall("paywall-json-ld", html(story(1, head=_NOT_FREE, text=_TEASER + _SUBSCRIBE)), "paywall"),
    wall(
        "paywall-json-ld-as-text", html(story(1, head=_NOT_FREE.replace("false", '"False"'), text=_TEASER)), "paywall"
    ),
    wall(
        "paywall-meta",
        html(story(1, head='<meta property="article:content_tier" content="locked">', text=_TEASER)),
        "paywall",
    ),
    wall(
        "paywall-has-part",
        html(
            story(
                1,
                head=linked_data(
                    isAccessibleForFree="False", hasPart={"@type": "WebPageElement", "isAccessibleForFree": "False"}
                ),
                text=_TEASER,
            )
        ),
        "paywall",
    ),
    # It says so in words only, after a teaser.
    wall(
        "paywall-in-words",
        html(
            story(
                1, text=_TEASER + "<p>Subscribe to continue reading. To read the full story, become a member today.</p>"
            )
        ),
        "paywall",
    ),
    wall("paywall-402", status(402, body="<html>Pay"), "paywall"),
    one(
        "paywall-that-shows-all",
        5,
        # Marked, and the whole text is there: the text is what counts.
        {"/feed.xml": xml(rss(1)), "/story/1": html(story(1, head=_NOT_FREE))},
        items=(page(headline(1), text=paragraphs(1)[2]),),
    ),
)

_CONSENT = (
    "<h1>We value your privacy</h1><p>We and our 842 partners store and access information on your device, such as"
    " cookies, and process personal data. With your permission we may use precise geolocation data. You may click to"
    " consent to our and our partners' processing as described above.</p>"
    "<button>Accept all</button><button>Reject all</button><button>Manage options</button>"
)
_CONSENT_DE = (
    "<h1>Wir benötigen Ihre Zustimmung</h1><p>Wir und unsere Partner verwenden Cookies und ähnliche Techniken, um"
    " Informationen auf Ihrem Gerät zu speichern. Mit Ihrer Zustimmung lesen Sie weiter mit Werbung.</p>"
    "<button>Alle akzeptieren</button>"
)

CONSENT = (
    wall("consent-page", bare_page(_CONSENT), "consent"),
    wall("consent-page-german", bare_page(_CONSENT_DE), "consent"),
    one(
        "consent-redirect",
        5,
        {
            "/feed.xml": xml(rss(1)),
            "/story/1": redirect("@B@/consent?continue=@A@/story/1"),
            "b/consent": bare_page(_CONSENT, title="Before you continue"),
        },
        hosts="ab",
        items=(fed(headline(1), "consent"),),
    ),
    one(
        "consent-redirect-one-step",
        5,
        # The way on is named in the address of the wall, and it leads to another page of the story's own host: one
        # step is made.
        {
            "/feed.xml": xml(rss(1)),
            "/story/1": redirect("@B@/consent?continue=@A@/story/1%3Fconsent=given"),
            "b/consent": bare_page(_CONSENT, title="Before you continue"),
            "/story/1?consent=given": html(story(1)),
        },
        hosts="ab",
        items=(page(headline(1), text=paragraphs(1)[2]),),
    ),
    one(
        "consent-that-leads-inside",
        6,
        # Nobody's wall sends us into the local network.
        {
            "/feed.xml": xml(rss(1)),
            "/story/1": redirect("/consent?continue=http://10.0.0.1/"),
            "/consent": bare_page(_CONSENT, title="Before you continue"),
        },
        items=(fed(headline(1), frozenset({"consent", "blocked"})),),
    ),
    one(
        "consent-banner-over-a-story",
        5,
        # Half of Europe: the banner is there, and the story as well.
        {"/feed.xml": xml(rss(1)), "/story/1": html(story(1).replace("<body>", f"<body><div id=cmp>{_CONSENT}</div>"))},
        items=(page(headline(1), text=paragraphs(1)[2], lacks="842 partners"),),
    ),
)

_SHELL = (
    '<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript>'
    '<script src="/static/main.8f3c.js"></script>'
)
_BROWSER_CHECK = (
    "<h1>Checking your browser before accessing news.example</h1><p>Verify you are human by completing the action"
    " below. This process is automatic.</p><script src='/cdn-cgi/challenge-platform/h/b/x.js'></script>"
)

SHELLS = (
    wall("script-shell", bare_page(_SHELL), "script"),
    wall("script-shell-next", bare_page('<div id="__next"></div><script id="__NEXT_DATA__">{}</script>'), "script"),
    wall(
        "script-notice",
        bare_page("<p>Please enable JavaScript and cookies to continue reading this site.</p>"),
        "script",
    ),
    wall("challenge-page-200", bare_page(_BROWSER_CHECK, title="Just a moment..."), "challenge"),
    wall(
        "challenge-page-403",
        Reply(status=403, headers=(("cf-mitigated", "challenge"),), body=_BROWSER_CHECK),
        "challenge",
    ),
    wall("challenge-page-200-header", html(_BROWSER_CHECK, headers=(("cf-mitigated", "challenge"),)), "challenge"),
    wall(
        "challenge-captcha",
        bare_page(
            "<p>Press and hold to confirm you are a human (and not a bot).</p><div id='px-captcha'></div>",
            title="Access to this page has been denied",
        ),
        "challenge",
    ),
)

_LOGIN = (
    "<h1>Sign in</h1><form action='/login' method='post'><label>Email <input type=email name=user></label>"
    "<label>Password <input type=password name=pass></label><button>Sign in</button></form>"
    "<p>Forgot your password? Create an account</p>"
)

NOTICES = (
    wall("login-page", bare_page(_LOGIN, title="Sign in"), "login"),
    one(
        "login-by-redirect",
        5,
        {
            "/feed.xml": xml(rss(1)),
            "/story/1": redirect("/login?next=/story/1"),
            "/login": bare_page(_LOGIN, title="Log in"),
        },
        items=(fed(headline(1), "login"),),
    ),
    one(
        "login-form-beside-a-story",
        5,
        {"/feed.xml": xml(rss(1)), "/story/1": html(story(1).replace("<body>", f"<body><aside>{_LOGIN}</aside>"))},
        items=(page(headline(1), text=paragraphs(1)[2]),),
    ),
    wall(
        "soft-404",
        bare_page(
            "<h1>Page not found</h1><p>The page you are looking for does not exist or has been moved.</p>",
            title="404 - Page not found",
        ),
        "soft_404",
    ),
    wall(
        "soft-404-german",
        bare_page(
            "<h1>Seite nicht gefunden</h1><p>Leider gibt es diese Seite nicht mehr.</p>", title="Seite nicht gefunden"
        ),
        "soft_404",
    ),
    one(
        "soft-404-home-page",
        5,
        # "or is another one, with status 200": a story that leads to the home page is not there any more.
        {
            "/feed.xml": xml(rss(1)),
            "/story/1": redirect("/"),
            "/": html(
                "<html><head><title>The Wire</title></head><body>"
                + "".join(f"<h2><a href='/story/{n}'>{headline(n)}</a></h2><p>{summary(n)}</p>" for n in range(20, 40))
                + "</body></html>"
            ),
        },
        items=(fed(headline(1), "soft_404"),),
    ),
    one(
        "story-about-a-404",
        5,
        # A story may be about pages that are not found.
        {"/feed.xml": xml(rss(1)), "/story/1": html(story(1, text=f"<p>Page not found, said the council.</p>{_TEXT}"))},
        items=(page(headline(1), text=paragraphs(1)[2]),),
    ),
)


def file(name: str, body: bytes, kind: str = "text/html") -> Case:
    """Served under the address of a page, and called one or not."""
    return wall(name, Reply(headers=(("Content-Type", kind),), body=body), "not_html")


FILES = (
    file("pdf", b"%PDF-1.7\n" + b"0 obj\n" * 500, "application/pdf"),
    file("pdf-called-html", b"%PDF-1.7\n" + b"0 obj\n" * 500),
    file("jpeg", b"\xff\xd8\xff\xe0" + bytes(3000), "image/jpeg"),
    file("zip", b"PK\x03\x04" + bytes(3000), "application/zip"),
    file("json", b'{"title": "x"}', "application/json"),
    file("video", b"\x00\x00\x00\x20ftypisom" + bytes(3000), "video/mp4"),
    file("feed-as-page", rss(1).replace("@A@", "http://x.example").encode(), "text/xml"),
    file("empty", b""),
    file("plain", b"ok", "text/plain"),
    wall("one-line", bare_page("<p>Video</p>"), "not_article"),
    wall("only-pictures", bare_page("<img src=a.jpg><img src=b.jpg>" * 40), "not_article"),
)


def steps(name: str, routes: Mapping[str, Reply], item: Item, **more: object) -> Case:
    return one(name, 5, {"/feed.xml": xml(rss(1)), **routes}, items=(item,), **more)


def refresh(to: str, *, seconds: str = "0", body: str = "") -> Reply:
    return bare_page(body, head=f'<meta http-equiv="refresh" content="{seconds};url={to}">')


_MOVED = page(headline(1), text=paragraphs(1)[2], article="@A@/moved/1")

STEPS = (
    steps("meta-refresh", {"/story/1": refresh("/moved/1"), "/moved/1": html(story(1))}, _MOVED),
    steps(
        "meta-refresh-quoted", {"/story/1": refresh("'@A@/moved/1'", seconds=" 1 "), "/moved/1": html(story(1))}, _MOVED
    ),
    steps(
        "meta-refresh-twice",
        # One step, not a way.
        {"/story/1": refresh("/a"), "/a": refresh("/moved/1"), "/moved/1": html(story(1))},
        Item(title=headline(1), text_from="feed", reason=frozenset({"not_article", "redirect", "script", "soft_404"})),
        asked={"a/moved/1": 0},
    ),
    steps(
        "meta-refresh-to-itself",
        {"/story/1": refresh("/story/1")},
        Item(title=headline(1), text_from="feed", reason=frozenset({"not_article", "redirect", "script"})),
        asked={"a/story/1": 1},
    ),
    steps(
        "meta-refresh-inside",
        {"/story/1": refresh("http://169.254.169.254/")},
        Item(title=headline(1), text_from="feed", reason=frozenset({"blocked", "not_article"})),
    ),
    steps(
        "meta-refresh-to-a-file",
        {"/story/1": refresh("file:///etc/passwd")},
        Item(title=headline(1), text_from="feed", reason=frozenset({"blocked", "not_article"})),
    ),
    # News pages reload themselves every few minutes; that leads nowhere else.
    steps(
        "meta-refresh-of-a-story",
        {"/story/1": html(story(1, head='<meta http-equiv=refresh content="300">'))},
        page(headline(1), text=paragraphs(1)[2]),
    ),
    steps(
        "meta-refresh-after-a-story",
        {"/story/1": html(story(1, head='<meta http-equiv=refresh content="600;url=/">')), "/": html("<p>Home")},
        page(headline(1), text=paragraphs(1)[2], article="@A@/story/1"),
        asked={"a/": 0},
    ),
    steps(
        "meta-refresh-robots",
        {
            "/story/1": refresh("@B@/moved/1"),
            "b/moved/1": html(story(1)),
            "b/robots.txt": Reply(body="User-agent: *\nDisallow: /"),
        },
        fed(headline(1), frozenset({"robots", "not_article"})),
        hosts="ab",
        asked={"b/moved/1": 0},
    ),
)

CASES = (*PAYWALLS, *CONSENT, *SHELLS, *NOTICES, *FILES, *STEPS)
