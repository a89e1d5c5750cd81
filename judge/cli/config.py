"""``judge config``: every setting, its value and where it came from."""

from __future__ import annotations

import json

import typer

from judge.cli import common
from judge.cli.options import settings


def config(called: typer.Context, as_json: common.Json = False) -> None:
    """Show every setting, its value and where it came from."""
    found = settings(called)
    values = found.settings.model_dump(mode="json")
    if as_json:
        common.echo_json({name: {"value": value, "origin": found.origins[name]} for name, value in values.items()})
        return
    rows = [(name, json.dumps(value), found.origins[name]) for name, value in values.items()]
    typer.echo(common.table([("setting", "value", "from"), *rows]))
