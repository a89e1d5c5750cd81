"""Answered questions, as many as wanted and no two alike, made from the answers of `examples/answers.jsonl`.

The first copy of each is as it was saved. In a further copy of a short answer other words stand in the places of a
third of its words, the same in question, references and response, so that what is decided is decided the same way. In
one of a solution the numbers are others, and steps stand before the answer. Two thirds are short answers.
"""

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
SOURCES = {"judge_math": ("hardverify-math",), "judge_short_qa": ("evouna-nq", "evouna-tq")}
WORD = re.compile(r"\b[^\W\d_]{4,}\b")
NUMBER = re.compile(r"(?<![\d^_.])(?<![\^_]\{)\d{1,6}(?!\d)")
Row = dict[str, Any]


def answered(count: int) -> dict[str, list[Row]]:
    """So many rows in all, by the task of `examples/lm_eval` that asks them."""
    lines = (EXAMPLES / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    saved = [json.loads(line) for line in lines]
    found: dict[str, list[Row]] = {}
    for task, sources in SOURCES.items():
        rows = [row for row in saved if row["tags"]["source"] in sources]
        share = count // 3 if task == "judge_math" else count - count // 3
        found[task] = copies(rows, max(1, share), worked=task == "judge_math")
    return found


def copies(rows: list[Row], count: int, *, worked: bool) -> list[Row]:
    chance = random.Random(0)
    pool = sorted({word for row in rows for text in row["references"] for word in WORD.findall(text)})
    found: list[Row] = []
    seen: set[str] = set()
    for place in itertools.count():
        row = rows[place % len(rows)]
        texts = [row["question"], row["response"], *row["references"]]
        if place >= len(rows):
            texts = renumbered(texts, chance) if worked else renamed(texts, pool, chance)
            texts[1] = solution(texts[1], chance) if worked else texts[1]
        question, response, *references = texts
        if response not in seen:
            seen.add(response)
            found.append({"id": str(len(found)), "question": question, "references": references, "response": response})
        if len(found) == count:
            return found
    raise AssertionError  # counting never ends


def renamed(texts: list[str], pool: list[str], chance: random.Random) -> list[str]:
    """The texts with other words, which begin with a capital where those did, and other numbers."""
    words = sorted({word for text in texts for word in WORD.findall(text)})
    chosen = chance.sample(words, -(-len(words) // 3))
    names = {word: cased(chance.choice(pool), word) for word in chosen}
    return [WORD.sub(lambda found: names.get(found[0], found[0]), text) for text in renumbered(texts, chance)]


def cased(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word.lower()


def renumbered(texts: list[str], chance: random.Random) -> list[str]:
    """The texts with other numbers, the same for the same; exponents, indices and decimals stay."""
    more = chance.randrange(1, 900)
    return [NUMBER.sub(lambda found: str(int(found[0]) + more), text) for text in texts]


def solution(answer: str, chance: random.Random) -> str:
    """A few lines of reckoning that end in the answer."""
    lines = ["Let us go step by step."]
    for _ in range(chance.randrange(2, 6)):
        a, b = chance.randrange(2, 99), chance.randrange(2, 99)
        lines.append(f"Since ${a} \\cdot {b} = {a * b}$, the next term is at most $\\frac{{{a * b}}}{{{a + b}}}$.")
    end = answer if "\\boxed" in answer else f"\\boxed{{{answer.strip().strip('$')}}}"
    return "\n".join([*lines, f"The answer is ${end}$."])
