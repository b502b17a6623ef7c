"""What must be in an article for a rule to be worth judging: the cheapest required clause.

A clause is a set of *keys* of which an article must have at least one. What a key is tells its first character:

* a letter or digit   a folded word of the title, the body, or another field that a rule names
* `=`                 an exact word of title or body
* a space             a stretch of folded words, ` black sea ` whole or ` crim` as a prefix
* `*`                 letters within a folded word
* `:`                 a label: `:source:cnn.com`, `:lang:en`
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.plans import (
    AllPlan,
    AnyPlan,
    AtLeastPlan,
    LangPlan,
    NearPlan,
    NotPlan,
    QuorumPlan,
    RegexPlan,
    ScorePlan,
    SourcePlan,
    WildcardPlan,
    WordsPlan,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.document import Document
    from rules.plans import Atom, Plan

#: Short words are frequent ones: what they cost more than others, in rules that share a key.
_SHORT_WORD_COST = 50

#: What a label costs more: a host or a language has many articles.
_LABEL_COST = 200


class Clause(NamedTuple):
    """One required clause, and how many needless judgements it may cost, as far as that can be guessed."""

    cost: int
    keys: frozenset[str]


def join_tokens(tokens: Iterable[str], *, is_prefix: bool = False) -> str:
    """The stretch that stands for *tokens*, which are folded, in a text of joined tokens.

    No prefix reaches into an address.

    >>> join_tokens(("black", "sea")), join_tokens(("crim",), is_prefix=True)
    (' black sea ', ' crim')
    """
    text = " ".join(tokens)
    if "/" in text or "@" in text or "www." in text:
        text = _OPAQUE.sub("\x01", text)
    return f" {text}" if is_prefix else f" {text} "


#: Where a folded token starts that `text.is_opaque` says so of.
_OPAQUE = re.compile(r"(?<![^ ])(?=www\.|[^ ]*[/@])")


def atom_key(atom: Atom) -> str:
    """The key that an article has wherever *atom* occurs; "" for a regex, of which none is known."""
    if isinstance(atom, SourcePlan):
        return f":source:{atom.host}"
    if isinstance(atom, LangPlan):
        return f":lang:{atom.lang}"
    if isinstance(atom, WildcardPlan):
        return atom.piece if atom.piece.startswith(" ") else f"*{atom.piece}"
    if isinstance(atom, RegexPlan):
        return ""
    if len(atom.tokens) > 1 or atom.is_prefix:
        return join_tokens(atom.folded, is_prefix=atom.is_prefix)
    return f"={atom.tokens[0]}" if atom.is_exact and atom.is_indexed else atom.folded[0]


def document_labels(document: Document) -> set[str]:
    """The labels of host and language that *document* has, without the colon in front."""
    found: set[str] = set()
    labels = (document.source or "").lower().split(".")
    found.update(f"source:{'.'.join(labels[i:])}" for i in range(len(labels)))
    subtags = (document.lang or "").lower().split("-")
    found.update(f"lang:{'-'.join(subtags[: i + 1])}" for i in range(len(subtags)))
    return found


def find_trigger(plan: Plan, usage: Mapping[str, int]) -> Clause | None:
    """The cheapest required clause of *plan*, *usage* telling how many rules name each key.

    None for a plan that can hold in an article without any key: only regexes, `sense` refuses all others.
    """
    if isinstance(plan, WordsPlan | WildcardPlan | RegexPlan | SourcePlan | LangPlan):
        key = atom_key(plan)
        return Clause(_cost(key, usage), frozenset([key])) if key else None
    if isinstance(plan, NearPlan | AllPlan):
        return _cheapest(find_trigger(part, usage) for part in plan.parts)
    if isinstance(plan, AnyPlan):
        return _union(find_trigger(part, usage) for part in plan.parts)
    if isinstance(plan, QuorumPlan | ScorePlan):
        return _find_weighted(plan, usage)
    return find_trigger(plan.part, usage) if isinstance(plan, AtLeastPlan) else _find_negative(plan.part, usage)


def _find_weighted(plan: QuorumPlan | ScorePlan, usage: Mapping[str, int]) -> Clause | None:
    """A clause of parts without which those that are left cannot reach what is asked for."""
    weights = plan.weights if isinstance(plan, ScorePlan) else [1] * len(plan.parts)
    reach = 0
    known: list[tuple[Clause, int]] = []
    for part, weight in zip(plan.parts, weights, strict=True):
        if weight <= 0:
            continue  # it only ever speaks against
        reach += weight
        clause = find_trigger(part, usage)
        if clause is not None:
            known.append((clause, weight))
    chosen: list[Clause] = []
    for clause, weight in sorted(known, key=lambda pair: (pair[0].cost / pair[1], sorted(pair[0].keys))):
        if reach < plan.least:
            break
        chosen.append(clause)
        reach -= weight
    return _union(chosen) if reach < plan.least else None


def _find_negative(plan: Plan, usage: Mapping[str, int]) -> Clause | None:
    """A clause that is required for *plan* not to hold."""
    if isinstance(plan, NotPlan):
        return find_trigger(plan.part, usage)
    if isinstance(plan, AllPlan):
        return _union(_find_negative(part, usage) for part in plan.parts)
    if isinstance(plan, AnyPlan):
        return _cheapest(_find_negative(part, usage) for part in plan.parts)
    return None


def _cost(key: str, usage: Mapping[str, int]) -> int:
    cost = 1 + usage.get(key, 0)
    if key.startswith(":"):
        return cost + _LABEL_COST
    return cost + (_SHORT_WORD_COST if len(key.strip(" =*")) <= 3 else 0)


def _cheapest(clauses: Iterable[Clause | None]) -> Clause | None:
    return min((c for c in clauses if c is not None), key=lambda c: (c.cost, sorted(c.keys)), default=None)


def _union(clauses: Iterable[Clause | None]) -> Clause | None:
    cost = 0
    keys: set[str] = set()
    for clause in clauses:
        if clause is None:
            return None
        cost += clause.cost
        keys |= clause.keys
    return Clause(cost, frozenset(keys))
