"""Calls that wait for the same thread are made together, and each gets its own outcome."""

import asyncio
import threading

import pytest

from ingest.together import MOST_AT_ONCE, Together


class Making:
    """Makes calls as a store does, and remembers how many at a time; the first time only when it is told to."""

    def __init__(self):
        self.sizes = []
        self.begun = threading.Event()
        self.may_begin = threading.Event()

    def __call__(self, calls):
        self.begun.set()
        self.may_begin.wait(10)
        self.sizes.append(len(calls))
        return [outcome(call) for call in calls]


def outcome(call):
    try:
        return call()
    except LookupError as error:
        return error


def fail():
    raise LookupError("no feed 7")


def test_what_waits_is_made_together_and_in_order():
    async def main():
        making, order = Making(), []
        together = Together(making)
        calls = [asyncio.create_task(together.call(lambda n: order.append(n) or n, n)) for n in range(4)]
        await asyncio.to_thread(making.begun.wait, 10)
        calls += [asyncio.create_task(together.call(lambda *, n: order.append(n) or n, n=n)) for n in range(4, 200)]
        await asyncio.sleep(0)
        making.may_begin.set()
        assert await asyncio.gather(*calls) == list(range(200))
        return making.sizes, order

    sizes, order = asyncio.run(main())
    assert order == list(range(200))
    assert sum(sizes) == 200
    assert max(sizes) == MOST_AT_ONCE
    assert len(sizes) <= 6


def test_each_gets_its_own_outcome():
    async def main():
        making = Making()
        making.may_begin.set()
        together = Together(making)
        return await asyncio.gather(
            together.call(int, "7"), together.call(fail), together.call(max, [1, 2]), return_exceptions=True
        )

    seven, error, two = asyncio.run(main())
    assert (seven, two) == (7, 2)
    assert isinstance(error, LookupError)


class KilledError(BaseException):
    """As the end of a process."""


@pytest.mark.parametrize("error", [OSError("the disk is full"), KilledError()])
def test_what_befalls_all_is_told_to_all(error):
    def refuse(_calls):
        raise error

    async def main():
        together = Together(refuse)
        found = await asyncio.gather(*(together.call(int) for _ in range(3)), return_exceptions=True)
        assert found == [error] * 3
        # And those that come after it are made again.
        with pytest.raises(type(error)):
            await together.call(int)

    asyncio.run(main())


def test_a_call_that_is_cancelled_while_it_waits_is_not_made():
    async def main():
        making, made = Making(), []
        together = Together(making)
        first = asyncio.create_task(together.call(made.append, 1))
        await asyncio.to_thread(making.begun.wait, 10)
        second = asyncio.create_task(together.call(made.append, 2))
        third = asyncio.create_task(together.call(made.append, 3))
        await asyncio.sleep(0)
        second.cancel()
        making.may_begin.set()
        await asyncio.gather(first, third)
        with pytest.raises(asyncio.CancelledError):
            await second
        return made

    assert asyncio.run(main()) == [1, 3]


def test_those_who_wait_are_cancelled_with_the_work():
    async def main():
        making = Making()
        together = Together(making)
        calls = [asyncio.create_task(together.call(int))]
        await asyncio.to_thread(making.begun.wait, 10)
        calls.append(asyncio.create_task(together.call(int)))
        await asyncio.sleep(0)
        together._task.cancel()
        found = await asyncio.gather(*calls, return_exceptions=True)
        making.may_begin.set()
        return found

    assert [type(each) for each in asyncio.run(main())] == [asyncio.CancelledError] * 2
