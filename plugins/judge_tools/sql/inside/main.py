"""The way in: the first question names a dialect and has the database made, the others are queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import Engine, Refused


class Desk:
    """The database that ``plan.json`` describes, and who answers for it."""

    _engine: Engine

    def __call__(self, question: Mapping[str, Any], _: Callable[[Any], None]) -> dict[str, Any]:
        """Return the tables, for a ``dialect``; the answer to a ``query``; or ``error``."""
        try:
            if "dialect" in question:
                self._engine = _made(question["dialect"])
                return {"tables": self._engine.tables}
            return self._engine.ask(question["query"], rows=question["rows"], size=question["size"])
        except Refused as refused:
            return {"error": str(refused), "names": refused.names, "broken": refused.broken}


def _made(dialect: str) -> Engine:
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    if dialect == "duckdb":
        from .duck import Duck

        return Duck(plan)
    from .lite import Lite

    return Lite(plan)
