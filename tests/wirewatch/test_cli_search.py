"""`wirewatch search`: filters, snippets, order and pages, as people and programs see them."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys

import pytest

from wirewatch import fields


@pytest.fixture
def search(wirewatch, filled):
    return lambda *arguments: wirewatch("search", *arguments, "--config", filled)


def ids(ended):
    return [row["id"] for row in ended.json]


def test_every_filter_narrows_and_all_can_stand_together(search):
    every = search("Ukraine", "--json").json
    one = every[0]
    for option, value, name in (("--source", one["source"], "source"), ("--lang", one["lang"], "lang")):
        rows = search("Ukraine", option, value, "--json").json
        assert [row["id"] for row in rows] == [row["id"] for row in every if row[name] == one[name]]
    topic = search("Ukraine", "--topic", "air-defence", "--json").json
    assert {row["id"] for row in topic} < {row["id"] for row in every}
    feed = search("Ukraine", "--feed", 1, "--json").json
    assert {row["id"] for row in feed} < {row["id"] for row in every}
    assert search("Ukraine", "--topic", "nowhere", "--state", "failed", "--json").json == []
    together = search(
        "Ukraine", "--topic", "air-defence", "--feed", 1, "--state", "done", "--lang", "en", "--json"
    ).json
    assert {row["id"] for row in together} <= {row["id"] for row in topic} & {row["id"] for row in feed}


def test_an_option_twice_lets_both_values_pass(search):
    one, other = (set(ids(search("Ukraine", "--feed", number, "--json"))) for number in (1, 2))
    assert set(ids(search("Ukraine", "--feed", 1, "--feed", 2, "--json"))) == one | other


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--topic", "air-defense"], 1, "no topic air-defense; did you mean air-defence?"),
        (["--topic", "xyzzy"], 1, "no topic xyzzy; see: wirewatch --config"),
        (["--feed", "99"], 1, "no feed 99; see: wirewatch"),
        (["--feed", "0"], 2, "--feed"),
        (["--source", "https://cnn.com/"], 2, "is no host; write one as in cnn.com"),
        (["--source", ""], 2, "is no host"),
        (["--lang", "English please"], 2, "is no code of a language"),
        (["--state", "gone"], 2, "--state"),
        (["--after", "yesterday"], 2, "is no cursor: TIME:ID"),
        (["--after", "2026-02-30T00:00:00Z:7"], 2, "is no cursor"),
        (["--after", "null:7"], 2, "--by published"),
        (["--after", "2026-11-22T14:30:00.000000Z:7", "--order", "relevance"], 2, "--order newest"),
    ],
)
def test_what_cannot_be_is_said_with_the_fix(search, arguments, code, message):
    ended = search("Ukraine", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_a_topic_that_only_the_files_have_matches_nothing_yet(wirewatch, copied):
    (copied / "rules" / "new.rules").write_text("topic brand-new\n    match Ukraine\n")
    ended = wirewatch("search", "Ukraine", "--topic", "brand-new", "--config", copied, "--json")
    assert (ended.code, json.loads(ended.out)) == (0, [])
    assert "topic brand-new is new" in ended.err


def test_no_text_is_an_error_of_the_database(search):
    for query in ('"', "C++", "O'Neil", "a-b", "title:", "NATO AND", "%", "';--", "\x00", "\udcff", "*", "(" * 500):
        ended = search(query)
        assert ended.code in {0, 4}, ended.err
        assert "Traceback" not in ended.err


# --- snippets ---------------------------------------------------------------------------------------


def test_snippets_in_json_point_at_the_hits(wirewatch, search, filled):
    rows = search("Ukraine", "--json").json
    assert list(rows[0]) == [column.name for column in fields.FOUND]
    for row in rows[:10]:
        snippet = row["snippet"]
        assert list(snippet) == ["field", "start", "text", "marks"]
        hits = {snippet["text"][mark["start"] : mark["end"]].casefold() for mark in snippet["marks"]}
        assert hits == {"ukraine"}
        article = wirewatch("show", row["id"], "--config", filled, "--json").json
        stored = {"title": article["title"], "body": article["text"]}[snippet["field"]]
        begin = snippet["text"].removeprefix("…")[:10]
        assert " ".join(stored[snippet["start"] :].split()).startswith(begin)
    assert all(row["snippet"] is None for row in search("Ukraine", "--no-snippets", "--json").json)
    assert all(row["score"] is None for row in rows)


def test_a_table_shows_the_passage_below_each_row(search):
    lines = search("Ukraine", "--format", "table", "--limit", 5).out.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("id ")
    for row, passage in zip(lines[1::2], lines[2::2], strict=True):
        assert re.match(r" *\d+ ", row)
        assert passage.startswith("    ")
        assert "«Ukraine»" in passage
    assert "«" not in search("Ukraine", "--format", "table", "--no-snippets").out


def run_on_a_terminal(*command, columns=80):
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "wirewatch", *map(str, command)],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm"},
    ) as program:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # the other side is closed
        said = program.stderr.read().decode()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n"), said


def test_on_a_terminal_the_hits_are_bold_and_the_passage_is_broken_to_its_width(filled):
    shown, _ = run_on_a_terminal("search", "Ukraine", "--limit", 3, "--config", filled)
    assert "\x1b[1mUkraine\x1b[0m" in shown
    assert "«" not in shown
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert all(len(line) <= 80 for line in plain.splitlines())
    assert any(line.startswith("    ") for line in plain.splitlines())


# --- order ------------------------------------------------------------------------------------------


def test_by_relevance_the_best_come_first_with_their_score(search):
    rows = search("Ukraine", "--order", "relevance", "--json").json
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 1
    assert {row["id"] for row in rows} == set(ids(search("Ukraine", "--json")))
    best = rows[0]
    assert "ukraine" in best["title"].casefold() or len(best["spans"]) > 2
    assert ids(search("Ukraine", "--order", "relevance", "--limit", 3, "--json")) == [row["id"] for row in rows[:3]]


# --- pages ------------------------------------------------------------------------------------------

LISTINGS = {
    "search": ["search", "Ukraine | the"],
    "matches": ["matches", "air-defence"],
    "stories": ["stories"],
    "articles": ["articles"],
    "entries": ["entries"],
}


@pytest.mark.parametrize("name", LISTINGS)
def test_a_program_pages_by_the_last_row(wirewatch, filled, name):
    for by in ("first_seen", "published"):
        asked = [*LISTINGS[name], "--config", filled, "--json", "--by", by]
        every = wirewatch(*asked, "--limit", 30).json
        if by not in every[0]:
            continue
        paged, after = [], []
        while len(paged) < len(every) and (page := wirewatch(*asked, "--limit", 7, *after).json):
            paged += page
            last = page[-1]
            after = ["--after", f"{last[by] or 'null'}:{last['id']}"]
        assert paged[: len(every)] == every


@pytest.mark.parametrize("name", LISTINGS)
def test_people_are_told_the_command_for_the_next_page(wirewatch, filled, name):
    asked = LISTINGS[name]
    every = wirewatch(*asked, "--config", filled, "--json").json
    first = wirewatch(*asked, "--limit", 2, "--config", filled, "--format", "table")
    told = re.fullmatch(r"2 rows; the next ones: wirewatch (.*)\n", first.err)
    assert told, first.err
    words = shlex.split(told[1])
    assert words.count("--after") == 1
    second = wirewatch(*words, "--json", "--format", "json") if "--format" not in words else wirewatch(*words)
    assert second.code == 0
    rows = wirewatch(*[word for word in words if word not in {"--format", "table"}], "--json").json
    assert [row["id"] for row in rows] == [row["id"] for row in every[2:4]]


def test_the_next_command_is_told_with_all_that_was_asked(wirewatch, filled):
    ended = wirewatch(
        *("search", "-the | Ukraine", "--config", filled)[:1],
        *("--feed", 1, "--feed", 2, "--no-snippets", "--limit", 1, "--format", "table", "--config", filled),
        *("--", 'Ukraine | "it\'s"'),
    )
    told = ended.err.split("the next ones: ")[1].rstrip("\n")
    words = shlex.split(told)
    assert words[:3] == ["wirewatch", "--config", str(filled)]
    assert [words[i + 1] for i, word in enumerate(words) if word == "--feed"] == ["1", "2"]
    assert "--no-snippets" in words
    assert words[-1] == 'Ukraine | "it\'s"'
    again = wirewatch(*words[1:])
    assert again.code == 0
    assert again.out != ended.out
    third = shlex.split(again.err.split("the next ones: ")[1])
    assert third.count("--after") == 1


def test_what_has_no_pages_is_told_as_before(wirewatch, filled):
    ended = wirewatch("stories", "--outlets", 1, "--limit", 2, "--config", filled, "--format", "table")
    assert "--after" not in ended.err
    ended = wirewatch(
        "search", "Ukraine", "--order", "relevance", "--limit", 2, "--config", filled, "--format", "table"
    )
    assert "--after" not in ended.err
    assert "--after" not in wirewatch("rules", "test", "--help").out


def test_programs_are_told_nothing(search):
    assert search("Ukraine", "--limit", 2, "--json").err == ""
    assert search("Ukraine", "--limit", 2, "--jsonl").err == ""
    assert search("Ukraine", "--limit", 2, "--csv").err == ""


def test_an_empty_search_is_a_fault_of_usage(wirewatch, filled):
    for query in ("", "  "):
        ended = wirewatch("--config", filled, "search", query)
        assert (ended.code, "the search is empty" in ended.err, "rule" in ended.err) == (2, True, False)
