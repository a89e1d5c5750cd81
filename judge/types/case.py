"""``Case``: what is judged, and the digest that names it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, JsonValue, model_validator

from judge.plain import all_well_formed, digest
from judge.types.record import Record


class Case(Record):
    """What is judged. Input may say ``response`` or ``responses``, ``reference`` or ``references``.

    ``inputs`` are what a case brings besides texts, by the names that its kind gives them (see `judge.kinds`).
    ``label`` (what a human said, if known), ``tags``, ``id``, ``item`` and ``variant`` (of which item this is which
    variant) are bookkeeping: no part of the digest and of no prompt. Without an ``id`` a case is named by its digest.
    Half of a surrogate pair, which no text can hold, becomes U+FFFD.

    >>> Case(response="0.5", reference="1/2").id == Case(response="0.5", reference="1/2", label="correct").id
    True
    """

    id: str = Field(min_length=1)
    kind: str = "answer"
    question: str | None = None
    responses: tuple[str, ...] = Field(min_length=1)
    references: tuple[str, ...] = ()
    context: str | None = None
    criterion: str | None = None
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    label: str | None = None
    tags: dict[str, JsonValue] = Field(default_factory=dict)
    item: str | None = None
    variant: str | None = None

    def __init__(self, **data: Any) -> None:  # lets type checkers accept the singular names
        super().__init__(**data)

    @model_validator(mode="before")
    @classmethod
    def _accept_singular(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        try:
            data = {key: all_well_formed(value) for key, value in data.items()}
        except RecursionError:
            raise ValueError("nested too deeply") from None
        for one, many in (("response", "responses"), ("reference", "references")):
            if one in data:
                if many in data:
                    raise ValueError(f"give {one!r} or {many!r}, not both")
                value = data.pop(one)
                data[many] = () if value is None and one == "reference" else (value,)
        if (truth := str(data.get("label")).lower()) in ("true", "false"):
            data["label"] = "correct" if truth == "true" else "incorrect"
        if data.get("id") is None:
            try:
                data["id"] = named(digest(_judged(data)))
            except (TypeError, ValueError, RecursionError):  # fields that the validation refuses in a moment
                data["id"] = named("")
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
        """A hash of what is judged: of kind, question, responses, references, context, criterion and inputs.

        A file among the inputs counts by its content, wherever it is.
        """
        return digest(_judged(dict(self)))


_JUDGED = ("kind", "question", "responses", "references", "context", "criterion", "inputs")
_ABSENT: Mapping[str, Any] = {"kind": "answer", "responses": (), "references": (), "inputs": {}}


def _judged(fields: Mapping[str, Any]) -> str:
    judged = {name: fields.get(name, _ABSENT.get(name)) for name in _JUDGED}
    judged["inputs"] = _by_content(judged["inputs"])
    return json.dumps(judged, sort_keys=True, default=str)


def _by_content(value: Any) -> Any:
    """Return inputs with files (see `judge.files.File`) as what they hold, wherever they are."""
    if isinstance(value, Mapping):
        if set(value) == {"path", "sha256", "size"}:
            return {**value, "path": ""}
        return {key: _by_content(inner) for key, inner in value.items()}
    return [_by_content(inner) for inner in value] if isinstance(value, list | tuple) else value


def named(case_digest: str) -> str:
    """Return the name of a case that has no other."""
    return f"c-{case_digest[:16]}"
