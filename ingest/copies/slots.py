"""Where two texts agree word by word but for a figure or a name: the slots of a template, or a correction.

"A missile strike on Kharkiv killed five" and "A missile strike on Odesa killed seven" share most words and no fact.
Replaced figures and names are counted; replaced common words are an editor's work and are not.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.fuzz import ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ingest.copies.align import Region
    from ingest.copies.wording import Wording

#: A slot before the first or behind the last equal word of a region counts up to this length, within its paragraph.
MAX_EDGE_WORDS = 6
#: Names as similar as this (0 to 100) are spellings of one name, or slips of a scanner: Zelensky, Zelenskyy.
SAME_NAME = 80
#: A place named three times in a notice is what it is about; Kiev for Kyiv throughout a report is one house style.
MAX_REPEATS = 3
#: At the start of a sentence a word has its capital for another reason: Police, Officers.
START_WEIGHT = 0.5
#: Without capitals a replaced word may be a name or an editor's choice, so it counts half.
CASELESS_WEIGHT = 0.5
#: Names in Chinese and Japanese are a few characters of Han or katakana.
MAX_HAN_NAME = 6

#: Two to twelve as words, folded: "five dead" and "seven dead" differ in a figure. One is an article in many languages.
_NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve",
    "zwei drei vier funf sechs sieben acht neun zehn elf zwolf",
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

#: The names on either side of a slot.
_Pair = tuple[frozenset[str], frozenset[str]]

_number = re.compile(r"\d[\d.,]*")
_sentence_end = re.compile(r"[.!?…:\n。！？\"“„«»”]")
_han_or_katakana = re.compile(r"[\u30a0-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")


class Conflicts(NamedTuple):
    """How many figures and how many names differ where the words around them are the same."""

    figures: int
    names: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.figures + self.names


def count_conflicts(one: Wording, other: Wording, regions: Iterable[Region]) -> Conflicts:
    """Count each replaced figure, and each replaced name; the same pair of names up to MAX_REPEATS times."""
    figures = 0
    names: dict[_Pair, list[float]] = {}
    for region in regions:
        for span, other_span in _gaps(one, other, region):
            words, other_words = one.words[span.start : span.stop], other.words[other_span.start : other_span.stop]
            figures += _differing_figures(words, other_words)
            pair, weight = _differing_names(_Side(one, span, other), _Side(other, other_span, one))
            if weight:
                names.setdefault(pair, []).append(weight)
    return Conflicts(figures, sum(sum(weights[:MAX_REPEATS]) for weights in names.values()))


def _gaps(one: Wording, other: Wording, region: Region) -> Iterator[tuple[range, range]]:
    """Stretches that stand for each other: between two blocks, and at the edges up to the ends of the paragraphs."""
    span, other_span = region.span, region.other_span
    before = range(_paragraph_start(one, span.start), span.start)
    other_before = range(_paragraph_start(other, other_span.start), other_span.start)
    behind = range(span.stop, _paragraph_end(one, span.stop))
    other_behind = range(other_span.stop, _paragraph_end(other, other_span.stop))
    edges = ((before, other_before), (behind, other_behind))
    yield from ((a, b) for a, b in edges if 0 < len(a) <= MAX_EDGE_WORDS and 0 < len(b) <= MAX_EDGE_WORDS)
    for block, following in zip(region.blocks, region.blocks[1:], strict=False):
        if block.end < following.start and block.other_end < following.other_start:
            yield range(block.end, following.start), range(block.other_end, following.other_start)


def _paragraph_start(wording: Wording, word: int) -> int:
    return wording.paragraphs[bisect_right(wording.paragraphs, word) - 1]


def _paragraph_end(wording: Wording, behind: int) -> int:
    """The end of the paragraph that holds the word before *behind*."""
    following = bisect_left(wording.paragraphs, behind)
    return wording.paragraphs[following] if following < len(wording.paragraphs) else len(wording.words)


def _differing_figures(words: Sequence[str], other_words: Sequence[str]) -> int:
    figures, other_figures = _figures(words), _figures(other_words)
    if not (figures and other_figures):
        return 0
    counts, other_counts = Counter(figures), Counter(other_figures)
    return min((counts - other_counts).total(), (other_counts - counts).total())


def _figures(words: Sequence[str]) -> list[str]:
    """The numbers among *words*, however they are written: 1,000 and 1.000, 2.3bn and 2.3, five and 5."""
    return [figure for word in words if (figure := _figure_of_word.get(word) or _digits(word))]


def _digits(word: str) -> str:
    number = _number.match(word)
    return "".join(filter(str.isdigit, number[0])) if number else ""


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
            ):
                at_start = _sentence_end.search(self._wording.signs_before(word)) is not None
                found[self._wording.words[word]] = START_WEIGHT if at_start else 1.0
        return found


def _differing_names(one: _Side, other: _Side) -> tuple[_Pair, float]:
    """The names that only one side has, and how much that counts; 0 when a side has none."""
    names, other_names = one.names(other.joined), other.names(one.joined)
    pair = (frozenset(names), frozenset(other_names))
    if names and other_names:
        same = any(ratio(name, another) >= SAME_NAME for name in names for another in other_names)
        return pair, 0.0 if same else min(max(names.values()), max(other_names.values()))
    if names or other_names:
        return pair, 0.0
    return _differing_caseless(one.joined, other.joined)


def _differing_caseless(one: str, other: str) -> tuple[_Pair, float]:
    """The same for scripts without capitals, where any replaced word may be a name."""
    pair = (frozenset((one,)), frozenset((other,)))
    if not (_is_caseless(one) and _is_caseless(other)):
        return pair, 0.0
    if _han_or_katakana.fullmatch(one) and _han_or_katakana.fullmatch(other):
        return pair, 1.0 if max(len(one), len(other)) <= MAX_HAN_NAME else 0.0
    return pair, CASELESS_WEIGHT


def _is_caseless(word: str) -> bool:
    return word.isalpha() and word.upper() == word.lower()
