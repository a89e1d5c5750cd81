"""``scripted:FILE``: a model that answers from a script, for tests, examples and dry runs.

A file of JSON lines holds rules; the first that fits answers. A rule may narrow itself down by ``case``, ``seed``,
``turn`` (0-based) or ``contains`` (a text in the last message), and does one thing:

- ``say``: a text, or an object that is sent as JSON;
- ``call``: ``{"tool": …, "arguments": {…}}``;
- ``fail``: a cause such as ``timeout``, recorded like a real one; ``down`` stops the run.

``delay`` waits that many seconds first. ``scripted:FILE.py:FUNCTION`` asks a function instead, which is given the
Request and returns a text, an object, a Reply, or raises a ModelError.
"""

from __future__ import annotations

import json
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue, ValidationError

from judge.errors import ConfigError, ModelDown, ModelError
from judge.models import ModelOptions
from judge.types import Record, Reply, Request, ToolCall, Usage

Script = Callable[[Request], "Reply | str | dict[str, Any]"]


class Call(Record):
    """A tool call in a script."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Rule(Record):
    """One line of a script."""

    case: str | None = None
    seed: int | None = None
    turn: int | None = None
    contains: str | None = None
    delay: float = Field(default=0.0, ge=0)
    say: str | dict[str, JsonValue] | None = None
    call: Call | None = None
    fail: str | None = None

    def fits(self, request: Request) -> bool:
        """Return whether the rule answers this request."""
        return (
            self.case in (None, request.case_id)
            and self.seed in (None, request.seed)
            and self.turn in (None, request.turn)
            and (self.contains is None or self.contains in request.messages[-1].content)
        )


class ScriptedModel:
    """A model that asks a function. ``native_tools=False`` makes it speak in JSON objects, as small servers do.

    >>> from judge.protocols import Message
    >>> model = ScriptedModel(lambda request: {"reason": "same", "label": "correct"})
    >>> model.generate(Request(messages=(Message(role="user", content="?"),))).text
    '{"reason": "same", "label": "correct"}'
    """

    def __init__(self, answer: Script, *, name: str = "scripted", native_tools: bool = True) -> None:
        self.name = name
        self._answer = answer
        self._native = native_tools

    def generate(self, request: Request, /) -> Reply:
        """Return what the function says, with about as many tokens as a real model would count."""
        answer = self._answer(request)
        if isinstance(answer, Reply):
            return answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        prompt = sum(len(message.content) for message in request.messages)
        usage = Usage(calls=1, prompt_tokens=prompt // 4, completion_tokens=len(text) // 4)
        return Reply(text=text, usage=usage)

    def native_tools(self) -> bool:
        """Return what the constructor was told."""
        return self._native


def create(name: str, options: ModelOptions) -> ScriptedModel:  # noqa: ARG001 - every factory is given options
    """Return the model of a script; the factory behind the entry point ``scripted``."""
    path, _, function = name.partition(".py:")
    if function:
        return ScriptedModel(_function(Path(path + ".py"), function), name=f"scripted:{name}")
    return ScriptedModel(_follow(_rules(Path(name))), name=f"scripted:{name}")


def _function(path: Path, name: str) -> Script:
    if not path.is_file():
        raise ConfigError(f"script {str(path)!r} does not exist")
    function = runpy.run_path(str(path)).get(name)
    if not callable(function):
        raise ConfigError(f"script {str(path)!r} has no function {name!r}")
    return function  # type: ignore[no-any-return]


def _rules(path: Path) -> list[Rule]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # JSON strings may hold other line separators
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"script {str(path)!r} cannot be read: {error}") from None
    rules = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rule = Rule.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigError(f"script {str(path)!r}, line {number}, field {where!r}: {first['msg']}") from None
        if sum(part is not None for part in (rule.say, rule.call, rule.fail)) != 1:
            raise ConfigError(f"script {str(path)!r}, line {number}: give exactly one of say, call and fail")
        rules.append(rule)
    return rules


def _follow(rules: list[Rule]) -> Script:
    def answer(request: Request) -> Reply | str | dict[str, Any]:
        rule = next((rule for rule in rules if rule.fits(request)), None)
        if rule is None:
            raise ModelError(f"the script has no rule for case {request.case_id!r}", cause="no_rule")
        if rule.delay:
            time.sleep(rule.delay)
        if rule.fail == "down":
            raise ModelDown("the script says that the model is down", cause="down")
        if rule.fail is not None:
            raise ModelError(f"the script says {rule.fail!r}", cause=rule.fail)
        if rule.call is None:
            return rule.say if rule.say is not None else ""
        arguments = json.dumps(rule.call.arguments)
        if not request.tools:
            return {"action": {"tool": rule.call.tool, "arguments": rule.call.arguments}}
        call = ToolCall(id=f"call_{request.turn}", name=rule.call.tool, arguments=arguments)
        return Reply(tool_calls=(call,), usage=Usage(calls=1, completion_tokens=len(arguments) // 4))

    return answer
