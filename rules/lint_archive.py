"""What is suspicious about rules in the light of what is stored: too many hits, none, words that nobody meant.

The archive itself is behind the port `Archive`; here is only what follows from what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rules.families import find_other_families
from rules.glob import read_glob
from rules.lint import in_order, place_findings
from rules.tree import Wildcard, Words
from rules.written import walk_written, written_macro, written_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rules.assemble import LoadedRules
    from rules.families import Reached
    from rules.lint import Lint
    from rules.topic import Rule, Topic
    from rules.written import Finding, Node, Written

#: Below this, a share of the articles says nothing.
MIN_ARTICLES = 20

#: The words of other families have this share of what a prefix finds, or they are not worth a word.
MIN_STRANGE_SHARE = 0.1

#: words that are shown of those that a wildcard reaches
_SHOWN = 4

_TEXT_FIELDS = frozenset({"title", "body"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on something is too much."""

    #: W106: share of the articles that a rule may match, 0 to 1
    share: float = 0.05
    #: W108: stored words that a wildcard may stand for
    words: int = 200


class Hits(NamedTuple):
    """What a set of topics finds among the newest articles."""

    #: articles that were looked at
    articles: int
    #: rule id → how many of them it matches; those with none may be missing
    found: Mapping[str, int]
    #: articles that were stored in the last 90 days, looked at or not
    recent: int
    #: ids of rules that match one of these; others may, too
    found_recently: frozenset[str]


class Archive(Protocol):
    """What is stored. Rules match as they do live, so `not` lines and the language of their topic count."""

    def count_hits(self, topics: Sequence[Topic]) -> Hits:
        """How many of the newest articles each rule matches."""

    def has_recent(self, topic: Topic, rule: Rule) -> bool:
        """Does *rule* of *topic* match an article of the last 90 days? True also where that cannot be told."""

    def expand(self, pattern: str) -> Sequence[Reached]:
        """The stored words, folded, that match *pattern* (folded, with `*` and `?`); the most frequent first."""


def lint_archive(loaded: LoadedRules, archive: Archive, limits: Limits | None = None) -> tuple[Lint, ...]:
    """All lints of *loaded* that need the archive, by file, line and column."""
    limits = limits or Limits()
    return in_order((*_lint_hits(loaded, archive, limits), *_lint_wildcards(loaded, archive, limits)))


# --- W106, W107 -------------------------------------------------------------------------------------


def _lint_hits(loaded: LoadedRules, archive: Archive, limits: Limits) -> Iterator[Lint]:
    hits = archive.count_hits(loaded.topics)
    for topic in loaded.topics:
        for rule in topic.rules:
            found = hits.found.get(rule.id, 0)
            expression = written_rule(loaded, rule)
            finding: Finding | None = None
            if hits.articles >= MIN_ARTICLES and found > limits.share * hits.articles:
                share = f"{found} of the newest {hits.articles} articles ({found / hits.articles:.0%})"
                remedy = "make it narrower: AND, NEAR, or = before a word"
                finding = expression.find("W106", rule.tree, f"{rule.id} matches {share}", remedy)
            elif hits.recent and rule.id not in hits.found_recently and not archive.has_recent(topic, rule):
                message = f"{rule.id} matches none of the {hits.recent} articles of the last 90 days"
                remedy = "look for a mistake in it, or take it out"
                finding = expression.find("W107", rule.tree, message, remedy)
            if finding:
                yield from place_findings(expression.file, [finding], topic.name)


# --- W108, W111 -------------------------------------------------------------------------------------


def _lint_wildcards(loaded: LoadedRules, archive: Archive, limits: Limits) -> Iterator[Lint]:
    for macro in loaded.definitions.values():
        expression = written_macro(loaded, macro)
        if expression:
            yield from _lint_expression(expression, archive, limits, None)
    for topic in loaded.topics:
        for rule in (*topic.rules, *topic.excludes):
            yield from _lint_expression(written_rule(loaded, rule), archive, limits, topic.name)


def _lint_expression(expression: Written, archive: Archive, limits: Limits, topic: str | None) -> Iterator[Lint]:
    if "*" in expression.text or "?" in expression.text:
        for node in walk_written(expression):
            findings = _lint_wildcard(expression, node, archive, limits)
            yield from place_findings(expression.file, findings, topic)


def _lint_wildcard(expression: Written, node: Node, archive: Archive, limits: Limits) -> Iterator[Finding]:
    pattern = _pattern_of(node)
    if not pattern:
        return
    reached = archive.expand(pattern)
    written = expression.source_of(node.tree)
    if len(reached) > limits.words:
        message = f"{written} stands for {len(reached)} stored words: {_show(reached)}"
        yield expression.find("W108", node.tree, message, "write more letters, or list the words")
    elif isinstance(node.tree, Words):
        yield from _lint_families(expression, node.tree, pattern[:-1], reached)


def _lint_families(expression: Written, word: Words, prefix: str, reached: Sequence[Reached]) -> Iterator[Finding]:
    families = find_other_families(prefix, reached)
    strange = sum(family.articles for family in families)
    if strange and strange >= MIN_STRANGE_SHARE * sum(each.articles for each in reached):
        stems = ", ".join(f"{family.stem}…" for family in families[:_SHOWN])
        message = f"{expression.source_of(word)} also reaches {stems}; it finds most often {_show(reached)}"
        yield expression.find("W111", word, message, "list the words that are meant, or exclude the others with NOT")


def _pattern_of(node: Node) -> str:
    """The wildcard as the vocabulary knows it; "" for what is no single word of the text."""
    tree = node.tree
    if not _TEXT_FIELDS.issuperset(node.fields):
        return ""
    if isinstance(tree, Wildcard):
        return read_glob(tree.text)
    if isinstance(tree, Words) and tree.is_prefix and len(tree.tokens) == 1:
        return f"{tree.tokens.folded[0]}*"
    return ""


def _show(reached: Sequence[Reached]) -> str:
    return ", ".join(f"{each.word} ({each.articles})" for each in reached[:_SHOWN])
