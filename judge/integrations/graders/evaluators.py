"""Graders that a program decides, as evaluators. What each measured is in the evidence of its finding.

They never know more than their rule says, so that a decision has the basis ``rule``; without a threshold a score is no
decision, and the finding is ``undecided``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from judge.budget import Budget
from judge.errors import SandboxDown, SandboxError
from judge.integrations.graders.kind import GRADER
from judge.integrations.graders.records import PythonCheck, StringCheck, TextSimilarity
from judge.integrations.graders.similarity import similarity
from judge.plain import digest
from judge.protocols import Evaluator
from judge.sandbox import Limits, shared
from judge.types import Basis, Case, Evidence, Failure, Finding, Outcome, Runs

_LIMITS = Limits(seconds=60, cpu_seconds=30)


class ScoreEvaluator(Evaluator):
    """Measures a case by a grader: its response against its reference, or by a program over its item and sample.

    The version holds a hash of the grader, so that a run cannot be continued with another one.
    """

    kinds = frozenset({GRADER.name})
    bases: Mapping[Outcome, frozenset[Basis]] = {"correct": frozenset({"rule"}), "incorrect": frozenset({"rule"})}
    runs: Runs = "sandbox"

    def __init__(self, grader: StringCheck | TextSimilarity | PythonCheck) -> None:
        self.name: str = grader.type
        self.version = f"1-{digest(grader.model_dump_json())[:12]}"
        self._grader = grader

    def check(self, case: Case, /, *, budget: Budget) -> Finding:  # noqa: ARG002 - the sandbox has limits of its own
        """Return the score as evidence, and the decision where the grader has a threshold. Raises SandboxDown."""
        grader = self._grader
        if isinstance(grader, PythonCheck):
            score = _graded(grader, case.inputs)
        elif isinstance(grader, StringCheck):
            score = float(_holds(grader, case.response, case.reference or ""))
        else:
            score = similarity(grader.evaluation_metric, case.response, case.reference or "")
        if isinstance(score, Failure):
            return Finding.undecided(score.message, error=score)
        seen = Evidence(id="score", source=self.name, request=self.version, content=repr(score))
        passes = grader.passes(score)
        if passes is None:
            return Finding(outcome="undecided", because=f"the score is {score:g}", evidence=(seen,))
        limit = f"the score is {score:g}, and {grader.pass_threshold:g} passes"
        return Finding(outcome="correct" if passes else "incorrect", basis="rule", because=limit, evidence=(seen,))


def _holds(grader: StringCheck, text: str, reference: str) -> bool:
    if grader.operation in ("eq", "ne"):
        return (text == reference) == (grader.operation == "eq")
    if grader.operation == "ilike":
        text, reference = text.casefold(), reference.casefold()
    return reference in text


def _graded(grader: PythonCheck, spaces: Mapping[str, Any]) -> float | Failure:
    """Return what the program's ``grade(sample, item)`` gives, in a sandbox of its own for each row."""
    try:
        (result,) = shared().apply(
            grader.source, [(spaces["sample"], spaces["item"])], function="grade", limits=_LIMITS
        )
    except SandboxDown:
        raise  # no row can be graded
    except SandboxError as error:
        return Failure(cause="sandbox", message=f"the grader cannot be run here: {error}")
    if result.error is not None:
        *_, last = result.error.strip().splitlines() or ["no reason was given"]
        return Failure(cause=f"grader_{result.reason or 'error'}", message=f"the grader failed: {last}")
    if not isinstance(result.value, int | float) or not math.isfinite(result.value):
        given = json.dumps(result.value, default=repr)
        return Failure(cause="grader_error", message=f"the grader has to return a finite number, not {given:.80}")
    return float(result.value)
