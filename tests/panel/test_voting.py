"""Voting: the strict majority of what was asked, in any order, and stopping without changing the outcome."""

import itertools
from random import Random
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from judge.panel.voting import decide, needed
from judge.types import Failure, Member, Vote

LABELS = ("A", "B", "tie")
MEMBER = Member(model="m", rubric="r")


def vote(index: int, label: str | None) -> Vote:
    error = None if label else Failure(cause="truncated", message="cut off")
    return Vote(index=index, member=MEMBER, label=label, error=error)


def votes(labels: "list[str | None]") -> list[Vote]:
    return [vote(index, label) for index, label in enumerate(labels)]


ballots = st.lists(st.sampled_from([*LABELS, None]), min_size=1, max_size=9)


def test_a_majority_of_those_asked_wins() -> None:
    assert decide(votes(["A", "A", "B"]), asked=3).label == "A"


def test_a_failed_vote_stays_in_the_denominator() -> None:
    decision = decide(votes(["A", "A", None, None]), asked=4)
    assert decision.label == "undecided"
    assert decision.tally.failed == 2


def test_a_plurality_is_not_a_majority() -> None:
    assert decide(votes(["A", "A", "B", "tie"]), asked=4).label == "undecided"


def test_confidence_is_the_share_of_cast_votes() -> None:
    assert decide(votes(["A", "A", "A", "B"]), asked=5).confidence == 0.75


def test_numeric_labels_give_median_and_spread() -> None:
    tally = decide(votes(["5", "2", None, "4"]), asked=4, numeric=True).tally
    assert (tally.median, tally.spread) == (4.0, 3.0)


def test_numeric_labels_need_every_vote() -> None:
    assert needed(votes(["5", "5", "5"]), asked=5, numeric=True) == 2


@given(ballots, st.randoms())
def test_the_order_of_votes_never_matters(labels: "list[str | None]", random: "object") -> None:
    shuffled = votes(labels)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(shuffled, asked=len(labels)) == decide(votes(labels), asked=len(labels))


@given(ballots)
def test_stopping_early_decides_as_all_votes_would(labels: "list[str | None]") -> None:
    cast: list[Vote] = []
    full = decide(votes(labels), asked=len(labels))
    while more := needed(cast, asked=len(labels)):
        cast += votes(labels)[len(cast) : len(cast) + more]
    early = decide(cast, asked=len(labels))
    assert early.label == full.label
    assert early.tally.saved == len(labels) - len(cast)


@given(ballots)
def test_settled_means_that_no_continuation_changes_the_label(labels: "list[str | None]") -> None:
    asked = min(len(labels) + 3, 7)
    cast = votes(labels[:asked])
    remaining = asked - len(cast)
    outcomes = {
        decide(cast + votes(list(rest)), asked=asked).label
        for rest in itertools.product([*LABELS, None], repeat=remaining)
    }
    assert (needed(cast, asked=asked) == 0) == (len(outcomes) == 1)


@given(ballots)
def test_a_wave_never_asks_a_vote_in_vain(labels: "list[str | None]") -> None:
    """With one vote fewer than a wave asks for, nothing could be settled yet."""
    asked = len(labels) + 2
    cast = votes(labels)
    more = needed(cast, asked=asked)
    for size in range(more):
        for rest in itertools.product([*LABELS, None], repeat=size):
            assert needed(cast + votes(list(rest)), asked=asked) > 0


@given(st.lists(st.sampled_from(["0", "0.25", "0.7", "1", None]), max_size=9), st.integers(0, 3), st.randoms())
def test_of_a_range_the_median_decides_where_a_majority_was_cast(
    labels: "list[str | None]", uncast: int, random: Random
) -> None:
    asked = len(labels) + uncast
    decision = decide(votes(labels), asked=asked, numeric=True, by_median=True)
    numbers = [float(label) for label in labels if label]
    expected = f"{median(numbers):.6g}" if 2 * len(numbers) > asked else "undecided"
    assert decision.label == expected
    assert decision.confidence is None
    random.shuffle(labels)
    assert decide(votes(labels), asked=asked, numeric=True, by_median=True).label == expected
