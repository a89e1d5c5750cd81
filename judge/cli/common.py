"""What commands share: two options that are no settings, and how records and verdicts are put into words."""

from __future__ import annotations

import io
import json
import shutil
import sys
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


def table(rows: Iterable[Iterable[object]], *, width: int | None = None) -> str:
    """Return rows as aligned columns, each cell in one line, as it is and harmless.

    In a terminal, or within a given `width`, the last column is wrapped; in a pipe nothing is wrapped or cut.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[Text(_cell(cell)) for cell in row] for row in rows]  # as texts, so that [red] is no style but itself
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for place in range(len(cells[0]) if cells else 0):
        last = place == len(cells[0]) - 1
        grid.add_column(no_wrap=not last, overflow="fold")
    for row in cells:
        grid.add_row(*row)
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    if width is None:
        width = sum(max(cell.cell_len for cell in column) + 2 for column in zip(*cells, strict=True))
    drawn = io.StringIO()
    Console(file=drawn, width=width, color_system=None, legacy_windows=False).print(grid)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def _cell(value: object) -> str:
    return harmless(" ".join(str(value).replace("\t", " ").splitlines()))


def indented(text: str, by: str = "    ") -> str:
    """Return a text that came in with each line moved to the right, and harmless."""
    return "\n".join(by + line for line in harmless(text).split("\n"))
