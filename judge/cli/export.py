"""``judge export``: the verdicts of a run as a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from judge.record.store import Store, Stored


def export(
    run: Annotated[Path, typer.Argument(help="A run file.")],
    to: Annotated[Path, typer.Option("--to", help="FILE.jsonl (everything), FILE.csv or FILE.parquet (a row a case).")],
) -> None:
    """Write the verdicts of a run to a file; an older file of that name is replaced when the new one is whole."""
    from judge.errors import ConfigError
    from judge.record.store import Store

    writers = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
    if to.suffix not in writers:
        raise ConfigError(f"cannot export to {to.name!r}: the name has to end in {', '.join(writers)}")
    if to.resolve() == run.resolve():
        raise ConfigError(f"cannot export to {str(to)!r}: it is the run file itself")
    unfinished = to.with_name(to.name + ".part")
    with Store.read(run) as store:
        try:
            count = writers[to.suffix](store, unfinished)
            unfinished.replace(to)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise ConfigError(f"cannot write {str(to)!r}: {error.strerror or error}") from None
    typer.echo(f"{count} verdicts written to {to}")


def _jsonl(store: Store, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for stored in store.all():
            line = {
                "case": stored.case.model_dump(mode="json"),
                "verdict": stored.verdict.model_dump(mode="json"),
                "at": stored.at,
                "labels": stored.labels,
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    return count


def _csv(store: Store, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(_COLUMNS))
        writer.writeheader()
        for row in _rows(store):
            writer.writerow(row)
            count += 1
    return count


def _parquet(store: Store, path: Path) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        from judge.errors import ConfigError

        raise ConfigError("writing Parquet needs an extra: pip install 'equijudge[parquet]'") from None
    types = {"text": pa.string(), "number": pa.float64(), "count": pa.int64()}
    schema = pa.schema([(name, types[kind]) for name, kind in _COLUMNS.items()])
    count, batch = 0, []
    with pq.ParquetWriter(path, schema) as writer:
        for row in _rows(store):
            batch.append(row)
            count += 1
            if len(batch) == 1000:
                writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                batch = []
        if batch:
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
    return count


_COLUMNS = {
    "id": "text", "kind": "text", "human": "text", "label": "text", "confidence": "number", "decided_by": "text",
    "basis": "text", "because": "text", "median": "number", "spread": "number", "votes_asked": "count",
    "votes_saved": "count", "votes_failed": "count", "failures": "text", "calls": "count", "prompt_tokens": "count",
    "completion_tokens": "count", "seconds": "number", "cost": "number",
    "labels": "text",
}  # fmt: skip


def _rows(store: Store) -> Iterator[dict[str, Any]]:
    for stored in store.all():
        yield dict(zip(_COLUMNS, _cells(stored), strict=True))


def _cells(stored: Stored) -> tuple[Any, ...]:
    case, verdict = stored.case, stored.verdict
    tally, usage = verdict.tally, verdict.usage
    counts = (tally.median, tally.spread, tally.asked, tally.saved, tally.failed) if tally else (None, None, 0, 0, 0)
    return (
        case.id, case.kind, case.label, verdict.label, verdict.confidence, verdict.decided_by,
        verdict.basis, verdict.because, *counts, ",".join(failure.cause for failure in verdict.failures), usage.calls,
        usage.prompt_tokens, usage.completion_tokens, usage.seconds, usage.cost,
        json.dumps(stored.labels, ensure_ascii=False) if stored.labels else None,
    )  # fmt: skip
