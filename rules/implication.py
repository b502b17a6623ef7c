"""Does one fact imply another? Only what can be shown counts: "no" may also mean "not known".

Two readings. As a whole: wherever the first is so, the second is so too. By places, for operands of NEAR and
ATLEAST: every stretch of words that the first finds is one that the second finds.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import TYPE_CHECKING, Any

from rules.glob import matches_glob
from rules.meaning import Choice, Close, Count, Either, Every, Glob, Label, Never, Term, in_any_order
from rules.text import is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.meaning import Fact

#: Comparisons of one question. Rules of people need a few dozen; two rules of a thousand parts a million.
MAX_STEPS = 20_000

#: Questions within questions, which are nested as deep as both facts together.
_MAX_DEPTH = 50

#: Words of a phrase that are tried in the places of NEAR, whose ways grow with their factorial.
_MAX_PHRASE = 6


def implies(one: Fact, other: Fact) -> bool:
    """Wherever *one* is so, *other* is so."""
    return Prover().implies(one, other)


class Prover:
    """Answers questions about facts and remembers the answers; each question has `MAX_STEPS`."""

    def __init__(self) -> None:
        self._known: dict[tuple[Fact, Fact], bool] = {}
        self._steps = 0
        self._depth = 0

    def implies(self, one: Fact, other: Fact, *, by_places: bool = False) -> bool:
        """Wherever *one* is so, *other* is so; with *by_places*, *other* finds each stretch that *one* finds."""
        if isinstance(one, Term) and isinstance(other, Term):  # nearly all questions
            return _term_implies_term(one, other, by_places=by_places)
        if by_places:
            return _finds_all_of(one, other)
        self._steps = 0
        return self._ask(one, other)

    def _ask(self, one: Fact, other: Fact) -> bool:
        self._steps += 1
        if isinstance(one, Term) and isinstance(other, Term):
            return _term_implies_term(one, other)
        if self._steps > MAX_STEPS or self._depth >= _MAX_DEPTH:
            return False
        key = (one, other)
        known = self._known.get(key)
        if known is None:
            self._depth += 1
            known = self._judge(one, other)
            self._depth -= 1
            # An answer that was cut short is no less true: it says that nothing was shown.
            self._known[key] = known
        return known

    def _judge(self, one: Fact, other: Fact) -> bool:
        if one == other:
            return True
        # First what must hold in every case, then what must hold in one.
        if isinstance(one, Either):
            return all(self._ask(alternative, other) for alternative in one.alternatives)
        demands = _demands(other)
        if demands is not None:
            return all(self._ask(one, demand) for demand in demands)
        return (
            any(self._ask(one, option) for option in _options(other))
            or self._judge_whole(one, other)
            or any(self._ask(part, other) for part in _parts_of(one))
        )

    def _judge_whole(self, one: Fact, other: Fact) -> bool:
        if isinstance(one, Choice):
            return one.number < len(one.choices) and all(self._ask(choice, other) for choice in one.choices)
        if isinstance(one, Never) and isinstance(other, Never):
            return self._ask(other.negated, one.negated)
        judge = _WHOLE.get((type(one), type(other)))
        return judge(one, other) if judge else _finds_all_of(one, other)


def _demands(fact: Fact) -> Iterable[Fact] | None:
    """Facts that must all be so for *fact* to be so, and suffice; None where there are none."""
    if isinstance(fact, Every):
        return fact.parts
    if isinstance(fact, Never) and isinstance(fact.negated, Either):
        return tuple(Never(alternative) for alternative in fact.negated.alternatives)
    return None


def _options(fact: Fact) -> Iterable[Fact]:
    """Facts each of which is enough."""
    if isinstance(fact, Either):
        return fact.alternatives
    return (fact.counted,) if isinstance(fact, Count) and fact.number == 1 else ()


def _parts_of(fact: Fact) -> tuple[Fact, ...]:
    """Facts each of which is so wherever *fact* is."""
    match fact:
        case Every():
            return tuple(fact.parts)
        case Close():
            return fact.operands
        case Count():
            return (fact.counted,)
        case Choice() if fact.number == len(fact.choices):
            return fact.choices
        case _:
            return ()


def _finds_all_of(one: Fact, other: Fact) -> bool:
    """Every stretch of words that *one* finds is one that *other* finds."""
    if one == other:
        return True
    if isinstance(one, Either):
        return all(_finds_all_of(alternative, other) for alternative in one.alternatives)
    if isinstance(other, Either):
        return any(_finds_all_of(one, alternative) for alternative in other.alternatives)
    judge = _PLACES.get((type(one), type(other)))
    return judge is not None and judge(one, other)


def _term_implies_term(one: Term, other: Term, *, by_places: bool = False) -> bool:
    """`"a b c"` implies `"b c"`, `crimean` implies `crimea*`, `=a` implies `a`."""
    surplus = len(one.tokens) - len(other.tokens)
    if surplus < 0 or (surplus and by_places) or (other.is_exact and not one.is_exact):
        return False
    if not set(one.fields) <= set(other.fields):
        return False
    given = one.tokens if other.is_exact else one.folded
    return any(_stands_at(one, given, other, start) for start in range(surplus + 1))


def _stands_at(one: Term, given: tuple[str, ...], other: Term, start: int) -> bool:
    """*other* is in *one*, whose tokens in the right form are *given*, from the token *start* on."""
    last = start + len(other.tokens) - 1
    is_open = one.is_prefix and last == len(given) - 1  # nobody knows how the last one goes on
    if given[start:last] != other.tokens[:-1] or (is_open and not other.is_prefix):
        return False
    if other.is_prefix:
        return given[last].startswith(other.tokens[-1]) and not is_opaque(given[last])
    return given[last] == other.tokens[-1]


def _term_has_places_of_term(one: Term, other: Term) -> bool:
    return _term_implies_term(one, other, by_places=True)


def _term_implies_glob(one: Term, other: Glob) -> bool:
    if len(one.tokens) > 1 or (other.is_exact and not one.is_exact) or not set(one.fields) <= set(other.fields):
        return False
    word = one.tokens[0] if other.is_exact else one.folded[0]
    if is_opaque(word) or (one.is_prefix and not other.pattern.endswith("*")):
        return False
    # `?` is one letter of the word as it stands there; of a mark nobody knows to which letter it will be joined.
    return word.isalnum() and matches_glob(other.pattern, word)


def _glob_implies_prefix(one: Glob, other: Term) -> bool:
    if len(other.tokens) > 1 or not other.is_prefix or one.is_exact != other.is_exact:
        return False
    head = one.pattern.replace("?", "*").split("*", 1)[0]
    return set(one.fields) <= set(other.fields) and head.startswith(other.tokens[0])


def _close_implies_close(one: Close, other: Close) -> bool:
    if one.gap > other.gap or (other.is_ordered and not one.is_ordered):
        return False
    mine = one.operands if one.is_ordered == other.is_ordered else in_any_order(one.operands)
    return mine == other.operands


def _phrase_is_close(one: Term, other: Close) -> bool:
    """`"frozen assets"` implies `frozen NEAR/4 asset~`, whose operands are single words here."""
    size, operands = len(one.tokens), other.operands
    if size > _MAX_PHRASE or len(operands) > size:
        return False
    words = [
        Term(one.fields, (token,), (folded,), one.is_exact, is_prefix=one.is_prefix and i == size - 1)
        for i, (token, folded) in enumerate(zip(one.tokens, one.folded, strict=True))
    ]
    for places in permutations(range(size), len(operands)):
        is_near = max(places) - min(places) - 1 <= other.gap
        if is_near and (not other.is_ordered or list(places) == sorted(places)):
            pairs = zip(places, operands, strict=True)
            if all(_finds_all_of(words[place], operand) for place, operand in pairs):
                return True
    return False


def _label_implies(one: Label, other: Label) -> bool:
    if one.field != other.field:
        return False
    below = f".{other.text}" if one.field == "source" else f"{other.text}-"
    is_below = one.text.endswith(below) if one.field == "source" else one.text.startswith(below)
    return one.text == other.text or is_below


def _label_excludes(one: Label, other: Never) -> bool:
    """An article has one host and one language."""
    label = other.negated
    if not isinstance(label, Label) or one.field != label.field:
        return False
    return not _label_implies(one, label) and not _label_implies(label, one)


def _count_implies_count(one: Count, other: Count) -> bool:
    return one.number >= other.number and _finds_all_of(one.counted, other.counted)


_Judge = Callable[[Any, Any], bool]

#: How two facts of these kinds are compared; all other kinds imply nothing.
_PLACES: dict[tuple[type, type], _Judge] = {
    (Term, Term): _term_has_places_of_term,
    (Term, Glob): _term_implies_glob,
    (Glob, Term): _glob_implies_prefix,
    (Close, Close): _close_implies_close,
}
_WHOLE: dict[tuple[type, type], _Judge] = {
    (Term, Term): _term_implies_term,
    (Term, Close): _phrase_is_close,
    (Count, Count): _count_implies_count,
    (Label, Label): _label_implies,
    (Label, Never): _label_excludes,
}
