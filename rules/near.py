"""NEAR and BEFORE, judged over sets of spans.

Spans are half-open and count words. Operands are distinct, non-overlapping occurrences, one of each list; every
one of them ends at most `gap` words before the last one starts. Nothing is taken greedily: when there is any
choice of occurrences that fulfils this, it is found.
"""

from __future__ import annotations

import sys
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
    lists = [_Operand(spans) for spans in operands]
    if not all(operand.spans for operand in lists):
        return
    lasts = range(len(lists) - 1, len(lists)) if is_ordered else range(len(lists))
    for last in lasts:
        others = [*lists[:last], *lists[last + 1 :]]
        for start, end in lists[last].spans:
            windows = [other.ending_in(start - gap, start) for other in others]
            if all(windows):
                for first in _find_firsts(others, windows, start, is_ordered=is_ordered):
                    yield first, end


class _Operand:
    """The occurrences of one operand."""

    def __init__(self, spans: Iterable[WordSpan]) -> None:
        #: by their ends
        self.spans = sorted(set(spans), key=lambda span: (span[1], span[0]))
        self._ends = [end for _, end in self.spans]
        # Of those that hold no other one, the later to start is the later to end.
        self._tight_starts: list[int] = []
        self._tight_ends: list[int] = []
        for start, end in self.spans:
            if not self._tight_starts or start > self._tight_starts[-1]:
                self._tight_starts.append(start)
                self._tight_ends.append(end)

    def ending_in(self, low: int, high: int) -> list[WordSpan]:
        """Those that end in [low, high], by their ends."""
        return self.spans[bisect_left(self._ends, low) : bisect_right(self._ends, high)]

    def earliest_end(self, start: int) -> int:
        """Where the first one that starts at *start* or later can end; beyond all texts where there is none."""
        i = bisect_left(self._tight_starts, start)
        return self._tight_ends[i] if i < len(self._tight_ends) else sys.maxsize


def _find_firsts(
    operands: list[_Operand], windows: list[list[WordSpan]], limit: int, *, is_ordered: bool
) -> Iterator[int]:
    """Where the earliest of a choice of one span of each operand can start, the spans being apart.

    The earliest is one of its window; what follows it ends in its own, too, when it ends by *limit*.
    """
    fits = _fit_in_order if is_ordered else _fit
    for i in range(1 if is_ordered else len(operands)):
        rest = [*operands[:i], *operands[i + 1 :]]
        for start, end in windows[i]:
            if not fits(rest, end, limit):
                break  # nor is there room behind what ends later
            yield start


def _fit_in_order(operands: list[_Operand], start: int, limit: int) -> bool:
    """Is there one span of each operand, in order, between *start* and *limit*? The earliest end leaves most room."""
    for operand in operands:
        start = operand.earliest_end(start)
        if start > limit:
            return False
    return True


def _fit(operands: list[_Operand], start: int, limit: int) -> bool:
    """The same in any order: for each set of operands, the earliest place where one span of each can be done with."""
    everything = (1 << len(operands)) - 1
    done_by = {0: start}
    for chosen in range(everything):  # a set comes after all of its subsets
        place = done_by.get(chosen)
        if place is None:
            continue
        for i, operand in enumerate(operands):
            if chosen & (1 << i):
                continue
            end = operand.earliest_end(place)
            if end <= limit:
                grown = chosen | (1 << i)
                done_by[grown] = min(end, done_by.get(grown, end))
    return everything in done_by
