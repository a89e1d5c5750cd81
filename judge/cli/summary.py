"""A run's summary in words, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from judge.cli import common

if TYPE_CHECKING:
    from judge.record.summary import Agreement, Summary


def describe(summary: Summary, path: Path) -> str:
    """Return the summary as text."""
    from judge.record.labels import FILE

    lines = [f"{summary.cases} cases, {summary.decided} decided  ({path})"]
    for kind, labels in sorted(summary.labels.items()):
        lines.append(f"  {kind}: " + ", ".join(f"{count} {label}" for label, count in labels.items()))
    lines.append("  decided by: " + ", ".join(f"{name} {count}" for name, count in summary.decided_by.items()))
    if summary.median_score is not None:
        lines.append(f"  median score: {summary.median_score:g}")
    if summary.learned:
        lines.append(f"  {summary.learned} verdicts rest on a learned classifier")
    for rater, agreement in summary.raters.items():
        alone = agreement == summary.agreement and len(summary.raters) == 1
        whose = "the file of cases" if rater == FILE else rater
        lines += _agreement(agreement, "" if alone else f" of {whose}")
    if summary.calls or summary.votes_asked:
        cost = "" if summary.cost is None else f", cost {summary.cost:.4f}"
        lines.append(
            f"  {summary.votes_asked} votes asked for, {summary.votes_saved} not needed; "
            f"{summary.calls} calls, {summary.tokens} tokens{cost}"
        )
    if summary.failures:
        lines.append("  failures: " + ", ".join(f"{count} {cause}" for cause, count in summary.failures.items()))
    lines += [f"  {note}" for note in summary.notes]
    if "missing_extra" in summary.failures:
        lines.append("  once it is installed, --retry-errors judges the cases again that this left undecided")
    if "broken_plugin" in summary.failures:
        lines.append("  once it is mended, judge the cases into another run file: then an evaluator more is asked")
    return "\n".join(lines)


def advice(summary: Summary, *, asked_a_model: bool, command: str, asking: str) -> list[str]:
    """Return what a user can do about what is undecided."""
    undecided = summary.cases - summary.decided
    lines = []
    if summary.errors:
        lines.append(
            f"{summary.errors} cases are undecided because something failed; try them again: {command} --retry-errors"
        )
    if undecided > summary.errors and not asked_a_model:
        lines.append(
            f"{undecided - summary.errors} cases are undecided: no evaluator could tell, and no model was asked. "
            f"Ask one: {asking}"
        )
    elif undecided > summary.errors:
        lines.append(
            f"{undecided - summary.errors} cases are undecided for lack of a majority; "
            "more votes or another member may help"
        )
    return lines


def _agreement(agreement: Agreement, whose: str) -> list[str]:
    decided = (
        ""
        if agreement.accuracy_decided is None
        else f", of the {agreement.decided} decided {agreement.accuracy_decided:.3f}"
    )
    kappa = "" if agreement.kappa is None else f", kappa {agreement.kappa:.3f}"
    labels = f"{agreement.labelled} human labels{whose}"
    lines = [f"  agreement with {labels}: accuracy {agreement.accuracy:.3f}{decided}{kappa}"]
    said = sorted({label for row in agreement.confusion.values() for label in row})
    rows = [["human \\ verdict", *said]]
    rows += [[human, *(str(row.get(label, 0)) for label in said)] for human, row in sorted(agreement.confusion.items())]
    return [*lines, common.indented(common.table(rows))]
