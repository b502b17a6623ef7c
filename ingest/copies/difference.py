"""What was cut from a text, added to it or changed in it, sentence by sentence, so that people can read it.

Two sentences are the same when their words are, as `rules.text` reads and folds them. The longest common subsequence of
sentences is kept (its bit-parallel search is that of rapidfuzz), and what is left between is paired by resemblance.

Bounds: beyond MAX_SENTENCES that are not at the same beginning or end, texts are compared by paragraph, and beyond
that many paragraphs as a whole. MAX_PAIRS and MAX_CELLS bound the search for resemblance. Time is then linear in the
length of the texts, with at most 0.3 s beside that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from rapidfuzz.distance import Indel, LCSseq

from ingest.copies.sentences import Span, split_paragraphs, split_sentences
from rules.text import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.tokens import Tokens

#: Sentences (or paragraphs) of either text that are aligned; a matrix of so many squared bits takes 1 MB.
MAX_SENTENCES = 3_000
#: Pairs of sentences whose resemblance is looked at, of a whole comparison, and the products of their numbers of words.
MAX_PAIRS = 40_000
MAX_CELLS = 50_000_000
#: Two sentences are one that was changed when they share half of their words.
MIN_ALIKE = 0.5
#: Words of a sentence within which replaced words are looked for.
MAX_WORDS = 2_000
#: Replaced words are told up to so many on a side; more is a rewritten sentence.
MAX_REPLACED_WORDS = 4
#: Signs that stand in pairs. The apostrophe is none, for it also stands alone.
_CLOSED_BY = {"(": ")", "[": "]", "{": "}", "“": "”", "«": "»", "（": "）", "「": "」"}
_OPENED_BY = {closing: opening for opening, closing in _CLOSED_BY.items()}


class Op(StrEnum):
    """What became of a sentence."""

    SAME = "same"
    CUT = "cut"
    ADDED = "added"
    CHANGED = "changed"


class ReplacedKind(StrEnum):
    """What was replaced within a sentence."""

    FIGURE = "figure"
    NAME = "name"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A few words that stand for others: [start, end) in the one text, [other_start, other_end) in the other."""

    kind: ReplacedKind
    text: str
    other_text: str
    start: int
    end: int
    other_start: int
    other_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A sentence, or several that have the same words as several others, and what became of it.

    `text` stands at [start, end) of the one text and `other_text` at [other_start, other_end) of the other; what was
    cut or added has an empty text on the one side, and the place where it is missing.
    """

    op: Op
    text: str
    other_text: str
    start: int
    end: int
    other_start: int
    other_end: int
    #: of what was changed, in order
    replaced: tuple[Replaced, ...] = ()


def compare(one: str, other: str) -> tuple[Change, ...]:
    """Say what became of each sentence of *one*, and where *other* has more, in the order of both.

    Comparing the other way round gives the same changes, turned round.

    >>> [(c.op.value, c.text, c.other_text) for c in compare("It rained. Five died.", "It rained. Six died. Sad.")]
    [('same', 'It rained.', 'It rained.'), ('changed', 'Five died.', 'Six died.'), ('added', '', 'Sad.')]
    """
    # Of several alignments that are as good, one is found: the same whichever text is given first.
    if one > other:
        return _in_order([_turn(change) for change in _compare(other, one)])
    return _in_order(_compare(one, other))


def _turn(change: Change) -> Change:
    op = {Op.CUT: Op.ADDED, Op.ADDED: Op.CUT}.get(change.op, change.op)
    return Change(
        op=op,
        text=change.other_text,
        other_text=change.text,
        start=change.other_start,
        end=change.other_end,
        other_start=change.start,
        other_end=change.end,
        replaced=tuple(
            replace(
                each,
                text=each.other_text,
                other_text=each.text,
                start=each.other_start,
                end=each.other_end,
                other_start=each.start,
                other_end=each.end,
            )
            for each in change.replaced
        ),
    )


def _in_order(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Between two sentences that both texts have, what was cut comes before what was added."""
    ordered: list[Change] = []
    added: list[Change] = []
    for change in changes:
        if change.op is Op.ADDED:
            added.append(change)
            continue
        if change.op is not Op.CUT:
            ordered += added
            added = []
        ordered.append(change)
    return (*ordered, *added)


# --- alignment --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A text cut into units (sentences, or paragraphs), with their words as numbers."""

    text: str
    units: Sequence[Span]
    #: of all units; equal for equal words
    keys: Sequence[int]
    #: the words of all units one after the other; unit i has [words_of[i], words_of[i + 1])
    words: array[int]
    words_of: Sequence[int]
    tokens: Tokens

    def words_in(self, first: int, behind: int) -> array[int]:
        return self.words[self.words_of[first] : self.words_of[behind]]


class _Numbers(dict[object, int]):
    """A number for each thing that is asked for."""

    def __missing__(self, key: object) -> int:
        number = self[key] = len(self)
        return number


@dataclass(slots=True)
class _Budget:
    """What may still be looked at in a comparison."""

    pairs: int = MAX_PAIRS
    cells: int = MAX_CELLS

    def take(self, pairs: int, cells: int) -> bool:
        if pairs > self.pairs or cells > self.cells:
            return False
        self.pairs -= pairs
        self.cells -= cells
        return True


def _compare(one: str, other: str) -> list[Change]:
    numbers = _Numbers()
    tokens, other_tokens = tokenize(one), tokenize(other)
    for split in (split_sentences, split_paragraphs):
        a, b = _cut(one, tokens, split(one), numbers), _cut(other, other_tokens, split(other), numbers)
        before, behind = _same_edges(a.keys, b.keys)
        if max(len(a.units), len(b.units)) - before - behind <= MAX_SENTENCES:
            break
    else:
        a, b = (_join(side, before, behind, numbers[side.text, "joined"]) for side in (a, b))
    return list(_changes(a, b, before, behind))


def _cut(text: str, tokens: Tokens, units: Sequence[Span], numbers: _Numbers) -> _Side:
    starts = tokens.starts
    words = array("Q", [numbers[word] for word in tokens.folded])
    words_of = [0, *(bisect_left(starts, unit.end) for unit in units)]
    keys = []
    for unit, (first, behind) in zip(units, pairwise(words_of), strict=True):
        # What has no words, such as a line of stars, is told apart by its signs.
        key = words[first:behind].tobytes() or "".join(text[unit.start : unit.end].split())
        keys.append(numbers[key, "unit"])
    return _Side(text=text, units=units, keys=keys, words=words, words_of=words_of, tokens=tokens)


def _same_edges(keys: Sequence[int], other_keys: Sequence[int]) -> tuple[int, int]:
    """How many units are the same at the beginning, and how many of the others at the end."""
    shorter = min(len(keys), len(other_keys))
    before = next((i for i in range(shorter) if keys[i] != other_keys[i]), shorter)
    shorter -= before
    behind = next((i for i in range(shorter) if keys[-1 - i] != other_keys[-1 - i]), shorter)
    return before, behind


def _join(side: _Side, before: int, behind: int, key: int) -> _Side:
    """The same with all between the equal edges as one unit, which has that *key*."""
    stop = len(side.units) - behind
    if stop - before < 2:  # there is nothing to join
        return side
    middle = Span(side.units[before].start, side.units[stop - 1].end)
    return replace(
        side,
        units=(*side.units[:before], middle, *side.units[stop:]),
        keys=(*side.keys[:before], key, *side.keys[stop:]),
        words_of=(*side.words_of[: before + 1], *side.words_of[stop:]),
    )


def _changes(a: _Side, b: _Side, before: int, behind: int) -> Iterator[Change]:
    budget = _Budget()
    stop, other_stop = len(a.keys) - behind, len(b.keys) - behind
    for i in range(before):
        yield _pair(a, b, range(i, i + 1), range(i, i + 1), Op.SAME)
    last = other_last = before
    for block in LCSseq.editops(a.keys[before:stop], b.keys[before:other_stop]).as_matching_blocks():
        i, j = before + block.a, before + block.b
        yield from _between(a, b, range(last, i), range(other_last, j), budget)
        for k in range(block.size):
            yield _pair(a, b, range(i + k, i + k + 1), range(j + k, j + k + 1), Op.SAME)
        last, other_last = i + block.size, j + block.size
    yield from _between(a, b, range(last, stop), range(other_last, other_stop), budget)
    for i, j in zip(range(stop, len(a.keys)), range(other_stop, len(b.keys)), strict=True):
        yield _pair(a, b, range(i, i + 1), range(j, j + 1), Op.SAME)


def _between(a: _Side, b: _Side, units: range, others: range, budget: _Budget) -> Iterator[Change]:
    """What became of units that stand between two that are the same."""
    if units and others:
        words, other_words = a.words_in(units.start, units.stop), b.words_in(others.start, others.stop)
        if words and words == other_words:
            # The same words, cut into sentences in another way.
            yield _pair(a, b, units, others, Op.SAME)
            return
    pairs: list[tuple[int, int]] = []
    if budget.take(len(units) * len(others), _word_count(a, units) * _word_count(b, others)):
        pairs = _find_pairs(a, b, units, others)
    last, other_last = units.start, others.start
    for i, j in [*pairs, (units.stop, others.stop)]:
        yield from (_pair(a, b, range(k, k + 1), range(other_last, other_last), Op.CUT) for k in range(last, i))
        yield from (_pair(a, b, range(i, i), range(k, k + 1), Op.ADDED) for k in range(other_last, j))
        if (i, j) != (units.stop, others.stop):
            yield _pair(a, b, range(i, i + 1), range(j, j + 1), Op.CHANGED)
        last, other_last = i + 1, j + 1


def _word_count(side: _Side, units: range) -> int:
    return side.words_of[units.stop] - side.words_of[units.start]


def _find_pairs(a: _Side, b: _Side, units: range, others: range) -> list[tuple[int, int]]:
    """Pairs of units that resemble each other, in the order of both; the sum of their resemblance is the greatest."""
    rows = [a.words_in(i, i + 1) for i in units]
    columns = [b.words_in(j, j + 1) for j in others]
    alike = [[_resemblance(row, column) for column in columns] for row in rows]
    best = [[0.0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    for i, values in enumerate(alike):
        for j, value in enumerate(values):
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], best[i][j] + value)
    pairs = []
    i, j = len(rows), len(columns)
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((units.start + i, others.start + j))
    return pairs[::-1]


def _resemblance(words: array[int], other_words: array[int]) -> float:
    """0 to 1; 0 for less than MIN_ALIKE, and without words."""
    if not (words and other_words):
        return 0.0
    return Indel.normalized_similarity(words, other_words, score_cutoff=MIN_ALIKE)


def _pair(a: _Side, b: _Side, units: range, others: range, op: Op) -> Change:
    span, other_span = _span(a, units), _span(b, others)
    return Change(
        op=op,
        text=a.text[span.start : span.end],
        other_text=b.text[other_span.start : other_span.end],
        start=span.start,
        end=span.end,
        other_start=other_span.start,
        other_end=other_span.end,
        replaced=tuple(_find_replaced(a, b, units.start, others.start)) if op is Op.CHANGED else (),
    )


def _span(side: _Side, units: range) -> Span:
    """Where *units* stand; of none, the place behind the unit before."""
    if units:
        return Span(side.units[units.start].start, side.units[units.stop - 1].end)
    place = side.units[units.start - 1].end if units.start else 0
    return Span(place, place)


# --- replaced words ---------------------------------------------------------------------------------


def _find_replaced(a: _Side, b: _Side, unit: int, other: int) -> Iterator[Replaced]:
    """The few words of a sentence that stand for few others."""
    first, other_first = a.words_of[unit], b.words_of[other]
    words, other_words = a.words_in(unit, unit + 1), b.words_in(other, other + 1)
    if max(len(words), len(other_words)) > MAX_WORDS:
        return
    last = other_last = 0
    for block in Indel.editops(words, other_words).as_matching_blocks():
        span, other_span = range(last, block.a), range(other_last, block.b)
        if span and other_span and max(len(span), len(other_span)) <= MAX_REPLACED_WORDS:
            yield _replaced(
                a,
                b,
                range(first + span.start, first + span.stop),
                range(other_first + other_span.start, other_first + other_span.stop),
                is_at_start=not (span.start and other_span.start),
            )
        last, other_last = block.a + block.size, block.b + block.size


def _replaced(a: _Side, b: _Side, words: range, other_words: range, *, is_at_start: bool) -> Replaced:
    tokens, others = a.tokens, b.tokens
    words, other_words = _unbroken(a.text, tokens, words), _unbroken(b.text, others, other_words)
    start, end = tokens.starts[words.start], tokens.ends[words.stop - 1]
    other_start, other_end = others.starts[other_words.start], others.ends[other_words.stop - 1]
    text, other_text = a.text[start:end], b.text[other_start:other_end]
    kind = ReplacedKind.WORDS
    if all(any(map(str.isnumeric, each)) for each in (text, other_text)):
        kind = ReplacedKind.FIGURE
    elif not is_at_start and all(any(word[0].isupper() for word in each.split()) for each in (text, other_text)):
        kind = ReplacedKind.NAME
    return Replaced(
        kind=kind,
        text=text,
        other_text=other_text,
        start=start,
        end=end,
        other_start=other_start,
        other_end=other_end,
    )


def _unbroken(text: str, tokens: Tokens, words: range) -> range:
    """Those of *words* that a bracket or a quotation mark which is not closed among them does not cut off.

    >>> text = "Bulletin (name changed)"
    >>> _unbroken(text, tokenize(text), range(2)), _unbroken(text, tokenize(text), range(3))
    (range(0, 1), range(0, 1))
    """
    start, opened = 0, list[int]()
    for at in range(tokens.starts[words.start], tokens.ends[words.stop - 1]):
        sign = text[at]
        if sign in _CLOSED_BY:
            opened.append(at)
        elif sign in _OPENED_BY:
            if opened and text[opened[-1]] == _OPENED_BY[sign]:
                opened.pop()
            else:
                start, opened = at, []
    end = opened[0] if opened else len(text)
    kept = [word for word in words if tokens.starts[word] >= start and tokens.ends[word] <= end]
    return range(kept[0], kept[-1] + 1) if kept else words
