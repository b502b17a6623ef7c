"""What pages say of themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trafilatura import load_html

from ingest.metadata import PageFacts, read_date, read_time


def facts(body: str = "", head: str = "", attributes: str = "") -> PageFacts:
    tree = load_html(f"<html {attributes}><head>{head}</head><body><p>x</p>{body}</body></html>")
    assert tree is not None
    return PageFacts(tree, "https://news.example/a")


def linked(**data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


SIX = datetime(2026, 1, 12, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        (linked(**{"@type": "NewsArticle", "headline": "From data"}) + meta("og:title", "From graph"), "", "From data"),
        (linked(**{"@graph": [{"@type": ["Thing", "BlogPosting"], "headline": "Deep"}]}), "", "Deep"),
        (meta("og:title", "From graph") + "<title>Window</title>", "<h1>Heading</h1>", "From graph"),
        ("<title>The bridge | News</title>", "<h1>News</h1><h1>The bridge</h1>", "News"),
        ("<title>The bridge – paper</title>", "<h1>The\n bridge</h1><h1>Other</h1>", "The\n bridge"),
        ("<title> Only a\nwindow </title>", "", "Only a window"),
        ("", "", ""),
    ],
)
def test_title(head: str, body: str, title: str) -> None:
    assert facts(body, head).title() == title


@pytest.mark.parametrize(
    ("head", "body", "author"),
    [
        (linked(**{"@type": "NewsArticle", "author": {"@type": "Person", "name": "A. One"}}), "", "A. One"),
        (
            linked(**{"@type": "Report", "author": [{"name": "A. One"}, "B. Two", {"name": "A. One"}]}),
            "",
            "A. One, B. Two",
        ),
        (meta("author", "By C. Three"), "", "C. Three"),
        (meta("article:author", "https://social.example/c3"), "", None),
        ("", '<a rel="author" href="/d">D. <b>Four</b></a>', "D. Four"),
        (linked(**{"@type": "NewsArticle", "author": 7}), "", None),
        ("", "", None),
    ],
)
def test_author(head: str, body: str, author: str | None) -> None:
    assert facts(body, head).author() == author


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (linked(**{"@type": "NewsArticle", "datePublished": "2026-01-12T08:30:00+02:00"}), ""),
        (meta("article:published_time", "2026-01-12T06:30:00Z"), ""),
        (meta("article:published_time", "soon") + meta("date", "Mon, 12 Jan 2026 06:30:00 GMT"), ""),
        ("", '<time itemprop="datePublished" datetime="2026-01-12T06:30">Monday</time>'),
        (
            "",
            '<article><time datetime="2026-01-12T07:30+01:00">Monday</time></article><time datetime="2020-01-01">',
        ),
    ],
)
def test_published_is_in_utc(head: str, body: str) -> None:
    assert facts(body, head).published() == SIX


def test_published_is_none_when_the_page_does_not_say() -> None:
    assert facts("<p>It happened on Monday.</p>").published() is None
    assert facts(head=meta("article:published_time", "0001-01-01T00:00:00Z")).published() is None


def test_future_date_is_kept() -> None:
    assert facts(head=meta("article:published_time", "2051-05-05T00:00:00Z")).published() == datetime(
        2051, 5, 5, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("attributes", "head", "language"),
    [
        ('lang="pt-BR"', "", "pt"),
        ("", '<meta http-equiv="Content-Language" content="de">', "de"),
        ("", meta("og:locale", "en_GB"), "en"),
        ('lang="und"', "", None),
        ("", "", None),
    ],
)
def test_language(attributes: str, head: str, language: str | None) -> None:
    assert facts("", head, attributes).language == language


def test_sections() -> None:
    head = linked(**{"@type": "NewsArticle", "articleSection": ["World", "Europe"]}) + meta("article:section", "World")
    assert facts(head=head).sections() == ("World", "Europe")
    assert facts().sections() == ()


def test_free_unless_the_page_says_no() -> None:
    assert facts().is_free
    assert facts(head=linked(**{"@type": "NewsArticle", "isAccessibleForFree": True})).is_free
    assert not facts(head=linked(**{"@type": "NewsArticle", "isAccessibleForFree": False})).is_free
    assert not facts(head=meta("article:content_tier", "locked")).is_free


@pytest.mark.parametrize(
    "text", ["{", "[" * 3000, "null", "7", '"x"', '{"@graph": 7}', '{"@type": 5}', '[[[{"a": 1}]]]']
)
def test_odd_linked_data_is_passed_over(text: str) -> None:
    page = facts(head=f'<script type="application/ld+json">{text}</script><title>Window</title>')
    assert (page.title(), page.author(), page.sections(), page.is_free) == ("Window", None, (), True)


@given(st.text())
def test_times_never_raise(text: str) -> None:
    moment = read_time(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1971 < moment.year < 8999))
def test_times_are_read_as_written(moment: datetime) -> None:
    written = moment.isoformat()
    assert read_time(written) == datetime.fromisoformat(written)


WIRE = "https://wire.example/story/1"


@pytest.mark.parametrize(
    ("head", "body", "canonical"),
    [
        (f'<link rel="canonical" href="{WIRE}">', "", WIRE),
        (f'<link href="{WIRE}#x" rel="shortlink CANONICAL">', "", WIRE),
        (meta("og:url", WIRE), "", WIRE),
        (f'<meta name="og:url" content="{WIRE}">', "", WIRE),
        (f'<link rel="canonical" href="{WIRE}">' + meta("og:url", "https://news.example/a"), "", WIRE),
        ('<link rel="canonical" href="https://news.example/a">' + meta("og:url", WIRE), "", None),
        (f'<link rel="canonical" href="{WIRE}"><link rel="canonical" href="{WIRE}2">', "", None),
        ('<base href="https://wire.example/story/"><link rel="canonical" href="1">', "", WIRE),
        ('<base href="javascript:x"><link rel="canonical" href="b">', "", "https://news.example/b"),
        # a reader's comment is no head
        ("", f'<link rel="canonical" href="{WIRE}"><div>{meta("og:url", WIRE)}</div>', None),
        (f'<link rel="alternate" href="{WIRE}">', "", None),
        ("<link><meta><link rel='canonical'>", "", None),
    ],
)
def test_canonical(head: str, body: str, canonical: str | None) -> None:
    assert facts(body, head).canonical == canonical


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-12T08:30:00+02:00", datetime(2026, 1, 12, 6, 30, tzinfo=UTC)),
        ("Montag, 12. Januar 2026, 08:30 Uhr", datetime(2026, 1, 12, tzinfo=UTC)),
        ("12 января 2026", datetime(2026, 1, 12, tzinfo=UTC)),
        ("2026年1月12日 08:30", datetime(2026, 1, 12, tzinfo=UTC)),
        ("2026년 1월 12일", datetime(2026, 1, 12, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_as_people_write_them(text: str, moment: datetime | None) -> None:
    assert read_date(text) == moment


@given(st.text(max_size=300))
def test_dates_never_raise(text: str) -> None:
    read_date(text)


def test_the_first_source_that_tells_wins() -> None:
    """JSON-LD, then OpenGraph, then other meta, then microdata and <time>."""
    sources = [
        '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-01-01"}</script>',
        '<meta property="article:published_time" content="2026-01-02">',
        '<meta name="date" content="2026-01-03">',
        '<article><time datetime="2026-01-04"></time></article>',
    ]
    while sources:
        published = facts("".join(reversed(sources))).published()
        assert published is not None
        assert published.day == 5 - len(sources)
        sources.pop(0)


@pytest.mark.parametrize(
    ("head", "is_article"),
    [
        ('<meta property="og:type" content="article">', True),
        ('<script type="application/ld+json">{"@type":"NewsArticle"}</script>', True),
        ('<script type="application/ld+json">{"@type":"WebPage"}</script>', False),
        ('<meta property="og:type" content="website">', False),
        ("", False),
    ],
)
def test_a_page_says_whether_it_is_an_article(head: str, is_article: bool) -> None:
    assert facts(head=head).is_article is is_article
