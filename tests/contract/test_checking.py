"""What must never be in a database is found, on each kind of it, and what is sound is left in peace."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import text

from ingest.copies.model import Placement
from storage import engine
from storage.address import SqliteFile, read_address
from storage.checking.examination import examine
from storage.checking.findings import REBUILD, REINDEX, REPORT, RESTORE
from storage.checking.laws import LAWS
from storage.checking.spans import Depth

A, B, C = "https://a.example/1", "https://b.example/2", "https://c.example/3"
DEPTHS = (Depth.SOON, Depth.USUAL, Depth.FULL)


@pytest.fixture
def change(url):
    """Change the database behind the back of the program, where SQLite sees to no references."""

    def run(*statements):
        address = read_address(url)
        writing = (
            engine.migrating_engine(address) if isinstance(address, SqliteFile) else engine.writing_engine(address)
        )
        with writing.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        writing.dispose()

    return run


@pytest.fixture
def filled(store, make, newsroom):
    """Three articles in two stories, one of them with two versions and matches."""
    first = newsroom.save(A, text="The quick brown fox.", fingerprint=make.hashes(*range(1, 31)))
    newsroom.save(
        B,
        text="The quick brown fox jumps.",
        fingerprint=make.hashes(*range(11, 41)),
        placement=Placement(story_id=first.story_id),
    )
    newsroom.save(C, text="Thai: ข่าว. Kyiv: Київ.", fingerprint=make.hashes(*range(100, 120)))
    newsroom.save(A, text="The quick red fox.", fingerprint=make.hashes(*range(1, 31)), at=make.T0 + make.MINUTE)
    return first


def checks(url, depth=Depth.FULL):
    return [(each.check, each.fix) for each in examine(url, depth)]


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_sound_database_has_no_findings(url, filled, depth):
    told = []
    assert not list(examine(url, depth, tell=lambda *given: told.append(given)))
    assert told


@pytest.mark.parametrize("depth", DEPTHS)
def test_nor_has_an_empty_one(url, store, depth):
    assert not list(examine(url, depth))


#: law → what breaks it, without breaking a reference
BROKEN = {
    "articles show no version": "UPDATE article SET version_id = NULL WHERE id = 3",
    "articles belong to no story": "UPDATE article SET story_id = NULL WHERE id = 2",
    "articles are not found by their own address": "DELETE FROM article_address WHERE article_id = 3",
    "articles show a text that was dropped": "UPDATE article_version SET pruned_at = 1 WHERE article_id = 3",
    "changes tell of a version of another article": "UPDATE version_change SET article_id = 2",
    "articles have no fingerprint": "DELETE FROM fingerprint WHERE article_id = 3",
    "fingerprints are not of the text": "UPDATE fingerprint SET version_id = 1 WHERE article_id = 1",
    "stories have no article": "UPDATE article SET story_id = 1 WHERE id = 3",
    "stories are led by an article": "UPDATE story SET lead_article_id = 3 WHERE id = 1",
    "stories that merged": "INSERT INTO story_alias (old, new) VALUES (2, 1)",
    "topics have no version": "INSERT INTO topic (name) VALUES ('nothing')",
    "lines are known to repeat": "INSERT INTO site_line (line, site) VALUES (5, 'nowhere.example')",
}


@pytest.mark.parametrize("law", BROKEN)
def test_a_broken_law_is_found(url, filled, change, law):
    change(BROKEN[law])
    (found,) = [each for each in examine(url, Depth.SOON) if each.message.startswith(law)]
    assert found.count == 1
    assert found.fix in {RESTORE, REPORT, REBUILD}
    assert found in list(examine(url, Depth.USUAL))


def test_the_laws_are_all_tried():
    tried = [law for law in LAWS if any(law.words.startswith(words) for words in BROKEN)]
    assert {law.check for law in LAWS} - {law.check for law in tried} == {"matches"}
    assert len(LAWS) == len(tried) + 1


def test_entries_that_are_lost_are_found(url, filled, change):
    change("UPDATE feed SET entries_seen = entries_seen + 2")
    (found,) = examine(url)
    assert (found.check, found.count) == ("entries", 2)
    assert "has brought 5 entries, and 3 are stored" in found.message


# --- the index --------------------------------------------------------------------------------------


def unindex(url, version, title, body):
    from storage import dialect

    writing = engine.writing_engine(read_address(url))
    with writing.begin() as connection:
        dialect.remove_from_index(connection, version, title, body)
    writing.dispose()


def index(url, version, title, body):
    from storage import dialect

    writing = engine.writing_engine(read_address(url))
    with writing.begin() as connection:
        dialect.add_to_index(connection, version, title, body)
    writing.dispose()


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_text_that_the_index_lacks_is_found(url, filled, depth):
    unindex(url, 2, "a title", "the quick brown fox jumps")
    (found,) = examine(url, depth)
    assert (found.check, found.count, found.fix) == ("index", 1, REINDEX)
    assert found.message.endswith("versions 2")


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("words", ["the quick brown", "the quick brown fox leaps", "the quick jumps brown fox", ""])
def test_a_text_that_is_indexed_by_other_words_is_found(url, filled, depth, words):
    unindex(url, 2, "a title", "the quick brown fox jumps")
    index(url, 2, "a title", words)
    (found,) = examine(url, depth)
    assert found.message == "texts stand in the index by other words, versions 2"


def test_of_a_long_text_all_words_are_looked_at_when_asked(url, store, make, newsroom):
    words = [f"w{number}" for number in range(1_000)]
    newsroom.save(A, text=" ".join(words))
    assert not list(examine(url, Depth.FULL))
    unindex(url, 1, "a title", " ".join(words))
    words[300] = "other"
    index(url, 1, "a title", " ".join(words))
    assert [each.check for each in examine(url, Depth.FULL)] == ["index"]


def test_a_text_of_an_earlier_tokenizer_is_told_of_as_that(url, filled, change):
    change("UPDATE article_version SET tokenizer_version = 0 WHERE id = 1")
    (found,) = examine(url)
    assert found.message == "texts stand in the index by an earlier tokenizer, versions 1"
    assert found.fix == REINDEX


# --- postings ---------------------------------------------------------------------------------------


@pytest.fixture
def posted(url, filled, change):
    """The same with all postings written."""
    from storage import postings

    writing = engine.writing_engine(read_address(url))
    with writing.begin() as connection:
        postings.write_up_to(connection, 99)
    writing.dispose()
    return filled


@pytest.mark.parametrize("depth", DEPTHS)
def test_all_postings_are_sound(url, posted, depth):
    assert not list(examine(url, depth))


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_posting_that_is_lost_is_found_and_made_again(url, posted, change, depth, store):
    change("DELETE FROM posting WHERE hash = 12 AND fingerprint_id = 2")
    (found,) = examine(url, depth)
    assert (found.check, found.fix) == ("fingerprints", REBUILD)
    assert found.message.endswith("are lost: 2")


@pytest.mark.parametrize("depth", [Depth.USUAL, Depth.FULL])
@pytest.mark.parametrize("pair", ["(5000, 2)", "(5000, 77)"])
def test_a_posting_that_nobody_has_is_found(url, posted, change, depth, pair):
    change(f"INSERT INTO posting (hash, fingerprint_id) VALUES {pair}")
    (found,) = examine(url, depth)
    assert (found.check, found.fix) == ("fingerprints", REPORT)


def test_a_rebuild_writes_postings_again_that_are_lost(url, posted, change, store, make):
    from storage import postings

    change("DELETE FROM posting WHERE hash = 12")
    assert list(examine(url))
    writing = engine.writing_engine(read_address(url))
    with closing(writing.connect()) as connection, connection.begin():
        for number, hashes in ((2, range(11, 41)), (4, range(1, 31))):
            postings.complete(connection, number, hashes)
    writing.dispose()
    assert not list(examine(url))
