"""Place an article among the stories: what it is to each candidate, and which story it belongs to.

A story has a lead, the article that others are compared with. An article joins the story whose lead it resembles
most. Stories are never the connected components of the relations: a page that joins two stories, or quotes another,
would build a bridge (in an experiment: adjusted Rand index 0.76-0.87 by leads, 0.19-0.55 by components).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.copies.doubt import Side, is_doubtful
from ingest.copies.kinds import WHOLE_SHARE
from ingest.copies.likely import find_likely
from ingest.copies.model import Placement, Relation, RelationKind
from ingest.copies.relate import relate_wordings
from ingest.copies.slots import locate
from ingest.copies.strip import strip_furniture
from ingest.copies.wording import read_wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.copies.model import Candidate, Candidates
    from ingest.copies.relate import Evidence
    from ingest.copies.wording import Wording
    from ingest.model import Article, Reading

#: Two stories in one page: each has at least this share of the page ...
MIN_PART = 0.15
#: ... and at most this share of the smaller part belongs to both.
MAX_OVERLAP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    candidate: Candidate
    wording: Wording
    evidence: Evidence

    @property
    def rank(self) -> tuple[float, float, int, int]:
        """The best first: what is most alike, then the oldest story, then the oldest article."""
        return (-self.evidence.resemblance, -self.evidence.score, self.candidate.story_id, self.candidate.article_id)


def place(reading: Reading, candidates: Candidates) -> Placement:
    """Say what the article is to each of *candidates*, whatever their order, and which story it joins.

    What is known as furniture of their sites is compared on neither side.
    """
    likely = find_likely(candidates, reading.fingerprint.hashes)
    if not likely:
        return Placement()
    wording = strip_furniture(read_wording(reading.article.text), candidates.furniture)
    related = _find_related(reading.article, wording, likely, candidates.furniture)
    found = sorted(related, key=lambda each: each.rank)
    home = _choose_home(found)
    found = _mark_composite(found, home)
    return Placement(
        story_id=home,
        relations=tuple(_relation(wording, each) for each in sorted(found, key=lambda each: each.candidate.article_id)),
        merges=_find_merges(found, home),
    )


def _find_related(
    article: Article, wording: Wording, candidates: Iterable[Candidate], furniture: frozenset[int]
) -> Iterator[_Found]:
    for candidate in candidates:
        other = strip_furniture(read_wording(candidate.text), furniture)
        evidence = relate_wordings(wording, other)
        if evidence is None:
            continue
        there = Side(candidate.source, candidate.title, other)
        if not is_doubtful(Side(article.source, article.title, wording), there, evidence):
            yield _Found(candidate=candidate, wording=other, evidence=evidence)


def _choose_home(found: list[_Found]) -> int | None:
    """The story of the lead that the article resembles most; without one, that of the article it copies.

    A page that joins two stories belongs to the one of which it has more. An article that is a part of such a page
    does not follow it: the page may be at home in the other one.
    """
    members = [each for each in found if each.evidence.kind is not RelationKind.COMPOSITE]
    for each in members:
        if each.candidate.is_lead:
            return each.candidate.story_id
    for each in members:
        if each.evidence.resemblance >= WHOLE_SHARE:
            return each.candidate.story_id
    parts = [each for each in found if each.candidate.is_lead and each.evidence.share < each.evidence.other_share]
    if parts and not members:
        return max(parts, key=lambda each: (each.evidence.share, -each.candidate.story_id)).candidate.story_id
    return None


def _mark_composite(found: list[_Found], home: int | None) -> list[_Found]:
    """Where the article carries a second story beside its home, both are parts of it."""
    parts = [each for each in found if _is_part(each.evidence)]
    at_home = [each for each in parts if each.candidate.story_id == home]
    elsewhere = [each for each in parts if each.candidate.story_id != home]
    joined = {
        each.candidate.article_id
        for part in at_home
        for another in elsewhere
        if _are_apart(part.evidence.common, another.evidence.common)
        for each in (part, another)
    }
    return [
        replace(each, evidence=replace(each.evidence, kind=RelationKind.COMPOSITE))
        if each.candidate.article_id in joined
        else each
        for each in found
    ]


def _is_part(evidence: Evidence) -> bool:
    return MIN_PART <= evidence.share < WHOLE_SHARE


def _are_apart(common: frozenset[int], other_common: frozenset[int]) -> bool:
    return len(common & other_common) <= MAX_OVERLAP * min(len(common), len(other_common))


def _find_merges(found: Iterable[_Found], home: int | None) -> tuple[int, ...]:
    """Other stories whose lead has the same text as the article, when the lead at home has it too."""
    leads = {
        each.candidate.story_id
        for each in found
        if each.candidate.is_lead
        and each.evidence.kind in {RelationKind.COPY, RelationKind.REVISION}
        and each.evidence.resemblance >= WHOLE_SHARE
    }
    return tuple(sorted(leads - {home})) if home in leads else ()


def _relation(wording: Wording, found: _Found) -> Relation:
    evidence = found.evidence
    return Relation(
        to=found.candidate.article_id,
        kind=evidence.kind,
        score=round(evidence.score, 4),
        share=round(evidence.share, 4),
        other_share=round(evidence.other_share, 4),
        passage=evidence.passage,
        slots=locate(wording, found.wording, evidence.conflicts),
    )
