"""Rule files at hand as texts → topics. Macros are visible in every file of the set.

All errors of a set are told in one run. A topic with an error is left out and named in `broken`; all others go
ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from rules.attributes import read_header, read_langs, read_let_name, read_priority, read_tags, read_test
from rules.errors import Problem, suggest
from rules.layout import read_layout
from rules.macros import find_loops, reaches
from rules.syntax import read_definition, read_expression
from rules.topic import TopicTest, make_topic
from rules.tree import Macro, Words, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.errors import RuleError
    from rules.layout import RuleFile, Statement, TopicBlock
    from rules.topic import Topic
    from rules.tree import Tree

_ATTRIBUTES = ("match", "not", "tags", "lang", "priority", "test")


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


def assemble_rules(files: Iterable[RuleFile], unread: Iterable[RuleError] = ()) -> LoadedRules:
    """Read *files* as one set; *unread* are the errors of files that could not even be opened."""
    rules = _Set()
    for error in unread:
        rules.errors.append(error)
        rules.unread.append(error.file or "")
    return rules.read(list(files))


@dataclass(slots=True)
class _Definition:
    """A `let`, with the expression not yet read."""

    file: RuleFile
    name: str
    #: where the statement starts
    start: int
    #: `file.text[content:end]` is the expression
    content: int
    end: int


@dataclass(slots=True)
class _Set:
    """A set of files while it is read."""

    errors: list[RuleError] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    topics: list[Topic] = field(default_factory=list)
    macros: dict[str, Tree] = field(default_factory=dict)
    #: macros that have an error, or use one that has
    bad_macros: set[str] = field(default_factory=set)

    def read(self, files: list[RuleFile]) -> LoadedRules:
        layouts = [(file, read_layout(file)) for file in files]
        definitions: list[_Definition] = []
        for file, layout in layouts:
            for problem in layout.problems:
                self._refuse(file, problem, is_outside=True)
            for statement in layout.lets:
                self._add_definition(file, statement, definitions)
        self._read_macros(definitions)
        headers: dict[str, tuple[RuleFile, int]] = {}
        for file, layout in layouts:
            for block in layout.topics:
                self._read_topic(file, block, headers)
        self.errors.sort(key=lambda e: (e.file or "", e.line or 0, e.column))
        return LoadedRules(
            topics=tuple(t for t in self.topics if t.name not in self.broken),
            errors=tuple(self.errors),
            broken=tuple(dict.fromkeys(self.broken)),
            unread_files=tuple(dict.fromkeys(self.unread)),
            macros={name: tree for name, tree in self.macros.items() if name not in self.bad_macros},
        )

    def _refuse(self, file: RuleFile, problem: Problem, *, is_outside: bool = False) -> None:
        self.errors.append(file.error(problem))
        if is_outside:
            self.unread.append(file.name)

    # Macros

    def _add_definition(self, file: RuleFile, statement: Statement, definitions: list[_Definition]) -> None:
        named = read_let_name(file.text, statement)
        if isinstance(named, Problem):
            self._refuse(file, named, is_outside=True)
            return
        name, content = named
        first = next((d for d in definitions if d.name == name), None)
        if first:
            place = f"{first.file.name}:{first.file.line_of(first.start)}"
            message = f"macro @{name} is defined twice; the first one is at {place}"
            self._refuse(file, Problem("E308", statement.start, message, "rename one of them"), is_outside=True)
            self.bad_macros.add(name)
        else:
            definitions.append(_Definition(file, name, statement.start, content, statement.end))

    def _read_macros(self, definitions: list[_Definition]) -> None:
        by_name = {definition.name: definition for definition in definitions}
        named = {definition.name: _find_macros(definition) for definition in definitions}
        uses = {name: {node.name for node in nodes} for name, nodes in named.items()}
        loops = find_loops(uses)
        for name in sorted(loops):
            at = next(node.at for node in named[name] if reaches(uses, node.name, name))
            problem = Problem("E207", at, f"macro @{name} reaches itself", "break the circle")
            self._refuse(by_name[name].file, _shift(problem, by_name[name].content), is_outside=True)
            # What uses it finds something that is understood, and so has no error of its own.
            self.macros[name] = _STAND_IN
            self.bad_macros.add(name)
        for name in TopologicalSorter(
            {name: used - loops for name, used in uses.items() if name not in loops}
        ).static_order():
            if name in by_name:
                self._read_macro(by_name[name])

    def _read_macro(self, definition: _Definition) -> None:
        text = definition.file.text[definition.content : definition.end]
        expression = read_expression(text, self.macros, is_definition=True)
        if expression.problem:
            self._refuse(definition.file, _shift(expression.problem, definition.content), is_outside=True)
        if expression.problem or expression.macros & self.bad_macros:
            self.bad_macros.add(definition.name)
        is_bad = definition.name in self.bad_macros
        self.macros[definition.name] = _STAND_IN if is_bad else expression.tree

    # Topics

    def _read_topic(self, file: RuleFile, block: TopicBlock, headers: dict[str, tuple[RuleFile, int]]) -> None:
        name, header = read_header(file.text, block.header)
        if name is None:
            assert isinstance(header, Problem)
            self._refuse(file, header, is_outside=True)
            return
        found = _Attributes(file=file, macros=self.macros, bad_macros=self.bad_macros)
        if name in headers:
            first, at = headers[name]
            message = f"topic {name} is defined twice; the first one is at {first.name}:{first.line_of(at)}"
            found.refuse(Problem("E307", block.header.start, message, "rename one of them, or join them"))
        headers.setdefault(name, (file, block.header.start))
        if isinstance(header, Problem):
            found.refuse(header)
        for problem in block.problems:
            found.refuse(problem)
        for statement in block.attributes:
            found.read(statement)
        # A misspelled attribute may well be the match line.
        if not found.errors and not any(s.keyword == "match" for s in block.attributes):
            found.refuse(Problem("E306", block.header.start, f"topic {name} has no match line", "add  match …"))
        self.errors.extend(found.errors)
        if found.is_broken or isinstance(header, Problem):
            self.broken.append(name)
        else:
            self.topics.append(found.build(name, header.title, file.line_of(block.header.start)))


@dataclass(slots=True, kw_only=True)
class _Attributes:
    """The attributes of one topic while they are read."""

    file: RuleFile
    macros: Mapping[str, Tree]
    bad_macros: set[str]
    is_broken: bool = False
    errors: list[RuleError] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    langs: list[str] | None = None
    priority: int | None = None
    matches: list[tuple[Tree, int]] = field(default_factory=list)
    excludes: list[tuple[Tree, int]] = field(default_factory=list)
    tests: list[TopicTest] = field(default_factory=list)

    def refuse(self, problem: Problem) -> None:
        self.is_broken = True
        self.errors.append(self.file.error(problem))

    def read(self, statement: Statement) -> None:
        keyword = statement.keyword
        if keyword in {"match", "not"}:
            self._read_expression(statement, self.matches if keyword == "match" else self.excludes)
            return
        problem: object = None
        if keyword == "tags":
            problem = tags = read_tags(self.file.text, statement)
            self.tags += [] if isinstance(tags, Problem) else tags
        elif keyword == "lang" and self.langs is None:
            problem = langs = read_langs(self.file.text, statement)
            self.langs = [] if isinstance(langs, Problem) else langs
        elif keyword == "priority" and self.priority is None:
            problem = priority = read_priority(self.file.text, statement)
            self.priority = 0 if isinstance(priority, Problem) else priority
        elif keyword == "test":
            problem = test = read_test(self.file.text, statement)
            if not isinstance(test, Problem):
                line = self.file.line_of(statement.start)
                self.tests.append(TopicTest(should_match=test[0], text=test[1], line=line))
        elif keyword in {"lang", "priority"}:
            problem = Problem("E310", statement.start, f"{keyword} stands twice in this topic", "join the two")
        else:
            problem = self._unknown(statement)
        if isinstance(problem, Problem):
            self.refuse(problem)

    def _read_expression(self, statement: Statement, found: list[tuple[Tree, int]]) -> None:
        expression = read_expression(self.file.text[statement.content : statement.end], self.macros)
        if expression.problem:
            self.refuse(_shift(expression.problem, statement.content))
        elif expression.macros & self.bad_macros:
            self.is_broken = True  # the error is told once, at the macro
        else:
            found.append((expression.tree, self.file.line_of(statement.start)))

    def _unknown(self, statement: Statement) -> Problem:
        word = statement.keyword or self.file.text[statement.start : statement.end].split()[0]
        nearest = suggest(word.rstrip(":").lower(), _ATTRIBUTES)
        remedy = f"did you mean {nearest} ?" if nearest else f"attributes are {', '.join(_ATTRIBUTES)}"
        return Problem("E302", statement.start, f"unknown attribute {word}", remedy)

    def build(self, name: str, title: str | None, line: int) -> Topic:
        return make_topic(
            name=name,
            title=title,
            tags=self.tags,
            langs=self.langs or (),
            priority=self.priority or 0,
            file=self.file.name,
            line=line,
            matches=self.matches,
            excludes=self.excludes,
            tests=self.tests,
        )


_STAND_IN = Words(text="x")


def _find_macros(definition: _Definition) -> list[Macro]:
    tree, _ = read_definition(definition.file.text[definition.content : definition.end])
    return [node for node in walk(tree) if isinstance(node, Macro)]


def _shift(problem: Problem, offset: int) -> Problem:
    return problem._replace(at=problem.at + offset)
