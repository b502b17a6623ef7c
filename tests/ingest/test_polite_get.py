"""What the network cannot show: budgets and order, with an exchange that only notes what it is asked."""

from __future__ import annotations

import asyncio

import pytest

from ingest.errors import Reason, Transient
from ingest.fetch_settings import FetchSettings
from ingest.model import utc_now
from ingest.polite_get import Answer, PoliteGet
from ingest.web import Request


def polite(exchange, time, **settings):
    return PoliteGet(FetchSettings(**settings), exchange=exchange, clock=time.clock, sleep=time.sleep, now=utc_now)


async def test_waiting_for_a_turn_is_not_counted_as_time_of_the_exchange(time):
    budgets = []

    async def exchange(_target, errand):
        budgets.append(errand.left_s)
        await asyncio.sleep(0.01)
        return Answer(status=200, headers={}, body=b"")

    fetch = polite(exchange, time, pause_s=1000.0, timeout_s=30.0)
    await asyncio.gather(*(fetch.get(Request(url="http://h/", is_feed=True)) for _ in range(5)))
    assert budgets == [30.0] * 5
    assert time.now >= 4000


async def test_hops_share_one_budget(time):
    budgets = []

    async def exchange(target, errand):
        budgets.append(errand.left_s)
        await asyncio.sleep(0.01)
        return Answer(status=302, headers={"location": target.path + "x"}, body=b"")

    fetch = polite(exchange, time, max_redirects=3)
    with pytest.raises(Exception, match="more than 3 redirects"):
        await fetch.get(Request(url="http://h/", is_feed=True))
    assert len(budgets) == 4
    assert budgets == sorted(set(budgets), reverse=True)


async def test_redirects_on_a_host_go_before_those_who_wait(time):
    order = []

    async def exchange(target, _errand):
        order.append(target.path)
        await asyncio.sleep(0)
        if target.path == "/old":
            return Answer(status=301, headers={"location": "/new"}, body=b"")
        return Answer(status=200, headers={}, body=b"")

    fetch = polite(exchange, time)
    paths = ["/old", "/1", "/2", "/3"]
    await asyncio.gather(*(fetch.get(Request(url=f"http://h{path}", is_feed=True)) for path in paths))
    assert order.index("/new") <= 2


async def test_an_error_gives_turn_and_slot_back(time):
    async def exchange(_target, errand):
        raise Transient(Reason.CONNECTION, errand.subject)

    fetch = polite(exchange, time, max_connections=1)
    for _ in range(3):
        with pytest.raises(Transient):
            await fetch.get(Request(url="http://h/", is_feed=True))
