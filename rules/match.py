"""An article and a compiled set of rules → the topics that match, with the rules that fired and where."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rules.index import NullIndex
from rules.plans import Span, find_atoms
from rules.view import View

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rules.document import Document
    from rules.index import Index
    from rules.plans import RulePlan, TopicPlan
    from rules.tree import Tree

__all__ = ["Fired", "Query", "RuleSet", "Span", "TopicMatch"]

#: In this order the spans of a match are sorted.
_FIELD_ORDER = {"title": 0, "body": 1, "author": 2, "source": 3, "url": 4, "lang": 5, "section": 6}


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


class Fired(NamedTuple):
    """A topic that matches, with the rules that fired in their order, at least one."""

    topic: TopicPlan
    rules: tuple[RulePlan, ...]


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
        return collect_spans([self.plan], view) if self.plan.plan.holds(view) else ()


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """A compiled set of rules: immutable, picklable, safe to share between threads. Built by `compile_rules`."""

    # Not slotted: cached_property needs the instance's dictionary.

    #: by name
    topics: tuple[TopicPlan, ...]
    #: hash of the topics' names and versions
    version: str
    #: tells which rules to judge
    index: Index | NullIndex = field(repr=False)

    def match(self, document: Document) -> tuple[TopicMatch, ...]:
        """The topics that match *document*, by name."""
        view = View(document)
        return tuple(_tell(fired, view) for fired in self._find(view))

    def find(self, document: Document) -> tuple[Fired, ...]:
        """The topics that match *document*, by name, without the places, which take more time than the rest."""
        return tuple(self._find(View(document)))

    def match_brute(self, document: Document) -> tuple[TopicMatch, ...]:
        """The same as `match` without the index: every rule is judged. For tests."""
        return replace(self, index=NullIndex(len(self._rules))).match(document)

    @cached_property
    def _rules(self) -> tuple[RulePlan, ...]:
        """All rules; their places here are the numbers that the index knows them by."""
        return tuple(rule for topic in self.topics for rule in topic.rules)

    @cached_property
    def _topic_numbers(self) -> array[int]:
        """For each rule the place of its topic."""
        return array("I", [number for number, topic in enumerate(self.topics) for _ in topic.rules])

    def _find(self, view: View) -> Iterator[Fired]:
        found = self.index.look(view)
        rules, topics = self._rules, self._topic_numbers
        holding = found.certain.union(number for number in found.possible if rules[number].plan.holds(view))
        by_topic: dict[int, list[RulePlan]] = {}
        for number in sorted(holding):
            by_topic.setdefault(topics[number], []).append(rules[number])
        for number, fired in by_topic.items():
            topic = self.topics[number]
            # Most topics have neither, and at 100,000 rules asking takes a fifth of the time.
            is_guarded = topic.langs and not lets_pass(topic.langs, view.document)
            if not is_guarded and not (topic.excludes and any(e.plan.holds(view) for e in topic.excludes)):
                yield Fired(topic, tuple(fired))

    def __getstate__(self) -> dict[str, object]:
        return {name: self.__dict__[name] for name in ("topics", "version", "index")}


def collect_spans(rules: Iterable[RulePlan], view: View) -> tuple[Span, ...]:
    """All occurrences of what *rules* look for, sorted as in `TopicMatch.spans`."""
    # By identity: the plans of host "de" and language "de" are equal tuples.
    atoms = {id(atom): atom for rule in rules for atom in find_atoms(rule.plan)}
    return sort_spans(span for atom in atoms.values() for span in atom.spans(view))


def sort_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In the order of `TopicMatch.spans`, no two equal."""
    return tuple(sorted(set(spans), key=lambda span: (_FIELD_ORDER[span.field], span.start, span.end)))


def _tell(fired: Fired, view: View) -> TopicMatch:
    return TopicMatch(
        topic=fired.topic.name,
        version=fired.topic.version,
        rules=tuple(rule.id for rule in fired.rules),
        spans=collect_spans(fired.rules, view),
    )


def lets_pass(langs: Collection[str], document: Document) -> bool:
    """Does a topic that is limited to *langs* look at *document*? One of unknown language passes, too."""
    return not langs or not document.lang or document.lang.split("-")[0].lower() in langs
