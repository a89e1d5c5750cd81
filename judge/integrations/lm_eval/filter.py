"""For tasks of lm-evaluation-harness: a filter that judges all responses at once, and what makes figures of it.

In the YAML of a task, with nothing but this package installed::

    filter_list:
      - name: judge
        filter:
          - function: !function judge.integrations.lm_eval.JudgeFilter
            reference: answer
            question: question
    process_results: !function judge.integrations.lm_eval.process_results
    metric_list:
      - {metric: accuracy, aggregation: mean, higher_is_better: true}
      - {metric: undecided, aggregation: mean, higher_is_better: false}
      - metric: accuracy_decided
        aggregation: !function judge.integrations.lm_eval.mean_of_decided
        higher_is_better: true

The harness is not imported here: a filter is whatever has ``apply``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from judge.errors import ConfigError, InputError
from judge.integrations.lm_eval.fields import Fields, responses
from judge.integrations.shared import judged, settings_from, worth
from judge.types import Verdict

#: What `process_results` yields for a document, and how each is to be read.
HIGHER_IS_BETTER = {"accuracy": True, "accuracy_decided": True, "undecided": False}


class JudgeFilter:
    """Replaces each response by the verdict on it, as JSON. The harness calls it once for a whole task.

    `reference`, `question`, `context` and `inputs` say where a document has them, see `Fields`; `kind` is that of the
    cases.
    All further settings are those of the command line: ``model``, ``votes``, ``rubric``, ``evaluators``, …
    Without a model the evaluators work on all cores. Raises ConfigError for what is no setting or a missing
    reference, InputError for a column that is not there. The harness makes filters when the model is done: try
    a new task with ``--limit 2`` first.
    """

    def __init__(
        self,
        *,
        reference: str | None = None,
        question: str | None = None,
        context: str | None = None,
        kind: str = "answer",
        inputs: str | None = None,
        **settings: Any,
    ) -> None:
        self._settings = settings_from(settings, whose="the judge's filter")
        if reference is None and self._settings.model == ("none",):
            raise ConfigError(
                "the judge's filter: no 'reference' is given and no model is asked, so nothing could be verified: "
                "name the column with the right answer, such as reference: answer"
            )
        self._fields = Fields(reference=reference, question=question, context=context, kind=kind, inputs=inputs)

    def apply(self, resps: Iterable[Any], docs: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return a verdict for each response, in the same lists."""
        given = list(resps)
        said = [responses(item, where=f"document {place}") for place, item in enumerate(given)]
        cases = [
            self._fields.case(f"{place}-{turn}", text, doc, where=f"document {place}")
            for place, (texts, doc) in enumerate(zip(said, docs, strict=True))
            for turn, text in enumerate(texts)
        ]
        written = (compact(verdict) for verdict in judged(cases, self._settings))
        verdicts = [[next(written) for _ in texts] for texts in said]
        return [found[0] if isinstance(item, str) else found for item, found in zip(given, verdicts, strict=True)]


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float | None]:  # noqa: ARG001 - the harness's signature
    """Return what a document adds to the metrics; of several responses to it, the mean.

    ``accuracy`` counts what is undecided as not right, so that the true value lies between it and its sum with
    ``undecided``. ``accuracy_decided`` is None where nothing was decided. Raises InputError where `results` are
    no verdicts: the filter is missing.
    """
    found = [results[0]] if isinstance(results[0], str) else results[0]
    try:
        labels = [json.loads(text)["label"] for text in found]
    except (ValueError, TypeError, KeyError):
        raise InputError(
            f"process_results got {found!r:.80} instead of verdicts: "
            "put judge.integrations.lm_eval.JudgeFilter last in the filter_list"
        ) from None
    return figures(labels)


def figures(labels: Sequence[str]) -> dict[str, float | None]:
    """Return what the labels of a document's responses add to the metrics."""
    worths = [worth(label) for label in labels]
    decided = [value for value in worths if value is not None]
    return {
        "accuracy": sum(decided) / len(worths),
        "accuracy_decided": sum(decided) / len(decided) if decided else None,
        "undecided": 1 - len(decided) / len(worths),
    }


def mean_of_decided(items: Sequence[float | None]) -> float:
    """Return the mean over the documents with a decision, for ``accuracy_decided``; NaN where there is none."""
    decided = [item for item in items if item is not None]
    return sum(decided) / len(decided) if decided else math.nan


def compact(verdict: Verdict) -> str:
    """Return a verdict as JSON without what it has by default and without the settings, which all of a task share."""
    return verdict.model_dump_json(exclude={"provenance"}, exclude_defaults=True)
