"""Expressions: what they are read as, and every way in which they are refused."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.descent import MAX_CHARS, MAX_NESTING
from rules.errors import RuleError
from rules.render import render
from rules.sense import MAX_DEPTH
from rules.syntax import parse, read_definition, read_expression
from rules.tree import And, AtLeast, Field, Macro, Near, Not, Or, Quorum, Regex, Score, Wildcard, Words, walk

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
        ("url:cnn.com/peace", Field(name="url", child=Words(text="cnn.com/peace"))),
        ("克里米亚*", Words(text="克里米亚")),
        ("a~b", Words(text="a~b")),
        ("AT&T|b", Or(children=(Words(text="AT&T"), B))),
        ("(AT&T)", Words(text="AT&T")),
        ("AND* AND =AND", And(children=(Words(text="AND", is_prefix=True), Words(text="AND", is_exact=True)))),
        ("“and” „or“ «not»", And(children=(Words(text="and"), Words(text="or"), Words(text="not")))),
        ("NEARBY nearby Any", And(children=(Words(text="NEARBY"), Words(text="nearby"), Words(text="Any")))),
        ('"NEAR/5"', Words(text="NEAR/5")),
        # plurals
        ("asset~", Words(text="asset", is_plural=True)),
        ("air-strike~", Words(text="air-strike", is_plural=True)),
        ("U.S.-strike~", Words(text="US-strike", is_plural=True)),
        ("title:asset~", Field(name="title", child=Words(text="asset", is_plural=True))),
        ("AND~", Words(text="AND", is_plural=True)),
        # wildcards
        ("immobili?ed", Wildcard(text="immobili?ed")),
        ("*militari?*", Wildcard(text="*militari?*")),
        ("=Kyi?", Wildcard(text="Kyi?", is_exact=True)),
        ("-*kraine a", And(children=(Not(child=Wildcard(text="*kraine")), A))),
        ("title:*kraine", Field(name="title", child=Wildcard(text="*kraine"))),
        # regexes
        (r"/€\s?\d+ (billion|bn)/", Regex(pattern=r"€\s?\d+ (billion|bn)")),
        (r"/a\/b/i", Regex(pattern=r"a\/b", ignores_case=True)),
        ("/a # b/ # c", Regex(pattern="a # b")),
        ('/"[(]/|a', Or(children=(Regex(pattern='"[(]'), A))),
        (
            "title:/a/ -/b/",
            And(children=(Field(name="title", child=Regex(pattern="a")), Not(child=Regex(pattern="b")))),
        ),
        ("a/b/", Words(text="a/b/")),
        # ATLEAST, ANY, SCORE
        ("ATLEAST/3 (a | b)", AtLeast(number=3, child=Or(children=(A, B)))),
        ("ATLEAST/3(a NEAR/5 b)", AtLeast(number=3, child=near(A, B))),
        ("title:ATLEAST/1 (a)", Field(name="title", child=AtLeast(number=1, child=A))),
        ("ANY/2 (a, b c, NOT d)", Quorum(number=2, children=(A, And(children=(B, C)), Not(child=D)))),
        ("ANY/1 (a)", Quorum(number=1, children=(A,))),
        ("ANY/1 (AT&T, b)", Quorum(number=1, children=(Words(text="AT&T"), B))),
        ('ANY/1 ("1,000", b)', Quorum(number=1, children=(Words(text="1,000"), B))),
        ("ANY/2 (1,2)", Quorum(number=2, children=(Words(text="1"), Words(text="2")))),
        ("SCORE/10 (a^6, b|c^4, d^-5)", Score(number=10, children=(A, Or(children=(B, C)), D), weights=(6, 4, -5))),
        ("SCORE/1 (a ^1 ,(b c)^2)", Score(number=1, children=(A, And(children=(B, C))), weights=(1, 2))),
        (
            "a ANY/1 (b, c) NOT ATLEAST/2 (d)",
            And(children=(A, Quorum(number=1, children=(B, C)), Not(child=AtLeast(number=2, child=D)))),
        ),
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
        ("a \x00 b", "E100", 3),
        ('"a\x07b"', "E100", 3),
        ("title:a\x85b", "E100", 8),
        ("a # \x1b[0m", "E100", 5),
        ("a\ud800", "E100", 2),
        ("a €", "E100", 3),
        ("a |&* b", "E104", 4),
        ("~", "E100", 1),
        ('"a b"~', "E100", 6),
        ("ATLEAST/2 (a, b)", "E100", 13),
        ("ATLEAST/2 (a^2)", "E100", 13),
        ("ANY/2 (a^5, b)", "E100", 9),
        ("ANY/1 (1,000, b)", "E100", 9),
        ("SCORE/3 (a^5 b^3)", "E100", 14),
        ("SCORE/3 (a^5 | b^3)", "E100", 14),
        ("ANY/1 (a,-b)", "E100", 10),
        ("a^2.5", "E100", 2),
        ("a – b", "E100", 3),
        # E101 bracket not closed, or a stray one
        ("(a", "E101", 1),
        ("a ((b)", "E101", 3),
        ("a) b", "E101", 2),
        ("(a AND", "E101", 1),
        ("a NEAR/5 (b", "E101", 10),
        (") a", "E101", 1),
        ("a ))", "E101", 3),
        (", a", "E100", 1),
        ("^5", "E100", 1),
        ("ANY/1 (a, b", "E101", 7),
        ("SCORE/1 (a^1", "E101", 9),
        ("ATLEAST/1 (a | (b)", "E101", 11),
        ("a (\n(b)\n", "E101", 3),
        # E102 quote not closed
        ('a "b c', "E102", 3),
        ('="b c', "E102", 2),
        ("“b c", "E102", 1),
        ('"a\nb"', "E102", 1),
        (r'"a\"', "E102", 1),
        ('a “b"', "E102", 3),
        ("title:«a", "E102", 7),
        ('(a | "b)', "E102", 6),
        ('((a | "b)', "E101", 1),
        ('(a | "b', "E101", 1),
        ("(a | /b)", "E208", 6),
        # E103 empty rule, brackets, phrase
        ("", "E103", 1),
        ("   # nothing", "E103", 1),
        ("a ()", "E103", 3),
        ('a ""', "E103", 3),
        ('a "—"', "E103", 3),
        ("“ ”", "E103", 1),
        ('a =""', "E103", 3),
        ("ANY/2 ()", "E103", 7),
        ("SCORE/2 ()", "E103", 9),
        ("ATLEAST/2 ( )", "E103", 11),
        ("\n \n", "E103", 1),
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
        ("a |", "E104", 4),
        ("a AND )", "E104", 7),
        ("a &", "E104", 4),
        ("& a", "E104", 1),
        ("a -AND b", "E104", 4),
        ("title:NOT a", "E104", 7),
        ("title:)", "E104", 7),
        ("ANY/2 (a,)", "E104", 10),
        ("ANY/2 (,a, b)", "E104", 8),
        ("SCORE/2 (^2)", "E104", 10),
        ("ATLEAST/3", "E104", 10),
        ("ATLEAST/3 a", "E104", 11),
        ("ANY/3 AND a", "E104", 7),
        ("a NEAR/5 NEAR/5 b", "E104", 10),
        # E106 lower-case operators
        ("a | (@nowhere)", "E206", 6),
        ("(@nowhere | b) NEAR/3 c", "E206", 2),
        ("a and b", "E106", 3),
        ("a or b", "E106", 3),
        ("not a", "E106", 1),
        ("ANY/1 (a, or)", "E106", 11),
        ("(and)", "E106", 2),
        ("title:not", "E106", 7),
        ("a -or", "E106", 4),
        # E201 nothing positive
        ("NOT a", "E201", 1),
        ("  -a -b", "E201", 3),
        ("NOT (a b)", "E201", 1),
        ("NOT a | NOT b", "E201", 1),
        ("title:(NOT a)", "E201", 1),
        ("NOT (a NOT b)", "E201", 1),
        ("NOT /a/", "E201", 1),
        ("NOT ATLEAST/2 (a)", "E201", 1),
        ("ANY/1 (a, NOT b)", "E201", 1),
        ("ANY/2 (a, NOT b, NOT c)", "E201", 1),
        ("SCORE/3 (NOT a^3, b^2)", "E201", 1),
        ("SCORE/3 (NOT a^5, NOT b^-2)", "E201", 1),
        # E202 NOT as an alternative
        ("a | NOT b", "E202", 5),
        ("NOT a | b", "E202", 1),
        ("a | (NOT b NOT c)", "E202", 5),
        ("a (b | NOT c)", "E202", 8),
        ("c NOT (a | NOT b)", "E202", 12),
        ("a | -b", "E202", 5),
        ("a | title:(NOT b)", "E202", 5),
        ("a | ANY/1 (b, NOT c)", "E202", 5),
        ("a | SCORE/1 (NOT b^1, c^1)", "E202", 5),
        ("ANY/1 (a | NOT b, c)", "E202", 12),
        ("SCORE/1 (a | NOT b^1)", "E202", 14),
        ("SCORE/1 (a | NOT b^-1)", "E202", 14),
        ("a | NOT b | NOT c", "E202", 5),
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
        ("a a*b", "E203", 3),
        ("?", "E203", 1),
        ("a -b?", "E203", 4),
        ("l'*", "E203", 1),
        ("l'ab?", "E203", 1),
        ("*re-arm", "E203", 1),
        ("mili**ri", "E203", 1),
        ("2.3?5", "E203", 1),
        ("Cri*мея", "E203", 1),
        ("克里?亚", "E203", 1),
        ("=a?*", "E203", 1),
        ("a b~* c", "E203", 3),
        ("ab~~", "E203", 1),
        ("Ukraine's~", "E203", 1),
        ("cnn.com/a~", "E203", 1),
        ("北京~", "E203", 1),
        ("title:a?", "E203", 7),
        ("=“now?”", "E203", 1),
        ("source:*cnn", "E203", 8),
        ("lang:(fra? | en)", "E203", 7),
        ("source:cnn~", "E203", 8),
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
        ("a (-Title:b)", "E204", 5),
        ("subtitle:b", "E204", 1),
        ("NEAR:5", "E204", 1),
        # E205 operands without a position
        ("a NEAR/5 (b c)", "E205", 10),
        ("(a NOT b) NEAR/5 c", "E205", 1),
        ("a NEAR/5 NOT b", "E205", 10),
        ("a NEAR/5 -b", "E205", 10),
        ("a NEAR/5 title:b", "E205", 10),
        ("a NEAR/5 (b | title:c)", "E205", 10),
        ("ATLEAST/2 (a b)", "E205", 1),
        ("a ATLEAST/2 (b | title:c)", "E205", 3),
        ("ATLEAST/2 (title:a)", "E205", 1),
        ("ATLEAST/2 (/a/)", "E205", 1),
        ("ATLEAST/2 (NOT a)", "E205", 1),
        ("ATLEAST/2 (ATLEAST/2 (a))", "E205", 1),
        ("ATLEAST/2 (ANY/1 (a))", "E205", 1),
        ("a NEAR/5 /b/", "E205", 10),
        ("a NEAR/5 (b | /c/)", "E205", 10),
        ("a NEAR/5 ATLEAST/1 (b)", "E205", 10),
        ("ANY/1 (a) BEFORE/5 b", "E205", 1),
        ("a BEFORE/5 SCORE/1 (b^1)", "E205", 12),
        ("(a NEAR/5 (b c)) NEAR/5 d", "E205", 11),
        ("source:ATLEAST/2 (a)", "E205", 8),
        ("source:(a NEAR/5 b)", "E205", 9),
        # E206 unknown macro (E207 is found between definitions)
        ("a @b", "E206", 3),
        ("ANY/1 (a, @b)", "E206", 11),
        ("SCORE/1 (@b^1, @c^2)", "E206", 10),
        ("ATLEAST/1 (@b)", "E206", 12),
        # E208 bad regex
        ("a /b", "E208", 3),
        ("//", "E208", 1),
        ("a /b/c", "E208", 3),
        ("a /(b/", "E208", 3),
        ("a -/(?=b)c/", "E208", 4),
        (r"a /(b)\1/", "E208", 3),
        ("a title:/[b/", "E208", 9),
        ("/a\nb/", "E208", 1),
        ("source:/cnn/", "E208", 8),
        ("lang:(en | /d/)", "E208", 12),
        # E209 number missing or 0
        ("a NEAR b", "E209", 3),
        ("a BEFORE/ b", "E209", 3),
        ("a NEAR/x b", "E209", 3),
        ("ATLEAST/0 (a)", "E209", 1),
        ("ANY (a, b)", "E209", 1),
        ("SCORE/ (a^1)", "E209", 1),
        ("NEAR", "E209", 1),
        ("a (ATLEAST (b))", "E209", 4),
        ("ANY/0 (a)", "E209", 1),
        ("SCORE/-3 (a^1)", "E209", 1),
        ("a NEAR/ 5 b", "E209", 3),
        ("a NEAR/1000000 b", "E209", 3),
        ("a NEAR/٥ b", "E209", 3),
        # E210 mixed chain, ANY of too few
        ("a NEAR/5 b BEFORE/5 c", "E210", 12),
        ("a NEAR/5 b NEAR/6 c", "E210", 12),
        ("ANY/3 (a, b)", "E210", 1),
        ("a ANY/2 (b)", "E210", 3),
        ("a BEFORE/5 b NEAR/5 c", "E210", 14),
        # E211 SCORE item without weight
        ("SCORE/3 (a^2, b)", "E211", 1),
        ("a SCORE/3 (b)", "E211", 3),
        ("SCORE/3 (a^)", "E211", 1),
        ("SCORE/3 (a^x, b^2)", "E211", 1),
        ("SCORE/3 (a^2.5)", "E211", 1),
        ("SCORE/3 (1,000^6)", "E211", 1),
        # E311 too large or too deep
        ("(" * (MAX_NESTING + 1) + "a" + ")" * (MAX_NESTING + 1), "E311", MAX_NESTING + 1),
        ("NOT " * 200 + "a", "E311", 1),
        (" NEAR/5 ".join("abcdefghi"), "E311", 1),
        ("a " * (MAX_CHARS // 2) + "a", "E311", 1),
        # the smallest column is told
        ("a* and (", "E203", 1),
        ("(a b:c", "E101", 1),
        ("NOT a NEAR/5 title:b", "E201", 1),
        ("a | (NOT b NEAR)", "E209", 12),
        ("ANY/3 (a, (b)", "E210", 1),
        ("a \x00 b*", "E100", 3),
        ("a b* \x00", "E203", 3),
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
        ("a “b", "close it with ” on the same line"),
        ("1,000", 'quote a number with a comma: "1,000"; for a list write | or ANY/1 (a, b)'),
        ("ANY/1 (1,000)", 'quote a number with a comma: "1,000"; for a list write | or ANY/1 (a, b)'),
        ("a*b", "write 3 at least beside a leading or inner * or a ?, or list the words"),
        ("ATLEAST/3 a", "write ATLEAST/3 (a)"),
        ("€", "leave it out: a word needs a letter or digit; a regex finds other signs: /€/"),
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


def test_macros_stand_in_all_that_has_brackets():
    macros = {"m": Or(children=(A, B)), "n": And(children=(C, Not(child=D)))}
    assert parse("ATLEAST/2 (@m)", macros=macros) == AtLeast(number=2, child=macros["m"])
    assert parse("ANY/2 (@m, @n, c)", macros=macros) == Quorum(number=2, children=(macros["m"], macros["n"], C))
    assert parse("SCORE/2 (@m^2, NOT @n^-1)", macros=macros) == Score(
        number=2, children=(macros["m"], Not(child=macros["n"])), weights=(2, -1)
    )
    assert parse("title:@m", macros=macros) == Field(name="title", child=macros["m"])
    with pytest.raises(RuleError) as caught:
        parse("c ATLEAST/2 (@n)", macros=macros)
    assert (caught.value.code, caught.value.column) == ("E205", 3)
    assert read_expression("@m ANY/1 (@n, @m)", macros).macros == {"m", "n"}
    assert read_definition("@m | @n")[0] == Or(children=(Macro(name="m"), Macro(name="n")))


def test_macros_that_are_deep_within_deep_expressions_are_no_crash():
    tree = parse(_nest(MAX_NESTING - 4))
    expression = read_expression(_nest(MAX_NESTING - 4, "@m"), {"m": tree})
    assert expression.problem is not None
    assert expression.problem.code == "E311"
    assert parse("title:@m", macros={"m": tree}).child == tree


@pytest.mark.parametrize(
    "opening",
    [
        "(",
        "NOT ",
        "title:",
        "title:(",
        "ANY/1 (",
        "ATLEAST/1 (",
        "SCORE/1 (",
        "-(",
        "a NEAR/5 (b ",
        "a (b | ",
        "@m (",
    ],
)
def test_nesting_without_end_is_an_error_with_a_place(opening):
    closing = ")" * opening.count("(") * 10_000
    for text in (opening * 10_000 + "a", opening * 10_000 + "a" + closing, opening * 10_000):
        problem = read_expression(text, {}).problem
        assert problem.code in {"E311", "E206"}
        assert 0 <= problem.at <= len(text)


@pytest.mark.parametrize(
    "piece",
    ['"', "“a ", "/a ", "a:b ", "@abc ", "é?|", "''", "a,", "^", "ANY/2 (", "NOT a|", ")", "title:", "=", "a* "],
)
def test_faults_without_number_are_told_once_and_soon(piece):
    problem = read_expression(piece * (MAX_CHARS // len(piece) // 4), {"abd": A}).problem
    assert problem.at <= MAX_CHARS
    assert len(problem.message) < 200


def test_a_rule_of_a_megabyte_is_refused():
    with pytest.raises(RuleError, match="E311 expression of 1,000,000 characters; 200,000 are allowed") as caught:
        parse("ab |" * 250_000)
    assert len(caught.value.render()) < 1000


@pytest.mark.parametrize(
    ("text", "end_column"),
    [
        ("a b* c", 5),
        ("a tittle:b c", 11),
        ('a "b c', 7),
        ("a (NOT b) | NOT c", 18),
        ("a | NOT (b c)", 14),
        ("ATLEAST/2 (a b)", 8),
        ("a AND", 6),
        ("", 1),
        ("ANY/3 (a, b)", 6),
        ("a\n NOT b |\n NOT c", 7),
        ("  NOT\na", 6),
    ],
)
def test_the_end_of_the_faulty_stretch_is_told(text, end_column):
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert caught.value.end_column == end_column
    assert caught.value.end_column >= caught.value.column


def test_long_lists_and_deep_nests_are_fine():
    many = " | ".join(f"word{i}" for i in range(5000))
    assert len(parse(many).children) == 5000
    tree = parse(_nest(MAX_DEPTH // 2 - 1))
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert parse(render(tree)) == tree


def _nest(levels: int, text: str = "a") -> str:
    for i in range(levels):
        text = f"b{i} (c | {text})" if i % 2 else f"({text}) d"
    return text


# Laws

_PIECES = st.sampled_from(
    [
        *"ab *?~=-&|()\",:/@#^“”\\5\n'\x00é",
        " ",
        "AND ",
        "NOT ",
        "NEAR/5 ",
        "title:",
        "word",
        "ANY/2 (",
        "^5",
        "@m",
        "/a/",
        "SCORE/1 (",
        "ATLEAST/2 (",
    ]
)


@given(st.lists(_PIECES, max_size=15).map("".join))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_with_a_place_in_it(text):
    expression = read_expression(text, {})
    if expression.problem:
        assert 0 <= expression.problem.at <= len(text)
    else:
        assert parse(render(expression.tree)) == expression.tree


@pytest.mark.parametrize(
    ("rule", "remedy"),
    [
        ("ATLEAST/2 Crimea*", "write ATLEAST/2 (Crimea*)"),
        ('x ATLEAST/3 "black sea" y', 'write ATLEAST/3 ("black sea")'),
        ("ATLEAST/2", "write ATLEAST/2 (crimea)"),
        ("ATLEAST/2 title:x", "write ATLEAST/2 (crimea)"),
        ("ANY/2 a", "write ANY/2 (a, b, c)"),
    ],
)
def test_missing_brackets_are_shown_around_what_was_written(rule, remedy):
    assert remedy in [problem.remedy for problem in read_expression(rule, {}).problems]


def test_all_that_is_wrong_with_an_expression_is_told_in_order():
    expression = read_expression('(@one | titel:x) AND "" (@two) NOT', {})
    assert [(p.code, p.at + 1) for p in expression.problems] == [
        ("E206", 2),
        ("E204", 9),
        ("E103", 22),
        ("E206", 26),
        ("E104", 35),
    ]
    assert expression.problem == expression.problems[0]


def test_a_quote_that_is_not_closed_is_told_once():
    assert [(p.code, p.at) for p in read_expression('a "b\nc "d', {}).problems] == [("E102", 2)]
