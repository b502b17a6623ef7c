"""Tells systemd how a service stands: ready, reloading, stopping, and that it is not stuck (`sd_notify(3)`).

A datagram to the Unix socket that $NOTIFY_SOCKET names, a path or, with an @, an abstract name. Where there is none,
nothing is sent. What cannot be sent hinders nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from typing import TYPE_CHECKING

from ingest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

log = logging.getLogger(__name__)

#: So long a datagram may wait for room in the queue of the socket, in seconds.
SEND_S = 0.25


class Notifier:
    """Sends to *address*; empty: to nobody. *watchdog_s* is how long systemd waits between two signs of life.

    >>> Notifier("").ready()
    """

    def __init__(self, address: str, *, watchdog_s: float | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s
        self._is_in_vain = False

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """As systemd has set it up; the watchdog only where it is meant for this process."""
        address = environ.get("NOTIFY_SOCKET", "")
        # Other families (vsock) are for virtual machines.
        if not address.startswith(("/", "@")):
            return cls("")
        is_meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        wanted = environ.get("WATCHDOG_USEC", "")
        has_watchdog = is_meant and wanted.isascii() and wanted.isdigit() and int(wanted) > 0
        return cls(address, watchdog_s=int(wanted) / 1e6 if has_watchdog else None)

    def ready(self, status: str = "") -> None:
        """The service is up, or has read its files again."""
        self._send("READY=1", *_status(status))

    def reloading(self) -> None:
        """It has begun to read its files again; `ready` ends that."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        """It has begun to end."""
        self._send("STOPPING=1", *_status(status))

    def alive(self) -> None:
        """It is not stuck."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(SEND_S)
                sender.connect(self._address)
                sender.send("\n".join(lines).encode())
        except OSError as error:
            if not self._is_in_vain:
                log.warning("systemd cannot be told how this service stands: %s", error.strerror or error)
            self._is_in_vain = True
        else:
            self._is_in_vain = False


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={' '.join(text.split())}",) if text else ()


async def keep_watchdog(notifier: Notifier, *, is_turning: Callable[[], bool], write: Callable[[], object]) -> None:
    """Tell systemd twice in its time that this service lives, until cancelled; nothing where it does not ask.

    Only while *is_turning*, and while *write* comes back, which changes nothing in the database: a refusal is an answer
    too, for a database that is away gets no better by a restart of those who ask for it.
    """
    if notifier.watchdog_s is None:
        return
    writing: asyncio.Task[None] | None = None
    while True:
        if writing is None or writing.done():
            writing = asyncio.create_task(_try(write), name="watchdog")
        await asyncio.wait([writing], timeout=notifier.watchdog_s / 4)
        if writing.done() and is_turning():
            notifier.alive()
        await asyncio.sleep(notifier.watchdog_s / 4)


async def _try(write: Callable[[], object]) -> None:
    try:
        await asyncio.to_thread(write)
    except StoreError as error:
        log.debug("the database refuses: %s", error)
    except Exception:
        log.exception("a bug broke the look whether the database can be written")
