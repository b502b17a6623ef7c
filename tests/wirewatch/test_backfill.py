"""Stored articles judged anew: the same in the end, whatever happens on the way."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime

import pytest

from rules.files import load_rules
from storage.address import SqliteFile
from storage.backfills import BackfillSpan
from storage.listings import Listings
from storage.lock import BackfillLock, DatabaseLock
from storage.store import Store
from wirewatch import rule_fields
from wirewatch.backfill import back_fill, begin
from wirewatch.cli import settle
from wirewatch.cli.wiring import note
from wirewatch.comparison import compare
from wirewatch.errors import WirewatchError

ALL = BackfillSpan(since=None, until=None, words="..")
NOW = datetime(2026, 1, 5, tzinfo=UTC)
CHANGED = "topic air-defence\n    match missile | library\ntopic nowhere\n    match the\n"

#: A process that tells each article it has judged, and waits to be told to go on.
CHILD = """
import sys
from datetime import UTC, datetime
from rules.files import load_rules
from storage.backfills import BackfillSpan
from storage.store import Store
from wirewatch import fields
from wirewatch.backfill import back_fill, begin

def tell(done, total):
    print(done, flush=True)
    sys.stdin.readline()

topics = load_rules(sys.argv[2]).topics
span = BackfillSpan(since=None, until=None, words="..")
with Store("sqlite:///" + sys.argv[1]) as store:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    back_fill(store, topics, begin(store, topics, span, now), batch=1, clock=lambda: now, tell=tell)
"""


@pytest.fixture
def folder(copied):
    """The sample newsroom with other rules than those that its matches were found by."""
    (copied / "rules" / "own.rules").write_text(CHANGED)
    return copied


def database(folder):
    (file,) = folder.glob("**/*.db")
    return file


def dump(file):
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def run(folder, **given):
    topics = load_rules(folder / "rules").topics
    with Store(f"sqlite:///{database(folder)}") as store:
        store.record_topics(topics, NOW)
        return back_fill(store, topics, begin(store, topics, ALL, NOW), clock=lambda: NOW, **given)


def test_a_kill_at_any_article_changes_nothing_in_the_end(folder, tmp_path):
    whole = shutil.copytree(folder, tmp_path / "whole")
    expected = run(whole)
    assert min(expected.added, expected.retired, expected.renewed) > 0
    with Store(f"sqlite:///{database(folder)}") as store:
        store.record_topics(load_rules(folder / "rules").topics, NOW)
    command = [sys.executable, "-c", CHILD, str(database(folder)), str(folder / "rules")]
    for judged in (1, 2, 4):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            for number in range(judged):
                done = int(child.stdout.readline())
                if number < judged - 1:
                    child.stdin.write("\n")
                    child.stdin.flush()
            child.kill()
    assert done == 1 + 2 + 4
    assert run(folder, batch=3) == expected
    assert dump(database(folder)) == dump(database(whole))


def test_a_dry_run_tells_what_a_back_fill_does(folder):
    topics = load_rules(folder / "rules").topics
    with Listings(f"sqlite:///{database(folder)}") as listings:
        foretold = compare(topics, listings, limit=0)
    done = run(folder)
    assert foretold.looked_at == done.looked_at
    for name, number in {"new": done.added, "lost": done.retired, "renewed": done.renewed}.items():
        assert sum(getattr(each, name) for each in foretold.topics) == number, name
    with Listings(f"sqlite:///{database(folder)}") as listings:
        after = compare(topics, listings)
    assert [(each.new, each.lost, each.renewed) for each in after.topics] == [(0, 0, 0)] * len(topics)


def test_progress_is_told_and_newer_articles_are_looked_for(folder):
    told, asked = [], iter([True, True, False])
    done = run(folder, batch=5, tell=lambda *given: told.append(given), looks_again=lambda: next(asked))
    assert told[0] == (5, done.looked_at)
    assert told[-1] == (done.looked_at, done.looked_at)
    assert next(asked, None) is None


def test_who_is_overtaken_stops(folder):
    def other_rules(done, total):
        with Store(f"sqlite:///{database(folder)}") as store:
            store.record_topics((), NOW)

    with pytest.raises(WirewatchError, match="start it again"):
        run(folder, batch=1, tell=other_rules)


# --- the commands -----------------------------------------------------------------------------------


def listed(wirewatch, folder, topic):
    return {row["article"] for row in wirewatch("--config", folder, "matches", topic, "--json").json}


def test_apply_does_what_diff_and_its_dry_run_tell(wirewatch, folder):
    before = {topic: listed(wirewatch, folder, topic) for topic in ("air-defence", "nowhere")}
    hits = wirewatch("--config", folder, "rules", "diff", "--json").json
    summary = {row["topic"]: row for row in wirewatch("--config", folder, "rules", "diff", "--summary", "--json").json}
    dry = wirewatch("--config", folder, "rules", "apply", "--dry-run", "--json").json
    assert [row for row in dry if row["state"] != "unchanged"] == list(summary.values())
    assert not any(row["new"] or row["lost"] for row in dry if row["state"] == "unchanged")
    assert {topic: listed(wirewatch, folder, topic) for topic in before} == before
    assert {row["state"] for row in summary.values()} == {"changed"}
    done = wirewatch("--config", folder, "rules", "apply", "--json").json
    for topic, old in before.items():
        own = [hit for hit in hits if hit["topic"] == topic]
        new, lost = ({hit["article"] for hit in own if hit["change"] == change} for change in CHANGES)
        now = listed(wirewatch, folder, topic)
        assert (now - old, old - now) == (new, lost)
        counts = (len(now - old), len(old - now), len(now & old))
        assert tuple(summary[topic][name] for name in ("new", "lost", "same")) == counts
    assert (done["new"], done["retired"]) == tuple(sum(row[name] for row in summary.values()) for name in CHANGES)
    ended = wirewatch("--config", folder, "rules", "diff")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)
    ended = wirewatch("--config", folder, "rules", "apply")
    assert ended.out.startswith("0 articles looked at: 0 matches new")
    assert "judged by these rules before" in ended.out


CHANGES = ("new", "lost")


def test_apply_to_one_topic_leaves_the_others_alone(wirewatch, folder):
    before = listed(wirewatch, folder, "air-defence")
    ended = wirewatch("--config", folder, "rules", "apply", "--topic", "nowhere", "--since", "1000w")
    assert ended.code == 0
    assert listed(wirewatch, folder, "nowhere")
    assert listed(wirewatch, folder, "air-defence") == before
    ended = wirewatch("--config", folder, "rules", "apply", "--topic", "nothing")
    assert ended.code == 1
    assert "no topic nothing" in ended.err


def test_a_topic_that_is_not_understood_keeps_its_matches_and_the_others_go_ahead(wirewatch, folder):
    before = listed(wirewatch, folder, "air-defence")
    (folder / "rules" / "own.rules").write_text(CHANGED.replace("missile | library", "missile OR"))
    ended = wirewatch("--config", folder, "rules", "apply")
    assert ended.code == 0
    assert "judged by their last good version: air-defence" in ended.err
    assert "1 error in the rule files" in ended.err
    assert listed(wirewatch, folder, "air-defence") == before
    assert listed(wirewatch, folder, "nowhere")


def test_what_a_topic_matched_that_is_gone_stays(wirewatch, folder):
    before = listed(wirewatch, folder, "air-defence")
    (folder / "rules" / "own.rules").write_text("topic nowhere\n    match the\n")
    rows = wirewatch("--config", folder, "rules", "diff", "--summary", "--json").json
    assert rows[-1] == {"topic": "air-defence", "state": "gone", "new": 0, "lost": 0, "same": len(before), "renewed": 0}
    assert wirewatch("--config", folder, "rules", "apply").code == 0
    assert listed(wirewatch, folder, "air-defence") == before


@contextmanager
def instance_until_told(folder, monkeypatch):
    """An instance that ends as soon as people were told that it is waited for."""
    with ExitStack() as held:
        held.enter_context(DatabaseLock(SqliteFile(database(folder))))

        def tell(text):
            note(text)
            held.close()

        with monkeypatch.context() as patch:
            patch.setattr(settle, "note", tell)
            yield


def test_apply_works_beside_an_instance_and_waits_for_it_to_follow(wirewatch, folder, monkeypatch):
    with instance_until_told(folder, monkeypatch):
        ended = wirewatch("--config", folder, "rules", "apply")
    assert ended.code == 0
    assert "a running instance may still judge by the rules it had" in ended.err
    with DatabaseLock(SqliteFile(database(folder))):
        assert wirewatch("--config", folder, "rules", "apply").err == ""
        (folder / "rules" / "own.rules").write_text("topic nowhere\n    match a\n")
        assert wirewatch("--config", folder, "rules", "apply", "--no-wait").err == ""


@pytest.mark.parametrize("step", ["begin_backfill", "record_topics", "texts_to_judge", "record_judged"])
def test_apply_waits_too_where_one_was_interrupted_before_it_had_waited(wirewatch, folder, monkeypatch, step):
    """Whichever step it was in: the instance that it would have waited for may still have the older rules."""

    def interrupt(*_given, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, step, interrupt)
        ended = wirewatch("--config", folder, "rules", "apply")
        assert ended.code == 130
        assert "the same command goes on where it stood" in ended.err
    with instance_until_told(folder, monkeypatch):
        ended = wirewatch("--config", folder, "rules", "apply")
    assert ended.code == 0
    assert "a running instance may still judge by the rules it had" in ended.err


def test_a_run_that_goes_on_tells_what_was_done_in_all(wirewatch, folder, monkeypatch):
    record = Store.record_judged

    def interrupt(self, *given):
        record(self, *given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "record_judged", interrupt)
        assert wirewatch("--config", folder, "rules", "apply").code == 130
    articles = len(wirewatch("--config", folder, "articles", "--json").json)
    ended = wirewatch("--config", folder, "rules", "apply")
    assert ended.out.startswith(f"{articles} articles looked at: ")
    assert "that is in all, since it was begun at " in ended.out
    assert "in all" not in wirewatch("--config", folder, "rules", "apply").out


def test_a_second_apply_is_refused_and_the_first_goes_on(wirewatch, folder):
    with BackfillLock(SqliteFile(database(folder))):
        ended = wirewatch("--config", folder, "rules", "apply")
        assert (ended.code, ended.out) == (5, "")
        assert "another rules apply or import is at work (process " in ended.err
        assert wirewatch("--config", folder, "rules", "apply", "--dry-run").code == 0
    assert wirewatch("--config", folder, "rules", "apply").code == 0


@pytest.mark.parametrize("window", [["--since", "2099-01-01"], ["--until", "1999-01-01"]])
def test_a_window_without_articles_is_told(wirewatch, folder, window):
    told = "no stored article in that time"
    ended = wirewatch("--config", folder, "rules", "apply", *window)
    assert (ended.code, ended.out.splitlines()[1:]) == (0, [told])
    assert told in wirewatch("--config", folder, "rules", "apply", "--dry-run", *window).err
    assert told in wirewatch("--config", folder, "rules", "diff", *window).err


@pytest.mark.parametrize(
    "command",
    [["rules", "apply"], ["rules", "diff"], ["rules", "test", "the"], ["rules", "list"], ["matches"]],
    ids=str,
)
def test_a_window_that_ends_before_it_begins_is_refused(wirewatch, folder, command):
    ended = wirewatch("--config", folder, *command, "--since", "2026-01-02", "--until", "2026-01-01")
    assert (ended.code, ended.out) == (2, "")
    assert "--since 2026-01-02 is later than --until 2026-01-01" in ended.err
    assert wirewatch("--config", folder, *command, "--since", "2026-01-01", "--until", "2026-01-01").code == 0


@pytest.mark.parametrize("command", [["apply", "--topic"], ["diff"]], ids=str)
def test_a_name_that_nobody_has_is_no_topic(wirewatch, folder, command):
    (folder / "rules" / "bad.rules").write_text("topic bad\n    match a OR\n")
    for name, told in {
        "nosuch": "there is no topic nosuch; see: wirewatch",
        "nowere": "there is no topic nowere; did you mean nowhere?",
        "bad": "no topic bad is understood in the rule files; see: wirewatch",
    }.items():
        ended = wirewatch("--config", folder, "rules", *command, name)
        assert ended.code == 1
        assert told in ended.err


# --- what is due ------------------------------------------------------------------------------------


def take_up(folder):
    """What a daemon, `once` or a limited back-fill does when it reads the files."""
    with Store(f"sqlite:///{database(folder)}") as store:
        store.record_topics(load_rules(folder / "rules").topics, NOW)


def test_diff_tells_what_differs_whoever_has_taken_up_the_files(wirewatch, folder):
    hits = wirewatch("--config", folder, "rules", "diff", "--json").json
    rows = wirewatch("--config", folder, "rules", "diff", "--summary", "--json").json
    assert hits
    take_up(folder)
    assert wirewatch("--config", folder, "rules", "diff", "--json").json == hits
    after = wirewatch("--config", folder, "rules", "diff", "--summary", "--json").json
    assert after == [{**row, "state": "not applied"} for row in rows]
    dry = wirewatch("--config", folder, "rules", "apply", "--dry-run", "--json").json
    assert after == [row for row in dry if row["state"] != "unchanged"]
    wirewatch("--config", folder, "rules", "apply", "--until", "1999-01-01")
    assert wirewatch("--config", folder, "rules", "diff", "--summary", "--json").json == after
    wirewatch("--config", folder, "rules", "apply", "--topic", "nowhere")
    ended = wirewatch("--config", folder, "rules", "diff", "--summary")
    assert [line.split("\t")[0] for line in ended.out.splitlines()[1:]] == ["air-defence"]
    assert ended.err == f"{len(dry) - 1} topics have no difference\n"
    wirewatch("--config", folder, "rules", "apply")
    ended = wirewatch("--config", folder, "rules", "diff")
    assert (len(ended.out.splitlines()), ended.err) == (1, f"{len(dry)} topics have no difference\n")


def test_the_list_and_the_doctor_say_that_a_back_fill_is_due(wirewatch, filled, folder):
    def states():
        rows = wirewatch("--config", folder, "rules", "list", "--jsonl").jsonl
        return {row["topic"]: row["state"] for row in rows if row["topic"] in {"air-defence", "nowhere"}}

    told = "topics were never applied to the articles stored before; apply them to stored articles: wirewatch"
    assert wirewatch("--config", filled, "rules", "list").err == "", "its topics were there before its articles"
    assert "never applied" not in wirewatch("--config", filled, "doctor").out
    take_up(folder)
    assert states() == {"air-defence": "not applied", "nowhere": "not applied"}
    assert f"2 {told}" in wirewatch("--config", folder, "rules", "list").err
    assert (
        "never applied to the articles stored before: air-defence, nowhere"
        in wirewatch("--config", folder, "doctor").out
    )
    wirewatch("--config", folder, "rules", "apply", "--topic", "nowhere")
    assert states() == {"air-defence": "not applied", "nowhere": "in force"}
    wirewatch("--config", folder, "rules", "apply")
    assert states() == {"air-defence": "in force", "nowhere": "in force"}
    assert wirewatch("--config", folder, "rules", "list").err == ""
    assert "never applied" not in wirewatch("--config", folder, "doctor").out


def test_apply_without_a_database_or_without_rules(wirewatch, folder):
    for file in (folder / "rules").iterdir():
        file.unlink()
    ended = wirewatch("--config", folder, "rules", "apply")
    assert (ended.code, ended.out) == (0, "")
    assert "no topic in " in ended.err
    (folder / "rules" / "own.rules").write_text(CHANGED)
    for name in database(folder).parent.glob("*.db*"):
        name.unlink()
    assert wirewatch("--config", folder, "rules", "apply").code == 5


def test_the_list_tells_hits_and_what_an_older_version_found(wirewatch, folder):
    rows = {row["topic"]: row for row in wirewatch("--config", folder, "rules", "list", "--jsonl").jsonl}
    stale = rows["air-defence"]["stale"]
    assert stale == len(listed(wirewatch, folder, "air-defence"))
    assert rows["nowhere"]["last_hit"] is None
    assert f"{stale} matches were found by an older version" in wirewatch("--config", folder, "rules", "list").err
    wirewatch("--config", folder, "rules", "apply")
    rows = {row["topic"]: row for row in wirewatch("--config", folder, "rules", "list", "--jsonl").jsonl}
    for topic, row in rows.items():
        assert row["stale"] == 0
        assert row["matches"] == row["hits_7d"] == len(listed(wirewatch, folder, topic))
        assert row["last_hit"]
    assert wirewatch("--config", folder, "rules", "list").err == ""


def test_rules_that_never_fire_are_seen(wirewatch, folder):
    (folder / "rules" / "own.rules").write_text("topic news\n    match the\n    match quagga\n    not okapi\n")
    wirewatch("--config", folder, "rules", "apply")
    rows = wirewatch("--config", folder, "rules", "list", "--rules", "--json").json
    fired, dead = (row for row in rows if row["topic"] == "news")
    assert (fired["rule"], fired["expression"], fired["line"]) == ("news.1", "the", 2)
    assert fired["matches"] == fired["hits_30d"] == fired["hits_7d"] == len(listed(wirewatch, folder, "news"))
    assert (dead["rule"], dead["matches"], dead["last_hit"]) == ("news.2", 0, None)
    never = sum(row["last_hit"] is None for row in rows)
    told = wirewatch("--config", folder, "rules", "list", "--rules").err
    assert f"{never} of {len(rows)} rules never fired" in told


RECORDS = {
    ("rules", "list", "--rules"): rule_fields.RULE,
    ("rules", "diff", "--summary"): rule_fields.RULE_DIFF,
    ("rules", "diff"): rule_fields.RULE_HIT,
    ("rules", "apply", "--dry-run"): rule_fields.RULE_DIFF,
    ("rules", "apply"): rule_fields.APPLIED,
}


@pytest.mark.parametrize(("arguments", "columns"), RECORDS.items(), ids=str)
def test_every_record_has_the_fields_that_are_documented(wirewatch, folder, arguments, columns):
    given = wirewatch("--config", folder, *arguments, "--json").json
    for row in given if isinstance(given, list) else [given]:
        assert list(row) == [column.name for column in columns]
