"""``judge plugins``: the kinds, evaluators, tools, models and rubrics that are installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

import typer

from judge.cli import common

if TYPE_CHECKING:
    from judge.registry import Entry


def plugins(as_json: common.Json = False) -> None:
    """List what is installed; a plugin that cannot be used is shown with the reason (exit code 1)."""
    from judge import registry
    from judge.judging import Judge

    cascade = Judge().cascade  # of all evaluators, which knows also why others cannot be asked
    kinds = {evaluator.name: sorted(evaluator.kinds) for evaluator in cascade.evaluators}
    entries = [
        _checked(entry, cascade.absent.get) for group in get_args(registry.Group) for entry in registry.survey(group)
    ]
    shown = [(entry, kinds.get(entry.name, []) if entry.group == "evaluators" else []) for entry in entries]
    if as_json:
        common.echo_json([entry.model_dump() | {"kinds": its} for entry, its in shown])
    else:
        rows = [
            (
                entry.group[:-1],
                entry.name,
                ", ".join(its) or "-",
                f"{entry.distribution} {entry.version}",
                entry.error or entry.target,
            )
            for entry, its in shown
        ]
        typer.echo(common.table([("group", "name", "kinds", "from", "target"), *rows]))
    raise typer.Exit(1 if any(entry.error for entry in entries) else 0)


def _checked(entry: Entry, absent: Callable[[str], str | None]) -> Entry:
    """Return a plugin with what keeps it from being used, also where it can be imported."""
    from judge import kinds
    from judge.assembly import fault_of
    from judge.errors import PluginError

    if entry.error is not None:
        return entry
    if entry.group == "evaluators":
        return entry.model_copy(update={"error": absent(entry.name)})
    if entry.group == "kinds":
        try:
            kind = kinds.find(entry.name)
            return entry.model_copy(update={"error": fault_of(kind) if kind else None})
        except PluginError as error:
            return entry.model_copy(update={"error": str(error)})
    return entry
