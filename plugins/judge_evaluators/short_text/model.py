"""The classifier: a file of numbers, read once, and the few lines that evaluate it. Nothing in the file is code."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import NamedTuple

from judge_evaluators.short_text.features import features


class Tree(NamedTuple):
    """A decision tree. Node `i` sends a row left when `row[feature[i]] <= threshold[i]`.

    A negative child `c` is the leaf `-c - 1`, whose value is what the tree adds to the score.
    """

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]


class Weights(NamedTuple):
    """What training found: see `training/short_text.py`, which writes the file.

    The probability is ``sigmoid(slope * score + offset)``, the score being the sum over the trees.
    `p_correct` and `p_incorrect` are the thresholds above and below which the classifier decides.
    """

    features: list[str]
    trees: list[Tree]
    rarity: dict[str, float]
    slope: float
    offset: float
    p_correct: float
    p_incorrect: float


def probability(question: str | None, references: Sequence[str], response: str) -> float:
    """Return the calibrated probability that a person would take the response for one of the references.

    It holds for short answers to questions of general knowledge in English, whose people's verdicts it was
    fitted to; elsewhere it is a score. Deterministic. The cost grows with the length of the texts: bound them.

    >>> probability("who wrote hamlet", ["William Shakespeare"], "It was written by Shakespeare.") > 0.9
    True
    """
    weights = load()
    found = features(question or "", references, response, rarity=weights.rarity)
    return calibrated(score([found[name] for name in weights.features], weights.trees), weights)


def score(row: Sequence[float], trees: Sequence[Tree]) -> float:
    """Return the sum of the leaves that a row of features falls into."""
    total = 0.0
    for feature, threshold, left, right, value in trees:
        node = 0
        while node >= 0:
            node = left[node] if row[feature[node]] <= threshold[node] else right[node]
        total += value[-node - 1]
    return total


def calibrated(raw: float, weights: Weights) -> float:
    """Return the probability that belongs to a score."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, weights.slope * raw + weights.offset))))


@functools.cache
def load() -> Weights:
    """Return the weights that ship with the package."""
    text = resources.files("judge_evaluators.short_text").joinpath("weights.json").read_text(encoding="utf-8")
    return parse(json.loads(text))


def parse(data: Mapping[str, object]) -> Weights:
    """Return the weights that a decoded file holds; other entries of the file are for its readers."""
    known: dict[str, object] = {name: data[name] for name in Weights._fields}
    known["trees"] = [Tree(*tree) for tree in known["trees"]]  # type: ignore[attr-defined]
    rarity: dict[str, float] = {}
    for weight, words in known["rarity"].items():  # type: ignore[attr-defined]
        rarity |= dict.fromkeys(words.split(" "), float(weight))
    known["rarity"] = rarity
    return Weights(**known)  # type: ignore[arg-type]
