"""--since and --until: every documented form, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirewatch.output import timestamp
from wirewatch.timespec import DAYS, parse_when

#: a Sunday
NOW = datetime(2026, 11, 22, 14, 30, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("90m", UTC, "2026-11-22T13:00:05"),
        ("36h", UTC, "2026-11-21T02:30:05"),
        ("2d", UTC, "2026-11-20T14:30:05"),
        ("1w", UTC, "2026-11-15T14:30:05"),
        ("0m", UTC, "2026-11-22T14:30:05"),
        ("today", UTC, "2026-11-22T00:00:00"),
        ("today", BERLIN, "2026-11-21T23:00:00"),
        ("yesterday", UTC, "2026-11-21T00:00:00"),
        ("Yesterday ", UTC, "2026-11-21T00:00:00"),
        ("sunday", UTC, "2026-11-22T00:00:00"),
        ("monday", UTC, "2026-11-16T00:00:00"),
        ("saturday", BERLIN, "2026-11-20T23:00:00"),
        ("2026-11-01", UTC, "2026-11-01T00:00:00"),
        ("2026-10-25", BERLIN, "2026-10-24T22:00:00"),
        ("2026-11-01T10:20Z", BERLIN, "2026-11-01T10:20:00"),
        ("2026-11-01T10:20:30+02:00", UTC, "2026-11-01T08:20:30"),
        ("2026-11-01 10:20:30.5-03:30", UTC, "2026-11-01T13:50:30.500000"),
        ("2026-11-01T10:20", BERLIN, "2026-11-01T09:20:00"),
        ("2026-07-01 10:20", BERLIN, "2026-07-01T08:20:00"),
        ("2026-11-01 10:20:30.250000", UTC, "2026-11-01T10:20:30.250000"),
    ],
)
def test_every_form(text, zone, expected):
    when = parse_when(text, now=NOW, zone=zone)
    assert when == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert when.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", "2", "d", "-2d", "2 d", "2y", "1.5h", "last 24 hours", "tomorrow", "mon", "01/11/2026", "2026-13-01",
     "2026-02-30", "20261101", "2026-W47", "2026-11-01T25:00Z", "2026-11-01T10:20:30+99:00", "now",
     "٢d", "9999999d", "999999w", "2026-11-01T10Z", "1M", "36H", "1W", "2026-11-01T25:00", "2026-11-01 1:20"],
)  # fmt: skip
def test_anything_else_is_refused_with_the_list_of_forms(text):
    with pytest.raises(ValueError, match="use 90m, 36h, 2d, 1w"):
        parse_when(text, now=NOW, zone=UTC)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # made aware below
def test_a_time_is_read_as_the_program_prints_it(naive):
    """In JSON with Z; in a table in the zone of the settings, and there to the minute."""
    moment = naive.replace(tzinfo=UTC)
    assert parse_when(timestamp(moment), now=NOW, zone=BERLIN) == moment
    minute = moment.replace(second=0, microsecond=0)
    shown = minute.astimezone(BERLIN)
    if not shown.fold:
        assert parse_when(shown.strftime("%Y-%m-%d %H:%M"), now=NOW, zone=BERLIN) == minute


@given(st.text(max_size=30))
def test_any_text_gives_a_moment_in_utc_or_a_value_error(text):
    try:
        when = parse_when(text, now=NOW, zone=BERLIN)
    except ValueError:
        return
    assert when.utcoffset() == timedelta(0)


@given(st.sampled_from(DAYS), st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # made aware below
def test_a_weekday_is_the_latest_that_has_begun(day, naive):
    now = naive.replace(tzinfo=BERLIN)
    when = parse_when(day, now=now, zone=BERLIN)
    local = when.astimezone(BERLIN)
    assert DAYS[local.weekday()] == day
    assert (local.hour, local.minute) == (0, 0)
    assert when <= now.astimezone(UTC)
    assert now.date() - local.date() < timedelta(days=7)


def test_a_day_without_midnight_begins_when_its_clock_begins():
    """In Beirut the clock goes from 0:00 to 1:00 on 29 March 2026."""
    when = parse_when("2026-03-29", now=NOW, zone=ZoneInfo("Asia/Beirut"))
    assert when == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
