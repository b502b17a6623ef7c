"""Reads the dates of HTTP headers. Pure."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def read_http_date(text: str) -> datetime | None:
    """Return the moment, in UTC, or None for what is no date ("0", "-1", and whatever else servers send).

    Takes all three forms of RFC 9110, section 5.6.7, and other zones than GMT.

    >>> read_http_date("Thu, 01 Oct 2026 12:10:00 GMT")
    datetime.datetime(2026, 10, 1, 12, 10, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
