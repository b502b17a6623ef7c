from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Permanent, Reason
from ingest.feed import parse_feed
from ingest.listing import MAX_ENTRIES
from ingest.polling import DateFault
from ingest.web import Page

VERSION = "https://jsonfeed.org/version/1.1"


def page(document, **headers):
    return Page(
        requested_url="https://news.example/feed.json",
        url="https://news.example/feed.json",
        moved_to=None,
        status=200,
        headers=headers,
        body=document if isinstance(document, bytes) else json.dumps(document).encode(),
    )


def only(item, **feed):
    (entry,) = parse_feed(page({"version": VERSION, "items": [item], **feed})).entries
    return entry


def test_an_item_with_everything():
    document = parse_feed(
        page(
            {
                "version": VERSION,
                "title": "The\nNews",
                "language": "en-US",
                "items": [
                    {
                        "id": "n-7",
                        "url": "/7?utm_source=json",
                        "title": "Fire &amp; flood",
                        "content_html": "<p>One.</p><p>Two.</p>",
                        "summary": "Short",
                        "date_published": "2026-01-05T12:30:00+02:00",
                        "date_modified": "2026-01-05T11:00:00Z",
                        "authors": [{"name": "Ann Lee"}, {"url": "x"}, {"name": "Bo Li"}],
                        "tags": ["World", "World", "Ports"],
                        "language": "de",
                    }
                ],
            }
        )
    )
    (entry,) = document.entries
    assert (document.title, document.feed_format, document.ttl_s) == ("The News", "json", None)
    assert (entry.guid, entry.title, entry.text) == ("n-7", "Fire & flood", "One.\nTwo.")
    assert entry.link == "https://news.example/7?utm_source=json"
    assert entry.page_address == "https://news.example/7"
    assert entry.published == datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    assert entry.updated == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert (entry.author, entry.sections, entry.lang) == ("Ann Lee, Bo Li", ("World", "Ports"), "de")


@pytest.mark.parametrize(
    ("item", "field", "value"),
    [
        ({"id": 7}, "guid", "7"),
        ({"id": True}, "guid", None),
        ({"id": None}, "guid", None),
        ({"url": "", "external_url": "https://other.example/"}, "link", "https://other.example/"),
        ({"url": "javascript:alert(1)"}, "link", None),
        ({"content_text": "a < b"}, "text", "a < b"),
        ({"content_html": "<img src=x>", "content_text": "text"}, "text", "text"),
        ({"summary": "only this"}, "text", "only this"),
        ({"author": {"name": "Ann Lee"}}, "author", "Ann Lee"),
        ({"author": "Ann Lee"}, "author", None),
        ({"date_published": "Mon, 05 Jan 2026 10:00:00 GMT"}, "published", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ({"date_published": "2026-01-05T10:00:00"}, "published", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ({"date_published": "9999-12-31T23:59:59-23:59"}, "published", None),
        ({"date_published": "soon"}, "published", None),
        ({"date_published": 1767607200}, "published", None),
        ({"title": "a\ud800\u202eb\x1b"}, "title", "ab"),
        ({"tags": ["a", 1, None, {"x": "y"}]}, "sections", ("a",)),
        ({"tags": "a"}, "sections", ()),
    ],
)
def test_how_items_are_read(item, field, value):
    assert getattr(only(item), field) == value


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "not JSON"),
        (b'{"version": 1}', "no JSON Feed"),
        (b'{"items": []}', "no JSON Feed"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_json_feed_is_told(body, detail):
    with pytest.raises(Permanent) as caught:
        parse_feed(page(body))
    assert caught.value.reason is Reason.NOT_FEED
    assert detail in caught.value.detail


def test_a_json_feed_without_items_cannot_be_read():
    with pytest.raises(Permanent) as caught:
        parse_feed(page({"version": VERSION}))
    assert caught.value.reason is Reason.PARSE
    assert caught.value.detail == "a JSON Feed without a list of items"


def test_items_that_are_no_objects_are_passed_over_and_too_many_are_cut():
    items = ["x", None, *({"id": str(number)} for number in range(MAX_ENTRIES + 5))]
    document = parse_feed(page({"version": VERSION, "items": items}))
    assert len(document.entries) == MAX_ENTRIES - 2
    assert document.is_cut
    assert "some of its items are no objects" in document.problems


@pytest.mark.parametrize(
    ("date", "fault"),
    [
        ("2026-01-05T10:00:00Z", None),
        ("2026-01-05T10:00:00", DateFault.ZONE),
        ("2026-01-05", DateFault.ZONE),
        ("soon", DateFault.MISSING),
        ("", DateFault.MISSING),
    ],
)
def test_what_is_wrong_with_a_date(date, fault):
    assert only({"id": "1", "date_published": date}).date_fault is fault


def test_the_date_of_change_stands_in_for_one_that_cannot_be_read():
    entry = only({"id": "1", "date_published": "soon", "date_modified": "2026-01-05T10:00:00Z"})
    assert (entry.published, entry.date_fault) == (None, None)


def test_a_feed_names_its_hubs_itself_and_its_next_page():
    document = parse_feed(
        page(
            {
                "version": VERSION,
                "items": [],
                "feed_url": "/all.json",
                "next_url": "?page=2",
                "hubs": [
                    {"type": "WebSub", "url": "https://hub.example/"},
                    {"type": "rssCloud", "url": "https://cloud.example/"},
                    {"type": "WebSub", "url": "javascript:x"},
                    {"type": "websub", "url": "https://hub.example/"},
                    "https://bare.example/",
                ],
            }
        )
    )
    assert document.self_url == "https://news.example/all.json"
    assert document.next_url == "https://news.example/feed.json?page=2"
    assert document.hubs == ("https://hub.example/",)


def test_a_page_that_names_itself_as_the_next_has_none():
    assert parse_feed(page({"version": VERSION, "items": [], "next_url": "/feed.json"})).next_url is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *("id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published"),
        *("date_modified", "author", "authors", "tags", "language"),
    ]
)


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5) | JSON, max_size=3), JSON)
def test_any_types_are_borne(items, said):
    own = dict.fromkeys(("title", "language", "feed_url", "next_url", "hubs"), said)
    document = parse_feed(page({"version": VERSION, **own, "items": items}))
    assert len(document.entries) <= len(items)


@pytest.mark.parametrize("body", [b"{oops", b"[" * 200_000, b'{"version": ' + b"9" * 10_000 + b"}"], ids=len)
@pytest.mark.parametrize(
    ("content_type", "said", "reason"),
    [
        ("application/json", b"", Reason.NOT_FEED),
        ("text/html", b"", Reason.NOT_FEED),
        (" Application/Feed+JSON; charset=utf-8", b"", Reason.PARSE),
        ("application/json", b'"https://jsonfeed.org/version/1.1"', Reason.PARSE),
        ("application/json", b"x" * 9_000 + b"http:\\/\\/jsonfeed.org\\/version\\/1", Reason.PARSE),
    ],
)
def test_what_cannot_be_read_is_a_feed_only_where_something_says_so(body, content_type, said, reason):
    with pytest.raises(Permanent) as caught:
        parse_feed(page(body + said, **{"content-type": content_type}))
    assert caught.value.reason is reason
