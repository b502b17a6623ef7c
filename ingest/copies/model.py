"""The types in which copies are told: fingerprint, candidates, relation with its evidence, placement.

Offsets are half-open and in code points of the stored texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RelationKind(StrEnum):
    """What an article is, seen from the article it is related to."""

    #: the same text, up to a quarter missing or added
    COPY = "copy"
    #: a shorter version
    EXCERPT = "excerpt"
    #: a longer version
    EXTENDED = "extended"
    #: one of the two joins two stories
    COMPOSITE = "composite"
    #: another version of the same running story, with changed facts
    REVISION = "revision"


#: What the other article is, when this one is a … of it.
TURNED = {RelationKind.EXCERPT: RelationKind.EXTENDED, RelationKind.EXTENDED: RelationKind.EXCERPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a store keeps of an article's text to find its relatives, and to learn what its site repeats.

    `hashes` are those of sampled word sequences, to find the articles that share some; empty for texts too short to
    be compared.
    """

    #: version of the algorithm; fingerprints of different versions are not comparable
    alg: int
    #: distinct, ascending; signed numbers of 32 bits
    hashes: tuple[int, ...]
    #: its title, hashed, a signed number of 64 bits; 0 without one
    title: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A stored article (its current version) that shares fingerprint hashes with a new one."""

    article_id: int
    story_id: int
    #: it is the representative of its story
    is_lead: bool
    #: host of its page
    source: str
    title: str
    text: str
    #: how many hashes are shared
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The result of a look-up, with the highest fingerprint row that it saw."""

    rows: tuple[Candidate, ...]
    #: pass it to `Store.save`, which refuses when newer rows share hashes
    seen: int
    #: those hashes of the article and of `rows` that are known as furniture; see `copies.repeats`
    furniture: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The longest stretch that two texts share: [start, end) in the one, [other_start, other_end) in the other."""

    start: int
    end: int
    other_start: int
    other_end: int


class SlotKind(StrEnum):
    """What was replaced."""

    FIGURE = "figure"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place where two texts agree word by word but for a fact: [start, end) here, [other_start, other_end) there."""

    kind: SlotKind
    start: int
    end: int
    other_start: int
    other_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What an article is to another one, with the evidence."""

    #: id of the other article
    to: int
    #: read: this article is a `kind` of `to`
    kind: RelationKind
    #: share of the shorter text that both have in common, 0 to 1
    score: float
    #: share of this article's prose that stands in the other as well, 0 to 1
    share: float
    #: share of the other's prose that stands in this one
    other_share: float
    passage: Passage
    #: the facts that differ, at most MAX_SLOTS of them, in the order of this text
    slots: tuple[Slot, ...] = ()


#: A relation keeps no more conflicting slots than this.
MAX_SLOTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an article belongs: its relations and the story it joins (None: a story of its own)."""

    story_id: int | None = None
    relations: tuple[Relation, ...] = ()
    #: stories that turn out to be the same as `story_id`
    merges: tuple[int, ...] = ()
