"""Many cases at once: a thread for each case or batch in flight, a verdict stored before it counts, then resume."""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Generator, Iterable
from typing import NamedTuple

from judge.protocols import Decider
from judge.record.store import Store
from judge.types import Case, Decided, Verdict

#: Enough for verdicts to share commits when evaluators decide thousands a second.
AHEAD = 256


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
    decider: Decider,
    cases: Iterable[Case],
    *,
    in_flight: int,
    store: Store | None = None,
    retry_errors: bool = False,
    stop: threading.Event | None = None,
    recall: bool = False,
) -> Generator[Result, None, None]:
    """Judge cases and yield each result when it is done (and, with a store, on the disk).

    `in_flight` cases are worked on at once; at most AHEAD more wait for that or to be stored. Of cases that the store
    has only a label or bookkeeping that changed is stored. Setting `stop` ends the run after the cases that are in
    flight. An error of one thread (ModelDown, StoreError, InputError) stops the others in the same way and is then
    raised; what was stored stays.
    """
    ending = threading.Event()  # set when no further case is to be begun
    waiting: queue.SimpleQueue[Case | None] = queue.SimpleQueue()
    finished: queue.SimpleQueue[Result | _Failed | _Fed] = queue.SimpleQueue()
    room = threading.Semaphore(in_flight + AHEAD)  # cases handed out whose result has not been taken
    workers = -(-in_flight // decider.batch)

    def over() -> bool:
        return ending.is_set() or (stop is not None and stop.is_set())

    def feed() -> None:
        """Hand out the cases that have no verdict yet, then one None for each worker."""
        handed, error, noted = 0, None, False
        try:
            for case in cases:
                known = store is not None and store.has(case, retry_errors=retry_errors)
                if known and store is not None:
                    noted |= store.note(case)
                if known and not recall:
                    continue
                room.acquire()
                if over():
                    break
                handed += 1
                if known:
                    finished.put(_recalled(store, case))
                else:
                    waiting.put(case)
            if noted and store is not None:
                store.flush()
        except BaseException as caught:  # noqa: BLE001 - carried to the consumer, which raises it
            error = caught
            ending.set()
        finished.put(_Fed(handed, error))
        for _ in range(workers):
            waiting.put(None)

    def work() -> None:
        while batch := _batch(waiting, decider.batch):
            if over():
                for _ in batch:
                    finished.put(_Failed(None))
                continue
            try:
                decided = decide(batch)
            except BaseException as error:  # noqa: BLE001 - the same
                for _ in batch:
                    settle(None, error)
                continue
            for case, one in zip(batch, decided, strict=True):
                result = Result(case, one.verdict)
                if store is None:
                    settle(result, None)
                else:
                    store.put(case, one, functools.partial(settle, result))

    def decide(batch: list[Case]) -> list[Decided]:
        if store is not None and retry_errors:
            return [decider.decide(case, kept=store.kept(case)) for case in batch]
        return decider.decide_all(batch)

    def settle(result: Result | None, error: BaseException | None) -> None:
        """Tell the consumer what became of a case; an error ends the run before another case is begun."""
        if error is not None:
            ending.set()
        finished.put(result if result and error is None else _Failed(error))

    for target in [feed, *[work] * workers]:
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
                first_error = first_error or item.error
    finally:
        ending.set()
        room.release(in_flight)
    if first_error is not None:
        raise first_error


def _batch(waiting: queue.SimpleQueue[Case | None], most: int) -> list[Case]:
    """Wait for a case, and return it with those that are there already, up to so many; nothing at the end."""
    batch: list[Case] = []
    while len(batch) < most:
        try:
            case = waiting.get(block=not batch)
        except queue.Empty:
            break
        if case is None:
            if batch:
                waiting.put(None)  # for this thread, when it comes again
            break
        batch.append(case)
    return batch


def _recalled(store: Store | None, case: Case) -> Result:
    stored = store.get(case.id) if store is not None else None
    assert stored is not None
    return Result(case, stored.verdict)
