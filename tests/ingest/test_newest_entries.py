"""Of a long feed the newest entries are read, wherever they stand, and nothing else of it changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.feed import parse_feed
from ingest.listing import MAX_ENTRIES
from ingest.newest_entries import keep_newest
from ingest.web import Page

START = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://news.example/feed"


def item(number, day, *, more=""):
    date = "" if day is None else f"<pubDate>{START + timedelta(days=day):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
    return f"<item><guid>{number}</guid><title>&lt;item&gt; {number}</title>{date}{more}</item>"


def rss(*items, head=""):
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'


def atom(days):
    entries = "".join(
        f"<a:entry><a:id>{n}</a:id><a:updated>{START + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}</a:updated></a:entry>"
        for n, day in enumerate(days)
    )
    return f'<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title>{entries}</a:feed>'


def parse(text):
    page = Page(requested_url=URL, url=URL, moved_to=None, status=200, headers={}, body=text.encode())
    return parse_feed(page)


def guids(document):
    return [entry.guid for entry in document.entries]


def numbers(count):
    return [str(number) for number in count]


TOTAL = MAX_ENTRIES + 50


@pytest.mark.parametrize(
    "text",
    [
        rss(*(item(n, n) for n in range(TOTAL))),
        rss(*(item(n, n, more="<![CDATA[</item><item>]]><!-- <item> -->") for n in range(TOTAL))),
        atom(range(TOTAL)),
        rss(*(item(n, n if n % 10 != 1 else None) for n in range(TOTAL * 10 // 9 // 10 * 10 + 1))),
    ],
    ids=["rss", "false tags", "atom", "a tenth without dates"],
)
def test_the_newest_are_read_of_a_feed_that_lists_the_oldest_first(text):
    document = parse(text)
    assert len(document.entries) == MAX_ENTRIES
    assert document.is_cut
    assert document.is_whole
    assert any(line.endswith("only the newest 2,000 by date are read") for line in document.problems)
    dates = [entry.date for entry in document.entries]
    assert dates == sorted(dates), "in the order of the document"
    last = max(START + timedelta(days=int(guid)) for guid in guids(document))
    assert dates[-1] == last


def test_of_a_feed_that_lists_the_newest_first_the_first_are_read():
    document = parse(rss(*(item(n, TOTAL - n) for n in range(TOTAL))))
    assert guids(document) == numbers(range(MAX_ENTRIES))
    assert document.is_cut


@pytest.mark.parametrize(
    "text",
    [
        rss(*(item(n, n if n % 5 else None) for n in range(TOTAL))),
        rss(*(item(n, None) for n in range(TOTAL))),
        rss(*(item(n, n) for n in range(TOTAL)), head="<!DOCTYPE rss>"),
        rss(*(item(n, n) for n in range(TOTAL)), "<item/>"),
        rss(*(item(n, n) for n in range(TOTAL)), "<item a='>'/>", item("last", 9)),
        rss(*(item(n, n) for n in range(TOTAL)), "<broken>"),
    ],
    ids=["a fifth without dates", "no dates", "doctype", "empty item", "another", "not well-formed"],
)
def test_otherwise_the_first_are_read(text):
    document = parse(text)
    assert guids(document)[:3] == ["0", "1", "2"]
    assert len(document.entries) == MAX_ENTRIES
    assert document.is_cut
    assert "it lists more than 2,000 entries; the rest is not read" in document.problems


def test_one_that_lists_no_more_is_left_alone():
    text = rss(*(item(n, n) for n in range(MAX_ENTRIES)))
    assert keep_newest(text.encode(), MAX_ENTRIES) is None
    assert not parse(text).is_cut
    # The name occurs often enough for a look.
    assert keep_newest(rss(*(item(n, n) for n in range(9)), "<x>item</x>" * 99).encode(), 9) is None


@settings(max_examples=60)
@given(days=st.lists(st.integers(0, 50) | st.none(), min_size=1, max_size=30), limit=st.integers(1, 12))
def test_what_is_left_is_what_a_reader_of_all_would_choose(days, limit):
    whole = rss(*(item(n, day) for n, day in enumerate(days)))
    cut = keep_newest(whole.encode(), limit)
    dated = sum(day is not None for day in days)
    if len(days) <= limit or 10 * dated < 9 * len(days):
        assert cut is None
        return
    assert cut is not None
    left = parse(cut.body.decode())
    everything = parse(whole)
    kept = set(guids(left))
    assert (len(kept), cut.listed) == (limit, len(days))
    assert replace(left, problems=(), entries=()) == replace(everything, problems=(), entries=())
    assert left.entries == tuple(entry for entry in everything.entries if entry.guid in kept)
    never = START - timedelta(days=1)
    oldest = min(entry.date or never for entry in left.entries)
    assert all((entry.date or never) <= oldest for entry in everything.entries if entry.guid not in kept)


@given(st.lists(st.sampled_from(["<item>", "</item>", "<item/>", "<pubDate>", "</pubDate>", "2026-01-01", "<a>", "&"])))
def test_any_tags_are_borne(parts):
    body = ("<rss>" + "".join(parts) + "</rss>").encode()
    cut = keep_newest(body, 1)
    assert cut is None or len(cut.body) < len(body)
