"""What a search finds, as people and programs get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from storage.records import SpanRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecord:
    """An article that a search found, and where what was looked for stands."""

    id: int
    url: str
    source: str
    title: str
    published: datetime | None
    first_seen: datetime
    lang: str | None
    story: int
    spans: tuple[SpanRecord, ...]
    #: None: not asked for
    snippet: SnippetRecord | None = None
    #: how well it answers, by `relevance`; None: not asked for
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRecord:
    """A hit in a snippet: half-open, in code points of its text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SnippetRecord:
    """The passage of an article that shows why it was found, in one line."""

    field: str
    #: where it begins in the field, in code points
    start: int
    #: with "…" where the text goes on
    text: str
    marks: tuple[MarkRecord, ...]
