"""Replay: every case of a run decided again from what was recorded, and compared with its verdict.

Models are answered for from the record; evaluators and tools run again for real, so that a changed digest
shows a changed observation. Only tools that say that they are not deterministic are taken from the record as well.

A run file may come from a stranger. Evaluators and tools are installed ones, looked up by name; nothing else that the
file names is imported, neither a model nor the class of a rubric's ``schema`` (see `judge.panel.recorded`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field, JsonValue, ValidationError

from judge import registry
from judge.cascade import Cascade
from judge.errors import ConfigError, PluginError, StoreError, ToolError
from judge.models import ModelOptions
from judge.models.replay import ReplayModel
from judge.panel.agent import Bounds, Seat
from judge.panel.recorded import SeatOnRecord, refusals, rubric_on_record
from judge.panel.rubric import Rubric
from judge.panel.scoring import ScoreSeat
from judge.panel.seats import Panel
from judge.protocols import Exchange, Request, Tool
from judge.record.store import Store, Stored
from judge.types import Case, Evidence, Failure, Member, Verdict, Vote


class Comparison(NamedTuple):
    """One case, decided again: the verdict on record, the one that came out, and what differs between them."""

    case: Case
    recorded: Verdict
    replayed: Verdict
    differences: tuple[str, ...]


def replay(store: Store) -> Iterator[Comparison]:
    """Decide every case of a run again, without a network. Raises PluginError for a plugin that is gone."""
    cascade = recorded_cascade(store)
    try:
        for batch in _batches(store.all(), cascade.at_once if cascade.batch > 1 else 1):
            for stored, again in zip(batch, _again(cascade, batch), strict=True):
                yield Comparison(stored.case, stored.verdict, again, tuple(differences(stored.verdict, again)))
    finally:
        cascade.close()


def _batches(all_stored: Iterable[Stored], size: int) -> Iterator[list[Stored]]:
    rest = iter(all_stored)
    while batch := list(islice(rest, size)):
        yield batch


def _again(cascade: Cascade, batch: Sequence[Stored]) -> list[Verdict]:
    if (panel := cascade.panel) is None:
        return [decided.verdict for decided in cascade.decide_all([stored.case for stored in batch])]
    return [_voted_again(cascade, panel, stored) for stored in batch]


def _voted_again(cascade: Cascade, panel: Panel, stored: Stored) -> Verdict:
    """Decide a case by the votes that its verdict was made of: after a retry, others than a new run would ask for."""
    case = stored.case
    recorded = [
        _as_recorded(panel.seats[vote.index % len(panel.seats)], vote).deliberate(
            case,
            index=vote.index,
            seed=vote.member.seed,
            limits=cascade.limits,
        )
        for vote in stored.verdict.votes
    ]
    again = cascade.decide(case, kept=recorded).verdict
    if not again.votes:
        return again
    voted = {vote.index: vote for vote in (*(d.vote for d in recorded), *again.votes)}
    return cascade.count(case, tuple(voted[index] for index in sorted(voted)), again.findings)


class _Recorded:
    """A tool that says what it said when the run was made, in the same order."""

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
    """Return the seat with those of its tools taken from the record whose answers may change."""
    changing = {name for name, tool in seat.tools.items() if not getattr(tool, "deterministic", True)}
    if not changing:
        return seat
    again = copy.copy(seat)
    again.tools = {n: _Recorded(tool, vote.evidence) if n in changing else tool for n, tool in seat.tools.items()}
    return again


def differences(recorded: Verdict, again: Verdict) -> Iterator[str]:
    """Yield what is not the same in two verdicts: the decision, each finding, each vote, each evidence digest."""
    for field in ("label", "decided_by", "basis", "confidence", "tally", "because"):
        old, new = getattr(recorded, field), getattr(again, field)
        if old != new:
            yield f"{field}: was {old!r}, is {new!r}"
    before, after = _parts(recorded), _parts(again)
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            yield f"{name}: was {before.get(name)}, is {after.get(name)}"


def _parts(verdict: Verdict) -> dict[str, str]:
    """Return what a verdict rests on, by name: votes, findings, evidence digests."""
    votes = {f"vote {v.index}": v.label or f"failed ({v.error and v.error.cause})" for v in verdict.votes}
    findings: dict[str, str] = {name: finding.outcome for name, finding in verdict.findings.items()}
    seen = {f"evidence {e.id} of {name}": e.digest for name, f in verdict.findings.items() for e in f.evidence}
    cited = {f"evidence {e.id} of vote {v.index}": e.digest for v in verdict.votes for e in v.evidence}
    return votes | findings | seen | cited


def changed_plugins(store: Store) -> list[str]:
    """Return what is not as it was when the run was made: the versions of its evaluators."""
    found = []
    for name, version in _made_with(store).evaluators.items():
        now = registry.load("evaluators", name)().version
        if now != version:
            found.append(f"evaluator {name} was version {version}, is {now}")
    return found


def taken(store: Store) -> list[str]:
    """Return what a replay does not check again: votes whose class is not imported, since only the file names it."""
    return [
        f"the votes under rubric {name!r} were taken as recorded but for their labels: their schema {rubric.schema!r} "
        "is named by the file alone, and was not imported"
        for name, (rubric, as_recorded) in _rubrics(store).items()
        if as_recorded
    ]


def recorded_cascade(store: Store) -> Cascade:
    """Return the cascade of a run, with models that answer from its record. Raises StoreError for a damaged file."""
    settings = _made_with(store)
    try:
        evaluators = [registry.load("evaluators", name)() for name in settings.evaluators]
    except PluginError as error:
        raise PluginError(f"run {store.run.id!r} cannot be replayed: {error}") from None
    panel = settings.panel
    if panel is None:
        return Cascade(evaluators, None)
    rubrics = _rubrics(store)
    refused = _refused(store) if any(as_recorded for _, as_recorded in rubrics.values()) else {}
    seats: list[Seat] = []
    for place, member in enumerate(panel.members):
        (rubric, as_recorded), model = rubrics[member.rubric], recorded_model(store, member.model)
        if panel.score:
            seats.append(ScoreSeat(member, model, rubric, threshold=panel.score[place].threshold))
            continue
        tools = {name: registry.load("tools", name)() for name in panel.rubrics[member.rubric].tools}
        if as_recorded:
            seats.append(SeatOnRecord(member, model, rubric, tools, refused=refused))
        else:
            seats.append(Seat(member, model, rubric, tools))
    return Cascade(evaluators, Panel(tuple(seats), panel.votes), limits=panel.limits)


def _rubrics(store: Store) -> dict[str, tuple[Rubric, bool]]:
    panel, texts = _made_with(store).panel, store.run.rubrics
    return (
        {name: rubric_on_record(name, texts[name], schema=r.form) for name, r in panel.rubrics.items()} if panel else {}
    )


def _refused(store: Store) -> dict[str, Failure]:
    return {
        reply: why
        for case, verdict in store.all()
        for vote in verdict.votes
        for reply, why in refusals(store.exchanges(case.id), vote).items()
    }


def recorded_model(store: Store, name: str) -> ReplayModel:
    """Return a model that answers as the named one did in a run."""

    def lookup(request: Request) -> Exchange | None:
        found = store.replies(name, request.digest)
        mine = [exchange for exchange in found if exchange.request.case_id == request.case_id]
        return next(iter(mine or found), None)

    with_tools = "SELECT 1 FROM exchanges WHERE member = ? AND json_array_length(request, '$.tools') > 0 LIMIT 1"
    return ReplayModel(name, lookup, native_tools=any(store.query(with_tools, name)))


def create(name: str, options: ModelOptions) -> ReplayModel:  # noqa: ARG001 - every factory is given options
    """Return the model of ``replay:RUN`` or ``replay:RUN#MODEL``; the factory behind the entry point ``replay``."""
    path, _, model = name.partition("#")
    store = Store.read(Path(path))
    members = [row[0] for row in store.query("SELECT DISTINCT member FROM exchanges ORDER BY member")]
    if not members:
        raise ConfigError(f"run {path!r} holds no exchange with a model: its verdicts need no replay of one")
    if not model and len(members) > 1:
        raise ConfigError(
            f"run {path!r} asked several models; say which, as in 'replay:{path}#{members[0]}': {members}"
        )
    if model and model not in members:
        raise ConfigError(f"run {path!r} did not ask {model!r}, but: {', '.join(members)}")
    return recorded_model(store, model or members[0])


class _RubricSettings(BaseModel):
    form: dict[str, JsonValue] = Field(alias="schema")
    tools: tuple[str, ...]


class _ScoreSettings(BaseModel):
    threshold: float


class _PanelSettings(BaseModel):
    votes: int = Field(ge=1, le=10_000)  # more is no panel, but an attempt to keep this machine at work
    members: tuple[Member, ...] = Field(min_length=1)
    limits: Bounds
    rubrics: dict[str, _RubricSettings]
    score: tuple[_ScoreSettings, ...] = ()


class _Settings(BaseModel):
    """What a replay needs of a run's settings; what else they hold does not matter to it."""

    evaluators: dict[str, str]
    panel: _PanelSettings | None


def _made_with(store: Store) -> _Settings:
    """Return the settings of a run. Raises StoreError for what no run of ours can have written."""
    try:
        found = _Settings.model_validate(store.run.provenance.settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(f"run file {str(store.path)!r} is damaged: setting {where}: {first['msg']}") from None
    if panel := found.panel:
        lacking = [m.rubric for m in panel.members if m.rubric not in panel.rubrics]
        lacking += [name for name in panel.rubrics if name not in store.run.rubrics]
        if lacking or len(panel.score) not in (0, len(panel.members)):
            what = f"it lacks the rubric {lacking[0]!r}" if lacking else "it has not one threshold for each member"
            raise StoreError(f"run file {str(store.path)!r} is damaged: {what}")
    return found
