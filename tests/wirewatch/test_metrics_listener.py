"""The listener on a real socket: what is asked right, wrong, halfway; and what is told while the database is away."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.errors import Permanent, Reason, StoreError, Transient
from ingest.model import EntryOutcome, EntryState, Saved, TextFrom
from ingest.placing import Ingested
from ingest.polling import Event, EventKind
from ingest.refresh import Refreshed
from storage.account import Account
from storage.lists.figures import Backlog, FeedFigures, QueueFigures
from wirewatch.database_figures import Answer, LateAnswers, Questions
from wirewatch.errors import ConfigError
from wirewatch.health import Health
from wirewatch.listener import MAX_CALLS, MAX_HEAD_BYTES, Listener, bind
from wirewatch.metrics import FAMILIES, Metrics
from wirewatch.settings import load_settings
from wirewatch.tally import FETCH_BOUNDS_S, Tally


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


@asynccontextmanager
async def service(health=None, tally=None, ask=lambda: Answer(is_up=True)):
    """Gives a function that sends bytes and returns all of the answer."""
    health = health or Health()
    metrics = Metrics(tally or Tally(), health, version="1.0", ask=ask)
    with bind(free_address()) as at:
        host, port = at.getsockname()
        async with Listener(health, metrics).listening(at):

            async def send(request: bytes) -> bytes:
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(request)
                    writer.write_eof()
                    return await reader.read()
                except ConnectionError:
                    return b""
                finally:
                    writer.transport.abort()

            send.address = (host, port)
            yield send


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


async def test_health_says_200_or_503_with_one_line_of_json():
    health = Health("worker", every_s=10)
    async with service(health) as send:
        assert body(await send(b"GET /healthz HTTP/1.1\r\n\r\n")) == '{"status":"ok","role":"worker"}\n'
        answer = await send(b"GET /readyz HTTP/1.1\r\n\r\n")
        assert status(answer) == 503
        assert body(answer) == (
            '{"status":"not ready","role":"worker","rules":null,"tick_age_s":null,'
            '"faults":["it is starting","no rules are in force yet"]}\n'
        )
        health.started()
        health.ticked()
        health.rules = lambda: "abc"
        assert status(await send(b"GET /readyz?verbose HTTP/1.1\r\n\r\n")) == 200


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /metrics/../etc HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"GET /metrics\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\xff\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * (2 * MAX_HEAD_BYTES) + b"\r\n\r\n", 431),
        (b"HEAD /healthz HTTP/1.0\r\n\r\n", 200),
    ],
)
async def test_what_is_asked_wrong_gets_its_status(request_, wanted):
    async with service() as send:
        answer = await send(request_)
        # what is sent beyond the bound may be answered by a reset
        assert (wanted == 431 and not answer) or status(answer) == wanted
        assert wanted != 200 or not body(answer)
        assert status(await send(b"GET /healthz HTTP/1.1\r\n\r\n")) == 200


async def test_half_a_request_gets_nothing_and_ends():
    async with service() as send:
        assert await send(b"GET /metr") == b""


async def test_many_that_ask_nothing_do_not_pile_up():
    async with service() as send:
        idle = [await asyncio.open_connection(*send.address) for _ in range(MAX_CALLS + 8)]
        ended = [asyncio.create_task(reader.read()) for reader, _ in idle]
        done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        assert done, "the call that was one too many"
        for _, writer in idle:
            writer.transport.abort()
        await asyncio.gather(*ended, return_exceptions=True)


# --- figures ----------------------------------------------------------------------------------------


class Everything:
    """Stands for the figures of a database on a server; *troubles* are raised by the methods of these names."""

    def __init__(self, **troubles):
        self._troubles = troubles
        self.asked = []

    def _say(self, name, value):
        self.asked.append(name)
        if name in self._troubles:
            raise self._troubles[name]
        return value

    def feeds(self):
        return self._say("feeds", FeedFigures(by_state={"active": 3}, broken=1, silent=2))

    def feeds_due(self, now):
        return self._say("feeds_due", Backlog(waiting=1, oldest_at=now))

    def entries_due(self, now):
        return self._say("entries_due", Backlog(waiting=4, oldest_at=now.replace(year=now.year - 1)))

    def account(self):
        found = Account(
            seen=8, stored=7, by_state={"done": 7}, by_reason={}, retrying={}, next_retry_at=None, differences=()
        )
        return self._say("account", found)

    def matches(self):
        return self._say("matches", {'a "topic"\n': 5})

    def copies(self):
        return self._say("copies", {"copy": 6})

    def size(self):
        return self._say("size", 1000)

    def queue(self):
        from storage.jobs.model import Depth

        depth = Depth(waiting=1, at_work=2, dead=3)
        return self._say("queue", QueueFigures(depth=depth, processes={("worker", "working"): 2}))


def parsed(answer: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body(answer))
        for sample in family.samples
    }


async def test_every_family_is_told_with_what_was_counted():
    tally = Tally()
    for seconds, reason in ((0.05, None), (0.3, Reason.TIMEOUT), (99.0, None)):
        tally.fetched(seconds, reason)
    tally.polled(Refreshed(feed_id=1, url="u", new=2, found=1, changed=3, events=(gap(),)))
    tally.polled(Refreshed(feed_id=1, url="u", error=Permanent(Reason.NOT_FEED, "u")))
    tally.polled(Refreshed(feed_id=1, url="u", error=Transient(Reason.RATE_LIMITED, "u", was_asked=False)))
    outcome = EntryOutcome(state=EntryState.DONE, reason="paywall", text_from=TextFrom.FEED)
    saved = Saved(article_id=1, story_id=1, is_new_version=True)
    tally.ingested(Ingested(entry_id=1, outcome=outcome, saved=saved, relations=2, matches=3))
    tally.ingested(Ingested(entry_id=1))
    tally.broke()
    questions = Questions(Everything(), wal_bytes=lambda: 10, free_bytes=lambda: 20)
    async with service(tally=tally, ask=questions.ask) as send:
        told = parsed(await send(b"GET /metrics HTTP/1.1\r\n\r\n"))
    names = {name for name, *_ in told}
    assert {each.name for each in FAMILIES if each.kind != "histogram"} <= names
    expected = {
        ("wirewatch_polls_total", "answered"): 1,
        ("wirewatch_polls_total", "failed"): 1,
        ("wirewatch_polls_total", "put_off"): 1,
        ("wirewatch_poll_errors_total", "not_feed"): 1,
        ("wirewatch_feed_events_total", "feed.gap"): 1,
        ("wirewatch_new_entries_total",): 3,
        ("wirewatch_changed_entries_total",): 3,
        ("wirewatch_entry_steps_total", "done"): 1,
        ("wirewatch_entry_steps_total", "none"): 1,
        ("wirewatch_entry_steps_total", "failed"): 0,
        ("wirewatch_entry_errors_total", "paywall"): 1,
        ("wirewatch_articles_total",): 1,
        ("wirewatch_relations_total",): 2,
        ("wirewatch_matches_total",): 3,
        ("wirewatch_bugs_total",): 1,
        ("wirewatch_fetch_errors_total", "timeout"): 1,
        ("wirewatch_fetch_seconds_bucket", "0.05"): 1,
        ("wirewatch_fetch_seconds_bucket", "0.5"): 2,
        ("wirewatch_fetch_seconds_bucket", str(FETCH_BOUNDS_S[-1])): 2,
        ("wirewatch_fetch_seconds_bucket", "+Inf"): 3,
        ("wirewatch_fetch_seconds_count",): 3,
        ("wirewatch_fetch_seconds_sum",): 99.35,
        ("wirewatch_database_up",): 1,
        ("wirewatch_entries", "done"): 7,
        ("wirewatch_entries_seen",): 8,
        ("wirewatch_topic_stories", 'a "topic"\n'): 5,
        ("wirewatch_backlog", "extract"): 4,
        ("wirewatch_queue_jobs", "dead"): 3,
        ("wirewatch_processes", "worker", "working"): 2,
        ("wirewatch_database_wal_bytes",): 10,
    }
    assert {key: told[key] for key in expected} == pytest.approx(expected)
    assert told["wirewatch_backlog_age_seconds", "extract"] >= 365 * 86400


def gap() -> Event:
    return Event(kind=EventKind.GAP, detail="none was there")


async def test_openmetrics_is_told_to_who_asks_for_it():
    async with service() as send:
        answer = await send(b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\r\n")
    assert b"openmetrics-text" in answer.partition(b"\r\n\r\n")[0]
    assert body(answer).endswith("# EOF\n")


async def test_a_database_that_is_away_is_asked_one_question_and_the_scrape_answers():
    figures = Everything(feeds=StoreError("away"))
    async with service(ask=Questions(figures).ask) as send:
        told = parsed(await send(b"GET /metrics HTTP/1.1\r\n\r\n"))
    assert figures.asked == ["feeds"]
    assert told["wirewatch_database_up",] == 0
    assert not any(name == "wirewatch_entries" for name, *_ in told)
    assert told["wirewatch_polls_total", "answered"] == 0


@pytest.mark.parametrize("name", ["feeds_due", "entries_due", "account", "matches", "copies", "size", "queue"])
@pytest.mark.parametrize("trouble", [StoreError("no such table"), ZeroDivisionError("a bug")])
def test_what_cannot_be_said_costs_its_own_figures_alone(name, trouble):
    whole = Questions(Everything()).ask().samples
    answer = Questions(Everything(**{name: trouble})).ask()
    assert answer.is_up
    assert set(whole) - set(answer.samples)
    assert len(answer.samples) >= len(whole) - 2


async def test_the_database_is_asked_again_only_after_a_rest():
    now, asked = [0.0], []

    def ask() -> Answer:
        asked.append(now[0])
        now[0] += 2.0
        return Answer(is_up=True, asked_at=now[0])

    late = LateAnswers(ask, clock=lambda: now[0])
    for _ in range(500):
        await late.get()
        now[0] += 1.0
    gaps = {round(later - earlier) for earlier, later in pairwise(asked)}
    assert gaps == {40}, "2 s of work in 40"


async def test_what_it_last_said_is_told_while_it_takes_its_time():
    import threading

    now, goes_on, answers = [0.0], threading.Event(), iter([Answer(is_up=True, asked_at=1), Answer(asked_at=2)])
    goes_on.set()

    def ask() -> Answer:
        goes_on.wait(30)
        return next(answers)

    late = LateAnswers(ask, clock=lambda: now[0])
    assert (await late.get()).asked_at == 1
    goes_on.clear()
    now[0] = 100.0
    assert (await late.get(wait_s=0.01)).asked_at == 1
    goes_on.set()
    assert (await late.get(wait_s=30)).asked_at == 2


# --- where it listens -------------------------------------------------------------------------------


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "news.example:9464"])
def test_an_address_that_others_reach_is_refused(listen):
    with pytest.raises(ConfigError, match=r"metrics\.allow_remote = true"):
        bind(listen)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "localhost", "[::1]"])
def test_loopback_is_listened_on(host):
    port = free_address().rpartition(":")[2]
    bind(f"{host}:{port}").close()


def test_the_settings_want_an_address(tmp_path):
    from wirewatch.places import ConfigDir

    for key, value in (("METRICS__LISTEN", "9464"), ("RUN__LOG_FORMAT", "xml")):
        with pytest.raises(ConfigError, match=key):
            load_settings(ConfigDir(path=tmp_path, origin="--config"), environ={f"WIREWATCH_{key}": value})
