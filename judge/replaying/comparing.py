"""What is not the same in two verdicts on one case."""

from __future__ import annotations

from collections.abc import Iterator

from judge.types import Finding, Verdict


def differences(recorded: Verdict, again: Verdict) -> Iterator[str]:
    """Yield what is not the same: the decision, each finding, each vote, each evidence digest.

    Evaluators that were not installed as they should be when the run was made are left out.
    """
    fields = ["label", "decided_by", "basis", "confidence", "tally", "because"]
    if recorded.decided_by == "nobody" and any(map(not_installed, recorded.findings.values())):
        fields.remove("because")  # it names them
    for field in fields:
        old, new = getattr(recorded, field), getattr(again, field)
        if old != new:
            yield f"{field}: was {old!r}, is {new!r}"
    for finding in again.findings.values():
        if finding.error is not None and finding.error.cause == "witness":
            yield finding.error.message
    before, after = _parts(recorded), _parts(again)
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            yield f"{name}: was {before.get(name)}, is {after.get(name)}"


def not_installed(finding: Finding) -> bool:
    """Return whether a finding says no more than that its evaluator could not be loaded."""
    return finding.error is not None and finding.error.cause == "broken_plugin"


def _parts(verdict: Verdict) -> dict[str, str]:
    """Return what a verdict rests on, by name: votes, findings, evidence digests."""
    asked = {name: finding for name, finding in verdict.findings.items() if not not_installed(finding)}
    votes = {f"vote {v.index}": v.label or f"failed ({v.error and v.error.cause})" for v in verdict.votes}
    findings: dict[str, str] = {name: finding.outcome for name, finding in asked.items()}
    seen = {f"evidence {e.id} of {name}": e.digest for name, f in asked.items() for e in f.evidence}
    cited = {f"evidence {e.id} of vote {v.index}": e.digest for v in verdict.votes for e in v.evidence}
    return votes | findings | seen | cited
