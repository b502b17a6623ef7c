from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, Permanent, Reason, Transient
from ingest.feed import MAX_UNPACKED_BYTES, parse_feed
from ingest.identity import recognise
from ingest.listing import MAX_ENTRIES
from ingest.model import Entry, EntryState
from ingest.outcome import title_for
from ingest.polling import DateFault, SitemapLink
from ingest.reading import article_from_page
from ingest.sitemap import MAX_CHILDREN
from ingest.web import Page

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://news.example/sitemaps/news.xml"
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" '
    'xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"'
)


def page(body, **headers):
    return Page(
        requested_url=URL,
        url=URL,
        moved_to=None,
        status=200,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body if isinstance(body, bytes) else body.encode(),
    )


def urlset(*urls, prolog='<?xml version="1.0" encoding="UTF-8"?>'):
    return f"{prolog}<urlset {SPACES}>{''.join(f'<url>{url}</url>' for url in urls)}</urlset>"


def index(*sitemaps):
    listed = "".join(f"<sitemap>{sitemap}</sitemap>" for sitemap in sitemaps)
    return f"<sitemapindex {SPACES}>{listed}</sitemapindex>"


def only(url, **headers):
    (entry,) = parse_feed(page(urlset(url), **headers)).entries
    return entry


def refusal(body, **headers):
    with pytest.raises(IngestError) as caught:
        parse_feed(page(body, **headers))
    return caught.value


# --- what they say ----------------------------------------------------------------------------------

FULL = (
    "<loc>/2026/fire?utm_source=sitemap&amp;id=7</loc><lastmod>2026-01-05T12:00:00Z</lastmod>"
    "<news:news><news:publication><news:name>The News</news:name><news:language>en-GB</news:language>"
    "</news:publication><news:publication_date>2026-01-05T12:30:00+02:00</news:publication_date>"
    "<news:title>Fire &amp;amp; flood in the port</news:title><news:keywords>Ports, Ships ,, Fire</news:keywords>"
    "</news:news>"
    "<image:image><image:loc>/7.jpg</image:loc><image:title>A ship</image:title></image:image>"
    "<video:video><video:title>Film</video:title><video:publication_date>2020-01-01</video:publication_date>"
    "</video:video>"
)


def test_an_entry_of_a_news_sitemap():
    document = parse_feed(page(urlset(FULL)))
    (entry,) = document.entries
    assert (document.feed_format, document.title, document.ttl_s) == ("sitemap", "The News", None)
    assert (document.is_whole, document.is_cut, document.problems, document.children) == (True, False, (), ())
    assert entry.guid is None
    assert entry.link == "https://news.example/2026/fire?utm_source=sitemap&id=7"
    assert entry.page_address == "https://news.example/2026/fire?id=7"
    assert entry.title == "Fire & flood in the port"
    assert entry.published == datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    assert entry.updated == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert (entry.lang, entry.sections) == ("en", ("Ports", "Ships", "Fire"))
    assert (entry.author, entry.text, entry.date_fault) == (None, "", None)


def test_a_plain_sitemap_knows_no_date_of_publication_and_no_title():
    entry = only("<loc>https://news.example/a</loc><lastmod>2026-01-05T12:00:00Z</lastmod>")
    assert (entry.title, entry.published, entry.date) == ("", None, datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("dates", "fault", "date"),
    [
        ("<lastmod>2026-01-05</lastmod>", DateFault.ZONE, datetime(2026, 1, 5, tzinfo=UTC)),
        ("<lastmod>2026-01</lastmod>", DateFault.ZONE, datetime(2026, 1, 1, tzinfo=UTC)),
        ("<lastmod> 2026-01-05T10:00:00.5+01:00 </lastmod>", None, datetime(2026, 1, 5, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("<lastmod>soon</lastmod>", DateFault.MISSING, None),
        ("<lastmod>0001-01-01T00:00:00Z</lastmod>", DateFault.MISSING, None),
        ("", DateFault.MISSING, None),
        (
            "<lastmod>2026-01-05T10:00:00Z</lastmod><n:news><n:publication_date>soon</n:publication_date></n:news>",
            None,
            datetime(2026, 1, 5, 10, tzinfo=UTC),
        ),
    ],
)
def test_dates(dates, fault, date):
    entry = only(f"<loc>https://news.example/a</loc>{dates}")
    assert (entry.date_fault, entry.date) == (fault, date)


def test_wrong_and_undeclared_prefixes_do_no_harm():
    body = (
        "<s:urlset><s:url><s:loc>https://news.example/a</s:loc><n:news><n:title>Fire</n:title>"
        "<n:publication_date>2026-01-05T10:00:00Z</n:publication_date></n:news></s:url></s:urlset>"
    )
    (entry,) = parse_feed(page(body)).entries
    assert (entry.link, entry.title) == ("https://news.example/a", "Fire")
    assert entry.published == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_pages_without_a_usable_address_are_told():
    document = parse_feed(page(urlset("<loc>javascript:x</loc>", "<lastmod>2026-01-05</lastmod>")))
    assert [entry.link for entry in document.entries] == [None, None]
    assert "1 of 2 entries links to no http or https address: javascript:x" in document.problems
    assert "1 of 2 entries has no link" in document.problems


def test_the_same_page_twice_is_one_entry():
    document = parse_feed(page(urlset("<loc>/a</loc>", "<loc>/a?utm_source=x</loc>")))
    assert len(recognise(document.entries, ()).new) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_encodings(encoding):
    body = urlset(
        "<loc>/a</loc><news:news><news:title>Пожар в порту</news:title></news:news>",
        prolog=f'\n<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>',
    )
    assert parse_feed(page(body.encode(encoding))).entries[0].title == "Пожар в порту"


def test_an_entry_without_a_title_gets_that_of_its_page():
    listed = only("<loc>https://news.example/fire</loc>")
    entry = Entry(
        id=1,
        feed_id=1,
        link=listed.link,
        page_address=listed.page_address,
        title=listed.title,
        author=None,
        published=None,
        text=listed.text,
        lang=None,
        sections=(),
        state=EntryState.NEW,
        attempts=0,
        checks=0,
        next_try_at=None,
        first_seen_at=datetime(2026, 1, 5, tzinfo=UTC),
        article_id=None,
        is_changed=False,
    )
    paragraphs = "".join(f"<p>The fire in the port was put out after {n} hours, officials said.</p>" for n in range(9))
    html = f"<html><head><title>Fire in the port</title></head><body><article>{paragraphs}</article></body></html>"
    answer = Page(
        requested_url=entry.link,
        url=entry.link,
        moved_to=None,
        status=200,
        headers={"content-type": "text/html"},
        body=html.encode(),
    )
    assert article_from_page(answer, entry.page_address, entry, title_for(entry, None)).title == "Fire in the port"


# --- limits -----------------------------------------------------------------------------------------


def test_of_more_pages_than_are_read_the_newest_stay_in_their_order():
    total = MAX_ENTRIES + 50
    # The oldest come first, one has no date at all.
    urls = [f"<loc>/{n}</loc><lastmod>{2000 + n // 365:04}-01-{1 + n % 28:02}</lastmod>" for n in range(total - 1)]
    document = parse_feed(page(urlset("<loc>/undated</loc>", *urls)))
    assert document.is_cut
    assert f"it lists {total:,} pages; only the newest 2,000 by date are read" in document.problems
    assert len(document.entries) == MAX_ENTRIES
    kept = [int(entry.link.rpartition("/")[2]) for entry in document.entries]
    assert kept == sorted(kept)
    left_out = set(range(total - 1)) - set(kept)
    dates = {n: (n // 365, n % 28) for n in range(total - 1)}
    assert max(dates[n] for n in left_out) <= min(dates[n] for n in kept)


def test_a_list_of_sitemaps_has_the_newest_first():
    document = parse_feed(
        page(
            index(
                "<loc>https://news.example/undated.xml</loc>",
                "<loc>old.xml.gz</loc><lastmod>2024-01-01</lastmod>",
                "<loc>new.xml</loc><lastmod>2026-01-05T10:00:00+02:00</lastmod>",
                "<loc>new.xml</loc>",
                "<loc>ftp://news.example/x.xml</loc>",
                f"<loc>{URL}</loc>",
            )
        )
    )
    assert (document.feed_format, document.entries) == ("sitemap index", ())
    assert document.children == (
        SitemapLink(url="https://news.example/sitemaps/new.xml", changed=datetime(2026, 1, 5, 8, tzinfo=UTC)),
        SitemapLink(url="https://news.example/sitemaps/old.xml.gz", changed=datetime(2024, 1, 1, tzinfo=UTC)),
        SitemapLink(url="https://news.example/undated.xml", changed=None),
    )


def test_no_more_sitemaps_are_kept_than_anybody_reads():
    total = MAX_CHILDREN + 1
    document = parse_feed(page(index(*(f"<loc>/{n}.xml</loc>" for n in range(total)))))
    assert (len(document.children), document.is_cut) == (MAX_CHILDREN, True)
    assert document.problems == ("it lists 1,001 sitemaps; only the newest 1,000 are kept",)


# --- compressed files -------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/gzip", "application/x-gzip", "text/xml", ""])
def test_a_compressed_file_is_unpacked(content_type):
    packed = gzip.compress(urlset(FULL).encode())
    assert len(parse_feed(page(packed, content_type=content_type)).entries) == 1


def test_a_compressed_feed_is_unpacked_too():
    body = b"<rss version='2.0'><channel><item><title>a</title></item></channel></rss>"
    assert parse_feed(page(gzip.compress(body))).feed_format == "rss"


def test_a_file_that_unfolds_beyond_the_limit_is_refused():
    error = refusal(gzip.compress(b"<urlset>" + b" " * (MAX_UNPACKED_BYTES * 10)))
    assert (type(error), error.reason) == (Permanent, Reason.TOO_LARGE)


def test_one_layer_only():
    error = refusal(gzip.compress(gzip.compress(urlset(FULL).encode())))
    assert (type(error), error.reason) == (Permanent, Reason.DECODE)


@pytest.mark.parametrize("end", [10, 30, -4])
def test_a_compressed_file_that_breaks_off_is_asked_for_again(end):
    error = refusal(gzip.compress(urlset(FULL).encode())[:end])
    assert (type(error), error.reason) == (Transient, Reason.CONNECTION)


def test_a_corrupt_file_is_told():
    packed = bytearray(gzip.compress(urlset(FULL).encode()))
    packed[12:60] = b"\xff" * 48
    assert refusal(bytes(packed)).reason is Reason.DECODE


# --- hostile and broken ones ------------------------------------------------------------------------


def test_one_that_breaks_off_keeps_what_came_before():
    whole = urlset("<loc>/a</loc>", "<loc>/b</loc>", "<loc>/c</loc>")
    document = parse_feed(page(whole[: whole.index("/c<")]))
    assert [entry.link for entry in document.entries] == ["https://news.example/a", "https://news.example/b"]
    assert not document.is_whole
    assert document.problems[:2] == (
        "not well-formed XML: no element found, line 1",
        "it breaks off before its end; the last entry is left for the next poll",
    )


def test_one_of_which_nothing_can_be_read_is_refused():
    error = refusal("<urlset><url><loc>/a</loc></urlset>")
    assert (error.reason, error.detail) == (Reason.PARSE, "a broken sitemap: mismatched tag, line 1")


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "lol"><!ENTITY b "' + "&a;" * 1000 + '"><!ENTITY c "' + "&b;" * 1000 + '">',
        '<!ENTITY c SYSTEM "file:///etc/hostname">',
        '<!ENTITY c SYSTEM "http://127.0.0.1:9/x">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;',
    ],
)
def test_declared_entities_are_refused_and_nothing_is_opened(declaration):
    """No connection is allowed here, so an attempt would fail loudly."""
    error = refusal(f"<!DOCTYPE urlset [{declaration}]><urlset><url><loc>/&c;</loc></url></urlset>")
    assert (error.reason, error.detail) == (Reason.PARSE, "a broken sitemap: it declares entities")


def test_an_external_dtd_is_not_read(tmp_path: Path):
    dtd = tmp_path / "x.dtd"
    dtd.write_text('<!ENTITY c "SECRET">')
    body = f'<!DOCTYPE urlset SYSTEM "{dtd.as_uri()}"><urlset><url><loc>/a&c;b</loc></url></urlset>'
    assert [entry.link for entry in parse_feed(page(body)).entries] == ["https://news.example/ab"]


@pytest.mark.parametrize(
    "body",
    [
        "<urlset>" + "<url>" * 400_000,
        "<urlset>" + "<url><loc>" * 200_000,
        "<urlset><url><loc>" + "x" * 3_000_000 + "</loc></url></urlset>",
        "<urlset>" + "<url/>" * 400_000 + "</urlset>",
        "<urlset><url><loc>/a</loc>" + "<news><title>x</title></news>" * 60_000 + "</url></urlset>",
        "<urlset" + "".join(f" a{n}=''" for n in range(50_000)) + "/>",
        "<sitemapindex>" + "<sitemap>" * 300_000,
        "<urlset>&#xD800;</urlset>",
    ],
    ids=["deep", "deep with fields", "long text", "wide", "repeated fields", "attributes", "deep index", "surrogate"],
)
def test_three_megabytes_of_malice_are_read_or_refused(body):
    try:
        document = parse_feed(page(body))
    except Permanent as error:
        reason = error.reason
        assert reason is Reason.PARSE
    else:
        assert len(document.entries) <= 1


TAGS = st.sampled_from(
    [
        *("<urlset>", "</urlset>", "<url>", "</url>", "<loc>", "</loc>", "<lastmod>", "<n:news>", "<title>"),
        *("<sitemapindex>", "<sitemap>", "/a", "2026", "&lt;", "&x;", "\x00", "<"),
        *("<!DOCTYPE x [", "]>", "<!ENTITY x 'y'>"),
    ]
)


@given(st.lists(TAGS, max_size=12))
def test_any_tags_are_borne(parts):
    for root in ("<urlset>", "<sitemapindex>"):
        try:
            document = parse_feed(page(root + "".join(parts)))
        except Permanent as error:
            refused = error.reason in {Reason.PARSE, Reason.NOT_FEED}
            assert refused
        else:
            assert document.feed_format in {"sitemap", "sitemap index"}
