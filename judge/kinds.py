"""Kinds: the domains of cases, and what a case of each brings besides texts, read and checked when the case is read.

A kind is declared under the entry point ``judge.kinds``. Its ``Inputs`` are a Pydantic model; what a case gives is
validated by it, and kept in the case as plain data, files as `File`. A kind that nobody declares, but an evaluator
knows, has no inputs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from judge import registry
from judge.errors import InputError, PluginError, nearest
from judge.files import reading_in
from judge.types import Case, Record, named

#: Names that tables and their like had among the tags until 0.2, which still reads them there.
_ONCE_TAGS = ("tables", "schema", "database", "dialect")


class Inputs(BaseModel):
    """What a case of a kind brings: inherit from this. Unknown names are refused; descriptions are shown to users."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(Record):
    """A domain. ``relations`` says when two things are the same, by name, each in a sentence; the first is the default.

    ``rubric`` and ``tools`` are what a panel is given unless the user says otherwise. ``extra`` is the extra of the
    declaring distribution that the kind's solvers come with. ``example`` holds the fields of a case that runs.
    ``Hints`` are what somebody may propose to its evaluators, who trust none of it: see `judge.protocols.Hinted`.
    """

    name: str
    summary: str
    Inputs: type[BaseModel] = Inputs
    relations: Mapping[str, str] = Field(default_factory=dict)
    rubric: str = "correctness"
    tools: tuple[str, ...] = ("check",)
    extra: str | None = None
    example: Mapping[str, JsonValue] = Field(default_factory=dict)
    Hints: type[BaseModel] | None = None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs, in order."""
        return _fields(self.Inputs)

    @property
    def hints(self) -> tuple[Input, ...]:
        """What may be proposed to its evaluators, in order."""
        return () if self.Hints is None else _fields(self.Hints)


class Input(NamedTuple):
    """One input of a kind as a user sees it."""

    name: str
    about: str
    type: str
    required: bool


def _fields(model: type[BaseModel]) -> tuple[Input, ...]:
    return tuple(
        Input(f.alias or name, f.description or "", _type_of(f.annotation), f.is_required())
        for name, f in model.model_fields.items()
    )


@cache
def find(name: str) -> Kind | None:
    """Return the kind that is declared under a name, or None. Raises PluginError for one that cannot be used."""
    if name not in registry.names("kinds"):
        return None
    kind = registry.load("kinds", name)
    if not isinstance(kind, Kind):
        raise PluginError(f"kind {name!r} has to be a judge.kinds.Kind, not {type(kind).__name__}")
    if kind.name != name:
        raise PluginError(f"kind {name!r} calls itself {kind.name!r}: the two names have to be the same")
    return kind


def validated(case: Case, *, folder: Path | None = None, files: bool = True) -> Case:
    """Return a case with its inputs as its kind reads them: files found from `folder` on, by default the current one.

    Raises InputError that names the input for what the kind cannot mean, and where `files` may not be named, for one.
    Raises PluginError for a kind that cannot be used.
    """
    kind = find(case.kind)
    if kind is None:
        if case.inputs:
            raise InputError(f"field 'inputs': the kind {case.kind!r} declares none, and the case has {[*case.inputs]}")
        return case
    case = _with_tags(case, kind) if case.tags and files else case
    if not case.inputs and not _required(kind):
        return case
    inputs = _read(kind, case.inputs, folder=folder or Path(), files=files)
    return case if inputs == case.inputs else _with_inputs(case, inputs)


def install_line(name: str) -> str:
    """Return how the extra of a kind is installed."""
    kind = find(name)
    extra = f"[{kind.extra}]" if kind and kind.extra else ""
    return f"pip install '{registry.owner('kinds', name) if kind else 'equijudge'}{extra}'"


def _with_inputs(case: Case, inputs: Mapping[str, JsonValue]) -> Case:
    changed = case.model_copy(update={"inputs": dict(inputs)})
    if case.id == named(case.digest):
        changed = changed.model_copy(update={"id": named(changed.digest)})
    return changed


@cache
def _required(kind_: Any) -> bool:
    return any(one.required for one in kind_.inputs)


def _read(kind: Kind, given: Mapping[str, Any], *, folder: Path, files: bool) -> dict[str, JsonValue]:
    try:
        with reading_in(folder if files else None):
            read = kind.Inputs.model_validate(given)
    except ValidationError as error:
        raise InputError(_problem(error, kind)) from None
    return read.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _problem(error: ValidationError, kind: Kind) -> str:
    first = error.errors()[0]
    names = [one.name for one in kind.inputs]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        has = f"It has: {', '.join(names)}" if names else "It has none"
        return f"field 'inputs': the kind {kind.name!r} has no input {name!r}.{nearest(name, names)} {has}"
    if first["type"] == "missing" and len(first["loc"]) == 1:
        about = next((one.about for one in kind.inputs if one.name == name), "")
        return f"field 'inputs': the kind {kind.name!r} needs the input {name!r}{about and f', {about}'}"
    where = ".".join(("inputs", *map(str, first["loc"])))
    if first["type"] == "value_error":
        return f"field {where!r}: {first['ctx']['error']}"
    return f"field {where!r}: {first['msg']}" + f", got {first['input']!r}"[:120]


def _with_tags(case: Case, kind: Kind) -> Case:
    """Return a case with the inputs that it still has among its tags, where those make sense as inputs."""
    names = {one.name for one in kind.inputs}
    found = {n: case.tags[n] for n in _ONCE_TAGS if n in names and n in case.tags and n not in case.inputs}
    if not found:
        return case
    try:
        inputs = _read(kind, found, folder=Path(), files=True)
    except InputError:  # a tag of that name that means something else
        return case
    warnings.warn(
        f"the tags {', '.join(map(repr, found))} are read as inputs in this release and not in the next: "
        'write them as {"inputs": {…}}',
        FutureWarning,
        stacklevel=2,
    )
    rest = {name: value for name, value in case.tags.items() if name not in found}
    return _with_inputs(case, inputs | case.inputs).model_copy(update={"tags": rest})


def _type_of(annotation: Any) -> str:
    """Return a type as a user reads it."""
    shown = getattr(annotation, "__name__", None) if isinstance(annotation, type) else None
    text = str(shown or annotation).replace("typing.", "").replace("judge.files.", "")
    return text.removesuffix(" | None").replace("NoneType", "null")


def declared() -> Iterator[Kind]:
    """Yield every kind that is declared and can be used."""
    for entry in registry.survey("kinds"):
        if entry.error is None:
            try:
                kind = find(entry.name)
            except PluginError:  # `judge plugins` shows it
                continue
            if kind is not None:
                yield kind
