"""Turns and pauses, on a clock of their own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.host_turns import MAX_PAUSE_S, HostTurns


class Time:
    """Seconds that pass only while somebody sleeps; sleepers wake in their order."""

    def __init__(self):
        self.now = 0.0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        woken = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, woken)


async def work(turns, host, note, **how):
    await turns.take(host, **how)
    try:
        turns.started(host)
        note()
        await asyncio.sleep(0)
    finally:
        turns.leave(host)


@given(
    jobs=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0, 5.0, 90.0]), st.booleans()), max_size=20
    ),
    cancelled=st.sets(st.integers(0, 19)),
    rounds=st.integers(0, 12),
    pause_s=st.sampled_from([0.0, 2.0]),
)
def test_one_at_a_time_with_pauses_whoever_gives_up(jobs, cancelled, rounds, pause_s):
    """The law of this module: whatever is cancelled at whatever moment, the rest is done, in turn, with its pauses."""
    time = Time()
    turns = HostTurns(pause_s=pause_s, clock=time.clock, sleep=time.sleep)
    starts = {}
    inside = set()
    done = []

    async def job(number, host, asked_s, at_front):
        await turns.take(host, pause_s=asked_s, at_front=at_front)
        assert host not in inside
        inside.add(host)
        try:
            turns.started(host)
            wanted = max(pause_s, min(asked_s, MAX_PAUSE_S))
            assert not starts.get(host) or time.now - starts[host] >= wanted
            starts[host] = time.now
            await asyncio.sleep(0)
            done.append(number)
        finally:
            inside.discard(host)
            turns.leave(host)

    async def main():
        tasks = [asyncio.create_task(job(number, *args)) for number, args in enumerate(jobs)]
        for _ in range(rounds):
            await asyncio.sleep(0)
        stopped = [task for number, task in enumerate(tasks) if number in cancelled and task.cancel()]
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(end, asyncio.CancelledError) for end in ended) <= len(stopped)
        assert not [end for end in ended if isinstance(end, Exception)]
        for host in "abc":
            await turns.take(host)
            turns.leave(host)

    asyncio.run(main())
    assert not inside
    assert set(done) >= set(range(len(jobs))) - cancelled


async def test_first_come_first_served_but_for_those_at_the_front():
    time = Time()
    turns = HostTurns(pause_s=0, clock=time.clock, sleep=time.sleep)
    order = []
    await turns.take("a")
    tasks = []
    for name, at_front in (("one", False), ("two", False), ("urgent", True)):
        tasks.append(asyncio.create_task(work(turns, "a", lambda name=name: order.append(name), at_front=at_front)))
        await asyncio.sleep(0)
    turns.leave("a")
    await asyncio.gather(*tasks)
    assert order == ["urgent", "one", "two"]


@pytest.mark.parametrize("pause_s", [0, 2])
async def test_one_who_is_cancelled_as_the_turn_comes_passes_it_on(pause_s):
    time = Time()
    turns = HostTurns(pause_s=pause_s, clock=time.clock, sleep=time.sleep)
    await turns.take("a")
    turns.started("a")
    tasks = [asyncio.create_task(turns.take("a")) for _ in range(2)]
    await asyncio.sleep(0)
    turns.leave("a")
    # The first has been given the turn, and has not run since.
    tasks[0].cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert tasks[0].cancelled()
    assert tasks[1].done()


async def test_one_who_is_cancelled_in_the_pause_gives_the_turn_back():
    time = Time()
    never = asyncio.Event()

    async def sleep(_):
        await never.wait()

    turns = HostTurns(pause_s=2, clock=time.clock, sleep=sleep)
    await turns.take("a")
    turns.started("a")
    turns.leave("a")
    waiting = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    time.now = 2.0
    await asyncio.wait_for(turns.take("a"), 60)


async def test_no_site_asks_for_more_than_half_a_minute():
    time = Time()
    turns = HostTurns(pause_s=0, clock=time.clock, sleep=time.sleep)
    await work(turns, "a", lambda: None)
    await turns.take("a", pause_s=9000.0)
    assert time.now == MAX_PAUSE_S


async def test_a_host_within_the_longest_pause_that_it_could_ask_for_is_not_forgotten():
    time = Time()
    turns = HostTurns(pause_s=2, clock=time.clock, sleep=time.sleep, max_hosts=1)
    await work(turns, "a", lambda: None)
    time.now = 5.0
    for number in range(100):
        await work(turns, f"host-{number}", lambda: None)
    await turns.take("a", pause_s=20.0)
    assert time.now == 20.0


async def test_the_pause_counts_from_the_start_not_from_the_turn():
    time = Time()
    turns = HostTurns(pause_s=2, clock=time.clock, sleep=time.sleep)
    await turns.take("a")
    time.now = 10.0
    turns.started("a")
    time.now = 10.5
    turns.leave("a")
    await turns.take("a")
    assert time.now == 12.0


async def test_sleeping_too_short_does_not_shorten_the_pause():
    time = Time()

    async def wake_early(seconds):
        await time.sleep(seconds / 2 if seconds > 0.1 else seconds)

    turns = HostTurns(pause_s=2, clock=time.clock, sleep=wake_early)
    for _ in range(2):
        await work(turns, "a", lambda: None)
    assert time.now >= 2.0


async def test_hosts_at_rest_are_forgotten_and_only_they():
    time = Time()
    turns = HostTurns(pause_s=2, clock=time.clock, sleep=time.sleep, max_hosts=10)
    await turns.take("busy")
    for number in range(1000):
        await work(turns, f"host-{number}", lambda: None)
        time.now += 10.0
    assert len(turns) <= 20
    waiting = asyncio.create_task(turns.take("busy"))
    await asyncio.sleep(0)
    assert not waiting.done()
    turns.leave("busy")
    await waiting


async def test_a_host_within_its_pause_is_not_forgotten():
    time = Time()
    turns = HostTurns(pause_s=20, clock=time.clock, sleep=time.sleep, max_hosts=1)
    await work(turns, "a", lambda: None)
    for number in range(100):
        await work(turns, f"host-{number}", lambda: None)
    await turns.take("a")
    assert time.now == 20.0


async def test_each_host_can_have_a_pause_of_its_own_and_is_remembered_as_long():
    time = Time()
    pauses = {"slow": 100.0, "fast": 0.5}
    turns = HostTurns(pause_s=lambda host: pauses.get(host, 2.0), clock=time.clock, sleep=time.sleep, max_hosts=1)
    for host, pause_s in (("slow", 100.0), ("fast", 0.5), ("other", 2.0)):
        before = time.now
        await work(turns, host, lambda: None)
        time.now += 0.25
        await work(turns, host, lambda: None)
        assert time.now - before == pause_s
    await work(turns, "slow", lambda: None)
    start = time.now
    for number in range(50):
        await work(turns, f"host-{number}", lambda: None)
        time.now += 1.0
    await turns.take("slow")
    assert time.now - start == 100.0
