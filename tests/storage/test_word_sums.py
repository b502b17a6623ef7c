"""The sums of the words of an index show each text that stands in it by other words, and no other text."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from storage import dialect
from storage.checking.examination import examine
from storage.checking.spans import Depth

TEXTS = ("one two three two", "one three two two", "four")


@pytest.fixture
def filled(newsroom):
    for number, text in enumerate(TEXTS):
        newsroom.save(f"https://news.example/{number}", title="t", text=text)
    return newsroom.store


def told(url):
    return [(each.check, each.message) for each in examine(url, Depth.FULL)]


def exchange(store, lines):
    """Put other lines in the place of texts, by number and in words."""

    def run(connection):
        for ident, body in lines.items():
            dialect.remove_from_index(connection, ident, "t", TEXTS[ident - 1])
            dialect.add_to_index(connection, ident, "t", body)

    store._write(run)


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        # each is in the place of the other: the same words as often in all, at places that are in use
        ({1: TEXTS[1], 2: TEXTS[0]}, "1, 2"),
        ({1: "two two three one"}, "1"),
        ({1: "one two three"}, "1"),
        ({3: "four four"}, "3"),
        ({3: "five"}, "3"),
        ({1: "four", 3: "one two three two"}, "1, 3"),
        ({1: TEXTS[0]}, ""),
    ],
)
def test_texts_that_are_indexed_by_other_words_are_named_and_no_others(url, filled, lines, named):
    exchange(filled, lines)
    message = f"texts stand in the index by other words, versions {named}"
    assert told(url) == ([("index", message)] if named else [])


def test_a_length_that_is_wrong_is_found(url, file, filled):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE search_index_docsize SET sz = x'0105' WHERE id = 1")
        connection.commit()
    assert told(url) == [("index", "texts stand in the index by other words, versions 1")]
