"""What a run of untrusted Python costs: a plain process, bubblewrap alone, two interpreters in process, and ours.

Every contestant runs the same snippet, each in turn, round after round, so that whatever else the machine does falls
on all alike. First output is told from the call until the first byte arrived, complete until the answer was there;
processor time is that of this process and everything below it, of one run, tearing down included. Throughput is
measured with one thread a core, one contestant after the other.

RestrictedPython and pydantic-monty are references, not walls of the same kind: no numpy, no files, no memory limit of
the process. They take part where they are installed: pip install RestrictedPython pydantic-monty. The bare rows
without numpy and sympy show what starting an interpreter costs by itself.

Needs Linux and the sandbox's own requirements. Prints a table, and with --json one object.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from judge.errors import SandboxError
from judge.sandbox import Limits, Sandbox, asking, outer
from judge.sandbox.jobs import Job

LIGHT = "print(6 * 7)"
HEAVY = "import numpy, sympy; print(sympy.Integer(6) * int(numpy.int64(7)))"
DEADLINE_S = 120.0
PAUSE_S = 0.05  # between two runs of the latencies, so that one run's tearing down is not the next one's wait


class Once(NamedTuple):
    """Seconds until the first output, where there is any before the end, and until the end."""

    first: float
    complete: float


class Contestant(NamedTuple):
    name: str
    run: Callable[[], Once]
    workers: Callable[[], set[int]] = set  # processes below us whose time does not count as that of a child


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=4.0, help="of throughput, each contestant")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    starts = {tier: start_up(tier) for tier in ("full", "restricted")}
    with contextlib.ExitStack() as stack:
        contestants = [*processes(), *interpreters(stack), *ours(stack)]
        rows = latencies(contestants, options.rounds)
        for contestant in contestants:
            rows[contestant.name]["runs/s"] = throughput(contestant, options.seconds)
    if options.json:
        print(json.dumps({"machine": machine(), "start_s": starts, "rows": rows}, indent=2))
        return
    print(machine())
    columns = list(next(iter(rows.values())))
    print(f"{'':34}" + "".join(f"{column:>15}" for column in columns))
    for name, row in rows.items():
        print(f"{name:34}" + "".join(f"{row[column]:15.2f}" for column in columns))
    for tier, figures in starts.items():
        print(tier, " ".join(f"{name} {figure:.2f}" for name, figure in figures.items()) or "is not to be had here")


def machine() -> str:
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, Linux {platform.release()}, load {load}"


def processes() -> list[Contestant]:
    """A plain interpreter, and one in bubblewrap: nothing loaded ahead."""
    python = [sys.executable, "-c"]
    found = [Contestant("python -c, nothing imported", lambda: process([*python, LIGHT]))]
    found.append(Contestant("python -c, numpy and sympy", lambda: process([*python, HEAVY])))
    way = next((way for way in outer.ways("full") if way.user is None), None)
    if way is not None:
        wall = [*way.command[: way.command.index("--") + 1], *python]
        found.append(Contestant("bwrap python -c, nothing imported", lambda: process([*wall, LIGHT])))
        found.append(Contestant("bwrap python -c, numpy and sympy", lambda: process([*wall, HEAVY])))
    return found


def process(command: list[str]) -> Once:
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={}, cwd="/") as running:
        assert running.stdout is not None
        assert running.stdout.read(1) == b"4", command
        first = time.perf_counter() - started
        running.communicate(timeout=DEADLINE_S)
    return Once(first, time.perf_counter() - started)


def interpreters(stack: contextlib.ExitStack) -> list[Contestant]:
    found = []
    if importlib.util.find_spec("RestrictedPython"):
        found.append(Contestant("RestrictedPython, arithmetic", restricted_python))
    if importlib.util.find_spec("pydantic_monty"):
        import pydantic_monty

        pool = stack.enter_context(pydantic_monty.Monty())
        found.append(Contestant("pydantic-monty, arithmetic", lambda: monty(pool)))
    return found


def restricted_python() -> Once:
    from RestrictedPython import compile_restricted, safe_globals

    started = time.perf_counter()
    names: dict[str, Any] = {}
    exec(compile_restricted("x = 6 * 7", "<snippet>", "exec"), dict(safe_globals), names)
    assert names["x"] == 42
    return Once(*[time.perf_counter() - started] * 2)


def monty(pool: Any) -> Once:
    started = time.perf_counter()
    with pool.checkout() as session:
        assert session.feed_run("6 * 7") == 42
    return Once(*[time.perf_counter() - started] * 2)


def ours(stack: contextlib.ExitStack) -> list[Contestant]:
    found = []
    for tier in ("full", "restricted"):
        with contextlib.suppress(SandboxError):
            sandbox = stack.enter_context(Sandbox(tier=tier))
            sandbox.run("1")
            for name, limits in (("no processes", Limits()), ("processes", Limits(processes=16))):
                found.append(contestant(f"judge {tier}, {name}", sandbox, limits))
    return found


def contestant(name: str, sandbox: Sandbox, limits: Limits) -> Contestant:
    return Contestant(name, lambda: answer(sandbox, limits), lambda: below(sandbox._pool._zygote._process.pid))


def answer(sandbox: Sandbox, limits: Limits) -> Once:
    """The same as `sandbox.run`, which does not tell when the first output came."""
    job: Job = asking.job({"mode": "python", "code": HEAVY}, None, limits=limits)
    started = time.perf_counter()
    outcome = sandbox._once(job, limits, answers=1)
    complete = time.perf_counter() - started
    assert outcome.stdout == "42\n", outcome
    assert outcome.first_output_s is not None
    return Once(complete - outcome.seconds + outcome.first_output_s, complete)


def latencies(contestants: list[Contestant], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds; contestants take turns."""
    seen: dict[str, list[Once]] = {each.name: [] for each in contestants}
    spent: dict[str, list[float]] = {each.name: [] for each in contestants}
    for _ in range(rounds):
        for each in contestants:
            before = processor_s(each)
            seen[each.name].append(each.run())
            time.sleep(PAUSE_S)
            spent[each.name].append(processor_s(each) - before)
    return {
        name: {
            "first p50 ms": median(once.first for once in runs) * 1e3,
            "first p99 ms": quantiles([once.first for once in runs], n=100)[98] * 1e3,
            "all p50 ms": median(once.complete for once in runs) * 1e3,
            "all p99 ms": quantiles([once.complete for once in runs], n=100)[98] * 1e3,
            "CPU ms": sum(spent[name]) / rounds * 1e3,
        }
        for name, runs in seen.items()
    }


def throughput(each: Contestant, seconds: float) -> float:
    threads = os.cpu_count() or 1
    end = time.perf_counter() + seconds

    def work(_: int) -> int:
        count = 0
        while time.perf_counter() < end:
            each.run()
            count += 1
        return count

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads))) / (time.perf_counter() - started)


def start_up(tier: str) -> dict[str, float]:
    """Seconds until the self-test has passed, and until the first answer, libraries loaded; MiB private to a slot."""
    started = time.perf_counter()
    try:
        with Sandbox(tier=tier, size=2) as sandbox:  # type: ignore[arg-type]
            tested = time.perf_counter() - started
            sandbox.run(HEAVY)
            answered = time.perf_counter() - started
            time.sleep(0.5)  # until the slot that was used is replaced
            waiting = [pid for pid in below(sandbox._pool._zygote._process.pid) if len(below(pid)) == 1]
            slots = median(private_mib(pid) for pid in waiting)
            return {"tested s": tested, "first answer s": answered, "MiB a slot": slots}
    except SandboxError:
        return {}


def below(pid: int) -> set[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return {pid}.union(*(below(int(child)) for child in children))


def private_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_")) / 1024


def processor_s(each: Contestant) -> float:
    """Of this process and its children that ended, and of the workers and theirs."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(usage.ru_utime + usage.ru_stime for usage in own)
    for pid in each.workers():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:15]
            total += sum(map(int, fields)) / os.sysconf("SC_CLK_TCK")
    return total


if __name__ == "__main__":
    main()
