"""A topic as read from a rule file, its version, and its text as stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.glob import read_glob
from rules.plural import singular
from rules.render import quote, render
from rules.tree import (
    GRAMMAR_VERSION,
    And,
    AtLeast,
    Field,
    Near,
    Not,
    Or,
    Quorum,
    Regex,
    Score,
    Wildcard,
    Words,
    children_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One `match` line (id `purl.1`) or `not` line (id `purl.not.1`) of a topic."""

    #: positional, for display
    id: str
    #: macros written out
    tree: Tree
    #: the line of its keyword
    line: int
    #: name of the file it stands in, as in `Topic.file`
    file: str = ""
    #: `[at, end)` is its expression in the text of that file, so `at + tree.at` is where the tree starts
    at: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTest:
    """One `test` line: a text that the topic must match, or must not."""

    should_match: bool
    text: str
    line: int
    #: where its opening quote stands in the text of the file
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A named rule set: it matches where one of its rules holds and none of its exclusions. Built by `make_topic`."""

    name: str
    title: str | None
    tags: tuple[str, ...]
    #: primary language subtags in lower case; empty: any language
    langs: tuple[str, ...]
    #: 0 where none is given
    priority: int
    #: name of the file it stands in, and the line and offset of its header
    file: str
    line: int
    at: int = 0
    rules: tuple[Rule, ...]
    excludes: tuple[Rule, ...]
    tests: tuple[TopicTest, ...]
    #: hash of what decides whether it matches, see `topic_version`
    version: str

    @property
    def source(self) -> str:
        """Its text, which stands by itself: macros are written out. `files.parse_topic` reads it."""
        return _write(self)


def make_topic(
    *,
    name: str,
    title: str | None = None,
    tags: Iterable[str] = (),
    langs: Iterable[str] = (),
    priority: int = 0,
    file: str = "",
    line: int = 1,
    matches: Iterable[tuple[Tree, int]],
    excludes: Iterable[tuple[Tree, int]] = (),
    tests: Iterable[TopicTest] = (),
) -> Topic:
    """Build a topic; *matches* and *excludes* are the trees of its lines, each with the line it stands in."""
    rules = tuple(Rule(id=f"{name}.{i}", tree=t, line=at, file=file) for i, (t, at) in enumerate(matches, 1))
    without = tuple(Rule(id=f"{name}.not.{i}", tree=t, line=at, file=file) for i, (t, at) in enumerate(excludes, 1))
    langs = tuple(dict.fromkeys(langs))
    return Topic(
        name=name,
        title=title,
        tags=tuple(dict.fromkeys(tags)),
        langs=langs,
        priority=priority,
        file=file,
        line=line,
        rules=rules,
        excludes=without,
        tests=tuple(tests),
        version=topic_version((rule.tree for rule in rules), (rule.tree for rule in without), langs),
    )


def topic_version(matches: Iterable[Tree], excludes: Iterable[Tree], langs: Iterable[str]) -> str:
    """16 hexadecimal digits that change when the topic can match otherwise.

    *matches* and *excludes* are the trees of its lines. Comments, tests, tags, the title, layout, and how a word is
    written make no difference.
    """
    lines = [f"grammar {GRAMMAR_VERSION}"]
    lines += [f"match {_normal_form(tree)}" for tree in matches]
    lines += [f"not {_normal_form(tree)}" for tree in excludes]
    lines += [f"lang {' '.join(sorted(langs))}"]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _normal_form(tree: Tree, field: str = "") -> str:
    """*tree* as a text: other trees that mean the same in plain respects give it too, none that means otherwise."""
    # Hashes of these texts are stored: what is written here today stays as it is.
    if isinstance(tree, Words):
        return _normal_words(tree, field)
    if isinstance(tree, Wildcard):
        return f"(like {'=' * tree.is_exact}{json.dumps(read_glob(tree.text, is_exact=tree.is_exact))})"
    if isinstance(tree, Regex):
        return f"(regex {json.dumps(tree.pattern)}{'i' * tree.ignores_case})"
    inner = tree.name if isinstance(tree, Field) else field
    return f"({_operator(tree)} {' '.join([_normal_form(child, inner) for child in children_of(tree)])})"


def _operator(tree: Tree) -> str:
    if isinstance(tree, Field):
        return f"{tree.name}:"
    if isinstance(tree, Near):
        return f"{'before' if tree.is_ordered else 'near'} {tree.gap}"
    if isinstance(tree, Score):
        return f"score {tree.number} {','.join(map(str, tree.weights))}"
    if isinstance(tree, AtLeast | Quorum):
        return f"{_OPERATORS[type(tree)]} {tree.number}"
    return _OPERATORS[type(tree)]


_OPERATORS: dict[type[Tree], str] = {And: "and", Or: "or", Not: "not", AtLeast: "atleast", Quorum: "any"}


def _normal_words(words: Words, field: str) -> str:
    text = words.text
    if field in {"source", "lang"}:
        return json.dumps(words.label)
    if text.isascii() and text.isalnum() and not words.is_plural:
        # What follows, for nearly all words.
        return f'="{text}"{"*" * words.is_prefix}' if words.is_exact else f'"{text.lower()}"{"*" * words.is_prefix}'
    tokens = words.tokens_in((field,))
    forms = tokens.exact if words.is_exact else tokens.folded
    if words.is_plural:
        forms = (*forms[:-1], *map(singular, forms[-1:]))
    return f"{'=' * words.is_exact}{json.dumps(' '.join(forms))}{'*' * words.is_prefix}{'~' * words.is_plural}"


def _write(topic: Topic) -> str:
    lines = [f"topic {topic.name}" if topic.title is None else f"topic {topic.name} {quote(topic.title)}"]
    lines += [f"    tags {', '.join(topic.tags)}"] if topic.tags else []
    lines += [f"    lang {', '.join(topic.langs)}"] if topic.langs else []
    lines += [f"    priority {topic.priority}"] if topic.priority else []
    lines += [f"    match {render(rule.tree)}" for rule in topic.rules]
    lines += [f"    not {render(rule.tree)}" for rule in topic.excludes]
    lines += [f"    test {'yes' if test.should_match else 'no'} {quote(test.text)}" for test in topic.tests]
    return "\n".join(lines) + "\n"
