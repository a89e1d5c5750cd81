"""Judging by score: the probability of each label as the model's next word, from one prompt and without a reply.

The cheapest vote there is. The model is asked for the label alone and not let speak: its reply is begun for it, up to
the label, and what is looked at is how likely each label would be to come next. How the two labels of a rubric compare
is a good ranking of cases long before it is a good decision: the point at which to call a case the one or the other has
to be calibrated on labelled cases.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import Field, ValidationError

from judge.errors import ConfigError, ModelDown, ModelError, RubricError
from judge.panel.agent import Bounds, Seat
from judge.panel.rubric import Rubric
from judge.protocols import Consults, Model
from judge.regular import read_regular
from judge.types import Case, Deliberation, Exchange, Failure, Member, Message, Record, Reply, Request, Usage, Vote

#: Below this share of all probability the labels are not what the model was about to say, and their ratio is noise.
MASS = 0.02
_BEGUN = "The label is"


@runtime_checkable
class Scores(Protocol):
    """A model that can say how likely each label is as the next word."""

    def score(self, request: Request, /) -> Reply:
        """Return, as a JSON object, the log-probability of each label that the request's output schema lists."""
        ...


class Threshold(Record):
    """From which log-odds on a member's vote is for the first label of its rubric, and how well that did."""

    model: str
    rubric: str
    label: str
    other: str
    threshold: float
    labelled: int = 0
    auc: float | None = None
    accuracy_raw: float | None = None
    accuracy: float | None = None
    accuracy_left_out: float | None = None


class Calibration(Record):
    """What ``judge calibrate`` writes: a threshold for each member of a run's panel."""

    thresholds: tuple[Threshold, ...] = Field(min_length=1)


class ScoreSeat(Seat):
    """A seat that votes by score. Of two labels the first wins from `threshold` on; of more, the likeliest."""

    def __init__(self, member: Member, model: Model, rubric: Rubric, *, threshold: float = 0.0) -> None:
        super().__init__(member, model, rubric, {})
        if not isinstance(model, Scores):
            raise ConfigError(f"model {member.model!r} gives no probabilities of labels; judge without --score")
        if rubric.range:
            raise ConfigError(f"rubric {rubric.name!r} has no labels to score, but a range; judge without --score")
        self.threshold = threshold
        self._scores: Scores = model

    @property
    def settings(self) -> dict[str, object]:
        """What of this seat can change a verdict, beyond its member."""
        return {"threshold": self.threshold, "mass": MASS}

    def deliberate(
        self,
        case: Case,
        *,
        index: int,
        seed: int,  # noqa: ARG002
        limits: Bounds,  # noqa: ARG002
        evaluators: Consults | None,  # noqa: ARG002
    ) -> Deliberation:
        """Return the vote; nothing is drawn, so that the seed does not matter. Raises ModelDown."""
        try:
            request = self._request(case)
        except RubricError as error:
            return self._conclude(index, error=Failure(cause="rubric", message=str(error)))
        exchange = {"vote": index, "turn": 0, "member": self.member.model, "request": request}
        try:
            reply = self._scores.score(request)
            scores = {str(label): float(score) for label, score in json.loads(reply.text).items()}
        except ModelDown:
            raise
        except Exception as error:  # noqa: BLE001 - a model may be foreign code; its failure is recorded
            cause = error.cause if isinstance(error, ModelError) else "model_crash"
            failure = Failure(cause=cause, message=str(error) or type(error).__name__)
            return self._conclude(
                index, exchange=Exchange.model_validate({**exchange, "failure": failure}), error=failure
            )
        told = Exchange.model_validate({**exchange, "reply": reply})
        return self._conclude(index, exchange=told, scores=scores, usage=reply.usage)

    def _request(self, case: Case) -> Request:
        *before, last = self.rubric.render(case)
        wish = f"Do not explain. Your whole reply is one word, the label: {' or '.join(self.rubric.labels)}."
        asked = last.model_copy(update={"content": f"{last.content}\n\n{wish}"})
        return Request(
            messages=(*before, asked, Message(role="assistant", content=_BEGUN)),
            output={"enum": list(self.rubric.labels)},
            temperature=0.0,
            max_tokens=1,
            case_id=case.id,
        )

    def _conclude(
        self,
        index: int,
        *,
        exchange: Exchange | None = None,
        scores: Mapping[str, float] | None = None,
        usage: Usage | None = None,
        error: Failure | None = None,
    ) -> Deliberation:
        exchanges = () if exchange is None else (exchange,)
        said: dict[str, object] = {"error": error}
        if scores is not None:
            said = self._said(scores)
        vote = Vote.model_validate({"index": index, "member": self.member, "usage": usage or Usage(), **said})
        return Deliberation(vote, exchanges)

    def _said(self, scores: Mapping[str, float]) -> dict[str, object]:
        """Return the fields of the vote that log-probabilities make."""
        mass = math.fsum(math.exp(score) for score in scores.values())
        if mass < MASS:
            message = (
                f"together the labels {', '.join(scores)} have {mass:.2g} of the probability of the next token, which "
                "is too little to compare them: the model was about to say something else"
            )
            return {"error": Failure(cause="no_mass", message=message)}
        shares = {label: math.exp(score) / mass for label, score in scores.items()}
        told = ", ".join(f"P({label}) = {share:.4f}" for label, share in shares.items())
        extra = {"scores": {label: round(score, 6) for label, score in scores.items()}, "mass": round(mass, 6)}
        if len(self.rubric.labels) != 2:
            return {"label": max(shares, key=lambda label: shares[label]), "reason": told, "extra": extra}
        first, second = self.rubric.labels
        odds = log_odds(scores, first, second)
        label = first if odds >= self.threshold else second
        reason = f"{told}; log-odds {odds:+.3f}, threshold {self.threshold:+.3f}"
        return {"label": label, "reason": reason, "extra": extra}


def log_odds(scores: Mapping[str, float], first: str, second: str) -> float:
    """Return log P(first) - log P(second), kept within what a double can hold."""
    return max(-700.0, min(700.0, scores[first] - scores[second]))


def read_threshold(text: str | None, *, model: str, rubric: Rubric) -> float:
    """Return a member's threshold from a number or a file of ``judge calibrate``; 0 where there is none.

    Raises ConfigError for a file without one for this member, or whose threshold parts other labels than the rubric's.
    """
    if text is None:
        return 0.0
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = Calibration.model_validate_json(read_regular(Path(text)))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigError(
            f"threshold {text!r} is neither a number nor a file that 'judge calibrate' wrote: {error}"
        ) from None
    for known in found.thresholds:
        if (known.model, known.rubric) == (model, rubric.name):
            if (known.label, known.other) != rubric.labels:
                raise ConfigError(
                    f"{text!r} parts {known.label} from {known.other}, and rubric {rubric.name!r} has the labels "
                    f"{', '.join(rubric.labels)}, in this order: calibrate again"
                )
            return known.threshold
    listed = ", ".join(f"{known.model} with {known.rubric}" for known in found.thresholds)
    raise ConfigError(
        f"{text!r} holds no threshold for {model} with {rubric.name}, but for: {listed}. Calibrate it as well"
    )
