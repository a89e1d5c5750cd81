"""autoevals: `LLMClassifier.eval_async` with two choices and, as by default, a reason."""

import asyncio

from autoevals import LLMClassifier, init
from common import TEMPLATE, arguments, finish, gather
from openai import AsyncOpenAI


async def main() -> None:
    url, cases, in_flight = arguments()
    init(client=AsyncOpenAI(base_url=url, api_key="x"), is_async=True)
    template = TEMPLATE.replace("{{question}}", "{{input}}").replace("{{reference}}", "{{expected}}")
    classifier = LLMClassifier(
        name="correctness",
        prompt_template=template.replace("{{response}}", "{{output}}"),
        choice_scores={"correct": 1, "incorrect": 0},
        model="mock",
    )

    async def ask(case: dict[str, str]) -> float | None:
        score = await classifier.eval_async(output=case["response"], expected=case["reference"], input=case["question"])
        return score.score

    scores = await gather(ask, cases, in_flight)
    finish(sum(score is not None for score in scores), len(cases))


asyncio.run(main())
