"""The rules in force as a worker follows them, from what the database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rules.files import parse_topic
from storage.store import Store
from wirewatch.jobs.stored_rules import GrammarTooOldError, StoredRules
from wirewatch.rulewatch import RuleWatch

if TYPE_CHECKING:
    from pathlib import Path

    from wirewatch.rulebook import RulesInForce

FERRIES = "topic ferries\n    match ferry\n"
TRAINS = "topic trains\n    match train\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rule files of another host, with one topic."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.rules").write_text(FERRIES)
    return tmp_path / "rules"


def topics_of(rules: RulesInForce) -> list[str]:
    return sorted(topic.name for topic in rules.topics)


def test_what_one_host_brings_into_force_all_others_follow(empty_postgresql: str, folder: Path) -> None:
    with Store(empty_postgresql) as store, Store(empty_postgresql) as elsewhere:
        watch = RuleWatch(folder, elsewhere)
        prepared: list[Any] = []
        rules = StoredRules(store, prepare=prepared.append)
        assert not rules.look()
        watch.start()
        assert rules.look()
        assert not rules.look()
        assert topics_of(rules.in_force) == ["ferries"]
        assert rules.in_force.version == watch.in_force.version
        (folder / "b.rules").write_text(TRAINS)
        watch.reload(watch.look())
        assert rules.look()
        assert topics_of(rules.in_force) == ["ferries", "trains"]
        assert rules.in_force.versions == watch.in_force.versions
        (folder / "a.rules").unlink()
        watch.reload(watch.look())
        assert rules.look()
        assert topics_of(rules.in_force) == ["trains"]
        # The set that a step began with is left as it was: each is another one.
        assert len(prepared) == 3
        assert prepared[-1] is rules.in_force.ruleset


def test_a_file_with_an_error_keeps_its_last_good_topic_in_force_everywhere(
    empty_postgresql: str, folder: Path
) -> None:
    with Store(empty_postgresql) as store:
        watch = RuleWatch(folder, store)
        watch.start()
        rules = StoredRules(store)
        rules.look()
        (folder / "a.rules").write_text("topic ferries\n    match (ferry\n")
        watch.reload(watch.look())
        rules.look()
        assert topics_of(rules.in_force) == ["ferries"]
        assert rules.in_force.versions == {"ferries": parse_topic(FERRIES).version}


class NewerStore:
    """A store that a newer version has written to."""

    def __init__(self, *sources: str) -> None:
        self.sources = sources
        self.change = 1

    def last_topic_change(self) -> int:
        return self.change

    def last_good_topics(self) -> tuple[str, ...]:
        return self.sources


def test_a_grammar_that_is_not_understood_is_refused_and_said() -> None:
    store: Any = NewerStore(FERRIES)
    rules = StoredRules(store)
    rules.look()
    before = rules.in_force
    store.sources, store.change = (FERRIES, "topic trains\n    sounds-like train\n"), 2
    for _ in range(2):
        # As often as one looks: it is not forgotten.
        with pytest.raises(GrammarTooOldError, match="upgrade it here"):
            rules.look()
        assert rules.in_force is before
    store.sources, store.change = (TRAINS,), 3
    assert rules.look()
    assert topics_of(rules.in_force) == ["trains"]


def test_a_set_that_cannot_be_prepared_is_tried_again() -> None:
    def refuse(_: object) -> None:
        raise OSError("no room")

    store: Any = NewerStore(FERRIES)
    rules = StoredRules(store, prepare=refuse)
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            rules.look()
        assert rules.in_force.topics == ()
