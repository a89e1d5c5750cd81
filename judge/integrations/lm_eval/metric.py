"""``equijudge`` as a metric of lm-evaluation-harness: for tasks that have references and no judge's filter.

Importing this needs the harness, and registers the metric. The harness calls a metric once for each document, without
its question; the filter judges all at once and hears the question, so prefer it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lm_eval.api.registry import register_metric  # type: ignore[import-not-found]

from judge.verifying import equivalent


@register_metric(  # type: ignore[untyped-decorator]
    metric="equijudge", higher_is_better=True, output_type="generate_until", aggregation="mean"
)
def equijudge(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Return 1 where the evaluators show that the prediction is a reference, else 0: also where they are undecided."""
    return float(any(equivalent(predictions[0], reference) for reference in references))
