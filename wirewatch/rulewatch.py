"""Follows a folder of rule files: what was edited comes into force while everything goes on.

The new set is read, compiled, handed to the worker processes and recorded beside the old one, which stays in
force until then, and for good when anything of that fails. What is wrong is told once, and so is its end.
"""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import StoreError
from ingest.model import utc_now
from rules.collection import without_collection
from rules.errors import RuleError
from rules.files import RuleReader, read_digest
from wirewatch.errors import ConfigError
from wirewatch.rulebook import RulesInForce, build_rules, name_some, read_rules, record_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    from rules.files import LoadedRules
    from rules.match import RuleSet
    from storage.store import Store

log = logging.getLogger(__name__)

#: So many errors are told one by one; what is more is only counted.
MAX_ERRORS_TOLD = 20


class _OthersError(Exception):
    """The files are not those any more that are to be read."""


class RuleWatch:
    """The rules of *folder* that are in force, and the steps by which others come into force.

    `start` reads them for the first time. Then, as often as one likes: `look`, and if `is_news` says so of what it
    returns, `reload`. All three may take long and are for a thread, one call at a time; `in_force` may be read at any
    time from anywhere. *prepare* is called with each set before it comes into force.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        prepare: Callable[[RuleSet], None] = lambda _: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._folder = folder
        self._store = store
        self._prepare = prepare
        self._clock = clock
        self._reader = RuleReader()
        self._in_force = RulesInForce.none()
        #: of the files from which the rules in force were read, and of those that were tried last
        self._digest = ""
        self._tried = ""
        #: what could not be recorded because of the database, by the digest of its files
        self._waiting: dict[str, RulesInForce] = {}
        self._trouble = ""

    @property
    def in_force(self) -> RulesInForce:
        """The rules in force: none before `start`."""
        return self._in_force

    def start(self) -> None:
        """Bring the rules into force for the first time.

        Raises ConfigError when the folder cannot be read, or when there is no room to hand the rules to the
        worker processes; StorageError.
        """
        self._tried = self.read_digest()
        self._load(self._tried)
        _tell_errors(RulesInForce.none(), self._in_force)

    def look(self) -> str:
        """What tells whether the files are others; and see to it that what is in force by them is what is recorded.

        Another process can record what the files said a moment ago: `rules apply`, when they were put back just then.
        """
        try:
            recorded = self._store.versions_in_force()
        except StoreError:
            # Whoever works with the database tells that.
            return self.read_digest()
        # Only now: who has recorded other rules has read them before, so they stand in the files now or were put back.
        digest = self.read_digest()
        if digest == self._digest and recorded != self._in_force.versions:
            self._record_again()
        return digest

    def read_digest(self) -> str:
        """What tells whether the files are others."""
        return read_digest(self._folder)

    def _record_again(self) -> None:
        try:
            record_rules(self._in_force, self._store, self._clock())
        except StoreError:
            # The next look finds it again.
            return
        log.warning("another process had recorded other rules as in force; those that the files hold are so again")

    def is_news(self, digest: str, *, is_asked: bool = False) -> bool:
        """Were files of this digest not tried yet? With *is_asked*: are they not in force?"""
        return digest != (self._digest if is_asked else self._tried)

    def reload(self, digest: str, *, only_these: bool = False) -> bool:
        """Bring what the files say now, which had *digest*, into force; never raises an Exception.

        False: with *only_these*, and the files were others by the time they were read; then nothing has happened.
        When anything fails, the rules in force stay so. It is tried again when the files have changed, and at the
        next look when the folder cannot be listed, the database not be written, or when there is no room to hand the
        rules over.
        """
        before, begun, tried = self._in_force, time.monotonic(), self._tried
        self._tried = digest
        try:
            self._load(digest, only_these=only_these)
        except _OthersError:
            self._tried = tried
            return False
        except StoreError as error:
            self._tried = ""
            self._tell_trouble(f"the rules that were edited are not in force yet: {error}")
        except ConfigError as error:
            if self._tell_trouble(f"{error}; the rules in force stay so"):
                self._record_unreadable(error)
        except MemoryError:
            self._tell_trouble("not enough memory for the rules that were edited; the rules in force stay so")
        except Exception:
            log.exception("a bug broke the reading of the rules; the rules in force stay so")
        else:
            self._tell_end_of_trouble()
            _tell_errors(before, self._in_force)
            spent = time.monotonic() - begun
            log.info("rules read in %.2f s: %s", spent, describe_change(before, self._in_force))
        return True

    def _load(self, digest: str, *, only_these: bool = False) -> None:
        # A search for garbage stops everything, also the event loop: with 100,000 rules for a second. Rules are not
        # in cycles, so they go when they are replaced, and need not be looked through until then.
        with without_collection():
            self._bring_into_force(digest, only_these=only_these)
        gc.freeze()

    def _bring_into_force(self, digest: str, *, only_these: bool) -> None:
        rules = self._waiting.get(digest)
        if rules is None:
            loaded = self._read()
            if only_these and loaded.digest != digest:
                raise _OthersError
            rules = build_rules(loaded, self._store)
            self._hand_over(rules)
            self._waiting = {self._tried: rules}
        # The store refuses matches of versions that it does not know, so they are recorded before the first match.
        record_rules(rules, self._store, self._clock())
        self._in_force, self._digest, self._waiting = rules, self._tried, {}

    def _read(self) -> LoadedRules:
        try:
            loaded = read_rules(self._folder, self._reader.read)
        except ConfigError:
            self._tried = ""
            raise
        # Not that of the files looked at before, which may have changed since.
        self._tried = loaded.digest
        return loaded

    def _hand_over(self, rules: RulesInForce) -> None:
        try:
            self._prepare(rules.ruleset)
        except OSError as error:
            self._tried = ""
            fix = "make room where temporary files are kept, see TMPDIR"
            message = f"the rules cannot be handed to the worker processes: {error.strerror or error}; {fix}"
            raise ConfigError(message) from error

    def _record_unreadable(self, error: ConfigError) -> None:
        """For `stats`: the files cannot even be read."""
        said = RuleError(code="E300", column=1, line=1, file=str(self._folder), message=str(error))
        try:
            self._store.record_rule_errors((said,), self._clock())
        except StoreError as store_error:
            log.warning("it could not be recorded: %s", store_error)

    def _tell_trouble(self, trouble: str) -> bool:
        """Log the trouble; False when it is what was told last."""
        if trouble == self._trouble:
            return False
        self._trouble = trouble
        log.error("%s", trouble)
        return True

    def _tell_end_of_trouble(self) -> None:
        if self._trouble:
            self._trouble = ""
            log.info("the rules can be read and recorded again")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """How two sets of rules differ; all by name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    #: topics that are understood again
    mended: tuple[str, ...]


def find_change(before: RulesInForce, after: RulesInForce) -> RuleChange:
    """What is in force in *after* that was not so in *before*, and the other way round."""
    old, new = before.versions, after.versions
    was_bad, is_bad = {*before.held, *before.absent}, {*after.held, *after.absent}
    return RuleChange(
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        removed=tuple(sorted(old.keys() - new.keys())),
        mended=tuple(sorted((was_bad - is_bad) & new.keys())),
    )


def describe_change(before: RulesInForce, after: RulesInForce) -> str:
    """How two sets of rules differ, in words for one line of a log."""
    change = find_change(before, after)
    parts = [
        f"{what}: {name_some(names)}"
        for what, names in (
            ("added", change.added),
            ("changed", change.changed),
            ("removed", change.removed),
            ("mended", change.mended),
            ("held at the last good version", after.held),
            ("absent", after.absent),
        )
        if names
    ]
    if not (change.added or change.changed or change.removed):
        parts.insert(0, "no topic has changed")
    count = len(after.versions)
    return f"{'; '.join(parts)}; in force: {count} topic{'' if count == 1 else 's'}, version {after.version}"


def _tell_errors(before: RulesInForce, after: RulesInForce) -> None:
    """Log the errors that were not there before, and the files that have none any more."""
    known = {_identity(error) for error in before.errors}
    news = [error for error in after.errors if _identity(error) not in known]
    for error in news[:MAX_ERRORS_TOLD]:
        log.error("%s", error.render())
    if len(news) > MAX_ERRORS_TOLD:
        log.error("and %d errors more; see: wirewatch rules check", len(news) - MAX_ERRORS_TOLD)
    _tell_topics("kept as last understood: %s", after.held, before.held)
    _tell_topics("never understood, so not in force: %s", after.absent, before.absent)
    mended = {error.file or "" for error in before.errors} - {error.file or "" for error in after.errors}
    if mended:
        log.info("mended: %s", name_some(sorted(mended)))


def _identity(error: RuleError) -> tuple[object, ...]:
    # Without the line, which moves with what is written above it.
    return error.file, error.code, error.column, error.message, error.source_line


def _tell_topics(message: str, names: Iterable[str], told: Collection[str]) -> None:
    news = sorted(name for name in names if name not in told)
    if news:
        log.error(message, name_some(news))
