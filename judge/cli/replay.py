"""``judge replay``: a run decided again from its record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judge.cli import common
from judge.text.shown import harmless

if TYPE_CHECKING:
    from judge.replaying import Counts


def replay(
    run: Annotated[Path, typer.Argument(help="A run file.")],
    full: Annotated[bool, typer.Option("--full", help="Repeat the searches of evaluators, too.")] = False,
    as_json: common.Json = False,
) -> None:
    """Decide every case again from what was recorded, without a network. Exit code 1 if anything differs.

    Witnesses are rechecked; what can only be found again by a search is taken as recorded, unless --full.
    """
    from judge import replaying
    from judge.record.store import Store

    with Store.read(run) as store:
        changed, taken = replaying.changed_plugins(store), replaying.taken(store)
        cases, evidence, different = 0, 0, []
        counts = replaying.Counts(0, 0, 0)
        for comparison in replaying.replay(store, full=full):
            cases += 1
            evidence += len(comparison.recorded.evidence)
            counts = replaying.Counts(*map(sum, zip(counts, comparison.counts, strict=True)))
            if comparison.differences:
                different.append({"case": comparison.case.id, "differences": list(comparison.differences)})
                if not as_json:
                    typer.echo(harmless(f"{comparison.case.id}: " + "; ".join(comparison.differences)))
    if as_json:
        findings = {"rechecked": counts.rechecked, "decided_again": counts.again, "as_recorded": counts.taken}
        findings["unchecked"] = counts.unchecked
        numbers = {"cases": cases, "evidence": evidence, **findings}
        common.echo_json({**numbers, "different": different, "changed": changed, "taken": taken})
    else:
        for note in (*changed, *taken):
            typer.echo(harmless(f"note: {note}"))
        same = "all the same" if not different else f"{len(different)} cases came out differently"
        typer.echo(f"{cases} verdicts and {evidence} pieces of evidence computed again: {same}")
        if told := _told(counts, full=full):
            typer.echo(told)
    raise typer.Exit(1 if different else 0)


def _told(counts: Counts, *, full: bool) -> str:
    """Return what became of the findings of evaluators, if there were any."""
    if not any(counts):
        return ""
    more = " (--full repeats their searches)" if counts.taken and not full else ""
    unchecked = ""
    if counts.unchecked:
        how = "" if full else " (--full)"
        unchecked = f"\n{counts.unchecked} verdicts by proof or counterexample were taken and not checked again{how}"
    return (
        f"witnesses rechecked: {counts.rechecked}; findings decided again: {counts.again}; "
        f"taken as recorded: {counts.taken}{more}{unchecked}"
    )
