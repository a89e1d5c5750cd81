"""The gate: how many pass, for how long it closes, and that nobody waits for ever."""

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from judge.models.gate import Gate


def test_it_halves_once_for_a_burst_and_opens_one_by_one() -> None:
    async def scene() -> None:
        gate = Gate(8, cap=60)
        for _ in range(5):
            gate.turn_away(0.01)
        assert (gate.limit, gate.turned_away) == (4, 5)
        await asyncio.sleep(0.02)
        gate.turn_away(0.01)
        assert gate.limit == 2
        limits = []
        for _ in range(60):
            gate.succeeded()
            limits.append(gate.limit)
        assert limits == sorted(limits) and limits[0] == 2.5 and limits[-1] == 8

    asyncio.run(scene())


def test_it_never_closes_altogether() -> None:
    async def scene() -> None:
        gate = Gate(1, cap=60)
        gate.turn_away(0.01)
        assert gate.limit == 1
        await asyncio.wait_for(gate.enter(), 2)

    asyncio.run(scene())


def test_the_longest_wait_asked_for_counts_up_to_the_cap() -> None:
    async def scene() -> None:
        gate, now = Gate(4, cap=10), asyncio.get_running_loop().time()
        gate.turn_away(2)
        gate.turn_away(5)
        gate.turn_away(1)
        gate.turn_away(None)
        assert 5 <= gate.paused_until - now < 6
        gate.turn_away(3600)
        assert 10 <= gate.paused_until - now < 11

    asyncio.run(scene())


def test_without_being_told_it_waits_longer_each_time() -> None:
    async def scene() -> None:
        gate, loop = Gate(4, cap=60), asyncio.get_running_loop()
        for n in range(1, 12):
            gate.paused_until = 0.0  # as if the pause were over
            gate.turn_away([None, 0][n % 2])
            pause = gate.paused_until - loop.time()
            longest = min(60, 0.25 * 2 ** min(n, 10))
            assert min(60, 0.5 * longest) - 0.1 <= pause <= longest
        gate.succeeded()
        gate.paused_until = 0.0
        gate.turn_away(None)
        assert gate.paused_until - loop.time() <= 0.5

    asyncio.run(scene())


def test_who_gives_up_in_the_queue_wakes_the_next() -> None:
    async def scene() -> None:
        gate = Gate(1, cap=60)
        await gate.enter()
        first, second = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        gate.leave()  # wakes the first,
        first.cancel()  # which is gone before it could look
        await asyncio.wait_for(second, 2)

    asyncio.run(scene())


def test_who_gives_up_in_a_pause_wakes_the_next() -> None:
    async def scene() -> None:
        gate = Gate(1, cap=60)
        await gate.enter()
        first, second = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        gate.turn_away(0.05)
        gate.leave()  # wakes the first, which goes to sleep again,
        await asyncio.sleep(0.01)
        first.cancel()  # and gives up
        await asyncio.wait_for(second, 2)

    asyncio.run(scene())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), ceiling=st.integers(1, 5), callers=st.integers(1, 30))
def test_whatever_happens_everybody_passes_and_never_too_many(seed: int, ceiling: int, callers: int) -> None:
    chance = random.Random(seed)
    gate, inside, most = Gate(ceiling, cap=0.002), 0, 0

    async def call() -> None:
        nonlocal inside, most
        await gate.enter()
        inside += 1
        most = max(most, inside)
        try:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if chance.random() < 0.3:
                gate.turn_away(chance.choice([None, 0.0005, 1.0]))
            else:
                gate.succeeded()
        finally:
            inside -= 1
            gate.leave()

    async def scene() -> None:
        tasks = [asyncio.create_task(call()) for _ in range(callers)]
        for task in tasks:
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)
            if chance.random() < 0.3:
                task.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scene())
    assert most <= ceiling and (inside, gate.in_flight) == (0, 0)
    assert 1 <= gate.limit <= ceiling
