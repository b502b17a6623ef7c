"""Does a well-formed expression make sense? Something positive to look for, operands that have positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.errors import Problem
from rules.render import render
from rules.tree import And, Field, Near, Not, Or, Words, children_of, join_and, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.tree import Tree

#: Levels of a tree. Pickle and everything else that walks a tree by recursion must manage it.
MAX_DEPTH = 80

TOO_DEEP = Problem("E311", 0, "nested too deep", "split the rule into several, or name parts with let")

#: Operands in one chain of NEAR or BEFORE: the work grows with 2 to their power.
MAX_OPERANDS = 8

_HOST = re.compile(r"\.?[\w\-]+(?:\.[\w\-]+)*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def check_depth(tree: Tree, problems: list[Problem]) -> bool:
    """Add to *problems*, and return True, when *tree* has more levels than the rest can walk."""
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [c for node in level for c in children_of(node)]
        if not level:
            return False
    problems.append(TOO_DEEP._replace(at=tree.at))
    return True


def check_sense(tree: Tree, problems: list[Problem], *, is_definition: bool = False) -> None:
    """Add to *problems* what makes no sense in *tree*, which holds no macros.

    A definition may be negative: what uses it must not.
    """
    problems.extend(_check_operands(tree))
    problems.extend(_check_labels(tree))
    # Where something is missing, it may be just what is positive.
    is_incomplete = any(problem.code.startswith("E10") for problem in problems)
    alternatives = list(_check_alternatives(tree))
    if _has_positive(tree) and alternatives:
        problems.extend(alternatives)
    elif not is_definition and not is_incomplete and _holds_for_nothing(tree):
        remedy = "add what must be there: a NOT b"
        problems.append(Problem("E201", tree.at, "nothing positive to look for", remedy))


def is_positional(tree: Tree) -> bool:
    """Its occurrences have places in the text: words, NEAR, alternatives of these (and names, not yet known)."""
    if isinstance(tree, Or):
        return all(map(is_positional, tree.children))
    return not isinstance(tree, And | Not | Field)


def _check_operands(tree: Tree) -> Iterator[Problem]:
    for node in walk(tree):
        if isinstance(node, Near):
            for child in node.children:
                if not is_positional(child):
                    what = _NAMES.get(type(child), "what stands here")
                    remedy = "NEAR and BEFORE join words, phrases, alternatives of these, and NEAR"
                    yield Problem("E205", child.at, f"{what} has no position", remedy)
            if len(node.children) > MAX_OPERANDS:
                yield Problem("E311", node.at, f"more than {MAX_OPERANDS} operands in one chain", "split the rule")


_NAMES = {And: "AND", Not: "NOT", Field: "a field", Or: "AND, NOT or a field among alternatives"}


def _check_labels(tree: Tree) -> Iterator[Problem]:
    """`source:` and `lang:` compare labels, they do not read text."""
    stack: list[tuple[Tree, str]] = [(tree, "")]
    while stack:
        node, field = stack.pop()
        if isinstance(node, Field):
            field = node.name
        if field in {"source", "lang"}:
            if isinstance(node, Near):
                yield Problem("E205", node.children[0].at, f"nothing in {field}: has a position", "write AND")
            elif isinstance(node, Words):
                yield from _check_label(node, field)
        stack.extend((c, field) for c in children_of(node))


def _check_label(words: Words, field: str) -> Iterator[Problem]:
    if words.is_prefix:
        yield Problem("E203", words.at, f"no wildcard in {field}:", _LABEL_REMEDIES[field])
    elif not (_HOST if field == "source" else _LANGUAGE).fullmatch(words.text):
        yield Problem("E100", words.at, f"nothing to match in {field}: by {words.text}", _LABEL_REMEDIES[field])


_LABEL_REMEDIES = {
    "source": "write a host: source:cnn.com also covers its subdomains",
    "lang": "write a language code: lang:en",
}


def _check_alternatives(tree: Tree) -> Iterator[Problem]:
    for node in walk(tree):
        if isinstance(node, Or):
            for alternative in node.children:
                if _holds_for_nothing(alternative):
                    positive = next((c for c in node.children if not _holds_for_nothing(c)), Words(text="a"))
                    example = render(join_and([positive, alternative]))
                    remedy = f"write  {example}" if len(example) <= 80 else "write a AND NOT b"
                    yield Problem("E202", alternative.at, "NOT cannot be an alternative of OR", remedy)


def _holds_for_nothing(tree: Tree) -> bool:
    """Would an article without any of the words match?"""
    if isinstance(tree, Not):
        return not _holds_for_nothing(tree.child)
    if isinstance(tree, And):
        return all(map(_holds_for_nothing, tree.children))
    if isinstance(tree, Or):
        return any(map(_holds_for_nothing, tree.children))
    if isinstance(tree, Field):
        return _holds_for_nothing(tree.child)
    return False


def _has_positive(tree: Tree, *, is_positive: bool = True) -> bool:
    """Does a word stand under no NOT, or under two?"""
    if isinstance(tree, Words):
        return is_positive
    inner = is_positive != isinstance(tree, Not)
    return any(_has_positive(c, is_positive=inner) for c in children_of(tree))
