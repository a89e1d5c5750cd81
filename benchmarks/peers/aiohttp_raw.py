"""The floor: one aiohttp post a case, and json.loads of what comes back."""

import asyncio

import aiohttp
from common import arguments, finish, gather, prompt


async def main() -> None:
    url, cases, in_flight = arguments()
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(case: dict[str, str]) -> str:
            body = {"model": "mock", "messages": [{"role": "user", "content": prompt(case)}]}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                answer = await reply.json()
            return answer["choices"][0]["message"]["content"]

        answers = await gather(ask, cases, in_flight)
    finish(sum(bool(answer) for answer in answers), len(cases))


asyncio.run(main())
