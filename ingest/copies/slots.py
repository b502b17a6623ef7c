"""Where two texts agree word by word but for a figure or a name: the slots of a template, or a correction.

"A missile strike on Kharkiv killed five" and "A missile strike on Odesa killed seven" share most words and no fact.
Replaced figures and names are counted; replaced common words are an editor's work and are not.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.fuzz import ratio

from ingest.copies.model import MAX_SLOTS, Slot, SlotKind
from rules.common_words import COMMON_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ingest.copies.align import Region
    from ingest.copies.wording import Wording

#: A slot has hardly more words: a name, an office, a figure with its unit. What is longer was written anew.
MAX_SLOT_WORDS = 6.0
#: Names as similar as this (0 to 100) are spellings of one name, or slips of a scanner: Zelensky, Zelenskyy.
SAME_NAME = 80
#: A place named three times in a notice is what it is about; Kiev for Kyiv throughout a report is one house style.
MAX_REPEATS = 3
#: Who and where stands in the first words of a story: another name there counts more.
LEAD_WORDS = 30
LEAD_WEIGHT = 1.5
#: At the start of a sentence a word has its capital for another reason: Police, Officers.
START_WEIGHT = 0.5
#: Without capitals a replaced word may be a name or an editor's choice, so it counts half.
CASELESS_WEIGHT = 0.5
#: Names in Chinese and Japanese are a few characters of Han or katakana.
MAX_HAN_NAME = 6

#: Two to twelve or eighteen as words, folded: "five dead" and "seven dead" differ in a figure. One is an article in
#: many languages.
_NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen",
    "zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn",
    "deux trois quatre cinq six sept huit neuf dix onze douze",
    "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "due tre quattro cinque sei sette otto nove dieci undici dodici",
    "dois tres quatro cinco seis sete oito nove dez onze doze",
    "twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie",
    "два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    "два три чотири пʼять шість сім вісім девʼять десять одинадцять дванадцять",
)
_figure_of_word = {word: str(n) for line in _NUMBERS for n, word in enumerate(line.split(), start=2)}

#: Characters of which Chinese makes its small words: a stretch of nothing else is no name.
_small_han = frozenset(
    "的了是在和与與及以而并並且或也都就还還又再于於对對从從向为為被把将將已曾会會能可要所其此这這那有无無不没沒则則但因由至到后後前中内內外上下"
    "时時当當着著过過得地很更最只仅僅等个個次位名约約说說称稱表示指出认認为預预估計计道告诉訴"
)

#: The names on either side of a slot.
_Pair = tuple[frozenset[str], frozenset[str]]

#: A unit may follow (2.3bn, 5th); letters between the digits are slips of a scanner (19B7), which tell nothing.
_number = re.compile(r"(\d[\d.,]*)[^\W\d]*")
#: Digits in a word are letters misread.
_misread = str.maketrans("015", "ols")
_year = re.compile(r"(?:19|20)\d\d")
_sentence_end = re.compile(r"[.!?…:\n。！？\"“„«»”]")
_han_or_katakana = re.compile(r"[\u30a0-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")


class Replaced(NamedTuple):
    """A fact that was replaced: the words of the one text, and those of the other that stand for them."""

    kind: SlotKind
    words: range
    other_words: range


class Conflicts(NamedTuple):
    """How many figures and how many names differ where the words around them are the same."""

    figures: int = 0
    names: float = 0.0
    #: where
    replaced: tuple[Replaced, ...] = ()
    #: different figures that are the same in both, years set aside
    kept_figures: int = 0
    #: whether figures differ in passages that were written anew: no slot, but other facts all the same
    is_rewritten: bool = False

    @property
    def total(self) -> float:
        """Figures and names together."""
        return self.figures + self.names

    def turned(self) -> Conflicts:
        """The same, told from the other's side."""
        replaced = [Replaced(each.kind, each.other_words, each.words) for each in self.replaced]
        return self._replace(replaced=tuple(sorted(replaced, key=lambda each: each.words.start)))


def count_conflicts(one: Wording, other: Wording, regions: Sequence[Region], limit: float = inf) -> Conflicts:
    """Count each replaced figure, and each replaced name; the same pair of names up to MAX_REPEATS times.

    Stops when the figures alone are more than *limit*: names take longer to find.
    """
    gaps = sorted((gap for region in regions for gap in _gaps(one, other, region)), key=lambda gap: gap[0].start)
    figures = 0
    replaced: list[Replaced] = []
    for span, other_span in gaps:
        if differing := _differing_figures(one, span, other, other_span):
            figures += differing
            replaced.append(Replaced(SlotKind.FIGURE, span, other_span))
    kept = _kept_figures(one, regions) if figures else 0
    if figures > max(limit, kept):
        return Conflicts(figures, 0.0, tuple(replaced), kept)
    names: dict[_Pair, list[float]] = {}
    lead = LEAD_WORDS + min((one.measure[region.span.start] for region in regions), default=0)
    other_lead = LEAD_WORDS + min((other.measure[region.other_span.start] for region in regions), default=0)
    for span, other_span in gaps:
        pair, weight = _differing_names(_Side(one, span, other), _Side(other, other_span, one))
        if weight:
            is_in_lead = one.measure[span.start] < lead and other.measure[other_span.start] < other_lead
            names.setdefault(pair, []).append(LEAD_WEIGHT * weight if is_in_lead else weight)
            replaced.append(Replaced(SlotKind.NAME, span, other_span))
    total = sum(sum(weights[:MAX_REPEATS]) for weights in names.values())
    in_order = tuple(sorted(replaced, key=lambda each: each.words.start))
    return Conflicts(figures, total, in_order, kept, _is_rewritten(one, other, regions))


def _is_rewritten(one: Wording, other: Wording, regions: Iterable[Region]) -> bool:
    """Whether figures differ in a passage that is longer than a slot."""
    return any(
        _differing_figures(one, range(block.end, following.start), other, range(block.other_end, following.other_start))
        for region in regions
        for block, following in pairwise(region.blocks)
    )


def locate(one: Wording, other: Wording, conflicts: Conflicts) -> tuple[Slot, ...]:
    """The first MAX_SLOTS of the replaced facts, as stretches of the stored texts.

    Where furniture stands between the words of a slot, it is in the stretch.
    """
    slots = []
    for kind, words, other_words in conflicts.replaced[:MAX_SLOTS]:
        start, end = one.offsets(words.start, words.stop)
        other_start, other_end = other.offsets(other_words.start, other_words.stop)
        slots.append(Slot(kind=kind, start=start, end=end, other_start=other_start, other_end=other_end))
    return tuple(slots)


def _gaps(one: Wording, other: Wording, region: Region) -> Iterator[tuple[range, range]]:
    """Stretches that stand for each other: between two blocks, and at the edges up to the ends of the paragraphs."""
    span, other_span = region.span, region.other_span
    before = range(one.paragraph_of(span.start).start, span.start)
    other_before = range(other.paragraph_of(other_span.start).start, other_span.start)
    behind = range(span.stop, one.paragraph_of(span.stop - 1).stop)
    other_behind = range(other_span.stop, other.paragraph_of(other_span.stop - 1).stop)
    edges = ((before, other_before), (behind, other_behind))
    yield from (edge for edge in edges if _is_slot(one.length(edge[0])) and _is_slot(other.length(edge[1])))
    for block, following in pairwise(region.blocks):
        gap, other_gap = range(block.end, following.start), range(block.other_end, following.other_start)
        if _is_slot(one.length(gap)) and _is_slot(other.length(other_gap)):
            yield gap, other_gap


def _is_slot(words: float) -> bool:
    return 0 < words <= MAX_SLOT_WORDS


def _differing_figures(one: Wording, words: range, other: Wording, other_words: range) -> int:
    figures, other_figures = _figures(one, words), _figures(other, other_words)
    if not figures or not other_figures or figures == other_figures:
        return 0
    counts, other_counts = Counter(figures), Counter(other_figures)
    return min((counts - other_counts).total(), (other_counts - counts).total())


def _kept_figures(wording: Wording, regions: Iterable[Region]) -> int:
    kept = {
        figure
        for region in regions
        for block in region.blocks
        for figure in _figures(wording, range(block.start, block.end))
    }
    return sum(_year.fullmatch(figure) is None for figure in kept)


def _figures(wording: Wording, words: range) -> list[str]:
    """The numbers among *words*, however they are written: 1,000 and 1.000, 2.3bn and 2.3, five and 5."""
    if wording.figures is None:
        read = ((n, _figure_of_word.get(word) or _digits(word)) for n, word in enumerate(wording.words))
        wording.figures = {n: figure for n, figure in read if figure}
    figures = wording.figures
    if len(figures) < len(words):
        return [figure for n, figure in figures.items() if n in words]
    return [figures[n] for n in words if n in figures]


def _digits(word: str) -> str:
    if not word[0].isdigit():
        return ""
    number = _number.fullmatch(word)
    return "".join(filter(str.isdigit, number[1])) if number else ""


class _Side:
    """One side of a slot: the words that stand on this side only, as they are written."""

    def __init__(self, wording: Wording, span: range, other: Wording) -> None:
        self.exact = wording.exact(span.start, span.stop)
        self.joined = "".join(wording.words[span.start : span.stop])
        self._wording, self._span, self._other = wording, span, other

    def names(self, joined: str) -> dict[str, float]:
        """Names, with their weights, that are not part of *joined*, what stands on the other side.

        A name is a word with a capital that stands nowhere in lower case: a "The" at the start of a sentence is none.
        """
        found = {}
        for word, exact in zip(self._span, self.exact, strict=True):
            lower = exact.lower()
            if (
                exact[0].isupper()
                and len(exact) > 1
                and lower not in self._wording.lower
                and lower not in self._other.lower
                and self._wording.words[word] not in joined
                and self._wording.words[word] not in COMMON_WORDS
            ):
                at_start = _sentence_end.search(self._wording.signs_before(word)) is not None
                found[self._wording.words[word]] = START_WEIGHT if at_start else 1.0
        return found


def _differing_names(one: _Side, other: _Side) -> tuple[_Pair, float]:
    """The names that only one side has, and how much that counts; 0 when a side has none."""
    names, other_names = one.names(other.joined), other.names(one.joined)
    pair = (frozenset(names), frozenset(other_names))
    if names and other_names:
        same = any(_is_same_name(name, another) for name in names for another in other_names)
        return pair, 0.0 if same else min(max(names.values()), max(other_names.values()))
    if names or other_names:
        return pair, 0.0
    return _differing_caseless(one.joined, other.joined)


def _is_same_name(one: str, other: str) -> bool:
    """Whether two words are spellings of one name, or one of them is the other as a scanner read it."""
    return ratio(one.translate(_misread), other.translate(_misread)) >= SAME_NAME


def _differing_caseless(one: str, other: str) -> tuple[_Pair, float]:
    """The same for scripts without capitals, where any replaced word may be a name."""
    pair = (frozenset((one,)), frozenset((other,)))
    if not (_is_caseless(one) and _is_caseless(other)):
        return pair, 0.0
    if _han_or_katakana.fullmatch(one) and _han_or_katakana.fullmatch(other):
        # What was only put in or left out replaces nothing.
        is_small = _small_han.issuperset(one) or _small_han.issuperset(other) or one in other or other in one
        return pair, 1.0 if max(len(one), len(other)) <= MAX_HAN_NAME and not is_small else 0.0
    return pair, 0.0 if _is_same_name(one, other) else CASELESS_WEIGHT


def _is_caseless(word: str) -> bool:
    return word.isalpha() and word.upper() == word.lower()
