"""The classifier: a file of numbers, read once, and the few lines that evaluate it. Nothing in the file is code."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from judge_evaluators.short_text.features import features
from judge_evaluators.short_text.forest import Forest, Tree
from judge_evaluators.short_text.reading import Reading, distinct, read, read_question


class Weights(NamedTuple):
    """What training found: see `benchmarks/train_short_text.py`, which writes the file.

    The probability is ``sigmoid(slope * score + offset)``, the score being the sum over the trees of the forest.
    `p_correct` and `p_incorrect` are the thresholds above and below which the classifier decides.
    """

    features: list[str]
    forest: Forest
    rarity: dict[str, float]
    slope: float
    offset: float
    p_correct: float
    p_incorrect: float


def probability(question: str | None, references: Sequence[str], response: str) -> float:
    """Return the calibrated probability that a person would take the response for one of the references.

    It holds for short answers to questions of general knowledge in English, whose people's verdicts it was
    fitted to; elsewhere it is a score. Deterministic. The cost grows with the length of the texts: bound them.

    >>> probability("who wrote hamlet", ["William Shakespeare"], "It was written by Shakespeare.") > 0.5
    True
    """
    return probability_read(read_question(question or ""), distinct(references), read(response))


def probability_read(question: Reading, references: Sequence[Reading], said: Reading) -> float:
    """Return the same for texts that have been read."""
    weights = load()
    found = features(question, references, said, rarity=weights.rarity)
    return calibrated(weights.forest.score([found[name] for name in weights.features]), weights)


def calibrated(raw: float, weights: Weights) -> float:
    """Return the probability that belongs to a score."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, weights.slope * raw + weights.offset))))


@functools.cache
def load() -> Weights:
    """Return the weights that ship with the package."""
    text = resources.files("judge_evaluators.short_text").joinpath("weights.json").read_text(encoding="utf-8")
    return parse(json.loads(text))


def parse(data: Mapping[str, Any]) -> Weights:
    """Return the weights that a decoded file holds; other entries of the file are for its readers."""
    known: dict[str, Any] = {name: data[name] for name in Weights._fields if name != "forest"}
    rarity: dict[str, float] = {}
    for weight, words in known["rarity"].items():
        rarity |= dict.fromkeys(words.split(" "), float(weight))
    known["rarity"] = rarity
    trees = [Tree(*tree) for tree in data["trees"]]
    return Weights(**known, forest=Forest(trees, width=len(known["features"])))
