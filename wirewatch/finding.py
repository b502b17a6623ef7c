"""Reads what is to be tried out on the stored articles: a topic, a rule file or an expression."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rules.contents import SUFFIX
from rules.errors import RuleErrors
from rules.syntax import parse
from rules.topic import make_topic
from wirewatch.rulehidden import find_hiding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.files import LoadedRules
    from rules.topic import Topic
    from wirewatch.rulehidden import Stored

#: what an expression that is tried out is called, where topics have their names
NAMELESS = "expression"

#: what could be meant as the name of a topic or file
_NAME = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is to be tried out on the stored articles."""

    topics: tuple[Topic, ...]
    #: an expression, which has no stored matches to compare with
    is_expression: bool = False
    #: lines for people about how it was understood
    hints: tuple[str, ...] = ()


def _is_file(what: str) -> bool:
    """Is *what* a file from here? An expression may be longer than any name of a file."""
    try:
        return Path(what).is_file()
    except (OSError, ValueError):
        return False


def _read_file(path: Path, folder: Path) -> Tried:
    """The topics of one file; one of *folder* sees the macros of all the others."""
    from wirewatch.rulecheck import load, load_files

    sets = [loaded for _, loaded in load_files(folder, [path])] if _is_file(str(path)) else [load([path])]
    if errors := [error for loaded in sets for error in loaded.errors]:
        raise RuleErrors(errors)
    return Tried(topics=tuple(topic for loaded in sets for topic in loaded.topics))


def read_tried(what: str, folder: Path, loaded: LoadedRules, stored: Callable[[], Stored]) -> Tried:
    """Read *what* as a rule file, the name of a topic in *loaded*, or else an expression.

    *folder* holds the rule files that were *loaded*; *stored* tells what topics the database knows. Raises RuleError
    or RuleErrors when it is not understood, also where it may be the name of a topic that cannot be read, and
    NoRuleFile for the path of a folder.
    """
    if what.endswith(SUFFIX) or "/" in what or _is_file(what):
        from wirewatch.rulecheck import find_file

        path = find_file(what, folder)
        if what.endswith(SUFFIX) or _is_file(what):
            return _read_file(path, folder)
    for topic in loaded.topics:
        if topic.name == what:
            return Tried(topics=(topic,))
    if what in loaded.broken:
        raise RuleErrors(error for error in loaded.errors if error.file)
    if _NAME.fullmatch(what) and (hiding := find_hiding(what, loaded, stored)):
        raise RuleErrors(hiding)
    expression = make_topic(name=NAMELESS, matches=[(parse(what, macros=loaded.macros), 1)])
    near = difflib.get_close_matches(what, [topic.name for topic in loaded.topics], n=1)
    hint = f"{what} is no topic and no file, so it is read as an expression"
    if near:
        hint += f"; did you mean {near[0]}?"
    return Tried(topics=(expression,), is_expression=True, hints=(hint,) if near or _NAME.fullmatch(what) else ())
