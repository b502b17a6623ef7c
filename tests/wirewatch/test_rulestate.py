"""What the files say against what is in force, as `doctor` and `stats` tell it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rules.files import load_rules
from storage.address import SqliteFile
from storage.listings import Listings
from storage.lock import DatabaseLock
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.rulebook import build_rules, record_rules, set_version
from wirewatch.rulestate import compare_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wirewatch.rulebook import RulesInForce
    from wirewatch.rulestate import RuleState

THEN = datetime(2026, 1, 12, 6, tzinfo=UTC)
NOW = datetime(2026, 1, 13, 6, tzinfo=UTC)
FERRIES = "topic ferries\n    match ferry\n"
PIERS = "topic piers\n    match pier\n"


def rules_in_force(folder: Path, store: Store, now: datetime) -> RulesInForce:
    """What the files say, brought into force as a session does it."""
    rules = build_rules(load_rules(folder), store)
    record_rules(rules, store, now)
    return rules


class Desk:
    """A rules folder whose rules were brought into force."""

    def __init__(self, folder: Path) -> None:
        self.rules = folder / "rules"
        self.rules.mkdir()
        self.url = f"sqlite:///{folder}/w.db"
        upgrade(self.url)
        self.write("a", FERRIES)
        self.write("b", PIERS)
        self.read(THEN)

    def write(self, name: str, text: str) -> None:
        (self.rules / f"{name}.rules").write_text(text)

    def read(self, now: datetime) -> None:
        with Store(self.url) as store:
            rules_in_force(self.rules, store, now)

    def state(self) -> RuleState:
        with Listings(self.url) as listings:
            return compare_rules(load_rules(self.rules), listings.topics(), listings.rule_problems())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_was_read_is_in_force(desk: Desk) -> None:
    state = desk.state()
    assert state.is_as_files_say
    assert (state.topics, state.held, state.absent) == (2, (), ())
    assert state.version == set_version({topic.name: topic.version for topic in load_rules(desk.rules).topics})


@pytest.mark.parametrize(
    ("edit", "difference"),
    [
        (lambda desk: desk.write("a", "# nothing new\n" + FERRIES), ((), (), ())),
        (lambda desk: desk.write("a", FERRIES + "    match boat\n"), ((), ("ferries",), ())),
        (lambda desk: desk.write("c", "topic sea\n    match sea\n"), (("sea",), (), ())),
        (lambda desk: desk.write("a", ""), ((), (), ("ferries",))),
    ],
)
def test_what_was_edited_since_is_told(
    desk: Desk, edit: Callable[[Desk], None], difference: tuple[tuple[str, ...], ...]
) -> None:
    before = desk.state().version
    edit(desk)
    state = desk.state()
    assert (state.new, state.changed, state.gone) == difference
    assert state.is_as_files_say == (not any(difference))
    assert state.version == before
    desk.read(NOW)
    assert desk.state().is_as_files_say
    assert (desk.state().version != before) == any(difference)


@pytest.mark.parametrize("spoil", ["topic ferries\n    match (\n", "let\n" + FERRIES.replace("topic", "topics")])
def test_a_topic_that_is_not_understood_is_held_since_that_was_found(desk: Desk, spoil: str) -> None:
    desk.write("a", spoil)
    (held,) = desk.state().held
    assert (held.topic, held.known_since, held.held_since) == ("ferries", THEN, None)
    desk.read(NOW)
    state = desk.state()
    (held,) = state.held
    assert (held.topic, held.known_since, held.held_since) == ("ferries", THEN, NOW)
    assert state.is_as_files_say


def test_of_two_topics_in_a_file_each_is_held_since_its_own_error(desk: Desk) -> None:
    desk.write("a", FERRIES + PIERS.replace("piers", "quays"))
    desk.read(THEN)
    desk.write("a", FERRIES + PIERS.replace("piers", "quays").replace("pier", "pier OR"))
    desk.read(NOW)
    later = NOW + timedelta(days=1)
    desk.write(
        "a", "# soon\n" + FERRIES.replace("ferry", "(") + PIERS.replace("piers", "quays").replace("pier", "pier OR")
    )
    desk.read(later)
    desk.read(later + timedelta(days=1))
    assert {held.topic: held.held_since for held in desk.state().held} == {"quays": NOW, "ferries": later}


def test_a_topic_that_was_never_understood_is_absent(desk: Desk) -> None:
    desk.write("c", "topic sea\n    match (\n")
    for _ in range(2):
        state = desk.state()
        assert (state.absent, state.held, state.is_as_files_say) == (("sea",), (), True)
        desk.read(NOW)


# --- as it is told ----------------------------------------------------------------------------------


def test_doctor_and_stats_tell_it(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    good = own.read_text()
    version = wirewatch("--config", copied, "stats", "--json").json["rules_version"]

    def told() -> str:
        return wirewatch("--config", copied, "doctor").out

    assert f"in force    6 topics, rules version {version}" in told()
    own.write_text(good.replace("match quagga", "match okapi") + "topic fresh\n    match ferry\n")
    fix = f"no daemon runs; they are read by: wirewatch --config {copied} once"
    assert f"the files differ (new: fresh; changed: nowhere): {fix}\n" in told()
    with DatabaseLock(SqliteFile(copied / "wirewatch.db")):
        assert "(new: fresh; changed: nowhere): the daemon reads them at its next tick" in told()

    own.write_text(good.replace("match quagga", "match quagga OR") + "topic fresh\n    match (\n")
    rows = {row["topic"]: row for row in wirewatch("--config", copied, "rules", "list", "--jsonl").jsonl}
    said = "topic nowhere is not understood: its last good version is in force"
    assert f"{said}, {rows['nowhere']['version']}" in told()
    assert "topic fresh is not understood: it was never understood and matches nothing" in told()
    assert "held since" not in told()

    with Store(f"sqlite:///{copied}/wirewatch.db") as store:
        rules_in_force(copied / "rules", store, NOW)
    assert "held since 2026-01-13 06:00 UTC" in told()
    stats = wirewatch("--config", copied, "stats", "--json").json
    assert stats["rules_version"] == version
    (held,) = stats["held"]
    assert (held["topic"], held["held_since"]) == ("nowhere", "2026-01-13T06:00:00.000000Z")
    assert stats["absent"] == ["fresh"]
    people = wirewatch("--config", copied, "stats").out
    assert "nowhere" in people
    assert version in people


def test_doctor_tells_that_older_versions_found_something(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    own.write_text(own.read_text().replace("match =PURL", "match =PURL | okapi"))
    with Store(f"sqlite:///{copied}/wirewatch.db") as store:
        rules_in_force(copied / "rules", store, NOW)
    count = len(wirewatch("--config", copied, "matches", "air-defence", "--json").json)
    ended = wirewatch("--config", copied, "doctor")
    assert ended.code == 0
    assert f"{count} matches were found by an earlier version of the topic" in ended.out


def test_stats_of_a_folder_that_is_gone(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    own.write_text("topic nowhere\n    match (\n")
    with Store(f"sqlite:///{copied}/wirewatch.db") as store:
        rules_in_force(copied / "rules", store, NOW)
    shutil.rmtree(own.parent)
    stats = wirewatch("--config", copied, "stats", "--json").json
    assert (stats["held"], stats["absent"]) == ([], [])
    assert "as long as the folder cannot be read" in wirewatch("--config", copied, "doctor").out


def test_a_topic_that_was_away_and_comes_back_broken_is_held_as_it_was(desk: Desk) -> None:
    (desk.rules / "a.rules").unlink()
    desk.read(THEN)
    desk.write("a", FERRIES + "    match (x\n")
    state = desk.state()
    assert (state.absent, state.new, state.held) == ((), ("ferries",), ())
    with Store(desk.url) as store:
        rules = rules_in_force(desk.rules, store, NOW)
    assert (rules.held, rules.absent) == (("ferries",), ())
    state = desk.state()
    assert ([held.topic for held in state.held], state.absent, state.is_as_files_say) == (["ferries"], (), True)


def test_of_thousands_of_broken_topics_few_are_told(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    own.write_text("".join(f"topic held{i}\n    match x\n" for i in range(30)))
    with Store(f"sqlite:///{copied}/wirewatch.db") as store:
        rules_in_force(copied / "rules", store, NOW)
        own.write_text("".join(f"topic {name}{i}\n    match x |\n" for name in ("held", "new") for i in range(30)))
        rules_in_force(copied / "rules", store, NOW)
    lines = wirewatch("--config", copied, "doctor").out.splitlines()
    program = f"wirewatch --config {copied}"
    assert f"fail  rules       … and 40 more; see: {program} rules check" in lines
    assert f"warn  in force    … and 10 more; see: {program} rules check" in lines
    assert f"warn  in force    … and 10 more; see: {program} rules list" in lines
    # ten of them are for feeds that are silent here
    assert len(lines) < 90
    ended = wirewatch("--config", copied, "stats")
    assert len(ended.out.splitlines()) < 80
    assert "… and 40 more problems in the rule files; see: wirewatch" in ended.err
    assert "… and 10 more held; see: wirewatch" in ended.err
    assert "new26, … and 10 more\n" in ended.out
    found = wirewatch("--config", copied, "stats", "--json").json
    assert [len(found[name]) for name in ("rule_problems", "held", "absent")] == [60, 30, 30]


def test_the_list_shows_a_topic_that_comes_back_broken(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    good = own.read_text()

    def row():
        found = wirewatch("--config", copied, "rules", "list", "--jsonl").jsonl
        return next(((row["state"], row["known_since"] is None) for row in found if row["topic"] == "nowhere"), None)

    with Store(f"sqlite:///{copied}/wirewatch.db") as store:
        own.write_text(good.partition("topic nowhere")[0])
        rules_in_force(copied / "rules", store, NOW)
        assert row() is None
        own.write_text(good + "    not (\n")
        assert row() == ("new", True)
        told = wirewatch("--config", copied, "doctor").out
        assert "the files differ (new: nowhere)" in told
        assert "never understood" not in told
        rules_in_force(copied / "rules", store, NOW)
    assert row() == ("last good", False)
    assert (
        "topic nowhere is not understood: its last good version is in force"
        in wirewatch("--config", copied, "doctor").out
    )
