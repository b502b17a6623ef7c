"""Trees → an immutable `RuleSet`, with an index from words to the rules that need them.

Every distinct word, phrase and prefix of the set becomes one plan, so that it is looked for once in an article.
Only rules whose trigger is found are judged.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, cast

from rules.match import Query, RuleSet
from rules.plans import (
    AllPlan,
    AnyPlan,
    LangPlan,
    NearPlan,
    NotPlan,
    Positional,
    RulePlan,
    SourcePlan,
    TopicPlan,
    WordsPlan,
)
from rules.syntax import parse
from rules.text import tokenize_url
from rules.tree import And, Field, Near, Not, Or, Words
from rules.triggers import atom_keys, find_trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.match import Place
    from rules.plans import (
        Atom,
        Plan,
    )
    from rules.topic import Rule, Topic
    from rules.tree import Tree

#: Where words are looked for that stand in no field group. Never the address, never the author.
DEFAULT_FIELDS = ("title", "body")


def compile_rules(topics: Iterable[Topic]) -> RuleSet:
    """Compile *topics*; their order makes no difference. Raises ValueError when two have the same name."""
    ordered = tuple(sorted(topics, key=lambda topic: topic.name))
    twice = [name for name, count in Counter(topic.name for topic in ordered).items() if count > 1]
    if twice:
        raise ValueError(f"two topics are named {twice[0]}")
    compiler = _Compiler()
    plans = tuple(_compile_topic(compiler, topic) for topic in ordered)
    triggers, prefixes = _index(plans)
    return RuleSet(
        topics=ordered,
        version=_version(ordered),
        plans=plans,
        triggers=triggers,
        prefixes=prefixes,
        fields=(*DEFAULT_FIELDS, *sorted(compiler.fields - set(DEFAULT_FIELDS))),
    )


def compile_expression(text: str, *, macros: Mapping[str, Tree] | None = None) -> Query:
    """Compile one expression, as `search` takes it. Raises RuleError."""
    tree = parse(text, macros=macros)
    return Query(tree=tree, plan=_compile_rule(_Compiler(), "", tree))


def _version(topics: Iterable[Topic]) -> str:
    text = "\n".join(f"{topic.name} {topic.version}" for topic in topics)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _compile_topic(compiler: _Compiler, topic: Topic) -> TopicPlan:
    def compile_lines(lines: Iterable[Rule]) -> tuple[RulePlan, ...]:
        return tuple(_compile_rule(compiler, line.id, line.tree) for line in lines)

    return TopicPlan(
        name=topic.name,
        version=topic.version,
        langs=frozenset(topic.langs),
        rules=compile_lines(topic.rules),
        excludes=compile_lines(topic.excludes),
    )


def _compile_rule(compiler: _Compiler, rule_id: str, tree: Tree) -> RulePlan:
    plan = compiler.compile(tree)
    return RulePlan(rule_id, plan, tuple(dict.fromkeys(_find_atoms(plan))))


def _index(
    topics: Iterable[TopicPlan],
) -> tuple[dict[str, tuple[Place, ...]], dict[str, tuple[tuple[str, tuple[Place, ...]], ...]]]:
    """The triggers of all rules: those that are whole words (or hosts, languages), and prefixes by their start."""
    rules = {(t, i): rule for t, topic in enumerate(topics) for i, rule in enumerate(topic.rules)}
    usage = Counter(key for rule in rules.values() for atom in rule.atoms for key in atom_keys(atom))
    places: dict[str, list[Place]] = defaultdict(list)
    for place, rule in rules.items():
        trigger = find_trigger(rule.plan, usage)
        assert trigger is not None, f"{rule.id} could match anything"
        for key in trigger.keys:
            places[key].append(place)
    prefixes: dict[str, list[tuple[str, tuple[Place, ...]]]] = defaultdict(list)
    for key in sorted(k for k in places if k.endswith("*")):
        prefixes[key[:2]].append((key[:-1], tuple(places.pop(key))))
    return (
        {key: tuple(found) for key, found in places.items()},
        {start: tuple(found) for start, found in prefixes.items()},
    )


class _Compiler:
    """Makes plans of trees; the same words in the same fields become the same plan."""

    def __init__(self) -> None:
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._count = 0
        #: all fields whose text is looked at
        self.fields: set[str] = set()

    def compile(self, tree: Tree, fields: tuple[str, ...] = DEFAULT_FIELDS) -> Plan:
        """The plan of *tree*, whose words are looked for in *fields*."""
        if isinstance(tree, Words):
            return self._compile_words(tree, fields)
        if isinstance(tree, Field):
            return self.compile(tree.child, (tree.name,))
        if isinstance(tree, Not):
            return NotPlan(part=self.compile(tree.child, fields))
        if isinstance(tree, And):
            return AllPlan(parts=tuple(self.compile(c, fields) for c in tree.children))
        if isinstance(tree, Or):
            return AnyPlan(parts=tuple(self.compile(c, fields) for c in tree.children))
        if isinstance(tree, Near):
            # `sense` has seen to it that these have places.
            parts = tuple(cast(Positional, self.compile(c, fields)) for c in tree.children)
            self._count += 1
            return NearPlan(number=self._count, fields=fields, parts=parts, gap=tree.gap, is_ordered=tree.is_ordered)
        raise TypeError(f"{tree} cannot be compiled")

    def _compile_words(self, words: Words, fields: tuple[str, ...]) -> Plan:
        if fields == ("source",):
            return self._intern("source", SourcePlan(host=words.text.lower().lstrip(".")))
        if fields == ("lang",):
            return self._intern("lang", LangPlan(lang=words.text.lower()))
        tokens = tokenize_url(words.text) if fields == ("url",) else words.tokens
        if not len(tokens):
            return AnyPlan(parts=())  # a Thai vowel sign alone: a word, but none that an address could hold
        self.fields.update(fields)
        forms = tokens.exact if words.is_exact else tokens.folded
        key = (fields, forms, words.is_exact, words.is_prefix)
        found = self._plans.get(key)
        if found is None:
            self._count += 1
            found = self._plans[key] = WordsPlan(
                number=self._count,
                fields=fields,
                tokens=forms,
                keys=tokens.folded,
                is_exact=words.is_exact,
                is_prefix=words.is_prefix,
            )
        return found

    def _intern(self, kind: str, plan: SourcePlan | LangPlan) -> Plan:
        return self._plans.setdefault((kind, plan), plan)


def _find_atoms(plan: Plan, *, is_positive: bool = True) -> Iterator[Atom]:
    """What *plan* looks for: what stands under no NOT, or under two."""
    if isinstance(plan, NotPlan):
        yield from _find_atoms(plan.part, is_positive=not is_positive)
    elif isinstance(plan, AllPlan | AnyPlan | NearPlan):
        for part in plan.parts:
            yield from _find_atoms(part, is_positive=is_positive)
    elif is_positive:
        yield plan
