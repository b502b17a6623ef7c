"""`story`, `stories --outlets`, `matches --copies`, `show --version` and `--diff`, as people and programs get them."""

from __future__ import annotations

import importlib.util
import io
import os
import pty
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.copies.model import RelationKind
from rules.compile import compile_rules
from rules.document import Document
from rules.files import load_rules
from storage.migrate import upgrade
from storage.store import Store
from wirewatch import fields, story_fields
from wirewatch.changes import MAX_SHOWN, emit_pieces
from wirewatch.story_fields import tell_lag, tell_share

FIRST = "KYIV — A strike on Kharkiv killed 5 people. Police said so. It was late.\nThe mayor went there."
EXTENDED = "A strike on Kharkiv killed 5 people. Police said so. It was late.\nThe mayor went there. Crimea was quiet."
REVISED = "KYIV — A strike on Odesa killed 7 people. Police said so.\nThe mayor went there."
HOSTILE = "He \x1b[2Jsaid \x1b]0;owned\x07 \u202egnp.exe \x9b31m.\r\nNext [/b] line. " + "w" * 9_000
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def make() -> Any:
    """The module `builders`."""
    spec = importlib.util.spec_from_file_location("builders", Path(__file__).parents[1] / "contract" / "builders.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["builders"] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Told:
    """A configuration with its database, and the stories in it."""

    folder: Path
    story: int
    merged: int
    other: int
    hostile: int
    many: int
    corrected: int


@pytest.fixture(scope="module")
def told(tmp_path_factory, make) -> Told:
    folder = tmp_path_factory.mktemp("told")
    (folder / "rules").mkdir()
    (folder / "rules" / "own.rules").write_text("topic strikes\n    match strike\ntopic crimea\n    match Crimea\n")
    loaded = load_rules(folder / "rules")
    url = f"sqlite:///{folder / 'wirewatch.db'}"
    upgrade(url)
    with Store(url) as store:
        store.record_topics(loaded.topics, make.T0)
        newsroom = make.Newsroom(store)

        def save(name, minute, text, **given):
            values = {"source": name, "at": make.T0 + minute * make.MINUTE, "text": text}
            values["matches"] = compile_rules(loaded.topics).match(Document(title="", body=text))
            return newsroom.save(f"https://{name}/{minute}", **(values | given))

        lead = save("wire.example", 0, FIRST, title="A strike on Kharkiv", credit="Reuters")
        given = {"story_id": lead.story_id}
        extended = make.relation(lead.article_id, RelationKind.EXTENDED, share=0.7, other_share=1.0)
        save("paper.example", 125, EXTENDED, **given, relations=(extended,), repaired="windows-874")
        save(
            "radio.example", 3000, REVISED, **given, relations=(make.relation(lead.article_id, RelationKind.REVISION),)
        )
        merged = save("apart.example", 3100, "Apart.")
        same = make.relation(lead.article_id)
        save("both.example", 3200, FIRST, **given, relations=(same,), merges=(merged.story_id,))
        other = save("other.example", 3300, "Another story.")
        relations = tuple(make.relation(each.article_id, RelationKind.COMPOSITE) for each in (lead, other))
        save("digest.example", 3400, "Two in one.", **given, relations=relations)
        hostile = save("hostile.example", 4000, HOSTILE, title=HOSTILE[:60])
        save("hostile2.example", 4001, HOSTILE.replace("said", "did") + "v", title="x", story_id=hostile.story_id)
        many = save("many.example", 5000, "Spam 0.")
        for n in range(1, 301):
            save("many.example", 5000 + n, f"Spam {n}.", story_id=many.story_id)
        corrected = save("corrected.example", 6000, FIRST, title="One")
        save("corrected.example", 6000, REVISED, title="Two \x1b[2J")
    return Told(
        folder=folder,
        story=lead.story_id,
        merged=merged.story_id,
        other=other.story_id,
        hostile=hostile.story_id,
        many=many.story_id,
        corrected=corrected.article_id,
    )


@pytest.fixture
def run(wirewatch, told):
    return lambda *arguments: wirewatch("--config", told.folder, *arguments)


# --- story --------------------------------------------------------------------------------------------


def test_a_story_tells_who_carried_it_when_and_how_much_of_it(run, told):
    ended = run("story", told.story)
    assert (ended.code, ended.err) == (0, "")
    head, _, rest = ended.out.partition("\narticles\n")
    table, _, trail = rest.partition("\n\n")
    assert re.search(r"^first seen +2026-01-05 12:00  wire\.example \(article 1\)$", head, re.MULTILINE)
    assert re.search(r"^first +2026-01-05 12:00  wire\.example \(article 1\)$", head, re.MULTILINE)
    assert re.search(r"^credited to +Reuters \(1\)$", head, re.MULTILINE)
    assert re.search(r"^canonical +none named$", head, re.MULTILINE)
    assert re.search(r"^topics +crimea, strikes$", head, re.MULTILINE)
    assert re.search(r"^outlets +6$", head, re.MULTILINE)
    lines = table.splitlines()
    assert " ".join(lines[0].split()) == ("article source when after kind of lead of own credit repaired lead url")
    told_lines = [" ".join(line.split()) for line in lines[1:]]
    assert told_lines[0].startswith("1 wire.example 2026-01-05 12:00 0 s Reuters lead https://wire.example")
    assert told_lines[1].startswith(
        "2 paper.example 2026-01-05 14:05 +2 h 05 min extended 100 % 70 % windows-874 https"
    )
    assert told_lines[2].startswith("3 radio.example 2026-01-07 14:00 +2 d 02 h revision 90 % 90 % https")
    assert len(told_lines) == 6
    assert "merged" in trail
    shown = run("story", told.story, "--json").json
    assert list(shown) == [column.name for column in story_fields.STORY_SHOWN]
    assert {frozenset(each) for each in shown["articles"]} == {frozenset(c.name for c in story_fields.CARRIED)}
    assert [each["lag_s"] for each in shown["articles"]][:2] == [0, 7500]
    assert shown["trail"][0]["kind"] == "merged"


def test_a_story_that_merged_is_said_to_be_another_now(run, told):
    ended = run("story", told.merged, "--json")
    assert (ended.code, ended.err) == (0, f"story {told.merged} is now {told.story}\n")
    assert f'"asked":{told.merged}' in ended.out
    assert run("story", told.merged).out == run("story", told.story).out


def test_a_composite_is_marked_under_the_other_story(run, told):
    table = run("story", told.other).out.partition("\narticles\n")[2]
    assert "of story" in table.splitlines()[0]
    assert re.search(rf"digest\.example .* composite .* {told.story} +https", table)


def test_what_is_related_to_another_article_than_the_lead_has_no_shares_of_it(run, told, wirewatch, make, tmp_path):
    folder = shutil.copytree(told.folder, tmp_path / "own")
    with Store(f"sqlite:///{folder / 'wirewatch.db'}") as store:
        kept = make.relation(2, RelationKind.EXCERPT, share=1.0, other_share=0.4)
        values = {"source": "late.example", "at": make.T0 + 9000 * make.MINUTE, "published": make.T0 - make.MINUTE}
        values |= {"text": "Crimea was quiet.", "story_id": told.story, "relations": (kept,)}
        saved = make.Newsroom(store, feed_id=1).save("https://late.example/1", **values)
    table = wirewatch("--config", folder, "story", told.story).out.partition("\narticles\n")[2]
    (line,) = [line for line in table.splitlines() if "late.example" in line]
    assert "excerpt of 2" in line
    assert "%" not in line
    shown = wirewatch("--config", folder, "story", told.story, "--json").json["articles"]
    (late,) = [each for each in shown if each["article"] == saved.article_id]
    assert (late["kind"], late["relative_to"], late["share"], late["other_share"]) == ("excerpt", 2, 1.0, 0.4)
    # It was published first, so all others are compared with it.
    headings = re.findall(
        r"^article .*", wirewatch("--config", folder, "story", told.story, "--diff").out, re.MULTILINE
    )
    first = f"compared with article {saved.article_id}"
    assert headings[0] == f"article 1, wire.example, +1 min: {first}, the lead"
    assert headings[1].endswith(f": {first}, extended version of the lead 1")


def test_what_was_cut_added_and_changed_is_told_by_sentence(run, told):
    out = run("story", told.story, "--diff").out
    assert "\x1b" not in out
    extended = (
        out.partition("paper.example, +2 h 05 min: compared with article 1, extended version of the lead 1\n")[2]
        .partition("\n\n")[0]
        .splitlines()
    )
    assert extended == [
        "- KYIV — A strike on Kharkiv killed 5 people.",
        "+ A strike on Kharkiv killed 5 people.",
        "  … 3 sentences the same",
        "+ Crimea was quiet.",
    ]
    revised = (
        out.partition("radio.example, +2 d 02 h: compared with article 1, revision of the lead 1\n")[2]
        .partition("\n\n")[0]
        .splitlines()
    )
    assert revised == [
        "- KYIV — A strike on Kharkiv killed 5 people.",
        "+ KYIV — A strike on Odesa killed 7 people.",
        "    Kharkiv → Odesa (name), 5 → 7 (figure)",
        "  … 1 sentence the same",
        "- It was late.",
        "  … 1 sentence the same",
    ]
    assert "both.example, +2 d 05 h: compared with article 1, copy of the lead 1\n  … 4 sentences the same\n" in out


def test_the_changes_of_every_article_are_in_json(run, told):
    shown = run("story", told.story, "--diff", "--json").json
    assert list(shown["articles"][0])[-1] == "changes"
    texts = {each["article"]: run("show", each["article"], "--json").json["text"] for each in shown["articles"]}
    for article in shown["articles"]:
        assert [set(change) for change in article["changes"]] == [{c.name for c in story_fields.CHANGE}] * len(
            article["changes"]
        )
        for change in article["changes"]:
            assert FIRST[change["start"] : change["end"]] == change["text"]
            assert texts[article["article"]][change["other_start"] : change["other_end"]] == change["other_text"]
    assert {change["op"] for change in shown["articles"][0]["changes"]} == {"same"}
    assert {change["op"] for change in shown["articles"][2]["changes"]} == {"same", "changed", "cut"}


@pytest.mark.parametrize("arguments", [["--diff"], ["--diff", "--json"], [], ["--csv"], ["--diff", "--format", "tsv"]])
def test_hostile_text_neither_acts_nor_fills_the_screen(run, told, arguments):
    ended = run("story", told.hostile, *arguments)
    assert ended.code == 0
    assert not CONTROLS.search(ended.out.replace("\r\n", "\n"))
    if arguments == ["--diff"]:
        assert re.search("^[-] .*w… 7,\\d\\d\\d more characters$", ended.out, re.MULTILINE)
        assert max(map(len, ended.out.splitlines())) < 2 * MAX_SHOWN


def test_a_story_of_hundreds_is_cut_for_people_alone(run, told):
    ended = run("story", told.many, "--diff")
    assert ended.out.count("\narticle ") == 99
    assert ended.err == "… and 201 more articles; all with --json\n"
    assert len(run("story", told.many, "--json").json["articles"]) == 301


def on_a_terminal(folder, *arguments, **environ):
    ours, theirs = pty.openpty()
    given = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "wirewatch", "--config", str(folder), *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env=given | {"TERM": "xterm-256color", "COLUMNS": "100"} | environ
    ):
        os.close(theirs)
        parts = []
        # The end of the other side is told as an error by Linux.
        with suppress(OSError):
            while part := os.read(ours, 65536):
                parts.append(part)
    os.close(ours)
    return b"".join(parts).decode()


def test_on_a_terminal_it_is_red_and_green_unless_colour_is_unwanted(told):
    shown = on_a_terminal(told.folder, "story", told.story, "--diff")
    assert re.search(r"\x1b\[31m- \x1b\[0m", shown)
    assert re.search(r"\x1b\[32m\+ \x1b\[0m", shown)
    assert re.search(r"\x1b\[1;4;31mKharkiv\x1b\[0m", shown)
    plain = on_a_terminal(told.folder, "story", told.story, "--diff", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)
    assert re.search(r"^(\x1b\[\d+m)*- ", plain, re.MULTILINE)


def test_addresses_are_shown_where_the_terminal_has_room_for_them(told):
    wide = on_a_terminal(told.folder, "story", told.story, COLUMNS="160")
    assert "https://paper.example" in wide
    narrow = on_a_terminal(told.folder, "story", told.story, COLUMNS="120")
    assert "https:" not in narrow
    assert max(map(len, narrow.splitlines())) <= 120


def test_a_hostile_story_on_a_terminal(told):
    shown = on_a_terminal(told.folder, "story", told.hostile, "--diff")
    assert set(re.findall(r"\x1b.[0-9;]*.", shown)) <= set(re.findall(r"\x1b\[[0-9;]*m", shown))
    assert not CONTROLS.search(re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n"))


def test_lags_and_shares_are_told_in_words():
    assert [tell_lag(s) for s in (59.9, 60, 3600, 86400, -1)] == ["+59 s", "+1 min", "+1 h 00 min", "+1 d 00 h", "-1 s"]
    assert [tell_share(s) for s in (0.0001, 0.9999, 0.5)] == ["1 %", "99 %", "50 %"]


# --- stories, matches -----------------------------------------------------------------------------------


def test_stories_by_outlets(run, told):
    rows = run("stories", "--outlets", 2, "--json").json
    assert [(row["id"], row["outlets"]) for row in rows] == [(told.story, 6), (told.hostile, 2)]
    assert [row["id"] for row in run("stories", "crimea", "--outlets", 2, "--json").json] == [told.story]
    empty = run("stories", "--outlets", 7, "--format", "table")
    assert (empty.code, empty.out, empty.err) == (0, "", "no such story is carried by 7 outlets or more\n")
    assert run("stories", "--outlets", 0).code == run("stories", "--outlets", "x").code == 2


def test_a_story_is_listed_once_a_topic_and_a_note_tells_what_a_copy_added(run, told):
    rows = run("matches", "--once", "--json").json
    assert all(list(row) == [column.name for column in fields.MATCH] for row in rows)
    of_story = [(row["topic"], row["source"], row["added"]) for row in rows if row["story"] == told.story]
    assert of_story == [("crimea", "paper.example", True), ("strikes", "wire.example", False)]
    every = run("matches", "--json").json
    sources = [row["source"] for row in every if row["story"] == told.story]
    assert sorted(sources) == ["both.example", "paper.example", "paper.example", "radio.example", "wire.example"]
    added = {
        topic: {row["added"] for row in every if row["story"] == told.story and row["topic"] == topic}
        for topic in ("crimea", "strikes")
    }
    assert added == {"crimea": {True}, "strikes": {False}}
    table = run("matches", "--once", "--format", "table").out.splitlines()
    assert table[0].split()[-1] == "note"
    assert [line.split()[0] for line in table if "added by this copy" in line] == ["crimea"]
    assert "note" not in run("matches", "strikes", "--format", "table").out.splitlines()[0]
    assert run("stats", "--json").json["matches"] == {"crimea": 1, "strikes": 2}


# --- versions -------------------------------------------------------------------------------------------


def test_an_old_version_is_read(run, told):
    old = run("show", told.corrected, "--version", 1, "--json").json
    assert (old["text"], old["title"], old["version"]) == (FIRST, "One", 1)
    assert run("show", told.corrected, "--json").json["text"] == REVISED
    assert FIRST.partition("\n")[2] in run("show", told.corrected, "--version", 1).out


def test_what_a_new_version_changed(run, told):
    ended = run("show", told.corrected, "--diff")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:4] == [
        f"article {told.corrected}, corrected.example: version 1 → 2 of 2",
        "- title: One",
        "+ title: Two [2J",
        "- KYIV — A strike on Kharkiv killed 5 people.",
    ]
    shown = run("show", told.corrected, "--diff", "--json").json
    assert list(shown)[-2:] == ["changed_from", "changes"]
    assert set(shown) == {column.name for column in story_fields.ARTICLE_DIFF}
    assert (shown["version"], shown["changed_from"]) == (2, 1)
    assert run("show", told.corrected, "--diff", "--version", 2, "--json").json == shown


def test_the_newest_version_is_compared_though_the_page_went_back(wirewatch, told, tmp_path, make):
    folder = shutil.copytree(told.folder, tmp_path / "own")
    with Store(f"sqlite:///{folder / 'wirewatch.db'}") as store:
        newsroom = make.Newsroom(store, feed_id=1)
        newsroom.made["https://corrected.example/6000"] = entry_of(store, "https://corrected.example/6000")
        newsroom.save("https://corrected.example/6000", source="corrected.example", text=FIRST, title="One")
    shown = wirewatch("--config", folder, "show", told.corrected, "--diff", "--json").json
    assert (shown["version"], shown["changed_from"], shown["text"]) == (2, 1, REVISED)
    assert [each["is_current"] for each in shown["versions"]] == [True, False]


def entry_of(store, url):
    return store.article_at([url]).entry_id


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--version", "9"], "has no version 9, only 1, 2; see: wirewatch --config {folder} show {number}\n"),
        (["--version", "9", "--diff"], "has no version 9, only 1, 2; see: wirewatch --config {folder} show {number}\n"),
        (["--version", "1", "--diff"], "version 1 is the first: there is none before it to compare with"),
    ],
)
def test_a_version_that_is_not_there_is_named_with_those_that_are(run, told, arguments, message):
    ended = run("show", told.corrected, *arguments)
    assert (ended.code, ended.out) == (1, "")
    assert message.format(folder=told.folder, number=told.corrected) in ended.err
    assert run("show", 1, "--diff").err.startswith("article 1 has one version only: there is none before it")
    assert run("show", 99_999, "--diff").err.startswith("no article 99999; see: wirewatch")
    assert run("show", told.corrected, "--version", 0).code == 2


def test_pieces_are_whole_lines_without_styles_where_nobody_looks_and_never_act():
    out = io.StringIO()
    emit_pieces([[("- ", "red"), ("a\x1b[2J\nb\u202e", "bold")], [], [("w" * 500, "")]], out=out)
    assert out.getvalue() == "- a[2J b\n\n" + "w" * 500 + "\n"
