"""What statements say other than expressions: headers, names, lists, numbers, test lines.

Each reader gets the text of one statement without its keyword, and returns a value, or a problem with an offset
in that text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.errors import Problem, shorten
from rules.lexer import QUOTES, read_quoted, skip_blank

if TYPE_CHECKING:
    from rules.layout import Statement

#: Characters of a topic's name: it is the key of rows and stands in every listing.
MAX_NAME = 200

_IDENT = re.compile(r"[^\W\d_][\w\-]*(?!\S)")
_MACRO = re.compile(r"@([^\W\d_][\w\-]*)\s*(=?)")
_WORD = re.compile(r"\S+")
_LIST_ITEM = re.compile(r"[^\s,]+")
_TAG = re.compile(r"[^\W_][\w\-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}")
_VERDICT = re.compile(r"\w+")
_NUMBER = re.compile(r"-?\d{1,6}(?!\S)", re.ASCII)

# Nearly all headers and lists are of these forms, and are read at once.
_PLAIN_HEADER = re.compile(r'[ \t]+([^\W\d_][\w\-]{0,99})(?:[ \t]+"([^"\\\n]*)")?[ \t]*')
_PLAIN_LIST = re.compile(r"[ \t]+[A-Za-z0-9][\w\-]*(?:[ \t]*,[ \t]*[A-Za-z0-9][\w\-]*)*[ \t]*", re.ASCII)


class Header(NamedTuple):
    """`topic name "title"`."""

    name: str
    title: str | None


def read_header(text: str, statement: Statement) -> tuple[str | None, Header | Problem]:
    """The name, as far as it can be told, and the header of a topic, or what is wrong with it.

    Other than the readers below it gets the whole text of a file and says offsets in that.
    """
    name, header = _read_header(text[statement.content : statement.end])
    return name, header.shift(statement.content) if isinstance(header, Problem) else header


def _read_header(text: str) -> tuple[str | None, Header | Problem]:
    plain = _PLAIN_HEADER.fullmatch(text)
    if plain:
        return plain[1], Header(plain[1], plain[2])
    i = skip_blank(text, 0)
    name = _IDENT.match(text, i)
    if not name:
        remedy = 'write  topic name "title" ; a name is letters, digits, - and _, and starts with a letter'
        return None, Problem("E304", i, "topic without a proper name", remedy, _word_end(text, i))
    if name.end() - i > MAX_NAME:
        message = f"a name of more than {MAX_NAME} characters"
        return None, Problem("E304", i, message, "give the topic a short name", name.end())
    i = skip_blank(text, name.end())
    if i == len(text):
        return name.group(), Header(name.group(), None)
    title = _read_string(text, i)
    if isinstance(title, Problem):
        return name.group(), title._replace(code="E304")
    return name.group(), Header(name.group(), title)


def read_macro_name(text: str) -> tuple[str, int, int | Problem] | Problem:
    """The name of a macro, where its @ stands, and where its expression starts, or what is wrong there."""
    i = skip_blank(text, 0)
    name = _MACRO.match(text, i)
    if not name:
        return Problem("E305", i, "let without a proper name", "write  let @name = …", _word_end(text, i))
    if not name[2]:
        return name[1], i, Problem("E305", name.end(), "= is missing", f"write  let @{shorten(name[1])} = …")
    return name[1], i, name.end()


def read_tags(text: str) -> list[str] | Problem:
    """A list of tags."""
    return _read_list(text, _TAG, "a tag is letters, digits, - and _")


def read_langs(text: str) -> list[str] | Problem:
    """A list of primary language subtags, in lower case."""
    found = _read_list(text, _LANGUAGE, "write two-letter language codes: lang en, nl")
    return found if isinstance(found, Problem) else [lang.lower() for lang in found]


def read_priority(text: str) -> int | Problem:
    """A whole number."""
    i = skip_blank(text, 0)
    number = _NUMBER.match(text, i)
    if number and skip_blank(text, number.end()) == len(text):
        return int(number.group())
    remedy = "write a whole number: priority 5"
    return Problem("E310", i, "priority is not a number", remedy, _word_end(text, i))


def read_test(text: str) -> tuple[bool, str, int] | Problem:
    """What a test line expects, of which text, and where its opening quote stands."""
    i = skip_blank(text, 0)
    verdict = _VERDICT.match(text, i)
    if not verdict or verdict.group() not in {"yes", "no"}:
        remedy = 'write  test yes "…"  or  test no "…"'
        return Problem("E309", i, "test line without yes or no", remedy, _word_end(text, i))
    i = skip_blank(text, verdict.end())
    sample = _read_string(text, i)
    return sample if isinstance(sample, Problem) else (verdict.group() == "yes", sample, i)


def _read_string(text: str, i: int) -> str | Problem:
    """The quoted text that opens at *i*, which must be all that stands from there on but a comment."""
    if i >= len(text) or text[i] not in QUOTES:
        return Problem("E309", i, "a text in quotes is missing", 'write it as "…"', _word_end(text, i))
    quoted = read_quoted(text, i)
    if quoted is None:
        end = text.find("\n", i)
        return Problem("E102", i, "quote not closed", "close it on the same line", len(text) if end < 0 else end)
    rest = skip_blank(text, quoted[1])
    if rest < len(text):
        remedy = 'write \\" for a quote inside a text'
        return Problem("E309", rest, "nothing may follow the closing quote", remedy, _word_end(text, rest))
    return quoted[0]


def _read_list(text: str, member: re.Pattern[str], remedy: str) -> list[str] | Problem:
    if member is _TAG and _PLAIN_LIST.fullmatch(text):
        return _TAG.findall(text)
    found: list[str] = []
    i = skip_blank(text, 0)
    while True:
        item = _LIST_ITEM.match(text, i)
        if not item or not member.fullmatch(item.group()):
            message = f"{shorten(item.group())} cannot stand in a list" if item else "something is missing in the list"
            return Problem("E310", i, message, remedy, item.end() if item else 0)
        found.append(item.group())
        i = skip_blank(text, item.end())
        if i == len(text):
            return found
        if text[i] != ",":
            return Problem("E310", i, "a comma is missing", "separate the members of a list by commas")
        i = skip_blank(text, i + 1)


def _word_end(text: str, i: int) -> int:
    """Where the stretch without white space ends that starts at *i*."""
    word = _WORD.match(text, i)
    return word.end() if word else i
