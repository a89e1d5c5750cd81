"""The cascade of a run's kind, with models that answer from its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from judge.assembly import made
from judge.cascade import Cascade
from judge.errors import PluginError
from judge.models.replay import ReplayModel
from judge.panel.agent import Bounds, Seat
from judge.panel.recorded import SeatOnRecord, refusals
from judge.panel.rubric import Rubric
from judge.panel.scoring import ScoreSeat
from judge.panel.seats import Panel
from judge.processes.consulting import Terms
from judge.protocols import Consults, Model, Tool
from judge.record.layout import BEFORE
from judge.record.store import Store
from judge.replaying.models import called_natively, recorded_model
from judge.replaying.settings import PanelSettings, made_with, rubrics
from judge.types import Case, Deliberation, Failure, Member

#: Makes a seat that has a model and tools.
_Make = Callable[[Model, Mapping[str, Tool]], Seat]


def recorded_cascade(store: Store, kind: str) -> Cascade:
    """Return the cascade that judged the cases of a kind. Raises StoreError for a damaged file."""
    settings = made_with(store, kind)
    try:
        evaluators = [made("evaluators", name) for name in settings.evaluators]
    except PluginError as error:
        raise PluginError(f"run {store.run.id!r} cannot be replayed: {error}") from None
    terms = Terms(deadline_s=settings.evaluator_deadline_s, weakest=settings.weakest, everybody=settings.everybody)
    panel = settings.panel
    if panel is None:
        return Cascade(evaluators, None, terms=terms)
    seats = Panel(tuple(_seats(store, kind, panel)), panel.votes)
    return Cascade(evaluators, seats, terms=terms, limits=panel.limits)


def _seats(store: Store, kind: str, panel: PanelSettings) -> list[Seat]:
    known = rubrics(store, kind)
    refused = _refused(store) if any(as_recorded for _, as_recorded in known.values()) else {}
    seats: list[Seat] = []
    for place, member in enumerate(panel.members):
        rubric, as_recorded = known[member.rubric]
        tools: dict[str, Tool] = {}
        if panel.score:
            make = _scoring(member, rubric, panel.score[place].threshold)
        else:
            tools = {name: made("tools", name) for name in panel.rubrics[member.rubric].tools}
            make = _voting(member, rubric, refused if as_recorded else None)
        if store.run.layout == BEFORE:
            seats.append(SeatByTurn(store, member, rubric, tools, make=make))
        else:
            seats.append(make(recorded_model(store, member.model), tools))
    return seats


def _scoring(member: Member, rubric: Rubric, threshold: float) -> _Make:
    return lambda model, _: ScoreSeat(member, model, rubric, threshold=threshold)


def _voting(member: Member, rubric: Rubric, refused: Mapping[str, Failure] | None) -> _Make:
    if refused is None:
        return lambda model, tools: Seat(member, model, rubric, tools)
    return lambda model, tools: SeatOnRecord(member, model, rubric, tools, refused=refused)


def _refused(store: Store) -> dict[str, Failure]:
    return {
        reply: why
        for stored in store.all()
        for vote in stored.verdict.votes
        for reply, why in refusals(store.exchanges(stored.case.id), vote).items()
    }


class SeatByTurn(Seat):
    """A seat of layout 1, whose prompts were others than those of today.

    Its model is asked by case, vote and turn, whatever the prompt says.
    """

    def __init__(self, store: Store, member: Member, rubric: Rubric, tools: Mapping[str, Tool], *, make: _Make) -> None:
        super().__init__(member, ReplayModel(member.model, lambda _: None, native_tools=False), rubric, tools)
        self._store = store
        self._make = make
        self._native = called_natively(store, member.model)

    def deliberate(
        self, case: Case, *, index: int, seed: int, limits: Bounds, evaluators: Consults | None
    ) -> Deliberation:
        """Return the vote that the replies on record make."""
        told = {exchange.turn: exchange for exchange in self._store.exchanges(case.id) if exchange.vote == index}
        if not told and (stored := self._store.get(case.id)):
            for vote in stored.verdict.votes:
                if vote.index == index and vote.error is not None:  # it failed before anybody was asked
                    return Deliberation(vote, ())
        model = ReplayModel(self.member.model, lambda request: told.get(request.turn), native_tools=self._native)
        seat = self._make(model, self.tools)
        return seat.deliberate(case, index=index, seed=seed, limits=limits, evaluators=evaluators)
