"""Trees → an immutable `RuleSet`, or the plan of one expression.

Every distinct word, phrase and prefix of a set becomes one plan, so that it is looked for once in an article.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, cast

from rules.collection import without_collection
from rules.document import DEFAULT_FIELDS
from rules.glob import longest_piece, read_glob
from rules.index import Index, Numbers
from rules.match import Query, RuleSet
from rules.plans import (
    AllPlan,
    AnyPlan,
    AtLeastPlan,
    LangPlan,
    NearPlan,
    NotPlan,
    QuorumPlan,
    RegexPlan,
    RulePlan,
    ScorePlan,
    SourcePlan,
    TopicPlan,
    WildcardPlan,
    WordsPlan,
)
from rules.plural import forms
from rules.regex import required_literals
from rules.syntax import parse
from rules.tree import And, AtLeast, Field, Near, Not, Or, Quorum, Regex, Score, Wildcard, Words, children_of
from rules.triggers import atom_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.plans import Plan, Positional
    from rules.topic import Rule, Topic
    from rules.tree import Tree


def compile_rules(topics: Iterable[Topic]) -> RuleSet:
    """Compile *topics*; their order makes no difference. Raises ValueError when two have the same name."""
    ordered = sorted(topics, key=lambda topic: topic.name)
    twice = [name for name, count in Counter(topic.name for topic in ordered).items() if count > 1]
    if twice:
        raise ValueError(f"two topics are named {twice[0]}")
    with without_collection():
        compiler = _Compiler()
        plans = tuple(_compile_topic(compiler, topic) for topic in ordered)
        rules = [rule for plan in plans for rule in plan.rules]
        index = Index(rules, compiler.numbers, compiler.fields)
    return RuleSet(topics=plans, version=_version(plans), index=index)


def compile_expression(text: str, *, macros: Mapping[str, Tree] | None = None) -> Query:
    """Compile one expression, as `search` takes it. Raises RuleError."""
    tree = parse(text, macros=macros)
    return Query(tree=tree, plan=RulePlan("", compile_tree(tree)))


def compile_tree(tree: Tree, fields: tuple[str, ...] = DEFAULT_FIELDS) -> Plan:
    """The plan of *tree*, which holds no macros; its words are looked for in *fields*."""
    return _Compiler().compile(tree, fields)


def _version(topics: Iterable[TopicPlan]) -> str:
    text = "\n".join(f"{topic.name} {topic.version}" for topic in topics)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _compile_topic(compiler: _Compiler, topic: Topic) -> TopicPlan:
    def compile_lines(lines: Iterable[Rule]) -> tuple[RulePlan, ...]:
        return tuple(RulePlan(line.id, compiler.compile(line.tree)) for line in lines)

    return TopicPlan(
        name=topic.name,
        version=topic.version,
        langs=topic.langs,
        rules=compile_lines(topic.rules),
        excludes=compile_lines(topic.excludes),
    )


class _Compiler:
    """Makes plans of trees; the same words in the same fields become the same plan."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self._plans: dict[object, Plan] = {}
        #: all fields whose words are looked at
        self.fields: set[str] = set()

    def compile(self, tree: Tree, fields: tuple[str, ...] = DEFAULT_FIELDS) -> Plan:
        """The plan of *tree*, whose words are looked for in *fields*."""
        match tree:
            case Words():
                return self._compile_words(tree, fields)
            case Wildcard():
                return self._compile_wildcard(tree, fields)
            case Regex():
                literals = required_literals(tree.pattern, ignores_case=tree.ignores_case) or ()
                return RegexPlan(fields, tree.pattern, tree.ignores_case, literals)
            case Field():
                return self.compile(tree.child, (tree.name,))
            case Near() | AtLeast():
                return self._compile_counted(tree, fields)
            case _:
                return self._compile_logic(tree, fields)

    def _compile_counted(self, tree: Near | AtLeast, fields: tuple[str, ...]) -> Plan:
        # `sense` has seen to it that the children have places.
        parts = cast("tuple[Positional, ...]", self._compile_all(children_of(tree), fields))
        if isinstance(tree, AtLeast):
            return AtLeastPlan(tree.number, fields, parts[0])
        return NearPlan(self.numbers.new(), fields, parts, tree.gap, tree.is_ordered)

    def _compile_logic(self, tree: Tree, fields: tuple[str, ...]) -> Plan:
        parts = self._compile_all(children_of(tree), fields)
        match tree:
            case Not():
                return NotPlan(parts[0])
            case And():
                return AllPlan(parts)
            case Or():
                return AnyPlan(parts)
            case Quorum():
                return QuorumPlan(tree.number, parts)
            case Score():
                return ScorePlan(tree.number, parts, tree.weights)
            case _:
                raise TypeError(f"{tree} cannot be compiled: macros must be written out")

    def _compile_all(self, children: Iterable[Tree], fields: tuple[str, ...]) -> tuple[Plan, ...]:
        return tuple([self.compile(child, fields) for child in children])

    def _compile_words(self, words: Words, fields: tuple[str, ...]) -> Plan:
        if fields == ("source",):
            return self._once(SourcePlan(words.label))
        if fields == ("lang",):
            return self._once(LangPlan(words.label))
        tokens = words.tokens_in(fields)
        if not len(tokens):
            return AnyPlan(())  # a Thai vowel sign alone: a word, but none that an address could hold
        if words.is_plural:
            *first, last = tokens.folded
            return AnyPlan(
                tuple(self._words_plan((*first, form), (*first, form), words, fields) for form in forms(last))
            )
        return self._words_plan(tokens.exact if words.is_exact else tokens.folded, tokens.folded, words, fields)

    def _words_plan(
        self, compared: tuple[str, ...], folded: tuple[str, ...], words: Words, fields: tuple[str, ...]
    ) -> Plan:
        key = (fields, compared, words.is_exact, words.is_prefix)
        found = self._plans.get(key)
        if found is None:
            self.fields.update(fields)
            is_single = len(compared) == 1 and not words.is_prefix
            is_indexed = fields == DEFAULT_FIELDS and (is_single or not words.is_exact)
            plan = WordsPlan(-1, fields, compared, folded, words.is_exact, words.is_prefix, is_indexed)
            number = self.numbers.of(atom_key(plan)) if is_indexed else self.numbers.new()
            found = self._plans[key] = plan._replace(number=number)
        return found

    def _compile_wildcard(self, word: Wildcard, fields: tuple[str, ...]) -> Plan:
        self.fields.update(fields)
        folded = read_glob(word.text)
        pattern = read_glob(word.text, is_exact=True) if word.is_exact else folded
        plan = WildcardPlan(self.numbers.new(), fields, pattern, word.is_exact, longest_piece(folded))
        return self._plans.setdefault((fields, pattern, word.is_exact), plan)

    def _once(self, plan: SourcePlan | LangPlan) -> Plan:
        return self._plans.setdefault((type(plan), plan), plan)
