"""Every listing in every format, with the fields that were promised; and nothing in them acts on a terminal."""

from __future__ import annotations

import csv
import io
import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime

import pytest

from wirewatch import feed_fields, fields, rule_fields, stats_fields, story_fields
from wirewatch.output import clean_line

LISTINGS = {
    "matches": (["matches"], fields.MATCH),
    "stories": (["stories"], fields.STORY),
    "articles": (["articles"], fields.ARTICLE),
    "entries": (["entries"], fields.ENTRY),
    "feeds": (["feeds", "list"], feed_fields.FEED),
    "rules": (["rules", "list"], rule_fields.TOPIC),
    "search": (["search", "Ukraine"], fields.FOUND),
    "rules test": (["rules", "test", "air-defence"], rule_fields.RULE_HIT),
}

#: word for word from the issue
PROMISED = {
    "matches": "id topic topic_version rules story article title url source published first_seen spans copy_count",
    "stories": "id title url source first_seen topics copy_count copies",
    "articles": "id url source title author published first_seen lang words repaired text_from story versions",
    "entries": "id feed guid link title published first_seen state reason text_from article",
    "feeds": "id url fetch_url title state last_status last_error failures next_poll_at entries",
}


@pytest.fixture(params=LISTINGS)
def listing(request):
    return request.param


def test_every_format_carries_the_same_rows(wirewatch, filled, listing):
    arguments, columns = LISTINGS[listing]
    names = [column.name for column in columns]
    rows = wirewatch(*arguments, "--config", filled, "--json").json
    assert rows
    assert all(list(row) == names for row in rows)
    assert wirewatch(*arguments, "--config", filled, "--jsonl").jsonl == rows
    by_csv = list(csv.DictReader(io.StringIO(wirewatch(*arguments, "--config", filled, "--csv").out, newline="")))
    by_tsv = [line.split("\t") for line in wirewatch(*arguments, "--config", filled).out.split("\n")[:-1]]
    assert by_tsv[0] == names
    assert [list(row) for row in by_csv] == [names] * len(rows)
    assert [[clean_line(cell) for cell in row.values()] for row in by_csv] == by_tsv[1:]
    assert [row["title"] for row in by_csv] == [row["title"] or "" for row in rows]


def test_the_promised_fields(wirewatch, filled):
    for listing, names in PROMISED.items():
        arguments, _ = LISTINGS[listing]
        row = wirewatch(*arguments, "--config", filled, "--json").json[0]
        # what came later stands behind them
        assert list(row)[: len(names.split())] == names.split()
    match = wirewatch("matches", "--config", filled, "--json").json[0]
    assert list(match["spans"][0]) == ["field", "start", "end", "text"]
    stories = wirewatch("stories", "--config", filled, "--json").json
    copies = [copy for story in stories for copy in story["copies"]]
    assert list(copies[0])[:6] == ["article", "url", "source", "kind", "score", "first_seen"]


def test_times_are_utc_with_microseconds_and_the_newest_come_first(wirewatch, filled, listing):
    arguments, columns = LISTINGS[listing]
    rows = wirewatch(*arguments, "--config", filled, "--json").json
    times = [row[c.name] for row in rows for c in columns if c.kind == fields.TIME and row[c.name] is not None]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time) for time in times)
    if any(c.name == "first_seen" for c in columns):
        seen = [row["first_seen"] for row in rows]
        assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("name", ["matches", "stories", "articles", "entries", "search", "rules test"])
def test_since_until_by_and_limit(wirewatch, filled, name):
    arguments, _ = LISTINGS[name]
    every = wirewatch(*arguments, "--config", filled, "--json").json
    ids = [row.get("id", row.get("article")) for row in every]

    def listed(*options):
        rows = wirewatch(*arguments, "--config", filled, "--json", *options).json
        return [row.get("id", row.get("article")) for row in rows]

    assert listed("--since", "1d") == ids
    assert listed("--until", "1d") == []
    assert listed("--limit", "2") == ids[:2]
    assert listed("--limit", "0") == ids
    middle = every[len(every) // 2]["first_seen"]
    assert sorted(listed("--since", middle) + listed("--until", middle)) == sorted(ids)
    assert set(listed("--by", "published")) == set(ids)
    assert listed("--by", "published", "--since", "2026-10-06", "--until", "2026-10-07")
    assert listed("--by", "published", "--until", "2020-01-01") == []


def test_spans_point_at_what_matched(wirewatch, filled):
    for match in wirewatch("matches", "--config", filled, "--json").json:
        article = wirewatch("show", match["article"], "--config", filled, "--json").json
        for span in match["spans"]:
            stored = {"title": article["title"], "body": article["text"]}[span["field"]]
            assert stored[span["start"] : span["end"]] == span["text"]


def test_one_story_and_one_article(wirewatch, filled):
    stories = wirewatch("stories", "--config", filled, "--json").json
    story = max(stories, key=lambda row: row["copy_count"])
    one = wirewatch("story", story["id"], "--config", filled, "--json").json
    assert {name: one[name] for name in story} == story
    assert list(one) == [column.name for column in story_fields.STORY_SHOWN]
    text = wirewatch("story", story["id"], "--config", filled).out
    assert all(copy["url"] in text for copy in story["copies"])
    shown = wirewatch("show", story["copies"][0]["article"], "--config", filled, "--json").json
    assert list(shown) == [column.name for column in fields.ARTICLE_SHOWN]
    assert shown["relations"]
    assert shown["versions"][0]["n"] == 1


def test_one_command_says_why_an_article_matches(wirewatch, filled):
    match = wirewatch("matches", "air-defence", "--config", filled, "--json").json[0]
    shown = wirewatch("show", match["article"], "--config", filled, "--json").json
    (why,) = [each for each in shown["matches"] if each["topic"] == "air-defence"]
    assert why == {name: match[name] for name in ("topic", "rules", "matched", "topic_version", "spans")}
    text = wirewatch("show", match["article"], "--config", filled).out
    assert re.search(rf"^  air-defence +{re.escape(', '.join(why['rules']))}  ", text, re.MULTILINE)
    assert all(word in text.rpartition("\nmatches\n")[2] for word in why["matched"])


def test_matches_on_a_terminal_show_the_words_and_the_rules_where_there_is_room(wirewatch, filled, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    narrow = wirewatch("matches", "--config", filled, "--format", "table").out.splitlines()
    monkeypatch.setenv("COLUMNS", "160")
    wide = wirewatch("matches", "--config", filled, "--format", "table").out.splitlines()
    assert "words" in narrow[0].split()
    assert "rules" not in narrow[0].split()
    assert {"words", "rules"} <= set(wide[0].split())
    assert any("air-defence.2" in line for line in wide)
    match = wirewatch("matches", "--config", filled, "--json").json[0]
    assert match["matched"] == list(dict.fromkeys(span["text"] for span in match["spans"]))


def test_lists_within_a_record_have_heads(wirewatch, filled):
    story = max(wirewatch("stories", "--config", filled, "--json").json, key=lambda row: row["copy_count"])
    shown = wirewatch("story", story["id"], "--config", filled).out.partition("\narticles\n")[2]
    articles = shown.partition("\n\n")[0].splitlines()
    assert articles[0].split()[:5] == ["article", "source", "when", "after", "kind"]
    assert len(articles) == 2 + story["copy_count"]
    text = wirewatch("show", story["copies"][0]["article"], "--config", filled).out
    assert re.search("\nversions\n +n  first seen ", text)
    assert re.search("\nrelations\n  article  kind ", text)


def test_entries_by_reason_say_why_and_when_they_are_tried_again(wirewatch, copied):
    with closing(sqlite3.connect(copied / "wirewatch.db")) as connection:
        connection.execute(
            "UPDATE entry SET reason = 'too_complex', detail = 'it died', attempts = 2, next_try_at = 0 WHERE id = 1"
        )
        connection.commit()
    (row,) = wirewatch("entries", "--config", copied, "--reason", "too_complex", "--json").json
    assert (row["id"], row["detail"], row["attempts"]) == (1, "it died", 2)
    assert row["next_try_at"] == "1970-01-01T00:00:00.000000Z"
    assert wirewatch("entries", "--config", copied, "--reason", "connection", "--json").json == []
    assert wirewatch("entries", "--config", copied, "--reason", "worker").code == 2


def test_entries_on_a_wide_terminal_show_detail_and_next_try(wirewatch, copied, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    heading = wirewatch("entries", "--config", copied, "--format", "table").out.splitlines()[0]
    assert "detail" in heading
    assert "next try at" in heading
    assert "reason" in heading


def test_a_topic_of_the_files_that_is_not_in_force_yet_is_new_and_no_error(wirewatch, copied):
    (copied / "rules" / "more.rules").write_text("topic fresh\n    match ferry\ntopic odd\n    match a OR\n")
    for command in ("matches", "stories"):
        ended = wirewatch(command, "fresh", "--config", copied, "--json")
        assert (ended.code, ended.out) == (0, "[]\n")
        assert ended.err.startswith("topic fresh is new: nothing has been matched since; wirewatch --config")
        assert ended.err.rstrip().endswith("rules test fresh shows what it would find")
        ended = wirewatch(command, "odd", "--config", copied)
        assert (ended.code, ended.err.partition(";")[0]) == (0, "topic odd was never understood and matches nothing")


@pytest.mark.parametrize("number", ["99999999999999999999999", "9223372036854775808", "0", "-1"])
@pytest.mark.parametrize("command", [["show"], ["story"], ["entries", "--feed"]])
def test_a_number_out_of_range_is_wrong_usage(wirewatch, filled, command, number):
    arguments = [*command, number] if "--feed" in command else [*command, "--", number]
    assert wirewatch("--config", filled, *arguments).code == 2


def test_a_limit_out_of_range_is_wrong_usage(wirewatch, filled, listing):
    arguments, _ = LISTINGS[listing]
    assert wirewatch("--config", filled, *arguments, "--limit", 2**63).code == 2
    assert wirewatch("--config", filled, *arguments, "--limit", 2**63 - 1).code == 0


def test_two_formats_at_a_time_are_wrong_usage(wirewatch, filled, listing):
    arguments, _ = LISTINGS[listing]
    for both in (["--json", "--csv"], ["--format", "tsv", "--jsonl"]):
        ended = wirewatch("--config", filled, *arguments, *both)
        assert (ended.code, ended.out) == (2, "")
        assert "one format at a time" in ended.err
    assert wirewatch("--config", filled, *arguments, "--json", "--format", "json").code == 0


@pytest.mark.parametrize(
    ("name", "column"), [("feeds", "last_polled_at"), ("rules", "known_since")]
)  # fmt: skip
def test_feeds_and_rules_have_since_and_until_too(wirewatch, filled, name, column):
    arguments, _ = LISTINGS[name]
    every = wirewatch(*arguments, "--config", filled, "--json").json
    time = max(row[column] for row in every)
    since = wirewatch(*arguments, "--config", filled, "--json", "--since", time).json
    assert since == [row for row in every if row[column] >= time]
    until = wirewatch(*arguments, "--config", filled, "--json", "--until", time).json
    assert until == [row for row in every if row[column] < time]
    assert wirewatch(*arguments, "--config", filled, "--format", "table", "--until", "1d").err.startswith("no ")


def test_stats_add_up(wirewatch, filled):
    stats = wirewatch("stats", "--config", filled, "--json").json
    assert list(stats) == [column.name for column in stats_fields.STATS]
    assert stats["articles"] == len(wirewatch("articles", "--config", filled, "--json").json)
    assert sum(stats["entries"].values()) == len(wirewatch("entries", "--config", filled, "--json").json)
    once = wirewatch("matches", "air-defence", "--once", "--config", filled, "--json").json
    assert stats["matches"]["air-defence"] == len(once)
    matches = wirewatch("matches", "air-defence", "--config", filled, "--json").json
    assert len(matches) > len(once) == len({match["story"] for match in matches})
    assert {match["id"] for match in once} < {match["id"] for match in matches}
    articles = wirewatch("articles", "--config", filled, "--json").json
    assert sum(stats["repaired"].values()) == sum(article["repaired"] is not None for article in articles)
    stories = wirewatch("stories", "--config", filled, "--json").json
    assert 0 < sum(stats["copies"].values()) <= sum(story["copy_count"] for story in stories)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["matches", "nix"], "no topic nix; see: wirewatch --config"),
        (["show", "99999"], "no article 99999; see: wirewatch"),
        (["story", "99999"], "no story 99999; see: wirewatch"),
        (["entries", "--feed", "99"], "no feed 99; see: wirewatch"),
    ],
)
def test_what_is_not_there_is_named(wirewatch, filled, arguments, message):
    ended = wirewatch(*arguments, "--config", filled)
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err


def test_a_search_that_is_not_understood_has_a_caret(wirewatch, filled):
    ended = wirewatch("search", "Ukraine OR", "--config", filled)
    assert ended.code == 4
    assert "E104" in ended.err
    assert ended.err.splitlines()[2].strip().startswith("^")


HOSTILE = "Minister [/b] [link=x] \x1b[2J\x1b]0;owned\x07 \u202egnp.exe \x9b31m\t\ttab\r\nline"


@pytest.fixture
def hostile(copied):
    """A database in which every title is hostile, as if it had got past the door."""
    with closing(sqlite3.connect(copied / "wirewatch.db")) as connection:
        for table in ("article_version", "entry", "feed"):
            connection.execute(f"UPDATE {table} SET title = ?", [HOSTILE])
        connection.execute("UPDATE feed SET given_title = ?", [HOSTILE])
        connection.commit()
    feeds = (copied / "feeds.toml").read_text()
    (copied / "feeds.toml").write_text(re.sub("(?m)^title = .*\n", "", feeds))
    return copied


@pytest.mark.parametrize("how", ["table", "tsv", "json", "jsonl", "csv"])
def test_a_hostile_headline_neither_crashes_nor_acts_in_any_listing(wirewatch, hostile, listing, how):
    arguments, _ = LISTINGS[listing]
    ended = wirewatch(*arguments, "--config", hostile, "--format", how)
    assert ended.code == 0, ended.err
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ended.out)
    if listing != "rules":
        assert "Minister [/" in ended.out


def test_a_hostile_headline_on_a_terminal(hostile):
    ours, theirs = pty.openpty()
    environ = os.environ | {"COLUMNS": "100", "TERM": "xterm"}
    command = [sys.executable, "-m", "wirewatch", "--config", str(hostile), "articles", "--limit", "3"]
    with os.fdopen(theirs, "wb") as terminal:
        subprocess.run(command, stdout=terminal, env=environ, check=True)
    shown = b""
    # the end of a terminal is an error when nobody holds its other side any more
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    text = shown.decode()
    assert "Minister [/" in text
    # rich may switch bold on and off, and nothing else may be said to the terminal
    assert set(re.findall("\x1b.{2,4}", text)) <= {"\x1b[1m", "\x1b[0m", "\x1b[1mi", "\x1b[0m ", "\x1b[0m\r"} | {
        found for found in re.findall("\x1b.{2,4}", text) if re.match("\x1b\\[[01]m", found)
    }
    assert "\u202e" not in text
    assert all(len(line) <= 100 for line in re.sub("\x1b\\[[01]m", "", text).split("\r\n"))


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize("how", ["table", "tsv", "jsonl"])
def test_a_closed_pipe_ends_quietly(filled, how):
    command = [sys.executable, "-m", "wirewatch", "--config", str(filled), "articles", "--format", how]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_missing_database_is_named_with_the_fix(wirewatch, copied):
    ended = wirewatch("matches", "--config", copied, "--db", copied / "none.db")
    assert ended.code == 5
    options = f"--config {copied} --db {copied}/none.db"
    assert f"none.db: there is no database; create it with: wirewatch {options} init\n" in ended.err


def test_datetimes_of_a_match_are_read_back_by_the_standard_library(wirewatch, filled):
    match = wirewatch("matches", "--config", filled, "--json").json[0]
    assert datetime.fromisoformat(match["first_seen"]).utcoffset().total_seconds() == 0
