"""What `@name` stands for: macros put into expressions, and macros put into macros."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.errors import Problem, shorten, suggest
from rules.tree import Macro, Words, children_of, move, walk, with_children

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rules.tree import Tree

#: Nodes of one expression. Thousands of names in a list are fine; macros that double each other are not.
MAX_NODES = 50_000


def expand_macros(tree: Tree, macros: Mapping[str, Tree], problems: list[Problem]) -> Tree:
    """Put the trees of *macros* in the place of their names; names that are not there, told before, become a word.

    Add to *problems* when the tree grows too large.
    """
    budget = [MAX_NODES]
    expanded = _expand(tree, macros, budget)
    if budget[0] < 0:
        problems.append(
            Problem("E311", tree.at, "too large with its macros written out", "use fewer or smaller macros", tree.end)
        )
        return Words(text="x", at=tree.at, end=tree.end)
    return expanded


def _expand(tree: Tree, macros: Mapping[str, Tree], budget: list[int]) -> Tree:
    if isinstance(tree, Words):
        return tree
    if isinstance(tree, Macro):
        found = macros.get(tree.name)
        if found is None:  # told already, see `syntax.read_expression`
            return Words(text="x", at=tree.at, end=tree.end)
        if budget[0] >= 0:
            budget[0] -= sum(1 for _ in walk(found))
        return move(found, tree.at, tree.end) if budget[0] >= 0 else Words(text="x", at=tree.at, end=tree.end)
    children = []
    for child in children_of(tree):  # a comprehension would take two frames of the stack for each level
        children.append(_expand(child, macros, budget))  # noqa: PERF401  # see above
    return with_children(tree, children)


def unknown_macro(macro: Macro, known: Collection[str]) -> Problem:
    """The problem of a name that nothing stands behind."""
    nearest = suggest(macro.name, known)
    remedy = f"did you mean @{nearest} ?" if nearest else f"define it: let @{shorten(macro.name)} = …"
    return Problem("E206", macro.at, f"unknown macro @{shorten(macro.name)}", remedy, macro.end)
