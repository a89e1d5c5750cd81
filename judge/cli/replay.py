"""``judge replay``: a run decided again from its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from judge.cli import common
from judge.text.shown import harmless


def replay(
    run: Annotated[Path, typer.Argument(help="A run file.")],
    as_json: common.Json = False,
) -> None:
    """Decide every case again from what was recorded, without a network. Exit code 1 if anything differs."""
    from judge import replaying
    from judge.record.store import Store

    with Store.read(run) as store:
        changed, taken = replaying.changed_plugins(store), replaying.taken(store)
        cases, evidence, different = 0, 0, []
        for comparison in replaying.replay(store):
            cases += 1
            evidence += len(comparison.recorded.evidence)
            if comparison.differences:
                different.append({"case": comparison.case.id, "differences": list(comparison.differences)})
                if not as_json:
                    typer.echo(harmless(f"{comparison.case.id}: " + "; ".join(comparison.differences)))
    if as_json:
        common.echo_json(
            {"cases": cases, "evidence": evidence, "different": different, "changed": changed, "taken": taken}
        )
    else:
        for note in (*changed, *taken):
            typer.echo(harmless(f"note: {note}"))
        same = "all the same" if not different else f"{len(different)} cases came out differently"
        typer.echo(f"{cases} verdicts and {evidence} pieces of evidence computed again: {same}")
    raise typer.Exit(1 if different else 0)
