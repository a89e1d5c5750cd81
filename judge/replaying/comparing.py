"""What is not the same in two verdicts on one case."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from judge.types import Evidence, Finding, Verdict, Vote

#: What each finding and each vote of one verdict says, by name, part by part; the part "" is what it comes to.
_Said = dict[str, dict[tuple[str, int], Any]]
_DECISION: tuple[str, int] = ("", 0)


def differences(
    recorded: Verdict, again: Verdict, *, taken: Collection[int] = (), as_before: bool = False
) -> Iterator[str]:
    """Yield what is not the same: the decision, each finding, each vote and each piece of evidence, with all it says.

    What a machine does is no difference: seconds, usage, and the words of an error, of which only the cause counts.
    Evaluators that were not installed as they should be when the run was made are left out. Of the votes at the places
    `taken` only the label and the evidence are compared, and `as_before`, for layout 1, of everything.
    """
    fields = ["label", "decided_by", "basis", "confidence", "tally", "because"]
    if recorded.decided_by == "nobody" and any(map(not_installed, recorded.findings.values())):
        fields.remove("because")  # it names them
    for field in fields:
        old, new = getattr(recorded, field), getattr(again, field)
        if old != new and not (field == "because" and _in_another_order(recorded, again)):
            yield f"{field}: was {old!r}, is {new!r}"
    if not as_before and _cause(recorded) != _cause(again):
        yield f"error: was {_cause(recorded)}, is {_cause(again)}"
    for finding in again.findings.values():
        if finding.error is not None and finding.error.cause == "witness":
            yield finding.error.message
    before, after = (_said(verdict, taken=taken, as_before=as_before) for verdict in (recorded, again))
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _different(name, before.get(name), after.get(name))


def not_installed(finding: Finding) -> bool:
    """Return whether a finding says no more than that its evaluator could not be loaded."""
    return finding.error is not None and finding.error.cause == "broken_plugin"


def _in_another_order(recorded: Verdict, again: Verdict) -> bool:
    """Return whether two reasons why evaluators alone decide nothing name the same findings in another order."""
    if any(one.decided_by != "nobody" or one.votes for one in (recorded, again)):
        return False
    told = [sorted(part.strip() for part in re.split("[;()]", one.because)) for one in (recorded, again)]
    return told[0] == told[1]


def _different(
    name: str, before: Mapping[tuple[str, int], Any] | None, after: Mapping[tuple[str, int], Any] | None
) -> Iterator[str]:
    if before is None or after is None:
        was, now = ((said or {}).get(_DECISION) for said in (before, after))
        yield f"{name}: was {was}, is {now}"
        return
    for part in [*before, *(part for part in after if part not in before)]:
        if before.get(part) != after.get(part):
            yield f"{f'{part[0]} of {name}' if part[0] else name}: was {before.get(part)}, is {after.get(part)}"


def _said(verdict: Verdict, *, taken: Collection[int], as_before: bool) -> _Said:
    asked = {name: finding for name, finding in verdict.findings.items() if not not_installed(finding)}
    votes = {f"vote {vote.index}": _vote(vote, briefly=as_before or vote.index in taken) for vote in verdict.votes}
    findings = {name: _finding(finding, briefly=as_before) for name, finding in asked.items()}
    holders: dict[str, Finding | Vote] = {**{f"vote {vote.index}": vote for vote in verdict.votes}, **asked}
    return {
        name: said | _evidence(holders[name].evidence, briefly=as_before) for name, said in (votes | findings).items()
    }


def _vote(vote: Vote, *, briefly: bool) -> dict[tuple[str, int], Any]:
    said: dict[tuple[str, int], Any] = {_DECISION: vote.label or f"failed ({_cause(vote)})"}
    if briefly:
        return said
    parts = {"reason": vote.reason, "citations": vote.cites, "further fields": vote.extra, "member": vote.member}
    return said | {(part, 0): value for part, value in parts.items()}


def _finding(finding: Finding, *, briefly: bool) -> dict[tuple[str, int], Any]:
    said: dict[tuple[str, int], Any] = {_DECISION: finding.outcome}
    if briefly:
        return said
    parts = {"basis": finding.basis, "confidence": finding.confidence, "error": _cause(finding)}
    if finding.error is None:
        parts["reason"] = finding.because
    return said | {(part, 0): value for part, value in parts.items()}


def _evidence(evidence: tuple[Evidence, ...], *, briefly: bool) -> dict[tuple[str, int], Any]:
    """Return what evidence says by its place, since two pieces may have one name."""
    said: dict[tuple[str, int], Any] = {}
    for place, one in enumerate(evidence):
        said[f"evidence {one.id}", place] = one.digest
        if not briefly:
            said[f"role of evidence {one.id}", place] = one.role
            said[f"success of evidence {one.id}", place] = one.ok
    return said


def _cause(said: Finding | Vote | Verdict) -> str | None:
    return said.error.cause if said.error else None
