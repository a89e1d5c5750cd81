"""The records that everything else is written in: what is judged, what was observed, what was decided.

All records are frozen and forbid unknown fields. They are made of plain values, so that
``record.model_dump_json()`` followed by ``Record.model_validate_json(...)`` gives the same record back.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from judge.plain import all_well_formed, digest, well_formed

Outcome = Literal["correct", "incorrect", "undecided"]
Basis = Literal["proof", "counterexample", "bounded", "tested", "rule", "learned", "vote"]

#: Where an evaluator's work is done: see `judge.protocols.Evaluator`.
Runs = Literal["here", "worker", "sandbox"]

#: How strong a decision is: a stronger basis is never overruled by a weaker one.
STRENGTH: dict[str, int] = {basis: -rank for rank, basis in enumerate(get_args(Basis))}


class Record(BaseModel):
    """A frozen record without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(Record):
    """What is judged. Input may say ``response`` or ``responses``, ``reference`` or ``references``.

    Without an ``id`` a case is named by a hash of its content. ``label`` is what a human said, if known.
    Half of a surrogate pair, which no text can hold, becomes U+FFFD.

    >>> Case(response="0.5", reference="1/2").id
    'c-2aa64b4ed65c6d49'
    """

    id: str = Field(min_length=1)
    kind: str = "answer"
    question: str | None = None
    responses: tuple[str, ...] = Field(min_length=1)
    references: tuple[str, ...] = ()
    context: str | None = None
    criterion: str | None = None
    label: str | None = None
    tags: dict[str, JsonValue] = {}

    def __init__(self, **data: Any) -> None:  # lets type checkers accept the singular names
        super().__init__(**data)

    @model_validator(mode="before")
    @classmethod
    def _accept_singular(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        data = {key: all_well_formed(value) for key, value in data.items()}
        for one, many in (("response", "responses"), ("reference", "references")):
            if one in data:
                if many in data:
                    raise ValueError(f"give {one!r} or {many!r}, not both")
                value = data.pop(one)
                data[many] = () if value is None and one == "reference" else (value,)
        if (truth := str(data.get("label")).lower()) in ("true", "false"):
            data["label"] = "correct" if truth == "true" else "incorrect"
        if data.get("id") is None:
            data["id"] = "c-" + digest(json.dumps(data, sort_keys=True, default=str))[:16]
        return data

    @property
    def response(self) -> str:
        """The first response."""
        return self.responses[0]

    @property
    def reference(self) -> str | None:
        """The first acceptable reference, or None where there is none."""
        return self.references[0] if self.references else None

    @property
    def digest(self) -> str:
        """A hash of the whole case, its id included."""
        return digest(self.model_dump_json())


class Failure(Record):
    """Something that did not work, recorded instead of raised. ``cause`` is a short code for counting."""

    cause: str
    message: str


class Evidence(Record):
    """What was observed. ``ok=False`` (a failed tool call) supports nothing. ``seconds`` is what a call took; the
    digest is of source, request and content.
    """

    id: str
    source: str
    request: str
    content: str
    ok: bool = True
    digest: str = ""
    seconds: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _seal(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        data = {**data, **{key: well_formed(value) for key, value in data.items() if isinstance(value, str)}}
        true = digest(str(data.get("source")), str(data.get("request")), str(data.get("content")))
        if data.get("digest") not in (None, "", true):
            raise ValueError(f"evidence {data.get('id')!r} does not match its digest")
        return {**data, "digest": true}


class Finding(Record):
    """What an evaluator says of a case.

    ``incorrect`` only if both sides were understood; a timeout or a crash is ``undecided`` with an ``error``.
    ``because`` is one plain sentence.
    """

    outcome: Outcome
    basis: Basis | None = None
    because: str
    evidence: tuple[Evidence, ...] = ()
    confidence: float | None = Field(default=None, ge=0, le=1)
    error: Failure | None = None

    @model_validator(mode="after")
    def _decisions_have_a_basis(self) -> Self:
        if (self.outcome == "undecided") != (self.basis is None):
            raise ValueError(f"a finding that says {self.outcome!r} has a basis if, and only if, it decides")
        return self

    @classmethod
    def undecided(cls, because: str, *, error: Failure | None = None) -> Finding:
        """Return an abstention."""
        return cls(outcome="undecided", because=because, error=error)


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
    reason: str = ""
    label: str | None = None
    cites: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    extra: dict[str, JsonValue] = {}
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
    or ``nobody``. The verdict can be computed again from ``findings`` and ``votes`` alone.
    """

    case_id: str
    label: str
    confidence: float | None = None
    decided_by: str
    basis: Basis | None = None
    because: str
    findings: dict[str, Finding] = {}
    votes: tuple[Vote, ...] = ()
    tally: Tally | None = None
    usage: Usage = Usage()
    provenance: Provenance | None = None

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
        found = [f.error for f in self.findings.values()] + [v.error for v in self.votes]
        return tuple(failure for failure in found if failure is not None)
