"""The cases of a run, decided again."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from pydantic import BaseModel

from judge import kinds
from judge.cascade import Cascade
from judge.errors import InputError, PluginError, ToolError
from judge.panel.agent import Seat
from judge.panel.recorded import SeatOnRecord
from judge.panel.seats import Panel
from judge.panel.toolbox import OfKind
from judge.processes.consulting import way
from judge.protocols import Tool
from judge.record.layout import BEFORE
from judge.record.store import Store, Stored
from judge.replaying.cascades import SeatByTurn, recorded_cascade
from judge.replaying.comparing import differences, not_installed
from judge.types import SOUND, Case, Deliberation, Evidence, Finding, Verdict, Vote

_BATCH = 256  # cases, of which those without a panel are decided side by side


class Counts(NamedTuple):
    """What became of findings on record: witnesses that were rechecked, findings that were decided again or taken.

    ``unchecked`` are the verdicts by proof or counterexample among those that rest on a finding that was taken.
    """

    rechecked: int
    again: int
    taken: int
    unchecked: int = 0


class Comparison(NamedTuple):
    """One case, decided again: the verdict on record, the one that came out, and what differs between them.

    There is none where the case cannot be judged any more, because a file that it names changed.
    """

    case: Case
    recorded: Verdict
    replayed: Verdict | None
    differences: tuple[str, ...]
    counts: Counts


def replay(store: Store, *, full: bool = False) -> Iterator[Comparison]:
    """Decide every case of a run again, without a network, by the settings of its kind.

    A witness on record is rechecked. What an evaluator that does not run "here" found without one, or one that is not
    deterministic, is taken as it is; with `full` only the latter. Raises PluginError for a plugin that is gone.
    """
    cascades: dict[str, Cascade] = {}
    rest = store.all()
    try:
        while batch := list(islice(rest, _BATCH)):
            for kind in {stored.case.kind for stored in batch} - cascades.keys():
                cascades[kind] = recorded_cascade(store, kind)
            yield from compare(cascades, batch, full=full, as_before=store.run.layout == BEFORE)
    finally:
        for cascade in cascades.values():
            cascade.close()


def compare(
    cascades: Mapping[str, Cascade], batch: Sequence[Stored], *, full: bool, as_before: bool = False
) -> Iterator[Comparison]:
    """Yield the comparisons of some cases, in their order; of layout 1 less is compared, as it was before."""
    ready: list[Case | str] = [_ready(stored.case) for stored in batch]
    given = [_given(cascades[stored.case.kind], stored.verdict, full=full) for stored in batch]
    decided: dict[int, Verdict] = {}
    for kind, cascade in cascades.items():
        places = [n for n, case in enumerate(ready) if isinstance(case, Case) and case.kind == kind]
        if cascade.panel is None:
            cases = [case for n in places if isinstance(case := ready[n], Case)]
            outcomes = cascade.decide_all(cases, recorded=[given[n] for n in places])
            decided |= {n: outcome.verdict for n, outcome in zip(places, outcomes, strict=True)}
    for n, (stored, case) in enumerate(zip(batch, ready, strict=True)):
        cascade = cascades[stored.case.kind]
        if isinstance(case, str):
            yield Comparison(stored.case, stored.verdict, None, (case,), Counts(0, 0, 0))
            continue
        panel = cascade.panel
        again = decided[n] if panel is None else _voted_again(cascade, panel, case, stored.verdict, given[n])
        unread = _unread(panel, stored.verdict) if panel else ()
        different = tuple(differences(stored.verdict, again, taken=unread, as_before=as_before))
        yield Comparison(stored.case, stored.verdict, again, different, _counts(cascade, stored.verdict, given[n]))


def _ready(case: Case) -> Case | str:
    """Return a case with its inputs as its kind reads them, or why it cannot be judged any more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of inputs among the tags, which nobody can change here
            return kinds.validated(case).model_copy(update={"id": case.id})
    except InputError as error:
        if kinds.find(case.kind) is not None:
            return str(error)
        return f"the kind {case.kind!r}, which the case has inputs of, is not installed: install the package it is from"
    except PluginError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a kind is foreign code; what it does with one case is no other's matter
        return f"the inputs cannot be read: {type(error).__name__}: {error}"


def _unread(panel: Panel, verdict: Verdict) -> set[int]:
    """Return the votes of which only the label is known again, since the class that read them is not imported."""
    seats = panel.seats
    return {vote.index for vote in verdict.votes if isinstance(seats[vote.index % len(seats)], SeatOnRecord)}


def _given(cascade: Cascade, verdict: Verdict, *, full: bool) -> dict[str, Finding]:
    """Return the findings on record that evaluators are given: to recheck them, or to leave it at that."""
    given = {}
    for evaluator in cascade.evaluators:
        finding = verdict.findings.get(evaluator.name)
        if finding is None or (full and evaluator.deterministic):
            continue
        if _by_hint(evaluator.name, finding):  # before the vote that gave the hint it had found nothing
            finding = Finding.undecided("what a hint showed is shown again by the vote that gave it")
        given[evaluator.name] = finding
    return given


def _by_hint(name: str, finding: Finding) -> bool:
    return any(evidence.id == f"{name}-hint" and evidence.request == "hint" for evidence in finding.evidence)


def _counts(cascade: Cascade, verdict: Verdict, given: Mapping[str, Finding]) -> Counts:
    rechecked = again = taken = unchecked = 0
    for evaluator in cascade.evaluators:
        finding = verdict.findings.get(evaluator.name)
        if finding is None or not_installed(finding):
            continue
        how = way(evaluator, given[evaluator.name]) if evaluator.name in given else "again"
        if how == "rechecked":
            rechecked += len(finding.witnesses)
        elif how == "taken" and given[evaluator.name] is finding:
            taken += 1
            unchecked += evaluator.name == verdict.decided_by and finding.basis in SOUND
        else:
            again += 1
    return Counts(rechecked, again, taken, unchecked)


def _voted_again(cascade: Cascade, panel: Panel, case: Case, verdict: Verdict, given: Mapping[str, Finding]) -> Verdict:
    """Decide a case by the votes that its verdict was made of: after a retry, others than a new run would ask for."""
    recorded = [
        _as_recorded(panel.seats[vote.index % len(panel.seats)], vote).deliberate(
            case,
            index=vote.index,
            seed=vote.member.seed,
            limits=cascade.limits,
            evaluators=OfKind(cascade, case.kind),
        )
        for vote in verdict.votes
    ]
    again = cascade.decide(case, kept=recorded, recorded=given).verdict
    if not again.votes:
        return again
    done = {vote.index: Deliberation(vote, ()) for vote in again.votes}
    done |= {deliberation.vote.index: deliberation for deliberation in recorded}  # with what evaluators proved in them
    return cascade.count(case, [done[index] for index in sorted(done)], again.findings)


class _Recorded:
    """A tool that says what it said when the run was made, in the same order."""

    deterministic = True

    def __init__(self, tool: Tool, evidence: Iterable[Evidence]) -> None:
        self.name, self.description, self.Arguments = tool.name, tool.description, tool.Arguments
        self._said = iter([e for e in evidence if e.source == tool.name])

    def run(self, arguments: BaseModel, /) -> str:  # noqa: ARG002 - what was asked is compared through the digest
        said = next(self._said, None)
        if said is None:
            raise ToolError("the record has no further answer of this tool")
        if not said.ok:
            raise ToolError(said.content.removeprefix("error: "))
        return said.content


def _as_recorded(seat: Seat, vote: Vote) -> Seat:
    """Return the seat with those of its tools taken from the record whose answers may change.

    For votes of layout 1 that is all of them: tools say what they say in other words since then.
    """
    before = isinstance(seat, SeatByTurn)
    changing = {n: _Recorded(tool, vote.evidence) for n, tool in seat.tools.items() if before or not tool.deterministic}
    if not changing:
        return seat
    again = copy.copy(seat)
    again.tools = {**seat.tools, **changing}
    return again
