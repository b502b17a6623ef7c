"""XML that is broken, cut off, or made to harm its reader."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hostility.case import LONGER, START, Case, Scene, fed, one, requests_to, unread
from hostility.found import dump
from hostility.reply import Reply, status, xml
from hostility.texts import headline, json_feed, listed, rss

if TYPE_CHECKING:
    from hostility.outcome import Found

_BROKEN_OR_READ = frozenset({None, "parse", "not_feed"})
#: Whether entries were read does not matter.
EITHER_COUNT = -1
_EITHER = frozenset({"active", "backing-off"})


def title_of(name: str, said: str, wanted: str, point: int = 6) -> Case:
    """What a title says, and what is kept of it."""
    return one(
        name,
        point,
        {"/feed.xml": Reply(headers=(("Content-Type", "application/xml"),), body=rss(listed(1, title=said, text="x")))},
        items=(unread(wanted),),
        reads=False,
    )


def entity_bomb(name: str, declared: str, used: str) -> Case:
    """Refused, or read without the entity: both are safe, and feedparser's word decides (feedparser itself refuses).

    What may not be is memory, time, or another kind of error.
    """
    body = rss(listed(1, text=used), prolog=f'<?xml version="1.0"?><!DOCTYPE rss [{declared}]>')
    return one(
        name,
        6,
        {"/feed.xml": xml(body), "/evil.dtd": status(200, body='<!ENTITY leak "leaked">')},
        error=_BROKEN_OR_READ,
        state=_EITHER,
        next=None,
        items=EITHER_COUNT,
        reads=False,
        asked={"a/evil.dtd": 0},
        check=nothing_leaked,
    )


def nothing_leaked(found: Found) -> list[str]:
    stored = dump(found.database)
    return [f"{word!r} is stored" for word in ("root:", "leaked", "lollollol") if word in stored]


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

BROKEN = (
    title_of("ampersand", "Fish & chips", "Fish & chips", 3),
    title_of("html-entities", "Fish&nbsp;&amp;&eacute;&mdash;chips", "Fish &é—chips", 3),
    title_of("controls", "St\x1b[2Jorm\x07 over\x7f Norrvik", "St[2Jorm over Norrvik"),
    one(
        "c1-controls",
        6,
        # Read as windows-1252, as browsers do, or dropped; never kept.
        {"/feed.xml": xml(rss(listed(1, title="Storm \x9b31m\x85 over \x90\x9d Lund&#155;&#x9d;")))},
        items=1,
        reads=False,
        check=lambda found: [
            f"U+{ord(c):04X} is stored" for c in sorted(set(dump(found.database))) if "\x7f" <= c <= "\x9f"
        ],
    ),
    title_of("nul", "Storm\0 over", "Storm over"),
    title_of("bidi", "Storm \u202egnp.exe\u202c\u2066x\u2069\u200f over", "Storm gnp.exex over"),
    title_of("surrogate-references", "Storm &#xD800;over&#55357;&#xDFFF; Lund", "Storm over Lund"),
    title_of("control-references", "Storm &#27;&#x0;&#1; over", "Storm over"),
    title_of("impossible-references", "Storm &#99999999999;&#xFFFFFFFFF; over", "Storm over"),
    title_of("noncharacters", "Storm \ufffe\uffff over", "Storm over"),
    title_of("line-breaks", "Storm\r\n\tover\u2028Norrvik\u2029 now", "Storm over Norrvik now"),
    title_of("script", "&lt;script&gt;alert(1)&lt;/script&gt;Storm &lt;img src=x onerror=y&gt;over", "Storm over"),
    one(
        "title-of-a-megabyte",
        6,
        {"/feed.xml": xml(rss(listed(1, title="storm " * 200_000)))},
        items=1,
        reads=False,
        check=lambda found: [] if "storm " * 201 not in dump(found.database) else ["the title is longer than 1,000"],
    ),
    one(
        "unclosed-tags",
        3,
        {"/feed.xml": xml(rss(1, 2).replace("</title><link>@A@/story", "<link>@A@/story"))},
        items=2,
        reads=False,
    ),
    one(
        "unbound-prefix",
        3,
        {"/feed.xml": xml(rss(listed(1, extra="<media:thing x='1'/><media:credit>z</media:credit>")))},
        items=(unread(headline(1)),),
        reads=False,
    ),
    one(
        "attribute-twice",
        3,
        {"/feed.xml": xml(rss(listed(1, extra="<enclosure url='a' url='b'/>")))},
        items=(unread(headline(1)),),
        reads=False,
    ),
    one(
        "cdata-in-cdata",
        3,
        {"/feed.xml": xml(rss(listed(1, text="<![CDATA[one <![CDATA[two]]> three"), 2))},
        items=2,
        reads=False,
    ),
    one(
        "junk-after-the-end",
        3,
        {"/feed.xml": xml(rss(1) + "\n<!-- cached --><script>x</script>\0\0")},
        items=(unread(headline(1)),),
        reads=False,
        next=START,
    ),
)

HARMFUL = (
    entity_bomb("billion-laughs", f'<!ENTITY l0 "lollollol">{_LAUGHS}', "&l9;"),
    entity_bomb("quadratic-blowup", f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 2_000),
    entity_bomb("xxe-file", '<!ENTITY leak SYSTEM "file:///etc/passwd">', "&leak;"),
    entity_bomb("xxe-http", '<!ENTITY leak SYSTEM "@A@/evil.dtd">', "&leak;"),
    entity_bomb("xxe-parameter", '<!ENTITY % dtd SYSTEM "@A@/evil.dtd"> %dtd;', "&leak;"),
    one(
        "xxe-external-dtd",
        6,
        {"/feed.xml": xml(rss(1, prolog='<?xml version="1.0"?><!DOCTYPE rss SYSTEM "@A@/evil.dtd">'))},
        items=1,
        reads=False,
        asked={"a/evil.dtd": 0},
    ),
    one(
        "xinclude",
        6,
        {
            "/feed.xml": xml(
                rss(
                    listed(
                        1,
                        extra="<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='@A@/evil.dtd'/>",
                    )
                ).replace("<rss", "<?xml-stylesheet href='@A@/evil.dtd'?><rss", 1)
            )
        },
        items=1,
        reads=False,
        asked={"a/evil.dtd": 0},
    ),
    one(
        "body-names-a-file",
        6,
        # feedparser opens what it is given as text; a body must never be taken for a name.
        {"/feed.xml": Reply(body=b"/etc/passwd")},
        error="not_feed",
        items=0,
        check=nothing_leaked,
    ),
    one(
        "xml-100000-deep",
        6,
        {"/feed.xml": xml(rss(listed(1, extra="<a>" * 100_000 + "</a>" * 100_000), 2))},
        # Read as far as it goes, or refused in one piece; never more than the limit of a worker.
        error=frozenset({None, "parse", "not_feed", "too_complex"}),
        state=_EITHER,
        next=None,
        items=EITHER_COUNT,
        reads=False,
    ),
    one(
        "summary-50000-deep",
        6,
        {"/feed.xml": xml(rss(listed(1, text="&lt;div&gt;" * 50_000 + "deep"), 2)), "/story/1": status(410)},
        items=2,
        reads=False,
    ),
    one(
        "attribute-of-two-megabytes",
        6,
        {"/feed.xml": xml(rss(listed(1, extra=f"<enclosure url='{'u' * 2_000_000}'/>"), 2))},
        items=2,
        reads=False,
    ),
    one(
        "hundred-thousand-attributes",
        6,
        {
            "/feed.xml": xml(
                rss(listed(1, extra=f"<x {' '.join(f'a{n}=1' for n in range(100_000))}/>".replace("=1", "='1'")))
            )
        },
        items=1,
        reads=False,
    ),
    one(
        "thousands-of-namespaces",
        6,
        {"/feed.xml": xml(rss(listed(1, extra="".join(f"<n:x xmlns:n='urn:{n}'/>" for n in range(20_000)))))},
        items=1,
        reads=False,
    ),
    one(
        "comments-without-end",
        6,
        {"/feed.xml": xml("<!-- x -->" * 200_000 + rss(1))},
        # The root element has to begin somewhere; where it comes too late, this is no feed.
        error=frozenset({None, "not_feed"}),
        state=_EITHER,
        next=None,
        items=EITHER_COUNT,
        reads=False,
    ),
)


def _whole_again(found: Found) -> list[str]:
    conditional = [asked for asked in requests_to(found, "/feed.xml") if "if-none-match" in asked.headers]
    return ["asked conditionally after half a document"] if conditional else []


_HALF = rss(1, 2, 3)[: rss(1, 2, 3).rindex("<description>") + 20]

TRUNCATED = (
    Case(
        name="cut-off-then-whole",
        point=3,
        scenes=(
            Scene(routes={"/feed.xml": xml(_HALF, etag='"half"')}, new=2, events=("feed.cut",)),
            Scene(routes={"/feed.xml": xml(rss(1, 2, 3), etag='"half"')}, new=1),
        ),
        items=(unread(headline(1)), unread(headline(2)), unread(headline(3))),
        reads=False,
        check=_whole_again,
    ),
    # Nothing of it can be read, and an empty feed would be a lie.
    one("cut-off-in-the-first-item", 3, {"/feed.xml": xml(rss(1)[:-120])}, error="parse"),
    one(
        "connection-cut",
        3,
        {"/feed.xml": Reply(body=rss(1, 2), length="90000")},
        error="connection",
        items=0,
    ),
    one(
        "length-too-short",
        3,
        {"/feed.xml": Reply(body=rss(1, 2), length="700")},
        items=EITHER_COUNT,
        error=_BROKEN_OR_READ,
        state=_EITHER,
        next=None,
    ),
    one("json-cut-off-connection", 3, {"/feed.xml": Reply(body=json_feed(1), length="90000")}, error="connection"),
    Case(
        name="cut-off-for-ever",
        point=3,
        # Whatever stands before the cut is kept, once.
        scenes=(
            Scene(routes={"/feed.xml": xml(_HALF)}, new=2),
            Scene(routes={"/feed.xml": xml(_HALF)}, new=0, changed=0),
            Scene(routes={"/feed.xml": xml(_HALF)}, new=0, changed=0, after=timedelta(days=2)),
        ),
        items=2,
        reads=False,
    ),
    Case(
        name="page-cut-off",
        point=5,
        scenes=(
            Scene(
                routes={
                    "/feed.xml": xml(rss(1)),
                    "/story/1": Reply(body="<html><p>half", length="5000", headers=(("Content-Type", "text/html"),)),
                },
                next=START,
            ),
            Scene(routes={"/feed.xml": xml(rss(1)), "/story/1": status(410)}, new=0, next=LONGER),
        ),
        items=(fed(headline(1), "gone"),),
    ),
    one(
        "page-empty-document",
        5,
        {"/feed.xml": xml(rss(1)), "/story/1": xml("<html/>", ("Content-Type", "text/html"))},
        items=(fed(headline(1), "not_article"),),
    ),
)

CASES = (*BROKEN, *HARMFUL, *TRUNCATED)
