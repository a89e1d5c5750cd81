"""What was observed, and what an evaluator says of a case."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from judge.plain import WellFormed, digest, well_formed
from judge.types.record import Record

Outcome = Literal["correct", "incorrect", "undecided"]

#: What a decision rests on, strongest first.
Basis = Literal["proof", "counterexample", "bounded", "tested", "rule", "vote", "learned"]

#: Where an evaluator's work is done: see `judge.protocols.Evaluator`.
Runs = Literal["here", "worker", "sandbox"]

#: How strong a decision is: a stronger basis is never overruled by a weaker one.
STRENGTH: dict[str, int] = {basis: -rank for rank, basis in enumerate(get_args(Basis))}

#: What cannot be wrong of the one side while it is found of the other.
SOUND: frozenset[Basis] = frozenset({"proof", "counterexample"})


class Failure(Record):
    """Something that did not work, recorded instead of raised. ``cause`` is a short code for counting."""

    cause: str
    message: WellFormed


Role = Literal["note", "witness", "certificate", "trace"]


class Evidence(Record):
    """What was observed. ``ok=False`` (a failed tool call) supports nothing. ``seconds`` is what a call took; the
    digest is of source, request and content.

    A ``witness`` (of a finding against) or ``certificate`` (of one for) decides by itself: whoever has it can check
    again, without the search that found it. A ``note`` tells how something was found, a ``trace`` what happened.
    An evaluator may leave out ``id`` and ``source``: they are filled in.
    """

    id: str = ""
    source: str = ""
    request: str = ""
    content: str
    role: Role = "note"
    ok: bool = True
    digest: str = ""
    seconds: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _seal(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        data = {**data, **{key: well_formed(value) for key, value in data.items() if isinstance(value, str)}}
        true = digest(*(str(data.get(name, "")) for name in ("source", "request", "content")))
        if data.get("digest") not in (None, "", true):
            raise ValueError(f"evidence {data.get('id')!r} does not match its digest")
        return {**data, "digest": true}

    @property
    def decides(self) -> bool:
        """Whether it can be checked again without a search."""
        return self.role in ("witness", "certificate")


#: Evidence as an evaluator gives it: itself, a text, or plain data, which is kept as JSON.
Seen = Evidence | str | Mapping[str, Any] | None


class Finding(Record):
    """What an evaluator says of a case.

    ``incorrect`` only if both sides were understood; a timeout or a crash is ``undecided`` with an ``error``.
    ``because`` is one plain sentence. `correct`, `incorrect` and `undecided` make one in a line.
    """

    outcome: Outcome
    basis: Basis | None = None
    because: WellFormed
    evidence: tuple[Evidence, ...] = ()
    confidence: float | None = Field(default=None, ge=0, le=1)
    error: Failure | None = None

    @model_validator(mode="after")
    def _decisions_have_a_basis(self) -> Self:
        if (self.outcome == "undecided") != (self.basis is None):
            raise ValueError(f"a finding that says {self.outcome!r} has a basis if, and only if, it decides")
        if self.error is not None and self.basis is not None:
            raise ValueError("a finding that failed decides nothing")
        role = {"correct": "certificate", "incorrect": "witness"}.get(self.outcome)
        if wrong := [one.role for one in self.evidence if one.decides and one.role != role]:
            raise ValueError(f"a finding that says {self.outcome!r} holds a {wrong[0]}, which says something else")
        return self

    @classmethod
    def correct(
        cls, basis: Basis, because: str, *, witness: Seen = None, note: Seen = None, confidence: float | None = None
    ) -> Finding:
        """Return a decision for the response; the `witness` of one is a certificate.

        >>> Finding.correct("proof", "both are 3", witness={"value": 3}).evidence[0].content
        '{"value": 3}'
        """
        evidence = (*_seen(witness, "certificate"), *_seen(note, "note"))
        return cls(outcome="correct", basis=basis, because=because, evidence=evidence, confidence=confidence)

    @classmethod
    def incorrect(
        cls, basis: Basis, because: str, *, witness: Seen = None, note: Seen = None, confidence: float | None = None
    ) -> Finding:
        """Return a decision against the response."""
        evidence = (*_seen(witness, "witness"), *_seen(note, "note"))
        return cls(outcome="incorrect", basis=basis, because=because, evidence=evidence, confidence=confidence)

    @classmethod
    def undecided(cls, because: str, *, note: Seen = None, error: Failure | None = None) -> Finding:
        """Return an abstention."""
        return cls(outcome="undecided", because=because, evidence=_seen(note, "note"), error=error)

    def sealed(self, source: str) -> Finding:
        """Return the finding with what is left out of its evidence: whose it is, and an id that no other has."""
        ids = {one.id for one in self.evidence}
        if len(ids) == len(self.evidence) and all(one.id and one.source for one in self.evidence):
            return self
        fresh = (f"{source}-{number}" for number in itertools.count(1))
        free = itertools.chain([source] if len(self.evidence) == 1 else [], fresh)
        evidence: list[Evidence] = []
        for one in self.evidence:
            taken = ids | {other.id for other in evidence}
            repeated = one.id in {other.id for other in evidence}
            name = next(name for name in free if name not in taken) if repeated or not one.id else one.id
            filled = one.model_dump(exclude={"digest"}) | {"source": one.source or source, "id": name}
            evidence.append(Evidence.model_validate(filled))
        return self.model_copy(update={"evidence": tuple(evidence)})

    @property
    def witnesses(self) -> tuple[Evidence, ...]:
        """The evidence that decides by itself."""
        return tuple(one for one in self.evidence if one.decides)


def _seen(given: Seen, role: Role) -> tuple[Evidence, ...]:
    if given is None:
        return ()
    if isinstance(given, Evidence):
        return (given.model_copy(update={"role": role}),)
    content = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return (Evidence(content=content, role=role),)
