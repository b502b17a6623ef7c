"""What was edited comes into force, what cannot be leaves the rules in force alone, and both are told once."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rules.document import Document
from rules.files import load_rules
from storage.listings import Listings
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.errors import ConfigError
from wirewatch.rulebook import RulesInForce
from wirewatch.rulewatch import MAX_ERRORS_TOLD, RuleWatch, describe_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rules.match import RuleSet

    Told = Callable[[], list[str]]

NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)
FERRIES = "topic ferries\n    match ferry\n"
PIERS = "topic piers\n    match pier\n"
DOCUMENT = Document(title="", body="the ferry at the pier", author=None, source=None, url=None, lang=None, sections=())


class Desk:
    """A rules folder that is watched, with its database."""

    def __init__(self, folder: Path, prepare: Callable[[RuleSet], None]) -> None:
        self.rules = folder / "rules"
        self.rules.mkdir()
        self.database = folder / "w.db"
        self.url = f"sqlite:///{self.database}"
        upgrade(self.url)
        self.store = Store(self.url, busy_timeout_s=0)
        self.watch = RuleWatch(self.rules, self.store, prepare=prepare, clock=lambda: NOW)
        self.write("a", FERRIES)
        self.write("b", PIERS)

    def write(self, name: str, text: str) -> None:
        (self.rules / f"{name}.rules").write_text(text)

    def look(self) -> bool:
        """What the daemon does at a tick; returns whether there was something to be read."""
        digest = self.watch.look()
        return self.watch.is_news(digest) and self.watch.reload(digest)

    @property
    def matching(self) -> dict[str, str]:
        """What matches now, topic → version."""
        return {found.topic: found.version for found in self.watch.in_force.ruleset.match(DOCUMENT)}

    def recorded(self) -> set[str]:
        with Listings(self.url) as listings:
            return {topic.name for topic in listings.topics() if topic.is_active}

    def problems(self) -> list[str]:
        with Listings(self.url) as listings:
            return [problem.code for problem in listings.rule_problems()]


@pytest.fixture
def prepared() -> list[RuleSet]:
    """The sets that were handed over, in order."""
    return []


@pytest.fixture
def desk(tmp_path: Path, prepared: list[RuleSet], caplog: pytest.LogCaptureFixture) -> Iterator[Desk]:
    desk = Desk(tmp_path, prepared.append)
    desk.watch.start()
    caplog.set_level(logging.INFO)
    with desk.store:
        yield desk


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The first lines of what was logged since the last call, with its level."""

    def take() -> list[str]:
        lines = [f"{record.levelname} {record.getMessage().splitlines()[0]}" for record in caplog.records]
        caplog.clear()
        return lines

    return take


def summary(line: str) -> str:
    """The line of a reload without the time it took and the version."""
    assert line.startswith("INFO rules read in "), line
    return line.split(": ", 1)[1].rsplit(", version", 1)[0]


def test_nothing_is_read_while_nothing_changes(desk: Desk, prepared: list[RuleSet], told: Told) -> None:
    assert not any(desk.look() for _ in range(3))
    assert told() == []
    assert prepared == [desk.watch.in_force.ruleset]
    # What is no rule file is none of our business.
    (desk.rules / "a.rules~").write_text("")
    assert not desk.look()


def test_an_edit_comes_into_force(desk: Desk, prepared: list[RuleSet], told: Told) -> None:
    before = desk.matching
    desk.write("a", FERRIES + "    match boat\n")
    desk.write("c", "topic sea\n    match ferry\n")
    (desk.rules / "b.rules").unlink()
    assert desk.look()
    assert desk.matching.keys() == {"ferries", "sea"}
    assert desk.matching["ferries"] != before["ferries"]
    assert desk.recorded() == {"ferries", "sea"}
    assert prepared[-1] is desk.watch.in_force.ruleset
    (line,) = told()
    assert summary(line) == "added: sea; changed: ferries; removed: piers; in force: 2 topics"
    assert line.endswith(desk.watch.in_force.version)
    assert not desk.look()


def test_an_edit_that_changes_no_meaning_changes_no_version(desk: Desk, told: Told) -> None:
    before = desk.matching
    desk.write("a", "# a comment\n\n" + FERRIES)
    assert desk.look()
    assert desk.matching == before
    assert summary(told()[0]) == "no topic has changed; in force: 2 topics"


def test_a_broken_topic_is_held_and_told_once(desk: Desk, told: Told) -> None:
    before = desk.matching
    desk.write("a", FERRIES.replace("ferry", "ferry OR") + "topic fresh\n    match (x\n")
    desk.write("b", PIERS + "    match quay\n")
    assert desk.look()
    assert desk.matching["ferries"] == before["ferries"]
    assert desk.matching["piers"] != before["piers"]
    assert desk.problems() == ["E104", "E101"]
    lines = told()
    assert [line[:21] for line in lines[:2]] == ["ERROR a.rules:2:19: E", "ERROR a.rules:4:11: E"]
    assert lines[2:4] == ["ERROR kept as last understood: ferries", "ERROR never understood, so not in force: fresh"]
    said = "changed: piers; held at the last good version: ferries; absent: fresh; in force: 2 topics"
    assert summary(lines[4]) == said
    assert not desk.look()

    # Something else is edited, and the errors move down a line: they stay the same.
    desk.write("a", "# soon\n" + (desk.rules / "a.rules").read_text())
    desk.write("b", PIERS)
    assert desk.look()
    assert len(told()) == 1

    # One is another now, so it is told; what is held is not told again.
    desk.write("a", FERRIES.replace("ferry", "ferry AND") + "topic fresh\n    match (x\n")
    assert desk.look()
    lines = told()
    assert [line.split(":")[0] for line in lines] == [
        "ERROR a.rules",
        "INFO rules read in " + lines[1].split()[4] + " s",
    ]

    desk.write("a", FERRIES)
    assert desk.look()
    lines = told()
    assert lines[0] == "INFO mended: a.rules"
    assert summary(lines[1]) == "no topic has changed; mended: ferries; in force: 2 topics"
    assert desk.problems() == []


def test_a_file_that_comes_back_is_in_force_as_before(desk: Desk) -> None:
    before = desk.matching
    desk.write("a", "")
    assert desk.look()
    assert desk.matching.keys() == {"piers"}
    desk.write("a", FERRIES)
    assert desk.look()
    assert desk.matching == before
    assert desk.recorded() == {"ferries", "piers"}


BAD_FILES: dict[str, Callable[[Path], object]] = {
    "undecodable": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 100),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to nowhere": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path.name)),
}


@pytest.mark.parametrize("spoil", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_cannot_be_read_keeps_its_topics(desk: Desk, told: Told, spoil: Callable[[Path], object]) -> None:
    before = desk.matching
    spoil(desk.rules / "a.rules")
    desk.write("b", PIERS + "    match quay\n")
    assert desk.look()
    assert desk.matching["ferries"] == before["ferries"]
    assert desk.matching["piers"] != before["piers"]
    assert desk.problems()
    assert any(line.startswith("ERROR a.rules:") for line in told())
    assert not desk.look()
    shutil.rmtree(desk.rules)
    desk.rules.mkdir()
    desk.write("a", FERRIES)
    assert desk.look()
    assert desk.matching.keys() == {"ferries"}
    assert "INFO mended: a.rules" in told()


@pytest.mark.parametrize("becomes", ["nothing", "a file"])
def test_a_folder_that_is_gone_leaves_everything_in_force(desk: Desk, told: Told, becomes: str) -> None:
    before = desk.matching
    away = desk.rules.rename(desk.rules.with_name("away"))
    if becomes == "a file":
        desk.rules.write_text("")
    assert desk.look()
    assert desk.matching == before
    assert desk.recorded() == {"ferries", "piers"}
    assert desk.problems() == ["E300"]
    (line,) = told()
    assert line.startswith(f"ERROR {desk.rules}: the rules cannot be read: ")
    assert desk.look(), "it is looked for again"
    assert told() == []

    if becomes == "a file":
        desk.rules.unlink()
    away.rename(desk.rules)
    assert desk.look()
    assert desk.problems() == []
    lines = told()
    assert lines[0] == "INFO the rules can be read and recorded again"
    assert summary(lines[1]) == "no topic has changed; in force: 2 topics"


def test_a_locked_database_delays_only_what_was_edited(desk: Desk, prepared: list[RuleSet], told: Told) -> None:
    before = desk.matching
    desk.write("a", FERRIES + "    match boat\n")
    with closing(sqlite3.connect(desk.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            assert desk.look(), "it is tried again"
            assert desk.matching == before
        other.rollback()
    (line,) = told()
    assert line.startswith("ERROR the rules that were edited are not in force yet: ")
    assert desk.look()
    assert desk.matching != before
    assert told()[0] == "INFO the rules can be read and recorded again"
    assert len(prepared) == 2, "it was not read again for that"
    assert not desk.look()


def test_an_edit_while_the_database_is_locked_is_not_lost(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.write("a", FERRIES + "    match boat\n")
        assert desk.look()
        desk.write("a", "topic boats\n    match boat\n")
        assert desk.look()
        other.rollback()
    assert desk.look()
    assert desk.matching.keys() == {"piers"}
    assert desk.recorded() == {"boats", "piers"}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "ERROR the rules cannot be handed to the worker processes: No space"),
        (MemoryError(), "ERROR not enough memory for the rules that were edited; the rules in force stay so"),
        (ZeroDivisionError(), "ERROR a bug broke the reading of the rules; the rules in force stay so"),
    ],
)
def test_whatever_goes_wrong_leaves_the_rules_in_force(
    tmp_path: Path, told: Told, error: Exception, message: str
) -> None:
    troubles: list[Exception] = []

    def prepare(_: RuleSet) -> None:
        if troubles:
            raise troubles[0]

    desk = Desk(tmp_path, prepare)
    with desk.store:
        desk.watch.start()
        before = desk.matching
        troubles.append(error)
        desk.write("c", "topic sea\n    match ferry\n")
        told()
        assert desk.look()
        assert desk.matching == before
        assert desk.recorded() == {"ferries", "piers"}
        assert told()[0].startswith(message)
        if isinstance(error, OSError):
            assert desk.look(), "it is tried again"
            assert told() == []
            troubles.clear()
            assert desk.look()
            assert desk.matching.keys() == {"ferries", "piers", "sea"}
            return
        assert not desk.look(), "the same files are not tried again"

        troubles.clear()
        digest = desk.watch.read_digest()
        assert desk.watch.is_news(digest, is_asked=True), "unless it is asked for"
        desk.watch.reload(digest)
        assert desk.matching.keys() == {"ferries", "piers", "sea"}


def test_what_was_read_counts_and_not_what_was_looked_at_before(desk: Desk) -> None:
    looked_at = desk.watch.read_digest()
    desk.write("a", "topic boats\n    match ferry\n")
    desk.watch.reload(looked_at)
    assert desk.matching.keys() == {"boats", "piers"}
    assert not desk.look()
    desk.write("a", FERRIES)
    assert desk.watch.read_digest() == looked_at
    assert desk.look()
    assert desk.matching.keys() == {"ferries", "piers"}


def test_files_that_change_before_they_are_read_are_left_for_the_next_look(desk: Desk, told: Told) -> None:
    before = desk.watch.in_force
    desk.write("a", FERRIES + "    match boat\n")
    settled = desk.watch.look()
    desk.write("a", "")
    assert not desk.watch.reload(settled, only_these=True)
    assert desk.watch.in_force is before
    assert (desk.recorded(), told()) == ({"ferries", "piers"}, [])
    assert desk.watch.is_news(desk.watch.look())
    desk.write("a", FERRIES)
    assert not desk.look(), "they are what they were"
    desk.write("a", FERRIES + "    match boat\n")
    assert desk.watch.reload(desk.watch.look(), only_these=True)
    assert desk.watch.in_force is not before


def test_what_another_process_has_recorded_is_put_right(desk: Desk, told: Told) -> None:
    """`rules apply` read the files between an edit and its taking back, and neither was seen here."""
    before = desk.matching
    other = [topic for topic in load_rules(desk.rules).topics if topic.name == "piers"]
    desk.store.record_topics(other, NOW)
    assert not desk.look()
    assert desk.recorded() == {"ferries", "piers"}
    assert desk.store.versions_in_force() == before == desk.watch.in_force.versions
    (line,) = told()
    assert line.startswith("WARNING another process had recorded other rules")
    assert not desk.look()
    assert told() == []


def test_what_another_process_has_recorded_of_files_not_read_yet_stays(desk: Desk, told: Told) -> None:
    desk.write("a", FERRIES + "    match boat\n")
    desk.store.record_topics(load_rules(desk.rules).topics, NOW)
    recorded = desk.store.versions_in_force()
    assert desk.watch.is_news(desk.watch.look())
    assert desk.store.versions_in_force() == recorded
    assert told() == []


def test_a_locked_database_does_not_stop_the_look(desk: Desk, told: Told) -> None:
    desk.store.record_topics((), NOW)
    with closing(sqlite3.connect(desk.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not desk.look()
        other.rollback()
    assert desk.recorded() == set()
    assert not desk.look()
    assert desk.recorded() == {"ferries", "piers"}
    assert len(told()) == 1
    desk.store.close()
    assert not desk.look()


def test_at_the_start_errors_are_raised(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lambda _: None)
    desk.rules.rename(tmp_path / "away")
    with desk.store, pytest.raises(ConfigError, match="the rules cannot be read"):
        desk.watch.start()
    assert desk.watch.in_force.versions == {}


def test_many_errors_are_counted(desk: Desk, told: Told) -> None:
    count = 3 * MAX_ERRORS_TOLD
    desk.write("c", "".join(f"topic t{number}\n    match (x\n" for number in range(count)))
    assert desk.look()
    lines = told()
    assert len(lines) == MAX_ERRORS_TOLD + 3
    assert lines[MAX_ERRORS_TOLD] == f"ERROR and {count - MAX_ERRORS_TOLD} errors more; see: wirewatch rules check"
    assert "and 50 more" in lines[-1]


def test_a_change_from_nothing() -> None:
    none = RulesInForce.none()
    said = describe_change(none, none)
    assert said == f"no topic has changed; in force: 0 topics, version {none.version}"
