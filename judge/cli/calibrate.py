"""``judge calibrate``: from which score on a case gets the first label, learned from cases with human labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judge.cli import common

if TYPE_CHECKING:
    from judge.panel.scoring import Threshold
    from judge.panel.thresholds import Point
    from judge.record.store import Store


def calibrate(
    run: Annotated[Path, typer.Argument(help="A run file of 'judge run --score' over cases with human labels.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; default: the run's name with .threshold.json.")
    ] = None,
    as_json: common.Json = False,
) -> None:
    """Choose the threshold of each member of a run that judged by score, and write it for 'judge run --threshold'."""
    from judge.errors import ConfigError
    from judge.panel.scoring import Calibration
    from judge.record.store import Store

    with Store.read(run) as store:
        found = Calibration(thresholds=tuple(_threshold(*member) for member in _points(store).items()))
    path = to or run.with_suffix(".threshold.json")
    try:
        path.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from None
    if as_json:
        common.echo_json(found.model_dump(mode="json") | {"path": str(path)})
        return
    for one in found.thresholds:
        typer.echo(_described(one))
    typer.echo(f"written to {path}; use it with: judge run … --score --threshold {path}")


def _points(store: Store) -> dict[tuple[str, str, str, str], list[Point]]:
    """Return the labelled cases of each member: (model, rubric, first label, second label) to scores."""
    from judge.errors import ConfigError
    from judge.panel.scoring import log_odds
    from judge.panel.thresholds import Point

    found: dict[tuple[str, str, str, str], list[Point]] = {}
    for stored in store.all():
        case, verdict = stored.case, stored.verdict
        for vote in verdict.votes:
            scores = vote.extra.get("scores")
            if case.label is None or not isinstance(scores, dict):
                continue
            labels = list(scores)
            if len(labels) != 2:
                raise ConfigError(f"rubric {vote.member.rubric!r} has {len(labels)} labels; a threshold parts two")
            if case.label in labels:
                odds = log_odds({label: float(str(score)) for label, score in scores.items()}, *labels)
                key = (vote.member.model, vote.member.rubric, labels[0], labels[1])
                found.setdefault(key, []).append(Point(odds, case.label == labels[0]))
    if not found:
        raise ConfigError(
            f"run {str(store.path)!r} holds no scores of cases with human labels: judge labelled cases with --score"
        )
    return found


def _threshold(member: tuple[str, str, str, str], points: list[Point]) -> Threshold:
    from judge.panel import scoring, thresholds

    model, rubric, label, other = member
    best = thresholds.best_threshold(points)
    held = thresholds.left_out(points)
    return scoring.Threshold(
        model=model,
        rubric=rubric,
        label=label,
        other=other,
        threshold=round(best, 6),
        labelled=len(points),
        auc=round(thresholds.auc(points), 4),
        accuracy_raw=round(thresholds.accuracy(points, 0.0), 4),
        accuracy=round(thresholds.accuracy(points, best), 4),
        accuracy_left_out=None if held is None else round(held, 4),
    )


def _described(one: Threshold) -> str:
    held = "too few cases to say" if one.accuracy_left_out is None else f"{one.accuracy_left_out:.3f}"
    return (
        f"{one.model} with {one.rubric}: {one.label} from log-odds {one.threshold:+.3f} on ({one.labelled} cases)\n"
        f"  accuracy {one.accuracy_raw:.3f} at 0, {one.accuracy:.3f} at the threshold, on cases left out {held}; "
        f"AUC {one.auc:.3f}"
    )
