"""The tests inside rule files: does each topic match what it says it matches, and nothing it says it does not?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.compile import compile_rules
from rules.document import Document
from rules.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.match import RuleSet, TopicMatch
    from rules.topic import Topic, TopicTest


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFailure:
    """A `test` line that does not come true."""

    __test__ = False  # not a class of tests, whatever pytest thinks of its name

    topic: str
    file: str
    line: int
    should_match: bool
    #: the text of the test
    text: str
    #: one line for people: what happened instead
    reason: str


def run_tests(topic: Topic) -> tuple[TestFailure, ...]:
    """Judge the test lines of *topic*, without its `lang` guard; return those that fail.

    A test text is tried as an article's title, and as its body: it matches when either does, so rules that
    look into one of these fields can be tested too.
    """
    if not topic.tests:
        return ()
    rules = compile_rules([replace(topic, langs=())])
    return tuple(
        TestFailure(
            topic=topic.name,
            file=topic.file,
            line=test.line,
            should_match=test.should_match,
            text=test.text,
            reason=reason,
        )
        for test in topic.tests
        if (reason := _judge(rules, test))
    )


def _judge(rules: RuleSet, test: TopicTest) -> str:
    """Why the test fails; "" when it does not."""
    documents = (Document(title=test.text, body=""), Document(title="", body=test.text))
    matches = [match for document in documents for match in rules.match(document)]
    if matches and not test.should_match:
        return _tell_match(matches[0], test.text)
    if not matches and test.should_match:
        return _tell_miss(rules, documents)
    return ""


def _tell_match(match: TopicMatch, text: str) -> str:
    found = dict.fromkeys(text[span.start : span.end] for span in match.spans)
    return f"{', '.join(match.rules)} matches: {', '.join(found)}"


def _tell_miss(rules: RuleSet, documents: Iterable[Document]) -> str:
    (topic,) = rules.plans
    for view in map(View, documents):
        if any(rule.plan.holds(view) for rule in topic.rules):
            excluding = {exclusion.id for exclusion in topic.excludes if exclusion.plan.holds(view)}
            lines = [str(line.line) for line in rules.topics[0].excludes if line.id in excluding]
            return f"excluded by the not line in line {', '.join(lines)}"
    return "no match line holds"
