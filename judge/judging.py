"""``Judge``: settings and plugins put together into something that decides cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from judge import kinds, runs, sandbox
from judge.assembly import find_evaluators, find_panels, known_kinds
from judge.cascade import Cascade
from judge.cases.inputs import distinct
from judge.config import Settings
from judge.errors import ConfigError, InputError, PluginError, nearest
from judge.panel.agent import Bounds
from judge.panel.rubric import Rubric
from judge.processes.consulting import Terms
from judge.protocols import Evaluator, Model, Tool
from judge.record.store import Store
from judge.types import Case, Provenance, Verdict


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
        found, absent = find_evaluators(_listed(evaluators))
        self._kinds = frozenset[str]().union(*(evaluator.kinds for evaluator in found))
        panel, panels = find_panels(
            _listed(model), None if rubric is None else _listed(rubric), _listed(tools), settings
        )
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
                store = Store.open(Path(path), self.provenance, rubrics=self.rubric_texts())
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
                said = f"unknown kind {case.kind!r}.{nearest(case.kind, known)} Is its plugin installed?"
                return f"{said} Known: {', '.join(sorted(known))}{broken}"
        try:
            panel = self.cascade.panel_of(case.kind)
        except PluginError as error:
            return str(error)
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

    def provenance(self, kind: str) -> Provenance | None:
        """Return the settings behind verdicts on a kind, or None for a kind that nobody knows."""
        known = kind in self._kinds or kind in known_kinds()
        return self.cascade.provenance(kind) if known else None

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
