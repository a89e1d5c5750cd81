"""The settings of a run as far as a replay needs them, and what is not as it was."""

from __future__ import annotations

from pydantic import BaseModel, Field, JsonValue, ValidationError

from judge.assembly import made
from judge.errors import StoreError
from judge.panel.agent import Bounds
from judge.panel.recorded import rubric_on_record
from judge.panel.rubric import Rubric
from judge.record.layout import BEFORE
from judge.record.store import Store
from judge.types import Basis, Member

_DAY_S = 86_400.0


class RubricSettings(BaseModel):
    """What a vote under a rubric looks like, and the tools at hand."""

    form: dict[str, JsonValue] = Field(alias="schema")
    tools: tuple[str, ...]


class ScoreSettings(BaseModel):
    """From which log-odds on a member votes for the first label."""

    threshold: float


class PanelSettings(BaseModel):
    """Who votes, and how."""

    votes: int = Field(ge=1, le=10_000)  # more is no panel, but an attempt to keep this machine at work
    members: tuple[Member, ...] = Field(min_length=1)
    limits: Bounds
    rubrics: dict[str, RubricSettings]
    score: tuple[ScoreSettings, ...] = ()


class MadeWith(BaseModel):
    """What a replay needs of the settings of a kind; what else they hold does not matter to it."""

    evaluators: dict[str, str]
    panel: PanelSettings | None
    evaluator_deadline_s: float = Field(default=10.0, gt=0, le=_DAY_S)
    weakest: Basis = "learned"  # as it was when no run said so
    everybody: bool = False


def made_with(store: Store, kind: str) -> MadeWith:
    """Return the settings of a kind. Raises StoreError for what no run of ours can have written."""
    run = store.run
    try:
        found = MadeWith.model_validate(run.provenances[kind].settings)
    except KeyError:
        raise StoreError(
            f"run file {str(store.path)!r} is damaged: it lacks the settings of the kind {kind!r}"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(f"run file {str(store.path)!r} is damaged: setting {where}: {first['msg']}") from None
    if panel := found.panel:
        lacking = [m.rubric for m in panel.members if m.rubric not in panel.rubrics]
        lacking += [name for name in panel.rubrics if name not in run.rubrics]
        if lacking or len(panel.score) not in (0, len(panel.members)):
            what = f"it lacks the rubric {lacking[0]!r}" if lacking else "it has not one threshold for each member"
            raise StoreError(f"run file {str(store.path)!r} is damaged: {what}")
    return found


def rubrics(store: Store, kind: str) -> dict[str, tuple[Rubric, bool]]:
    """Return the rubrics of a kind by name, and whether their votes are taken as they are.

    Those of layout 1 have no template: it may use what a template does not see any more.
    """
    panel, run = made_with(store, kind).panel, store.run
    found = panel.rubrics if panel else {}
    rendered = run.layout != BEFORE
    return {
        name: rubric_on_record(name, run.rubrics[name], schema=rubric.form, rendered=rendered)
        for name, rubric in found.items()
    }


def changed_plugins(store: Store) -> list[str]:
    """Return what is not as it was when the run was made: the versions of its evaluators."""
    before = {item for kind in store.run.provenances for item in made_with(store, kind).evaluators.items()}
    found = []
    for name, version in sorted(before):
        now = made("evaluators", name).version
        if now != version:
            found.append(f"evaluator {name} was version {version}, is {now}")
    return found


def taken(store: Store) -> list[str]:
    """Return what a replay does not check again: votes whose class is not imported, since only the file names it."""
    all_rubrics = {name: found for kind in store.run.provenances for name, found in rubrics(store, kind).items()}
    return [
        f"the votes under rubric {name!r} were taken as recorded but for their labels: their schema {rubric.schema!r} "
        "is named by the file alone, and was not imported"
        for name, (rubric, as_recorded) in all_rubrics.items()
        if as_recorded
    ]
