"""Reads Retry-After and remembers whom not to ask until when. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: No server may send us away for longer; some ask for years, by mistake.
MAX_RETRY_AFTER_S = 7 * 24 * 3600.0
#: Addresses remembered; beyond it, those whose wait ends first are forgotten.
_MAX_REMEMBERED = 10_000


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks us to wait: 0 to 7 days, or None when it does not (or not legibly).

    The header holds seconds or a date. A date counts from the server's own Date header where it sent one,
    so that its clock need not be right.

    >>> from datetime import datetime
    >>> retry_after_s({"retry-after": "120"}, datetime(2026, 10, 1, tzinfo=UTC))
    120.0
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        # Hundreds of digits are still "long": int() would refuse thousands of them.
        return min(float(value[:300]), MAX_RETRY_AFTER_S)
    until = _read_date(value)
    if until is None:
        return None
    sent = _read_date(headers.get("date", "")) or now
    return min(max((until - sent).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def _read_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@dataclass(slots=True)
class _HostWait:
    """The last wait that a host asked for, and whether it holds for all of its addresses."""

    url: str
    until: float
    holds: bool = False


class RefusalMemory:
    """Which addresses have asked us to wait, and until when.

    A wait holds for the address that was refused. When a second address of the same host is refused within
    the wait, it holds for the whole host. Times are seconds of any one clock that never goes back.
    """

    def __init__(self, *, max_remembered: int = _MAX_REMEMBERED) -> None:
        self._max = max_remembered
        self._urls: dict[str, float] = {}
        self._hosts: dict[str, _HostWait] = {}

    def refused(self, url: str, host: str, *, now: float, until: float) -> None:
        """Note that *host* has refused *url* and asks to be left alone until *until*."""
        self.wait_for(url, now=now, until=until)
        known = self._hosts.get(host)
        if known is None or known.until <= now:
            self._hosts[host] = _HostWait(url, until)
        else:
            known.holds = known.holds or known.url != url
            known.until = max(known.until, until)
        if len(self._hosts) > self._max:
            self._hosts = dict(sorted(self._hosts.items(), key=lambda item: item[1].until)[-self._max // 2 :])

    def wait_for(self, url: str, *, now: float, until: float) -> None:
        """Note the wait for *url* alone: it leads, by redirects, to one that was refused."""
        self._urls[url] = max(until, self._urls.get(url, now))
        if len(self._urls) > self._max:
            self._urls = dict(sorted(self._urls.items(), key=lambda item: item[1])[-self._max // 2 :])

    def remaining_s(self, url: str, host: str, now: float) -> float:
        """Return the seconds for which *url* must not be asked for; 0.0 when it may be."""
        until = self._urls.get(url, now)
        known = self._hosts.get(host)
        if known is not None and known.holds:
            until = max(until, known.until)
        return max(until - now, 0.0)
