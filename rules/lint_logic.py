"""Lints of what an expression says: alternatives that add nothing, what can never hold, a regex that stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.alternatives import find_implied
from rules.errors import shorten
from rules.implication import implies
from rules.meaning import Either, Every, Label, Never, has_open_words, read_fact, words_of
from rules.regex import required_literals
from rules.tree import And, AtLeast, Field, Near, Not, Or, Regex, Score, Wildcard, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.meaning import Fact
    from rules.topic import Rule, Topic
    from rules.tree import Tree
    from rules.written import Finding, Node, Written

    #: a line of a topic, and where it is written
    Line = tuple[Rule, Written]


def find_in_logic(expression: Written, nodes: Iterable[Node]) -> Iterator[Finding]:
    """W101 within one OR, and W113 within one AND or SCORE, among *nodes* that stand in *expression*."""
    for node in nodes:
        match node.tree:
            case Or():
                yield from _lint_alternatives(expression, node)
            case And():
                yield from _lint_contradiction(expression, node)
            case Score():
                yield from _lint_score(expression, node.tree)


def find_in_topic(topic: Topic, matches: Sequence[Line], excludes: Sequence[Line]) -> Iterator[Finding]:
    """W101 among the lines of a topic, W109, and W113 for lines that exclude each other."""
    for _, expression in matches:  # a not line is only looked at where a match line holds
        yield from _lint_regexes(expression)
    if len(matches) > 1 or excludes or topic.langs:
        facts = [read_fact(rule.tree) for rule, _ in matches]
        excluding = [read_fact(rule.tree) for rule, _ in excludes]
        yield from _lint_lines(matches, facts, "match")
        yield from _lint_lines(excludes, excluding, "not")
        yield from _lint_excluded(topic, matches, facts, list(zip(excludes, excluding, strict=True)))
        yield from _lint_guarded(topic, matches, facts)


# --- W101 -------------------------------------------------------------------------------------------


def _lint_alternatives(expression: Written, node: Node) -> Iterator[Finding]:
    assert isinstance(node.tree, Or)
    units: list[list[Tree]] = []
    macros: dict[tuple[int, int], int] = {}
    for child in node.tree.children:
        if expression.is_from_macro(child):
            number = macros.setdefault((child.at, child.end), len(units))
            if number < len(units):
                units[number].append(child)
                continue
        units.append([child])
    facts = [[read_fact(member, node.fields) for member in unit] for unit in units]
    implied = find_implied(facts, by_places=node.is_place, kept=macros.values())
    for number, by in implied.items():
        one, other = (expression.source_of(units[each][0]) for each in (number, by))
        is_same = set(facts[number]) == set(facts[by])
        yield expression.find("W101", units[number][0], _tell_implied(one, other, is_same=is_same), "leave it out")


def _tell_implied(one: str, other: str, *, is_same: bool) -> str:
    one, other = shorten(one, 40), shorten(other, 40)
    if one == other:
        return f"{one} stands here twice"
    return f"{one} says the same as {other}" if is_same else f"{one} is found by {other} already"


def _lint_lines(lines: Sequence[Line], facts: list[Fact], keyword: str) -> Iterator[Finding]:
    if len(lines) < 2:
        return
    for number, by in find_implied([[fact] for fact in facts]).items():
        expression = lines[number][1]
        message = f"all that this {keyword} line finds is found by line {lines[by][0].line} already"
        yield expression.find("W101", expression.tree, message, "leave one of them out")


# --- W113 -------------------------------------------------------------------------------------------


def _lint_contradiction(expression: Written, node: Node) -> Iterator[Finding]:
    assert isinstance(node.tree, And)
    if not any(isinstance(child, Not | Field) for child in node.tree.children):
        return  # only these rule anything out
    parts = [read_fact(child, node.fields) for child in node.tree.children]
    positive = Every(frozenset(part for part in parts if not isinstance(part, Never)))
    labels = [part for part in parts if _is_label(part)]
    for child, part in zip(node.tree.children, parts, strict=True):
        if isinstance(part, Never):
            is_never = bool(positive.parts) and implies(positive, part.negated)
        else:
            is_never = part in labels[1:] and any(implies(part, Never(other)) for other in labels)
        if is_never:
            place = node.tree if expression.is_from_macro(child) else child
            message = f"can never hold: {shorten(expression.source_of(child), 40)} rules out what stands beside it"
            yield expression.find("W113", place, message, "take out one of the two")
            return


def _is_label(fact: Fact) -> bool:
    """It asks for hosts or languages alone."""
    if isinstance(fact, Either):
        return bool(fact.alternatives) and all(map(_is_label, fact.alternatives))
    return isinstance(fact, Label)


def _lint_score(expression: Written, score: Score) -> Iterator[Finding]:
    most = sum(weight for weight in score.weights if weight > 0)
    if most < score.number:
        message = f"can never hold: the weights add up to {most}, and {score.number} is asked for"
        yield expression.find("W113", score, message, f"ask for {most} or less, or raise the weights")


def _lint_excluded(
    topic: Topic, matches: Sequence[Line], facts: list[Fact], excludes: list[tuple[Line, Fact]]
) -> Iterator[Finding]:
    """Match lines of which a `not` line takes all."""
    taken: dict[int, Line] = {}
    # A look at the words spares nearly all questions: most lines have none in common.
    listed = [
        (line, exclusion, None if has_open_words(exclusion) else words_of(exclusion)) for line, exclusion in excludes
    ]
    for number, fact in enumerate(facts):
        words = words_of(fact)
        for line, exclusion, needed in listed:
            if (needed is None or not needed.isdisjoint(words)) and implies(fact, exclusion):
                taken[number] = line
                break
    if len(taken) == len(matches) and len({rule.id for rule, _ in taken.values()}) == 1:
        expression = taken[0][1]
        message = f"topic {topic.name} can never match: this line takes out all that it finds"
        yield expression.find("W113", expression.tree, message, "make it narrower")
        return
    for number, (rule, _) in taken.items():
        expression = matches[number][1]
        message = f"can never hold: the not line in line {rule.line} takes out all that it finds"
        yield expression.find("W113", expression.tree, message, "make one of the two narrower")


def _lint_guarded(topic: Topic, matches: Sequence[Line], facts: list[Fact]) -> Iterator[Finding]:
    """Match lines that ask for a language which the topic's guard does not let pass."""
    if not topic.langs:
        return
    guard = Either(frozenset(Label("lang", lang) for lang in topic.langs))
    for (_, expression), fact in zip(matches, facts, strict=True):
        parts = fact.parts if isinstance(fact, Every) else (fact,)
        if any(_is_label(part) and implies(part, Never(guard)) for part in parts):
            message = f"can never hold: the topic is for lang {', '.join(topic.langs)} only"
            yield expression.find("W113", expression.tree, message, "add the language to the lang line")


# --- W109 -------------------------------------------------------------------------------------------


def _lint_regexes(expression: Written) -> Iterator[Finding]:
    for regex in _find_unguarded(expression.tree):
        if not required_literals(regex.pattern, ignores_case=regex.ignores_case):
            message = "no word and no three letters in a row must occur, so this regex runs over every article"
            remedy = "join it with a word:  … AND word"
            yield expression.find("W109", regex, message, remedy)


def _find_unguarded(tree: Tree) -> Iterator[Regex]:
    """The regexes that are looked for although no word of the expression need be there."""
    match tree:
        case Regex():
            yield tree
        case Field():
            yield from _find_unguarded(tree.child)
        case And():
            if not any(map(_needs_word, tree.children)):
                for child in tree.children:
                    yield from _find_unguarded(child)
        case _ if not isinstance(tree, Words | Wildcard | Near | AtLeast):
            for child in getattr(tree, "children", ()):
                yield from _find_unguarded(child)


def _needs_word(tree: Tree) -> bool:
    """It holds only where one of its words is."""
    match tree:
        case Words() | Wildcard() | Near() | AtLeast():
            return True
        case Field():
            return tree.name not in {"source", "lang"} and _needs_word(tree.child)
        case Regex():
            return bool(required_literals(tree.pattern, ignores_case=tree.ignores_case))
        case And():
            return any(map(_needs_word, tree.children))
        case Or():
            return all(map(_needs_word, tree.children))
        case _:
            return False
