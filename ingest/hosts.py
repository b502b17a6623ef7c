"""What is remembered of hosts: what they ask for, and what their pages bring. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HostWait:
    """An address, or a whole host, that asked to be left alone; kept, so that a restart asks nobody sooner."""

    address: str
    host: str
    until: datetime
    #: it holds for all addresses of the host
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """A robots.txt as it was last fetched, or why it could not be had."""

    origin: str
    #: None: there is none
    body: bytes | None
    #: empty: it could be had
    problem: str
    is_refused: bool
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSample:
    """A text that was read from a page."""

    words: int
    text_hash: str
    #: its first 300 characters
    beginning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSample:
    """What was read from the pages of a site in the last day, and in the two weeks before."""

    site: str
    #: current texts that came from pages (not those that the feed gave), the newest first
    recent: tuple[TextSample, ...]
    earlier: tuple[TextSample, ...]
    #: how many entries ended without the text of their page, by reason
    recent_reasons: tuple[tuple[str, int], ...]
    earlier_reasons: tuple[tuple[str, int], ...]
    #: when people were last told of a change
    last_told_at: datetime | None
