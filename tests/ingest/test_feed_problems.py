"""What is wrong with a feed is told in words."""

from __future__ import annotations

import pytest

from ingest.feed import parse_feed
from ingest.feed_problems import MAX_PROBLEMS, Fault, Problems
from ingest.polling import DateFault
from ingest.web import Page

WHOLE = "<title>a</title><link>/a</link><guid>1</guid><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate>"


def read(body, **headers):
    return parse_feed(
        Page(
            requested_url="https://news.example/rss",
            url="https://news.example/rss",
            moved_to=None,
            status=200,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            body=body if isinstance(body, bytes) else body.encode(),
        )
    )


def rss(*items, prolog=""):
    listed = "\n".join(f"<item>{item}</item>" for item in items)
    return f'{prolog}<rss version="2.0"><channel><title>News</title>\n{listed}\n</channel></rss>'


def test_nothing_is_wrong_with_a_good_feed():
    document = read(rss(WHOLE))
    assert (document.problems, document.is_cut, document.is_whole) == ((), False, True)
    assert document.entries[0].date_fault is None


@pytest.mark.parametrize(
    ("items", "line"),
    [
        ([WHOLE.replace("<guid>1</guid>", "")], "the entry has no identifier of its own"),
        ([WHOLE.replace("<link>/a</link>", "")], "the entry has no link"),
        ([WHOLE, WHOLE], "1 of 2 entries is listed twice"),
        ([WHOLE, WHOLE, WHOLE], "2 of 3 entries are listed twice"),
        ([WHOLE, WHOLE.replace("/a", "/b")], "2 of 2 entries share their identifiers with others: 1"),
        ([WHOLE.replace("/a<", "javascript:x<")], "the entry links to no http or https address: javascript:x"),
        (
            [WHOLE, WHOLE.replace("Mon, 05 Jan 2026 10:00:00 GMT", "yesterday\x1b at noon")],
            "1 of 2 entries has a date that says nothing: yesterday at noon",
        ),
        ([WHOLE.partition("<pubDate>")[0]], "the entry has no date"),
        (
            [WHOLE.replace("GMT", "CEST")],
            "the entry has a date without a known time zone, read as UTC: Mon, 05 Jan 2026 10:00:00 CEST",
        ),
    ],
)
def test_faults_of_entries(items, line):
    assert line in read(rss(*items)).problems


@pytest.mark.parametrize(
    ("body", "headers", "line"),
    [
        (rss(WHOLE + "\n&nbsp;"), {}, "not well-formed XML: undefined entity, line 3"),
        (rss(WHOLE + "<b>"), {}, "not well-formed XML: mismatched tag, line 2"),
        (rss(WHOLE, "<title>x</title>")[:-30], {},
         "it breaks off before its end; the last entry is left for the next poll"),
        ("<b>Warning</b>: x\n" + rss(WHOLE, prolog="<?xml version='1.0'?>"), {},
         "something stands before the feed, as broken scripts print it; it is passed over"),
        (rss(WHOLE, "é"), {"content_type": "text/xml; charset=iso-8859-1"}, "declared as iso-8859-1, but it is UTF-8"),
        (rss("é", prolog="<?xml version='1.0' encoding='windows-1252'?>").encode(), {},
         "declared as windows-1252, but it is UTF-8"),
        (rss("<title>Пожар</title>", prolog="<?xml version='1.0' encoding='windows-1251'?>").encode("cp1251"),
         {"content_type": "text/xml; charset=utf-8"}, "declared as utf-8, but it is windows-1251"),
        (rss("<title>Пожар</title>", prolog="<?xml version='1.0' encoding='utf-8'?>").encode("cp1251"), {},
         "declared as UTF-8, but it is not"),
        (rss("<title>Пожар</title>").encode("cp1251"), {}, "its encoding is not declared"),
        (rss("<title>Пожар в порту потушен</title>").encode().replace("т".encode(), b"\xd1", 1), {},
         "some of its characters are broken UTF-8"),
    ],
)  # fmt: skip
def test_faults_of_the_document(body, headers, line):
    assert line in read(body, **headers).problems


def test_declared_entities_are_not_judged():
    assert not any("XML" in line for line in read(rss(WHOLE, prolog="<!DOCTYPE rss [<!ENTITY a 'b'>]>")).problems)


@pytest.mark.parametrize(
    ("date", "fault"),
    [
        ("Mon, 05 Jan 2026 10:00:00 GMT", None),
        ("2026-01-05T10:00:00+02:00", None),
        ("Mon, 05 Jan 2026 10:00:00 CEST", DateFault.ZONE),
        ("2026-01-05T10:00:00", DateFault.ZONE),
        ("Mon, 05 Jan 2026", DateFault.ZONE),
        ("soon", DateFault.MISSING),
        ("Thu, 01 Jan 1970 00:00:00 GMT", DateFault.MISSING),
    ],
)
def test_what_is_wrong_with_a_date(date, fault):
    (entry,) = read(rss(f"<title>a</title><pubDate>{date}</pubDate>")).entries
    assert entry.date_fault is fault


def test_a_second_date_stands_in_for_one_that_says_nothing():
    (entry,) = read(
        rss(
            "<title>a</title><pubDate>soon</pubDate>"
            '<d:date xmlns:d="http://purl.org/dc/elements/1.1/">2026-01-05T10:00:00</d:date>'
        )
    ).entries
    assert (entry.published.isoformat(), entry.date_fault) == ("2026-01-05T10:00:00+00:00", DateFault.ZONE)


def test_lines_are_few_short_and_clean():
    problems = Problems()
    for number in range(50):
        problems.say(f"{number}\x1b\u202e\n" + "x" * 1000)
    problems.note(Fault.NO_LINK)
    lines = problems.lines(1)
    assert len(lines) == MAX_PROBLEMS
    assert all(len(line) <= 300 and line.isprintable() for line in lines)
