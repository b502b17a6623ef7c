"""A topic's lines → what they say, wherever they stand.

The same lines say the same in any place and file, as long as the macros that they name stand for the same. So what
was read once can be placed again, after an edit above it has moved it down.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.attributes import read_header, read_langs, read_priority, read_tags, read_test
from rules.errors import Problem, shorten, suggest
from rules.layout import MAX_STATEMENT
from rules.syntax import read_expression
from rules.topic import Rule, Topic, TopicTest, topic_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rules.layout import RuleFile, Statement, TopicBlock
    from rules.tree import Tree

ATTRIBUTES = ("match", "not", "tags", "lang", "priority", "test")

_MENTION = re.compile(r"@([^\W\d_][\w\-]*)")


class MacroTable(NamedTuple):
    """What macros stand for."""

    #: written out; something harmless for those that are not understood
    trees: Mapping[str, Tree]
    #: the names of those that are not understood, or use one that is not
    bad: Collection[str]

    def for_text(self, text: str) -> dict[str, Tree]:
        """Those that *text* can name."""
        return {name: self.trees[name] for name in find_mentions(text) if name in self.trees}


def find_mentions(text: str) -> frozenset[str]:
    """The names in *text* that look like macros: all that it uses, and those in comments and quotes."""
    return frozenset(_MENTION.findall(text)) if "@" in text else frozenset()


class TopicReading(NamedTuple):
    """What the lines of a topic say."""

    #: None when there is no telling
    name: str | None
    #: offsets count from the topic's header
    problems: tuple[Problem, ...]
    #: the macros that its expressions name
    macros: frozenset[str]
    #: those that it could name
    mentions: frozenset[str]
    #: at the place where it was read; None when it is not understood
    topic: Topic | None

    def place(self, line: int, at: int) -> Topic | None:
        """The topic with its header in this line of the same file, at this offset."""
        topic = self.topic
        if topic is None or (topic.line, topic.at) == (line, at):
            return topic
        lines, offset = line - topic.line, at - topic.at
        return replace(
            topic,
            line=line,
            at=at,
            rules=_move(topic.rules, lines, offset),
            excludes=_move(topic.excludes, lines, offset),
            tests=tuple([replace(test, line=test.line + lines, at=test.at + offset) for test in topic.tests]),
        )


def _move(rules: Iterable[Rule], lines: int, offset: int) -> tuple[Rule, ...]:
    return tuple([replace(rule, line=rule.line + lines, at=rule.at + offset, end=rule.end + offset) for rule in rules])


def read_topic(file: RuleFile, block: TopicBlock, macros: MacroTable) -> TopicReading:
    """Read the lines of *block*; never raises."""
    header, attributes, problems = block.header, block.attributes, block.problems
    name, named = read_header(file.text, header)
    reader = _Reader(file, name or "", header.start, macros)
    title = None
    if isinstance(named, Problem):
        reader.refuse(named)
    else:
        title = named.title
    for problem in problems:
        reader.refuse(problem)
    for statement in attributes:
        reader.read(statement)
    # A misspelled attribute may well be the match line.
    if not reader.problems and not any(s.keyword == "match" for s in attributes):
        message = f"topic {shorten(reader.name)} has no match line"
        reader.refuse(Problem("E306", header.start, message, "add  match …", header.end))
    return TopicReading(
        name=name,
        problems=tuple(reader.problems),
        macros=frozenset(reader.macros),
        mentions=find_mentions(file.text[header.start : block.end]),
        topic=None if reader.is_broken else reader.finish(title),
    )


class _Reader:
    """Reads the attributes of one topic."""

    def __init__(self, file: RuleFile, name: str, start: int, known: MacroTable) -> None:
        self.name = name
        self.is_broken = False
        self.problems: list[Problem] = []
        #: macros that were named
        self.macros: set[str] = set()
        self.matches: list[Rule] = []
        self._file = file
        #: where the header starts
        self._start = start
        self._known = known
        self._excludes: list[Rule] = []
        self._tags: list[str] = []
        self._langs: list[str] | None = None
        self._priority: int | None = None
        self._tests: list[TopicTest] = []

    def refuse(self, problem: Problem) -> None:
        """Note *problem*, whose offset counts in the file."""
        self.is_broken = True
        self.problems.append(problem.shift(-self._start))

    def read(self, statement: Statement) -> None:
        """Read one attribute."""
        if statement.keyword in {"match", "not"} and statement.end - statement.start <= MAX_STATEMENT:
            for problem in self._read_expression(statement):
                self.refuse(problem.shift(statement.content))
        else:
            other = self._read(statement)
            if other:
                self.refuse(other)

    def finish(self, title: str | None) -> Topic:
        """What was read, without a problem."""
        langs = tuple(dict.fromkeys(self._langs or ()))
        return Topic(
            name=self.name,
            title=title,
            tags=tuple(dict.fromkeys(self._tags)),
            langs=langs,
            priority=self._priority or 0,
            file=self._file.name,
            line=self._file.line_of(self._start),
            at=self._start,
            rules=tuple(self.matches),
            excludes=tuple(self._excludes),
            tests=tuple(self._tests),
            version=topic_version([rule.tree for rule in self.matches], [rule.tree for rule in self._excludes], langs),
        )

    def _read(self, statement: Statement) -> Problem | None:
        keyword, start, content, end = statement
        if end - start > MAX_STATEMENT:
            return too_large(statement)
        text = self._file.text[content:end]
        if keyword == "tags":
            problem = self._read_tags(text)
        elif keyword == "test":
            problem = self._read_test(text, statement)
        elif keyword == "lang" and self._langs is None:
            problem = self._read_langs(text)
        elif keyword == "priority" and self._priority is None:
            problem = self._read_priority(text)
        else:
            return self._refuse_keyword(statement)
        return problem.shift(content) if problem else None

    def _read_expression(self, statement: Statement) -> tuple[Problem, ...]:
        found, prefix = (
            (self.matches, self.name) if statement.keyword == "match" else (self._excludes, f"{self.name}.not")
        )
        text = self._file.text[statement.content : statement.end]
        expression = read_expression(text, self._known.for_text(text) if "@" in text else {})
        if expression.macros:
            self.macros |= expression.macros
            # The error is told once, at the macro.
            self.is_broken = self.is_broken or not expression.macros.isdisjoint(self._known.bad)
        found.append(
            Rule(
                id=f"{prefix}.{len(found) + 1}",
                tree=expression.tree,
                line=self._file.line_of(statement.start),
                file=self._file.name,
                at=statement.content,
                end=statement.end,
            )
        )
        return expression.problems

    def _read_tags(self, text: str) -> Problem | None:
        tags = read_tags(text)
        if isinstance(tags, Problem):
            return tags
        self._tags += tags
        return None

    def _read_langs(self, text: str) -> Problem | None:
        langs = read_langs(text)
        self._langs = [] if isinstance(langs, Problem) else langs
        return langs if isinstance(langs, Problem) else None

    def _read_priority(self, text: str) -> Problem | None:
        priority = read_priority(text)
        self._priority = 0 if isinstance(priority, Problem) else priority
        return priority if isinstance(priority, Problem) else None

    def _read_test(self, text: str, statement: Statement) -> Problem | None:
        test = read_test(text)
        if isinstance(test, Problem):
            return test
        should_match, sample, at = test
        line = self._file.line_of(statement.start)
        self._tests.append(TopicTest(should_match=should_match, text=sample, line=line, at=statement.content + at))
        return None

    def _refuse_keyword(self, statement: Statement) -> Problem:
        keyword, start, _, end = statement
        word = keyword or self._file.text[start:end].split(maxsplit=1)[0]
        if keyword in ATTRIBUTES:
            message, remedy = f"{keyword} stands twice in this topic", "join the two"
            return Problem("E310", start, message, remedy, start + len(word))
        nearest = suggest(word.rstrip(":").lower(), ATTRIBUTES)
        remedy = f"did you mean {nearest} ?" if nearest else f"attributes are {', '.join(ATTRIBUTES)}"
        return Problem("E302", start, f"unknown attribute {shorten(word)}", remedy, start + len(word))


def too_large(statement: Statement) -> Problem:
    """The problem of a statement beyond `MAX_STATEMENT`."""
    message = f"statement of {statement.end - statement.start:,} characters; {MAX_STATEMENT:,} are allowed"
    remedy = "split it into several"
    return Problem("E311", statement.start, message, remedy, statement.start + len(statement.keyword))
