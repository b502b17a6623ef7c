"""Figures for Prometheus: what this process did, and what the database holds.

What it did is counted where it is done (`wirewatch.tally`), what the database holds is asked for when somebody wants to
know (`wirewatch.database_figures`). A database that is away takes its figures with it, and nothing else.

`FAMILIES` says which figures there are; docs/reference/metrics.md is made from it. No label has values without bound:
no address of a page or feed is one. Nothing here needs prometheus-client but `expose`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.model import EntryState
from wirewatch.database_figures import LateAnswers, by_label, one
from wirewatch.tally import FETCH_BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wirewatch.database_figures import Answer, Samples
    from wirewatch.health import Health
    from wirewatch.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A figure, or one for each value of its labels."""

    #: as it is asked for; that of a counter ends in _total
    name: str
    #: counter, gauge or histogram
    kind: str
    meaning: str
    labels: tuple[str, ...] = ()


PROCESS_FAMILIES = (
    Family(
        name="wirewatch_info",
        kind="gauge",
        meaning="1; the version of the program, and what the process is: run, worker or scheduler",
        labels=("version", "role"),
    ),
    Family(
        name="wirewatch_rules_info",
        kind="gauge",
        meaning="1; the version of the rules in force in this process, as `wirewatch stats` tells it; empty: none yet",
        labels=("version",),
    ),
    Family(name="wirewatch_ready", kind="gauge", meaning="1 where /readyz answers with 200, else 0"),
    Family(
        name="wirewatch_last_tick_timestamp_seconds",
        kind="gauge",
        meaning="when the last tick (of a worker: the last heartbeat) ended; 0: none has",
    ),
    Family(
        name="wirewatch_polls_total",
        kind="counter",
        meaning="polls of feeds: answered, failed, or put_off since a wait that the server had asked for is not over",
        labels=("outcome",),
    ),
    Family(
        name="wirewatch_poll_errors_total",
        kind="counter",
        meaning="polls that failed, by reason (reasons.md)",
        labels=("reason",),
    ),
    Family(
        name="wirewatch_feed_events_total",
        kind="counter",
        meaning="what happened to feeds, by kind, such as feed.broken and feed.gap; see `wirewatch events`",
        labels=("kind",),
    ),
    Family(name="wirewatch_new_entries_total", kind="counter", meaning="entries that polls brought for the first time"),
    Family(name="wirewatch_changed_entries_total", kind="counter", meaning="entries that their feed has changed"),
    Family(
        name="wirewatch_entry_steps_total",
        kind="counter",
        meaning="steps of entries, by the state that they left the entry in; none: there was nothing to do",
        labels=("state",),
    ),
    Family(
        name="wirewatch_entry_errors_total",
        kind="counter",
        meaning="steps that ended without a text from the page, by reason (reasons.md)",
        labels=("reason",),
    ),
    Family(name="wirewatch_articles_total", kind="counter", meaning="versions of articles stored"),
    Family(name="wirewatch_relations_total", kind="counter", meaning="relations to other articles found for these"),
    Family(name="wirewatch_matches_total", kind="counter", meaning="matches of topics found for these"),
    Family(name="wirewatch_bugs_total", kind="counter", meaning="steps that a bug broke; what they did stays due"),
    Family(
        name="wirewatch_fetch_seconds",
        kind="histogram",
        meaning="seconds that a request took, of a feed, a page or a robots.txt, without the wait for its turn",
    ),
    Family(
        name="wirewatch_fetch_errors_total",
        kind="counter",
        meaning="requests that failed, by reason (reasons.md)",
        labels=("reason",),
    ),
)

DATABASE_FAMILIES = (
    Family(
        name="wirewatch_database_up",
        kind="gauge",
        meaning="1 where the database answered when it was last asked; 0: it did not, and what it holds is not told",
    ),
    Family(
        name="wirewatch_database_asked_timestamp_seconds",
        kind="gauge",
        meaning="when it was last asked; what is told of it is from then. 0: it has not answered yet",
    ),
    Family(name="wirewatch_database_bytes", kind="gauge", meaning="size of the database"),
    Family(
        name="wirewatch_database_wal_bytes", kind="gauge", meaning="of that, its write-ahead log; not on PostgreSQL"
    ),
    Family(
        name="wirewatch_database_free_bytes",
        kind="gauge",
        meaning="what is free on the disk of the database; not on PostgreSQL",
    ),
    Family(name="wirewatch_feeds", kind="gauge", meaning="feeds", labels=("state",)),
    Family(name="wirewatch_feeds_broken", kind="gauge", meaning="feeds whose polls fail"),
    Family(
        name="wirewatch_feeds_silent",
        kind="gauge",
        meaning="feeds that answer and bring nothing new for longer than they used to",
    ),
    Family(name="wirewatch_entries", kind="gauge", meaning="entries, by state", labels=("state",)),
    Family(
        name="wirewatch_entries_seen",
        kind="gauge",
        meaning="entries that feeds ever brought: as many as there are in all states, or some were lost",
    ),
    Family(
        name="wirewatch_backlog",
        kind="gauge",
        meaning="what is due, 100,000 at most: feeds (poll) and entries (extract)",
        labels=("kind",),
    ),
    Family(
        name="wirewatch_backlog_age_seconds",
        kind="gauge",
        meaning="how long the oldest of it has been due; 0: nothing is",
        labels=("kind",),
    ),
    Family(
        name="wirewatch_topic_stories",
        kind="gauge",
        meaning="stories of which an article matches, by topic in force",
        labels=("topic",),
    ),
    Family(
        name="wirewatch_copies",
        kind="gauge",
        meaning="articles beside the leads of their stories, by what they are to these",
        labels=("kind",),
    ),
    Family(
        name="wirewatch_queue_jobs",
        kind="gauge",
        meaning="jobs: waiting, at_work, and dead, which a bug broke; only on PostgreSQL",
        labels=("state",),
    ),
    Family(
        name="wirewatch_processes",
        kind="gauge",
        meaning="workers and schedulers that were heard of lately; only on PostgreSQL",
        labels=("role", "state"),
    ),
)
FAMILIES = PROCESS_FAMILIES + DATABASE_FAMILIES


# --- what this process did --------------------------------------------------------------------------


def of_process(tally: Tally, health: Health, *, version: str, is_ready: bool) -> dict[str, Samples]:
    """The figures of this process, by the names of their families; without the histogram."""
    return {
        "wirewatch_info": {(version, health.role): 1},
        "wirewatch_rules_info": {(health.rules(),): 1},
        "wirewatch_ready": one(is_ready),
        "wirewatch_last_tick_timestamp_seconds": one(health.last_tick_at or 0),
        # Those of which all values are known are there from the beginning, or the first of a kind would not show.
        "wirewatch_polls_total": by_label(tally.polls, ("answered", "failed", "put_off")),
        "wirewatch_poll_errors_total": by_label(tally.poll_errors),
        "wirewatch_feed_events_total": by_label(tally.feed_events),
        "wirewatch_new_entries_total": one(tally.new_entries),
        "wirewatch_changed_entries_total": one(tally.changed_entries),
        "wirewatch_entry_steps_total": by_label(tally.steps, (*EntryState, "none")),
        "wirewatch_entry_errors_total": by_label(tally.without_page),
        "wirewatch_articles_total": one(tally.articles),
        "wirewatch_relations_total": one(tally.relations),
        "wirewatch_matches_total": one(tally.matches),
        "wirewatch_bugs_total": one(tally.bugs),
        "wirewatch_fetch_errors_total": by_label(tally.fetch_errors),
    }


# --- telling ----------------------------------------------------------------------------------------


def expose(samples: Mapping[str, Samples], tally: Tally, accept: str) -> tuple[bytes, str]:
    """Return the figures in the format that *accept*, a header, asks for, and its type."""
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(samples, tally))
    # what the process uses: processor time, memory, open files
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector:
    def __init__(self, samples: Mapping[str, Samples], tally: Tally) -> None:
        self._samples = samples
        self._tally = tally

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        for family in FAMILIES:
            if family.kind == "histogram":
                yield HistogramMetricFamily(
                    family.name,
                    family.meaning,
                    buckets=list(_buckets(self._tally)),
                    sum_value=self._tally.fetch_seconds,
                )
                continue
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            told: Any = kind(family.name, family.meaning, labels=family.labels)
            for labels, value in self._samples.get(family.name, {}).items():
                told.add_metric(labels, value)
            yield told


def _buckets(tally: Tally) -> Iterator[tuple[str, float]]:
    """Upper bound and how many took no longer, the last bound without end."""
    so_far = 0
    for bound, count in zip((*map(str, FETCH_BOUNDS_S), "+Inf"), tally.fetches, strict=True):
        so_far += count
        yield bound, so_far


class Metrics:
    """What `/metrics` tells; for one event loop."""

    def __init__(self, tally: Tally, health: Health, *, version: str, ask: Callable[[], Answer]) -> None:
        self._tally = tally
        self._health = health
        self._version = version
        self._database = LateAnswers(ask)

    async def tell(self, accept: str) -> tuple[bytes, str]:
        """Return all figures, in the format that the header *accept* asks for, and its type."""
        verdict, answer = await asyncio.gather(self._health.judge(), self._database.get())
        own = of_process(self._tally, self._health, version=self._version, is_ready=verdict.is_ready)
        return expose({**own, **answer.all}, self._tally, accept)
