"""``answer``: the kind of a final answer, with the tables that the question may be about."""

from __future__ import annotations

from judge import Kind
from judge_evaluators.common.tables import Tabular


class Inputs(Tabular):
    """Tables for the tool ``sql``, which a panel may query. No evaluator needs them."""


ANSWER = Kind(
    name="answer",
    summary="a final answer: numbers, formulas, units, dates, sets, options, short texts",
    Inputs=Inputs,
    relations={
        "same": "The response gives the answer of a reference: equal as values of their type, and as precise as it.",
    },
    example={
        "question": "How many cities are there?",
        "response": "There are 2 cities.",
        "reference": "2",
        "inputs": {"tables": {"cities": [{"name": "Bern", "people": 134591}, {"name": "Basel", "people": 173863}]}},
    },
)
