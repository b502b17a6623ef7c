"""Turns that several processes share, with a table of our own: in order, with pauses, and given back whatever comes."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Reason, StoreError, Transient
from ingest.shared_turns import AGAIN_AFTER_S, SharedTurns


class Time:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        woken = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, woken)


class Table:
    """Who has which turn, for one holder; *refuses* so many times before it gives one."""

    def __init__(self, *, refuses=0):
        self.refuses = refuses
        self.is_away = False
        self.held = set()
        self.lost = set()
        self.said = []
        self._alone = threading.Lock()
        #: `take` waits for that, as for a server that takes its time
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.is_asked = threading.Event()

    def take(self, host, *, pause_s):
        self.is_asked.set()
        assert self.may_answer.wait(60)
        with self._alone:
            self._ask()
            if self.refuses:
                self.refuses -= 1
                return 1.0
            assert host not in self.held, "it was not given back"
            self.held.add(host)
            self.said.append(("take", host, pause_s))
            return 0.0

    def leave(self, host, *, started_s_ago):
        with self._alone:
            self._ask()
            self.held.discard(host)
            self.said.append(("leave", host, started_s_ago))

    def renew(self, hosts):
        with self._alone:
            self._ask()
            return frozenset(hosts) - self.lost

    def _ask(self):
        if self.is_away:
            raise StoreError("the server is away")


def turns_of(table, *, pause_s=0.0):
    time = Time()
    return SharedTurns(table, pause_s=pause_s, clock=time.clock, sleep=time.sleep), time


def test_the_others_are_told_when_the_request_began():
    table = Table(refuses=2)
    turns, time = turns_of(table, pause_s=3.0)

    async def work():
        await turns.take("a")
        assert time.now == 2.0
        turns.started("a")
        time.now += 5
        turns.leave("a")
        await turns.take("a", pause_s=90.0)
        turns.leave("a")
        await turns.settle()

    asyncio.run(work())
    # What a host asks for has its bound; a turn without a request says so.
    assert table.said == [("take", "a", 3.0), ("leave", "a", 5.0), ("take", "a", 30.0), ("leave", "a", None)]
    assert table.held == set()


def test_those_of_one_process_come_in_their_order():
    table = Table()
    turns, _ = turns_of(table)
    order = []

    async def work(number, *, at_front=False):
        await turns.take("a", at_front=at_front)
        order.append(number)
        await asyncio.sleep(0)
        turns.leave("a")

    async def all_of_them():
        others = [asyncio.create_task(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        await asyncio.gather(*others, work(9, at_front=True))
        await turns.settle()

    asyncio.run(all_of_them())
    assert order == [0, 9, 1, 2, 3]
    assert table.held == set()


@given(
    jobs=st.lists(st.sampled_from("ab"), min_size=1, max_size=8),
    cancelled=st.sets(st.integers(0, 7)),
    rounds=st.integers(0, 30),
    refuses=st.integers(0, 4),
)
def test_whoever_is_cancelled_the_rest_is_done_and_all_is_given_back(jobs, cancelled, rounds, refuses):
    table = Table(refuses=refuses)
    turns, _ = turns_of(table)
    inside = set()
    done = set()

    async def work(number, host):
        await turns.take(host)
        assert host not in inside
        inside.add(host)
        try:
            turns.started(host)
            await asyncio.sleep(0)
            done.add(number)
        finally:
            inside.remove(host)
            turns.leave(host)

    async def all_of_them():
        tasks = [asyncio.create_task(work(*each)) for each in enumerate(jobs)]
        for _ in range(rounds):
            await asyncio.sleep(0)
        for number in cancelled & set(range(len(tasks))):
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await turns.settle()
        for host in "ab":
            await turns.take(host)
            turns.leave(host)
        await turns.settle()

    asyncio.run(all_of_them())
    assert done >= set(range(len(jobs))) - cancelled
    assert table.held == set()


def test_a_turn_that_comes_after_its_taker_was_cancelled_is_given_back():
    """The thread that asks goes on, and is answered when nobody waits for it any more."""
    table = Table()
    table.may_answer.clear()
    turns, _ = turns_of(table)

    async def work():
        task = asyncio.create_task(turns.take("a"))
        await asyncio.to_thread(table.is_asked.wait, 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        table.may_answer.set()
        await turns.settle()
        assert [what for what, *_ in table.said] == ["take", "leave"]
        await turns.take("a")

    asyncio.run(work())


def test_while_the_table_is_away_nobody_gets_a_turn(caplog):
    table = Table()
    table.is_away = True
    turns, _ = turns_of(table)

    async def work():
        for _ in range(2):
            with pytest.raises(Transient) as told:
                await turns.take("a")
            assert (told.value.reason, told.value.retry_after_s) == (Reason.RATE_LIMITED, AGAIN_AFTER_S)
            assert not told.value.was_asked
        table.is_away = False
        await turns.take("a")
        table.is_away = True
        turns.leave("a")
        await turns.settle()
        with pytest.raises(Transient):
            await turns.take("a")

    with caplog.at_level(logging.WARNING):
        asyncio.run(work())
    assert "could not be given back" in caplog.text


def test_what_is_held_is_renewed_and_what_was_lost_is_told(caplog):
    table = Table()
    turns, _ = turns_of(table)

    async def work():
        await turns.keep()
        await turns.take("a")
        await turns.take("b")
        await turns.keep()
        assert caplog.text == ""
        table.lost.add("b")
        await turns.keep()
        table.is_away = True
        with pytest.raises(StoreError):
            await turns.keep()

    with caplog.at_level(logging.WARNING):
        asyncio.run(work())
    assert "turns were lost while they were held: b" in caplog.text
