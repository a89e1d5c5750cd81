"""Progress of a run: a bar on a terminal, a plain line now and then elsewhere. Both go to standard error."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from judge.types import Verdict

_EVERY_S = 5.0


class Shows(Protocol):
    """Takes each verdict as it comes."""

    def __call__(self, verdict: Verdict, /) -> None:
        """Count a verdict."""
        ...


class Counts:
    """What has come out so far, in words. `in_flight` says how many calls are under way."""

    def __init__(self, in_flight: Callable[[], str]) -> None:
        self._in_flight = in_flight
        self._by: Counter[str] = Counter()
        self._saved = self._tokens = 0
        self._cost: float | None = None

    def add(self, verdict: Verdict) -> None:
        """Count a verdict."""
        self._by["undecided" if verdict.label == "undecided" else verdict.decided_by] += 1
        self._saved += verdict.tally.saved if verdict.tally else 0
        self._tokens += verdict.usage.prompt_tokens + verdict.usage.completion_tokens
        if verdict.usage.cost is not None:
            self._cost = (self._cost or 0.0) + verdict.usage.cost

    def __str__(self) -> str:
        parts = [" ".join(f"{name} {count}" for name, count in self._by.most_common())]
        if self._saved:
            parts.append(f"votes saved {self._saved}")
        if self._tokens:
            parts.append(f"tokens {self._tokens}")
        if self._cost is not None:
            parts.append(f"cost {self._cost:.4f}")
        parts.append(self._in_flight())
        return " | ".join(part for part in parts if part)


@contextmanager
def shown(total: int, done: int, in_flight: Callable[[], str]) -> Iterator[Shows]:
    """Show the progress of a run of `total` cases, of which `done` were there already."""
    show = _bar if sys.stderr.isatty() else _lines
    with show(total, done, Counts(in_flight)) as update:
        yield update


@contextmanager
def _lines(total: int, done: int, counts: Counts) -> Iterator[Shows]:
    started = last = time.monotonic()
    here = 0

    def line() -> None:
        now = min(done + here, total)  # with --retry-errors some of those that were there are judged again
        left = (total - now) * (time.monotonic() - started) / here
        sys.stderr.write(f"judge: {now}/{total} cases, {counts}, about {left:.0f} s left\n")
        sys.stderr.flush()

    def update(verdict: Verdict) -> None:
        nonlocal here, last
        here += 1
        counts.add(verdict)
        if time.monotonic() - last > _EVERY_S:
            last = time.monotonic()
            line()

    yield update
    if here:
        line()


@contextmanager
def _bar(total: int, done: int, counts: Counts) -> Iterator[Shows]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=5) as progress:
        task = progress.add_task("", total=total, completed=done)

        def update(verdict: Verdict) -> None:
            counts.add(verdict)
            progress.update(task, advance=1, description=str(counts))

        yield update
