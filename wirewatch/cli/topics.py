"""Topics as the rule files give them and as they are in force, which differ until the rules are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from wirewatch.cli.wiring import note
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rules.files import LoadedRules
    from rules.topic import Topic
    from storage.records import TopicRecord
    from wirewatch.cli.wiring import Call

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


def topic_rows(loaded: LoadedRules, stored: Mapping[str, TopicRecord]) -> Iterator[dict[str, object]]:
    """Yield a row for each topic that the files give, then for each that is kept at its last good version."""
    from rules.files import parse_topic

    for topic in loaded.topics:
        record = stored.get(topic.name)
        is_in_force = record is not None and record.is_active and record.version == topic.version
        yield _row(topic, topic.file, "in force" if is_in_force else "new", record if is_in_force else None)
    given = {topic.name for topic in loaded.topics}
    unread = {str(file) for file in loaded.unread_files}
    for record in stored.values():
        is_held = record.name in loaded.broken or record.file in unread
        if record.is_active and is_held and record.name not in given:
            yield _row(parse_topic(record.source), record.file, "last good", record)


def _row(topic: Topic, file: str, state: str, record: TopicRecord | None) -> dict[str, object]:
    return {
        "topic": topic.name,
        "title": topic.title,
        "tags": topic.tags,
        "lang": topic.langs,
        "rules": len(topic.rules),
        "version": topic.version,
        "file": file,
        "state": state,
        "known_since": record and record.first_seen,
    }


def no_topic(call: Call) -> str:
    """The line for people who have no rules yet."""
    return f"no topic in {call.config_dir.rules_dir}; write one into a file there whose name ends in .rules"
