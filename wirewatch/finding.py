"""Reads what is to be tried out on the stored articles: a topic, a rule file or an expression."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rules.errors import RuleErrors
from rules.syntax import parse
from rules.topic import make_topic

if TYPE_CHECKING:
    from rules.files import LoadedRules
    from rules.topic import Topic

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


def read_tried(what: str, loaded: LoadedRules) -> Tried:
    """Read *what* as a rule file, the name of a topic in *loaded*, or else an expression.

    Raises RuleError or RuleErrors when it is not understood.
    """
    from wirewatch.rulecheck import load

    if what.endswith(".rules") or Path(what).is_file():
        file = load([Path(what)])
        if file.errors:
            raise RuleErrors(file.errors)
        return Tried(topics=file.topics)
    for topic in loaded.topics:
        if topic.name == what:
            return Tried(topics=(topic,))
    if what in loaded.broken:
        raise RuleErrors(error for error in loaded.errors if error.file)
    expression = make_topic(name=NAMELESS, matches=[(parse(what, macros=loaded.macros), 1)])
    near = difflib.get_close_matches(what, [topic.name for topic in loaded.topics], n=1)
    hint = f"{what} is no topic and no file, so it is read as an expression"
    if near:
        hint += f"; did you mean {near[0]}?"
    return Tried(topics=(expression,), is_expression=True, hints=(hint,) if near or _NAME.fullmatch(what) else ())
