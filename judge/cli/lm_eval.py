"""``judge lm-eval rescore``: samples that lm-evaluation-harness saved, judged afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge.cli import common
from judge.cli.options import WithSettings, settings
from judge.processes.collector import loading

if TYPE_CHECKING:
    from judge.config import Settings
    from judge.integrations.lm_eval.rescore import Rescored

app = typer.Typer(help="Work with lm-evaluation-harness.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    pass


@app.command("rescore", cls=WithSettings)
def rescore(
    called: typer.Context,
    samples: Annotated[list[Path], typer.Argument(help="Files samples_TASK_DATE.jsonl that the harness wrote.")],
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="Column or Jinja template of the right answer; default: the target."),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option("--question", help="Column or template of the question; default: 'question', if there."),
    ] = None,
    context: Annotated[str | None, typer.Option("--context", help="Column or template of the context.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="The domain; 'judge kinds' lists them.")] = "answer",
    inputs: Annotated[
        str | None, typer.Option("--inputs", help="Column of the inputs of the kind, or a template that gives JSON.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder for the results; default: 'judged' beside the samples.")
    ] = None,
    run_file: Annotated[
        Path | None,
        typer.Option(
            "--run", help="Run file that keeps each verdict, to continue from; with a model there always is one."
        ),
    ] = None,
    unsafe_no_sandbox: common.Unsafe = False,
    as_json: common.Json = False,
) -> None:
    """Judge saved samples and write samples and results in the harness's own format."""
    with loading():
        from judge.cli.progress import shown
        from judge.integrations.lm_eval.fields import Fields
        from judge.integrations.lm_eval.rescore import rescore

    found = settings(called).settings
    fields = Fields(reference=reference, question=question, context=context, kind=kind, inputs=inputs)
    common.heed(unsafe_no_sandbox)
    done = rescore(
        samples,
        fields,
        found,
        output=output,
        run=run_file or _run_file(samples, found),
        progress=lambda total: shown(total, 0, str),
    )
    if as_json:
        common.echo_json([{"task": one.task, **one.metrics, "results": str(one.results)} for one in done])
        return
    typer.echo(common.table([["task", "documents", "accuracy", "of the decided", "undecided"], *map(_line, done)]))
    for folder in dict.fromkeys(one.results.parent for one in done):
        typer.echo(f"written to {folder}")


def _run_file(samples: list[Path], settings: Settings) -> Path | None:
    """Return where verdicts of a model are kept: they cost something. Those of evaluators are made again at once."""
    from judge.plain import digest

    if settings.model == ("none",):
        return None
    identity = digest(*(str(path.resolve()) for path in samples), settings.model_dump_json())
    path = Path("runs") / f"rescore-{identity[:8]}.judge"
    typer.echo(f"judge: verdicts are kept in {path}; the same command continues there", err=True)
    return path


def _line(one: Rescored) -> list[str]:
    return [one.task, str(one.metrics["sample_len"])] + [
        _figure(one.metrics, name) for name in ("accuracy", "accuracy_decided", "undecided")
    ]


def _figure(metrics: dict[str, Any], name: str) -> str:
    value, error = metrics[f"{name},judge"], metrics[f"{name}_stderr,judge"]
    if value is None:
        return "none"
    return f"{value:.4f}" if isinstance(error, str) else f"{value:.4f} ± {error:.4f}"
