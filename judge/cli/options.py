"""The options that are settings: read off `Settings` once, and the same for every command that takes them.

Nothing of the settings loads before such a command is used or asked for its own help: ``judge --help`` stays quick.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from judge.config import Sourced


class WithSettings(TyperCommand):
    """A command with an option for each setting that has a flag, after its own options, and with ``--config``.

    The settings are put together before the function of the command is called, which asks `settings` for them.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's own parameters, those of the settings, and ``--help``."""
        *own, last = super().get_params(ctx)
        return [*own, *_parameters(), last]

    def invoke(self, ctx: Any) -> Any:
        """Load the settings and call the function. Raises ConfigError for settings that cannot be."""
        from judge.config import load

        given = {name: ctx.params.pop(name) for name in [p.name for p in _parameters()]}
        ctx.obj = load(given, file=given.pop("config"))
        return super().invoke(ctx)


def settings(called: typer.Context) -> Sourced:
    """Return the settings that a command was called with, from flags, environment and file."""
    found: Sourced = called.obj
    return found


@cache
def _parameters() -> tuple[Any, ...]:
    """Return what typer makes of a function that has the settings as its parameters."""
    from judge.config import Settings, flags

    def function() -> None:
        pass

    declared = {
        name: Annotated[
            _typed(Settings.model_fields[name].annotation),
            typer.Option(f"--{name.replace('_', '-')}", *([flag.short] if flag.short else []), help=flag.help),
        ]
        for name, flag in flags().items()
    }
    declared["config"] = Annotated[
        Path | None, typer.Option("--config", help="Configuration file; default: ./judge.toml.")
    ]
    kind = inspect.Parameter.KEYWORD_ONLY
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind, default=None, annotation=annotation) for name, annotation in declared.items()]
    )
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return tuple(typer.main.get_command(app).params)


def _typed(annotation: Any) -> Any:
    """Return how a setting is typed in: many values one by one, the arguments of a mapping as texts."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (tuple, Mapping):
        return GenericAlias(list, inner[0]) | None
    return annotation if type(None) in inner else annotation | None
