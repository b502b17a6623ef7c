"""Which address a page names as that of the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.address import normalise_address
from ingest.canonical import choose_canonical
from ingest.errors import Permanent

OWN = "https://paper.example/news/a?id=7"
OTHER = "https://wire.example/story/1"


def choose(*links: str, graph: tuple[str, ...] = (), own: str = OWN) -> str | None:
    return choose_canonical(links, graph, base=own, own=own)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (OTHER, OTHER),
        (f"  {OTHER}?utm_source=rss&fbclid=1#top\n", OTHER),
        ("HTTPS://user:secret@WIRE.example:443/story/../story/1", OTHER),
        ("//wire.example/story/1", OTHER),
        ("/news/b", "https://paper.example/news/b"),
        ("b", "https://paper.example/news/b"),
        ("https://paper.example/news/a", "https://paper.example/news/a"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        # itself
        (OWN, None),
        ("http://www.paper.example/news/a?id=7&utm_medium=x#y", None),
        ("https://paper.example/news/a?id=7/", None),
        ("", None),
        ("#top", None),
        # home pages
        ("https://wire.example", None),
        ("https://wire.example/", None),
        ("https://wire.example/?lang=en", None),
        ("/", None),
        # no pages
        ("javascript:alert(1)", None),
        ("mailto:desk@wire.example", None),
        ("ftp://wire.example/story", None),
        ("file:///etc/passwd", None),
        ("https://", None),
        ("https://wire.example:99999/a", None),
        ("https://wire.example/" + "a" * 3000, None),
        # not public
        ("http://127.0.0.1/a", None),
        ("http://10.1.2.3:8080/a", None),
        ("http://0x7f.1/a", None),
        ("http://2130706433/a", None),
        ("http://[::1]/a", None),
        ("http://[::ffff:10.0.0.1]/a", None),
        ("http://169.254.169.254/latest/meta-data", None),
        ("http://localhost/a", None),
        ("http://desk.localhost/a", None),
        ("http://intranet/a", None),
        ("http://cms.internal/a", None),
        ("http://cms.local./a", None),
        ("http://8.8.8.8/a", "http://8.8.8.8/a"),
    ],
)
def test_only_another_public_page_is_named(link: str, address: str | None) -> None:
    assert choose(link) == address
    assert choose(graph=(link,)) == address


def test_a_page_in_a_private_network_may_name_one_there() -> None:
    assert choose("http://127.0.0.12/b", own="http://127.0.0.11:8800/a") == "http://127.0.0.12/b"
    assert choose("http://127.0.0.11:8800/a/", own="http://127.0.0.11:8800/a") is None


def test_two_different_ones_say_nothing() -> None:
    assert choose(OTHER, "https://third.example/x") is None
    assert choose(OTHER, OWN) is None
    assert choose(OTHER, "https://third.example/x", graph=(OTHER,)) is None
    assert choose(graph=(OTHER, "https://third.example/x")) is None
    assert choose(OTHER, f"{OTHER}#top") == OTHER


def test_the_link_goes_before_the_graph() -> None:
    assert choose(OTHER, graph=("https://third.example/x",)) == OTHER
    assert choose(OWN, graph=(OTHER,)) is None
    assert choose("javascript:x", graph=(OTHER,)) == OTHER


@given(st.lists(st.text(max_size=40), max_size=3), st.text(max_size=40))
def test_any_text_gives_a_normalised_address_or_nothing(links: list[str], graph: str) -> None:
    found = choose_canonical(links, [graph], base=OWN, own=OWN)
    assert found is None or normalise_address(found) == found


@given(st.text(alphabet="/:.?#@[]%ab1 ", max_size=30))
def test_no_address_raises(link: str) -> None:
    try:
        address = normalise_address(f"http://{link}")
    except Permanent:
        return
    choose_canonical([address], [], base=OWN, own=OWN)
    choose_canonical([OTHER], [], base=address, own=address)


def test_the_trackers_are_those_of_the_settings() -> None:
    link = f"{OTHER}?utm_source=rss&ref_src=feed"
    found = choose_canonical([link], [], base=OWN, own=OWN, trackers=("ref_src",))
    assert found == f"{OTHER}?utm_source=rss"
    assert choose_canonical([f"{OWN}&mine=1"], [], base=OWN, own=OWN, trackers=("mine",)) is None
