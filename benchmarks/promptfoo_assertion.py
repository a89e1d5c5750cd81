"""What one assertion in promptfoo costs: a Python that does nothing, ours with its daemon, and the same without one.

Each is started as promptfoo starts it, through promptfoo's own wrapper, each in turn, round after round; medians are
told. Processor time is that of the assertion's process. The first assertion starts the daemon and waits for it.

Needs promptfoo: python tests/integrations/environments/make.py promptfoo
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
WRAPPER = ROOT / ".test-envs/promptfoo/node_modules/promptfoo/dist/src/python/wrapper.py"
ROUNDS = 15
OURS = "from judge.integrations.promptfoo import get_assert\n    return get_assert(output, context)"
BODIES = {
    "nothing": "return True",
    "judge, a further one": OURS,
    "judge, without a daemon": "from judge import equivalent\n    return equivalent(output, '5 km').correct",
}


def cost(folder: Path, body: str) -> tuple[float, float]:
    """Return the seconds of wall and processor time of one assertion."""
    (folder / "script.py").write_text(f"def main(output, context):\n    {body}\n", encoding="utf-8")
    (folder / "input.json").write_text(json.dumps(["It is 5000 m long.", {"vars": {"reference": "5 km"}}]))
    command = [sys.executable, WRAPPER, "script.py", "main", "input.json", "output.json"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environ = {**os.environ, "TMPDIR": str(folder)}
    subprocess.run(command, cwd=folder, env=environ, check=True, timeout=60, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        first, _ = cost(Path(name), OURS)
        rounds = [{title: cost(Path(name), body) for title, body in BODIES.items()} for _ in range(ROUNDS)]
    print("| an assertion that does | wall s | CPU s |\n|---|---|---|")
    for title in BODIES:
        wall, processor = (median(row[title][place] for row in rounds) for place in (0, 1))
        print(f"| {title} | {wall:.2f} | {processor:.2f} |")
    print(f"| judge, the first one | {first:.2f} | |")


if __name__ == "__main__":
    main()
