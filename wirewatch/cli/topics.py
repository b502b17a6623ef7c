"""Topics as the rule files give them and as they are in force, which differ until the rules are read again."""

from __future__ import annotations

import difflib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from wirewatch.cli.wiring import counted, note
from wirewatch.errors import ConfigError, WirewatchError
from wirewatch.rulecheck import load
from wirewatch.rulestate import is_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rules.errors import RuleError
    from rules.files import LoadedRules
    from rules.topic import Topic
    from storage.records import TopicRecord
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.comparison import Comparison

T = TypeVar("T")


def of_topic(call: Call, name: str | None, read: Callable[[], T]) -> T | None:
    """Return what *read* returns; None, and say why, for a topic that only the rule files have.

    Raises LookupError as *read* does for a topic that nobody has.
    """
    try:
        return read()
    except LookupError as e:
        if type(e) is not LookupError or name is None:
            raise
        loaded = load(call.config_dir.rules_dir)
        if any(topic.name == name for topic in loaded.topics):
            see = f"wirewatch{call.repeated} rules test {name}"
            note(f"topic {name} is new: nothing has been matched since; {see} shows what it would find")
        elif name in loaded.broken:
            note(f"topic {name} was never understood and matches nothing; see: wirewatch{call.repeated} rules check")
        else:
            raise
        return None


def stored_topics(call: Call) -> dict[str, TopicRecord] | None:
    """All topics that were ever recorded, by name; None where there is no database, or none that can be read."""
    from ingest.errors import StoreError

    try:
        with call.app.listings() as listings:
            return {topic.name: topic for topic in listings.topics()}
    except (StoreError, ConfigError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTopic:
    """A topic as the files give it, or as it is kept, and how it stands."""

    topic: Topic
    file: str
    #: in force, new or last good; see `rule_fields.TOPIC`
    state: str
    #: when this version was first in force, None when it is not
    known_since: datetime | None


def topics_in_sight(loaded: LoadedRules, stored: Mapping[str, TopicRecord]) -> Iterator[SeenTopic]:
    """Yield the topics that the files give, then those that are kept at their last good version."""
    from rules.errors import RuleErrors
    from rules.files import parse_topic

    for topic in loaded.topics:
        record = stored.get(topic.name)
        if record is not None and record.is_active and record.version == topic.version:
            yield SeenTopic(topic=topic, file=topic.file, state="in force", known_since=record.first_seen)
        else:
            yield SeenTopic(topic=topic, file=topic.file, state="new", known_since=None)
    given = {topic.name for topic in loaded.topics}
    for record in stored.values():
        if record.name in given:
            continue
        if record.is_active and is_held(record, loaded):
            yield SeenTopic(
                topic=parse_topic(record.source), file=record.file, state="last good", known_since=record.first_seen
            )
        elif record.name in loaded.broken:
            # It was retired, and what was last understood comes into force again.
            with suppress(RuleErrors):  # written for an older version of the program
                yield SeenTopic(topic=parse_topic(record.source), file=record.file, state="new", known_since=None)


def choose_topics(topics: Iterable[Topic], names: Sequence[str], call: Call, loaded: LoadedRules) -> tuple[Topic, ...]:
    """Return those of *topics* that are named. Raises WirewatchError for a name that is none of them.

    *loaded* are the rule files, which may have a topic of that name that is not understood.
    """
    known = {topic.name: topic for topic in topics}
    for name in names:
        if name in known:
            continue
        if name in loaded.broken or loaded.unread_files:
            see = f"wirewatch{call.repeated} rules check"
            raise WirewatchError(f"no topic {name} is understood in the rule files; see: {see}")
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"see: wirewatch{call.repeated} rules list"
        raise WirewatchError(f"there is no topic {name}; {hint}")
    return tuple(known[name] for name in dict.fromkeys(names))


def diff_rows(
    done: Comparison,
    topics: Sequence[Topic],
    stored: Mapping[str, TopicRecord],
    loaded: LoadedRules,
    *,
    with_gone: bool,
) -> Iterator[dict[str, object]]:
    """Yield what becomes of each topic; *with_gone*: then those in force that no rule file has any more."""
    versions = {topic.name: topic.version for topic in topics}
    for each in done.topics:
        record = stored.get(each.topic)
        if record is None or not record.is_active:
            state = "new"
        elif record.version != versions[each.topic]:
            state = "changed"
        else:
            state = "not applied" if record.is_behind else "unchanged"
        yield {
            "topic": each.topic,
            "state": state,
            "new": each.new,
            "lost": each.lost,
            "same": each.same,
            "renewed": each.renewed,
        }
    given = {topic.name for topic in loaded.topics}
    for record in stored.values() if with_gone else ():
        if record.is_active and record.name not in given and not is_held(record, loaded):
            counts = {"new": 0, "lost": 0, "same": record.matches, "renewed": 0}
            yield {"topic": record.name, "state": "gone", **counts}


def note_errors(errors: Sequence[RuleError], call: Call) -> None:
    """Say where to look when something in the rule files is not understood."""
    if errors:
        note(f"{counted(len(errors), 'error')} in the rule files; see: wirewatch{call.repeated} rules check")


def no_article(listing: Listing) -> str:
    """The line for a span, or a database, without any article."""
    return "no stored article in that time" if listing.since or listing.until else "no article is stored yet"


def no_topic(call: Call) -> str:
    """The line for people who have no rules yet."""
    return f"no topic in {call.config_dir.rules_dir}; write one into a file there whose name ends in .rules"
