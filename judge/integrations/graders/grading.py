"""Rows to grades: each grader's parts judged over all rows, one part after the other, and put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from judge.config import Settings, load
from judge.errors import ConfigError, InputError
from judge.integrations.graders.evaluators import ScoreEvaluator
from judge.integrations.graders.formula import Formula
from judge.integrations.graders.kind import GRADER
from judge.integrations.graders.prompts import rubric_of, templates_of
from judge.integrations.graders.records import Grader, LabelModel, Leaf, Multi, PythonCheck, ScoreModel, TextSimilarity
from judge.integrations.graders.rows import Row, rows_of
from judge.integrations.graders.similarity import ensure_installed
from judge.integrations.graders.templates import Missing, Template, parse
from judge.integrations.shared import Progress
from judge.judging import Judge
from judge.types import Case, Failure, Record, Verdict


class Part(Record):
    """What one grader says of one row. Without a score there is an `error`, or no majority for a label."""

    score: float | None = None
    passed: bool | None = None
    label: str | None = None
    because: str
    error: Failure | None = None


class Grade(Part):
    """What a whole grader says of a row; `parts` are those of a multi grader, by key."""

    id: str
    grader: str
    parts: Mapping[str, Part] = Field(default_factory=dict)


def grade(
    graders: Sequence[Grader],
    rows: Iterable[Row | Mapping[str, Any]],
    *,
    settings: Settings | None = None,
    folder: Path | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> list[Grade]:
    """Grade rows by each grader in turn: all rows by the first, then all by the second.

    `settings` say which model is asked in place of the one that a grader names, how often, and where it is; without
    them they come as for the command line. In `folder` every part keeps a run file, from which the same call goes on;
    with `retry_errors` also with what had failed.
    Raises ConfigError for a grader that cannot work, InputError for a variable that no row has, and as `Judge` does.
    """
    given = list(rows_of(rows))
    settings = settings or load({}).settings
    planned = [(grader, _leaves(grader)) for grader in graders]
    every = [leaf for _, leaves in planned for leaf in leaves.values()]
    for leaf in every:
        leaf.ensure_known(given)
    with ExitStack() as opened:  # all judges are there before the first is asked, and share their engines
        judges = {leaf.grader.name: opened.enter_context(leaf.judge(settings)) for leaf in every}
        how = _How(judges, folder, retry_errors, progress)
        return [one for grader, leaves in planned for one in _graded(grader, leaves, given, how)]


def unheard(graders: Sequence[Grader]) -> dict[str, tuple[str, ...]]:
    """Return the sampling parameters of each model grader that no request to a model carries from here."""
    found = {
        leaf.grader.name: leaf.grader.sampling_params.unheard
        for grader in graders
        for leaf in _leaves(grader).values()
        if isinstance(leaf.grader, LabelModel | ScoreModel)
    }
    return {name: parameters for name, parameters in found.items() if parameters}


class _How(NamedTuple):
    judges: Mapping[str, Judge]
    folder: Path | None
    retry_errors: bool
    progress: Progress | None


class _Leaf(NamedTuple):
    """A grader that is no multi grader, with its templates ready."""

    grader: Leaf
    templates: tuple[Template, ...]

    def ensure_known(self, rows: Sequence[Row]) -> None:
        """Raise InputError where no row at all has what the grader needs."""
        first = None
        for row in rows:
            try:
                self.case(row)
                return
            except Missing as problem:
                first = first or f"{row.where}: {problem}"
        if first:
            raise InputError(f"grader {self.grader.name!r} fits no row. {first}")

    def case(self, row: Row) -> Case:
        """Return the case to judge. Raises Missing."""
        grader = self.grader
        if isinstance(grader, PythonCheck):
            if row.spaces["sample"] is None:
                raise Missing("the row has no sample")
            return Case(id=row.id, kind=GRADER.name, response=_response(row), inputs=row.spaces)
        if isinstance(grader, LabelModel | ScoreModel):
            texts = {str(v): v.text(row.spaces) for template in self.templates for v in template.variables}
            texts.pop("sample.output_text", None)
            return Case(id=row.id, kind=GRADER.name, response=_response(row), inputs=texts)
        response, reference = (template.fill(row.spaces) for template in self.templates)
        return Case(id=row.id, kind=GRADER.name, response=response, reference=reference)

    def judge(self, settings: Settings) -> Judge:
        """Return who judges the cases."""
        grader = self.grader
        if not isinstance(grader, LabelModel | ScoreModel):
            return Judge(evaluators=[ScoreEvaluator(grader)], in_flight=settings.in_flight)
        sampling, given = grader.sampling_params, settings.model_fields_set
        ours = {
            "model": (f"openai:{grader.model}",),
            "temperature": None if sampling.temperature is None else (sampling.temperature,),
            "seed": sampling.seed,
            "max_tokens": sampling.max_completions_tokens,
        }
        settings = settings.model_copy(
            update={name: value for name, value in ours.items() if value is not None and name not in given}
        )
        if settings.model == ("none",):
            raise ConfigError(
                f"grader {grader.name!r} asks a model: give --model, or leave it out to ask openai:{grader.model}"
            )
        rubric = rubric_of(grader, self.templates)
        return Judge(model=settings.model, rubric=rubric, evaluators="none", tools=settings.tools, settings=settings)

    def part(self, verdict: Verdict) -> Part:
        """Return what a verdict says as a score."""
        grader = self.grader
        error = next(iter(verdict.failures), None) if verdict.label == "undecided" else None
        because = next((finding.because for finding in verdict.findings.values()), verdict.because)
        common = {"because": because, "error": error}
        if isinstance(grader, LabelModel | ScoreModel):
            if verdict.label == "undecided":
                return Part(**common)
            if isinstance(grader, LabelModel):
                score = float(verdict.label in grader.passing_labels)
                return Part(score=score, passed=grader.passes(score), label=verdict.label, **common)
            score = float(verdict.label)
        elif verdict.evidence:
            score = float(verdict.evidence[0].content)
        else:
            return Part(**common)
        return Part(score=score, passed=grader.passes(score), **common)


def _leaves(grader: Grader) -> dict[str, _Leaf]:
    """Return the parts of a grader by key, a grader that is none by its own name. Raises ConfigError."""
    if isinstance(grader, Multi):
        found = {key: _leaf(one, f"{grader.name}.{key}") for key, one in grader.graders.items()}
        _formula(grader, found)  # so that what is no formula is told before any work
        return found
    return {grader.name: _leaf(grader, grader.name)}


def _formula(grader: Multi, leaves: Iterable[str]) -> Formula:
    return Formula(grader.calculate_output, leaves, where=grader.name)


def _leaf(grader: Leaf, name: str) -> _Leaf:
    grader = grader.model_copy(update={"name": name})
    if isinstance(grader, LabelModel | ScoreModel):
        templates = templates_of(grader, where=name)
        rubric_of(grader, templates)  # so that what cannot be a rubric is told before any work
        return _Leaf(grader, templates)
    if isinstance(grader, PythonCheck):
        return _Leaf(grader, ())
    if isinstance(grader, TextSimilarity):
        ensure_installed(grader.evaluation_metric)
    fields = ("input", "reference")
    return _Leaf(grader, tuple(parse(getattr(grader, field), where=f"{name}, {field}") for field in fields))


def _graded(grader: Grader, leaves: Mapping[str, _Leaf], rows: Sequence[Row], how: _How) -> Iterator[Grade]:
    columns = {key: _judged(leaf, rows, how) for key, leaf in leaves.items()}
    formula = _formula(grader, leaves) if isinstance(grader, Multi) else None
    for place, row in enumerate(rows):
        parts = {key: column[place] for key, column in columns.items()}
        if formula is not None:
            yield Grade(id=row.id, grader=grader.name, parts=parts, **_together(grader, formula, parts))
        else:
            (part,) = parts.values()
            yield Grade(id=row.id, grader=grader.name, **dict(part))


def _judged(leaf: _Leaf, rows: Sequence[Row], how: _How) -> list[Part]:
    """Return what one part says of each row."""
    parts: dict[str, Part] = {}
    cases = []
    for row in rows:
        try:
            cases.append(leaf.case(row))
        except Missing as problem:
            parts[row.id] = Part(because=str(problem), error=Failure(cause="missing", message=str(problem)))
    name = f"{leaf.grader.name}.judge".replace("/", "_")
    path = None if how.folder is None else how.folder / name
    judge = how.judges[leaf.grader.name]
    judge.cascade.preflight()
    with how.progress(len(cases)) if how.progress else nullcontext() as tell:
        for verdict in judge.run(cases, path=path, retry_errors=how.retry_errors):
            parts[verdict.case_id] = leaf.part(verdict)
            if tell:
                tell(verdict)
    return [parts[row.id] for row in rows]


def _together(grader: Grader, formula: Formula, parts: Mapping[str, Part]) -> dict[str, Any]:
    """Return the fields of a multi grader's grade: none without the score of a part that the formula uses."""
    for key in formula.used:
        if parts[key].score is None:
            return {"because": f"{key} has no score: {parts[key].because}", "error": parts[key].error}
    scores = {key: part.score for key, part in parts.items() if part.score is not None}
    try:
        score = formula.value(scores)
    except InputError as problem:
        return {"because": str(problem), "error": Failure(cause="formula", message=str(problem))}
    told = ", ".join(f"{key} = {scores[key]:g}" for key in formula.used)
    return {"score": score, "passed": grader.passes(score), "because": f"{formula.text}, where {told}"}


def _response(row: Row) -> str:
    sample = row.spaces["sample"] or {}
    return str(sample.get("output_text") or "")
