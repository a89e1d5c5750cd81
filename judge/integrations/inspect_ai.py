"""Scorers for inspect_ai, found through its entry point: ``inspect score log.eval --scorer equijudge/answer``.

Importing this needs inspect_ai, which does so when one of its programs looks for a scorer of this package.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Any

import anyio.to_thread

# What inspect_ai's own scorers raise for a bad setup: it is said in a line, without a traceback.
from inspect_ai._util.error import PrerequisiteError  # type: ignore[import-not-found]
from inspect_ai.scorer import (  # type: ignore[import-not-found]
    CORRECT,
    INCORRECT,
    Score,
    Scorer,
    Target,
    accuracy,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState  # type: ignore[import-not-found]
from pydantic import ValidationError

from judge.assembly import known_kinds
from judge.errors import ConfigError, InputError, JudgeError, nearest
from judge.integrations.shared import inputs_of, settings_from
from judge.judging import Judge
from judge.types import Case, Verdict

_VALUES = {"correct": CORRECT, "pass": CORRECT, "incorrect": INCORRECT, "fail": INCORRECT}


def _named_in_full(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep inspect_ai from putting a package before the name: that of the import, or none if installed as editable."""
    function.__module__ = "equijudge"  # the distribution, which is no module: so nothing is found to put there
    return function


@scorer(metrics=[accuracy(), stderr()], name="equijudge/answer")  # type: ignore[untyped-decorator]
@_named_in_full
def answer(kind: str = "answer", **settings: Any) -> Scorer:
    """Score whether the final answer is one of the targets: by the evaluators, and by a panel if ``model`` is given.

    `settings` are those of the command line of `judge`: ``-S model=openai:NAME -S votes=3``. A verdict of ``undecided``
    is unscored, with the reason ``grader_failed`` where a vote failed, ``scoring_failed`` where the sample cannot be
    judged, else ``undecided``. Accuracy is that of the others, and the log counts the unscored. An empty completion has
    the reason ``no_response``, scored or not. The whole verdict is in the metadata. Not covered: completions that are
    no text. What a sample has under ``inputs`` in its metadata are the inputs of its kind.
    Raises PrerequisiteError for what is no setting, an unknown kind, a plugin or a rubric that cannot be used.
    """
    judge = _judge(kind, settings)

    async def score(state: TaskState, target: Target) -> Score:
        completion = state.output.completion
        references = [text for text in target if text]
        case = Case(kind=kind, question=_question(state), response=completion, references=references)
        try:
            if brought := inputs_of((state.metadata or {}).get("inputs")):
                case = Case(**dict(case) | {"inputs": brought, "id": None})
            problem = judge.problem_of(case)
        except (InputError, ValidationError) as error:
            problem = f"the metadata 'inputs' of the sample: {error}"
        if not references and judge.cascade.panel is None:
            problem = "the sample has no target and no model is asked: there is nothing to compare with"
        if problem:
            return Score.unscored(reason="scoring_failed", answer=completion, explanation=problem)
        return _scored(await anyio.to_thread.run_sync(judge.decide, case), completion)

    return score


def _judge(kind: str, settings: dict[str, Any]) -> Judge:
    try:
        if kind not in (known := known_kinds()):
            raise ConfigError(f"unknown kind {kind!r}.{nearest(kind, known)} Known: {', '.join(sorted(known))}")
        judge = Judge.from_settings(settings_from(settings, whose="its arguments"))
    except JudgeError as error:
        raise PrerequisiteError(f"equijudge/answer: {error}") from None
    atexit.register(judge.close)  # nothing tells a scorer that it is done, and open connections would complain
    return judge


def _scored(verdict: Verdict, completion: str) -> Score:
    failed = any(vote.error for vote in verdict.votes)
    reason = None if completion.strip() else "no_response"
    told = {
        "answer": completion,
        "explanation": verdict.because,
        # The settings are the same for all samples; the fingerprint stands for them.
        "metadata": verdict.model_dump(mode="json", exclude_defaults=True, exclude={"provenance": {"settings"}}),
    }
    if verdict.label == "undecided":
        return Score.unscored(reason=reason or ("grader_failed" if failed else "undecided"), **told)
    return Score(value=_VALUES.get(verdict.label, verdict.label), reason=reason, **told)


def _question(state: TaskState) -> str:
    """Return what was asked, with the options of a multiple choice."""
    options = [f"{chr(ord('A') + place)}. {choice.value}" for place, choice in enumerate(state.choices)]
    return "\n".join([state.input_text, *options])
