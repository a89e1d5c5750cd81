"""What the kind promises: it decides with witnesses that hold, and a judge's hint proves what a search cannot reach."""

from judge import Case, Judge, ScriptedModel

HARD = Case(kind="prime", response="It is prime.", inputs={"n": 30000000000018200000000002759})


def test_a_factor_is_a_witness_that_holds_of_this_case_alone() -> None:
    case = Case(kind="prime", response="91 is prime.", inputs={"n": 91})
    with Judge(evaluators=["prime"]) as judge:
        verdict = judge.decide(case)
        (prime,) = judge.cascade.evaluators
    assert (verdict.label, verdict.basis) == ("incorrect", "counterexample")
    (witness,) = verdict.findings["prime"].witnesses
    assert prime.recheck(case, witness)
    assert not prime.recheck(case.model_copy(update={"inputs": {"n": 97}}), witness)


def proposing(factor: int) -> ScriptedModel:
    """A judge that proposes a factor once, and then votes for the response whatever came of it."""
    call = {"action": {"tool": "check", "arguments": {"hints": f'{{"factor": {factor}}}'}}}
    vote = {"action": {"vote": {"reason": "It looks prime.", "cites": [], "label": "correct"}}}
    return ScriptedModel(lambda request: vote if request.turn else call)


def test_a_right_hint_is_proved_and_ends_the_voting() -> None:
    with Judge(model=proposing(100000000000031), votes=3, evaluators=["prime"], evaluator_deadline_s=1) as judge:
        verdict = judge.decide(HARD)
    assert (verdict.label, verdict.decided_by, verdict.basis) == ("incorrect", "prime", "counterexample")
    assert '{"factor":100000000000031}' in [evidence.content for evidence in verdict.evidence]


def test_a_wrong_hint_changes_nothing() -> None:
    with Judge(model=proposing(7), votes=3, evaluators=["prime"], evaluator_deadline_s=1) as judge:
        verdict = judge.decide(HARD)
    assert (verdict.label, verdict.decided_by, verdict.basis) == ("correct", "panel", "vote")
    assert "no time to look further" in verdict.findings["prime"].because  # it kept its budget, and was not killed
