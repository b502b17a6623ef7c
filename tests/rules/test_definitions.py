"""Macros among each other: circles, and names that only look like uses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.assemble import assemble_rules
from rules.definitions import find_circles
from rules.layout import RuleFile
from rules.render import render

GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("abcdefg")))


def load(text):
    return assemble_rules([RuleFile("a", text)])


def reached(uses, start):
    found, stack = set(), [start]
    while stack:
        for name in uses.get(stack.pop(), ()):
            if name not in found:
                found.add(name)
                stack.append(name)
    return found


@given(GRAPHS)
def test_circles_are_the_names_that_reach_each_other(uses):
    circles = find_circles(uses)
    assert circles == {
        name: min(other for other in uses if other in reached(uses, name) and name in reached(uses, other))
        for name in uses
        if name in reached(uses, name)
    }


def test_a_long_chain_and_a_long_circle_need_no_deep_stack():
    chain = {str(i): [str(i + 1)] for i in range(20_000)}
    assert find_circles(chain) == {}
    assert len(find_circles({**chain, "19999": ["0"]})) == 20_000


def test_a_name_in_a_quote_or_a_comment_is_no_use():
    loaded = load('let @a = "@b" # @a\nlet @b = @a | c # @b\ntopic t\n match @b')
    assert not loaded.errors
    assert render(loaded.topics[0].rules[0].tree) == '"@b" | c'


def test_what_leads_into_a_circle_is_not_part_of_it():
    loaded = load(
        "let @in = @a\nlet @a = x | @b\nlet @b = @a | @out\nlet @out = y\ntopic t\n match @in\ntopic u\n match @out"
    )
    assert [(e.code, e.line, e.column) for e in loaded.errors] == [("E207", 2, 14), ("E207", 3, 10)]
    assert list(loaded.macros) == ["out"]
    assert [topic.name for topic in loaded.topics] == ["u"]
    assert loaded.broken == ("t",)


def test_macros_may_stand_in_any_order_and_be_many():
    lines = [f"let @m{i} = w{i} | @m{i + 1}" for i in range(40)] + ["let @m40 = end"]
    loaded = load("\n".join(lines) + "\ntopic t\n match @m0")
    assert not loaded.errors
    assert render(loaded.topics[0].rules[0].tree).endswith("w39 | end")


def test_a_name_that_nothing_stands_behind_is_compared_with_all_names():
    """Also with those that the same expression does not name; and not for ever."""
    loaded = load("let @zelensky = a\nlet @other = b\ntopic t\n match @other @zelenski")
    assert [e.remedy for e in loaded.errors] == ["did you mean @zelensky ?"]
    many = "".join(f"let @m{i} = a\n" for i in range(2_000)) + "".join(
        f"topic t{i}\n match @n{i}\n" for i in range(2_000)
    )
    remedies = {e.remedy for e in load(many).errors}
    assert "did you mean @m1000 ?" in remedies
    assert "define it: let @n1999 = …" in remedies
