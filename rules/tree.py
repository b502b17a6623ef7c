"""The trees that expressions become. Equal trees mean the same, wherever they were written.

A tree that `syntax.parse` returns holds no `Macro`, no empty or single-membered `And`, `Or` or `Near`, and no
`And` directly inside an `And` or `Or` inside an `Or`. `[at, end)` is the stretch of the expression that a node was
read from, with the brackets around it; what came from a macro has the place of the macro's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rules.text import tokenize, tokenize_url
from rules.tokens import Rest, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Goes into the version of every topic: raised when the same rule comes to mean something else.
GRAMMAR_VERSION = 1

#: The fields that an expression can name.
FIELDS = ("title", "body", "author", "source", "url", "lang", "section")


def _place() -> int:
    at: int = field(default=0, compare=False, repr=False)
    return at


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A word or phrase: adjacent tokens in order. `re-arm`, `"re arm"` and `"Re-arm"` are all of this kind."""

    #: as written, without quotes, `=`, `*` and `~`; white space collapsed; holds at least one token.
    #: Of a plural: the tokens with hyphens between
    text: str
    #: case and accents count
    is_exact: bool = False
    #: the last token is the start of a word
    is_prefix: bool = False
    #: the last token is meant in singular and plural; never together with the other two
    is_plural: bool = False
    at: int = _place()
    end: int = _place()

    @property
    def tokens(self) -> Tokens:
        """The tokens to look for, as all fields but `url`, `source` and `lang` read them."""
        text = self.text
        if text.isascii() and text.isalnum():
            return Tokens((text.lower(),), Rest((text,), (0,), (len(text),)))
        return tokenize(text)

    def tokens_in(self, fields: tuple[str, ...]) -> Tokens:
        """The tokens to look for in *fields*: of the article's own address alone, or of texts. May be none there."""
        return tokenize_url(self.text) if fields == ("url",) else self.tokens

    @property
    def label(self) -> str:
        """What `source` and `lang` look for: a host, or a language tag, in lower case."""
        return self.text.lower().lstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildcard:
    """One word with `*` (any run, also none) or `?` (one letter) in it, other than a single `*` at its end."""

    #: without `=`: `immobili?ed`, `*militari?*`; letters and digits of one token after NFKC, marks, `*` and `?`
    text: str
    #: case and accents count
    is_exact: bool = False
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex:
    """A regular expression in the syntax of RE2; it finds stretches of text, which are no words and have no gap."""

    #: as written between the slashes, with `\/` for a slash, which RE2 reads too
    pattern: str
    ignores_case: bool = False
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All hold."""

    children: tuple[Tree, ...]
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """At least one holds."""

    children: tuple[Tree, ...]
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Does not hold."""

    child: Tree
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Distinct occurrences of all children: each ends at most `gap` words before the last one starts.

    The children are `Words`, `Near`, and `Or`s of these.
    """

    children: tuple[Tree, ...]
    gap: int
    #: BEFORE: in the order written
    is_ordered: bool = False
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The child, judged in this one field."""

    #: one of `FIELDS`
    name: str
    child: Tree
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """The child, which has places like an operand of `Near`, starts at `number` places or more."""

    #: 1 or more
    number: int
    child: Tree
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """ANY: `number` or more of the children hold."""

    #: 1 to the number of children
    number: int
    children: tuple[Tree, ...]
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The weights of the children that hold add up to `number` or more."""

    #: 1 or more
    number: int
    children: tuple[Tree, ...]
    #: one for each child; below 0 it speaks against
    weights: tuple[int, ...]
    at: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """A name that stands for an expression; only in the definitions of macros."""

    name: str
    at: int = _place()
    end: int = _place()


Tree = Words | Wildcard | Regex | And | Or | Not | Near | Field | AtLeast | Quorum | Score | Macro


def join_and(children: Iterable[Tree], *, at: int = 0, end: int = 0) -> Tree:
    """All of *children*, with the members of inner `And`s taken up; a single one is returned as it is."""
    flat = tuple(_flatten(children, And))
    return flat[0] if len(flat) == 1 else And(children=flat, at=at, end=end)


def join_or(children: Iterable[Tree], *, at: int = 0, end: int = 0) -> Tree:
    """Any of *children*, with the members of inner `Or`s taken up; a single one is returned as it is."""
    flat = tuple(_flatten(children, Or))
    return flat[0] if len(flat) == 1 else Or(children=flat, at=at, end=end)


def _flatten(children: Iterable[Tree], kind: type[And | Or]) -> Iterator[Tree]:
    for child in children:
        if isinstance(child, kind):
            yield from child.children
        else:
            yield child


def children_of(tree: Tree) -> tuple[Tree, ...]:
    """The direct members of a node."""
    if isinstance(tree, Words):  # first, for there are most of these
        return ()
    if isinstance(tree, And | Or | Near | Quorum | Score):
        return tree.children
    if isinstance(tree, Not | Field | AtLeast):
        return (tree.child,)
    return ()


def walk(tree: Tree) -> Iterator[Tree]:
    """The node and all below it, in the order of the text."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children_of(node)))


def map_children(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The same node with each of its direct members changed."""
    return with_children(tree, [change(c) for c in children_of(tree)])


def with_children(tree: Tree, children: Sequence[Tree]) -> Tree:
    """The same node with other direct members, as many as it has."""
    if isinstance(tree, And):
        return join_and(children, at=tree.at, end=tree.end)
    if isinstance(tree, Or):
        return join_or(children, at=tree.at, end=tree.end)
    if isinstance(tree, Near | Quorum | Score):
        return replace(tree, children=tuple(children))
    if isinstance(tree, Not | Field | AtLeast):
        return replace(tree, child=children[0])
    return tree


def place(tree: Tree, at: int, end: int) -> Tree:
    """The same node at the place `[at, end)`; those below it stay where they are."""
    if isinstance(tree, And):
        return And(children=tree.children, at=at, end=end)
    if isinstance(tree, Or):
        return Or(children=tree.children, at=at, end=end)
    return replace(tree, at=at, end=end)


def move(tree: Tree, at: int, end: int) -> Tree:
    """The same tree with every node at the place `[at, end)`: what a macro stands for is found where the macro is."""
    if isinstance(tree, Words):
        # Long lists of names are moved often, and this takes a third of the time of `replace`.
        return Words(
            text=tree.text, is_exact=tree.is_exact, is_prefix=tree.is_prefix, is_plural=tree.is_plural, at=at, end=end
        )
    children = []
    for child in children_of(tree):  # a comprehension would take two frames of the stack for each level
        children.append(move(child, at, end))  # noqa: PERF401  # see above
    return place(with_children(tree, children), at, end)
