"""Texts that a pattern finds hard, made from its automaton, and the pattern run on them in a process that can be ended.

A text leads to a loop, goes round it until a length is reached, and ends with something that does not fit. Run as a
program, this reads patterns as JSON and says the name of each before it runs it, so that whoever waits knows where.
"""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from patterns.ambiguity import Mode, _Analysis
from patterns.automaton import automaton

_ROUNDS = 3  # ways round a loop that are tried
_SUFFIXES = ("\x00", "Zq! ")
_RUN = """
import json, sys
from patterns.pumping import main
main(json.load(sys.stdin))
"""


class Job(NamedTuple):
    """A pattern, its uses, and how long a text it may meet."""

    name: str
    pattern: str
    flags: int
    modes: tuple[Mode, ...]
    longest: int


def texts(pattern: re.Pattern[str], *, longest: int) -> Iterator[str]:
    """Yield texts of that length that go round the loops of a pattern."""
    graph = _Analysis(automaton(pattern), "match")
    for loop in graph._loops(graph.every - {0}):
        for place in sorted(loop.places)[:_ROUNDS]:
            for read in islice(_readable(graph.masks[place]), 2):
                pump = _path(graph, [(place, read)], (place, read), loop.places)
                if not pump:
                    continue
                prefix = _path(graph, None, (place, read), graph.every) or ""
                rounds = max(1, (longest - len(prefix) - 4) // len(pump))
                yield from ((prefix + pump * rounds + suffix)[:longest] for suffix in _SUFFIXES)


def _readable(mask: int) -> Iterator[int]:
    return (bit for bit in range(mask.bit_length()) if mask >> bit & 1)


def _path(
    graph: _Analysis, start: list[tuple[int, int]] | None, aim: tuple[int, int], within: frozenset[int]
) -> str | None:
    """Return a shortest text that leads to a place; from the start of the pattern where no place is given."""
    waiting: list[tuple[tuple[int, int], list[int]]] = [(node, []) for node in start or ()]
    if start is None:
        waiting = [((s.to, char), [char]) for s in graph.made.start for char in _readable(graph.masks[s.to])]
    seen = set()
    for node, read in waiting:  # grows while it is read
        if node == aim and (read or start is None):
            return graph._shown(read)
        if node in seen and read:
            continue
        seen.add(node)
        for char, places in graph.after(*node).items():
            waiting += [((to, char), [*read, char]) for to in places if to in within and (to, char) not in seen | {0}]
            if aim[1] == char and aim[0] in places:
                return graph._shown([*read, char])
    return None


def hanging(jobs: Iterable[Job], *, patience_s: float) -> str | None:
    """Return the name of the first pattern that takes longer than that on its texts, or None."""
    child = subprocess.Popen(
        [sys.executable, "-c", _RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert child.stdin is not None and child.stdout is not None
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    output = child.stdout

    def read() -> None:
        for line in output:
            lines.put(line)
        lines.put("")

    reader = threading.Thread(target=read, daemon=True)
    with child:
        json.dump([job._asdict() for job in jobs], child.stdin)
        child.stdin.close()
        reader.start()
        name = "nothing yet"
        try:
            while line := lines.get(timeout=patience_s):
                name = line.strip()
        except queue.Empty:
            return name
        finally:
            child.kill()
            reader.join()
    return None if name == "done" else f"{name} (the process ended)"


def main(jobs: list[dict[str, object]]) -> None:
    """Run each pattern on its texts, in each of its uses, and say which one comes next."""
    for data in jobs:
        job = Job(**data)  # type: ignore[arg-type]
        print(job.name, flush=True)
        pattern = re.compile(job.pattern, job.flags)
        for text in texts(pattern, longest=job.longest):
            for mode in job.modes:
                if mode == "search":
                    pattern.sub("", text)
                else:
                    getattr(pattern, mode)(text)
    print("done", flush=True)
