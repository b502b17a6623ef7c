"""`try rules`: every line has an answer, and it is the one that live matching gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.assemble import assemble_rules
from rules.compile import compile_rules
from rules.document import Document
from rules.layout import RuleFile
from wirewatch import ruletrial
from wirewatch.jsonlines import Line
from wirewatch.ruletrial import _Kept

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).parents[3] / "shared"
ARTICLES = SHARED / "newsroom" / "articles"


def answered(content: bytes, *judge: Callable[[ruletrial.Question], dict[str, object]]) -> str:
    return ruletrial.answer(Line(content), *judge)


def ask(rule: object, *, ident: object = 1, **question: object) -> dict[str, object]:
    told = json.loads(answered(json.dumps({"id": ident, "rule": rule, **question}).encode()))
    assert told.pop("id") == ident
    return told


def test_a_match_has_the_spans_of_the_document():
    doc = {"title": "Crimea now", "body": "a crimea b", "section": ["World", "Crimea"], "source": "x.cnn.com"}
    found = ask("Crimea AND section:crimea AND source:cnn.com NOT Krim", doc=doc)
    assert found == {
        "match": True,
        "spans": [
            {"field": "title", "start": 0, "end": 6, "text": "Crimea"},
            {"field": "body", "start": 2, "end": 8, "text": "crimea"},
            {"field": "source", "start": 2, "end": 9, "text": "cnn.com"},
            {"field": "section", "start": 6, "end": 12, "text": "Crimea"},
        ],
    }


def test_keys_come_in_the_documented_order():
    assert answered(b'{"rule":"a","id":7}') == '{"id":7,"match":false,"spans":[]}'
    assert list(json.loads(answered(b'{"rule":"a | NOT b","id":7}'))) == ["id", "error", "col", "message"]


@pytest.mark.parametrize("doc", [None, {}, {"title": None, "body": None, "section": None}, {"title": "", "x": 1}])
def test_what_is_missing_in_a_document_is_empty(doc):
    assert ask("a", doc=doc) == {"match": False, "spans": []}


def test_a_document_may_be_left_out_and_other_keys_are_passed_over():
    assert ask("a", expect=True) == {"match": False, "spans": []}
    assert ask("a |", expect=True)["error"] == "E104"


@pytest.mark.parametrize("field", ["title", "body", "author", "source", "url", "lang"])
def test_every_field_of_a_document_is_read(field):
    value = {"url": "https://a.example/en", "lang": "en-GB"}.get(field, "en")
    assert ask(f"{field}:en", doc={field: value})["match"] is True


# --- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "code", "column"),
    [
        ("a | NOT b", "E202", 5),
        ("", "E103", 1),
        ("a AND", "E104", 6),
        ("(a", "E101", 1),
        ('a "b', "E102", 3),
        ("a and b", "E106", 3),
        ("NOT a", "E201", 1),
        ("*", "E203", 1),
        ("tittle:a", "E204", 1),
        ("a NEAR/2 (b AND c)", "E205", 10),
        ("x @nix", "E206", 3),
        ("a NEAR b", "E209", 3),
        ("a NEAR/2 b BEFORE/2 c", "E210", 12),
        ("a\nAND | b", "E104", 7),
        ('a "b* c"', "E203", 3),
        ("a =b~", "E203", 3),
        ("a ATLEAST/2 (b AND c)", "E205", 3),
        ("a /b(?=c)/", "E208", 3),
        ("a ATLEAST/0 (b)", "E209", 3),
        ("a ANY/3 (b, c)", "E210", 3),
        ("a SCORE/3 (b^2, c)", "E211", 3),
        ("\x00", "E100", 1),
    ],
)
def test_an_error_has_code_column_and_message(rule, code, column):
    told = ask(rule)
    assert (told["error"], told["col"]) == (code, column)
    assert told["message"]
    assert "macro" not in told


@pytest.mark.parametrize(
    ("rule", "macros", "code", "column", "macro"),
    [
        ("@a", {"a": "x @nix"}, "E206", 3, "a"),
        ("@a", {"a": "@a"}, "E207", 1, "a"),
        ("y @a", {"a": "x @b", "b": "z | @a"}, "E207", 3, "a"),
        ("y @c", {"a": "@b", "b": "@a", "c": "v @b"}, "E207", 1, "b"),
        ("@a", {"@a": "@b", "@b": "x OR"}, "E104", 5, "b"),
        ("@a", {"a": "(x"}, "E101", 1, "a"),
        ("@a", {"a": ""}, "E103", 1, "a"),
        # what the rule itself has wrong comes first
        ("@a |", {"a": "(x"}, "E104", 5, None),
        ("@a NEAR/3 (@b AND c)", {"a": "x", "b": "y"}, "E205", 11, None),
        ("@a", {"a": "NOT x"}, "E201", 1, None),
    ],
)
def test_an_error_in_a_macro_names_the_macro_and_counts_in_its_definition(rule, macros, code, column, macro):
    told = ask(rule, macros=macros)
    assert (told["error"], told["col"], told.get("macro")) == (code, column, macro)


def test_macros_are_named_with_or_without_at_and_stand_in_any_order():
    doc = {"body": "Zelenskyy met Rutte"}
    macros = {"@both": "@people NEAR/3 @nato", "people": "Zelensky | Zelenskyy", "@nato": "Rutte"}
    assert ask("@both", macros=macros, doc=doc)["match"] is True
    assert ask("@both", macros=dict(reversed(macros.items())), doc=doc)["match"] is True


def test_a_macro_that_the_rule_does_not_reach_may_be_wrong():
    assert ask("@a", macros={"a": "x", "b": "(", "c": "@c"}, doc={"body": "x"})["match"] is True


@pytest.mark.parametrize("macros", [{"a b": "x"}, {"": "x"}, {"1": "x"}, {"@@a": "x"}, {"a": "x", "@a": "y"}])
def test_a_name_that_no_macro_can_have_is_bad_input(macros):
    assert ask("y", macros=macros)["error"] == "bad_input"


def test_the_nearest_macro_is_suggested():
    assert "@zelensky" in ask("@zelenski", macros={"@zelensky": "x"})["message"]


# --- bad input --------------------------------------------------------------------------------------

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("line", "ident"),
    [
        (b"", None),
        (b"\n", None),
        (b"nonsense", None),
        (b"[1]", None),
        (b'"rule"', None),
        (b"null", None),
        (b"\xff\xfe", None),
        (b"\x00", None),
        (b'{"id": 3}', 3),
        (b'{"id": 3, "rule": null}', 3),
        (b'{"id": 3, "rule": 5}', 3),
        (b'{"rule": 5, "id": {"a": [1, 2]}}', {"a": [1, 2]}),
        (b'{"id": 3, "rule": "a", "doc": []}', 3),
        (b'{"id": 3, "rule": "a", "doc": {"title": 1}}', 3),
        (b'{"id": 3, "rule": "a", "doc": {"section": "x"}}', 3),
        (b'{"id": 3, "rule": "a", "doc": {"section": [null]}}', 3),
        (b'{"id": 3, "rule": "a", "macros": ["b"]}', 3),
        (b'{"id": 3, "rule": "a", "macros": {"b": null}}', 3),
        (b'{"id": 3, "rule": "a", "do', 3),
        (b'{"id": "x", "rule": "a"', "x"),
        (b'{"id": 3, "rule": "\\ud800"}', 3),
        (b'{"id": "\\ud800", "rule": "a"}', "\ud800"),
        (b'{"id": 3, "rule": "a\xff"}', 3),
        (b'{"id": "\xff", "rule": "a"}', None),
        (b'{"id": 01, "rule": "a"}', None),
        (b'{"id": 3, "rule": "a"} {}', 3),
        (b'{"id": 3, "rule": "a", "doc": ' + DEEP + b"}", 3),
        (b'{"id": ' + DEEP + b', "rule": "a"}', None),
    ],
)
def test_bad_input_is_answered_with_the_id_where_there_is_one(line, ident):
    told = json.loads(answered(line))
    assert told["id"] == ident
    assert (told["error"], told["col"]) == ("bad_input", None)
    assert 0 < len(told["message"]) < 200
    assert json.loads(ruletrial.answer(Line(line[:100], "too long")))["error"] == "bad_input"


@pytest.mark.parametrize(
    "ident",
    ["1", "1.50", "1e5", "-0", '"\\u00e9"', '"é\u2028"', '{"b": 1, "a":[ ]}', "null", "1234567890123456789012"],
)
def test_the_id_is_given_back_as_it_was_written(ident):
    for rest in ('"rule": "a"', '"rule": 5'):
        assert answered(f'{{{rest}, "id": {ident} }}'.encode()).startswith(f'{{"id":{ident},')


def test_an_answer_is_one_line_that_no_terminal_obeys():
    told = answered(b'{"id": [1,\r2], "rule": "a\\u001bb", "doc": {"body": "a\\u001bb"}}')
    assert told.isprintable()
    told = answered('{"id": 1, "rule": "\u202e* \u009b", "doc": {}}'.encode())
    assert told.isprintable()


@pytest.mark.parametrize(
    "rule",
    [
        "x" * 1_000_000,
        "(" * 10_000 + "x" + ")" * 10_000,
        "NOT " * 10_000 + "x",
        "x NEAR/2 " * 5_000 + "x",
        "((((x AND (((y" * 100,
        '"' * 1_001,
        " | ".join(f"word{i}" for i in range(20_000)),
    ],
    ids=["long word", "brackets", "nots", "nears", "open brackets", "quotes", "long list"],
)
def test_a_hostile_rule_has_an_answer(rule):
    told = ask(rule, doc={"body": "word7"})
    assert told.keys() in ({"match", "spans"}, {"error", "col", "message"})
    assert told.get("error") not in {"bad_input", "internal_error"}
    assert ask("word7", doc={"body": "word7"})["match"] is True


def test_macros_that_double_each_other_are_refused():
    macros = {"m0": "x | y"} | {f"m{i}": f"@m{i - 1} | @m{i - 1}" for i in range(1, 40)}
    assert str(ask("@m39", macros=macros)["error"]).startswith("E3")


def test_a_huge_document_is_matched():
    body = "word " * 100_000 + "Crimea\x00"
    found = ask("Crimea", doc={"body": body})
    assert found["spans"] == [{"field": "body", "start": 500_000, "end": 500_006, "text": "Crimea"}]


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(line):
    told = json.loads(answered(line))
    assert told["error"] != "internal_error"


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(
    st.fixed_dictionaries(
        {"id": _JSON, "rule": _JSON},
        optional={"macros": st.dictionaries(st.text(), _JSON) | _JSON, "doc": st.dictionaries(st.text(), _JSON)},
    )
)
def test_any_object_has_an_answer_with_its_id(question):
    told = json.loads(answered(json.dumps(question).encode()))
    assert told["id"] == question["id"]
    assert told.get("error") != "internal_error"


def test_a_bug_is_answered_too():
    def fail(question):
        raise LookupError(question.rule)

    told = json.loads(answered(b'{"id": 7, "rule": "a"}', fail))
    assert told == {
        "id": 7,
        "error": "internal_error",
        "col": None,
        "message": "unexpected LookupError: a; this is a bug",
    }


# --- the same as live -------------------------------------------------------------------------------

_WORDS = st.sampled_from(["a", "b", "crimea", "NATO", "re-arm", "Ж", "="])
_TEXTS = st.lists(_WORDS, max_size=8).map(" ".join)
_RULES = st.sampled_from(
    ["a", "a b", "a | crimea", "=NATO NOT a", "a NEAR/2 b", 'title:(a | b) "re arm"', "cri* BEFORE/3 a", "b NOT (a Ж)"]
)


@given(_RULES, _TEXTS, _TEXTS)
def test_an_answer_is_what_a_rule_file_gives(rule, title, body):
    loaded = assemble_rules([RuleFile("t.rules", f"topic t\n    match {rule}\n")])
    live = compile_rules(loaded.topics).match(Document(title=title, body=body))
    told = ask(rule, doc={"title": title, "body": body})
    assert told["match"] is bool(live)
    spans = [(span.field, span.start, span.end) for match in live for span in match.spans]
    assert [(span["field"], span["start"], span["end"]) for span in told["spans"]] == spans


@given(st.lists(st.tuples(_RULES, _TEXTS, st.booleans()), max_size=20))
def test_answers_do_not_depend_on_what_was_asked_before(questions):
    """Rules, macros and documents that are kept give what those that are read anew give."""
    for number, (rule, text, is_upper) in enumerate(questions):
        doc = {"title": "", "body": text.upper() if is_upper else text}
        macros = {"m": "b | Ж" if is_upper else "a"}
        anew = {**doc, "author": f"author {number} {id(doc)}"}
        told = ask(f"{rule} -(@m @m)", doc=doc, macros=macros)
        assert told == ask(f"{rule} -(@m @m) # {number} {id(doc)}", doc=anew, macros={**macros, f"x{number}": "x"})


def test_what_is_kept_has_a_limit():
    """What weighs too much is made each time; what is kept makes room for what comes later."""
    kept = _Kept(10)
    made = []

    def ask_for(key, weight):
        return kept.get(key, lambda: (made.append(key) or key * 2, weight))

    assert [ask_for(1, 4), ask_for(2, 6), ask_for(1, 4), ask_for(3, 11), ask_for(3, 11)] == [2, 4, 2, 6, 6]
    assert made == [1, 2, 3, 3]
    assert [ask_for(4, 5), ask_for(1, 4), ask_for(2, 6), ask_for(4, 5)] == [8, 2, 4, 8]
    assert made == [1, 2, 3, 3, 4, 2, 4]


@pytest.mark.parametrize(
    ("rule", "body", "matched"),
    [
        ("asset~ NEAR/1 frozen", "frozen state assets, assets", ["frozen", "assets"]),
        ("immobili?ed", "immobilized and immobilised", ["immobilized", "immobilised"]),
        ("*militari?*", "remilitarised", ["remilitarised"]),
        ("ATLEAST/2 (a | b)", "a c b", ["a", "b"]),
        ("ANY/2 (a, b, c NOT d)", "c a x", ["c", "a"]),
        ("SCORE/3 (a^2, b^2, c^-1)", "a b c", ["a", "b", "c"]),
        (r"/€\s?\d+/", "for € 50 now", ["€ 50"]),
    ],
)
def test_every_operator_is_understood_and_has_spans(rule, body, matched):
    found = ask(rule, doc={"body": body})
    assert found["match"] is True
    assert set(matched) >= {span["text"] for span in found["spans"]} >= set(matched[:1])
    assert all(body[span["start"] : span["end"]] == span["text"] for span in found["spans"])


# --- the examples of the specification --------------------------------------------------------------


def _examples() -> list[tuple[str, set[int]]]:
    """The table of RULES.md: `rule`, and the numbers of the articles that it matches."""
    if not (SHARED / "RULES.md").exists():
        return []
    table = (SHARED / "RULES.md").read_text(encoding="utf-8").partition("| rule | matches |")[2].partition("\nTraps")[0]
    rows = [line.strip("|").rsplit("|", 1) for line in table.splitlines() if line.startswith("| `")]
    read = [(rule.strip().strip("`").replace("\\|", "|"), matches) for rule, matches in rows]
    return [
        (rule, {int(number) for number in matches.partition("(")[0].partition(",")[0].split()})
        for rule, matches in read
    ]


@pytest.mark.skipif(not ARTICLES.is_dir(), reason="the sample articles are not beside the checkout")
@pytest.mark.parametrize(("rule", "wanted"), _examples())
def test_the_examples_of_the_specification(rule, wanted):
    from ingest.repair import repair

    found = set()
    for path in ARTICLES.glob("00[0-4]_*.txt"):
        told = ask(rule, doc={"title": "", "body": repair(path.read_text(encoding="utf-8")).text})
        if told["match"]:
            found.add(int(path.name[:3]))
    assert found == wanted
