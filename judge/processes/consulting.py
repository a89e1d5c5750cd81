"""Evaluators asked about one case, in order, until no one that is left could say anything stronger."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, ValidationError

from judge import kinds
from judge.budget import Budget
from judge.errors import InputError, SandboxDown
from judge.files import reading_in
from judge.protocols import Evaluator, Hinted
from judge.text.shown import one_line
from judge.types import SOUND, STRENGTH, Basis, Case, Evidence, Failure, Finding, Record

_SHARE = 0.8  # of a deadline, as a budget: what heeds it returns what it has before it is killed


class Terms(Record):
    """On what terms evaluators are asked.

    ``deadline_s`` is for each check. Those that can reach nothing as strong as ``weakest`` are not asked, nor those
    that can reach nothing stronger than what was found, unless ``everybody`` is.
    """

    deadline_s: float = 10.0
    weakest: Basis = "learned"
    everybody: bool = False


class Asked(Record):
    """What evaluators are asked about: a case, with what is `known` of it, by name.

    Who is known to have found something is not asked. What is ``recorded`` is rechecked instead of searched for
    again. With ``hints`` only those are asked who can use them.
    """

    case: Case
    known: dict[str, Finding] = {}  # noqa: RUF012 - Pydantic copies it
    recorded: dict[str, Finding] = {}  # noqa: RUF012
    hints: dict[str, JsonValue] | None = None


def consult(
    evaluators: Sequence[Evaluator], asked: Asked, *, terms: Terms, begin: Callable[[int], None] | None = None
) -> dict[str, Finding]:
    """Return what evaluators of the case's kind find, by name, in the order in which they were asked.

    `begin` is told the place of each that is asked. Raises SandboxDown.
    """
    findings = dict(asked.known)
    nothing = min(STRENGTH.values()) - 1
    best = max((STRENGTH[f.basis] for f in findings.values() if f.basis), default=nothing)
    for place, evaluator in enumerate(evaluators):
        if evaluator.name in findings or asked.case.kind not in evaluator.kinds:
            continue
        if asked.hints is not None and not isinstance(evaluator, Hinted):
            continue
        if not terms.everybody and (reach(evaluator) <= best or reach(evaluator) < STRENGTH[terms.weakest]):
            continue
        if begin is not None:
            begin(place)
        finding = findings[evaluator.name] = _found(evaluator, asked, terms)
        if finding.basis is not None:
            best = max(best, STRENGTH[finding.basis])
    return findings


def reach(evaluator: Evaluator) -> int:
    """Return the strength of the strongest basis that an evaluator can decide by."""
    return max(STRENGTH[basis] for bases in evaluator.bases.values() for basis in bases)


def lacking(evaluator: Evaluator) -> list[str]:
    """Return the modules that an evaluator needs and that are not installed."""
    return [module for module in evaluator.needs if find_spec(module.partition(".")[0]) is None]


def lack(evaluator: Evaluator, kind: str) -> str | None:
    """Return what an evaluator lacks to be asked of a kind, with the line that installs it, or None."""
    if not (modules := lacking(evaluator)):
        return None
    found = kinds.find(kind)
    how = f": {kinds.install_line(kind)}" if found and found.extra else ", which is not installed"
    return f"{evaluator.name} needs {', '.join(modules)}{how}"


def _found(evaluator: Evaluator, asked: Asked, terms: Terms) -> Finding:
    if why := lack(evaluator, asked.case.kind):
        return failed("missing_extra", why)
    recorded = asked.recorded.get(evaluator.name)
    budget = Budget(terms.deadline_s * _SHARE)
    if recorded is not None and (how := way(evaluator, recorded)) != "again":
        return recorded if how == "taken" else _rechecked(evaluator, asked.case, recorded)
    if asked.hints is not None:
        return _proved(evaluator, asked.case, asked.hints, budget)
    return guarded(evaluator, lambda: evaluator.check(asked.case, budget=budget))


def way(evaluator: Evaluator, recorded: Finding) -> Literal["again", "rechecked", "taken"]:
    """Return how a finding on record comes out again.

    It is decided ``again`` where that costs no search: by an evaluator that runs ``here`` and is deterministic, and by
    any that said ``counterexample`` without a witness, which none can. One with witnesses is ``rechecked``; the rest is
    ``taken`` as it is, since to come to it would need a search, or chance.
    """
    if evaluator.runs == "here" and evaluator.deterministic:
        return "again"
    if recorded.witnesses:
        return "rechecked"
    return "again" if recorded.basis == "counterexample" else "taken"


def _rechecked(evaluator: Evaluator, case: Case, recorded: Finding) -> Finding:
    """Return the finding on record if each of its witnesses holds on the case, and is one for what was found."""

    def recheck() -> Finding:
        for witness in recorded.witnesses:
            holds = evaluator.recheck(case, witness)
            if not isinstance(holds, bool):
                said = f"{evaluator.name}: recheck() returned {type(holds).__name__}, not True or False"
                return failed("evaluator_breach", said)
            if not holds:
                return failed("witness", f"{evaluator.name}: the {witness.role} {witness.id!r} does not hold")
        return recorded

    return guarded(evaluator, recheck, doing="rechecking")


def _proved(evaluator: Evaluator, case: Case, hints: Mapping[str, JsonValue], budget: Budget) -> Finding:
    """Return what an evaluator shows by hints; what it does not decide by a sound basis counts for nothing."""
    assert isinstance(evaluator, Hinted)
    kind = kinds.find(case.kind)
    if kind is None or kind.Hints is None:
        return Finding.undecided(f"the kind {case.kind!r} takes no hints")
    try:
        with reading_in(None):  # what a model says may name no file
            hint = kind.Hints.model_validate(hints)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the hint"
        return Finding.undecided(f"the hints do not fit: {where}: {first['msg']}")
    hinted: Hinted = evaluator
    finding = guarded(evaluator, lambda: hinted.prove(case, hint, budget=budget))
    if finding.basis is None or finding.basis in SOUND:
        return _with_hint(finding, evaluator, hint.model_dump_json())
    return Finding.undecided(f"{evaluator.name} proves nothing by the hint: {finding.because}")


def _with_hint(finding: Finding, evaluator: Evaluator, hint: str) -> Finding:
    said = Evidence(id=f"{evaluator.name}-hint", source=evaluator.name, request="hint", content=hint)
    return finding.model_copy(update={"evidence": (*finding.evidence, said)}).sealed(evaluator.name)


def guarded(evaluator: Evaluator, ask: Callable[[], Finding], *, doing: str = "checking") -> Finding:
    """Ask an evaluator in this thread; a crash, or a finding it may not give, is ``undecided``. Raises SandboxDown."""
    try:
        finding = ask()
        if not isinstance(finding, Finding):
            raise TypeError(f"check() returned {type(finding).__name__}, not a Finding")
        finding = finding.sealed(evaluator.name)
    except SandboxDown:
        raise
    except InputError as error:  # a file that is not what it was when the case was read
        return failed("input", f"{evaluator.name}: {error}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an evaluator is foreign code; its crash is recorded, not scored
        said = f"{type(error).__name__}: {error}"
        return failed("evaluator_crash", f"{evaluator.name} crashed {doing} the case: {one_line(said)}{_place(error)}")
    if finding.basis == "counterexample" and not finding.witnesses:
        said = f"{evaluator.name} said {finding.outcome} by counterexample, and gave no witness"
        return failed("evaluator_breach", said)
    if finding.outcome != "undecided" and finding.basis not in evaluator.bases.get(finding.outcome, ()):
        said = f"{evaluator.name} said {finding.outcome} by {finding.basis}, which it does not declare"
        return failed("evaluator_breach", said)
    return finding


def _place(error: BaseException) -> str:
    """Return where an evaluator crashed, as far as it is the same on every machine."""
    frames = traceback.extract_tb(error.__traceback__)
    if len(frames) < 3:  # it never got to code of its own
        return ""
    path = Path(frames[-1].filename)
    return f" ({path.parent.name}/{path.name}, line {frames[-1].lineno})"


def failed(cause: str, message: str) -> Finding:
    """Return the finding of an evaluator that did not come to one."""
    return Finding.undecided(message, error=Failure(cause=cause, message=message))
