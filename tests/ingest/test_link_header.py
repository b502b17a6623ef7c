from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.link_header import header_links

BASE = "https://news.example/feeds/all"


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ("", []),
        ("<https://hub.example/>; rel=hub", [("hub", "https://hub.example/")]),
        ('</x>; title="a, b; rel=no"; rel="self"', [("self", "https://news.example/x")]),
        ("<a>;REL=Next , </b> ; rel = prev", [("next", "https://news.example/feeds/a"), ("prev", "https://news.example/b")]),
        ("<a>; rel=hub; rel=self", [("hub", "https://news.example/feeds/a")]),
        ('<a>; rel=hub; anchor="#x"', []),
        ("<a>", []),
        ("<a; rel=hub", []),
        ("<javascript:x>; rel=hub, <b>; rel=hub", [("hub", "https://news.example/feeds/b")]),
        ("<>; rel=self", [("self", BASE)]),
        ('<a>; rel="hub', []),
    ],
)  # fmt: skip
def test_links_of_a_header(header, links):
    assert list(header_links(header, BASE)) == links


def test_no_more_links_are_read_than_an_honest_header_has():
    assert len(list(header_links(", ".join(f"</{n}>; rel=hub" for n in range(500)), BASE))) == 50


@given(st.text(st.sampled_from('<>;,="\\ \trelhub/x:'), max_size=60) | st.text())
def test_any_header_is_borne(header):
    for relation, address in header_links(header, BASE):
        assert relation == relation.lower().strip() != ""
        assert address.startswith(("http://", "https://"))


@pytest.mark.parametrize("part", ["<", "<a>;", "<a>; x", '<a>;x="', '"\\', "; ", "<a> ", "<a>;x=\t"])
def test_repetition_takes_no_time_to_speak_of(part):
    """Without possessive quantifiers this would not end."""
    assert len(list(header_links("<a>" + part * 16_000, BASE))) <= 50
