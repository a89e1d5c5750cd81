"""The ``judge`` fixture: questions that a test asks, each answered with a verdict to assert on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from judge import kinds
from judge.errors import InputError, JudgeError, ModelDown
from judge.integrations.pytest.recording import RecordedModel
from judge.integrations.pytest.results import Results
from judge.integrations.pytest.verdict import NUMBER, Judged, Origin
from judge.types import Case, Decided, total

if TYPE_CHECKING:
    from judge.integrations.pytest.asking import Asking
    from judge.integrations.pytest.session import Session, Wish
    from judge.judging import Judge

_NO_REQUEST = "(The request is not known. Compare the two texts as they are.)"


class Asker:
    """Judges for one test. A verdict is true when it is what the test hopes for; ``label`` says what it is.

    Raises UsageError for what cannot be judged, and ModelDown when a model cannot be asked or a cassette holds no
    answer: then nothing is said of the response, and no verdict is returned that could be taken for one.
    """

    def __init__(self, session: Session, wish: Wish, asking: Asking, cases: tuple[Case, ...]) -> None:
        self._session = session
        self._wish = wish
        self._asking = asking
        self.cases = cases
        self.verdicts: list[Judged] = []
        self.seconds = 0.0

    def __call__(
        self,
        case: Case | None = None,
        /,
        *,
        response: str | None = None,
        reference: str | Sequence[str] | None = None,
        question: str | None = None,
        context: str | None = None,
        criterion: str | None = None,
        kind: str | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Return the verdict on a response, or on a case, of which what else is given is replaced.

        `inputs` are what the kind asks for besides texts; files are found from the folder of the test on.
        """
        __tracebackhide__ = True
        references = (reference,) if isinstance(reference, str) else reference
        fields = {
            "responses": None if response is None else (response,),
            "references": None if references is None else tuple(references),
            "question": question,
            "context": context,
            "criterion": criterion,
            "kind": kind,
            "inputs": inputs,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        with _ForATest():
            return self._one(self._session.judge(self._wish), _case(case, given))

    def equivalent(self, a: str, b: str, *, kind: str | None = None, inputs: Mapping[str, Any] | None = None) -> Judged:
        """Return whether `a` is the same answer as the reference `b`, as far as a program can tell: asks no model."""
        __tracebackhide__ = True
        with _ForATest():
            fields = {"responses": (a,), "references": (b,), "kind": kind or "answer", "inputs": inputs}
            return self._one(self._session.alone(), _case(None, fields))

    def passes(
        self, response: str, criterion: str, *, question: str | None = None, context: str | None = None
    ) -> Judged:
        """Return whether a response meets a criterion, under the rubric ``pass_fail``."""
        __tracebackhide__ = True
        with _ForATest():
            case = _case(
                None, {"responses": (response,), "criterion": criterion, "question": question, "context": context}
            )
            return self._one(self._with("pass_fail", "passes"), case)

    def prefers(self, a: str, *, over: str, question: str | None = None, criterion: str | None = None) -> Judged:
        """Return whether `a` is better than `over`, under the rubric ``preference``, shown in either order.

        The verdict is on `a` as A; if that is what was hoped for, the two are shown the other way round, and where
        the judge then says something else, that verdict is returned, on `a` as B.
        """
        __tracebackhide__ = True
        with _ForATest():
            judge = self._with("preference", "prefers")
            fields = {"question": question or _NO_REQUEST, "criterion": criterion}
            first = self._one(judge, _case(None, {"responses": (a, over), **fields}), wanted="A")
            if not first:
                return first
            second = self._one(judge, _case(None, {"responses": (over, a), **fields}), wanted="B")
            return first if second else second

    def all(self, cases: Iterable[Case] | None = None) -> Results:
        """Return the verdicts on many cases, judged at once: those given, or those of the mark ``judge_cases``."""
        __tracebackhide__ = True
        wanted = self.cases if cases is None else tuple(cases)
        with _ForATest():
            if not wanted:
                raise InputError("there are no cases: give some, or mark the test with judge_cases(FILE)")
            judge = self._session.judge(self._wish)
            ready = [self._ready(judge, _case(case, {})) for case in wanted]
            began = time.monotonic()
            outcomes = _outcomes(judge, ready)
            self.seconds += time.monotonic() - began
            pairs = zip(ready, outcomes, strict=True)
            return Results([self._judged(judge, case, outcome) for case, outcome in pairs])

    def _ready(self, judge: Judge, case: Case) -> Case:
        """Return a case of many as it is judged. Raises InputError that names it."""
        try:
            case = judge.prepare(kinds.validated(case, folder=self._wish.folder))
        except InputError as error:
            raise InputError(f"case {case.id!r}: {error}") from None
        if problem := judge.problem(case):
            raise InputError(f"case {case.id!r}: {problem}")
        return case

    def __repr__(self) -> str:
        return "judge"

    def _with(self, rubric: str, what: str) -> Judge:
        if self._wish.models == ("none",):
            raise InputError(
                f"judge.{what} asks a model, and none is set: give --judge-model=PROVIDER:NAME, "
                "set judge_model, or mark the test with judge(model=…)"
            )
        return self._session.judge(self._wish._replace(rubrics=(rubric,)))

    def _one(self, judge: Judge, case: Case, *, wanted: str | None = None) -> Judged:
        case = judge.prepare(kinds.validated(case, folder=self._wish.folder))
        if problem := judge.problem(case):
            raise InputError(problem)
        began = time.monotonic()
        try:
            outcome = judge.cascade.decide(case)
        finally:
            self.seconds += time.monotonic() - began
        return self._judged(judge, case, outcome, wanted=wanted)

    def _judged(self, judge: Judge, case: Case, outcome: Decided, *, wanted: str | None = None) -> Judged:
        recorded = _recorded(judge)
        votes = [vote for vote in outcome.verdict.votes if vote.member.model not in recorded]
        if votes:  # those of recorded models were counted when they were asked, or not asked at all
            self._asking.asked(total(vote.usage for vote in votes))
        origin = Origin(judge, case, outcome, wanted or _hoped_for(judge, self._wish), self._wish.threshold)
        judged = Judged.of(origin)
        self.verdicts.append(judged)
        return judged


def _case(case: Case | None, fields: Mapping[str, object]) -> Case:
    """Return a case, checked also where a copy of it was changed by the test."""
    if not isinstance(case, Case | None):
        raise InputError(f"expected a judge.Case, got {case!r:.80}")
    if case is None and "responses" not in fields:
        raise InputError("there is nothing to judge: give response=…, or a case")
    known = dict(case) if case else {}
    try:
        return Case(**known | {name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"field {first['loc'][0]!r}: {first['msg']}, got {first['input']!r:.80}") from None


def _outcomes(judge: Judge, cases: Sequence[Case]) -> list[Decided]:
    """Decide cases, as many at once as the settings say; evaluators alone gain nothing by threads."""
    decide: Callable[[Case], Decided] = judge.cascade.decide
    if judge.cascade.panel is None:
        return [decide(case) for case in cases]
    threads = ThreadPoolExecutor(judge.in_flight, thread_name_prefix="judge-case")
    try:
        return list(threads.map(decide, cases))
    finally:
        threads.shutdown(cancel_futures=True)


def _hoped_for(judge: Judge, wish: Wish) -> str:
    """Return the label that a test hopes for: ``correct``, the first of the rubric's own, or a number."""
    panel = judge.cascade.panel
    if panel is None or "correct" in panel.labels:
        return "correct"
    if not panel.numeric:
        return panel.labels[0]
    if wish.threshold is None:
        rubric = panel.seats[0].rubric.name
        raise InputError(
            f"rubric {rubric!r} gives numbers: say which one is enough, as in pytest.mark.judge(threshold=4)"
        )
    return NUMBER


def _recorded(judge: Judge) -> set[str]:
    seats = judge.cascade.panel.seats if judge.cascade.panel else ()
    return {seat.member.model for seat in seats if isinstance(seat.model, RecordedModel)}


class _ForATest:
    """Raises errors without the frames of judge, so that pytest points at the line of the test."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if isinstance(error, ModelDown) and error.cause != "config":
            raise error.with_traceback(None) from None
        if isinstance(error, JudgeError):
            raise pytest.UsageError(str(error)) from None
