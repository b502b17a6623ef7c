"""What fell between two polls is looked for where it can be, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import gap
from ingest.polling import FoundBy, KnownEntry, ListedEntry

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SITE = "https://news.example"
LAST = NOW - 10 * HOUR


def entry(path, age_h=None, site=SITE, guid=None):
    return ListedEntry(
        guid=guid,
        link=site + path,
        page_address=site + path,
        title=path,
        author=None,
        published=None if age_h is None else NOW - age_h * HOUR,
        updated=None,
        text="",
        lang=None,
    )


def known(listed, ident=1):
    return KnownEntry(
        id=ident, identity=f"link:{listed.page_address}", guid=None, page_address=listed.page_address, content_hash=""
    )


DOCUMENT = (entry("/world/a", 1), entry("/world/b", 2))


def test_a_gap_lies_between_the_last_document_and_the_oldest_entry_of_this_one():
    found = gap.find_gap(DOCUMENT, LAST, NOW)
    assert (found.site, found.sections) == (SITE, {"world"})
    assert (found.since, found.until) == (LAST - HOUR, NOW - 2 * HOUR)
    assert found.is_open
    assert not gap.find_gap((entry("/world/a", 20),), LAST, NOW).is_open
    assert gap.find_gap((entry("/world/a"),), LAST, NOW).until == NOW


@pytest.mark.parametrize(
    ("paths", "sections"),
    [
        (["/world/a", "/sport/b/c", "/world/d"], {"world", "sport"}),
        (["/a/1", "/b/1", "/c/1", "/d/1"], None),
        (["/world/a", "/a-slug"], None),
        (["/a-slug", "/another"], None),
    ],
)
def test_a_feed_of_a_section_takes_from_its_section(paths, sections):
    found = gap.find_gap([entry(path, 1) for path in paths], LAST, NOW)
    assert found.sections == sections


def test_a_feed_of_several_sites_has_no_sitemap():
    assert gap.find_gap((entry("/a/b", 1), entry("/a/b", 1, site="https://other.example")), LAST, NOW).site is None


def test_only_what_fell_into_the_gap_is_taken():
    missing = entry("/world/missing", 5)
    candidates = [
        missing,
        entry("/world/known", 5),
        entry("/world/a", 5),
        entry("/sport/other", 5),
        entry("/world/too-old", 12),
        entry("/world/too-new", 1),
        entry("/world/undated"),
        entry("/world/elsewhere", 5, site="https://other.example"),
    ]
    found = gap.find_gap(DOCUMENT, LAST, NOW)
    (new,) = gap.missed(found, candidates, [known(entry("/world/known"))], DOCUMENT)
    assert (new.listed, new.found_by, new.identity) == (missing, FoundBy.SITEMAP, f"link:{SITE}/world/missing")


def test_of_too_many_the_newest_are_taken():
    found = gap.find_gap(DOCUMENT, LAST, NOW)
    candidates = [entry(f"/world/{n}", 3 + n / 1000) for n in range(gap.MAX_FOUND + 100)]
    new = gap.missed(found, candidates, (), ())
    assert [each.listed for each in new] == candidates[: gap.MAX_FOUND]


AGES = st.none() | st.floats(-48, 48)
PATHS = st.sampled_from(["/world/a", "/world/b", "/sport/c", "/d", "/", ""])


@given(st.lists(st.tuples(PATHS, AGES), max_size=8), st.lists(st.tuples(PATHS, AGES), max_size=8))
def test_nothing_known_or_listed_is_taken_and_nothing_from_another_time(listed, candidates):
    document = tuple(entry(path, age) for path, age in listed)
    found = gap.find_gap(document, LAST, NOW)
    within = gap.within(found, [entry(path, age) for path, age in candidates])
    new = gap.missed(found, within, [known(entry("/sport/c"))], document)
    pages = {each.page_address for each in document} | {f"{SITE}/sport/c"}
    assert not any(each.listed.page_address in pages for each in new)
    assert all(found.since <= each.listed.date <= found.until for each in new)
    assert len({each.identity for each in new}) == len(new)


def test_news_comes_first_and_nothing_is_tried_twice():
    named = [f"{SITE}/all.xml", f"{SITE}/News/today.xml"]
    assert gap.likeliest_first([*named, named[0]]) == [f"{SITE}/News/today.xml", f"{SITE}/all.xml"]
    assert gap.guesses(SITE, named) == [f"{SITE}{name}" for name in gap.USUAL_NAMES]
    assert gap.guesses(SITE, [f"{SITE}/sitemap-news.xml"]) == [f"{SITE}/news-sitemap.xml", f"{SITE}/sitemap_news.xml"]


def test_it_is_said_in_one_sentence():
    said = gap.in_short(LAST, NOW, 20)
    assert said == "none of its 20 entries was in the last document, of 10 h before: entries in between may be missing"
    assert gap.in_short(LAST, NOW, 1).startswith("its one entry was not in the last document")
