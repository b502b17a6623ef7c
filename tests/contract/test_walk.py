"""How a search walks: which articles it offers to the matcher, in which order, and what it asks the index."""

from __future__ import annotations

import pytest

from storage import dialect
from storage.searching.filters import Filter
from storage.searching.search import Found
from storage.searching.walk import FIRST_SLICE, held, walk
from storage.window import Cursor, Window

URL = "https://news.example/"


def phrase(*tokens, is_prefix=False):
    return dialect.Phrase(tokens=tokens, is_prefix=is_prefix)


def walked(listings, window, clause, few, asked=None):
    return [each.article for some in walk(listings._read, window, clause, asked or Filter(), few=few) for each in some]


@pytest.fixture
def dated(newsroom, make):
    """Articles 1 to 8; the even ones have no date."""
    for number in range(1, 9):
        published = make.T0 - number * make.MINUTE if number % 2 else None
        newsroom.save(f"{URL}{number}", text=f"A common word {number}.", published=published, at=make.T0)


@pytest.mark.parametrize("clause", [phrase("common"), None])
@pytest.mark.parametrize("few", [0, 2_000])
def test_those_without_a_date_come_last_and_pages_begin_among_them(listings, dated, make, clause, few):
    whole = [1, 3, 5, 7, 8, 6, 4, 2]
    assert walked(listings, Window(by="published"), clause, few) == whole
    for at, ident in enumerate(whole):
        time = make.T0 - ident * make.MINUTE if ident % 2 else None
        window = Window(by="published", after=Cursor(time=time, id=ident))
        assert walked(listings, window, clause, few) == whole[at + 1 :]
    # A span has none of them, wherever its page begins.
    span = {"since": make.T0 - 6 * make.MINUTE, "by": "published"}
    assert walked(listings, Window(**span), clause, few) == [1, 3, 5]
    after = Cursor(time=make.T0 - make.MINUTE, id=1)
    assert walked(listings, Window(**span, after=after), clause, few) == [3, 5]


@pytest.mark.parametrize("by", ["first_seen", "published"])
def test_an_article_of_which_two_versions_have_the_word_comes_once(listings, newsroom, make, by):
    for number, text in enumerate(("common one", "common two", "rare three", "common four")):
        newsroom.save(URL, text=text, at=make.T0 + number * make.MINUTE)
    for few in (0, 1, 2_000):
        found = Found(listings._read, "common", Window(by=by), few=few)
        assert [row.id for row in found.rows] == [1]
    # What only an earlier version has is not even offered where the texts are looked up.
    assert walked(listings, Window(by=by), phrase("rare"), 2_000) == []
    assert walked(listings, Window(by=by), phrase("four"), 2_000) == [1]


@pytest.mark.parametrize("few", [3, 4, 5])
def test_few_are_as_many_as_are_said(listings, newsroom, make, few):
    """With as many hits as are few, one more and one less, none is lost."""
    for number in range(4):
        newsroom.save(f"{URL}{number}", text=f"common {number}", lang="uk" if number < 3 else "en", at=make.T0)
    assert walked(listings, Window(), phrase("common"), few) == [4, 3, 2, 1]
    assert walked(listings, Window(), None, few - 1, Filter(langs=("uk",))) == [3, 2, 1]
    assert walked(listings, Window(), phrase("0"), few, Filter(langs=("uk",))) == [1]
    assert walked(listings, Window(), phrase("3"), 0, Filter(langs=("uk",))) == []


#: far apart, so that they are no few ranges
APART = [1, 1_000, 2_000, 3_000, 4_000, 5_000]

PREFIXES = {
    "alone": phrase("nothing", is_prefix=True),
    "in a field": dialect.InColumn(column="body", clause=phrase("nothing", is_prefix=True)),
    "with others": dialect.AllOf(clauses=(phrase("common"), phrase("nothing", is_prefix=True))),
    "or others": dialect.AnyOf(clauses=(phrase("nowhere"), phrase("nothing", is_prefix=True))),
}


@pytest.mark.parametrize("clause", PREFIXES.values(), ids=PREFIXES)
def test_of_the_start_of_a_word_few_texts_apart_are_not_asked(listings, dated, clause):
    """SQLite would gather all words that start so for each of them; the matcher is quicker."""
    assert listings._read(lambda connection: held(connection, clause, APART)) == set(APART)


def test_of_a_whole_word_they_are(listings, dated):
    clause = dialect.AllOf(clauses=(phrase("common"), dialect.InColumn(column="body", clause=phrase("word"))))
    assert listings._read(lambda connection: held(connection, clause, APART)) == {1}


def test_of_the_start_of_a_word_many_texts_apart_are_asked_as_one_range(listings, dated):
    many = [*range(1, 1 + 100 * FIRST_SLICE, 100), 8]
    assert len(many) > FIRST_SLICE
    clause = phrase("comm", is_prefix=True)
    # 2 to 7 have the word, but were not asked for
    assert listings._read(lambda connection: held(connection, clause, many)) == {1, 8}
    assert listings._read(lambda connection: held(connection, phrase("nothing", is_prefix=True), many)) == set()
    # those at both ends are within the range
    ends = [-100 * number for number in range(FIRST_SLICE)] + [8]
    assert listings._read(lambda connection: held(connection, clause, ends)) == {8}


QUORUMS = {
    "ANY/2 (common, other, third)": {1, 2},
    "ANY/2 (common, /o.her/, third)": {1, 2},
    "ANY/2 (common, /o.her/, /thi?rd/)": {1, 2, 3},
    "ANY/3 (common, other, third)": {1},
    "ANY/3 (common, /o.her/, /thi?rd/)": {1},
    "ANY/1 (third, /com+on/)": {1, 2, 4},
    "ATLEAST/2 (thrd)": {3},
    "ATLEAST/2 (thrd | other)": {3},
}


@pytest.mark.parametrize("query", QUORUMS)
@pytest.mark.parametrize("few", [0, 2_000])
def test_of_a_quorum_the_index_hides_nothing(listings, newsroom, make, query, few):
    for number, text in enumerate(("common other third", "common other", "other thrd thrd", "common", "x"), 1):
        newsroom.save(f"{URL}{number}", text=text, at=make.T0)
    found = Found(listings._read, query, Window(), few=few)
    expected = QUORUMS[query]
    assert {row.id for row in found.rows} == expected
