"""Judging by score, with a model whose probabilities are scripted."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import Case, ConfigError, Judge, ModelDown, ModelError, Reply, Request, ScriptedModel, Usage
from judge.cli import main
from judge.panel.rubric import Rubric, shipped
from judge.panel.scoring import Calibration, Threshold, read_threshold
from judge.panel.thresholds import Point, accuracy, auc, best_threshold, left_out
from judge.record.store import Store
from judge.replaying import replay

RUBRIC = Rubric.find("correctness")


class Scoring:
    """A model that gives probabilities of labels, by the first word of the response."""

    name = "scoring"

    def __init__(self, by_word: dict[str, Any]) -> None:
        self.by_word = by_word
        self.asked: list[Request] = []

    def generate(self, request: Request, /) -> Reply:
        raise ModelError("it is only asked for scores", cause="refused")

    def score(self, request: Request, /) -> Reply:
        self.asked.append(request)
        found = next(value for word, value in self.by_word.items() if word in request.messages[-2].content)
        if isinstance(found, Exception):
            raise found
        labels = (request.output or {})["enum"]
        assert isinstance(labels, list)
        text = json.dumps({str(label): math.log(p) if p else -1e9 for label, p in zip(labels, found, strict=True)})
        return Reply(text=text, usage=Usage(calls=1, prompt_tokens=9, completion_tokens=1))


def case(word: str, n: int = 0, label: str | None = None) -> Case:
    return Case(id=f"{word}{n}", question="Which?", response=f"{word}, I think", reference="that", label=label)


def judge(model: Any, **more: Any) -> Judge:
    return Judge(model=model, evaluators="none", score=True, **more)


def test_the_likelier_label_wins_and_the_vote_says_how_likely() -> None:
    model = Scoring({"zebra": (0.6, 0.2), "quark": (0.1, 0.3)})
    with judge(model) as it:
        right, wrong = it.decide(case("zebra")), it.decide(case("quark"))
    assert (right.label, wrong.label) == ("correct", "incorrect")
    (vote,) = right.votes
    assert vote.extra["scores"] == {"correct": round(math.log(0.6), 6), "incorrect": round(math.log(0.2), 6)}
    assert vote.extra["mass"] == 0.8
    assert vote.reason.startswith("P(correct) = 0.7500, P(incorrect) = 0.2500")
    assert right.usage.completion_tokens == 1


def test_the_reply_is_begun_up_to_the_label_and_asked_for_one_token() -> None:
    model = Scoring({"zebra": (0.6, 0.2)})
    with judge(model) as it:
        it.decide(case("zebra"))
    (request,) = model.asked
    assert request.messages[-1].role == "assistant"
    assert "correct or incorrect" in request.messages[-2].content
    assert (request.max_tokens, request.temperature, request.tools) == (1, 0.0, ())


def test_a_threshold_moves_the_decision() -> None:
    model = Scoring({"zebra": (0.6, 0.2)})  # log-odds 1.0986
    for threshold, label in (("1.0", "correct"), ("1.2", "incorrect"), ("-5", "correct")):
        with judge(model, threshold=threshold) as it:
            assert it.decide(case("zebra")).label == label


def test_labels_that_the_model_did_not_think_of_are_no_vote() -> None:
    with judge(Scoring({"zebra": (0.005, 0.001)})) as it:
        verdict = it.decide(case("zebra"))
    assert verdict.label == "undecided"
    (failure,) = verdict.failures
    assert failure.cause == "no_mass"
    assert "0.006" in failure.message


def test_of_several_labels_the_likeliest_wins() -> None:
    model = Scoring({"zebra": (0.1, 0.1, 0.5, 0.2, 0.1)})
    graded = Case(id="g", question="Which?", response="zebra", criterion="short", reference="that")
    with judge(model, rubric="grade") as it:
        assert it.decide(graded).label == "3"


def test_failures_are_recorded_and_a_dead_model_is_raised() -> None:
    model = Scoring(
        {
            "zebra": ModelError("too long", cause="too_long"),
            "quark": ModelDown("gone", cause="down"),
            "void": ("a", "b"),
        }
    )
    with judge(model) as it:
        assert [f.cause for f in it.decide(case("zebra")).failures] == ["too_long"]
        assert [f.cause for f in it.decide(case("void")).failures] == ["model_crash"]
        with pytest.raises(ModelDown):
            it.decide(case("quark"))


def test_a_model_without_probabilities_and_votes_that_would_be_the_same_are_refused() -> None:
    with pytest.raises(ConfigError, match="no probabilities"):
        judge(ScriptedModel(lambda request: {}))
    with pytest.raises(ConfigError, match="same score"):
        judge(Scoring({}), votes=3)


def test_a_run_is_stored_resumed_replayed_and_calibrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Perfect ranking, useless at a threshold of 0: every case looks incorrect until it is calibrated."""
    words = {"zebra": (0.30, 0.60), "quark": (0.02, 0.90), "pluto": (0.25, 0.70), "mango": (0.01, 0.95)}
    human = {"zebra": "correct", "pluto": "correct", "quark": "incorrect", "mango": "incorrect"}
    cases = [case(word, n, human[word]) for word in words for n in range(6)]
    path = tmp_path / "raw.judge"
    model = Scoring(words)
    with judge(model) as it:
        first = list(it.run(cases, path=path))
        assert len(list(it.run(cases, path=path))) == len(cases)
    assert {v.label for v in first} == {"incorrect"}
    assert len(model.asked) == len(cases)
    with Store.read(path) as store:
        assert all(c.differences == () for c in replay(store))

    with pytest.raises(SystemExit) as done:
        main(["calibrate", str(path)])
    assert done.value.code == 0
    out = capsys.readouterr().out
    assert "accuracy 0.500 at 0, 1.000 at the threshold, on cases left out 1.000; AUC 1.000" in out
    with judge(model, threshold=str(tmp_path / "raw.threshold.json")) as it:
        again = {v.case_id: v.label for v in it.run(cases, path=tmp_path / "calibrated.judge")}
    assert all(again[case.id] == case.label for case in cases)
    with Store.read(tmp_path / "calibrated.judge") as store:
        assert all(c.differences == () for c in replay(store))


def test_calibration_needs_scores_and_both_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, cases in (("none", [case("zebra")]), ("one", [case("zebra", 0, "correct")])):
        with judge(Scoring({"zebra": (0.6, 0.2)})) as it:
            list(it.run(cases, path=tmp_path / f"{name}.judge"))
        with pytest.raises(SystemExit) as done:
            main(["calibrate", str(tmp_path / f"{name}.judge")])
        assert done.value.code == 2
    said = capsys.readouterr().err
    assert "no scores of cases with human labels" in said
    assert "both labels" in said


def test_a_threshold_is_for_the_labels_in_their_order(tmp_path: Path) -> None:
    """`pass` is the first label of its rubric, and the second in the alphabet."""
    words = {"zebra": (0.30, 0.60), "quark": (0.02, 0.90)}
    human = {"zebra": "pass", "quark": "fail"}
    cases = [
        Case(id=f"{word}{n}", response=word, criterion="is an animal", label=human[word])
        for word in words
        for n in range(6)
    ]
    with judge(Scoring(words), rubric="pass_fail") as it:
        list(it.run(cases, path=tmp_path / "raw.judge"))
    with pytest.raises(SystemExit):
        main(["calibrate", str(tmp_path / "raw.judge")])
    threshold = tmp_path / "raw.threshold.json"
    with judge(Scoring(words), rubric="pass_fail", threshold=str(threshold)) as it:
        assert {v.case_id: v.label for v in it.run(cases)} == {case.id: case.label for case in cases}

    turned = tmp_path / "pass_fail.j2"
    turned.write_text((shipped() / "pass_fail.j2").read_text().replace("[pass, fail]", "[fail, pass]"))
    threshold.write_text(threshold.read_text().replace('"pass_fail"', f'"{turned}"'))
    with pytest.raises(ConfigError, match=r"parts pass from fail, and .* has the labels fail, pass, in this order"):
        judge(Scoring(words), rubric=str(turned), threshold=str(threshold))


def test_a_threshold_is_for_the_member_it_was_made_for(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    one = Threshold(model="a", rubric="correctness", label="correct", other="incorrect", threshold=0.25)
    path.write_text(Calibration(thresholds=(one,)).model_dump_json())
    assert read_threshold(str(path), model="a", rubric=RUBRIC) == 0.25
    with pytest.raises(ConfigError, match="no threshold for b with correctness"):
        read_threshold(str(path), model="b", rubric=RUBRIC)
    for bad in ("nonsense", str(tmp_path)):
        with pytest.raises(ConfigError, match="neither a number nor a file"):
            read_threshold(bad, model="a", rubric=RUBRIC)


points = st.lists(st.builds(Point, st.integers(-30, 30).map(float), st.booleans()), min_size=2, max_size=40).filter(
    lambda found: 0 < sum(p.first for p in found) < len(found)
)


@given(points)
def test_no_other_threshold_does_better(found: list[Point]) -> None:
    best = balanced(found, best_threshold(found))
    assert all(balanced(found, t / 2) <= best + 1e-9 for t in range(-64, 65))


def balanced(found: list[Point], threshold: float) -> float:
    of = [[p for p in found if p.first], [p for p in found if not p.first]]
    return sum(accuracy(part, threshold) for part in of)


@given(points)
def test_a_monotone_change_moves_the_threshold_and_not_how_well_it_decides(found: list[Point]) -> None:
    moved = [Point(p.log_odds * 2 + 5, p.first) for p in found]
    assert auc(moved) == auc(found)
    assert balanced(moved, best_threshold(moved)) == pytest.approx(balanced(found, best_threshold(found)))
    assert auc([Point(-p.log_odds, not p.first) for p in found]) == pytest.approx(auc(found))


def test_few_cases_leave_none_out() -> None:
    assert left_out([Point(1.0, True), Point(-1.0, False)]) is None
    assert left_out([Point(float(n), n >= 10) for n in range(20)]) is not None
