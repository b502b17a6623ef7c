"""The manual of the rule language is true: every example of docs/reference/rules.md does what is said there.

Blocks marked `rules` are whole rule files: understood, their tests come true, and nothing is suspicious. One marked
`rules refused` or `rules warned` is followed by what is told of it. Tables are known by their first line.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

import pytest

from rules import attributes, contents, descent, layout, lexer, macros, regex, regex_syntax, sense
from rules.assemble import assemble_rules
from rules.check import run_tests
from rules.compile import compile_expression, compile_rules
from rules.contents import read_text
from rules.document import Document
from rules.errors import RuleError
from rules.families import Reached
from rules.layout import RuleFile
from rules.lint import CODES, lint
from rules.lint_archive import Hits, Limits, lint_archive
from rules.syntax import parse
from rules.text import tokenize
from rules.tree import FIELDS, Words

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "rules.md"
TEXT = PAGE.read_text(encoding="utf-8")
#: what the examples of expressions may name
MACROS = {"ministers": Words(text="Umerov")}

BLOCK = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"(?<!\\)\|")
CODE = re.compile(r"`([^`]+)`")


def tables():
    """Header and rows of each table, cells as written but for bars after a backslash."""
    found = []
    for lines in re.findall(r"(?:^\|.*\|\n)+", TEXT, re.MULTILINE):
        rows = [[cell.strip().replace("\\|", "|") for cell in CELL.split(line)[1:-1]] for line in lines.splitlines()]
        assert all(len(row) == len(rows[0]) for row in rows), rows[0]
        found.append((tuple(rows[0]), rows[2:]))
    return found


def rows(*header):
    return [row for names, found in tables() if names[: len(header)] == header for row in found]


def code(cell):
    """What stands in backticks, which must be all of the cell."""
    found = CODE.fullmatch(cell)
    assert found, f"not in backticks: {cell}"
    return found[1]


def blocks(kind):
    return [content for language, mark, content in BLOCK.findall(TEXT) if (language, mark) == ("rules", kind)]


def told_blocks():
    """Rule files that are refused or warned of, each with what is told."""
    found = [(language, mark, content) for language, mark, content in BLOCK.findall(TEXT)]
    assert not found[-1][1]
    return [
        pytest.param(mark, content, told, id=f"{mark} {told.split()[1]}")
        for (_, mark, content), (language, _, told) in pairwise(found)
        if mark and (language == "text" or pytest.fail(f"what is told of this is missing: {content}"))
    ]


def load(content):
    return assemble_rules([RuleFile("example.rules", content)])


def topic_of(expression):
    lets = "".join(f"let @{name} = {tree.text}\n" for name, tree in MACROS.items() if f"@{name}" in expression)
    return load(f'{lets}topic example\n    match {expression}\n    test no "nothing of this kind"\n')


def document(cell):
    """An article written as `title: … · lang: …`."""
    fields: dict[str, object] = {"title": "", "body": ""}
    sections = []
    for part in cell.split(" · "):
        name, value = part.split(": ", 1)
        assert name in FIELDS, name
        if name == "section":
            sections.append(value)
        else:
            fields[name] = value
    return Document(**fields, sections=tuple(sections))


def verdict(expression, article):
    try:
        return "yes" if compile_expression(expression, macros=MACROS).matches(article) else "no"
    except RuleError:
        return "refused"


# --- what matches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("expression", "text", "matches"), ids=lambda row: f"{row[0]} on {row[1]}")
def test_an_expression_matches_the_text_or_not_as_the_manual_says(row):
    assert verdict(code(row[0]), Document(title="", body=code(row[1]))) == row[2]


@pytest.mark.parametrize("row", rows("expression", "article", "matches"), ids=lambda row: f"{row[0]} on {row[1]}")
def test_an_expression_matches_the_article_or_not_as_the_manual_says(row):
    assert verdict(code(row[0]), document(code(row[1]))) == row[2]


@pytest.mark.parametrize("row", rows("guard or expression"), ids=lambda row: f"{row[0]} on {row[1]}")
def test_a_guard_lets_pass_what_the_manual_says(row):
    line = code(row[0])
    given = line if line.startswith("match") else f"{line}\n    match Crimea"
    rule_set = compile_rules(load(f"topic example\n    {given}\n").topics)
    lang = None if row[1] == "unknown" else code(row[1])
    assert ("yes" if rule_set.match(Document(title="Crimea", body="", lang=lang)) else "no") == row[2]


@pytest.mark.parametrize("row", rows("text", "words"), ids=lambda row: row[0])
def test_a_text_is_read_as_the_manual_says(row):
    assert tokenize(code(row[0])).folded == tuple(CODE.findall(row[1]))


@pytest.mark.parametrize("row", rows("first", "then", "version"), ids=lambda row: f"{row[0]} then {row[1]}")
def test_the_version_of_a_topic_changes_when_the_manual_says(row):
    versions = set()
    for cell in row[:2]:
        loaded = load("topic example\n" + "".join(f"    {line}\n" for line in CODE.findall(cell)))
        assert not loaded.errors
        versions.add(loaded.topics[0].version)
    assert len(versions) == {"same": 1, "other": 2}[row[2]]


# --- whole files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", blocks(""), ids=lambda content: content.splitlines()[0])
def test_a_rule_file_of_the_manual_is_understood_and_its_tests_come_true(content):
    loaded = load(content)
    assert not loaded.errors
    assert [failure for topic in loaded.topics for failure in run_tests(topic)] == []
    assert lint(loaded) == ()
    verdicts = Counter(test.should_match for topic in loaded.topics for test in topic.tests)
    assert verdicts[True], "an example shows a test that must match"
    assert verdicts[False], "and one that must not"


@pytest.mark.parametrize(("mark", "content", "told"), told_blocks())
def test_of_a_file_that_is_refused_or_warned_of_this_is_told(mark, content, told):
    loaded = load(content)
    found = loaded.errors if mark == "refused" else lint(loaded)
    assert (mark == "refused") == bool(loaded.errors)
    assert "".join(f"{each.render()}\n" for each in found) == told


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("code", "means", "written", "column", "instead"), ids=lambda row: row[2])
def test_an_error_has_this_code_at_this_column_and_a_way_out(row):
    with pytest.raises(RuleError) as caught:
        parse(code(row[2]), macros=MACROS)
    assert (caught.value.code, caught.value.column) == (row[0], int(row[3]))
    assert caught.value.remedy
    compile_expression(code(row[4]), macros=MACROS)


def test_the_empty_rule_of_the_manual_is_an_error_in_column_one():
    with pytest.raises(RuleError, match="E103"):
        parse("")


def test_a_file_that_is_no_text_is_error_e300():
    for content in (b"topic \xff", b"topic\0"):
        error = read_text("example.rules", content)
        assert isinstance(error, RuleError)
        assert error.code == "E300"


def codes_in_source(letter):
    pattern = re.compile(rf'"({letter}\d\d\d)"')
    texts = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.py")))
    return {found for text in texts for found in pattern.findall(text)}


def test_all_codes_are_documented_and_none_is_invented():
    assert set(re.findall(r"\bE\d\d\d\b", TEXT)) == codes_in_source("E")
    assert set(re.findall(r"\bW\d\d\d\b", TEXT)) == codes_in_source("W") == set(CODES)


def test_every_code_has_an_example_or_is_said_to_have_none():
    shown = {row[0] for row in rows("code", "means")}
    shown |= {found for block in told_blocks() for found in re.findall(r": ([EW]\d\d\d) ", block.values[2])}
    # A file that is no text cannot be shown; the others are the limits, which have a table, and a missing package.
    assert codes_in_source("E") - shown == {"E212", "E300", "E311"}
    assert codes_in_source("W") <= shown


# --- warnings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("code", "means", "written", "instead"), ids=lambda row: row[2])
def test_a_warning_is_given_for_the_example_and_not_for_its_cure(row):
    written, instead = topic_of(code(row[2])), topic_of(code(row[3]))
    assert not written.errors
    assert not instead.errors
    assert {each.code for each in lint(written)} == {row[0]}
    assert lint(instead) == ()


class Articles:
    """Stored articles as the lints ask for them: titles."""

    def __init__(self, *titles):
        self.titles = titles

    def count_hits(self, topics):
        rule_set = compile_rules(topics)
        found = Counter(
            rule
            for title in self.titles
            for match in rule_set.match(Document(title=title, body=""))
            for rule in match.rules
        )
        return Hits(articles=len(self.titles), found=found, recent=len(self.titles), found_recently=frozenset(found))

    def has_recent(self, _topic, _rule):
        return False

    def expand(self, pattern):
        words = Counter(word for title in self.titles for word in tokenize(title).folded if fnmatchcase(word, pattern))
        return [Reached(word, count) for word, count in words.most_common()]


@pytest.mark.parametrize(
    ("found", "expression", "titles"),
    [
        ("W106", "Kherson", ["Kherson"] * 2 + ["spring"] * 18),
        ("W107", "Kherson", ["spring"]),
        ("W108", "spring*", [f"spring{number}" for number in range(201)]),
        ("W111", "Крим*", ["Криму", "кримський", "кримінальний", "кримінальна"]),
    ],
)
def test_the_archive_is_asked_for_what_the_manual_says(found, expression, titles):
    assert found in {row[0] for row in rows("code", "means", "what to do")}
    codes = {each.code for each in lint_archive(topic_of(expression), Articles(*titles))}
    assert found in codes
    common = {"W106"} if len(titles) >= 20 else set()
    assert codes <= {found, *common}


def test_the_thresholds_of_the_archive_are_those_of_the_manual():
    limits = Limits()
    assert f"more than {limits.share:.0%}".replace("%", " %") in TEXT
    assert f"more than {limits.words} stored words" in TEXT


# --- completeness ---------------------------------------------------------------------------------------


def test_all_fields_and_attributes_have_a_row():
    from rules.blocks import ATTRIBUTES

    assert {code(row[0]) for row in rows("field", "reads")} == set(FIELDS)
    assert {code(row[0]) for row in rows("attribute")} == set(ATTRIBUTES)


def test_the_limits_are_those_of_the_program():
    stated = {row[0]: int(row[1].replace(",", "")) for row in rows("limit", "most")}
    assert stated == {
        "characters of one expression": descent.MAX_CHARS,
        "characters of one statement of a file": layout.MAX_STATEMENT,
        "brackets within brackets": descent.MAX_NESTING,
        "levels of operators within each other": sense.MAX_DEPTH,
        "operands of one chain of NEAR or BEFORE": sense.MAX_OPERANDS,
        "words and operators of one expression, with macros written out": macros.MAX_NODES,
        "characters of a regex": regex.MAX_PATTERN_CHARS,
        "brackets within brackets of a regex": regex_syntax.MAX_DEPTH,
        "characters of a topic's name": attributes.MAX_NAME,
        "digits of a number": 6,
        "lines of a file": contents.MAX_LINES,
        "bytes of a file": contents.MAX_BYTES,
    }


@pytest.mark.parametrize("operator", ["NEAR", "BEFORE", "ATLEAST", "ANY", "SCORE"])
def test_a_number_has_six_digits_at_most(operator):
    expression = f"a {operator}/{{}} b" if operator in {"NEAR", "BEFORE"} else f"{operator}/{{}} (a^999999)"
    if operator != "SCORE":
        expression = expression.replace("^999999", "")
    number = "1" if operator == "ANY" else "999999"
    assert lexer.read_lexemes(expression.format(number))
    compile_expression(expression.format(number))
    with pytest.raises(RuleError, match="E209"):
        compile_expression(expression.format("1000000"))


def test_the_links_of_the_manual_lead_somewhere():
    anchors = {
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert not path or (PAGE.parent / path).is_file(), target
        assert not anchor or anchor in anchors, target
