"""The `let` lines of a set of files → what its macros stand for."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from rules.attributes import read_macro_name
from rules.blocks import MacroTable, find_mentions, too_large
from rules.errors import Problem, shorten
from rules.layout import MAX_STATEMENT
from rules.syntax import read_definition, read_expression
from rules.tree import Macro, Words, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.layout import RuleFile, Statement
    from rules.syntax import Expression
    from rules.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroDefinition:
    """Where a macro is defined. One that is defined twice has the place of the first."""

    name: str
    #: as in `Topic.file`
    file: str
    #: where `@name` stands in the text of the file
    at: int
    #: `[start, end)` is its expression there; the offsets in `LoadedRules.macros[name]` count from `start`
    start: int
    end: int
    #: a topic or another macro names it
    is_used: bool
    #: it is understood, and so are those that it uses
    is_understood: bool


class Let(NamedTuple):
    """A `let`, with the expression not yet read."""

    file: RuleFile
    name: str
    #: where the statement starts, its `@name` stands, and its expression starts and ends
    statement: int
    at: int
    start: int
    end: int
    #: what is wrong before the expression, or with its size; then it is not read
    problem: Problem | None

    @property
    def text(self) -> str:
        """The expression."""
        return self.file.text[self.start : self.end]


def read_let(file: RuleFile, statement: Statement) -> Let | Problem:
    """Read a `let` up to its expression; a problem is one that leaves it without a name. Offsets count in *file*."""
    _, start, content, end = statement
    named = read_macro_name(file.text[content : min(end, content + MAX_STATEMENT)])
    if isinstance(named, Problem):
        return named.shift(content)
    name, at, rest = named
    if isinstance(rest, Problem):
        return Let(file, name, start, content + at, end, end, rest.shift(content))
    problem = too_large(statement) if end - start > MAX_STATEMENT else None
    return Let(file, name, start, content + at, content + rest, end, problem)


class LetReading(NamedTuple):
    """The expression of a macro as read, and with which macros."""

    expression: Expression
    #: the macros that it could name, as they were
    known: Mapping[str, Tree]


@dataclass(slots=True)
class ReadMacros:
    """The macros of a set."""

    trees: dict[str, Tree] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    #: those that other macros use
    used: set[str] = field(default_factory=set)
    problems: list[tuple[RuleFile, Problem]] = field(default_factory=list)
    #: the first definition of each name
    lets: dict[str, Let] = field(default_factory=dict)
    #: what was read, by its text
    readings: dict[str, LetReading] = field(default_factory=dict)

    @property
    def table(self) -> MacroTable:
        """What they stand for."""
        return MacroTable(self.trees, self.bad)


def read_macros(lets: Iterable[Let], known: Mapping[str, LetReading]) -> ReadMacros:
    """Read the expressions of *lets*; *known* is `ReadMacros.readings` of an earlier call, which is made use of."""
    found = ReadMacros()
    for let in lets:
        first = found.lets.setdefault(let.name, let)
        if first is not let:
            place = f"{first.file.name}:{first.file.line_of(first.statement)}"
            message = f"macro @{shorten(let.name)} is defined twice; the first one is at {place}"
            end = let.at + 1 + len(let.name)
            found.problems.append((let.file, Problem("E308", let.statement, message, "rename one of them", end)))
            found.bad.add(let.name)
    uses = _find_uses(found)
    for name in TopologicalSorter(uses).static_order():
        if name in found.lets:
            _read_macro(found, found.lets[name], known)
    return found


def _find_uses(found: ReadMacros) -> dict[str, frozenset[str]]:
    """Which macro each one may use, without circles; those in a circle are refused."""
    uses = {name: find_mentions(let.text) if not let.problem else frozenset() for name, let in found.lets.items()}
    # A name in a quote or a comment is no use. That needs a closer look only where there seems to be a circle.
    named = {name: _find_macros(found.lets[name].text) for name in find_circles(uses)}
    uses.update({name: frozenset(node.name for node in nodes) for name, nodes in named.items()})
    circles = find_circles(uses)
    for name, circle in circles.items():
        let = found.lets[name]
        node = next(node for node in named[name] if circles.get(node.name) == circle)
        message = f"macro @{shorten(name)} reaches itself"
        problem = Problem("E207", node.at, message, "break the circle", node.end)
        found.problems.append((let.file, problem.shift(let.start)))
        found.used |= uses[name]
        found.bad.add(name)
    # What uses one of these finds something that is understood, and so has no error of its own.
    found.trees.update(dict.fromkeys(circles, _STAND_IN))
    return {name: frozenset() if name in circles else used for name, used in uses.items()}


def _find_macros(text: str) -> list[Macro]:
    tree, _ = read_definition(text)
    return [node for node in walk(tree) if isinstance(node, Macro)]


def _read_macro(found: ReadMacros, let: Let, known: Mapping[str, LetReading]) -> None:
    if let.name in found.trees:
        return
    if let.problem:
        found.problems.append((let.file, let.problem))
        found.bad.add(let.name)
        found.trees[let.name] = _STAND_IN
        return
    text = let.text
    macros = found.table.for_text(text)
    reading = known.get(text)
    if reading is None or reading.known != macros:
        reading = LetReading(read_expression(text, macros, is_definition=True), macros)
    found.readings[text] = reading
    expression = reading.expression
    found.used |= expression.macros
    found.problems += [(let.file, problem.shift(let.start)) for problem in expression.problems]
    if expression.problems or not expression.macros.isdisjoint(found.bad):
        found.bad.add(let.name)
    found.trees[let.name] = _STAND_IN if let.name in found.bad else expression.tree


_STAND_IN = Words(text="x")


def find_circles(uses: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The names that reach themselves, each with the first one of its circle; *uses* tells which ones each name uses.

    Kosaraju's algorithm for strongly connected components, without recursion: takes linear time.

    >>> find_circles({"a": ["b"], "b": ["a"], "c": ["a"], "d": ["d"]})
    {'a': 'a', 'b': 'a', 'd': 'd'}
    """
    graph = {name: [other for other in used if other in uses] for name, used in uses.items()}
    users: dict[str, list[str]] = {name: [] for name in graph}
    for name, used in graph.items():
        for other in used:
            users[other].append(name)
    taken: set[str] = set()
    circles: dict[str, str] = {}
    for first in reversed(list(_post_order(graph))):
        members = []
        stack = [first]
        while stack:
            name = stack.pop()
            if name not in taken:
                taken.add(name)
                members.append(name)
                stack += users[name]
        if len(members) > 1 or (members and first in graph[first]):
            circles.update(dict.fromkeys(members, min(members)))
    return dict(sorted(circles.items()))


def _post_order(graph: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Each name after those that can be reached from it, circles aside: the post-order of a depth-first search."""
    seen: set[str] = set()
    stack = [(name, False) for name in graph]
    while stack:
        name, is_done = stack.pop()
        if is_done:
            yield name
        elif name not in seen:
            seen.add(name)
            stack.append((name, True))
            stack += [(other, False) for other in graph[name]]
