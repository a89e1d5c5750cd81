"""The tools of one vote: made ready at their first call, for the case and the judge at hand, and closed after."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from judge.errors import ToolError
from judge.protocols import Consulting, Consults, Opens, Proves, Tool
from judge.types import Case, Finding


class Toolbox:
    """The tools of one vote. Those that are made ready for a vote are opened at their first call, and closed after."""

    def __init__(self, tools: Mapping[str, Tool], case: Case, evaluators: Consults | None = None) -> None:
        self._tools = dict(tools)
        self._case = case
        self._evaluators = evaluators
        self._opened: set[str] = set()
        self._stack = ExitStack()

    def take(self, name: str) -> Tool:
        """Return a tool, ready to run. Raises ToolError for one that there is not."""
        if name not in self._tools:
            raise ToolError(f"there is no tool {name!r}; there are: {', '.join(self._tools)}")
        tool = self._tools[name]
        if name in self._opened:
            return tool
        if isinstance(tool, Consulting) and self._evaluators is not None:
            opening = tool.consulting(self._case, self._evaluators)
        elif isinstance(tool, Opens):
            opening = tool.open(self._case)
        else:
            return tool
        self._tools[name] = self._stack.enter_context(opening)
        self._opened.add(name)
        return self._tools[name]

    @property
    def proved(self) -> dict[str, Finding]:
        """What evaluators proved of the case by what the model proposed, by name."""
        opened = [self._tools[name] for name in sorted(self._opened)]
        return {name: found for tool in opened if isinstance(tool, Proves) for name, found in tool.proved.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stack.close()
        except Exception as trouble:  # noqa: BLE001 - a tool is foreign code; the vote that it served stands
            warnings.warn(f"a tool could not be closed: {type(trouble).__name__}: {trouble}", stacklevel=2)


class OfKind:
    """The evaluators that a vote on a case may ask: those that its provenance names, about cases of its kind alone.

    So a replay, which knows no others, comes to the same.
    """

    def __init__(self, evaluators: Consults, kind: str) -> None:
        self._evaluators = evaluators
        self.kinds = frozenset({kind}) & evaluators.kinds
        self.weakest = evaluators.weakest

    def consult(self, case: Case, *, hints: Mapping[str, JsonValue] | None = None) -> dict[str, Finding]:
        """Return what evaluators of the case's kind find, by name."""
        return self._evaluators.consult(case, hints=hints) if case.kind in self.kinds else {}
