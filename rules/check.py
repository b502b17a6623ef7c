"""The tests inside rule files: does each topic match what it says it matches, and nothing it says it does not?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.compile import compile_tree
from rules.document import Document
from rules.match import Query
from rules.plans import RulePlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.topic import Rule, Topic, TopicTest


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFailure:
    """A `test` line that does not come true."""

    __test__ = False  # not a class of tests, whatever pytest thinks of its name

    topic: str
    file: str
    line: int
    #: where the text's opening quote stands, see `TopicTest.at`
    at: int
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
    lines = _Lines(topic)
    return tuple(
        TestFailure(
            topic=topic.name,
            file=topic.file,
            line=test.line,
            at=test.at,
            should_match=test.should_match,
            text=test.text,
            reason=reason,
        )
        for test in topic.tests
        if (reason := lines.judge(test))
    )


class _Lines:
    """The lines of a topic, each compiled by itself: an index would take longer to build than to go without."""

    def __init__(self, topic: Topic) -> None:
        self._rules = [(rule, _compile(rule)) for rule in topic.rules]
        self._excludes = [(rule, _compile(rule)) for rule in topic.excludes]

    def judge(self, test: TopicTest) -> str:
        """Why the test fails; "" when it does not."""
        documents = (Document(title=test.text, body=""), Document(title="", body=test.text))
        matched = next((document for document in documents if self._matches(document)), None)
        if matched and not test.should_match:
            return self._tell_match(matched, test.text)
        if not matched and test.should_match:
            return self._tell_miss(documents)
        return ""

    def _matches(self, document: Document) -> bool:
        return any(query.matches(document) for _, query in self._rules) and not self._excluding(document)

    def _excluding(self, document: Document) -> list[Rule]:
        return [rule for rule, query in self._excludes if query.matches(document)]

    def _tell_match(self, document: Document, text: str) -> str:
        fired = [(rule, query) for rule, query in self._rules if query.matches(document)]
        spans = sorted({(span.start, span.end) for _, query in fired for span in query.spans(document)})
        found = dict.fromkeys(text[start:end] for start, end in spans)
        return f"{', '.join(rule.id for rule, _ in fired)} matches: {', '.join(found)}"

    def _tell_miss(self, documents: Sequence[Document]) -> str:
        for document in documents:
            if any(query.matches(document) for _, query in self._rules):
                lines = ", ".join(str(rule.line) for rule in self._excluding(document))
                return f"excluded by the not line in line {lines}"
        return "no match line holds"


def _compile(rule: Rule) -> Query:
    return Query(tree=rule.tree, plan=RulePlan(rule.id, compile_tree(rule.tree)))
