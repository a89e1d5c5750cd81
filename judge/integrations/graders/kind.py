"""``grader``: the kind of the cases that ``judge grade`` makes of rows."""

from __future__ import annotations

from pydantic import ConfigDict

from judge.kinds import Inputs, Kind


class Row(Inputs):
    """What a grader sees of a row: for a program its ``item`` and ``sample``, for a model the text of each variable."""

    model_config = ConfigDict(extra="allow")


GRADER = Kind(
    name="grader",
    summary="a row under a grader in OpenAI's format; 'judge grade' makes such cases and says who decides them",
    Inputs=Row,
    example={"response": "Paris", "reference": "Paris", "inputs": {"item.question": "What is the capital of France?"}},
)
