"""A text read once: its words, where they stand, its sentences, the candidates for an answer that it names."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from judge_evaluators.short_text.words import MONTHS, STOP, is_number, is_year, words

_SENTENCE = re.compile(r"(?<=[a-z0-9)\"”][.!?])\s+(?=[A-Z0-9\"“])|\n+")
_NAME_LETTERS = 60  # in a name that is worth remembering
_NAME = re.compile(
    r"[^\W\d_a-zß-öø-ÿ][\w'’.&-]*(?:\s++(?:(?:of|the|de|von|van|and|la|le|da|di)\s*+)?[^\W\d_a-zß-öø-ÿ][\w'’.&-]*)*"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with its `words`; `places` has the first index of each; `first` counts the words of its first sentence.

    `starts` are the indices at which sentences begin.
    """

    text: str
    words: list[str]
    places: dict[str, int]
    starts: list[int]
    sequence: str
    numbers: list[str] = field(default_factory=list)
    years: list[str] = field(default_factory=list)
    months: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The words that may carry an answer; all of them where none may."""
        return self.content or list(self.places)

    @property
    def first(self) -> int:
        """How many words the first sentence has."""
        return self.starts[1] if len(self.starts) > 1 else len(self.words)


def read(text: str) -> Reading:
    """Return what the features need of a text.

    >>> read("It was 1899. Then came May 3.").years, read("Ben Hur. 2 of them").first
    (['1899'], 2)
    """
    found: list[str] = []
    starts = []
    for sentence in _SENTENCE.split(text):
        if new := words(sentence):
            starts.append(len(found))
            found += new
    places: dict[str, int] = {}
    for at, word in enumerate(found):
        places.setdefault(word, at)
    numbers = [w for w in places if is_number(w)]
    return Reading(
        text=text,
        words=found,
        places=places,
        starts=starts,
        sequence=f" {' '.join(w for w in found if w not in ('the', 'a', 'an'))} ",
        numbers=[n for n in numbers if not is_year(n)],
        years=[n for n in numbers if is_year(n)],
        months=[w for w in places if w in MONTHS],
        content=[w for w in places if w not in STOP],
    )


@functools.lru_cache(maxsize=1 << 12)
def read_short(text: str) -> Reading:
    """Return what `read` does, and remember it: a reference comes back with the next response. For short texts."""
    return read(text)


@functools.lru_cache(maxsize=1 << 5)
def read_question(text: str) -> Reading:
    """Return what `read` does, and remember the last few: a question comes back with the next response."""
    return read(text)


def distinct(references: Sequence[str]) -> list[Reading]:
    """Return the references, read, each spelling of the same words once; their order in the argument is irrelevant.

    >>> [r.text for r in distinct(["ryder cup", "Ryder Cup", "the Ryder cup"])]
    ['Ryder Cup']
    """
    found: dict[str, Reading] = {}
    for text in sorted(references):
        reading = read_short(text)
        found.setdefault(reading.sequence, reading)
    return list(found.values())


def names(text: str, *, known: frozenset[str], limit: int = 12) -> list[list[str]]:
    """Return the words of the capitalised names in a text, in order, that are not all `known`.

    >>> names("In the US, Trevor Jones and Randy Edelman wrote it.", known=frozenset({"us"}))
    [['trevor', 'jone', 'and', 'randy', 'edelman']]
    """
    found = []
    for match in _NAME.finditer(text):
        name = _name(match[0]) if len(match[0]) <= _NAME_LETTERS else _name.__wrapped__(match[0])
        if name and any(w not in known and w != "and" for w in name):
            found.append(name)
            if len(found) == limit:
                break
    return found


@functools.lru_cache(maxsize=1 << 12)
def _name(text: str) -> list[str]:
    return [w for w in words(text) if w not in STOP or w == "and"]
