"""The form a vote has to take: a Pydantic model for reading it, a JSON schema for asking for it.

The reason stands before the label in both, so that a model that writes from left to right thinks first.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Mapping
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from judge.errors import RubricError

_VERDICT = "the verdict"


def ballot_model(
    rubric: str, *, labels: tuple[str | int, ...], range_: tuple[float, float] | None, schema: str | None
) -> type[BaseModel]:
    """Return the model of a vote: made from labels or a range, or the one that ``package.module:Class`` names.

    Raises RubricError when the named class cannot be imported, has no field ``label``, or puts it before
    ``reason``.
    """
    if schema is None:
        return create_model(
            "Ballot",
            __config__=ConfigDict(extra="forbid"),
            reason=(str, Field(description="why, in a few plain sentences")),
            label=_label(labels, range_),
        )
    module, _, attribute = schema.partition(":")
    try:
        model = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RubricError(f"rubric {rubric!r}: schema {schema!r} cannot be imported: {error}") from None
    if not (isinstance(model, type) and issubclass(model, BaseModel) and "label" in model.model_fields):
        raise RubricError(f"rubric {rubric!r}: schema {schema!r} is not a Pydantic model with a field 'label'")
    fields = list(model.model_fields)
    if "reason" in fields and fields.index("reason") > fields.index("label"):
        raise RubricError(f"rubric {rubric!r}: schema {schema!r} has to ask for the reason before the label")
    return model


def recorded_ballot(schema: Mapping[str, JsonValue]) -> type[BaseModel]:
    """Return the model of a vote that asks by a schema on record and takes what was said beyond the label as it is.

    For votes that were given once, where the class that checked them is not at hand. Raises RubricError for what is
    no schema of a vote.
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("label"), dict):
        raise RubricError("the schema of a vote on record has no property 'label'")

    class Recorded(BaseModel, extra="allow"):
        label: Any
        reason: Any = ""

        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return copy.deepcopy(dict(schema))

    return Recorded


def _label(labels: tuple[str | int, ...], range_: tuple[float, float] | None) -> Any:
    if range_ is None:
        return cast(Any, Literal[labels]), Field(description=_VERDICT)
    low, high = range_
    return float, Field(ge=low, le=high, description=f"{_VERDICT}, a number from {low:g} to {high:g}")


def ballot_schema(model: type[BaseModel], *, labels: tuple[str | int, ...], cites: bool) -> dict[str, JsonValue]:
    """Return the JSON schema of a vote, with ``cites`` before the label when there may be evidence."""
    schema = strict(model.model_json_schema())
    properties = dict(cast(dict[str, JsonValue], schema["properties"]))
    label = cast(dict[str, JsonValue], properties.pop("label"))
    if cites:
        properties["cites"] = {
            "type": "array",
            "items": {"type": "string"},
            "description": "ids of the evidence that the verdict rests on, such as e1",
        }
    if labels:
        kind = "integer" if all(isinstance(label, int) for label in labels) else "string"
        label = {"type": kind, "enum": list(labels), "description": _VERDICT}
    properties["label"] = label
    return {**schema, "properties": properties, "required": list(properties)}


def strict(schema: dict[str, Any]) -> dict[str, JsonValue]:
    """Return a schema in the strict subset: objects require all their properties and forbid others.

    A reference stands alone, a choice is an ``anyOf``, and titles, defaults and discriminators are left out.
    """
    return cast(dict[str, JsonValue], _strict(schema))


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("properties", "$defs"):
            result[key] = {name: _strict(sub) for name, sub in value.items()}
        elif key not in ("title", "default", "discriminator"):
            result["anyOf" if key == "oneOf" else key] = _strict(value)
    if "properties" in result:
        result |= {"required": list(result["properties"]), "additionalProperties": False}
    return result
