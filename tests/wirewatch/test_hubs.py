"""Subscriptions at hubs, and their calls over a real listener."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.errors import Permanent, Reason, StoreError, Transient
from ingest.subscription import HubFeed, SubscriptionState
from wirewatch.callback import listening, make_listener
from wirewatch.websub import MAX_WAITING, MAX_WAITING_BYTES, RENEW_EVERY_S, Hubs

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HUB = "https://hub.example/"
TOPIC = "https://news.example/feed"
BODY = b"<rss/>"


@dataclass
class Desk:
    """A store, a hub and a pipeline in memory."""

    feeds: list = field(default_factory=lambda: [HubFeed(feed_id=1, hub=HUB, topic=TOPIC)])
    stored: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    read: list = field(default_factory=list)
    refuse: Exception | None = None
    #: what the database says
    broken: Exception | None = None
    now: datetime = NOW
    drawn: int = 0
    has_room: bool = True

    def hub_feeds(self):
        return self.feeds

    def subscriptions(self):
        return tuple(self.stored.values())

    def save_subscription(self, subscription):
        if self.broken:
            raise self.broken
        self.stored[subscription.feed_id] = subscription

    def drop_subscription(self, feed_id):
        del self.stored[feed_id]

    async def post_form(self, url, fields):
        self.asked.append((url, dict(fields)))
        if self.refuse:
            raise self.refuse
        return object()

    async def accept_push(self, feed_id, page):
        if self.refuse:
            raise self.refuse
        self.read.append((feed_id, page))

    def draw(self):
        self.drawn += 1
        return f"drawn{self.drawn}"

    def hubs(self):
        return Hubs(
            store=self,
            post=self,
            pipeline=self,
            callback="https://us.example/websub",
            has_room=lambda: self.has_room,
            clock=lambda: self.now,
            draw=self.draw,
        )


def question(**change):
    asks = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "why?", "hub.lease_seconds": "864000"}
    return asks | change


def signed(body, secret="drawn2"):
    return {"x-hub-signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


@pytest.fixture
def desk():
    return Desk()


async def test_a_subscription_from_asking_to_renewal(desk):
    hubs = desk.hubs()
    await hubs.load()
    await hubs.renew()
    ((url, fields),) = desk.asked
    assert (url, fields["hub.callback"], fields["hub.secret"]) == (HUB, "https://us.example/websub/drawn1", "drawn2")
    assert desk.stored[1].state is SubscriptionState.PENDING
    assert (await hubs.verified("drawn1", question())).body == "why?"
    assert desk.stored[1].state is SubscriptionState.ACTIVE
    await hubs.renew()
    assert len(desk.asked) == 1
    desk.now += timedelta(days=9, hours=12)
    await hubs.renew()
    assert desk.asked[1] == desk.asked[0]
    assert desk.stored[1].state is SubscriptionState.ACTIVE


async def test_a_short_lease_is_renewed_before_its_end_by_the_looks_that_are_made(desk):
    hubs = desk.hubs()
    await hubs.renew()
    for _ in range(30):
        await hubs.verified("drawn1", question(**{"hub.lease_seconds": "100"}))
        end, asked = desk.stored[1].lease_until, len(desk.asked)
        while len(desk.asked) == asked:
            desk.now += timedelta(seconds=RENEW_EVERY_S)
            await hubs.renew()
        assert desk.now < end
    assert desk.stored[1].state is SubscriptionState.ACTIVE


async def test_a_restart_goes_on_where_it_stood(desk):
    before = desk.hubs()
    await before.renew()
    after = desk.hubs()
    await after.load()
    await after.renew()
    assert len(desk.asked) == 1
    assert (await after.verified("drawn1", question())).status == 200


async def test_a_hub_that_cannot_be_asked_is_said(desk):
    desk.refuse = Transient(Reason.CONNECTION, HUB, "no connection")
    hubs = desk.hubs()
    await hubs.renew()
    assert (desk.stored[1].state, desk.stored[1].problem) == ("pending", "no connection")


async def test_what_a_hub_repeats_of_our_secrets_is_not_told(desk, caplog):
    desk.refuse = Permanent(Reason.HTTP_CLIENT, HUB, "the hub says: no drawn1, no drawn2 (400)")
    hubs = desk.hubs()
    await hubs.renew()
    assert desk.stored[1].problem == "the hub says: no …, no … (400)"
    await hubs.verified("drawn1", question() | {"hub.mode": "denied", "hub.reason": "drawn2?"})
    assert "refuses: …?" in caplog.text
    assert "drawn" not in caplog.text


async def test_a_feed_that_is_gone_is_forgotten(desk):
    hubs = desk.hubs()
    await hubs.renew()
    desk.feeds = []
    await hubs.renew()
    assert desk.stored == {}
    assert not hubs.knows("drawn1")
    assert (await hubs.verified("drawn1", question())).status == 404


async def test_what_the_database_cannot_keep_does_not_hold(desk, caplog):
    hubs = desk.hubs()
    desk.broken = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await hubs.renew()
    assert (desk.asked, hubs.knows("drawn1")) == ([], False)
    desk.broken = None
    await hubs.renew()
    assert len(desk.asked) == 1, "asked for at the next look"
    desk.broken = StoreError("the disk is full")
    async with listener(hubs) as port:
        assert (await call(port, "GET", f"/websub/drawn3?{QUERY}"))[0] == 503, "the hub asks back again"
    assert "the disk is full" in caplog.text
    assert "Traceback" not in caplog.text
    assert "drawn" not in caplog.text
    desk.broken = None
    desk.now += timedelta(hours=7)
    await hubs.renew()
    assert len(desk.asked) == 2, "it has not begun"


async def test_what_the_hub_said_meanwhile_is_not_lost_when_the_asking_fails(desk):
    hubs = desk.hubs()

    async def verified_then_cut_off(_, fields):
        token = dict(fields)["hub.callback"].rpartition("/")[2]
        assert desk.stored[1].token == token, "stored before it is asked for"
        assert (await hubs.verified(token, question())).status == 200
        raise Transient(Reason.TIMEOUT, HUB, "no answer")

    desk.post_form = verified_then_cut_off
    await hubs.renew()
    assert (desk.stored[1].state, desk.stored[1].problem) == ("active", "no answer")


async def test_a_refusal_by_the_hub_is_kept(desk):
    hubs = desk.hubs()
    await hubs.renew()
    await hubs.verified("drawn1", question() | {"hub.mode": "denied", "hub.reason": "not you"})
    assert (desk.stored[1].state, desk.stored[1].problem) == ("denied", "not you")


@asynccontextmanager
async def working(hubs):
    task = asyncio.create_task(hubs.work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_push_is_read_when_it_is_signed(desk):
    hubs = desk.hubs()
    await hubs.renew()
    headers = signed(BODY) | {"content-type": "application/rss+xml", "cookie": "x"}
    assert (await hubs.verified("drawn1", question())).status == 200
    async with working(hubs):
        assert hubs.pushed("drawn1", headers, BODY) == 202
        assert hubs.pushed("drawn1", signed(b"other"), BODY) == 202
        assert hubs.pushed("drawn1", {}, BODY) == 202
        assert hubs.pushed("unknown", headers, BODY) == 410
        await hubs.settle()
    ((feed_id, page),) = desk.read
    assert (feed_id, page.url, page.body, dict(page.headers)) == (
        1,
        TOPIC,
        BODY,
        {"content-type": "application/rss+xml"},
    )
    assert (desk.stored[1].state, desk.stored[1].last_push_at) == ("active", NOW)


async def test_what_the_hub_says_while_a_push_waits_is_not_undone_by_it(desk):
    hubs = desk.hubs()
    await hubs.renew()
    assert hubs.pushed("drawn1", signed(BODY), BODY) == 202
    await hubs.verified("drawn1", question() | {"hub.mode": "denied", "hub.reason": "enough"})
    async with working(hubs):
        await hubs.settle()
    held = desk.stored[1]
    assert (held.state, held.problem, held.last_push_at) == ("denied", "enough", NOW)


@pytest.mark.parametrize(
    "error", [Permanent(Reason.NOT_FEED, TOPIC, "no"), LookupError("no feed 1"), ZeroDivisionError()]
)
async def test_a_push_that_cannot_be_read_stops_nothing(desk, error, caplog):
    hubs = desk.hubs()
    await hubs.renew()
    async with working(hubs):
        desk.refuse = error
        hubs.pushed("drawn1", signed(BODY), BODY)
        await hubs.settle()
        desk.refuse = None
        hubs.pushed("drawn1", signed(BODY), BODY)
        await hubs.settle()
    assert len(desk.read) == 1
    assert TOPIC in caplog.text
    assert "drawn2" not in caplog.text


async def test_more_pushes_than_can_wait_are_sent_away(desk):
    hubs = desk.hubs()
    await hubs.renew()
    assert {hubs.pushed("drawn1", signed(BODY), BODY) for _ in range(MAX_WAITING)} == {202}
    assert hubs.pushed("drawn1", signed(BODY), BODY) == 503


async def test_large_pushes_wait_only_while_there_is_room_for_them(desk):
    hubs = desk.hubs()
    await hubs.renew()
    large = b"x" * (MAX_WAITING_BYTES - 1)
    assert hubs.pushed("drawn1", signed(large), large) == 202
    assert hubs.pushed("drawn1", signed(b"yy"), b"yy") == 503
    assert hubs.pushed("drawn1", signed(b"y"), b"y") == 202
    async with working(hubs):
        await hubs.settle()
        assert hubs.pushed("drawn1", signed(large), large) == 202, "there is room again"


async def test_nothing_is_taken_while_the_disk_is_nearly_full(desk):
    hubs = desk.hubs()
    await hubs.renew()
    desk.has_room = False
    assert hubs.pushed("drawn1", signed(BODY), BODY) == 503
    desk.has_room = True
    assert hubs.pushed("drawn1", signed(BODY), BODY) == 202


# --- over the wire ----------------------------------------------------------------------------------


@asynccontextmanager
async def listener(hubs, max_bytes=1000, body_s=60.0):
    with socket.socket() as at:
        at.bind(("127.0.0.1", 0))
        at.listen()
        async with listening(make_listener(hubs, max_bytes=max_bytes, body_s=body_s), at), working(hubs):
            yield at.getsockname()[1]


async def call(port, method, target, body=b"", **headers):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    given = {"Host": "us.example", "Connection": "close", "Content-Length": str(len(body))}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    writer.write(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, answered = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), answered


QUERY = "hub.mode=subscribe&hub.topic=https%3A%2F%2Fnews.example%2Ffeed&hub.challenge=%3Cb%3E&hub.lease_seconds=9999"


async def test_a_hub_asks_back_and_pushes(desk):
    hubs = desk.hubs()
    await hubs.renew()
    async with listener(hubs) as port:
        status, head, body = await call(port, "GET", f"/websub/drawn1?{QUERY}")
        assert (status, body) == (200, b"<b>")
        assert "text/plain" in head
        assert "nosniff" in head
        assert (await call(port, "GET", f"/websub/other?{QUERY}"))[0] == 404
        signature = signed(BODY)["x-hub-signature"]
        assert (await call(port, "POST", "/websub/drawn1", BODY, X_Hub_Signature=signature))[0] == 202
        packed = gzip.compress(BODY)
        assert (await call(port, "POST", "/drawn1", packed, X_Hub_Signature=signature, Content_Encoding="gzip"))[
            0
        ] == 202
        assert (await call(port, "POST", "/websub/other", BODY, X_Hub_Signature=signature))[0] == 410
        assert (await call(port, "PUT", "/websub/drawn1", BODY))[0] == 405
        await hubs.settle()
    assert [page.body for _, page in desk.read] == [BODY, BODY]


@pytest.mark.parametrize(
    ("body", "coding"), [(b"x" * 1001, ""), (gzip.compress(b"x" * 100_000), "gzip"), (b"no gzip", "gzip"), (b"", "zip")]
)
async def test_a_body_that_is_too_large_or_broken_is_refused(desk, body, coding):
    hubs = desk.hubs()
    await hubs.renew()
    async with listener(hubs) as port:
        headers = signed(body) | ({"Content-Encoding": coding} if coding else {})
        assert (await call(port, "POST", "/drawn1", body, **headers))[0] == 413
        await hubs.settle()
    assert desk.read == []


async def test_a_body_that_does_not_come_is_not_waited_for(desk):
    hubs = desk.hubs()
    await hubs.renew()
    async with listener(hubs, body_s=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /drawn1 HTTP/1.1\r\nHost: us.example\r\nContent-Length: 100\r\n\r\n<rss")
        async with asyncio.timeout(30):
            assert (await reader.readline()).split()[1] == b"408"
        writer.close()
    assert desk.read == []


async def test_a_feed_with_another_topic_gets_another_address(desk):
    hubs = desk.hubs()
    await hubs.renew()
    desk.now += timedelta(days=1)
    desk.feeds = [replace(desk.feeds[0], topic="https://news.example/other")]
    await hubs.renew()
    assert desk.stored[1].topic == "https://news.example/other"
    assert not hubs.knows("drawn1")
    assert hubs.knows("drawn3")
