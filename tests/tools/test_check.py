"""The tool ``check`` asks whom the judge asks, on its terms, and says on what basis."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from judge import Case, Evaluator, Finding, Judge, Reply, Request, ScriptedModel, ToolCall, Verdict
from judge.integrations.mcp.tools import Offers
from judge.record.store import Store
from judge.replaying import replay

CASE = Case(question="?", response="some words", reference="other words")


class Own(Evaluator):
    """Somebody's own evaluator, in place of the installed one of that name."""

    name = "exact"
    version = "own"
    kinds = frozenset({"answer"})
    bases: ClassVar = {"correct": frozenset({"learned", "rule"}), "incorrect": frozenset({"rule"})}

    def check(self, case, /, *, budget):  # type: ignore[no-untyped-def]
        if case.response == "say":
            return Finding.correct("learned", "mine, as learned")
        return Finding.incorrect("rule", "mine") if case.response == "1" else Finding.undecided("mine cannot tell")


def judged(
    arguments: dict[str, Any], *, evaluators: Any, case: Case = CASE, path: Path | None = None, **further: Any
) -> Verdict:
    """Return the verdict after a model that calls ``check`` once and then votes."""

    def answer(request: Request) -> Reply:
        said = ("check", json.dumps(arguments)) if not request.turn else ("vote", '{"reason": "r", "label": "correct"}')
        return Reply(tool_calls=(ToolCall(id="k", name=said[0], arguments=said[1]),))

    model = ScriptedModel(answer, native_tools=True)
    with Judge(model=model, evaluators=evaluators, tools=["check"], **further) as judge:
        return next(iter(judge.run([case], path=path)))


def told(arguments: dict[str, Any], **further: Any) -> str:
    (evidence,) = judged(arguments, **further).votes[0].evidence
    return evidence.content


def test_the_evaluator_that_was_passed_is_asked_and_not_the_installed_one_of_its_name() -> None:
    assert told({"response": "1", "reference": "1"}, evaluators=[Own()]) == "exact: incorrect (rule): mine"
    installed = told({"response": "1", "reference": "1"}, evaluators=["exact"])
    assert installed == "exact: correct (proof): the response is the reference"


@pytest.mark.parametrize("arguments", [{"response": "1", "reference": "1"}, {"hints": "{}"}])
def test_where_no_evaluator_is_asked_check_asks_none(arguments: dict[str, Any]) -> None:
    verdict = judged(arguments, evaluators="none")
    assert verdict.decided_by == "panel"
    (evidence,) = verdict.votes[0].evidence
    assert not evidence.ok
    assert "no evaluator is asked here" in evidence.content


def test_a_kind_without_evaluators_is_said() -> None:
    said = told({"kind": "anwser", "response": "1", "reference": "1"}, evaluators=["exact"])
    assert "no evaluator of the kind 'anwser' is asked here. Did you mean 'answer'?" in said


def test_what_is_too_weak_to_decide_is_said() -> None:
    said = told({"response": "say", "reference": "1"}, evaluators=[Own()])
    assert said == "exact: correct (learned, too weak to decide here): mine, as learned"
    said = told({"response": "say", "reference": "1"}, evaluators=[Own()], weakest="learned")
    assert said == "exact: correct (learned): mine, as learned"


def test_a_replay_asks_whom_the_run_asked(tmp_path: Path) -> None:
    arguments = {"response": "1", "reference": "1"}
    judged(arguments, evaluators=["exact"], path=tmp_path / "one.judge")
    judged(arguments, evaluators="none", path=tmp_path / "none.judge")
    for name in ("one", "none"):
        with Store.read(tmp_path / f"{name}.judge") as store:
            assert [one.differences for one in replay(store)] == [()]


def test_over_mcp_what_was_learned_is_no_fact_unless_the_host_says_so() -> None:
    asked = {"response": "Shakespeare wrote it", "reference": "William Shakespeare"}

    def over_mcp(offers: Offers) -> str:
        check = next(one for one in offers.all if one.name == "check")
        return str(check.run(check.Arguments(**asked)))

    with Offers(weakest="learned") as offers:
        assert "short_text: correct (learned): " in over_mcp(offers)
    with Offers(weakest="rule") as offers:
        assert not [line for line in over_mcp(offers).splitlines() if line.startswith("short_text: correct (learned):")]


def test_what_other_kinds_are_asked_about_changes_no_vote_and_no_replay(tmp_path: Path) -> None:
    case = Case(id="c", kind="grader", question="?", response="1", reference="1")
    for kind in ("", '"kind": "answer", ', '"kind": "grader", '):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.judge"
        call = ToolCall(id="k", name="check", arguments=f'{{{kind}"response": "1", "reference": "1"}}')
        vote = ToolCall(id="v", name="vote", arguments='{"reason": "r", "label": "incorrect", "cites": []}')
        model = ScriptedModel(lambda request: Reply(tool_calls=(vote if request.turn else call,)), native_tools=True)  # noqa: B023
        with Judge(model=model, evaluators=["number"]) as judge:
            (verdict,) = judge.run([case], path=path)
        assert "no evaluator " in verdict.evidence[0].content
        with Store.read(path) as store:
            assert [comparison.differences for comparison in replay(store)] == [()]
