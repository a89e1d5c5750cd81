"""The openai SDK by itself: one chat completion a case over its aiohttp transport."""

import asyncio

from common import arguments, finish, gather, prompt
from openai import AsyncOpenAI, DefaultAioHttpClient


async def main() -> None:
    url, cases, in_flight = arguments()
    async with AsyncOpenAI(base_url=url, api_key="x", http_client=DefaultAioHttpClient()) as client:

        async def ask(case: dict[str, str]) -> str | None:
            messages = [{"role": "user", "content": prompt(case)}]
            answer = await client.chat.completions.create(model="mock", messages=messages)
            return answer.choices[0].message.content

        answers = await gather(ask, cases, in_flight)
    finish(sum(bool(answer) for answer in answers), len(cases))


asyncio.run(main())
