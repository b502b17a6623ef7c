"""Lexemes → tree: a recursive descent that goes on after an error, and so finds them all.

Precedence, tightest first: NEAR and BEFORE, NOT, AND (written or by adjacency), OR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.errors import Problem, shorten
from rules.lexer import Kind, blank_controls, read_lexemes, suggest_field
from rules.render import render
from rules.sense import MAX_DEPTH, TOO_DEEP
from rules.tree import AtLeast, Field, Macro, Near, Not, Quorum, Regex, Score, Words, join_and, join_or, place

if TYPE_CHECKING:
    from rules.lexer import Lexeme
    from rules.tree import Tree

#: Brackets within brackets. People need four; the parser's own stack ends at about 150.
MAX_NESTING = 64

#: Characters of one expression: three times a list of 5,000 names. More would hold up everything else for a second.
MAX_CHARS = 200_000


def read_text(text: str) -> Parser:
    """Read *text* as far as the grammar goes; never raises."""
    if len(text) > MAX_CHARS:
        parser = Parser([])
        message = f"expression of {len(text):,} characters; {MAX_CHARS:,} are allowed"
        parser.problems.append(Problem("E311", 0, message, "split it into several match lines", len(text)))
        return parser
    text, problem = blank_controls(text)
    parser = Parser(read_lexemes(text))
    if problem:
        parser.problems.append(problem)
    parser.read_all()
    return parser


_ENDS = (Kind.END, Kind.CLOSE, Kind.OR, Kind.COMMA, Kind.WEIGHT)
_NO_OPERANDS = (*_ENDS, Kind.AND, Kind.NEAR, Kind.BEFORE, Kind.NOT)
_WRITTEN = (Kind.AND, Kind.OR, Kind.NOT, Kind.NEAR, Kind.BEFORE)


class Parser:
    """The tree of a list of lexemes, and everything that was noticed on the way."""

    def __init__(self, lexemes: list[Lexeme]) -> None:
        self._lexemes = lexemes
        self._next = 0
        self._nesting = 0
        self._deepest = 0
        self._signs = 0
        #: closing brackets that an open quote or regex took up
        self._swallowed = 0
        #: nothing but words, AND, OR and fields of text: it makes sense without a look
        self.is_plain = True
        #: nested too deep: what is missing from here on was never looked at
        self.is_given_up = False
        self.tree: Tree = _stand_in(0, 0)
        self.problems: list[Problem] = []
        self.macros: list[Macro] = []
        self.regexes: list[Regex] = []

    @property
    def may_be_deep(self) -> bool:
        """The tree may have more levels than the rest can walk: of one pair of brackets come five at most."""
        return 5 * (self._deepest + 1) + self._signs > MAX_DEPTH

    def read_all(self) -> None:
        """Read the tree; all that follows a stray bracket is taken as if the bracket were not there."""
        if self._sees(Kind.END):
            self._report("E103", 0, 0, "empty rule", "write a word to look for")
            return
        parts: list[Tree] = []
        while not self._sees(Kind.END):
            if not self._sees(Kind.CLOSE, Kind.COMMA, Kind.WEIGHT):
                parts.append(self._expression())
            elif self._sees(Kind.CLOSE):
                self._report_at("E101", self._take(), "closing bracket without an opening one", "leave it out")
            else:
                self._report_stray(self._take())
        if parts:
            self.tree = join_and(parts, at=parts[0].at, end=parts[-1].end)

    # Lexemes

    def _peek(self) -> Lexeme:
        return self._lexemes[self._next]

    def _sees(self, *kinds: Kind) -> bool:
        return self._lexemes[self._next].kind in kinds

    def _take(self) -> Lexeme:
        lexeme = self._lexemes[self._next]
        if lexeme.kind is not Kind.END:
            self._next += 1
        return lexeme

    # Problems

    def _report(self, code: str, at: int, end: int, message: str, remedy: str = "") -> None:
        if not self.is_given_up:
            self.problems.append(Problem(code, at, message, remedy, end))

    def _report_at(self, code: str, lexeme: Lexeme, message: str, remedy: str = "") -> None:
        self._report(code, lexeme.start, lexeme.end, message, remedy)

    def _report_stray(self, lexeme: Lexeme) -> None:
        if lexeme.kind is Kind.COMMA:
            self._report_at("E100", lexeme, "stray comma", _COMMA_REMEDY)
        else:
            self._report_at("E100", lexeme, "stray ^", "leave it out: weights stand in SCORE/10 (a^6, b^4)")

    # The grammar, loosest first

    def _expression(self) -> Tree:
        first = self._conjunction()
        if self._lexemes[self._next].kind is not Kind.OR:
            return first
        alternatives = [first]
        while self._lexemes[self._next].kind is Kind.OR:
            self._next += 1
            alternatives.append(self._conjunction())
        return join_or(alternatives, at=first.at, end=alternatives[-1].end)

    def _conjunction(self) -> Tree:
        first = self._negation()
        if self._lexemes[self._next].kind in _ENDS:
            return first
        parts = [first]
        while (kind := self._lexemes[self._next].kind) not in _ENDS:
            if kind is Kind.AND:
                self._next += 1
            parts.append(self._negation())
        return join_and(parts, at=first.at, end=parts[-1].end)

    def _negation(self) -> Tree:
        if self._lexemes[self._next].kind is not Kind.NOT:
            return self._proximity()
        signs = []
        while self._sees(Kind.NOT):
            signs.append(self._take().start)
        self._signs += len(signs)
        self.is_plain = False
        tree = self._proximity()
        for at in reversed(signs):
            tree = Not(child=tree, at=at, end=tree.end)
        return tree

    def _proximity(self) -> Tree:
        first = self._atom()
        operator = self._lexemes[self._next]
        if operator.kind is not Kind.NEAR and operator.kind is not Kind.BEFORE:
            return first
        self.is_plain = False
        operands = [first]
        is_mixed = False
        while self._sees(Kind.NEAR, Kind.BEFORE):
            other = self._take()
            if (other.kind, other.number) != (operator.kind, operator.number) and not is_mixed:
                is_mixed = True
                message = "NEAR and BEFORE mixed, or with different numbers, in one chain"
                self._report_at("E210", other, message, "put brackets around one of them")
            operands.append(self._operand())
        return Near(
            children=tuple(operands),
            gap=operator.number or 0,
            is_ordered=operator.kind is Kind.BEFORE,
            at=first.at,
            end=operands[-1].end,
        )

    def _operand(self) -> Tree:
        """What follows NEAR or BEFORE. NOT binds less tightly, so it has no place here."""
        if not self._sees(Kind.NOT):
            return self._atom()
        sign = self._peek()
        while self._sees(Kind.NOT):
            self._take()
        end = self._atom().end
        self._report("E205", sign.start, end, "NOT has no position", "write a NEAR/5 b NOT c")
        return _stand_in(sign.start, end)

    def _atom(self) -> Tree:
        lexeme = self._lexemes[self._next]
        kind = lexeme.kind
        if kind is Kind.TERM:
            self._next += 1
            assert lexeme.leaf is not None
            return lexeme.leaf
        if kind in _NO_OPERANDS:
            is_word = kind in _WRITTEN and lexeme.end - lexeme.start > 1
            remedy = "quote it to look for the word itself" if is_word else "write a word, or leave out the operator"
            self._report_at("E104", lexeme, "something to look for is missing here", remedy)
            return _stand_in(lexeme.start, lexeme.start)
        self._next += 1
        if lexeme.problem:
            return self._not_understood(lexeme, lexeme.problem)
        if isinstance(lexeme.leaf, Macro):
            self.macros.append(lexeme.leaf)
            self.is_plain = False
            return lexeme.leaf
        if isinstance(lexeme.leaf, Regex):
            self.regexes.append(lexeme.leaf)
            return lexeme.leaf
        return self._nested(lexeme)

    def _not_understood(self, lexeme: Lexeme, problem: Problem) -> Tree:
        # A name is sought for the first problem alone, the only one that can be told: seeking takes its time.
        if lexeme.name and not self.problems:
            problem = problem._replace(remedy=suggest_field(lexeme.name))
        self.problems.append(problem)
        self._swallowed += lexeme.number or 0
        return _stand_in(lexeme.start, lexeme.end)

    def _nested(self, lexeme: Lexeme) -> Tree:
        """An atom that holds others."""
        if self._nesting == MAX_NESTING:
            self._report_at(TOO_DEEP.code, lexeme, TOO_DEEP.message, TOO_DEEP.remedy)
            self.is_given_up = True
            self._next = len(self._lexemes) - 1
            return _stand_in(lexeme.start, lexeme.end)
        self._nesting += 1
        self._deepest = max(self._deepest, self._nesting)
        if lexeme.kind is Kind.FIELD:
            self.is_plain = self.is_plain and lexeme.name not in {"source", "lang"}
            tree = self._field(lexeme)
        elif lexeme.kind is Kind.OPEN:
            tree = self._group(lexeme)
        else:
            self.is_plain = False
            tree = self._counted(lexeme)
        self._nesting -= 1
        return tree

    def _field(self, field: Lexeme) -> Tree:
        if self._peek().start != field.end or self._sees(*_NO_OPERANDS):
            remedy = f"write {field.name}: directly before a word, a phrase or a bracket"
            self._report("E104", field.end, field.end, "nothing to look for in the field", remedy)
            return _stand_in(field.start, field.end)
        child = self._atom()
        return Field(name=field.name, child=child, at=field.start, end=child.end)

    # Brackets

    def _group(self, opening: Lexeme) -> Tree:
        if self._sees(Kind.CLOSE):
            return self._empty(opening)
        tree = self._expression()
        while self._sees(Kind.COMMA, Kind.WEIGHT):
            self._report_stray(self._take())
            if not self._sees(Kind.CLOSE, Kind.END):
                self._expression()
        return place(tree, opening.start, self._close(opening))

    def _empty(self, opening: Lexeme) -> Tree:
        end = self._take().end
        remedy = "write something between them, or leave them out"
        self._report("E103", opening.start, end, "empty brackets", remedy)
        return _stand_in(opening.start, end)

    def _close(self, opening: Lexeme) -> int:
        """Take the closing bracket; returns where it ends."""
        if self._sees(Kind.CLOSE):
            return self._take().end
        if self._swallowed:
            self._swallowed -= 1
        else:
            self._report_at("E101", opening, "bracket not closed", "add the closing bracket")
        return self._lexemes[-1].end

    def _counted(self, operator: Lexeme) -> Tree:
        """ATLEAST, ANY or SCORE with its brackets."""
        name, number = operator.kind.name, operator.number or 0
        if not self._sees(Kind.OPEN):
            written, at = self._peek().leaf, self._peek().start
            is_usable = operator.kind is Kind.ATLEAST and written is not None
            brackets = f"({shorten(render(written))})" if is_usable and written else _EXAMPLES[operator.kind]
            remedy = f"write {name}/{number} {brackets}"
            self._report("E104", at, at, f"{name}/{number} needs brackets", remedy)
            return _stand_in(operator.start, operator.end) if self._sees(*_NO_OPERANDS) else self._atom()
        opening = self._take()
        if self._sees(Kind.CLOSE):
            return self._empty(opening)
        items, weights = self._items(operator)
        at, end = operator.start, self._close(opening)
        if operator.kind is Kind.SCORE:
            if None in weights:
                self._report_at("E211", operator, "SCORE item without a weight", _WEIGHT_REMEDY)
            known = tuple(weight or 0 for weight in weights)
            return Score(number=number, children=items, weights=known, at=at, end=end)
        if operator.kind is Kind.ATLEAST:
            return AtLeast(number=number, child=items[0], at=at, end=end)
        if number > len(items):
            listed = f"{len(items)} expression{'s' * (len(items) > 1)}"
            self._report_at("E210", operator, f"ANY/{number} lists only {listed}", "list more, or ask for fewer")
        return Quorum(number=number, children=items, at=at, end=end)

    def _items(self, operator: Lexeme) -> tuple[tuple[Tree, ...], list[int | None]]:
        """The expressions between the brackets, and the weight of each that has one."""
        items: list[Tree] = []
        weights: list[int | None] = []
        while True:
            items.append(self._expression())
            weight = self._take() if self._sees(Kind.WEIGHT) else None
            weights.append(weight.number if weight else None)
            if weight and operator.kind is not Kind.SCORE:
                self._report_stray(weight)
            if self._sees(Kind.CLOSE, Kind.END):
                return tuple(items), weights
            separator = self._peek()
            if separator.kind is not Kind.COMMA:
                # Only after a weight is there anything left that the expression has not taken.
                self._report_at("E100", separator, "a comma is missing after the weight", "write a^6, b^4")
            elif operator.kind is Kind.ATLEAST or self._is_in_number():
                self._report_stray(separator)
            if separator.kind in _NO_OPERANDS and separator.kind is not Kind.NOT:
                self._take()

    def _is_in_number(self) -> bool:
        """The comma that comes next is that of `1,000`, which would be two words of the list."""
        before, comma, after = self._lexemes[self._next - 1 : self._next + 2]
        return (
            isinstance(before.leaf, Words)
            and isinstance(after.leaf, Words)
            and before.end == comma.start
            and comma.end == after.start
            and before.leaf.text[-1].isdecimal()
            and len(after.leaf.text) == 3
            and after.leaf.text.isdecimal()
        )


_COMMA_REMEDY = 'quote a number with a comma: "1,000"; for a list write | or ANY/1 (a, b)'
_WEIGHT_REMEDY = 'write a whole number after each item: crimea^6; quote a number with a comma: "1,000"^6'
_EXAMPLES = {Kind.ATLEAST: "(crimea)", Kind.ANY: "(a, b, c)", Kind.SCORE: "(a^6, b^4)"}


def _stand_in(at: int, end: int) -> Words:
    """Stands where something was not understood; harmless to whatever is checked next."""
    return Words(text="x", at=at, end=end)
