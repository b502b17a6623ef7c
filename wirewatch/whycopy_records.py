"""What `whycopy` is asked about, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two texts, and what is known of it; None where it is not stored."""

    #: as it was named: 12, 12@1, story.html, -
    name: str
    title: str
    text: str
    source: str
    url: str
    repaired: str | None
    credit: str | None
    article: int | None = None
    version: int | None = None
    versions: int | None = None
    story: int | None = None
    first_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A line of a text, or a part of one, that is not compared."""

    text: str
    #: "no prose", or "repeated on the site"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSide:
    """What is told of one of the texts."""

    name: str
    article: int | None
    version: int | None
    versions: int | None
    story: int | None
    url: str
    source: str
    title: str
    first_seen: datetime | None
    repaired: str | None
    credit: str | None
    #: words that are compared
    words: float
    #: hashes of its fingerprint
    hashes: int
    left_out: tuple[LeftOut, ...]
    #: all lines that are left out, also those that are not told
    left_out_lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPassage:
    """Equal words in both texts: [start, end) in the one, [other_start, other_end) in the other."""

    start: int
    end: int
    other_start: int
    other_end: int
    words: float
    text: str
    other_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSlot:
    """A fact that differs between equal words, with what stands around it."""

    kind: str
    start: int
    end: int
    other_start: int
    other_end: int
    text: str
    other_text: str
    context: str
    other_context: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The verdict and all that led to it; shares and words are those of the prose that is compared."""

    one: ToldSide
    other: ToldSide
    verdict: str
    #: what the one is to the other; None: no copy
    kind: str | None
    why: str
    share: float
    other_share: float
    compared_share: float
    least_share: float
    common_words: float
    least_words: float
    figures: int
    names: float
    most_conflicts: float
    slots: tuple[ToldSlot, ...]
    passages: tuple[ToldPassage, ...]
    #: all of them, also those that are not told
    passage_count: int
    shared_hashes: int
    least_hashes: int
    #: live, the newer of the two would have been compared with the other
    is_candidate: bool
    why_candidate: str
    apart_s: float | None
    window_s: float | None
    #: what is stored: the one is a `stored` of the other; None: no relation
    stored: str | None
