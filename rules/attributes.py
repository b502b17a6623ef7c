"""The attributes of a topic other than its expressions: header, lists, numbers, test lines.

Each reader gets the whole text and the part that it may read, and returns a value or a problem with an offset
in that text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.errors import Problem
from rules.lexer import QUOTES, read_quoted, skip_blank

if TYPE_CHECKING:
    from rules.layout import Statement

_IDENT = re.compile(r"[^\W\d_][\w\-]*(?!\S)")
_LIST_ITEM = re.compile(r"[^\s,]+")
_TAG = re.compile(r"[^\W_][\w\-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}")
_VERDICT = re.compile(r"\w+")
_NUMBER = re.compile(r"\d{1,6}(?!\S)", re.ASCII)


class Header(NamedTuple):
    """`topic name "title"`."""

    name: str
    title: str | None


def read_header(text: str, statement: Statement) -> tuple[str | None, Header | Problem]:
    """The name, as far as it can be told, and the header or what is wrong with it."""
    i = skip_blank(text[: statement.end], statement.content)
    name = _IDENT.match(text, i, statement.end)
    if not name:
        remedy = 'write  topic name "title" ; a name is letters, digits, - and _, and starts with a letter'
        return None, Problem("E304", min(i, statement.end), "topic without a proper name", remedy)
    i = skip_blank(text[: statement.end], name.end())
    if i == statement.end:
        return name.group(), Header(name.group(), None)
    title = _read_string(text, i, statement.end)
    if isinstance(title, Problem):
        return name.group(), title._replace(code="E304")
    return name.group(), Header(name.group(), title)


def read_let_name(text: str, statement: Statement) -> tuple[str, int] | Problem:
    """The name of a macro, and where its expression starts."""
    i = skip_blank(text[: statement.end], statement.content)
    name = re.compile(r"@([^\W\d_][\w\-]*)\s*(=?)").match(text, i, statement.end)
    if not name:
        return Problem("E305", i, "let without a proper name", "write  let @name = …")
    if not name[2]:
        return Problem("E305", name.end(), "= is missing", f"write  let @{name[1]} = …")
    return name[1], name.end()


def read_tags(text: str, statement: Statement) -> list[str] | Problem:
    """A list of tags."""
    return _read_list(text, statement, _TAG, "a tag is letters, digits, - and _")


def read_langs(text: str, statement: Statement) -> list[str] | Problem:
    """A list of primary language subtags, in lower case."""
    found = _read_list(text, statement, _LANGUAGE, "write two-letter language codes: lang en, nl")
    return found if isinstance(found, Problem) else [lang.lower() for lang in found]


def read_priority(text: str, statement: Statement) -> int | Problem:
    """A whole number."""
    i = skip_blank(text[: statement.end], statement.content)
    number = _NUMBER.match(text, i, statement.end)
    if number and skip_blank(text[: statement.end], number.end()) == statement.end:
        return int(number.group())
    return Problem("E310", i, "priority is not a number", "write a whole number: priority 5")


def read_test(text: str, statement: Statement) -> tuple[bool, str] | Problem:
    """What a test line expects, and of which text."""
    i = skip_blank(text[: statement.end], statement.content)
    verdict = _VERDICT.match(text, i, statement.end)
    if not verdict or verdict.group() not in {"yes", "no"}:
        return Problem("E309", i, "test line without yes or no", 'write  test yes "…"  or  test no "…"')
    i = skip_blank(text[: statement.end], verdict.end())
    sample = _read_string(text, i, statement.end)
    return sample if isinstance(sample, Problem) else (verdict.group() == "yes", sample)


def _read_string(text: str, i: int, end: int) -> str | Problem:
    """A quoted text that is all that stands in `text[i:end]` but a comment."""
    if i >= end or text[i] not in QUOTES:
        return Problem("E309", min(i, end), "a text in quotes is missing", 'write it as "…"')
    quoted = read_quoted(text[:end], i)
    if quoted is None:
        return Problem("E102", i, "quote not closed", "close it on the same line")
    rest = skip_blank(text[:end], quoted[1])
    if rest < end:
        return Problem("E309", rest, "nothing may follow the closing quote", 'write \\" for a quote inside a text')
    return quoted[0]


def _read_list(text: str, statement: Statement, member: re.Pattern[str], remedy: str) -> list[str] | Problem:
    found: list[str] = []
    i = skip_blank(text[: statement.end], statement.content)
    while True:
        item = _LIST_ITEM.match(text, i, statement.end)
        if not item or not member.fullmatch(item.group()):
            message = f"{item.group()} cannot stand in a list" if item else "something is missing in the list"
            return Problem("E310", min(i, statement.end), message, remedy)
        found.append(item.group())
        i = skip_blank(text[: statement.end], item.end())
        if i == statement.end:
            return found
        if text[i] != ",":
            return Problem("E310", i, "a comma is missing", "separate the members of a list by commas")
        i = skip_blank(text[: statement.end], i + 1)
