"""Stored articles compared once more by the command: the same in the end, whatever happens on the way."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest

from ingest.copies.fingerprint import FINGERPRINT_ALG
from storage.address import SqliteFile
from storage.lock import BackfillLock, DatabaseLock, RebuildLock
from storage.rebuilds import RebuildSpan
from storage.store import Store
from wirewatch import fields
from wirewatch.rebuild import begin, compare_anew

ALL = RebuildSpan(since=None, words="")
NOW = datetime(2026, 1, 5, tzinfo=UTC)
WINDOW = timedelta(days=14)

#: A process that tells each article it has compared, and waits to be told to go on.
CHILD = """
import sys
from datetime import UTC, datetime, timedelta
from storage.rebuilds import RebuildSpan
from storage.store import Store
from wirewatch.rebuild import begin, compare_anew

def tell(done, total):
    print(done, flush=True)
    sys.stdin.readline()

now = datetime(2026, 1, 5, tzinfo=UTC)
with Store("sqlite:///" + sys.argv[1]) as store:
    run = begin(store, timedelta(days=14), RebuildSpan(since=None, words=""), now)
    compare_anew(store, run, batch=1, clock=lambda: now, tell=tell)
"""


def database(folder):
    (file,) = folder.glob("**/*.db")
    return file


def dump(file, *but):
    with closing(sqlite3.connect(file)) as connection:
        return [line for line in connection.iterdump() if not any(each in line[:80] for each in but)]


def count(file, what, table):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT {what} FROM {table}").fetchone()[0]


@pytest.fixture
def folder(copied):
    """The sample newsroom as an earlier version left it: other fingerprints, no relations, no credits, no stories."""
    with closing(sqlite3.connect(database(copied))) as connection:
        connection.executescript(f"""
            UPDATE fingerprint SET alg = {FINGERPRINT_ALG - 1}, hashes = x'0000000000000007', title = 0;
            DELETE FROM posting;
            DELETE FROM relation;
            UPDATE article_version SET credit = NULL, fingerprint_alg = {FINGERPRINT_ALG - 1};
            INSERT OR REPLACE INTO story (id, lead_article_id, first_article_id, first_seen_at)
                SELECT id + 1000, id, id, first_seen_at FROM article;
            UPDATE article SET story_id = id + 1000;
            DELETE FROM story WHERE id < 1000;
        """)
    return copied


def run(folder, **given):
    with Store(f"sqlite:///{database(folder)}") as store:
        return compare_anew(store, begin(store, WINDOW, ALL, NOW), clock=lambda: NOW, **given)


def groups(file):
    """The articles that are together in a story."""
    found = {}
    with closing(sqlite3.connect(file)) as connection:
        for article, story in connection.execute("SELECT id, story_id FROM article ORDER BY id"):
            found.setdefault(story, []).append(article)
    return sorted(found.values())


RELATIONS = "SELECT article_id, other_id, kind, score, share, other_share, slots FROM relation ORDER BY 1, 2"


def test_by_the_same_algorithm_nothing_changes(wirewatch, copied):
    """What came in live, with furniture, mojibake, a composite and revisions, is found once more as it is."""
    file = database(copied)
    # site_line has other ids; the postings are written for all, and not once they are many
    but = ("rebuild", "sqlite_sequence", '"posting', '"site_line')
    before, furniture = dump(file, *but), count(file, "count(*)", "site_line")
    for _ in range(2):
        row = wirewatch("--config", copied, "copies", "rebuild", "--json").json
        articles, relations = count(file, "count(*)", "article"), count(file, "count(*)", "relation")
        assert (row["articles"], row["same"]) == (articles, relations)
        assert {row[name] for name in ("new", "retired", "merged", "split", "moved", "credited")} == {0}
        assert dump(file, *but) == before
        assert count(file, "count(*)", "site_line") == furniture


def test_what_an_earlier_version_left_becomes_what_this_one_finds(wirewatch, filled, folder):
    file = database(folder)
    assert wirewatch("--config", folder, "stories", "--outlets", "2", "--json").json == []
    row = wirewatch("--config", folder, "copies", "rebuild", "--json").json
    assert set(row) == {column.name for column in fields.REBUILT}
    assert row["new"] > 0
    assert (row["merged"], row["retired"], row["split"]) == (count(file, "count(*)", "story_alias"), 0, 0)
    assert groups(file) == groups(database(filled))
    with closing(sqlite3.connect(file)) as ours, closing(sqlite3.connect(database(filled))) as theirs:
        assert ours.execute(RELATIONS).fetchall() == theirs.execute(RELATIONS).fetchall()
        for what in ("id, article_id, alg, hashes, title FROM fingerprint", "id, credit FROM article_version"):
            assert ours.execute(f"SELECT {what}").fetchall() == theirs.execute(f"SELECT {what}").fetchall()
    ended = wirewatch("--config", folder, "copies", "rebuild")
    assert (ended.code, ended.err) == (0, "")
    assert "looked at: 0 relations new, 0 retired, " in ended.out
    assert "0 stories merged, 0 split, 0 articles moved; 0 credits changed\n" in ended.out


def test_a_kill_at_any_article_changes_nothing_in_the_end(folder, tmp_path):
    whole = shutil.copytree(folder, tmp_path / "whole")
    expected = run(whole)
    assert min(expected.added, expected.merged, expected.same + expected.credited) > 0
    command = [sys.executable, "-c", CHILD, str(database(folder))]
    for compared in (1, 3, 5):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            for number in range(compared):
                done = int(child.stdout.readline())
                if number < compared - 1:
                    child.stdin.write("\n")
                    child.stdin.flush()
            child.kill()
    assert done == 1 + 3 + 5
    assert run(folder, batch=4) == expected
    assert dump(database(folder)) == dump(database(whole))


def test_doctor_and_stats_say_that_a_rebuild_is_due(wirewatch, folder):
    def checked():
        (row,) = [row for row in wirewatch("--config", folder, "doctor", "--jsonl").jsonl if row["check"] == "copies"]
        return row

    articles = count(database(folder), "count(*)", "article")
    told = f"{articles} articles have fingerprints of another version, so that new articles find no copies among them"
    assert checked()["status"] == "warn"
    assert checked()["message"] == f"{told}; compare them once more: wirewatch --config {folder} copies rebuild"
    ended = wirewatch("--config", folder, "stats")
    assert f"{told}; compare them once more: wirewatch --config {folder} copies rebuild" in ended.err
    assert wirewatch("--config", folder, "stats", "--json").json["outdated_fingerprints"] == articles
    with Store(f"sqlite:///{database(folder)}") as store:
        texts = store.texts_to_compare(begin(store, WINDOW, ALL, NOW), 99)
    assert len(texts) == articles
    run(folder)
    assert checked()["status"] == "ok"
    with Store(f"sqlite:///{database(folder)}") as store:
        begin(store, WINDOW, ALL, NOW)
    assert "the rebuild begun at 2026-01-05 00:00 UTC is at work, or was interrupted" in checked()["message"]
    assert wirewatch("--config", folder, "stats").err == ""
    assert wirewatch("--config", folder, "stats", "--json").json["outdated_fingerprints"] == 0


def test_a_rebuild_since_a_time_leaves_an_interrupted_one_of_all_as_it_was(wirewatch, folder):
    with Store(f"sqlite:///{database(folder)}") as store:
        begun = begin(store, WINDOW, ALL, NOW)
        read = wirewatch("--config", folder, "stats", "--json").json["articles"]
        done = []

        def stop(looked_at, total):
            done.append((looked_at, total))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            compare_anew(store, begun, batch=3, tell=stop)
    assert done == [(3, read)]
    assert wirewatch("--config", folder, "copies", "rebuild", "--since", "2099-01-01", "--json").json["articles"] == 0
    (row,) = [row for row in wirewatch("--config", folder, "doctor", "--jsonl").jsonl if row["check"] == "copies"]
    assert row["status"] == "warn"
    ended = wirewatch("--config", folder, "copies", "rebuild")
    assert ended.out.startswith(f"{read} articles looked at: ")
    assert "that is in all, since it was begun at 2026-01-05" in ended.out
    (row,) = [row for row in wirewatch("--config", folder, "doctor", "--jsonl").jsonl if row["check"] == "copies"]
    assert row["status"] == "ok"


def test_since_looks_at_nothing_older(wirewatch, folder):
    row = wirewatch("--config", folder, "copies", "rebuild", "--since", "2099-01-01", "--json").json
    assert (row["articles"], row["new"]) == (0, 0)
    ended = wirewatch("--config", folder, "copies", "rebuild", "--since", "nonsense")
    assert (ended.code, "--since: " in ended.err) == (2, True)
    row = wirewatch("--config", folder, "copies", "rebuild", "--since", "2d", "--json").json
    assert row["articles"] == count(database(folder), "count(*)", "article")


def test_a_second_rebuild_is_refused_but_not_beside_other_work(wirewatch, folder):
    with RebuildLock(SqliteFile(database(folder))):
        ended = wirewatch("--config", folder, "copies", "rebuild")
        assert (ended.code, ended.out) == (5, "")
        assert "another copies rebuild is at work (process " in ended.err
    with BackfillLock(SqliteFile(database(folder))):
        assert wirewatch("--config", folder, "copies", "rebuild").code == 0


def test_it_waits_for_what_a_running_instance_has_begun(wirewatch, folder):
    with ExitStack() as held, closing(sqlite3.connect(database(folder))) as connection:
        held.enter_context(DatabaseLock(SqliteFile(database(folder))))
        (count,) = connection.execute("SELECT count(*) FROM article").fetchone()

        def end_when_all_is_compared():
            with closing(sqlite3.connect(database(folder))) as reader:
                while reader.execute("SELECT max(looked_at) FROM rebuild").fetchone() != (count,):
                    time.sleep(0.02)
            # Long enough for the command to find nothing more while the lock is held.
            time.sleep(1)
            held.close()

        end = threading.Thread(target=end_when_all_is_compared, daemon=True)
        end.start()
        ended = wirewatch("--config", folder, "copies", "rebuild")
        end.join()
    assert ended.code == 0
    assert "a running instance may have looked for copies before all was done; looking at what it stores" in ended.err


def test_who_goes_on_tells_what_was_done_in_all(wirewatch, folder, monkeypatch):
    compare = Store.compare_anew

    def interrupt(self, *given):
        compare(self, *given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "compare_anew", interrupt)
        ended = wirewatch("--config", folder, "copies", "rebuild")
        assert ended.code == 130
        assert "the same command goes on where it stood" in ended.err
    ended = wirewatch("--config", folder, "copies", "rebuild")
    assert ended.out.startswith(f"{count(database(folder), 'count(*)', 'article')} articles looked at: ")
    assert "that is in all, since it was begun at " in ended.out


def test_an_empty_or_missing_database_is_told(wirewatch, tmp_path):
    ended = wirewatch("--db", tmp_path / "none.db", "copies", "rebuild")
    assert (ended.code, ended.out) == (5, "")
    assert "none.db" in ended.err
    assert not list(tmp_path.iterdir())
    assert wirewatch("--config", tmp_path / "new", "init").code == 0
    ended = wirewatch("--config", tmp_path / "new", "copies", "rebuild")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("0 articles looked at: ")
