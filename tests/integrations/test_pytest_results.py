"""Pass rates: the interval, and what a failed comparison shows."""

import math
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from judge import Case, Judge
from judge.integrations.pytest.results import Interval, Results, wilson
from judge.integrations.pytest.verdict import Judged, Origin

pytestmark = pytest.mark.xdist_group("pytest_results")  # its fixtures are made once


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_published_values(passed: int, total: int, low: float, high: float) -> None:
    assert wilson(passed, total) == pytest.approx((low, high), abs=5e-5)


proportions = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(proportions)
def test_the_bounds_are_where_the_score_test_turns(proportion: tuple[int, int]) -> None:
    """The definition: at a bound p the observed share lies z standard errors of p away."""
    passed, total = proportion
    share, z = passed / total, 1.959963984540054
    for bound in wilson(passed, total):
        away = abs(share - bound)
        assert away == pytest.approx(z * math.sqrt(bound * (1 - bound) / total), abs=1e-9)


@given(proportions)
def test_the_interval_holds_the_share_and_mirrors(proportion: tuple[int, int]) -> None:
    passed, total = proportion
    low, high = wilson(passed, total)
    assert 0 <= low <= passed / total <= high <= 1
    assert wilson(total - passed, total) == pytest.approx((1 - high, 1 - low))


def test_of_no_cases_anything_may_be_true() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)
    rate = Results([]).pass_rate
    assert math.isnan(rate) and not rate >= 0


@pytest.mark.parametrize(("passed", "total"), [(3, 2), (-1, 2)])
def test_what_is_no_proportion_is_refused(passed: int, total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(passed, total)


@pytest.fixture(scope="module")
def results() -> Results:
    pairs = [("4", "4"), ("5", "4"), ("perhaps", "4"), ("8/2", "4")]
    with Judge() as judge:
        cases = [Case(id=f"case {n}", response=a, reference=b) for n, (a, b) in enumerate(pairs)]
        origins = [Origin(judge, case, judge.cascade.decide(case), "correct") for case in cases]
        return Results([Judged.of(origin) for origin in origins])


def test_results_are_the_verdicts_in_order(results: Results) -> None:
    assert [verdict.label for verdict in results] == ["correct", "incorrect", "undecided", "correct"]
    assert results.pass_rate == 0.5
    assert results.passed == [results[0], results[3]]
    assert results.failing == list(results[1:3])
    assert results.undecided == [results[2]]
    assert results.interval == wilson(2, 4)
    assert results.summary() == "2 of 4 passed, 1 undecided, 95 % interval 0.150 to 0.850"


def test_rich_shows_what_matters_of_a_verdict(results: Results) -> None:
    console = Console(file=StringIO(), width=200, color_system=None)
    console.print(results[1])
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().startswith("Judged('incorrect', decided_by='number', basis='proof'")


def test_a_judged_verdict_is_the_verdict(results: Results) -> None:
    for judged in results:
        verdict = judged.origin.outcome.verdict
        assert judged.model_dump_json() == verdict.model_dump_json()
        assert judged.correct is bool(judged) is verdict.correct
