"""Findings and votes to a verdict: pure functions, which a replay calls again.

A decision rests on the strongest basis that was found, down to the weakest that counts. Sound findings of both sides
leave a case undecided: one of them is wrong. What evaluators proved by the hint of a panel's member is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from judge.panel import voting
from judge.panel.seats import Panel
from judge.types import SOUND, STRENGTH, Basis, Case, Deliberation, Failure, Finding, Provenance, Verdict, Vote, total


def decisive(findings: Mapping[str, Finding], weakest: Basis) -> list[tuple[str, Finding]]:
    """Return the findings that are strong enough to decide."""
    least = STRENGTH[weakest]
    return [(name, f) for name, f in findings.items() if f.basis is not None and STRENGTH[f.basis] >= least]


def by_findings(case: Case, findings: dict[str, Finding], *, weakest: Basis, provenance: Provenance) -> Verdict:
    """Return the verdict of the strongest finding, or why there is none."""
    deciding = decisive(findings, weakest)
    common = {"case_id": case.id, "findings": findings, "provenance": provenance}
    if conflict := _conflict(findings):
        error = Failure(cause="conflict", message=conflict)
        return Verdict(label="undecided", decided_by="nobody", because=conflict, error=error, **common)
    if not deciding:
        because = _why_undecided(findings, weakest=weakest)
        return Verdict(label="undecided", decided_by="nobody", because=because, **common)
    name, finding = max(deciding, key=lambda item: STRENGTH[item[1].basis or ""])
    return Verdict(
        label=finding.outcome,
        confidence=finding.confidence,
        decided_by=name,
        basis=finding.basis,
        because=finding.because,
        **common,
    )


def by_votes(
    case: Case,
    done: Sequence[Deliberation],
    findings: dict[str, Finding],
    *,
    panel: Panel,
    weakest: Basis,
    provenance: Provenance,
) -> Verdict:
    """Return the verdict that votes make where evaluators abstained, or what was proved by hints on the way."""
    votes = tuple(deliberation.vote for deliberation in done)
    decision = voting.decide(votes, asked=panel.votes, numeric=panel.numeric, by_median=panel.by_median)
    cast = {"votes": votes, "tally": decision.tally, "usage": total(vote.usage for vote in votes)}
    if shown := proved(done):
        return by_findings(case, findings | shown, weakest=weakest, provenance=provenance).model_copy(update=cast)
    decided = decision.label != "undecided"
    return Verdict(
        case_id=case.id,
        label=decision.label,
        confidence=decision.confidence,
        decided_by="panel" if decided else "nobody",
        basis="vote" if decided else None,
        because=_why_voted(votes, decision),
        findings=findings,
        provenance=provenance,
        **cast,
    )


def proved(done: Iterable[Deliberation]) -> dict[str, Finding]:
    """Return what evaluators proved while the panel deliberated; where they proved both, each under its own name."""
    found: dict[str, Finding] = {}
    for deliberation in done:
        for name, finding in deliberation.proved.items():
            if name in found and found[name].outcome != finding.outcome:
                found[f"{name} for vote {deliberation.vote.index}"] = finding
            else:
                found.setdefault(name, finding)
    return found


def _conflict(findings: Mapping[str, Finding]) -> str | None:
    """Return what was found by sound bases that cannot both be, if it was; also by one too weak to decide here."""
    sound = {finding.outcome: (name, finding) for name, finding in findings.items() if finding.basis in SOUND}
    if len(sound) < 2:
        return None
    said = "; ".join(f"{name}: {f.outcome} ({f.basis}): {f.because}" for name, f in sound.values())
    return f"the findings contradict each other, so that one of them is wrong: {said}"


def _why_undecided(findings: Mapping[str, Finding], *, weakest: Basis) -> str:
    if not findings:
        return "no evaluator was asked and there is no panel"
    said = "; ".join(f"{name}: {_weakly(finding)}{finding.because}" for name, finding in findings.items())
    if any(finding.basis for finding in findings.values()):
        return f"no evaluator decides by {weakest} or stronger ({said}) and there is no panel"
    return f"no evaluator could decide ({said}) and there is no panel"


def _weakly(finding: Finding) -> str:
    return f"{finding.outcome} by {finding.basis}, " if finding.basis else ""


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
