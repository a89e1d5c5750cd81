"""One thread that owns an engine: it takes requests as they come, steps the engine, and gives each caller its answer.

Every case, vote and tool turn that is under way shares the engine's batch: a caller waits for its own answer and for
nobody else's. Nothing here knows vLLM, so that the loop can be tested and measured with an engine that is scripted.
"""

from __future__ import annotations

import atexit
import itertools
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from typing import Any, Protocol

from judge.errors import JudgeError, ModelDown, ModelError


class Core(Protocol):
    """An engine. It is made, used and closed by one thread alone."""

    def add(self, name: str, prompt: Any, params: Any, /) -> None:
        """Take a request. A ModelError refuses this one; any other error means that the engine is dead."""
        ...

    def step(self) -> Iterable[tuple[str, Any]]:
        """Go one step, and return the name and the answer of each request that is done."""
        ...

    def close(self) -> None:
        """Give memory and device back."""
        ...


@dataclass
class Tally:
    """What the loop did so far. `idle_s`: how long some request waited while the engine was not being stepped."""

    steps: int = 0
    asked: int = 0
    answered: int = 0
    busy_s: float = 0.0
    idle_s: float = 0.0


@dataclass
class _Ask:
    prompt: Any
    params: Any
    order: list[int]
    since: float = field(default_factory=time.monotonic)
    answer: Future[Any] = field(default_factory=Future)


class Loop:
    """An engine with its thread. `make` is called in that thread; ModelDown with the cause is what a dead one gives."""

    def __init__(self, make: Callable[[], Core], *, what: str) -> None:
        self.tally = Tally()
        self._what = what
        self._names = itertools.count()
        self._inbox: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # between those who ask and the end
        self._end: JudgeError | None = None
        self._loaded: Future[Core] = Future()
        self._waiting: dict[str, _Ask] = {}
        self._thread = threading.Thread(target=self._work, args=(make,), name="judge-engine", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def core(self) -> Core:
        """Return the engine once it is loaded. Raises what loading raised, or ModelDown."""
        return self._loaded.result()

    def ask(self, prompt: Any, params: Any, *, order: list[int] | None = None) -> Any:
        """Return the answer to a request; callable from any thread.

        Of requests that come together, those with like `order` (the tokens of their prompts) go in next to each
        other. Raises ModelError for a request that is refused, and ModelDown once the engine is dead or closed.
        """
        ask = _Ask(prompt, params, order or [])
        with self._lock:
            if self._end is not None:
                raise self._end
            self._inbox.put(ask)
        return ask.answer.result()

    @property
    def in_flight(self) -> int:
        """How many requests the engine is working on."""
        return len(self._waiting)

    def close(self) -> None:
        """End the thread after the step it is in, and the engine with it; those who wait are told."""
        atexit.unregister(self.close)
        self._inbox.put(None)
        self._thread.join()

    def _work(self, make: Callable[[], Core]) -> None:
        # A Ctrl-C in a terminal goes to every process of the group. Processes that an engine starts inherit this
        # mask, and so live on until the cases in flight are done; this process's main thread gets the signal as ever.
        resource_tracker.ensure_running()  # first: whoever starts it has the signal unblocked
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        core: Core | None = None
        end: JudgeError = ModelDown(f"{self._what} was closed", cause="closed")
        try:
            core = make()
            self._loaded.set_result(core)
            while self._take(core):
                self._step(core)
        except JudgeError as error:
            end = error
        except BaseException as error:  # noqa: BLE001 - whatever killed the engine, those who wait have to be told
            end = ModelDown(f"{self._what} died: {type(error).__name__}: {error}", cause="engine_dead")
            end.__cause__ = error
        self._tell_all(end)
        if core is not None:
            core.close()

    def _take(self, core: Core) -> bool:
        """Hand what has come to the engine; wait for something where it has nothing to do. False: it is over."""
        stood_still = not self._waiting
        fresh = [self._inbox.get()] if stood_still else []
        while not self._inbox.empty():
            fresh.append(self._inbox.get())
        began = time.monotonic()
        asked = sorted((ask for ask in fresh if ask is not None), key=lambda ask: ask.order)
        named = {str(next(self._names)): ask for ask in asked}
        self._waiting |= named  # all of them first: an engine that dies of one has to be told to the others
        self.tally.asked += len(named)
        for name, ask in named.items():
            try:
                core.add(name, ask.prompt, ask.params)
            except ModelError as error:
                del self._waiting[name]
                ask.answer.set_exception(error)
        if stood_still and asked:
            began = min(ask.since for ask in asked)
        self.tally.idle_s += time.monotonic() - began
        return len(asked) == len(fresh)

    def _step(self, core: Core) -> None:
        if not self._waiting:
            return
        began = time.monotonic()
        done = core.step()
        stepped = time.monotonic()
        for name, answer in done:
            self._waiting.pop(name).answer.set_result(answer)
            self.tally.answered += 1
        self.tally.steps += 1
        self.tally.busy_s += stepped - began
        self.tally.idle_s += time.monotonic() - stepped

    def _tell_all(self, end: JudgeError) -> None:
        with self._lock:  # whoever asks from now on sees the end; whoever asked before is in the inbox
            self._end = end
        if not self._loaded.done():
            self._loaded.set_exception(end)
        left = list(self._waiting.values())
        self._waiting.clear()
        while not self._inbox.empty():
            if (ask := self._inbox.get()) is not None:
                left.append(ask)
        for ask in left:
            ask.answer.set_exception(end)
