"""The command line: ``judge``. One short module a command; what they share is in ``common``.

Exit codes: 0 fine; 1 a check failed; 2 bad input or configuration; 3 a run ended with errors; 130 interrupted.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from judge.cli import (
    calibrate,
    check,
    config,
    doctor,
    export,
    grade,
    kinds,
    label,
    lm_eval,
    mcp,
    plugins,
    replay,
    rubrics,
    run,
    show,
)
from judge.cli.options import WithSettings
from judge.errors import JudgeError, ModelDown, SandboxDown
from judge.text.shown import harmless
from judge.version import __version__

_PACKAGE = Path(__file__).parent.parent

app = typer.Typer(
    help="A judge that checks instead of guessing.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 fine, 1 a check failed, 2 bad input or configuration, 3 a run ended with errors.",
)
app.command("check", cls=WithSettings)(check.check)
app.command("run", cls=WithSettings)(run.run)
app.command("show")(show.show)
app.command("export")(export.export)
app.command("label")(label.label)
app.command("replay")(replay.replay)
app.command("calibrate")(calibrate.calibrate)
app.add_typer(rubrics.app, name="rubrics")
app.add_typer(lm_eval.app, name="lm-eval")
app.command("grade", cls=WithSettings)(grade.grade)
app.command("mcp")(mcp.mcp)
app.add_typer(kinds.app, name="kinds")
app.command("plugins")(plugins.plugins)
app.command("config", cls=WithSettings)(config.config)
app.command("doctor", cls=WithSettings)(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"judge {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def main(words: list[str] | None = None) -> None:
    """Run the command line, that of the process or the given words; an error is one clear line and an exit code."""
    before = warnings.showwarning
    warnings.showwarning = _told_once(before)
    try:
        app(words)
    except JudgeError as error:
        typer.echo(f"judge: {harmless(str(error))}", err=True)
        sys.exit(3 if isinstance(error, ModelDown | SandboxDown) else 2)
    finally:
        warnings.showwarning = before


def _told_once(others: Callable[..., None]) -> Callable[..., None]:
    """Return what shows a warning of ours in one line, once, and leaves those of others as they are."""
    seen: set[str] = set()

    def show(message: Warning | str, category: type[Warning], filename: str, *further: Any, **named: Any) -> None:
        if not (issubclass(category, FutureWarning) and Path(filename).is_relative_to(_PACKAGE)):
            others(message, category, filename, *further, **named)
        elif str(message) not in seen:
            seen.add(str(message))
            typer.echo(f"judge: {harmless(str(message))}", err=True)

    return show
