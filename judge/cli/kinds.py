"""``judge kinds``: the domains of cases, and what a case of each brings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge.cli import common
from judge.text.shown import one_line

if TYPE_CHECKING:
    from judge.kinds import Kind
    from judge.protocols import Evaluator

app = typer.Typer(help="List the kinds of cases; 'show NAME' tells what a case of one brings.")


@app.callback(invoke_without_command=True)
def kinds(called: typer.Context, as_json: common.Json = False) -> None:
    """List the kinds of cases. One that cannot be used is shown with the reason (exit code 1)."""
    if called.invoked_subcommand is not None:
        return
    from judge import registry
    from judge.assembly import known_kinds

    evaluators = _evaluators()
    found = [_summed_up(name, evaluators) for name in sorted({*known_kinds(), *registry.names("kinds")})]
    if as_json:
        common.echo_json(found)
    else:
        rows = [(one["name"], ", ".join(one["evaluators"]) or "-", one["error"] or one["summary"]) for one in found]
        typer.echo(common.table([("kind", "evaluators", "what a case is about"), *rows]))
    raise typer.Exit(1 if any(one["error"] for one in found) else 0)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="The name of a kind.")], as_json: common.Json = False) -> None:
    """Show what a case of a kind brings, who decides it and by what, and an example for 'judge run'."""
    from judge import kinds
    from judge.assembly import known_kinds
    from judge.errors import InputError, nearest

    known = known_kinds()
    if name not in known:
        raise InputError(f"unknown kind {name!r}.{nearest(name, known)} Known: {', '.join(sorted(known))}")
    kind, evaluators = kinds.find(name), [one for one in _evaluators() if name in one.kinds]
    if as_json:
        common.echo_json(_told(name, kind, evaluators))
    else:
        for line in _lines(_told(name, kind, evaluators)):
            typer.echo(line)


_UNDECLARED = "nobody declares it: it has no inputs, and the evaluators that know it say the rest"


def _evaluators() -> Sequence[Evaluator]:
    """Return all evaluators that can be used; 'judge plugins' tells of the others."""
    from judge.judging import Judge

    return Judge().cascade.evaluators


def _summed_up(name: str, evaluators: Sequence[Evaluator]) -> dict[str, Any]:
    from judge import kinds
    from judge.assembly import fault_of
    from judge.errors import PluginError

    kind, error = None, None
    try:
        kind = kinds.find(name)
        error = fault_of(kind) if kind else None
    except PluginError as fault:
        error = str(fault)
    summary = kind.summary if kind else _UNDECLARED
    asked = [one.name for one in evaluators if name in one.kinds]
    return {"name": name, "summary": None if error else summary, "evaluators": asked, "error": error}


def _told(name: str, kind: Kind | None, evaluators: Sequence[Evaluator]) -> dict[str, Any]:
    """Return all that there is to say of a kind, as plain data."""
    from judge import kinds
    from judge.processes.consulting import lacking

    told: dict[str, Any] = {
        "name": name,
        "summary": kind.summary if kind else _UNDECLARED,
        "inputs": [],
        "hints": [],
        "further": False,
        "relations": {},
        "rubric": "correctness",
        "tools": ["check"],
        "extra": None,
        "evaluators": [
            {
                "name": one.name,
                "version": one.version,
                **{outcome: _bases(one.bases.get(outcome, ())) for outcome in ("correct", "incorrect")},
                "lacks": lacking(one),
            }
            for one in evaluators
        ],
        "example": None,
    }
    if kind is not None:
        lacks = any(one["lacks"] for one in told["evaluators"])
        told |= {
            "inputs": [one._asdict() for one in kind.inputs],
            "hints": [one._asdict() for one in kind.hints],
            "relations": dict(kind.relations),
            "rubric": kind.rubric,
            "tools": list(kind.tools),
            "further": kind.Inputs.model_config.get("extra") == "allow",
            "example": {"kind": name, **kind.example} if kind.example else None,
        }
        if kind.extra:
            told["extra"] = {"name": kind.extra, "installed": not lacks, "install": kinds.install_line(name)}
    return told


def _bases(bases: Any) -> list[str]:
    from judge.types import STRENGTH

    return sorted(bases, key=lambda basis: -STRENGTH[basis])


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is told of a kind, line by line."""
    yield f"{told['name']}: {told['summary']}"
    yield "\nWhat a case may bring in 'inputs'"
    inputs = [(one["name"], _form(one), one["about"]) for one in told["inputs"]]
    yield from _rows(inputs, none="anything, by any name" if told["further"] else "no inputs")
    if told["hints"]:
        yield "\nWhat a judge may propose to its evaluators (hints)"
        yield from _rows([(one["name"], _form(one), one["about"]) for one in told["hints"]], none="")
    yield "\nWhen two things are the same"
    yield from _rows(list(told["relations"].items()), none="the kind does not say")
    yield "\nWho decides"
    yield from _rows([(one["name"], _reach(one)) for one in told["evaluators"]], none="no evaluator that is installed")
    yield f"  a panel, where a model is set: rubric {told['rubric']}, tools {', '.join(told['tools']) or 'none'}"
    if extra := told["extra"]:
        state = "installed" if extra["installed"] else f"not installed: {extra['install']}"
        yield f"  the extra {extra['name']}: {state}"
    if told["example"]:
        yield "\nAn example, for a file that 'judge run' reads"
        yield f"  {one_line(json.dumps(told['example'], ensure_ascii=False))}"


def _rows(rows: Sequence[tuple[str, ...]], *, none: str) -> Iterator[str]:
    yield common.indented(common.table(rows), by="  ") if rows else f"  {none}"


def _form(one: Mapping[str, Any]) -> str:
    return f"{one['type']}, needed" if one["required"] else str(one["type"])


def _reach(one: Mapping[str, Any]) -> str:
    """Return what an evaluator can say, and what it lacks to say it."""
    said = "; ".join(f"{outcome} by {', '.join(one[outcome])}" for outcome in ("correct", "incorrect") if one[outcome])
    return said + (f" (lacks {', '.join(one['lacks'])})" if one["lacks"] else "")
