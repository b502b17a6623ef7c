"""How the rule files stand to the rules in force: for `doctor` and `stats`, which look from outside the daemon."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from rules.attributes import read_header
from rules.layout import read_layout
from storage.records import StatsRecord
from wirewatch.errors import ConfigError
from wirewatch.rulebook import set_version
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from rules.files import LoadedRules
    from rules.layout import RuleFile
    from storage.records import RuleProblemRecord, TopicRecord
    from wirewatch.places import ConfigDir


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTopic:
    """A topic that is in force in its last good version, because the files say something that is not understood."""

    topic: str
    #: the version in force, and when that was first in force
    version: str
    known_since: datetime
    #: when the daemon, or `once`, first found it not understood; None: neither has read the files since
    held_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """The rules in force as the database knows them, and what the files say otherwise."""

    #: of all that is in force, see `rulebook.set_version`, and how many topics that is
    version: str
    topics: int
    held: tuple[HeldTopic, ...]
    #: topics that are not understood and never were
    absent: tuple[str, ...]
    #: topics that come into force, in another version, or not any more, when the files are read again
    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def is_as_files_say(self) -> bool:
        """Nothing comes into force when the files are read again."""
        return not (self.new or self.changed or self.gone)


def version_in_force(topics: Iterable[TopicRecord]) -> str:
    """The version of the set of rules in force; *topics* are all that were ever recorded."""
    return set_version({topic.name: topic.version for topic in topics if topic.is_active})


def compare_rules(
    loaded: LoadedRules, topics: Collection[TopicRecord], problems: Collection[RuleProblemRecord]
) -> RuleState:
    """Hold what the files say now against what is recorded: all *topics* and the *problems* of the last reading."""
    in_force = {topic.name: topic for topic in topics if topic.is_active}
    said = {topic.name: topic.version for topic in loaded.topics}
    # What was retired and is back, but not understood, comes into force again as it was.
    back = {topic.name for topic in topics if topic.name in loaded.broken} - in_force.keys()
    held = [topic for name, topic in sorted(in_force.items()) if name not in said and is_held(topic, loaded)]
    return RuleState(
        version=version_in_force(topics),
        topics=len(in_force),
        held=tuple(
            HeldTopic(
                topic=topic.name,
                version=topic.version,
                known_since=topic.first_seen,
                held_since=_held_since(topic, loaded, problems),
            )
            for topic in held
        ),
        absent=tuple(sorted(set(loaded.broken) - in_force.keys() - said.keys() - back)),
        new=tuple(sorted((said.keys() | back) - in_force.keys())),
        changed=tuple(sorted(name for name in said.keys() & in_force.keys() if said[name] != in_force[name].version)),
        gone=tuple(sorted(in_force.keys() - said.keys() - {topic.name for topic in held})),
    )


def is_held(topic: TopicRecord, loaded: LoadedRules) -> bool:
    """Is this topic, which is in force and which the files do not give, kept because they are not understood?"""
    return topic.name in loaded.broken or topic.file in loaded.unread_files


def _held_since(topic: TopicRecord, loaded: LoadedRules, problems: Iterable[RuleProblemRecord]) -> datetime | None:
    """When the first problem was found that stands in the topic, or else in its file."""
    of_file = [each for each in problems if each.file == topic.file]
    file = loaded.files.get(topic.file)
    lines = _lines_of(topic.name, file) if file else range(0)
    own = [each for each in of_file if each.line in lines]
    return min((each.recorded_at for each in own or of_file), default=None)


def _lines_of(topic: str, file: RuleFile) -> range:
    for block in read_layout(file).topics:
        if read_header(file.text, block.header)[0] == topic:
            return range(file.line_of(block.header.start), file.line_of(block.end) + 1)
    return range(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStats(StatsRecord):
    """The state of the whole, with that of the rules and of the fingerprints."""

    rules_version: str
    held: tuple[HeldTopic, ...]
    absent: tuple[str, ...]
    #: articles whose fingerprints are of another algorithm
    outdated_fingerprints: int
    #: of SQLite's write-ahead log, and on the disk of the database; None where there is none, or it is not known
    wal_bytes: int | None = None
    free_bytes: int | None = None
    #: by state, where several processes share the work; None elsewhere
    workers: Mapping[str, int] | None = None
    jobs: Mapping[str, int] | None = None


def show_stats(
    config: ConfigDir, stats: StatsRecord, topics: Collection[TopicRecord], outdated_fingerprints: int
) -> ShownStats:
    """Add to *stats* how the rules stand; *topics* are all that were ever recorded.

    The rule files are only read when a problem is recorded. When they cannot be read at all, everything is in force
    as it was, and no topic is called held.
    """
    held: tuple[HeldTopic, ...] = ()
    absent: tuple[str, ...] = ()
    if stats.rule_problems:
        with suppress(ConfigError):
            state = compare_rules(load(config.rules_dir), topics, stats.rule_problems)
            held, absent = state.held, state.absent
    known = {field.name: getattr(stats, field.name) for field in fields(stats)}
    return ShownStats(
        **known,
        rules_version=version_in_force(topics),
        held=held,
        absent=absent,
        outdated_fingerprints=outdated_fingerprints,
    )
