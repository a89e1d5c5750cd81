"""``judge mcp``: a server for agents that check their own work, on standard input and output."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from judge.errors import ConfigError


def mcp(
    weakest: Annotated[
        str | None, typer.Option("--weakest", help="The weakest basis that decides; default: as set, else rule.")
    ] = None,
) -> None:
    """Serve verify_answer, check and the sandboxed tools to an MCP client, until it closes the input."""
    try:
        from judge.integrations.mcp.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("mcp", "mcp_types"):  # the second is missing beside an older mcp
            raise
        raise ConfigError("serving MCP needs an extra: pip install 'equijudge[mcp]'") from None
    from judge.config import load

    least = load({"weakest": weakest}).settings.weakest or "rule"
    # Ctrl-C ends it at once: the thread that waits for input could not be told. The sandbox ends with this process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(weakest=least)
