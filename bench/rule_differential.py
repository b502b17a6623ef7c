"""The rule engine against SQLite FTS5, itself without its index, and a plain reference, on random rules and texts.

    python bench/rule_differential.py [--pairs 100000] [--seed 1]

Prints one JSON object; exit code 1 when there is a difference, each shown by the smallest example that was found.
A pair is a topic and a text. Sets hold 40 topics, and 50 texts run through each, so the index has something to do.

* FTS5 judges AND, OR, NOT, phrases, prefixes, and NEAR whose operands share no word (it counts one occurrence for
  two operands), in ASCII, over title and body. Each line of a topic is asked for by itself, so that the rules that
  fired are compared too.
* Brute force (`RuleSet.match_brute`) judges every rule of a set, in the whole language; matches with their rules and
  spans are compared, and those of `find` with these.
* The reference (`_rule_reference.py`) says plainly what the specification says, in the whole language; the rules that
  fire are compared.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _rule_reference import fired_rules

from rules.compile import compile_expression, compile_rules
from rules.document import Document
from rules.syntax import parse
from rules.topic import make_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.match import RuleSet
    from rules.topic import Topic

TOPICS = 40
TEXTS = 50

#: Few words, so that they meet; families, so that prefixes reach several.
WORDS = (
    *("crimea", "crimean", "crimeans", "crisis", "nato", "natos", "ukraine", "ukrainian", "un", "unit", "units"),
    *("frozen", "asset", "assets", "bank", "banks", "g7", "2014", "sea", "black"),
)
PREFIXES = ("cri", "crimea", "uk", "ukrain", "un", "unit", "na", "asset", "ba", "20", "fro")
SEPARATORS = (" ", " ", " ", " ", ", ", " - ", "-", ": ", ".\n", " (", ") ", "; ", '" ', "\n\n", "_")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase; its last word may be a prefix."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """NEAR of terms that share no word."""

    terms: tuple[Term, ...]
    gap: int


@dataclass(frozen=True, slots=True)
class Two:
    """AND, OR, or AND NOT of two."""

    operator: str
    left: Tree
    right: Tree


Tree = Term | Close | Two


def write(tree: Tree) -> str:
    """In our notation."""
    if isinstance(tree, Term):
        words = " ".join(tree.words)
        return f'"{words}{"*" * tree.is_prefix}"' if len(tree.words) > 1 else words + "*" * tree.is_prefix
    if isinstance(tree, Close):
        return "(" + f" NEAR/{tree.gap} ".join(map(write, tree.terms)) + ")"
    operator = "AND NOT" if tree.operator == "NOT" else tree.operator
    return f"({write(tree.left)} {operator} {write(tree.right)})"


def write_fts5(tree: Tree) -> str:
    """In that of FTS5."""
    if isinstance(tree, Term):
        return f'"{" ".join(tree.words)}"{"*" * tree.is_prefix}'
    if isinstance(tree, Close):
        return f"NEAR({' '.join(map(write_fts5, tree.terms))}, {tree.gap})"
    return f"({write_fts5(tree.left)} {tree.operator} {write_fts5(tree.right)})"


def draw_tree(draw: random.Random, depth: int = 3) -> Tree:
    kind = draw.random()
    if depth == 0 or kind < 0.35:
        return draw_term(draw)
    if kind < 0.5:
        return draw_close(draw)
    return Two(draw.choice(("AND", "OR", "OR", "NOT")), draw_tree(draw, depth - 1), draw_tree(draw, depth - 1))


def draw_term(draw: random.Random) -> Term:
    words = [draw.choice(WORDS) for _ in range(draw.choice((1, 1, 1, 2, 2, 3)))]
    if draw.random() < 0.25:
        return Term((*words[:-1], draw.choice(PREFIXES)), is_prefix=True)
    return Term(tuple(words))


def draw_close(draw: random.Random) -> Tree:
    terms: list[Term] = []
    taken: set[str] = set()
    for _ in range(draw.choice((2, 2, 3))):
        term = draw_term(draw)
        reached = set(term.words) | {w for w in WORDS if term.is_prefix and w.startswith(term.words[-1])}
        if not reached & taken:
            terms.append(term)
            taken |= reached
    return Close(tuple(terms), draw.randint(0, 6)) if len(terms) > 1 else terms[0]


def draw_text(draw: random.Random, words: int) -> str:
    cased = (draw.choice((str.lower, str.lower, str.title, str.upper))(draw.choice(WORDS)) for _ in range(words))
    return "".join(word + draw.choice(SEPARATORS) for word in cased)


# --- against FTS5


def compare_with_fts5(pairs: int, seed: int) -> Iterator[str]:
    """Differences, each as a line for people."""
    draw = random.Random(seed)
    for _ in range(0, pairs, TOPICS * TEXTS):
        topics = [
            ([draw_tree(draw) for _ in range(draw.choice((1, 1, 2)))], draw_exclusion(draw)) for _ in range(TOPICS)
        ]
        texts = [(draw_text(draw, draw.randint(0, 8)), draw_text(draw, draw.randint(0, 30))) for _ in range(TEXTS)]
        rule_set = _rule_set(topics)
        holding = {tree: _ask_fts5(tree, texts) for matches, without in topics for tree in (*matches, *without)}
        for number, (title, body) in enumerate(texts):
            fired = {f.topic.name: [r.id for r in f.rules] for f in rule_set.find(Document(title=title, body=body))}
            for place, (matches, without) in enumerate(topics):
                wanted = [f"t{place:02}.{i}" for i, tree in enumerate(matches, 1) if number in holding[tree]]
                if any(number in holding[tree] for tree in without):
                    wanted = []
                if wanted != fired.get(f"t{place:02}", []):
                    yield _tell_fts5(matches, without, (title, body))


def draw_exclusion(draw: random.Random) -> list[Tree]:
    return [draw_tree(draw, 1)] if draw.random() < 0.25 else []


def _rule_set(topics: list[tuple[list[Tree], list[Tree]]]) -> RuleSet:
    return compile_rules(
        make_topic(
            name=f"t{number:02}",
            matches=[(parse(write(tree)), 1) for tree in matches],
            excludes=[(parse(write(tree)), 1) for tree in without],
        )
        for number, (matches, without) in enumerate(topics)
    )


def _ask_fts5(tree: Tree, texts: list[Pair]) -> frozenset[int]:
    """The numbers of *texts* that FTS5 finds."""
    database = _database(tuple(texts))
    return frozenset(row for (row,) in database.execute("SELECT rowid FROM t WHERE t MATCH ?", (write_fts5(tree),)))


_open: dict[tuple[Pair, ...], sqlite3.Connection] = {}


def _database(texts: tuple[Pair, ...]) -> sqlite3.Connection:
    """One table for each list of texts; only the last is kept."""
    if texts not in _open:
        close()
        database = _open[texts] = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE t USING fts5(title, body)")
        database.executemany(
            "INSERT INTO t(rowid, title, body) VALUES (?, ?, ?)", [(n, *t) for n, t in enumerate(texts)]
        )
    return _open[texts]


def close() -> None:
    """Close what is open."""
    while _open:
        _open.popitem()[1].close()


def differs(tree: Tree, text: Pair) -> bool:
    """We and FTS5 do not agree on one text."""
    ours = compile_expression(write(tree)).matches(Document(title=text[0], body=text[1]))
    return ours != bool(_ask_fts5(tree, [text]))


def _tell_fts5(matches: list[Tree], without: list[Tree], text: Pair) -> str:
    for tree in (*matches, *without):
        if differs(tree, text):
            small, (title, body) = shrink(tree, text, differs)
            says = bool(_ask_fts5(small, [(title, body)]))
            return f"{write(small)} on title {title!r}, body {body!r}: FTS5 says {says}"
    lines = f"match {' / '.join(map(write, matches))}, not {' / '.join(map(write, without))}"
    return f"only in the set: {lines} on title {text[0]!r}, body {text[1]!r}"


def shrink(tree: Tree, text: Pair, is_bad: Callable[[Tree, Pair], bool]) -> tuple[Tree, Pair]:
    """A smaller rule and text that differ too: parts of the rule, fewer words of the text."""
    while True:
        smaller = next((c for c in _smaller(tree, text) if is_bad(*c)), None)
        if smaller is None:
            return tree, text
        tree, text = smaller


def _smaller(tree: Tree, text: Pair) -> Iterator[tuple[Tree, Pair]]:
    parts: tuple[Tree, ...] = ()
    if isinstance(tree, Two):
        parts = (tree.left, tree.right)
    elif isinstance(tree, Close) and len(tree.terms) > 2:
        parts = tuple(Close(tree.terms[:i] + tree.terms[i + 1 :], tree.gap) for i in range(len(tree.terms)))
    yield from ((part, text) for part in parts)
    if isinstance(tree, Two):
        yield from ((Two(tree.operator, left, tree.right), text) for left, _ in _smaller(tree.left, ("", "")))
        yield from ((Two(tree.operator, tree.left, right), text) for right, _ in _smaller(tree.right, ("", "")))
    for field in (0, 1):
        words = text[field].split()
        for i in range(len(words)):
            rest = " ".join(words[:i] + words[i + 1 :])
            yield tree, ((rest, text[1]) if field == 0 else (text[0], rest))


# --- against brute force and the reference

ATOMS = (
    *("=NATO", "=UN", "asset~", "unit~", "crimeans~", "*rime*", "c?isis", "unit?", "=Crim?a", "*ssets", '"black sea"'),
    *('="Black Sea"', '"crimea cri*"', "un-unit*", "zürich", "Zü*", "北京", "Крым*", "крым", "title:nato", "body:un*"),
    *("title:(un | nato)", "author:smith", "source:cnn.com", "url:talks", "lang:en", "section:world", "/Crime(a|an)/"),
    *("/n[ae]to/i", "/^un/", r"/\d{4}/", "title:/sea/i", '"nato unit"', "(nato | un)", "(black BEFORE/2 sea)"),
)
MORE_WORDS = (
    *WORDS,
    "zürich",
    "北京",
    "Крым",
    "Крыма",
    "crimeaн",
    "U.S.",
    "bank's",
    "https://cnn.com/nato",
    "units-un",
)


def compare_with_brute_force(pairs: int, seed: int) -> Iterator[str]:
    """Differences, each as a line for people."""
    for topics, documents in draw_sets(pairs, seed):
        rule_set = compile_rules(topics)
        for document in documents:
            indexed, brute = rule_set.match(document), rule_set.match_brute(document)
            found = [(f.topic.name, tuple(r.id for r in f.rules)) for f in rule_set.find(document)]
            if indexed != brute:
                wrong = min(set(indexed) ^ set(brute), key=lambda match: match.topic)
                source = next(topic.source for topic in topics if topic.name == wrong.topic)
                yield f"index and brute force differ: {source!r} on {document}"
            if found != [(match.topic, match.rules) for match in indexed]:
                yield f"find and match differ on {document}"


def compare_with_reference(pairs: int, seed: int) -> Iterator[str]:
    """Differences, each as a line for people."""
    for topics, documents in draw_sets(pairs, seed):
        rule_set = compile_rules(topics)
        for document in documents:
            found = {f.topic.name: tuple(r.id for r in f.rules) for f in rule_set.find(document)}
            for topic in topics:
                wanted, ours = fired_rules(topic, document), found.get(topic.name, ())
                if wanted != ours:
                    yield f"{ours} fire, not {wanted}: {topic.source!r} on {document}"


def draw_sets(pairs: int, seed: int) -> Iterator[tuple[list[Topic], list[Document]]]:
    """Topics and texts in the whole language."""
    draw = random.Random(seed)
    for _ in range(0, pairs, TOPICS * TEXTS):
        topics = [
            make_topic(
                name=f"t{number:02}",
                langs=draw.choice(((), (), ("en",), ("en", "de"))),
                matches=[(parse(draw_expression(draw)), 1) for _ in range(draw.choice((1, 1, 2)))],
                excludes=[(parse(draw_expression(draw)), 1)] if draw.random() < 0.25 else [],
            )
            for number in range(TOPICS)
        ]
        yield topics, [draw_document(draw) for _ in range(TEXTS)]


def draw_expression(draw: random.Random, depth: int = 2) -> str:
    """In the whole language; always something positive to look for."""
    kind = draw.randrange(10)
    if depth == 0 or kind < 3:
        return draw.choice(ATOMS) if draw.random() < 0.6 else write(draw_term(draw))
    parts = [draw_expression(draw, depth - 1) for _ in range(draw.randint(2, 3))]
    if kind < 5:
        return f"({' AND '.join(parts)})"
    if kind < 7:
        return f"({' | '.join(parts)})"
    if kind == 7:
        return f"({parts[0]} AND NOT {parts[1]})"
    if kind == 8:
        operator = f" {draw.choice(('NEAR', 'BEFORE'))}/{draw.randint(0, 5)} "
        return f"({operator.join(draw_placed(draw) for _ in range(draw.randint(2, 3)))})"
    return draw.choice(
        (
            f"ATLEAST/{draw.randint(1, 3)} ({draw_placed(draw)} | {draw.choice(WORDS)})",
            f"{draw.choice(('title', 'body'))}:({parts[0]} NOT {draw.choice(WORDS)})",
            f"ANY/{draw.randint(1, len(parts))} ({', '.join(parts)})",
            f"SCORE/{draw.randint(1, 6)} ({', '.join(f'{part}^{draw.choice((-3, 1, 2, 5))}' for part in parts)}, un^9)",
        )
    )


def draw_placed(draw: random.Random) -> str:
    """What has a place, so that NEAR can take it."""
    if draw.random() < 0.5:
        return write(draw_term(draw))
    inner = " | ".join(write(draw_term(draw)) for _ in range(2))
    near = f"(({inner}) {draw.choice(('NEAR', 'BEFORE'))}/{draw.randint(0, 3)} {draw.choice(WORDS)})"
    return draw.choice(
        (f"({inner})", near, "=NATO", "unit~", "*rime*", "c?isis", '"black sea"', "Крым*", "北京", "zürich")
    )


def draw_document(draw: random.Random) -> Document:
    def words(count: int) -> str:
        return "".join(
            draw.choice((str, str.upper))(draw.choice(MORE_WORDS)) + draw.choice(SEPARATORS) for _ in range(count)
        )

    return Document(
        title=words(draw.randint(0, 6)),
        body=words(draw.randint(0, 25)),
        author=draw.choice((None, "A. Smith")),
        source=draw.choice((None, "cnn.com", "edition.cnn.com", "notcnn.com")),
        url=draw.choice((None, "https://cnn.com/peace-talks")),
        lang=draw.choice((None, "en", "en-GB", "uk")),
        sections=draw.choice(((), ("World",), ("Old", "World news"))),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000, help="of each kind, rounded up to whole sets")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    report: dict[str, object] = {"bench": "rule_differential", "pairs": args.pairs, "seed": args.seed}
    count = 0
    comparisons = {
        "fts5": compare_with_fts5,
        "brute_force": compare_with_brute_force,
        "reference": compare_with_reference,
    }
    for name, compare in comparisons.items():
        start = time.process_time()
        differences = list(compare(args.pairs, args.seed))
        count += len(differences)
        shortest = sorted(differences, key=len)[:5]
        seconds = round(time.process_time() - start, 1)
        report[name] = {"differences": len(differences), "shortest": shortest, "cpu_s": seconds}
    print(json.dumps(report, ensure_ascii=False, indent=1))
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
