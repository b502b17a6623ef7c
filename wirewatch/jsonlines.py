"""Questions of another program, a line of JSON each, and a line of JSON for each answer: `try rules` and its like.

    for line in read_lines(stdin): answer_line(line, decode, judge)

A question is an object with an `id`, which is given back as it was written. No line can end the work: whatever it
holds, it gets one answer, and none can take all memory.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

import msgspec

from wirewatch.output import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: A longer line is refused, so that no input can take all memory.
MAX_LINE_BYTES = 64 * 1024 * 1024
#: So far into such a line its id is looked for.
MAX_ID_BYTES = 4096

#: the code of an answer to a line that is no proper question
BAD_INPUT = "bad_input"
#: the code of an answer that a bug prevented
INTERNAL_ERROR = "internal_error"

#: An id that stands first can be told even where the rest of the line is not understood.
_FIRST_ID = re.compile(rb'\s*\{\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null)\s*(?=[,}])')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Identified(msgspec.Struct):
    """The beginning of every question; the questions of a command derive from it."""

    #: as written, to be given back
    id: msgspec.Raw = msgspec.Raw(b"null")


Question = TypeVar("Question", bound=Identified)


class Line(NamedTuple):
    """A line of the input, with its end; or the beginning of one that is refused."""

    content: bytes
    #: why the line is refused unread; None: it is whole
    refusal: str | None = None


def read_lines(lines: BinaryIO, *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Yield each of *lines* as soon as it is there. A mark of the byte order may stand first."""
    is_first = True
    while line := lines.readline(max_line_bytes + 1):
        if len(line) > max_line_bytes:
            _skip_rest(line, lines, max_line_bytes)
            yield Line(line[:MAX_ID_BYTES], f"the line is longer than {max_line_bytes} bytes")
        else:
            yield Line(line.removeprefix(codecs.BOM_UTF8) if is_first else line)
        is_first = False


def tell_error(code: str, message: str) -> dict[str, object]:
    """What an answer tells where there is an error, without the id."""
    return {"error": code, "message": message}


def answer_line(
    line: Line,
    decode: Callable[[bytes], Question],
    judge: Callable[[Question], dict[str, object]],
    error: Callable[[str, str], dict[str, object]] = tell_error,
) -> str:
    """Answer one line; the answer is one line without its end. Never raises for what *line* holds.

    *decode* is that of a `msgspec.json.Decoder`; *judge* returns the answer without the id, and may raise
    `BadQuestionError`. Anything else that it raises is answered with the code `internal_error`. *error* makes the
    answer of a code and a message.
    """
    content = line.content
    if line.refusal is not None:
        return _joined(_find_id(content), error(BAD_INPUT, line.refusal))
    try:
        question = decode(content)
        ident = bytes(question.id).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        return _joined(_find_id(content), error(BAD_INPUT, _reason(e, content)))
    try:
        told = judge(question)
    except BadQuestionError as e:
        told = error(BAD_INPUT, str(e))
    except Exception as e:  # noqa: BLE001  # a bug in one answer must not cost the program that asks all others
        told = error(INTERNAL_ERROR, f"unexpected {type(e).__name__}: {e}; this is a bug")
    return _joined(ident, told)


class BadQuestionError(ValueError):
    """A question that is understood and makes no sense; the message says why."""


def write_answers(answers: Iterable[str]) -> None:
    """Write each answer on standard output at once: another program may wait for it before it asks again."""
    out = sys.stdout
    for answer in answers:
        out.write(answer + "\n")
        out.flush()


def _skip_rest(line: bytes, lines: BinaryIO, size: int) -> None:
    while line and not line.endswith(b"\n"):
        line = lines.readline(size)


def _joined(ident: str, told: dict[str, object]) -> str:
    # A carriage return between the parts of an id that is a list or an object would end the line for some readers.
    return f'{{"id":{ident.strip().replace(chr(13), " ")},{to_json(told)[1:]}'


def _reason(error: Exception, line: bytes) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: {error.reason}"
    if isinstance(error, msgspec.ValidationError):
        return str(error)
    if not line.strip():
        return "an empty line"
    if _is_half_a_pair(line):
        return "not JSON: \\ud800 … \\udfff stand for a character only in pairs"
    return f"not JSON: {error}"


def _is_half_a_pair(line: bytes) -> bool:
    """Is the line well-formed but for a surrogate that stands alone, as some programs write them?"""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return _SURROGATE.search(line) is not None


_read_id = msgspec.json.Decoder(Identified).decode


def _find_id(line: bytes) -> str:
    """The id of a line that is not understood, as written; `null` where it cannot be told."""
    try:
        return bytes(_read_id(line).id).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    first = _FIRST_ID.match(line)
    try:
        ident = first[1].decode() if first else "null"
        json.loads(ident)
    except ValueError:
        return "null"
    return ident
