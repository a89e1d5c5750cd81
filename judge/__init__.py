"""A judge that checks instead of guessing.

>>> from judge import equivalent
>>> print(equivalent("0.5", "1/2").because)
0.5 = 1/2 exactly
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from judge.budget import Budget
    from judge.errors import (
        ConfigError,
        InputError,
        JudgeError,
        ModelBusy,
        ModelDown,
        ModelError,
        PluginError,
        RubricError,
        SandboxDown,
        SandboxError,
        StoreError,
        ToolError,
        VoteError,
    )
    from judge.files import File
    from judge.judging import Judge
    from judge.kinds import Inputs, Kind
    from judge.models import ModelOptions
    from judge.models.scripted import ScriptedModel
    from judge.panel.rubric import Rubric
    from judge.protocols import Evaluator, Model, Serving, Tool
    from judge.types import (
        Basis,
        Case,
        Evidence,
        Failure,
        Finding,
        Member,
        Message,
        Outcome,
        Provenance,
        Reply,
        Request,
        Runs,
        Tally,
        ToolCall,
        ToolSpec,
        Usage,
        Verdict,
        Vote,
    )
    from judge.verifying import equivalent, verify_answers
    from judge.version import __version__

_HOMES = {
    "judge.budget": "Budget",
    "judge.errors": (
        "ConfigError InputError JudgeError ModelBusy ModelDown ModelError PluginError RubricError SandboxDown "
        "SandboxError StoreError ToolError VoteError"
    ),
    "judge.files": "File",
    "judge.judging": "Judge",
    "judge.kinds": "Inputs Kind",
    "judge.models": "ModelOptions",
    "judge.models.scripted": "ScriptedModel",
    "judge.protocols": "Evaluator Model Serving Tool",
    "judge.panel.rubric": "Rubric",
    "judge.types": (
        "Basis Case Evidence Failure Finding Member Message Outcome Provenance Reply Request Runs Tally ToolCall "
        "ToolSpec Usage Verdict Vote"
    ),
    "judge.verifying": "equivalent verify_answers",
    "judge.version": "__version__",
}
_HOME = {name: module for module, public in _HOMES.items() for name in public.split()}

__all__ = [
    "Basis",
    "Budget",
    "Case",
    "ConfigError",
    "Evaluator",
    "Evidence",
    "Failure",
    "File",
    "Finding",
    "InputError",
    "Inputs",
    "Judge",
    "JudgeError",
    "Kind",
    "Member",
    "Message",
    "Model",
    "ModelBusy",
    "ModelDown",
    "ModelError",
    "ModelOptions",
    "Outcome",
    "PluginError",
    "Provenance",
    "Reply",
    "Request",
    "Rubric",
    "RubricError",
    "Runs",
    "SandboxDown",
    "SandboxError",
    "ScriptedModel",
    "Serving",
    "StoreError",
    "Tally",
    "Tool",
    "ToolCall",
    "ToolError",
    "ToolSpec",
    "Usage",
    "Verdict",
    "Vote",
    "VoteError",
    "__version__",
    "equivalent",
    "verify_answers",
]


def __getattr__(name: str) -> Any:
    # Public names load when they are used, so that `judge --help` and plugins stay quick to start.
    if name not in _HOME:
        raise AttributeError(f"module 'judge' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
