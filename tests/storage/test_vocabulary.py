"""The words of the stored articles: what a wildcard stands for, without writing anything."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.glob import matches_glob
from rules.text import is_opaque, tokenize
from storage.errors import DatabaseBusy, DatabaseClosed, DatabaseDamaged, DatabaseMissing
from storage.vocabulary import Vocabulary

ARTICLES = [
    ("Crimea's bridge", "The Crimean Peninsula was annexed; the U.S. and NATO protested at 2.3bn. Crimea!"),
    ("Крим", "У Криму зафіксовано кримінальні справи, Крим"),
    ("Store", "Støre said: see https://crimea.example/a/b=1 or write to crimea@example.com."),
    ("Злочин", "кримінал [a-z]"),
]
CALLS = [("expand", "crim*"), ("expand", "*rime*"), ("frequency", "crimea")]


@pytest.fixture
def vocabulary(url, make, newsroom):
    for number, (title, text) in enumerate(ARTICLES):
        newsroom.save(f"https://news.example/{number}", title=title, text=text)
    with Vocabulary(url) as opened:
        yield opened


def expected(pattern):
    texts = Counter(word for title, text in ARTICLES for word in {*tokenize(title).folded, *tokenize(text).folded})
    found = [(word, n) for word, n in texts.items() if matches_glob(pattern, word) and not is_opaque(word)]
    return sorted(found, key=lambda each: (-each[1], each[0]))


@pytest.mark.parametrize(
    "pattern", ["crim*", "крим*", "*rime*", "?rimea", "store", "s*e", "*", "2.3*", "zz*", "[a-c]*"]
)
def test_the_words_that_match_with_the_number_of_texts_that_hold_them(vocabulary, pattern):
    assert [tuple(each) for each in vocabulary.expand(pattern)] == expected(pattern)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.text("crimeaкрим*?[]'\"\0", min_size=1, max_size=6))
def test_any_pattern_is_only_a_pattern(vocabulary, pattern):
    assert [tuple(each) for each in vocabulary.expand(pattern)] == expected(pattern)


def test_how_many_texts_hold_a_word(vocabulary):
    assert [vocabulary.frequency(word) for word in ("crimea", "кримінал", "store", "Crimea", "")] == [1, 1, 1, 0, 0]
    assert vocabulary.expand("store")[0] == ("store", 1)


def test_an_empty_archive_has_no_words(url, file):
    with Vocabulary(url) as opened:
        assert opened.expand("crim*") == ()
        assert opened.frequency("crimea") == 0


def test_nothing_is_written(vocabulary, file):
    def content():
        with closing(sqlite3.connect(file)) as connection:
            return list(connection.iterdump())

    before = content()
    for name, argument in CALLS:
        getattr(vocabulary, name)(argument)
    assert content() == before
    with closing(sqlite3.connect(file)) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vocabulary'").fetchall()


def test_it_can_be_asked_by_several_at_once(vocabulary, url, newsroom):
    with Vocabulary(url) as other:
        assert other.expand("crim*") == vocabulary.expand("crim*")
        newsroom.save("https://news.example/more", title="Crimson", text="tide")
        assert [each.word for each in other.expand("crims*")] == ["crimson"]
        assert vocabulary.frequency("crimson") == 1


@pytest.mark.parametrize(("name", "argument"), CALLS)
def test_every_method_tells_when_the_database_is_not_there(tmp_path, name, argument):
    with Vocabulary(f"sqlite:///{tmp_path / 'none.db'}") as opened, pytest.raises(DatabaseMissing):
        getattr(opened, name)(argument)


@pytest.mark.parametrize(("name", "argument"), CALLS)
def test_every_method_tells_when_it_is_locked(url, file, name, argument):
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with Vocabulary(url, busy_timeout_s=0) as opened, pytest.raises(DatabaseBusy):
            getattr(opened, name)(argument)


@pytest.mark.parametrize(("name", "argument"), CALLS)
def test_every_method_tells_when_it_is_damaged(url, file, newsroom, store, name, argument):
    newsroom.save("https://news.example/1", title="Crimea", text="Crimea")
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE search_index_data SET block = x'ffffffffffff'")
    with Vocabulary(url) as opened, pytest.raises(DatabaseDamaged):
        getattr(opened, name)(argument)


@pytest.mark.parametrize(("name", "argument"), CALLS)
def test_every_method_tells_when_it_is_closed(vocabulary, name, argument):
    vocabulary.close()
    vocabulary.close()
    with pytest.raises(DatabaseClosed):
        getattr(vocabulary, name)(argument)
