"""How well and how fast answers are judged: our evaluators and their peers on every data set, in one run.

Each contestant is a process that judges the same rows in order. `undecided` counts as "not equivalent" in
accuracy, F1 and the rate of false positives, because the peers know nothing between; coverage (the share decided)
and the accuracy of what was decided stand beside them. Rows marked as contested are left out. Processor time is
that of the contestant's process, without its start. The classifier of short texts was trained on EVOUNA and
EfficientQA: `--unseen` judges each of their questions by weights that have not seen it.

Peers are installed into virtual environments of their own, once. A contestant that fails is named at the end,
and the exit status is 1.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peers.environments import environment

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "peers"
MATH_VERIFY = ["math-verify[antlr4_13_2]==0.9.0"]
LM_EVAL = ["lm_eval[math]==0.4.13"]
#: name -> driver, its further arguments, and its requirements (None: our own environment)
CONTESTANTS: dict[str, tuple[str, list[str], list[str] | None]] = {
    "judge": ("answers_ours.py", [], None),
    "math-verify": ("answers_math_verify.py", [], MATH_VERIFY),
    "lm-eval minerva": ("answers_lm_eval.py", ["minerva"], LM_EVAL),
    "lm-eval hendrycks": ("answers_lm_eval.py", ["hendrycks"], LM_EVAL),
    "exact match": ("answers_plain.py", ["exact"], None),
    "token F1 >= .5": ("answers_plain.py", ["f1"], None),
    "containment": ("answers_plain.py", ["contained"], None),
}
DEADLINE = 3600  # seconds for one contestant on one data set
COLUMNS: tuple[tuple[str, int, Callable[["Score"], str]], ...] = (
    ("acc", 6, lambda s: f"{s.accuracy:.3f}"),
    ("F1", 6, lambda s: f"{s.f1:.3f}"),
    ("FPR", 6, lambda s: f"{s.false_positives:.3f}"),
    ("cov", 6, lambda s: f"{s.coverage:.3f}"),
    ("acc dec", 8, lambda s: f"{s.accuracy_decided:.3f}"),
    ("/CPU-s", 9, lambda s: f"{s.per_cpu_second:,.0f}"),
    ("p50 ms", 9, lambda s: f"{s.p50_ms:.3f}"),
    ("p99 ms", 9, lambda s: f"{s.p99_ms:.2f}"),
    ("max ms", 9, lambda s: f"{s.max_ms:.1f}"),
)


@dataclass(frozen=True)
class Score:
    """What came of one contestant on one data set; latencies are wall time, `errors` counts by name."""

    rows: int
    accuracy: float
    f1: float
    false_positives: float
    coverage: float
    accuracy_decided: float
    per_cpu_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: dict[str, int]


class ContestantError(Exception):
    """A contestant could not be installed or run."""


def main() -> int:
    options = parse()
    failed: dict[str, str] = {}
    results: dict[str, dict[str, Score]] = {}
    pythons = line_up(options, failed)
    with tempfile.TemporaryDirectory() as name:
        for data, rows in load(options.data, options.only, options.limit).items():
            path = Path(name, "rows.jsonl")
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            results[data] = {}
            for contestant, python in pythons.items():
                print(f"{data}: {contestant}", file=sys.stderr)
                try:
                    results[data][contestant] = score(rows, run(contestant, python, path, options.unseen))
                except ContestantError as error:
                    failed[f"{contestant} on {data}"] = str(error)
            if not options.json:
                print_table(data, len(rows), results[data])
    if options.json:
        found = {data: {who: asdict(one) for who, one in table.items()} for data, table in results.items()}
        print(json.dumps({"results": found, "failed": failed}, indent=2))
    for who, reason in failed.items():
        print(f"{who} was not measured: {reason}", file=sys.stderr)
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=HERE.parent.parent / "shared" / "data", help="folder")
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of data sets")
    parser.add_argument("--contestants", default="all", help=f"all, or of {','.join(CONTESTANTS)} (default: all)")
    parser.add_argument("--envs", type=Path, default=Path(".bench-envs"), help="folder of the peers' environments")
    parser.add_argument("--limit", type=int, default=0, help="rows of each data set at most, drawn with a fixed seed")
    parser.add_argument("--unseen", type=Path, help="folder that train_short_text.py --folds wrote: judge by those")
    parser.add_argument("--json", action="store_true", help="print JSON and no table")
    options = parser.parse_args()
    options.contestants = list(CONTESTANTS) if options.contestants == "all" else options.contestants.split(",")
    if unknown := set(options.contestants) - set(CONTESTANTS):
        parser.error(f"unknown contestants {sorted(unknown)}; known are {sorted(CONTESTANTS)}")
    if not options.data.is_dir():
        parser.error(f"{options.data} is no folder")
    return options


def line_up(options: argparse.Namespace, failed: dict[str, str]) -> dict[str, str]:
    """The Python of each contestant that could be installed."""
    found = {}
    for name in options.contestants:
        requirements = CONTESTANTS[name][2]
        if requirements is None:
            found[name] = sys.executable
            continue
        try:
            found[name] = environment(options.envs.resolve() / requirements[0].split("[")[0], requirements)
        except subprocess.SubprocessError as error:
            failed[name] = f"{' '.join(requirements)} could not be installed: {error}"
    return found


def load(folder: Path, only: list[str], limit: int) -> dict[str, list[dict[str, Any]]]:
    """The rows that are not contested, by the name of their data set; only sets whose rows have references."""
    found = {}
    for path in sorted(folder.glob("**/*.pairs.jsonl")):
        name = f"{path.parent.name}/{path.name.removesuffix('.pairs.jsonl')}"
        if only and not any(part in name for part in only):
            continue
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        rows = [row for row in rows if not row.get("meta", {}).get("contested") and row.get("references")]
        if rows and all(isinstance(row["label"], bool) and isinstance(row["response"], str) for row in rows):
            # Drawn, not every n-th: the rows of a question's five systems stand side by side.
            found[name] = random.Random(0).sample(rows, limit) if 0 < limit < len(rows) else rows
    return found


def run(contestant: str, python: str, rows: Path, unseen: Path | None) -> list[dict[str, Any]]:
    """The results of one contestant, a row each."""
    program, further, requirements = CONTESTANTS[contestant]
    if contestant == "judge" and unseen is not None:
        further = [str(unseen.resolve())]
    out = rows.with_name("results.jsonl")
    out.unlink(missing_ok=True)
    command = [python, str(PROGRAMS / program), str(rows), str(out), *further]
    surroundings = dict(os.environ)
    if requirements is not None:
        surroundings.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            command, timeout=DEADLINE, capture_output=True, text=True, env=surroundings, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise ContestantError(f"no end after {DEADLINE} seconds") from error
    if done.returncode != 0 or not out.exists():
        raise ContestantError(f"exit status {done.returncode}: {done.stderr.strip()[-500:]}")
    return [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n") if line]


def score(rows: list[dict[str, Any]], results: list[dict[str, Any]]) -> Score:
    if [row["id"] for row in rows] != [result["id"] for result in results]:
        raise ContestantError("the results are not of these rows")
    pairs = [(row["label"], result["verdict"]) for row, result in zip(rows, results, strict=True)]
    right = sum(label and verdict is True for label, verdict in pairs)
    false = sum(not label and verdict is True for label, verdict in pairs)
    positive = sum(label for label, _ in pairs)
    decided = [(label, verdict) for label, verdict in pairs if verdict is not None]
    walls = sorted(result["wall"] * 1000 for result in results)
    errors = [result["error"] for result in results if result["error"]]
    count = len(pairs)
    return Score(
        rows=count,
        accuracy=sum(label == (verdict is True) for label, verdict in pairs) / count,
        f1=2 * right / max(1, positive + right + false),
        false_positives=false / max(1, count - positive),
        coverage=len(decided) / count,
        accuracy_decided=sum(label == verdict for label, verdict in decided) / max(1, len(decided)),
        per_cpu_second=count / max(1e-9, sum(result["cpu"] for result in results)),
        p50_ms=walls[count // 2],
        p99_ms=walls[min(count - 1, int(count * 0.99))],
        max_ms=walls[-1],
        errors={name: errors.count(name) for name in sorted(set(errors))},
    )


def print_table(data: str, count: int, scores: dict[str, Score]) -> None:
    print(f"\n{data}, {count} rows")
    print(" " * 18 + "".join(title.rjust(width) for title, width, _ in COLUMNS))
    for name, one in scores.items():
        errors = f"  errors: {one.errors}" if one.errors else ""
        print(name.ljust(18) + "".join(show(one).rjust(width) for _, width, show in COLUMNS) + errors, flush=True)


if __name__ == "__main__":
    sys.exit(main())
