"""One case to a verdict: evaluators first, and where they abstain, a panel that votes.

The evaluators of the case's kind are asked, cheapest first, in child processes under a deadline. A decisive finding
ends the asking unless an evaluator that has not been asked could reach a stronger basis. No vote can overturn a
finding. Evaluators are asked only when the panel answers their question, that is, when its labels include ``correct``
and ``incorrect``, or there is no panel.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from judge.panel import voting
from judge.panel.agent import Bounds
from judge.panel.scoring import ScoreSeat
from judge.panel.seats import Panel, ensure_agreement
from judge.plain import digest
from judge.processes.consulting import consult
from judge.processes.crew import BATCH, cores
from judge.processes.workers import Workers, sendable
from judge.protocols import Batches, Closes, Decided, Deliberation, Evaluator, Preflights
from judge.types import STRENGTH, Case, Finding, Provenance, Verdict, Vote, total
from judge.version import __version__

_AT_ONCE = 32  # cases, where no model asks for more


class Cascade:
    """Decides cases. Thread-safe. Raises ConfigError for a panel that cannot vote.

    `deadline_s` is for each check of an evaluator in a child. With `here` those that declare ``runs = "here"`` are
    asked in the calling thread instead, where nothing ends them: for single cases.
    """

    def __init__(
        self,
        evaluators: Sequence[Evaluator],
        panel: Panel | None,
        *,
        limits: Bounds | None = None,
        deadline_s: float = 10.0,
        here: bool = False,
        further: Mapping[str, Any] | None = None,
    ) -> None:
        if panel is not None:
            ensure_agreement(panel)
        self.panel = panel
        self.limits = limits or Bounds()
        self.evaluators = tuple(sorted(evaluators, key=lambda e: (e.runs != "here", getattr(e, "cost", 1))))
        self._groups = _groups(self.evaluators, deadline_s=deadline_s, here=here)
        self._asked = panel is None or {"correct", "incorrect"} <= set(panel.labels)
        self.provenance = _provenance(self, {"evaluator_deadline_s": deadline_s, **(further or {})})

    def decide(self, case: Case, *, kept: Iterable[Deliberation] = ()) -> Decided:
        """Decide a case. Votes that were `kept` from an earlier attempt are not asked for again.

        Raises ModelDown when no call to a model can work.
        """
        findings = self.consult(case) if self._asked else {}
        if self.panel is not None and not any(finding.basis for finding in findings.values()):
            return self._vote(case, self.panel, kept, findings)
        return Decided(self._found(case, findings), ())

    @property
    def batch(self) -> int:
        """How many cases to hand over at a time: a message to a child, or one where a case may take long."""
        return BATCH if self.panel is None and all(e.runs == "here" for e in self.evaluators) else 1

    def decide_all(self, cases: Sequence[Case], *, size: int | None = None) -> list[Decided]:
        """Decide cases; evaluators work in `size` children at once (as many as there are cores if None)."""
        if self.panel is not None:
            return [self.decide(case) for case in cases]
        found = self._consult(cases, size)
        return [Decided(self._found(case, findings), ()) for case, findings in zip(cases, found, strict=True)]

    def consult(self, case: Case) -> dict[str, Finding]:
        """Return what the evaluators of the case's kind say, by name, in the order in which they were asked."""
        return self._consult([case], None)[0]

    def _consult(self, cases: Sequence[Case], size: int | None) -> list[dict[str, Finding]]:
        found: list[dict[str, Finding]] = [{} for _ in cases]
        for group in self._groups:
            if isinstance(group, Workers):
                found = group.consult(cases, found, size=size)
            else:
                found = [consult(group, case, known=known) for case, known in zip(cases, found, strict=True)]
        return found

    def _found(self, case: Case, findings: dict[str, Finding]) -> Verdict:
        """Return the verdict of the strongest finding, or that nobody decided."""
        deciding = [(name, finding) for name, finding in findings.items() if finding.basis is not None]
        common = {"case_id": case.id, "findings": findings, "provenance": self.provenance}
        if not deciding:
            return Verdict(label="undecided", decided_by="nobody", because=_why_undecided(findings), **common)
        name, finding = max(deciding, key=lambda item: STRENGTH[item[1].basis or ""])
        return Verdict(
            label=finding.outcome,
            confidence=finding.confidence,
            decided_by=name,
            basis=finding.basis,
            because=finding.because,
            **common,
        )

    @property
    def at_once(self) -> int:
        """How many cases to judge at once: 32, or as many as keep a model or all children at work."""
        if self.batch > 1:
            return self.batch * (cores() + 1)
        models = [seat.model for seat in self.panel.seats] if self.panel else []
        return max([_AT_ONCE, *(model.at_once for model in models if isinstance(model, Batches))])

    def preflight(self) -> None:
        """Raise ModelDown when a model of the panel cannot work at all."""
        for seat in self.panel.seats if self.panel else ():
            if isinstance(seat.model, Preflights):
                seat.model.preflight()

    def close(self) -> None:
        """Hang up on servers; connections are made anew when another case is decided."""
        for seat in self.panel.seats if self.panel else ():
            if isinstance(seat.model, Closes):
                seat.model.close()

    def _vote(self, case: Case, panel: Panel, kept: Iterable[Deliberation], findings: dict[str, Finding]) -> Decided:
        done = {d.vote.index: d for d in kept if d.vote.error is None}
        while more := voting.needed([d.vote for d in done.values()], asked=panel.votes, numeric=panel.numeric):
            indices = [i for i in range(panel.votes) if i not in done][:more]
            for deliberation in self._ask(case, panel, indices):
                done[deliberation.vote.index] = deliberation
        votes = tuple(done[index].vote for index in sorted(done))
        exchanges = tuple(e for index in sorted(done) for e in done[index].exchanges)
        return Decided(self.count(case, votes, findings), exchanges)

    def count(self, case: Case, votes: tuple[Vote, ...], findings: dict[str, Finding]) -> Verdict:
        """Return the verdict that votes make where evaluators abstained. Asks nobody."""
        assert self.panel is not None
        panel = self.panel
        decision = voting.decide(votes, asked=panel.votes, numeric=panel.numeric, by_median=panel.by_median)
        decided = decision.label != "undecided"
        return Verdict(
            case_id=case.id,
            label=decision.label,
            confidence=decision.confidence,
            decided_by="panel" if decided else "nobody",
            basis="vote" if decided else None,
            because=_why_voted(votes, decision),
            findings=findings,
            votes=votes,
            tally=decision.tally,
            usage=total(vote.usage for vote in votes),
            provenance=self.provenance,
        )

    def _ask(self, case: Case, panel: Panel, indices: list[int]) -> list[Deliberation]:
        def ask(index: int) -> Deliberation:
            round_, place = divmod(index, len(panel.seats))
            seat = panel.seats[place]
            return seat.deliberate(case, index=index, seed=seat.member.seed + round_, limits=self.limits)

        first, *others = indices
        answers: queue.SimpleQueue[Deliberation | BaseException] = queue.SimpleQueue()

        def ask_aside(index: int) -> None:
            try:
                answers.put(ask(index))
            except BaseException as error:  # noqa: BLE001 - carried to the thread that waits, which raises it
                answers.put(error)

        for index in others:
            threading.Thread(target=ask_aside, args=(index,), name="judge-vote", daemon=True).start()
        done = [ask(first)]
        for _ in others:
            answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            done.append(answer)
        return done


def _groups(evaluators: Sequence[Evaluator], *, deadline_s: float, here: bool) -> list[Workers | tuple[Evaluator, ...]]:
    """Return evaluators that are asked in the same place and one after the other together: children, or this thread."""

    def in_children(evaluator: Evaluator) -> bool:
        if evaluator.runs == "sandbox" or (here and evaluator.runs == "here"):
            return False
        return sendable(evaluator)

    grouped = ((children, tuple(group)) for children, group in groupby(evaluators, in_children))
    return [Workers(group, deadline_s=deadline_s) if children else group for children, group in grouped]


def _why_undecided(findings: dict[str, Finding]) -> str:
    if not findings:
        return "no evaluator was asked and there is no panel"
    said = "; ".join(f"{name}: {finding.because}" for name, finding in findings.items())
    return f"no evaluator could decide ({said}) and there is no panel"


def _why_voted(votes: tuple[Vote, ...], decision: voting.Decision) -> str:
    tally = decision.tally
    counts = ", ".join(f"{count} {label}" for label, count in tally.counts.items()) or "none"
    failed = f", {tally.failed} failed" if tally.failed else ""
    if decision.label == "undecided":
        return f"no label has a majority of the {tally.asked} votes asked for ({counts}{failed})"
    if decision.confidence is None and tally.asked > 1:
        return f"the median of {sum(tally.counts.values())} votes{failed} ({counts})"
    reason = next(vote.reason for vote in votes if vote.label == decision.label)
    if tally.asked == 1:
        return reason
    return f"{tally.counts[decision.label]} of {tally.asked} votes{failed}: {reason}"


def _provenance(cascade: Cascade, further: Mapping[str, Any]) -> Provenance:
    """Return every setting that could change an outcome, and its hash: the fingerprint of a run."""
    panel = cascade.panel
    settings: dict[str, Any] = {
        "evaluators": {e.name: e.version for e in cascade.evaluators},  # in the order in which they are asked
        "panel": None,
        **further,
    }
    if panel is not None:
        rubrics = {seat.rubric.name: seat.rubric for seat in panel.seats}
        settings["panel"] = {
            "votes": panel.votes,
            "members": [seat.member.model_dump(mode="json") for seat in panel.seats],
            "limits": cascade.limits.model_dump(),
            "rubrics": {
                name: {
                    "hash": rubric.hash,
                    "labels": list(rubric.values),
                    "schema": rubric.Ballot.model_json_schema(),
                    # in the order in which they are offered, which is part of every request
                    "tools": next(list(seat.tools) for seat in panel.seats if seat.rubric is rubric),
                }
                for name, rubric in rubrics.items()
            },
        }
        if models := {s.member.model: s.model.provenance for s in panel.seats if hasattr(s.model, "provenance")}:
            settings["panel"]["models"] = models
        if scored := [seat.settings for seat in panel.seats if isinstance(seat, ScoreSeat)]:
            settings["panel"]["score"] = scored
    fingerprint = digest(__version__.rpartition(".")[0], json.dumps(settings))[:16]
    return Provenance(judge=__version__, fingerprint=fingerprint, settings=settings)
