"""Reasons to doubt that what two texts share is their story: it may be furniture that nobody has learnt yet.

They are asked only against a relation that the texts themselves suggest, and never for one: titles decide nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ingest.copies.kinds import WHOLE_SHARE
from ingest.copies.telling import find_telling, read_sentences
from rules.text import tokenize

if TYPE_CHECKING:
    from ingest.copies.relate import Evidence
    from ingest.copies.wording import Wording

#: Two pages of one site share furniture first of all, so less than this share of the shorter one says nothing.
MIN_SITE_SHARE = 0.5
#: And less than this says nothing when it is scattered over both pages, before and behind what is not common: over
#: more than MAX_SPREAD times as many words as are common.
MIN_SCATTERED_SHARE = 0.75
MAX_SPREAD = 1.5


#: A teaser is a smaller part of its page than this, has no more words than a long sentence, and gives away no more of
#: the story than that.
MAX_TEASER_SHARE = 0.4
MAX_TEASER_WORDS = 45.0
MAX_TEASED_SHARE = 0.85


class Doubt(StrEnum):
    """Why a relation is dropped, in a sentence for people."""

    OTHER_TITLES = "the titles say the same of different things, and each thing stands in its own text only"
    TEASER = "one title speaks of something else, and its page has a small part of the other story, as a teaser is"
    TOO_LITTLE = "two pages of one site have a small part in common, which may be furniture"
    SCATTERED = "two pages of one site have parts in common that are scattered over both, as furniture is"
    TOLD_ELSEWHERE = "both titles speak of what is not common, so the common part may be furniture or a quotation"


class Side(NamedTuple):
    """One text of a pair."""

    #: host of its page; empty where it is unknown
    source: str
    title: str
    wording: Wording


def is_doubtful(one: Side, other: Side, evidence: Evidence) -> bool:
    """Whether *evidence*, told from the one's side, may be nothing but furniture or a quotation."""
    return find_doubt(one, other, evidence) is not None


def find_doubt(one: Side, other: Side, evidence: Evidence) -> Doubt | None:
    """The first reason why it may, or None."""
    if _name_different_things(one, other):
        return Doubt.OTHER_TITLES
    if _is_teased(one, evidence.share, evidence.common, evidence.other_share) or _is_teased(
        other, evidence.other_share, evidence.other_common, evidence.share
    ):
        return Doubt.TEASER
    is_same_site = one.source == other.source != ""
    if is_same_site and (doubt := _find_doubt_of_site(evidence)):
        return doubt
    if not is_same_site and evidence.score >= WHOLE_SHARE:
        return None
    if _is_told_elsewhere(one, evidence.common) and _is_told_elsewhere(other, evidence.other_common):
        return Doubt.TOLD_ELSEWHERE
    return None


def _find_doubt_of_site(evidence: Evidence) -> Doubt | None:
    """Whether what two pages of one site share is more than their furniture."""
    most = max(evidence.share, evidence.other_share)
    if most < MIN_SITE_SHARE:
        return Doubt.TOO_LITTLE
    spread = min(_spread(evidence.common), _spread(evidence.other_common))
    return Doubt.SCATTERED if most < MIN_SCATTERED_SHARE and spread > MAX_SPREAD else None


def _name_different_things(one: Side, other: Side) -> bool:
    """Whether the titles say the same of different things, as those of two notices: one accident, and another.

    Each has words that stand in its own text and nowhere in the other; and both have words in common.
    """
    title, other_title = (set(find_telling(tokenize(side.title).folded)) for side in (one, other))
    own, others = title - other_title, other_title - title
    if not own or not others or not title & other_title:
        return False
    text, other_text = (_told(side.wording) for side in (one, other))
    return bool(own & text - other_text) and bool(others & other_text - text)


def _told(wording: Wording) -> set[str]:
    return {word for sentence in read_sentences(wording) for word in sentence.telling}


def _is_teased(page: Side, share: float, common: frozenset[int], story_share: float) -> bool:
    """Whether a page tells another story and has no more than a teaser of this one: a sentence or two of it."""
    is_short = share <= MAX_TEASER_SHARE and share * page.wording.size <= MAX_TEASER_WORDS
    return is_short and story_share <= MAX_TEASED_SHARE and _is_told_elsewhere(page, common)


def _spread(common: frozenset[int]) -> float:
    return (max(common) - min(common) + 1) / len(common)


def _is_told_elsewhere(side: Side, common: frozenset[int]) -> bool:
    """Whether the words of the title stand in the rest rather than in what is *common*: there is the story."""
    wanted = set(find_telling(tokenize(side.title).folded))
    if not wanted:
        return False
    words = side.wording.words
    told = wanted.intersection(find_telling(words[word] for word in sorted(common)))
    rest = wanted.intersection(find_telling(words[word] for word in range(len(words)) if word not in common))
    return len(rest - told) > len(told - rest)
