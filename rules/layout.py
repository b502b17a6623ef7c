"""How a rule file is laid out: lines and indents → statements. What the statements say is not looked at."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rules.errors import Problem, RuleError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Statement(NamedTuple):
    """`text[start:end]`: one statement with its continuation lines, from its keyword on."""

    keyword: str
    start: int
    #: where the text after the keyword starts
    content: int
    end: int


@dataclass(slots=True)
class TopicBlock:
    """A topic's header with its attributes."""

    header: Statement
    attributes: list[Statement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class RuleFile:
    """The text of one rule file, and where its lines are."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self._starts = [0, *(i + 1 for i, c in enumerate(self.text) if c == "\n")]

    def line_of(self, at: int) -> int:
        """The number of the line that holds the offset *at*, from 1."""
        return bisect_right(self._starts, at)

    def error(self, problem: Problem) -> RuleError:
        """*problem*, whose offset counts in this file, with its place."""
        line = self.line_of(problem.at)
        start = self._starts[line - 1]
        return RuleError(
            code=problem.code,
            column=problem.at - start + 1,
            message=problem.message,
            remedy=problem.remedy,
            source_line=self.text[start:].split("\n", 1)[0],
            file=self.name,
            line=line,
        )

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines that say something (no blank ones, no comments), each with its offset."""
        for start, line in zip(self._starts, self.text.split("\n"), strict=True):
            if not _SAYS_NOTHING.match(line):
                yield start, line


class Layout(NamedTuple):
    """A file taken apart."""

    lets: list[Statement]
    topics: list[TopicBlock]
    #: what stands outside all topics and is no `let`
    problems: list[Problem]


_SAYS_NOTHING = re.compile(r"\s*(?:#(?=\s|\Z)|\Z)")
_KEYWORD = re.compile(r"[^\W\d_][\w\-]*(?=[\s=\"(“„«#@]|\Z)")


def read_layout(file: RuleFile) -> Layout:
    """Take *file* apart; never raises."""
    reader = _Reader(file)
    for start, line in file.lines():
        reader.read_line(start, line)
    return reader.layout


class _Reader:
    def __init__(self, file: RuleFile) -> None:
        self.layout = Layout([], [], [])
        self._text = file.text
        #: the topic that indented lines belong to, and the indent of its attributes
        self._topic: TopicBlock | None = None
        self._indent = ""
        #: further lines continue the last statement of this list
        self._open: list[Statement] | None = None
        #: indented lines that belong to nothing are told of once
        self._is_told = False

    def read_line(self, start: int, line: str) -> None:
        white = line[: len(line) - len(line.lstrip())]
        at, end = start + len(white), start + len(line)
        if not white:
            self._read_statement(at, end)
        elif self._topic:
            self._read_attribute(self._topic, white, at, end)
        elif self._open:
            self._continue(end)
        elif not self._is_told:
            self._is_told = True
            self.layout.problems.append(Problem("E301", at, "indented line outside a topic", "start it at the margin"))

    def _read_statement(self, at: int, end: int) -> None:
        statement = _statement(self._text, at, end)
        self._topic, self._indent, self._open, self._is_told = None, "", None, False
        if statement.keyword == "let":
            self.layout.lets.append(statement)
            self._open = self.layout.lets
        elif statement.keyword == "topic":
            self._topic = TopicBlock(statement)
            self.layout.topics.append(self._topic)
        else:
            self._is_told = True
            self.layout.problems.append(_stray(self._text[at:end].split()[0], at))

    def _read_attribute(self, topic: TopicBlock, white: str, at: int, end: int) -> None:
        self._indent = self._indent or white
        problem = _check_indent(white, self._indent, at)
        if problem:
            topic.problems.append(problem)
        elif white == self._indent:
            topic.attributes.append(_statement(self._text, at, end))
            self._open = topic.attributes
        else:
            self._continue(end)

    def _continue(self, end: int) -> None:
        if self._open:
            self._open[-1] = self._open[-1]._replace(end=end)


def _statement(text: str, at: int, end: int) -> Statement:
    keyword = _KEYWORD.match(text, at, end)
    if keyword:
        return Statement(keyword.group(), at, keyword.end(), end)
    return Statement("", at, at, end)


def _stray(word: str, at: int) -> Problem:
    nearest = suggest(word, ["let", "topic"])
    remedy = f"did you mean {nearest} ?" if nearest else "start with topic or let, or indent it below a topic"
    return Problem("E301", at, f"unknown statement {word}", remedy)


def _check_indent(white: str, indent: str, at: int) -> Problem | None:
    if len(set(white) | set(indent)) > 1:
        return Problem("E303", at, "tabs and spaces mixed in the indent", "indent the whole topic with spaces")
    if len(white) < len(indent):
        remedy = "give all attributes of a topic the same indent"
        return Problem("E303", at, "indent smaller than that of the attribute above", remedy)
    return None
