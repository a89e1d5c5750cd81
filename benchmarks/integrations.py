"""What judging costs inside other programs: lm-evaluation-harness, its saved samples, pytest; and beside deepeval.

Every contestant is a process that judges a case, and another that judges all: the difference is what a further case
costs, without starting and importing. Processor time is user and system time of the process and of all it started.
Each round runs every contestant in turn; medians are printed. A contestant that fails is reported and the exit status
is 1.

    samples   answers to the tasks of `examples/lm_eval`, judged within the harness by its own exact match and by our
              filter, and, as the harness saved them, by `judge lm-eval rescore`; no model is asked
    checks    pytest with a test for each answer that evaluators find right, by our function and by our fixture, beside
              tests that compare equal texts
    sessions  pytest with one test that compares equal texts, without our plugin and with it, often
    calls     pytest with a test for each answer, about which a model is asked: by us, and by deepeval's G-Eval

Needs Linux, aiohttp and openai. The harness and deepeval are installed into virtual environments of their own, once.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from overhead import ContestantError, adopt_orphans, cpu_of_children, end_group, print_json, report, surroundings
from peers.environments import environment
from peers.folders import prepare
from peers.mock_server import ask, server

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "benchmarks" / "peers"
HARNESS, DEEPEVAL = "lm_eval==0.4.13", "deepeval==4.3.1"
SIZES = {"samples": 10_000, "checks": 1000, "sessions": 1, "calls": 100}  # cases of each part
SESSIONS = 20  # in a round: what they differ by is small
DEADLINE = 900  # seconds for one process


@dataclass(frozen=True)
class Contestant:
    """Its part and name, the command line for a folder that was prepared, and variables for its environment."""

    part: str
    name: str
    command: Callable[[Path], list[str]]
    variables: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Cost:
    """One process: its seconds, its seconds of processor time, and the seconds of our filter in it."""

    wall: float
    cpu: float
    filter: float


@dataclass(frozen=True)
class Result:
    """Medians over the rounds; the milliseconds are those of a further case."""

    part: str
    name: str
    cases: int
    wall_s: float
    cpu_s: float
    one_case_wall_s: float
    one_case_cpu_s: float
    further_wall_ms: float
    further_cpu_ms: float
    filter_s: float


def main() -> int:
    options = parse()
    adopt_orphans()
    sizes = {part: min(SIZES[part], options.limit) for part in options.parts}
    failed: dict[str, str] = {}
    costs: dict[Contestant, list[tuple[Cost, Cost]]] = {}
    with tempfile.TemporaryDirectory() as name, server(options.latency) as origin:
        folder = Path(name)
        contestants = line_up(options, f"{origin}/v1", folder, sizes, failed)
        for turn in range(options.repeat + 1):  # round 0 is not counted: it caches the compiled modules
            for contestant in round_of(contestants):
                if contestant.name in failed:
                    continue
                print(f"round {turn} of {options.repeat}: {contestant.name}", file=sys.stderr)
                try:
                    one = run(contestant, 1, folder, origin)
                    if turn:
                        size = sizes[contestant.part]
                        many = run(contestant, size, folder, origin) if size > 1 else one
                        costs.setdefault(contestant, []).append((one, many))
                except ContestantError as error:
                    failed[contestant.name] = str(error)
    results = [result(one, pairs, sizes[one.part]) for one, pairs in costs.items() if one.name not in failed]
    if options.json:
        print_json(settings(options), results, failed)
    else:
        print_tables(options, results)
    return report(failed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parts", default="all", help=f"all, or of {','.join(SIZES)} (default: all)")
    parser.add_argument("--envs", type=Path, default=Path(".bench-envs"), help="folder of the peers' environments")
    parser.add_argument("--repeat", type=int, default=1, help="rounds (default: 1)")
    parser.add_argument("--limit", type=int, default=max(SIZES.values()), help="cases of a part at most")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds the server waits (default: 0.05)")
    parser.add_argument("--json", action="store_true", help="print JSON and no table")
    options = parser.parse_args()
    options.parts = list(SIZES) if options.parts == "all" else options.parts.split(",")
    if unknown := set(options.parts) - set(SIZES):
        parser.error(f"unknown parts {sorted(unknown)}; known are {sorted(SIZES)}")
    if options.limit < 2 or options.repeat < 1:
        parser.error("wanted are at least two cases and one round")
    return options


def line_up(
    options: argparse.Namespace, url: str, folder: Path, sizes: dict[str, int], failed: dict[str, str]
) -> list[Contestant]:
    """The contestants, with a folder `PART-SIZE` of what each part works on, in which nothing is changed later."""
    found: list[Contestant] = []
    for part, size in sizes.items():
        try:
            for count in {1, size}:
                prepare(part, count, folder / f"{part}-{count}")
            found += {"samples": samples, "checks": checks, "sessions": sessions, "calls": calls}[part](options, url)
            if part == "samples":
                for count in {1, size}:
                    save(found[0], count, folder)
        except (subprocess.SubprocessError, ContestantError) as error:
            failed[part] = str(error)
            found = [contestant for contestant in found if contestant.part != part]
    return found


def samples(options: argparse.Namespace, _url: str) -> list[Contestant]:
    python = environment(options.envs.resolve() / "lm_eval-ours", [HARNESS, "-e", str(ROOT)])

    def harness(tasks: str, _: Path) -> list[str]:
        command = [python, str(PROGRAMS / "lm_eval_answered.py"), "--model", "answered", "--include_path", tasks]
        return [*command, "--tasks", "judge_math,judge_short_qa", "--output_path", "out", "--log_samples"]

    def rescore(folder: Path) -> list[str]:
        return [ours("judge"), "lm-eval", "rescore", *map(str, folder.glob("saved/*/samples_*.jsonl"))]

    return [
        Contestant("samples", f"{HARNESS}, exact_match", partial(harness, "exact")),
        Contestant("samples", f"{HARNESS}, our filter", partial(harness, "ours")),
        Contestant("samples", "judge lm-eval rescore", rescore),
    ]


def save(harness: Contestant, count: int, folder: Path) -> None:
    """Have the harness save what `rescore` is to judge."""

    def predict(path: Path) -> list[str]:
        return [*harness.command(path), "--predict_only"]

    place = folder / f"samples-{count}"
    execute(Contestant("samples", "predict", predict), place, folder)
    (place / "out").rename(place / "saved")


def checks(_options: argparse.Namespace, _url: str) -> list[Contestant]:
    return [
        Contestant("checks", "assert a == b, no plugin", pytest("tests_plain.py", "-p", "no:judge")),
        Contestant("checks", "assert a == b", pytest("tests_plain.py")),
        Contestant("checks", "equivalent(a, b), no fixture", pytest("tests_function.py")),
        Contestant("checks", "judge.equivalent(a, b)", pytest("tests_equivalent.py")),
        Contestant("checks", "judge(response=…)", pytest("tests_judged.py")),
    ]


def sessions(_options: argparse.Namespace, _url: str) -> list[Contestant]:
    return [
        Contestant("sessions", "pytest, no plugin", pytest("tests_plain.py", "-p", "no:judge")),
        Contestant("sessions", "pytest with the plugin", pytest("tests_plain.py")),
    ]


def calls(options: argparse.Namespace, url: str) -> list[Contestant]:
    asked = {"JUDGE_EVALUATORS": "none", "JUDGE_TOOLS": "none", "JUDGE_BASE_URL": url, "JUDGE_MODEL": "openai:mock"}
    deepeval = Path(environment(options.envs.resolve() / "deepeval", [DEEPEVAL])).with_name("deepeval")
    told = {"MOCK_URL": url, "DEEPEVAL_TELEMETRY_OPT_OUT": "1"}
    return [
        Contestant("calls", "judge(response=…), a model", pytest("tests_judged.py"), asked),
        Contestant("calls", DEEPEVAL, lambda _: [str(deepeval), "test", "run", "tests_deepeval.py"], told),
    ]


def pytest(*arguments: str) -> Callable[[Path], list[str]]:
    return lambda _: [ours("pytest"), "-q", "-p", "no:randomly", *arguments]


def ours(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


def round_of(contestants: list[Contestant]) -> Iterator[Contestant]:
    """Every contestant in turn; those of the sessions so many times."""
    yield from (one for one in contestants if one.part != "sessions")
    for _ in range(SESSIONS):
        yield from (one for one in contestants if one.part == "sessions")


def run(contestant: Contestant, count: int, folder: Path, origin: str) -> Cost:
    """Run a contestant to its end in a copy of its folder."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(shutil.copytree(folder / f"{contestant.part}-{count}", Path(name, "work")))
        ask(f"{origin}/reset", method="POST")
        cost = execute(contestant, place, folder)
        if contestant.part == "calls" and (calls := ask(f"{origin}/stats")["requests"]) < count:
            raise ContestantError(f"{calls} calls for {count} cases")
    return cost


def execute(contestant: Contestant, place: Path, home: Path) -> Cost:
    """Run a contestant there, and end what it leaves behind."""
    environ = {name: v for name, v in surroundings(home).items() if not name.startswith(("JUDGE_", "PYTEST_", "HF_"))}
    environ |= {"HF_HUB_OFFLINE": "1", **contestant.variables}
    environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryFile() as output:
        before, start = cpu_of_children(), time.perf_counter()
        process = subprocess.Popen(
            contestant.command(place), cwd=place, env=environ, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            status: int | str = process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            status = f"none after {DEADLINE} seconds"
        finally:
            wall = time.perf_counter() - start
            end_group(process)
        if status != 0:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()[-2000:]
            raise ContestantError(f"exit status {status}; it said: {said}")
    clock = place / "filter_s"
    seconds = sum(map(float, clock.read_text(encoding="utf-8").split())) if clock.exists() else 0.0
    return Cost(wall, cpu_of_children() - before, seconds)


def result(contestant: Contestant, pairs: list[tuple[Cost, Cost]], cases: int) -> Result:
    further = max(1, cases - 1)
    return Result(
        part=contestant.part,
        name=contestant.name,
        cases=cases,
        wall_s=median(many.wall for _, many in pairs),
        cpu_s=median(many.cpu for _, many in pairs),
        one_case_wall_s=median(one.wall for one, _ in pairs),
        one_case_cpu_s=median(one.cpu for one, _ in pairs),
        further_wall_ms=1000 * median((many.wall - one.wall) / further for one, many in pairs),
        further_cpu_ms=1000 * median((many.cpu - one.cpu) / further for one, many in pairs),
        filter_s=median(many.filter for _, many in pairs),
    )


def settings(options: argparse.Namespace) -> dict[str, Any]:
    chosen = {name: getattr(options, name) for name in ("latency", "repeat")}
    return chosen | {"processors": os.cpu_count(), "python": platform.python_version()}


def print_tables(options: argparse.Namespace, results: list[Result]) -> None:
    print(", ".join(f"{name} {value}" for name, value in settings(options).items()))
    for part in options.parts:
        rows = [one for one in results if one.part == part]
        if not rows:
            continue
        print(f"\n{part + f', {rows[0].cases} cases':34}      all, s      one case, s     a further case, ms")
        print(" " * 34 + "   wall    CPU     wall    CPU      wall     CPU  x first")
        for row in rows:
            times = f"{row.further_cpu_ms / rows[0].further_cpu_ms:9.2f}" if rows[0].further_cpu_ms else ""
            print(
                f"{row.name:34}{row.wall_s:7.2f}{row.cpu_s:7.2f}{row.one_case_wall_s:9.3f}{row.one_case_cpu_s:7.3f}"
                f"{row.further_wall_ms:10.3f}{row.further_cpu_ms:8.3f}{times}"
            )
            if row.filter_s:
                print(f"{'  of which the filter':34}{row.filter_s:7.2f}")


if __name__ == "__main__":
    sys.exit(main())
