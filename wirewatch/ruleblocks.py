"""Where topics stand in rule files, understood or not: whose line is it, and which fell without an error of its own?"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.attributes import read_header
from rules.blocks import find_mentions
from rules.layout import read_layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.files import LoadedRules
    from rules.layout import RuleFile

_COMMENT = re.compile(r"(?<!\S)#(?=\s).*")


class TopicLines:
    """Tells which topic a line of a set of rule files belongs to; a file is taken apart when it is first asked for."""

    def __init__(self, loaded: LoadedRules) -> None:
        self._files = loaded.files
        #: lines on which something starts at the margin, and the topic that starts there
        self._starts: dict[str, tuple[list[int], list[str | None]]] = {}

    def topic_at(self, file: str | None, line: int | None) -> str | None:
        """The topic whose block holds this line: from its header to the next statement at the margin."""
        if file is None or line is None or file not in self._files:
            return None
        if file not in self._starts:
            self._starts[file] = _find_starts(self._files[file])
        lines, topics = self._starts[file]
        number = bisect_right(lines, line)
        return topics[number - 1] if number else None


def _find_starts(file: RuleFile) -> tuple[list[int], list[str | None]]:
    layout = read_layout(file)
    starts: dict[int, str | None] = {file.line_of(problem.at): None for problem in layout.problems}
    starts |= {file.line_of(statement.start): None for statement in layout.lets}
    starts |= {file.line_of(block.header.start): read_header(file.text, block.header)[0] for block in layout.topics}
    lines = sorted(starts)
    return lines, [starts[line] for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A topic that is not understood though nothing is wrong on its own lines."""

    topic: str
    #: the macros that it names and that are not understood; none: another topic of the set has its name
    macros: tuple[str, ...]


def find_fallen(loaded: LoadedRules) -> Iterator[Fallen]:
    """Yield the topics of the files of *loaded* that no error of *loaded* stands in, by file and line."""
    lines = TopicLines(loaded)
    fallen = set(loaded.broken) - {lines.topic_at(error.file, error.line) for error in loaded.errors}
    for file in loaded.files.values() if fallen else ():
        for block in read_layout(file).topics:
            name, _ = read_header(file.text, block.header)
            if name in fallen:
                mentions = find_mentions(_COMMENT.sub("", file.text[block.header.start : block.end]))
                yield Fallen(topic=name, macros=tuple(sorted(mentions - loaded.macros.keys())))
