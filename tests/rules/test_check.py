"""Tests inside rule files, and the topics that come with the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.check import run_tests
from rules.compile import compile_rules
from rules.document import Document
from rules.files import load_rules, parse_topic

CONFIG = Path(__file__).parents[2] / "config" / "rules"


def failures(text):
    return run_tests(parse_topic(text, file="a.rules"))


def test_tests_that_come_true_say_nothing():
    assert failures('topic a\n match Crimea\n test yes "crimea"\n test no "crimean"\n') == ()
    assert failures("topic a\n match Crimea\n") == ()


def test_failures_are_told_with_place_and_reason():
    rules = "topic a\n match Crimea\n match =PURL\n not knitting\n"
    text = f'{rules} test yes "Kyiv"\n test no "PURL Crimea"\n test yes "PURL knitting"\n'
    found = failures(text)
    assert [(f.topic, f.file, f.line, f.should_match, f.text, f.reason) for f in found] == [
        ("a", "a.rules", 5, True, "Kyiv", "no match line holds"),
        ("a", "a.rules", 6, False, "PURL Crimea", "a.1, a.2 matches: PURL, Crimea"),
        ("a", "a.rules", 7, True, "PURL knitting", "excluded by the not line in line 4"),
    ]


def test_tests_are_judged_without_the_lang_guard():
    assert failures('topic a\n lang nl\n match Crimea\n test yes "Crimea"\n') == ()


@pytest.mark.parametrize("field", ["title", "body"])
def test_rules_for_one_field_can_be_tested(field):
    assert failures(f'topic a\n match {field}:Crimea\n test yes "Crimea"\n test no "x"\n') == ()
    assert failures(f'topic a\n match {field}:Crimea\n test no "Crimea"\n')


@pytest.mark.parametrize(
    ("expression", "yes", "no"),
    [
        ("asset~", "the assets", "assetless"),
        ("immobili?ed", "immobilised", "immobile"),
        ("*militari*", "demilitarised", "a mile"),
        (r"/€\s?\d+ # \d/", "€5 # 6", "5 # 6"),
        ("ATLEAST/2 (Crimea | Kyiv)", "Crimea, Kyiv", "Crimea"),
        ("ANY/2 (Rutte, Hegseth, title:Kyiv)", "Hegseth and Rutte", "Rutte and Rutte"),
        ("SCORE/10 (crimea*^6, annex*^4, holiday^-5)", "Crimean annexation", "holiday in Crimea annexed"),
        ("frozen BEFORE/1 assets NOT title:knitting", "frozen bank assets", "assets frozen"),
    ],
)
def test_every_kind_of_expression_can_be_tested(expression, yes, no):
    assert failures(f'topic a\n match {expression}\n test yes "{yes}"\n test no "{no}"\n') == ()
    found = failures(f'topic a\n match {expression}\n test no "{yes}"\n test yes "{no}"\n')
    assert [f.reason for f in found][1] == "no match line holds"
    assert found[0].reason.startswith("a.1 matches")
    assert [f.at for f in found] == [len(f"topic a\n match {expression}\n") + 9, found[1].at]


def test_the_topics_that_come_with_the_program_are_understood_and_tested():
    loaded = load_rules(CONFIG)
    assert not loaded.errors
    assert {topic.name for topic in loaded.topics} == {"crimea", "purl", "frozen-assets", "rutte"}
    for topic in loaded.topics:
        assert run_tests(topic) == ()
        assert {test.should_match for test in topic.tests} == {True, False}


def test_the_topics_that_come_with_the_program_match_what_the_newsroom_expects():
    rules = compile_rules(load_rules(CONFIG).topics)

    def topics(body):
        return [match.topic for match in rules.match(Document(title="", body=body))]

    assert topics("Crimea’s ports, PURL, Rutte") == ["crimea", "purl", "rutte"]
    assert topics("a Crimean Tatar, purl, Rutter") == []
    assert topics("frozen Russian central-bank assets") == ["frozen-assets"]
    assert topics("Prioritized Ukraine Requirements List") == ["purl"]
