"""What the network cannot show: budgets and order, with an exchange that only notes what it is asked."""

from __future__ import annotations

import asyncio

import pytest

from ingest.errand import Answer
from ingest.errors import Permanent, Reason, Transient
from ingest.fetch_settings import FetchSettings
from ingest.model import utc_now
from ingest.polite_get import PoliteGet
from ingest.web import Request


def polite(exchange, time, **settings):
    return PoliteGet(FetchSettings(**settings), exchange=exchange, clock=time.clock, sleep=time.sleep, now=utc_now)


async def test_waiting_for_a_turn_is_not_counted_as_time_of_the_exchange(time):
    budgets = []

    async def exchange(_target, errand, _headers):
        budgets.append(errand.left_s)
        await asyncio.sleep(0.01)
        return Answer(status=200, headers={}, body=b"")

    fetch = polite(exchange, time, pause_s=1000.0, timeout_s=30.0)
    await asyncio.gather(*(fetch.get(Request(url="http://h/", is_feed=True)) for _ in range(5)))
    assert budgets == [30.0] * 5
    assert time.now >= 4000


async def test_hops_share_one_budget(time):
    budgets = []

    async def exchange(target, errand, _headers):
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

    async def exchange(target, _errand, _headers):
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
    async def exchange(_target, errand, _headers):
        raise Transient(Reason.CONNECTION, errand.subject)

    fetch = polite(exchange, time, max_connections=1)
    for _ in range(3):
        with pytest.raises(Transient):
            await fetch.get(Request(url="http://h/", is_feed=True))


@pytest.mark.parametrize(("there", "ends_well"), [("https://hub.example/x", True), ("http://hub.example/x", False)])
async def test_a_form_is_not_carried_from_https_to_http(time, there, ends_well):
    asked = []

    async def exchange(target, errand, _headers):
        asked.append((target.url, errand.method, errand.content))
        if target.path == "/":
            return Answer(status=307, headers={"location": there}, body=b"")
        return Answer(status=202, headers={}, body=b"")

    fetch = polite(exchange, time)
    if ends_well:
        assert (await fetch.post_form("https://hub.example/", [("a", "b")])).url == there
        assert asked[1] == (there, b"POST", b"a=b")
    else:
        with pytest.raises(Permanent, match="from https to http") as caught:
            await fetch.post_form("https://hub.example/", [("a", "b")])
        assert (caught.value.reason, caught.value.status) == (Reason.REDIRECT, 307)
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("there", "is_trusted"),
    [
        ("https://h/b", True),
        ("https://h:443/b", True),
        ("http://h/b", False),
        ("https://h:8443/b", False),
        ("https://www.h/b", False),
        ("//me:pw@other/b", False),
    ],
)
async def test_what_is_private_stays_with_scheme_host_and_port(time, there, is_trusted):
    sent = []

    async def exchange(target, _errand, headers):
        sent.append(dict(headers))
        if target.path == "/a":
            return Answer(status=302, headers={"location": there}, body=b"")
        return Answer(status=200, headers={}, body=b"")

    fetch = polite(exchange, time)
    request = Request(url="https://h/a", is_feed=True, headers=(("X-Key", "k"),), credentials=("me", "pw"))
    await fetch.get(request)
    assert [{b"X-Key", b"Authorization"} <= headers.keys() for headers in sent] == [True, is_trusted]
    assert sent[1].keys() >= {b"X-Key"} or not sent[1].keys() & {b"X-Key", b"Authorization"}


async def test_where_a_redirect_leads_is_told_without_credentials(time):
    async def exchange(_target, _errand, _headers):
        return Answer(status=302, headers={"location": "//me:s3cret@[::1/"}, body=b"")

    with pytest.raises(Permanent) as caught:
        await polite(exchange, time).get(Request(url="http://h/", is_feed=True))
    assert caught.value.reason is Reason.BLOCKED
    assert "s3cret" not in f"{caught.value!r} {vars(caught.value)}"


async def test_a_robots_txt_that_is_out_of_order_does_not_hold_up_feeds(time):
    async def exchange(target, _errand, _headers):
        return Answer(status=503 if target.path == "/robots.txt" else 200, headers={}, body=b"")

    fetch = polite(exchange, time, pause_s=2.0)
    with pytest.raises(Transient) as caught:
        await fetch.get(Request(url="http://h/page"))
    assert caught.value.reason is Reason.ROBOTS
    assert (await fetch.get(Request(url="http://h/feed", is_feed=True))).status == 200
