"""What `@name` stands for: macros put into expressions, and macros put into macros."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.errors import Problem, suggest
from rules.tree import Macro, Words, map_children, move, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rules.tree import Tree

#: Nodes of one expression. Thousands of names in a list are fine; macros that double each other are not.
MAX_NODES = 50_000


def expand_macros(tree: Tree, macros: Mapping[str, Tree], problems: list[Problem]) -> Tree:
    """Put the trees of *macros* in the place of their names; add to *problems* each name that is not there."""
    budget = [MAX_NODES]
    expanded = _expand(tree, macros, problems, budget)
    if budget[0] < 0:
        problems.append(
            Problem("E311", tree.at, "too large with its macros written out", "use fewer or smaller macros")
        )
        return Words(text="x", at=tree.at)
    return expanded


def _expand(tree: Tree, macros: Mapping[str, Tree], problems: list[Problem], budget: list[int]) -> Tree:
    if isinstance(tree, Macro):
        found = macros.get(tree.name)
        if found is None:
            problems.append(unknown_macro(tree, macros))
            return Words(text="x", at=tree.at)
        if budget[0] >= 0:
            budget[0] -= sum(1 for _ in walk(found))
        return move(found, tree.at, tree.end) if budget[0] >= 0 else Words(text="x", at=tree.at)
    return map_children(tree, lambda child: _expand(child, macros, problems, budget))


def unknown_macro(macro: Macro, known: Collection[str]) -> Problem:
    """The problem of a name that nothing stands behind."""
    nearest = suggest(macro.name, known)
    remedy = f"did you mean @{nearest} ?" if nearest else f"define it: let @{macro.name} = …"
    return Problem("E206", macro.at, f"unknown macro @{macro.name}", remedy)


def find_loops(uses: Mapping[str, Iterable[str]]) -> set[str]:
    """The names that reach themselves, *uses* telling which names each one uses directly.

    >>> sorted(find_loops({"a": ["b"], "b": ["a"], "c": ["a"]}))
    ['a', 'b']
    """
    return {name for name, used in uses.items() if any(reaches(uses, other, name) for other in used)}


def reaches(uses: Mapping[str, Iterable[str]], start: str, goal: str) -> bool:
    """Is *start* the name *goal*, or does it use it directly or through others?"""
    reached = {start}
    stack = [start]
    while stack:
        for name in uses.get(stack.pop(), ()):
            if name not in reached:
                reached.add(name)
                stack.append(name)
    return goal in reached
