"""Many cases at once: a thread for each case in flight, a verdict stored before it counts, resume after anything."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from judge.cascade import Cascade
from judge.store import Store
from judge.types import Case, Verdict


class Result(NamedTuple):
    """One case of a run that is done."""

    case: Case
    verdict: Verdict


class _Done(NamedTuple):
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

    At most `in_flight` cases are held in memory. Cases that the store has are skipped. Setting `stop` ends the run
    after the cases that are in flight. An error of one thread (ModelDown, StoreError, InputError) stops the others
    in the same way and is then raised; what was stored stays.
    """
    ending = threading.Event()  # set when no further case is to be handed out
    source, hand_out = iter(cases), threading.Lock()
    finished: queue.Queue[Result | _Done] = queue.Queue(maxsize=4 * in_flight)

    def next_case() -> Case | None:
        with hand_out:
            while not (ending.is_set() or (stop and stop.is_set())):
                case = next(source, None)
                if case is None or store is None or not store.has(case, retry_errors=retry_errors):
                    return case
        return None

    def work() -> None:
        error: BaseException | None = None
        try:
            while (case := next_case()) is not None:
                kept = store.kept(case) if store is not None and retry_errors else ()
                outcome = cascade.decide(case, kept=kept)
                if store is not None:
                    store.put(case, outcome)
                finished.put(Result(case, outcome.verdict))
        except BaseException as caught:  # noqa: BLE001 - carried to the thread that waits, which raises it
            ending.set()
            error = caught
        finished.put(_Done(error))

    threads = [threading.Thread(target=work, name=f"judge-case-{n}", daemon=True) for n in range(in_flight)]
    for thread in threads:
        thread.start()
    working, first_error = len(threads), None
    try:
        while working:
            item = finished.get()
            if isinstance(item, _Done):
                working -= 1
                first_error = first_error or item.error
            else:
                yield item
    finally:
        ending.set()
    if first_error is not None:
        raise first_error
