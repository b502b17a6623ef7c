"""What is remembered of sites is what `ingest.copies.repeats` says, whatever is saved."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ingest.copies.repeats import KEPT_PAGES, MIN_PAGES, MIN_SITES, PageLines, SiteMemory, hash_page
from storage.sites import Sites, furniture_among
from storage.store import Store

A = "https://news.example/"


@pytest.fixture
def memory(file):
    """The pages of each site, and the lines known as furniture."""

    def memory():
        with closing(sqlite3.connect(file)) as connection:
            pages = dict(connection.execute("SELECT site, pages FROM site_memory"))
            lines = set(connection.execute("SELECT line, site FROM site_line"))
        return {site: SiteMemory.from_bytes(packed) for site, packed in pages.items()}, lines

    return memory


def test_the_number_of_a_page_is_signed_and_always_the_same():
    assert hash_page("") == 0x2D06800538D394C2
    numbers = {hash_page(f"{A}{number}") for number in range(100)}
    assert len(numbers) == 100
    assert min(numbers) < 0 < max(numbers)
    assert all(-(2**63) <= number < 2**63 for number in numbers)


def test_the_newest_pages_of_a_site_are_remembered(store, make, newsroom, memory):
    for number in range(1, KEPT_PAGES + 3):
        newsroom.save(f"{A}{number}", fingerprint=make.hashes(-number, number, title=number))
    newsroom.save(f"{A}5", text="Corrected.", fingerprint=make.hashes(55, title=5))
    pages, lines = memory()
    assert lines == set()
    expected = [number for number in range(3, KEPT_PAGES + 3) if number != 5]
    assert pages["news.example"].pages == (
        *(PageLines(hash_page(f"{A}{number}"), number, (-number, number)) for number in expected),
        PageLines(hash_page(f"{A}5"), 5, (55,)),
    )


def test_of_a_page_without_a_site_or_without_prose_nothing_is_remembered(store, make, newsroom, memory):
    newsroom.save("urn:1", source="", fingerprint=make.hashes(1, 2, title=3))
    newsroom.save(A, fingerprint=make.hashes(title=3))
    assert memory() == ({}, set())


def test_lines_stay_known_when_the_site_has_them_no_more(store, make, newsroom, memory):
    for number in range(MIN_PAGES + KEPT_PAGES):
        common = (7,) if number < MIN_PAGES else ()
        own = range(100 + 10 * number, 106 + 10 * number)
        newsroom.save(f"{A}{number}", fingerprint=make.hashes(*common, *own, title=number))
    pages, lines = memory()
    assert lines == {(7, "news.example")}
    assert 7 not in pages["news.example"].furniture()


def test_a_memory_that_is_damaged_begins_anew(store, file, make, newsroom, memory):
    newsroom.save(f"{A}1", fingerprint=make.hashes(1, title=1))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE site_memory SET pages = x'0102'")
        connection.commit()
    newsroom.save(f"{A}2", fingerprint=make.hashes(2, title=2))
    assert memory()[0]["news.example"].pages == (PageLines(hash_page(f"{A}2"), 2, (2,)),)


def test_the_same_page_again_writes_nothing(store, make, newsroom):
    """It comes with every entry that leads to it."""
    item = newsroom.item(A, fingerprint=make.hashes(1, title=1))
    store.save(item)
    seen = []

    @event.listens_for(store._writer._engine, "before_cursor_execute")
    def _note(*given):
        seen.append(given[2])

    store.save(item)
    assert seen
    assert not [statement for statement in seen if "site_" in statement]


#: (site, page, lines)
PAGES = st.lists(
    st.tuples(
        st.integers(0, MIN_SITES), st.integers(0, 9), st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)
    ),
    max_size=25,
)


@given(pages=PAGES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_the_database_knows_what_a_memory_of_each_site_knows(tmp_path_factory, empty_file, make, pages):
    file = tmp_path_factory.mktemp("sites") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    memories, known = {}, {}
    with Store(f"sqlite:///{file}") as store:
        newsroom = make.Newsroom(store)
        for number, (site, page, common) in enumerate(pages):
            name, url, title = f"{site}.example", f"https://{site}.example/{page}", 50 + page
            lines = (*common, *range(1000 + 10 * number, 1006 + 10 * number))
            newsroom.save(url, source=name, text=f"{number}", fingerprint=make.hashes(*lines, title=title))
            before = memories.get(name, SiteMemory())
            memories[name] = before.with_page(PageLines(hash_page(url), title, lines))
            for line in memories[name].furniture():
                known.setdefault(line, set()).add(name)
        found = store.candidates(make.hashes(*range(6)), site="0.example", since=make.T0)
        own = ("0.example", range(6))
        others = [(f"{site}.example", (1000 + 10 * n, *common)) for n, (site, _, common) in enumerate(pages)]
        plain = store._read(lambda connection: furniture_among(connection, [own, *others]))
        cached = store._read(lambda connection: Sites().furniture_among(connection, [own, *others]))
        assert (
            plain == cached == store._read(lambda connection: store._sites.furniture_among(connection, [own, *others]))
        )
    assert {line for line in found.furniture if line < 6} >= {
        line for line, sites in known.items() if "0.example" in sites or len(sites) >= MIN_SITES
    }
    assert found.furniture <= known.keys()
    with closing(sqlite3.connect(file)) as connection:
        stored = dict(connection.execute("SELECT site, pages FROM site_memory"))
        lines = connection.execute("SELECT line, site FROM site_line").fetchall()
    assert {site: SiteMemory.from_bytes(packed) for site, packed in stored.items()} == memories
    told = {line: {site for each, site in lines if each == line} for line, _ in lines}
    assert told.keys() == known.keys()
    assert all(sites <= known[line] and len(sites) == min(len(known[line]), MIN_SITES) for line, sites in told.items())
