"""Where addresses start and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.addresses import find_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://cnn.com/a", ["https://cnn.com/a"]),
        ("HTTPS://CNN.COM", ["HTTPS://CNN.COM"]),
        ("see:www.cnn.com,", ["www.cnn.com"]),
        ("<https://a.b>,<c.de/f>", ["https://a.b", "c.de/f"]),
        ("https://a.b/c).", ["https://a.b/c"]),
        ('"https://a.b/c?!"', ["https://a.b/c"]),
        ("https://a.b/c'd", ["https://a.b/c"]),
        ("https://a.b»x", ["https://a.b"]),
        ("7https://a.b", ["https://a.b"]),
        ("end.https://a.b", ["https://a.b"]),
        ("см.https://a.b", ["https://a.b"]),
        ("президент.рф/новости", ["президент.рф/новости"]),
        ("a.xn--p1ai:8080/x", ["a.xn--p1ai:8080/x"]),
        ("joe@a.co.uk;ann@b.org", ["joe@a.co.uk;ann@b.org"]),
        ("mailto:joe@a.com", ["joe@a.com"]),
        ("...joe@a.com", ["joe@a.com"]),
        ("t.co/abで", ["t.co/ab"]),
        ("more...cnn.com/a", ["cnn.com/a"]),
        ("--cnn.com/a", ["cnn.com/a"]),
        ("see:12:cnn.com:80/a", ["cnn.com:80/a"]),
        ("and/or/cnn.com/a", ["cnn.com/a"]),
        ("cnn.com:/a", []),
        ("cnn.com", []),
        ("and/or", []),
        ("U.S./Russia", []),
        ("1.5/2", []),
        ("10.5km/h", []),
        ("://x", []),
        ("https://", []),
        ("https://...", []),
        ("www.", []),
        ("awww.x", []),
        ("joe@localhost", []),
        ("@cnn.com", []),
        ("a@ b.com", []),
    ],
)
def test_addresses_are_found(text, found):
    assert [text[start:end] for start, end in find_addresses(text)] == found


@given(st.text(st.sampled_from("ab1.:/@w-'(, 北é"), max_size=30))
def test_addresses_are_ascending_apart_and_not_empty(text):
    bounds = [offset for pair in find_addresses(text) for offset in pair]
    assert bounds == sorted(set(bounds))


@given(st.text(st.sampled_from("ab1.:/@w-'(, 北é"), max_size=30))
def test_an_address_alone_is_found_whole(text):
    for start, end in find_addresses(text):
        assert find_addresses(text[start:end]) == [(0, end - start)]
