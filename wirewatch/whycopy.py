"""Why one text is a copy of another, or why not: judged by what also judges live. `whycopy_lines` tells it people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from ingest.copies.align import find_regions, split_block
from ingest.copies.doubt import Side as Page
from ingest.copies.doubt import find_doubt
from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.likely import find_likely
from ingest.copies.model import Candidate, Candidates
from ingest.copies.ranking import least_shared
from ingest.copies.relate import (
    MIN_COMMON_WORDS,
    MIN_SHARE,
    MIN_SHARED_PART,
    MIN_SHARED_SHINGLES,
    Verdict,
    judge,
    relate_wordings,
)
from ingest.copies.slots import locate
from ingest.copies.strip import strip_furniture
from ingest.copies.wording import SHINGLE_WORDS, read_wording
from wirewatch.whycopy_records import LeftOut, Told, ToldPassage, ToldSide, ToldSlot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from ingest.copies.align import Block
    from ingest.copies.model import Fingerprint, Slot
    from ingest.copies.relate import Judgement
    from ingest.copies.wording import Wording
    from wirewatch.whycopy_records import Side

#: Shared stretches that are told, the longest; left-out lines that are told of each text; characters of each.
MOST_PASSAGES = 3
MOST_LEFT_OUT = 10
MOST_TEXT = 400
#: Characters around a fact that differs.
CONTEXT = 40

_LINE = re.compile(r"[^\n]+")
#: [start, end) in a text
_Span = tuple[int, int]


def explain(
    one: Side,
    other: Side,
    *,
    furniture: frozenset[int] = frozenset(),
    window: timedelta | None = None,
    stored: str | None = None,
) -> Told:
    """Judge *one* against *other*.

    *furniture* are the `learned_hashes` of both that are known to be repeated on their sites; *window* is how far back
    copies are looked for, where both are stored; *stored* is the kind of the stored relation.
    """
    pair = _Pair(one, other, furniture)
    judged, evidence = judge(*pair.wordings), relate_wordings(*pair.wordings)
    verdict = judged.verdict
    why = _why(verdict, judged)
    if evidence is None and verdict is Verdict.RELATED:
        # Live, so few common sequences are not looked at any further.
        verdict, why = Verdict.TOO_LITTLE, _too_few_runs(*pair.wordings)
    doubt = find_doubt(*pair.pages, evidence) if evidence else None
    if doubt:
        evidence, verdict = None, Verdict.DOUBTFUL
    candidate = pair.candidacy(window)
    passages, passage_count = pair.passages()
    return Told(
        one=pair.tell(0),
        other=pair.tell(1),
        verdict=verdict.value,
        kind=evidence.kind.value if evidence else None,
        why=doubt.value if doubt else why,
        share=round(judged.share, 4),
        other_share=round(judged.other_share, 4),
        compared_share=round(judged.mean_share, 4),
        least_share=MIN_SHARE,
        common_words=judged.common_words,
        least_words=MIN_COMMON_WORDS,
        figures=judged.conflicts.figures,
        names=float(judged.conflicts.names),
        most_conflicts=round(judged.allowed_conflicts, 2),
        slots=tuple(_tell_slot(slot, one.text, other.text) for slot in locate(*pair.wordings, judged.conflicts)),
        passages=passages,
        passage_count=passage_count,
        shared_hashes=pair.shared,
        least_hashes=candidate.least,
        is_candidate=candidate.is_one,
        why_candidate=candidate.why,
        apart_s=pair.apart_s,
        window_s=None if window is None else window.total_seconds(),
        stored=stored,
    )


def learned_hashes(side: Side) -> tuple[int, ...]:
    """The hashes of which a database may know that the site repeats them."""
    return take_fingerprint(side.text, side.title).hashes


def _why(verdict: Verdict, judged: Judgement) -> str:
    """One sentence on the verdict."""
    if verdict is Verdict.RELATED:
        total = judged.conflicts.total
        facts = f"only {total:g} {'fact differs' if total == 1 else 'facts differ'}" if total else "no fact differs"
        return f"{percent(judged.mean_share)} of the shorter text are common, and {facts}"
    if verdict is Verdict.NO_SHARED_PASSAGE:
        return "no stretch of words that is more than chance stands in both"
    if verdict is Verdict.OTHER_FACTS:
        return (
            f"the same words with other facts: {judged.conflicts.total:g} differ, and at most "
            f"{judged.allowed_conflicts:.1f} may in {judged.common_words:.0f} common words"
        )
    if judged.common_words < MIN_COMMON_WORDS:
        return f"{judged.common_words:.0f} words are common; it takes {MIN_COMMON_WORDS:.0f}"
    return f"{percent(judged.mean_share)} of the shorter text are common; it takes {percent(MIN_SHARE)}"


def _too_few_runs(one: Wording, other: Wording) -> str:
    """Why two texts are not aligned at all that have most of their words in common: these say little, over and over."""
    shared = len(one.first.keys() & other.first.keys())
    least = max(MIN_SHARED_SHINGLES, ceil(MIN_SHARED_PART * min(len(one.first), len(other.first))))
    return f"too few different runs of {SHINGLE_WORDS} words are in both: {shared}; it takes {least}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidacy:
    """Would the newer text have been compared with the other?"""

    is_one: bool
    least: int
    why: str


class _Pair:
    """Two texts, read as they are compared."""

    def __init__(self, one: Side, other: Side, furniture: frozenset[int]) -> None:
        self._sides = one, other
        self._whole = read_wording(one.text), read_wording(other.text)
        self.wordings: tuple[Wording, Wording] = (
            strip_furniture(self._whole[0], furniture),
            strip_furniture(self._whole[1], furniture),
        )
        self._prints: tuple[Fingerprint, Fingerprint] = (
            take_fingerprint(one.text, one.title),
            take_fingerprint(other.text, other.title),
        )
        self._furniture = furniture
        self.shared = len(self._own_hashes(0) & self._own_hashes(1))

    @property
    def pages(self) -> tuple[Page, Page]:
        """The two with what is asked of them beyond their words."""
        one, other = (Page(side.source, side.title, own) for side, own in zip(self._sides, self.wordings, strict=True))
        return one, other

    @property
    def apart_s(self) -> float | None:
        """How long after the other the one was first seen."""
        one, other = self._sides
        return (one.first_seen - other.first_seen).total_seconds() if one.first_seen and other.first_seen else None

    def _own_hashes(self, side: int) -> frozenset[int]:
        """Those of its fingerprint that are not known as furniture: by these a store looks."""
        return frozenset(self._prints[side].hashes) - self._furniture

    def candidacy(self, window: timedelta | None) -> _Candidacy:
        """What a look-up for the newer of the two would say of the older; a text that is not stored is newer."""
        apart = self.apart_s
        one_is_newer = apart >= 0 if apart is not None else self._sides[0].first_seen is None
        newer, older = (0, 1) if one_is_newer else (1, 0)
        hashes = len(self._own_hashes(newer))
        least = least_shared(hashes)
        found = Candidate(
            article_id=0,
            story_id=0,
            is_lead=True,
            source=self._sides[older].source,
            title=self._sides[older].title,
            text=self._sides[older].text,
            shared=self.shared,
        )
        why = "they share enough of their fingerprints"
        if not hashes or not self._prints[older].hashes:
            why = "one of them is too short to have a fingerprint"
        elif self.shared < least:
            why = "they share too little of their fingerprints"
        elif not find_likely(Candidates(rows=(found,), seen=0), self._own_hashes(newer)):
            why = "they share too small a part of their fingerprints"
        elif window is not None and apart is not None and abs(apart) > window.total_seconds():
            why = "too much time is between them"
        else:
            return _Candidacy(is_one=True, least=least, why=why)
        return _Candidacy(is_one=False, least=least, why=why)

    def tell(self, n: int) -> ToldSide:
        """What is told of one side."""
        side = self._sides[n]
        left_out = _left_out(self._whole[n], self.wordings[n])
        return ToldSide(
            name=side.name,
            article=side.article,
            version=side.version,
            versions=side.versions,
            story=side.story,
            url=side.url,
            source=side.source,
            title=side.title,
            first_seen=side.first_seen,
            repaired=side.repaired,
            credit=side.credit,
            words=float(self.wordings[n].size),
            hashes=len(self._prints[n].hashes),
            left_out=tuple(left_out[:MOST_LEFT_OUT]),
            left_out_lines=len(left_out),
        )

    def passages(self) -> tuple[tuple[ToldPassage, ...], int]:
        """The longest runs of equal words that furniture interrupts in neither text, in the order of the one.

        And how many there are in all.
        """
        one, other = self.wordings
        blocks = (block for region in find_regions(one, other) for block in region.blocks)
        runs = [run for block in blocks for run in split_block(one, other, block)]
        longest = sorted(runs, key=lambda run: -one.length(run.span))[:MOST_PASSAGES]
        return tuple(map(self._passage, sorted(longest))), len(runs)

    def _passage(self, run: Block) -> ToldPassage:
        one, other = self.wordings
        at, other_at = one.offsets(run.start, run.end), other.offsets(run.other_start, run.other_end)
        return ToldPassage(
            start=at[0],
            end=at[1],
            other_start=other_at[0],
            other_end=other_at[1],
            words=float(one.length(run.span)),
            text=cut(one.text[slice(*at)]),
            other_text=cut(other.text[slice(*other_at)]),
        )


def _left_out(whole: Wording, compared: Wording) -> list[LeftOut]:
    """The lines that are no prose, and those parts of the prose that are not compared, in the order of the text."""
    text = whole.text
    prose = [(paragraph.start, paragraph.end) for paragraph in whole.paragraphs]
    lines = [found.span() for found in _LINE.finditer(text)]
    kept = [(paragraph.start, paragraph.end) for paragraph in compared.paragraphs]
    # what stands before or behind the prose in its line is a dateline, or a sign
    whole_lines = frozenset(lines)
    found = [(*span, "no prose") for span in _uncovered(lines, prose) if span in whole_lines]
    found += [(*span, "repeated on the site") for span in _uncovered(prose, kept)] if compared is not whole else []
    told = ((text[start:end].strip(), why) for start, end, why in sorted(found))
    return [LeftOut(text=cut(part), why=why) for part, why in told if part]


def _uncovered(spans: list[_Span], covers: list[_Span]) -> Iterator[_Span]:
    """What of *spans* is in none of *covers*; both ascending and without overlap."""
    n = 0
    for start, end in spans:
        while n < len(covers) and covers[n][1] <= start:
            n += 1
        at, behind = start, n
        while behind < len(covers) and covers[behind][0] < end:
            if covers[behind][0] > at:
                yield at, covers[behind][0]
            at = covers[behind][1]
            behind += 1
        if at < end:
            yield at, end


def _tell_slot(slot: Slot, text: str, other_text: str) -> ToldSlot:
    return ToldSlot(
        kind=slot.kind.value,
        start=slot.start,
        end=slot.end,
        other_start=slot.other_start,
        other_end=slot.other_end,
        text=cut(text[slot.start : slot.end]),
        other_text=cut(other_text[slot.other_start : slot.other_end]),
        context=_context(text, slot.start, slot.end),
        other_context=_context(other_text, slot.other_start, slot.other_end),
    )


def _context(text: str, start: int, end: int) -> str:
    """What stands there, in brackets, with some words around it."""
    before, behind = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    if start > CONTEXT:
        before = f"…{before.partition(' ')[2] or before}"
    if end + CONTEXT < len(text):
        behind = f"{behind.rpartition(' ')[0] or behind}…"
    return f"{before}[{cut(text[start:end])}]{behind}"


def cut(text: str, most: int = MOST_TEXT) -> str:
    """Return *text* with at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def percent(share: float) -> str:
    """Return a share as a percentage, never rounded up to a limit that it does not reach.

    >>> percent(0.39996), percent(1.0)
    ('39.9 %', '100 %')
    """
    return f"{int(share * 1000) / 10:g} %"
