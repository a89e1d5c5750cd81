"""The thread that owns an engine, with an engine that is scripted: who is told what, and when."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from judge.errors import ConfigError, ModelDown, ModelError
from judge.models.vllm.loop import Core, Loop


class Scripted:
    """Answers a request after as many steps as its parameters say; parameters can also be an error."""

    def __init__(self) -> None:
        self.left: dict[str, int] = {}
        self.prompts: list[Any] = []
        self.most = 0
        self.closed = False
        self.threads: set[int] = set()
        self.may_step = threading.Event()
        self.may_step.set()

    def add(self, name: str, prompt: Any, params: Any, /) -> None:
        self.threads.add(threading.get_ident())
        self.prompts.append(prompt)
        if isinstance(params, Exception):
            raise params
        self.left[name] = params

    def step(self) -> Iterable[tuple[str, Any]]:
        self.threads.add(threading.get_ident())
        self.may_step.wait()
        self.most = max(self.most, len(self.left))
        if any(left < 0 for left in self.left.values()):
            raise RuntimeError("out of breath")
        self.left = {name: left - 1 for name, left in self.left.items()}
        done = [name for name, left in self.left.items() if left <= 0]
        for name in done:
            del self.left[name]
        return [(name, f"answer {name}") for name in done]

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


def loop_of(core: Core) -> Loop:
    return Loop(lambda: core, what="the engine")


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.exception() or future.result() for future in [pool.submit(call) for call in calls]]


def together(loop: Loop, core: Scripted, pool: ThreadPoolExecutor, *asks: Callable[[], Any]) -> list[Future[Any]]:
    """Ask while the engine is in its first step, so that it then takes all of these at once; return who waits."""
    core.may_step.clear()
    waiting = [pool.submit(loop.ask, "first", 10)]
    while not core.prompts:
        time.sleep(0.001)  # until that step has begun
    waiting += [pool.submit(ask) for ask in asks]
    while loop._inbox.qsize() < len(asks):
        time.sleep(0.001)
    core.may_step.set()
    return waiting


def test_everybody_gets_their_own_answer_and_all_share_the_steps() -> None:
    core = Scripted()
    core.may_step.clear()
    loop = loop_of(core)
    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(loop.ask, n, 1 + n % 5) for n in range(50)]
        while len(core.prompts) < 1:
            time.sleep(0.001)
        core.may_step.set()
        assert len({answer.result() for answer in answers}) == 50
    assert core.most > 1
    assert loop.tally.answered == loop.tally.asked == 50
    assert loop.tally.steps < 50
    loop.close()


def test_one_thread_alone_touches_the_engine() -> None:
    core = Scripted()
    loop = loop_of(core)
    in_threads(*[lambda n=n: loop.ask(n, 2) for n in range(8)])  # type: ignore[misc]
    loop.close()
    assert len(core.threads) == 1
    assert threading.get_ident() not in core.threads
    assert core.closed


def test_a_short_request_does_not_wait_for_a_long_one() -> None:
    core = Scripted()
    loop = loop_of(core)
    with ThreadPoolExecutor(1) as pool:
        core.may_step.clear()
        long = pool.submit(loop.ask, "long", 100_000_000)
        core.may_step.set()
        assert [loop.ask("short", 1)[:6] for _ in range(20)] == ["answer"] * 20
        assert not long.done()
        loop.close()
        assert isinstance(long.exception(), ModelDown)


def test_requests_that_come_together_go_in_next_to_those_that_begin_alike() -> None:
    core = Scripted()
    loop = loop_of(core)
    orders = [[1, 7], [2, 7], [1, 8], [2, 8], [1, 9], [2, 9]]
    with ThreadPoolExecutor(9) as pool:
        for answer in together(loop, core, pool, *[partial(loop.ask, tuple(o), 1, order=o) for o in orders]):
            answer.result()
    assert core.prompts[1:] == sorted(map(tuple, orders))
    loop.close()


def test_a_refused_request_fails_alone() -> None:
    loop = loop_of(Scripted())
    with pytest.raises(ModelError, match="not like this"):
        loop.ask("bad", ModelError("not like this", cause="refused"))
    assert loop.ask("good", 1)
    assert loop.in_flight == 0
    loop.close()


def test_a_dead_engine_tells_those_who_wait_and_those_who_come_later() -> None:
    core = Scripted()
    core.may_step.clear()
    loop = loop_of(core)
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(loop.ask, n, 10) for n in range(4)]
        deadly = pool.submit(loop.ask, "deadly", -1)
        while len(core.prompts) + loop._inbox.qsize() < 5:
            time.sleep(0.001)
        core.may_step.set()
        errors = [future.exception() for future in [*waiting, deadly]]
    assert all(isinstance(error, ModelDown) and error.cause == "engine_dead" for error in errors)
    assert "the engine died: RuntimeError: out of breath" in str(errors[0])
    with pytest.raises(ModelDown, match="out of breath"):
        loop.ask("late", 1)
    assert core.closed
    loop.close()


def test_an_engine_that_dies_of_taking_a_request_tells_those_who_came_with_it() -> None:
    core = Scripted()
    loop = loop_of(core)
    with ThreadPoolExecutor(10) as pool:
        asks = [partial(loop.ask, n, RuntimeError("gone") if n == 3 else 1, order=[n]) for n in range(9)]
        errors = [future.exception(timeout=30) for future in together(loop, core, pool, *asks)]
    assert [error.cause for error in errors if isinstance(error, ModelDown)] == ["engine_dead"] * 10
    loop.close()


@pytest.mark.parametrize("error", [ConfigError("unknown argument"), ModelDown("no memory", cause="memory")])
def test_what_loading_raises_is_what_everybody_gets(error: Exception) -> None:
    def make() -> Core:
        raise error

    loop = Loop(make, what="the engine")
    with pytest.raises(type(error), match=str(error)):
        loop.core()
    with pytest.raises(type(error), match=str(error)):
        loop.ask("anything", 1)
    loop.close()


def test_who_asks_while_it_ends_is_told_and_never_left_waiting() -> None:
    for _ in range(20):
        loop = loop_of(Scripted())
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(loop.ask, n, 1) for n in range(40)]
            pool.submit(loop.close).result()
            told = [future.exception() for future in asked]
        assert all(error is None or (isinstance(error, ModelDown) and error.cause == "closed") for error in told)
        with pytest.raises(ModelDown, match="closed"):
            loop.ask("late", 1)


def test_a_closed_loop_may_be_closed_again() -> None:
    loop = loop_of(Scripted())
    loop.close()
    loop.close()
