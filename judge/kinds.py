"""Kinds: the domains of cases, and what a case of each brings besides texts, read and checked when the case is read.

A kind is declared under the entry point ``judge.kinds``. Its ``Inputs`` are a Pydantic model; what a case gives is
validated by it, and kept in the case as plain data, files as `File`. A kind that nobody declares, but an evaluator
knows, has no inputs.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from judge import registry
from judge.canonical import Lossy, canonical
from judge.errors import InputError, PluginError, nearest
from judge.files import File, reading_in
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
        return _inputs(self.Inputs)

    @property
    def hints(self) -> tuple[Input, ...]:
        """What may be proposed to its evaluators, in order."""
        return () if self.Hints is None else _inputs(self.Hints)


class Input(NamedTuple):
    """One input of a kind as a user sees it. One that ``takes_file`` is given the path of a file."""

    name: str
    about: str
    type: str
    required: bool
    takes_file: bool


@lru_cache(maxsize=1024)  # names of cases come from outside
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
            has = f"declares none, and the case has {[*case.inputs]}.{nearest(case.kind, registry.names('kinds'))}"
            raise InputError(f"field 'inputs': the kind {case.kind!r} {has} Is its plugin installed?")
        return case
    case = _with_tags(case, kind) if case.tags and files else case
    if not case.inputs and not needs_inputs(kind):
        return case
    inputs = _read(kind, case.inputs, folder=folder or Path(), files=files)
    return case if inputs == case.inputs else _with_inputs(case, inputs)


def needs_inputs(kind: Kind) -> bool:
    """Return whether every case of a kind has to bring something."""
    return any(one.required for one in kind.inputs)


def problem_with(kind: Kind, name: str, value: JsonValue, *, folder: Path | None = None) -> str | None:
    """Return why a value cannot be the input of that name, whatever the others are, or None."""
    try:
        _validate(kind, {name: value}, folder or Path())
    except ValidationError as error:
        own = [one for one in error.errors() if one["loc"][:1] == (name,)]
        return _told(own[0], kind) if own else None
    return None


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


def _read(kind: Kind, given: Mapping[str, Any], *, folder: Path, files: bool) -> dict[str, JsonValue]:
    try:
        return _validate(kind, given, folder if files else None)
    except ValidationError as error:
        raise InputError(_told(error.errors()[0], kind)) from None


def _validate(kind: Kind, given: Mapping[str, Any], folder: Path | None) -> dict[str, JsonValue]:
    try:
        with reading_in(folder):
            read = kind.Inputs.model_validate(given)
        return canonical(read)
    except ValidationError:
        raise
    except Lossy as error:
        raise InputError(f"field 'inputs': {error}") from None
    except RecursionError:
        raise InputError("field 'inputs': nested too deeply") from None
    except Exception as error:  # a validator of a plugin may raise anything
        raise PluginError(f"the inputs of the kind {kind.name!r}: {type(error).__name__}: {error}") from error


def _told(first: ErrorDetails, kind: Kind) -> str:
    """Return a problem in words that begin with the field."""
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
    if first["type"] == "recursion_loop":
        return f"field {where!r}: nested too deeply"
    return f"field {where!r}: {first['msg']}" + f", got {first['input']!r}"[:120]


def _with_tags(case: Case, kind: Kind) -> Case:
    """Return a case with the inputs that it still has among its tags, where those make sense as inputs."""
    tagged = [name for name in _ONCE_TAGS if name in case.tags and name not in case.inputs]
    if not tagged:
        return case
    names = {one.name for one in kind.inputs}
    if not (found := {name: case.tags[name] for name in tagged if name in names}):
        return case
    try:
        inputs = _read(kind, found, folder=Path(), files=True)
    except InputError:  # a tag of that name that means something else
        return case
    warnings.warn(
        f"{', '.join(_ONCE_TAGS)}: among the tags they are read as inputs in this release and not in the next; "
        'write them as {"inputs": {…}}',
        FutureWarning,
        stacklevel=2,
    )
    rest = {name: value for name, value in case.tags.items() if name not in found}
    return _with_inputs(case, inputs | case.inputs).model_copy(update={"tags": rest})


@cache
def _inputs(model: type[BaseModel]) -> tuple[Input, ...]:
    return tuple(
        Input(
            f.alias or name,
            f.description or "",
            _type_of(f.annotation),
            f.is_required(),
            File in (f.annotation, *(_plain(one) for one in get_args(f.annotation))),
        )
        for name, f in model.model_fields.items()
    )


_WORDS = {
    str: "text", int: "integer", float: "number", bool: "true or false", list: "list", tuple: "list", File: "file",
}  # fmt: skip


def _type_of(annotation: Any) -> str:
    """Return a type as a user reads it: its outermost form, in words."""
    annotation = _plain(annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type_of(one) for one in inner if one is not type(None)))
    kind = origin or annotation
    if isinstance(kind, type) and kind in _WORDS:
        return _WORDS[kind]
    if isinstance(kind, type) and issubclass(kind, Mapping | BaseModel):
        return "object"
    return "list" if isinstance(kind, type) and issubclass(kind, Collection) else "JSON"


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


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
