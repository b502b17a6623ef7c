"""Rule files → topics. The one module of this package that reads files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rules.assemble import LoadedRules, assemble_rules
from rules.errors import Problem, RuleError, RuleErrors
from rules.layout import RuleFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.topic import Topic

__all__ = ["LoadedRules", "load_rules", "parse_topic"]


def load_rules(where: str | Path | Iterable[str | Path]) -> LoadedRules:
    """Read all `*.rules` files of a folder, or the files given.

    In errors and topics a file bears its name within the folder, or the path given. Raises OSError
    (FileNotFoundError, NotADirectoryError) when the folder cannot be listed; a file that cannot be read is an
    error of the set (E300).
    """
    if isinstance(where, str | Path):
        folder = Path(where)
        if not folder.exists():
            raise FileNotFoundError(f"there is no rules folder {folder}")
        if not folder.is_dir():
            raise NotADirectoryError(f"the rules folder {folder} is not a folder")
        named = sorted((path.name, path) for path in folder.iterdir() if path.suffix == ".rules")
    else:
        named = [(str(path), Path(path)) for path in where]
    read = [_read_file(name, path) for name, path in named]
    return assemble_rules(
        (file for file in read if isinstance(file, RuleFile)),
        (error for error in read if isinstance(error, RuleError)),
    )


def parse_topic(source: str, *, file: str = "stored topic") -> Topic:
    """Read one topic that stands by itself, as in `Topic.source`; its version comes out the same.

    *file* is what errors and the topic give as their file. Raises RuleErrors.
    """
    loaded = assemble_rules([RuleFile(file, source)])
    if loaded.errors:
        raise RuleErrors(loaded.errors)
    if len(loaded.topics) != 1:
        message = f"one topic is wanted here, not {len(loaded.topics)}"
        raise RuleErrors([RuleError(code="E301", column=1, message=message, file=file, line=1)])
    return loaded.topics[0]


def _read_file(name: str, path: Path) -> RuleFile | RuleError:
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        return RuleError(code="E300", column=1, message=message, file=name, line=1)
    try:
        return RuleFile(name, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        # What stands before the bad byte is good, so the place can be told in characters.
        shown = RuleFile(name, content[: error.start].decode("utf-8") + "\ufffd")
        message = f"not UTF-8: byte {content[error.start]:#04x}"
        return shown.error(Problem("E300", len(shown.text) - 1, message, "save the file as UTF-8"))
