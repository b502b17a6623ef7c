"""Lints of how an expression is written: words without quotes, operators without brackets, capitals without `=`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.common_words import COMMON_WORDS
from rules.lexer import Kind, read_lexemes
from rules.tree import And, Or, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.tree import Tree
    from rules.written import Finding, Node, Written

#: "Short" is what can well be another word in some language: `US`, `WHO`, `PURL`.
MAX_ACRONYM = 4

#: Acronyms so well known that readers of any language would write no other word like them.
_NO_OTHER_WORD = (
    "bbc cbs cdc cnn esa fbi fifa gmbh hiv iaea imf kgb nasa nato nbc oecd opec osce otan pdf sbu uefa "
    "нато оон обсе сша фсб сбу мвф ссср срср цру"
)
NO_OTHER_WORD = frozenset(_NO_OTHER_WORD.split())

#: Nothing can be read aloud without one of these: CCHF is no other word.
_VOWELS = frozenset("aeiouyаеёиоуыэюяєії")

_LONGEST_REMEDY = 70

#: Where a text is read that may hold any word, and where phrases make no sense.
_TEXT_FIELDS = frozenset({"title", "body"})
_LABELS = {"source", "lang", "url"}

_BARE = re.compile(r"=?[^\W\d_][\w.\-'’]*\*?")


def find_in_words(expression: Written, nodes: Sequence[Node]) -> Iterator[Finding]:
    """W102 to W105 in *nodes*, which are all that stand in *expression*."""
    # What is told of as a phrase without quotes is not told of again, word by word.
    told: set[tuple[int, int]] = set()
    for node in nodes:
        if isinstance(node.tree, And) and not _LABELS & set(node.fields):
            for run in _find_runs(expression, node.tree.children):
                told.update((word.at, word.end) for word in run)
                told.add((run[0].at, run[-1].end))
                yield _tell_run(expression, run)
    for node in nodes:
        if isinstance(node.tree, Or):
            yield from _lint_mixed(expression, node.tree, told)
        elif (
            isinstance(node.tree, Words)
            and _TEXT_FIELDS.issuperset(node.fields)
            and (node.tree.at, node.tree.end) not in told
        ):
            yield from _lint_case(expression, node.tree)


# --- W102 -------------------------------------------------------------------------------------------


def _find_runs(expression: Written, children: tuple[Tree, ...]) -> Iterator[list[Words]]:
    """Stretches of two and more capitalised words without quotes."""
    run: list[Words] = []
    for child in children:
        is_capitalised = isinstance(child, Words) and _is_capitalised(expression, child)
        if not (is_capitalised and run and _is_adjacent(expression, run[-1], child)):
            if len(run) > 1:
                yield run
            run = []
        if isinstance(child, Words) and is_capitalised:
            run.append(child)
    if len(run) > 1:
        yield run


def _is_capitalised(expression: Written, word: Words) -> bool:
    """It stands without quotes and starts with a capital."""
    written = expression.text[word.at : word.end]
    return not word.is_plural and bool(_BARE.fullmatch(written)) and written.lstrip("=")[0].isupper()


def _is_adjacent(expression: Written, before: Words, node: Tree) -> bool:
    between = expression.text[before.end : node.at]
    # Only the last word of a phrase may end in *.
    return between.isspace() and "\n" not in between and not before.is_prefix


def _tell_run(expression: Written, run: list[Words]) -> Finding:
    words = [expression.text[word.at : word.end] for word in run]
    sign = "=" if all(word.is_exact for word in run) else ""
    phrase = f'{sign}"{" ".join(word.lstrip("=") for word in words)}"'
    remedy = f"write  {phrase}  for a phrase, or  {' AND '.join(words)}"
    return expression.find("W102", (run[0].at, run[-1].end), f"{' '.join(words)}: did you mean a phrase?", remedy)


# --- W103 -------------------------------------------------------------------------------------------


def _lint_mixed(expression: Written, node: Or, told: set[tuple[int, int]]) -> Iterator[Finding]:
    for child in node.children:
        if not isinstance(child, And) or expression.is_from_macro(child) or (child.at, child.end) in told:
            continue
        if not _is_in_brackets(expression, child):
            written = expression.source_of(child)
            remedy = (
                f"write  ({written})"
                if len(written) <= _LONGEST_REMEDY
                else "put brackets around what belongs together"
            )
            yield expression.find("W103", child, "AND and OR mixed without brackets; AND binds tighter", remedy)
            return


def _is_in_brackets(expression: Written, node: Tree) -> bool:
    """One pair of brackets holds all of it; `(a b) (c d)` starts and ends with brackets, too."""
    text = expression.text[node.at : node.end]
    if not text.startswith("("):
        return False
    depth = 0
    for lexeme in read_lexemes(text):
        depth += (lexeme.kind == Kind.OPEN) - (lexeme.kind == Kind.CLOSE)
        if not depth:
            return lexeme.end == len(text)
    return False


# --- W104, W105 -------------------------------------------------------------------------------------


def _lint_case(expression: Written, word: Words) -> Iterator[Finding]:
    if word.is_exact or word.is_prefix or word.is_plural or " " in word.text:
        return
    if word.text.isascii() and word.text.islower():
        return
    tokens = word.tokens
    if len(tokens) != 1 or tokens.exact == tokens.folded:
        return
    exact, folded = tokens.exact[0], tokens.folded[0]
    if _is_acronym(exact, folded):
        message = f"{exact} also finds {folded}, for case makes no difference"
        yield expression.find("W104", word, message, f"write  ={exact}  to find it in capitals only")
    elif folded in COMMON_WORDS:
        message = f"{exact} also finds the common word {folded}"
        yield expression.find("W105", word, message, f"write  ={exact}  to find it as written only")


def _is_acronym(exact: str, folded: str) -> bool:
    if not (exact.isalpha() and exact.isupper() and len(exact) <= MAX_ACRONYM) or folded in NO_OTHER_WORD:
        return False
    return len(exact) <= 2 or not _is_unspeakable(folded)


def _is_unspeakable(letters: Iterable[str]) -> bool:
    """Latin or Cyrillic letters, and no vowel among them."""
    return all("a" <= c <= "z" or "а" <= c <= "џ" for c in letters) and _VOWELS.isdisjoint(letters)
