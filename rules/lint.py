"""What is suspicious about rules that are understood. A lint never stops a rule from working.

Here is what can be told from the rule files alone; `lint_archive` also asks what is stored. A comment at the end
of a line, `# ok: W104`, silences a lint there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.errors import RuleError
from rules.lint_logic import find_in_logic, find_in_topic
from rules.lint_signs import find_signs
from rules.lint_words import find_in_words
from rules.written import Finding, walk_written, written_macro, written_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.assemble import LoadedRules
    from rules.layout import RuleFile
    from rules.written import Written

#: What each code means, in the words of the manual.
CODES = {
    "W101": "an alternative that another one implies",
    "W102": "adjacent capitalised words without quotes",
    "W103": "AND and OR mixed without brackets",
    "W104": "short all-capital word without =",
    "W105": "word whose folded form is a common word",
    "W106": "rule that matches a large share of the stored articles",
    "W107": "rule that matches no article of the last 90 days",
    "W108": "wildcard that stands for very many stored words",
    "W109": "regex without a literal that must occur",
    "W110": "macro that is never used",
    "W111": "prefix that reaches another family of words",
    "W112": "topic without tests",
    "W113": "can never hold",
    "W114": "sign that means nothing here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """Something suspicious. Places as in `RuleError`: from 1, in characters; the end is exclusive."""

    code: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    remedy: str
    #: the line as written, without its end
    source_line: str
    #: the topic it stands in; None in the definition of a macro
    topic: str | None

    @property
    def summary(self) -> str:
        """The first line: place, code, message."""
        return self._as_error().summary

    def render(self) -> str:
        """The lint as people see it, like an error: the place, the line, and a caret with the remedy."""
        return self._as_error().render()

    def _as_error(self) -> RuleError:
        return RuleError(
            code=self.code,
            column=self.column,
            message=self.message,
            remedy=self.remedy,
            source_line=self.source_line,
            file=self.file,
            line=self.line,
        )


def lint(loaded: LoadedRules) -> tuple[Lint, ...]:
    """All lints of *loaded* that need no archive, by file, line and column."""
    return in_order((*_lint_macros(loaded), *_lint_topics(loaded)))


def in_order(lints: Iterable[Lint]) -> tuple[Lint, ...]:
    """Sorted by place and code, and without repetitions."""
    return tuple(sorted(dict.fromkeys(lints), key=lambda each: (each.file, each.line, each.column, each.code)))


def place_findings(file: RuleFile, findings: Iterable[Finding], topic: str | None) -> Iterator[Lint]:
    """Findings with their places in *file*, but for those that are silenced."""
    for code, at, end, message, remedy in findings:
        if file.is_silenced(code, at):
            continue
        first, last = file.place(at), file.place(end)
        yield Lint(
            code=code,
            file=file.name,
            line=first.line,
            column=first.column,
            end_line=last.line,
            end_column=last.column,
            message=message,
            remedy=remedy,
            source_line=file.line_text(first.line),
            topic=topic,
        )


def _lint_macros(loaded: LoadedRules) -> Iterator[Lint]:
    for macro in loaded.definitions.values():
        file = loaded.files[macro.file]
        findings: list[Finding] = []
        if not macro.is_used:
            end = macro.at + len("@") + len(macro.name)
            message = f"macro @{macro.name} is never used"
            findings.append(Finding("W110", macro.at, end, message, "use it, or take it out"))
        expression = written_macro(loaded, macro)
        if expression:
            findings += _find_in(expression)
        yield from place_findings(file, findings, None)


def _lint_topics(loaded: LoadedRules) -> Iterator[Lint]:
    for topic in loaded.topics:
        file = loaded.files[topic.file]
        findings: list[Finding] = []
        if not topic.tests:
            remedy = 'add  test yes "…"  and  test no "…"'
            at = file.text.index(topic.name, topic.at + len("topic"))
            findings.append(Finding("W112", at, at + len(topic.name), f"topic {topic.name} has no tests", remedy))
        matches, excludes = (
            [(rule, written_rule(loaded, rule)) for rule in rules] for rules in (topic.rules, topic.excludes)
        )
        for _, expression in (*matches, *excludes):
            findings += _find_in(expression)
        findings += find_in_topic(topic, matches, excludes)
        yield from place_findings(file, findings, topic.name)


def _find_in(expression: Written) -> Iterator[Finding]:
    nodes = [*walk_written(expression)]
    yield from find_in_words(expression, nodes)
    yield from find_signs(expression, nodes)
    yield from find_in_logic(expression, nodes)
