"""inspect_ai: `model_graded_qa` over responses that are already there, with its log as it comes.

Its own prompt is used. Both its limit on connections and its limit on samples decide how many are in flight.
"""

import os
import tempfile

from common import arguments, finish
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import model_graded_qa
from inspect_ai.solver import Generate, Solver, TaskState, solver


@solver
def given_response() -> Solver:
    """Puts the case's response where a model's answer would be."""

    async def solve(state: TaskState, _generate: Generate) -> TaskState:
        state.output = ModelOutput.from_content("none", state.metadata["response"])
        return state

    return solve


def main() -> None:
    url, cases, in_flight = arguments()
    os.environ |= {"MOCK_BASE_URL": url, "MOCK_API_KEY": "x"}
    samples = [
        Sample(input=case["question"], target=case["reference"], metadata={"response": case["response"]})
        for case in cases
    ]
    grader = get_model("openai-api/mock/mock", config=GenerateConfig(max_connections=in_flight))
    task = Task(dataset=MemoryDataset(samples), solver=given_response(), scorer=model_graded_qa(model=grader))
    with tempfile.TemporaryDirectory() as logs:
        (log,) = eval(task, model="none", max_samples=in_flight, display="none", log_dir=logs)
    scores = log.results.scores if log.results else []
    finish(scores[0].scored_samples or 0 if scores else 0, len(cases))


if __name__ == "__main__":
    main()
