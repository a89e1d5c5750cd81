"""Template strings of graders: ``{{ item.NAME }}`` and ``{{ sample.NAME }}``, with a path into what stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from judge.errors import ConfigError, InputError, nearest

_BRACES = re.compile(r"\{\{|\}\}")
_VARIABLE = re.compile(r"\s*(item|sample)((?:\s*\.\s*[^\s.\[\]]+|\[\s*(?:\d+|'[^']*'|\"[^\"]*\")\s*\])+)\s*")
_STEP = re.compile(r"\.\s*([^\s.\[\]]+)|\[\s*(?:(\d+)|'([^']*)'|\"([^\"]*)\")\s*\]")

#: What a template can look into: the ``item`` and the ``sample`` of a row.
Spaces = Mapping[str, Any]


class Missing(InputError):
    """A row has not what a template names."""


class Variable(NamedTuple):
    """One thing that a template names: the namespace and the way from there."""

    space: str
    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        return self.space + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)

    def text(self, spaces: Spaces) -> str:
        """Return what stands there: a text as it is, anything else as JSON. Raises Missing."""
        found: Any = spaces.get(self.space)
        if found is None:
            raise Missing(f"the row has no {self.space}")
        for step in self.steps:
            try:
                found = found[int(step) if isinstance(found, list) else step]
            except (KeyError, IndexError, ValueError, TypeError):
                known = list(found) if isinstance(found, dict) else []
                raise Missing(f"the row has no {self}.{nearest(str(step), known)}") from None
        if found is None:
            raise Missing(f"{self} is null in the row")
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


class Template(NamedTuple):
    """A text in which some parts are variables."""

    parts: tuple[str | Variable, ...]

    def fill(self, spaces: Spaces) -> str:
        """Return the text for a row. Raises Missing."""
        return "".join(part if isinstance(part, str) else part.text(spaces) for part in self.parts)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables, in order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))


def parse(text: str, *, where: str) -> Template:
    """Return the template of a text. Raises ConfigError for braces that hold no variable.

    >>> parse("is {{ item.a[0].b }} right?", where="input").variables
    (Variable(space='item', steps=('a', 0, 'b')),)
    """
    parts: list[str | Variable] = []
    end, opened = 0, -1
    for braces in _BRACES.finditer(text):
        if braces[0] == "{{" and opened < 0:
            opened = braces.end()
        elif braces[0] == "}}" and opened >= 0:
            parts += [text[end : opened - 2], _variable(text[opened : braces.start()], where)]
            end, opened = braces.end(), -1
    return Template(tuple(part for part in (*parts, text[end:]) if part))


def _variable(inside: str, where: str) -> Variable:
    found = _VARIABLE.fullmatch(inside)
    if found is None:
        raise ConfigError(
            f"{where}: {{{{{inside}}}}} names nothing: a variable is item.NAME or sample.NAME, "
            "such as sample.output_text"
        )
    steps = (next(group for group in step.groups() if group is not None) for step in _STEP.finditer(found[2]))
    numbered = [int(step) if step.isdigit() else step for step in steps]
    return Variable(found[1], tuple(numbered))
