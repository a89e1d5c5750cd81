"""The background loop: many threads hand coroutines over, and each gets its own result back."""

import asyncio
import threading
import time

import pytest
from asking import at_once

from judge.models.loop import run


def test_each_thread_gets_its_own_result() -> None:
    async def twice(n: int) -> int:
        if n % 3:
            await asyncio.sleep(0)
        return 2 * n

    assert at_once(lambda n: run(twice(n)), range(5000)) == [2 * n for n in range(5000)]


def test_calls_overlap() -> None:
    before = time.monotonic()
    at_once(lambda _: run(asyncio.sleep(0.1)), range(64))
    assert time.monotonic() - before < 2  # one after the other they would take 6.4


def test_all_run_on_one_thread_that_ends_with_the_program() -> None:
    async def where() -> threading.Thread:
        return threading.current_thread()

    [thread] = set(at_once(lambda _: run(where()), range(20)))
    assert thread is not threading.current_thread() and thread.daemon


def test_an_exception_comes_back_and_harms_nobody() -> None:
    async def fail(n: int) -> int:
        await asyncio.sleep(0)
        raise ValueError(f"number {n}")

    for n in range(3):
        with pytest.raises(ValueError, match=f"number {n}"):
            run(fail(n))

    async def fine() -> str:
        return "fine"

    assert run(fine()) == "fine"
