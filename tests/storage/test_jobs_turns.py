"""Turns at hosts over several processes: never two at a time, never too soon, and never lost with who had them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from ingest.errors import StoreError
from storage.address import read_address
from storage.jobs.turns import TURN_S, HostTurnTable
from storage.migrate import upgrade

HOSTS = ("a", "b")


@pytest.fixture
def sql(empty_with_queue):
    engine = create_engine(empty_with_queue, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection.exec_driver_sql
    engine.dispose()


@pytest.fixture
def tables(empty_with_queue):
    with ExitStack() as stack:
        yield [stack.enter_context(HostTurnTable(read_address(empty_with_queue), f"process {n}")) for n in range(3)]


def let_pass(sql, seconds):
    """Let time pass for all turns."""
    change = "UPDATE host_turn SET until = until - %s::bigint, started_at = started_at - %s::bigint"
    sql(change, (round(seconds * 1e6), round(seconds * 1e6)))


def test_one_has_the_turn_and_others_wait(tables, sql):
    one, other, _ = tables
    assert one.take("a", pause_s=0) == 0
    assert 0 < other.take("a", pause_s=0) <= 0.1
    assert other.take("a", pause_s=0, look_s=20) == 20
    assert other.take("b", pause_s=0) == 0
    # Nor can it be taken twice by one: two jobs of a process are two.
    assert one.take("a", pause_s=0) > 0
    other.leave("a", started_s_ago=0.0)
    assert other.take("a", pause_s=0) > 0
    one.leave("a", started_s_ago=None)
    assert other.take("a", pause_s=5) == 0


def test_the_pause_counts_from_the_start_whoever_it_was(tables, sql):
    one, other, _ = tables
    one.take("a", pause_s=2)
    one.leave("a", started_s_ago=1.5)
    assert 0.4 < other.take("a", pause_s=60) - 58 < 0.6
    assert other.take("a", pause_s=1.5) == 0
    other.leave("a", started_s_ago=None)
    # What began no request changes nothing.
    assert one.take("a", pause_s=60) > 50
    let_pass(sql, 60)
    assert one.take("a", pause_s=60) == 0


def test_the_turn_of_one_who_died_ends(tables, sql):
    one, other, _ = tables
    one.take("a", pause_s=0)
    one.close()
    let_pass(sql, TURN_S - 2)
    assert other.take("a", pause_s=0) > 0
    let_pass(sql, 2)
    assert other.take("a", pause_s=0) == 0
    # It lives after all: it has lost its turn, and takes nothing from the other.
    assert one.renew(["a"]) == frozenset()
    one.leave("a", started_s_ago=0.0)
    assert one.take("a", pause_s=0) > 0


def test_a_turn_that_is_renewed_goes_on(tables, sql):
    one, other, _ = tables
    one.take("a", pause_s=0)
    other.take("b", pause_s=0)
    for _ in range(3):
        let_pass(sql, TURN_S - 1)
        assert one.renew(["a", "b", "never"]) == {"a"}
    assert other.take("a", pause_s=0) > 0


def test_all_are_given_back_at_the_end(tables, sql):
    one, other, third = tables
    one.take("a", pause_s=0)
    one.take("b", pause_s=0)
    other.take("c", pause_s=0)
    one.drop_all()
    assert third.take("a", pause_s=0) == third.take("b", pause_s=0) == 0
    assert third.take("c", pause_s=0) > 0


def test_hosts_at_rest_are_forgotten_and_pauses_are_not(tables, sql):
    one, _, _ = tables
    for host, ago in (("old", 100_000.0), ("young", 1.0), ("never", None)):
        one.take(host, pause_s=0)
        one.leave(host, started_s_ago=ago)
    one.take("held", pause_s=0)
    one.forget_old()
    assert sql("SELECT host FROM host_turn ORDER BY host").scalars().all() == ["held", "young"]


#: who does what where: to take, leave after a request, leave without, renew, die, let time pass
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "leave", "unused", "renew", "die", "wait"]),
        st.integers(0, 2),
        st.sampled_from(HOSTS),
        st.sampled_from([0.0, 5.0, 20.0]),
    ),
    max_size=30,
)


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_never_two_at_once_and_never_too_soon(tables, sql, steps):
    """The law, for what is far from the edge by more than what a test takes: a few seconds."""
    sql("DELETE FROM host_turn")
    now = 0.0
    held = {}
    started = {}
    for act, who, host, seconds in steps:
        table = tables[who]
        holder, until = held.get(host, (None, -1.0))
        is_free = holder is None or until <= now
        if act == "take":
            is_taken = table.take(host, pause_s=seconds) == 0
            is_over = host not in started or started[host] + seconds <= now
            assert is_taken == (is_free and is_over)
            if is_taken:
                held[host] = who, now + TURN_S
        elif act in {"leave", "unused"}:
            table.leave(host, started_s_ago=0.0 if act == "leave" else None)
            if holder == who:
                held.pop(host)
                if act == "leave":
                    started[host] = now
        elif act == "renew":
            assert (host in table.renew([host])) == (holder == who)
            if holder == who:
                held[host] = who, now + TURN_S
        elif act == "die":
            table.close()
        else:
            let_pass(sql, seconds)
            now += seconds


def test_many_who_ask_at_once_get_it_one_by_one(tables):
    inside, overlaps = [], []

    def work(number):
        table = tables[number % 3]
        while table.take("a", pause_s=0.0, look_s=0.01) > 0:
            pass
        inside.append(number)
        overlaps.append(len(inside) - 1)
        inside.remove(number)
        table.leave("a", started_s_ago=0.0)

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(12)))
    assert overlaps == [0] * 12


def test_it_goes_on_when_the_server_was_restarted(postgresql_server):
    """What was held is held still: it stands in the database."""
    with postgresql_server.server_to_stop() as server:
        upgrade(server.address)
        address = read_address(server.address)
        with closing(HostTurnTable(address, "one")) as one, closing(HostTurnTable(address, "other")) as other:
            one.take("a", pause_s=0)
            server.stop("fast")
            for ask in (lambda: other.take("a", pause_s=0), lambda: one.renew(["a"]), one.drop_all):
                with pytest.raises(StoreError):
                    ask()
            server.start()
            assert one.renew(["a"]) == {"a"}
            assert other.take("a", pause_s=0) > 0
            one.leave("a", started_s_ago=None)
            assert other.take("a", pause_s=0) == 0
