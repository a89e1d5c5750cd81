"""Build answers.jsonl: 300 answers to questions, each with the label that its source gives it.

Usage: python examples/build_answers.py DATA_FOLDER [OUTPUT]

DATA_FOLDER holds evouna/, hardverify_math/ and math_cases/, each with its `*.pairs.jsonl`. Where there are
more rows than are wanted, the sha256 of a row's id decides, so that the same data always give the same file.
Rows that the data mark as contested are left out.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

Row = dict[str, Any]

LONG = 1500  # characters; a longer response is taken only where no shorter one is left


def main() -> None:
    """Write the file and print how many rows of each label came from where."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that holds evouna/, hardverify_math/ and math_cases/")
    parser.add_argument("output", type=Path, nargs="?", default=Path(__file__).with_name("answers.jsonl"))
    arguments = parser.parse_args()
    cases = sorted(build(arguments.data), key=digest)
    lines = [json.dumps(case, ensure_ascii=False) + "\n" for case in cases]
    arguments.output.write_text("".join(lines), encoding="utf-8")
    print_counts(cases)


def build(data: Path) -> Iterator[Row]:
    """Yield the 300 cases: 75 of each source, 15 of each of EVOUNA's systems in each of its halves."""
    for half in ("nq", "tq"):
        rows = read(data / "evouna" / f"{half}.pairs.jsonl")
        yield from as_cases(one_of_each_question(rows, correct=9, incorrect=6), f"evouna-{half}")
    rows = read(data / "hardverify_math" / "dev.pairs.jsonl")
    yield from as_cases(take(one_a_question(rows), correct=38, incorrect=37), "hardverify-math")
    # Wrong answers are rare in these test suites: all are taken, and the origins take turns for the others.
    rows = read(data / "math_cases" / "dev.pairs.jsonl")
    wrong = sum(not row["label"] for row in rows)
    yield from as_cases(take(rows, correct=75 - wrong, incorrect=wrong), "math-cases")


def read(path: Path) -> list[Row]:
    """The rows of a file that are not contested, in the order of their digests, the long responses last."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    kept = [row for row in rows if not row["meta"].get("contested")]
    return sorted(kept, key=lambda row: (len(row["response"]) >= LONG, digest(row)))


def digest(row: Row) -> str:
    """The sha256 of the row's id, which orders rows by nothing that they say."""
    return hashlib.sha256(row["id"].encode()).hexdigest()


def one_of_each_question(rows: list[Row], *, correct: int, incorrect: int) -> Iterator[Row]:
    """Take so many of each label from each system, and no question twice: such rows are not independent."""
    asked: set[str] = set()
    for system in sorted({row["category"] for row in rows}):
        own = [row for row in rows if row["category"] == system]
        for label, count in ((False, incorrect), (True, correct)):
            new = one_a_question([row for row in own if row["label"] is label and row["question"] not in asked])
            chosen = exactly(count, new)
            asked |= {row["question"] for row in chosen}
            yield from chosen


def one_a_question(rows: list[Row]) -> list[Row]:
    """The first row of each question."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["question"], row)
    return list(first.values())


def take(rows: list[Row], *, correct: int, incorrect: int) -> list[Row]:
    """Take so many of each label, the categories in turn."""
    chosen: list[Row] = []
    for label, count in ((False, incorrect), (True, correct)):
        categories = sorted({row["category"] for row in rows})
        same = [row for row in rows if row["label"] is label]
        piles = [[row for row in same if row["category"] == name] for name in categories]
        turns = [row for turn in zip_longest(*piles) for row in turn if row is not None]
        chosen += exactly(count, turns)
    return chosen


def exactly(count: int, rows: list[Row]) -> list[Row]:
    """The first so many rows; the program ends if there are fewer."""
    if len(rows) < count:
        raise SystemExit(f"wanted {count} rows of a kind, found {len(rows)}")
    return rows[:count]


def as_cases(rows: Iterable[Row], source: str) -> Iterator[Row]:
    """The rows in the form of a case, tagged with where they come from."""
    for row in rows:
        yield {
            "id": row["id"],
            "kind": "answer",
            "question": row["question"],
            "references": row["references"],
            "response": row["response"],
            "label": "correct" if row["label"] else "incorrect",
            "tags": {"source": source, "category": row["category"]},
        }


def print_counts(cases: list[Row]) -> None:
    """Print a line for each source and label."""
    counts = Counter((case["tags"]["source"], case["label"]) for case in cases)
    for (source, label), count in sorted(counts.items()):
        print(f"{source:16} {label:10} {count:4}")
    print(f"{'all':27} {len(cases):4}")


if __name__ == "__main__":
    main()
