"""What may stand after --since and --until. A small strict grammar: it refuses what could be read in two ways."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, tzinfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FORMS = (
    "90m, 36h, 2d, 1w (so long ago), today, yesterday, monday … sunday (midnight that began it), "
    "2026-11-22, 2026-11-22 14:30 (in the time zone of the settings), 2026-11-22T14:30Z or 2026-11-22T14:30+02:00"
)

_AGO = re.compile(r"([0-9]{1,6})([mhdw])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_when(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment, in UTC, that *text* names, seen from *now*.

    A day begins at midnight in *zone*, where a time without an offset is too; a weekday is the latest one that
    has begun. Units are lower case: who writes 1M may mean a month. Raises ValueError that lists the forms.

    >>> now = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    >>> parse_when("36h", now=now, zone=UTC).isoformat()
    '2026-11-21T02:30:00+00:00'
    >>> parse_when("monday", now=now, zone=UTC).isoformat()
    '2026-11-16T00:00:00+00:00'
    """
    word = text.strip().lower()
    try:
        if ago := _AGO.fullmatch(text.strip()):
            return (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).astimezone(UTC)
        today = now.astimezone(zone).date()
        if word == "today":
            return _midnight(today, zone)
        if word == "yesterday":
            return _midnight(today - timedelta(days=1), zone)
        if word in DAYS:
            return _midnight(today - timedelta(days=(today.weekday() - DAYS.index(word)) % 7), zone)
        if _DATE.fullmatch(word):
            return _midnight(datetime.strptime(word, "%Y-%m-%d").date(), zone)  # noqa: DTZ007  # a date has no zone
        if _DATETIME.fullmatch(word):
            moment = datetime.fromisoformat(word.upper())
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise ValueError(f"{text!r} is no moment; use {FORMS}") from e
    raise ValueError(f"{text!r} is no moment; use {FORMS}")


def day_begin(days_ago: int, *, now: datetime, zone: tzinfo) -> datetime:
    """Return the midnight in *zone*, in UTC, that began the day so many days before today.

    >>> day_begin(6, now=datetime(2026, 11, 22, 14, 30, tzinfo=UTC), zone=UTC).isoformat()
    '2026-11-16T00:00:00+00:00'
    """
    return _midnight(now.astimezone(zone).date() - timedelta(days=days_ago), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
