"""What became of an article, a story or a topic over time; see `storage.records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleEvent:
    """Something that became of an article; see `storage.lists.timelines.Happened`."""

    at: datetime
    happened: str
    #: number of the version that it showed from then on
    version: int
    #: title of that version; said where the version changed
    title: str | None = None
    topic: str | None = None
    topic_version: str | None = None
    #: that fired
    rules: tuple[str, ...] | None = None
    #: what it was to the article `other`, whose host is `source`
    kind: str | None = None
    other: int | None = None
    source: str | None = None
    score: float | None = None
    #: the story that it belonged to from then on
    story: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEvent:
    """Something that became of a story, or of one that merged into it; see `storage.lists.timelines.Happened`."""

    at: datetime
    happened: str
    #: which of the stories
    story: int
    article: int | None = None
    source: str | None = None
    #: title of the present version of the article
    title: str | None = None
    other_story: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicStay:
    """That a version of a topic was in force for a while."""

    topic: str
    version: str
    since: datetime
    #: null: it is in force
    until: datetime | None
    #: why it is in force no more: changed or retired; null: it is
    ended: str | None
    #: articles that the topic matched at the end of that time, now where it is in force
    matches: int
    title: str | None
    file: str
    #: the text from which it can be compiled again
    source: str
