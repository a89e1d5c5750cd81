"""A reference as it is found in a response: which of its words stand there, exactly or nearly, and their weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from judge_evaluators.short_text.reading import Reading
from judge_evaluators.short_text.similarity import Neighbours

_NEAR = 4  # references whose words are looked up nearly


class Words(NamedTuple):
    """The words of the question and of the response that may carry an answer; `rarity` weighs a word."""

    asked: frozenset[str]
    said: list[str]
    fresh: list[str]
    rarity: Mapping[str, float]


class Match(NamedTuple):
    """A reference as it is found in a response: `keys` are its words that may carry the answer.

    `weights` says how rare each key is, `hits` where in the response it stands first (-1: nowhere), `new` whether
    the question lacks it. `cover` is the weighted share of the keys that was hit, `cover_new` that of the new ones.
    `near` says how near the nearest word is to each key, `cover_near` and `cover_new_near` are the shares with it.
    """

    reference: Reading
    keys: list[str]
    weights: list[float]
    hits: list[int]
    new: list[bool]
    whole: bool
    cover: float
    cover_new: float
    near: list[float]
    cover_near: float
    cover_new_near: float


def matches(references: Sequence[Reading], said: Reading, used: Words) -> list[Match]:
    """Return a match for each reference, the best first; there must be a reference."""
    found = [_match(reference, said, used) for reference in references]
    found.sort(key=lambda m: (m.whole, m.cover_new, m.cover, -len(m.keys), m.reference.sequence), reverse=True)
    near = Neighbours(used.said)
    head = [_nearly(m, near) for m in found[:_NEAR]]
    head.sort(key=lambda m: (m.whole, m.cover_new_near, len(m.keys) if m.whole else 0, m.cover_near), reverse=True)
    return head + found[_NEAR:]


def _match(reference: Reading, said: Reading, used: Words) -> Match:
    keys, places, asked = reference.keys, said.places, used.asked
    weights = [used.rarity.get(w, used.rarity[""]) for w in keys]
    hits = [places.get(w, -1) for w in keys]
    new = [w not in asked for w in keys]
    total = hit = total_new = hit_new = 0.0
    for weight, at, fresh in zip(weights, hits, new, strict=True):
        total += weight
        total_new += weight * fresh
        if at >= 0:
            hit += weight
            hit_new += weight * fresh
    whole = len(reference.sequence) > 2 and reference.sequence in said.sequence
    cover = hit / total if total else 0.0
    cover_new = hit_new / total_new if total_new else cover
    return Match(reference, keys, weights, hits, new, whole, cover, cover_new, [], cover, cover_new)


def _nearly(match: Match, near: Neighbours) -> Match:
    found = [1.0 if at >= 0 else near.nearest(key) for key, at in zip(match.keys, match.hits, strict=True)]
    cover = mean(found, match.weights)
    cover_new = mean(found, match.weights, match.new, otherwise=cover)
    return match._replace(near=found, cover_near=cover, cover_new_near=cover_new)


def mean(
    values: Sequence[float], weights: Sequence[float], chosen: Sequence[bool] | None = None, otherwise: float = 0.0
) -> float:
    """Return the weighted mean of the chosen values, `otherwise` where nothing that weighs was chosen."""
    total = top = 0.0
    for i, weight in enumerate(weights):
        if chosen is None or chosen[i]:
            total += weight
            top += weight * values[i]
    return top / total if total else otherwise
