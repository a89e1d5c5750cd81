"""The way of one case: evaluators first, cheapest first, then a panel whose votes cannot overturn a finding."""

import threading
from pathlib import Path
from typing import Any

import pytest

from judge import Budget, Case, ConfigError, Evaluator, Evidence, Finding, InputError, Judge, Rubric, ScriptedModel

OPEN = Case(id="c1", question="Who?", response="the bard", reference="Shakespeare")


def says(label: str) -> ScriptedModel:
    return ScriptedModel(lambda request: {"reason": "because", "label": label}, name=f"says-{label}")


class Fixed(Evaluator):
    """An evaluator that says what it is told, and counts how often it is asked."""

    version = "1"
    kinds = frozenset({"answer"})
    runs = "here"

    def __init__(self, name: str, finding: Finding | Exception, **bases: Any) -> None:
        self.name = name
        self.finding = finding
        self.bases = {outcome: frozenset(reach) for outcome, reach in bases.items()}
        self.asked = 0

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        self.asked += 1
        if isinstance(self.finding, Exception):
            raise self.finding
        return self.finding


def test_a_decisive_finding_is_the_verdict_and_no_model_is_asked() -> None:
    asked = []
    judge = Judge(model=ScriptedModel(lambda request: asked.append(request) or ""), evaluators=["number", "exact"])
    verdict = judge.decide(Case(response="0.50", reference="1/2"))
    assert (verdict.label, verdict.decided_by, verdict.basis) == ("correct", "number", "proof")
    assert asked == []
    assert verdict.provenance is not None
    assert verdict.provenance.settings["evaluators"] == {"number": "1", "exact": "1"}


def test_where_evaluators_abstain_the_panel_votes() -> None:
    verdict = Judge(model=says("correct"), tools="none", evaluators=["exact", "number"]).decide(OPEN)
    assert (verdict.label, verdict.decided_by, verdict.basis, verdict.because) == (
        "correct",
        "panel",
        "vote",
        "because",
    )
    assert set(verdict.findings) == {"exact", "number"}
    assert verdict.usage.calls == 1


def test_without_a_panel_the_case_is_undecided_and_says_why() -> None:
    verdict = Judge(evaluators=["exact"]).decide(OPEN)
    assert (verdict.label, verdict.decided_by) == ("undecided", "nobody")
    assert "the texts differ" in verdict.because


def test_without_evaluators_only_the_panel_decides() -> None:
    judge = Judge(model=says("incorrect"), evaluators="none", tools="none")
    verdict = judge.decide(Case(response="1", reference="1"))
    assert (verdict.label, verdict.findings) == ("incorrect", {})


def test_evaluators_are_not_asked_for_a_rubric_that_asks_something_else() -> None:
    judge = Judge(model=says("fail"), rubric="pass_fail")
    verdict = judge.decide(Case(response="1", reference="1", criterion="is polite"))
    assert (verdict.label, verdict.findings) == ("fail", {})


def test_a_stronger_basis_is_not_overruled_by_a_weaker_one() -> None:
    weak = Fixed("a", Finding(outcome="correct", basis="learned", because="w"), correct=["learned"])
    strong = Fixed("b", Finding(outcome="incorrect", basis="proof", because="s"), incorrect=["proof"])
    for order in ([weak, strong], [strong, weak]):
        verdict = Judge(evaluators=order, here=True).decide(OPEN)
        assert (verdict.label, verdict.decided_by, verdict.basis) == ("incorrect", "b", "proof")


def test_an_evaluator_that_cannot_do_better_is_not_asked() -> None:
    strong = Fixed("a", Finding(outcome="correct", basis="proof", because="s"), correct=["proof"])
    weak = Fixed("b", Finding(outcome="correct", basis="rule", because="w"), correct=["rule"])
    Judge(evaluators=[strong, weak], here=True).decide(OPEN)
    assert (strong.asked, weak.asked) == (1, 0)


@pytest.mark.parametrize(
    ("finding", "cause"),
    [
        (RuntimeError("boom"), "evaluator_crash"),
        (Finding(outcome="incorrect", basis="proof", because="x"), "evaluator_breach"),
        (Finding(outcome="correct", basis="proof", because="x"), "evaluator_breach"),
        (None, "evaluator_crash"),
    ],
)
def test_a_crash_or_a_broken_promise_is_undecided(finding: Any, cause: str) -> None:
    for here in (True, False):  # in a child it is the same
        verdict = Judge(evaluators=[Fixed("a", finding, correct=["rule"])], here=here).decide(OPEN)
        assert verdict.label == "undecided"
        assert verdict.failures[0].cause == cause


def test_votes_stop_when_the_outcome_is_settled() -> None:
    verdict = Judge(model=says("correct"), votes=5, tools="none").decide(OPEN)
    assert verdict.tally is not None
    assert (len(verdict.votes), verdict.tally.saved, verdict.label) == (3, 2, "correct")
    assert [vote.member.seed for vote in verdict.votes] == [0, 1, 2]


def test_a_panel_goes_round_its_members() -> None:
    panel = [says("correct"), says("incorrect")]
    verdict = Judge(model=panel, votes=4, tools="none").decide(OPEN)
    assert verdict.label == "undecided"
    assert {vote.member.model for vote in verdict.votes} == {"says-correct", "says-incorrect"}
    assert "no label has a majority" in verdict.because


def test_members_are_models_times_rubrics_times_temperatures() -> None:
    judge = Judge(model=[says("correct"), says("incorrect")], temperature=(0.0, 0.5), rubric=["correctness"])
    assert judge.cascade.panel is not None
    assert judge.cascade.panel.votes == len(judge.cascade.panel.seats) == 4


def test_a_member_that_votes_often_is_not_asked_at_temperature_zero() -> None:
    def temperature(votes: int) -> float | None:
        panel = Judge(model=says("correct"), votes=votes).cascade.panel
        assert panel is not None
        return panel.seats[0].member.temperature

    assert (temperature(1), temperature(3)) == (0.0, 0.7)


def test_votes_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)

    def answer(request: Any) -> dict[str, str]:
        together.wait()
        return {"reason": "r", "label": "correct"}

    verdict = Judge(model=ScriptedModel(answer), votes=5, tools="none").decide(OPEN)
    assert len(verdict.votes) == 3


def test_rubrics_with_other_labels_cannot_vote_together() -> None:
    with pytest.raises(ConfigError, match="labels differ"):
        Judge(model=says("correct"), rubric=["correctness", "grade"])
    with pytest.raises(ConfigError, match="same member twice"):
        Judge(model=says("correct"), temperature=(0.5, 0.5))
    other = Rubric.parse("correctness", Rubric.find("correctness").text + " ")
    with pytest.raises(ConfigError, match="two different rubrics"):
        Judge(model=says("correct"), rubric=["correctness", other])
    with pytest.raises(ConfigError, match="too few"):
        Judge(model=[says("correct"), says("incorrect")], votes=1)


def test_a_judge_that_was_closed_can_be_used_again() -> None:
    judge = Judge(model=says("correct"), votes=3, tools="none")
    judge.close()
    assert judge.decide(OPEN).label == "correct"


def test_a_second_run_also_yields_what_is_stored(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(request: Any) -> dict[str, str]:
        asked.append(request.case_id)
        return {"reason": "r", "label": "correct"}

    cases = [Case(id=str(n), response="a", reference="b") for n in range(5)]
    for _ in range(2):
        with Judge(model=ScriptedModel(answer), tools="none") as judge:
            assert sorted(v.case_id for v in judge.run(cases, path=tmp_path / "x.judge")) == [c.id for c in cases]
    assert sorted(asked) == [c.id for c in cases]


def test_a_grade_has_a_median_and_a_spread() -> None:
    grades = iter(["5", "2", "4"])
    lock = threading.Lock()

    def answer(request: Any) -> dict[str, str]:
        with lock:
            return {"reason": "r", "label": next(grades)}

    verdict = Judge(model=ScriptedModel(answer), rubric="grade", votes=3, criterion="clear").decide(OPEN)
    assert verdict.tally is not None
    assert (verdict.label, verdict.tally.median, verdict.tally.spread) == ("undecided", 4.0, 3.0)


def test_a_case_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(InputError, match="Did you mean 'answer'"):
        Judge().decide(OPEN.model_copy(update={"kind": "anwser"}))
    with pytest.raises(InputError, match="needs a reference"):
        Judge(model=says("correct")).decide(Case(response="x"))


def test_the_fingerprint_follows_what_could_change_a_verdict_and_nothing_else() -> None:
    def fingerprint(**settings: Any) -> str:
        return Judge(**{"model": says("correct"), "tools": "none"} | settings).cascade.provenance("answer").fingerprint

    base = fingerprint()
    assert fingerprint() == base
    assert fingerprint(in_flight=3, timeout_s=5) == base
    changes = (
        {"votes": 3},
        {"seed": 1},
        {"criterion": "x"},
        {"model": says("x")},
        {"evaluators": ["exact"]},
        {"max_tokens": 7},
        {"weakest": "learned"},
        {"evaluator_deadline_s": 60},
    )
    for change in changes:
        assert fingerprint(**change) != base, change
    own = Rubric.parse("correctness", Rubric.find("correctness").text + " ")
    assert fingerprint(rubric=own) != base


HALF = "\ud800"  # of a surrogate pair: no text can hold it


def test_half_a_surrogate_pair_is_data_wherever_it_stands(tmp_path: Path) -> None:
    """On its way to a prompt, a hash or the store it would be a UnicodeEncodeError."""
    case = Case(
        question=f"Who? {HALF}",
        response=f"the bard {HALF}",
        reference=f"{HALF} Shakespeare",
        context=HALF,
        criterion=HALF,
        label=HALF,
        tags={HALF: [HALF]},
    )
    assert case.response == "the bard \ufffd"
    with Judge(model=says("correct")) as judge:
        verdict = judge.decide(case)
        assert verdict.label == "correct"
        assert verdict.model_dump_json()
        assert [v.label for v in judge.run([case], path=tmp_path / "x.judge")] == ["correct"]


def test_two_halves_are_one_character() -> None:
    assert Case(response="\ud83d\ude00", reference="x").response == "\U0001f600"


def test_half_a_surrogate_pair_in_evidence_can_be_stored() -> None:
    seen = Evidence(id="e", source="own", request=HALF, content=f"a{HALF}")
    assert Evidence.model_validate_json(seen.model_dump_json()) == seen
