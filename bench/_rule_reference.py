"""What rules mean, as plainly as it can be said: RULES.md word by word, on the trees, with no regard for time.

Shares only the parser and the tokenizer with the engine. Folding is that of tokens; wildcards and regexes are
Python's, so only such are drawn as mean the same there.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise, product
from typing import TYPE_CHECKING

from rules.text import is_opaque, tokenize, tokenize_url
from rules.tree import And, AtLeast, Field, Near, Not, Or, Quorum, Regex, Score, Wildcard, Words

if TYPE_CHECKING:
    from rules.document import Document
    from rules.tokens import Tokens
    from rules.topic import Topic
    from rules.tree import Tree

Spans = set[tuple[int, int]]
DEFAULT = ("title", "body")


def fired_rules(topic: Topic, document: Document) -> tuple[str, ...]:
    """The ids of the topic's rules that fire."""
    if topic.langs and document.lang and document.lang.split("-")[0] not in topic.langs:
        return ()
    if any(holds(rule.tree, document) for rule in topic.excludes):
        return ()
    return tuple(rule.id for rule in topic.rules if holds(rule.tree, document))


def holds(tree: Tree, document: Document, fields: tuple[str, ...] = DEFAULT) -> bool:  # noqa: C901, PLR0911  # a case each
    """Does the article match?"""
    match tree:
        case And():
            return all(holds(child, document, fields) for child in tree.children)
        case Or():
            return any(holds(child, document, fields) for child in tree.children)
        case Not():
            return not holds(tree.child, document, fields)
        case Field():
            return holds(tree.child, document, (tree.name,))
        case Quorum():
            return sum(holds(child, document, fields) for child in tree.children) >= tree.number
        case Score():
            scored = zip(tree.weights, tree.children, strict=True)
            return sum(weight for weight, child in scored if holds(child, document, fields)) >= tree.number
        case AtLeast():
            starts = [{start for start, _ in spans(tree.child, tokens)} for tokens in _streams(document, fields)]
            return sum(map(len, starts)) >= tree.number
        case Regex():
            flags = re.MULTILINE | (re.IGNORECASE if tree.ignores_case else 0)
            texts = [unicodedata.normalize("NFKC", text) for text in _texts(document, fields)]
            return any(re.search(tree.pattern, text, flags) for text in texts)
        case Words() if fields == ("source",):
            host, wanted = (document.source or "").split("."), tree.text.lower().split(".")
            return host[-len(wanted) :] == wanted
        case Words() if fields == ("lang",):
            return (document.lang or "").split("-")[0].lower() == tree.text.lower()
        case _:
            return any(spans(tree, tokens) for tokens in _streams(document, fields))


def spans(tree: Tree, tokens: Tokens) -> Spans:
    """Where the words stand that *tree* looks for, as half-open spans of tokens."""
    match tree:
        case Or():
            return set().union(*(spans(child, tokens) for child in tree.children))
        case Near():
            choices = product(*(spans(child, tokens) for child in tree.children))
            return {(min(choice)[0], max(choice)[1]) for choice in choices if _is_near(choice, tree)}
        case Wildcard():
            pattern = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in tree.text)
            words = tokens.exact if tree.is_exact else tokens.folded
            pattern = pattern if tree.is_exact else pattern.lower()
            found = (i for i, w in enumerate(words) if re.fullmatch(pattern, w) and not is_opaque(w))
            return {(i, i + 1) for i in found}
        case Words():
            read = tokenize(tree.text)
            wanted = read.exact if tree.is_exact else read.folded
            words = tokens.exact if tree.is_exact else tokens.folded
            places = range(len(words) - len(wanted) + 1)
            return {(i, i + len(wanted)) for i in places if _is_here(tree, wanted, words[i : i + len(wanted)])}
    raise TypeError(f"{tree} has no places")


def _is_here(words: Words, wanted: tuple[str, ...], here: tuple[str, ...]) -> bool:
    if wanted[:-1] != here[:-1]:
        return False
    if words.is_prefix:
        return here[-1].startswith(wanted[-1]) and not is_opaque(here[-1])
    return _singular(here[-1]) == _singular(wanted[-1]) if words.is_plural else here[-1] == wanted[-1]


def _is_near(choice: tuple[tuple[int, int], ...], near: Near) -> bool:
    in_text = sorted(choice)
    if any(end > start for (_, end), (start, _) in pairwise(in_text)):
        return False  # they overlap
    if near.is_ordered and in_text != list(choice):
        return False
    last = in_text[-1][0]
    return all(last - end <= near.gap for _, end in in_text[:-1])


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2:] not in {"ss", "us", "is"} else word


def _texts(document: Document, fields: tuple[str, ...]) -> list[str]:
    found = []
    for field in fields:
        found += document.sections if field == "section" else [getattr(document, field) or ""]
    return found


def _streams(document: Document, fields: tuple[str, ...]) -> list[Tokens]:
    read = tokenize_url if fields == ("url",) else tokenize
    return [read(text) for text in _texts(document, fields)]
