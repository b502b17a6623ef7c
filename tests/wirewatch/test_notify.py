"""What systemd is told, over a real Unix datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import uuid
from contextlib import closing

import pytest

from ingest.errors import StoreError
from wirewatch.notify import Notifier, keep_watchdog


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """Listens as systemd does; gives the name of its socket, and what it was told."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@wirewatch-{uuid.uuid4()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(name.replace("@", "\0"))
        listening.settimeout(30)
        yield name, lambda: listening.recv(4096).decode()


def test_each_state_is_one_datagram(systemd):
    name, hear = systemd
    notifier = Notifier.of({"NOTIFY_SOCKET": name})
    notifier.ready("3 feeds\nWATCHDOG=trigger")
    assert hear() == "READY=1\nSTATUS=3 feeds WATCHDOG=trigger", "a text cannot bring a line of its own"
    notifier.reloading()
    first, second = hear().split("\n")
    assert (first, second.startswith("MONOTONIC_USEC=")) == ("RELOADING=1", True)
    notifier.alive()
    assert hear() == "WATCHDOG=1"
    notifier.stopping()
    assert hear() == "STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative/path", "vsock:2:1"])
def test_nothing_is_sent_where_nobody_listens(address):
    Notifier.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"}).ready()
    assert Notifier.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"}).watchdog_s is None


def test_a_socket_that_is_gone_is_told_once_and_hinders_nothing(tmp_path, caplog):
    notifier = Notifier(str(tmp_path / "gone"))
    notifier.ready()
    notifier.alive()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_the_one_that_systemd_asks_for(environ, wanted):
    assert Notifier.of({"NOTIFY_SOCKET": "/run/notify", **environ}).watchdog_s == wanted


class Told(Notifier):
    """Counts signs of life."""

    def __init__(self, watchdog_s: float | None) -> None:
        super().__init__("", watchdog_s=watchdog_s)
        self.signs = 0
        self.heard = asyncio.Event()

    def alive(self) -> None:
        self.signs += 1
        self.heard.set()


async def test_without_a_watchdog_nothing_is_written():
    await keep_watchdog(Told(None), is_turning=lambda: True, write=lambda: 1 / 0)


@pytest.mark.parametrize("refusal", [None, StoreError("away"), ZeroDivisionError("a bug")])
async def test_it_lives_while_ticks_end_and_writes_come_back_also_refused(refusal):
    def write() -> None:
        if refusal is not None:
            raise refusal

    told = Told(0.02)
    task = asyncio.create_task(keep_watchdog(told, is_turning=lambda: True, write=write))
    await asyncio.wait_for(told.heard.wait(), 30)
    task.cancel()


async def test_without_ticks_there_is_no_sign_of_life():
    told, looks = Told(0.02), []
    looked = asyncio.Event()

    def is_turning() -> bool:
        looks.append(told.signs)
        if len(looks) > 2:
            looked.set()
        return len(looks) == 1

    task = asyncio.create_task(keep_watchdog(told, is_turning=is_turning, write=lambda: None))
    await asyncio.wait_for(looked.wait(), 30)
    task.cancel()
    assert told.signs == 1


async def test_while_a_write_hangs_there_is_no_sign_of_life_and_no_second_write():
    told, goes_on, begun = Told(0.02), threading.Event(), []

    def write() -> None:
        begun.append(told.signs)
        goes_on.wait(30)

    task = asyncio.create_task(keep_watchdog(told, is_turning=lambda: True, write=write))
    # so many rounds of the loop of the watchdog have gone by
    for _ in range(5):
        await asyncio.sleep(told.watchdog_s)
    assert (told.signs, begun) == (0, [0])
    goes_on.set()
    await asyncio.wait_for(told.heard.wait(), 30)
    task.cancel()
