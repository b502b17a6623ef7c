"""Why a topic matches an article, or why not: each part of its lines, where it hit, and what decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.document import DEFAULT_FIELDS
from rules.evidence import Evidence
from rules.explained import Explained, Explainer, Nearest, find_deciding, mark_deciding, reason
from rules.match import lets_pass, sort_spans
from rules.misses import count
from rules.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.document import Document
    from rules.plans import Span
    from rules.topic import Rule, Topic

__all__ = ["Explained", "ExplainedLine", "Nearest", "TopicExplanation", "explain_topic", "find_deciding", "reason"]

Side = Literal["match", "not"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """A `match` or `not` line."""

    #: as in `topic.Rule`
    id: str
    kind: Side
    #: in its file
    line: int
    #: macros written out
    expression: str
    holds: bool
    #: it is among those that explain how the topic came out
    is_deciding: bool
    #: for people: why it holds, or does not
    why: str
    tree: Explained


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicExplanation:
    """How a topic came out on an article."""

    topic: str
    version: str
    matches: bool
    #: the article's language is known, and none of those that the topic is limited to
    is_stopped_by_lang: bool
    #: for people: why it matches, or does not
    why: str
    #: as in `match.TopicMatch`; both empty when it does not match
    rules: tuple[str, ...]
    spans: tuple[Span, ...]
    #: the `match` lines, then the `not` lines
    lines: tuple[ExplainedLine, ...]


def explain_topic(topic: Topic, document: Document) -> TopicExplanation:
    """Explain how *topic* comes out on *document*: it matches just where a `RuleSet` says so."""
    evidence = Evidence(document)
    explainer = Explainer(evidence)
    is_stopped = not lets_pass(topic.langs, document)
    fired = [rule for rule in topic.rules if explainer.holds(rule.tree, DEFAULT_FIELDS)]
    is_excluded = any(explainer.holds(rule.tree, DEFAULT_FIELDS) for rule in topic.excludes)

    def explain(rules: Sequence[Rule], side: Side) -> Iterator[ExplainedLine]:
        decides = side == ("not" if fired and is_excluded else "match") and not is_stopped
        for rule in rules:
            tree = explainer.explain(rule.tree, DEFAULT_FIELDS)
            # Those that hold decide; where no match line does, it is up to all of them.
            yield _line(rule, side, tree, is_deciding=decides and tree.holds == bool(fired))

    lines = (*explain(topic.rules, "match"), *explain(topic.excludes, "not"))
    if is_stopped or is_excluded:
        fired = []
    return TopicExplanation(
        topic=topic.name,
        version=topic.version,
        matches=bool(fired),
        is_stopped_by_lang=is_stopped,
        why=_tell_stop(topic, document, lines) if is_stopped else _tell(lines),
        rules=tuple(rule.id for rule in fired),
        spans=sort_spans(span for rule in fired for span in evidence.spans(rule.tree, DEFAULT_FIELDS)),
        lines=lines,
    )


def _line(rule: Rule, side: Side, tree: Explained, *, is_deciding: bool) -> ExplainedLine:
    marked = mark_deciding(tree)
    first, *others = find_deciding(marked)
    unseen = (node for node in _walk(marked) if node.kind == "or" and any(child.is_deciding for child in node.children))
    more = len(others) + sum(node.left_out for node in unseen if not node.holds)
    return ExplainedLine(
        id=rule.id,
        kind=side,
        line=rule.line,
        expression=render(rule.tree),
        holds=tree.holds,
        is_deciding=is_deciding,
        why=f"{reason(first)}; and {count(more, 'more reason')}" if more else reason(first),
        tree=marked if is_deciding else tree,
    )


def _tell_stop(topic: Topic, document: Document, lines: Sequence[ExplainedLine]) -> str:
    told = f"the article's language is {document.lang}, and the topic is limited to {', '.join(topic.langs)}"
    return told if any(line.holds for line in lines if line.kind == "match") else f"{told}; nor does a match line hold"


def _tell(lines: Sequence[ExplainedLine]) -> str:
    deciding = [line for line in lines if line.is_deciding]
    if deciding[0].holds:
        first = f"{deciding[0].id} {'holds' if deciding[0].kind == 'match' else 'excludes it'}: {deciding[0].why}"
        others = ", ".join(line.id for line in deciding[1:4])
        more = f" and {len(deciding) - 4} more" if len(deciding) > 4 else ""
        return f"{first}; so {'do' if len(deciding) > 2 else 'does'} {others}{more}" if others else first
    if len(deciding) == 1:
        return deciding[0].why
    if not any(map(_closeness, deciding)):
        return f"nothing that its {len(deciding)} match lines look for is there"
    closest = max(deciding, key=lambda line: (_closeness(line), -sum(1 for _ in find_deciding(line.tree))))
    return f"none of its {len(deciding)} match lines holds; the closest is {closest.id}: {closest.why}"


def _closeness(line: ExplainedLine) -> int:
    """2 where something of a line that does not hold was found, 1 where something like it was, else 0."""
    nodes = list(_walk(line.tree))
    return 2 if any(node.spans for node in nodes) else int(any(node.is_close for node in nodes))


def _walk(node: Explained) -> Iterator[Explained]:
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))
