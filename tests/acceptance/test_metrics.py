"""`run` with `metrics.listen`: figures while it works, and how it stands; logs as JSON; what systemd is told."""

from __future__ import annotations

import json
import signal
import socket
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from wirewatch.metrics import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Program

    from wirewatch.demo.newsroom import Newsroom

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

NEWSROOMS = ("published",)

#: They have no figures on SQLite, and where nothing went wrong.
NOT_HERE = {"wirewatch_queue_jobs", "wirewatch_processes"}


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


def get(address: str) -> tuple[int, str]:
    """Status and text; 0 where nobody listens."""
    try:
        with urlopen(address, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except (URLError, ConnectionError):
        return 0, ""


def figures(address: str) -> dict[tuple[str, ...], float]:
    """Name and values of labels → number."""
    status, text = get(f"{address}/metrics")
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def watched(program: Program, at: str, **more: str) -> Program:
    return replace(program, environment=program.environment | {"WIREWATCH_METRICS__LISTEN": at} | more)


def test_run_tells_all_figures_and_logs_an_object_a_line(newsroom: Newsroom, program: Program) -> None:
    at = f"127.0.0.1:{free_port()}"
    address = f"http://{at}"
    program = watched(program.with_database("metrics.db"), at, WIREWATCH_RUN__LOG_FORMAT="json")
    daemon = program.start("run")
    try:
        program.wait_until(lambda: get(f"{address}/readyz")[0] == 200)
        assert json.loads(get(f"{address}/readyz")[1])["status"] == "ready"
        assert get(f"{address}/healthz") == (200, '{"status":"ok","role":"run"}\n')
        expected = newsroom.expectations()["counts"]
        # The database is asked for its figures now and then only, so at the first time all must be there.
        is_done = [{"state": "done"}] * expected["entries"]
        program.wait_until(lambda: [{"state": row["state"]} for row in program.rows("entries")] == is_done)
        told = figures(address)
        _, text = get(f"{address}/metrics")
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(40) == 0
    declared = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE wirewatch")}
    assert declared == {family.name: family.kind for family in FAMILIES}
    with_figures = {name.removesuffix("_bucket") for name, *_ in told}
    may_be_none = NOT_HERE | {each.name for each in FAMILIES if each.name.endswith("_errors_total")}
    assert {family.name for family in FAMILIES} - may_be_none <= with_figures | {"wirewatch_feed_events_total"}
    assert told["wirewatch_database_up",] == 1
    assert told["wirewatch_entries", "done"] == expected["entries"]
    assert told["wirewatch_backlog", "extract"] == told["wirewatch_backlog_age_seconds", "extract"] == 0
    assert told["wirewatch_polls_total", "answered"] >= 1
    assert (
        told["wirewatch_fetch_seconds_count",] == told["wirewatch_fetch_seconds_bucket", "+Inf"] > expected["articles"]
    )
    assert any(name == "wirewatch_topic_stories" and value for (name, *_), value in told.items())
    assert any(name == "wirewatch_copies" and value for (name, *_), value in told.items())
    assert not any("://" in label for _, *labels in told for label in labels), "no label is an address"
    events = [json.loads(line) for line in program.log().splitlines()]
    assert {"time", "level", "logger", "event"} <= set.intersection(*map(set, events))
    assert events[-1]["event"] == "stopped"


def test_a_database_that_goes_away_takes_its_figures_with_it_and_nothing_else(lone_program: Program) -> None:
    at = f"127.0.0.1:{free_port()}"
    address = f"http://{at}"
    program = watched(lone_program.with_database("away.db"), at)
    daemon = program.start("run")
    try:
        program.wait_until(lambda: get(f"{address}/readyz")[0] == 200)
        for file in program.config.glob("away.db*"):
            file.unlink()
        program.wait_until(lambda: get(f"{address}/readyz")[0] == 503)
        assert json.loads(get(f"{address}/readyz")[1])["faults"]
        assert get(f"{address}/healthz")[0] == 200, "the process itself is well"
        told = figures(address)
        assert told["wirewatch_ready",] == 0
        assert ("wirewatch_polls_total", "answered") in told
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(40) == 0


def test_an_address_that_is_taken_or_others_reach_is_refused(lone_program: Program) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        program = watched(lone_program.with_database("taken.db"), at)
        daemon = program.start("run")
        assert daemon.wait(60) == 4
        assert program.log().endswith(f"metrics.listen: {at} cannot be listened on: Address already in use\n")
    program = watched(program, "0.0.0.0:9464")
    assert program.start("run").wait(60) == 4
    assert "metrics.listen: 0.0.0.0:9464 can be reached from other machines" in program.log()
    assert "Traceback" not in program.log()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[tuple[dict[str, str], list[bytes]]]:
    """Listens as systemd does: the variables that say where, and what it has heard."""
    heard: list[bytes] = []
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))

        def listen() -> None:
            while message := listening.recv(4096):
                heard.append(message)

        thread = threading.Thread(target=listen)
        thread.start()
        yield {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}, heard
        listening.sendto(b"", str(tmp_path / "notify"))
        thread.join()


def test_systemd_is_told_what_run_does(lone_program: Program, systemd: tuple[dict[str, str], list[bytes]]) -> None:
    variables, heard = systemd
    program = lone_program.with_database("systemd.db")
    program = replace(program, environment=program.environment | variables)
    daemon = program.start("run")
    try:
        program.wait_until(lambda: {b"READY=1", b"WATCHDOG=1"} <= set(heard))
        daemon.send_signal(signal.SIGHUP)
        program.wait_until(lambda: heard.count(b"READY=1") == 2)
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(40) == 0
    program.wait_until(lambda: b"STOPPING=1" in heard)
    states = [message for message in heard if message != b"WATCHDOG=1"]
    assert states.pop(1).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert states == [b"READY=1", b"READY=1", b"STOPPING=1"]


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_those_who_share_the_work_tell_the_same(
    role: str, lone_program: Program, empty_with_queue: str, systemd: tuple[dict[str, str], list[bytes]]
) -> None:
    at = f"127.0.0.1:{free_port()}"
    address = f"http://{at}"
    variables, heard = systemd
    program = watched(
        lone_program,
        at,
        WIREWATCH_DATABASE__URL=empty_with_queue,
        WIREWATCH_RUN__TICK_S="0.2",
        WIREWATCH_RUN__LOG_FORMAT="json",
        **variables,
    )
    process = program.start(role)
    try:
        program.wait_until(lambda: get(f"{address}/readyz")[0] == 200)
        assert json.loads(get(f"{address}/healthz")[1]) == {"status": "ok", "role": role}
        told = figures(address)
        program.wait_until(lambda: {b"READY=1", b"WATCHDOG=1"} <= set(heard))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    program.wait_until(lambda: b"STOPPING=1" in heard)
    assert told["wirewatch_ready",] == told["wirewatch_database_up",] == 1
    assert told["wirewatch_queue_jobs", "dead"] == 0
    assert [labels[0] for name, *labels in told if name == "wirewatch_processes"] == [role]
    assert all("time" in json.loads(line) for line in program.log().splitlines())
