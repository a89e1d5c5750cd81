"""What the wall of child processes costs and gains: the same cases judged in the calling thread and in children.

Each contestant is a process of its own, run with few and with many cases in turn; a further case costs what the
difference says, so that starting and importing are left out. CPU seconds are those of the process and its children.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
FEW = 200


def cases(path: str, count: int) -> list[object]:
    from judge import Case

    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    kept = [
        {name: row.get(name) for name in ("question", "responses", "response", "references", "reference")}
        for row in rows
    ]
    return [
        Case(id=str(n), **{name: value for name, value in row.items() if value is not None})
        for n, row in enumerate(islice(cycle(kept), count))
    ]


def here(given: list) -> None:  # type: ignore[type-arg]
    from judge import Judge

    judge = Judge(here=True)
    for case in given:
        judge.decide(case)


def alone(given: list) -> None:  # type: ignore[type-arg]
    from judge import Judge

    judge = Judge()
    for case in given:
        judge.decide(case)


def batches(given: list) -> None:  # type: ignore[type-arg]
    from judge.verifying import verify_cases

    verify_cases(given)


CONTESTANTS = {"in the calling thread": here, "in a child, one at a time": alone, "in children, in batches": batches}


def measured(name: str, path: str, count: int) -> tuple[float, float]:
    """Return wall and CPU seconds of one contestant with so many cases."""
    command = [sys.executable, __file__, path, "--cases", str(count), "--contestant", name]
    started = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name!r} ended with exit code {process.returncode}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", default=str(HERE.parent / "examples" / "answers.jsonl"))
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        CONTESTANTS[options.contestant](cases(options.file, options.cases))
        return
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTESTANTS}
    for _ in range(options.rounds):
        for name in CONTESTANTS:
            few, many = (measured(name, options.file, count) for count in (FEW, options.cases))
            further = options.cases - FEW
            found[name].append(((many[0] - few[0]) / further * 1e3, (many[1] - few[1]) / further * 1e3))
    print(f"{'a further case':<28} {'wall ms':>8} {'CPU ms':>8} {'cases a second':>15}")
    for name, figures in found.items():
        wall, cpu = (median(column) for column in zip(*figures, strict=True))
        print(f"{name:<28} {wall:>8.3f} {cpu:>8.3f} {1e3 / wall:>15.0f}")


if __name__ == "__main__":
    main()
