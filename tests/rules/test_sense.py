"""What is refused because it would match articles that hold none of its words."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.render import render
from rules.syntax import read_expression
from rules.tree import And, AtLeast, Field, Not, Or, Quorum, Score, Words, children_of, join_and, join_or, walk

_LEAF = st.sampled_from([Words(text="a"), Words(text="b"), AtLeast(number=2, child=Words(text="c"))])


def _several(children):
    return st.lists(children, min_size=2, max_size=3)


TREES = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        _several(inner).map(join_and),
        _several(inner).map(join_or),
        inner.map(lambda c: Not(child=c)),
        inner.map(lambda c: Field(name="title", child=c)),
        _several(inner).map(lambda cs: Quorum(number=2, children=tuple(cs))),
        st.builds(
            lambda a, b, v, w: Score(number=3, children=(a, b), weights=(v, w)),
            inner,
            inner,
            st.integers(-4, 4),
            st.integers(-4, 4),
        ),
    ),
    max_leaves=6,
)


def _holds_for_nothing(tree):
    held = [_holds_for_nothing(c) for c in children_of(tree)]
    match tree:
        case And() | Field():
            return all(held)
        case Or():
            return any(held)
        case Not():
            return not held[0]
        case Quorum():
            return sum(held) >= tree.number
        case Score():
            return sum(w for w, h in zip(tree.weights, held, strict=True) if h) >= tree.number
    return False


@given(TREES)
@settings(max_examples=300)
def test_refused_is_just_what_would_match_an_article_without_any_of_the_words(tree):
    problem = read_expression(render(tree), {}).problem
    alternatives = [c for node in walk(tree) if isinstance(node, Or) for c in node.children if _holds_for_nothing(c)]
    if problem is None:
        assert not _holds_for_nothing(tree)
    else:
        assert problem.code in {"E201", "E202"}
        assert alternatives if problem.code == "E202" else _holds_for_nothing(tree)
    # An alternative may hold for nothing only where nothing else is looked for at all: then it is E201 or harmless.
    assert problem or not alternatives or not _names_positive(tree)


def _names_positive(tree, *, is_positive=True):
    if not children_of(tree):
        return is_positive
    signs = [w >= 0 for w in tree.weights] if isinstance(tree, Score) else [not isinstance(tree, Not)] * 99
    pairs = zip(children_of(tree), signs, strict=False)
    return any(
        _names_positive(tree.child, is_positive=is_positive)
        if isinstance(tree, AtLeast)
        else _names_positive(c, is_positive=is_positive == s)
        for c, s in pairs
    )


@given(TREES)
def test_a_definition_may_hold_for_nothing(tree):
    problem = read_expression(render(tree), {}, is_definition=True).problem
    assert problem is None or problem.code == "E202"
