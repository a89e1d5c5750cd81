"""What commands share: the options that make settings, and how a verdict is put into words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge.text.shown import harmless, one_line

if TYPE_CHECKING:
    from judge.config import Sourced
    from judge.types import Verdict

Model = Annotated[list[str], typer.Option("--model", "-m", help="PROVIDER:NAME, again for more members, or 'none'.")]
Rubric = Annotated[list[str], typer.Option("--rubric", "-r", help="Name or path of a rubric; again for more members.")]
Votes = Annotated[int | None, typer.Option("--votes", "-n", help="Votes to ask for; default: one a member.")]
Temperature = Annotated[
    list[float], typer.Option("--temperature", help="Sampling temperature; again for more members.")
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the first round of votes.")]
Evaluators = Annotated[list[str], typer.Option("--evaluators", "-e", help="Names, 'all' or 'none'.")]
Tools = Annotated[list[str], typer.Option("--tools", help="Names, 'all' that the rubric names, or 'none'.")]
Criterion = Annotated[str | None, typer.Option("--criterion", help="For rubrics with a free criterion.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="Of an OpenAI-compatible server, ending in /v1.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Most tokens in one reply.")]
InFlight = Annotated[int | None, typer.Option("--in-flight", help="Cases judged at once (32; vllm: on a GPU 256).")]
Engine = Annotated[
    list[str],
    typer.Option("--engine", help="NAME=VALUE, an argument of an engine in this process (vllm:); again for more."),
]
Deterministic = Annotated[
    bool, typer.Option("--deterministic", help="Greedy, and no vote depends on what is judged beside it (vllm:).")
]
Score = Annotated[
    bool, typer.Option("--score", help="Vote by the probabilities of the labels, without a reply (vllm:).")
]
Threshold = Annotated[
    str | None, typer.Option("--threshold", help="For --score: log-odds, or the file of 'judge calibrate'.")
]
Unsafe = Annotated[
    bool,
    typer.Option(
        "--unsafe-no-sandbox",
        help="Run code that models wrote without isolation; written into every verdict. Only by this flag.",
    ),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Configuration file; default: ./judge.toml.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings(config: Path | None, **flags: Any) -> Sourced:
    """Return the settings from flags, environment and file."""
    from judge.config import load

    return load(flags, file=config)


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
