"""Alternatives that add nothing: taking them out never changes a match, and the plain cases are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alternatives import find_implied
from rules.compile import compile_tree
from rules.document import Document
from rules.implication import implies
from rules.meaning import Every, Never, read_fact
from rules.syntax import parse
from rules.tree import And, AtLeast, Field, Near, Not, Or, Quorum, Score, Wildcard, Words, join_and, join_or
from rules.view import View

WORDS = ["crime", "Crime", "crimea", "Crimea", "crimean", "crimes", "Crimes", "port", "ports"]


def words():
    one = st.builds(Words, text=st.sampled_from(WORDS), is_exact=st.booleans(), is_prefix=st.booleans())
    plural = st.builds(Words, text=st.sampled_from(WORDS), is_plural=st.just(True))
    phrase = st.builds(
        Words,
        text=st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(" ".join),
        is_exact=st.booleans(),
        is_prefix=st.booleans(),
    )
    patterns = st.sampled_from(["cri?e", "*rime*", "crim*?", "?rimea", "p*ts", "=C*me"])
    wildcard = patterns.map(lambda p: Wildcard(text=p.lstrip("="), is_exact=p.startswith("=")))
    return st.one_of(one, plural, phrase, wildcard)


def places(inner):
    alternatives = st.lists(inner, min_size=1, max_size=3).map(join_or)
    return st.builds(
        Near,
        children=st.lists(alternatives, min_size=2, max_size=3).map(tuple),
        gap=st.integers(0, 2),
        is_ordered=st.booleans(),
    )


positional = st.one_of(words(), places(words()))


def combine(inner):
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        some.map(join_and),
        some.map(join_or),
        inner.map(lambda child: Not(child=child)),
        st.builds(Field, name=st.sampled_from(["title", "body"]), child=inner),
        st.builds(Quorum, number=st.integers(1, 2), children=some.map(tuple)),
        st.builds(AtLeast, number=st.integers(1, 3), child=positional),
        st.lists(inner, min_size=2, max_size=2).map(
            lambda pair: Score(number=3, children=tuple(pair), weights=(3, 2)),
        ),
    )


labels = st.sampled_from(["source:cnn.com", "source:edition.cnn.com", "lang:en", "lang:en-GB", "lang:de"]).map(parse)
trees = st.recursive(st.one_of(words(), labels, places(words())), combine, max_leaves=5)

texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
documents = st.builds(
    Document,
    title=texts,
    body=texts,
    source=st.sampled_from([None, "cnn.com", "edition.cnn.com"]),
    lang=st.sampled_from([None, "en", "en-GB", "de"]),
)


def holds(tree, document):
    return compile_tree(tree).holds(View(document))


@given(alternatives=st.lists(trees, min_size=2, max_size=5), found=st.lists(documents, min_size=5, max_size=5))
def test_taking_out_what_is_implied_never_changes_a_match(alternatives, found):
    implied = find_implied([[read_fact(tree)] for tree in alternatives])
    rest = [tree for number, tree in enumerate(alternatives) if number not in implied]
    for document in found:
        assert holds(join_or(alternatives), document) == holds(join_or(rest), document)


@given(
    alternatives=st.lists(positional, min_size=2, max_size=4),
    other=positional,
    gap=st.integers(0, 2),
    is_ordered=st.booleans(),
    number=st.integers(1, 3),
    found=st.lists(documents, min_size=5, max_size=5),
)
def test_nor_does_it_where_places_count(alternatives, other, gap, is_ordered, number, found):
    implied = find_implied([[read_fact(tree)] for tree in alternatives], by_places=True)
    rest = [tree for place, tree in enumerate(alternatives) if place not in implied]
    before, after = join_or(alternatives), join_or(rest)
    for document in found:
        near = [Near(children=(each, other), gap=gap, is_ordered=is_ordered) for each in (before, after)]
        assert holds(near[0], document) == holds(near[1], document)
        count = [AtLeast(number=number, child=each) for each in (before, after)]
        assert holds(count[0], document) == holds(count[1], document)


@given(one=trees, other=trees, document=documents)
def test_what_is_implied_holds(one, other, document):
    if implies(read_fact(one), read_fact(other)):
        assert not holds(one, document) or holds(other, document)
    if implies(read_fact(one), Never(read_fact(other))):
        assert not (holds(one, document) and holds(other, document))


@given(one=trees, other=trees)
def test_an_expression_implies_itself_and_every_part_that_must_hold(one, other):
    fact = read_fact(one)
    assert implies(fact, fact)
    assert implies(Every(frozenset({fact, read_fact(other)})), fact)
    assert find_implied([[fact], [fact]]) == {1: 0}


@given(units=st.lists(st.lists(trees, min_size=1, max_size=2), min_size=2, max_size=4), document=documents)
def test_several_members_go_only_together(units, document):
    implied = find_implied([[read_fact(tree) for tree in unit] for unit in units], kept=[0])
    everything = [tree for unit in units for tree in unit]
    rest = [tree for number, unit in enumerate(units) if number not in implied for tree in unit]
    assert holds(join_or(everything), document) == holds(join_or(rest), document)


IMPLIED = [
    ("Crimea", "crimea*"),
    ("Crimea", "crimea"),
    ("=Crimea", "Crimea"),
    ("=Crimea*", "crim*"),
    ('"a b"', "a"),
    ('"a b c"', '"b c"'),
    ('"a crimean*"', '"a crimea*"'),
    ("assets", "asset~"),
    ("asset~", "asset*"),
    ("country~", "countr*"),
    ("crimean", "*rime*"),
    ("crimea*", "*rime*"),
    ("immobili?ed", "immob*"),
    ("a AND b", "a"),
    ("a b c", "c a"),
    ("a NOT b", "a"),
    ("a NOT (b | c)", "a NOT b"),
    ("a (b | c)", "a (b | c | d)"),
    ("a NEAR/3 b", "a b"),
    ("a NEAR/3 b", "b NEAR/5 a"),
    ("a BEFORE/3 b", "a NEAR/3 b"),
    ('"frozen assets"', "frozen NEAR/4 asset~"),
    ('"frozen russian assets"', "frozen BEFORE/1 assets"),
    ("ATLEAST/3 (a)", "ATLEAST/2 (a)"),
    ("ATLEAST/3 (a)", "a"),
    ("title:a", "a"),
    ("title:(a b)", "title:a"),
    ("ANY/2 (a, b)", "a b"),
    ("ANY/1 (a, b)", "a | b"),
    ("source:edition.cnn.com a", "source:cnn.com a"),
    ("lang:en-GB", "lang:en"),
    ("/a+b/", "/a+b/"),
]
NOT_IMPLIED = [
    ("crimean", "Crimea"),
    ("crimea*", "crimean*"),
    ("crimea", "=Crimea"),
    ("a", '"a b"'),
    ('"a c"', '"a b"'),
    ("a", "title:a"),
    ("title:a", "body:a"),
    ("a b", "a NEAR/3 b"),
    ("a NEAR/5 b", "a NEAR/3 b"),
    ("a NEAR/3 b", "a BEFORE/3 b"),
    ('"frozen russian assets"', "frozen BEFORE/0 assets"),
    ('"assets frozen"', "frozen BEFORE/4 assets"),
    ('"a b"', "a NEAR/4 a"),
    ("a NOT b", "a NOT (b | c)"),
    ("ATLEAST/2 (a)", "ATLEAST/3 (a)"),
    ("ANY/1 (a, b)", "a"),
    ("SCORE/5 (a^5, b^-1)", "a"),
    ("crimea*", "crimea?"),
    ("/a/", "/a/i"),
    ("source:cnn.com a", "source:edition.cnn.com a"),
    ("source:notcnn.com", "source:cnn.com"),
    ("author:a", "a"),
    ("NOT (a b) x", "NOT (a | b) x"),
    ("(a | b) x", "(a b) x"),
    ("/aa?b*/", "aa?b*"),
    ("www.crimea.org/x", "www*"),
]


@pytest.mark.parametrize(("one", "other"), IMPLIED)
def test_implied(one, other):
    assert find_implied([[read_fact(parse(one))], [read_fact(parse(other))]]) in ({0: 1}, {1: 0})
    assert implies(read_fact(parse(one)), read_fact(parse(other)))


@pytest.mark.parametrize(("one", "other"), NOT_IMPLIED)
def test_not_implied(one, other):
    assert not implies(read_fact(parse(one)), read_fact(parse(other)))


@pytest.mark.parametrize(
    ("one", "other"), [("lang:en", "lang:de"), ("a NOT b", "b"), ("lang:en", "lang:(de | nl)"), ("NOT a", '"a b"')]
)
def test_what_excludes_each_other(one, other):
    facts = [
        read_fact(parse(f"x ({each})").children[1]) if each.startswith("NOT") else read_fact(parse(each))
        for each in (one, other)
    ]
    assert implies(facts[0], Never(facts[1])) or implies(facts[1], Never(facts[0]))


@pytest.mark.parametrize(
    ("one", "other", "is_implied"),
    [
        ("Crimea", "crimea*", True),
        ('"a b"', "a", False),
        ("asset", "asset~", True),
        ("a BEFORE/2 b", "b NEAR/3 a", True),
        ('"frozen assets"', "frozen NEAR/4 assets", False),
    ],
)
def test_where_places_count_the_same_words_must_be_found(one, other, is_implied):
    units = [[read_fact(parse(each))] for each in (one, other)]
    assert find_implied(units, by_places=True) == ({0: 1} if is_implied else {})


def test_of_two_that_say_the_same_the_first_stays_or_the_one_to_be_kept():
    a, b, c = (read_fact(parse(text)) for text in ("Crimea", "crimea", "b"))
    assert find_implied([[a], [b]]) == {1: 0}
    assert find_implied([[a], [b, c]], kept=[1]) == {0: 1}
    assert find_implied([[a, c], [b]]) == {1: 0}


def test_long_lists_are_not_compared_pair_by_pair():
    """25 million comparisons would take minutes."""
    names = [f"name{number}" for number in range(5_000)]
    for texts_ in (names, [f'"the {name}"' for name in names], [f"{name}x*" for name in names]):
        units = [[read_fact(parse(text))] for text in (*texts_, texts_[77])]
        assert find_implied(units)[5_000] == 77


def test_the_index_finds_what_a_comparison_of_all_finds():
    texts_ = [text for pair in IMPLIED for text in pair]
    facts = [read_fact(parse(text)) for text in texts_]
    implied = find_implied([[fact] for fact in facts])
    rest = [fact for number, fact in enumerate(facts) if number not in implied]
    assert not [(one, other) for one in rest for other in rest if one is not other and implies(one, other)]


def test_questions_about_huge_facts_end():
    huge = Every(frozenset(read_fact(parse(f"a{i} | b{i} c{i}")) for i in range(300)))
    other = Every(frozenset(read_fact(parse(f"a{i} | b{i} c{i} | d{i}")) for i in range(300)))
    implies(huge, other)
    deep = Words(text="a")
    for level in range(70):
        deep = (
            Not(child=And(children=(deep, Words(text=f"w{level}"))))
            if level % 2
            else Or(children=(deep, Words(text=f"w{level}")))
        )
    assert implies(read_fact(deep), read_fact(deep))
    assert not implies(read_fact(deep), read_fact(Words(text="z")))


def test_each_is_told_with_one_that_stays():
    units = [[read_fact(parse(word))] for word in ("crimea*", "crim*", "crimean")]
    assert find_implied(units) == {0: 1, 2: 1}
