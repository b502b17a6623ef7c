"""Dates as feeds and sitemaps write them: what they say, and whether they name a time zone. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

#: What nearly every date ends with.
_COMMON_ENDS = ("GMT", "Z", "+0000", "+00:00")

# An offset counts after a time of day only, or "05-01-2026" would end with one. Abbreviations are those that
# feedparser knows; it takes all others for UTC, as it does a date without any.
_ZONE = re.compile(
    r"""
    (?:
        (?::[0-9]{2} | t[0-9]{2,6}) (?:[.,:][0-9]+)* \s*
        (?: z | (?:gmt|utc?|etc/gmt)? [+-][0-9]{1,2}(?::?[0-9]{2})? )
      | \b (?: (?:etc/)?(?:gmt|utc?) | [aecmp][sd]t | [aecmp]t | mest | met | [zanmy] )
    )
    \s* (?:\([^()]*\))? \s* \Z
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Longer texts are no dates, and are not looked at.
_MAX_DATE = 100
_YEAR_AND_MONTH = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")


def names_zone(date: str) -> bool:
    """Whether *date*, as a feed writes it, names a time zone that is known.

    >>> [names_zone(f"2026-01-05T10:00{zone}") for zone in ("Z", "+02:00", "", " CEST")]
    [True, True, False, False]
    >>> names_zone("Mon, 05 Jan 2026 10:00:00 EST"), names_zone("05-01-2026")
    (True, False)
    """
    return date.endswith(_COMMON_ENDS) or _ZONE.search(date[:_MAX_DATE].strip()) is not None


def read_date(date: str) -> datetime | None:
    """Read a date of RFC 3339, W3C or RFC 2822, as sitemaps and feeds write them; None for the rest.

    The result is naive where no zone is named; a year or a month stands for its first day.

    >>> read_date("2026-01"), read_date("soon")
    (datetime.datetime(2026, 1, 1, 0, 0), None)
    """
    date = date.strip()
    if len(date) > _MAX_DATE:
        return None
    if _YEAR_AND_MONTH.fullmatch(date):
        date = f"{date}-01" if len(date) == 7 else f"{date}-01-01"
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(date)
        except (ValueError, OverflowError):
            continue
    return None
