"""Counts what this process does, where it is done: what fetches and steps tell a `Watch`, a `Tally` adds up.

Numbers only grow, from the start of the process on; `wirewatch.metrics` shows them. For one event loop.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from ingest.errors import is_put_off

if TYPE_CHECKING:
    from ingest.errors import Reason
    from ingest.placing import Ingested
    from ingest.refresh import Refreshed

#: Upper bounds of the spans of time in which requests are counted, in seconds; the last of them is
#: `fetch.timeout_s` as it comes.
FETCH_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Watch(Protocol):
    """Is told what was done. Nothing that it does may raise, or take long."""

    def fetched(self, seconds: float, reason: Reason | None) -> None:
        """A request was made, which took so long without the wait for its turn; *reason*: why it failed, or None."""
        ...

    def polled(self, done: Refreshed) -> None:
        """A poll has ended."""
        ...

    def ingested(self, done: Ingested) -> None:
        """A step of an entry has ended."""
        ...

    def broke(self) -> None:
        """A bug broke a step."""
        ...


class Tally:
    """A `Watch` that counts."""

    def __init__(self) -> None:
        #: polls by outcome: answered, failed or put_off
        self.polls: Counter[str] = Counter()
        self.poll_errors: Counter[str] = Counter()
        self.feed_events: Counter[str] = Counter()
        self.new_entries = 0
        self.changed_entries = 0
        #: steps of entries, by the state in which they leave the entry; `none`: there was nothing to do
        self.steps: Counter[str] = Counter()
        self.without_page: Counter[str] = Counter()
        self.articles = 0
        self.relations = 0
        self.matches = 0
        self.bugs = 0
        self.fetch_errors: Counter[str] = Counter()
        #: requests by FETCH_BOUNDS_S, those that took longer than all of these last
        self.fetches = [0] * (len(FETCH_BOUNDS_S) + 1)
        self.fetch_seconds = 0.0

    def fetched(self, seconds: float, reason: Reason | None) -> None:
        """See `Watch`."""
        self.fetches[bisect_left(FETCH_BOUNDS_S, seconds)] += 1
        self.fetch_seconds += seconds
        if reason is not None:
            self.fetch_errors[reason] += 1

    def polled(self, done: Refreshed) -> None:
        """See `Watch`."""
        if done.error is None:
            self.polls["answered"] += 1
        elif is_put_off(done.error):
            self.polls["put_off"] += 1
        else:
            self.polls["failed"] += 1
            self.poll_errors[done.error.reason] += 1
        self.feed_events.update(event.kind.value for event in done.events)
        self.new_entries += done.new + done.found
        self.changed_entries += done.changed

    def ingested(self, done: Ingested) -> None:
        """See `Watch`."""
        self.steps["none" if done.outcome is None else done.outcome.state.value] += 1
        if done.outcome is not None and done.outcome.reason is not None:
            self.without_page[done.outcome.reason] += 1
        if done.saved is not None and done.saved.is_new_version:
            self.articles += 1
            self.relations += done.relations
            self.matches += done.matches

    def broke(self) -> None:
        """See `Watch`."""
        self.bugs += 1
