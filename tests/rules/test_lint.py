"""Lints: what is told of, where, with which remedy, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.assemble import assemble_rules
from rules.common_words import COMMON_WORDS
from rules.files import load_rules
from rules.layout import RuleFile
from rules.lint import CODES, lint
from rules.text import tokenize

CONFIG = Path(__file__).parents[2] / "config" / "rules"
MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "lints.md"
TESTS = ' test yes "x"\n'


def lints(text, *more):
    files = [RuleFile(f"{name}.rules", content) for name, content in zip("abc", (text, *more), strict=False)]
    loaded = assemble_rules(files)
    assert not loaded.errors, [error.render() for error in loaded.errors]
    return lint(loaded)


def of_rule(expression, *, more=""):
    """Code and source text of the lints of one match line."""
    text = f'topic t\n match {expression}\n{more} test yes "x"\n'
    lines = text.split("\n")
    return [
        (each.code, lines[each.line - 1][each.column - 1 : each.end_column - 1])
        for each in lints(text)
        if each.line == each.end_line
    ]


# --- each code, told and not told -------------------------------------------------------------------

TOLD = [
    # an alternative implied by another
    ("crimea* | Crimea", "W101", "Crimea"),
    ("Crimea | crimea*", "W101", "Crimea"),
    ('"black sea" | sea', "W101", '"black sea"'),
    ("Kerch | Odesa | Kerch", "W101", "Kerch"),
    ("kerch | Kerch", "W101", "Kerch"),
    ("kerch | =Kerch", "W101", "=Kerch"),
    ("kerch | (kerch odesa)", "W101", "(kerch odesa)"),
    ("kerch AND (odesa | odesa*)", "W101", "odesa"),
    ("odesa NOT (kerch | =Kerch)", "W101", "=Kerch"),
    ("(kerch | kerch*) NEAR/3 odesa", "W101", "kerch"),
    ("ANY/2 (kerch | kerch*, odesa, kyiv)", "W101", "kerch"),
    ("title:(kerch | kerch*)", "W101", "kerch"),
    ("kerch | title:kerch", "W101", "title:kerch"),
    ("source:cnn.com | source:edition.cnn.com", "W101", "source:edition.cnn.com"),
    ("frozen NEAR/4 asset~ | “frozen assets”", "W101", "“frozen assets”"),
    # adjacent capitalised words
    ("Kerch Odesa", "W102", "Kerch Odesa"),
    ("kyiv Sevastopol Port Authority*", "W102", "Sevastopol Port Authority*"),
    ("NATO Ukraine", "W102", "NATO Ukraine"),
    ("=Kerch =Odesa", "W102", "=Kerch =Odesa"),
    ("(Kerch Odesa) | kyiv", "W102", "Kerch Odesa"),
    ("Украина Крым", "W102", "Украина Крым"),
    # AND and OR
    ("kerch odesa | kyiv", "W103", "kerch odesa"),
    ("kyiv | kerch AND odesa", "W103", "kerch AND odesa"),
    ("kyiv | kerch NOT odesa", "W103", "kerch NOT odesa"),
    ("kyiv | (kerch) (odesa)", "W103", "(kerch) (odesa)"),
    ('kyiv AND ("b)" kerch | odesa)', "W103", '"b)" kerch'),
    ("ANY/1 (kerch odesa | kyiv, lviv)", "W103", "kerch odesa"),
    # capitals
    ("PURL", "W104", "PURL"),
    ("US", "W104", "US"),
    ("U.S.", "W104", "U.S."),
    ("WHO | kyiv", "W104", "WHO"),
    ('"IT" AND kyiv', "W104", '"IT"'),
    ("title:EU", "W104", "title:EU"[6:]),
    ("kyiv NOT AIDS", "W104", "AIDS"),
    ("ООО", "W104", "ООО"),
    # common words
    ("Støre", "W105", "Støre"),
    ("May", "W105", "May"),
    ("START", "W105", "START"),
    ("kyiv NOT Bush", "W105", "Bush"),
    ("title:Rose", "W105", "Rose"),
    ("Мир", "W105", "Мир"),
    # regex
    (r"/\d+/", "W109", r"/\d+/"),
    (r"kyiv | /\d{4}-\d\d/", "W109", r"/\d{4}-\d\d/"),
    (r"source:cnn.com AND /a\d/", "W109", r"/a\d/"),
    (r"title:/a\d/", "W109", r"/a\d/"),
    # never
    ("kerch !odesa", "W114", "!odesa"),
    ("+kerch", "W114", "+kerch"),
    ("kerch near/5 odesa", "W114", "near/5"),
    ("any/2", "W114", "any/2"),
    ("'black sea'", "W114", "'black"),
    ("foo~bar", "W114", "foo~bar"),
    ("=title:kerch", "W114", "=title:kerch"),
    ("[kerch]", "W114", "[kerch]"),
    ("kerch AND NOT kerch", "W113", "NOT kerch"),
    ("kerch odesa NOT (kyiv | odesa*)", "W113", "NOT (kyiv | odesa*)"),
    ('"port of kerch" NOT kerch', "W113", "NOT kerch"),
    ("SCORE/10 (kerch^4, odesa^5)", "W113", "SCORE/10 (kerch^4, odesa^5)"),
    ("SCORE/1 (kerch^0, odesa^-5)", "W113", "SCORE/1 (kerch^0, odesa^-5)"),
    ("kyiv lang:en lang:(de | nl)", "W113", "lang:(de | nl)"),
    ("kyiv source:cnn.com source:bbc.com", "W113", "source:bbc.com"),
    ("odesa | (kerch NOT kerch)", "W113", "NOT kerch"),
]


@pytest.mark.parametrize(("expression", "code", "place"), TOLD)
def test_told(expression, code, place):
    assert (code, place) in of_rule(expression)


#: the rules that the specification gives as examples, and others that are well written
WELL_WRITTEN = [
    "Crimea",
    '"Crimean Peninsula"',
    'crimea* NOT ("Crimean-Congo" | CCHF)',
    "=PURL AND (NATO | Ukraine)",
    '"Prioritised Ukraine Requirements List"',
    '"persistent URL" | knitting',
    '"NATO Secretary General" NEAR/2 Rutte',
    "Zelensky | Zelenskyy | Зеленський",
    "frozen NEAR/4 asset~",
    '(frozen | immobili?ed) BEFORE/4 (asset~ | reserve~) AND (Russia* | "central bank")',
    "ATLEAST/3 (Crimea | Crimean)",
    "ANY/2 (Rutte, Hegseth, Zelensky | Zelenskyy)",
    'SCORE/10 (crimea*^6, "Black Sea"^4, annex*^4, holiday^-5)',
    '=US NOT ("US Open" | =USA)',
    "(Trump BEFORE/3 Putin) | (Putin BEFORE/3 Trump)",
    r"/€\s?\d+ (billion|bn)/ AND frozen",
    "*militari?* AND Ukraine",
    '"Ukraine\'s Defense Minister Rustem Umerov"',
    "peace* AND Ukraine",
    # places: taking one out would change what NEAR finds
    '(kerch | "port of kerch") NEAR/3 odesa',
    'ATLEAST/2 (kerch | "kerch bridge")',
    # counted each
    "ANY/2 (kerch, kerch*, odesa)",
    "SCORE/6 (kerch*^4, =Kerch^4)",
    # case counts, or makes no difference
    "=US | =WHO | =May | =Støre",
    "may | store | purl",
    "US* | May*",
    '"US Open" | "the May government"',
    "author:May | section:US | source:US.com | lang:EN | url:US",
    "NATO | OPEC | CCHF | BBC | UNESCO | G7 | F16",
    "НАТО | США",
    # written apart on purpose
    "Kerch AND Odesa",
    "Kerch & Odesa",
    "Kerch (Odesa)",
    'Kerch "Odesa port"',
    "kerch Odesa",
    "Kerch~ Odesa~",
    "Kerch NOT Odesa",
    "author:(Anna) Kerch",
    # brackets say what belongs together
    "(kerch odesa) | kyiv",
    "((kerch odesa)) | kyiv",
    "kerch (odesa | kyiv)",
    '("a )" kerch odesa) | kyiv',
    "kerch NEAR/3 odesa | kyiv",
    # what a regex needs
    r"/crim\w+/",
    r"kyiv AND /\d+/",
    r"kyiv AND (odesa | /\d+/)",
    r"title:(kyiv /\d+/)",
    # can hold
    "kerch NOT =Kerch",
    "kerch* NOT kerch",
    'kerch NOT "port of kerch"',
    "kerch NOT title:kerch",
    "kyiv lang:en NOT lang:en-GB",
    "kyiv lang:en lang:en-GB",
    "SCORE/9 (kerch^4, odesa^5)",
]


@pytest.mark.parametrize("expression", WELL_WRITTEN)
def test_well_written_rules_have_no_lint(expression):
    assert of_rule(expression) == []


def test_what_is_told_as_a_phrase_is_not_told_again_word_by_word():
    assert of_rule("Black Sea | kyiv") == [("W102", "Black Sea")]


# --- over lines, topics and files -------------------------------------------------------------------


def told(*texts):
    return [(each.code, each.file, each.line, each.column) for each in lints(*texts)]


def test_lines_of_a_topic_are_alternatives_too():
    text = f"topic t\n match crimea*\n match kerch =Crimea\n match odesa\n not kyiv*\n not Kyiv\n{TESTS}"
    found = lints(text)
    assert [(each.code, each.line) for each in found] == [("W101", 3), ("W101", 6)]
    assert "found by line 2" in found[0].message
    assert "found by line 5" in found[1].message


def test_macros_are_looked_through():
    kit = "let @kit = missile | missiles\n"
    assert told(f"{kit}topic t\n match @kit | missile\n{TESTS}") == [("W101", "a.rules", 3, 15)]
    assert told(f"{kit}topic t\n match missile | @kit\n{TESTS}") == [("W101", "a.rules", 3, 8)]
    # All of the macro adds nothing, or there is nothing that could be left out.
    assert told(f"{kit}topic t\n match missile* | @kit\n{TESTS}") == [("W101", "a.rules", 3, 19)]
    assert told(f"{kit}topic t\n match missiles* | @kit\n{TESTS}") == []
    assert told(f"{kit}topic t\n match @kit | @kit\n{TESTS}") == [("W101", "a.rules", 3, 15)]


def test_what_is_wrong_in_a_macro_is_told_there_and_once():
    macro = "let @m = kerch | =Kerch | US | Rose | (Kyiv Lviv) | odesa port\n"
    once = told(f"{macro}topic t\n match @m\n match x (@m | y)\n{TESTS}")
    assert [(code, line) for code, _, line, _ in once] == [
        ("W101", 1),
        ("W104", 1),
        ("W105", 1),
        ("W102", 1),
        ("W103", 1),
    ]


def test_a_macro_that_nothing_uses():
    used = f"topic t\n match @a\n{TESTS}"
    assert told(f"let @a = x\n{used}") == []
    assert told("let @a = x\n", used) == []
    assert told(f"let @a = x\nlet @bb = y\n{used}") == [("W110", "a.rules", 2, 5)]
    (lint_,) = lints(f"let @a = x\nlet @bb = y\n{used}")
    assert (lint_.end_line, lint_.end_column) == (2, 8)
    assert lint_.topic is None


def test_a_macro_that_a_topic_with_an_error_uses_is_used():
    loaded = assemble_rules([RuleFile("a.rules", f"let @a = x\ntopic t\n match @a OR\n{TESTS}")])
    assert loaded.errors
    assert lint(loaded) == ()


def test_a_topic_without_tests():
    (found,) = lints('topic crimea "Crimea"\n match kerch\n')
    assert (found.code, found.line, found.column, found.end_column, found.topic) == ("W112", 1, 7, 13, "crimea")
    assert lints(f"topic crimea\n match kerch\n{TESTS}") == ()


def test_not_lines_that_leave_nothing():
    assert told(f"topic t\n match crimea\n match =Crimean\n not crim*\n{TESTS}") == [("W113", "a.rules", 4, 6)]
    assert told(f"topic t\n match crimea\n match odesa\n not crim*\n{TESTS}") == [("W113", "a.rules", 2, 8)]
    assert told(f"topic t\n match crimea\n match odesa\n not crimean\n{TESTS}") == []


def test_a_guard_that_lets_nothing_pass():
    assert told(f"topic t\n lang en, nl\n match kerch lang:de\n match odesa\n{TESTS}") == [("W113", "a.rules", 3, 8)]
    assert told(f"topic t\n lang en, nl\n match kerch lang:en-GB\n match odesa NOT lang:en\n{TESTS}") == []


# --- how a lint is told -----------------------------------------------------------------------------


def test_a_lint_is_shown_like_an_error():
    (found,) = lints(f"topic t\n    match Kyiv | =Kyiv # both\n    {TESTS.strip()}\n")
    assert found.render().split("\n") == [
        "a.rules:2:18: W101 =Kyiv is found by Kyiv already",
        "      match Kyiv | =Kyiv # both",
        "                   ^ leave it out",
    ]
    assert found.summary == "a.rules:2:18: W101 =Kyiv is found by Kyiv already"


def test_places_are_right_over_lines_and_behind_a_byte_order_mark():
    found = lints(f"\ufefftopic t\r\n match kyiv\r\n   | (odesa AND NOT\r\n   odesa)\r\n{TESTS}")
    assert [(each.code, each.line, each.column, each.end_line, each.end_column) for each in found] == [
        ("W113", 3, 17, 4, 9)
    ]


@pytest.mark.parametrize("code", ["W101", "W102", "W103", "W104", "W105", "W109", "W113"])
def test_a_comment_silences_that_lint_on_its_line_alone(code):
    expression = next(expression for expression, each, _ in TOLD if each == code)
    others = [each for each, _ in of_rule(expression) if each != code]
    assert [each for each, _ in of_rule(f"{expression}   # ok: {code}")] == others
    assert code in [each for each, _ in of_rule(f"{expression}   # ok: W199")]
    more = f" match US # ok: {code}\n" if code != "W104" else " match x # ok: W104\n"
    assert code in [each for each, _ in of_rule(expression, more=more)]


def test_macros_and_headers_are_silenced_too():
    assert lints("let @a = x  # ok: W110\ntopic t   # ok: W112\n match kerch\n") == ()
    assert lints("topic t # ok: W112\n match US | kerch odesa # ok: W104, W103\n") == ()


def test_the_topics_that_come_with_the_program_have_no_lints():
    assert [each.render() for each in lint(load_rules(CONFIG))] == []


def test_every_code_is_in_the_list():
    assert {code for _, code, _ in TOLD} | {"W106", "W107", "W108", "W110", "W111", "W112"} == set(CODES)


def test_common_words_are_folded():
    assert all(tokenize(word).folded == (word,) for word in COMMON_WORDS)
    assert {"store", "may", "us", "who", "für".replace("ü", "u"), "мир"} <= COMMON_WORDS
    assert COMMON_WORDS.isdisjoint({"crimea", "ukraine", "rutte", "nato", "purl", "trump", "china"})


@given(st.text(alphabet='ab"()|=*~@/#\\ \nANDORTNE0123^,:NEAR', max_size=40))
def test_nothing_that_is_understood_makes_it_fail(text):
    loaded = assemble_rules([RuleFile("a.rules", f"let @a = b | c\ntopic t\n match {text}\n match x @a\n")])
    for each in lint(loaded):
        assert each.render()
        assert (each.end_line, each.end_column) >= (each.line, each.column)


def test_the_manual_lists_every_code_and_its_examples_are_true():
    rows = {}
    for line in MANUAL.read_text(encoding="utf-8").splitlines():
        if line.startswith("| W"):
            code, *cells = (cell.strip() for cell in line.strip("|").replace("\\|", "\0").split("|"))
            rows[code.strip()] = [cell.strip("`").replace("\0", "|") for cell in cells]
    assert list(rows) == list(CODES)
    for code, (meaning, example, better) in rows.items():
        assert meaning
        if example:
            assert [each for each, _ in of_rule(example)] == [code]
            assert of_rule(better) == []


def test_deep_and_long_rules_are_judged_too():
    deep = "a"
    for level in range(30):
        deep = f"(x{level} | (y{level} {deep}))"
    deeper = "@m"
    for level in range(7):
        deeper = f"(u{level} | (NOT v{level} {deeper}))"
    lints(f"let @m = {deep}\ntopic t\n match x {deeper}\n match y (x {deeper})\n not z {deeper}\n{TESTS}")
    without = " ".join(f"NOT n{number}" for number in range(2_000))
    lints(f"topic t\n match ({' | '.join(f'm{number}' for number in range(2_000))}) {without}\n{TESTS}")
    lines = "".join(f" match m{number}\n not n{number}\n" for number in range(500))
    assert lints(f"topic t\n{lines} not m7\n{TESTS}")[0].code == "W113"


def test_a_regex_of_a_not_line_runs_over_few_articles():
    assert told(f"topic t\n match kerch\n not /\\d+/\n{TESTS}") == []
