"""An index that is made beside the one in use: what is left of others does no harm, and goes a little at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from rules.text import TOKENIZER_VERSION
from storage import dialect
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.listings import Listings
from storage.redo import index_beside
from storage.upkeep.erasing import Eraser
from wirewatch.reindex import _indexed, begin, make_anew

A = "https://news.example/"
WORD = "quaggaxylophone"


@pytest.fixture
def filled(store, newsroom):
    for number in range(3):
        newsroom.save(f"{A}{number}", text=f"A common {WORD} text, number {number}.")


def indexed(store, run, most=99):
    texts, cursor = store.redo.texts_to_index(run, most)
    return store.redo.index(run, [_indexed(text) for text in texts], cursor)


def exchanged(store, make):
    """The run, just after the new index has taken its place."""
    run = indexed(store, begin(store, make.T0))
    assert store.redo.finish_index(run, make.T0) is not None
    return run


def is_old_there(store):
    return store._read(lambda connection: index_beside.is_there(connection, index_beside.OLD))


def found(url):
    with Listings(url) as listings:
        return len(listings.search("common").rows)


def test_what_an_interrupted_run_left_is_tidied_up_alone(url, store, make, filled):
    run = exchanged(store, make)
    assert is_old_there(store)
    again = begin(store, make.T0)
    assert again.id == run.id
    make_anew(store, again)
    assert not is_old_there(store)
    assert begin(store, make.T0).id != run.id
    assert found(url) == 3


def test_a_run_of_another_tokenizer_deletes_it_a_little_at_a_time_first(url, store, make, filled):
    exchanged(store, make)
    told = []
    run = store.redo.begin_index(TOKENIZER_VERSION + 1, make.T0)
    make_anew(store, run, give_way=lambda: told.append(is_old_there(store)))
    assert told[0]
    assert not is_old_there(store)
    assert found(url) == 3


def test_what_a_run_of_another_tokenizer_has_filled_is_dropped(file, url, store, make, filled):
    other = store.redo.begin_index(TOKENIZER_VERSION + 1, make.T0)
    store.redo.index(other, [_indexed(text) for text in store.redo.texts_to_index(other, 2)[0]], 2)
    make_anew(store, begin(store, make.T0))
    assert found(url) == 3
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
        # Each text is there once: how many texts have the word, and how often it stands in all of them.
        connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'search_index', 'row')")
        assert connection.execute("SELECT doc, cnt FROM words WHERE term = 'common'").fetchall() == [(3, 3)]


def test_one_that_is_cleared_is_whole_at_each_moment(file, store, make, filled):
    """Newer SQLites look at such tables, too, when they are asked whether the file is whole: for a backup."""
    exchanged(store, make)
    steps = 0
    with closing(sqlite3.connect(file)) as connection:
        while store.redo.clear_old_index(1):
            if is_old_there(store):
                connection.execute("SELECT * FROM search_index_old WHERE search_index_old MATCH 'common'").fetchall()
                connection.execute("INSERT INTO search_index_old (search_index_old) VALUES ('integrity-check')")
                connection.rollback()
            steps += 1
    assert steps > 3


def test_what_is_forgotten_goes_from_one_that_is_no_longer_used(file, url, store, make, newsroom, filled):
    exchanged(store, make)
    make_marked(store)
    with Eraser(url) as eraser:
        for number in range(3):
            eraser.forget(store.article_at((f"{A}{number}",)).id, make.T0)
        for _ in eraser.clean():
            pass
        assert eraser.fold_log()
    files = [each for each in file.parent.iterdir() if each.is_file()]
    assert not [each for each in files if WORD.encode() in each.read_bytes()]


@pytest.mark.parametrize("number", [0, 2, 99])
def test_a_line_that_belongs_to_no_text_is_found_wherever_it_is(url, store, make, newsroom, filled, number):
    """Before the first text, between others, and after the last one."""
    with Eraser(url) as eraser:
        eraser.forget(store.article_at((f"{A}1",)).id, make.T0)
    assert not [each.message for each in examine(url, Depth.USUAL)]
    store._write(lambda connection: dialect.add_to_index(connection, number, "one", "two"))
    (finding,) = examine(url, Depth.USUAL)
    assert (finding.check, finding.count) == ("index", 1)
    assert finding.message == f"the search finds texts that are not there, versions {number}"


def make_marked(store):
    run = store.redo.ended_index(TOKENIZER_VERSION)
    while store.redo.mark_indexed(run, 9):
        pass
