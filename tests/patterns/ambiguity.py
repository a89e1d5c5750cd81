"""How much a pattern may backtrack: the number of ways in which its automaton can read one text.

A matcher that backtracks tries, in the worst case, every way to read a text before it gives up. With two ways to go
round a loop over the same text their number is exponential. With two loops, one of which can read what the other reads
and lead to it, it grows by one power; the search for a place to start is such a loop, too. (Weber and Seidl, *On the
degree of ambiguity of finite automata*, 1991.) A repeat that ends after at most m rounds is a loop that counts m
instead of a power.

What holds: a text of n characters takes at most about `factor` · n ** `degree` steps, in every use of the pattern
that was named. A place where the pattern may end without a condition never fails, so nothing before it is tried again;
with `fullmatch` no place is such. Not covered: what a step costs, and the characters that automaton.py samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from functools import cache, lru_cache
from itertools import product
from typing import Literal, NamedTuple, TypeVar

from patterns.automaton import ENDLESS, Automaton, automaton

Mode = Literal["search", "match", "fullmatch"]
Node = TypeVar("Node", bound=Hashable)


class Cost(NamedTuple):
    """At most about factor · n ** degree steps; degree 0 says exponential. `where` shows the text that costs it."""

    degree: int
    factor: int
    where: str

    @property
    def exponential(self) -> bool:
        return self.degree == 0


class Loop(NamedTuple):
    """A set of places that lead to each other. `bound` is how often it may be gone round."""

    places: frozenset[int]
    bound: int
    atomic: tuple[int, ...]


@lru_cache(maxsize=4096)
def cost(pattern: re.Pattern[str], mode: Mode) -> Cost:
    """Return the worst cost of a use of a pattern; `search` stands for finditer, sub and split as well."""
    return _Analysis(automaton(pattern), mode).cost()


class _Analysis:
    def __init__(self, made: Automaton, mode: Mode) -> None:
        self.made, self.mode = made, mode
        self.ends = frozenset() if mode == "fullmatch" else made.accepting
        self.classes = _classes(made)
        self.masks = [self._coarse(mask) for mask in made.masks]
        self.steps = [
            [(s.to, self._coarse(s.seam.before), self._coarse(s.seam.after)) for s in steps] for steps in made.steps
        ]
        if mode != "search":
            self.steps[0] = []
        self.table: dict[tuple[int, int], dict[int, list[int]]] = {}
        self.every = frozenset(range(len(self.masks)))
        self.failing = self.every - self.ends - {0}
        self.reach: dict[tuple[int, bool], frozenset[int]] = {}

    def _coarse(self, mask: int) -> int:
        return sum(1 << n for n, one in enumerate(self.classes) if mask >> one & 1)

    def after(self, place: int, read: int) -> dict[int, list[int]]:
        """Return by character which places may read it after a place that read `read`, once for each way."""
        if (place, read) not in self.table:
            found: dict[int, list[int]] = {}
            for to, before, after in self.steps[place]:
                if before >> read & 1:
                    for char in _bits(after & self.masks[to]):
                        found.setdefault(char, []).append(to)
            self.table[place, read] = found
        return self.table[place, read]

    def next(self, place: int, read: int, char: int, within: frozenset[int]) -> list[int]:
        """Return the places that may read `char` after a place that read `read`, once for each way."""
        return [to for to in self.after(place, read).get(char, ()) if to in within]

    def cost(self) -> Cost:
        loops = self._loops(self.failing)
        for loop in loops:
            if witness := self._two_ways(loop):
                return Cost(0, 1, witness)
        sources = [loop for loop in self._loops(self.every - {0}) if loop.places & self.ends]
        if self.mode == "search":
            sources.append(Loop(frozenset({0}), ENDLESS, ()))
        return self._longest(sources, loops)

    def _loops(self, within: frozenset[int]) -> list[Loop]:
        found = []
        graph = components(within, lambda p: (to for to, _, _ in self.steps[p] if to in within))
        for places in graph:
            if len(places) == 1 and not any(to in places for p in places for to, _, _ in self.steps[p]):
                continue
            shared = [self.made.bounds[p] for p in places]
            bounds = {bound for one in shared for bound in one}
            common = shared[0]
            for one in shared:
                common = tuple(a for a, b in zip(common, one, strict=False) if a == b)
            total = 1
            for bound in max(shared, key=len):
                total *= bound
            bound = ENDLESS if ENDLESS in bounds or ENDLESS in common else min(total, ENDLESS)
            atoms = [self.made.atomic[p] for p in places]
            atomic = tuple(a for n, a in enumerate(atoms[0]) if all(one[: n + 1] == atoms[0][: n + 1] for one in atoms))
            found.append(Loop(frozenset(places), bound, atomic))
        return found

    def _two_ways(self, loop: Loop) -> str:
        """Return a text that leads round a loop in two ways, or nothing."""
        nodes = [(p, char) for p in loop.places for char in _bits(self.masks[p])]
        single = {
            node: n
            for n, component in enumerate(components(nodes, lambda node: self._ahead(node, loop.places)))
            for node in component
        }
        for p, read in nodes:
            for char in self.after(p, read):
                ways = self.next(p, read, char, loop.places)
                for to in ways:
                    if ways.count(to) > 1 and single[p, read] == single[to, char]:
                        return self._shown([read, char])
        together = [(p, p, read) for p, read in nodes]

        def ahead(node: tuple[int, int, int]) -> Iterable[tuple[int, int, int]]:
            p, q, read = node
            for char in self.after(p, read):
                ours = self.next(p, read, char, loop.places)
                if ours:
                    for pair in product(ours, self.next(q, read, char, loop.places)):
                        yield (*pair, char)

        for component in components(together, ahead):
            if any(p == q for p, q, _ in component) and any(p != q for p, q, _ in component):
                return self._shown([read for _, _, read in component][:8])
        return ""

    def _ahead(self, node: tuple[int, int], within: frozenset[int]) -> Iterable[tuple[int, int]]:
        place, read = node
        for char in self.after(place, read):
            for to in self.next(place, read, char, within):
                yield to, char

    def _longest(self, sources: list[Loop], loops: list[Loop]) -> Cost:
        """Return the most powers that a chain of loops, each of which can lead to the next on its own text, adds up to.

        A loop that may end the match only begins a chain: where it stands, nothing before it is tried again.
        """
        nodes = [*sources, *loops]
        first = len(sources)

        @cache
        def best(i: int) -> tuple[int, int, tuple[int, ...]]:
            """Return the powers and the factor of the best chain from a loop on, and the loops of it."""
            found: tuple[int, int, tuple[int, ...]] = (0, 1, (i,))
            for j in range(first, len(nodes)):
                if j == i or not self._reaches(nodes[i].places, nodes[j].places, begins=i < first):
                    continue
                powers, factor, path = best(j)
                if bound := self._link(nodes[i], nodes[j], begins=i < first):
                    powers, factor = (powers + 1, factor) if bound == ENDLESS else (powers, factor * bound)
                    path = (i, *path)
                if (powers, factor) > found[:2]:
                    found = (powers, factor, path)
            return found

        powers, factor, path = max((best(i) for i in range(len(nodes))), default=(0, 1, ()))
        return Cost(1 + powers, factor, " then ".join(self._places(nodes[i]) for i in path))

    def _reaches(self, ones: frozenset[int], others: frozenset[int], *, begins: bool) -> bool:
        return any(self._reached(one, begins) & others for one in ones)

    def _reached(self, place: int, begins: bool) -> frozenset[int]:
        """Return what a place leads to; only by way of places that may fail, unless the search begins again there."""
        if (place, begins) not in self.reach:
            seen, waiting = {place}, [place]
            while waiting:
                for to, _, _ in self.steps[waiting.pop()]:
                    if to not in seen and (begins or to in self.failing):
                        seen.add(to)
                        waiting.append(to)
            self.reach[place, begins] = frozenset(seen)
        return self.reach[place, begins]

    def _link(self, one: Loop, other: Loop, *, begins: bool) -> int:
        """Return the bound of the link: how many ways there are to leave one loop for the other; 0 where one only."""
        if one.atomic != other.atomic[: len(one.atomic)]:
            return 0
        reached = frozenset().union(*(self._reached(p, begins) for p in one.places))
        between = frozenset(p for p in reached if self._reached(p, begins) & other.places)
        for p, q in product(one.places - other.places, other.places):
            for read in _bits(self.masks[p] & self.masks[q]):
                if self._leads(p, q, read, (one.places, between, other.places)):
                    return min(one.bound, other.bound)
        return 0

    def _leads(self, p: int, q: int, read: int, within: tuple[frozenset[int], frozenset[int], frozenset[int]]) -> bool:
        """Whether some text leads from p to p, from p to q and from q to q at once."""
        ones, between, others = within
        start, aim = (p, p, q, read), (p, q, q, read)
        seen, waiting = {start}, [start]
        while waiting:
            x, y, z, last = waiting.pop()
            for char in self.after(z, last):
                if not (ends := self.next(z, last, char, others)) or not (begins := self.next(x, last, char, ones)):
                    continue
                for triple in product(set(begins), set(self.next(y, last, char, between)), set(ends)):
                    node = (*triple, char)
                    if node == aim:
                        return True
                    if node not in seen:
                        seen.add(node)
                        waiting.append(node)
        return False

    def _shown(self, read: list[int]) -> str:
        return "".join(self.made.samples[self.classes[char]] for char in read)

    def _places(self, loop: Loop) -> str:
        if loop.places == {0}:
            return "any start"
        sets = {self._shown(list(_bits(self.masks[p]))[:6]) for p in list(loop.places)[:3]}
        return "a loop over " + " ".join(repr(one) for one in sorted(sets))


def _classes(made: Automaton) -> list[int]:
    """Return one sample for each class of characters that nothing in the automaton tells apart."""
    masks = {*made.masks, *(m for steps in made.steps for step in steps for m in step.seam)}
    seen: dict[tuple[bool, ...], int] = {}
    for bit in range(len(made.samples)):
        seen.setdefault(tuple(bool(mask >> bit & 1) for mask in masks), bit)
    return list(seen.values())


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def components(roots: Iterable[Node], ahead: Callable[[Node], Iterable[Node]]) -> list[list[Node]]:
    """Return the strongly connected components of what some nodes lead to (Tarjan, without recursion)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    found: list[list[Node]] = []
    for root in roots:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        work = [(root, iter(list(ahead(root))))]
        while work:
            node, rest = work[-1]
            for to in rest:
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to)
                    work.append((to, iter(list(ahead(to)))))
                    break
                if low[to] >= 0:
                    low[node] = min(low[node], low[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        low[member] = -1  # done
                        component.append(member)
                        if member == node:
                            break
                    found.append(component)
    return found
