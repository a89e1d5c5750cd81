"""Many cases through the loop of the in-process engine, with an engine that answers at once: what memory does."""

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from judge import Case, Judge, Reply, Request, Usage
from judge.models.vllm.loop import Loop

POINTS = 10


class Point(NamedTuple):
    """After so many cases."""

    cases: int
    resident_mb: float
    us_per_case: float


class Scripted:
    """An engine that finishes, with each step, up to 256 of the requests it was given."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()

    def add(self, name: str, _prompt: Any, _params: Any, /) -> None:
        self._waiting.append(name)

    def step(self) -> Iterable[tuple[str, Any]]:
        count = min(256, len(self._waiting))
        return [(self._waiting.popleft(), json.dumps({"reason": "the same", "label": "correct"})) for _ in range(count)]

    def close(self) -> None:
        self._waiting.clear()


class Model:
    """A model of that engine."""

    name = "scripted engine"

    def __init__(self) -> None:
        self._loop = Loop(Scripted, what=self.name)

    def generate(self, request: Request, /) -> Reply:
        text = self._loop.ask(request.messages, None, order=[len(request.messages[-1].content)])
        return Reply(text=text, usage=Usage(calls=1, prompt_tokens=300, completion_tokens=12))

    def close(self) -> None:
        self._loop.close()


def memory(cases: int) -> Iterator[Point]:
    """Judge the cases, everything stored, and look at what is resident now, ten times on the way."""
    made = (Case(id=f"case {n}", question=f"What is {n}?", response=f"{n}!", reference=f"{n}.") for n in range(cases))
    every = max(1, cases // POINTS)
    with TemporaryDirectory() as folder, Judge(model=Model(), evaluators="none", tools="none", in_flight=64) as judge:
        began = time.process_time()
        for done, _ in enumerate(judge.run(made, path=Path(folder) / "run.judge"), start=1):
            if done % every == 0:
                yield Point(done, resident_mb(), (time.process_time() - began) / done * 1e6)


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
