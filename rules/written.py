"""Where the expressions of rule files are written: trees as understood, beside the text that they came from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.document import DEFAULT_FIELDS
from rules.tree import AtLeast, Field, Near, children_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.assemble import LoadedRules
    from rules.definitions import MacroDefinition
    from rules.layout import RuleFile
    from rules.topic import Rule
    from rules.tree import Tree


class Finding(NamedTuple):
    """A lint before its place is told as people count it: `text[at:end]` of the file."""

    code: str
    at: int
    end: int
    message: str
    remedy: str


class Written(NamedTuple):
    """An expression that is understood, and where it stands. Offsets in `tree` count in `text`."""

    file: RuleFile
    #: offset of `text` in the file
    start: int
    text: str
    #: macros written out; what came from one has the place of its name
    tree: Tree

    def is_from_macro(self, node: Tree) -> bool:
        """*node* does not stand here: a macro does."""
        return self.text[node.at : node.at + 1] in _MACRO_STARTS and bool(
            _ONLY_MACRO.fullmatch(self.text, node.at, node.end)
        )

    def find(self, code: str, place: Tree | tuple[int, int], message: str, remedy: str) -> Finding:
        """The lint *code* at a node, or at a stretch of `text`."""
        at, end = place if isinstance(place, tuple) else (place.at, place.end)
        return Finding(code, self.start + at, self.start + end, message, remedy)

    def source_of(self, node: Tree) -> str:
        """*node* as it is written, on one line."""
        return " ".join(self.text[node.at : node.end].split())


_MACRO_STARTS = {"@", "("}
_ONLY_MACRO = re.compile(r"[(\s]*@[\w\-]+[)\s]*")


def written_rule(loaded: LoadedRules, rule: Rule) -> Written:
    """Where a line of one of the topics of *loaded* is written."""
    file = loaded.files[rule.file]
    return Written(file, rule.at, file.text[rule.at : rule.end], rule.tree)


def written_macro(loaded: LoadedRules, macro: MacroDefinition) -> Written | None:
    """Where a macro is defined; None when it is not understood."""
    tree = loaded.macros.get(macro.name)
    if tree is None:
        return None
    file = loaded.files[macro.file]
    return Written(file, macro.start, file.text[macro.start : macro.end], tree)


class Node(NamedTuple):
    """A node of a tree with what it stands in."""

    tree: Tree
    #: where its words are looked for
    fields: tuple[str, ...]
    #: it is an operand of NEAR or ATLEAST, or a part of one: its places count
    is_place: bool


def walk_written(expression: Written) -> Iterator[Node]:
    """The nodes that stand in *expression* itself and not in a macro, outer ones first."""
    has_macros = "@" in expression.text
    stack = [Node(expression.tree, DEFAULT_FIELDS, is_place=False)]
    while stack:
        node = stack.pop()
        tree, fields, is_place = node
        if has_macros and expression.is_from_macro(tree):
            continue
        yield node
        children = children_of(tree)
        if children:
            fields = (tree.name,) if isinstance(tree, Field) else fields
            is_place = is_place or isinstance(tree, Near | AtLeast)
            stack.extend([Node(child, fields, is_place) for child in reversed(children)])
