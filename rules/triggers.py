"""What an article must hold at least for a rule to match: the rule's trigger.

A trigger is a set of keys, of which one at least is found in every article that the rule matches. A key is a
folded token, a prefix (`crimea*`), a host (`source:cnn.com`) or a language (`lang:en`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.plans import AllPlan, AnyPlan, LangPlan, NearPlan, NotPlan, SourcePlan, WordsPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.document import Document
    from rules.plans import Atom, Plan

#: Short words are frequent ones: what they cost more than others, in rules that share a key.
_SHORT_WORD_COST = 50


class Clause(NamedTuple):
    """One required clause, and how many needless judgements it may cost, as far as that can be guessed."""

    cost: int
    keys: frozenset[str]


def atom_keys(atom: Atom) -> tuple[str, ...]:
    """The keys that are all there wherever *atom* occurs."""
    if isinstance(atom, SourcePlan):
        return (f"source:{atom.host}",)
    if isinstance(atom, LangPlan):
        return (f"lang:{atom.lang}",)
    whole = atom.keys[:-1] if atom.is_prefix else atom.keys
    return whole or (f"{atom.keys[-1]}*",)


def document_keys(document: Document) -> set[str]:
    """The keys for host and language that *document* has."""
    keys: set[str] = set()
    labels = (document.source or "").lower().split(".")
    keys.update(f"source:{'.'.join(labels[i:])}" for i in range(len(labels)))
    subtags = (document.lang or "").lower().split("-")
    keys.update(f"lang:{'-'.join(subtags[: i + 1])}" for i in range(len(subtags)))
    return keys


def find_trigger(plan: Plan, usage: Mapping[str, int]) -> Clause | None:
    """The cheapest required clause of *plan*, *usage* telling how many rules name each key.

    None only for a plan that can hold in an article without any of its words; `sense` refuses those.
    """
    if isinstance(plan, WordsPlan | SourcePlan | LangPlan):
        return _cheapest(Clause(_cost(key, usage), frozenset([key])) for key in atom_keys(plan))
    if isinstance(plan, NearPlan | AllPlan):
        return _cheapest(find_trigger(part, usage) for part in plan.parts)
    if isinstance(plan, AnyPlan):
        return _union(find_trigger(part, usage) for part in plan.parts)
    return _find_negative(plan.part, usage)


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
    return 1 + usage.get(key, 0) + (_SHORT_WORD_COST if len(key) <= 3 else 0)


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
