"""The two evaluators of the spine, against tables of cases and against laws."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_evaluators.exact import Exact
from judge_evaluators.number import Number, read

from judge import Budget, Case, Finding

TABLES = Path(__file__).parent.parent / "cases"
EVALUATORS = {"exact": Exact(), "number": Number()}


def table(name: str) -> list[Any]:
    lines = (TABLES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(name, json.loads(line), id=f"{name}:{line[:60]}") for line in lines]


@pytest.mark.parametrize(("name", "row"), [*table("exact"), *table("number")])
def test_the_table_of_cases(name: str, row: dict[str, Any]) -> None:
    outcome, basis = row.pop("outcome"), row.pop("basis", None)
    evaluator = EVALUATORS[name]
    finding = evaluator.check(Case(**row), budget=Budget(60))
    assert finding.outcome == outcome, finding.because
    if outcome != "undecided":
        assert finding.basis in evaluator.bases[finding.outcome]
        assert finding.evidence
    if basis:
        assert finding.basis == basis


def compare(response: str, reference: str) -> Finding:
    return Number().check(Case(response=response, reference=reference), budget=Budget(60))


fractions = st.fractions(max_denominator=10**6)


@given(fractions)
def test_a_number_equals_itself_in_every_spelling(value: Fraction) -> None:
    assert compare(str(value), f"{value.numerator}/{value.denominator}").outcome == "correct"


@given(fractions, fractions)
def test_fractions_are_decided_exactly_and_in_both_directions(left: Fraction, right: Fraction) -> None:
    expected = "correct" if left == right else "incorrect"
    assert compare(str(left), str(right)).outcome == compare(str(right), str(left)).outcome == expected


@given(fractions.filter(bool))
def test_a_number_is_not_its_negation_its_double_or_its_successor(value: Fraction) -> None:
    for other in (-value, 2 * value, value + 1):
        if other != value:
            assert compare(str(other), str(value)).outcome == "incorrect"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_decimal_is_read_as_it_is_written(value: Any) -> None:
    found = read(f"{value:f}")
    assert found is not None
    assert found.value == Fraction(value)


@given(st.text(), st.text())
def test_no_text_makes_it_crash_or_wrong_about_itself(response: str, reference: str) -> None:
    for evaluator in EVALUATORS.values():
        evaluator.check(Case(response=response, reference=reference), budget=Budget(60))
        assert evaluator.check(Case(response=response, reference=response), budget=Budget(60)).outcome != "incorrect"


def test_absurd_numbers_cost_nothing() -> None:
    for text in ("9" * 10**6, "1e" + "9" * 10**6, "1/" * 10**5, "," * 10**6, "1" + ",000" * 10**5):
        assert read(text) is None
