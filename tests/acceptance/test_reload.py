"""Rules are edited while the daemon runs: each topic is matched by the version it has, and none ever stops matching."""

from __future__ import annotations

import shutil
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Program

    from wirewatch.demo.newsroom import Newsroom

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

NEWSROOMS = ("published",)

#: Topics that every English article matches.
EVERY = 'topic every "Everything"\n    match the\n'
OTHER = "topic other\n    match of\n"


class Running:
    """A daemon whose feeds are brought into force one by one, so that there are new articles after each edit."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rules = program.config / "rules"
        self._feeds_file = program.config / "feeds.toml"
        head, *feeds = self._feeds_file.read_text().split("[[feeds]]")
        self._feeds = ["[[feeds]]" + feed for feed in feeds]
        self._feeds_file.write_text(head)
        self._reloads = 0
        self._seen: set[int] = set()
        self.daemon = program.start("run")
        program.wait_for_log("running")

    def edit(self, name: str, text: str) -> None:
        """Save a rule file, and wait until the daemon has read it by itself."""
        (self.rules / name).write_text(text)
        self._reloads += 1
        self.program.wait_for_log("rules read in", count=self._reloads)

    def versions(self) -> dict[str, str]:
        """The version of each topic as the files have it, or as it is held."""
        return {row["topic"]: row["version"] for row in self.program.rows("rules", "list")}

    def next_matches(self) -> dict[str, set[str]]:
        """Let the daemon poll one more feed with new articles; topic → the versions that matched these."""
        while True:
            with self._feeds_file.open("a") as file:
                file.write(self._feeds.pop())
            self.daemon.send_signal(signal.SIGHUP)
            rows = self._settled()
            new = [row for row in rows if row["id"] not in self._seen]
            self._seen |= {row["id"] for row in new}
            if new:
                names = {row["topic"] for row in new}
                return {name: {row["topic_version"] for row in new if row["topic"] == name} for name in names}

    def _settled(self) -> list[dict[str, Any]]:
        """The matches, once all feeds in force are polled and all their entries are done."""

        def is_done() -> bool:
            feeds = [row for row in self.program.rows("feeds", "list") if row["state"] != "removed"]
            entries = self.program.rows("entries")
            wanted = self._feeds_file.read_text().count("[[feeds]]")
            return (
                len(feeds) == wanted
                and all(row["last_polled_at"] for row in feeds)
                and all(row["state"] == "done" for row in entries)
            )

        self.program.wait_until(is_done)
        return self.program.rows("matches")


@pytest.fixture
def running(newsroom: Newsroom, program: Program) -> Iterator[Running]:
    """A daemon with two topics and no feed yet."""
    program = program.with_database("reload.db")
    shutil.rmtree(program.config / "rules")
    (program.config / "rules").mkdir()
    (program.config / "rules" / "every.rules").write_text(EVERY)
    (program.config / "rules" / "other.rules").write_text(OTHER)
    running = Running(program)
    yield running
    running.daemon.send_signal(signal.SIGTERM)
    assert running.daemon.wait(40) == 0
    assert "Traceback" not in program.log()


def test_rules_that_are_edited_come_into_force_and_matching_never_stops(running: Running) -> None:
    program = running.program
    first = running.versions()
    assert running.next_matches() == {name: {version} for name, version in first.items()}

    running.edit("every.rules", EVERY + "    match newsroom\n")
    assert "changed: every" in program.log()
    second = running.versions()
    assert second["every"] != first["every"]
    assert second["other"] == first["other"]
    assert running.next_matches() == {name: {version} for name, version in second.items()}

    # A topic that is not understood keeps its last good version; the others go ahead.
    running.edit("every.rules", EVERY + "    match newsroom OR\n")
    running.edit("other.rules", OTHER + "    match ferry\n")
    third = running.versions()
    assert third["every"] == second["every"]
    assert third["other"] != second["other"]
    assert running.next_matches() == {name: {version} for name, version in third.items()}
    said = program.run("doctor", exit_code=4)
    assert f"topic every is not understood: its last good version is in force, {second['every']}" in said
    stats = program.run("stats", "--json")
    assert '"held":[{"topic":"every"' in stats.replace(" ", "")
    assert program.log().count("E104") == 1
    assert program.log().count("kept as last understood: every") == 1

    running.edit("every.rules", EVERY)
    assert "mended: every" in program.log()
    assert running.versions()["every"] == first["every"]
    assert running.next_matches() == {"every": {first["every"]}, "other": {third["other"]}}
    assert "not understood" not in program.run("doctor")

    # Without the folder everything stays in force, and that is said once.
    shutil.rmtree(running.rules)
    program.wait_for_log("the rules cannot be read")
    assert running.next_matches() == {"every": {first["every"]}, "other": {third["other"]}}
    time.sleep(1)
    assert program.log().count("the rules cannot be read") == 1
    program.run("doctor", exit_code=4)
