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
