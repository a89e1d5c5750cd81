"""What the drivers share: the cases, their command line, the prompt, and how many calls may be in flight."""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")

TEMPLATE = """\
You compare a response to a question with a reference answer. The response is correct if it gives the same
answer as the reference, in whatever words, and incorrect otherwise. Give your reason first, then the label.

Question: {{question}}

Reference: {{reference}}

Response: {{response}}
"""


def write_cases(path: Path, count: int) -> None:
    """Write cases of about 1.3 kB, no two alike; with the lines above they make prompts of about 1.6 kB."""
    chance = random.Random(0)
    words = ["river", "stone", "letter", "winter", "bridge", "garden", "silver", "harbour", "market"]

    def text(length: int) -> str:
        return " ".join(chance.choices(words, k=length // 7)).capitalize() + "."

    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            case = {"id": f"case-{number}", "kind": "answer", "question": f"{number}: {text(600)}"}
            case |= {"reference": text(80), "response": text(700)}
            file.write(json.dumps(case) + "\n")


def arguments() -> tuple[str, list[dict[str, str]], int]:
    """Read `URL CASES IN_FLIGHT` from the command line; a case is its question, reference and response."""
    url, path, in_flight = sys.argv[1:]
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return (
        url,
        [{name: row[name] for name in ("question", "reference", "response")} for row in rows],
        int(in_flight),
    )


def prompt(case: dict[str, str]) -> str:
    text = TEMPLATE
    for name, value in case.items():
        text = text.replace("{{" + name + "}}", value)
    return text


async def gather(
    ask: Callable[[dict[str, str]], Awaitable[Answer]], cases: list[dict[str, str]], in_flight: int
) -> list[Answer]:
    """Ask about every case, so many at a time; the first error ends the run."""
    free = asyncio.Semaphore(in_flight)

    async def one(case: dict[str, str]) -> Answer:
        async with free:
            return await ask(case)

    return await asyncio.gather(*(one(case) for case in cases))


def finish(answered: int, asked: int) -> None:
    """End the driver: with an error unless every case has its answer."""
    print(f"{answered} of {asked} answered")
    sys.exit(0 if answered == asked else 1)
