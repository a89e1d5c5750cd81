"""Tools that are made ready for a vote, that cannot work at all, and that a replay must not ask again."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from judge import Case, Judge, Reply, Request, SandboxDown, ScriptedModel, Tool, ToolCall, ToolError
from judge.record.store import Store

CASES = [Case(id=f"c{n}", question="?", response=f"word {n}", reference="another") for n in range(3)]


class Arguments(BaseModel):
    say: str = ""


class Counter(Tool):
    """Counts its calls, for as long as one vote takes; knows the case."""

    name = "counter"
    description = "Count."
    Arguments = Arguments

    def __init__(self) -> None:
        self.log: list[str] = []

    @contextmanager
    def open(self, case: Case, /) -> Iterator[Tool]:
        self.log.append(f"open {case.id}")
        yield _Counting(case)
        self.log.append(f"close {case.id}")

    def run(self, arguments: BaseModel, /) -> str:
        raise AssertionError("it has to be opened")


class _Counting(Counter):
    def __init__(self, case: Case) -> None:
        self.case, self.calls = case, 0

    def run(self, arguments: BaseModel, /) -> str:
        self.calls += 1
        return f"{self.case.id}: call {self.calls}"


class Clock(Tool):
    """Never says the same twice."""

    name = "clock"
    description = "Tell the time."
    Arguments = Arguments
    deterministic = False
    ticks = itertools.count()

    def run(self, arguments: BaseModel, /) -> str:
        if arguments.say == "fail":  # type: ignore[attr-defined]
            raise ToolError("no time")
        return f"tick {next(self.ticks)}"


class Walled(Tool):
    """Cannot run here."""

    name = "walled"
    description = "Run code."
    Arguments = Arguments

    def run(self, arguments: BaseModel, /) -> str:
        raise SandboxDown("nothing isolates code on this machine")


def asking(*calls: tuple[str, str]) -> ScriptedModel:
    """Return a model that makes these calls one after the other, then votes."""

    def answer(request: Request) -> Any:
        if request.turn < len(calls):
            name, say = calls[request.turn]
            return Reply(tool_calls=(ToolCall(id="k", name=name, arguments=json.dumps({"say": say})),))
        return Reply(
            tool_calls=(ToolCall(id="v", name="vote", arguments='{"reason": "r", "label": "incorrect", "cites": []}'),)
        )

    return ScriptedModel(answer, native_tools=True)


def test_a_tool_is_opened_once_a_vote_and_closed_after_it() -> None:
    tool = Counter()
    with Judge(model=asking(("counter", ""), ("counter", "")), evaluators="none", tools=[tool]) as judge:
        verdicts = [judge.decide(case) for case in CASES]
    assert [[e.content for e in verdict.evidence] for verdict in verdicts] == [
        [f"c{n}: call 1", f"c{n}: call 2"] for n in range(3)
    ]
    assert tool.log == [f"{what} c{n}" for n in range(3) for what in ("open", "close")]
    assert all(e.seconds is not None and e.seconds >= 0 for verdict in verdicts for e in verdict.evidence)


def test_a_tool_that_is_not_called_is_not_opened() -> None:
    tool = Counter()
    with Judge(model=asking(), evaluators="none", tools=[tool]) as judge:
        assert judge.decide(CASES[0]).label == "incorrect"
    assert tool.log == []


def test_a_machine_that_cannot_isolate_code_ends_the_run_and_keeps_what_was_judged(tmp_path: Path) -> None:
    with Judge(model=asking(("walled", "")), evaluators="none", tools=[Walled()]) as judge:
        with pytest.raises(SandboxDown, match="on this machine"):
            judge.decide(CASES[0])
        with pytest.raises(SandboxDown):
            list(judge.run(CASES, path=tmp_path / "run.judge"))


def test_what_may_change_is_taken_from_the_record(tmp_path: Path) -> None:
    from judge.cascade import Cascade
    from judge.panel.seats import Panel
    from judge.replaying.again import compare

    with Judge(
        model=asking(("clock", ""), ("clock", "fail"), ("clock", "")), evaluators="none", tools=[Clock()]
    ) as judge:
        verdict = next(iter(judge.run(CASES[:1], path=tmp_path / "run.judge")))
        assert [e.ok for e in verdict.evidence] == [True, False, True]
        panel = judge.cascade.panel
        assert panel is not None
        with Store.read(tmp_path / "run.judge") as store:
            stored = next(iter(store.all()))
        again_panel = Panel(panel.seats, panel.votes)
        cascades = {"answer": Cascade([], again_panel, limits=judge.cascade.limits)}
        (comparison,) = compare(cascades, [stored], full=False)
    assert comparison.differences == ()
    assert comparison.replayed is not None
    assert [e.digest for e in comparison.replayed.evidence] == [e.digest for e in verdict.evidence]
