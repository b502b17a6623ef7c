"""wirewatch rules … and try …: what a rule means, before it is in force."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from wirewatch import fields, rule_fields
from wirewatch.demo.newsroom import PAGES

CHANGES = ("new", "same", "lost")


def test_list_tells_the_topics(wirewatch, filled):
    topics = {row["topic"]: row for row in wirewatch("--config", filled, "rules", "list", "--json").json}
    assert topics["air-defence"]["title"] == "Missiles for Ukraine"
    assert topics["air-defence"]["tags"] == ["ukraine", "aid"]
    assert topics["air-defence"]["rules"] == 2
    assert topics["air-defence"]["file"] == "own.rules"


def test_check_of_good_rules(wirewatch, filled):
    ended = wirewatch("--config", filled, "rules", "check")
    assert ended.code == 0
    assert ended.out.rstrip().endswith(" run: 1 warning")
    (row,) = wirewatch("--config", filled, "rules", "check", "--json").json
    assert (row["severity"], row["code"], row["topic"]) == ("warning", "W112", "nowhere")


BAD = """\
topic one
    match missiles OR
topic two
    match  missiles
    test no "many missiles"
topic three
    match Ukraine
"""


def test_check_of_bad_rules_draws_a_caret_and_runs_the_other_tests(wirewatch, copied):
    (copied / "rules" / "bad.rules").write_text(BAD)
    ended = wirewatch("--config", copied, "rules", "check")
    assert ended.code == 4
    lines = ended.out.splitlines()
    assert lines[0].startswith("bad.rules:2:22: E104 ")
    assert lines[1] == "      match missiles OR"
    assert lines[2].index("^") == lines[1].index("OR") + 2
    assert 'bad.rules:5:13: TEST topic two should not match "many missiles": two.1 matches: missiles' in ended.out
    ended = wirewatch("--config", copied, "rules", "check", "--json")
    rows = [row for row in json.loads(ended.out) if row["severity"] != "warning"]
    assert [row["code"] for row in rows] == ["E104", "TEST"]
    assert [(row["file"], row["line"], row["column"]) for row in rows] == [("bad.rules", 2, 22), ("bad.rules", 5, 13)]
    assert set(rows[0]) == {column.name for column in rule_fields.RULE_PROBLEM}


def test_a_missing_rules_folder_is_named(wirewatch, elsewhere):
    (elsewhere / "feeds.toml").write_text("")
    ended = wirewatch("rules", "check")
    assert ended.code == 4
    assert str(elsewhere / "rules") in ended.err


def test_a_dry_run_gives_the_stored_matches(wirewatch, filled):
    """One matcher: the same hits live and in a dry run, with the same rules and spans."""
    stored = wirewatch("--config", filled, "matches", "air-defence", "--json").json
    hits = wirewatch("--config", filled, "rules", "test", "air-defence", "--json").json
    assert stored
    assert [(hit["article"], hit["rules"], hit["is_stored"]) for hit in hits] == [
        (match["article"], match["rules"], True) for match in stored
    ]
    for hit, match in zip(hits, stored, strict=True):
        assert sorted(hit["spans"], key=str) == sorted(match["spans"], key=str)


def test_a_dry_run_of_changed_rules_tells_what_is_new_and_what_is_lost(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    own.write_text(own.read_text().replace("match =PURL", "match library"))
    before = {row["article"] for row in wirewatch("--config", copied, "matches", "air-defence", "--json").json}
    ended = wirewatch("--config", copied, "rules", "test", "air-defence", "--jsonl")
    by_change = {change: {hit["article"] for hit in ended.jsonl if hit["change"] == change} for change in CHANGES}
    assert by_change["lost"] | by_change["same"] == before
    assert all(by_change.values())
    assert {hit["article"] for hit in ended.jsonl if hit["is_stored"]} == before
    assert not any(hit["rules"] or hit["spans"] for hit in ended.jsonl if hit["change"] == "lost")
    new, same, lost = (len(by_change[change]) for change in CHANGES)
    ended = wirewatch("--config", copied, "rules", "test", "air-defence")
    assert ended.err.splitlines()[-1].endswith(f"; {new} new, {same} the same, {lost} lost")


def test_a_dry_run_of_a_file_and_of_an_expression(wirewatch, filled):
    hits = wirewatch("--config", filled, "rules", "test", "air-defence", "--json").json
    file = Path("draft.rules")
    file.write_text((filled / "rules" / "own.rules").read_text().replace("topic air-defence", "topic draft"))
    drafted = wirewatch("--config", filled, "rules", "test", file, "--json").json
    assert [hit["article"] for hit in drafted] == [hit["article"] for hit in hits]
    assert not any(hit["is_stored"] for hit in drafted)
    expressed = wirewatch("--config", filled, "rules", "test", "(@kit AND Ukraine) | =PURL", "--json").json
    assert [hit["article"] for hit in expressed] == [hit["article"] for hit in hits]
    found = wirewatch("--config", filled, "search", "(missile | missiles) Ukraine | =PURL", "--json").json
    assert [row["id"] for row in found] == [hit["article"] for hit in hits]


def test_a_misspelt_topic_is_noticed(wirewatch, filled):
    ended = wirewatch("--config", filled, "rules", "test", "air-defense")
    assert "air-defense is no topic and no file, so it is read as an expression; did you mean air-defence?" in ended.err


def test_a_name_of_nothing_is_said_to_be_an_expression(wirewatch, filled):
    for name in ("ferry", "draft.rule"):
        ended = wirewatch("--config", filled, "rules", "test", name)
        assert f"{name} is no topic and no file, so it is read as an expression\n" in ended.err
    assert "expression" not in wirewatch("--config", filled, "rules", "test", "ferry AND harbour").err


def test_a_dry_run_tells_how_many_of_how_many_articles(wirewatch, filled):
    articles = len(wirewatch("--config", filled, "articles", "--json").json)
    hits = wirewatch("--config", filled, "rules", "test", "air-defence", "--json").json
    for options in ([], ["--limit", "1"], ["--format", "table"]):
        ended = wirewatch("--config", filled, "rules", "test", "air-defence", *options)
        told = f"{len(hits)} of {articles} articles; 0 new, {len(hits)} the same, 0 lost"
        assert ended.err.splitlines()[-1] == told
    ended = wirewatch("--config", filled, "rules", "test", "air-defence", "--until", "1d")
    assert ended.err.splitlines()[-1] == "0 of 0 articles; 0 new, 0 the same, 0 lost"


def test_the_list_tells_which_version_is_in_force(wirewatch, copied):
    def states():
        return {row["topic"]: row["state"] for row in wirewatch("--config", copied, "rules", "list", "--jsonl").jsonl}

    assert set(states().values()) == {"in force"}
    before = {row["topic"]: row for row in wirewatch("--config", copied, "rules", "list", "--json").json}
    own = copied / "rules" / "own.rules"
    good = own.read_text()
    own.write_text(good.replace("match quagga", "match quagga OR") + "topic fresh\n    match ferry\n")
    assert states() == {**dict.fromkeys(before, "in force"), "nowhere": "last good", "fresh": "new"}
    (held,) = [r for r in wirewatch("--config", copied, "rules", "list", "--jsonl").jsonl if r["topic"] == "nowhere"]
    assert held == before["nowhere"] | {"state": "last good"}
    own.write_text(good.replace("match quagga", "match okapi"))
    assert states()["nowhere"] == "new"
    own.write_bytes(b"\xff")
    assert {states()[name] for name in ("air-defence", "nowhere")} == {"last good"}
    own.unlink()
    assert "nowhere" not in states()


def test_no_topic_at_all_is_a_warning(wirewatch, copied):
    for file in (copied / "rules").iterdir():
        file.unlink()
    for command in ("check", "list"):
        ended = wirewatch("--config", copied, "rules", command, "--format", "table")
        assert ended.code == 0
        assert ended.err.startswith(f"no topic in {copied / 'rules'}; ")
        assert ended.out == ("no topic: nothing was checked\n" if command == "check" else "")
    ended = wirewatch("--config", copied, "doctor")
    assert ended.code == 0
    assert f"warn  rules       no topic in {copied / 'rules'}" in ended.out


def test_an_expression_that_is_not_understood_ends_with_4(wirewatch, filled):
    ended = wirewatch("--config", filled, "rules", "test", "@nix")
    assert ended.code == 4
    assert "E206" in ended.err


# --- try --------------------------------------------------------------------------------------------

FEED = next(path for path in sorted(PAGES.rglob("rss.xml")))
PAGE = next(path for path in sorted(PAGES.rglob("*.html")) if "allies-promise" in path.name)


def test_try_feed_lists_entries_and_resolves_links(wirewatch, filled):
    ended = wirewatch("--config", filled, "try", "feed", FEED, "--url", "https://wire.example/rss.xml", "--jsonl")
    assert ended.code == 0, ended.err
    assert list(ended.jsonl[0]) == [column.name for column in fields.TRIED_ENTRY]
    assert all(row["title"] for row in ended.jsonl)
    assert ended.err.startswith("rss · ")


def test_try_page_reads_and_matches(wirewatch, filled):
    row = wirewatch("--config", filled, "try", "page", PAGE, "--url", "https://wire.example/a", "--json").json
    assert list(row) == [column.name for column in fields.TRIED_PAGE]
    assert row["source"] == "wire.example"
    assert row["words"] > 100
    (match,) = [match for match in row["matches"] if match["topic"] == "air-defence"]
    fields_of_page = {"title": row["title"], "body": row["text"]}
    for span in match["spans"]:
        assert span["text"] == fields_of_page[span["field"]][span["start"] : span["end"]]
    assert match["matched"] == list(dict.fromkeys(span["text"] for span in match["spans"]))


def test_try_text_repairs_and_matches(wirewatch, filled):
    mangled = "Wednesday’s missiles for Ukraine — “soon”".encode().decode("cp874", "replace")
    row = wirewatch("--config", filled, "try", "text", "-", "--json", stdin=mangled.encode()).json
    assert [match["topic"] for match in row["matches"]] == ["air-defence"]


@pytest.mark.parametrize(
    ("stage", "content", "message"),
    [
        ("feed", b"<html><p>hello</p></html>", "HTML"),
        ("feed", b"", "empty"),
        ("page", b"", "draft: "),
        ("page", b"%PDF-1.7\n\x00\x01", "draft: "),
        ("text", b"", "draft: there is no text"),
    ],
)
def test_try_says_why_something_cannot_be_read(wirewatch, filled, stage, content, message):
    Path("draft").write_bytes(content)
    ended = wirewatch("--config", filled, "try", stage, "draft")
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("stage", ["feed", "page", "text"])
def test_try_says_that_only_http_can_be_fetched(wirewatch, filled, stage):
    ended = wirewatch("--config", filled, "try", stage, "ftp://x/")
    assert ended.code == 1
    assert ended.err.startswith("ftp://x/: only http:// and https:// can be fetched")


def test_nothing_tried_is_stored(wirewatch, copied):
    def stats():
        # Others write to the disk meanwhile.
        return wirewatch("--config", copied, "stats", "--json").json | {"free_bytes": None}

    before = stats()
    wirewatch("--config", copied, "try", "page", PAGE)
    wirewatch("--config", copied, "try", "feed", FEED)
    assert stats() == before


def test_a_file_may_be_named_as_errors_name_it(wirewatch, copied):
    (copied / "rules" / "b.rules").write_text("topic kits\n    match @kit AND Ukraine\n")
    ended = wirewatch("--config", copied, "rules", "test", "b.rules", "--json")
    assert {row["topic"] for row in ended.json} == {"kits"}
    assert wirewatch("--config", copied, "rules", "explain", "1", "b.rules", "--json").json[0]["topic"] == "kits"
    ended = wirewatch("--config", copied, "rules", "test", "none.rules")
    assert (ended.code, "there is no such file" in ended.err) == (4, True)


@pytest.mark.parametrize("command", [("test",), ("explain", "1")])
def test_a_folder_is_no_expression(wirewatch, copied, command):
    (copied / "rules" / "c.rules").mkdir()
    for name in (copied / "rules", "c.rules", "./"):
        ended = wirewatch("--config", copied, "rules", *command, name)
        assert (ended.code, ended.out) == (2, "")
        assert "is a folder; name a rule file in it" in ended.err


@pytest.mark.parametrize("command", [("test",), ("explain", "1")])
@pytest.mark.parametrize("how", ["folder", "header"])
def test_a_topic_in_a_file_that_cannot_be_read_is_no_expression(wirewatch, copied, command, how):
    own = copied / "rules" / "own.rules"
    if how == "folder":
        own.unlink()
        own.mkdir()
    else:
        own.write_text(own.read_text().replace("topic nowhere", "topik nowhere"))
    ended = wirewatch("--config", copied, "rules", *command, "nowhere")
    assert (ended.code, ended.out) == (4, "")
    assert re.match(r"own\.rules:\d+:1: E30[01] ", ended.err)
    # what no database knows is an expression
    assert wirewatch("--config", copied, "rules", *command, "quagga").code == 0


def test_an_expression_may_be_longer_than_the_name_of_a_file(wirewatch, filled):
    assert wirewatch("--config", filled, "rules", "test", " | ".join(["quagga"] * 5000)).code == 0
