"""Expression text ↔ tree: what is read by the grammar (`descent`), with macros written out, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.descent import read_text
from rules.errors import RuleError
from rules.macros import expand_macros, unknown_macro
from rules.render import render
from rules.sense import check_depth, check_regexes, check_sense

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.errors import Problem
    from rules.tree import Macro, Tree

__all__ = ["Expression", "parse", "read_definition", "read_expression", "render"]

#: Problems of one expression that are told; whoever has more will read it again anyway.
MAX_TOLD = 20


class Expression(NamedTuple):
    """An expression as read. With a problem, the tree is a guess and only good for finding further problems."""

    tree: Tree
    #: what is wrong with it, in the order of the text, one for a place and `MAX_TOLD` at most
    problems: tuple[Problem, ...]
    #: the macros that it names
    macros: frozenset[str]

    @property
    def problem(self) -> Problem | None:
        """The one to tell where only one can be told: that with the smallest offset."""
        return self.problems[0] if self.problems else None


def parse(text: str, *, macros: Mapping[str, Tree] | None = None) -> Tree:
    """Read one expression; *macros* gives the trees that `@name` stands for.

    Raises RuleError, with the column within *text*, for the first thing that is wrong.
    """
    expression = read_expression(text, macros or {})
    problem = expression.problem
    if problem:
        start = text.rfind("\n", 0, problem.at) + 1
        line = text[start:].split("\n", 1)[0]
        raise RuleError(
            code=problem.code,
            column=problem.at - start + 1,
            message=problem.message,
            remedy=problem.remedy,
            source_line=line,
            end_column=min(max(problem.at, problem.end) - start, max(len(line), problem.at - start)) + 1,
        )
    return expression.tree


def read_expression(text: str, macros: Mapping[str, Tree], *, is_definition: bool = False) -> Expression:
    """Read one expression and judge it; never raises.

    With *is_definition* it need not hold anything positive: it is the definition of a macro.
    """
    parser = read_text(text)
    tree, problems = parser.tree, parser.problems
    used = frozenset([macro.name for macro in parser.macros])
    if not parser.is_given_up and not (parser.may_be_deep and check_depth(tree, problems)):
        check_regexes(parser.regexes, problems)
        if used:
            _report_unknown(parser.macros, macros, problems)
            tree = expand_macros(tree, macros, problems)
        if not parser.is_plain and not (used and check_depth(tree, problems)):
            check_sense(tree, problems, is_definition=is_definition)
    return Expression(tree, _in_order(problems) if problems else (), used)


def _report_unknown(named: Iterable[Macro], known: Mapping[str, Tree], problems: list[Problem]) -> None:
    """Tell each name that nothing stands behind, at the name itself and not at brackets around it."""
    unknown = {macro.at: macro for macro in named if macro.name not in known}
    problems.extend(unknown_macro(unknown[at], known) for at in sorted(unknown)[:MAX_TOLD])


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    by_place: dict[int, Problem] = {}
    for problem in problems:
        by_place.setdefault(problem.at, problem)
    ordered = [by_place[at] for at in sorted(by_place)]
    # After a quote that is not closed, the next one closes it by mistake, and so on.
    quotes = [problem.at for problem in ordered if problem.code == "E102"]
    return tuple([p for p in ordered if p.code != "E102" or p.at == quotes[0]][:MAX_TOLD])


def read_definition(text: str) -> tuple[Tree, list[Problem]]:
    """Read one expression as far as the grammar goes: `@name` stays, and whether it makes sense is not judged."""
    parser = read_text(text)
    return parser.tree, parser.problems
