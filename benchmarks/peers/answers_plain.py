"""The floor: exact match, token F1 of at least one half, and containment, after the normalisation of SQuAD."""

import re
import string
import sys
from collections import Counter

from answers_common import main, of_each


def words(text: str) -> list[str]:
    text = "".join(" " if char in string.punctuation else char for char in text.lower())
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def exact(_: str, reference: str, response: str) -> bool:
    return words(reference) == words(response)


def token_f1(_: str, reference: str, response: str) -> bool:
    gold, said = words(reference), words(response)
    common = sum((Counter(gold) & Counter(said)).values())
    return bool(common) and 2 * common / (len(gold) + len(said)) >= 0.5


def contained(_: str, reference: str, response: str) -> bool:
    gold = " ".join(words(reference))
    return bool(gold) and f" {gold} " in f" {' '.join(words(response))} "


main(of_each({"exact": exact, "f1": token_f1, "contained": contained}[sys.argv[3]]))
