"""``judge grade``: a file of rows, graded by a grader in OpenAI's format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judge.cli import common
from judge.cli.options import settings

if TYPE_CHECKING:
    from judge.config import Settings, Sourced
    from judge.integrations.graders import Figures


def grade(
    called: typer.Context,
    grader: Annotated[Path, typer.Argument(help="A JSON file with one grader in OpenAI's format, or several.")],
    rows: Annotated[Path, typer.Argument(help="JSON lines, each with an item and a sample.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="File for the grades, as JSON lines; default: in the run folder.")
    ] = None,
    run_folder: Annotated[
        Path | None,
        typer.Option("--run", help="Folder of run files; default: one in runs/, named by rows, grader and settings."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many rows.")] = None,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Try again what failures left without a score.")
    ] = False,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", help="Exit code 1 where a grader's mean score is below this.")
    ] = None,
    unsafe_no_sandbox: common.Unsafe = False,
    as_json: common.Json = False,
) -> None:
    """Grade rows by a grader of OpenAI's format. The same command again asks no model twice."""
    from judge.cli.progress import shown
    from judge.integrations import graders

    found = graders.read(grader)
    read = graders.read_rows(rows, limit=limit)
    heard = _heard(settings(called))
    common.heed(unsafe_no_sandbox)
    for name, parameters in graders.unheard(found).items():
        typer.echo(f"judge: {name}: {' and '.join(parameters)} cannot be passed on to a model from here", err=True)
    folder = run_folder or _folder(grader, rows, heard)
    grades = graders.grade(
        found,
        read,
        settings=heard,
        folder=folder,
        retry_errors=retry_errors,
        progress=lambda total: shown(total, 0, str),
    )
    path = output or folder / "grades.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(one.model_dump_json(exclude_defaults=True) + "\n" for one in grades), encoding="utf-8")
    told = graders.figures(grades)
    if as_json:
        common.echo_json({"graders": [one.model_dump() for one in told], "grades": str(path)})
    else:
        typer.echo(common.table([("grader", "rows", "score", "passed", "no score"), *map(_line, told)]))
        typer.echo(f"grades written to {path}")
    _end([one for one in told if one.part is None], fail_under)


def _heard(found: Sourced) -> Settings:
    """Return the settings. Raises ConfigError for a flag that would change nothing: a grader says it itself."""
    from judge.errors import ConfigError

    names = ("rubric", "evaluators", "criterion", "weakest")
    if unheard := [name for name in names if found.origins[name].startswith("flag")]:
        raise ConfigError(f"--{unheard[0]} cannot be heard here: a grader says itself who judges, and by what")
    return found.settings


def _folder(grader: Path, rows: Path, settings: Settings) -> Path:
    from judge.plain import digest

    identity = digest(grader.read_text(encoding="utf-8"), str(rows.resolve()), settings.model_dump_json())
    return Path("runs") / f"grade-{identity[:8]}"


def _line(one: Figures) -> tuple[str, ...]:
    score = "-" if one.score is None else f"{one.score:.4f}" + ("" if one.stderr is None else f" ± {one.stderr:.4f}")
    passed = "-" if one.passed is None else f"{one.passed:.4f}"
    causes = ", ".join(f"{count} {cause}" for cause, count in one.unscored.items()) or "0"
    return (one.grader if one.part is None else f"  {one.part}", str(one.rows), score, passed, causes)


def _end(told: list[Figures], fail_under: float | None) -> None:
    """Exit with 3 where rows have no score because something failed, with 1 below what was asked for."""
    causes = {cause for one in told for cause in one.unscored} - {"no_majority"}
    if causes:
        typer.echo(f"judge: rows have no score: {', '.join(sorted(causes))}; the grades say where and why", err=True)
        if causes - {"missing", "formula"}:
            typer.echo("judge: --retry-errors tries again what failed", err=True)
        raise typer.Exit(3)
    for one in told:
        if fail_under is not None and (one.score is None or one.score < fail_under):
            typer.echo(f"judge: the mean score of {one.grader} is {_line(one)[2]}, below {fail_under:g}", err=True)
            raise typer.Exit(1)
