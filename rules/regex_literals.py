"""What must occur wherever a regex matches: literals, so that most texts need not be searched at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.regex_syntax import Choice, Group, Leaf, Repeat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.regex_syntax import Node

#: Shorter literals stand in every text.
MIN_LITERAL = 3

#: More alternatives than this are no help.
_MAX_STRINGS = 64
#: Nor are longer literals of help.
_MAX_CHARS = 200

_Strings = frozenset[str]
_EMPTY = frozenset({""})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    #: all strings, casefolded, that can be matched; None when they are too many to list
    every: _Strings | None = None
    #: one of these is in every match; None when nothing of the kind is known
    one_of: _Strings | None = None


def find_literals(node: Node) -> tuple[str, ...] | None:
    """Casefolded strings of `MIN_LITERAL` characters or more, one of which is in every casefolded match; or None."""
    needs = _needs(node)
    found = _better(needs.one_of, needs.every)
    if found is None:
        return None
    # What holds another one is found with it.
    return tuple(sorted(s for s in found if not any(other != s and other in s for other in found)))


def _needs(node: Node) -> _Needs:
    if isinstance(node, Leaf):
        # RE2 folds case one character to one, casefold() one to several; characters that are equal to RE2 are
        # equal to casefold() too (a test compares them all), and casefold() looks at each character alone.
        return _Needs(every=None if node.strings is None else frozenset(s.casefold() for s in node.strings))
    if isinstance(node, Group):
        return _needs(node.inner)
    if isinstance(node, Choice):
        return _either([_needs(part) for part in node.parts])
    if isinstance(node, Repeat):
        return _repeated(node, _needs(node.inner))
    return _in_order(_needs(part) for part in node.parts)


def _either(parts: list[_Needs]) -> _Needs:
    every = _union([part.every for part in parts])
    return _Needs(every=every, one_of=_union([_better(part.one_of, part.every) for part in parts]))


def _union(sets: list[_Strings | None]) -> _Strings | None:
    union: set[str] = set()
    for strings in sets:
        if strings is None:
            return None
        union |= strings
    return frozenset(union) if len(union) <= _MAX_STRINGS else None


def _repeated(node: Repeat, inner: _Needs) -> _Needs:
    if node.low == 0:
        return _either([inner, _Needs(every=_EMPTY)]) if node.high == 1 else _Needs()
    # The first few times are as good as written out; what follows may be anything.
    times = [inner] * min(node.low, 4)
    return _in_order(times if node.low == node.high == len(times) else [*times, _Needs()])


def _in_order(parts: Iterable[_Needs]) -> _Needs:
    best: _Strings | None = None
    run = _EMPTY
    is_whole = True
    for part in parts:
        joined = None if part.every is None else frozenset(a + b for a in run for b in part.every)
        if joined is not None and len(joined) <= _MAX_STRINGS and max(map(len, joined), default=0) <= _MAX_CHARS:
            run = joined
            continue
        is_whole = False
        best = _better(best, run, part.one_of)
        run = _EMPTY if part.every is None else part.every
    return _Needs(every=run if is_whole else None, one_of=_better(best, run))


def _better(*candidates: _Strings | None) -> _Strings | None:
    """The one whose shortest member is longest, then the one with fewest members, of those that are long enough."""
    usable = [c for c in candidates if c and min(map(len, c)) >= MIN_LITERAL]
    return max(usable, key=lambda c: (min(map(len, c)), -len(c)), default=None)
