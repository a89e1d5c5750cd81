"""Answers verified from Python: one with ``equivalent``, many on all cores with ``verify_answers``. No model is asked.

Small batches are judged in the calling thread. Larger ones go in pieces to child processes that stay for the next
call. Nothing here uses signals or an event loop, so that both functions can be called from any thread, from a
coroutine (which they block: use ``asyncio.to_thread``) and in a process that was forked.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import ValidationError

from judge.errors import InputError
from judge.judging import Judge
from judge.processes.child import Child, Children, Gone, Late, serve
from judge.processes.collector import loading
from judge.types import Case, Failure, Finding, Verdict

_ALONE = 64  # a batch up to this size is done sooner here than it is sent
_PIECE = 32  # cases in one message: enough to hide its cost, few enough to spread evenly
_DEADLINE_S = 20.0  # for a piece; none takes a tenth of it, so that only a defect is stopped


def equivalent(a: str, b: str, *, question: str | None = None, kind: str = "answer") -> Verdict:
    """Return whether `a` is the same answer as `b`, as far as a program can tell.

    The verdict is true where that was shown, so that ``if equivalent(a, b)`` reads as it should; it is false for
    ``incorrect`` and for ``undecided``, which its ``label`` tells apart. `b` is the reference: its precision counts,
    and `a` may say more than it. Raises InputError for an unknown `kind`.

    >>> equivalent("0.5", "1/2").because
    '0.5 = 1/2 exactly'
    >>> bool(equivalent("5 m", "5 km"))
    False
    """
    return _judge().decide(_case(a, b, question, kind=kind))


def verify_answers(
    responses: Sequence[str],
    references: Sequence[str | Sequence[str]],
    questions: Sequence[str | None] | None = None,
    *,
    workers: int | None = None,
) -> list[Verdict]:
    """Return a verdict for each response, in order, using `workers` processes (as many as there are cores if None).

    ``references[i]`` is what ``responses[i]`` has to equal, or several of which one has to be met. ``workers=1``
    judges in the calling thread. A case that crashes or hangs its process is ``undecided`` with the cause.
    Raises InputError for sequences of different lengths, and for what is not text.

    >>> [verdict.label for verdict in verify_answers(["0.5", "7"], ["1/2", ["8", "9"]])]
    ['correct', 'incorrect']
    """
    asked: Sequence[str | None] = [None] * len(responses) if questions is None else questions
    for name, given in (("references", references), ("questions", asked)):
        if isinstance(given, str) or len(given) != len(responses):
            raise InputError(f"{len(responses)} responses need as many {name}, got {given!r:.80}")
    cases = [
        _case(response, reference, question, place=place)
        for place, (response, reference, question) in enumerate(zip(responses, references, asked, strict=True))
    ]
    return verify_cases(cases, workers=workers)


def verify_cases(cases: Sequence[Case], *, workers: int | None = None) -> list[Verdict]:
    """Return a verdict for each case of the kind ``answer``, in order; `workers` as for `verify_answers`."""
    size = _cores() if workers is None else workers
    if size < 1:
        raise InputError(f"{workers} workers cannot verify anything")
    if size == 1 or len(cases) <= _ALONE:
        return [_judge().decide(case) for case in cases]
    pool = _pool(size)
    pieces = [cases[start : start + _PIECE] for start in range(0, len(cases), _PIECE)]
    with ThreadPoolExecutor(size, thread_name_prefix="judge-verify") as threads:
        return [verdict for piece in threads.map(lambda piece: _verified(piece, pool), pieces) for verdict in piece]


def _case(response: str, reference: str | Sequence[str], question: str | None, **further: Any) -> Case:
    place = further.pop("place", None)
    try:
        references = (reference,) if isinstance(reference, str) else tuple(reference)
        # The ids are those of the places, which spares hashing: nobody looks a case up by them.
        name = {} if place is None else {"id": str(place)}
        return Case(response=response, references=references, question=question, **name, **further)
    except (ValidationError, TypeError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        where = "" if place is None else f"case {place}: "
        raise InputError(f"{where}response {response!r:.60}, reference {reference!r:.60}: {problem}") from None


def _verified(cases: Sequence[Case], pool: Children[Child]) -> list[Verdict]:
    """Return the verdicts of a piece; where a child fails on it, each case has a child to itself."""
    provenance = _judge().cascade.provenance
    try:
        with pool.lend() as child:
            found = child.ask({"cases": [case.model_dump(mode="json") for case in cases]}, within=_DEADLINE_S)
        return [Verdict.model_validate({**fields, "provenance": provenance}) for fields in found]
    except (Late, Gone) as problem:
        if len(cases) > 1:
            return [verdict for case in cases for verdict in _verified([case], pool)]
        cause = "evaluator_timeout" if isinstance(problem, Late) else "evaluator_crash"
        message = f"the evaluation {problem}"
        finding = Finding.undecided(message, error=Failure(cause=cause, message=message))
        return [
            Verdict(
                case_id=cases[0].id,
                label="undecided",
                decided_by="nobody",
                because=message,
                findings={"evaluation": finding},
                provenance=provenance,
            )
        ]


@functools.cache
def _judge() -> Judge:
    return Judge()


_pools: dict[int, Children[Child]] = {}


def _pool(size: int) -> Children[Child]:
    pool = _pools.get(size)
    # setdefault: of two threads that come first at once, both get the pool of one; pools start nothing by themselves
    return pool or _pools.setdefault(size, Children(lambda: Child("judge.verifying"), size=size))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))  # which knows of containers and job schedulers
    return os.cpu_count() or 1


def _answer(request: dict[str, Any]) -> Any:
    """Judge a piece, in a child; the provenance is the parent's to add."""
    judge = _settled()
    verdicts = (judge.decide(Case.model_validate(fields)) for fields in request["cases"])
    return [verdict.model_dump(mode="json", exclude={"provenance"}) for verdict in verdicts]


@functools.cache
def _settled() -> Judge:
    """Return the judge with all that it needs loaded, and the collector told that it stays."""
    with loading():
        _judge().decide(Case(response="some words", reference="other words"))
    return _judge()


if __name__ == "__main__":
    serve(_answer)
