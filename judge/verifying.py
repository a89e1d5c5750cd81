"""Answers verified from Python: one with ``equivalent``, many on all cores with ``verify_answers``. No model is asked.

One pair is judged in the calling thread, where nothing ends it: that rests on evaluators that promise to take time
linear in the texts. Many go to child processes, which stay for the next call. Nothing here uses signals or an event
loop, so that both functions can be called from any thread, from a coroutine (which they block: use
``asyncio.to_thread``) and in a process that was forked.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from judge.errors import InputError
from judge.judging import Judge
from judge.types import Basis, Case, Verdict


def equivalent(
    a: str, b: str | None, *, question: str | None = None, kind: str = "answer", inputs: Mapping[str, Any] | None = None
) -> Verdict:
    """Return whether `a` is the same answer as `b`, as far as a program can tell.

    The verdict is true where that was shown, so that ``if equivalent(a, b)`` reads as it should; it is false for
    ``incorrect`` and for ``undecided``, which its ``label`` tells apart. `b` is the reference: its precision counts,
    and `a` may say more than it; None where the kind needs none. `inputs` are what the kind asks for besides texts;
    files are found from the current folder on. Raises InputError for an unknown `kind`, and for inputs that it cannot
    mean.

    >>> equivalent("0.5", "1/2").because
    '0.5 = 1/2 exactly'
    >>> bool(equivalent("5 m", "5 km"))
    False
    """
    return _judge(here=True, weakest="learned").decide(_case(a, b, question, kind=kind, inputs=inputs or {}))


def verify_answers(
    responses: Sequence[str],
    references: Sequence[str | Sequence[str]],
    questions: Sequence[str | None] | None = None,
    *,
    kind: str = "answer",
    inputs: Sequence[Mapping[str, Any] | None] | None = None,
    workers: int | None = None,
    weakest: Basis = "learned",
) -> list[Verdict]:
    """Return a verdict for each response, in order, using `workers` processes (as many as there are cores if None).

    ``references[i]`` is what ``responses[i]`` has to equal, or several of which one has to be met; ``inputs[i]`` is
    what its case brings besides texts. No verdict rests on a basis weaker than `weakest`, and who could say nothing
    stronger is not asked. A case that crashes or hangs its process is ``undecided`` with the cause.
    Raises InputError for sequences of different lengths, for what is not text, for an unknown `kind` and for inputs
    that it cannot mean, and ConfigError for an unknown basis.

    >>> [verdict.label for verdict in verify_answers(["0.5", "7"], ["1/2", ["8", "9"]])]
    ['correct', 'incorrect']
    """
    asked: Sequence[str | None] = [None] * len(responses) if questions is None else questions
    if isinstance(responses, str):
        raise InputError(f"responses has to be a list of texts, got one text: {responses!r:.80}")
    for name, given in (("references", references), ("questions", asked), ("inputs", inputs)):
        if given is not None and (isinstance(given, str | Mapping) or len(given) != len(responses)):
            raise InputError(f"{len(responses)} responses need as many {name}, got {given!r:.80}")
    further: dict[str, Any] = {} if kind == "answer" else {"kind": kind}
    each = [further] * len(responses) if inputs is None else [{**further, "inputs": one or {}} for one in inputs]
    cases = [
        _case(response, reference, question, place=place, **more)
        for place, (response, reference, question, more) in enumerate(
            zip(responses, references, asked, each, strict=True)
        )
    ]
    return verify_cases(cases, workers=workers, weakest=weakest)


def verify_cases(cases: Sequence[Case], *, workers: int | None = None, weakest: Basis = "learned") -> list[Verdict]:
    """Return a verdict for each case, in order; `workers` and `weakest` as for `verify_answers`.

    Raises InputError for a case that cannot be judged; it is named by its place.
    """
    if workers is not None and (not isinstance(workers, int) or isinstance(workers, bool) or workers < 1):
        raise InputError(f"{workers!r} workers cannot verify anything: say how many processes, or None")
    judge = _judge(here=False, weakest=weakest)
    plain = {kind for kind in {case.kind for case in cases} if _brings_nothing(judge, kind)}
    ready = [
        case if case.kind in plain and not case.inputs else _checked(judge, case, place)
        for place, case in enumerate(cases)
    ]
    return [decided.verdict for decided in judge.cascade.decide_all(ready, size=workers)]


def _brings_nothing(judge: Judge, kind: str) -> bool:
    """Return whether a case of a kind can be judged as it is when it has no inputs: then none is looked at."""
    return judge.problem_of(Case(id="one", kind=kind, response="")) is None


def _checked(judge: Judge, case: Case, place: int) -> Case:
    try:
        case = judge.prepare(case)
    except InputError as error:
        raise InputError(f"case {place}: {error}") from None
    if problem := judge.problem(case):
        raise InputError(f"case {place}: {problem}")
    return case


def _case(response: str, reference: str | Sequence[str] | None, question: str | None, **further: Any) -> Case:
    place = further.pop("place", None)
    try:
        references = (reference,) if isinstance(reference, str) else tuple(reference or ())
        # The ids are those of the places, which spares hashing: nobody looks a case up by them.
        name = {} if place is None else {"id": str(place)}
        return Case(response=response, references=references, question=question, **name, **further)
    except (ValidationError, TypeError, RecursionError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        where = "" if place is None else f"case {place}: "
        raise InputError(f"{where}response {response!r:.60}, reference {reference!r:.60}: {problem}") from None


@functools.cache
def _judge(*, here: bool, weakest: Basis) -> Judge:
    return Judge(here=here, weakest=weakest)
