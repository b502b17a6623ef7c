"""Errors as people see them."""

from __future__ import annotations

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import Problem, RuleError, RuleErrors, shorten, suggest


def _error(**changes):
    arguments = {
        "code": "E202",
        "file": "ukraine.rules",
        "line": 7,
        "column": 19,
        "message": "NOT cannot be an alternative of OR",
        "remedy": "write  =PURL NOT knitting",
        "source_line": "    match =PURL | NOT knitting",
    }
    return RuleError(**{**arguments, **changes})


def test_an_error_shows_the_line_and_points_at_the_spot():
    assert _error().render() == (
        "ukraine.rules:7:19: E202 NOT cannot be an alternative of OR\n"
        "      match =PURL | NOT knitting\n"
        "                    ^ write  =PURL NOT knitting"
    )


def test_an_error_of_an_expression_alone_tells_the_column_only():
    error = _error(file=None, line=None, column=9, source_line="=PURL | NOT knitting", remedy="")
    assert error.render() == ("column 9: E202 NOT cannot be an alternative of OR\n  =PURL | NOT knitting\n          ^")
    assert str(error) == "column 9: E202 NOT cannot be an alternative of OR"


@pytest.mark.parametrize(("before", "places"), [("北京 ", 5), ("e\u0301 ", 2), ("\t", 1), ("\u200b", 1)])
def test_the_caret_stands_under_the_spot_on_a_terminal(before, places):
    pointer = _error(column=len(before) + 1, source_line=before + "x", remedy="").render().split("\n")[-1]
    assert pointer == "  " + " " * places + "^"


def test_where_there_is_no_line_none_is_shown():
    error = _error(
        source_line="", message="cannot be read", remedy="make it readable", file="a.rules", line=1, column=1
    )
    assert error.render() == error.summary + "\n  make it readable"


@given(st.text(), st.text(), st.text(), st.integers(1, 50))
def test_nothing_from_outside_steers_the_terminal(line, message, remedy, column):
    rendered = _error(source_line=line, message=message, remedy=remedy, column=column, file=line).render()
    assert rendered.count("\n") <= 2
    assert not {unicodedata.category(c) for c in rendered.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("column", "shown", "caret"),
    [
        (1, "a" * 120 + "…", 2),
        (61, "a" * 180 + "…", 62),
        (1001, "…" + "a" * 240 + "…", 123),
        (2001, "…" + "a" * 120, 123),
        (9999, "…", 123),
    ],
)
def test_of_a_long_line_the_part_around_the_caret_is_shown(column, shown, caret):
    _, line, pointer = _error(column=column, source_line="a" * 2000, remedy="").render().split("\n")
    assert line == "  " + shown
    assert pointer == " " * caret + "^"


def test_an_error_ends_where_it_starts_unless_it_is_known_better():
    error = _error()
    assert (error.end_line, error.end_column) == (7, 19)
    error = pickle.loads(pickle.dumps(_error(end_line=8, end_column=3)))
    assert (error.end_line, error.end_column) == (8, 3)
    error = _error(file=None, line=None)
    assert (error.end_line, error.end_column) == (None, 19)


def test_a_problem_moves_with_the_text_it_stands_in():
    assert Problem("E100", 3, "m", end=5).shift(10) == Problem("E100", 13, "m", end=15)
    assert Problem("E100", 3, "m").shift(10) == Problem("E100", 13, "m", end=13)


def test_messages_quote_the_beginning_of_long_texts():
    assert shorten("a" * 60) == "a" * 60
    assert shorten("a" * 61) == "a" * 59 + "…"


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(_error()))
    assert error.render() == _error().render()
    errors = pickle.loads(pickle.dumps(RuleErrors([_error(), _error(line=8)])))
    assert errors.render() == RuleErrors([_error(), _error(line=8)]).render()
    assert [e.line for e in errors.errors] == [7, 8]


def test_the_nearest_name_is_suggested_and_nothing_far_off():
    assert suggest("tittle", ["title", "body"]) == "title"
    assert not suggest("xyz", ["title", "body"])
    assert not suggest("title" * 20_000, ["title", "body"])
