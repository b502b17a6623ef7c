"""Runs that redo stored work, met by other runs, by what is forgotten or changed meanwhile, and by kills."""

from __future__ import annotations

import pytest

from ingest.model import Reread
from rules.text import TOKENIZER_VERSION
from storage import tables
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.redo.runs import RedoKind, RedoSpan
from storage.upkeep.erasing import Eraser
from wirewatch.reindex import _indexed, begin, make_anew

A = "https://news.example/"
AGAIN, INDEX = RedoKind.REEXTRACT, RedoKind.REINDEX


def fill(newsroom, make, numbers, at=None):
    for number in numbers:
        url = f"{A}{number}"
        newsroom.save(url, text=f"A common text, number n{number}.", page=make.page(url), at=at or make.T0)


def indexed(store, run, most=99):
    texts, cursor = store.redo.texts_to_index(run, most)
    return store.redo.index(run, [_indexed(text) for text in texts], cursor)


def found(listings, query):
    return {row.url.removeprefix(A) for row in listings.search(query).rows}


def is_sound(url):
    return [each.message for each in examine(url, Depth.FULL)] == []


# --- which run is gone on with ------------------------------------------------------------------------

OTHERS = {
    "another version": (8, RedoSpan(words="90d")),
    "another span": (7, RedoSpan(words="30d")),
    "all of the span": (7, RedoSpan(words="90d", is_all=True)),
    "no span": (7, RedoSpan()),
}


def test_the_same_run_is_gone_on_with_where_it_was(store, make, newsroom):
    fill(newsroom, make, range(3))
    span = RedoSpan(words="90d", since=make.T0)
    run = store.redo.begin(AGAIN, 7, span, make.T0)
    assert (run.is_resumed, run.cursor, run.since) == (False, 0, make.T0)
    store.redo.keep_same(Reread(version_id=2, run_id=run.id, topics={}))
    later = make.T0 + make.MINUTE
    # "90d" means another moment by then: the one of the first time counts.
    again = store.redo.begin(AGAIN, 7, RedoSpan(words="90d", since=later), later)
    assert (again.id, again.is_resumed, again.cursor, again.looked_at) == (run.id, True, 2, 1)
    assert (again.since, again.started_at) == (make.T0, make.T0)


@pytest.mark.parametrize("other", OTHERS)
def test_another_run_begins_anew(store, make, newsroom, other):
    fill(newsroom, make, range(3))
    run = store.redo.begin(AGAIN, 7, RedoSpan(words="90d"), make.T0)
    store.redo.keep_same(Reread(version_id=2, run_id=run.id, topics={}))
    wanted, span = OTHERS[other]
    new = store.redo.begin(AGAIN, wanted, span, make.T0)
    assert (new.id > run.id, new.is_resumed, new.cursor, new.looked_at) == (True, False, 0, 0)
    assert (new.wanted, new.is_all) == (wanted, span.is_all)
    assert store.redo.last_run(AGAIN) == new


def test_the_two_kinds_of_runs_do_not_meet(store, make, newsroom):
    fill(newsroom, make, range(3))
    index = indexed(store, store.redo.begin_index(TOKENIZER_VERSION, make.T0), 2)
    run = store.redo.begin(AGAIN, TOKENIZER_VERSION, RedoSpan(), make.T0)
    assert (run.is_resumed, run.cursor) == (False, 0)
    assert store.redo.last_run(INDEX) == index
    assert store.redo.begin_index(TOKENIZER_VERSION, make.T0).is_resumed


def test_an_end_is_the_first_one(store, make, newsroom):
    fill(newsroom, make, range(1))
    run = store.redo.begin(AGAIN, 7, RedoSpan(), make.T0)
    assert store.redo.finish(run, make.T0 + make.MINUTE).finished_at == make.T0 + make.MINUTE
    assert store.redo.finish(run, make.T0 + 2 * make.MINUTE).finished_at == make.T0 + make.MINUTE
    assert not store.redo.begin(AGAIN, 7, RedoSpan(), make.T0).is_resumed


# --- pages ------------------------------------------------------------------------------------------


def test_pages_come_in_order_after_the_cursor_up_to_the_start(store, make, newsroom):
    fill(newsroom, make, range(4))
    start = make.T0 + 5 * make.MINUTE
    run = store.redo.begin(AGAIN, 99, RedoSpan(), start)
    fill(newsroom, make, [4], at=start)
    newsroom.save(f"{A}0", text="A newer text.", page=make.page(f"{A}0"), at=start + make.MINUTE)
    assert [page.version_id for page in store.redo.pages(run, 2)] == [2, 3]
    store.redo.keep_same(Reread(version_id=2, run_id=run.id, topics={}))
    run = store.redo.last_run(AGAIN)
    assert [page.version_id for page in store.redo.pages(run, 9)] == [3, 4]
    assert store.redo.count_pages(run) == 2


@pytest.mark.parametrize("is_all", [True, False])
def test_pages_that_this_version_has_read_are_read_only_when_all_are_wanted(store, make, newsroom, is_all):
    fill(newsroom, make, range(3))
    run = store.redo.begin(AGAIN, 99, RedoSpan(), make.T0 + make.MINUTE)
    version = store.redo._extractor_version
    store.redo.keep_same(Reread(version_id=1, run_id=run.id, topics={}))
    new = store.redo.begin(AGAIN, version, RedoSpan(is_all=is_all), make.T0 + make.MINUTE)
    assert [page.version_id for page in store.redo.pages(new, 9)] == ([1, 2, 3] if is_all else [])


def test_pages_of_a_span_begin_at_its_moment(store, make, newsroom):
    for number in range(3):
        fill(newsroom, make, [number], at=make.T0 + number * make.MINUTE)
    span = RedoSpan(words="x", since=make.T0 + make.MINUTE)
    run = store.redo.begin(AGAIN, 99, span, make.T0 + 9 * make.MINUTE)
    assert [page.version_id for page in store.redo.pages(run, 9)] == [2, 3]


@pytest.mark.parametrize("is_failed", [True, False])
def test_what_is_passed_is_counted_and_not_read_again(store, make, newsroom, is_failed):
    fill(newsroom, make, range(2))
    run = store.redo.begin(AGAIN, 99, RedoSpan(), make.T0 + make.MINUTE)
    store.redo.keep_passed(Reread(version_id=1, run_id=run.id, topics={}), is_failed=is_failed)
    after = store.redo.last_run(AGAIN)
    assert (after.cursor, after.looked_at, after.changed, after.failed) == (1, 1, 0, int(is_failed))
    assert [page.version_id for page in store.redo.pages(after, 9)] == [2]


def test_a_page_whose_article_is_forgotten_meanwhile_brings_nothing_back(url, store, make, newsroom, listings):
    fill(newsroom, make, range(2))
    now = make.T0 + 9 * make.MINUTE
    run = store.redo.begin(AGAIN, 99, RedoSpan(), now)
    (page, _) = store.redo.pages(run, 9)
    other = newsroom.item(f"{A}0", text="another common text", outcome=None, at=now)
    with Eraser(url) as eraser:
        eraser.forget(page.article.id, now)
    reread = Reread(version_id=page.version_id, run_id=run.id, topics=store.versions_in_force())
    values = {name: getattr(other, name) for name in other.__slots__}
    assert store.save(type(other)(**values | {"reread": reread})) is None
    store.redo.keep_same(reread)
    assert store.redo.last_run(AGAIN).cursor == page.version_id
    assert store.redo.count_pages(store.redo.last_run(AGAIN)) == 1
    assert found(listings, "common") == {"1"}
    versions = store._read(lambda connection: connection.execute(tables.article_version.select()).all())
    assert [row.id for row in versions] == [2]
    assert is_sound(url)


def test_who_has_read_a_page_is_stored_with_it(store, make, newsroom, listings):
    fill(newsroom, make, range(3))
    older = tables.article_version.update().values(extractor_version=0)
    store._write(lambda connection: connection.execute(older))
    version = store.redo._extractor_version
    assert listings.pages_of_earlier_extractors(0) == 0
    assert listings.pages_of_earlier_extractors(version) == 3
    now = make.T0 + 9 * make.MINUTE
    run = store.redo.begin(AGAIN, version, RedoSpan(), now)
    store.redo.keep_same(Reread(version_id=1, run_id=run.id, topics={}))
    assert listings.pages_of_earlier_extractors(version) == 2
    reread = Reread(version_id=2, run_id=run.id, topics=store.versions_in_force())
    assert store.save(newsroom.item(f"{A}1", text="other", outcome=None, reread=reread, at=now)) is not None
    # What could not be read is not said to be read.
    store.redo.keep_passed(Reread(version_id=3, run_id=run.id, topics={}), is_failed=True)
    assert listings.pages_of_earlier_extractors(version) == 1
    after = store.redo.last_run(AGAIN)
    assert (after.cursor, after.looked_at, after.changed, after.failed) == (3, 3, 1, 1)
    pages = store._read(lambda connection: connection.execute(tables.raw_page.select()).all())
    assert sorted(row.version_id for row in pages) == [1, 3, 4]


def test_a_page_that_gives_an_earlier_text_is_said_to_be_read_by_the_present_version(store, make, newsroom):
    for number, text in enumerate(("one one", "two two")):
        newsroom.save(A, text=text, page=make.page(A), at=make.T0 + number * make.MINUTE)
    older = tables.article_version.update().values(extractor_version=0)
    store._write(lambda connection: connection.execute(older))
    now = make.T0 + 9 * make.MINUTE
    run = store.redo.begin(AGAIN, 99, RedoSpan(), now)
    reread = Reread(version_id=2, run_id=run.id, topics=store.versions_in_force())
    assert store.save(newsroom.item(A, text="one one", outcome=None, reread=reread, at=now)) is not None
    rows = store._read(lambda connection: connection.execute(tables.article_version.select()).all())
    assert {row.id: row.extractor_version for row in rows} == {1: store.redo._extractor_version, 2: 0}


# --- the index --------------------------------------------------------------------------------------


def test_a_text_is_indexed_once_whatever_a_step_is_given(url, store, make, newsroom, listings):
    """More texts than its cursor says: those come again with the next step."""
    fill(newsroom, make, range(4))
    run = begin(store, make.T0)
    texts, _ = store.redo.texts_to_index(run, 3)
    run = store.redo.index(run, [_indexed(text) for text in texts], 2)
    assert (run.cursor, run.looked_at) == (2, 2)
    done = make_anew(store, run)
    assert done.looked_at == 4
    assert found(listings, "common") == {"0", "1", "2", "3"}
    assert is_sound(url)


def test_it_ends_once(store, make, newsroom, listings):
    fill(newsroom, make, range(2))
    run = indexed(store, begin(store, make.T0))
    assert store.redo.finish_index(run, make.T0) is not None
    assert store.redo.finish_index(run, make.T0) is None
    assert store.redo.index(run, (), run.cursor) is None
    assert found(listings, "common") == {"0", "1"}


def test_only_its_own_tokenizer_and_only_after_the_end_is_tidied_up(store, make, newsroom):
    fill(newsroom, make, range(2))
    old = tables.article_version.update().values(tokenizer_version=TOKENIZER_VERSION - 1)
    store._write(lambda connection: connection.execute(old))
    run = indexed(store, begin(store, make.T0))
    assert store.redo.ended_index(TOKENIZER_VERSION) is None
    run = store.redo.finish_index(run, make.T0)
    assert store.redo.ended_index(TOKENIZER_VERSION + 1) is None
    store.redo.mark_indexed(run, 99)
    while store.redo.clear_old_index(99):
        pass
    assert store.redo.ended_index(TOKENIZER_VERSION) is None
    fill(newsroom, make, [5])
    newer = tables.article_version.c.id > run.cursor
    store._write(lambda connection: connection.execute(old.where(newer)))
    # It came after the run, and is the next one's.
    assert store.redo.ended_index(TOKENIZER_VERSION) is None
    assert store.redo.mark_indexed(run, 99) == 0


@pytest.mark.parametrize("passed", [1, 2, 3, 4])
def test_a_text_that_is_shown_again_is_in_the_new_index_once(url, store, make, newsroom, listings, passed):
    """Wherever the run is by then: before it, at it, and behind it."""
    day = make.MINUTE * 1440
    fill(newsroom, make, range(1))
    for number, text in enumerate(("common first", "common second", "common third")):
        newsroom.save(f"{A}x", text=text, at=make.T0 + number * day)
    assert store.prune_texts(make.T0 + 3 * day, make.T0 + 9 * day)[0] == 2
    run = begin(store, make.T0)
    texts, _ = store.redo.texts_to_index(run, passed)
    run = store.redo.index(run, [_indexed(text) for text in texts if text.version_id <= passed], passed)
    newsroom.save(f"{A}x", text="common second", at=make.T0 + 10 * day)
    make_anew(store, run)
    assert found(listings, "second") == {"x"}
    assert is_sound(url)


@pytest.mark.parametrize("passed", [1, 2, 3])
def test_a_text_that_is_pruned_or_forgotten_is_not_in_the_new_index(url, store, make, newsroom, listings, passed):
    day = make.MINUTE * 1440
    fill(newsroom, make, range(1))
    newsroom.save(f"{A}x", text="common first", at=make.T0)
    newsroom.save(f"{A}x", text="common second", at=make.T0 + day)
    fill(newsroom, make, [3])
    run = indexed(store, begin(store, make.T0), passed)
    assert store.prune_texts(make.T0 + 3 * day, make.T0 + 9 * day)[0] == 1
    with Eraser(url) as eraser:
        eraser.forget(store.article_at((f"{A}3",)).id, make.T0)
    make_anew(store, run)
    assert found(listings, "common") == {"0", "x"}
    assert found(listings, "first") == found(listings, "n3") == set()
    assert is_sound(url)
