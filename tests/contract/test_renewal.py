"""What every store promises about its index of the search being made anew."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from rules.text import TOKENIZER_VERSION
from storage import tables
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.store import Store
from storage.upkeep.erasing import Eraser
from wirewatch.errors import WirewatchError
from wirewatch.reindex import _indexed, begin, make_anew

A = "https://news.example/"


def fill(newsroom, numbers, word="common"):
    for number in numbers:
        newsroom.save(f"{A}{number}", text=f"A {word} text, number n{number}.")


def found(listings, query="common"):
    return {row.url for row in listings.search(query).rows}


def urls(numbers):
    return {f"{A}{number}" for number in numbers}


@pytest.fixture
def aged(store):
    """Say of all texts that another tokenizer has indexed them."""

    def age(after=0):
        change = update(tables.article_version).values(tokenizer_version=TOKENIZER_VERSION - 1)
        store._write(lambda connection: connection.execute(change.where(tables.article_version.c.id > after)))

    return age


def indexed(store, run, most=99):
    """The run, after its next texts."""
    texts, cursor = store.redo.texts_to_index(run, most)
    return store.redo.index(run, [_indexed(text) for text in texts], cursor)


def test_it_is_whole_in_the_end_whatever_comes_in_meanwhile(store, make, newsroom, listings, aged):
    fill(newsroom, range(7))
    aged()
    assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == 7
    run = begin(store, make.T0)
    told = []
    coming = iter(range(7, 12))

    def meanwhile():
        # both databases are searched and added to all the time
        assert found(listings) >= urls(range(7))
        for number in coming:
            fill(newsroom, [number])
            return

    done = make_anew(
        store, run, batch=3, clock=lambda: make.T0, tell=lambda *each: told.append(each), give_way=meanwhile
    )
    assert found(listings) == urls(range(12))
    assert (done.looked_at, done.finished_at, done.is_resumed) == (12, make.T0, False)
    assert told[0] == (3, 7)
    assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == 0
    assert found(listings, "n3") == urls([3])


def test_it_goes_on_where_it_was_interrupted(store, url, make, newsroom, listings, aged):
    fill(newsroom, range(9))
    aged()

    class Killed(Exception):
        pass

    def kill(*_):
        raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            make_anew(store, begin(store, make.T0), batch=2, tell=kill)
        assert found(listings) == urls(range(9))
    with Store(url) as other:
        run = begin(other, make.T0)
        assert (run.looked_at, run.is_resumed) == (4, True)
        # Of rows that are exchanged it is said at once.
        assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == (5 if "postgresql" in url else 9)
        done = make_anew(other, run, batch=2)
    assert done.looked_at == 9
    assert found(listings) == urls(range(9))


def test_what_was_interrupted_after_the_exchange_is_ended(store, make, newsroom, listings, aged):
    fill(newsroom, range(5))
    aged()
    run = begin(store, make.T0)
    run = indexed(store, run)
    assert store.redo.finish_index(run, make.T0) is not None
    left = listings.texts_of_other_tokenizers(TOKENIZER_VERSION)
    again = begin(store, make.T0)
    assert (again.id == run.id) == bool(left)
    make_anew(store, again)
    assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == 0
    assert not store.redo.clear_old_index(9)
    assert found(listings) == urls(range(5))


def test_it_does_not_end_before_it_has_every_text(store, make, newsroom):
    fill(newsroom, range(2))
    run = begin(store, make.T0)
    assert store.redo.finish_index(run, make.T0) is None
    texts, cursor = store.redo.texts_to_index(run, 1)
    assert (len(texts), cursor > run.cursor) == (1, True)
    after = store.redo.index(run, [_indexed(text) for text in texts], cursor)
    assert after.cursor == cursor
    # another process was quicker
    assert store.redo.index(run, [_indexed(text) for text in texts], cursor) is None
    assert store.redo.finish_index(run, make.T0) is None


def test_another_process_ends_it(store, make, newsroom):
    fill(newsroom, range(3))
    run = begin(store, make.T0)
    assert indexed(store, run, 2) is not None
    with pytest.raises(WirewatchError, match="another process"):
        make_anew(store, run, batch=1)


def test_what_is_forgotten_meanwhile_does_not_come_back(store, url, make, newsroom, listings):
    fill(newsroom, range(4))
    run = begin(store, make.T0)
    run = indexed(store, run, 2)
    waiting, last = store.redo.texts_to_index(run, 9)
    with Eraser(url) as eraser:
        # one that is indexed already, and one that has just been read
        eraser.forget(store.article_at((f"{A}0",)).id, make.T0)
        eraser.forget(store.article_at((f"{A}3",)).id, make.T0)
    run = store.redo.index(run, [_indexed(text) for text in waiting], last)
    done = store.redo.finish_index(run, make.T0)
    assert done.looked_at == 3
    fill(newsroom, range(4, 6))
    assert found(listings) == urls([1, 2, 4, 5])
    assert found(listings, "n0") == found(listings, "n3") == set()
    assert store._read(in_index) == 4


def test_texts_that_an_earlier_version_stored_after_it_are_taken_by_the_next(store, make, newsroom, listings, aged):
    """As where the daemon of before ran on beside it."""
    fill(newsroom, range(3))
    make_anew(store, begin(store, make.T0))
    fill(newsroom, range(3, 5))
    aged(after=3)
    done = make_anew(store, begin(store, make.T0))
    assert done.looked_at == 5
    assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == 0


def test_only_texts_that_the_run_has_taken_are_said_to_be_indexed_by_it(store, make, newsroom, listings, aged):
    fill(newsroom, range(3))
    run = indexed(store, begin(store, make.T0))
    assert store.redo.finish_index(run, make.T0) is not None
    fill(newsroom, range(3, 5))
    aged()
    make_anew(store, begin(store, make.T0))
    assert listings.texts_of_other_tokenizers(TOKENIZER_VERSION) == 2


@pytest.mark.parametrize("is_read", [True, False])
def test_a_text_that_is_shown_again_meanwhile_is_found(url, store, make, newsroom, listings, is_read):
    """Whether the run has passed it already, or has just read those around it."""
    day = make.MINUTE * 1440
    for number, text in enumerate(("common first", "common second", "common first")):
        newsroom.save(f"{A}x", text=text, at=make.T0 + number * day)
    if not is_read:
        fill(newsroom, range(2))
    assert store.prune_texts(make.T0 + 3 * day, make.T0 + 9 * day)[0] == 1
    run = begin(store, make.T0)
    texts, cursor = store.redo.texts_to_index(run, 99)
    if is_read:
        run = store.redo.index(run, [_indexed(text) for text in texts], cursor)
    newsroom.save(f"{A}x", text="common second", at=make.T0 + 10 * day)
    if not is_read:
        run = store.redo.index(run, [_indexed(text) for text in texts], cursor)
        assert run.cursor == 1
    done = make_anew(store, run)
    assert done.looked_at == (1 if is_read else 4)
    assert found(listings, "second") == {f"{A}x"}
    assert not [each.message for each in examine(url, Depth.FULL)]


def test_two_processes_that_have_the_database_open_find_and_add_all_along(url, store, make, newsroom, listings):
    fill(newsroom, range(3))
    assert found(listings) == urls(range(3))
    with Store(url) as other:
        run = indexed(other, begin(other, make.T0))
        fill(newsroom, [3])
        assert other.redo.finish_index(run, make.T0) is None
        run = indexed(other, run)
        assert other.redo.finish_index(run, make.T0) is not None
        # The store has statements prepared that name the index of before.
        fill(newsroom, [4])
        assert found(listings) == urls(range(5))
        count = 5
        while other.redo.clear_old_index(1):
            fill(newsroom, [count])
            count += 1
    assert found(listings) == urls(range(count))
    assert not [each.message for each in examine(url, Depth.FULL)]


def in_index(connection):
    """How many texts the index in use has."""
    where = "search_index" if connection.dialect.name == "postgresql" else "search_index_docsize"
    return connection.exec_driver_sql(f"SELECT count(*) FROM {where}").scalar_one()  # constants


def test_an_empty_database_is_done_at_once(store, make):
    done = make_anew(store, begin(store, make.T0))
    assert (done.looked_at, done.finished_at is not None) == (0, True)
