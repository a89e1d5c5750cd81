"""The children of this process, with a thread each, and the tasks that wait for them.

There is a crew for each number of children that was asked for, and everybody in this process shares it. A child is
started when there is work for it, and stays. A process that was forked off starts its own.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from judge.processes.child import Child, Gone, Late

BATCH = 32  # tasks in one message: enough to hide its cost, few enough to spread evenly
_BATCH_BYTES = 2**20
_ALONE = 8  # so few tasks are done by one child sooner than another has started
_LOADING_S = 60.0


class Task(Protocol):
    """Something that a child does. Of `answered`, `broke` and a last `blamed` one is called, once, by some thread."""

    key: bytes  # names what the child has to have loaded; tasks of one key may go in one message
    line: bytes  # what the child is asked
    within: float  # seconds that each step may take

    def load(self) -> bytes:
        """Return the line that makes a child load what the key names; its answer has to be ``ok``."""
        ...

    def answered(self, answer: bytes) -> None:
        """Take the answer."""
        ...

    def blamed(self, step: int | None, problem: Late | Gone) -> bool:
        """Take it that a child was lost in this step, or before any (None); return whether to ask once more."""
        ...

    def broke(self, error: Exception) -> None:
        """Take it that something else went wrong: a defect."""
        ...


class Crew:
    """So many children at most. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[Task] = deque()
        self._change = threading.Condition()
        self._threads = 0
        self._free = 0  # threads that have no task, among them those whose child is starting
        self._children: set[_Loaded] = set()
        self._closed = False

    def work(self, tasks: Sequence[Task]) -> None:
        """Have tasks done. Returns at once."""
        with self._change:
            self._put(tasks)

    def close(self) -> None:
        """Kill all children, for good."""
        with self._change:
            self._closed = True
            self._give_up(Gone("cannot be asked any more: this process ends"))
            children = list(self._children)
            self._change.notify_all()
        for child in children:
            child.kill()

    def forget(self) -> None:
        """In a fork of the process whose children these are: let go of their pipes."""
        for child in self._children:
            child.forget()

    def _put(self, tasks: Sequence[Task], *, first: bool = False) -> None:
        if first:
            self._waiting.extendleft(reversed(tasks))
        else:
            self._waiting.extend(tasks)
        wanted = -(-len(self._waiting) // _ALONE)
        problem = Gone("cannot be asked any more: this process ends") if self._closed else None
        while problem is None and self._free < wanted and self._threads < self._size:
            try:
                threading.Thread(target=self._serve, name="judge-worker", daemon=True).start()
            except RuntimeError as error:
                problem = Gone(f"has no worker, since no thread can be started for one: {error}")
            else:
                self._threads += 1
                self._free += 1
        if problem and (self._closed or not self._threads):
            self._give_up(problem)
        self._change.notify(wanted)

    def _give_up(self, problem: Gone) -> None:
        """Tell everybody who waits that nobody will come."""
        while self._waiting:
            task = self._waiting.popleft()
            while task.blamed(None, problem):
                pass

    def _serve(self) -> None:
        """The life of one thread: a child, and one batch after the other."""
        child: _Loaded | None = None
        while not self._closed:
            if child is None:
                with suppress(Late, Gone):  # which is said to the first task, for which it is tried once more
                    child = self._started()
            batch = self._take()
            done = 0
            try:
                if child is None or child.dead:  # somebody may have killed it while it waited
                    self._lost(child)
                    child = None
                    child = self._started()
                for task, answer in zip(batch, child.answers(batch), strict=True):
                    task.answered(answer)
                    done += 1
            except (Late, Gone) as lost:
                again = _blame(batch, done, child, lost)
                self._lost(child)
                child = None
                with self._change:
                    self._put(again, first=True)
            except Exception as error:  # noqa: BLE001 - whoever waits for a task has to hear of it
                for task in batch[done:]:
                    task.broke(error)
                self._lost(child)
                child = None
            with self._change:
                self._free += 1

    def _started(self) -> _Loaded:
        child = _Loaded()
        with self._change:
            self._children.add(child)
            if self._closed:
                child.kill()
        return child

    def _lost(self, child: _Loaded | None) -> None:
        if child is not None:
            child.kill()
            with self._change:
                self._children.discard(child)

    def _take(self) -> list[Task]:
        """Wait for tasks, and return those that may go in one message: a fair share of all that wait."""
        with self._change:
            while not self._waiting and not self._closed:
                self._change.wait()
            self._free -= 1
            share = min(BATCH, max(-(-len(self._waiting) // self._size), _ALONE))
            batch: list[Task] = []
            size = 0
            while self._waiting and len(batch) < share and size < _BATCH_BYTES:
                if batch and self._waiting[0].key != batch[0].key:
                    break
                batch.append(self._waiting.popleft())
                size += len(batch[-1].line)
            return batch


class _Loaded(Child):
    """A child that knows what it has loaded."""

    def __init__(self) -> None:
        super().__init__("judge.processes.workers")
        self._keys: set[bytes] = set()
        self.loading = False

    def answers(self, batch: Sequence[Task]) -> Iterator[bytes]:
        if not batch:
            return
        key = batch[0].key
        if key not in self._keys:
            self.loading = True
            (said,) = self.ask([b"load " + key + b" " + batch[0].load()], within=_LOADING_S)
            if said != b"ok":
                raise Gone(f"cannot be loaded in a worker: {said.decode()}")
            self._keys.add(key)
            self.loading = False
        yield from self.ask([b"ask " + key + b" " + task.line for task in batch], within=batch[0].within)


def _blame(batch: Sequence[Task], done: int, child: _Loaded | None, problem: Late | Gone) -> list[Task]:
    """Tell the task in which a child was lost, or all where it could load nothing; return those to ask again."""
    if child is None or child.loading:
        return [task for task in batch[done:] if task.blamed(None, problem)]
    place = child.place
    # where the child was in none of those that are left, it is the first of them, so that each loss costs one task
    culprit, step = (place.line, place.step) if done <= place.line < len(batch) else (done, None)
    return [task for n, task in enumerate(batch[done:], done) if n != culprit or task.blamed(step, problem)]


def crew(size: int | None = None) -> Crew:
    """Return the crew of so many children, by default as many as this process may use cores."""
    size = cores() if size is None else size
    with _making:
        return _crews.get(size) or _crews.setdefault(size, Crew(size))


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))  # which knows of containers and job schedulers
    return os.cpu_count() or 1


_crews: dict[int, Crew] = {}
_making = threading.Lock()


def strike() -> None:
    """Have all children end, for who ends this process at once; locks nothing, so that a signal handler may call it."""
    for one in list(_crews.values()):
        for child in list(one._children):
            child.strike()


def _close() -> None:
    for one in list(_crews.values()):
        one.close()


def _after_fork() -> None:
    global _making
    _making = threading.Lock()  # another thread of the parent may have held it
    for one in _crews.values():
        one.forget()
    _crews.clear()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
