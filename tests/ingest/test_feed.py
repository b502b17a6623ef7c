from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Permanent, Reason
from ingest.feed import parse_feed
from ingest.listing import MAX_ENTRIES, MAX_TEXT
from ingest.web import Page

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def page(body, url="https://news.example/feeds/all.xml", **headers):
    return Page(
        requested_url=url,
        url=url,
        moved_to=None,
        status=200,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
    )


def rss(*items, channel="<title>News</title>", prolog=""):
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f'{prolog}<rss version="2.0" {NAMESPACES}><channel>{channel}{listed}</channel></rss>'


def atom(*entries, feed="<title>News</title>", attributes=""):
    listed = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}>{feed}{listed}</feed>'


def entries(body, **headers):
    return parse_feed(page(body, **headers)).entries


def only(body, **headers):
    (entry,) = entries(body, **headers)
    return entry


def refusal(body, **headers):
    with pytest.raises(Permanent) as caught:
        parse_feed(page(body, **headers))
    assert caught.value.reason is Reason.NOT_FEED
    assert caught.value.subject == "https://news.example/feeds/all.xml"
    assert caught.value.detail.isprintable()
    return caught.value.detail


# --- formats ----------------------------------------------------------------------------------------


def test_an_rss_item_with_everything():
    entry = only(
        rss(
            "<title>Fire in &lt;b&gt;port&lt;/b&gt;</title><link>/2026/fire?utm_source=rss&amp;id=7</link>"
            '<guid isPermaLink="false">n-7</guid><pubDate>Mon, 05 Jan 2026 12:30:00 +0200</pubDate>'
            "<dc:creator>Ann Lee</dc:creator><category>World</category><category>Ports &amp;amp; ships</category>"
            "<category>World</category><description>Short</description>"
            "<content:encoded>&lt;p&gt;The fire.&lt;/p&gt;&lt;p&gt;It is out.&lt;/p&gt;</content:encoded>",
            channel="<title>The News</title><language>en-GB</language>",
        )
    )
    assert entry.title == "Fire in port"
    assert entry.link == "https://news.example/2026/fire?utm_source=rss&id=7"
    assert entry.page_address == "https://news.example/2026/fire?id=7"
    assert entry.guid == "n-7"
    assert entry.published == datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    assert entry.author == "Ann Lee"
    assert entry.sections == ("World", "Ports & ships")
    assert entry.text == "The fire.\nIt is out."
    assert entry.lang == "en"


def test_an_atom_entry_with_everything():
    entry = only(
        atom(
            '<id>tag:news.example,2026:7</id><title type="html">Fire &amp;amp; flood</title>'
            '<link rel="self" href="/7.atom"/><link rel="alternate" type="application/json" href="/7.json"/>'
            '<link rel="alternate" type="text/html" href="seven"/>'
            "<published>2026-01-05T12:30:00+02:00</published><updated>2026-01-05T11:00:00Z</updated>"
            "<author><name>Ann Lee</name></author><author><name>Bo Li</name></author>"
            '<category term="w" label="World"/><summary>Short</summary>'
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
            "<p>The <b>fire</b>.</p><p>Out.</p></div></content>",
            attributes='xml:lang="de-CH" xml:base="https://www.news.example/a/"',
        )
    )
    assert entry.title == "Fire & flood"
    assert entry.link == "https://www.news.example/a/seven"
    assert entry.guid == "tag:news.example,2026:7"
    assert entry.published == datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    assert entry.updated == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert entry.author == "Ann Lee, Bo Li"
    assert entry.sections == ("World",)
    assert entry.text == "The fire.\nOut."
    assert entry.lang == "de"


def test_an_rdf_item():
    document = parse_feed(
        page(
            f'<rdf:RDF xmlns:rdf="{RDF}" xmlns="http://purl.org/rss/1.0/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.example/"><title>News</title>'
            '</channel><item rdf:about="https://news.example/7"><title>Fire</title><dc:date>2026-01-05</dc:date>'
            "<description>Out.</description></item></rdf:RDF>"
        )
    )
    (entry,) = document.entries
    assert document.feed_format == "rdf"
    assert entry.guid == entry.link == "https://news.example/7"
    assert entry.published == datetime(2026, 1, 5, tzinfo=UTC)
    assert entry.text == "Out."


@pytest.mark.parametrize(
    ("body", "feed_format"),
    [
        ('<rss version="0.91"><channel><item><title>a</title></item></channel></rss>', "rss"),
        ('<rss version="0.92"><channel/></rss>', "rss"),
        ("<rss><channel><title>x</title></channel></rss>", "rss"),
        (rss(), "rss"),
        (atom(), "atom"),
        ('<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>a</title></entry></feed>', "atom"),
        (f'<r:RDF xmlns:r="{RDF}" xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel/><item/></r:RDF>', "rdf"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', "json"),
        ("\ufeff \n" + rss(prolog='<?xml version="1.0"?>'), "rss"),
        ("\n\n" + atom(), "atom"),
        ("<urlset><url/></urlset>", "sitemap"),
        ("<sitemapindex/>", "sitemap index"),
        ("<br />\n<b>Warning</b>: broken script\n" + rss(prolog='<?xml version="1.0"?>'), "rss"),
        ("<!-- made by <rss> maker --><!DOCTYPE rss [ <!ENTITY x 'y'> ]>" + rss(), "rss"),
    ],
)
def test_formats_are_told_apart_and_a_feed_may_be_empty(body, feed_format):
    assert parse_feed(page(body)).feed_format == feed_format


# --- links and identity -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>//cdn.example/a</link>", "https://cdn.example/a"),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>http://[bad</link>", None),
        ("<guid>https://news.example/a</guid>", "https://news.example/a"),
        ('<guid isPermaLink="false">https://news.example/a</guid>', None),
        ("<guid>4711</guid>", None),
        ("<guid>https://news.example/g</guid><link>/a</link>", "https://news.example/a"),
        ('<link/><atom:link rel="alternate" href="/b"/>', "https://news.example/b"),
        ('<enclosure url="https://news.example/a.mp3"/>', None),
        ('<link xml:base="https://other.example/x/">a</link>', "https://other.example/x/a"),
    ],
)
def test_the_link_of_an_rss_item(item, link):
    assert only(rss("<title>t</title>" + item)).link == link


def test_links_start_from_where_the_feed_was_found():
    (entry,) = parse_feed(page(rss("<link>a</link>"), url="https://moved.example/x/feed")).entries
    assert entry.link == "https://moved.example/x/a"


def test_a_guid_does_not_change_when_the_feed_moves():
    body = rss("<title>t</title><guid>n-7</guid>")
    guids = {parse_feed(page(body, url=url)).entries[0].guid for url in ("http://a.example/", "https://b.example/f/")}
    assert guids == {"n-7"}


def test_a_guid_that_repeats_names_nothing_and_loses_nothing():
    items = [f"<title>{name}</title><guid>same</guid><link>/{name}</link>" for name in "abc"]
    listed = entries(rss(*items, "<title>d</title><guid>own</guid><link>/d</link>"))
    assert [(entry.title, entry.guid) for entry in listed] == [("a", None), ("b", None), ("c", None), ("d", "own")]


def test_an_item_that_is_listed_twice_is_listed_once():
    item = "<title>a</title><guid>n-1</guid><link>/a</link>"
    assert [entry.guid for entry in entries(rss(item, item))] == ["n-1"]


def test_a_very_long_guid_is_kept_as_its_hash():
    guids = [entry.guid for entry in entries(rss(*(f"<title>t</title><guid>{'x' * 5000}{n}</guid>" for n in (1, 2))))]
    assert len(set(guids)) == 2
    assert all(guid.startswith("sha256:") for guid in guids)


# --- text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("<description>Plain\n\ntext</description>", "Plain\n\ntext"),
        ("<description>&lt;p&gt;A&amp;amp;B&lt;/p&gt;</description>", "A&B"),
        ("<description><![CDATA[<p>A &amp; B</p>]]></description>", "A & B"),
        ("<description><p>in <b>line</b></p></description>", "in line"),
        ("<description>Short</description><content:encoded>The whole text</content:encoded>", "The whole text"),
        ("<content:encoded>The whole text</content:encoded><description>Short</description>", "The whole text"),
        ("<description>Sum</description><content:encoded>&lt;img src='x'/&gt;</content:encoded>", "Sum"),
        ("<description>The whole text</description><media:description>Caption</media:description>", "The whole text"),
        ("<description>A&lt;script&gt;alert(1)&lt;/script&gt;B</description>", "AB"),
        ("<description>A\x0bB\u202eC&#x9d;D\u2028E</description>", "ABCD\nE"),
        ("<title>t</title>", ""),
    ],
)
def test_the_text_of_an_rss_item(item, text):
    assert only(rss(item)).text == text


def test_atom_text_is_taken_literally():
    entry = only(atom("<title>a &lt;b&gt; c</title><summary>1 &lt; 2 &lt;p&gt;</summary>"))
    assert entry.text == "1 < 2 <p>"


def test_a_long_text_and_a_long_title_are_cut():
    entry = only(rss(f"<title>{'t' * 5000}</title><description>{'word ' * 100_000}</description>"))
    assert len(entry.title) == 1000
    assert MAX_TEXT - 5 <= len(entry.text) <= MAX_TEXT


def test_a_mangled_item_is_repaired_before_it_is_cleaned():
    """Control characters are what mangled text is recognised by, so cleaning must not come first."""
    mangled = "“Yes”, said Zelenskyy’s aide – in Kyiv…".encode().decode("latin-1")
    entry = only(rss(f"<title>{mangled}</title><description>{mangled}</description>"))
    assert entry.title == entry.text == "“Yes”, said Zelenskyy’s aide – in Kyiv…"
    thai = only(rss("<title>โ€œOverโ€</title><description>Wednesdayโ€™s vote</description>"))
    assert (thai.title, thai.text) == ("“Over”", "Wednesday’s vote")


@given(st.lists(st.text(st.characters(categories=["L", "N", "Zs"]), max_size=30), max_size=5))
def test_every_item_comes_out_in_order(titles):
    listed = entries(rss(*(f"<title>{escape(title)}</title>" for title in titles)))
    assert len(listed) == len(titles)
    for entry, title in zip(listed, titles, strict=True):
        assert len(entry.title) <= len(title)
        assert entry.published is None


# --- dates, language, wishes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("Mon, 05 Jan 2026 10:00:00 GMT", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 05 Jan 2026 10:00:00 EST", datetime(2026, 1, 5, 15, tzinfo=UTC)),
        ("2026-01-05T10:00:00+05:30", datetime(2026, 1, 5, 4, 30, tzinfo=UTC)),
        ("Tue, 05 Jan 2126 10:00:00 GMT", datetime(2126, 1, 5, 10, tzinfo=UTC)),
        ("yesterday at noon", None),
        ("", None),
        ("0001-01-01T00:00:00Z", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 99 Jan 2026 10:00:00 GMT", None),
    ],
)
def test_dates_are_in_utc_or_unknown(date, published):
    assert only(rss(f"<title>t</title><pubDate>{date}</pubDate>")).published == published


def test_an_atom_entry_that_was_only_updated_has_no_date_of_publication():
    entry = only(atom("<title>t</title><updated>2026-01-05T10:00:00Z</updated>"))
    assert entry.published is None
    assert entry.updated == entry.date == datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("channel", "headers", "lang"),
    [
        ("<language>pt_BR</language>", {"content_language": "en"}, "pt"),
        ("", {"content_language": "uk"}, "uk"),
        ("<language>English</language>", {}, None),
        ("", {}, None),
    ],
)
def test_the_language_of_the_feed(channel, headers, lang):
    assert only(rss("<title>t</title>", channel=channel), **headers).lang == lang


@pytest.mark.parametrize(
    ("channel", "ttl_s"),
    [
        ("<ttl>15</ttl>", 900),
        ("<ttl> 0 </ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>99999999</ttl>", 86_400),
        ("<sy:updatePeriod>\n hourly </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 900),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>999999</sy:updateFrequency>", 60),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", 86_400),
        ("<sy:updatePeriod>often</sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_how_often_the_publisher_asks_to_be_polled(channel, ttl_s):
    assert parse_feed(page(rss(channel=channel))).ttl_s == ttl_s


# --- encodings --------------------------------------------------------------------------------------

CYRILLIC = "Пожар в порту потушен, сообщили власти"


def declared(encoding):
    return f'<?xml version="1.0" encoding="{encoding}"?>'


@pytest.mark.parametrize(
    ("title", "encoding", "declaration", "content_type"),
    [
        (CYRILLIC, "utf-8", "", None),
        (CYRILLIC, "utf-8", "", "text/xml"),
        (CYRILLIC, "utf-8", "", "text/xml; charset=iso-8859-1"),
        (CYRILLIC, "utf-8", declared("windows-1251"), "application/rss+xml"),
        (CYRILLIC, "utf-8-sig", declared("utf-8"), "text/html"),
        (CYRILLIC, "utf-16", declared("utf-16"), "application/xml"),
        (CYRILLIC, "utf-16-be", declared("utf-16"), None),
        (CYRILLIC, "windows-1251", declared("windows-1251"), "text/xml; charset=utf-8"),
        (CYRILLIC, "windows-1251", declared("windows-1251"), "text/xml; charset=ISO-8859-1"),
        (CYRILLIC, "windows-1251", "", "text/xml; charset=windows-1251"),
        (CYRILLIC, "koi8-r", declared("koi8-r"), None),
        ("ไฟไหม้ที่ท่าเรือ", "cp874", declared("windows-874"), None),
        ("港で火事", "iso-2022-jp", declared("iso-2022-jp"), None),
        ("港で火事", "shift_jis", declared("shift_jis"), None),
        ("Café “on” fire", "cp1252", declared("iso-8859-1"), None),
    ],
)
def test_titles_are_read_in_the_right_encoding(title, encoding, declaration, content_type):
    body = rss(f"<title>{title}</title>", prolog=declaration).encode(encoding)
    headers = {"content_type": content_type} if content_type else {}
    assert only(body, **headers).title == title


def test_a_character_that_was_cut_in_two_spoils_no_other():
    body = rss(f"<title>{CYRILLIC}</title>", "<title>two</title>").encode().replace(b"two", b"\xd0")
    first, second = entries(body)
    assert first.title == CYRILLIC
    assert second.title == "\ufffd"


# --- what is no feed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "empty"),
        ("\ufeff \r\n\t", "empty"),
        ("<!DOCTYPE html><html><p>Hi</p></html>", "an HTML page that announces no feed"),
        ('<opml version="2.0"><body/></opml>', "an OPML list of feeds"),
        ("<data><x/></data>", "its root element is <data>"),
        ("<data><x></data>", "not XML: mismatched tag, line 1"),
        ("no feed here", "neither XML nor JSON: it starts with “no feed here”"),
        (b"\x89PNG\r\n\x1a\n\x00\x1b[0m", "neither XML nor JSON"),
        ("[1, 2]", "no JSON Feed"),
        ("{", "not JSON"),
    ],
)
def test_what_is_no_feed_is_told(body, detail):
    assert detail in refusal(body)


def test_an_html_page_is_told_with_the_feeds_that_it_announces():
    body = (
        '<!DOCTYPE html><html><head><link rel="stylesheet" href="/x.css">'
        '<link rel="alternate" type="application/rss+xml" title="All" href="/rss">'
        "<link type='application/atom+xml' href='https://news.example/atom' rel='alternate home'></head></html>"
    )
    assert refusal(body) == (
        "an HTML page; it announces these feeds: https://news.example/rss, https://news.example/atom"
    )


# --- hostile feeds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference", ["&#xD800;", "&#0;", "&#27;", "&#x110000;", f"&#{'9' * 5000};", "&#x1b;", "\x1b", "\x00"]
)
def test_impossible_characters_spoil_nothing(reference):
    first, second = entries(rss(f"<title>a{reference}b</title><link>/a</link>", "<title>two</title>"))
    assert first.title in {"ab", "a\ufffdb"}
    assert first.link == "https://news.example/a"
    assert second.title == "two"


def test_a_lone_surrogate_in_the_bytes_spoils_nothing():
    assert only(rss(f"<title>{CYRILLIC}\ud800</title>")).title.startswith(CYRILLIC)


def test_entities_are_neither_fetched_nor_multiplied(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    system = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    assert "SECRET" not in only(rss("<title>a &x; b</title>", prolog=system)).title
    bomb = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    assert "lollol" not in only(rss("<title>a &l9; b</title>", prolog=f"<!DOCTYPE rss [{bomb}]>")).title


@pytest.mark.parametrize("name", ["{path}", "file://{path}", "http://127.0.0.1:9/feed", "https://news.example/rss"])
def test_a_body_that_names_a_file_or_an_address_does_not_open_it(tmp_path: Path, name):
    """Given bytes or a str, feedparser would. No connection is allowed here, so an attempt would fail loudly."""
    path = tmp_path / "feed.xml"
    path.write_text(rss("<title>SECRET</title>"))
    assert "neither XML nor JSON" in refusal(name.format(path=path))


@pytest.mark.parametrize(
    "body",
    [
        "<a>" * 20_000,
        rss("<description>" + "&lt;div&gt;" * 50_000 + "text</description>"),
        rss("<description>" + "<b>" * 5_000),
        "<!--" * 10_000,
        "<!-- x -->" * 5_000,
        "<!DOCTYPE rss [" + "<!ENTITY x 'y'>" * 2_000,
        "<?xml " * 10_000,
        "{" * 100_000,
        '{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 100_000,
    ],
)
def test_hostile_documents_are_read_or_refused(body):
    try:
        document = parse_feed(page(body))
    except Permanent as error:
        refused = error.reason in {Reason.NOT_FEED, Reason.PARSE}
        assert refused
    else:
        assert len(document.entries) <= 1


@given(st.binary(max_size=200) | st.text(st.sampled_from("<>rss/!-[]&;#x \"'=?{}CDATAitem"), max_size=80))
def test_any_bytes_are_a_feed_or_no_feed(body):
    document = None
    try:
        document = parse_feed(page(body))
    except Permanent as error:
        refused = error.reason in {Reason.NOT_FEED, Reason.PARSE}
        assert refused
    assert document is None or document.feed_format in {"rss", "rdf", "atom", "json"}


def test_a_feed_that_breaks_off_keeps_what_it_had():
    whole = rss("<title>one</title>", "<title>two</title>", "<title>three</title>")
    listed = entries(whole[: whole.index("three")])
    assert [entry.title for entry in listed][:2] == ["one", "two"]


@pytest.mark.parametrize("prolog", ["", "<!DOCTYPE rss>"], ids=["short way", "long way"])
def test_no_more_entries_are_read_than_anybody_wants(prolog):
    body = rss(*(f"<title>{number}</title>" for number in range(MAX_ENTRIES + 10)), prolog=prolog)
    document = parse_feed(page(body))
    assert [entry.title for entry in document.entries] == [str(number) for number in range(MAX_ENTRIES)]
    assert document.is_cut
    assert "it lists more than 2,000 entries; the rest is not read" in document.problems


def test_as_many_as_are_read_are_not_cut():
    document = parse_feed(page(rss(*(f"<title>{number}</title>" for number in range(MAX_ENTRIES)))))
    assert (len(document.entries), document.is_cut) == (MAX_ENTRIES, False)


# --- a feed that cannot be read ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("<rss", {}),
        ("<rss version='2.0'><channel></channel><item><title>half", {}),
        ('<?xml version="1.0" enc', {"content_type": "application/rss+xml; charset=utf-8"}),
        (f'<r:RDF xmlns="http://purl.org/rss/1.0/" xmlns:r="{RDF}"><item><title>a</title><lin', {}),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [', {}),
        ('{"version": "https:\\/\\/jsonfeed.org\\/version\\/1", "it', {}),
        ('{"items": [', {"content_type": "application/feed+json"}),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": {}}', {}),
        ("<urlset><url><loc>", {}),
    ],
)
def test_a_feed_that_cannot_be_read_is_told_from_what_is_none(body, headers):
    with pytest.raises(Permanent) as caught:
        parse_feed(page(body, **headers))
    assert caught.value.reason is Reason.PARSE
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:foaf="http://xmlns.com/foaf/0.1/"><foaf:Person/></rdf:RDF>', {}),
        ("<!DOCTYPE html><html></html>", {"content_type": "application/rss+xml"}),
        ("<channel><x/></channel>", {}),
        ("", {"content_type": "application/rss+xml"}),
        ("{", {"content_type": "application/json"}),
    ],
)
def test_what_is_none_is_not_a_broken_feed(body, headers):
    assert refusal(body, **headers)


def test_a_closing_tag_without_its_last_character_ends_a_feed():
    document = parse_feed(page(rss("<title>one</title>")[:-1]))
    assert (len(document.entries), document.is_whole) == (1, True)
