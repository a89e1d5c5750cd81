"""What judges for promptfoo's assertions: the program of their daemon."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from judge.config import Settings
from judge.errors import ConfigError, InputError, JudgeError, nearest
from judge.integrations.promptfoo.daemon import serve
from judge.integrations.shared import ensure_right_or_wrong, inputs_of, settings_from, texts, worth
from judge.judging import Judge
from judge.models.dialects import well_formed
from judge.types import Case, Verdict

_OURS = ("reference", "question", "kind", "inputs")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")  # as promptfoo's own templates name one


class Desk:
    """Answers the assertions of a run of promptfoo. Thread-safe; each setting of `judge` is loaded once."""

    def __init__(self) -> None:
        self._judges: dict[str, Judge] = {}
        self._lock = threading.Lock()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what promptfoo calls a grading result, or why there is none as ``problem``."""
        # Half of a surrogate pair, which JavaScript lets through, could not be written back to it.
        request = json.loads(well_formed(json.dumps(request, ensure_ascii=False)))
        output, config, variables = request["output"], request["config"], request["vars"]
        try:
            given = {name: value for name, value in config.items() if name not in _OURS}
            criterion = given.pop("criterion", None)  # the case's: one for each test needs no judge of its own
            judge = self._judge(settings_from(given, whose="config", beside=_OURS))
            case = Case(
                kind=str(config.get("kind", "answer")),
                question="\n".join(_given("question", config, variables)) or None,
                response=output if isinstance(output, str) else json.dumps(output, ensure_ascii=False),
                references=_given("reference", config, variables),
                criterion=None if criterion is None else str(criterion),
                inputs=inputs_of(_value("inputs", config, variables)) if "inputs" in config else {},
            )
            if problem := judge.problem_of(case):
                raise InputError(problem)
            if not case.references and judge.cascade.panel is None:
                raise InputError(
                    "no reference and no model: give the test a variable 'reference', or config.reference, "
                    "or a model that judges"
                )
            return _graded(judge.decide(case))
        except JudgeError as error:
            return {"problem": str(error)}

    def close(self) -> None:
        """Stop the worker processes, and hang up on servers."""
        for judge in self._judges.values():
            judge.close()

    def _judge(self, settings: Settings) -> Judge:
        name = settings.model_dump_json()
        with self._lock:
            if name not in self._judges:
                judge = Judge.from_settings(settings)
                ensure_right_or_wrong(judge)
                judge.cascade.preflight()
                self._judges[name] = judge
            return self._judges[name]


def _given(name: str, config: Mapping[str, Any], variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a text, or several: those in `config`, where ``{{name}}`` stands for a variable, else the variable."""
    return texts(_value(name, config, variables) if name in config else variables.get(name))


def _value(name: str, config: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    value = config[name]
    if not isinstance(value, str) or not (found := _VARIABLE.fullmatch(value.strip())):
        return value
    if found[1] not in variables:
        hint, known = nearest(found[1], variables), ", ".join(variables)
        raise ConfigError(f"config.{name}: the test has no variable {found[1]!r}.{hint} It has: {known}")
    return variables[found[1]]


def _graded(verdict: Verdict) -> dict[str, Any]:
    score = worth(verdict.label)
    basis = f" ({verdict.basis})" if verdict.basis else ""
    said = f"{verdict.label}, {verdict.decided_by}{basis}" if score is not None else "undecided, not wrong"
    graded = {
        "pass": score == 1.0,
        "score": score or 0.0,
        "reason": f"{said}: {verdict.because}",
        "namedScores": {"undecided": float(score is None)},
        # Not as componentResults: promptfoo would count each vote as an assertion of its own.
        "metadata": {
            "verdict": verdict.model_dump(mode="json", exclude_defaults=True, exclude={"provenance": {"settings"}})
        },
    }
    if (usage := verdict.usage).calls:
        graded["tokensUsed"] = {
            "total": usage.prompt_tokens + usage.completion_tokens,
            "prompt": usage.prompt_tokens,
            "completion": usage.completion_tokens,
            "numRequests": usage.calls,
        }
    return graded


if __name__ == "__main__":
    desk = Desk()
    serve(desk.answer, close=desk.close)
