"""Where a request for a story ended: what is gone leads to a front page, and what has moved does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.astray import find_astray
from ingest.errors import Reason

HOST = "https://news.example"
SLUG = f"{HOST}/world/bridge-stays-closed-1234567"

#: Ways to write the address of a story.
STORIES = (
    *("/?p=4711", "/node/4711", "/article.php?id=4711", "/4711", "/news/4711.html", "/a/Xy3kQ", "/de/artikel/4711"),
    *("/index.php?option=com_content&id=5", "/world/bridge-stays-closed", "/2026/11/22/scandal", "/world/scandal"),
    *("/?story=bridge-stays-closed", "/live", "/m/4711", "/index.php/news/4711"),
)
#: Ways to write that of a home page.
HOMES = (
    *("/", "/index.html", "/index.php", "/?from=x", "/?from=4711", "/?utm_source=4711x", "/home", "/de/", "/en-gb/"),
    *("/de/index.html", "/?notfound", "/startseite", "/?lang=de"),
)


@pytest.mark.parametrize("asked", STORIES)
@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("site", [HOST, "http://www.news.example", "https://m.news.example"])
def test_a_home_page_is_no_story(asked: str, home: str, site: str) -> None:
    """Whatever the page says that it is: all that is gone would become one article."""
    for is_article in (False, True):
        wall = find_astray(f"{HOST}{asked}", f"{site}{home}", is_article=is_article)
        assert wall is not None
        assert (wall.reason, wall.detail) == (Reason.SOFT_404, "the request for a story ended at a home page")


@pytest.mark.parametrize("asked", HOMES)
@pytest.mark.parametrize("home", HOMES)
def test_a_home_page_that_was_asked_for_is_believed(asked: str, home: str) -> None:
    assert find_astray(f"{HOST}{asked}", f"{HOST}{home}", is_article=False) is None


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        (SLUG, f"{HOST}/world/"),
        (SLUG, f"{HOST}/world"),
        (SLUG, f"{HOST}/sport/"),
        (SLUG, f"{HOST}/world/?from=1"),
        (f"{HOST}/news/4711.html", f"{HOST}/news/"),
        (f"{HOST}/a/Xy3kQ", f"{HOST}/a"),
        (f"{HOST}/2026/11/22/bridge-stays-closed", f"{HOST}/2026/11/22/"),
        (f"{HOST}/2026/11/22/bridge-stays-closed", f"{HOST}/2026/"),
        (f"{HOST}/world/europe/4711", f"{HOST}/world/europe/"),
        (f"{HOST}/world-news/4711", f"{HOST}/world-news/"),
        (f"{HOST}/?p=4711", f"{HOST}/news/"),
        (f"{HOST}/article.php?id=4711", f"{HOST}/article.php"),
        (f"{HOST}/de/artikel/4711", f"{HOST}/aktuell"),
    ],
)
def test_the_front_of_a_section_is_no_story(asked: str, url: str) -> None:
    wall = find_astray(asked, url, is_article=False)
    assert wall is not None
    assert (wall.reason, wall.detail) == (Reason.SOFT_404, "the request for a story ended at the front of its section")
    assert find_astray(asked, url, is_article=True) is None, "the page says what it is"


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        (SLUG, f"{HOST}/404"),
        (SLUG, f"{HOST}/error/page-not-found.html"),
        (f"{HOST}/2026/01/12/bridge-stays-closed", "https://other.example/"),
    ],
)
def test_pages_of_error_and_other_sites(asked: str, url: str) -> None:
    wall = find_astray(asked, url, is_article=False)
    assert wall is not None
    assert wall.reason is Reason.SOFT_404


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        (SLUG, SLUG),
        # scheme, host, last slash, form
        (SLUG, f"{SLUG}/"),
        (SLUG.replace("https", "http"), SLUG),
        (SLUG, SLUG.replace("news.", "www.news.")),
        (SLUG.replace("news.", "m.news."), SLUG),
        (f"{SLUG}/amp", SLUG),
        (f"{SLUG}/index.html", SLUG),
        (f"{HOST}/amp/4711", f"{HOST}/4711"),
        (f"{HOST}/4711/amp", f"{HOST}/4711"),
        (f"{HOST}/scandal/amp/", f"{HOST}/scandal/"),
        (f"{HOST}/scandal", f"{HOST}/scandal/"),
        (f"{HOST}/scandal?p=2&id=7", f"{HOST}/scandal"),
        # a number leads to a title, and back
        (f"{HOST}/?p=4711", f"{HOST}/world/bridge-stays-closed"),
        (f"{HOST}/?p=4711", f"{HOST}/mayor-speaks/"),
        (f"{HOST}/?p=4711", f"{HOST}/2026/11/scandal/"),
        (f"{HOST}/node/4711", f"{HOST}/mayor-speaks"),
        (f"{HOST}/4711", f"{HOST}/scandal.html"),
        (f"{HOST}/article.php?id=4711", f"{HOST}/artikel/4711"),
        (f"{HOST}/4711/bridge-stays-closed", f"{HOST}/4711"),
        (f"{HOST}/world/bridge-stays-closed", f"{HOST}/world/4711"),
        (f"{HOST}/a/Xy3kQ", f"{HOST}/world/scandal"),
        # the section has moved
        (f"{HOST}/world/scandal", f"{HOST}/scandal"),
        (f"{HOST}/world/bridge-stays-closed", f"{HOST}/europe/bridge-stays-closed"),
        (f"{HOST}/world/4711", f"{HOST}/europe/4711.html"),
        # a home page shows the story that was asked for
        (SLUG, f"{HOST}/?id=1234567"),
        (f"{HOST}/node/4711", f"{HOST}/?q=node/4711"),
        (f"{HOST}/?p=4711", "https://www.news.example/?p=4711&lang=en"),
        (f"{HOST}/index.php?option=com_content&id=5", f"{HOST}/index.php?id=5"),
        # nobody knows what short links stand for, and what is no story may lead anywhere but home
        ("https://short.example/xY1", "https://campaign.example/"),
        (f"{HOST}/sport/football", f"{HOST}/sport/"),
        (f"{HOST}/live", f"{HOST}/news/"),
    ],
)
def test_what_has_moved_is_believed(asked: str, url: str) -> None:
    assert find_astray(asked, url, is_article=False) is None


_words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)
_paths = st.builds(
    lambda folders, number, words: "/" + "/".join([*folders, f"{'-'.join(words)}-{number}"]),
    st.lists(_words, max_size=3),
    st.integers(10_000, 99_999_999),
    st.lists(_words, min_size=1, max_size=5),
)


@given(_paths, st.sampled_from(HOMES), st.booleans())
def test_no_story_is_at_a_home_page(path: str, home: str, is_article: bool) -> None:
    wall = find_astray(f"{HOST}{path}", f"{HOST}{home}", is_article=is_article)
    assert wall is not None
    assert wall.reason is Reason.SOFT_404


@given(_paths, st.sampled_from(["https://www.news.example", "http://news.example", "https://amp.news.example"]))
def test_the_same_path_is_the_same_story(path: str, site: str) -> None:
    for form in ("", "/", "/amp", "/index.html"):
        assert find_astray(f"{HOST}{path}{form}", f"{site}{path}", is_article=False) is None
        assert find_astray(f"{HOST}{path}", f"{site}{path}{form}", is_article=False) is None


@given(st.text(), st.text())
def test_any_two_addresses_can_be_compared(one: str, other: str) -> None:
    find_astray(f"{HOST}/{one}", f"{HOST}/{other}", is_article=False)
