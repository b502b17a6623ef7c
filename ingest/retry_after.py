"""Reads Retry-After and remembers whom not to ask until when. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.http_dates import read_http_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

#: No server may send us away for longer; some ask for years, by mistake.
MAX_RETRY_AFTER_S = 7 * 24 * 3600.0
#: A host that refuses without saying until when is left alone for so long …
BACK_OFF_S = 60.0
#: … which is doubled at each refusal in a row, up to this.
MAX_BACK_OFF_S = 3600.0
#: Addresses remembered; beyond it, those whose wait ends first are forgotten.
_MAX_REMEMBERED = 10_000


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks us to wait: 0 to 7 days, or None when it does not (or not legibly).

    The header holds seconds or a date (RFC 9110, section 10.2.3). A date counts from the server's own Date header
    where it sent one, so that its clock need not be right.

    >>> from datetime import UTC, datetime
    >>> retry_after_s({"retry-after": "120"}, datetime(2026, 10, 1, tzinfo=UTC))
    120.0
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        # Hundreds of digits are still "long": int() would refuse thousands of them.
        return min(float(value[:300]), MAX_RETRY_AFTER_S)
    until = read_http_date(value)
    if until is None:
        return None
    sent = read_http_date(headers.get("date", "")) or now
    return min(max((until - sent).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """An address that asked to be left alone."""

    url: str
    #: empty: the wait says nothing about the host, see `RefusalMemory.wait_for`
    host: str
    until: float
    #: it holds for all addresses of the host
    holds: bool


@dataclass(slots=True)
class _HostWait:
    """The last wait that a host asked for, and whether it holds for all of its addresses."""

    url: str
    until: float
    holds: bool = False


@dataclass(slots=True)
class _BackOff:
    """How a host stands that refuses without saying until when."""

    until: float
    #: how long it is left alone at the next refusal, unless that is longer than MAX_BACK_OFF_S
    next_s: float


class RefusalMemory:
    """Which addresses have asked us to wait, and until when.

    A wait holds for the address that was refused. When a second address of the same host is refused within
    the wait, it holds for the whole host. A host that refuses without saying until when is left alone as a whole,
    for a short while first. Times are seconds of any one clock that never goes back.

    *waits* are those of an earlier run, as `take_changes` gave them. A back-off that is under way is among them; after
    it, the next run begins with a short one again.
    """

    def __init__(self, waits: Iterable[Wait] = (), *, max_remembered: int = _MAX_REMEMBERED) -> None:
        self._max = max_remembered
        #: until when, and the host that it speaks about
        self._urls: dict[str, tuple[float, str]] = {}
        self._hosts: dict[str, _HostWait] = {}
        self._back_offs: dict[str, _BackOff] = {}
        #: back-offs since `take_changes`, by host
        self._silent: dict[str, Wait] = {}
        self._changed: dict[str, None] = {}
        for wait in waits:
            self._restore(wait)

    def learn(self, waits: Iterable[Wait]) -> None:
        """Take up *waits* that others were asked for, as far as they are longer than those that are known."""
        for wait in waits:
            until, _ = self._urls.get(wait.url, (0.0, ""))
            if wait.until > until:
                self._restore(wait)

    def refused(self, url: str, host: str, *, now: float, until: float) -> None:
        """Note that *host* has refused *url* and asks to be left alone until *until*."""
        until = self._note(url, host, now=now, until=until)
        known = self._hosts.get(host)
        if known is None or known.until <= now:
            self._hosts[host] = _HostWait(url, until)
        else:
            known.holds = known.holds or known.url != url
            self._prolong(known, until)
        if len(self._hosts) > self._max:
            self._hosts = dict(sorted(self._hosts.items(), key=lambda item: item[1].until)[-self._max // 2 :])

    def wait_for(self, url: str, *, now: float, until: float) -> None:
        """Note the wait for *url* alone: it leads, by redirects, to one that was refused."""
        _, host = self._urls.get(url, (now, ""))
        known = self._hosts.get(host)
        if known is None or known.until <= now:
            self._note(url, "", now=now, until=until)
        else:
            # What is stored of an address has one date for it and for its host.
            self._prolong(known, self._note(url, host, now=now, until=until))

    def refused_silently(self, url: str, host: str, *, now: float) -> None:
        """Note that *host* refuses *url* (429, 503) and does not say until when.

        It is left alone for a minute, at each further refusal for twice as long, up to an hour.
        """
        known = self._back_offs.get(host)
        wait_s = min(BACK_OFF_S if known is None else known.next_s, MAX_BACK_OFF_S)
        if known is not None and known.until > now:
            return
        self._back_offs[host] = _BackOff(now + wait_s, 2 * wait_s)
        self._silent[host] = Wait(url=url, host=host, until=now + wait_s, holds=True)
        if len(self._back_offs) > self._max:
            self._back_offs = dict(sorted(self._back_offs.items(), key=lambda item: item[1].until)[-self._max // 2 :])
            self._silent = {host: wait for host, wait in self._silent.items() if host in self._back_offs}

    def answered(self, host: str) -> None:
        """Note that *host* answers as it should; its next refusal is a first one."""
        if self._back_offs:
            self._back_offs.pop(host, None)
            self._silent.pop(host, None)

    def remaining_s(self, url: str, host: str, now: float) -> float:
        """Return the seconds for which *url* must not be asked for; 0.0 when it may be."""
        until, _ = self._urls.get(url, (now, ""))
        known = self._hosts.get(host)
        if known is not None and known.holds:
            until = max(until, known.until)
        back_off = self._back_offs.get(host)
        if back_off is not None:
            until = max(until, back_off.until)
        return max(until - now, 0.0)

    def take_changes(self, now: float) -> tuple[Wait, ...]:
        """Return the waits that are new or longer since the last call, and not over at *now*."""
        changed, self._changed = self._changed, {}
        silent, self._silent = self._silent, {}
        # Of two about one address the last is stored, which is the wider one.
        waits = (*(self._wait(url) for url in changed), *silent.values())
        return tuple(wait for wait in waits if wait is not None and wait.until > now)

    def _prolong(self, known: _HostWait, until: float) -> None:
        known.until = max(known.until, until)
        self._changed[known.url] = None

    def _note(self, url: str, host: str, *, now: float, until: float) -> float:
        """Note the wait, and return when it ends: maybe later, as an earlier one said."""
        known_until, _ = self._urls.get(url, (now, host))
        until = max(until, known_until)
        self._urls[url] = until, host
        self._changed[url] = None
        if len(self._urls) > self._max:
            self._urls = dict(sorted(self._urls.items(), key=lambda item: item[1])[-self._max // 2 :])
            self._changed = {url: None for url in self._changed if url in self._urls}
        return until

    def _wait(self, url: str) -> Wait | None:
        if url not in self._urls:
            return None
        until, host = self._urls[url]
        known = self._hosts.get(host)
        if known is None or known.url != url:
            return Wait(url=url, host=host, until=until, holds=False)
        # One row says both: while the host has to be left alone, so has this address.
        return Wait(url=url, host=host, until=max(until, known.until) if known.holds else until, holds=known.holds)

    def _restore(self, wait: Wait) -> None:
        self._urls[wait.url] = wait.until, wait.host
        if not wait.host:
            return
        known = self._hosts.get(wait.host)
        if known is None or (wait.holds and not known.holds):
            until = wait.until if known is None else max(wait.until, known.until)
            self._hosts[wait.host] = _HostWait(wait.url, until, wait.holds)
        else:
            known.until = max(known.until, wait.until)
