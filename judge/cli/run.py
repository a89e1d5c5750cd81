"""``judge run``: a file of cases, judged, stored and summed up."""

from __future__ import annotations

import math
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from judge.cli import common
from judge.cli.options import settings
from judge.processes.collector import loading

if TYPE_CHECKING:
    from judge.cases.inputs import Source, Survey
    from judge.judging import Judge
    from judge.record.store import Store
    from judge.record.summary import Summary


def run(
    called: typer.Context,
    cases: Annotated[str, typer.Argument(help="FILE.jsonl, .json, .csv, .tsv or .parquet; '-' reads JSON lines.")],
    unsafe_no_sandbox: common.Unsafe = False,
    run_file: Annotated[
        Path | None,
        typer.Option("--run", help="Run file; default: one in runs/, named by cases and settings."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many cases.")] = None,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Try cases again that failures left undecided.")
    ] = False,
    on_bad_input: Annotated[
        Literal["fail", "skip"],
        typer.Option("--on-bad-input", help="What to do with rows that are no cases."),
    ] = "fail",
    fail_under: Annotated[
        list[str],
        typer.Option("--fail-under", help="METRIC=VALUE, such as accuracy=0.9; exit code 1 below it."),
    ] = [],  # noqa: B006
    as_json: common.Json = False,
) -> None:
    """Judge a file of cases. The same command again continues where it stopped."""
    with loading():
        from judge.cases.inputs import Source
        from judge.errors import ConfigError, InputError, JudgeError
        from judge.judging import Judge
        from judge.record.store import Store
        from judge.record.summary import summarise

        bounds = [_bound(text) for text in fail_under]
        source = Source(cases)
        common.heed(unsafe_no_sandbox)
        judge = Judge.from_settings(settings(called).settings)
    with judge:
        _ensure_known(bounds, judge)
        survey = _surveyed(source, judge, on_bad_input, limit=limit)
        path = run_file or _default_path(cases, source, judge)
        with Store.open(path, judge.provenance, rubrics=judge.rubric_texts()) as store:
            command = _command()
            try:
                if retry_errors or _stored(store) < survey.cases:  # an engine takes long to load
                    judge.cascade.preflight()
                interrupted = _work(judge, source, store, total=survey.cases, limit=limit, retry_errors=retry_errors)
            except JudgeError as error:
                typer.echo(f"judge: {error}", err=True)
                typer.echo(f"judge: {_stored(store)} verdicts are kept in {path}; continue with: {command}", err=True)
                raise typer.Exit(2 if isinstance(error, InputError | ConfigError) else 3) from None
            summary = summarise(store)
    _tell(summary, path, as_json=as_json, asked_a_model=judge.cascade.panel is not None, command=command)
    if interrupted:
        typer.echo(f"judge: interrupted; continue with: {command}", err=True)
        raise typer.Exit(130)
    raise typer.Exit(_verdict_on(summary, bounds))


def _work(judge: Judge, source: Source, store: Store, *, total: int, limit: int | None, retry_errors: bool) -> bool:
    """Judge what is left and show progress. Return whether the user interrupted."""
    from judge import runs
    from judge.cli.progress import shown

    stored = _stored(store)
    if stored:
        typer.echo(f"judge: {store.path} already holds {stored} verdicts", err=True)
    cases = (judge.prepare(case) for case in islice(source.cases(judge.problem_of), limit))
    with _interruptible() as stop, shown(total, min(stored, total), lambda: _in_flight(judge)) as update:
        for result in runs.run(
            judge.cascade,
            cases,
            in_flight=judge.in_flight,
            store=store,
            retry_errors=retry_errors,
            stop=stop,
        ):
            update(result.verdict)
        return stop.is_set()


def _stored(store: Store) -> int:
    return int(next(store.query("SELECT count(*) FROM verdicts WHERE superseded = 0"))[0])


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; the second ends the program and its children at once."""
    from judge.processes.crew import strike

    stop = threading.Event()

    def interrupt(_signal: int, _frame: object) -> None:
        if stop.is_set():
            strike()
            os._exit(130)
        stop.set()
        # Not through sys.stderr: it may be in the middle of a write, which this interrupts.
        os.write(2, b"\njudge: finishing the cases in flight; press Ctrl-C again to stop at once\n")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _in_flight(judge: Judge) -> str:
    gates = (
        [gate for seat in judge.cascade.panel.seats if (gate := getattr(seat.model, "gate", None))]
        if judge.cascade.panel
        else []
    )
    if not gates:
        return ""
    unique = {id(gate): gate for gate in gates}.values()
    away = sum(gate.turned_away for gate in unique)
    busy = f" (server asked {away} times to wait)" if away else ""
    return f"calls in flight {sum(gate.in_flight for gate in unique)}{busy}"


def _surveyed(source: Source, judge: Judge, on_bad_input: str, *, limit: int | None) -> Survey:
    from judge.errors import InputError

    survey = source.survey(judge.problem_of, limit=limit)
    more = f"\n… and {survey.bad_count - len(survey.bad)} more" if survey.bad_count > len(survey.bad) else ""
    listed = "\n".join(bad.problem for bad in survey.bad) + more
    if survey.bad_count and on_bad_input == "fail":
        raise InputError(f"{listed}\nNothing was judged: mend the input, or pass --on-bad-input skip")
    if survey.bad_count:
        typer.echo(f"judge: skipping {survey.bad_count} rows:\n{listed}", err=True)
    if not survey.cases:
        raise InputError(f"{source.name} holds no cases")
    return survey


def _default_path(cases: str, source: Source, judge: Judge) -> Path:
    """Return the path that cases and settings name: those of the kind of the first case, so that kinds may join."""
    from judge.plain import digest

    stem = "stdin" if cases == "-" else Path(cases).stem
    first = next(source.cases(judge.problem_of))
    made_with = judge.cascade.provenance(first.kind).fingerprint
    return Path("runs") / f"{stem}-{digest(source.identity, made_with)[:8]}.judge"


def _command() -> str:
    """Return the command that continues this run: the same one."""
    return shlex.join(["judge", *(word for word in sys.argv[1:] if word != "--retry-errors")])


def _asking() -> str:
    """Return the command that asks a model as well, in a run file of its own."""
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if word in ("--run", "--model", "-m"):
            next(words, None)
        elif not word.startswith(("--run=", "--model=")):
            kept.append(word)
    return shlex.join(["judge", *kept, "--model", "openai:NAME"])


def _tell(summary: Summary, path: Path, *, as_json: bool, asked_a_model: bool, command: str) -> None:
    from judge.cli.summary import advice, describe

    if as_json:
        common.echo_json(summary.model_dump(mode="json") | {"path": str(path)})
        return
    typer.echo(describe(summary, path))
    for line in advice(summary, asked_a_model=asked_a_model, command=command, asking=_asking()):
        typer.echo(line)
    typer.echo(f"See why: judge show {path} CASE")


def _bound(text: str) -> tuple[str, float]:
    from judge.errors import ConfigError
    from judge.record.summary import METRICS

    name, equals, value = text.partition("=")
    try:
        if not equals:
            raise ValueError
        if not math.isfinite(least := float(value)):
            raise ValueError
        return name, least
    except ValueError:
        raise ConfigError(
            f"--fail-under {text!r} has to be METRIC=NUMBER; metrics: {', '.join(METRICS)}, or a label for its share"
        ) from None


def _ensure_known(bounds: list[tuple[str, float]], judge: Judge) -> None:
    """Raise ConfigError, before any work, for a figure that no run of this judge can have."""
    from judge.errors import ConfigError, nearest
    from judge.record.summary import METRICS

    panel = judge.cascade.panel
    known = [*METRICS, *(panel.labels if panel else ("correct", "incorrect")), "undecided"]
    for name, _ in bounds:
        if name not in known:
            raise ConfigError(f"--fail-under: unknown metric {name!r}.{nearest(name, known)} Known: {', '.join(known)}")


def _verdict_on(summary: Summary, bounds: list[tuple[str, float]]) -> int:
    from judge.errors import ConfigError

    if summary.errors:
        return 3
    for name, least in bounds:
        value = summary.metric(name)
        if value is None:
            raise ConfigError(f"--fail-under {name}: the run has no such figure (do the cases carry human labels?)")
        if value < least:
            typer.echo(f"judge: {name} is {value:.4f}, below {least:g}", err=True)
            return 1
    return 0
