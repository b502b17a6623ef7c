"""Does a well-formed expression make sense? Something positive to look for, operands that have positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.errors import Problem, shorten
from rules.render import render
from rules.tree import (
    And,
    AtLeast,
    Field,
    Macro,
    Near,
    Not,
    Or,
    Quorum,
    Regex,
    Score,
    Wildcard,
    Words,
    children_of,
    join_and,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    problems.append(TOO_DEEP._replace(at=tree.at, end=tree.end))
    return True


def check_regexes(regexes: Iterable[Regex], problems: list[Problem]) -> None:
    """Add to *problems* what RE2 says of the first of *regexes* that it does not take."""
    for regex in regexes:
        # Most sets of rules have no regex, and need not load what reads them.
        from rules.regex import find_fault

        if fault := find_fault(regex.pattern, ignores_case=regex.ignores_case):
            code, message, remedy = fault
            problems.append(Problem(code, regex.at, message, remedy, regex.end))
            return


def check_sense(tree: Tree, problems: list[Problem], *, is_definition: bool = False) -> None:
    """Add to *problems* what makes no sense in *tree*, which holds no macros.

    A definition may be negative: what uses it must not.
    """
    # Where something is missing, it may be just what is positive.
    missing = [problem.at for problem in problems if problem.code.startswith("E10")]
    judge = _Judge(problems)
    holds_for_nothing = judge.visit(tree, "", is_positive=True)
    alternatives = [(parent, a) for parent, a in judge.alternatives if not any(a.at <= at <= a.end for at in missing)]
    if judge.has_positive and judge.alternatives:
        if alternatives:
            # In the order of the text, and only the first one is told.
            problems.append(_refuse_alternative(*min(alternatives, key=lambda found: found[1].at)))
    elif holds_for_nothing and not is_definition and not missing:
        remedy = "add what must be there: a NOT b"
        problems.append(Problem("E201", tree.at, "nothing positive to look for", remedy, tree.end))


def is_positional(tree: Tree) -> bool:
    """Its occurrences have places in the text: words, NEAR, alternatives of these (and names, not yet known)."""
    if isinstance(tree, Or):
        return all(map(is_positional, tree.children))
    return isinstance(tree, Words | Wildcard | Near | Macro)


class _Judge:
    """One walk over a tree, on which everything is looked at."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        #: a word stands under no NOT, or under two
        self.has_positive = False
        #: alternatives that would match an article without any of the words, each with the OR that it stands in
        self.alternatives: list[tuple[Or, Tree]] = []

    def visit(self, tree: Tree, field: str, *, is_positive: bool) -> bool:
        """Would an article without any of the words match? *field* is the one that *tree* is read in, or ""."""
        if isinstance(tree, Words | Wildcard | Regex):
            self.has_positive = self.has_positive or is_positive
            if field in _LABEL_REMEDIES:
                self._problems.extend(_check_label(tree, field))
            return False
        if isinstance(tree, Or):
            return self._visit_or(tree, field, is_positive=is_positive)
        if isinstance(tree, Score):
            return self._visit_score(tree, field, is_positive=is_positive)
        if isinstance(tree, Near | AtLeast):
            self._check_operands(tree, field)
        if isinstance(tree, Field):
            field = tree.name
        is_negated = isinstance(tree, Not)
        held = sum([self.visit(c, field, is_positive=is_positive != is_negated) for c in children_of(tree)])
        # Of how many members that is true for it to be true of the whole.
        needed = tree.number if isinstance(tree, Quorum) else len(children_of(tree))
        return (held >= needed) != is_negated and not isinstance(tree, Near | AtLeast)

    def _visit_score(self, tree: Score, field: str, *, is_positive: bool) -> bool:
        reached = 0
        for child, weight in zip(tree.children, tree.weights, strict=True):
            if self.visit(child, field, is_positive=is_positive == (weight >= 0)):
                reached += weight
        return reached >= tree.number

    def _visit_or(self, tree: Or, field: str, *, is_positive: bool) -> bool:
        found = False
        is_label = field in _LABEL_REMEDIES
        for child in tree.children:
            if isinstance(child, Words) and not is_label:  # of which there may be thousands
                self.has_positive = self.has_positive or is_positive
            elif self.visit(child, field, is_positive=is_positive):
                found = True
                self.alternatives.append((tree, child))
        return found

    def _check_operands(self, tree: Near | AtLeast, field: str) -> None:
        if isinstance(tree, AtLeast):
            if field in _LABEL_REMEDIES:
                self._refuse(tree, f"nothing in {field}: has a position", "put ATLEAST outside", "ATLEAST")
            elif not is_positional(tree.child):
                what = _NAMES.get(type(tree.child), "what stands in its brackets")
                remedy = "ATLEAST counts words, phrases, alternatives of these, and NEAR; put the rest outside"
                self._refuse(tree, f"{what} has no position that ATLEAST could count", remedy, "ATLEAST")
            return
        if field in _LABEL_REMEDIES:
            self._refuse(tree.children[0], f"nothing in {field}: has a position", "write AND")
        for child in tree.children:
            if not is_positional(child):
                what = _NAMES.get(type(child), "what stands here")
                remedy = "NEAR and BEFORE join words, phrases, alternatives of these, and NEAR"
                self._refuse(child, f"{what} has no position", remedy)
        if len(tree.children) > MAX_OPERANDS:
            message = f"more than {MAX_OPERANDS} operands in one chain"
            self._problems.append(Problem("E311", tree.at, message, "split the rule", tree.end))

    def _refuse(self, tree: Tree, message: str, remedy: str, word: str = "") -> None:
        end = tree.at + len(word) if word else tree.end
        self._problems.append(Problem("E205", tree.at, message, remedy, end))


_NAMES = {
    And: "AND",
    Not: "NOT",
    Field: "a field",
    Regex: "a regex",
    AtLeast: "ATLEAST",
    Quorum: "ANY",
    Score: "SCORE",
    Or: "one of the alternatives",
}


def _check_label(leaf: Words | Wildcard | Regex, field: str) -> Iterator[Problem]:
    """`source:` and `lang:` compare labels, they do not read text."""
    remedy = _LABEL_REMEDIES[field]
    if isinstance(leaf, Regex):
        yield Problem("E208", leaf.at, f"no regex in {field}:", remedy, leaf.end)
    elif isinstance(leaf, Wildcard) or leaf.is_prefix:
        yield Problem("E203", leaf.at, f"no wildcard in {field}:", remedy, leaf.end)
    elif leaf.is_plural:
        yield Problem("E203", leaf.at, f"no ~ in {field}:", remedy, leaf.end)
    elif not (_HOST if field == "source" else _LANGUAGE).fullmatch(leaf.text):
        message = f"nothing to match in {field}: by {shorten(leaf.text)}"
        yield Problem("E100", leaf.at, message, remedy, leaf.end)


_LABEL_REMEDIES = {
    "source": "write a host: source:cnn.com also covers its subdomains",
    "lang": "write a language code: lang:en",
}


def _refuse_alternative(parent: Or, alternative: Tree) -> Problem:
    judge = _Judge([])
    positive = next((c for c in parent.children if not judge.visit(c, "", is_positive=True)), Words(text="a"))
    example = render(join_and([positive, alternative]))
    remedy = f"write  {example}" if len(example) <= 80 else "write a AND NOT b"
    return Problem("E202", alternative.at, "NOT cannot be an alternative of OR", remedy, alternative.end)
