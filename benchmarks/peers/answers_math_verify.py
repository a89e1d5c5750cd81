"""math-verify: both sides wrapped in ``$`` unless they hold LaTeX of their own, which is how its README uses it."""

import logging

from answers_common import main, of_each
from math_verify import parse, verify

logging.disable(logging.CRITICAL)


def wrapped(text: str) -> str:
    return text if "$" in text or "\\boxed" in text or "\\[" in text or "\\(" in text else f"${text}$"


def judge(_: str, reference: str, response: str) -> bool | None:
    gold = parse(wrapped(reference))
    said = parse(wrapped(response)) or parse(response)
    return verify(gold, said) if gold and said else None


main(of_each(judge))
