"""Read a TOML file so that every complaint about it can name file and line."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_text(path: Path) -> str:
    """Return the text of *path*. Raises ConfigError when it cannot be read or is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        line = e.object[: e.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 (byte 0x{e.object[e.start]:02X}); save the file as UTF-8") from e


def parse(text: str, path: Path) -> dict[str, object]:
    """Return the tables of *text*. Raises ConfigError with file, line and column when it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        message = str(e)
        found = _POSITION.search(message)
        last_line = text.count("\n") + 1
        place = f"{path}:{found[1]}:{found[2]}" if found and found[1] else f"{path}:{last_line}"
        raise ConfigError(f"{place}: {_POSITION.sub('', message)}") from e


def line_of(text: str, key: Sequence[str | int]) -> int:
    """Return the line (from 1) of the statement that gives *key* its value in *text*, which must be valid TOML.

    A number in *key* counts the tables of an array. Neither tomllib nor tomlkit knows the line of a value;
    but a statement of TOML ends with a line, so the statement looked for is the one whose last line makes the
    shortest well-formed beginning of the text that has the key. That is found by bisection.
    Returns 1 for a key that is not there.
    """
    # a line cut off behind its CR would be no TOML
    lines = text.replace("\r\n", "\n").split("\n")
    if not _has(tomllib.loads(text), key):
        return 1
    without, having = 0, len(lines)
    while having - without > 1:
        middle = (without + having) // 2
        # the nearest end of a statement, downwards first
        tried = [*range(middle, without, -1), *range(middle + 1, having)]
        for count in tried:
            document = _try("\n".join(lines[:count]))
            if document is not None:
                if _has(document, key):
                    having = count
                else:
                    without = count
                break
        else:
            break
    return without + 1


def _try(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _has(document: object, key: Sequence[str | int]) -> bool:
    for part in key:
        held = document
        if isinstance(held, list):
            held = dict(enumerate(held))
        if not isinstance(held, dict) or part not in held:
            return False
        document = held[part]
    return True
