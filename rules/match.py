"""An article and a compiled set of rules → the topics that match, with the rules that fired and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.plans import Span
from rules.triggers import document_keys
from rules.view import View

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rules.document import Document
    from rules.plans import RulePlan, TopicPlan
    from rules.topic import Topic
    from rules.tree import Tree

__all__ = ["Query", "RuleSet", "Span", "TopicMatch"]

#: In this order the spans of a match are sorted.
FIELD_ORDER = {"title": 0, "body": 1, "author": 2, "source": 3, "url": 4, "lang": 5, "section": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMatch:
    """A topic that matches an article."""

    topic: str
    #: `Topic.version` at that time
    version: str
    #: ids of the match lines that hold, in their order; at least one
    rules: tuple[str, ...]
    #: all occurrences of what those lines look for; sorted by field (title, body, others) and place, no two equal
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A compiled expression that stands by itself."""

    #: macros written out
    tree: Tree
    plan: RulePlan

    def matches(self, document: Document) -> bool:
        """Does the expression hold?"""
        return self.plan.plan.holds(View(document))

    def spans(self, document: Document) -> tuple[Span, ...]:
        """The occurrences of what the expression looks for; none where it does not hold."""
        view = View(document)
        return _collect_spans([self.plan], view) if self.plan.plan.holds(view) else ()


#: A rule's place: number of its topic, number of its line.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """A compiled set of rules: immutable, picklable, safe to share between threads. Built by `compile_rules`."""

    #: by name
    topics: tuple[Topic, ...]
    #: hash of the topics' names and versions
    version: str
    plans: tuple[TopicPlan, ...]
    #: key → the rules that it triggers; see `triggers`
    triggers: Mapping[str, tuple[Place, ...]]
    #: first two characters → the prefixes that start so, with the rules that each triggers
    prefixes: Mapping[str, tuple[tuple[str, tuple[Place, ...]], ...]]
    #: the fields whose tokens can trigger a rule
    fields: tuple[str, ...]

    def match(self, document: Document) -> tuple[TopicMatch, ...]:
        """The topics that match *document*, by name."""
        view = View(document)
        triggered: dict[int, set[int]] = {}
        for topic, line in self._find_triggered(view):
            triggered.setdefault(topic, set()).add(line)
        found = (_judge(self.plans[topic], sorted(lines), view) for topic, lines in sorted(triggered.items()))
        return tuple(match for match in found if match is not None)

    def match_brute(self, document: Document) -> tuple[TopicMatch, ...]:
        """The same without triggers: every rule is judged. For tests of the index."""
        view = View(document)
        found = (_judge(topic, range(len(topic.rules)), view) for topic in self.plans)
        return tuple(match for match in found if match is not None)

    def _find_triggered(self, view: View) -> set[Place]:
        words = document_keys(view.document)
        for stream in view.streams(self.fields):
            words |= stream.folded
        places: set[Place] = set()
        for key in self.triggers.keys() & words:
            places.update(self.triggers[key])
        if self.prefixes:
            for word in words:
                for prefix, triggered in self.prefixes.get(word[:2], ()):
                    if word.startswith(prefix):
                        places.update(triggered)
        return places


def _judge(topic: TopicPlan, lines: Iterable[int], view: View) -> TopicMatch | None:
    if not _lets_pass(topic.langs, view.document):
        return None
    fired = [topic.rules[i] for i in lines if topic.rules[i].plan.holds(view)]
    if not fired or any(exclusion.plan.holds(view) for exclusion in topic.excludes):
        return None
    return TopicMatch(
        topic=topic.name,
        version=topic.version,
        rules=tuple(rule.id for rule in fired),
        spans=_collect_spans(fired, view),
    )


def _lets_pass(langs: Collection[str], document: Document) -> bool:
    """A guard lets an article of unknown language pass."""
    return not langs or not document.lang or document.lang.split("-")[0].lower() in langs


def _collect_spans(fired: Iterable[RulePlan], view: View) -> tuple[Span, ...]:
    spans = {span for rule in fired for atom in rule.atoms for span in atom.spans(view)}
    return tuple(sorted(spans, key=lambda span: (FIELD_ORDER[span.field], span.start, span.end)))
