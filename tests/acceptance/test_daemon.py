"""The daemon: SIGHUP brings new rules and feeds into force, SIGTERM ends it in the middle of work and loses nothing."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from wirewatch.demo.newsroom import Newsroom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Program

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

FERRIES = 'topic ferries "Ferries"\n    match ferry | ferries\n'


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom(slow_s=0.1) as room:
        while room.publish()["batches_left"]:
            pass
        yield room


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that must come, at most a minute."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def with_tick(program: Program, database: str) -> Program:
    return type(program)(
        program.config,
        program.environment | {"WIREWATCH_RUN__TICK_S": "0.2", "WIREWATCH_DATABASE__URL": database},
    )


def test_sighup_brings_rules_and_feeds_into_force(newsroom: Newsroom, program: Program) -> None:
    program = with_tick(program, str(program.config / "hup.db"))
    program.run("db", "upgrade")
    rules = program.config / "rules" / "ferries.rules"
    feeds = program.config / "feeds.toml"
    all_feeds = feeds.read_text()
    feeds.write_text("")
    daemon = program.start("run")
    try:
        wait_until(lambda: "running" in program.log())
        rules.write_text(FERRIES)
        feeds.write_text(all_feeds)
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: any(row["topic"] == "ferries" for row in program.rows("matches")))

        rules.write_text(FERRIES.replace("ferries\n", "NOT\n"))
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: "kept as last understood: ferries" in program.log())
        assert "E202" in program.log()
        program.run("doctor", exit_code=4)
    finally:
        rules.unlink()
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(40) == 0
    assert "Traceback" not in program.log()


def test_sigterm_in_the_middle_of_work_loses_nothing(newsroom: Newsroom, program: Program) -> None:
    program = with_tick(program, str(program.config / "term.db"))
    program.run("db", "upgrade")
    seen = len(newsroom.requests())
    daemon = program.start("run")
    wait_until(lambda: len(newsroom.requests()) > seen + 12)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(40) == 0
    program.run("once", "--all")
    expected = newsroom.expectations()
    assert len(program.rows("entries")) == expected["counts"]["entries"]
    assert len(program.rows("articles")) == expected["counts"]["articles"]
    assert {entry["state"] for entry in program.rows("entries")} == {"done"}


def test_sigterm_ends_once_in_order(newsroom: Newsroom, program: Program) -> None:
    program = with_tick(program, str(program.config / "once.db"))
    program.run("db", "upgrade")
    seen = len(newsroom.requests())
    once = program.start("once", "--all")
    wait_until(lambda: len(newsroom.requests()) > seen + 12)
    once.send_signal(signal.SIGTERM)
    assert once.wait(40) == 130
    assert program.log().strip().endswith("interrupted")
    program.run("once", "--all")
    assert len(program.rows("articles")) == newsroom.expectations()["counts"]["articles"]
