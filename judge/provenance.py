"""Where verdicts come from: every setting that could change the outcome of a case of a kind, and its hash."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from judge.panel.agent import Bounds
from judge.panel.scoring import ScoreSeat
from judge.panel.seats import Panel
from judge.plain import digest
from judge.processes.consulting import Terms
from judge.protocols import Described, Evaluator
from judge.types import Provenance
from judge.version import __version__


def provenance(
    evaluators: Sequence[Evaluator], panel: Panel | None, *, terms: Terms, limits: Bounds, further: Mapping[str, Any]
) -> Provenance:
    """Return what verdicts on a kind come from: its evaluators, in the order in which they are asked, and its panel."""
    settings: dict[str, Any] = {
        "evaluators": {evaluator.name: evaluator.version for evaluator in evaluators},
        "panel": None,
        "evaluator_deadline_s": terms.deadline_s,
        "weakest": terms.weakest,
        **({"everybody": True} if terms.everybody else {}),
        **further,
    }
    if panel is not None:
        rubrics = {seat.rubric.name: seat.rubric for seat in panel.seats}
        settings["panel"] = {
            "votes": panel.votes,
            "members": [seat.member.model_dump(mode="json") for seat in panel.seats],
            "limits": limits.model_dump(),
            "rubrics": {
                name: {
                    "hash": rubric.hash,
                    "labels": list(rubric.values),
                    "schema": rubric.Ballot.model_json_schema(),
                    # in the order in which they are offered, which is part of every request
                    "tools": next(list(seat.tools) for seat in panel.seats if seat.rubric is rubric),
                }
                for name, rubric in rubrics.items()
            },
        }
        if models := {s.member.model: s.model.provenance for s in panel.seats if isinstance(s.model, Described)}:
            settings["panel"]["models"] = models
        if scored := [seat.settings for seat in panel.seats if isinstance(seat, ScoreSeat)]:
            settings["panel"]["score"] = scored
    fingerprint = digest(__version__.rpartition(".")[0], json.dumps(settings))[:16]
    return Provenance(judge=__version__, fingerprint=fingerprint, settings=settings)
