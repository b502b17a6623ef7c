"""The rules in force: what the files say, and the last good version of each topic that is not understood.

One bad rule never silences the others: a topic with an error keeps the version that was last understood,
which the database holds, and every other topic goes ahead. The errors are recorded for `doctor` and `stats`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.compile import compile_rules
from rules.errors import RuleErrors
from rules.files import load_rules, parse_topic
from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from rules.errors import RuleError
    from rules.match import RuleSet
    from rules.topic import Topic
    from storage.store import Store


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesInForce:
    """A compiled rule set, and what is wrong with the files it came from."""

    ruleset: RuleSet
    errors: tuple[RuleError, ...] = ()
    #: topics kept at their last good version, because the files say something that is not understood
    held: tuple[str, ...] = ()
    #: topics that are not understood and never were: they are absent
    absent: tuple[str, ...] = ()

    @staticmethod
    def none() -> RulesInForce:
        """No rules at all, which match nothing."""
        return RulesInForce(ruleset=compile_rules(()))


def rules_in_force(folder: Path, store: Store, now: datetime) -> RulesInForce:
    """Read the rule files of *folder*, fill in last good versions, and record both in *store*.

    Raises StorageError, and ConfigError when the folder cannot be read.
    """
    try:
        loaded = load_rules(folder)
    except OSError as error:
        fix = "put rule files there, or write the defaults anew with: wirewatch init"
        raise ConfigError(f"{folder}: the rules cannot be read: {error.strerror or error}; {fix}") from error
    understood = {topic.name for topic in loaded.topics}
    sources = store.last_good_topics(names=loaded.broken, files=loaded.unread_files)
    held = tuple(topic for topic in _understood_still(sources) if topic.name not in understood)
    topics = (*loaded.topics, *held)
    store.record_topics(topics, now)
    store.record_rule_errors(loaded.errors, now)
    return RulesInForce(
        ruleset=compile_rules(topics),
        errors=loaded.errors,
        held=tuple(topic.name for topic in held),
        absent=tuple(sorted(set(loaded.broken) - understood - {topic.name for topic in held})),
    )


def _understood_still(sources: Iterable[str]) -> Iterator[Topic]:
    """The topics that were stored, but for those that this version of the program no longer understands."""
    for source in sources:
        try:
            yield parse_topic(source)
        except RuleErrors as error:
            log.error("a stored topic is not understood any more: %s", error)
