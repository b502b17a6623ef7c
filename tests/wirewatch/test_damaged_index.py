"""An index of the search that is damaged is told apart from a damaged file, and `db reindex` mends it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

#: What can become of the rows in which FTS5 keeps an index: row 10 is the structure of it, words are in those above.
DAMAGES = {
    "words that are cut": "UPDATE search_index_data SET block = substr(block, 1, 5) WHERE id > 10",
    "words that are gone": "DELETE FROM search_index_data WHERE id > 10",
    "a structure of nonsense": "UPDATE search_index_data SET block = x'00000001ffffffffffffffff' WHERE id = 10",
    "no structure": "DELETE FROM search_index_data WHERE id = 10",
}


@pytest.fixture
def run(wirewatch, copied):
    return lambda *arguments: wirewatch("--config", copied, *arguments)


def ask(folder, statement):
    with closing(sqlite3.connect(folder / "wirewatch.db")) as database:
        found = database.execute(statement).fetchall()
        database.commit()
        return found


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_made_anew(run, copied, damage):
    before = run("search", "Ukraine", "--jsonl").jsonl
    assert before
    ask(copied, DAMAGES[damage])
    ended = run("search", "Ukraine", "--jsonl")
    assert ended.code == 5
    assert f"wirewatch --config {copied} db reindex" in ended.err
    assert "restore" not in ended.err
    checked = run("db", "check", "--full", "--jsonl")
    assert checked.code == 5
    assert "db reindex" in checked.out + checked.err
    assert "restore" not in checked.out + checked.err
    assert run("db", "reindex").code == 0
    assert run("search", "Ukraine", "--jsonl").jsonl == before
    assert run("db", "check", "--full").code == 0
    assert ask(copied, "SELECT name FROM sqlite_master WHERE name LIKE 'search_index_%old%'") == []


def test_an_index_that_finds_nothing_and_says_nothing_is_found_by_the_check(run, copied):
    """FTS5 takes zeros for pages without words."""
    before = run("search", "Ukraine", "--jsonl").jsonl
    ask(copied, "UPDATE search_index_data SET block = zeroblob(length(block)) WHERE id > 10")
    ended = run("db", "check", "--full", "--jsonl")
    assert (ended.code, "db reindex" in ended.out + ended.err) == (5, True)
    assert run("db", "reindex").code == 0
    assert run("search", "Ukraine", "--jsonl").jsonl == before
    assert run("db", "check", "--full").code == 0


def test_what_comes_in_is_kept_back_and_told_while_the_index_is_damaged(run, copied, filled, wirewatch, tmp_path):
    archive = tmp_path / "archive.jsonl"
    wirewatch("--config", filled, "export", "archive", "-o", archive)
    target = tmp_path / "target"
    target.mkdir()
    assert wirewatch("--db", target / "news.db", "init", target).code == 0
    with closing(sqlite3.connect(target / "news.db")) as database:
        database.execute("DELETE FROM search_index_data WHERE id = 10")
        database.commit()
    command = ("--db", target / "news.db", "import", archive)
    ended = wirewatch(*command)
    assert (ended.code, "db reindex" in ended.err) == (5, True)
    assert wirewatch("--db", target / "news.db", "db", "reindex").code == 0
    assert wirewatch(*command).code == 0
    assert len(wirewatch("--db", target / "news.db", "search", "Ukraine", "--jsonl").jsonl) > 1


def test_a_damaged_file_is_not_mended_by_that(run, copied):
    """Its pages are damaged, not what FTS5 has written into them."""
    ((root,),) = ask(copied, "SELECT rootpage FROM sqlite_master WHERE name = 'article'")
    ((size,),) = ask(copied, "PRAGMA page_size")
    with (copied / "wirewatch.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    ended = run("articles", "--json")
    assert (ended.code, "restore a backup" in ended.err, "reindex" in ended.err) == (5, True, False)


def test_damaged_pages_of_the_index_are_no_damaged_file(run, copied, tmp_path):
    """Its pages are filled with letters: it can be made anew all the same, and the pages be given back."""
    before = run("search", "Ukraine", "--jsonl").jsonl
    ask(copied, "PRAGMA wal_checkpoint(TRUNCATE)")
    pages = [row[0] for row in ask(copied, "SELECT rootpage FROM sqlite_master WHERE name = 'search_index_data'")]
    ((size,),) = ask(copied, "PRAGMA page_size")
    with (copied / "wirewatch.db").open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\x55" * size)
    for command in (("doctor",), ("db", "backup", tmp_path / "copy.db"), ("db", "check", "--full")):
        ended = run(*command)
        assert ended.code == 5
        assert "db reindex" in ended.out + ended.err
        assert "restore" not in ended.out + ended.err
    assert not (tmp_path / "copy.db").exists()
    assert run("db", "reindex").code == 0
    assert run("search", "Ukraine", "--jsonl").jsonl == before
    assert "db vacuum" in run("db", "check", "--full").out
    assert run("db", "vacuum").code == 0
    assert run("db", "check", "--full").code == 0
    assert run("db", "backup", tmp_path / "copy.db").code == 0


def test_a_finding_does_not_end_blank(run, copied):
    ask(copied, "UPDATE search_index_data SET block = zeroblob(5) WHERE id = 10")
    ask(copied, "UPDATE search_index_data SET block = x'5555555555' WHERE id > 10")
    told = [row["message"] for row in run("db", "check", "--jsonl").jsonl]
    assert told
    assert not [message for message in told if message.rstrip().endswith(":")]


@pytest.mark.parametrize("table", ["search_index", "search_index_idx"])
def test_an_index_that_was_dropped_is_made_anew(run, copied, table):
    before = run("search", "Ukraine", "--jsonl").jsonl
    ask(copied, f"DROP TABLE {table}")
    ended = run("db", "check", "--jsonl")
    assert (ended.code, "db reindex" in ended.out, "restore" in ended.out) == (5, True, False)
    assert run("db", "reindex").code == 0
    assert run("search", "Ukraine", "--jsonl").jsonl == before
