"""Several processes on one PostgreSQL: they come to what one comes to, politely, whoever of them is killed."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from sqlalchemy import create_engine

from ingest.model import utc_now
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.demo.server import LoopbackServer, WebAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wirewatch.demo.server import WebRequest

BENCH = Path(__file__).parents[2] / "bench"

# Parts of a program of its own, not a package.
sys.path.append(str(BENCH))
try:
    from storing import natural, station, world
finally:
    sys.path.remove(str(BENCH))

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

#: What one run keeps of how it went, and no other can have alike.
OF_THE_RUN = {"host_turn", "worker", "poll", "host_wait"}


@pytest.fixture
def new_url(server: str, postgresql_server: Any) -> Iterator[Callable[[], str]]:
    """Makes a database with our tables and those of the queue, and returns its address."""
    with ExitStack() as stack:

        def make() -> str:
            url: str = stack.enter_context(postgresql_server.new_database(server))
            upgrade(url)
            with Store(url) as store:
                store.jobs.rebuild()
            return url

        yield make


def is_all_done(store: Store, url: str, entries: int) -> bool:
    """Whether that many entries were seen, and nothing is due, waits or is at work."""
    depth = store.jobs.depth()
    is_due = store.due_feeds(utc_now(), 1) or store.due_entries(utc_now(), 1)
    return not is_due and not depth.waiting and not depth.at_work and count(url, "entry") >= entries


def count(url: str, table: str) -> int:
    ((found,),) = rows(url, f"SELECT count(*) FROM {table}")
    return int(found)


def rows(url: str, statement: str) -> list[Any]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return list(connection.exec_driver_sql(statement).all())
    finally:
        engine.dispose()


def test_they_come_to_what_one_process_comes_to(new_url: Callable[[], str], tmp_path: Path) -> None:
    """The same articles, stories, relations and matches, and the same state of every feed and entry."""
    with world.world(seed=5, editions=3, outlets=5, fresh=3) as the_world:
        for _ in range(2):
            the_world.bring_out()
        urls = [new_url(), new_url()]
        alone = station.set_up(tmp_path / "alone", urls[0], the_world.feeds(), rules=world.RULES, RUN__WORKERS="1")
        together = station.set_up(tmp_path / "both", urls[1], the_world.feeds(), rules=world.RULES, RUN__WORKERS="1")
        # 3: some of the feeds fail, as some do in the world.
        assert alone.call("once", "--all").code in {0, 3}
        with ExitStack() as stack:
            scheduler = stack.enter_context(together.running("scheduler"))
            for _ in range(2):
                stack.enter_context(together.running("worker"))
            with Store(urls[1]) as store:
                entries = count(urls[0], "entry")
                scheduler.wait_until(lambda: is_all_done(store, urls[1], entries), "the end of the work")
        wanted, found = map(natural.contents, urls)
    assert len(wanted["relation"]) > 10
    assert len(wanted["match"]) > 5
    assert {name: told for name, told in natural.difference(wanted, found).items() if name not in OF_THE_RUN} == {}
    assert together.complaints_of_check() == []


# --- politeness, and what is left of the dead -------------------------------------------------------

HOSTS = [f"127.0.3.{number}" for number in range(1, 5)]
ARTICLES = 10
PAUSE_S = 0.5
#: Each second one of a host is a copy of what the wire said.
SHARED = 5


class Sites:
    """Hosts with a feed of articles each; notes when each request came and when it was answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.log: list[tuple[int, str, float, float]] = []
        self._server = LoopbackServer(self._answer, HOSTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def feeds(self) -> list[str]:
        return [f"http://{host}:{port}/feed" for host, port in self._server.addresses]

    def _answer(self, request: WebRequest) -> WebAnswer:
        began = time.monotonic()
        time.sleep(0.1)
        answer = self._page(request)
        with self._lock:
            self.log.append((request.place, request.target, began, time.monotonic()))
        return answer

    def _page(self, request: WebRequest) -> WebAnswer:
        host, port = self._server.addresses[request.place]
        if request.target == "/feed":
            items = "".join(
                f"<item><title>News {number} of {request.place}</title><guid>{host}/{number}</guid>"
                f"<link>http://{host}:{port}/{number}</link></item>"
                for number in range(ARTICLES)
            )
            body = f"<rss version='2.0'><channel><title>{host}</title>{items}</channel></rss>"
            return WebAnswer(status=HTTPStatus.OK, headers={"Content-Type": "application/rss+xml"}, body=body.encode())
        if not request.target[1:].isdecimal():
            return WebAnswer(status=HTTPStatus.NOT_FOUND)
        number = int(request.target[1:])
        draw = random.Random(number if number % 2 else f"{request.place} {number}")
        words = [f"word{draw.randrange(10_000)}" for _ in range(300)]
        paragraphs = "".join(f"<p>{' '.join(words[at : at + 50])}.</p>" for at in range(0, 300, 50))
        body = f"<html><body><article><h1>News {number}</h1>{paragraphs}</article></body></html>"
        return WebAnswer(status=HTTPStatus.OK, headers={"Content-Type": "text/html"}, body=body.encode())


def test_work_of_the_dead_is_done_elsewhere_and_hosts_are_asked_politely(
    new_url: Callable[[], str], tmp_path: Path
) -> None:
    url = new_url()
    with Sites() as sites, ExitStack() as stack, Store(url) as store:
        program = station.set_up(
            tmp_path, url, sites.feeds(), RUN__WORKERS="1", FETCH__PAUSE_S=str(PAUSE_S), RUN__TICK_S="0.5"
        )
        schedulers = [program.start("scheduler") for _ in range(2)]
        workers = [program.start("worker", "--concurrency", "2") for _ in range(2)]
        for running in (*schedulers, *workers):
            stack.callback(running.kill)
        # Each of the two is at the pages of two hosts.
        workers[0].wait_until(lambda: store.jobs.depth().at_work == 4 and count(url, "article") > 2, "the load")
        workers[0].kill()
        leader = wait_for_leader(schedulers)
        leader.kill()
        other = next(each for each in schedulers if each is not leader)
        other.wait_for("this scheduler leads")
        other.wait_until(lambda: is_all_done(store, url, len(HOSTS) * ARTICLES), "the end of the work")
        assert workers[1].end() == 0
        assert (
            rows(url, "SELECT host, holder FROM host_turn WHERE holder IS NOT NULL AND until > wirewatch_now()") == []
        )
        assert rows(url, "SELECT queueing_lock FROM procrastinate_jobs") == []
        assert [row.role for row in store.jobs.workers() if str(workers[1].process.pid) in row.name] == []
        assert other.end() == 0
    assert dict(rows(url, "SELECT state, count(*) FROM entry GROUP BY state")) == {"done": len(HOSTS) * ARTICLES}
    assert rows(url, "SELECT count(*) FROM article") == [(len(HOSTS) * ARTICLES,)]
    assert rows(url, "SELECT count(*) FROM article_version") == [(len(HOSTS) * ARTICLES,)]
    stories = Counter(count for (count,) in rows(url, "SELECT count(*) FROM article GROUP BY story_id"))
    # Each text that all have is one story, whoever stored it.
    assert stories == {len(HOSTS): SHARED, 1: len(HOSTS) * (ARTICLES - SHARED)}
    assert_politeness(sites.log)


def wait_for_leader(schedulers: list[Any]) -> Any:
    schedulers[0].wait_until(lambda: any("this scheduler leads" in each.log for each in schedulers), "a leader")
    return next(each for each in schedulers if "this scheduler leads" in each.log)


def assert_politeness(log: list[tuple[int, str, float, float]]) -> None:
    """Of each host one request at a time, and a pause between two that begin: by far the most of it is seen here."""
    by_host = defaultdict(list)
    for place, _, began, ended in log:
        by_host[place].append((began, ended))
    assert len(by_host) == len(HOSTS)
    for spans in by_host.values():
        spans.sort()
        for (before, answered), (began, _) in pairwise(spans):
            assert answered <= began
            # What a request takes from its start to the server is not the same each time.
            assert began - before > PAUSE_S / 2
