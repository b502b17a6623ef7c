"""The rules in force as the database holds them: what a worker judges by, wherever their files are.

The scheduler that leads reads the files and records the topics; every worker looks between two jobs whether the set in
force is another one, and takes it up then.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rules.compile import compile_rules
from rules.errors import RuleErrors
from rules.files import parse_topic
from wirewatch.errors import ConfigError
from wirewatch.rulebook import RulesInForce

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.match import RuleSet
    from storage.store import Store

log = logging.getLogger(__name__)


class GrammarTooOldError(ConfigError):
    """A topic in force is written in a grammar that this version of the program does not know."""


class StoredRules:
    """Follows the set of rules in force; `look` may be called from any thread, one call at a time.

    *prepare* is called with each set before it comes into force here.
    """

    def __init__(self, store: Store, *, prepare: Callable[[RuleSet], None] = lambda _: None) -> None:
        self._store = store
        self._prepare = prepare
        self.in_force = RulesInForce.none()
        self._change = 0

    def look(self) -> bool:
        """Take up the set in force where it is another one; returns whether it was.

        Raises GrammarTooOldError, and what was in force stays so; StorageError.
        """
        change = self._store.last_topic_change()
        if change == self._change:
            return False
        topics = []
        for source in self._store.last_good_topics():
            try:
                topics.append(parse_topic(source))
            except RuleErrors as error:
                raise GrammarTooOldError(
                    f"this version of wirewatch does not understand a topic in force, so it takes no work: {error}; "
                    "upgrade it here, or put the rule right where the files are"
                ) from error
        rules = RulesInForce(
            ruleset=compile_rules(topics),
            topics=tuple(topics),
            versions={topic.name: topic.version for topic in topics},
        )
        self._prepare(rules.ruleset)
        self.in_force, self._change = rules, change
        log.info("in force: %d topics, rules version %s", len(topics), rules.version)
        return True
