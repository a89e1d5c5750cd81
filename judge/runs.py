"""Many cases at once: a thread for each case in flight, a verdict stored before it counts, resume after anything."""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from judge.cascade import Cascade
from judge.errors import StoreError
from judge.store import Store
from judge.types import Case, Verdict


class Result(NamedTuple):
    """One case of a run that is done."""

    case: Case
    verdict: Verdict


class _Failed(NamedTuple):
    """A case without a verdict: what ended the run, or None where the run had ended before."""

    error: BaseException | None


class _Fed(NamedTuple):
    """All cases have been handed out; `error` says why the source could not be read on."""

    cases: int
    error: BaseException | None


def run(
    cascade: Cascade,
    cases: Iterable[Case],
    *,
    in_flight: int,
    store: Store | None = None,
    retry_errors: bool = False,
    stop: threading.Event | None = None,
) -> Iterator[Result]:
    """Judge cases and yield each result when it is done (and, with a store, on the disk).

    `in_flight` cases are worked on at once, and as many may wait to be stored. Cases that the store has are
    skipped. Setting `stop` ends the run after the cases that are in flight. An error of one thread (ModelDown,
    StoreError, InputError) stops the others in the same way and is then raised; what was stored stays.
    """
    ending = threading.Event()  # set when no further case is to be handed out
    waiting: queue.SimpleQueue[Case | None] = queue.SimpleQueue()
    finished: queue.SimpleQueue[Result | _Failed | _Fed] = queue.SimpleQueue()
    room = threading.Semaphore(2 * in_flight)  # cases handed out whose result has not been taken

    def feed() -> None:
        """Hand out the cases that have no verdict yet, then one None for each worker."""
        handed, error = 0, None
        try:
            for case in cases:
                if store is not None and store.has(case, retry_errors=retry_errors):
                    continue
                room.acquire()
                if ending.is_set() or (stop and stop.is_set()):
                    break
                handed += 1
                waiting.put(case)
        except BaseException as caught:  # noqa: BLE001 - carried to the consumer, which raises it
            error = caught
        finished.put(_Fed(handed, error))
        for _ in range(in_flight):
            waiting.put(None)

    def work() -> None:
        while (case := waiting.get()) is not None:
            if ending.is_set():
                finished.put(_Failed(None))
                continue
            try:
                kept = store.kept(case) if store is not None and retry_errors else ()
                outcome = cascade.decide(case, kept=kept)
            except BaseException as error:  # noqa: BLE001 - the same
                finished.put(_Failed(error))
                continue
            result = Result(case, outcome.verdict)
            if store is None:
                finished.put(result)
            else:
                store.put(case, outcome, functools.partial(stored, result))

    def stored(result: Result, error: StoreError | None) -> None:
        finished.put(result if error is None else _Failed(error))

    for target in [feed, *[work] * in_flight]:
        threading.Thread(target=target, name=f"judge-{target.__name__}", daemon=True).start()
    taken, handed, first_error = 0, None, None
    try:
        while handed is None or taken < handed:
            item = finished.get()
            if isinstance(item, _Fed):
                handed = item.cases
            else:
                taken += 1
                room.release()
            if isinstance(item, Result):
                yield item
            elif item.error is not None:
                ending.set()
                first_error = first_error or item.error
    finally:
        ending.set()
        room.release(in_flight)
    if first_error is not None:
        raise first_error
