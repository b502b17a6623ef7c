"""What a site repeats on its pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.repeats import (
    KEPT_LINES,
    KEPT_PAGES,
    MIN_OWN_HASHES,
    MIN_PAGES,
    PageLines,
    SiteMemory,
    add_page,
    furniture_of_last,
)

NUMBERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
PAGES = st.builds(PageLines, NUMBERS, NUMBERS, st.lists(NUMBERS, max_size=KEPT_LINES + 5, unique=True).map(tuple))
#: the hashes of an appeal and of terms of use, which every page has
APPEAL, TERMS = 1, 2


def remember(*pages: PageLines) -> SiteMemory:
    memory = SiteMemory()
    for page in pages:
        memory = memory.with_page(page)
    return memory


def own(n: int) -> tuple[int, ...]:
    """Hashes that no other page has, of a short story."""
    return tuple(range(1000 * n + 1000, 1000 * n + 1000 + MIN_OWN_HASHES))


def test_what_different_pages_repeat_is_furniture():
    pages = [PageLines(n, 100 + n, (*own(n), APPEAL, TERMS)) for n in range(MIN_PAGES)]
    assert remember(*pages[:-1]).furniture() == frozenset()
    assert remember(*pages).furniture() == {APPEAL, TERMS}


def test_furniture_twice_as_long_as_the_briefs_is_found():
    appeals = tuple(range(2 * MIN_OWN_HASHES))
    pages = [PageLines(n, 100 + n, (*appeals, *own(n))) for n in range(MIN_PAGES)]
    assert remember(*pages).furniture() == set(appeals)


def test_pages_under_one_title_are_one_page():
    pages = [PageLines(n, 100, (*own(n), APPEAL)) for n in range(KEPT_PAGES)]
    assert remember(*pages).furniture() == frozenset()


def test_a_page_that_is_read_again_counts_once():
    pages = [PageLines(7, 100 + n, (*own(n), APPEAL)) for n in range(MIN_PAGES + 3)]
    memory = remember(*pages)
    assert memory.furniture() == frozenset()
    assert memory.pages == (PageLines(7, pages[-1].title, tuple(sorted(pages[-1].lines))),)


def test_a_story_under_several_addresses_is_no_furniture():
    """The same text, corrected again and again, under ever new titles: it has too little of its own each time."""
    story = tuple(range(10, 40))
    corrected = [PageLines(n, 100 + n, (*own(n), *story)) for n in range(KEPT_PAGES)]
    assert remember(*corrected).furniture() == frozenset()


@given(st.lists(PAGES, max_size=KEPT_PAGES + 8))
def test_it_is_bounded_and_packs_to_bytes_and_back(pages):
    memory = remember(*pages)
    assert len(memory.pages) <= KEPT_PAGES
    assert all(len(page.lines) <= KEPT_LINES for page in memory.pages)
    assert SiteMemory.from_bytes(memory.to_bytes()) == memory
    assert len(memory.to_bytes()) <= 8 * KEPT_PAGES * (3 + KEPT_LINES)


@given(st.lists(PAGES, min_size=1, max_size=6), st.integers(min_value=1, max_value=7))
def test_bytes_that_are_cut_off_are_refused(pages, cut):
    packed = remember(*pages).to_bytes()
    with pytest.raises(ValueError, match=r"cut off|multiple of"):
        SiteMemory.from_bytes(packed[:-cut])
    if pages[-1].lines:
        with pytest.raises(ValueError, match="cut off"):
            SiteMemory.from_bytes(packed[:-8])


@given(st.lists(st.builds(PageLines, NUMBERS, st.integers(0, 3), st.lists(st.integers(0, 9), unique=True).map(tuple))))
def test_furniture_stands_on_enough_pages_with_different_titles(pages):
    memory = remember(*pages)
    for line in memory.furniture():
        assert len({page.title for page in memory.pages if line in page.lines}) >= MIN_PAGES


@given(st.permutations([PageLines(n, 100 + n, (*own(n), APPEAL, TERMS)) for n in range(7)]))
def test_the_order_of_pages_does_not_matter(pages):
    assert remember(*pages).furniture() == {APPEAL, TERMS}


def test_what_is_known_need_not_be_proved_again():
    pages = [PageLines(n, 100 + n, (*own(n), APPEAL, TERMS)) for n in range(MIN_PAGES)]
    assert remember(*pages).furniture({APPEAL}) == {TERMS}
    assert remember(*pages).furniture({APPEAL, TERMS, 0}) == frozenset()


def test_a_story_on_half_of_the_pages_is_still_their_own():
    """Under a title of its own each time: a first report and its copy on the same site."""
    pages = [PageLines(n, 100 + n, (*own(n // 2), APPEAL)) for n in range(2 * MIN_PAGES)]
    assert APPEAL in remember(*pages).furniture()
    assert not remember(*pages).furniture() & set(own(0))


# --- as it is stored --------------------------------------------------------------------------------

#: Few addresses, titles and lines, so that pages come again and share lines.
ALIKE = st.builds(
    PageLines,
    st.integers(0, KEPT_PAGES + 4),
    st.integers(0, 9),
    st.lists(st.integers(0, 40), max_size=12, unique=True).map(tuple),
)


@given(st.lists(ALIKE | PAGES, min_size=1, max_size=KEPT_PAGES + 8))
def test_a_page_is_added_to_bytes_as_to_a_memory(pages):
    packed = b""
    for number, page in enumerate(pages, 1):
        packed = add_page(packed, page)
        assert packed == remember(*pages[:number]).to_bytes()


@given(st.lists(ALIKE, min_size=1, max_size=KEPT_PAGES + 8), st.frozensets(st.integers(0, 40)))
def test_furniture_is_found_in_bytes_as_in_a_memory(pages, lines):
    before, memory = remember(*pages[:-1]).to_bytes(), remember(*pages)
    asked = lines & frozenset(pages[-1].lines)
    assert furniture_of_last(before, memory.to_bytes(), asked) == memory.furniture() & asked


@given(st.lists(PAGES, min_size=1, max_size=6), st.integers(min_value=1, max_value=23))
def test_no_page_is_added_to_bytes_that_are_cut_off(pages, cut):
    with pytest.raises(ValueError, match="cut off"):
        add_page(remember(*pages).to_bytes()[:-cut], pages[0])
