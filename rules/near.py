"""NEAR and BEFORE, judged over sets of spans.

Spans are half-open and count words. Operands are distinct, non-overlapping occurrences, one of each list; every
one of them ends at most `gap` words before the last one starts. Nothing is taken greedily: when there is any
choice of occurrences that fulfils this, it is found.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

WordSpan = tuple[int, int]


def find_near(operands: Sequence[Iterable[WordSpan]], gap: int, *, is_ordered: bool = False) -> Iterator[WordSpan]:
    """Yield the stretches, from the first to the last word, of all choices that fulfil the condition.

    A stretch may come more than once; to know whether there is any, ask for the first.

    >>> list(find_near([[(0, 1), (9, 10)], [(4, 5)]], 3))
    [(0, 5)]
    """
    lists = [_ByEnd(spans) for spans in operands]
    if not all(operand.spans for operand in lists):
        return
    lasts = range(len(lists) - 1, len(lists)) if is_ordered else range(len(lists))
    for last in lasts:
        others = [*lists[:last], *lists[last + 1 :]]
        for start, end in lists[last].spans:
            windows = [other.between(start - gap, start) for other in others]
            if all(windows):
                for first in _find_firsts(windows, start, is_ordered=is_ordered):
                    yield first, end


class _ByEnd:
    """The occurrences of one operand, by their ends."""

    def __init__(self, spans: Iterable[WordSpan]) -> None:
        self.spans = sorted(set(spans), key=lambda span: (span[1], span[0]))
        self._ends = [end for _, end in self.spans]

    def between(self, low: int, high: int) -> list[WordSpan]:
        """Those that end in [low, high]."""
        return self.spans[bisect_left(self._ends, low) : bisect_right(self._ends, high)]


def _find_firsts(windows: list[list[WordSpan]], limit: int, *, is_ordered: bool) -> Iterator[int]:
    """Where the earliest of a choice of one span from each window can start, the spans being apart."""
    if len(windows) == 1:
        for start, _ in windows[0]:
            yield start
        return
    for i in range(1 if is_ordered else len(windows)):
        rest = [*windows[:i], *windows[i + 1 :]]
        for start, end in windows[i]:
            if _fit_in_order(rest, end, limit) if is_ordered else _fit(rest, end, limit):
                yield start


def _fit_in_order(windows: list[list[WordSpan]], start: int, limit: int) -> bool:
    """Is there one span of each window, in order, between *start* and *limit*? The earliest end leaves most room."""
    for window in windows:
        found = next((end for begin, end in window if begin >= start), None)
        if found is None or found > limit:
            return False
        start = found
    return True


def _fit(windows: list[list[WordSpan]], start: int, limit: int) -> bool:
    """The same in any order: for each set of windows, the earliest place where one span of each can be done with."""
    everything = (1 << len(windows)) - 1
    done_by = {0: start}
    for chosen in range(everything):  # a set comes after all of its subsets
        place = done_by.get(chosen)
        if place is None:
            continue
        for i, window in enumerate(windows):
            if chosen & (1 << i):
                continue
            found = next((end for begin, end in window if begin >= place), None)
            if found is not None and found <= limit:
                grown = chosen | (1 << i)
                done_by[grown] = min(found, done_by.get(grown, found))
    return everything in done_by
