"""Rewards for trainers: verified answers behind the signatures that TRL and verl call.

Nothing here imports a trainer. The rewards can be pickled, are safe in threads, in event loops and in Ray's workers,
and start the verifying processes once in each process that asks for many answers.
"""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from judge.errors import ConfigError, InputError, nearest
from judge.integrations.shared import inputs_of, texts
from judge.types import STRENGTH, Basis, Verdict
from judge.verifying import verify_answers


@dataclass(frozen=True)
class Payoff:
    """What each outcome is worth. ``undecided=None`` means no reward at all, which only TRL can express.

    A verdict on a basis weaker than ``weakest`` counts as undecided, and evaluators that reach no other are not asked.
    By default that is a ``learned`` one: a policy under optimisation finds the mistakes of a classifier, while rules
    and proofs hold for every text.
    Raises ConfigError for an unknown basis or a reward that is no finite number.

    >>> Payoff(undecided=-0.1).of(verify_answers(["4 or 5"], ["4"])[0])
    -0.1
    """

    correct: float = 1.0
    incorrect: float = 0.0
    undecided: float | None = 0.0
    weakest: Basis = "rule"

    def __post_init__(self) -> None:
        if self.weakest not in STRENGTH:
            raise ConfigError(
                f"unknown basis {self.weakest!r}.{nearest(self.weakest, STRENGTH)} Known: {', '.join(STRENGTH)}"
            )
        for name in ("correct", "incorrect", "undecided"):
            value = getattr(self, name)
            if not (value is None and name == "undecided") and not _is_finite(value):
                raise ConfigError(f"the reward for {name!r} has to be a finite number, got {value!r}")

    def decided(self, verdict: Verdict) -> bool:
        """Return whether the verdict decides on a basis that is strong enough."""
        return verdict.basis is not None and STRENGTH[verdict.basis] >= STRENGTH[self.weakest]

    def of(self, verdict: Verdict) -> float | None:
        """Return the reward for a verdict."""
        if not self.decided(verdict):
            return self.undecided
        return self.correct if verdict.correct else self.incorrect


@dataclass(frozen=True)
class AnswerReward:
    """A reward function for TRL's trainers: ``GRPOTrainer(reward_funcs=AnswerReward("solution"), …)``.

    `reference` names the column with the right answer, or a list of acceptable ones. `question` names the column with
    the question; ``prompt`` is the prompt (of a conversation its last user message), None is no question. `inputs`
    names the column with what cases of the `kind` bring besides texts, as objects or as JSON. Rows whose reference is
    empty get None: the reward does not apply to them. Raises InputError for a missing column, and for inputs that the
    kind cannot mean.

    >>> AnswerReward("solution")(["1 + 1 = ?"] * 2, ["It is 2.", "It is 3."], solution=["2", "2"])
    [1.0, 0.0]
    """

    reference: str = "answer"
    question: str | None = "prompt"
    payoff: Payoff = field(default_factory=Payoff)
    workers: int | None = None
    kind: str = "answer"
    inputs: str | None = None

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return a reward, or None, for each completion."""
        references = [texts(value) for value in _column(self.reference, columns)]
        questions = self._questions(prompts, columns)
        places = [place for place, reference in enumerate(references) if reference]
        verdicts = verify_answers(
            [_said(completions[place]) for place in places],
            [references[place] for place in places],
            [questions[place] for place in places],
            kind=self.kind,
            inputs=self._inputs(columns, places),
            workers=self.workers,
            weakest=self.payoff.weakest,
        )
        rewards: list[float | None] = [None] * len(completions)
        for place, verdict in zip(places, verdicts, strict=True):
            rewards[place] = self.payoff.of(verdict)
        if verdicts and (log := columns.get("log_metric")) is not None:
            log("judge/undecided", sum(not self.payoff.decided(v) for v in verdicts) / len(verdicts))
        return rewards

    def _inputs(self, columns: Mapping[str, Any], places: Sequence[int]) -> list[dict[str, Any]] | None:
        if self.inputs is None:
            return None
        values = _column(self.inputs, columns)
        return [_brought(values[place], f"row {place}, column {self.inputs!r}") for place in places]

    def _questions(self, prompts: Sequence[Any], columns: Mapping[str, Any]) -> Sequence[str | None]:
        if self.question is None:
            return [None] * len(prompts)
        if self.question == "prompt":
            return [_said(prompt, role="user") for prompt in prompts]
        return [" ".join(texts(value)) or None for value in _column(self.question, columns)]


@dataclass(frozen=True)
class AsyncAnswerReward:
    """The same as a coroutine, which TRL runs beside other asynchronous rewards; the event loop is not blocked."""

    reward: AnswerReward = field(default_factory=AnswerReward)

    async def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return a reward, or None, for each completion."""
        return await asyncio.to_thread(self.reward, prompts, completions, **columns)


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    reward_router_address: str | None = None,  # noqa: ARG001 - verl passes it where a reward model runs as well
    reward_model_tokenizer: Any = None,  # noqa: ARG001 - the same
    kind: str = "answer",
    **payoff: Any,
) -> dict[str, float]:
    """Return the score of one answer, as verl asks for it; set the fields of `Payoff` in its ``reward_kwargs``.

    ``extra_info["question"]`` is heard, where there is one, and so is ``extra_info["inputs"]``, what a case of the
    `kind` brings besides texts. Besides ``score`` the result has ``acc`` and
    ``undecided``, which verl averages. Raises InputError where there is no ground truth, and TypeError or ConfigError
    for what is no payoff.

    >>> compute_score("gsm8k", "The answer is 72.", "72")
    {'score': 1.0, 'acc': 1.0, 'undecided': 0.0}
    """
    return compute_score_batch([data_source], [solution_str], [ground_truth], [extra_info], kind=kind, **payoff)[0]


def compute_score_batch(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any] | None] | None = None,
    *,
    workers: int | None = None,
    kind: str = "answer",
    **payoff: Any,
) -> list[dict[str, float]]:
    """Return the scores of many answers, as verl's batch manager asks for them."""
    worth = _payoff(tuple(sorted(payoff.items())))
    infos: Sequence[Mapping[str, Any] | None] = [None] * len(solution_strs) if extra_infos is None else extra_infos
    references = [texts(truth) for truth in ground_truths]
    for place, reference in enumerate(references):
        if not reference:
            raise InputError(
                f"row {place} of data source {data_sources[place]!r} has no ground truth to verify against"
            )
    questions = [" ".join(texts((info or {}).get("question"))) or None for info in infos]
    brought = [_brought((info or {}).get("inputs"), f"row {place}, extra_info") for place, info in enumerate(infos)]
    verdicts = verify_answers(
        solution_strs,
        references,
        questions,
        kind=kind,
        inputs=brought if any(brought) else None,
        workers=workers,
        weakest=worth.weakest,
    )
    return [
        {
            "score": worth.of(verdict) or 0.0,
            "acc": float(worth.decided(verdict) and verdict.correct),
            "undecided": float(not worth.decided(verdict)),
        }
        for verdict in verdicts
    ]


@functools.cache
def _payoff(fields: tuple[tuple[str, Any], ...]) -> Payoff:
    payoff = Payoff(**dict(fields))
    if payoff.undecided is None:
        raise ConfigError("verl has no way to leave a row out: give 'undecided' a number")
    return payoff


def _brought(value: Any, where: str) -> dict[str, Any]:
    try:
        return inputs_of(value)
    except InputError as error:
        raise InputError(f"{where}: inputs: {error}") from None


def _column(name: str, columns: Mapping[str, Any]) -> Sequence[Any]:
    if name not in columns:
        known = [column for column, value in columns.items() if isinstance(value, list)]
        raise InputError(
            f"the data set has no column {name!r}.{nearest(name, known)} Its columns: {', '.join(known) or 'none'}"
        )
    values: Sequence[Any] = columns[name]
    return values


def _said(turn: Any, *, role: str = "assistant") -> str:
    """Return a prompt or completion as text: as it is, or the last message of a role in a conversation."""
    if isinstance(turn, str):
        return turn
    for message in reversed(turn):
        if message.get("role") == role:
            content = message.get("content") or ""
            return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)
    return ""


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
