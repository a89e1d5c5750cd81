"""What an evaluator or a tool declares of itself, checked once, so that nobody who uses it has to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Set
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel

from judge.errors import PluginError
from judge.text.shown import excerpt, harmless
from judge.types import STRENGTH, Outcome, Runs

#: Who or what else decides a case or finds something of it, and what names all or none of them.
_RESERVED = frozenset({"all", "case", "file", "none", "nobody", "panel", "vote"})
_SHOWN = 80


class _Rule(NamedTuple):
    """What an attribute has to be."""

    holds: Callable[[Any], bool]
    expected: str


def ensure_declared(group: Literal["evaluators", "tools"], plugin: Any, *, name: str) -> None:
    """Raise PluginError for a plugin that lacks an attribute of its group, or declares what cannot be meant.

    That `check` and `run` do what they promise is not covered: whoever calls them guards each call.
    """
    for attribute, rule in _RULES[group].items():
        what = f"{group[:-1]} {name!r}"
        try:
            value = getattr(plugin, attribute)
        except AttributeError:
            raise PluginError(f"{what} lacks {attribute!r}, {rule.expected}") from None
        except Exception as error:
            raise PluginError(f"{what}: {attribute!r} cannot be read: {type(error).__name__}: {error}") from error
        if not rule.holds(value):
            raise PluginError(f"{what}: {attribute} has to be {rule.expected}, not {_shown(value)}")


def _shown(value: object) -> str:
    try:
        return harmless(excerpt(repr(value), longest=_SHOWN))
    except Exception:  # noqa: BLE001 - how it shows itself is foreign code
        return type(value).__name__


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or value in _RESERVED:
        return False
    return value.isprintable() and "," not in value and value.strip() == value != ""


def _is_module(value: object) -> bool:
    return isinstance(value, str) and value != "__main__" and all(part.isidentifier() for part in value.split("."))


def _is_set_of_texts(value: object) -> bool:
    return isinstance(value, Set) and bool(value) and all(_is_text(one) for one in value)


def _are_bases(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and any(value.values())
        and all(outcome in _DECISIVE and isinstance(bases, Set) for outcome, bases in value.items())
        and all(basis in STRENGTH for bases in value.values() for basis in bases)
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_DECISIVE = frozenset(get_args(Outcome)) - {"undecided"}
_NAME = _Rule(_is_name, f"a text without commas, and none of {', '.join(sorted(_RESERVED))}")
_FLAG = _Rule(lambda value: isinstance(value, bool), "True or False")
_METHOD = _Rule(callable, "a method")

_RULES: Mapping[str, Mapping[str, _Rule]] = {
    "evaluators": {
        "name": _NAME,
        "version": _Rule(_is_text, "a text"),
        "kinds": _Rule(_is_set_of_texts, "a set of names"),
        "bases": _Rule(
            _are_bases, f"a mapping of 'correct' and 'incorrect' to sets of bases, which are {', '.join(STRENGTH)}"
        ),
        "runs": _Rule(lambda value: value in get_args(Runs), "one of " + ", ".join(map(repr, get_args(Runs)))),
        "cost": _Rule(_is_number, "a number"),
        "deterministic": _FLAG,
        "needs": _Rule(
            lambda value: isinstance(value, tuple | list) and all(map(_is_module, value)), "a tuple of names of modules"
        ),
        "check": _METHOD,
        "recheck": _METHOD,
    },
    "tools": {
        "name": _NAME,
        "description": _Rule(_is_text, "a text"),
        "Arguments": _Rule(
            lambda value: isinstance(value, type) and issubclass(value, BaseModel), "a Pydantic model, as a class"
        ),
        "deterministic": _FLAG,
        "run": _METHOD,
    },
}
