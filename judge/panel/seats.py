"""Who sits on a panel, and whether those may vote together."""

from __future__ import annotations

from typing import NamedTuple

from judge.errors import ConfigError
from judge.panel.agent import Seat


class Panel(NamedTuple):
    """Who is asked, and how often: vote i goes to member i, round and round, with another seed each round."""

    seats: tuple[Seat, ...]
    votes: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that all rubrics of the panel share."""
        return self.seats[0].rubric.labels

    @property
    def grades_answers(self) -> bool:
        """Whether the panel answers the question that evaluators answer."""
        return self.seats[0].rubric.grades_answers

    @property
    def numeric(self) -> bool:
        """Whether the labels are numbers."""
        return self.seats[0].rubric.numeric

    @property
    def by_median(self) -> bool:
        """Whether a vote is any number of a range, and the median of the votes decides."""
        return self.seats[0].rubric.range is not None


def ensure_agreement(panel: Panel) -> None:
    """Raise ConfigError for a panel that cannot vote: other labels, the same member twice, too few votes."""
    first = panel.seats[0].rubric
    for seat in panel.seats:
        if (set(seat.rubric.labels), seat.rubric.range) != (set(first.labels), first.range):
            raise ConfigError(
                f"rubrics {first.name!r} and {seat.rubric.name!r} cannot vote together: their labels differ"
            )
        if seat.rubric.name == first.name and seat.rubric.text != first.text:
            raise ConfigError(f"two different rubrics of this panel are called {first.name!r}")
    members = [seat.member for seat in panel.seats]
    if twice := [member for member in members if members.count(member) > 1]:
        raise ConfigError(f"the panel has the same member twice ({twice[0]}); ask for more votes instead")
    if panel.votes < len(panel.seats):
        raise ConfigError(f"{panel.votes} votes are too few for a panel of {len(panel.seats)} members")
