"""Expressions: what they are read as, and every way in which they are refused."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.errors import RuleError
from rules.lexer import read_quoted
from rules.render import quote, render
from rules.sense import MAX_DEPTH
from rules.syntax import MAX_NESTING, parse, read_expression
from rules.tree import And, Field, Near, Not, Or, Words, join_and, join_or, walk

A, B, C, D = (Words(text=t) for t in "abcd")


def near(*children, gap=5, is_ordered=False):
    return Near(children=children, gap=gap, is_ordered=is_ordered)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("a b", And(children=(A, B))),
        ("a AND b & c", And(children=(A, B, C))),
        ("a OR b | c", Or(children=(A, B, C))),
        ("a | b c", Or(children=(A, And(children=(B, C))))),
        ("(a | b) c", And(children=(Or(children=(A, B)), C))),
        ("(a | (b)) | c", Or(children=(A, B, C))),
        ("a NOT b", And(children=(A, Not(child=B)))),
        ("a AND NOT b", And(children=(A, Not(child=B)))),
        ("a -b (-c d)", And(children=(A, Not(child=B), Not(child=C), D))),
        ("NOT b AND a", And(children=(Not(child=B), A))),
        ("NOT NOT a", Not(child=Not(child=A))),
        ("c NOT a NEAR/5 b", And(children=(C, Not(child=near(A, B))))),
        ("a NEAR/5 b c", And(children=(near(A, B), C))),
        ("a BEFORE/0 b BEFORE/0 c", near(A, B, C, gap=0, is_ordered=True)),
        ("(a NEAR/5 b) NEAR/5 c", near(near(A, B), C)),
        ("a NEAR/5 (b | c)", near(A, Or(children=(B, C)))),
        ("title:a", Field(name="title", child=A)),
        ("title:(a NOT b)", Field(name="title", child=And(children=(A, Not(child=B))))),
        ("title:body:a", Field(name="title", child=Field(name="body", child=A))),
        ("-title:a b", And(children=(Not(child=Field(name="title", child=A)), B))),
        ("=PURL", Words(text="PURL", is_exact=True)),
        ('="AT&T"', Words(text="AT&T", is_exact=True)),
        ("crimea*", Words(text="crimea", is_prefix=True)),
        ("=Crimea*", Words(text="Crimea", is_exact=True, is_prefix=True)),
        ("re-arm*", Words(text="re-arm", is_prefix=True)),
        ('"frozen asset*"', Words(text="frozen asset", is_prefix=True)),
        ("AT&T", Words(text="AT&T")),
        ("a&b", Words(text="a&b")),
        ("a& b", And(children=(A, B))),
        ("(a)&(b)", And(children=(A, B))),
        ("12:30", Words(text="12:30")),
        ("#Crimea # and this is a comment", Words(text="#Crimea")),
        ("a # (\nb", And(children=(A, B))),
        ("“Black  Sea”", Words(text="Black Sea")),
        ("„Black Sea“", Words(text="Black Sea")),
        ("„Black Sea”", Words(text="Black Sea")),
        ("«Black Sea»", Words(text="Black Sea")),
        (r'"the \"Black\" Sea"', Words(text="the Black Sea")),
        ('"a # b"', Words(text="a # b")),
        ("nearby", Words(text="nearby")),
        ('"and"', Words(text="and")),
        ("=and", Words(text="and", is_exact=True)),
        ("O'Brien", Words(text="O'Brien")),
        ("https://cnn.com/a", Words(text="https://cnn.com/a")),
        ("source:bbc.co.uk", Field(name="source", child=Words(text="bbc.co.uk"))),
        ("lang:(en | pt-BR)", Field(name="lang", child=Or(children=(Words(text="en"), Words(text="pt-BR"))))),
        ("url:(peace NEAR/5 talks)", Field(name="url", child=near(Words(text="peace"), Words(text="talks")))),
        ("克里米亚*", Words(text="克里米亚")),
        ("a~b", Words(text="a~b")),
    ],
)
def test_expressions_are_read(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        # E100 stray character, or nothing to match in a word
        ("a ^ b", "E100", 3),
        ("a , b", "E100", 3),
        ("1,000", "E100", 2),
        ("a @ b", "E100", 3),
        ("a ”", "E100", 3),
        ("... a", "E100", 1),
        ("a ''", "E100", 3),
        ("a - b", "E100", 3),
        ("a --b", "E100", 3),
        ("a |-b", "E100", 4),
        ("title:-b", "E100", 7),
        ('"a"-b', "E100", 4),
        ("= a", "E100", 1),
        ("=(a)", "E100", 1),
        ("(a, b)", "E100", 3),
        ("a^5", "E100", 2),
        ('source:"New York Times"', "E100", 8),
        ("lang:english", "E100", 6),
        # E101 bracket not closed, or a stray one
        ("(a", "E101", 1),
        ("a ((b)", "E101", 3),
        ("a) b", "E101", 2),
        ("(a AND", "E101", 1),
        ("a NEAR/5 (b", "E101", 10),
        # E102 quote not closed
        ('a "b c', "E102", 3),
        ('="b c', "E102", 2),
        ("“b c", "E102", 1),
        ('"a\nb"', "E102", 1),
        (r'"a\"', "E102", 1),
        # E103 empty rule, brackets, phrase
        ("", "E103", 1),
        ("   # nothing", "E103", 1),
        ("a ()", "E103", 3),
        ('a ""', "E103", 3),
        ('a "—"', "E103", 3),
        # E104 operand missing
        ("a AND", "E104", 6),
        ("a AND   # or", "E104", 6),
        ("a OR OR b", "E104", 6),
        ("OR a", "E104", 1),
        ("AND a", "E104", 1),
        ("NOT", "E104", 4),
        ("a NOT AND b", "E104", 7),
        ("a NEAR/5", "E104", 9),
        ("NEAR/5 a", "E104", 1),
        ("(a |) b", "E104", 5),
        ("title: a", "E104", 7),
        ("title:", "E104", 7),
        ("a title:OR", "E104", 9),
        # E106 lower-case operators
        ("a and b", "E106", 3),
        ("a or b", "E106", 3),
        ("not a", "E106", 1),
        ("a near/5 b", "E106", 3),
        # E201 nothing positive
        ("NOT a", "E201", 1),
        ("  -a -b", "E201", 3),
        ("NOT (a b)", "E201", 1),
        ("NOT a | NOT b", "E201", 1),
        ("title:(NOT a)", "E201", 1),
        ("NOT (a NOT b)", "E201", 1),
        # E202 NOT as an alternative
        ("a | NOT b", "E202", 5),
        ("NOT a | b", "E202", 1),
        ("a | (NOT b NOT c)", "E202", 5),
        ("a (b | NOT c)", "E202", 8),
        ("c NOT (a | NOT b)", "E202", 12),
        # E203 wildcards
        ("a b*", "E203", 3),
        ("*", "E203", 1),
        ("a re-a*", "E203", 3),
        ("=b*", "E203", 1),
        ("a.*", "E203", 1),
        ("Ukraine's*", "E203", 1),
        ("https://cnn.com/a*", "E203", 1),
        ("人*", "E203", 1),
        ("foo**", "E203", 1),
        ("a?", "E203", 1),
        ("*ab", "E203", 1),
        ("=asset~", "E203", 1),
        ("asset*~", "E203", 1),
        ('a "frozen * b"', "E203", 3),
        ('"what now?"', "E203", 1),
        ('"fro* assets"', "E203", 1),
        ('"frozen a*"', "E203", 1),
        ("source:cnn*", "E203", 8),
        # E204 unknown field
        ("a tittle:b", "E204", 3),
        ("Ukraine:", "E204", 1),
        # E205 operands without a position
        ("a NEAR/5 (b c)", "E205", 10),
        ("(a NOT b) NEAR/5 c", "E205", 1),
        ("a NEAR/5 NOT b", "E205", 10),
        ("a NEAR/5 -b", "E205", 10),
        ("a NEAR/5 title:b", "E205", 10),
        ("a NEAR/5 (b | title:c)", "E205", 10),
        ("ATLEAST/2 (a b)", "E205", 1),
        ("source:(a NEAR/5 b)", "E205", 9),
        # E206 unknown macro (E207 is found between definitions)
        ("a @b", "E206", 3),
        # E208 bad regex
        ("a /b", "E208", 3),
        ("//", "E208", 1),
        # E209 number missing or 0
        ("a NEAR b", "E209", 3),
        ("a BEFORE/ b", "E209", 3),
        ("a NEAR/x b", "E209", 3),
        ("ATLEAST/0 (a)", "E209", 1),
        ("ANY (a, b)", "E209", 1),
        ("SCORE/ (a^1)", "E209", 1),
        # E210 mixed chain, ANY of too few
        ("a NEAR/5 b BEFORE/5 c", "E210", 12),
        ("a NEAR/5 b NEAR/6 c", "E210", 12),
        ("ANY/3 (a, b)", "E210", 1),
        # E211 SCORE item without weight
        ("SCORE/3 (a^2, b)", "E211", 1),
        # E212 not available in this version
        ("a asset~", "E212", 8),
        ("a immobili?ed", "E212", 11),
        ("=immobili?ed", "E212", 10),
        ("*militari?*", "E212", 1),
        ("mili*ri", "E212", 5),
        ("a /€\\s?\\d+ (billion|bn)/i AND frozen", "E212", 3),
        ("a ATLEAST/3 (b | c)", "E212", 3),
        ("ANY/2 (a, b, c | d)", "E212", 1),
        ("SCORE/10 (a*b^6, b^4, c^-5)", "E212", 1),
        ("ATLEAST/3 a", "E212", 1),
        # E311 too large or too deep
        ("(" * (MAX_NESTING + 1) + "a" + ")" * (MAX_NESTING + 1), "E311", MAX_NESTING + 1),
        ("NOT " * 200 + "a", "E311", 1),
        (" NEAR/5 ".join("abcdefghi"), "E311", 1),
        # the smallest column is told
        ("a* and (", "E203", 1),
        ("(a b:c", "E101", 1),
        ("NOT a NEAR/5 title:b", "E201", 1),
    ],
)
def test_faults_are_told_with_code_and_column(text, code, column):
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.column) == (code, column), caught.value.render()
    assert caught.value.message
    assert caught.value.file is None


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("=PURL | NOT knitting", "write  =PURL NOT knitting"),
        ("tittle:a", "did you mean title: ?"),
        ("a and b", 'write AND in capitals, or quote it: "and"'),
        ("@zelenski", "did you mean @zelensky ?"),
    ],
)
def test_faults_come_with_a_remedy(text, remedy):
    with pytest.raises(RuleError) as caught:
        parse(text, macros={"zelensky": A})
    assert caught.value.remedy == remedy


def test_the_column_counts_within_the_line_of_the_fault():
    with pytest.raises(RuleError) as caught:
        parse("a\n  b* c")
    assert (caught.value.column, caught.value.source_line) == (3, "  b* c")


def test_macros_are_written_out_where_they_are_named():
    macros = {"m": Or(children=(A, B)), "n": And(children=(C, Not(child=D)))}
    assert parse("@m | c", macros=macros) == Or(children=(A, B, C))
    assert parse("@m NEAR/5 c", macros=macros) == near(Or(children=(A, B)), C)
    assert {node.at for node in walk(parse("   @m", macros=macros))} == {3}
    with pytest.raises(RuleError) as caught:
        parse("a NEAR/5 @n", macros=macros)
    assert (caught.value.code, caught.value.column) == ("E205", 10)


def test_macros_that_grow_without_bound_are_refused():
    macros = {"m": Or(children=tuple(Words(text=f"w{i}") for i in range(5000)))}
    assert len(parse("@m @m", macros=macros).children) == 2
    with pytest.raises(RuleError, match="too large"):
        parse(" ".join(["@m"] * 11), macros=macros)


def test_long_lists_and_deep_nests_are_fine():
    many = " | ".join(f"word{i}" for i in range(5000))
    assert len(parse(many).children) == 5000
    tree = parse(_nest(MAX_DEPTH // 2 - 1))
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert parse(render(tree)) == tree


def _nest(levels: int) -> str:
    text = "a"
    for i in range(levels):
        text = f"b{i} (c | {text})" if i % 2 else f"({text}) d"
    return text


# Laws

_TEXTS = st.one_of(
    st.sampled_from(
        ["a", "PURL", "AT&T", "re-arm", "O'Brien", "AND", "or", "NEAR", "ANY", "12:30", "title:a", "1,000"]
    ),
    st.sampled_from(
        ["https://cnn.com/a", "#x # y", "a | b", "(a)", "^", "北京", "คน", "a/b", "-a", "=a", "@a", "a~", "é\u0301"]
    ),
    st.text(max_size=8),
).filter(lambda text: not set(text) & set('*?"\\') and len(Words(text=text).tokens) > 0)
_WORDS = st.builds(
    lambda text, *, is_exact: Words(text=" ".join(text.split()), is_exact=is_exact), _TEXTS, is_exact=st.booleans()
)
_PREFIXES = st.builds(
    lambda text, *, is_exact: Words(text=text, is_exact=is_exact, is_prefix=True),
    st.sampled_from(["crimea", "re-arm", "frozen asset", "U.S", "Крим", "AND", "크림"]),
    is_exact=st.booleans(),
)
_LEAVES = _WORDS | _PREFIXES


def _several(children):
    return st.lists(children, min_size=2, max_size=3)


_POSITIONAL = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda c, gap, *, o: near(*c, gap=gap, is_ordered=o), _several(inner), st.integers(0, 9), o=st.booleans()
        ),
        _several(inner).map(join_or),
    ),
    max_leaves=4,
)
TREES = st.recursive(
    _POSITIONAL,
    lambda inner: st.one_of(
        _several(inner).map(join_and),
        _several(inner).map(join_or),
        st.builds(lambda a, b: join_and([a, Not(child=b)]), inner, inner),
        st.builds(lambda a, b: join_and([Not(child=a), b]), inner, inner),
        st.builds(
            lambda n, c: Field(name=n, child=c), st.sampled_from(["title", "body", "author", "url", "section"]), inner
        ),
    ),
    max_leaves=8,
)


@given(TREES)
@settings(max_examples=150)
def test_what_is_written_is_read_back(tree):
    assert parse(render(tree)) == tree


_PIECES = st.sampled_from([*"ab *?~=-&|()\",:/@#^“”\\5\n'", " ", "AND ", "NOT ", "NEAR/5 ", "title:", "word", "ANY/2"])


@given(st.lists(_PIECES, max_size=15).map("".join))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_with_a_place_in_it(text):
    expression = read_expression(text, {})
    if expression.problem:
        assert 0 <= expression.problem.at <= len(text)
    else:
        assert parse(render(expression.tree)) == expression.tree


@given(st.text(st.characters(exclude_characters="\n\r")))
def test_quoted_text_is_read_back(text):
    quoted = quote(text)
    assert read_quoted(quoted, 0) is not None
    read, end = read_quoted(quoted, 0)
    assert end == len(quoted)
    assert read == text or (text.endswith("\\") and read == text.rstrip("\\"))
