"""What a judge costs besides its model: processor time and wall time of a thousand votes from a mock server.

Every contestant is a process that judges the same cases, one request each, against the same server, which
answers after a fixed wait. Processor time is user and system time of that process and of all it started. It
is told of the whole process, and per extra call: less what the same contestant needs for a single case, which
leaves starting and importing out. Each round runs every contestant in turn; medians are printed. A contestant
that fails, or that makes fewer requests than there are cases, is reported and the exit status is 1.

Needs Linux, aiohttp and openai. Peers are installed into virtual environments of their own, once.
"""

import argparse
import ctypes
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from peers.common import write_cases
from peers.environments import environment
from peers.mock_server import ask, server

PROGRAMS = Path(__file__).resolve().parent / "peers"
PEERS = {
    "inspect_ai": ("inspect_ai_graded.py", ["inspect_ai==0.3.285", "openai==3.54.0"]),
    "autoevals": ("autoevals_classify.py", ["autoevals==0.4.1", "openai==3.54.0"]),
}
DEADLINE = 600  # seconds for one process


@dataclass(frozen=True)
class Contestant:
    """A name, and the command line made of the server's URL, the file of cases and an empty folder."""

    name: str
    command: Callable[[str, Path, Path], list[str]]


@dataclass(frozen=True)
class Cost:
    """One process: its seconds, its seconds of processor time, and what the server saw of it."""

    wall: float
    cpu: float
    requests: int
    most_in_flight: int
    bytes: int


@dataclass(frozen=True)
class Result:
    """Medians over the rounds; of what the server saw, the last round."""

    name: str
    wall_s: float
    cpu_ms_per_call: float
    cpu_ms_per_extra_call: float
    one_case_wall_s: float
    one_case_cpu_s: float
    requests: int
    most_in_flight: int
    bytes_per_request: int


class ContestantError(Exception):
    """A contestant could not be installed or run, or did less than it was asked to."""


def main() -> int:
    options = parse()
    adopt_orphans()
    contestants, failed = line_up(options)
    costs: dict[str, list[tuple[Cost, Cost]]] = {contestant.name: [] for contestant in contestants}
    with tempfile.TemporaryDirectory() as name, server(options.latency) as origin:
        one, many = Path(name, "one.jsonl"), Path(name, "many.jsonl")
        write_cases(one, 1)
        write_cases(many, options.cases)
        for turn in range(options.repeat + 1):  # round 0 is not counted: it caches the compiled modules
            for contestant in contestants:
                if contestant.name in failed:
                    continue
                print(f"round {turn} of {options.repeat}: {contestant.name}", file=sys.stderr)
                try:
                    single = run(contestant, one, 1, origin)
                    if turn:
                        costs[contestant.name].append((single, run(contestant, many, options.cases, origin)))
                except ContestantError as error:
                    failed[contestant.name] = str(error)
    results = [summary(name, pairs, options.cases) for name, pairs in costs.items() if name not in failed]
    if options.json:
        print_json(settings(options), results, failed)
    else:
        print_table(options, results)
    return report(failed)


def print_json(settings: dict[str, Any], results: Sequence[Any], failed: dict[str, str]) -> None:
    found = {"settings": settings, "results": [asdict(result) for result in results], "failed": failed}
    print(json.dumps(found, indent=2))


def report(failed: dict[str, str]) -> int:
    """Say who was not measured, and return the exit status."""
    for name, reason in failed.items():
        print(f"{name} was not measured: {reason}", file=sys.stderr)
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", default="all", help=f"none, all, or of {','.join(PEERS)} (default: all)")
    parser.add_argument("--envs", type=Path, default=Path(".bench-envs"), help="folder of the peers' environments")
    parser.add_argument("--repeat", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--cases", type=int, default=1000, help="cases a run, two or more (default: 1000)")
    parser.add_argument("--in-flight", type=int, default=64, help="calls at a time (default: 64)")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds the server waits (default: 0.05)")
    parser.add_argument("--json", action="store_true", help="print JSON and no table")
    options = parser.parse_args()
    options.peers = {"none": [], "all": list(PEERS)}.get(options.peers, options.peers.split(","))
    if unknown := set(options.peers) - set(PEERS):
        parser.error(f"unknown peers {sorted(unknown)}; known are {sorted(PEERS)}")
    if options.cases < 2 or options.repeat < 1:
        parser.error("wanted are at least two cases and one round")
    return options


def line_up(options: argparse.Namespace) -> tuple[list[Contestant], dict[str, str]]:
    """The contestants, and why some of the peers asked for are not among them."""
    in_flight = str(options.in_flight)
    failed: dict[str, str] = {}

    def driver(program: str, python: str = sys.executable) -> Callable[[str, Path, Path], list[str]]:
        return lambda url, cases, _: [python, str(PROGRAMS / program), url, str(cases), in_flight]

    def ours(url: str, cases: Path, folder: Path) -> list[str]:
        command = [str(Path(sys.executable).with_name("judge")), "run", str(cases)]
        command += ["--model", "openai:mock", "--base-url", url, "--evaluators", "none"]
        command += ["--rubric", "correctness", "--votes", "1", "--in-flight", in_flight]
        return [*command, "--run", str(folder / "run.judge"), "--json", "--tools", "none"]

    def ours_with_tools(url: str, cases: Path, folder: Path) -> list[str]:
        return ours(url, cases, folder)[:-2]

    contestants = [
        Contestant("aiohttp", driver("aiohttp_raw.py")),
        Contestant("openai SDK", driver("openai_sdk.py")),
        Contestant("judge", ours),
        Contestant("judge, tools offered", ours_with_tools),
    ]
    for name in options.peers:
        program, requirements = PEERS[name]
        try:
            python = environment(options.envs.resolve() / name, requirements)
        except subprocess.CalledProcessError as error:
            failed[name] = f"{' '.join(requirements)} could not be installed: {error}"
        else:
            contestants.append(Contestant(name, driver(program, python)))
    return contestants, failed


def run(contestant: Contestant, cases: Path, count: int, origin: str) -> Cost:
    """Run one contestant to its end, and end what it leaves behind."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as output:
        command = contestant.command(f"{origin}/v1", cases, Path(name))
        ask(f"{origin}/reset", method="POST")
        before, start = cpu_of_children(), time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                cwd=name,
                env=surroundings(cases.parent),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise ContestantError(f"{command[0]!r} does not exist") from error
        try:
            status: int | str = process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            status = f"none after {DEADLINE} seconds"
        finally:
            wall = time.perf_counter() - start
            end_group(process)
        cost = Cost(wall=wall, cpu=cpu_of_children() - before, **ask(f"{origin}/stats"))
        if status != 0 or cost.requests < count:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()[-2000:]
            found = f"exit status {status}, {cost.requests} requests for {count} cases"
            raise ContestantError(f"{found}; it said: {said}")
    return cost


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of every contestant: no proxy or settings of the user; compiled modules are cached."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ours = {"HOME": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "pycache")}
    return kept | ours | {"OPENAI_API_KEY": "x", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process's group and wait for it, so that its processor time is counted."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-process.pid, 0)


def adopt_orphans() -> None:
    """Make this process the parent of whatever its children leave behind (PR_SET_CHILD_SUBREAPER)."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused to make this process a subreaper")


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def summary(name: str, pairs: list[tuple[Cost, Cost]], cases: int) -> Result:
    last = pairs[-1][1]
    extra = [(many.cpu - one.cpu) / (cases - 1) for one, many in pairs]
    return Result(
        name=name,
        wall_s=round(median(many.wall for _, many in pairs), 3),
        cpu_ms_per_call=round(1000 * median(many.cpu / cases for _, many in pairs), 3),
        cpu_ms_per_extra_call=round(1000 * median(extra), 3),
        one_case_wall_s=round(median(one.wall for one, _ in pairs), 3),
        one_case_cpu_s=round(median(one.cpu for one, _ in pairs), 3),
        requests=last.requests,
        most_in_flight=last.most_in_flight,
        bytes_per_request=last.bytes // last.requests,
    )


def settings(options: argparse.Namespace) -> dict[str, Any]:
    chosen = {name: getattr(options, name) for name in ("cases", "in_flight", "latency", "repeat")}
    return chosen | {"processors": os.cpu_count(), "python": platform.python_version()}


def print_table(options: argparse.Namespace, results: list[Result]) -> None:
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings(options).items()) + "\n")
    print(" " * 12 + "  wall s    CPU ms/call     one case, s   requests  most in   bytes per")
    print(" " * 12 + "          whole    extra    wall     CPU      seen   flight     request")
    for result in results:
        print(
            f"{result.name:12}{result.wall_s:8.2f}{result.cpu_ms_per_call:7.2f}{result.cpu_ms_per_extra_call:9.2f}"
            f"{result.one_case_wall_s:8.2f}{result.one_case_cpu_s:8.2f}{result.requests:10}"
            f"{result.most_in_flight:9}{result.bytes_per_request:12}"
        )


if __name__ == "__main__":
    sys.exit(main())
