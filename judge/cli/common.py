"""What commands share: two options that are no settings, and how records and verdicts are put into words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge.text.shown import harmless, one_line

if TYPE_CHECKING:
    from judge.types import Verdict

Unsafe = Annotated[
    bool,
    typer.Option(
        "--unsafe-no-sandbox",
        help="Run code that models wrote without isolation; written into every verdict. Only by this flag.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def heed(unsafe: bool) -> None:
    """Let code run without a sandbox, if the user typed that."""
    if unsafe:
        from judge.sandbox import allow_unsafe

        allow_unsafe()


def echo_json(value: Any) -> None:
    """Print a record or plain data as JSON."""
    data = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def headline(verdict: Verdict) -> str:
    """Return a verdict in one line: the label, who decided, and why."""
    sure = f" ({verdict.basis})" if verdict.basis not in (None, "vote") else ""
    return f"{verdict.label}  {verdict.decided_by}{sure}: {one_line(verdict.because)}"


def table(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as aligned columns; the last is left as it is."""
    texts = [[str(cell) for cell in row] for row in rows]
    if not texts:
        return ""
    widths = [max(len(row[i]) for row in texts) for i in range(len(texts[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in texts
    )


def indented(text: str, by: str = "    ") -> str:
    """Return a text that came in with each line moved to the right, and harmless."""
    return "\n".join(by + line for line in harmless(text).split("\n"))
