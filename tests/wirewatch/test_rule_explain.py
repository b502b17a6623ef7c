"""wirewatch rules explain: why an article matches a topic, or why not."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields

import pytest

from rules.document import Document
from rules.explain import Explained, ExplainedLine, TopicExplanation
from rules.syntax import parse
from rules.topic import make_topic
from storage.documents import StoredVersion
from wirewatch import explain_fields, ruleexplain
from wirewatch.ruleexplain import Signs


@dataclass(frozen=True)
class Sample:
    """An article that matches topic air-defence, with the match as stored, and one that does not."""

    article: int
    match: dict[str, object]
    other: int


@pytest.fixture
def sample(wirewatch, filled):
    matches = wirewatch("--config", filled, "matches", "air-defence", "--json").json
    matching = {match["article"] for match in matches}
    others = [
        row["id"] for row in wirewatch("--config", filled, "articles", "--json").json if row["id"] not in matching
    ]
    return Sample(matches[0]["article"], matches[0], others[0])


@pytest.fixture
def two_topics(copied):
    """A copy of `filled` with no rule file but own.rules."""
    for file in (copied / "rules").iterdir():
        if file.name != "own.rules":
            file.unlink()
    return copied


def test_an_explanation_tells_the_match_as_it_is_stored(wirewatch, filled, sample):
    (row,) = wirewatch("--config", filled, "rules", "explain", sample.article, "air-defence", "--json").json
    assert list(row) == [column.name for column in explain_fields.EXPLANATION]
    assert (row["matches"], row["rules"], row["spans"]) == (True, sample.match["rules"], sample.match["spans"])
    assert row["topic_version"] == row["stored_version"] == sample.match["topic_version"]
    assert [list(line) for line in row["lines"]] == [[column.name for column in explain_fields.EXPLAINED_LINE]] * 3
    assert [line["kind"] for line in row["lines"]] == ["match", "match", "not"]


def test_the_documented_fields_of_a_node_are_those_printed(wirewatch, filled, sample):
    (row,) = wirewatch("--config", filled, "rules", "explain", sample.other, "quagga NEAR/1 (x | y)", "--json").json
    (tree,) = [column for column in explain_fields.EXPLAINED_LINE if column.name == "tree"]
    node = row["lines"][0]["tree"]
    assert ", ".join(node) == tree.kind.strip("{}")
    assert set(node) == {field.name for field in dataclass_fields(Explained)}
    assert {field.name for field in dataclass_fields(ExplainedLine)} == {c.name for c in explain_fields.EXPLAINED_LINE}
    assert {field.name for field in dataclass_fields(TopicExplanation)} - {"version"} < {
        c.name for c in explain_fields.EXPLANATION
    }
    assert [child["kind"] for child in node["children"]] == ["words", "or"]


def test_every_format_carries_the_same_rows(wirewatch, two_topics, sample):
    arguments = ["--config", two_topics, "rules", "explain", sample.article]
    rows = wirewatch(*arguments, "--json").json
    assert [row["topic"] for row in rows] == ["air-defence", "nowhere"]
    assert wirewatch(*arguments, "--jsonl").jsonl == rows
    by_csv = list(csv.DictReader(io.StringIO(wirewatch(*arguments, "--csv").out, newline="")))
    assert [json.loads(row["lines"]) for row in by_csv] == [row["lines"] for row in rows]
    assert [row["why"] for row in by_csv] == [row["why"] for row in rows]


def test_without_a_topic_those_that_match_come_first(wirewatch, two_topics, sample):
    ended = wirewatch("--config", two_topics, "rules", "explain", sample.article)
    assert ended.code == 0
    heading, empty, first, second = ended.out.splitlines()
    assert heading.startswith(f"article {sample.article}, version 1 of ")
    assert not empty
    assert first.startswith("✓ air-defence  air-defence.")
    assert second == "✗ nowhere      quagga occurs nowhere in title or body"
    assert ended.err == (
        f"1 of 2 topics; one in full: wirewatch --config {two_topics} rules explain {sample.article} TOPIC\n"
    )


def test_a_topic_is_told_in_full(wirewatch, filled, sample):
    ended = wirewatch("--config", filled, "rules", "explain", sample.article, "air-defence")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[2].startswith("✓ air-defence (own.rules:3) matches: air-defence.")
    assert any(line.startswith("→ ") for line in lines)
    assert any("[" in line and "]" in line and "body " in line for line in lines)
    assert any(line.startswith("  ✗ not line 7: knitting  occurs nowhere in title or body") for line in lines)


def test_what_does_not_match_is_no_failure(wirewatch, filled, sample):
    ended = wirewatch("--config", filled, "rules", "explain", sample.other, "nowhere")
    assert ended.code == 0
    assert "✗ nowhere (own.rules:11) does not match: quagga occurs nowhere in title or body" in ended.out
    assert "→ ✗ match line 12: quagga  occurs nowhere in title or body" in ended.out


def test_an_expression_and_a_file_are_explained_too(wirewatch, filled, sample, tmp_path):
    ended = wirewatch("--config", filled, "rules", "explain", sample.article, "@kit AND Ukraine")
    assert "expression matches" in ended.out.splitlines()[2]
    file = tmp_path / "draft.rules"
    file.write_text("topic draft\n    match Ukraine\ntopic more\n    match okapi\n")
    rows = wirewatch("--config", filled, "rules", "explain", sample.article, file, "--json").json
    assert [(row["topic"], row["matches"], row["stored_version"]) for row in rows] == [
        ("draft", True, None),
        ("more", False, None),
    ]
    assert (
        "did you mean air-defence?"
        in wirewatch("--config", filled, "rules", "explain", sample.article, "air-defense").err
    )


def test_a_stored_match_of_another_version_is_told(wirewatch, copied, sample):
    own = copied / "rules" / "own.rules"
    good = own.read_text()
    own.write_text(good.replace("match =PURL", "match =PURL | zebra"))
    ended = wirewatch("--config", copied, "rules", "explain", sample.article, "air-defence")
    assert f"the stored match is of version {sample.match['topic_version']}, not of " in ended.out
    own.write_text(good.replace("not   knitting", "not   Ukraine"))
    for topic in (["air-defence"], []):
        ended = wirewatch("--config", copied, "rules", "explain", sample.article, *topic)
        assert f"a match is stored, of version {sample.match['topic_version']}; as written now (" in ended.out
        assert "air-defence.not.1 excludes it: Ukraine occurs " in ended.out


def test_rules_that_are_not_understood(wirewatch, copied, sample):
    (copied / "rules" / "bad.rules").write_text("topic bad\n    match a OR\n")
    ended = wirewatch("--config", copied, "rules", "explain", sample.article)
    assert ended.code == 0
    assert "1 error in the rule files; see: wirewatch" in ended.err
    for what in ("bad", "a OR"):
        ended = wirewatch("--config", copied, "rules", "explain", sample.article, what)
        assert ended.code == 4
        assert "E104" in ended.err


def test_no_topic_at_all_is_said(wirewatch, copied, sample):
    for file in (copied / "rules").iterdir():
        file.unlink()
    ended = wirewatch("--config", copied, "rules", "explain", sample.article)
    assert ended.code == 0
    assert f"no topic in {copied / 'rules'}; " in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["99999"], "no article 99999; see: wirewatch"), (["1", "--version", "9"], "article 1 has no version 9, only 1")],
)
def test_an_unknown_article_or_version_is_named(wirewatch, filled, arguments, message):
    ended = wirewatch("--config", filled, "rules", "explain", *arguments)
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err


def test_a_missing_database_ends_with_5(wirewatch, filled, tmp_path):
    assert wirewatch("--config", filled, "--db", tmp_path / "none.db", "rules", "explain", "1").code == 5


# --- lines for people -------------------------------------------------------------------------------


def told(rule, body, *, n=1, is_current=True, signs=None):
    topic = make_topic(name="t", file="a.rules", matches=[(parse(rule), 2)])
    document = Document(title="Title", body=body)
    version = StoredVersion(article=1, n=n, versions=2, is_current=is_current, document=document, matches=())
    (each,) = ruleexplain.explain([topic], version)
    return list(ruleexplain.full_lines(each, version, signs or Signs()))


def test_a_hit_is_quoted_with_whole_words_around_it():
    assert told("purl", "one two three four five six seven purl eight nine ten eleven twelve thirteen")[2:] == [
        "→ ✓ match line 2: purl",
        "      body 34: …two three four five six seven [purl] eight nine ten eleven twelve…",
    ]
    assert told("克里米亚", "北京" * 40 + "克里米亚" + "北京" * 40)[3] == (
        f"      body 80: …{'北京' * 16}[克里米亚]{'北京' * 16}…"
    )


def test_many_hits_are_counted():
    assert told("a", "a b " * 5)[3:] == [
        "      body 0: [a] b a b a b a b a b ",
        "      body 4: a b [a] b a b a b a b ",
        "      body 8: a b a b [a] b a b a b ",
        "      and 2 more",
    ]


def test_hits_that_are_counted_are_shown_with_what_was_counted():
    assert told("ATLEAST/2 (a)", "a")[2:] == [
        "→ ✗ match line 2: ATLEAST/2 (a)  it occurs once (body 0): 1 of 2 that are asked for",
        "    ✓ a",
        "        body 0: [a]",
    ]


def test_of_many_alternatives_the_rest_is_counted():
    rule = " | ".join(f"w{i}" for i in range(100))
    assert told(rule, "w5")[-3:] == ["→   ✓ w5", "        body 0: [w5]", "      and 99 more, which do not hold"]
    assert told(rule, "x")[-1] == "      and 90 more, which do not hold"


def test_weights_are_shown_and_long_expressions_are_cut():
    lines = told("SCORE/3 (a^2, b^-1)", "a")
    assert "→ ✗ match line 2: SCORE/3 (a^2, b^-1)  the sum is 2 of the 3 that are asked for: a +2" in lines
    assert "    ✗ b^-1  occurs nowhere in title or body" in lines
    assert max(map(len, told(" | ".join(f"word{i}" for i in range(500)), "x"))) < 300


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", None, "no such encoding"])
def test_a_terminal_without_the_signs_gets_plain_ones(encoding):
    signs = Signs.of(encoding)
    assert told("purl", "x", signs=signs)[2] == "> no  match line 2: purl  occurs nowhere in title or body"
    assert told("purl", "purl", signs=signs)[2] == "> yes match line 2: purl"
    assert "a “b” c…".translate(signs.plain) == 'a "b" c...'
    assert Signs.of("utf-8") == Signs()


def test_an_older_version_is_told():
    document = Document(title="Title", body="")
    version = StoredVersion(article=3, n=1, versions=2, is_current=False, document=document, matches=())
    assert ruleexplain.heading(version) == "article 3, version 1 of 2, not the current one: Title"
    long = StoredVersion(
        article=3, n=1, versions=1, is_current=True, document=replace(document, title="x" * 3000), matches=()
    )
    assert ruleexplain.heading(long) == f"article 3, version 1 of 1: {'x' * 199}…"


def test_a_regex_that_fails_is_named_once():
    assert told("/purl/", "x")[2].endswith("match line 2: /purl/  matches nothing in title or body")
    odd = "/ matches /"
    assert told(odd, "x")[2].endswith(f"match line 2: {odd}  matches nothing in title or body")
    long = "/" + "abc|" * 20 + "d/"
    assert told(long, "x")[2].count("abc") == 20


def test_nothing_from_the_article_acts_on_a_terminal(wirewatch, copied, sample):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(next(copied.glob("*.db")))) as connection, connection:
        evil = "purl \x1b[2J\u202e\nPurl " + "x" * 50
        connection.execute("UPDATE article_version SET title = ?, text = ?", (evil, evil))
    for what in ([], ["purl NEAR/9 Purl"], ["=PURL"], ["purl BEFORE/0 zzz*"], ['"purl purl xxx"']):
        ended = wirewatch("--config", copied, "rules", "explain", sample.article, *what)
        assert ended.code == 0
        assert not {"\x1b", "\u202e"} & set(ended.out + ended.err)
