"""Expression text ↔ tree: a recursive descent over lexemes that goes on after an error.

Precedence, tightest first: NEAR and BEFORE, NOT, AND (written or by adjacency), OR.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.errors import Problem, RuleError
from rules.lexer import Kind, read_lexemes
from rules.macros import expand_macros
from rules.render import render
from rules.sense import TOO_DEEP, check_depth, check_sense, is_positional
from rules.tree import Field, Macro, Near, Not, Words, join_and, join_or, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.lexer import Lexeme
    from rules.tree import Tree

__all__ = ["Expression", "parse", "read_definition", "read_expression", "render"]

#: Brackets within brackets. People need four; the parser's own stack ends at about 150.
MAX_NESTING = 64


class Expression(NamedTuple):
    """An expression as read. With a problem, the tree is a guess and only good for finding further problems."""

    tree: Tree
    #: what is wrong with it: the problem with the smallest offset
    problem: Problem | None
    #: the macros that it names
    macros: frozenset[str]


def parse(text: str, *, macros: Mapping[str, Tree] | None = None) -> Tree:
    """Read one expression; *macros* gives the trees that `@name` stands for.

    Raises RuleError, with the column within *text*, for the first thing that is wrong.
    """
    expression = read_expression(text, macros or {})
    problem = expression.problem
    if problem:
        start = text.rfind("\n", 0, problem.at) + 1
        raise RuleError(
            code=problem.code,
            column=problem.at - start + 1,
            message=problem.message,
            remedy=problem.remedy,
            source_line=text[start:].split("\n", 1)[0],
        )
    return expression.tree


def read_expression(text: str, macros: Mapping[str, Tree], *, is_definition: bool = False) -> Expression:
    """Read one expression and judge it; never raises.

    With *is_definition* it need not hold anything positive: it is the definition of a macro.
    """
    tree, problems = read_definition(text)
    used: frozenset[str] = frozenset()
    if not check_depth(tree, problems):
        used = frozenset(node.name for node in walk(tree) if isinstance(node, Macro))
        tree = expand_macros(tree, macros, problems)
        if not check_depth(tree, problems):
            check_sense(tree, problems, is_definition=is_definition)
    return Expression(tree, min(problems, key=lambda p: p.at, default=None), used)


def read_definition(text: str) -> tuple[Tree, list[Problem]]:
    """Read one expression as far as the grammar goes: `@name` stays, and whether it makes sense is not judged."""
    parser = _Parser(list(read_lexemes(text)))
    return parser.read_all(), parser.problems


_OPERATORS = {Kind.AND, Kind.OR, Kind.NEAR, Kind.BEFORE}
_ENDS = {Kind.OR, Kind.CLOSE, Kind.COMMA, Kind.WEIGHT, Kind.END}
_WRITTEN = {Kind.AND, Kind.OR, Kind.NOT, Kind.NEAR, Kind.BEFORE}


class _Parser:
    def __init__(self, lexemes: list[Lexeme]) -> None:
        self._lexemes = lexemes
        self._next = 0
        self._nesting = 0
        #: nested too deep: what is missing from here on was never looked at
        self._is_given_up = False
        self.problems: list[Problem] = []

    def _peek(self) -> Lexeme:
        return self._lexemes[self._next]

    def _sees(self, *kinds: Kind) -> bool:
        return self._peek().kind in kinds

    def _take(self) -> Lexeme:
        lexeme = self._peek()
        if lexeme.kind != Kind.END:
            self._next += 1
        return lexeme

    def _report(self, code: str, at: int, message: str, remedy: str = "") -> None:
        if not self._is_given_up:
            self.problems.append(Problem(code, at, message, remedy))

    def read_all(self) -> Tree:
        if self._sees(Kind.END):
            self._report("E103", self._peek().start, "empty rule", "write a word to look for")
            return _stand_in(0)
        parts = [self._expression()]
        while not self._sees(Kind.END):
            lexeme = self._take()
            if lexeme.kind == Kind.CLOSE:
                self._report("E101", lexeme.start, "closing bracket without an opening one", "leave it out")
            else:
                self._report_stray(lexeme)
            if not self._sees(Kind.END):
                parts.append(self._expression())
        return join_and(parts, at=parts[0].at)

    def _report_stray(self, lexeme: Lexeme) -> None:
        if lexeme.kind == Kind.COMMA:
            self._report(
                "E100", lexeme.start, "stray comma", 'quote a number with a comma: "1,000"; for a list write |'
            )
        else:
            self._report("E100", lexeme.start, "stray ^", "leave it out")

    def _expression(self) -> Tree:
        alternatives = [self._conjunction()]
        while self._sees(Kind.OR):
            self._take()
            alternatives.append(self._conjunction())
        return join_or(alternatives, at=alternatives[0].at)

    def _conjunction(self) -> Tree:
        parts = [self._negation()]
        while not self._sees(*_ENDS):
            if self._sees(Kind.AND):
                self._take()
            parts.append(self._negation())
        return join_and(parts, at=parts[0].at)

    def _negation(self) -> Tree:
        signs = []
        while self._sees(Kind.NOT):
            signs.append(self._take().start)
        tree = self._proximity()
        for at in reversed(signs):
            tree = Not(child=tree, at=at)
        return tree

    def _proximity(self) -> Tree:
        operands = [self._atom()]
        first: Lexeme | None = None
        is_mixed = False
        while self._sees(Kind.NEAR, Kind.BEFORE):
            operator = self._take()
            first = first or operator
            if (operator.kind, operator.number) != (first.kind, first.number) and not is_mixed:
                is_mixed = True
                self._report(
                    "E210",
                    operator.start,
                    "NEAR and BEFORE mixed, or with different numbers, in one chain",
                    "put brackets around one of them",
                )
            operands.append(self._operand())
        if first is None:
            return operands[0]
        is_ordered = first.kind == Kind.BEFORE
        return Near(children=tuple(operands), gap=first.number, is_ordered=is_ordered, at=operands[0].at)

    def _operand(self) -> Tree:
        """What follows NEAR or BEFORE. NOT binds less tightly, so it has no place here."""
        if not self._sees(Kind.NOT):
            return self._atom()
        at = self._peek().start
        self._report("E205", at, "NOT has no position", "write a NEAR/5 b NOT c")
        while self._sees(Kind.NOT):
            self._take()
        self._atom()
        return _stand_in(at)

    def _atom(self) -> Tree:
        lexeme = self._peek()
        kind = lexeme.kind
        if kind in _OPERATORS or kind in _ENDS or kind == Kind.NOT:
            remedy = "quote it to look for the word itself" if kind in _WRITTEN else ""
            self._report("E104", lexeme.start, "something to look for is missing here", remedy)
            return _stand_in(lexeme.start)
        self._take()
        if lexeme.problem:
            self.problems.append(lexeme.problem)
            return _stand_in(lexeme.start)
        if kind == Kind.WORDS:
            return Words(text=lexeme.value, is_exact=lexeme.is_exact, is_prefix=lexeme.is_prefix, at=lexeme.start)
        if kind == Kind.MACRO:
            return Macro(name=lexeme.value, at=lexeme.start)
        if kind == Kind.REGEX:
            self._report("E212", lexeme.start, "a regex is not available in this version", "write words and phrases")
            return _stand_in(lexeme.start)
        return self._nested(lexeme)

    def _nested(self, lexeme: Lexeme) -> Tree:
        """An atom that holds others."""
        if self._nesting == MAX_NESTING:
            self.problems.append(TOO_DEEP._replace(at=lexeme.start))
            self._is_given_up = True
            self._next = len(self._lexemes) - 1
            return _stand_in(lexeme.start)
        self._nesting += 1
        if lexeme.kind == Kind.FIELD:
            tree = self._field(lexeme)
        elif lexeme.kind == Kind.OPEN:
            tree = replace(self._group(lexeme), at=lexeme.start)
        else:
            tree = self._later(lexeme)
        self._nesting -= 1
        return tree

    def _field(self, field: Lexeme) -> Tree:
        if self._peek().start != field.end or self._sees(*_WRITTEN, *_ENDS):
            remedy = f"write {field.value}: directly before a word, a phrase or a bracket"
            self._report("E104", field.end, "nothing to look for in the field", remedy)
            return _stand_in(field.start)
        return Field(name=field.value, child=self._atom(), at=field.start)

    def _group(self, opening: Lexeme) -> Tree:
        if self._sees(Kind.CLOSE):
            self._take()
            self._report("E103", opening.start, "empty brackets", "write something between them, or leave them out")
            return _stand_in(opening.start)
        tree = self._expression()
        while self._sees(Kind.COMMA, Kind.WEIGHT):
            self._report_stray(self._take())
            if not self._sees(Kind.CLOSE, Kind.END):
                self._expression()
        self._close(opening)
        return tree

    def _close(self, opening: Lexeme) -> None:
        if self._sees(Kind.CLOSE):
            self._take()
        else:
            self._report("E101", opening.start, "bracket not closed", "add the closing bracket")

    def _later(self, operator: Lexeme) -> Tree:
        """ATLEAST, ANY and SCORE are read and refused, with the code of what is wrong with them if anything is."""
        name = operator.kind.name
        items: list[tuple[Tree, bool]] = []
        if self._sees(Kind.OPEN):
            opening = self._take()
            while True:
                tree = self._expression()
                is_weighted = self._sees(Kind.WEIGHT)
                if is_weighted:
                    self._take()
                items.append((tree, is_weighted))
                if not self._sees(Kind.COMMA):
                    break
                self._take()
            self._close(opening)
        at = operator.start
        if operator.kind == Kind.SCORE and any(not is_weighted for _, is_weighted in items):
            self._report("E211", at, "SCORE item without a weight", "write a weight after each item: crimea^6")
        elif operator.kind == Kind.ANY and items and operator.number > len(items):
            self._report("E210", at, f"ANY asks for {operator.number} of {len(items)}", "list more, or ask for fewer")
        elif operator.kind == Kind.ATLEAST and any(not is_positional(tree) for tree, _ in items):
            self._report("E205", at, "ATLEAST counts words, phrases and NEAR only", "put AND, NOT and fields outside")
        else:
            self._report("E212", at, f"{name} is not available in this version", "write the expressions out")
        return _stand_in(at)


def _stand_in(at: int) -> Words:
    """Stands where something was not understood; harmless to whatever is checked next."""
    return Words(text="x", at=at)
