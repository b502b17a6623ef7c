from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clean import clean_line
from ingest.opml import MAX_DEPTH, OpmlFeed, read_opml, write_opml

LINES = st.text(max_size=20).map(clean_line)
NAMES = LINES.filter(bool)
FEEDS = st.builds(
    OpmlFeed,
    url=NAMES.map("https://news.example/".__add__),
    title=NAMES | st.none(),
    homepage=NAMES | st.none(),
    folders=st.lists(NAMES, max_size=3).map(tuple),
)


def opml(body):
    return f'<?xml version="1.0"?><opml version="2.0"><head/><body>{body}</body></opml>'.encode()


@given(st.lists(FEEDS, max_size=8, unique_by=lambda feed: feed.url))
def test_what_was_written_is_read_back(feeds):
    assert read_opml(write_opml(feeds)) == tuple(feeds)


@given(st.binary())
def test_any_bytes_are_a_list_or_a_clear_error(data):
    with pytest.raises(ValueError, match="OPML"):
        read_opml(data)


def test_names_in_any_case_folders_and_repetitions():
    assert read_opml(
        opml(
            '<outline text="Europe"><outline text="B" XMLURL=" http://b.example/ " htmlUrl="http://b.example/home"/>'
            '<outline title="Deep"><outline text="Text" title="Title" type="rss" xmlurl="http://c.example/"/></outline>'
            '</outline><outline text="Just a note"/><outline xmlUrl="http://b.example/"/>'
            '<outline text="http://d.example/" xmlUrl="http://d.example/"/>'
        )
    ) == (
        OpmlFeed(url="http://b.example/", title="B", homepage="http://b.example/home", folders=("Europe",)),
        OpmlFeed(url="http://c.example/", title="Title", folders=("Europe", "Deep")),
        OpmlFeed(url="http://d.example/"),
    )


def test_addresses_with_bare_ampersands_are_read_as_they_are_meant():
    assert read_opml(opml('<outline text="A &amp; B" xmlUrl="http://a.example/?x=1&y=2&amp;z=3"/>')) == (
        OpmlFeed(url="http://a.example/?x=1&y=2&z=3", title="A & B"),
    )


def test_other_encodings_are_read():
    data = '<?xml version="1.0" encoding="{0}"?><opml><body><outline text="Новости" xmlUrl="http://a.example/"/></body></opml>'
    for encoding in ("windows-1251", "utf-8", "utf-16"):
        assert read_opml(data.format(encoding).encode(encoding))[0].title == "Новости"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an OPML list: line 1"),
        (b"<rss/>", "its root element is <rss>, not <opml>"),
        (b"{}", "not an OPML list: line 1, column 1"),
        (opml("<outline>"), "mismatched tag"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>', "declares entities"),
        (b'<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml>&a;</opml>', "declares entities"),
        (opml("<outline>" * (MAX_DEPTH + 1)), "more than 50 folders"),
    ],
)
def test_what_is_no_list_is_told(data, message):
    with pytest.raises(ValueError, match="OPML") as caught:
        read_opml(data)
    assert message in str(caught.value)


def test_what_is_written_is_opml_2():
    written = write_opml([OpmlFeed(url="http://a.example/?x=1&y=<2>", title='"A" & B')], title="Mine")
    assert written.decode().splitlines() == [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        "<head><title>Mine</title></head>",
        "<body>",
        '<outline type="rss" text=\'"A" &amp; B\' title=\'"A" &amp; B\' xmlUrl="http://a.example/?x=1&amp;y=&lt;2&gt;"/>',
        "</body>",
        "</opml>",
    ]
