"""A line is added to a rule file, and every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.assemble import assemble_rules
from rules.layout import RuleFile, read_layout
from wirewatch.ruleinsert import UNFIT, append_topic, insert_line

FILE = """\
# about Crimea
let @port = port | harbour

topic crimea "Crimea"
    tags  ukraine
    match Crimea          # the place

    match "Crimean Peninsula"
        | @port NEAR/3 Crimea
    # the other meaning
    not   "Crimean-Congo"
    test  yes "Crimea"

topic purl
\tmatch\t=PURL
\ttest no "purl"
"""


def put(content, topic, keyword, expression):
    file = RuleFile("f.rules", content)
    block = next(b for b in read_layout(file).topics if file.text[b.header.content :].split()[0] == topic)
    return insert_line(content, file, block, keyword, expression)


def added(before, after):
    """The line that *after* has and *before* has not; all else is the same."""
    start = next((i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), len(before))
    length = len(after) - len(before)
    assert any(after[:i] + after[i + length :] == before for i in range(start + 1))
    old, new = before.splitlines(), after.splitlines()
    (line,) = [each for each in new if new.count(each) > old.count(each)]
    return new.index(line) + 1, line


@pytest.mark.parametrize(
    ("topic", "keyword", "place", "line"),
    [
        ("crimea", "match", 10, "    match Kerch"),
        ("crimea", "not", 12, "    not   Kerch"),
        ("purl", "match", 16, "\tmatch\tKerch"),
        ("purl", "not", 16, "\tnot\tKerch"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_line_comes_after_the_last_of_its_kind(topic, keyword, place, line, end, mark):
    before = mark + FILE.replace("\n", end)
    after = put(before, topic, keyword, "Kerch")
    assert added(before, after) == (place, line)
    assert after.count(end) == before.count(end) + 1


def test_a_first_not_stands_below_the_match_lines():
    before = "topic a\n  match  x\n  test yes x\n"
    assert put(before, "a", "not", "y") == "topic a\n  match  x\n  not    y\n  test yes x\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("topic a\n  match x", "topic a\n  match x\n  match y"),
        ("topic a\r\n  match x", "topic a\r\n  match x\r\n  match y"),
        ("topic a\n  match x # c", "topic a\n  match x # c\n  match y"),
        ("topic a\n  match(x)\n", "topic a\n  match(x)\n  match y\n"),
        ("topic a\n  match\n    x\n", "topic a\n  match\n    x\n  match y\n"),
        # not understood, but a topic all the same
        ("topic a", "topic a\n    match y"),
        ("topic a\n  tags b\n", "topic a\n  tags b\n  match y\n"),
    ],
)
def test_files_of_all_shapes(before, after):
    assert put(before, "a", "match", "y") == after


_LINES = st.sampled_from(
    ["    match a", "    not b", "    match c # x", "      | d", "", "# c", "    # c", "    tags t", '    test no "z"']
)


@given(st.lists(_LINES, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["match", "not"]))
def test_the_new_line_is_the_last_rule_of_its_kind(lines, end, keyword):
    before = end.join(["topic one", "    match first", *lines, "topic two", "    match z", ""])
    after = put(before, "one", keyword, "Kerch NEAR/3 bridge")
    _, line = added(before, after)
    assert line.split() == [keyword, "Kerch", "NEAR/3", "bridge"]
    old, new = (assemble_rules([RuleFile("f.rules", content)]) for content in (before, after))
    assert [e.code for e in new.errors] == [e.code for e in old.errors]
    if not old.errors:
        for before_it, after_it in zip(old.topics, new.topics, strict=True):
            rules = {"match": before_it.rules, "not": before_it.excludes}
            now = {"match": after_it.rules, "not": after_it.excludes}
            is_new = after_it.name == "one"
            assert len(now[keyword]) == len(rules[keyword]) + is_new
            assert after_it.version != before_it.version or not is_new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'topic a "A \\"b\\""\n    tags  t, u\n    match x\n'),
        ("\ufeff", '\ufefftopic a "A \\"b\\""\n    tags  t, u\n    match x\n'),
        ("# c", '# c\n\ntopic a "A \\"b\\""\n    tags  t, u\n    match x\n'),
        ("# c\r\n", '# c\r\n\r\ntopic a "A \\"b\\""\r\n    tags  t, u\r\n    match x\r\n'),
    ],
)
def test_a_topic_is_made_at_the_end(before, after):
    assert append_topic(before, "a", 'A "b"', ["t", "u"], "x") == after


def test_a_topic_needs_neither_title_nor_tags():
    assert append_topic("topic b\n  match y\n", "a", None, [], "x") == "topic b\n  match y\n\ntopic a\n    match x\n"


@pytest.mark.parametrize("char", ["\n", "\r", "\x00", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u2029", "\udc80"])
def test_what_cannot_stand_in_a_line(char):
    assert UNFIT.search(f"a{char}b")


def test_what_can_stand_in_a_line():
    assert not UNFIT.search('a\tb "é" Ж 中 =x* /€\\s/i @m')
