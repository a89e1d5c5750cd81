"""What the drivers of answer judges share: they read rows, judge each, and write what it took.

A driver is called with a file of rows and a file for its results. A judge is a function of a row that gives True,
False, or None for undecided.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Judge = Callable[[Row], bool | None]


def main(judge: Judge, *, warm_up: bool = True) -> None:
    """Judge all rows. The first row is judged once before, so that lazy imports are not counted."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").split("\n") if line]
    if warm_up and rows:
        ask(judge, rows[0])
    with Path(sys.argv[2]).open("w", encoding="utf-8") as out:
        for row in rows:
            wall, cpu = time.perf_counter(), time.process_time()
            verdict, error = ask(judge, row)
            took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
            print(json.dumps({"id": row["id"], "verdict": verdict, "error": error, **took}), file=out)


def ask(judge: Judge, row: Row) -> tuple[bool | None, str | None]:
    """The verdict on a row, and the name of the error if the judge failed."""
    try:
        return judge(row), None
    except Exception as error:  # noqa: BLE001 - a peer's failure is a result
        return None, type(error).__name__


def of_each(judge: Callable[[str, str, str], bool | None]) -> Judge:
    """A judge of rows from one of question, reference and response, asked of each reference until one says True."""

    def over_all(row: Row) -> bool | None:
        open_ones = False
        for reference in row["references"]:
            verdict = judge(str(row["question"] or ""), reference, str(row["response"]))
            if verdict:
                return True
            open_ones |= verdict is None
        return None if open_ones else False

    return over_all
