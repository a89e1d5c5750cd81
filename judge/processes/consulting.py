"""Evaluators asked about one case, in order, until no one that is left could say anything stronger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from judge.errors import SandboxDown
from judge.protocols import Evaluator
from judge.types import STRENGTH, Case, Failure, Finding


def consult(
    evaluators: Sequence[Evaluator],
    case: Case,
    *,
    known: Mapping[str, Finding],
    begin: Callable[[int], None] | None = None,
) -> dict[str, Finding]:
    """Return what evaluators of the case's kind find, by name, in the order in which they were asked.

    Who is `known` to have found something is not asked again. `begin` is told the place of each that is asked.
    Raises SandboxDown.
    """
    findings = dict(known)
    best = max((STRENGTH[f.basis] for f in findings.values() if f.basis), default=min(STRENGTH.values()) - 1)
    for place, evaluator in enumerate(evaluators):
        if evaluator.name in findings or case.kind not in evaluator.kinds or reach(evaluator) <= best:
            continue
        if begin is not None:
            begin(place)
        finding = findings[evaluator.name] = guarded(evaluator, case)
        if finding.basis is not None:
            best = max(best, STRENGTH[finding.basis])
    return findings


def reach(evaluator: Evaluator) -> int:
    """Return the strength of the strongest basis that an evaluator can decide by."""
    return max(STRENGTH[basis] for bases in evaluator.bases.values() for basis in bases)


def guarded(evaluator: Evaluator, case: Case) -> Finding:
    """Ask an evaluator in this thread; a crash, or a finding it may not give, is ``undecided``. Raises SandboxDown."""
    try:
        finding = evaluator.check(case)
        if not isinstance(finding, Finding):
            raise TypeError(f"check() returned {type(finding).__name__}, not a Finding")
    except SandboxDown:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an evaluator is foreign code; its crash is recorded, not scored
        return failed("evaluator_crash", f"{evaluator.name} crashed: {type(error).__name__}: {error}")
    if finding.outcome != "undecided" and finding.basis not in evaluator.bases.get(finding.outcome, ()):
        said = f"{evaluator.name} said {finding.outcome} by {finding.basis}, which it does not declare"
        return failed("evaluator_breach", said)
    return finding


def failed(cause: str, message: str) -> Finding:
    """Return the finding of an evaluator that did not come to one."""
    return Finding.undecided(message, error=Failure(cause=cause, message=message))
