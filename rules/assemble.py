"""Rule files at hand as texts → topics. Macros are visible in every file of the set.

All errors of a set are told in one run. A topic with an error is left out and named in `broken`; all others go
ahead. A set is read in three steps: files are taken apart (`layout`), macros written out (`definitions`), topics read
(`blocks`). What the steps find is kept in a `Memory`, and the next reading with that memory does again only what
an edit has changed: its result is the same as without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rules.blocks import read_topic
from rules.definitions import MacroDefinition, ReadMacros, read_let, read_macros
from rules.errors import Problem, shorten
from rules.layout import read_layout
from rules.macros import unknown_macro
from rules.tree import Macro

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.blocks import MacroTable, TopicReading
    from rules.definitions import Let
    from rules.errors import RuleError
    from rules.layout import Layout, RuleFile, TopicBlock
    from rules.topic import Topic
    from rules.tree import Tree

#: Pairs of names that are compared to find the macros that were meant; takes a second at most.
_MAX_COMPARED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRules:
    """What a set of rule files says, as far as it is understood."""

    #: in the order of the files and lines
    topics: tuple[Topic, ...]
    #: by file, line and column
    errors: tuple[RuleError, ...]
    #: names of the topics that were recognised but are not understood; they are not in `topics`
    broken: tuple[str, ...]
    #: names of files that may hold topics which are neither in `topics` nor in `broken`, because something
    #: outside all topics was not understood: what was known from these files must be kept
    unread_files: tuple[str, ...]
    #: the macros that are understood, written out
    macros: Mapping[str, Tree]
    #: where all macros are defined, by name
    definitions: Mapping[str, MacroDefinition] = field(default_factory=dict)
    #: the texts of the files that can be read as text, by the name that topics and errors give
    files: Mapping[str, RuleFile] = field(default_factory=dict)
    #: `files.read_digest` of exactly what was read; "" when it was not read from files
    digest: str = field(default="", compare=False)


@dataclass(slots=True)
class Memory:
    """What was found in a set the last time. Belongs to one sequence of readings; not for several threads."""

    files: dict[str, _FileReading] = field(default_factory=dict)
    macros: ReadMacros = field(default_factory=ReadMacros)


def assemble_rules(
    files: Iterable[RuleFile], unread: Iterable[RuleError] = (), memory: Memory | None = None
) -> LoadedRules:
    """Read *files*, no two of one name, as one set; *unread* are the errors of files that could not even be opened.

    *memory* is from the reading before, and is changed for the next one.
    """
    memory = memory or Memory()
    # Emptied first: what is read below changes it, and must not stay half changed when that is broken off.
    known_files, known_macros = memory.files, memory.macros
    memory.files, memory.macros = {}, ReadMacros()
    readings = [_take_apart(file, known_files.get(file.name)) for file in files]
    macros = read_macros((let for reading in readings for let in reading.lets), known_macros.readings)
    changed = _find_changes(macros.table, known_macros.table)
    for reading in readings:
        if reading.topics is None or not reading.topics.mentions.isdisjoint(changed):
            _read_topics(reading, macros.table, changed)
    memory.files = {reading.file.name: reading for reading in readings}
    memory.macros = macros
    return _join(readings, macros, tuple(unread))


@dataclass(slots=True)
class _FileReading:
    """A file of the set, as far as it is read."""

    file: RuleFile
    lets: tuple[Let, ...]
    #: outside all topics
    problems: tuple[Problem, ...]
    #: None when it must be found anew
    layout: Layout | None
    #: None when they are not read yet
    topics: _Topics | None
    #: topics of this file that were read before, by their text
    known: Mapping[str, TopicReading]


class _Topics(NamedTuple):
    """The topics of a file."""

    #: those that are understood
    topics: tuple[Topic, ...]
    #: names of the others
    broken: tuple[str, ...]
    #: all names, with the offset of the header
    named: tuple[tuple[str, int], ...]
    problems: tuple[Problem, ...]
    #: has a header without a name
    is_unread: bool
    #: macros that they name, and those that they could name
    macros: frozenset[str]
    mentions: frozenset[str]


def _take_apart(file: RuleFile, before: _FileReading | None) -> _FileReading:
    if before and before.file == file:
        return before
    layout = read_layout(file)
    read = [read_let(file, statement) for statement in layout.lets]
    return _FileReading(
        file=file,
        lets=tuple([let for let in read if not isinstance(let, Problem)]),
        problems=(*layout.problems, *[problem for problem in read if isinstance(problem, Problem)]),
        layout=layout,
        topics=None,
        known=before.known if before else {},
    )


def _find_changes(now: MacroTable, before: MacroTable) -> set[str]:
    """The macros that have come, gone, or stand for something else."""
    return {
        name
        for name in now.trees.keys() | before.trees.keys()
        if now.trees.get(name) != before.trees.get(name) or (name in now.bad) != (name in before.bad)
    }


def _read_topics(reading: _FileReading, macros: MacroTable, changed: set[str]) -> None:
    """Read the topics of a file; those that were read before are only placed, unless one of their macros *changed*."""
    file = reading.file
    layout = reading.layout or read_layout(file)
    known: dict[str, TopicReading] = {}
    placed = []
    for block in layout.topics:
        text = _text_of(file, block)
        read = known.get(text) or reading.known.get(text)
        if read is None or not read.mentions.isdisjoint(changed):
            read = read_topic(file, block, macros)
        known[text] = read
        placed.append((read, block.header.start))
    reading.topics = _Topics(
        topics=tuple([topic for read, at in placed if (topic := read.place(file.line_of(at), at))]),
        broken=tuple([read.name for read, _ in placed if read.topic is None and read.name is not None]),
        named=tuple([(read.name, at) for read, at in placed if read.name is not None]),
        problems=tuple([problem.shift(at) for read, at in placed for problem in read.problems]),
        is_unread=any(read.name is None for read, _ in placed),
        macros=frozenset[str]().union(*[read.macros for read, _ in placed]),
        mentions=frozenset[str]().union(*[read.mentions for read, _ in placed]),
    )
    # What was laid out is not needed again and takes more memory than the text.
    reading.layout, reading.known = None, known


def _text_of(file: RuleFile, block: TopicBlock) -> str:
    return file.text[block.header.start : block.end]


def _join(readings: list[_FileReading], macros: ReadMacros, unread: tuple[RuleError, ...]) -> LoadedRules:
    """What the files say together."""
    topics = [(reading.file, reading.topics) for reading in readings if reading.topics]
    twice, problems = _find_twice(topics)
    problems += macros.problems
    problems += [(reading.file, problem) for reading in readings for problem in reading.problems]
    problems += [(file, problem) for file, read in topics for problem in read.problems]
    problems = _tell_nearest(problems, macros.trees)
    errors = [*unread, *[file.error(problem) for file, problem in problems]]
    errors.sort(key=lambda e: (e.file or "", e.line or 0, e.column, e.code, e.message))
    unread_files = {error.file or "" for error in unread} | {file.name for file, _ in macros.problems}
    unread_files.update(reading.file.name for reading in readings if reading.problems)
    unread_files.update(file.name for file, read in topics if read.is_unread)
    return LoadedRules(
        topics=tuple([topic for _, read in topics for topic in read.topics if topic.name not in twice]),
        errors=tuple(errors),
        broken=tuple(dict.fromkeys([*[name for _, read in topics for name in read.broken], *twice])),
        unread_files=tuple(sorted(unread_files)),
        macros={name: macros.trees[name] for name in macros.lets if name not in macros.bad},
        definitions=_define(macros, macros.used.union(*[read.macros for _, read in topics])),
        files={reading.file.name: reading.file for reading in readings},
    )


def _find_twice(topics: Iterable[tuple[RuleFile, _Topics]]) -> tuple[dict[str, None], list[tuple[RuleFile, Problem]]]:
    """The names that several topics have, and a problem for each topic but the first."""
    first: dict[str, tuple[RuleFile, int]] = {}
    twice: dict[str, None] = {}
    problems = []
    for file, read in topics:
        for name, at in read.named:
            other, place = first.setdefault(name, (file, at))
            if other is not file or place != at:
                twice[name] = None
                message = (
                    f"topic {shorten(name)} is defined twice; the first one is at {other.name}:{other.line_of(place)}"
                )
                remedy = "rename one of them, or join them"
                problems.append((file, Problem("E307", at, message, remedy, at + len("topic"))))
    return twice, problems


def _tell_nearest(
    problems: Iterable[tuple[RuleFile, Problem]], macros: Mapping[str, Tree]
) -> list[tuple[RuleFile, Problem]]:
    """*problems*, those of unknown macros with the name that may have been meant.

    Expressions are read with only the macros that they name, so what they say of others is not known to them.
    """
    listed = list(problems)
    unknown = {name for file, problem in listed if (name := _unknown_name(file, problem))}
    compared = set(sorted(unknown)[: _MAX_COMPARED // max(len(macros), 1)])
    remedies = {name: unknown_macro(Macro(name=name), macros if name in compared else ()).remedy for name in unknown}
    return [
        (file, problem._replace(remedy=remedies[name]) if (name := _unknown_name(file, problem)) else problem)
        for file, problem in listed
    ]


def _unknown_name(file: RuleFile, problem: Problem) -> str:
    """The name that an unknown macro was called by; "" for other problems."""
    name = _MACRO.match(file.text, problem.at) if problem.code == "E206" else None
    return name[1] if name else ""


_MACRO = re.compile(r"@([^\W\d_][\w\-]*)")


def _define(macros: ReadMacros, used: set[str]) -> dict[str, MacroDefinition]:
    return {
        name: MacroDefinition(
            name=name,
            file=let.file.name,
            at=let.at,
            start=let.start,
            end=let.end,
            is_used=name in used,
            is_understood=name not in macros.bad,
        )
        for name, let in macros.lets.items()
    }
