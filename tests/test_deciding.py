"""The order of bases: what decides a case, what is only shown, who is not asked, and what cannot both be."""

from pathlib import Path
from typing import Any

import pytest

from judge import (
    Basis,
    Budget,
    Case,
    ConfigError,
    Evaluator,
    Evidence,
    Failure,
    Finding,
    Judge,
    Outcome,
    ScriptedModel,
)  # fmt: skip
from judge.types import STRENGTH

CASE = Case(id="c", question="Who?", response="the bard", reference="Shakespeare")


class Fixed(Evaluator):
    """Says one thing, and counts how often it is asked."""

    version = "1"
    kinds = frozenset({"answer"})
    runs = "here"

    def __init__(self, name: str, outcome: Outcome, basis: Basis, *further: Basis) -> None:
        self.name = name
        self.bases = {outcome: frozenset({basis, *further})}
        made = Finding.correct if outcome == "correct" else Finding.incorrect
        self.finding = made(basis, f"{name} knows", witness="so it is" if basis == "counterexample" else None)
        self.asked = 0

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        self.asked += 1
        return self.finding


def says(*labels: str) -> ScriptedModel:
    said = iter(labels * 9)
    return ScriptedModel(lambda request: {"reason": "so", "label": next(said)}, name="said")


def judged(*evaluators: Fixed, **settings: Any) -> tuple[str, str, str | None]:
    verdict = Judge(evaluators=evaluators, here=True, tools="none", **settings).decide(CASE)
    return verdict.label, verdict.decided_by, verdict.basis


def test_a_vote_is_stronger_than_a_classifier_and_weaker_than_a_rule() -> None:
    assert STRENGTH["rule"] > STRENGTH["vote"] > STRENGTH["learned"]
    learned, rule = Fixed("l", "correct", "learned", "rule"), Fixed("r", "correct", "rule")
    assert judged(learned, model=says("incorrect")) == ("incorrect", "panel", "vote")
    assert judged(rule, model=says("incorrect")) == ("correct", "r", "rule")


def test_with_a_panel_a_learned_finding_is_shown() -> None:
    learned = Fixed("l", "correct", "learned", "rule")
    verdict = Judge(evaluators=[learned], model=says("incorrect"), tools="none", here=True).decide(CASE)
    assert verdict.findings["l"].basis == "learned"


def test_with_a_panel_who_can_only_guess_is_not_asked() -> None:
    learned = Fixed("l", "correct", "learned")
    judged(learned, model=says("incorrect"))
    assert learned.asked == 0
    judged(learned)
    assert learned.asked == 1


def test_a_tied_panel_does_not_fall_back_to_a_classifier() -> None:
    learned = Fixed("l", "correct", "learned", "rule")
    assert judged(learned, model=says("correct", "incorrect"), votes=2) == ("undecided", "nobody", None)


def test_weakest_learned_saves_the_calls() -> None:
    model = ScriptedModel(lambda request: pytest.fail("nobody has to be asked"), name="silent")
    learned = Fixed("l", "correct", "learned")
    assert judged(learned, model=model, weakest="learned") == ("correct", "l", "learned")


def test_without_a_panel_a_classifier_decides_unless_the_user_says_otherwise() -> None:
    learned = Fixed("l", "correct", "learned", "rule")
    assert judged(learned) == ("correct", "l", "learned")
    assert judged(learned, weakest="rule") == ("undecided", "nobody", None)
    because = Judge(evaluators=[learned], here=True, weakest="rule").decide(CASE).because
    assert "no evaluator decides by rule or stronger (l: correct by learned, l knows)" in because


def test_a_panel_whose_votes_could_not_decide_is_refused() -> None:
    with pytest.raises(ConfigError, match="no vote of a model could decide"):
        judged(model=says("correct"), weakest="rule")


@pytest.mark.parametrize(
    ("one", "other"), [("proof", "counterexample"), ("counterexample", "proof"), ("proof", "proof")]
)
def test_sound_findings_of_both_sides_leave_a_case_undecided(one: Basis, other: Basis) -> None:
    judge = Judge(evaluators=[Fixed("a", "correct", one), Fixed("b", "incorrect", other)], here=True, everybody=True)
    verdict = judge.decide(CASE)
    assert (verdict.label, verdict.decided_by, verdict.basis) == ("undecided", "nobody", None)
    assert "a: correct" in verdict.because and "b: incorrect" in verdict.because
    assert [failure.cause for failure in verdict.failures] == ["conflict"]


def test_a_counterexample_stands_against_a_proof_also_where_only_proofs_decide() -> None:
    asked = [Fixed("a", "correct", "proof"), Fixed("b", "incorrect", "counterexample")]
    verdict = Judge(evaluators=asked, here=True, everybody=True, weakest="proof").decide(CASE)
    assert (verdict.label, [failure.cause for failure in verdict.failures]) == ("undecided", ["conflict"])
    assert judged(asked[1], weakest="proof") == ("undecided", "nobody", None)


def test_a_proof_overrules_what_is_not_sound_on_the_other_side() -> None:
    for weaker in ("bounded", "tested", "rule", "learned"):
        asked = [Fixed("a", "correct", weaker), Fixed("b", "incorrect", "proof")]  # type: ignore[arg-type]
        verdict = Judge(evaluators=asked, here=True, everybody=True).decide(CASE)
        assert (verdict.label, verdict.decided_by) == ("incorrect", "b")


def test_everybody_is_asked_where_that_is_wanted() -> None:
    strong, weak = Fixed("a", "correct", "proof"), Fixed("b", "correct", "rule")
    verdict = Judge(evaluators=[strong, weak], here=True, everybody=True).decide(CASE)
    assert (list(verdict.findings), verdict.decided_by) == (["a", "b"], "a")


class Says(Evaluator):
    """Returns what it is told, as a plugin of anybody might."""

    name, version, kinds = "says", "1", frozenset({"answer"})
    runs = "here"
    bases = {"correct": frozenset({"proof"}), "incorrect": frozenset({"proof", "counterexample"})}  # noqa: RUF012

    def __init__(self, make: Any) -> None:
        self.make = make

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        found: Finding = self.make()
        return found


_TIMEOUT = Failure(cause="timeout", message="late")
_FOR = Evidence(content="x", role="certificate")


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda: Finding.incorrect("counterexample", "no witness at all"), "evaluator_breach"),
        (lambda: Finding.incorrect("counterexample", "only told", note="x"), "evaluator_breach"),
        (lambda: Finding(outcome="correct", basis="proof", because="so", error=_TIMEOUT), "evaluator_crash"),
        (
            lambda: Finding(outcome="incorrect", basis="proof", because="so", evidence=(_FOR,)),
            "evaluator_crash",
        ),
        (lambda: Finding(outcome="undecided", because="so", evidence=(_FOR,)), "evaluator_crash"),
        (lambda: Finding.correct("proof", "so", witness={"path": object()}), "evaluator_crash"),
    ],
)
def test_what_contradicts_itself_decides_nothing(make: Any, cause: str) -> None:
    verdict = Judge(evaluators=[Says(make)], here=True).decide(CASE)
    assert (verdict.label, [failure.cause for failure in verdict.failures]) == ("undecided", [cause])


def test_half_a_character_in_what_an_evaluator_says_can_be_stored(tmp_path: Path) -> None:
    def crash() -> Finding:
        raise ValueError("half \udcff")

    for make in (lambda: Finding.correct("proof", "half \ud800", note={"x": "\ud800"}), crash):
        with Judge(evaluators=[Says(make)], here=True) as judge:
            verdicts = list(judge.run([CASE, CASE.model_copy(update={"id": "d"})], path=tmp_path / f"{id(make)}.judge"))
        assert ["half \ufffd" in verdict.because for verdict in verdicts] == [True, True]


def test_a_crash_says_where_it_was() -> None:
    verdict = Judge(evaluators=[Says(lambda: 1 / 0)], here=True).decide(CASE)
    assert (
        "says crashed checking the case: ZeroDivisionError: division by zero (tests/test_deciding.py, line "
        in verdict.because
    )


def test_pieces_of_evidence_have_names_of_their_own() -> None:
    def make() -> Finding:
        pieces = [Evidence(content="a", id="says-2"), Evidence(content="b"), Evidence(content="c", id="says-2")]
        return Finding(outcome="correct", basis="proof", because="so", evidence=tuple(pieces))

    found = Judge(evaluators=[Says(make)], here=True).decide(CASE).findings["says"]
    assert len({one.id for one in found.evidence}) == 3
    assert all(one.source == "says" for one in found.evidence)
