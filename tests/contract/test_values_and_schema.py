"""Texts that were changed, values that cannot be read, and what is missing of the schema: told, and told rightly."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from storage import engine
from storage.address import SqliteFile, read_address
from storage.checking.examination import examine
from storage.checking.findings import MAKE_ANEW, REBUILD, REINDEX, RESTORE, RESTORE_TEXTS, RESTORE_VALUES
from storage.checking.spans import Depth
from storage.columns import metadata
from storage.errors import ValueUnreadable
from storage.listings import Listings
from storage.upkeep.missing import make_missing

A, B, C = "https://a.example/1", "https://b.example/2", "https://c.example/3"


@pytest.fixture
def change(url):
    """Change the database behind the back of the program, where SQLite sees to no references."""
    address = read_address(url)
    is_file = isinstance(address, SqliteFile)
    writing = engine.migrating_engine(address) if is_file else engine.writing_engine(address)

    def run(*statements):
        with writing.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    yield run
    writing.dispose()


@pytest.fixture
def filled(store, make, newsroom):
    for address, words, first in ((A, "The quick brown fox.", 1), (B, "A lazy dog.", 40), (C, "A cat.", 80)):
        newsroom.save(address, text=words, fingerprint=make.hashes(*range(first, first + 20)))
    return store


def told(url, depth=Depth.USUAL):
    return [(each.check, each.message, each.fix) for each in examine(url, depth)]


# --- texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", Depth)
@pytest.mark.parametrize("column", ["title", "text"])
def test_a_changed_text_is_told_as_that_and_not_of_the_index(url, filled, change, depth, column):
    change(f"UPDATE article_version SET {column} = 'Some other words.' WHERE id = 2")
    assert told(url, depth) == [
        ("texts", "the text of versions 2 is not the one that was stored", RESTORE_TEXTS),
    ]


@pytest.mark.parametrize("depth", Depth)
def test_a_text_that_was_dropped_as_old_is_no_changed_one(url, filled, newsroom, make, depth):
    newsroom.save(A, text="The red fox.", fingerprint=make.hashes(*range(1, 20)), at=make.T0 + make.MINUTE)
    while filled.prune_texts(make.T0 + 9 * make.MINUTE, make.T0 + 9 * make.MINUTE)[0]:
        pass
    assert told(url, depth) == []


# --- values -----------------------------------------------------------------------------------------

#: statement, the column that cannot be read
UNREADABLE = [
    ("UPDATE article SET first_seen_at = 'soon' WHERE id = 2", "article.first_seen_at"),
    ("UPDATE article SET first_seen_at = 9223372036854775807 WHERE id = 2", "article.first_seen_at"),
    ("UPDATE article SET first_seen_at = x'01' WHERE id = 2", "article.first_seen_at"),
    ("UPDATE article SET url = x'aa' WHERE id = 2", "article.url"),
    ("UPDATE article_version SET text = x'ff00' WHERE id = 2", "article_version.text"),
    ("UPDATE article_version SET text = x'41' WHERE id = 2", "article_version.text"),
    ("UPDATE article_version SET title = CAST(x'41ff' AS TEXT) WHERE id = 2", "article_version.title"),
    ("UPDATE article_version SET sections = 'nonsense' WHERE id = 2", "article_version.sections"),
    ("UPDATE article_version SET words = 'many' WHERE id = 2", "article_version.words"),
    ("UPDATE fingerprint SET hashes = 'abc' WHERE id = 2", "fingerprint.hashes"),
]


@pytest.mark.parametrize("depth", Depth)
@pytest.mark.parametrize(("statement", "where"), UNREADABLE)
def test_values_that_cannot_be_read_are_told_by_their_column(url, filled, change, statement, where, depth):
    if "postgresql" in url:
        pytest.skip("PostgreSQL itself refuses them")
    change(statement)
    assert ("values", f"values of {where} cannot be read, rows 2", RESTORE_VALUES) in told(url, depth)


def test_of_a_table_without_numbers_rows_are_counted(url, filled, change):
    if "postgresql" in url:
        pytest.skip("PostgreSQL itself refuses it")
    change("UPDATE article_address SET article_id = 'x' WHERE article_id = 2")
    message = "values of article_address.article_id cannot be read, 1 of its rows"
    assert ("values", message, RESTORE_VALUES) in told(url)


def test_a_time_beyond_all_calendars_is_told(url, filled, change):
    change("UPDATE article SET first_seen_at = 9223372036854775807 WHERE id = 2")
    message = "values of article.first_seen_at cannot be read, rows 2"
    for depth in Depth:
        assert ("values", message, RESTORE_VALUES) in told(url, depth)
    with Listings(url) as listings, pytest.raises(ValueUnreadable, match="db check"):
        listings.articles()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE article SET first_seen_at = 'soon' WHERE id = 2",
        "UPDATE article SET url = x'aa' WHERE id = 2",
        "UPDATE article_version SET title = CAST(x'41ff' AS TEXT) WHERE id = 2",
        "UPDATE article_version SET title = x'41' WHERE id = 2",
    ],
)
def test_listings_that_meet_one_name_the_check(url, filled, change, statement):
    if "postgresql" in url:
        pytest.skip("PostgreSQL itself refuses them")
    change(statement)
    with Listings(url) as listings, pytest.raises(ValueUnreadable, match="db check --full"):
        listings.articles()


def test_a_bug_of_ours_stays_one(url, filled):
    """Only what a column raises for a stored value is told as a damage."""

    def work(_connection):
        return "a" + 1

    with Listings(url) as listings, pytest.raises(TypeError):
        listings._read(work)


def test_a_check_that_falls_over_a_sound_database_is_told_as_a_bug(url, filled):
    def tell(what, _done, _total):
        if what == "rows":
            raise RuntimeError

    with pytest.raises(RuntimeError):
        list(examine(url, tell=tell))


# --- the schema -------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", Depth)
def test_missing_views_and_indexes_are_told_and_made_anew(url, filled, change, depth):
    change("DROP VIEW v_matches", "DROP INDEX ix_article_version_lang")
    try:
        assert told(url, depth) == [
            ("schema", "indexes are missing, so that much takes longer: ix_article_version_lang", MAKE_ANEW),
            ("schema", "views are missing: v_matches", MAKE_ANEW),
        ]
    finally:
        filled.close()
        assert make_missing(url) == ("ix_article_version_lang", "v_matches")
    assert told(url, depth) == []
    assert make_missing(url) == ()


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_a_missing_table_is_told_whatever_it_is(url, filled, change, name):
    if "postgresql" in url:
        pytest.skip("the tests share its tables")
    change(f'DROP TABLE "{name}"')
    message = f"tables are missing, and what needs them could not be looked at: {name}"
    for depth in Depth:
        assert ("schema", message, RESTORE) in told(url, depth)


def test_a_missing_column_is_told(url, filled, change):
    if "postgresql" in url:
        pytest.skip("the tests share its tables")
    change("ALTER TABLE redo DROP COLUMN words")
    found = told(url, Depth.SOON)
    message = "columns of tables are missing, and what needs them could not be looked at: redo.words"
    assert ("schema", message, RESTORE) in found


@pytest.mark.parametrize("name", ["search_index", "search_index_idx", "search_index_data"])
def test_a_missing_part_of_the_index_is_made_anew(url, filled, change, name):
    if "postgresql" in url:
        pytest.skip("it is of SQLite")
    change(f"DROP TABLE {name}")
    for depth in Depth:
        assert {each[2] for each in told(url, depth)} == {REINDEX}


# --- fingerprints -----------------------------------------------------------------------------------


def test_a_lost_fingerprint_is_taken_again_by_a_rebuild(url, filled, change, make):
    from datetime import timedelta

    from storage.rebuilds import RebuildSpan
    from wirewatch.rebuild import begin, compare_anew

    change("DELETE FROM fingerprint WHERE article_id = 2")
    message = "articles have no fingerprint, so that copies of them are not found: 2"
    assert ("fingerprints", message, REBUILD) in told(url)
    now = make.T0 + make.MINUTE
    run = begin(filled, timedelta(days=90), RebuildSpan(since=None, words=""), now)
    done = compare_anew(filled, run, clock=lambda: now)
    assert done.looked_at == 3
    assert told(url, Depth.FULL) == []
