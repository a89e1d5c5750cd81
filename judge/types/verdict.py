"""Votes, and the verdict that findings or votes make."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Self

from pydantic import Field, JsonValue, model_validator

from judge.plain import WellFormed
from judge.types.finding import Basis, Evidence, Failure, Finding
from judge.types.record import Record


class Usage(Record):
    """What calls cost: seconds are those of the calls themselves, cost is in the currency of the prices."""

    calls: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        known = [u.cost for u in (self, other) if u.cost is not None]
        return Usage(
            calls=self.calls + other.calls,
            retries=self.retries + other.retries,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=round(self.seconds + other.seconds, 6),
            cost=sum(known) if known else None,
        )


def total(usages: Iterable[Usage]) -> Usage:
    """Return the sum of what some calls cost."""
    return functools.reduce(operator.add, usages) if (usages := list(usages)) else Usage()


class Member(Record):
    """One seat of a panel: who is asked, with which rubric and settings."""

    model: str
    rubric: str
    temperature: float | None = None
    seed: int = 0


class Vote(Record):
    """One member's validated answer, or the reason why there is none.

    ``label`` is one of the rubric's labels. An ``error`` excludes a label: a failed vote is an abstention and
    never a vote against. ``cites`` names evidence of this vote that succeeded. ``extra`` holds further fields
    of the rubric's own schema.
    """

    index: int
    member: Member
    reason: WellFormed = ""
    label: str | None = None
    cites: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    usage: Usage = Usage()
    error: Failure | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.error is None) == (self.label is None):
            raise ValueError("a vote has either a label or an error")
        if unknown := set(self.cites) - {e.id for e in self.evidence if e.ok}:
            raise ValueError(f"a vote cites evidence that does not hold: {sorted(unknown)}")
        return self


class Tally(Record):
    """How votes were counted. ``median`` and ``spread`` (largest minus smallest) are for numeric labels."""

    asked: int
    counts: dict[str, int]
    failed: int
    saved: int
    median: float | None = None
    spread: float | None = None


class Provenance(Record):
    """Where a verdict comes from: the version of `judge` and every setting that could change the outcome."""

    judge: str
    fingerprint: str
    settings: dict[str, JsonValue]


class Verdict(Record):
    """The outcome of one case, how it was decided, and everything it rests on.

    ``label`` is an Outcome or one of the rubric's labels; ``decided_by`` names the evaluator, or is ``panel``
    or ``nobody``. The verdict can be computed again from ``findings`` and ``votes`` alone. ``error`` says why they
    make none, such as findings that cannot both hold (cause ``conflict``).
    """

    case_id: str
    label: str
    confidence: float | None = None
    decided_by: str
    basis: Basis | None = None
    because: str
    findings: dict[str, Finding] = Field(default_factory=dict)
    votes: tuple[Vote, ...] = ()
    tally: Tally | None = None
    usage: Usage = Usage()
    provenance: Provenance | None = None
    error: Failure | None = None

    @property
    def correct(self) -> bool:
        """Whether the label is ``correct``; False for ``undecided``, which is not a statement against."""
        return self.label == "correct"

    def __bool__(self) -> bool:  # without it ``if equivalent(a, b)`` would always hold
        return self.correct

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence: what the evaluators observed, then what each vote did."""
        return tuple(e for f in self.findings.values() for e in f.evidence) + tuple(
            e for v in self.votes for e in v.evidence
        )

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that did not work on the way, in order."""
        found = [f.error for f in self.findings.values()] + [v.error for v in self.votes] + [self.error]
        return tuple(failure for failure in found if failure is not None)
