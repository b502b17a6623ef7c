"""Judge a pair of texts: is the one a copy of the other, of which kind, and what shows it?"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from ingest.copies.align import find_regions
from ingest.copies.slots import count_conflicts
from ingest.copies.wording import read_wording
from ingest.model import Passage, RelationKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.copies.align import Region
    from ingest.copies.slots import Conflicts
    from ingest.copies.wording import Wording

#: At least this share of the shorter text must be common. A quoted paragraph is less.
MIN_SHARE = 0.4
#: And at least this many words, so that a formula in two short briefs does not make them one.
MIN_COMMON_WORDS = 14.0
#: A text of which this share is common is there as a whole: words that were edited at the ends of a paragraph are not
#: seen as common.
WHOLE_SHARE = 0.7
#: A copy has up to a quarter missing or added. The part that is common, against that of the shorter text, which tells
#: how much was edited; a quarter of the paragraphs can be a little more than a quarter of the words.
COPY_SHARE = 0.72
#: Replaced figures and names for each common word. A notice of up to 79 words may not differ in a single fact; a
#: correction in 800 words is far below.
MAX_CONFLICTS_PER_WORD = 0.0125
#: A shorter text that begins this far into the longer one is the second of two stories there, not an excerpt: who
#: shortens a story keeps its beginning.
LATE_START = 0.35
#: A copy keeps its figures; more replaced names than this are changed facts as well.
MAX_COPY_NAMES = 1.0
#: Fewer common shingles, and a smaller part of those that the shorter text has, are not worth an alignment.
MIN_SHARED_SHINGLES = 4
MIN_SHARED_PART = 0.08
#: Paragraphs that begin with a clock time make a live blog.
MIN_LIVE_PARAGRAPHS = 3

_TURNED = {RelationKind.EXCERPT: RelationKind.EXTENDED, RelationKind.EXTENDED: RelationKind.EXCERPT}
_clock = re.compile(r"\d{1,2}[.:h]\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What two related texts, the one and the other, have in common."""

    #: the one is a `kind` of the other
    kind: RelationKind
    #: share of the one's prose that stands in the other as well, 0 to 1
    share: float
    #: share of the other's prose that stands in the one
    other_share: float
    #: share of the shorter text that both have in common
    score: float
    #: share of the longer text that both have in common: 1 when they are the same throughout
    resemblance: float
    #: the longest stretch of equal words, in both stored texts
    passage: Passage
    #: figures and names that were replaced
    conflicts: Conflicts
    #: the common words, as positions in the one's wording
    common: frozenset[int]
    #: the same in the other's wording
    other_common: frozenset[int]

    def turned(self) -> Evidence:
        """The same, told from the other's side."""
        at = self.passage
        return replace(
            self,
            kind=_TURNED.get(self.kind, self.kind),
            share=self.other_share,
            other_share=self.share,
            common=self.other_common,
            other_common=self.common,
            passage=Passage(start=at.other_start, end=at.other_end, other_start=at.start, other_end=at.end),
        )


def relate(one: str, other: str) -> Evidence | None:
    """What *one* is to *other*; None when they are no copies of each other.

    `relate(other, one)` says the same, turned round.
    """
    return relate_wordings(read_wording(one), read_wording(other))


def relate_wordings(one: Wording, other: Wording) -> Evidence | None:
    """The same for texts that are tokenised already."""
    if (one.size, one.words) <= (other.size, other.words):
        return _compare(one, other)
    evidence = _compare(other, one)
    return evidence.turned() if evidence else None


def _compare(shorter: Wording, longer: Wording) -> Evidence | None:
    if not _may_be_related(shorter, longer):
        return None
    regions = find_regions(shorter, longer)
    common = frozenset(chain.from_iterable(region.span for region in regions))
    longer_common = frozenset(chain.from_iterable(region.other_span for region in regions))
    size, longer_size = _size(shorter, common), _size(longer, longer_common)
    if min(size, longer_size) < MIN_COMMON_WORDS:
        return None
    share, longer_share = size / shorter.size, longer_size / longer.size
    if max(share, longer_share) < MIN_SHARE:
        return None
    conflicts = count_conflicts(shorter, longer, regions)
    if conflicts.total > MAX_CONFLICTS_PER_WORD * min(size, longer_size):
        return None
    begins_late = longer.measure[min(longer_common)] >= LATE_START * longer.size
    return Evidence(
        kind=RelationKind.REVISION
        if _is_live(shorter) and _is_live(longer)
        else _decide_kind(share, longer_share, conflicts, begins_late=begins_late),
        share=share,
        other_share=longer_share,
        score=share,
        resemblance=longer_share,
        passage=_longest_passage(shorter, longer, regions),
        conflicts=conflicts,
        common=common,
        other_common=longer_common,
    )


def _may_be_related(one: Wording, other: Wording) -> bool:
    """A quick look before the alignment: a common part of the shorter text leaves some common shingles."""
    possible = min(len(one.first), len(other.first))
    shared = len(one.first.keys() & other.first.keys())
    return shared >= max(MIN_SHARED_SHINGLES, MIN_SHARED_PART * possible)


def _size(wording: Wording, words: frozenset[int]) -> float:
    if isinstance(wording.measure, range):
        return float(len(words))
    return sum(wording.measure[word + 1] - wording.measure[word] for word in words)


def _decide_kind(share: float, longer_share: float, conflicts: Conflicts, *, begins_late: bool) -> RelationKind:
    """What the shorter text is to the longer one."""
    if share >= WHOLE_SHARE and longer_share >= COPY_SHARE * share:
        return RelationKind.REVISION if conflicts.figures or conflicts.names > MAX_COPY_NAMES else RelationKind.COPY
    if share >= WHOLE_SHARE and begins_late:
        return RelationKind.COMPOSITE
    return RelationKind.EXCERPT


def _is_live(wording: Wording) -> bool:
    starts = sum(_is_clock_time(wording, word) for word in wording.paragraphs)
    return starts >= MIN_LIVE_PARAGRAPHS and 2 * starts >= len(wording.paragraphs)


def _is_clock_time(wording: Wording, word: int) -> bool:
    """10.05 is one token, 10:05 is two with a sign between."""
    first, *second = wording.words[word : word + 2]
    if second and wording.signs_before(word + 1) == ":":
        first = f"{first}:{second[0]}"
    return _clock.fullmatch(first) is not None


def _longest_passage(one: Wording, other: Wording, regions: tuple[Region, ...]) -> Passage:
    """The longest run of equal words that furniture interrupts in neither text; the first of equal ones."""
    best = (0.0, 0, 0, 0)
    for region in regions:
        for block in region.blocks:
            shift = block.other_start - block.start
            breaks = sorted(
                {
                    *_breaks(one.places, block.start, block.end),
                    *(word - shift for word in _breaks(other.places, block.other_start, block.other_end)),
                }
            )
            for start, end in pairwise([block.start, *breaks, block.end]):
                length = one.measure[end] - one.measure[start]
                if length > best[0]:
                    best = (length, start, end, shift)
    _, start, end, shift = best
    offsets, other_offsets = one.offsets(start, end), other.offsets(start + shift, end + shift)
    return Passage(start=offsets[0], end=offsets[1], other_start=other_offsets[0], other_end=other_offsets[1])


def _breaks(places: Sequence[int], start: int, end: int) -> list[int]:
    """The words of [start, end) but the first before which something else stands; mostly there are none."""
    if places[end - 1] - places[start] == end - 1 - start:
        return []
    return [word for word in range(start + 1, end) if places[word] - places[word - 1] != 1]
