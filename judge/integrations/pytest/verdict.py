"""``Judged``: the verdict that a test asserts on, which knows what the test hopes for and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import PrivateAttr

from judge.judging import Judge
from judge.text.shown import one_line
from judge.types import Case, Decided, Verdict


class Origin(NamedTuple):
    """How a verdict came to be: the judge, the case, what was said; and which label the test hopes for.

    ``threshold`` is a least score where labels are numbers, elsewhere a least confidence.
    """

    judge: Judge
    case: Case
    outcome: Decided
    wanted: str
    threshold: float | None = None


class Judged(Verdict):
    """A verdict that is true when it is what the test hopes for; ``correct`` says the same.

    Under the rubric ``pass_fail`` that is the label ``pass``, under one's own rubric without a label ``correct``
    its first label, under one whose labels are numbers a median that reaches the threshold.
    """

    _origin: Origin = PrivateAttr()

    @classmethod
    def of(cls, origin: Origin) -> Judged:
        """Return the verdict of an outcome."""
        verdict = origin.outcome.verdict
        judged = cls.model_construct(verdict.model_fields_set, **{name: getattr(verdict, name) for name in _FIELDS})
        judged._origin = origin
        return judged

    @property
    def correct(self) -> bool:
        """Whether the verdict is what the test hopes for."""
        wanted, threshold = self._origin.wanted, self._origin.threshold
        if wanted == NUMBER:
            score = self.tally.median if self.tally else None
            return score is not None and threshold is not None and score >= threshold
        sure = threshold is None or self.confidence is None or self.confidence >= threshold
        return self.label == wanted and sure

    @property
    def origin(self) -> Origin:
        """Where the verdict comes from."""
        return self._origin

    def __repr__(self) -> str:
        return f"<verdict {heading(self, width=120)}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[Any]:
        yield self.label
        yield "decided_by", self.decided_by
        yield "basis", self.basis, None
        yield "confidence", self.confidence, None
        yield "because", self.because


def heading(verdict: Verdict, *, width: int) -> str:
    """Return a verdict in one line of about that width: the label, who decided, and why."""
    because = one_line(verdict.because)
    if len(because) > width:
        because = f"{because[:width]}…"
    if verdict.decided_by == "nobody":
        return f"{verdict.label}: {because}"
    sure = f" ({verdict.basis})" if verdict.basis not in (None, "vote") else ""
    return f"{verdict.label}, by {verdict.decided_by}{sure}: {because}"


NUMBER = "a number"  # in the place of a wanted label: the threshold says which
_FIELDS = tuple(Verdict.model_fields)
