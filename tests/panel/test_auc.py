"""AUC from ranks: what the pairs say, and no pair compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import ConfigError
from judge.panel.thresholds import Point, auc

FEW = st.sampled_from([-2.5, -1.0, 0.0, 1e-9, 1.0, 40.0])  # so that ties are common
SOME = st.lists(FEW | st.floats(-50, 50), min_size=1, max_size=40)


def by_pairs(above: list[float], below: list[float]) -> float:
    return sum((a > b) + 0.5 * (a == b) for a in above for b in below) / (len(above) * len(below))


@given(SOME, SOME, st.randoms(use_true_random=False))
def test_ranks_say_what_the_pairs_say(above: list[float], below: list[float], random) -> None:  # type: ignore[no-untyped-def]
    points = [Point(value, True) for value in above] + [Point(value, False) for value in below]
    random.shuffle(points)
    assert auc(points) == pytest.approx(by_pairs(above, below), abs=1e-12)


class Counted(float):
    """A number that counts how often it is compared."""

    times = 0

    def __gt__(self, other: object) -> bool:
        Counted.times += 1
        return float(self) > float(other)  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        Counted.times += 1
        return float(self) == float(other)  # type: ignore[arg-type]

    __hash__ = float.__hash__


def test_the_work_is_not_that_of_all_pairs() -> None:
    points = [Point(Counted(n % 97), n % 3 == 0) for n in range(600)]
    Counted.times = 0
    assert 0.4 < auc(points) < 0.6
    assert Counted.times < 600 * 10  # all pairs are 80 000


@pytest.mark.parametrize("first", [True, False])
def test_one_label_alone_has_none(first: bool) -> None:
    with pytest.raises(ConfigError, match="both labels"):
        auc([Point(0.0, first), Point(1.0, first)])
