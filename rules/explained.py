"""An expression and an article → each node of the expression, with where it hit or why it does not hold.

Words, regexes and what has to be near each other are asked of the engine (`evidence`), which also says what was
nearly found (`misses`); the rest is put together from these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rules.misses import (
    Miss,
    Nearest,
    cut,
    leaves_trace,
    name,
    places,
    tell_found,
    tell_nearest,
    why_no_regex,
    why_no_wildcard,
    why_no_words,
    why_not_near,
)
from rules.render import render
from rules.tree import And, AtLeast, Field, Near, Not, Or, Quorum, Regex, Score, Wildcard, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.evidence import Evidence
    from rules.plans import Span
    from rules.tree import Tree

__all__ = ["Explained", "Explainer", "Kind", "Nearest", "find_deciding", "mark_deciding", "reason"]

#: What a node of an expression is. `title:Crimea` is of kind words: only a group has a node for its field.
Kind = Literal["words", "wildcard", "regex", "and", "or", "not", "near", "before", "field", "atleast", "any", "score"]

#: Of so many members all are explained; of more, those that made it come out so.
MOST_MEMBERS = 25

#: And where that is none in particular, so many as examples.
MOST_EXAMPLES = 10

#: So many members are named in a sentence.
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One node of an expression, and how it stands with it in the article."""

    kind: Kind
    #: as `render.render` writes it; a member of SCORE without its weight
    expression: str
    holds: bool
    #: for people, with names and stretches of the article as they stand there: why it does not hold, or does
    why: str
    #: it is among the smallest parts that explain how the topic came out
    is_deciding: bool = False
    #: where it hit, sorted by field and place; of NEAR and BEFORE whole stretches, of ATLEAST the places counted.
    #: AND, OR, NOT, ANY, SCORE and field groups have none of their own.
    spans: tuple[Span, ...] = ()
    #: NEAR, BEFORE and phrases whose parts occur, but not so near or not in this order: where they are nearest
    nearest: Nearest | None = None
    #: it does not hold, but something like it is there, of which `why` tells
    is_close: bool = False
    #: of a member of SCORE
    weight: int | None = None
    children: tuple[Explained, ...] = ()
    #: members that are not among the children, because they are many and say nothing new
    left_out: int = 0


class Explainer:
    """Explains expressions on one article."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        #: by the identity of the node, which lives as long as its topic, and the fields
        self._holding: dict[tuple[int, tuple[str, ...]], bool] = {}

    def explain(self, tree: Tree, fields: tuple[str, ...]) -> Explained:
        """Explain *tree*, whose words are looked for in *fields*. Nothing is marked yet."""
        match tree:
            case Words() | Wildcard() | Regex():
                explained = self._atom(tree, fields)
            case Field():
                explained = self._field(tree)
            case Not():
                explained = self._not(tree, fields)
            case Near():
                explained = self._near(tree, fields)
            case AtLeast():
                explained = self._at_least(tree, fields)
            case And() | Or() | Quorum() | Score():
                explained = self._joined(tree, fields)
            case _:
                raise TypeError(f"macro @{tree.name} is not written out")
        return explained

    def holds(self, tree: Tree, fields: tuple[str, ...]) -> bool:
        """Does *tree* hold?"""
        key = (id(tree), fields)
        held = self._holding.get(key)
        if held is None:
            held = self._holding[key] = self._judge(tree, fields)
        return held

    def _judge(self, tree: Tree, fields: tuple[str, ...]) -> bool:
        match tree:
            case Field():
                holds = self.holds(tree.child, (tree.name,))
            case Not():
                holds = not self.holds(tree.child, fields)
            case And():
                holds = all(self.holds(child, fields) for child in tree.children)
            case Or():
                holds = any(self.holds(child, fields) for child in tree.children)
            case Quorum():
                holds = sum(self.holds(child, fields) for child in tree.children) >= tree.number
            case Score():
                holds = self._score(tree, fields) >= tree.number
            case _:
                holds = self._evidence.holds(tree, fields)
        return holds

    def _score(self, tree: Score, fields: tuple[str, ...]) -> int:
        members = zip(tree.children, tree.weights, strict=True)
        return sum(weight for child, weight in members if self.holds(child, fields))

    # --- atoms, and what has places -----------------------------------------------------------------

    def _atom(self, atom: Words | Wildcard | Regex, fields: tuple[str, ...]) -> Explained:
        evidence = self._evidence
        holds = self.holds(atom, fields)
        spans = evidence.spans(atom, fields) if holds else ()
        if holds:
            miss = Miss(tell_found(atom, fields, spans, evidence))
        elif isinstance(atom, Words):
            miss = why_no_words(atom, fields, evidence)
        elif isinstance(atom, Wildcard):
            miss = why_no_wildcard(atom, fields, evidence)
        else:
            miss = why_no_regex(atom, fields, evidence)
        return Explained(
            kind=_kind(atom),
            expression=render(atom),
            holds=holds,
            why=miss.why,
            spans=spans,
            nearest=miss.nearest,
            is_close=miss.is_close or miss.nearest is not None,
        )

    def _near(self, near: Near, fields: tuple[str, ...]) -> Explained:
        evidence = self._evidence
        holds = self.holds(near, fields)
        miss = Miss(tell_nearest(near, fields, evidence)) if holds else why_not_near(near, fields, evidence)
        return Explained(
            kind=_kind(near),
            expression=render(near),
            holds=holds,
            why=miss.why,
            spans=evidence.near_stretches(near, fields) if holds else (),
            nearest=miss.nearest,
            is_close=miss.is_close or miss.nearest is not None,
            children=tuple(self.explain(child, fields) for child in near.children),
        )

    def _at_least(self, tree: AtLeast, fields: tuple[str, ...]) -> Explained:
        spans = self._evidence.stretches(tree.child, fields)
        starts = {(span.field, span.start) for span in spans}
        found = f"occurs {places(spans)}" if spans else "does not occur"
        return Explained(
            kind="atleast",
            expression=render(tree),
            holds=self.holds(tree, fields),
            why=f"it {found}: {len(starts)} of {tree.number} that are asked for",
            spans=spans,
            children=(self.explain(tree.child, fields),),
        )

    # --- what is put together -----------------------------------------------------------------------

    def _field(self, tree: Field) -> Explained:
        child = self.explain(tree.child, (tree.name,))
        if child.kind in {"words", "wildcard", "regex"}:
            return replace(child, expression=render(tree))
        return Explained(
            kind="field",
            expression=render(tree),
            holds=child.holds,
            why=f"it is looked for in {tree.name} alone",
            children=(child,),
        )

    def _not(self, tree: Not, fields: tuple[str, ...]) -> Explained:
        child = self.explain(tree.child, fields)
        found = next(find_deciding(mark_deciding(child)), child)
        return Explained(
            kind="not",
            expression=render(tree),
            holds=not child.holds,
            why=f"it must not be there, but {reason(found)}" if child.holds else "it must not be there, and is not",
            children=(child,),
        )

    def _joined(self, tree: And | Or | Quorum | Score, fields: tuple[str, ...]) -> Explained:
        chosen = self._choose(tree, fields)
        children = [self.explain(tree.children[i], fields) for i in chosen]
        if isinstance(tree, Score):
            children = [replace(child, weight=tree.weights[i]) for i, child in zip(chosen, children, strict=True)]
        return Explained(
            kind=_kind(tree),
            expression=render(tree),
            holds=self.holds(tree, fields),
            why=self._tell_joined(tree, fields),
            children=tuple(children),
            left_out=len(tree.children) - len(chosen),
        )

    def _choose(self, tree: And | Or | Quorum | Score, fields: tuple[str, ...]) -> Sequence[int]:
        """The members to explain: all, or of many those that made it come out so, or else some of them."""
        every = range(len(tree.children))
        if len(every) <= MOST_MEMBERS:
            return every
        is_and = isinstance(tree, And)
        telling = [i for i in every if self.holds(tree.children[i], fields) is not is_and]
        if telling:
            return telling
        # Of AND, which holds here, no member is more telling than another.
        ranked = every if is_and else sorted(every, key=lambda i: not self._is_nearly_there(tree.children[i]))
        return sorted(ranked[:MOST_EXAMPLES])

    def _is_nearly_there(self, tree: Tree) -> bool:
        return isinstance(tree, Words) and leaves_trace(tree, self._evidence)

    def _tell_joined(self, tree: And | Or | Quorum | Score, fields: tuple[str, ...]) -> str:
        held = [child for child in tree.children if self.holds(child, fields)]
        of_all = f"{len(held)} of {len(tree.children)} hold"
        match tree:
            case And():
                missing = [child for child in tree.children if not self.holds(child, fields)]
                return f"{of_all}; missing: {_names(missing)}" if missing else "all hold"
            case Or():
                return f"{of_all}: {_names(held)}" if held else "none of the alternatives holds"
            case Quorum():
                return f"{of_all}, {tree.number} are asked for{': ' if held else ''}{_names(held)}"
            case Score():
                members = zip(tree.children, tree.weights, strict=True)
                parts = [f"{name(child)} {weight:+d}" for child, weight in members if self.holds(child, fields)]
                told = _list(parts) or "none of them holds"
                return f"the sum is {self._score(tree, fields)} of the {tree.number} that are asked for: {told}"


# --- what decides -----------------------------------------------------------------------------------


def mark_deciding(node: Explained) -> Explained:
    """Mark the smallest parts that explain why *node* holds, or does not."""
    decides: Iterable[Explained] = ()
    if node.kind in {"and", "or", "field"} or (node.kind == "any" and node.holds):
        # A failed AND comes from those that fail, an OR that holds from those that hold; else all have a part in it.
        decides = [child for child in node.children if child.holds == node.holds]
    elif node.kind in {"near", "before", "atleast"} and not node.holds:
        # Where an operand is not there at all, its distance is not what matters.
        decides = [child for child in node.children if not child.holds]
    if not decides:
        return replace(node, is_deciding=True)
    return replace(
        node,
        children=tuple(mark_deciding(c) if any(c is d for d in decides) else c for c in node.children),
    )


def reason(node: Explained) -> str:
    """Why *node* holds or does not, as a sentence that stands by itself: it names what it is about."""
    subject = cut(node.expression)
    return node.why if node.why.startswith((subject, "the article")) else f"{subject}: {node.why}"


def find_deciding(node: Explained) -> Iterator[Explained]:
    """The nodes that are marked, in the order of the expression."""
    stack = [node]
    while stack:
        node = stack.pop()
        if node.is_deciding:
            yield node
        stack.extend(reversed(node.children))


# --- words of the sentences -------------------------------------------------------------------------

_KINDS: dict[type[Tree], Kind] = {
    Words: "words",
    Wildcard: "wildcard",
    Regex: "regex",
    And: "and",
    Or: "or",
    Quorum: "any",
    Score: "score",
}


def _kind(tree: Tree) -> Kind:
    if isinstance(tree, Near):
        return "before" if tree.is_ordered else "near"
    return _KINDS[type(tree)]


def _names(trees: Sequence[Tree]) -> str:
    return _list([name(tree) for tree in trees[:_MOST_NAMED]], len(trees))


def _list(names: Sequence[str], count: int = 0) -> str:
    shown = list(names[:_MOST_NAMED])
    rest = max(count, len(names)) - len(shown)
    return ", ".join([*shown, *([f"{rest} more"] if rest else [])])
