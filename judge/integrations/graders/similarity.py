"""How alike two texts are: the metrics of a ``text_similarity`` grader, each from 0 to 1.

The service does not document which variants it computes. Here ``fuzzy_match`` is ``rapidfuzz.fuzz.ratio``; ``bleu``,
``gleu`` and ``meteor`` are NLTK's for one sentence, BLEU with the first smoothing of Chen and Cherry (2014), METEOR
with stems and without synonyms, which need a dictionary; ``rouge_*`` are F-measures (Lin, 2004) over words as in the
package rouge-score, without stemming.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from judge.errors import ConfigError

_WORD = re.compile(r"[a-z0-9]+")
_TOKEN = re.compile(r"\w+|[^\w\s]+")


def similarity(metric: str, text: str, reference: str) -> float:
    """Return how alike two texts are. Two empty texts are; a text and an empty one are not.

    >>> round(similarity("rouge_l", "the cat sat", "the cat sat down"), 3)
    0.857
    """
    if not text.strip() or not reference.strip():
        return float(text.strip() == reference.strip())
    if metric.startswith("rouge_"):
        return _rouge(metric.removeprefix("rouge_"), text, reference)
    return max(0.0, min(1.0, _BY_LIBRARY[metric](text, reference)))


def ensure_installed(metric: str) -> None:
    """Raise ConfigError where the library that a metric needs is not installed."""
    needed = None if metric.startswith("rouge_") else "rapidfuzz" if metric == "fuzzy_match" else "nltk"
    if needed and find_spec(needed) is None:
        raise ConfigError(f"{metric} needs {needed}, which is not installed: pip install 'equijudge[graders]'")


def _rouge(kind: str, text: str, reference: str) -> float:
    """Return the F-measure of common n-grams, or of the longest common subsequence of words."""
    said, wanted = (_WORD.findall(one.lower()) for one in (text, reference))
    if kind == "l":
        return _f_measure(_longest_common(said, wanted), len(said), len(wanted))
    size = int(kind)
    ours, theirs = (Counter(zip(*(words[n:] for n in range(size)), strict=False)) for words in (said, wanted))
    return _f_measure((ours & theirs).total(), ours.total(), theirs.total())


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    row = [0] * (len(b) + 1)
    for word in a:
        before = 0
        for place, other in enumerate(b, start=1):
            before, row[place] = row[place], before + 1 if word == other else max(row[place], row[place - 1])
    return row[-1]


def _f_measure(common: int, said: int, wanted: int) -> float:
    return 2 * common / (said + wanted) if common else 0.0


def _fuzzy_match(text: str, reference: str) -> float:
    from rapidfuzz import fuzz

    return float(fuzz.ratio(text, reference)) / 100


def _bleu(text: str, reference: str) -> float:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smoothing = SmoothingFunction().method1
    return float(sentence_bleu([_TOKEN.findall(reference)], _TOKEN.findall(text), smoothing_function=smoothing))


def _gleu(text: str, reference: str) -> float:
    from nltk.translate.gleu_score import sentence_gleu

    return float(sentence_gleu([_TOKEN.findall(reference)], _TOKEN.findall(text)))


def _meteor(text: str, reference: str) -> float:
    from nltk.translate.meteor_score import single_meteor_score

    return float(single_meteor_score(_TOKEN.findall(reference), _TOKEN.findall(text), wordnet=_NoSynonyms()))


class _NoSynonyms:
    """In place of WordNet, whose data is a download of its own."""

    def synsets(self, word: str) -> list[Any]:  # noqa: ARG002 - NLTK's signature
        """No word has a synonym."""
        return []


_BY_LIBRARY: dict[str, Callable[[str, str], float]] = {
    "fuzzy_match": _fuzzy_match,
    "bleu": _bleu,
    "gleu": _gleu,
    "meteor": _meteor,
}
