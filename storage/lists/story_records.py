"""What `story ID` gives: one story with all that is known of who carried it when; see `storage.records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.records import StoryRecord

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedRecord:
    """An article that carries a story, its place in time, and what it is to the lead or else to its nearest relative.

    A composite that has its home in another story is among them; `home` tells.
    """

    article: int
    url: str
    source: str
    title: str
    #: when it counts as published, see `ingest.model.date_of`
    dated_at: datetime
    #: seconds after the first; less than 0 only for a composite of another story
    lag_s: float
    published: datetime | None
    first_seen: datetime
    #: null for the lead, and where no relation is stored
    kind: str | None
    score: float | None
    #: share of its own text that stands in that of `relative_to`
    share: float | None
    #: share of the text of `relative_to` that stands in its own
    other_share: float | None
    #: the article that kind and shares are about: the lead, else the nearest relative in the story
    relative_to: int | None
    credit: str | None
    canonical: str | None
    repaired: str | None
    words: int
    versions: int
    is_first: bool
    is_lead: bool
    #: the story that it belongs to, when that is another one
    home: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInTime:
    """An article that was the first in some way."""

    article: int
    source: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRecord:
    """An agency that articles of a story name as its source."""

    agency: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalRecord:
    """The page that most articles of a story name as the original."""

    url: str
    #: how many name it
    articles: int
    #: the article at that address, where it is stored
    article: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryChangeRecord:
    """Something that became of a story; see `storage.copy_tables.StoryChange`."""

    at: datetime
    kind: str
    story: int
    article: int | None
    other_story: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStory(StoryRecord):
    """A story with all that is stored of it."""

    #: the id that was asked for: another one than `id` when that story turned out to be this one
    asked: int
    #: the first copy by time of publication
    first: PlaceInTime
    #: the one that came in first
    seen_first: PlaceInTime
    #: the agencies that most articles name before the others
    credited_to: tuple[CreditRecord, ...]
    canonical: CanonicalRecord | None
    #: the first, then the others by `dated_at`
    articles: tuple[CarriedRecord, ...]
    #: the oldest first; also of the stories that merged into this one
    trail: tuple[StoryChangeRecord, ...]
