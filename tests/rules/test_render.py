"""What is written is read back, and every node knows its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.render import render
from rules.syntax import parse, read_definition
from rules.tree import (
    AtLeast,
    Field,
    Macro,
    Near,
    Not,
    Or,
    Quorum,
    Regex,
    Score,
    Wildcard,
    Words,
    join_and,
    join_or,
    walk,
)

_TEXTS = st.one_of(
    st.sampled_from(
        ["a", "PURL", "AT&T", "re-arm", "O'Brien", "AND", "or", "NEAR", "ANY", "12:30", "title:a", "1,000"]
    ),
    st.sampled_from(
        [
            "https://cnn.com/a",
            "#x # y",
            "a | b",
            "(a)",
            "^",
            "北京",
            "คน",
            "a/b",
            "/a/",
            "-a",
            "=a",
            "@a",
            "a~",
            "é\u0301",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8),
).filter(lambda text: not set(text) & set('*?"\\') and len(Words(text=text).tokens) > 0)
_WORDS = st.builds(
    lambda text, *, is_exact: Words(text=" ".join(text.split()), is_exact=is_exact), _TEXTS, is_exact=st.booleans()
)
_PREFIXES = st.builds(
    lambda text, *, is_exact: Words(text=text, is_exact=is_exact, is_prefix=True),
    st.sampled_from(["crimea", "re-arm", "frozen asset", "U.S", "Крим", "AND", "크림"]),
    is_exact=st.booleans(),
)
_PLURALS = st.builds(
    lambda text: Words(text=text, is_plural=True), st.sampled_from(["asset", "air-strike", "AND", "any", "2.3bn", "G7"])
)
_WILDCARDS = st.builds(
    lambda text, *, is_exact: Wildcard(text=text, is_exact=is_exact),
    st.sampled_from(["immobili?ed", "*militari?*", "???abc", "*and", "Зелен*кий", "F?16a"]),
    is_exact=st.booleans(),
)
_REGEXES = st.builds(
    lambda pattern, *, ignores_case: Regex(pattern=pattern, ignores_case=ignores_case),
    st.sampled_from([r"a\/b", r"€\s?\d+ (billion|bn)", "[|,^()]", 'a "b" # c', r"\\\/", r"\.", "^a$"]),
    ignores_case=st.booleans(),
)
_LEAVES = _WORDS | _PREFIXES | _PLURALS | _WILDCARDS


def _several(children):
    return st.lists(children, min_size=2, max_size=3)


_POSITIONAL = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda c, gap, *, o: Near(children=tuple(c), gap=gap, is_ordered=o),
            _several(inner),
            st.integers(0, 9),
            o=st.booleans(),
        ),
        _several(inner).map(join_or),
    ),
    max_leaves=4,
)


@st.composite
def _quorums(draw, inner):
    children = draw(_several(inner | inner.map(lambda c: Not(child=c))))
    return Quorum(number=draw(st.integers(1, len(children))), children=tuple(children))


@st.composite
def _scores(draw, inner):
    children = draw(_several(inner))
    weights = draw(st.lists(st.integers(-9, 9), min_size=len(children), max_size=len(children)))
    return Score(number=draw(st.integers(1, 20)), children=tuple(children), weights=tuple(weights))


TREES = st.recursive(
    st.one_of(
        _POSITIONAL, _REGEXES, st.builds(lambda n, c: AtLeast(number=n, child=c), st.integers(1, 9), _POSITIONAL)
    ),
    lambda inner: st.one_of(
        _several(inner).map(join_and),
        _several(inner).map(join_or),
        st.builds(lambda a, b: join_and([a, Not(child=b)]), inner, inner),
        st.builds(lambda a, b: join_and([Not(child=a), b]), inner, inner),
        st.builds(
            lambda n, c: Field(name=n, child=c), st.sampled_from(["title", "body", "author", "url", "section"]), inner
        ),
        _quorums(inner),
        _scores(inner),
    ),
    max_leaves=8,
)


@given(TREES)
@settings(max_examples=100)
def test_what_is_written_is_read_back(tree):
    assert read_definition(render(tree)) == (tree, [])


@given(TREES)
@settings(max_examples=100)
def test_every_node_is_what_stands_at_its_place(tree):
    text = render(tree)
    read, _ = read_definition(text)
    assert (read.at, read.end) == (0, len(text))
    for node in walk(read):
        assert read_definition(text[node.at : node.end]) == (node, [])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (' (="a b" | cd*) ', [(1, 15), (2, 8), (11, 14)]),
        ("a NOT -b", [(0, 8), (0, 1), (2, 8), (6, 8), (7, 8)]),
        ("title:(a b)", [(0, 11), (6, 11), (7, 8), (9, 10)]),
        ("((a))", [(0, 5)]),
        ("ANY/1 (a, (b c))", [(0, 16), (7, 8), (10, 15), (11, 12), (13, 14)]),
        ("SCORE/1 ( a ^2 )", [(0, 16), (10, 11)]),
        ("a NEAR/5 (b | c) d", [(0, 18), (0, 16), (0, 1), (9, 16), (10, 11), (14, 15), (17, 18)]),
        ("a # b\n /c/i", [(0, 11), (0, 1), (7, 11)]),
    ],
)
def test_places_reach_over_brackets_quotes_and_signs(text, places):
    assert [(node.at, node.end) for node in walk(parse(text))] == places


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Regex(pattern="a/b"), r"/a\/b/"),
        (Regex(pattern=r"\\/"), r"/\\\//"),
        (Words(text="air strike", is_plural=True), "air-strike~"),
        (Macro(name="m"), "@m"),
        (Quorum(number=1, children=(Or(children=(Words(text="a"), Words(text="b"))),)), "ANY/1 (a | b)"),
        (Score(number=3, children=(Not(child=Words(text="a")),), weights=(-5,)), "SCORE/3 ((NOT a)^-5)"),
        (AtLeast(number=2, child=Near(children=(Words(text="a"), Words(text="b")), gap=3)), "ATLEAST/2 (a NEAR/3 b)"),
    ],
)
def test_trees_are_written_as_people_write_them(tree, text):
    assert render(tree) == text
