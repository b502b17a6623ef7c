"""Which alternatives of an OR say nothing that another one does not say.

Not every pair is compared: an index by words finds the few alternatives that one could imply, so that lists of
thousands take no more than a moment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from rules.implication import Prover
from rules.meaning import Choice, Close, Count, Either, Every, Glob, Label, Term, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rules.meaning import Fact

#: Pairs that are compared for each alternative, on average. Lists of people need one or two.
MAX_PAIRS = 40

#: So many are all compared, which takes less time than an index.
_FEW = 12

#: Patterns that every alternative is compared with: they have no word by which they could be found.
_MAX_LOOSE = 20

#: a word, or the first letters of one with a star
_Key = str


def find_implied(
    units: Sequence[Sequence[Fact]], *, by_places: bool = False, kept: Iterable[int] = ()
) -> dict[int, int]:
    """The units that can be taken out of an OR without changing it, each with another one that implies it.

    A unit is what people wrote as one alternative: a fact, or several that came from one macro. Of two that say
    the same, the first stays, and one of *kept* stays before any other. All found can be taken out
    together. *by_places*: the OR is an operand of NEAR or ATLEAST.
    """
    members = [(fact, number) for number, facts in enumerate(units) for fact in facts]
    index = _Index([fact for fact, _ in members]) if len(members) > _FEW else None
    everything = range(len(members))
    prover = Prover()
    budget = MAX_PAIRS * len(members) + 1000
    preferred = set(kept)
    implied: dict[int, int] = {}
    for unit in sorted(range(len(units)), key=lambda number: (number in preferred, -number)):
        by: int | None = None
        for fact in units[unit]:
            by = None
            for other in index.candidates(fact) if index else everything:
                candidate, candidate_unit = members[other]
                if candidate_unit == unit or candidate_unit in implied:
                    continue
                budget -= 1
                if budget < 0:
                    return implied
                if prover.implies(fact, candidate, by_places=by_places):
                    by = candidate_unit
                    break
            if by is None:
                break
        if by is not None:
            implied[unit] = by
    # What implied it may have been taken out itself since then.
    return {unit: _last_of(implied, by) for unit, by in sorted(implied.items())}


def _last_of(implied: Mapping[int, int], unit: int) -> int:
    while unit in implied:
        unit = implied[unit]
    return unit


class _Index:
    """Finds the facts that a fact could imply."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._equal: dict[Fact, list[int]] = defaultdict(list)
        self._by_key: dict[_Key, list[int]] = defaultdict(list)
        self._loose: list[int] = []
        usage = Counter(key for fact in facts for key in set(_hooks(fact)))
        for number, fact in enumerate(facts):
            self._equal[fact].append(number)
            for key in _choose_hooks(fact, usage):
                if key:
                    self._by_key[key].append(number)
                else:
                    self._loose.append(number)
        del self._loose[_MAX_LOOSE:]
        self._prefix_sizes = sorted({len(key) - 1 for key in self._by_key if key.endswith("*")})

    def candidates(self, fact: Fact) -> Iterator[int]:
        """Facts that *fact* could imply, by their numbers, itself among them; some may come twice."""
        yield from self._equal[fact]
        for key in dict.fromkeys(self._keys(fact)):
            yield from self._by_key.get(key, ())
        yield from self._loose

    def _keys(self, fact: Fact) -> Iterator[_Key]:
        """Keys under which what *fact* implies is found."""
        if isinstance(fact, Term):
            for number, token in enumerate(fact.folded, 1):
                if not fact.is_prefix or number < len(fact.folded):
                    yield token
                yield from self._prefixes(token)
        elif isinstance(fact, Label):
            yield from _labels_above(fact)
        elif isinstance(fact, Glob):
            yield from self._prefixes(fact.pattern.replace("?", "*").split("*", 1)[0])
        else:
            parts = list(parts_of(fact))
            if isinstance(fact, Either) or (isinstance(fact, Choice) and fact.number < len(parts)):
                del parts[1:]  # all of them must imply it, so the first one does
            for part in parts:
                yield from self._keys(part)

    def _prefixes(self, token: str) -> Iterator[_Key]:
        for size in self._prefix_sizes:
            if size > len(token):
                break
            yield f"{token[:size]}*"


def _labels_above(label: Label) -> Iterator[_Key]:
    """`edition.cnn.com`, `cnn.com`, `com`; `en-gb`, `en`."""
    is_host = label.field == "source"
    parts = label.text.split("." if is_host else "-")
    for size in range(1, len(parts) + 1):
        yield f"source:{'.'.join(parts[-size:])}" if is_host else f"lang:{'-'.join(parts[:size])}"


def _choose_hooks(fact: Fact, usage: Mapping[_Key, int]) -> set[_Key]:
    """The keys under which *fact* is found: of parts that must all be so, the rarest."""
    if isinstance(fact, Either):
        return {key for alternative in fact.alternatives for key in _choose_hooks(alternative, usage)}
    if isinstance(fact, Every | Close | Count):
        chosen = [_choose_hooks(part, usage) for part in parts_of(fact)]
        chosen = [keys for keys in chosen if keys and "" not in keys]
        return min(chosen, key=lambda keys: sum(map(usage.__getitem__, keys)), default=set())
    keys = set(_hooks(fact))
    return {min(keys, key=usage.__getitem__)} if isinstance(fact, Term) else keys


def _hooks(fact: Fact) -> Iterator[_Key]:
    """Keys of the words in *fact*; "" for a pattern."""
    match fact:
        case Term() if fact.is_prefix and len(fact.folded) == 1:
            yield f"{fact.folded[0]}*"
        case Term():
            yield from fact.folded[:-1] if fact.is_prefix else fact.folded
        case Label():
            yield f"{fact.field}:{fact.text}"
        case Glob():
            yield ""
        case _:
            for part in parts_of(fact):
                yield from _hooks(part)
