"""Reasons to doubt that what two texts share is their story: it may be furniture that nobody has learnt yet.

They are asked only against a relation that the texts themselves suggest, and never for one: titles decide nothing.
"""

from __future__ import annotations

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


class Side(NamedTuple):
    """One text of a pair."""

    #: host of its page
    source: str
    title: str
    wording: Wording


def is_doubtful(one: Side, other: Side, evidence: Evidence) -> bool:
    """Whether *evidence*, told from the one's side, may be nothing but furniture or a quotation."""
    if name_different_things(one, other):
        return True
    is_same_site = one.source == other.source
    most = max(evidence.share, evidence.other_share)
    if is_same_site and most < MIN_SITE_SHARE:
        return True
    spread = min(_spread(evidence.common), _spread(evidence.other_common))
    if is_same_site and most < MIN_SCATTERED_SHARE and spread > MAX_SPREAD:
        return True
    if not is_same_site and evidence.score >= WHOLE_SHARE:
        return False
    return is_told_elsewhere(one, evidence.common) and is_told_elsewhere(other, evidence.other_common)


def name_different_things(one: Side, other: Side) -> bool:
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


def _spread(common: frozenset[int]) -> float:
    return (max(common) - min(common) + 1) / len(common)


def is_told_elsewhere(side: Side, common: frozenset[int]) -> bool:
    """Whether the words of the title stand in the rest rather than in what is *common*: there is the story."""
    wanted = set(find_telling(tokenize(side.title).folded))
    if not wanted:
        return False
    words = side.wording.words
    told = wanted.intersection(find_telling(words[word] for word in sorted(common)))
    rest = wanted.intersection(find_telling(words[word] for word in range(len(words)) if word not in common))
    return len(rest - told) > len(told - rest)
