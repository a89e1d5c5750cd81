"""A pattern as an automaton: the places that take a character, and which place may follow which, on what condition.

It is built over the parse tree of `re`. Characters that no part of the pattern tells apart are one class, so a set is
a bit mask. A condition says what may stand before and after the seam between two places: that is how anchors, word
boundaries, possessive repeats and look-arounds of one character are exact. A longer look-ahead is a side branch,
because it costs what it reads; of what it demands only its first character is kept, and of a longer look-behind its
last. Back references are not covered and are refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

ENDLESS = int(c.MAXREPEAT)
_WRITTEN_OUT = 4  # times that a bounded repeat is written out; a longer one is a loop with a bound
_SAMPLES = "aZz09_ \n\t\r.,-!\x00\x7f\x85\xa0éÉßſK²½中ぁ한жЖ٣αΣ\u0301\u2003😀\ue000"
_CATEGORIES = {
    c.CATEGORY_DIGIT: re.compile(r"\d"),
    c.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    c.CATEGORY_SPACE: re.compile(r"\s"),
    c.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    c.CATEGORY_WORD: re.compile(r"\w"),
    c.CATEGORY_NOT_WORD: re.compile(r"\W"),
}


class Seam(NamedTuple):
    """What may stand before and after a point between two characters, as masks; each has a bit for the text's edge."""

    before: int
    after: int

    def __and__(self, other: Seam) -> Seam:
        return Seam(self.before & other.before, self.after & other.after)


class Step(NamedTuple):
    """A place that may come next, and the condition on the seam that is crossed."""

    to: int
    seam: Seam


@dataclass
class Part:
    """A piece of the pattern: the places it may begin and end with, and the seams at which it may be empty."""

    first: list[Step] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    empty: list[Seam] = field(default_factory=list)


@dataclass
class Automaton:
    """`masks` are the characters a place takes; place 0 is the search that tries the next start.

    `bounds` are the bounds of the repeats around a place, innermost last; `atomic` the groups that are not entered
    again once left.
    """

    samples: list[str]
    masks: list[int] = field(default_factory=list)
    steps: list[list[Step]] = field(default_factory=list)
    bounds: list[tuple[int, ...]] = field(default_factory=list)
    atomic: list[tuple[int, ...]] = field(default_factory=list)
    start: list[Step] = field(default_factory=list)
    accepting: frozenset[int] = frozenset()


def automaton(pattern: re.Pattern[str]) -> Automaton:
    """Return the automaton of a pattern."""
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    samples = sorted({*_SAMPLES, *_mentioned(tree)})
    return _Builder(samples, pattern.flags).build(tree)


def _mentioned(tree: Any) -> Iterator[str]:
    """Yield the characters at and beside the ends of each range, in every case."""
    for op, value in tree:
        if op in (c.LITERAL, c.NOT_LITERAL):
            ends = (value, value)
        elif op is c.RANGE:
            ends = value
        else:
            for inner in _inside(op, value):
                yield from _mentioned(inner)
            continue
        for code in (ends[0] - 1, *ends, ends[1] + 1):
            if 0 <= code < 0x110000:
                yield from (form for form in _cases(chr(code)) if len(form) == 1)


def _inside(op: Any, value: Any) -> Iterable[Any]:
    if op is c.IN:
        return ([item for item in value if item[0] in (c.LITERAL, c.RANGE)],)
    if op is c.BRANCH:
        return tuple(value[1])
    if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        return (value[2],)
    if op is c.SUBPATTERN:
        return (value[3],)
    if op in (c.ASSERT, c.ASSERT_NOT):
        return (value[1],)
    return (value,) if op is c.ATOMIC_GROUP else ()


def _cases(char: str) -> set[str]:
    return {char, char.lower(), char.upper()}


class _Builder:
    def __init__(self, samples: list[str], flags: int) -> None:
        self.made = Automaton(samples)
        self.any = (1 << len(samples)) - 1
        self.edge = 1 << len(samples)
        self.free = Seam(self.any | self.edge, self.any | self.edge)
        self.flags = flags
        self.bounds: tuple[int, ...] = ()
        self.atomic: tuple[int, ...] = ()
        self.atoms = 0
        self.words = self._mask([(c.CATEGORY, c.CATEGORY_WORD)])
        self.newline = 1 << samples.index("\n")

    def build(self, tree: Any) -> Automaton:
        made = self.made
        self._place(self.any)  # the search
        whole = self._sequence(tree)
        search = [step for step in whole.first if step.seam.before & self.any]
        made.steps[0] = [Step(0, self.free), *search]
        made.bounds[0] = (ENDLESS,)
        made.start = whole.first
        made.accepting = frozenset(
            step.to
            for step in whole.last
            if step.seam.after == self.free.after and not made.masks[step.to] & ~step.seam.before
        )
        return made

    def _place(self, mask: int) -> Part:
        made = self.made
        made.masks.append(mask)
        made.steps.append([])
        made.bounds.append(self.bounds)
        made.atomic.append(self.atomic)
        step = [Step(len(made.masks) - 1, self.free)]
        return Part(list(step), list(step))

    def _sequence(self, tree: Any) -> Part:
        whole = Part(empty=[self.free])
        for op, value in tree:
            whole = self._then(whole, self._part(op, value))
        return whole

    def _then(self, one: Part, other: Part) -> Part:
        self._join(one.last, other.first)
        return Part(
            _few([*one.first, *(Step(s.to, s.seam & seam) for seam in one.empty for s in other.first)]),
            _few([*other.last, *(Step(s.to, s.seam & seam) for seam in other.empty for s in one.last)]),
            _possible(a & b for a in one.empty for b in other.empty),
        )

    def _join(self, ends: list[Step], begins: list[Step]) -> None:
        for end in ends:
            for begin in begins:
                seam = end.seam & begin.seam
                if seam.before & self.made.masks[end.to] and seam.after & self.made.masks[begin.to]:
                    self.made.steps[end.to].append(Step(begin.to, seam))

    def _part(self, op: Any, value: Any) -> Part:
        if op in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN):
            return self._place(self._taken(op, value))
        if op is c.BRANCH:
            parts = [self._sequence(branch) for branch in value[1]]
            return Part(
                _few([step for part in parts for step in part.first]),
                _few([step for part in parts for step in part.last]),
                _possible(seam for part in parts for seam in part.empty),
            )
        if op is c.SUBPATTERN:
            _, on, off, tree = value
            before, self.flags = self.flags, (self.flags | on) & ~off
            part = self._sequence(tree)
            self.flags = before
            return part
        if op in (c.MAX_REPEAT, c.MIN_REPEAT):
            return self._repeat(*value)
        if op is c.POSSESSIVE_REPEAT:
            return self._in_one_piece(lambda: self._repeat(*value), self._taken_again(value))
        if op is c.ATOMIC_GROUP:
            return self._in_one_piece(lambda: self._sequence(value), 0)
        if op is c.AT:
            return Part(empty=self._at(value))
        if op in (c.ASSERT, c.ASSERT_NOT):
            return self._look(op, *value)
        raise ValueError(f"{op} is not covered")

    def _repeat(self, least: int, most: int, tree: Any) -> Part:
        if most <= _WRITTEN_OUT:
            whole = Part(empty=[self.free])
            for nth in reversed(range(most)):  # x(x(x)?)?, so that there is one way to take two of three
                whole = self._then(self._sequence(tree), whole)
                if nth >= least:
                    whole.empty = [self.free]
            return whole
        whole = Part(empty=[self.free])
        for _ in range(max(0, least - 1) if least <= _WRITTEN_OUT else 0):
            whole = self._then(whole, self._sequence(tree))
        outside, self.bounds = self.bounds, (*self.bounds, int(most))
        loop = self._sequence(tree)
        self.bounds = outside
        self._join(loop.last, loop.first)
        if loop.empty and most != ENDLESS:
            self._join(loop.last, loop.first)  # any of the rounds may be the empty ones, which is one way each
        if least == 0:
            loop.empty = [self.free]
        return self._then(whole, loop)

    def _in_one_piece(self, make: Any, taken_again: int) -> Part:
        outside, self.atoms = self.atomic, self.atoms + 1
        self.atomic = (*self.atomic, self.atoms)
        part: Part = make()
        self.atomic = outside
        left = Seam(self.free.before, self.free.after & ~taken_again)  # it was left because it could take no more
        part.last = [Step(step.to, step.seam & left) for step in part.last]
        part.empty = [seam & left for seam in part.empty]
        return part

    def _taken_again(self, value: Any) -> int:
        _, most, tree = value
        return self._one(tree, ahead=True) or 0 if most == ENDLESS and self._is_set(tree) else 0

    def _is_set(self, tree: Any) -> bool:
        return len(tree) == 1 and tree[0][0] in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN)

    def _at(self, where: Any) -> list[Seam]:
        free = self.free
        lines = bool(self.flags & re.MULTILINE)
        if where in (c.AT_BEGINNING, c.AT_BEGINNING_STRING):
            before = self.edge | (self.newline if lines and where is c.AT_BEGINNING else 0)
            return [Seam(before, free.after)]
        if where is c.AT_END_STRING:
            return [Seam(free.before, self.edge)]
        if where is c.AT_END:
            return [Seam(free.before, self.edge | self.newline)]
        inside, outside = self.words, (self.any & ~self.words) | self.edge
        if where is c.AT_BOUNDARY:
            return [Seam(inside, outside), Seam(outside, inside)]
        return [Seam(inside, inside), Seam(outside, outside)]

    def _look(self, op: Any, direction: int, tree: Any) -> Part:
        ahead, negative = direction > 0, op is c.ASSERT_NOT
        mask = self._one(tree, ahead=ahead)
        side: list[Step] = []
        if mask is None:
            body = self._in_one_piece(lambda: self._sequence(tree), 0)
            side = body.first if ahead else []
            ends = body.first if ahead else body.last
            mask = 0
            for step in ends:
                mask |= self.made.masks[step.to]
            mask = self.free.after if negative or body.empty else mask
        elif negative:
            mask = self.free.after & ~mask
        seam = Seam(self.free.before, mask) if ahead else Seam(mask, self.free.after)
        return Part(first=side, empty=[seam])

    def _one(self, tree: Any, *, ahead: bool) -> int | None:
        """Return the mask of what looks at one character or an edge of the text; None for what looks further."""
        if len(tree) != 1:
            return None
        op, value = tree[0]
        if op in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN):
            return self._taken(op, value)
        if op is c.AT and value in (c.AT_END, c.AT_END_STRING, c.AT_BEGINNING, c.AT_BEGINNING_STRING):
            (seam,) = self._at(value)
            return seam.after if ahead else seam.before
        if op is c.BRANCH:
            masks = [self._one(branch, ahead=ahead) for branch in value[1]]
            whole = 0
            for mask in masks:
                if mask is None:
                    return None
                whole |= mask
            return whole
        return self._one(value[3], ahead=ahead) if op is c.SUBPATTERN and not value[1] and not value[2] else None

    def _taken(self, op: Any, value: Any) -> int:
        if op is c.ANY:
            return self.any if self.flags & re.DOTALL else self.any & ~self.newline
        if op is c.IN:
            return self._mask(value)
        mask = self._mask([(c.LITERAL, value)])
        return mask if op is c.LITERAL else self.any & ~mask

    def _mask(self, items: Any) -> int:
        mask = 0
        negative = items[0][0] is c.NEGATE
        for bit, sample in enumerate(self.made.samples):
            forms = _cases(sample) if self.flags & re.IGNORECASE else {sample}
            if any(_takes(item, form) for item in items for form in forms if len(form) == 1) != negative:
                mask |= 1 << bit
        return mask


def _takes(item: Any, char: str) -> bool:
    op, value = item
    if op is c.LITERAL:
        return ord(char) == value
    if op is c.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return op is c.CATEGORY and _CATEGORIES[value].match(char) is not None


def _few(steps: list[Step]) -> list[Step]:
    """Return each step at most twice: two ways are ambiguous, and a third says no more."""
    return [step for step, count in Counter(steps).items() for _ in range(min(2, count)) if all(step.seam)]


def _possible(seams: Iterable[Seam]) -> list[Seam]:
    return [seam for seam, count in Counter(seams).items() for _ in range(min(2, count)) if all(seam)]
