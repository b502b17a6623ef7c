"""Judge a pair of texts: is the one a copy of the other, of which kind, and what shows it?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from math import inf
from typing import TYPE_CHECKING

from ingest.copies.align import Block, find_regions, split_block
from ingest.copies.kinds import Part, decide_kind, share_of
from ingest.copies.model import TURNED, Passage
from ingest.copies.slots import Conflicts, count_conflicts
from ingest.copies.wording import read_wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.copies.align import Region
    from ingest.copies.kinds import Share
    from ingest.copies.model import RelationKind
    from ingest.copies.wording import Wording

#: At least this share of the shorter text must be common, as the mean of words and paragraphs. A quoted paragraph
#: is less.
MIN_SHARE = 0.4
#: And at least this many words, so that a formula in two short briefs does not make them one.
MIN_COMMON_WORDS = 14.0
#: Replaced figures and names for each common word. A notice of up to 79 words may not differ in a single fact; a
#: correction in 800 words is far below.
MAX_CONFLICTS_PER_WORD = 0.0125
#: Two texts are filled-in forms when this share of both is common and no more than this many places were edited. Then
#: one replaced name in 400 words is a correction, and more are other notices: an editor who exchanges a name for its
#: other spelling changes more than that.
FORM_SHARE = 0.9
MAX_FORM_EDITS = 1
MAX_FILLED_NAMES_PER_WORD = 0.0025
MAX_FILLED_FIGURES_PER_WORD = 0.005
#: An update of a running story keeps twice the figures that it changes, and changes no more than this for each common
#: word.
MAX_UPDATED_PER_WORD = 0.03
#: Fewer common shingles, and a smaller part of those that the shorter text has, are not worth an alignment.
MIN_SHARED_SHINGLES = 4
MIN_SHARED_PART = 0.08


class Verdict(StrEnum):
    """Why two texts are related, or why not."""

    RELATED = "related"
    #: hardly any run of words stands in both
    NO_SHARED_PASSAGE = "no shared passage"
    #: what both have is too small a part of the shorter text
    TOO_LITTLE = "too little in common"
    #: the same words with other facts, as in two notices from one template
    OTHER_FACTS = "different facts"
    #: what both have may be furniture or a quotation: asked beyond the words of the two, see `copies.doubt`
    DOUBTFUL = "doubtful"


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
            kind=TURNED.get(self.kind, self.kind),
            share=self.other_share,
            other_share=self.share,
            common=self.other_common,
            other_common=self.common,
            conflicts=self.conflicts.turned(),
            passage=Passage(start=at.other_start, end=at.other_end, other_start=at.start, other_end=at.end),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on a pair with the numbers that led to it, told from the one's side."""

    verdict: Verdict
    #: None unless related
    evidence: Evidence | None
    #: as in `Evidence`, also when the verdict is against it
    share: float
    other_share: float
    #: the mean of words and paragraphs, for the shorter text: held against MIN_SHARE
    mean_share: float
    #: common words, in the text that has fewer: held against MIN_COMMON_WORDS
    common_words: float
    conflicts: Conflicts
    #: how many facts may differ: MAX_CONFLICTS_PER_WORD for each common word
    allowed_conflicts: float


def relate(one: str, other: str) -> Evidence | None:
    """What *one* is to *other*; None when they are no copies of each other.

    `relate(other, one)` says the same, turned round.
    """
    return relate_wordings(read_wording(one), read_wording(other))


def relate_wordings(one: Wording, other: Wording) -> Evidence | None:
    """The same for texts that are read already."""
    if _may_be_related(one, other):
        return judge(one, other, is_whole=False).evidence
    return None


def judge(one: Wording, other: Wording, *, is_whole: bool = True) -> Judgement:
    """The verdict on a pair with all that led to it; unless it *is_whole*, not all differing facts are looked for."""
    if (one.size, one.words) <= (other.size, other.words):
        return _judge(one, other, is_whole=is_whole)
    judgement = _judge(other, one, is_whole=is_whole)
    return replace(
        judgement,
        evidence=judgement.evidence.turned() if judgement.evidence else None,
        share=judgement.other_share,
        other_share=judgement.share,
        conflicts=judgement.conflicts.turned(),
    )


def _judge(shorter: Wording, longer: Wording, *, is_whole: bool) -> Judgement:
    regions = find_regions(shorter, longer)
    common = frozenset(chain.from_iterable(region.span for region in regions))
    longer_common = frozenset(chain.from_iterable(region.other_span for region in regions))
    share, longer_share = share_of(shorter, common), share_of(longer, longer_common)
    words = min(share.words * shorter.size, longer_share.words * longer.size)
    allowed = MAX_CONFLICTS_PER_WORD * words
    is_enough = words >= MIN_COMMON_WORDS and max(share.most, longer_share.most) >= MIN_SHARE
    conflicts = Conflicts()
    if is_whole or is_enough:
        conflicts = count_conflicts(shorter, longer, regions, inf if is_whole else allowed)
    if not regions:
        verdict = Verdict.NO_SHARED_PASSAGE
    elif not is_enough:
        verdict = Verdict.TOO_LITTLE
    else:
        is_update = _is_update(conflicts, words)
        is_same = conflicts.total <= allowed or is_update
        if _is_filled_in(share, longer_share, regions, conflicts) and not is_update:
            is_same = conflicts.names <= MAX_FILLED_NAMES_PER_WORD * words
            is_same = is_same and conflicts.figures <= MAX_FILLED_FIGURES_PER_WORD * words
        verdict = Verdict.RELATED if is_same else Verdict.OTHER_FACTS
    evidence = None
    if verdict is Verdict.RELATED:
        evidence = Evidence(
            kind=decide_kind(Part(shorter, common, share), Part(longer, longer_common, longer_share), conflicts),
            share=share.words,
            other_share=longer_share.words,
            score=share.words,
            resemblance=longer_share.words,
            passage=_longest_passage(shorter, longer, regions),
            conflicts=conflicts,
            common=common,
            other_common=longer_common,
        )
    return Judgement(
        verdict=verdict,
        evidence=evidence,
        share=share.words,
        other_share=longer_share.words,
        mean_share=max(share.most, longer_share.most),
        common_words=words,
        conflicts=conflicts,
        allowed_conflicts=allowed,
    )


def _is_filled_in(share: Share, longer_share: Share, regions: tuple[Region, ...], conflicts: Conflicts) -> bool:
    """Whether the texts are the same word for word but for their facts, as nobody edits but who fills in a form."""
    gaps = sum(len(region.blocks) - 1 for region in regions)
    slots = len({each.words.start for each in conflicts.replaced})
    return min(share.words, longer_share.words) >= FORM_SHARE and gaps - slots <= MAX_FORM_EDITS


def _is_update(conflicts: Conflicts, words: float) -> bool:
    """The same event with a new toll: the names are the same, and at least two thirds of the figures.

    Of two notices from a template hardly a figure is the same, and there are more of them.
    """
    figures = conflicts.figures
    return not conflicts.names and figures <= min(conflicts.kept_figures / 2, MAX_UPDATED_PER_WORD * words)


def _may_be_related(one: Wording, other: Wording) -> bool:
    """A quick look before the alignment: a common part of the shorter text leaves some common shingles."""
    possible = min(len(one.first), len(other.first))
    shared = len(one.first.keys() & other.first.keys())
    return shared >= max(MIN_SHARED_SHINGLES, MIN_SHARED_PART * possible)


def _longest_passage(one: Wording, other: Wording, regions: Iterable[Region]) -> Passage:
    """The longest run of equal words that furniture interrupts in neither text; the first of equal ones."""
    best, length = Block(0, 0, 0), 0.0
    for block in chain.from_iterable(region.blocks for region in regions):
        if one.length(block.span) > length:
            for run in split_block(one, other, block):
                if one.length(run.span) > length:
                    best, length = run, one.length(run.span)
    start, end = one.offsets(best.start, best.end)
    other_start, other_end = other.offsets(best.other_start, best.other_end)
    return Passage(start=start, end=end, other_start=other_start, other_end=other_end)
