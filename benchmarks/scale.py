"""Runs of growing size, decided by evaluators alone: seconds, processor seconds, and the most memory.

Each size is one `judge run` in a process of its own over a file of numbers, half of them right. Memory that does not
grow and times that double with the size are what to look for. One million cases take some minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def write_cases(path: Path, count: int) -> None:
    with path.open("w") as file:
        for n in range(count):
            case = {
                "id": f"case-{n}",
                "question": f"What is {n} / 4?",
                "response": str(n / 4),
                "reference": f"{n + n % 2}/4",
            }
            file.write(json.dumps(case) + "\n")


def measure(count: int, folder: Path) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and the most resident memory in MB of one run."""
    cases = folder / f"{count}.jsonl"
    write_cases(cases, count)
    command = [str(Path(sys.executable).with_name("judge")), "run", str(cases), "--run", str(folder / f"{count}.judge")]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"judge ended with exit code {process.returncode}")
    cases.unlink()
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[125_000, 250_000, 500_000, 1_000_000])
    options = parser.parse_args()
    print(f"{'cases':>10} {'wall s':>9} {'CPU s':>9} {'us CPU/case':>12} {'peak MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for count in options.sizes:
            wall, cpu, memory = measure(count, Path(folder))
            print(f"{count:>10} {wall:>9.1f} {cpu:>9.1f} {cpu / count * 1e6:>12.0f} {memory:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
