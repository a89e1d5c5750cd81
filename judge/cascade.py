"""One case to a verdict: evaluators first, and where they abstain, a panel that votes.

The evaluators of the case's kind are asked, cheapest first, in child processes under a deadline. A decisive finding
ends the asking unless an evaluator that has not been asked could reach a stronger basis. A stronger basis is never
overruled by a weaker one: no vote overturns a rule or a proof, and no classifier a vote. Sound findings of both sides
leave a case undecided. Evaluators are asked only when the panel answers their question, that is, when its labels
include ``correct`` and ``incorrect``, or there is no panel.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from judge import deciding
from judge.deciding import decisive
from judge.errors import ConfigError, PluginError
from judge.panel import voting
from judge.panel.agent import Bounds, Seat
from judge.panel.seats import Panel, ensure_agreement
from judge.panel.toolbox import OfKind
from judge.processes.consulting import Asked, Terms, consult, failed
from judge.processes.crew import BATCH, cores
from judge.processes.workers import Workers, grouped
from judge.protocols import Batches, Closes, Evaluator, Preflights
from judge.provenance import provenance
from judge.types import STRENGTH, Basis, Case, Decided, Deliberation, Finding, Provenance, Verdict

_AT_ONCE = 32  # cases, where no model asks for more


class Cascade:
    """Decides cases. Thread-safe. Raises ConfigError for a panel that cannot vote.

    `panels` are those of kinds that have another than `panel`, or why such a kind has none; `absent` says by name why
    evaluators cannot be asked, which is recorded where nobody else decides. `terms` say how long each check of an
    evaluator may take and what a decision may rest on; with `here` those evaluators that declare ``runs = "here"`` are
    asked in the calling thread instead of a child, where nothing ends them: for single cases.
    """

    def __init__(
        self,
        evaluators: Sequence[Evaluator],
        panel: Panel | None,
        *,
        panels: Mapping[str, Panel | PluginError] | None = None,
        absent: Mapping[str, str] | None = None,
        terms: Terms | None = None,
        limits: Bounds | None = None,
        here: bool = False,
        further: Mapping[str, Any] | None = None,
    ) -> None:
        self.panel = panel
        self.absent = dict(absent or {})
        self.panels = dict(panels or {})
        for one in self._all_panels():
            ensure_agreement(one)
        self.terms = terms or Terms(weakest="learned" if panel is None else "vote")
        if panel is not None and STRENGTH[self.terms.weakest] > STRENGTH["vote"]:
            raise ConfigError(
                f"weakest={self.terms.weakest}: no vote of a model could decide a case; leave the model out, or say "
                "weakest=vote"
            )
        self.limits = limits or Bounds()
        self.evaluators = tuple(sorted(evaluators, key=lambda e: (e.runs != "here", e.cost)))
        self._groups = grouped(self.evaluators, terms=self.terms, here=here)
        self._further = dict(further or {})
        self._provenances: dict[str, Provenance] = {}

    def decide(
        self, case: Case, *, kept: Iterable[Deliberation] = (), recorded: Mapping[str, Finding] | None = None
    ) -> Decided:
        """Decide a case. Votes that were `kept` from an earlier attempt are not asked for again.

        What is `recorded` is rechecked and not searched for again. Raises ModelDown when no call to a model can work.
        """
        panel = self.panel_of(case.kind)
        findings = self.consult(case, recorded=recorded) if panel is None or panel.grades_answers else {}
        if panel is not None and not decisive(findings, self.terms.weakest):
            return self._vote(case, panel, kept, findings)
        return Decided(self._verdict(case, findings), ())

    @property
    def batch(self) -> int:
        """How many cases to hand over at a time: a message to a child, or one where a case may take long."""
        return BATCH if self.panel is None and all(e.runs == "here" for e in self.evaluators) else 1

    def decide_all(
        self,
        cases: Sequence[Case],
        /,
        *,
        size: int | None = None,
        recorded: Sequence[Mapping[str, Finding]] | None = None,
    ) -> list[Decided]:
        """Decide cases; evaluators work in `size` children at once (as many as there are cores if None)."""
        before: Sequence[Mapping[str, Finding]] = recorded or [{}] * len(cases)
        if self.panel is not None:
            return [self.decide(case, recorded=one) for case, one in zip(cases, before, strict=True)]
        asked = [Asked(case=case, recorded=dict(one)) for case, one in zip(cases, before, strict=True)]
        found = self._consult(asked, size)
        return [Decided(self._verdict(case, findings), ()) for case, findings in zip(cases, found, strict=True)]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of cases that an evaluator is asked about."""
        return frozenset[str]().union(*(evaluator.kinds for evaluator in self.evaluators))

    @property
    def weakest(self) -> Basis:
        """The weakest basis that decides a case."""
        return self.terms.weakest

    def consult(
        self,
        case: Case,
        *,
        hints: Mapping[str, JsonValue] | None = None,
        recorded: Mapping[str, Finding] | None = None,
    ) -> dict[str, Finding]:
        """Return what the evaluators of the case's kind say, by name, in the order in which they were asked.

        With `hints` only those are asked who can use them, and what they say is a sound finding or undecided.
        """
        given = None if hints is None else dict(hints)
        return self._consult([Asked(case=case, recorded=dict(recorded or {}), hints=given)], None)[0]

    def _consult(self, asked: Sequence[Asked], size: int | None) -> list[dict[str, Finding]]:
        found: list[dict[str, Finding]] = [one.known for one in asked]
        for group in self._groups:
            asked = [
                one.model_copy(update={"known": known}) if known else one
                for one, known in zip(asked, found, strict=True)
            ]
            if isinstance(group, Workers):
                found = group.consult(asked, size=size)
            else:
                found = [consult(group, one, terms=self.terms) for one in asked]
        found = [self._in_order(one) for one in found]
        if not self.absent or any(one.hints is not None for one in asked):
            return found
        missing = {name: failed("broken_plugin", why) for name, why in self.absent.items()}
        return [one if decisive(one, self.terms.weakest) else one | missing for one in found]

    def _in_order(self, findings: dict[str, Finding]) -> dict[str, Finding]:
        """Return findings in the order of their evaluators, also where one was lost and is known of first."""
        asked = [evaluator.name for evaluator in self.evaluators if evaluator.name in findings]
        return findings if list(findings) == asked else {name: findings[name] for name in asked}

    def panel_of(self, kind: str) -> Panel | None:
        """Return who votes on the cases of a kind. Raises PluginError for one whose panel cannot be made."""
        if isinstance(panel := self.panels.get(kind, self.panel), PluginError):
            raise PluginError(str(panel))
        return panel

    def _all_panels(self) -> list[Panel]:
        return [panel for panel in (self.panel, *self.panels.values()) if isinstance(panel, Panel)]

    @property
    def seats(self) -> list[Seat]:
        """Everybody who may be asked, on any panel."""
        return [seat for panel in self._all_panels() for seat in panel.seats]

    def provenance(self, kind: str) -> Provenance:
        """Return where verdicts on a kind come from: its evaluators, its panel, and the other settings."""
        if kind not in self._provenances:
            asked = [evaluator for evaluator in self.evaluators if kind in evaluator.kinds]
            self._provenances[kind] = provenance(
                asked, self.panel_of(kind), terms=self.terms, limits=self.limits, further=self._further
            )
        return self._provenances[kind]

    @property
    def at_once(self) -> int:
        """How many cases to judge at once: 32, or as many as keep a model or all children at work."""
        if self.batch > 1:
            return self.batch * (cores() + 1)
        return max([_AT_ONCE, *(s.model.at_once for s in self.seats if isinstance(s.model, Batches))])

    def preflight(self) -> None:
        """Raise ModelDown when a model of the panel cannot work at all."""
        for seat in self.seats:
            if isinstance(seat.model, Preflights):
                seat.model.preflight()

    def close(self) -> None:
        """Hang up on servers; connections are made anew when another case is decided."""
        for seat in self.seats:
            if isinstance(seat.model, Closes):
                seat.model.close()

    def _vote(self, case: Case, panel: Panel, kept: Iterable[Deliberation], findings: dict[str, Finding]) -> Decided:
        done = {d.vote.index: d for d in kept if d.vote.error is None}
        while not deciding.proved(done.values()) and (
            more := voting.needed([d.vote for d in done.values()], asked=panel.votes, numeric=panel.numeric)
        ):
            indices = [i for i in range(panel.votes) if i not in done][:more]
            for deliberation in self._ask(case, panel, indices):
                done[deliberation.vote.index] = deliberation
        by_index = [done[index] for index in sorted(done)]
        exchanges = tuple(e for deliberation in by_index for e in deliberation.exchanges)
        return Decided(self.count(case, by_index, findings), exchanges)

    def count(self, case: Case, done: Sequence[Deliberation], findings: dict[str, Finding]) -> Verdict:
        """Return the verdict that votes make where evaluators abstained, or what they proved by hints. Asks nobody."""
        panel = self.panel_of(case.kind)
        assert panel is not None
        made_with = self.provenance(case.kind)
        return deciding.by_votes(case, done, findings, panel=panel, weakest=self.terms.weakest, provenance=made_with)

    def _verdict(self, case: Case, findings: dict[str, Finding]) -> Verdict:
        made_with = self.provenance(case.kind)
        return deciding.by_findings(case, findings, weakest=self.terms.weakest, provenance=made_with)

    def _ask(self, case: Case, panel: Panel, indices: list[int]) -> list[Deliberation]:
        def ask(index: int) -> Deliberation:
            round_, place = divmod(index, len(panel.seats))
            seat = panel.seats[place]
            seed = seat.member.seed + round_
            return seat.deliberate(case, index=index, seed=seed, limits=self.limits, evaluators=OfKind(self, case.kind))

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
