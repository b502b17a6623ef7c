"""The rules in force: what the files say, and the last good version of each topic that is not understood.

One bad rule never silences the others: a topic with an error keeps the version that was last understood,
which the database holds, and every other topic goes ahead. The errors are recorded for `doctor` and `stats`.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.compile import compile_rules
from rules.errors import RuleErrors
from rules.files import parse_topic
from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from rules.errors import RuleError
    from rules.files import LoadedRules
    from rules.match import RuleSet
    from rules.topic import Topic
    from storage.store import Store


log = logging.getLogger(__name__)

#: Of many topics, so many are told by name.
MAX_NAMES_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesInForce:
    """A compiled rule set, and what is wrong with the files it came from."""

    ruleset: RuleSet
    #: with those that are held
    topics: tuple[Topic, ...] = ()
    errors: tuple[RuleError, ...] = ()
    #: topics kept at their last good version, because the files say something that is not understood
    held: tuple[str, ...] = ()
    #: topics that are not understood and never were: they are absent
    absent: tuple[str, ...] = ()
    #: topic → version
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """See `set_version`."""
        return set_version(self.versions)

    @staticmethod
    def none() -> RulesInForce:
        """No rules at all, which match nothing."""
        return RulesInForce(ruleset=compile_rules(()))


def set_version(versions: Mapping[str, str]) -> str:
    """16 hexadecimal digits that say which topics are in force in which version; *versions* is topic → version.

    >>> set_version({"a": "1", "b": "2"}) == set_version({"b": "2", "a": "1"})
    True
    """
    text = "\n".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def name_some(names: Sequence[str]) -> str:
    """The names, or the first ten and how many more there are.

    >>> name_some(["b", "a"])
    'b, a'
    """
    shown = ", ".join(names[:MAX_NAMES_TOLD])
    return shown if len(names) <= MAX_NAMES_TOLD else f"{shown} and {len(names) - MAX_NAMES_TOLD} more"


def read_rules(folder: Path, read: Callable[[Path], LoadedRules]) -> LoadedRules:
    """Call *read* with *folder*. Raises ConfigError when it cannot be read."""
    try:
        return read(folder)
    except OSError as error:
        fix = "put rule files there, or write the defaults anew with: wirewatch init"
        raise ConfigError(f"{folder}: the rules cannot be read: {error.strerror or error}; {fix}") from error


def build_rules(loaded: LoadedRules, store: Store) -> RulesInForce:
    """Fill in last good versions, and compile. Only reads from *store*; raises StorageError."""
    understood = {topic.name for topic in loaded.topics}
    sources: tuple[str, ...] = ()
    if loaded.broken or loaded.unread_files:
        sources = store.last_good_topics(names=loaded.broken, files=loaded.unread_files)
    held = tuple(topic for topic in _understood_still(sources) if topic.name not in understood)
    topics = (*loaded.topics, *held)
    return RulesInForce(
        ruleset=compile_rules(topics),
        topics=topics,
        errors=loaded.errors,
        held=tuple(topic.name for topic in held),
        absent=tuple(sorted(set(loaded.broken) - understood - {topic.name for topic in held})),
        versions={topic.name: topic.version for topic in topics},
    )


def record_rules(rules: RulesInForce, store: Store, now: datetime) -> None:
    """Store the topics, before the first match names them, and the errors. Raises StorageError."""
    store.record_topics(rules.topics, now)
    store.record_rule_errors(rules.errors, now)


def _understood_still(sources: Iterable[str]) -> Iterator[Topic]:
    """The topics that were stored, but for those that this version of the program no longer understands."""
    for source in sources:
        try:
            yield parse_topic(source)
        except RuleErrors as error:
            log.error("a stored topic is not understood any more: %s", error)
