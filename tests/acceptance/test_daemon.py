"""The daemon: SIGHUP brings new rules and feeds into force, SIGTERM ends it in the middle of work and loses nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Program

    from wirewatch.demo.newsroom import Newsroom

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

NEWSROOMS = ("published",)

FERRIES = 'topic ferries "Ferries"\n    match ferry | ferries\n'


def test_sighup_brings_rules_and_feeds_into_force(newsroom: Newsroom, program: Program) -> None:
    program = program.with_database("hup.db")
    rules = program.config / "rules" / "ferries.rules"
    feeds = program.config / "feeds.toml"
    all_feeds = feeds.read_text()
    feeds.write_text("")
    daemon = program.start("run")
    try:
        program.wait_for_log("running")
        rules.write_text(FERRIES)
        feeds.write_text(all_feeds)
        daemon.send_signal(signal.SIGHUP)
        program.wait_until(lambda: any(row["topic"] == "ferries" for row in program.rows("matches")))

        rules.write_text(FERRIES.replace("ferries\n", "NOT\n"))
        daemon.send_signal(signal.SIGHUP)
        program.wait_for_log("kept as last understood: ferries")
        assert "E104" in program.log()
        program.run("doctor", exit_code=4)
    finally:
        rules.unlink()
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(40) == 0
    assert "Traceback" not in program.log()


def test_sigterm_in_the_middle_of_work_loses_nothing(newsroom: Newsroom, program: Program) -> None:
    program = program.with_database("term.db")
    seen = len(newsroom.requests())
    daemon = program.start("run")
    program.wait_until(lambda: len(newsroom.requests()) > seen + 12)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(40) == 0
    program.run("once", "--all")
    expected = newsroom.expectations()
    assert len(program.rows("entries")) == expected["counts"]["entries"]
    assert len(program.rows("articles")) == expected["counts"]["articles"]
    assert {entry["state"] for entry in program.rows("entries")} == {"done"}


def test_sigterm_ends_once_in_order(newsroom: Newsroom, program: Program) -> None:
    program = program.with_database("once.db")
    seen = len(newsroom.requests())
    once = program.start("once", "--all")
    program.wait_until(lambda: len(newsroom.requests()) > seen + 12)
    once.send_signal(signal.SIGTERM)
    assert once.wait(40) == 130
    assert program.log().strip().endswith("interrupted")
    program.run("once", "--all")
    assert len(program.rows("articles")) == newsroom.expectations()["counts"]["articles"]
