"""What evaluators and tools declare of themselves is checked before anybody relies on it."""

import math
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from judge import Evaluator, Finding, Judge, PluginError, ScriptedModel, Tool
from judge.assembly import made
from judge.registry import names


class Sound(Evaluator):
    name = "sound"
    version = "1"
    kinds = frozenset({"answer"})
    bases: ClassVar = {"correct": frozenset({"rule"})}

    def check(self, case, /, *, budget):  # type: ignore[no-untyped-def]
        return Finding.undecided("?")


class Talks(Tool):
    name = "talks"
    description = "Talk."
    Arguments = BaseModel

    def run(self, arguments: BaseModel, /) -> str:
        return ""


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("name", "panel", "name has to be a text without commas, and none of "),
        ("name", "nobody", "none of "),
        ("name", "a,b", "without commas"),
        ("name", "", "has to be a text"),
        ("name", "a\nb", "has to be a text"),
        ("name", 3, "has to be a text"),
        ("version", 1, "version has to be a text, not 1"),
        ("kinds", "answer", "kinds has to be a set of names, not 'answer'"),
        ("kinds", frozenset({3}), "a set of names"),
        ("kinds", frozenset(), "a set of names"),
        ("bases", {}, "a mapping of 'correct' and 'incorrect' to sets of bases"),
        ("bases", {"correct": frozenset()}, "to sets of bases"),
        ("bases", {"correct": frozenset({"prove"})}, "which are proof, counterexample"),
        ("bases", {"correct": "rule"}, "to sets of bases"),
        ("bases", {"undecided": frozenset({"rule"})}, "to sets of bases"),
        ("bases", ["rule"], "to sets of bases"),
        ("runs", "anywhere", "one of 'here', 'worker', 'sandbox', not 'anywhere'"),
        ("runs", ["here"], "one of 'here'"),
        ("cost", None, "cost has to be a number, not None"),
        ("cost", math.nan, "cost has to be a number"),
        ("cost", True, "cost has to be a number"),
        ("deterministic", "no", "True or False"),
        ("needs", "json", "a tuple of names of modules, not 'json'"),
        ("needs", ("",), "a tuple of names of modules"),
        ("needs", ("__main__",), "a tuple of names of modules"),
        ("check", None, "check has to be a method"),
        ("recheck", "yes", "recheck has to be a method"),
    ],
)
def test_what_an_evaluator_declares_has_to_make_sense(attribute: str, value: Any, said: str) -> None:
    odd = Sound()
    setattr(odd, attribute, value)
    with pytest.raises(PluginError, match="evaluator '") as caught:
        Judge(evaluators=[odd])
    assert said in str(caught.value)
    assert attribute in str(caught.value)


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("name", "", "name has to be"),
        ("description", None, "description has to be a text, not None"),
        ("Arguments", {"type": "object"}, "Arguments has to be a Pydantic model, as a class"),
        ("Arguments", dict, "a Pydantic model"),
        ("deterministic", 1, "True or False"),
        ("run", "x", "run has to be a method"),
    ],
)
def test_what_a_tool_declares_has_to_make_sense(attribute: str, value: Any, said: str) -> None:
    odd = Talks()
    setattr(odd, attribute, value)
    with pytest.raises(PluginError, match="tool '") as caught:
        Judge(model=ScriptedModel([]), tools=[odd])
    assert said in str(caught.value)


def test_what_cannot_be_read_or_shown_is_said_as_well() -> None:
    class Hides(Sound):
        @property
        def cost(self) -> float:  # type: ignore[override]
            raise KeyError("cost")

    class Mute:
        def __repr__(self) -> str:
            raise ValueError

    with pytest.raises(PluginError, match="'cost' cannot be read: KeyError"):
        Judge(evaluators=[Hides()])
    mute = Sound()
    mute.version = Mute()  # type: ignore[assignment]
    with pytest.raises(PluginError, match="version has to be a text, not Mute"):
        Judge(evaluators=[mute])


def test_everything_that_is_installed_is_made() -> None:
    assert made("evaluators", sound := Sound()) is sound
    assert [made("evaluators", name).name for name in names("evaluators")] == names("evaluators")
    assert [made("tools", name).name for name in names("tools")] == names("tools")
