"""``judge label``: what a person says of a case, stored with the run."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from judge.cli import common
from judge.text.shown import harmless


def label(
    run: Annotated[Path, typer.Argument(help="A run file; it may be one that is being written.")],
    case: Annotated[str, typer.Argument(help="The id of a case that has a verdict.")],
    label: Annotated[str, typer.Argument(help="What you say of it, such as correct or incorrect.")],
    rater: Annotated[str | None, typer.Option("--rater", help="Whose label it is; default: your login name.")] = None,
    as_json: common.Json = False,
) -> None:
    """Label a case of a run. Older labels are kept, and the newest of each rater counts."""
    from judge.record import labels
    from judge.record.store import Store

    labels.label(run, case, label, rater=_login() if rater is None else rater)
    with Store.read(run) as store:
        stored = store.get(case)
    assert stored is not None
    if as_json:
        common.echo_json({"case": case, "labels": stored.labels, "verdict": stored.verdict.label})
        return
    said = ", ".join(f"{who} {what}" for who, what in stored.labels.items())
    typer.echo(harmless(f"{case}: the verdict is {stored.verdict.label}; labels: {said}"))


def _login() -> str:
    from judge.errors import ConfigError

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process without a user's name, as in some containers
        raise ConfigError("your login name is not known: say whose label it is with --rater NAME") from None
