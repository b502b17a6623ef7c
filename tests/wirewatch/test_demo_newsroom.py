"""The sample newsroom serves what `expect.json` says, and nothing in it depends on our own reading of pages.

Feeds are read here by feedparser, pages by bare trafilatura, topics by regular expressions and copies by
counting shared runs of words, so that the expectations are checked against something else than the product.
"""

from __future__ import annotations

import gzip
import http.client
import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
import trafilatura

from wirewatch.demo.newsroom import HERE, LAST_BATCH, PAGES, Newsroom
from wirewatch.demo.outlets import OUTLETS

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS = {
    "crimea": re.compile(r"\bcrimea\b|\bcrimean\s+peninsula\b", re.IGNORECASE),
    "purl": re.compile(r"\bPURL\b|(?i:\bprioriti[sz]ed\s+ukraine\s+requirements\s+list\b)"),
    "frozen-assets": re.compile(r"\bfrozen(?:[\s-]+[\w'’]+){0,3}?[\s-]+assets\b", re.IGNORECASE),
    "rutte": re.compile(r"\brutte\b", re.IGNORECASE),
}


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Item(NamedTuple):
    guid: str
    link: str
    title: str
    summary: str
    date: str


def get(url: str, **headers: str) -> Reply:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.headers.items()), answer.read())
    finally:
        connection.close()


def read_feed(reply: Reply, feed_format: str) -> list[Item]:
    if feed_format == "json":
        items = json.loads(reply.body)["items"]
        return [Item(i["id"], i["url"], i["title"], i["summary"], i["date_modified"]) for i in items]
    parsed = feedparser.parse(io.BytesIO(reply.body), response_headers={"content-type": reply.headers["Content-Type"]})
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == {"rss": "rss20", "rdf": "rss10", "atom": "atom10"}[feed_format]
    return [
        Item(e.get("id") or e.link, e.link, e.title, e.summary, e.get("published") or e.updated) for e in parsed.entries
    ]


def conditions(reply: Reply) -> dict[str, str]:
    pairs = {"If_None_Match": reply.headers.get("ETag"), "If_Modified_Since": reply.headers.get("Last-Modified")}
    return {name: value for name, value in pairs.items() if value}


def address(link: str) -> str:
    return link.partition("?utm_")[0]


def mangle(text: str) -> str:
    """UTF-8 read as windows-874, and as windows-1252 where that has no sign; 0x9D has one in neither and is lost."""
    return "".join(
        bytes([byte]).decode("cp874", "ignore") or bytes([byte]).decode("cp1252", "ignore") for byte in text.encode()
    )


def repair(text: str) -> str:
    raw = b"".join(sign.encode("cp874", "ignore") or sign.encode("cp1252") for sign in text)
    return re.sub(rb"\xe2\x80(?![\x80-\xbf])", b"\xe2\x80\x9d", raw).decode()


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom(slow_s=0) as room:
        yield room


class Archive(NamedTuple):
    """A newsroom read to its end: the last page of each article, its text as read, its title."""

    expected: dict[str, Any]
    pages: dict[str, Reply]
    texts: dict[str, str]
    titles: dict[str, str]
    summaries: dict[str, str]


@pytest.fixture(scope="module")
def archive() -> Archive:
    items: dict[str, Item] = {}
    with Newsroom(slow_s=0) as room:
        for batch in range(LAST_BATCH + 1):
            if batch:
                room.publish()
            for feed in room.feeds():
                items |= {address(item.link): item for item in read_feed(get(feed["url"]), feed["format"])}
        expected = room.expectations()
        pages = {url: get(url) for url in items if "/private/" not in url}
    without_page = {row["link"] for row in expected["entries_without_page"]}
    return Archive(
        expected=expected,
        pages=pages,
        texts={url: read_page(page) for url, page in pages.items() if url not in without_page},
        titles={url: item.title for url, item in items.items()},
        summaries={url: item.summary for url, item in items.items()},
    )


def read_page(page: Reply) -> str:
    charset = page.headers["Content-Type"].partition("charset=")[2]
    html = page.body.decode({"windows-874": "cp874"}.get(charset, charset))
    text = trafilatura.extract(html, fast=True, include_comments=False)
    assert text
    return repair(text) if "โ€" in text else text


# --- the files --------------------------------------------------------------------------------------


def test_it_is_small() -> None:
    files = [file for file in HERE.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert sum(file.stat().st_size for file in files) <= 300_000


def test_every_file_belongs_to_an_outlet_and_a_batch() -> None:
    slugs = {outlet.slug for outlet in OUTLETS}
    for file in PAGES.rglob("*"):
        if file.is_file():
            batch, slug, *_ = file.relative_to(PAGES).parts
            assert batch in {f"batch-{number}" for number in range(LAST_BATCH + 1)}
            assert slug in slugs


def test_the_mangled_page_is_the_wire_story_misread() -> None:
    """Each paragraph of the original stands in the mangled page as wrong decoding makes it, and can be repaired."""
    original = (PAGES / "batch-0/meridian/2026/10/allies-promise-air-defence.html").read_text(encoding="utf-8")
    mangled = (PAGES / "batch-1/saltmarsh/news/allies-promise-ukraine-more-air-defence.html").read_text(
        encoding="utf-8"
    )
    paragraphs = re.findall(r"<p>(.*?)</p>", original.partition("</article>")[0])
    assert len(paragraphs) == 11
    for paragraph in paragraphs:
        assert f"<p>{mangle(paragraph)}</p>" in mangled
        assert repair(mangle(paragraph)) == paragraph
    for sign in "“”’—…™ūé€":
        assert sign in "".join(paragraphs)
        assert sign in {"€", "™", "—", "“", "”", "’"} or mangle(sign) in mangled
    assert "\x9d" not in mangled
    assert "ยฉ" in mangled


# --- what is served ---------------------------------------------------------------------------------


def test_polled_to_the_end_it_gives_what_is_expected(room: Newsroom) -> None:
    expected = room.expectations()
    seen: dict[str, dict[str, str]] = {feed["url"]: {} for feed in room.feeds()}
    assert len(seen) == expected["counts"]["feeds"]
    for batch in range(LAST_BATCH + 1):
        if batch:
            counts = room.publish()
            assert counts["new_entries"] == (
                expected["after_batch"][batch]["entries"] - expected["after_batch"][batch - 1]["entries"]
            )
        for feed in room.feeds():
            items = read_feed(get(feed["url"]), feed["format"])
            assert all(all(item) for item in items)
            guids = [item.guid for item in items]
            assert len(guids) == len(set(guids))
            seen[feed["url"]] |= {item.guid: address(item.link) for item in items}
        links = {link for guids in seen.values() for link in guids.values()}
        counted = {"batch": batch, "entries": sum(map(len, seen.values())), "articles": len(links)}
        assert counted == expected["after_batch"][batch]
    assert {url: len(guids) for url, guids in seen.items()} == expected["entries_per_feed"]
    assert expected["counts"]["entries"] == counted["entries"]
    assert expected["counts"]["articles"] == counted["articles"]
    grouped = sum(len(group["members"]) - 1 for group in expected["seed_groups"])
    assert expected["counts"]["stories"] == counted["articles"] - grouped
    assert room.publish()["batches_left"] == 0


def test_opml_and_home_pages_announce_every_feed(room: Newsroom) -> None:
    urls = [feed["url"] for feed in room.feeds()]
    outlines = ET.fromstring(get(room.url("/feeds.opml")).body).iter("outline")
    assert [outline.get("xmlUrl") for outline in outlines] == urls
    assert [feed["url"] for feed in json.loads(get(room.url("/feeds.json")).body)] == urls
    announced = set()
    for place in range(len(OUTLETS)):
        home = get(room.url(outlet=place)).body.decode("latin-1")
        links = re.findall(r'rel="alternate"[^>]*href="([^"]+)"', home)
        announced |= {urljoin(room.url(outlet=place), link) for link in links}
    assert announced == set(urls)


def test_pages_of_later_batches_are_not_out(room: Newsroom) -> None:
    (group,) = room.expectations()["seed_groups"]
    for member in group["members"]:
        assert get(member["url"]).status == (200 if member["batch"] == 0 else 404)


def test_validators_hold_until_something_changes(room: Newsroom) -> None:
    for feed in room.feeds():
        first = get(feed["url"])
        asked = conditions(first)
        for condition in (asked, *({name: value} for name, value in asked.items())):
            assert get(feed["url"], **condition)[::2] == (304, b"")
        assert get(feed["url"], If_None_Match='"other"', If_Modified_Since="yesterday").status == 200
    before = {feed["url"]: get(feed["url"]) for feed in room.feeds()}
    room.publish()
    for url, reply in before.items():
        changed = get(url).body != reply.body
        assert get(url, **conditions(reply)).status == (200 if changed else 304)


def test_dates_are_moved_to_the_end_that_is_wanted_and_keep_their_distances() -> None:
    ends_at = datetime(2031, 3, 1, 0, 30, 40, tzinfo=UTC)
    with Newsroom(ends_at=ends_at) as moved, Newsroom() as plain:
        for room in (moved, plain):
            room.publish()
            room.publish()
        distances = set()
        for feed, as_written in zip(moved.feeds(), plain.feeds(), strict=True):
            reply = get(feed["url"])
            dates = [date_of(item) for item in read_feed(reply, feed["format"])]
            written = [date_of(item) for item in read_feed(get(as_written["url"]), feed["format"])]
            assert max(dates) < ends_at
            distances |= {date - old for date, old in zip(dates, written, strict=True)}
            if modified := reply.headers.get("Last-Modified"):
                assert max(dates) < parsedate_to_datetime(modified) <= ends_at
        assert distances == {datetime(2031, 3, 1, 0, 30, tzinfo=UTC) - datetime(2026, 10, 6, 17, tzinfo=UTC)}
        page = get(moved.expectations()["seed_groups"][0]["members"][0]["url"]).body.decode()
        assert "2031-02-28T21:50:00+00:00" in page
        assert "2026-" not in page


def date_of(item: Item) -> datetime:
    return datetime.fromisoformat(item.date) if item.date[0].isdigit() else parsedate_to_datetime(item.date)


def test_the_compressed_page_is_the_plain_page(room: Newsroom) -> None:
    (group,) = room.expectations()["seed_groups"]
    url = group["members"][0]["url"]
    plain, packed = get(url), get(url, Accept_Encoding="br, gzip;q=0.8")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "Content-Encoding" not in get(url, Accept_Encoding="gzip;q=0").headers


def test_no_placeholder_is_left(archive: Archive) -> None:
    assert "http://{" not in json.dumps(archive.expected)
    assert all(b"http://{" not in page.body for page in archive.pages.values())


def test_a_query_does_not_change_the_page_and_traversal_finds_nothing(room: Newsroom) -> None:
    url = room.url("/2026/10/allies-promise-air-defence.html")
    assert get(f"{url}?utm_source=rss").body == get(url).body
    for path in ("/../newsroom.py", "/%2e%2e/newsroom.py", "//etc/passwd"):
        assert get(room.url(path)).status == 404


def test_special_pages(archive: Archive) -> None:
    gone, paywall, private = archive.expected["entries_without_page"]
    assert archive.pages[gone["link"]].status == 410
    assert b'"isAccessibleForFree": false' in archive.pages[paywall["link"]].body
    assert "/private/" in private["link"]
    for row in (gone, paywall, private):
        assert archive.summaries[row["link"]] == row["contains"]
    others = {page.status for url, page in archive.pages.items() if url != gone["link"]}
    assert others == {200}


def test_declared_charsets_are_needed(archive: Archive) -> None:
    for place, charset, sign in ((4, "windows-1252", "„".encode("cp1252")), (6, "windows-874", "ข".encode("cp874"))):
        slug = OUTLETS[place].slug
        pages = [page for url, page in archive.pages.items() if urlsplit(url).hostname == OUTLETS[place].host]
        assert pages, slug
        for page in pages:
            assert page.headers["Content-Type"] == f"text/html; charset={charset}"
            assert sign in page.body
            with pytest.raises(UnicodeDecodeError):
                page.body.decode("utf-8")


def test_the_corrected_page_changes_once(room: Newsroom) -> None:
    (row,) = room.expectations()["corrected"]
    first = get(row["url"])
    assert row["first_version_contains"] in first.body.decode()
    room.publish()
    last = get(row["url"])
    assert row["first_version_contains"] not in last.body.decode()
    assert all(phrase in last.body.decode() for phrase in row["last_version_contains"])
    assert get(row["url"], **conditions(first)).status == 200


# --- what can be read from it -----------------------------------------------------------------------


def test_texts_are_there_and_furniture_is_not(archive: Archive) -> None:
    for wish in archive.expected["texts"]:
        text = archive.texts[wish["url"]]
        assert [phrase for phrase in wish["contains"] if phrase not in text] == [], wish["url"]
        assert [phrase for phrase in wish["lacks"] if phrase in text] == [], wish["url"]


def test_a_plain_reading_finds_the_topics(archive: Archive) -> None:
    without_page = {row["link"]: row["contains"] for row in archive.expected["entries_without_page"]}
    read = archive.texts | without_page
    for name, pattern in TOPICS.items():
        found = {url for url, text in read.items() if pattern.search(f"{archive.titles[url]}\n{text}")}
        assert found == set(archive.expected["topics"][name]), name
        assert 0 < len(found) < len(read) / 2


def test_whole_pages_name_the_topics_far_more_often(archive: Archive) -> None:
    """Who takes furniture for text matches too much; otherwise the newsroom would prove nothing."""
    for name, pattern in TOPICS.items():
        found = {url for url, page in archive.pages.items() if pattern.search(page.body.decode("latin-1"))}
        assert len(found) > len(archive.expected["topics"][name]), name


def test_only_the_reprints_share_their_text(archive: Archive) -> None:
    runs = {url: word_runs(text) for url, text in archive.texts.items()}
    (group,) = archive.expected["seed_groups"]
    copies = {member["url"] for member in group["members"]}
    templates = [set(pair) for pair in archive.expected["not_copies"]]
    for one, other in combinations(runs, 2):
        share = len(runs[one] & runs[other]) / max(min(len(runs[one]), len(runs[other])), 1)
        if {one, other} <= copies:
            assert share > 0.9, (one, other)
        elif {one, other} in templates:
            assert 0.1 < share < 0.6
        else:
            assert share < 0.05, (one, other)


def test_the_reprints_are_as_long_as_their_kinds_say(archive: Archive) -> None:
    (group,) = archive.expected["seed_groups"]
    words = {member["role"]: len(archive.texts[member["url"]].split()) for member in group["members"]}
    assert 0.4 < words["truncated"] / words["original"] < 0.6
    assert words["extended"] / words["original"] > 1.5
    assert 0.95 < words["mangled"] / words["original"] < 1.05
    assert 0.95 < words["reprint"] / words["original"] < 1.05
    assert set(archive.expected["relations"]) == {
        member["url"] for member in group["members"] if member["role"] != "original"
    }


def word_runs(text: str, length: int = 5) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


# --- the server -------------------------------------------------------------------------------------


def test_stats_count_what_was_asked_for(room: Newsroom) -> None:
    feed, page = room.url("/rss.xml"), room.url("/2026/10/allies-promise-air-defence.html")
    for url in (feed, page, page, room.url("/robots.txt"), room.url("/nothing"), room.url("/private/desk", outlet=3)):
        get(url)
    get(page, **conditions(get(page)))
    stats = room.stats()
    assert stats["by_status"] == {"200": 5, "404": 2, "304": 1}
    assert stats["feed_requests"] == 1
    assert stats["article_pages_sent"] == 3
    assert stats["article_pages_sent_again"] == {"127.0.1.1/2026/10/allies-promise-air-defence.html": 3}
    assert stats["private_requests"] == ["/private/desk"]
    assert {"time", "host", "method", "path", "status", "bytes", "headers"} <= set(room.requests()[0])
    assert room.reset()["batches_left"] == LAST_BATCH
    assert room.stats()["requests"] == 0


def test_head_sends_no_body_and_other_methods_are_refused(room: Newsroom) -> None:
    connection = http.client.HTTPConnection(urlsplit(room.url()).netloc, timeout=20)
    for method, status in (("HEAD", 200), ("POST", 501)):
        connection.request(method, "/")
        answer = connection.getresponse()
        assert answer.status == status
        if method == "HEAD":
            assert answer.read() == b""
            assert int(answer.headers["Content-Length"]) > 0
    connection.close()


def test_where_only_one_host_exists_each_outlet_has_a_port() -> None:
    with Newsroom(slow_s=0, one_host=True) as room:
        assert len(set(room.allow)) == len(OUTLETS)
        assert {entry.partition(":")[0] for entry in room.allow} == {"127.0.0.1"}
        for place, outlet in enumerate(OUTLETS):
            assert (
                outlet.name.encode(outlet.charset.replace("windows-874", "cp874")) in get(room.url(outlet=place)).body
            )
        links = [item.link for item in read_feed(get(room.url("/rss.xml")), "rss")]
        assert {get(link).status for link in links} == {200}


def test_a_taken_port_is_an_error_and_leaves_nothing_open(room: Newsroom) -> None:
    with pytest.raises(OSError, match="in use"):
        Newsroom(port=room.port).start()


def test_stop_ends_connections_that_are_kept_alive() -> None:
    room = Newsroom(slow_s=60)
    room.start()
    connection = http.client.HTTPConnection(urlsplit(room.url()).netloc, timeout=20)
    connection.request("GET", "/robots.txt")
    connection.getresponse().read()
    # This answer would take a minute; stop() cuts the wait short.
    slow = http.client.HTTPConnection(urlsplit(room.url()).netloc, timeout=20)
    slow.request("GET", OUTLETS[0].slow[0])
    room.stop()
    room.stop()
    connection.close()
    slow.close()
