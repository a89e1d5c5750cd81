"""An assertion for promptfoo: ``from judge.integrations.promptfoo import get_assert``.

promptfoo starts a new Python for each assertion. So next to nothing is imported here: what judges is a daemon,
which all assertions of a run share.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from judge.errors import ConfigError
from judge.integrations.promptfoo.daemon import ask
from judge.processes.child import Gone


def get_assert(output: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the output is right, as promptfoo wants it; `context` is what promptfoo gives.

    ``config`` may hold ``reference``, ``question``, ``kind``, ``inputs``, and the settings of the command line of
    `judge`. What is undecided does not pass, and says so; its named score ``undecided`` is 1. What cannot be judged is
    undecided as well, and is reported on stderr, which promptfoo shows as an error. An output that is no text is judged
    as JSON.
    Raises SystemExit for what is undecided under ``not-python``, which would make it pass.
    """
    request = {"output": output, "vars": context.get("vars") or {}, "config": context.get("config") or {}}
    try:
        answer = ask("judge.integrations.promptfoo.judging", request, asker=os.getppid())
    except (Gone, ConfigError) as error:
        answer = {"problem": str(error)}
    if "problem" in answer:
        reason = "judge: " + " ".join(answer["problem"].split())
        sys.stderr.write(f"ERROR {reason}\n")
        answer = {"pass": False, "score": 0.0, "reason": reason, "namedScores": {"undecided": 1.0}}
    if answer["namedScores"]["undecided"] and _is_inverted(context):
        raise SystemExit(answer["reason"])
    return dict(answer)


def _is_inverted(context: Mapping[str, Any]) -> bool:
    """Return whether this is a ``not-python``; promptfoo tells which assertions a test has, not which one this is."""
    assertions = _flat((context.get("test") or {}).get("assert") or [])
    return any(a.get("type") == "not-python" and a.get("config") == context.get("config") for a in assertions)


def _flat(assertions: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for assertion in assertions:
        yield assertion
        yield from _flat(assertion.get("assert") or [])
