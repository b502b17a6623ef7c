"""Which address a page may name as its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.address import normalise_address
from ingest.same_page import choose_address, is_same_site, is_same_story, names_story

STORY = "https://news.example/world/bridge-stays-closed"


@pytest.mark.parametrize(
    ("own", "named"),
    [
        (f"{STORY}/amp", STORY),
        (f"{STORY}/amp/", STORY),
        (f"{STORY}.amp.html", f"{STORY}.html"),
        (f"{STORY}.amp", STORY),
        (f"{STORY}?amp=1", STORY),
        (f"{STORY}?outputType=amp", STORY),
        ("https://amp.news.example/world/bridge-stays-closed", STORY),
        ("https://m.news.example/world/bridge-stays-closed", STORY),
        ("https://news.example/amp/world/bridge-stays-closed", STORY),
        ("https://news.example/amp/1234", "https://news.example/1234"),
        (STORY, f"https://www.{STORY.removeprefix('https://')}"),
        (STORY.replace("https", "http"), STORY),
        (STORY, f"{STORY}/"),
        (f"{STORY}?source=feed", STORY),
        ("https://news.example/k1?ref=abc", "https://news.example/k1"),
        ("https://news.example/k1?ref=abc&lang=de", "https://news.example/k1?lang=de"),
        ("https://news.example/world/ferry?kind=feed", "https://news.example/world/ferry"),
        ("https://news.example/a/1234567", "https://news.example/world/bridge-stays-closed-1234567"),
        ("https://news.example/article?id=7&amp=1", "https://news.example/article?id=7"),
        ("https://news.example/rss/bridge-stays-closed", STORY),
        ("https://news.example/a/мост-закрыт", "https://news.example/b/мост-закрыт"),
    ],
)
def test_evidently_the_same_story(own: str, named: str) -> None:
    own, named = normalise_address(own), normalise_address(named)
    assert is_same_story(own, named)
    assert choose_address([named], [], base=own, own=own) == named


@pytest.mark.parametrize(
    ("own", "named"),
    [
        (STORY, "https://news.example/"),
        (STORY, "https://news.example/world/"),
        (STORY, "https://news.example/world/ferry-runs-again"),
        (STORY, "https://other.example/world/bridge-stays-closed"),
        (STORY, "https://news.example:8443/world/bridge-stays-closed"),
        ("https://a.news.example/world/bridge-stays-closed", "https://b.news.example/world/bridge-stays-closed"),
        ("https://news.example/article.php?id=7", "https://news.example/article.php"),
        ("https://news.example/article?id=7", "https://news.example/article?id=8"),
        ("https://news.example/k1?ref=1234", "https://news.example/k1"),
        ("https://news.example/k1?id=ab", "https://news.example/k1"),
        ("https://news.example/k1?storyId=ab", "https://news.example/k1"),
        ("https://news.example/k1?t=bridge-stays-closed", "https://news.example/k1"),
        ("https://news.example/k1?bridge-stays-closed", "https://news.example/k1"),
        ("https://news.example/k1?lang=de", "https://news.example/k1?lang=fr"),
        ("https://news.example/k1", "https://news.example/k1?lang=fr"),
        ("https://news.example/?ref=abc", "https://news.example/"),
        ("https://news.example/show?x=abc", "https://news.example/show"),
        ("https://news.example/k1.php?x=abc", "https://news.example/k1.php"),
        ("https://news.example/a/index.html", "https://news.example/b/index.html"),
        (f"{STORY}?page=2", STORY),
        ("https://news.example/20260112/ferry", "https://news.example/20260112/bridge"),
        ("https://news.example/live", "https://news.example/world/live"),
        ("https://news.example/2026/1234567", "https://news.example/2026/7654321"),
        ("https://news.example/amp", "https://news.example/"),
    ],
)
def test_all_else_is_ignored(own: str, named: str) -> None:
    own, named = normalise_address(own), normalise_address(named)
    assert not is_same_story(own, named)
    assert choose_address([named], [], base=own, own=own) == own


def test_the_link_goes_before_the_graph_and_two_say_nothing() -> None:
    own, other = f"{STORY}/amp", "https://news.example/b/bridge-stays-closed"
    assert choose_address([], [STORY], base=own, own=own) == STORY
    assert choose_address(["https://news.example/"], [STORY], base=own, own=own) == own
    assert choose_address([STORY, other], [], base=own, own=own) == own
    assert choose_address(["bridge-stays-closed"], [], base=STORY, own=own) == STORY
    assert choose_address([], [], base=own, own=own) == own


@pytest.mark.parametrize(
    ("address", "is_story"),
    [
        (STORY, True),
        ("https://news.example/a/1234567.html", True),
        ("https://news.example/articles/c0jz8xk2v9yo", True),
        ("https://news.example/", False),
        ("https://news.example/world", False),
        ("https://news.example/world-news", False),
        ("https://news.example/article.php", False),
    ],
)
def test_addresses_of_stories(address: str, is_story: bool) -> None:
    assert names_story(address) is is_story


@given(st.text(), st.text())
def test_it_is_itself_and_any_path_can_be_compared(one: str, other: str) -> None:
    own, named = normalise_address(f"https://a.example/{one}"), normalise_address(f"https://a.example/{other}")
    is_same_story(own, named)
    assert choose_address([own], [], base=own, own=own) == own
    assert is_same_site(own, named)
