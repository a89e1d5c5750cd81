"""Samples that lm-evaluation-harness saved, judged afterwards and written back in its own format.

So the model that is evaluated and the one that judges need not share a GPU: ``lm_eval --predict_only`` comes first. For
what comes then, the harness need not be installed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from judge.config import Settings
from judge.errors import InputError
from judge.integrations.lm_eval.fields import Fields, responses
from judge.integrations.lm_eval.filter import HIGHER_IS_BETTER, compact, figures
from judge.integrations.shared import Progress, judged
from judge.types import Case, Provenance, Verdict

_NEEDED = ("doc_id", "doc", "target", "resps", "doc_hash", "prompt_hash", "target_hash")
_FILTER = "judge"  # the name under which the metrics stand beside those of the harness's own filters


class Rescored(NamedTuple):
    """What became of a file of samples: its metrics by the harness's names, and where they were written."""

    task: str
    metrics: dict[str, Any]
    samples: Path
    results: Path


class _File(NamedTuple):
    """A file of samples: a row for each document, however many filters the harness had applied."""

    path: Path
    task: str
    date: str
    rows: list[dict[str, Any]]


def rescore(
    paths: Sequence[Path],
    fields: Fields,
    settings: Settings,
    *,
    output: Path | None = None,
    run: Path | None = None,
    progress: Progress | None = None,
) -> list[Rescored]:
    """Judge saved samples, and write them and their results under the same names to a folder ``judged`` beside them.

    With `output` they go there, in a folder named as theirs. Without a reference in `fields` the target that the
    harness saved is the reference; a list of texts that it saved as text is several. Without a question the column
    ``question`` is the question, where there is one. Raises InputError for a file that holds no samples of
    generated text, before anything is judged; see `judged` for the rest and for `run` and `progress`.
    """
    files = [_read(path) for path in dict.fromkeys(paths)]
    targets = [_target(file, output) for file in files]
    if twice := next((target for target in targets if targets.count(target) > 1), None):
        raise InputError(f"two of the files would be written to {str(twice)!r}: rescore them one after the other")
    cases = [_cases(file, fields) for file in files]
    found = iter(judged([c for file in cases for row in file for c in row], settings, run=run, progress=progress))
    done = []
    for file, target, rows in zip(files, targets, cases, strict=True):
        verdicts = [[next(found) for _ in row] for row in rows]
        figured = [figures([verdict.label for verdict in row]) for row in verdicts]
        metrics = _metrics(figured)
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_samples(target, file, verdicts, figured)
        results = target.with_name(f"results_{file.date}.json")
        provenance = next((v.provenance for row in verdicts for v in row if v.provenance), None)
        _write_results(results, file, metrics, provenance=provenance)
        done.append(Rescored(file.task, metrics, target, results))
    return done


def _read(path: Path) -> _File:
    kind, _, rest = path.stem.partition("_")
    task, _, date = rest.rpartition("_")
    if kind != "samples" or not task or path.suffix != ".jsonl":
        raise InputError(f"{str(path)!r}: the harness calls its samples samples_TASK_DATE.jsonl")
    rows: dict[Any, dict[str, Any]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                row = _row(line, where=f"{path}, line {number}")
                rows.setdefault(row["doc_id"], row)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8: {error.reason}") from None
    if not rows:
        raise InputError(f"{str(path)!r} holds no samples")
    return _File(path, task, date, list(rows.values()))


def _row(line: str, *, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {error}") from None
    missing = [name for name in _NEEDED if not isinstance(row, dict) or name not in row]
    if missing:
        raise InputError(f"{where}: field {missing[0]!r} is missing; is it a sample of lm-evaluation-harness?")
    if not isinstance(row["doc"], Mapping) or not isinstance(row["resps"], list) or len(row["resps"]) != 1:
        raise InputError(f"{where}: not one request for a document; only tasks that generate can be judged")
    assert isinstance(row, dict)
    return row


def _cases(file: _File, fields: Fields) -> list[list[Case]]:
    """Return the cases of each document: one for each time that it was answered."""
    if fields.question is None and "question" in file.rows[0]["doc"]:
        fields = replace(fields, question="question")
    name = f"{file.path.parent.name}-{file.task}-{file.date}"
    cases = []
    for row in file.rows:
        where = f"{file.path}, document {row['doc_id']}"
        said = responses(row["resps"][0], where=where)
        if not said:
            raise InputError(f"{where}: there is no response")
        target = _texts_of_target(row["target"])
        cases.append(
            [
                fields.case(f"{name}-{row['doc_id']}-{turn}", text, row["doc"], where=where, target=target)
                for turn, text in enumerate(said)
            ]
        )
    return cases


def _texts_of_target(target: Any) -> tuple[str, ...]:
    """Return the texts of a target. The harness saves ``["a", "b"]`` as the text ``['a', 'b']``; ``[1, 2]`` is one."""
    text = str(target)
    if text.startswith(("['", '["')):
        try:
            several = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return (text,)
        if isinstance(several, list) and all(isinstance(item, str) for item in several):
            return tuple(item for item in several if item)
    return (text,) if text else ()


def _metrics(figured: Sequence[Mapping[str, float | None]]) -> dict[str, Any]:
    metrics: dict[str, Any] = {"sample_len": len(figured)}
    for name in HIGHER_IS_BETTER:
        values = [value for row in figured if (value := row[name]) is not None]
        metrics[f"{name},{_FILTER}"] = statistics.fmean(values) if values else None
        error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else "N/A"
        metrics[f"{name}_stderr,{_FILTER}"] = error
    return metrics


def _target(file: _File, output: Path | None) -> Path:
    folder = file.path.parent
    return (output / folder.resolve().name if output else folder / "judged") / file.path.name


def _write_samples(
    target: Path, file: _File, verdicts: Sequence[Sequence[Verdict]], figured: Sequence[Mapping[str, float | None]]
) -> None:
    with target.open("w", encoding="utf-8") as lines:
        for row, judgements, figures_of_row in zip(file.rows, verdicts, figured, strict=True):
            kept = {name: value for name, value in row.items() if name not in row.get("metrics", ())}
            judged_row = {
                **kept,
                "filtered_resps": [[compact(verdict) for verdict in judgements]],
                "filter": _FILTER,
                "metrics": list(figures_of_row),
                **figures_of_row,
            }
            lines.write(json.dumps(judged_row, ensure_ascii=False) + "\n")


def _write_results(path: Path, file: _File, metrics: Mapping[str, Any], *, provenance: Provenance | None) -> None:
    """Write the results of a run with the new metrics of one task beside all that was known of it and the others."""
    results = _results(path) or _results(file.path.with_name(path.name))
    task, count = file.task, len(file.rows)
    for name in ("results", "group_subtasks", "versions", "n-shot", "higher_is_better", "n-samples", "task_hashes"):
        results.setdefault(name, {})
    known = {key: value for key, value in results["results"].get(task, {}).items() if not key.startswith("bypass")}
    results["results"][task] = {"name": task, "alias": task, **known, **metrics}
    better = {key: value for key, value in results["higher_is_better"].get(task, {}).items() if key != "bypass"}
    results["higher_is_better"][task] = {**better, **HIGHER_IS_BETTER}
    _forget_in_groups(results, task)
    results["n-samples"].setdefault(task, {"original": count, "effective": count})
    hashes = "".join(row["doc_hash"] + row["prompt_hash"] + row["target_hash"] for row in file.rows)
    results["task_hashes"][task] = hashlib.sha256(hashes.encode()).hexdigest()
    if provenance is not None:
        results.setdefault("equijudge", {})[task] = provenance.model_dump(mode="json")
    path.write_text(json.dumps(results, ensure_ascii=False, indent=2), encoding="utf-8")


def _forget_in_groups(results: dict[str, Any], task: str) -> None:
    """Drop our metrics of the groups that hold a task: they are of the judgement before, and mix what stays."""
    ours = {f"{name}{error},{_FILTER}" for name in HIGHER_IS_BETTER for error in ("", "_stderr")}
    within = [task]
    for name in within:
        groups = results["group_subtasks"].items()
        within += [group for group, members in groups if name in members and group not in within]
    for table in (results["results"], results.get("groups", {})):
        for group in within[1:]:
            if group in table:
                table[group] = {key: value for key, value in table[group].items() if key not in ours}


def _results(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} holds no results of lm-evaluation-harness: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{str(path)!r} holds no results of lm-evaluation-harness")
    return found
