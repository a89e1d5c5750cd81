"""``Results``: many verdicts, the share that passed, and how far that share can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple, overload

from judge.integrations.pytest.verdict import Judged


class Interval(NamedTuple):
    """The bounds of a confidence interval."""

    low: float
    high: float


def wilson(passed: int, total: int, *, confidence: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson, 1927), without continuity correction.

    It holds for cases that were drawn independently from what is to be judged: copies of one case make it too
    narrow. Of no cases it is everything.

    >>> wilson(81, 263)
    Interval(low=0.2552748415494289, high=0.36620888462487)
    """
    if not 0 <= passed <= total:
        raise ValueError(f"{passed} of {total} is no proportion")
    if total == 0:
        return Interval(0.0, 1.0)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    middle = passed + z2 / 2
    half = math.sqrt(z2 * (passed * (total - passed) / total + z2 / 4))
    low, high = (middle - half) / (total + z2), (middle + half) / (total + z2)
    # At the ends the bound is the end itself, which rounding must not miss.
    return Interval(0.0 if passed == 0 else low, 1.0 if passed == total else high)


class Rate(float):
    """A share of cases that remembers the results it was computed from, so that a failed comparison can show them."""

    results: Results

    def __new__(cls, results: Results) -> Rate:
        """Return the share of the verdicts that passed."""
        rate = super().__new__(cls, len(results.passed) / len(results) if len(results) else math.nan)
        rate.results = results
        return rate

    def __repr__(self) -> str:
        return f"{float(self):.4g}"

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)


class Results(Sequence[Judged]):
    """The verdicts on some cases, in the order of the cases. A case passes if its verdict is true.

    An undecided case does not pass: of ``pass_rate`` it is a part of the whole, as in ``accuracy`` of a run.
    """

    def __init__(self, verdicts: Sequence[Judged]) -> None:
        self._verdicts = tuple(verdicts)

    @overload
    def __getitem__(self, index: int) -> Judged: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Judged]: ...
    def __getitem__(self, index: int | slice) -> Judged | Sequence[Judged]:
        return self._verdicts[index]

    def __len__(self) -> int:
        return len(self._verdicts)

    @property
    def passed(self) -> list[Judged]:
        """The verdicts that are true."""
        return [verdict for verdict in self._verdicts if verdict]

    @property
    def failing(self) -> list[Judged]:
        """The verdicts that are not: the undecided ones as well."""
        return [verdict for verdict in self._verdicts if not verdict]

    @property
    def undecided(self) -> list[Judged]:
        """The verdicts that say nothing, for lack of a decision or because something failed."""
        return [verdict for verdict in self._verdicts if verdict.label == "undecided"]

    @property
    def pass_rate(self) -> Rate:
        """The share of the cases that passed; of no cases it is not a number, and every comparison with it fails."""
        return Rate(self)

    @property
    def interval(self) -> Interval:
        """The 95 % confidence interval of the pass rate."""
        return wilson(len(self.passed), len(self))

    def __repr__(self) -> str:
        return f"<results {self.summary()}>"

    def summary(self) -> str:
        """Return the counts and the interval in one line."""
        low, high = self.interval
        undecided = f", {len(self.undecided)} undecided" if self.undecided else ""
        return f"{len(self.passed)} of {len(self)} passed{undecided}, 95 % interval {low:.3f} to {high:.3f}"
