"""What is wrong with a rule, where, and what to do about it.

* RuleError        one fault: code, place, remedy; renders itself with a caret
* RuleErrors       all faults of one reading, in order
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Problem(NamedTuple):
    """A fault within a text, before it is known where that text stands."""

    code: str
    #: offset in code points from the start of the text
    at: int
    message: str
    remedy: str = ""
    #: where the faulty stretch ends; 0, or anything before `at`, when only its start is known
    end: int = 0

    def shift(self, offset: int) -> Problem:
        """The same fault within a longer text, in which this one starts at *offset*."""
        return self._replace(at=self.at + offset, end=max(self.at, self.end) + offset)


class RuleError(Exception):
    """A rule that is not understood.

    `line` and `column` count from 1, columns in characters. For an expression that stands in no file, `file`
    and `line` are None and the column counts within the expression. The faulty stretch ends before `end_column`
    of `end_line`, for editors that underline it; when it is not known, that is where it starts.
    """

    def __init__(
        self,
        *,
        code: str,
        column: int,
        message: str,
        remedy: str = "",
        source_line: str = "",
        file: str | None = None,
        line: int | None = None,
        end_line: int | None = None,
        end_column: int | None = None,
    ) -> None:
        self.code = code
        self.column = column
        self.message = message
        self.remedy = remedy
        #: the line as written, without its end
        self.source_line = source_line
        self.file = file
        self.line = line
        self.end_line = line if end_line is None else end_line
        self.end_column = column if end_column is None else end_column
        super().__init__(self.summary)

    @property
    def summary(self) -> str:
        """The first line of the error: place, code, message."""
        place = f"column {self.column}" if self.file is None else f"{self.file}:{self.line or 1}:{self.column}"
        return _printable(f"{place}: {self.code} {self.message}")

    def render(self) -> str:
        """The error as people see it: the place, the line, and a caret under the spot with the remedy.

        Holds no control characters but the ends of its own lines.
        """
        if not self.source_line:  # of a file that could not be read
            return f"{self.summary}\n  {_printable(self.remedy)}".rstrip()
        line, column = _window(self.source_line, self.column)
        shown = _printable(line)
        # Wide characters take two places on a terminal, combining ones none.
        caret = " " * sum(map(_width, shown[: column - 1].ljust(column - 1)))
        pointer = f"  {caret}^ {_printable(self.remedy)}".rstrip()
        return f"{self.summary}\n  {shown}\n{pointer}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword arguments get lost in the default pickling, and workers raise these across processes.
        return (_rebuild, (type(self), {key: value for key, value in self.__dict__.items() if key != "args"}))


class RuleErrors(Exception):
    """All that is wrong with a text, at least one error, in the order of the text."""

    def __init__(self, errors: Iterable[RuleError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(e.summary for e in self.errors))

    def render(self) -> str:
        """All errors, one after the other."""
        return "\n".join(e.render() for e in self.errors)

    def __reduce__(self) -> tuple[object, ...]:
        return (RuleErrors, (self.errors,))


def suggest(word: str, known: Iterable[str]) -> str:
    """The member of *known* nearest to *word*, or "" when none is near.

    >>> suggest("tittle", ["title", "body"])
    'title'
    """
    if len(word) > _MAX_NAME:
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.5)), "")


#: Nobody misspells a longer name, and comparing texts takes quadratic time.
_MAX_NAME = 64


def shorten(text: str, limit: int = 60) -> str:
    """*text* for a message: its first characters when it is longer than *limit*.

    >>> shorten("crimea" * 20, 8)
    'crimeac…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


#: Characters of a line that are shown before and after the caret, where all of it would fill the terminal.
_SHOWN = 120


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of *line* around *column*, and the column within that part."""
    at = column - 1
    start, end = max(at - _SHOWN, 0), at + _SHOWN
    if start:
        line, at, end = f"…{line[start:]}", at - start + 1, end - start + 1
    return (f"{line[:end]}…" if len(line) > end else line), at + 1


def _rebuild(kind: type[RuleError], attributes: dict[str, object]) -> RuleError:
    return kind(**attributes)  # type: ignore[arg-type]  # the attributes are the arguments


def _printable(text: str) -> str:
    """*text* with a visible stand-in for each control, format or bidi character; as long as before."""
    return "".join(" " if c == "\t" else "\ufffd" if unicodedata.category(c) in _UNPRINTABLE else c for c in text)


_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
