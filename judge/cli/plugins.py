"""``judge plugins``: the evaluators, tools, models and rubrics that are installed."""

from __future__ import annotations

from typing import get_args

import typer

from judge.cli import common


def plugins(as_json: common.Json = False) -> None:
    """List what is installed; a plugin that cannot be used is shown with the reason (exit code 1)."""
    from judge import registry

    entries = [entry for group in get_args(registry.Group) for entry in registry.survey(group)]
    if as_json:
        common.echo_json([entry.model_dump() | {"kinds": _kinds(entry)} for entry in entries])
    else:
        rows = [
            (
                e.group[:-1],
                e.name,
                ", ".join(_kinds(e)) or "-",
                f"{e.distribution} {e.version}",
                e.error or e.target,
            )
            for e in entries
        ]
        typer.echo(common.table([("group", "name", "kinds", "from", "target"), *rows]))
    raise typer.Exit(1 if any(entry.error for entry in entries) else 0)


def _kinds(entry: object) -> list[str]:
    from judge import registry

    assert isinstance(entry, registry.Entry)
    if entry.group != "evaluators" or entry.error:
        return []
    return sorted(registry.load("evaluators", entry.name).kinds)
