"""How a rule file is laid out: lines and indents → statements. What the statements say is not looked at.

Offsets count in `RuleFile.text`: without a byte order mark, and with a single line feed at the end of each line.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rules.errors import Problem, RuleError, shorten, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Characters of one statement. A thousand names in a list are fine; a data file that was pasted in is not.
MAX_STATEMENT = 256 * 1024

#: Lines that start no statement are told up to this number, and then counted.
MAX_STRAY = 20_000

#: Of a longer line an error shows no more than this after the place.
_SHOWN_AFTER = 200


class Place(NamedTuple):
    """Where something stands in a file, as people count: both from 1, columns in characters."""

    line: int
    column: int


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

    @property
    def end(self) -> int:
        """Where its last line ends that was understood as a part of it."""
        last = self.attributes[-1].end if self.attributes else self.header.end
        return max(last, self.problems[-1].at + 1) if self.problems else last


class RuleFile:
    """The text of one rule file, where its lines are, and what its comments silence."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        # As an array, for it is kept: a tenth of the memory of a list.
        self._starts = array("I", accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0))
        self._starts.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleFile) and (self.name, self.text) == (other.name, other.text)

    def __hash__(self) -> int:
        return hash((self.name, self.text))

    def __repr__(self) -> str:
        return f"RuleFile({self.name!r}, {len(self.text)} characters)"

    def line_of(self, at: int) -> int:
        """The number of the line that holds the offset *at*, from 1."""
        return bisect_right(self._starts, at)

    def place(self, at: int) -> Place:
        """The line and column of the offset *at*."""
        line = self.line_of(at)
        return Place(line, at - self._starts[line - 1] + 1)

    def line_text(self, line: int) -> str:
        """The line of this number (from 1) without its end. Raises IndexError where there is none."""
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        return self.text[start:end]

    def error(self, problem: Problem) -> RuleError:
        """*problem*, whose offset counts in this file, with its place."""
        line, column = self.place(problem.at)
        end_line, end_column = self.place(max(problem.at, problem.end))
        return RuleError(
            code=problem.code,
            column=column,
            message=problem.message,
            remedy=problem.remedy,
            source_line=self.line_text(line)[: column + _SHOWN_AFTER],
            file=self.name,
            line=line,
            end_line=end_line,
            end_column=end_column,
        )

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines that say something (no blank ones, no comments), each with its offset."""
        for start, line in zip(self._starts, self.text.split("\n"), strict=True):
            if not _SAYS_NOTHING.match(line):
                yield start, line

    @cached_property
    def silenced(self) -> Mapping[int, frozenset[str]]:
        """The lines that end in a comment like `# ok: W104, W101`, each with the codes that it silences."""
        # What ends a line stands in no quote and no regex: these would have to end behind it.
        return {
            self.line_of(match.start()): frozenset(_CODE.findall(match[1])) for match in _SILENCES.finditer(self.text)
        }

    def is_silenced(self, code: str, at: int) -> bool:
        """Is the lint *code* silenced where *at* stands: on its line, or on the first line of its statement?"""
        if not self.silenced:
            return False
        if code in self.silenced.get(self.line_of(at), ()):
            return True
        number = bisect_right(self._statements, at)
        return number > 0 and code in self.silenced.get(self.line_of(self._statements[number - 1]), ())

    @cached_property
    def _statements(self) -> list[int]:
        """Where statements start."""
        layout = read_layout(self)
        headed = (s.start for block in layout.topics for s in (block.header, *block.attributes))
        return sorted([*headed, *(statement.start for statement in layout.lets)])


class Layout(NamedTuple):
    """A file taken apart."""

    lets: list[Statement]
    topics: list[TopicBlock]
    #: what stands outside all topics and is no `let`
    problems: list[Problem]


_SAYS_NOTHING = re.compile(r"\s*(?:#(?=\s|\Z)|\Z)")
_KEYWORD = re.compile(r"[^\W\d_][\w\-]*(?=[\s=\"(“„«#@]|\Z)")
_CODE = re.compile(r"[A-Z]\d{3}")
_SILENCES = re.compile(r"#[^\S\n]+ok:[^\S\n]*([A-Z]\d{3}(?:[^\S\n]*,[^\S\n]*[A-Z]\d{3})*)[^\S\n]*$", re.MULTILINE)


def read_layout(file: RuleFile) -> Layout:
    """Take *file* apart; never raises."""
    reader = _Reader(file)
    for start, line in file.lines():
        reader.read_line(start, line)
    return reader.finish()


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
        #: lines that start no statement and are not told, and where the first one starts
        self._untold = 0
        self._untold_at = 0

    def finish(self) -> Layout:
        """What was read."""
        if self._untold:
            message = f"{self._untold:,} more lines that start no statement"
            self.layout.problems.append(Problem("E301", self._untold_at, message, "this may be no rule file"))
        return self.layout

    def read_line(self, start: int, line: str) -> None:
        bare = line.lstrip()
        white = line[: len(line) - len(bare)]
        at, end = start + len(white), start + len(line)
        if not white:
            self._read_statement(at, end)
        elif self._topic:
            self._read_attribute(self._topic, white, at, end)
        elif self._open:
            self._continue(end)
        elif not self._is_told:
            self._is_told = True  # for the lines below it too
            self.layout.problems.append(
                Problem("E301", at, "indented line outside a topic", "start it at the margin", end)
            )

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
            self._tell_stray(at, end)

    def _tell_stray(self, at: int, end: int) -> None:
        if len(self.layout.problems) < MAX_STRAY:
            self.layout.problems.append(_stray(self._text[at:end].split(maxsplit=1)[0], at))
            return
        self._untold_at = self._untold_at or at
        self._untold += 1

    def _read_attribute(self, topic: TopicBlock, white: str, at: int, end: int) -> None:
        if not self._indent:
            self._indent = white
        problem = None if white == self._indent and _is_plain(white) else _check_indent(white, self._indent, at)
        if problem:
            topic.problems.append(problem)
            self._open = None  # what is indented below continues nothing that is understood
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
    return Problem("E301", at, f"unknown statement {shorten(word)}", remedy, at + len(word))


def _is_plain(white: str) -> bool:
    return white.isascii() and not white.strip(white[0])


def _check_indent(white: str, indent: str, at: int) -> Problem | None:
    kinds = set(white) | set(indent)
    if kinds == {" ", "\t"}:
        return Problem("E303", at, "tabs and spaces mixed in the indent", "indent the whole topic with spaces")
    if len(kinds) > 1:
        odd = ", ".join(f"U+{ord(kind):04X}" for kind in sorted(kinds - {" ", "\t"}))
        return Problem("E303", at, f"white space of several kinds in the indent: {odd}", "indent with spaces")
    if len(white) < len(indent):
        remedy = "give all attributes of a topic the same indent"
        return Problem("E303", at, "indent smaller than that of the attribute above", remedy)
    return None
