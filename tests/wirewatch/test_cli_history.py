"""`matches --as-of`, `show` and `story` with --history, `rules log`, as people and programs get them."""

from __future__ import annotations

import pytest

from wirewatch import history_fields

COMMANDS = {
    "show": (["show", "1", "--history"], history_fields.ARTICLE_EVENT),
    "story": (["story", "1", "--history"], history_fields.STORY_EVENT),
    "log": (["rules", "log"], history_fields.TOPIC_STAY),
    "diff": (["rules", "log", "--diff"], history_fields.TOPIC_STAY_DIFF),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_format_has_the_fields_of_the_manual(wirewatch, filled, name):
    arguments, columns = COMMANDS[name]
    names = [column.name for column in columns]
    rows = wirewatch(*arguments, "--config", filled, "--json").json
    assert rows
    assert all(list(row) == names for row in rows)
    assert wirewatch(*arguments, "--config", filled, "--jsonl").jsonl == rows
    assert wirewatch(*arguments, "--config", filled, "--format", "tsv").out.split("\n")[0].split("\t") == names
    assert wirewatch(*arguments, "--config", filled, "--format", "table").code == 0


def test_what_is_listed_now_was_listed_just_now(wirewatch, filled):
    now = wirewatch("matches", "--config", filled, "--json").json
    assert wirewatch("matches", "--config", filled, "--as-of", "0m", "--json").json == now
    once = wirewatch("matches", "--once", "--config", filled, "--json").json
    assert wirewatch("matches", "--once", "--config", filled, "--as-of", "0m", "--json").json == once
    story = wirewatch("show", "1", "--config", filled, "--json").json
    assert wirewatch("show", "1", "--config", filled, "--as-of", "0m", "--json").json == story


def test_before_anything_came_nothing_was_listed(wirewatch, filled):
    ended = wirewatch("matches", "--config", filled, "--as-of", "52w", "--format", "table")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing was listed then" in ended.err
    assert "rules log" in ended.err
    ended = wirewatch("show", "1", "--config", filled, "--as-of", "52w")
    assert ended.code == 1
    assert "article 1 was not seen before" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["matches", "--as-of", "2200-01-01"], "yet to come"),
        (["matches", "--as-of", "then"], "--as-of: 'then' is no moment"),
        (["show", "1", "--history", "--diff"], "none of --version, --diff, --as-of"),
        (["show", "1", "--history", "--as-of", "1h"], "none of --version, --diff, --as-of"),
        (["show", "1", "--diff", "--as-of", "1h"], "--version N instead of --as-of"),
        (["story", "1", "--history", "--diff"], "one at a time"),
        (["stories", "--outlets", "2", "--after", "2026-11-22T14:30:00Z:1"], "--limit instead of --after"),
    ],
)
def test_what_cannot_be_asked_is_refused(wirewatch, filled, arguments, words):
    ended = wirewatch(*arguments, "--config", filled)
    assert ended.code == 2
    assert words in " ".join(ended.err.split())


def test_the_log_names_what_it_does_not_know(wirewatch, filled):
    ended = wirewatch("rules", "log", "no-such", "--config", filled)
    assert ended.code == 1
    assert "no topic no-such" in ended.err


def test_a_diff_shows_the_lines_that_changed(wirewatch, copied):
    rules = copied / "rules" / "own.rules"
    name = wirewatch("rules", "log", "--config", copied, "--json").json[0]["topic"]
    before = len(wirewatch("rules", "log", name, "--config", copied, "--json").json)
    text = rules.read_text()
    begin = text.index("match", text.index(f"topic {name}"))
    rules.write_text(f"{text[:begin]}match Zanzibar\n    {text[begin:]}")
    assert wirewatch("rules", "apply", "--config", copied).code == 0
    first, second, *_ = wirewatch("rules", "log", name, "--diff", "--config", copied, "--json").json
    assert (first["until"], second["until"], second["ended"]) == (None, first["since"], "changed")
    assert [line for line in first["diff"].splitlines()[2:] if line.startswith("+")] == ["+    match Zanzibar"]
    assert before == 1
    told = wirewatch("rules", "log", name, "--diff", "--config", copied, "--format", "table").out
    assert "+    match Zanzibar" in told
    assert f"{name} {first['version']}" in told
