"""Feeds and pages in every charset, declared, undeclared and declared wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostility.case import fed, one, page, unread
from hostility.reply import Reply, html, xml
from hostility.texts import headline, listed, rss, story

if TYPE_CHECKING:
    from hostility.case import Case, Item

_RUSSIAN = "Паром в Норвике задержан из-за шторма"
_THAI = "เรือข้ามฟากล่าช้าเพราะพายุในอ่าวลุนด์"
_JAPANESE = "嵐のためノルヴィクのフェリーが遅れている"
_CHINESE = "诺维克渡轮因风暴延误，居民等候消息"
_WESTERN = "Fähre in Nørrvik “verspätet” – für 20 €"
_RUSSIAN_TEXT = (
    "Администрация порта сообщила в понедельник, что паром не выйдет из гавани до четверга. По словам представителя"
    " компании, на причале остаются около двухсот пассажиров, которым предоставлены гостиница и питание."
)


def feed(name: str, title: str, reply: Reply, *, wanted: str | None = None) -> Case:
    """A feed of one entry, of which only the title matters."""
    return one(name, 3, {"/feed.xml": reply}, items=(unread(title if wanted is None else wanted),), reads=False)


def said_in(title: str, label: str, codec: str, *, kind: str = "application/xml") -> Reply:
    """A feed whose XML declaration says *label*, and whose bytes are in *codec*."""
    prolog = f'<?xml version="1.0" encoding="{label}"?>' if label else '<?xml version="1.0"?>'
    text = rss(listed(1, title=title, text=title), prolog=prolog, title="Wire")
    return Reply(headers=(("Content-Type", kind),), body=text, charset=codec)


FEEDS = (
    feed("cp1251-declared", _RUSSIAN, said_in(_RUSSIAN, "windows-1251", "cp1251")),
    feed("cp874-declared", _THAI, said_in(_THAI, "windows-874", "cp874")),
    feed("tis-620-declared", _THAI, said_in(_THAI, "TIS-620", "cp874")),
    feed("koi8-r-in-header", _RUSSIAN, said_in(_RUSSIAN, "", "koi8-r", kind="application/xml; charset=KOI8-R")),
    feed("shift-jis-declared", _JAPANESE, said_in(_JAPANESE, "Shift_JIS", "cp932")),
    feed("gb2312-declared", _CHINESE, said_in(_CHINESE, "gb2312", "gb18030")),
    feed("utf-16-with-bom", _RUSSIAN, said_in(_RUSSIAN, "utf-16", "utf-16")),
    feed("utf-16-without-bom", _WESTERN, said_in(_WESTERN, "utf-16", "utf-16-le")),
    feed("utf-8-with-bom", _RUSSIAN, said_in(_RUSSIAN, "utf-8", "utf-8-sig")),
    feed("utf-8-called-latin-1", _RUSSIAN, said_in(_RUSSIAN, "utf-8", "utf-8", kind="text/xml; charset=iso-8859-1")),
    feed("cp1252-called-utf-8", _WESTERN, said_in(_WESTERN, "utf-8", "cp1252")),
    feed("cp1252-called-latin-1", _WESTERN, said_in(_WESTERN, "iso-8859-1", "cp1252")),
    feed("cp1252-called-ascii", _WESTERN, said_in(_WESTERN, "us-ascii", "cp1252")),
    feed("charset-nobody-knows", _WESTERN, said_in(_WESTERN, "x-klingon", "utf-8", kind="text/xml; charset=x-klingon")),
    # The web has no UTF-7, and feedparser reads it; the issue wants us to agree with feedparser. What it hides is
    # markup, and no markup is kept.
    feed("utf-7", "Fish +ADw-b+AD4-", said_in("Fish +ADw-b+AD4-", "utf-7", "ascii"), wanted="Fish"),
    feed(
        "utf-8-with-broken-bytes",
        "",
        Reply(body=rss(listed(1, title=_RUSSIAN + " QQ", text=_RUSSIAN_TEXT)).encode().replace(b"QQ", b"\xff")),
        wanted=_RUSSIAN + " \ufffd",
    ),
    feed(
        "cp1251-undeclared", _RUSSIAN, Reply(body=rss(listed(1, title=_RUSSIAN, text=_RUSSIAN_TEXT)), charset="cp1251")
    ),
    # CNN through the wrong code page: UTF-8 that somebody has read as windows-1252 and written as UTF-8 again.
    feed(
        "utf-8-twice",
        _RUSSIAN,
        said_in(_RUSSIAN.encode().decode("latin-1"), "utf-8", "utf-8"),
    ),
)


def in_page(name: str, reply: Reply, item: Item) -> Case:
    """An entry whose page is in an odd charset."""
    return one(name, 5, {"/feed.xml": xml(rss(1)), "/story/1": reply}, items=(item,))


_PAGE = story(1, text="".join(f"<p>{_RUSSIAN_TEXT} {n}.</p>" for n in range(4)))
_MARK = "сообщила в понедельник"


def bare(text: str, codec: str, kind: str = "text/html") -> Reply:
    return Reply(headers=(("Content-Type", kind),), body=text, charset=codec)


PAGES = (
    in_page("page-header", bare(_PAGE, "cp1251", "text/html; charset=windows-1251"), page(text=_MARK)),
    in_page("page-meta", bare(_PAGE.replace("<head>", "<head><meta charset=koi8-r>"), "koi8-r"), page(text=_MARK)),
    in_page(
        "page-meta-http-equiv",
        bare(
            _PAGE.replace("<head>", "<head><meta http-equiv=Content-Type content='text/html; charset=iso-8859-5'>"),
            "iso8859-5",
        ),
        page(text=_MARK),
    ),
    in_page("page-utf-16-bom", bare(_PAGE, "utf-16"), page(text=_MARK)),
    in_page(
        "page-bom-beats-header",
        bare(_PAGE, "utf-8-sig", "text/html; charset=windows-1251"),
        page(text=_MARK),
    ),
    in_page("page-undeclared", bare(_PAGE, "cp1251"), page(text=_MARK)),
    in_page("page-header-lies", bare(_PAGE, "utf-8", "text/html; charset=iso-8859-1"), page(text=_MARK)),
    in_page("page-no-content-type", Reply(body=story(1)), page(headline(1))),
    in_page(
        "page-with-nul-and-controls",
        Reply(body=story(1).replace("The ", "T\0he\x1b[31m ", 5).encode(), headers=(("Content-Type", "text/html"),)),
        page(headline(1), lacks="\x1b"),
    ),
    in_page(
        "page-with-bidi-and-references",
        html(story(1).replace("announced", "ann\u202eounced&#x1b;&#27;&#0;&#xd800;").replace("approved", "a\u2066pp")),
        page(headline(1), lacks="\u202e"),
    ),
    in_page(
        "page-is-binary",
        Reply(body=bytes(range(256)) * 40, headers=(("Content-Type", "text/html"),)),
        fed(headline(1), "not_html"),
    ),
)

CASES = (*FEEDS, *PAGES)
