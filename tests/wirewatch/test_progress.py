"""A sign of life for people, and no flood."""

from __future__ import annotations

import io
import sys

import pytest

from wirewatch.cli import progress
from wirewatch.cli.progress import SHOWN_S, Progress


class Terminal(io.StringIO):
    """Standard error that people look at."""

    def isatty(self) -> bool:
        return True


def look(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Sit down at a terminal; not in a fixture, after which pytest puts its own standard error in place."""
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    return out


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The one time that it is, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def lines(out: Terminal) -> list[str]:
    return out.getvalue().split("\r\x1b[K")[1:]


def test_of_many_in_a_moment_the_first_and_the_last_are_shown(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    terminal = look(monkeypatch)
    with Progress(0, "articles") as shown:
        for number in range(1, 1001):
            clock[0] += SHOWN_S / 250
            shown.show(number, 1000)
    assert lines(terminal)[0] == "0/0 articles"
    assert lines(terminal)[-2:] == ["1000/1000 articles", ""]
    assert 5 <= len(lines(terminal)) <= 8


def test_what_takes_its_time_is_shown_each(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    terminal = look(monkeypatch)
    with Progress(3, "feeds") as shown:
        for _ in range(3):
            clock[0] += 2 * SHOWN_S
            shown.step()
    assert lines(terminal) == ["0/3 feeds", "1/3 feeds", "2/3 feeds", "3/3 feeds", ""]


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1, "feeds") as shown:
        shown.step()
    assert capsys.readouterr().err == ""
