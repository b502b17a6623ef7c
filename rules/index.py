"""From the words of an article to the rules that need a look: an index over the rules, not over the articles.

Every distinct word, phrase and prefix of a set of rules is a key with a number. An article's words are looked
up in one step; phrases, prefixes and the letters of wildcards are found by one Aho-Corasick automaton over its
joined tokens. A rule that is a plain OR of such keys needs no judgement: it holds. Any other has a trigger, the
cheapest clause that must be there. The idea is that of stored queries (Lucene's monitor); `research/rules.md`
of the project's material compares engines.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ahocorasick_rs import AhoCorasick

from rules.document import DEFAULT_FIELDS
from rules.plans import AnyPlan, WordsPlan, find_atoms
from rules.triggers import atom_key, document_labels, find_trigger, join_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rules.plans import Plan, RulePlan
    from rules.view import Stream, View


class Numbers:
    """Gives each key, and each plan that has none, a number of its own."""

    def __init__(self) -> None:
        #: how many have been given: 0, 1, …
        self.count = 0
        self.of_key: dict[str, int] = {}

    def new(self) -> int:
        """A number that nothing has yet."""
        self.count += 1
        return self.count - 1

    def of(self, key: str) -> int:
        """The number of *key*."""
        number = self.of_key.get(key)
        if number is None:
            number = self.of_key[key] = self.new()
        return number


class Found(NamedTuple):
    """What an index tells of an article, by the numbers of rules."""

    #: they hold
    certain: set[int]
    #: they may hold
    possible: set[int]


class Index:
    """Which rules an article may match. Immutable; pickled without its automaton, which each process builds."""

    def __init__(self, rules: Sequence[RulePlan], numbers: Numbers, fields: Iterable[str]) -> None:
        """*rules* have the numbers 0, 1, …; *fields* are all those whose words any rule looks at."""
        self._other_fields = tuple(sorted(set(fields) - set(DEFAULT_FIELDS)))
        certain: dict[int, list[int]] = defaultdict(list)
        possible: dict[int, list[int]] = defaultdict(list)
        always: list[int] = []
        usage = Counter(key for rule in rules for key in {atom_key(atom) for atom in find_atoms(rule.plan)})
        for number, rule in enumerate(rules):
            if _needs_no_judgement(rule.plan):
                for atom in find_atoms(rule.plan):
                    certain[numbers.of(atom_key(atom))].append(number)
                continue
            trigger = find_trigger(rule.plan, usage)
            for key in trigger.keys if trigger else ():
                possible[numbers.of(key)].append(number)
            if trigger is None:
                always.append(number)
        self._certain = _Lists(certain, numbers.count)
        self._possible = _Lists(possible, numbers.count)
        self._always = tuple(always)
        self._words, self._exact, self._labels = {}, {}, {}  # type: dict[str, int], dict[str, int], dict[str, int]
        patterns: dict[str, int] = {}
        for key, number in numbers.of_key.items():
            kind, rest = key[0], key[1:]
            if kind == " ":
                patterns[key] = number
            elif kind in _TABLES:
                {"=": self._exact, ":": self._labels, "*": patterns}[kind][rest] = number
            else:
                self._words[key] = number
        self._patterns = tuple(patterns)
        self._pattern_numbers = tuple(patterns.values())

    def look(self, view: View) -> Found:
        """Find the rules to judge; *view* gets to know which words and phrases of the rules it holds."""
        streams = view.streams(DEFAULT_FIELDS)
        here = self._find_words(streams)
        if self._exact:
            for stream in streams:
                here.update(map(self._exact.__getitem__, self._exact.keys() & stream.exact))
        view.found = here
        certain = self._certain.of(here)
        possible = self._possible.of(here | self._find_elsewhere(view))
        return Found(certain, possible.union(self._always) - certain)

    def _find_elsewhere(self, view: View) -> set[int]:
        """The keys of host and language, and of fields other than title and body."""
        labels = self._labels
        found = {labels[label] for label in labels.keys() & document_labels(view.document)} if labels else set()
        streams = view.streams(self._other_fields) if self._other_fields else ()
        return found | self._find_words(streams) if streams else found

    def _find_words(self, streams: Sequence[Stream]) -> set[int]:
        """The keys of words, phrases, prefixes and wildcards."""
        found: set[int | None] = set()
        for stream in streams:
            found.update(map(self._words.get, stream.tokens.folded))
        if self._patterns:
            # Nothing that rules look for holds a NUL, so nothing is found across it.
            text = "\0".join([join_tokens(stream.tokens.folded) for stream in streams])
            patterns = {match[0] for match in self._automaton.find_matches_as_indexes(text, overlapping=True)}
            found.update(map(self._pattern_numbers.__getitem__, patterns))
        found.discard(None)
        return cast("set[int]", found)

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self._patterns, store_patterns=False)

    def __getstate__(self) -> Mapping[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_automaton"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Index) and self.__getstate__() == other.__getstate__()

    __hash__ = None  # type: ignore[assignment]  # it holds dictionaries


class _Lists:
    """For each key the numbers of some rules, in two arrays: a fifth of the memory of a dictionary of tuples."""

    def __init__(self, lists: Mapping[int, Sequence[int]], keys: int) -> None:
        """Lists of some of *keys* keys, which are numbers from 0 on."""
        #: for each key where its list starts, and at last where the last one ends
        self._starts = array("I", [0])
        self._rules = array("I")
        for key in range(keys):
            self._rules.extend(lists.get(key, ()))
            self._starts.append(len(self._rules))

    def of(self, keys: Iterable[int]) -> set[int]:
        """All that any of *keys* has."""
        found: set[int] = set()
        starts, rules = self._starts, self._rules
        for key in keys:
            start, end = starts[key], starts[key + 1]
            if start + 1 == end:  # the usual case
                found.add(rules[start])
            elif start < end:
                found.update(rules[start:end])
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Lists) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # arrays have none


class NullIndex:
    """Lets every rule through: for tests of `Index`, which must change nothing but the time it takes."""

    def __init__(self, rules: int) -> None:
        self._rules = rules

    def look(self, view: View) -> Found:  # noqa: ARG002  # as Index has it
        """All rules may hold."""
        return Found(set(), set(range(self._rules)))


_TABLES = "=:*"


def _needs_no_judgement(plan: Plan) -> bool:
    """Is it enough that one of its keys is there?"""
    if isinstance(plan, AnyPlan):
        return all(map(_needs_no_judgement, plan.parts))
    return isinstance(plan, WordsPlan) and plan.is_indexed
