"""`try rules`: one line of JSON with a rule and a document → one line with the answer.

The rule is read, compiled and matched by what also works live: it becomes a topic of one `match` line. Rules and
documents that come again are not read again. No line can end the work: whatever it holds, it gets an answer.

`docs/reference/try-rules.md` describes both lines for other programs.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from itertools import count
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import msgspec

from rules.blocks import find_mentions
from rules.compile import compile_rules
from rules.definitions import Let, read_macros
from rules.document import SECTION_SEPARATOR, Document
from rules.layout import RuleFile
from rules.syntax import read_expression
from rules.topic import make_topic
from rules.tree import walk
from wirewatch.jsonlines import BadQuestionError, Identified, answer_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rules.definitions import ReadMacros
    from rules.errors import Problem
    from rules.match import RuleSet, TopicMatch
    from rules.tree import Tree
    from wirewatch.jsonlines import Line

K = TypeVar("K")
V = TypeVar("V")

#: What was asked before is kept as long as all of a kind weighs less; a unit is about a byte.
KEPT_RULES = KEPT_MACROS = KEPT_DOCUMENTS = 64_000_000
#: what anything that is kept weighs at least
ENTRY = 1000

_MACRO_NAME = re.compile(r"@?([^\W\d_][\w\-]*)")


class _Fields(msgspec.Struct, frozen=True):
    """The document of a line; what is missing or null is empty."""

    title: str | None = None
    body: str | None = None
    author: str | None = None
    source: str | None = None
    url: str | None = None
    lang: str | None = None
    section: tuple[str, ...] | None = None


class Question(Identified, kw_only=True):
    """What a line asks."""

    rule: str
    macros: dict[str, str] | None = None
    doc: _Fields | None = None


_read_question = msgspec.json.Decoder(Question).decode


class _Kept(Generic[K, V]):
    """What was made for the latest keys, up to a total weight."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K, make: Callable[[], tuple[V, int]]) -> V:
        """Return what is kept for *key*, or what *make* gives with its weight."""
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
            return found[0]
        value, weight = make()
        if weight <= self._most:
            self._values[key] = (value, weight)
            self._weight += weight
            while self._weight > self._most:
                _, (_, gone) = self._values.popitem(last=False)
                self._weight -= gone
        return value


class _Fault(NamedTuple):
    """What is wrong with a rule, or with a macro that it uses."""

    problem: Problem
    #: the macro in whose definition the problem is; None: it is in the rule
    macro: str | None = None


def judge(question: Question) -> dict[str, object]:
    """Read the rule and match it; return the answer without the id.

    BadQuestionError is raised for macros that no rule could name.
    """
    macros: dict[str, str] = {}
    for written, definition in (question.macros or {}).items():
        name = _MACRO_NAME.fullmatch(written)
        if name is None:
            reason = f"{written[:40]!r} is no name of a macro: letters, digits, - and _, starting with a letter"
            raise BadQuestionError(reason)
        if name[1] in macros:
            reason = f"macro @{name[1][:40]} is given twice, with @ and without"
            raise BadQuestionError(reason)
        macros[name[1]] = definition
    given = tuple(sorted(macros.items()))
    known = _macros.get(given, lambda: _read_macros(given))
    compiled = _rules.get((question.rule, known.number), lambda: _compile(question.rule, known))
    if isinstance(compiled, _Fault):
        return _tell_fault(compiled)
    fields = question.doc or _Fields()
    document = _documents.get(fields, lambda: _make_document(fields))
    found = compiled.match(document)
    return {"match": bool(found), "spans": _spans(found[0], document) if found else []}


def answer(line: Line, judge: Callable[[Question], dict[str, object]] = judge) -> str:
    """Answer one line of input; the answer is one line without its end. Never raises for what *line* holds.

    What *judge* raises, which nobody foresaw, is answered with the code `internal_error`.
    """
    return answer_line(line, _read_question, judge, lambda code, message: _error(code, None, message))


# --- rules ------------------------------------------------------------------------------------------


class _Macros(NamedTuple):
    """The macros of a line, read as those of a set of rule files are."""

    #: no other macros that are kept have it
    number: int
    read: ReadMacros
    #: what is wrong with each one itself, and which macros each one names
    problems: Mapping[str, Problem]
    uses: Mapping[str, frozenset[str]]


_number = count()


def _read_macros(given: tuple[tuple[str, str], ...]) -> tuple[_Macros, int]:
    """Read the definitions, and tell what they weigh."""
    lets = []
    for name, definition in given:
        # Each is a file of its own, so that offsets count in the definition.
        file = RuleFile(name, definition)
        lets.append(Let(file, name, 0, 0, 0, len(file.text), None))
    read = read_macros(lets, {})
    problems: dict[str, Problem] = {}
    for file, problem in read.problems:
        problems.setdefault(file.name, problem)
    uses: dict[str, frozenset[str]] = {}
    for let in lets:
        reading = read.readings.get(let.text)
        uses[let.name] = reading.expression.macros if reading else find_mentions(let.text)
    weight = sum(len(name) + len(definition) + _weigh(read.trees[name]) for name, definition in given)
    return _Macros(next(_number), read, problems, uses), ENTRY + weight


def _compile(rule: str, macros: _Macros) -> tuple[RuleSet | _Fault, int]:
    """Compile *rule* as the only match line of a topic, or tell its first fault, else that of a macro it reaches.

    Also what that weighs. For the rule itself a macro that is not understood stands for something that is.
    """
    expression = read_expression(rule, macros.read.trees)
    if expression.problem:
        return _Fault(expression.problem), ENTRY + len(rule)
    fault = _find_fault(expression.macros, macros)
    if fault:
        return fault, ENTRY + len(rule)
    topic = make_topic(name="rule", matches=[(expression.tree, 1)])
    return compile_rules([topic]), ENTRY + len(rule) + _weigh(expression.tree)


def _find_fault(names: Iterable[str], macros: _Macros) -> _Fault | None:
    """What is wrong with the first of *names* that has a fault, or with what these use in turn."""
    level, reached = sorted(names), set(names)
    while level:
        for name in level:
            if name in macros.problems:
                return _Fault(macros.problems[name], name)
        level = sorted({other for name in level for other in macros.uses.get(name, ())} - reached)
        reached.update(level)
    return None


def _weigh(tree: Tree) -> int:
    """About how much memory *tree* and its plan take, in units of a character."""
    return 500 * sum(1 for _ in walk(tree))


# --- documents --------------------------------------------------------------------------------------


def _make_document(fields: _Fields) -> tuple[Document, int]:
    """What the rule is matched against, and what it weighs with its words."""
    document = Document(
        title=fields.title or "",
        body=fields.body or "",
        author=fields.author or None,
        source=fields.source or None,
        url=fields.url or None,
        lang=fields.lang or None,
        sections=fields.section or (),
    )
    texts = (fields.title, fields.body, fields.author, fields.url, *document.sections)
    return document, ENTRY + 40 * (sum(len(text) for text in texts if text))


def _spans(found: TopicMatch, document: Document) -> list[dict[str, object]]:
    def text_of(field: str) -> str:
        return SECTION_SEPARATOR.join(document.sections) if field == "section" else getattr(document, field) or ""

    texts = {field: text_of(field) for field in {span.field for span in found.spans}}
    return [
        {"field": span.field, "start": span.start, "end": span.end, "text": texts[span.field][span.start : span.end]}
        for span in found.spans
    ]


_rules: _Kept[tuple[str, int], RuleSet | _Fault] = _Kept(KEPT_RULES)
_macros: _Kept[tuple[tuple[str, str], ...], _Macros] = _Kept(KEPT_MACROS)
_documents: _Kept[_Fields, Document] = _Kept(KEPT_DOCUMENTS)


# --- answers ----------------------------------------------------------------------------------------


def _error(code: str, column: int | None, message: str) -> dict[str, object]:
    return {"error": code, "col": column, "message": message}


def _tell_fault(fault: _Fault) -> dict[str, object]:
    problem = fault.problem
    message = f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
    told = _error(problem.code, problem.at + 1, message)
    return told if fault.macro is None else {**told, "macro": fault.macro}
