"""What `once` says of a cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wirewatch.cli.poll import as_row, summary
from wirewatch.cycle import CycleReport, FailedFeed
from wirewatch.fields import REPORT

if TYPE_CHECKING:
    from pathlib import Path

FAILED = FailedFeed(url="https://a.example/", reason="unavailable", detail="503")


def test_feeds_that_are_put_off_are_told_apart_from_those_that_failed() -> None:
    report = CycleReport(polled=13, failed=(FAILED,) * 2, put_off=7)
    assert summary(report).startswith("13 feeds polled, 2 failed, 7 put off · 0 new entries")
    assert summary(CycleReport(polled=1)).startswith("1 feed polled · ")
    row = as_row(report)
    assert list(row) == [column.name for column in REPORT]
    assert row["put_off"] == 7


@pytest.mark.parametrize("options", [(), ("--all",)])
def test_where_all_feeds_are_paused_the_fix_is_told(wirewatch: Any, elsewhere: Path, options: tuple[str, ...]) -> None:
    assert wirewatch("init", "mine").code == 0
    (elsewhere / "mine" / "feeds.toml").write_text('[[feeds]]\nurl = "https://a.example/"\npaused = true\n')
    ended = wirewatch("--config", "mine", "once", *options)
    told = "all feeds are paused; resume one with: wirewatch --config mine feeds resume ADDRESS\n"
    assert (ended.code, ended.err) == (0, told)
