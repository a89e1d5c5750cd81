"""The folders that contestants work in: tasks and answers for the harness, test files and cases for pytest."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

from peers.answered import EXAMPLES, answered

from judge import verify_answers

PROGRAMS, TASKS = Path(__file__).resolve().parent, EXAMPLES / "lm_eval"
EXACT = r"""
filter_list:
  - name: exact
    filter:
      - {function: regex, regex_pattern: '\\boxed\{(.+)\}|\A(.+)', group_select: -1}
      - {function: take_first}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true, ignore_punctuation: true}
"""


def prepare(part: str, count: int, folder: Path) -> None:
    """Make the folder for a part with so many cases."""
    folder.mkdir()
    if part == "samples":
        for task, rows in answered(count).items():
            write(folder / f"{task.removeprefix('judge_')}.jsonl", rows)
            text = (TASKS / f"{task}.yaml").read_text(encoding="utf-8")
            timed = text.replace("judge.integrations.lm_eval.JudgeFilter", "lm_eval_answered.Timed")
            for name, yaml in {"ours": timed, "exact": text.partition("filter_list:")[0] + EXACT}.items():
                (folder / name).mkdir(exist_ok=True)
                (folder / name / f"{task}.yaml").write_text(yaml, encoding="utf-8")
        return
    rows = [row for rows in answered(10 * count).values() for row in rows]
    random.Random(0).shuffle(rows)
    cases = [{**row, "reference": row["references"][0], "same": row["response"]} for row in rows]
    write(folder / "checks.jsonl", (cases if part == "calls" else right(cases))[:count])
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for program in PROGRAMS.glob("tests_*.py"):
        shutil.copy(program, folder)


def right(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cases that evaluators find correct, whether or not they are told the question."""
    responses, references, questions = (
        [case[name] for case in cases] for name in ("response", "reference", "question")
    )
    pairs = zip(verify_answers(responses, references), verify_answers(responses, references, questions), strict=True)
    return [case for case, (first, second) in zip(cases, pairs, strict=True) if first and second]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
