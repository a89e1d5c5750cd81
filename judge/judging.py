"""``Judge``: settings and plugins put together into something that decides cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import ExitStack, closing
from functools import cache
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from judge import kinds, registry, runs, sandbox
from judge.cascade import Cascade
from judge.cases.inputs import distinct
from judge.config import Settings
from judge.errors import ConfigError, InputError, PluginError, nearest
from judge.models import ModelOptions
from judge.panel.agent import Bounds, Seat
from judge.panel.rubric import Rubric
from judge.panel.scoring import ScoreSeat, read_threshold
from judge.panel.seats import Panel
from judge.processes.consulting import Terms, lack
from judge.protocols import Evaluator, Model, Tool
from judge.record.store import Store
from judge.types import Case, Member, Verdict

_RUBRIC = "correctness"  # where neither the user nor a kind says another


class Judge:
    """Decides cases: by evaluators, and where they abstain by a panel of models.

    Everything that can be named can also be passed in: a model (or several), a rubric, evaluators, tools. Keyword
    arguments are those of `Settings`. Evaluators are asked in child processes under a deadline; with `here`, which is
    for single cases, those that promise to be quick are asked in the calling thread. With `everybody` all evaluators
    of a case's kind are asked, also those who could say nothing stronger. Without a rubric the panel has that of the
    case's kind. Raises ConfigError, PluginError or RubricError before any work.

    >>> Judge(evaluators=["number"]).decide(Case(response="3", reference="4")).label
    'incorrect'
    """

    def __init__(
        self,
        *,
        model: str | Model | Sequence[str | Model] = "none",
        rubric: str | Rubric | Sequence[str | Rubric] | None = None,
        evaluators: str | Sequence[str | Evaluator] = "all",
        tools: str | Sequence[str | Tool] = "all",
        settings: Settings | None = None,
        here: bool = False,
        everybody: bool = False,
        **further: Any,
    ) -> None:
        if settings is None:
            settings = _settings(further)
        elif further:
            raise ConfigError(f"give settings or keyword arguments, not both: {sorted(further)}")
        self.settings = settings
        found, absent = _evaluators(_listed(evaluators))
        self._kinds = frozenset[str]().union(*(evaluator.kinds for evaluator in found))
        panel, panels = _panels(_listed(model), None if rubric is None else _listed(rubric), _listed(tools), settings)
        self.cascade = Cascade(
            found,
            panel,
            panels=panels,
            absent=absent,
            terms=Terms(
                deadline_s=settings.evaluator_deadline_s,
                weakest=settings.weakest or ("learned" if panel is None else "vote"),
                everybody=everybody,
            ),
            limits=Bounds(steps=settings.max_steps, max_tokens=settings.max_tokens),
            here=here,
            further={"criterion": settings.criterion} | ({"sandbox": "unsafe"} if sandbox.is_unsafe() else {}),
        )

    @classmethod
    def from_settings(cls, settings: Settings, *, here: bool = False, everybody: bool = False) -> Judge:
        """Return the judge that the command line would use."""
        return cls(
            model=settings.model,
            rubric=settings.rubric or None,
            evaluators=settings.evaluators,
            tools=settings.tools,
            settings=settings,
            here=here,
            everybody=everybody,
        )

    @property
    def in_flight(self) -> int:
        """How many cases are judged at once: as set, else what keeps the busiest model of the panel at work."""
        return self.settings.in_flight or self.cascade.at_once

    def decide(self, case: Case) -> Verdict:
        """Return the verdict on one case. Raises InputError for a case that cannot be judged, and ModelDown."""
        return self.cascade.decide(self._checked(case)).verdict

    def run(
        self, cases: Iterable[Case], *, path: str | Path | None = None, retry_errors: bool = False
    ) -> Iterator[Verdict]:
        """Judge many cases at once and yield each verdict when it is done, in the order in which they finish.

        With a `path` the verdicts are kept in a run file before they are yielded; those it already has are yielded
        as they are, and nobody is asked again (but for what failures left undecided, with `retry_errors`). Raises
        ModelDown, InputError for a case that cannot be judged or an id that came before, and StoreError for a run
        file that cannot be used.
        """
        ready = (self._checked(case) for case in distinct(cases))
        with ExitStack() as opened:
            store = None
            if path is not None:
                store = Store.open(Path(path), self.cascade.provenance, rubrics=self.rubric_texts())
                opened.enter_context(store)
            results = runs.run(
                self.cascade, ready, in_flight=self.in_flight, store=store, retry_errors=retry_errors, recall=True
            )
            opened.enter_context(closing(results))  # so that a run nobody reads on ends before its file is closed
            for result in results:
                yield result.verdict

    def prepare(self, case: Case) -> Case:
        """Return the case with its inputs as its kind reads them, and the criterion of the settings if it has none.

        Raises InputError for inputs that the kind cannot mean.
        """
        case = kinds.validated(case)
        if self.settings.criterion is None or case.criterion is not None:
            return case
        return case.model_copy(update={"criterion": self.settings.criterion})

    def problem(self, case: Case) -> str | None:
        """Return why a case that was prepared cannot be judged, or None."""
        if case.kind not in self._kinds:  # it may be that of an evaluator that is installed and not asked
            known = known_kinds() | self._kinds
            if case.kind not in known:
                broken = "".join(f". {why}" for why in self.cascade.absent.values())
                return (
                    f"unknown kind {case.kind!r}.{nearest(case.kind, known)} Known: {', '.join(sorted(known))}{broken}"
                )
        panel = self.cascade.panel_of(case.kind)
        for seat in panel.seats if panel else ():
            if misfit := seat.rubric.misfit(case):
                return misfit
        return None

    def problem_of(self, case: Case) -> str | None:
        """Return why a case cannot be judged, as it will be prepared, or None."""
        try:
            return self.problem(self.prepare(case))
        except (InputError, PluginError) as error:
            return str(error)

    def rubric_texts(self) -> dict[str, str]:
        """Return the text of each rubric of a panel, by name."""
        return {seat.rubric.name: seat.rubric.text for seat in self.cascade.seats}

    def close(self) -> None:
        """Stop the worker processes."""
        self.cascade.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _checked(self, case: Case) -> Case:
        try:
            case = self.prepare(case)
        except InputError as error:
            raise InputError(f"case {case.id!r}: {error}") from None
        if problem := self.problem(case):
            raise InputError(f"case {case.id!r}: {problem}")
        return case


@cache
def known_kinds() -> frozenset[str]:
    """Return every kind that is declared, or that an installed evaluator knows. Imports them all."""
    found, _ = _evaluators(["all"])
    return frozenset(registry.names("kinds")).union(*(evaluator.kinds for evaluator in found))


def load_model(spec: str, options: ModelOptions) -> Model:
    """Return the model of a spec such as ``openai:NAME``."""
    provider, colon, name = spec.partition(":")
    if not colon:
        known = registry.names("models")
        listed = ", ".join(f"{provider}:…" for provider in known)
        hint = nearest(spec, ["none", *known])
        raise ConfigError(f"model {spec!r} has to be 'none' or PROVIDER:NAME.{hint} Installed: {listed}")
    model: Model = registry.load("models", provider)(name, options)
    return model


_EVALUATOR = (
    "name", "version", "kinds", "bases", "runs", "cost", "deterministic", "needs", "check", "recheck",
)  # fmt: skip


def _evaluators(wanted: Sequence[str | Evaluator]) -> tuple[list[Evaluator], dict[str, str]]:
    """Return those who are asked, and why others of ``all`` cannot be. Raises PluginError for one that was named."""
    if wanted == ["none"]:
        return [], {}
    if wanted == ["all"]:
        return _all_evaluators()
    found: list[Evaluator] = [_made("evaluators", e, _EVALUATOR) for e in wanted]
    names = [evaluator.name for evaluator in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PluginError(f"two evaluators are called {sorted(twice)[0]!r}")
    for evaluator, named in zip(found, wanted, strict=True):
        if isinstance(named, str) and (why := lack(evaluator, min(evaluator.kinds, default=""))):
            raise PluginError(f"evaluator {why}")
    return found, {}


def _all_evaluators() -> tuple[list[Evaluator], dict[str, str]]:
    found, absent = [], {}
    for name in registry.names("evaluators"):
        try:
            found.append(_made("evaluators", name, _EVALUATOR))
        except PluginError as error:
            absent[name] = str(error)
    return found, absent


def _panels(
    models: Sequence[str | Model],
    rubrics: Sequence[str | Rubric] | None,
    tools: Sequence[str | Tool],
    settings: Settings,
) -> tuple[Panel | None, dict[str, Panel]]:
    """Return who votes, and by kind who votes where the kind has a rubric or tools of its own."""
    if models == ["none"]:
        return None, {}
    loaded = [(m, load_model(m, settings.options(m))) if isinstance(m, str) else (_name(m), m) for m in models]
    panel = _panel(loaded, rubrics or [_RUBRIC], tools, settings)
    if rubrics is not None:
        return panel, {}
    own = {
        kind.name: _panel(loaded, [kind.rubric], [*kind.tools] or ["none"] if tools == ["all"] else tools, settings)
        for kind in kinds.declared()
        if kind.rubric != _RUBRIC or (tools == ["all"] and set(kind.tools) != {*panel.seats[0].rubric.tools})
    }
    return panel, own


def _panel(
    loaded: Sequence[tuple[str, Model]],
    rubrics: Sequence[str | Rubric],
    tools: Sequence[str | Tool],
    settings: Settings,
) -> Panel:
    read = [Rubric.find(r) if isinstance(r, str) else r for r in rubrics]
    size = len(loaded) * len(read) * max(1, len(settings.temperature))
    votes = settings.votes or size
    greedy = votes <= size or settings.deterministic or settings.score
    temperatures = settings.temperature or (0.0 if greedy else 0.7,)
    members = [
        (Member(model=name, rubric=rubric.name, temperature=temperature, seed=settings.seed), model, rubric)
        for (name, model), rubric, temperature in product(loaded, read, temperatures)
    ]
    if settings.score:
        return Panel(_by_score(members, settings, votes=votes), votes)
    return Panel(tuple(Seat(m, model, rubric, _tools(tools, rubric)) for m, model, rubric in members), votes)


def _by_score(members: list[tuple[Member, Model, Rubric]], settings: Settings, *, votes: int) -> tuple[Seat, ...]:
    if votes > len(members):
        raise ConfigError(f"--score: a member always gives the same score; {votes} votes need {votes} members")
    return tuple(
        ScoreSeat(m, model, rubric, threshold=read_threshold(settings.threshold, model=m.model, rubric=rubric))
        for m, model, rubric in members
    )


def _tools(wanted: Sequence[str | Tool], rubric: Rubric) -> dict[str, Tool]:
    if wanted == ["none"]:
        return {}
    named: Sequence[str | Tool] = rubric.tools if wanted == ["all"] else wanted
    found: list[Tool] = [_made("tools", t, ("name", "description", "Arguments", "deterministic", "run")) for t in named]
    if len({tool.name for tool in found}) < len(found):
        raise PluginError(f"two tools have the same name: {[tool.name for tool in found]}")
    return {tool.name: tool for tool in found}


def _made(group: registry.Group, plugin: Any, attributes: tuple[str, ...]) -> Any:
    """Return the plugin, made from its name if it is one. Raises PluginError for what is no plugin of the group."""
    made = plugin
    if isinstance(plugin, str):
        try:
            made = registry.load(group, plugin)()
        except PluginError:
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(f"{group[:-1]} {plugin!r} cannot be made: {type(error).__name__}: {error}") from error
    for attribute in attributes:
        if not hasattr(made, attribute):
            raise PluginError(f"{group[:-1]} {plugin!r} lacks {attribute!r}")
    if group == "evaluators" and not isinstance(made.kinds, Set):
        raise PluginError(f"evaluator {plugin!r}: kinds has to be a set of names, not {made.kinds!r:.80}")
    if isinstance(plugin, str) and made.name != plugin:
        raise PluginError(f"{group[:-1]} {plugin!r} calls itself {made.name!r}: the two names have to be the same")
    return made


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise ConfigError(f"settings that do not go together: {first['msg']}") from None
        name = str(first["loc"][0])
        raise ConfigError(f"setting {name!r}: {first['msg']}.{nearest(name, Settings.model_fields)}") from None


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _name(model: Model) -> str:
    return str(getattr(model, "name", type(model).__name__))
