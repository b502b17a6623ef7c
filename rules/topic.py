"""A topic as read from a rule file, its version, and its text as stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.render import quote, render
from rules.text import tokenize_url
from rules.tree import GRAMMAR_VERSION, And, Field, Near, Not, Words, children_of

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
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTest:
    """One `test` line: a text that the topic must match, or must not."""

    should_match: bool
    text: str
    line: int


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
    #: name of the file it stands in, and the line of its header
    file: str
    line: int
    rules: tuple[Rule, ...]
    excludes: tuple[Rule, ...]
    tests: tuple[TopicTest, ...]
    #: hash of what decides whether it matches, see `topic_version`
    version: str
    #: its text, which stands by itself: macros are written out. `files.parse_topic` reads it.
    source: str


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
    """Build a topic; *matches* and *excludes* are trees with the lines they stand in."""
    rules = tuple(Rule(id=f"{name}.{i}", tree=tree, line=at) for i, (tree, at) in enumerate(matches, 1))
    without = tuple(Rule(id=f"{name}.not.{i}", tree=tree, line=at) for i, (tree, at) in enumerate(excludes, 1))
    tags, langs, tests = tuple(dict.fromkeys(tags)), tuple(dict.fromkeys(langs)), tuple(tests)
    return Topic(
        name=name,
        title=title,
        tags=tags,
        langs=langs,
        priority=priority,
        file=file,
        line=line,
        rules=rules,
        excludes=without,
        tests=tests,
        version=topic_version(rules, without, langs),
        source=_write(name, title, tags, langs, priority, rules, without, tests),
    )


def topic_version(rules: Iterable[Rule], excludes: Iterable[Rule], langs: Iterable[str]) -> str:
    """16 hexadecimal digits that change when the topic can match otherwise.

    Comments, tests, tags, the title, layout, and how a word is written make no difference.
    """
    lines = [f"grammar {GRAMMAR_VERSION}"]
    lines += [f"match {_normal_form(rule.tree)}" for rule in rules]
    lines += [f"not {_normal_form(rule.tree)}" for rule in excludes]
    lines += [f"lang {' '.join(sorted(langs))}"]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _normal_form(tree: Tree, field: str = "") -> str:
    if isinstance(tree, Words):
        return _normal_words(tree, field)
    inner = tree.name if isinstance(tree, Field) else field
    parts = " ".join(_normal_form(c, inner) for c in children_of(tree))
    if isinstance(tree, Field):
        return f"({tree.name}: {parts})"
    if isinstance(tree, Near):
        return f"({'before' if tree.is_ordered else 'near'} {tree.gap} {parts})"
    name = "not" if isinstance(tree, Not) else "and" if isinstance(tree, And) else "or"
    return f"({name} {parts})"


def _normal_words(words: Words, field: str) -> str:
    if field in {"source", "lang"}:
        return json.dumps(words.text.casefold().lstrip("."))
    tokens = tokenize_url(words.text) if field == "url" else words.tokens
    text = " ".join(tokens.exact if words.is_exact else tokens.folded)
    return f"{'=' * words.is_exact}{json.dumps(text)}{'*' * words.is_prefix}"


def _write(
    name: str,
    title: str | None,
    tags: Iterable[str],
    langs: Iterable[str],
    priority: int,
    rules: Iterable[Rule],
    excludes: Iterable[Rule],
    tests: Iterable[TopicTest],
) -> str:
    lines = [f"topic {name}" if title is None else f"topic {name} {quote(title)}"]
    lines += [f"    tags {', '.join(tags)}"] if tags else []
    lines += [f"    lang {', '.join(langs)}"] if langs else []
    lines += [f"    priority {priority}"] if priority else []
    lines += [f"    match {render(rule.tree)}" for rule in rules]
    lines += [f"    not {render(rule.tree)}" for rule in excludes]
    lines += [f"    test {'yes' if test.should_match else 'no'} {quote(test.text)}" for test in tests]
    return "\n".join(lines) + "\n"
