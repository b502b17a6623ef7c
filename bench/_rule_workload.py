"""Texts and rules for the benchmarks of the rule engine: real articles, and rules made of their words and of names.

A rule is kept apart from any notation, so that each engine gets it in its own. Words are ASCII letters and texts are
cut into words by our tokenizer before peers see them, so that all engines must find the same.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rules.document import Document
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared" / "newsroom"
DEMO = HERE.parent / "wirewatch" / "demo" / "pages"

#: Longer pages are lists and transcripts, not articles.
MAX_CHARS = 20_000

#: Stands between title and body in the one text that peers get; no rule has it.
BORDER = "zzborder"

#: How many of the names that rules look for stand in some text.
KNOWN = 0.08

SYLLABLES = "ba ko ri ven tar mol shi dan ul per gra zy kov ste lin hor mak je ros tov ik an el da".split()  # noqa: SIM905  # reads better


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """A word, phrase or prefix, in lower case."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRule:
    """All clauses hold (each: any of its atoms), and none of *without*."""

    clauses: tuple[tuple[Atom, ...], ...]
    without: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An article, and the same for engines with tokenizers of their own."""

    title: str
    body: str
    #: words of ASCII letters and digits with one space between
    plain: str

    @property
    def document(self) -> Document:
        """A new one each time, because a document remembers its tokens."""
        return Document(title=self.title, body=self.body)


def read_texts() -> tuple[list[Text], str]:
    """The articles of the shared newsroom, else of the bundled one, and where they are from."""
    if (SHARED / "pages" / "truth.json").is_file():
        pages = json.loads((SHARED / "pages" / "truth.json").read_text(encoding="utf-8"))
        bodies = [page["articleBody"] for _, page in sorted(pages.items())]
        return _texts(bodies), "shared newsroom"
    pages = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(DEMO.rglob("*.html"))]
    stripped = [html.unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", page)) for page in pages]
    return _texts(stripped), "bundled newsroom"


def _texts(bodies: Iterable[str]) -> list[Text]:
    texts = []
    for body in bodies:
        if not 500 <= len(body) <= MAX_CHARS:
            continue
        first, _, rest = body.strip().partition("\n")
        title, rest = (first, rest) if len(first) < 200 else (first[:80], first[80:] + "\n" + rest)
        texts.append(Text(title=title, body=rest, plain=f"{_plain(title)} {BORDER} {_plain(rest)}"))
    return texts


def _plain(text: str) -> str:
    # One word for each token, so that phrases stay phrases.
    return " ".join(w if w.isascii() and w.isalnum() else "zzother" for w in tokenize(text).folded)


def make_rules(texts: Sequence[Text], count: int, *, seed: int = 3) -> list[PlainRule]:
    """*count* rules; a shorter list is the start of a longer one.

    40 % any of 1–3 names; 35 % any of 1–3 names and any of 1–3 context words; 20 % any of 1–2 names without 1–2
    words; 5 % prefixes. Names are words and phrases: 8 % from the texts, the others made up.
    """
    draw = random.Random(seed)
    vocabulary = _Vocabulary(texts)
    return [_make_rule(draw, vocabulary) for _ in range(count)]


class _Vocabulary:
    def __init__(self, texts: Sequence[Text]) -> None:
        spread = Counter(word for text in texts for word in set(text.plain.split()) if _is_word(word))
        ranked = sorted(spread, key=lambda word: (-spread[word], word))
        few = max(2, len(texts) // 20)
        #: what a name could be: in few texts
        self.rare = [word for word in ranked if spread[word] <= few and len(word) > 3]
        #: context: in many texts, but no function words
        self.context = [word for word in ranked if few < spread[word] <= len(texts) // 3 and len(word) > 4]
        rare = set(self.rare)
        pairs = {(a, b) for text in texts for a, b in pairwise(text.plain.split()) if a in rare and b in spread}
        self.phrases = sorted(pairs)


def _is_word(word: str) -> bool:
    return word.isalpha() and not word.startswith("zz") and word not in {"and", "or", "not", "near"}


def _make_rule(draw: random.Random, vocabulary: _Vocabulary) -> PlainRule:
    kind = draw.random()
    if kind < 0.40:
        return PlainRule(clauses=(_names(draw, vocabulary, 3),))
    if kind < 0.75:
        context = {draw.choice(vocabulary.context) for _ in range(draw.randint(1, 3))}
        words = tuple(Atom(words=(word,)) for word in sorted(context))
        return PlainRule(clauses=(_names(draw, vocabulary, 3), words))
    if kind < 0.95:
        without = {draw.choice(vocabulary.context) for _ in range(draw.randint(1, 2))}
        words = tuple(Atom(words=(word,)) for word in sorted(without))
        return PlainRule(clauses=(_names(draw, vocabulary, 2),), without=words)
    word = draw.choice(vocabulary.rare) if draw.random() < KNOWN else _made_up(draw)
    return PlainRule(clauses=((Atom(words=(word[: max(4, len(word) - 2)],), is_prefix=True),),))


def _names(draw: random.Random, vocabulary: _Vocabulary, most: int) -> tuple[Atom, ...]:
    return tuple(dict.fromkeys(_name(draw, vocabulary) for _ in range(draw.randint(1, most))))


def _name(draw: random.Random, vocabulary: _Vocabulary) -> Atom:
    is_phrase = draw.random() < 0.4
    if draw.random() < KNOWN:
        return Atom(words=draw.choice(vocabulary.phrases) if is_phrase else (draw.choice(vocabulary.rare),))
    return Atom(words=tuple(_made_up(draw) for _ in range(1 + is_phrase)))


def _made_up(draw: random.Random) -> str:
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(3, 4)))


def to_expression(rule: PlainRule) -> str:
    """The rule in our own notation."""

    def any_of(atoms: tuple[Atom, ...]) -> str:
        written = " | ".join(_write(atom) for atom in atoms)
        return f"({written})" if len(atoms) > 1 else written

    clauses = " AND ".join(map(any_of, rule.clauses))
    return f"{clauses} AND NOT {any_of(rule.without)}" if rule.without else clauses


def _write(atom: Atom) -> str:
    words = " ".join(atom.words)
    return f'"{words}"' if len(atom.words) > 1 else words + "*" * atom.is_prefix


def write_files(rules: Sequence[PlainRule], folder: Path) -> None:
    """Rule files of 1,000 topics each, one rule in each topic."""
    for start in range(0, len(rules), 1000):
        topics = enumerate(rules[start : start + 1000], start)
        lines = [f"topic t{number:06}\n    match {to_expression(rule)}\n" for number, rule in topics]
        (folder / f"f{start // 1000:04}.rules").write_text("".join(lines), encoding="utf-8")
