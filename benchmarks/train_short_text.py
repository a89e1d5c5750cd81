"""Trains the classifier of ``short_text`` and measures it on questions, data sets and systems that it has not seen.

    python benchmarks/train_short_text.py [--data ../shared/data] [--write] [--folds FOLDER]

Needs lightgbm (extra `train`). Prints a table; `--write` replaces the weights, `--folds` writes for each fifth of the
questions weights that have not seen it, for `answers.py --unseen`. Same data, same
versions: same weights. All figures are of predictions for questions (or sets, or systems) left out of training.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from judge_evaluators.short_text import features, guards, reading, words
from peers.folds import FOLDS, fold

WEIGHTS = Path(features.__file__).with_name("weights.json")
FILES = {"NQ": "evouna/nq", "TQ": "evouna/tq", "EfficientQA": "efficientqa/dev"}
SETTINGS = {
    "n_estimators": 1000, "num_leaves": 8, "learning_rate": 0.03, "min_child_samples": 25, "extra_trees": True,
    "reg_lambda": 20.0, "colsample_bytree": 0.35, "subsample": 0.8, "subsample_freq": 1, "random_state": 0,
    "deterministic": True, "n_jobs": 1, "verbose": -1,
}  # fmt: skip
VOCABULARY = 6000
#: On EVOUNA, of what is decided: share of false positives, and of wrong "incorrect", that the thresholds may have.
FALSE_POSITIVES = 0.115
WRONG_INCORRECT = 0.03

UNDECIDED = 0.49  # stands for the probability where a guard forbids "correct"

Row = dict[str, Any]


def main() -> None:
    """Train, measure, and write if asked to."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    options.add_argument("--write", action="store_true")
    options.add_argument("--folds", type=Path)
    asked = options.parse_args()
    rows = list(read_rows(asked.data))
    rarity = rarities(rows)
    found = [features.features(*read(row), rarity=rarity) for row in rows]
    names = list(found[0])
    x = np.array([[row[name] for name in names] for row in found])
    y = np.array([int(row["label"]) for row in rows])
    groups = np.array([fold(row["question"]) for row in rows])

    raw = left_out(x, y, groups)
    slope, offset = platt(raw, y)
    p = 1 / (1 + np.exp(-(slope * raw + offset)))
    sets = np.array([row["set"] for row in rows])
    allowed = np.array([may_be_correct(row) for row in rows])
    p = np.where(allowed, p, UNDECIDED)
    p_correct, p_incorrect = thresholds(p, y, sets)
    print(f"{len(rows)} rows, {len(names)} features; p_correct {p_correct:.3f}, p_incorrect {p_incorrect:.3f}")
    figures = {f"questions left out: {k}": v for k, v in by(sets, p, y, p_correct, p_incorrect).items()}
    systems = np.array([f"{row['set']} {row['category']}" for row in rows])
    evouna = sets != "EfficientQA"
    for title, parts, keep in (
        ("set left out", sets, np.full(len(rows), True)),
        ("system left out", np.array([row["category"] for row in rows]), evouna),
    ):
        scores = left_out(x, y, parts, keep)
        q = np.where(allowed, 1 / (1 + np.exp(-(slope * scores + offset))), UNDECIDED)
        labels = sets if title == "set left out" else systems
        chosen = by(labels[keep], q[keep], y[keep], p_correct, p_incorrect)
        figures |= {f"{title}: {k}": v for k, v in chosen.items()}
    for name, row in figures.items():
        print(f"{name:36}", "  ".join(f"{k} {v}" for k, v in row.items()))
    print("calibration", reliability(p, y))
    numbers = (slope, offset, p_correct, p_incorrect)
    if asked.folds:
        asked.folds.mkdir(parents=True, exist_ok=True)
        for part in range(FOLDS):
            seen = groups != part
            write(asked.folds / f"{part}.json", names, grown(x[seen], y[seen]), rarity, numbers, figures)
    if asked.write:
        write(WEIGHTS, names, grown(x, y), rarity, numbers, figures)
        print(f"{WEIGHTS} {WEIGHTS.stat().st_size} bytes")


def read_rows(data: Path) -> Iterator[Row]:
    """Yield the rows whose label is not contested."""
    for name, file in FILES.items():
        for line in (data / f"{file}.pairs.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            if not row["meta"].get("contested"):
                yield row | {"set": name}


def rarities(rows: Iterable[Row]) -> dict[str, float]:
    """Return the idf of the commonest words of all texts; "" is that of every other word. It uses no label."""
    texts = {t for r in rows for t in (r["question"], r["response"], *r["references"][:5])}
    counts: Counter[str] = Counter()
    for text in sorted(texts):
        counts.update(set(words.words(text)))
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:VOCABULARY]
    table = {word: round(math.log(len(texts) / count), 1) for word, count in common}
    return table | {"": round(math.log(len(texts) / 2), 1)}


def read(row: Row) -> tuple[reading.Reading, list[reading.Reading], reading.Reading]:
    """Return question, references and response, read."""
    return reading.read_question(row["question"]), reading.distinct(row["references"]), reading.read(row["response"])


def may_be_correct(row: Row) -> bool:
    """Return whether the evaluator lets the classifier say "correct" at all."""
    return guards.objection(*read(row)) is None


def fit(x: np.ndarray, y: np.ndarray) -> lightgbm.LGBMClassifier:
    """Return the boosted trees of some rows."""
    return lightgbm.LGBMClassifier(**SETTINGS).fit(x, y)


def grown(x: np.ndarray, y: np.ndarray) -> list[list[list[float]]]:
    """Return the trees of some rows as plain lists."""
    return [flat(tree["tree_structure"]) for tree in fit(x, y).booster_.dump_model()["tree_info"]]


def left_out(x: np.ndarray, y: np.ndarray, parts: np.ndarray, keep: np.ndarray | None = None) -> np.ndarray:
    """Return raw scores of each row from a model that has seen nothing of the row's part."""
    raw = np.zeros(len(y))
    for part in sorted(set(parts if keep is None else parts[keep])):
        test = parts == part
        raw[test] = fit(x[~test], y[~test]).predict(x[test], raw_score=True)
    return raw


def platt(raw: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return slope and offset of the logistic curve that fits the scores best (Platt 1999, by Newton's method)."""
    a = np.column_stack([raw, np.ones(len(raw))])
    w = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-a @ w))
        w = w + np.linalg.solve((a * (p * (1 - p))[:, None]).T @ a, a.T @ (y - p))
    return round(float(w[0]), 5), round(float(w[1]), 5)


def thresholds(p: np.ndarray, y: np.ndarray, sets: np.ndarray) -> tuple[float, float]:
    """Return the least p, 0.5 or more, above which EVOUNA has few false positives, and the greatest one below which
    few are wrong."""
    test = sets != "EfficientQA"
    grid = np.arange(0.5, 0.95, 0.01)
    limits = [max(np.mean(p[(sets == s) & (y == 0)] >= t) for s in ("NQ", "TQ")) for t in grid]
    high = next(t for t, rate in zip(grid, limits, strict=True) if rate <= FALSE_POSITIVES)
    grid = np.arange(0.5, 0.01, -0.0025)
    low = next(t for t in grid if np.mean(y[test & (p <= t)]) <= WRONG_INCORRECT)
    return round(float(high), 3), round(float(low), 3)


def by(labels: np.ndarray, p: np.ndarray, y: np.ndarray, high: float, low: float) -> dict[str, dict[str, float]]:
    """Return the figures of each label."""
    return {str(name): measure(p[labels == name], y[labels == name], high, low) for name in sorted(set(labels))}


def measure(p: np.ndarray, y: np.ndarray, high: float, low: float) -> dict[str, float]:
    """Return accuracy with undecided as not equivalent, false positives, coverage, accuracy of what was decided."""
    yes, no = p >= high, p <= low
    share: Callable[[Any], float] = lambda v: round(float(np.mean(v)), 4) if len(v) else math.nan  # noqa: E731
    return {
        "rows": len(y),
        "accuracy": share(yes == y),
        "f1": round(float(2 * np.sum(yes & (y == 1)) / max(1, np.sum(yes) + np.sum(y))), 4),
        "at_half": share((p >= 0.5) == y),
        "false_positives": share(yes[y == 0]),
        "coverage": share(yes | no),
        "accuracy_decided": share(yes[yes | no] == y[yes | no]),
        "correct_right": share(y[yes]),
        "incorrect_right": share(1 - y[no]),
    }


def reliability(p: np.ndarray, y: np.ndarray) -> list[tuple[float, float, int]]:
    """Return for ten equal slices of p its mean, the share of true labels, and the rows."""
    slices = [(p >= k / 10) & (p < (k + 1) / 10 + (k == 9)) for k in range(10)]
    return [(round(float(p[s].mean()), 3), round(float(y[s].mean()), 3), int(s.sum())) for s in slices]


def flat(root: dict[str, Any]) -> list[list[float]]:
    """Return a tree of lightgbm as the lists of ``model.Tree``."""
    feature, threshold, left, right, value = lists = [[], [], [], [], []]  # type: ignore[var-annotated]

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            value.append(round(node["leaf_value"], 5))
            return -len(value)
        assert node["decision_type"] == "<=", node
        at = len(feature)
        feature.append(node["split_feature"])
        threshold.append(float(f"{node['threshold']:.5g}"))
        left.append(0)
        right.append(0)
        left[at] = add(node["left_child"])
        right[at] = add(node["right_child"])
        return at

    add(root)
    return lists


def write(
    path: Path, names: list[str], trees: list[Any], rarity: dict[str, float], fitted: tuple[float, ...], figures: Any
) -> None:
    """Write the weights; the words of the table are grouped by weight, which makes the file a third as long."""
    table: dict[str, list[str]] = {}
    for word, weight in rarity.items():
        table.setdefault(str(weight), []).append(word)
    slope, offset, p_correct, p_incorrect = fitted
    data = {
        "about": "Boosted trees of judge_evaluators.short_text. See README.md beside this file; written by "
        "benchmarks/train_short_text.py. Figures are of rows left out of training.",
        "licence": "Trained on EVOUNA (Apache-2.0) and EfficientQA (Apache-2.0; Natural Questions data CC BY-SA 3.0)",
        "figures": figures,
        "p_correct": p_correct,
        "p_incorrect": p_incorrect,
        "slope": slope,
        "offset": offset,
        "features": names,
        "rarity": {weight: " ".join(sorted(found)) for weight, found in sorted(table.items())},
        "trees": trees,
    }
    path.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
