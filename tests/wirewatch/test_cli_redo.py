"""Stored work done anew, and articles forgotten, by the commands; on the sample newsroom."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest

from ingest.model import EXTRACTOR_VERSION
from rules.text import TOKENIZER_VERSION
from storage.address import read_address
from storage.lock import RedoLock
from storage.upkeep.erasing import Eraser
from wirewatch import fields, stats_fields


def database(folder):
    (file,) = folder.glob("**/*.db")
    return file


def ask(folder, statement, *values):
    with closing(sqlite3.connect(database(folder))) as connection:
        found = connection.execute(statement, values).fetchall()
        connection.commit()
        return found


def one(folder, statement, *values):
    return ask(folder, statement, *values)[0][0]


@pytest.fixture
def run(wirewatch, copied):
    """Run the program on a copy of the sample newsroom."""
    return lambda *arguments, **given: wirewatch("--config", copied, *arguments, **given)


# --- the account ------------------------------------------------------------------------------------


def test_the_sum_over_the_states_is_the_number_of_entries_seen(run, copied):
    row = run("stats", "--json").json
    assert row["entries_seen"] == sum(row["entries"].values()) == one(copied, "SELECT count(*) FROM entry")
    assert row["entries_missing"] == 0
    assert set(row) == {column.name for column in stats_fields.STATS}
    assert [c["status"] for c in run("doctor", "--jsonl").jsonl if c["check"] == "entries"] == ["ok"]
    assert "entries seen" in run("stats").out


def test_an_entry_that_is_lost_is_told_loudly(run, copied):
    entry = one(copied, "SELECT min(id) FROM entry WHERE article_id IS NULL OR 1")
    ask(copied, "DELETE FROM entry WHERE id = ?", entry)
    ended = run("stats")
    assert "THE ACCOUNT OF ENTRIES IS BROKEN" in ended.err
    assert run("stats", "--json").json["entries_missing"] == 1
    ended = run("doctor", "--jsonl")
    (check,) = [c for c in ended.jsonl if c["check"] == "entries"]
    assert (check["status"], ended.code) == ("fail", 5)


def test_an_entry_that_is_half_done_is_told(run, copied):
    entry = one(copied, "SELECT min(id) FROM entry")
    ask(copied, "UPDATE entry SET state = 'retrying', next_try_at = NULL, reason = 'timeout' WHERE id = ?", entry)
    checks = [c for c in run("doctor", "--jsonl").jsonl if c["check"] == "rows"]
    assert checks[0]["status"] == "fail"
    assert "one that is tried again has a reason and a time" in checks[0]["message"]


def test_what_waits_is_counted_by_its_tries(run, copied):
    ids = [row[0] for row in ask(copied, "SELECT id FROM entry ORDER BY id LIMIT 3")]
    for entry, tries in zip(ids, (1, 1, 3), strict=True):
        values = "state = 'retrying', reason = 'timeout', next_try_at = 1800000000000000 + id, attempts = ?"
        ask(copied, f"UPDATE entry SET {values} WHERE id = ?", tries, entry)  # constants
    row = run("stats", "--json").json
    assert row["retrying"] == {"1": 2, "3": 1}
    assert row["next_retry_at"].startswith("2027-01-15T08:00:00")
    assert "2 after 1 failed, 1 after 3 failed" in run("stats").out


# --- pages read again -------------------------------------------------------------------------------


def test_pages_that_an_earlier_extractor_has_read_are_read_again_and_give_the_same(run, copied):
    kept = one(copied, "SELECT count(*) FROM raw_page")
    versions = ask(copied, "SELECT id, text_hash FROM article_version")
    assert run("articles", "reextract").out == "0 pages read again: 0 with another text, 0 the same, 0 not read\n"
    ask(copied, "UPDATE article_version SET extractor_version = ?", EXTRACTOR_VERSION - 1)
    (check,) = [c for c in run("doctor", "--jsonl").jsonl if c["check"] == "pages"]
    assert (check["status"], "articles reextract" in check["message"]) == ("warn", True)
    row = run("articles", "reextract", "--json").json
    assert set(row) == {column.name for column in fields.REEXTRACTED}
    assert (row["pages"], row["changed"], row["failed"]) == (kept, 0, 0)
    assert ask(copied, "SELECT id, text_hash FROM article_version") == versions
    statement = (
        "SELECT count(*) FROM article_version v JOIN raw_page p ON p.version_id = v.id WHERE extractor_version < ?"
    )
    assert one(copied, statement, EXTRACTOR_VERSION) == 0
    assert run("articles", "reextract", "--json").json["pages"] == 0
    assert [c["check"] for c in run("doctor", "--jsonl").jsonl].count("pages") == 0


@pytest.fixture
def misread(copied):
    """An article whose text an earlier extractor has got wrong, so that it matched nothing and was no copy."""
    statement = """
        SELECT a.id, a.version_id FROM article a JOIN raw_page p ON p.version_id = a.version_id
        JOIN match m ON m.version_id = a.version_id WHERE m.retired_at IS NULL ORDER BY a.id LIMIT 1"""
    article, version = ask(copied, statement)[0]
    ask(
        copied,
        "UPDATE article_version SET text = 'Menu', text_hash = 'wrong', extractor_version = 0 WHERE id = ?",
        version,
    )
    ask(copied, "DELETE FROM match WHERE version_id = ?", version)
    return article


def test_another_text_becomes_a_new_version_which_is_compared_and_matched(run, copied, misread):
    before = ask(copied, "SELECT state, reason, attempts, checks, next_try_at FROM entry ORDER BY id")
    etag = ask(copied, "SELECT etag, last_modified, url FROM article WHERE id = ?", misread)
    row = run("articles", "reextract", "--dry-run", "--json").json
    assert (row["changed"], [each["article"] for each in row["articles"]]) == (1, [misread])
    assert one(copied, "SELECT count(*) FROM redo") == 0
    told = run("articles", "reextract", "--dry-run").out
    assert f"article {misread}, " in told
    assert told.endswith("nothing was stored\n")
    row = run("articles", "reextract", "--json").json
    assert (row["pages"], row["changed"]) == (1, 1)
    shown = run("show", misread, "--json").json
    assert (shown["version"], len(shown["versions"])) == (2, 2)
    assert len(shown["matches"]) > 0
    assert len(shown["text"]) > 100
    changes = ask(copied, "SELECT version_id FROM version_change WHERE article_id = ? ORDER BY id DESC", misread)
    assert changes[0] == ask(copied, "SELECT version_id FROM article WHERE id = ?", misread)[0]
    # the page stays, with the text that was read from it; nothing was asked and nothing else has changed
    assert one(copied, "SELECT count(*) FROM raw_page WHERE version_id = ?", changes[0][0]) == 1
    assert ask(copied, "SELECT state, reason, attempts, checks, next_try_at FROM entry ORDER BY id") == before
    assert ask(copied, "SELECT etag, last_modified, url FROM article WHERE id = ?", misread) == etag
    assert run("articles", "reextract", "--json").json["pages"] == 0


def test_all_are_read_with_all_and_few_with_since(run, copied):
    kept = one(copied, "SELECT count(*) FROM raw_page")
    assert run("articles", "reextract", "--all", "--json").json["pages"] == kept
    assert run("articles", "reextract", "--all", "--since", "2099-01-01", "--json").json["pages"] == 0
    assert run("articles", "reextract", "--since", "nonsense").code == 2


def test_a_page_that_cannot_be_read_leaves_its_article_as_it_is(run, copied, misread):
    body = ask(copied, "SELECT version_id FROM article WHERE id = ?", misread)[0][0]
    empty = bytes.fromhex("28b52ffd2000010000")
    ask(copied, "UPDATE raw_page SET body = ? WHERE version_id = ?", empty, body)
    row = run("articles", "reextract", "--json").json
    assert (row["pages"], row["failed"], row["changed"]) == (1, 1, 0)
    assert run("show", misread, "--json").json["text"] == "Menu"


def test_another_one_is_refused(run, copied):
    with RedoLock(read_address(f"sqlite:///{database(copied)}")):
        for command in (("articles", "reextract"), ("db", "reindex")):
            ended = run(*command)
            assert (ended.code, ended.out) == (5, "")
            assert "is at work" in ended.err
        assert run("articles", "reextract", "--dry-run").code == 0


# --- the index of the search ------------------------------------------------------------------------


def test_the_index_is_made_anew_and_finds_the_same(run, copied):
    asked = ["articles", "--json"], ["search", "Ukraine", "--json"], ["search", "title:ferry", "--json"]
    before = [run(*each).json for each in asked]
    texts = one(copied, "SELECT count(*) FROM article_version")
    ask(copied, "UPDATE article_version SET tokenizer_version = ?", TOKENIZER_VERSION - 1)
    (check,) = [c for c in run("doctor", "--jsonl").jsonl if c["check"] == "search"]
    assert (check["status"], check["message"].startswith(f"{texts} texts stand")) == ("warn", True)
    assert run("articles", "forget", "1", "--yes").code == 1
    row = run("db", "reindex", "--json").json
    assert set(row) == {column.name for column in fields.REINDEXED}
    assert row["texts"] == texts
    assert [run(*each).json for each in asked] == before
    assert one(copied, "SELECT count(*) FROM article_version WHERE tokenizer_version != ?", TOKENIZER_VERSION) == 0
    ask(copied, "INSERT INTO search_index (search_index) VALUES ('integrity-check')")
    names = {row[0] for row in ask(copied, "SELECT name FROM sqlite_master WHERE name LIKE 'search_index%'")}
    assert not any("_next" in name or "_old" in name for name in names)
    (check,) = [c for c in run("doctor", "--jsonl").jsonl if c["check"] == "search"]
    assert check["status"] == "ok"
    assert run("db", "reindex").out == f"{texts} texts indexed\n"
    assert [run(*each).json for each in asked] == before


# --- forgetting -------------------------------------------------------------------------------------


def test_a_forgotten_article_is_gone_and_everything_says_so(run, copied):
    article, url, entry = ask(copied, "SELECT id, url, entry_id FROM article ORDER BY id DESC LIMIT 1")[0]
    ended = run("articles", "forget", article)
    assert (ended.code, "--yes" in ended.err) == (2, True)
    (row,) = run("articles", "forget", url, "--yes", "--format", "jsonl").jsonl
    assert set(row) == {column.name for column in fields.FORGOT}
    assert (row["article"], row["addresses"]) == (article, [url])
    assert one(copied, "SELECT count(*) FROM article WHERE id = ?", article) == 0
    ended = run("show", article)
    assert (ended.code, f"article {article} was forgotten for good" in ended.err) == (1, True)
    told = run("why", url).out
    assert "forgotten. Its article was forgotten for good" in told
    assert "nothing of it is stored again" in told
    assert run("why", entry, "--json").json[0]["reason"] == "forgotten"
    (listed,) = run("articles", "forgotten", "--json").json
    assert (listed["address"], listed["article"]) == (url, article)
    assert set(listed) == {column.name for column in fields.FORGOTTEN}
    for again in (article, url):
        ended = run("articles", "forget", again, "--yes")
        assert (ended.code, "forgotten already" in ended.err) == (0, True)
    assert run("stats", "--json").json["entries_missing"] == 0
    assert [c["status"] for c in run("doctor", "--jsonl").jsonl if c["check"] == "entries"] == ["ok"]


def test_who_was_interrupted_before_the_words_were_overwritten_tries_the_same_once_more(run, copied):
    article, text = ask(copied, "SELECT article_id, text FROM article_version ORDER BY length(text) DESC LIMIT 1")[0]
    words = text[-200:-100].encode()
    with Eraser(f"sqlite:///{database(copied)}") as eraser:
        eraser.forget(article, datetime(2027, 1, 5, tzinfo=UTC))
    with closing(sqlite3.connect(database(copied), isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE other (said BLOB)")
        connection.execute("INSERT INTO other VALUES (?)", (words * 5000,))
        connection.execute("DROP TABLE other")
    assert words in database(copied).read_bytes()
    ended = run("articles", "forget", article, "--yes")
    assert (ended.code, "forgotten already" in ended.err) == (0, True)
    assert words not in database(copied).read_bytes()


def test_what_a_killed_one_had_not_forgotten_yet_is_forgotten_by_the_same_command(run, copied):
    some = ask(copied, "SELECT id, url FROM article ORDER BY id LIMIT 4")
    with Eraser(f"sqlite:///{database(copied)}") as eraser:
        for article, _ in some[:2]:
            eraser.forget(article, datetime(2027, 1, 5, tzinfo=UTC))
    names = [some[0][0], some[1][1], some[2][0], some[3][1], some[3][0]]
    ended = run("articles", "forget", *names, "--yes", "--format", "jsonl")
    assert ended.code == 0
    assert [row["article"] for row in ended.jsonl] == [some[2][0], some[3][0]]
    assert f"article {some[0][0]} was forgotten already, 2027-01-05" in ended.err
    assert f"{some[1][1]}: forgotten already" in ended.err
    assert one(copied, "SELECT count(*) FROM article WHERE id <= ?", some[3][0]) == 0
    again = run("articles", "forget", *names, "--yes", "--json")
    assert (again.code, again.out, again.err.count("already")) == (0, "[]\n", 5)
    assert run("articles", "forget", *names, "99999", "--yes").code == 1


def test_work_that_takes_room_stops_at_the_floor_and_goes_on(run, copied):
    ask(copied, "UPDATE article_version SET tokenizer_version = ?, extractor_version = 0", TOKENIZER_VERSION - 1)
    settings = copied / "wirewatch.toml"
    before = settings.read_text()
    settings.write_text(f"{before}\n[store]\nmin_free_mb = 900000000\n")
    for command in (("db", "reindex"), ("articles", "reextract"), ("copies", "rebuild"), ("rules", "apply")):
        ended = run(*command)
        assert (ended.code, "nothing new is taken" in ended.err) == (5, True), command
        assert "what was done stays done, and the same command goes on where it stood" in ended.err
        assert ended.err.count("\n") == 1
    settings.write_text(before)
    assert run("db", "reindex", "--json").json["texts"] == one(copied, "SELECT count(*) FROM article_version")
    assert run("articles", "reextract", "--json").json["pages"] == one(copied, "SELECT count(*) FROM raw_page")
    for command in (("copies", "rebuild"), ("rules", "apply")):
        assert run(*command, "--json").json["articles"] == one(copied, "SELECT count(*) FROM article")


@pytest.mark.parametrize("name", ["99999", "https://nowhere.example/x", "nonsense"])
def test_what_is_not_there_cannot_be_forgotten(run, name):
    ended = run("articles", "forget", name, "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert "article" in ended.err


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1)])
def test_a_person_is_asked(copied, answer, code):
    command = [sys.executable, "-m", "wirewatch", "--config", str(copied), "articles", "forget", "1"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said = child.communicate(timeout=60)[0].decode()
        os.close(ours)
    assert "remove 1 article for good?" in said
    assert (child.returncode, one(copied, "SELECT count(*) FROM article WHERE id = 1")) == (code, code)


def test_bare_articles_lists_and_its_commands_are_told(run):
    rows = run("articles", "--json").json
    assert len(rows) > 10
    assert len(run("articles", "--limit", "2", "--json").json) == 2
    told = run("articles", "--help").out
    assert all(name in told for name in ("reextract", "forget", "forgotten", "--since"))
    ended = run("articles", "nonsense")
    assert ended.code == 2
