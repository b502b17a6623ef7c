"""What is handed out: a kind of work, and where or on what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime


class Kind(StrEnum):
    """A kind of work, which is also the name of its queue."""

    #: polling the feeds of a host
    POLL = "poll"
    #: fetching the pages of a host, with all that follows until the article is stored
    EXTRACT = "extract"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Job:
    """Do what is due of *kind* at *target*: a host, empty for entries that have no page, or a part of a run."""

    kind: Kind
    target: str

    @property
    def key(self) -> str:
        """What two jobs of the same kind and target have in common: there is one at most that waits."""
        return f"{self.kind}:{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many jobs wait, how many are at work, and how many were given up."""

    waiting: int
    at_work: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    """A job that ended with a bug of ours."""

    id: int
    job: Job
    attempts: int
    failed_at: datetime | None


def wanted(due: Iterable[Job], busy: Collection[Job], room: int) -> Iterator[Job]:
    """Of the jobs that are due, each once, those that nobody has taken yet: *room* at most, in the order given.

    >>> poll = lambda host: Job(kind=Kind.POLL, target=host)
    >>> [job.target for job in wanted([poll("a"), poll("b"), poll("a"), poll("c")], {poll("b")}, 5)]
    ['a', 'c']
    """
    taken = set(busy)
    for job in due:
        if room <= 0:
            return
        if job not in taken:
            taken.add(job)
            room -= 1
            yield job
