r"""Tree → expression text; `syntax.parse(render(tree)) == tree`. And text → quoted text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.tree import And, AtLeast, Field, Macro, Near, Not, Or, Quorum, Regex, Score, Wildcard, Words

if TYPE_CHECKING:
    from rules.tree import Tree


def render(tree: Tree) -> str:
    """Write *tree* as an expression on one line.

    >>> render(Or(children=(Words(text="AT&T"), Not(child=Words(text="pur", is_prefix=True)))))
    '"AT&T" | NOT pur*'
    """
    if isinstance(tree, And | Or | Near):
        return _render_joined(tree)
    if isinstance(tree, AtLeast | Quorum | Score):
        return _render_counted(tree)
    if isinstance(tree, Field):
        child = render(tree.child)
        return f"{tree.name}:{child}" if isinstance(tree.child, _ATOMS) else f"{tree.name}:({child})"
    if isinstance(tree, Not):
        return f"NOT {_bracket(tree.child, And, Or)}"
    return _render_leaf(tree)


def _render_leaf(tree: Words | Wildcard | Regex | Macro) -> str:
    if isinstance(tree, Words):
        return _render_words(tree)
    if isinstance(tree, Wildcard):
        return f"{'=' * tree.is_exact}{tree.text}"
    if isinstance(tree, Regex):
        return f"/{_escape_slashes(tree.pattern)}/{'i' * tree.ignores_case}"
    return f"@{tree.name}"


def _render_counted(tree: AtLeast | Quorum | Score) -> str:
    if isinstance(tree, AtLeast):
        return f"ATLEAST/{tree.number} ({render(tree.child)})"
    if isinstance(tree, Quorum):
        return f"ANY/{tree.number} ({', '.join(map(render, tree.children))})"
    items = [f"{_bracket(c, And, Or, Not, Near)}^{w}" for c, w in zip(tree.children, tree.weights, strict=True)]
    return f"SCORE/{tree.number} ({', '.join(items)})"


def _render_joined(tree: And | Or | Near) -> str:
    if isinstance(tree, Near):
        operator = f" {'BEFORE' if tree.is_ordered else 'NEAR'}/{tree.gap} "
        return operator.join(_bracket(c, And, Or, Not, Near) for c in tree.children)
    if isinstance(tree, Or):
        return " | ".join(_bracket(c, Or) for c in tree.children)
    parts = [_bracket(c, And, Or) for c in tree.children]
    joints = [" " if isinstance(c, Not) else " AND " for c in tree.children[1:]]
    return parts[0] + "".join(joint + part for joint, part in zip(joints, parts[1:], strict=True))


def quote(text: str) -> str:
    r"""Put *text* between quotes so that `lexer.read_quoted` gives it back; it must be one line.

    >>> print(quote('he said "yes"'))
    "he said \"yes\""
    """
    if not text.endswith("\\"):
        escaped = text.replace('"', '\\"')
        return f'"{escaped}"'
    # A backslash before the closing quote would take it for text; other quotes do not mind.
    return f"«{text}»" if "»" not in text and '\\"' not in text else quote(text.rstrip("\\"))


def _bracket(tree: Tree, *kinds: type[Tree]) -> str:
    text = render(tree)
    return f"({text})" if isinstance(tree, kinds) else text


#: Nodes that are written without brackets behind a field.
_ATOMS = (Words, Wildcard, Regex, Field, AtLeast, Quorum, Score, Macro)

_PAIR_OR_SLASH = re.compile(r"\\.|/")


def _escape_slashes(pattern: str) -> str:
    return _PAIR_OR_SLASH.sub(lambda found: "\\/" if found[0] == "/" else found[0], pattern)


_BARE = re.compile(r"[^\W_][\w.\-'’]*")
_RESERVED = {"AND", "OR", "NOT", "NEAR", "BEFORE", "ATLEAST", "ANY", "SCORE", "and", "or", "not"}


def _render_words(words: Words) -> str:
    if words.is_plural:
        # Only a bare word can be a plural.
        return f"{'-'.join(words.tokens.exact)}~"
    star = "*" if words.is_prefix else ""
    is_bare = _BARE.fullmatch(words.text) and words.text not in _RESERVED
    text = f"{words.text}{star}" if is_bare else f'"{words.text}{star}"'
    return f"={text}" if words.is_exact else text
