"""Lines and columns of a rule file, its statements, and what its comments silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import Problem
from rules.layout import RuleFile, read_layout


@given(st.text(st.sampled_from("ab \t\n\r#é😀")))
def test_a_place_is_where_the_lines_say(text):
    file = RuleFile("a", text)
    lines = file.text.split("\n")
    for at in range(len(file.text) + 1):
        line, column = file.place(at)
        assert line == file.line_of(at)
        assert file.line_text(line) == lines[line - 1]
        assert sum(len(each) + 1 for each in lines[: line - 1]) + column - 1 == at


def test_there_is_no_line_beyond_the_last():
    with pytest.raises(IndexError):
        RuleFile("a", "one\ntwo").line_text(3)


def test_files_are_equal_by_name_and_text():
    assert RuleFile("a", "\ufeffx\r\n") == RuleFile("a", "x\n")
    assert hash(RuleFile("a", "x\r")) == hash(RuleFile("a", "x\n"))
    assert RuleFile("a", "x") != RuleFile("b", "x")
    assert RuleFile("a", "x") != RuleFile("a", "y")
    assert repr(RuleFile("a", "x")) == "RuleFile('a', 1 characters)"


def test_an_error_has_its_end_on_another_line_too():
    error = RuleFile("a", "ab\ncd\n").error(Problem("E101", 1, "wrong", "", 4))
    assert (error.line, error.column, error.end_line, error.end_column) == (1, 2, 2, 2)
    unknown = RuleFile("a", "ab\ncd\n").error(Problem("E101", 1, "wrong"))
    assert (unknown.end_line, unknown.end_column) == (1, 2)


def statements(text):
    """The statements as written, those of a topic below its header."""
    file = RuleFile("a", text)
    layout = read_layout(file)
    return (
        [file.text[s.start : s.end] for s in layout.lets],
        [[file.text[s.start : s.end] for s in (block.header, *block.attributes)] for block in layout.topics],
    )


@pytest.mark.parametrize(
    ("text", "lets", "topics"),
    [
        # deeper lines continue the attribute above, whatever stands in between
        (
            "topic a\n  match b\n   c\n\n# d\n     e\n  not f",
            [],
            [["topic a", "match b\n   c\n\n# d\n     e", "not f"]],
        ),
        ("topic a # b\n\tmatch b\n\t\tc", [], [["topic a # b", "match b\n\t\tc"]]),
        # each topic has an indent of its own
        ("topic a\n  match b\ntopic c\n\tmatch d", [], [["topic a", "match b"], ["topic c", "match d"]]),
        # under let any indented line continues
        ("let @a = b\n | c\n\t| d\n  \t| e\nlet @f = g", ["let @a = b\n | c\n\t| d\n  \t| e", "let @f = g"], []),
        # a comment does not end a topic, and is no indent
        ("topic a\n    # b\n  match c\n# d\n  not e", [], [["topic a", "match c", "not e"]]),
        # what looks like a keyword but continues
        ("topic a\n  match b\n    not c", [], [["topic a", "match b\n    not c"]]),
        # a word that only starts with a hash is no comment
        ("topic a\n  match b\n    #Crimea", [], [["topic a", "match b\n    #Crimea"]]),
    ],
)
def test_indents_say_what_belongs_together(text, lets, topics):
    assert statements(text) == (lets, topics)
    assert statements(text.replace("\n", "\r\n")) == (lets, topics)


def test_a_block_ends_where_its_last_line_does():
    file = RuleFile("a", "topic a\n  match b\n    c\n\n# d\ntopic e\ntopic f\n  match g\n\tx y\n")
    assert [file.text[b.header.start : b.end] for b in read_layout(file).topics] == [
        "topic a\n  match b\n    c",
        "topic e",
        "topic f\n  match g\n\tx",
    ]


SILENCED = """\
let @nato = NATO # ok: W104
topic a # ok: W112
    match NATO | PURL  # ok: W104, W101
    match NATO |       # ok: W104
        EU             # ok: W105
    match "# ok: W104" NATO
    match /a # ok: W104/
    # ok: W104
    match NATO # because # ok: W104 ,W106
    match NATO#ok: W104
    match NATO # ok: W104 and more
    match NATO # ok: 104
    match NATO# ok: W104
"""


def test_comments_silence_lints_on_their_line():
    silenced = {line: sorted(codes) for line, codes in RuleFile("a", SILENCED).silenced.items()}
    assert silenced == {
        1: ["W104"],
        2: ["W112"],
        3: ["W101", "W104"],
        4: ["W104"],
        5: ["W105"],
        8: ["W104"],
        9: ["W104", "W106"],
        13: ["W104"],
    }


@pytest.mark.parametrize(
    ("code", "line", "expected"),
    [
        ("W104", 1, True),
        ("W105", 1, False),
        ("W112", 2, True),
        ("W101", 3, True),
        ("W112", 3, False),
        ("W104", 4, True),
        # the line of the keyword holds for the whole statement, another line only for itself
        ("W104", 5, True),
        ("W105", 5, True),
        ("W105", 4, False),
        ("W104", 6, False),
        ("W104", 7, False),
        ("W104", 9, True),
        ("W104", 10, False),
        ("W104", 11, False),
        ("W104", 12, False),
    ],
)
def test_a_lint_is_silenced_by_its_line_or_the_first_line_of_its_statement(code, line, expected):
    file = RuleFile("a", SILENCED)
    at = sum(len(each) + 1 for each in SILENCED.split("\n")[: line - 1]) + 8
    assert file.place(at).line == line
    assert file.is_silenced(code, at) is expected


def test_nothing_is_silenced_where_nothing_says_so():
    assert not RuleFile("a", "topic a\n match NATO # W104\n").is_silenced("W104", 12)
    assert not RuleFile("a", "# x # ok: W104\ntopic a\n match NATO\n").is_silenced("W104", 26)
