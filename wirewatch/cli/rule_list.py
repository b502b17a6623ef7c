"""`wirewatch rules list`: the topics, and what they have found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rules.render import render
from wirewatch.cli.listing import span_options
from wirewatch.cli.options import Command
from wirewatch.cli.topics import no_topic, note_errors, topics_in_sight
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.rule_fields import RULE, TOPIC
from wirewatch.rulecheck import load
from wirewatch.timespec import day_begin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.topic import Topic
    from storage.records import RuleHits, TopicHits, TopicRecord
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.topics import SeenTopic
    from wirewatch.cli.wiring import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What the database knows of topics; nothing when there is none yet."""

    topics: Mapping[str, TopicRecord] = field(default_factory=dict)
    topic_hits: Mapping[str, TopicHits] = field(default_factory=dict)
    #: by id of the rule
    rule_hits: Mapping[str, RuleHits] = field(default_factory=dict)


@click.command("list", cls=Command)
@click.option("--rules", "by_rule", is_flag=True, help="A row for each match line, so that those never used are seen.")
@span_options("Only topics whose version is in force from then on")
@pass_call
def list_rules(call: Call, listing: Listing, *, by_rule: bool) -> None:
    """List the topics of the rule files, and how often they hit.

    Also those that are not understood now and kept at their last good version. An article counts for the day on
    which it was first seen; days begin at midnight in the time zone of the settings.
    """
    loaded = load(call.config_dir.rules_dir)
    stored = _stored(call, by_rule=by_rule)
    seen = list(topics_in_sight(loaded, stored.topics))
    rows = [row for each in seen for row in (_rule_rows(each, stored) if by_rule else [_topic_row(each, stored)])]
    shown = listing.within(rows, "known_since", call)
    listing.show(shown, RULE if by_rule else TOPIC, call, empty="no topic in that span" if rows else no_topic(call))
    if not listing.is_for_programs:
        stale = sum(_stale(stored.topic_hits.get(each.topic.name), each) for each in seen)
        behind = sum(_is_behind(each, stored) for each in seen)
        _hint(call, rows, stale, behind, by_rule=by_rule)
    note_errors(loaded.errors, call)


def _hint(call: Call, rows: list[dict[str, object]], stale: int, behind: int, *, by_rule: bool) -> None:
    dead = sum(row["last_hit"] is None for row in rows)
    if by_rule and dead:
        note(f"{dead} of {counted(len(rows), 'rule')} never fired")
    see = f"wirewatch{call.repeated} rules apply"
    if behind:
        told = "1 topic was" if behind == 1 else f"{behind} topics were"
        note(f"{told} never applied to the articles stored before; apply them to stored articles: {see}")
    if stale:
        told = counted(stale, "match was", "matches were")
        note(f"{told} found by an older version of the topic; bring them up to date: {see}")


def _topic_row(seen: SeenTopic, stored: _Stored) -> dict[str, object]:
    topic = seen.topic
    hits = stored.topic_hits.get(topic.name)
    return {
        "topic": topic.name,
        "title": topic.title,
        "tags": topic.tags,
        "lang": topic.langs,
        "rules": len(topic.rules),
        "version": topic.version,
        "file": seen.file,
        "state": "not applied" if seen.state == "in force" and _is_behind(seen, stored) else seen.state,
        "known_since": seen.known_since,
        "hits_today": hits.today if hits else 0,
        "hits_7d": hits.week if hits else 0,
        "last_hit": hits and hits.last,
        "matches": hits.matches if hits else 0,
        "stale": _stale(hits, seen),
    }


def _is_behind(seen: SeenTopic, stored: _Stored) -> bool:
    """It is in force, and a back-fill is due."""
    return seen.known_since is not None and stored.topics[seen.topic.name].is_behind


def _stale(hits: TopicHits | None, seen: SeenTopic) -> int:
    """The matches that are not of the topic as the files now give it."""
    if hits is None:
        return 0
    return hits.stale if seen.known_since else hits.matches


def _rule_rows(seen: SeenTopic, stored: _Stored) -> Iterator[dict[str, object]]:
    # The number of a line means another line in another version, which is what a topic that is new has hits of.
    hits_of = stored.rule_hits if seen.known_since else {}
    topic: Topic = seen.topic
    for rule in topic.rules:
        hits = hits_of.get(rule.id)
        yield {
            "rule": rule.id,
            "topic": topic.name,
            "expression": render(rule.tree),
            "hits_today": hits.today if hits else 0,
            "hits_7d": hits.week if hits else 0,
            "hits_30d": hits.month if hits else 0,
            "last_hit": hits and hits.last,
            "matches": hits.matches if hits else 0,
            "file": seen.file,
            "line": rule.line,
            "known_since": seen.known_since,
        }


def _stored(call: Call, *, by_rule: bool) -> _Stored:
    from storage.errors import DatabaseMissing

    now, zone = datetime.now(UTC), call.settings.zone
    today, week, month = (day_begin(days, now=now, zone=zone) for days in (0, 6, 29))
    try:
        with call.app.listings() as listings:
            rule_hits = listings.rule_hits(today=today, week=week, month=month) if by_rule else ()
            return _Stored(
                topics={topic.name: topic for topic in listings.topics()},
                topic_hits={hits.topic: hits for hits in listings.topic_hits(today=today, week=week)},
                rule_hits={hits.rule: hits for hits in rule_hits},
            )
    except DatabaseMissing:
        return _Stored()
